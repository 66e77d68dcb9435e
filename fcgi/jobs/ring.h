/*
 * ring.h: bytes from one process to another through shared memory: from a job's child, which runs
 * code that reads untrusted files, to its writer, which trusts nothing it says; and a second one
 * the other way, for the answers.
 *
 * What travels are messages: a type and any number of bytes, cut into frames.  The reader copies a
 * frame out before it looks at it, so a child that changes the memory afterwards changes nothing;
 * every length is checked against what the frame can hold and the message may become.
 */
#ifndef ROWHOUSE_RING_H
#define ROWHOUSE_RING_H

#include "base/err.h"
#include "base/limits.h"

#define RING_BYTES MIB(4)
#define RING_MESSAGE_BYTES MIB(192)

struct ring;

/* Made by the writer; `fd` is handed to the child. */
bool ring_make(struct ring **out, int *fd, struct err *e) MUST_CHECK;
bool ring_attach(struct ring **out, int fd, struct err *e) MUST_CHECK;
void ring_free(struct ring *r);

/* Waits for room, for as long as `patience` says true when it is asked every 100 ms; NULL: for ever
 * (the writer's death is the child's too).  False: it gave up, and the ring is of no use any more.
 */
typedef bool ring_patience_fn(void *context);
bool ring_send_patiently(struct ring *r, uint32_t type, struct str a, struct str b,
    ring_patience_fn *patience, void *context) MUST_CHECK;
void ring_send(struct ring *r, uint32_t type, struct str a, struct str b);

/* Asks the other side to stop; it looks when it likes. */
void ring_stop(struct ring *r);
bool ring_stopped(const struct ring *r);

/* The receiving side.  1: a message, good until the next call; 0: none is whole after `wait_ms`,
 * however much of one has come; -1: what came is no message (SYSTEM), or there is no memory for it.
 */
int ring_receive(
    struct ring *r, uint32_t *type, struct str *message, int wait_ms, struct err *e) MUST_CHECK;

#endif
