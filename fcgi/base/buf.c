/* buf.c: see buf.h. */
#include "base/buf.h"

#include <assert.h>

void
buf_init(struct buf *b, struct arena *a)
{
	*b = (struct buf){.arena = a};
}

void
buf_grow(struct buf *b, size_t n)
{
	size_t want = b->capacity < 256 ? 512 : b->capacity * 2;
	if (want - b->n < n)
		want = n > SIZE_MAX - b->n ? SIZE_MAX : b->n + n;
	char *p = arena_alloc(b->arena, want);
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	b->p = p;
	b->capacity = want;
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_room(b, n), p, n);
	b->n += n;
}

void
buf_put_str(struct buf *b, struct str s)
{
	buf_put(b, s.p, s.n);
}

void
buf_put_text(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void
buf_format(struct buf *b, const char *format, ...)
{
	va_list list, again;
	va_start(list, format);
	va_copy(again, list);
	/* Nearly always there is room already, and once is enough. */
	size_t room = b->capacity - b->n;
	int n = vsnprintf(room > 0 ? b->p + b->n : NULL, room, format, list);
	assert(n >= 0);
	if ((size_t)n >= room)
		vsnprintf(buf_room(b, (size_t)n + 1), (size_t)n + 1, format, again);
	b->n += (size_t)n;
	va_end(again);
	va_end(list);
}

void
buf_put_unsigned(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof digits;
	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buf_put(b, digits + at, sizeof digits - at);
}

struct str
buf_str(const struct buf *b)
{
	return (struct str){b->p ? b->p : "", b->n};
}
