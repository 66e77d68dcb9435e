/*
 * test_spawn.c: what a process started by spawn_role() finds, and that it ends with its parent.
 * This program is its own child: with arguments it plays a role and answers on descriptor 3.
 */
#include "process/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Says which descriptors are open, its arguments, group and signals, in words on descriptor 3. */
static int
play_report(int argc, char **argv)
{
	char text[400];
	int n = snprintf(text, sizeof text, "args:");
	for (int i = 1; i < argc; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, " %s", argv[i]);
	n += snprintf(text + n, sizeof text - (size_t)n, "; fds:");
	for (int fd = 0; fd < 100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			n += snprintf(text + n, sizeof text - (size_t)n, " %d", fd);
	sigset_t blocked;
	int death;
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	prctl(PR_GET_PDEATHSIG, &death);
	n += snprintf(text + n, sizeof text - (size_t)n, "; group %d; term %d; death %d; env %d",
	    getpgrp() == getpid(), sigismember(&blocked, SIGTERM), death,
	    getenv("ROWHOUSE_SPAWN") != NULL);
	return write(3, text, (size_t)n) == n ? 0 : 1;
}

/* Says which of these it finds in its environment, on descriptor 3. */
static int
play_environment(void)
{
	static const char *const names[] = {"ROWHOUSE_MODEL_KEY", "ROWHOUSE_MODEL_KEYS",
	    "ROWHOUSE_QUOTA_ROWS", "ROWHOUSE_PLUGINS", "PATH", "SOMEBODYS_TOKEN"};
	char text[400] = "";
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (getenv(names[i]))
			strcat(strcat(text, names[i]), " ");
	return write(3, text, strlen(text)) >= 0 ? 0 : 1;
}

/* Waits for ever, holding descriptor 3. */
static NO_RETURN void
play_wait(void)
{
	for (;;)
		pause();
}

/* Starts one that waits, says its pid on descriptor 3, and waits too. */
static int
play_parent(void)
{
	const char *arguments[] = {"wait", NULL};
	int fd = 3;
	struct spawn s = {arguments, &fd, 1, SIGKILL};
	struct err e = {0};
	pid_t child;
	if (!spawn_role(&child, NULL, &s, &e) || write(3, &child, sizeof child) < 0)
		return 1;
	play_wait();
}

static pid_t
start(const char *const *arguments, const int *fds, size_t count, int *pidfd)
{
	struct spawn s = {arguments, fds, count, SIGKILL};
	struct err e = {0};
	pid_t pid = 0;
	if (!spawn_role(&pid, pidfd, &s, &e))
		fail_msg("%s", e.message);
	return pid;
}

static void
a_child_has_only_what_it_was_given(void **state)
{
	(void)state;
	int ends[2], leaked = open("/dev/null", O_RDONLY);
	char text[400];
	assert_int_equal(pipe(ends), 0);
	/* Crossed over: what becomes 4 lies at 3's place or near it, so the order matters. */
	int fds[] = {ends[1], ends[0]};
	const char *arguments[] = {"report", "--data", "x y", NULL};
	int pidfd, status;
	pid_t pid = start(arguments, fds, 2, &pidfd);
	close(ends[1]);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ssize_t n = read(ends[0], text, sizeof text - 1);
	assert_true(n > 0);
	text[n] = 0;
	assert_string_equal(
	    text, "args: report --data x y; fds: 0 1 2 3 4; group 1; term 1; death 9; env 0");
	close(ends[0]);
	close(pidfd);
	close(leaked);
}

static void
a_child_knows_of_the_environment_what_it_needs(void **state)
{
	(void)state;
	static const char *const known[] = {
	    [SPAWN_SETTINGS] =
		"ROWHOUSE_MODEL_KEYS ROWHOUSE_QUOTA_ROWS ROWHOUSE_PLUGINS PATH SOMEBODYS_TOKEN ",
	    [SPAWN_SECRETS] = ("ROWHOUSE_MODEL_KEY ROWHOUSE_MODEL_KEYS ROWHOUSE_QUOTA_ROWS "
			       "ROWHOUSE_PLUGINS PATH SOMEBODYS_TOKEN "),
	    [SPAWN_PLUGINS] = "ROWHOUSE_PLUGINS PATH ",
	};
	const char *arguments[] = {"environment", NULL};
	setenv("ROWHOUSE_MODEL_KEY", "secret", 1);
	setenv("ROWHOUSE_MODEL_KEYS", "of another name", 1);
	setenv("ROWHOUSE_QUOTA_ROWS", "5", 1);
	setenv("ROWHOUSE_PLUGINS", "/nowhere", 1);
	setenv("PATH", "/usr/bin", 1);
	setenv("SOMEBODYS_TOKEN", "secret", 1);
	for (size_t knows = 0; knows < ARRAY_LENGTH(known); knows++) {
		struct err e = {0};
		char text[400] = "";
		int ends[2], status;
		pid_t pid;
		assert_int_equal(pipe(ends), 0);
		struct spawn s = {arguments, &ends[1], 1, SIGKILL, (enum spawn_knows)knows};
		assert_true(spawn_role(&pid, NULL, &s, &e));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		close(ends[1]);
		assert_true(read(ends[0], text, sizeof text - 1) > 0);
		assert_string_equal(text, known[knows]);
		close(ends[0]);
	}
}

static void
a_child_dies_with_its_parent(void **state)
{
	(void)state;
	int ends[2];
	pid_t grandchild;
	char byte;
	assert_int_equal(pipe(ends), 0);
	const char *arguments[] = {"parent", NULL};
	pid_t pid = start(arguments, &ends[1], 1, NULL);
	close(ends[1]);
	assert_int_equal(read(ends[0], &grandchild, sizeof grandchild), sizeof grandchild);
	assert_int_equal(kill(grandchild, 0), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* End of file: nobody holds the pipe any more, so the grandchild is gone too. */
	struct pollfd p = {.fd = ends[0], .events = POLLIN};
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

static void
signals_arrive_as_descriptors(void **state)
{
	(void)state;
	struct err e = {0};
	sigset_t before;
	int fd;
	sigprocmask(SIG_SETMASK, NULL, &before);
	assert_true(signals_open(&fd, &e));
	assert_int_equal(signals_next(fd), 0);
	raise(SIGPIPE);
	raise(SIGTERM);
	assert_int_equal(signals_next(fd), SIGTERM);
	assert_int_equal(signals_next(fd), 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fd);
}

static void
an_end_is_told_in_words(void **state)
{
	(void)state;
	char text[80];
	exit_text(text, 3 << 8);
	assert_string_equal(text, "ended with status 3");
	exit_text(text, SIGKILL);
	assert_string_equal(text, "killed by signal 9 (Killed)");
}

int
main(int argc, char **argv)
{
	role_begin();
	if (argc > 1 && strcmp(argv[1], "report") == 0)
		return play_report(argc, argv);
	if (argc > 1 && strcmp(argv[1], "environment") == 0)
		return play_environment();
	if (argc > 1 && strcmp(argv[1], "parent") == 0)
		return play_parent();
	if (argc > 1 && strcmp(argv[1], "wait") == 0)
		play_wait();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_child_has_only_what_it_was_given),
	    cmocka_unit_test(a_child_knows_of_the_environment_what_it_needs),
	    cmocka_unit_test(a_child_dies_with_its_parent),
	    cmocka_unit_test(signals_arrive_as_descriptors),
	    cmocka_unit_test(an_end_is_told_in_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
