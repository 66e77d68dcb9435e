/* buf.c: see buf.h. */
#include "base/buf.h"

#include <assert.h>

void
buf_init(struct buf *b, struct arena *a)
{
	*b = (struct buf){.arena = a};
}

char *
buf_room(struct buf *b, size_t n)
{
	if (b->capacity - b->n < n) {
		size_t want = b->capacity < 256 ? 512 : b->capacity * 2;
		if (want - b->n < n)
			want = n > SIZE_MAX - b->n ? SIZE_MAX : b->n + n;
		char *p = arena_alloc(b->arena, want);
		if (b->n > 0)
			memcpy(p, b->p, b->n);
		b->p = p;
		b->capacity = want;
	}
	return b->p + b->n;
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
buf_put_char(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->n++;
}

void
buf_format(struct buf *b, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	va_list again;
	va_copy(again, list);
	int n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	assert(n >= 0);
	vsnprintf(buf_room(b, (size_t)n + 1), (size_t)n + 1, format, list);
	b->n += (size_t)n;
	va_end(list);
}

struct str
buf_str(const struct buf *b)
{
	return (struct str){b->p ? b->p : "", b->n};
}
