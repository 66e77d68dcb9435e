/*
 * children.h: the processes a supervisor keeps running.  It starts what is due, notices what ended,
 * and knows when each may be started again: at once the first time, then 0.1 s later, doubling to
 * 5 s while it does not live for 2 s.  When to stop them is the supervisor's matter.
 */
#ifndef ROWHOUSE_CHILDREN_H
#define ROWHOUSE_CHILDREN_H

#include "process/board.h"
#include "process/socket.h"

#include <sys/types.h>

struct child {
	const char *role;
	int slot;           /* on the board, -1: none */
	pid_t pid;          /* 0: not running */
	int64_t started_ms; /* clock_monotonic_ms() */
	int64_t due_ms;     /* when to start it, if it is not running */
	int64_t pause_ms;   /* the last wait before a start */
	unsigned deaths;    /* all its unasked ends */
	char last_end[80];  /* exit_text() of the last of them */
};

struct children {
	const char *data; /* absolute */
	int listening[2]; /* nginx's */
	size_t listening_count;
	int core; /* the workers' */
	struct board *board;
	int board_fd;
	bool keep; /* start again what ends */
	size_t count;
	struct child list[BOARD_SLOTS + 3];
};

/* Fills the list with nginx, the job runner, max(2, cores) web workers and, where it is wanted, the
 * outbound process; all due now. */
void children_init(struct children *c, bool outbound);
/* Starts what is due; a start that fails counts as a death. */
void children_start(struct children *c);
/* When the next one is due, INT64_MAX when none is. */
int64_t children_due(const struct children *c);
/* Takes notice of what ended; false when no process is left, grandchildren that lost their parent
 * included. */
bool children_reap(struct children *c);
/* Sends the signal to those of the role that run; NULL: to all. */
void children_signal(const struct children *c, const char *role, int signal);
bool children_run(const struct children *c, const char *role);
/* Kills each worker that is past its time. */
void children_kill_stuck(struct children *c);

#endif
