/*
 * buf.h: bytes that grow, in an arena.  What it held before growing stays in the arena until that
 * is released, so a buf is for answers and messages, not for files.
 */
#ifndef ROWHOUSE_BUF_H
#define ROWHOUSE_BUF_H

#include "base/arena.h"

struct buf {
	struct arena *arena;
	char *p;
	size_t n, capacity;
};

void buf_init(struct buf *b, struct arena *a);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_str(struct buf *b, struct str s);
void buf_put_text(struct buf *b, const char *text);
void buf_put_unsigned(struct buf *b, uint64_t v); /* in decimal */
void buf_format(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
struct str buf_str(const struct buf *b);

/* Makes room for n more bytes: what buf_room() does when there is none. */
void buf_grow(struct buf *b, size_t n);
/* Room for n more bytes at the returned place; the caller then raises b->n by what it used. */
static inline char *
buf_room(struct buf *b, size_t n)
{
	if (b->capacity - b->n < n)
		buf_grow(b, n);
	return b->p + b->n;
}

static inline void
buf_put_char(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->n++;
}

#endif
