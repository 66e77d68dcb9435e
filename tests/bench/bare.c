/*
 * bare.c: the least a libfcgi program can do: answers every request with the bytes of one file.
 * What a GET of ours is measured against, behind the same nginx and with as many processes.
 *
 *   bare SOCKET WORKERS FILE      FILE: head, empty line, body
 *
 * Runs until it is killed; its workers go with it.
 */
#define _GNU_SOURCE
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_BYTES (1 << 20)

static void
serve(int fd, const char *answer, int length)
{
	FCGX_Request request;
	FCGX_Init();
	FCGX_InitRequest(&request, fd, 0);
	while (FCGX_Accept_r(&request) == 0) {
		FCGX_PutStr(answer, length, request.out);
		FCGX_Finish_r(&request);
	}
}

int
main(int argc, char **argv)
{
	static char answer[ANSWER_BYTES];
	if (argc != 4)
		return 2;
	int file = open(argv[3], O_RDONLY | O_CLOEXEC);
	ssize_t length = file >= 0 ? read(file, answer, sizeof answer) : -1;
	int fd = FCGX_OpenSocket(argv[1], 511);
	if (length <= 0 || fd < 0) {
		perror("bare");
		return 1;
	}
	for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(fd, answer, (int)length);
			_exit(0);
		}
	printf("ready\n");
	fflush(stdout);
	while (wait(NULL) > 0)
		continue;
	return 0;
}
