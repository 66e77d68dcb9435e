/*
 * bytes.h: bytes that grow on the heap, for writers, which fill and empty them over and over; a buf
 * (base/buf.h) would keep in its arena whatever it outgrew.
 *
 * Behind every reservation there are BYTES_SLACK bytes more, so that 16 bytes may be stored at any
 * place.
 */
#ifndef ROWHOUSE_BYTES_H
#define ROWHOUSE_BYTES_H

#include "base/arena.h"
#include "base/err.h"

#define BYTES_SLACK 64

struct bytes {
	char *p;
	size_t n, capacity; /* without the slack */
};

/* Its memory goes with the arena. */
void bytes_init(struct bytes *b, struct arena *a);
/* Makes room for n more bytes. */
bool bytes_grow(struct bytes *b, size_t n, struct err *e) MUST_CHECK;
void bytes_free(struct bytes *b);

static inline bool MUST_CHECK
bytes_room(struct bytes *b, size_t n, struct err *e)
{
	return b->capacity - b->n >= n || bytes_grow(b, n, e);
}

/* Into room that was made. */
static inline void
bytes_put(struct bytes *b, const void *p, size_t n)
{
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

static inline bool MUST_CHECK
bytes_add(struct bytes *b, const void *p, size_t n, struct err *e)
{
	if (!bytes_room(b, n, e))
		return false;
	bytes_put(b, p, n);
	return true;
}

#endif
