/*
 * spawn.h: starting a process of Rowhouse: posix_spawn of the own binary with a role as its first
 * argument, so that a child begins with nothing of its parent's memory and with fresh addresses.
 *
 * Every child dies with its parent (PR_SET_PDEATHSIG, set first thing in main() by role_begin()),
 * starts with all signals blocked that its signalfd will take, and inherits only the descriptors it
 * was given: they arrive as 3, 4, 5 ... in the order of `fds`.  Its standard input is /dev/null,
 * its standard output the parent's stderr (results are the parent's to print), and it leads a
 * process group of its own, so that Ctrl-C at a terminal reaches the parent alone, who knows how to
 * end.  Of the environment it gets what its `knows` says.
 */
#ifndef ROWHOUSE_SPAWN_H
#define ROWHOUSE_SPAWN_H

#include "base/err.h"

#include <sys/types.h>

/* What a child learns from the environment. */
enum spawn_knows {
	SPAWN_SETTINGS, /* all but the settings that are secret (conf.h) */
	SPAWN_SECRETS,  /* all of it: the outbound process */
	SPAWN_PLUGINS,  /* where programs, libraries and plugins are, and the language: a child that
			   runs code of a plugin, which finds its first environment on its stack */
};

struct spawn {
	const char *const *arguments; /* after the program's name; NULL ends; [0] is the role */
	const int *fds;               /* become 3, 4, ... in the child */
	size_t fd_count;
	int death_signal; /* the child gets it when its parent dies */
	enum spawn_knows knows;
};

/* *pid is the child, *pidfd a descriptor that polls readable when it ended (the caller closes it;
 * pidfd may be NULL). */
bool spawn_role(pid_t *pid, int *pidfd, const struct spawn *s, struct err *e) MUST_CHECK;

/*
 * For main(), before anything else: closes every descriptor over 2 that was not handed on, sets the
 * death signal and exits at once when the parent is gone already.  Does nothing in a process that
 * spawn_role() did not start.
 */
void role_begin(void);

/* Blocks SIGINT, SIGTERM, SIGHUP, SIGCHLD and SIGPIPE and returns a non-blocking signalfd for the
 * first four.  SIGPIPE stays ignored. */
bool signals_open(int *fd, struct err *e) MUST_CHECK;
/* The next signal from it, 0 when there is none. */
int signals_next(int fd);

/* "killed by signal 9 (Killed)" or "ended with status 3", for messages. */
struct str exit_text(char out[80], int wait_status);

#endif
