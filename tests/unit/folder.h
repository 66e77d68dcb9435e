/*
 * folder.h: an empty folder for one test program, and a second process for what one process
 * cannot show (locks, death, a child of a job).
 */
#ifndef ROWHOUSE_FOLDER_H
#define ROWHOUSE_FOLDER_H

#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Its path, in static memory; removed by folder_end(). */
static inline const char *
folder_begin(void)
{
	static char path[PATH_MAX];
	const char *above = getenv("TMPDIR");
	snprintf(path, sizeof path, "%s/rowhouse-unit-XXXXXX", above && *above ? above : "/tmp");
	if (!mkdtemp(path))
		abort();
	return path;
}

static inline void
folder_end(const char *path)
{
	struct err e = {0};
	if (!folder_remove(path, &e)) {
		fprintf(stderr, "%s\n", e.message);
		abort();
	}
}

/* FOLDER/NAME in static memory, good until the fourth call after it. */
static inline const char *
folder_file(const char *folder, const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 4];
	if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		abort();
	return path;
}

static inline bool
file_is_there(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

static inline void
file_put(const char *path, struct str content)
{
	struct err e = {0};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || !file_write_all(fd, content.p, content.n, &e))
		abort();
	close(fd);
}

/* Runs fn in a child process that says nothing; its wait status. */
static inline int
in_child(void (*fn)(void *), void *context)
{
	int status;
	pid_t pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);
		if (null < 0 || dup2(null, STDERR_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
			_exit(100);
		fn(context);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		abort();
	return status;
}

#endif
