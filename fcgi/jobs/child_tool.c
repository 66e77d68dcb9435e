/*
 * child_tool.c: helper programs of a plugin, run inside the cage of the child that asks for them;
 * they inherit all of it.  Each is killed when its time is over, when the job is to stop, and when
 * the child dies.
 */
#define _GNU_SOURCE
#include "jobs/child_tool.h"
#include "base/buf.h"
#include "base/clock.h"
#include "jobs/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 60
#define LOOK_MS 200
#define SECONDS_USUAL 60
#define OUTPUT_USUAL ((size_t)64 << 20)

static bool
is_declared(const struct rowhouse_plugin *p, const char *name)
{
	for (const char *const *tool = p ? p->tools : NULL; tool && *tool; tool++)
		if (strcmp(*tool, name) == 0)
			return true;
	return false;
}

/* What happens in the new process; it never returns. */
NO_RETURN static void
become(const struct host *h, const struct host_tool *t, const char *path, char *const *arguments,
    int output, int nothing)
{
	char home[PATH_MAX + 8], temporary[PATH_MAX + 8], search[] = "PATH=/usr/bin:/bin",
							  language[] = "LANG=C.UTF-8";
	snprintf(home, sizeof home, "HOME=%.*s", STR_ARG(h->scratch));
	snprintf(temporary, sizeof temporary, "TMPDIR=%.*s", STR_ARG(h->scratch));
	char *environment[] = {search, language, home, temporary, NULL};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(t->input >= 0 ? t->input : nothing, 0) < 0 || dup2(output, 1) < 0)
		_exit(126);
	execve(path, arguments, environment);
	_exit(127);
}

uint32_t
child_tool_seconds(const struct host_tool *t)
{
	return t->seconds ? t->seconds : SECONDS_USUAL;
}

/* Keeps what comes, up to the limit, until the program has closed its output; false: it must end.
 */
static bool
listen_to(const struct host *h, struct host_tool *t, int output, int pidfd,
    child_stopped_fn *stopped, struct buf *kept)
{
	char window[16384];
	int64_t end = clock_monotonic_ms() + (int64_t)child_tool_seconds(t) * 1000;
	size_t most = t->output_limit ? t->output_limit : OUTPUT_USUAL;
	struct err why = {0};
	for (;;) {
		struct pollfd fds[2] = {{output, POLLIN, 0}, {pidfd, POLLIN, 0}};
		poll(fds, 2, LOOK_MS);
		if (clock_monotonic_ms() >= end || stopped(h, &why))
			return false;
		if (!fds[0].revents) {
			/* It is over, whoever still holds its output. */
			if (fds[1].revents)
				return true;
			continue;
		}
		ssize_t n = read(output, window, sizeof window);
		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return true;
		size_t room = most - kept->n;
		if (n > 0 && room > 0)
			buf_put(kept, window, (size_t)n < room ? (size_t)n : room);
	}
}

static bool
run(const struct host *h, struct host_tool *t, const char *path, char *const *arguments,
    child_stopped_fn *stopped, struct err *e)
{
	int pipes[2], pidfd = -1, status, nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (nothing < 0 || pipe2(pipes, O_CLOEXEC) != 0)
		return FAIL_ERRNO(e, "%s cannot be heard", t->name);
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
	if (pid == 0)
		become(h, t, path, arguments, pipes[1], nothing);
	close(nothing);
	close(pipes[1]);
	if (pid < 0) {
		close(pipes[0]);
		return FAIL_ERRNO(e, "%s cannot be started", t->name);
	}
	struct buf kept;
	buf_init(&kept, h->arena);
	bool ended = listen_to(h, t, pipes[0], pidfd, stopped, &kept);
	if (!ended)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	close(pipes[0]);
	/* With its output closed it may still work on: it has had its time. */
	for (int64_t until = clock_monotonic_ms() + 1000; ended;) {
		struct pollfd fd = {pidfd, POLLIN, 0};
		if (poll(&fd, 1, LOOK_MS) > 0 || clock_monotonic_ms() >= until)
			break;
	}
	while (waitpid(pid, &status, ended ? WNOHANG : 0) == 0) {
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		ended = false;
	}
	close(pidfd);
	t->output = buf_str(&kept);
	t->status = ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (t->status == 127)
		return FAIL(e, UNAVAILABLE, "%s cannot be run: is it installed?", t->name);
	return !stopped(h, e);
}

/* The interpreter of a script would be a program that is not declared. */
static bool
is_program(const char *path, const char *name, struct err *e)
{
	char begins[2] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return FAIL_ERRNO(e, "%s cannot be run: is it installed?", name);
	ssize_t n = read(fd, begins, sizeof begins);
	close(fd);
	return n != sizeof begins || memcmp(begins, "#!", sizeof begins) != 0 ||
	       FAIL(e, UNAVAILABLE, "%s is a script; a tool must be a program", name);
}

bool
child_tool(const struct host *h, struct host_tool *t, const struct rowhouse_plugin *plugin,
    child_stopped_fn *stopped, struct err *e)
{
	char path[CAGE_TOOL_BYTES];
	char *arguments[ARGUMENTS_MAX + 2];
	size_t count = 0;
	if (!t->name || !is_declared(plugin, t->name))
		return FAIL(
		    e, SYSTEM, "the plugin did not declare the tool %.40s", t->name ? t->name : "");
	if (!cage_tool_path(path, t->name) || !is_program(path, t->name, e))
		return e->code != ERR_OK ? false
					 : FAIL(e, SYSTEM, "the name of a tool is too long");
	arguments[count++] = arena_text(h->arena, str_of(t->name));
	for (size_t i = 0; t->arguments && t->arguments[i]; i++) {
		if (i == ARGUMENTS_MAX)
			return FAIL(
			    e, SYSTEM, "%s was given over %d arguments", t->name, ARGUMENTS_MAX);
		arguments[count++] = arena_text(h->arena, str_of(t->arguments[i]));
	}
	arguments[count] = NULL;
	return run(h, t, path, arguments, stopped, e);
}
