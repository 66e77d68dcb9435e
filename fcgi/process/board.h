/*
 * board.h: memory shared by the supervisor and the web workers: until when each worker
 * may work on what it is in.  The supervisor kills a worker that is past that
 * and shows the counters of all of them to whoever asks for /metrics.
 */
#ifndef ROWHOUSE_BOARD_H
#define ROWHOUSE_BOARD_H

#include "base/err.h"

#include <stdatomic.h>

#define BOARD_SLOTS 64

struct board_slot {
	_Atomic int64_t deadline_ms;   /* clock_monotonic_ms(), 0 when it waits for work */
	_Atomic uint64_t requests;     /* answered since the slot was made */
	_Atomic uint64_t errors;       /* of them with a status of 500 or more */
	_Atomic uint64_t microseconds; /* spent on them */
	_Atomic uint32_t parked;       /* requests waiting for a job now */
	_Atomic uint32_t restarts;     /* times the supervisor started this worker again */
};

#define BOARD_KEYS 1024

/* How often a key was used in one minute (rate_per_minute). */
struct board_key {
	_Atomic uint64_t key; /* a hash of the key's id; 0: free */
	_Atomic int64_t minute;
	_Atomic uint64_t count;
};

struct board {
	_Atomic int64_t started_us; /* wall clock of the supervisor's start */
	_Atomic uint32_t workers;
	_Atomic uint32_t draining;
	uint64_t seed; /* of the hashes below, another at each start */
	struct board_slot slots[BOARD_SLOTS];
	struct board_key keys[BOARD_KEYS];
};

/* A new board in a memfd, for the supervisor. */
bool board_make(struct board **out, int *fd, struct err *e) MUST_CHECK;
/* The board behind a descriptor that was handed on. */
bool board_attach(struct board **out, int fd, struct err *e) MUST_CHECK;

/* Counts one use of a key in this minute and returns how many there were, this one included.  Two
 * workers that enter a new minute at once may lose a count; of more than BOARD_KEYS keys in one
 * minute some are counted together. */
uint64_t board_count(struct board *b, const char *key_id, int64_t minute);

#endif
