/* spawn.c: see spawn.h. */
#define _GNU_SOURCE
#include "process/spawn.h"
#include "base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FDS_MAX 16
#define ARGUMENTS_MAX 32
#define FIRST_FD 3

/* How the parent tells role_begin() its pid, the number of descriptors and the death signal. */
#define VARIABLE "ROWHOUSE_SPAWN"

extern char **environ;

/* The signals that arrive by signalfd, in every process that opens one. */
static void
our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

static bool
is_passed_on(const char *variable, enum spawn_knows knows)
{
	/* Beginnings; LD_ is the dynamic linker's. */
	static const char *const plain[] = {
	    "PATH=", "LANG=", "LC_", "TZ=", "LD_", "ROWHOUSE_PLUGINS=", "ROWHOUSE_SHARE="};
	if (knows != SPAWN_PLUGINS)
		return knows == SPAWN_SECRETS || !conf_is_secret(variable);
	for (size_t i = 0; i < ARRAY_LENGTH(plain); i++)
		if (strncmp(variable, plain[i], strlen(plain[i])) == 0)
			return true;
	return false;
}

/* What the child may know of the environment, and one more variable; freed by the caller, its
 * strings are borrowed. */
static char **
environment_with(char *variable, enum spawn_knows knows)
{
	size_t n = 0;
	while (environ[n])
		n++;
	char **list = calloc(n + 2, sizeof *list), **last = list;
	if (!list)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (is_passed_on(environ[i], knows))
			*last++ = environ[i];
	*last = variable;
	return list;
}

/*
 * What happens between fork and exec: 0 becomes /dev/null, 1 what 2 is, and 3, 4, ... the given
 * descriptors.  Those were copied above all targets first, so that none is overwritten before its
 * turn.
 */
static bool
file_actions(posix_spawn_file_actions_t *actions, const int *copies, size_t count)
{
	int rc = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
	rc |= posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
	for (size_t i = 0; i < count; i++)
		rc |= posix_spawn_file_actions_adddup2(actions, copies[i], FIRST_FD + (int)i);
	return rc == 0;
}

static bool
attributes(posix_spawnattr_t *attr)
{
	sigset_t blocked, all;
	our_signals(&blocked);
	sigfillset(&all);
	return posix_spawnattr_setsigmask(attr, &blocked) == 0 &&
	       posix_spawnattr_setsigdefault(attr, &all) == 0 &&
	       posix_spawnattr_setpgroup(attr, 0) == 0 &&
	       posix_spawnattr_setflags(attr,
		   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP) == 0;
}

/* posix_spawn itself, with what it needs made and freed around it; 0 or an error number. */
static int
start(pid_t *pid, char *const *arguments, char **environment, const int *copies, size_t count)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc == 0) {
		/* By this link it is the same file even when another was installed over it. */
		rc = file_actions(&actions, copies, count) && attributes(&attr)
			 ? posix_spawn(
			       pid, "/proc/self/exe", &actions, &attr, arguments, environment)
			 : ENOMEM;
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

bool
spawn_role(pid_t *pid, int *pidfd, const struct spawn *s, struct err *e)
{
	char variable[80], program[] = "rowhouse";
	char *arguments[ARGUMENTS_MAX + 2] = {program};
	int copies[FDS_MAX];
	size_t argument_count = 0, copied = 0;
	for (; s->arguments[argument_count]; argument_count++) {
		if (argument_count == ARGUMENTS_MAX)
			return FAIL(e, SYSTEM, "too many arguments for %s", s->arguments[0]);
		/* posix_spawn takes char * for history's sake and changes nothing. */
		memcpy(
		    &arguments[argument_count + 1], &s->arguments[argument_count], sizeof(char *));
	}
	if (s->fd_count > FDS_MAX)
		return FAIL(e, SYSTEM, "too many descriptors for %s", s->arguments[0]);
	snprintf(variable, sizeof variable, VARIABLE "=%d %zu %d", (int)getpid(), s->fd_count,
	    s->death_signal);
	char **environment = environment_with(variable, s->knows);
	int rc = environment ? 0 : ENOMEM;
	for (; rc == 0 && copied < s->fd_count; copied++) {
		copies[copied] =
		    fcntl(s->fds[copied], F_DUPFD_CLOEXEC, FIRST_FD + (int)s->fd_count);
		if (copies[copied] < 0) {
			rc = errno;
			break;
		}
	}
	if (rc == 0)
		rc = start(pid, arguments, environment, copies, copied);
	for (size_t i = 0; i < copied; i++)
		close(copies[i]);
	free(environment);
	errno = rc;
	if (rc != 0)
		return FAIL_ERRNO(e, "the process \"%s\" cannot be started", s->arguments[0]);
	if (pidfd && (*pidfd = (int)syscall(SYS_pidfd_open, *pid, 0)) < 0) {
		FAIL_ERRNO(e, "the process \"%s\" cannot be watched", s->arguments[0]);
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
		return false;
	}
	return true;
}

void
role_begin(void)
{
	int parent, death_signal;
	unsigned fd_count;
	const char *told = getenv(VARIABLE);
	if (!told)
		return;
	bool good = sscanf(told, "%d %u %d", &parent, &fd_count, &death_signal) == 3;
	unsetenv(VARIABLE);
	if (!good || fd_count > FDS_MAX)
		_exit(2);
	if (death_signal != 0)
		prctl(PR_SET_PDEATHSIG, death_signal);
	/* A parent that died before the line above sent nothing. */
	if (getppid() != parent)
		_exit(1);
	syscall(SYS_close_range, FIRST_FD + fd_count, ~0U, 0);
	/* Otherwise ps and top say "exe". */
	prctl(PR_SET_NAME, "rowhouse");
}

bool
signals_open(int *fd, struct err *e)
{
	sigset_t taken, blocked;
	our_signals(&taken);
	blocked = taken;
	sigaddset(&blocked, SIGPIPE);
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	if (sigprocmask(SIG_BLOCK, &blocked, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0)
		return FAIL_ERRNO(e, "signals cannot be blocked");
	*fd = signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC);
	return *fd >= 0 || FAIL_ERRNO(e, "signals cannot be received");
}

int
signals_next(int fd)
{
	struct signalfd_siginfo info;
	ssize_t n = read(fd, &info, sizeof info);
	return n == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

struct str
exit_text(char out[80], int wait_status)
{
	int n;
	if (WIFSIGNALED(wait_status))
		n = snprintf(out, 80, "killed by signal %d (%s)", WTERMSIG(wait_status),
		    strsignal(WTERMSIG(wait_status)));
	else
		n = snprintf(out, 80, "ended with status %d", WEXITSTATUS(wait_status));
	return (struct str){out, n < 80 ? (size_t)n : 79};
}
