/*
 * bell.h: how processes wake each other: datagrams on unix sockets in DATA/run, addressed by name,
 * so that a process that was killed and started again is found without anyone noticing.
 *
 * A ring is a hint, never the truth: the catalog is.  Who waits also looks there once a second, so
 * a lost datagram costs a second and nothing else.
 */
#ifndef ROWHOUSE_BELL_H
#define ROWHOUSE_BELL_H

#include "base/err.h"

#define BELL_BYTES 64 /* longest message, with its NUL */

/* A non-blocking socket bound as DATA/run/NAME.bell; an old one of that name is replaced. */
bool bell_open(int *fd, const char *data, const char *name, struct err *e) MUST_CHECK;
void bell_close(int fd, const char *data, const char *name);
/* The next message, false when there is none.  Senders of other users are not heard. */
bool bell_next(int fd, char out[BELL_BYTES]);

/* Sends text to every bell whose name begins with `prefix` ("jobs", or "web-" for all workers).
 * What cannot be delivered is dropped. */
void bell_ring(const char *data, const char *prefix, const char *text);

#endif
