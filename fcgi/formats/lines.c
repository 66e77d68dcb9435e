/* lines.c: see lines.h. */
#include "formats/lines.h"
#include "base/limits.h"

#define WINDOW_BYTES ((size_t)KIB(64))

static void
release(void *holder)
{
	free(*(char **)holder);
}

void
line_reader_init(struct line_reader *l, struct input *in, struct arena *a)
{
	/* The reader may lie on a stack that is gone before the arena is. */
	*l = (struct line_reader){.in = in, .held = arena_alloc(a, sizeof *l->held)};
	*l->held = NULL;
	arena_defer(a, release, l->held);
}

/* More bytes behind those that are there, in a larger window when the line fills it. */
static bool
fill(struct line_reader *l, struct err *e)
{
	size_t kept = l->end - l->start, got;
	if (kept > LIMIT_CELL_BYTES) {
		e->at_line = l->number + 1;
		return FAIL(e, TOO_BIG,
		    "line %" PRIu64 " is over %d bytes, which is the most a cell can hold",
		    l->number + 1, (int)LIMIT_CELL_BYTES);
	}
	if (kept > l->capacity / 2 || !l->window) {
		size_t capacity = l->window ? l->capacity * 2 : WINDOW_BYTES;
		char *p = malloc(capacity);
		if (!p)
			return FAIL(e, UNAVAILABLE, "there is not enough memory for a long line");
		if (kept)
			memcpy(p, l->window + l->start, kept);
		free(l->window);
		*l->held = l->window = p;
		l->capacity = capacity;
	} else {
		memmove(l->window, l->window + l->start, kept);
	}
	l->start = 0;
	l->end = kept;
	if (!input_read(l->in, l->window + kept, l->capacity - kept, &got, e))
		return false;
	l->end += got;
	l->at_end = got == 0 || l->in->length == 0;
	return true;
}

/* Where a line ends in n bytes, and how long its end is; n: not in them. */
static size_t
find_end(const char *p, size_t n, bool at_end, size_t *length)
{
	const char *lf = n ? memchr(p, '\n', n) : NULL,
		   *cr = n ? memchr(p, '\r', lf ? (size_t)(lf - p) : n) : NULL;
	const char *at = cr ? cr : lf;
	*length = 1;
	if (!at)
		return n;
	size_t i = (size_t)(at - p);
	/* A CR may be the first half of a CRLF that is not here yet. */
	if (cr && i + 1 == n && !at_end)
		return n;
	*length = cr && i + 1 < n && p[i + 1] == '\n' ? 2 : 1;
	return i;
}

bool
line_reader_next(struct line_reader *l, struct str *line, struct err *e)
{
	for (;;) {
		size_t n = l->end - l->start, length;
		const char *p = n ? l->window + l->start : "";
		size_t i = find_end(p, n, l->at_end, &length);
		bool last = i == n && l->at_end;
		if (i < n || (last && n > 0)) {
			*line = (struct str){p, i};
			l->start += last ? n : i + length;
			l->number++;
			return true;
		}
		if (l->at_end)
			return false;
		if (!fill(l, e))
			return false;
	}
}
