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
void buf_put_char(struct buf *b, char c);
void buf_put_unsigned(struct buf *b, uint64_t v); /* in decimal */
void buf_format(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* Room for n more bytes at the returned place; the caller then raises b->n by what it used. */
char *buf_room(struct buf *b, size_t n);
struct str buf_str(const struct buf *b);

#endif
