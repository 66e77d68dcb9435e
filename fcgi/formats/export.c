/*
 * export.c: see export.h.
 *
 * A stored text without a backslash can hold no quote and no line end, so as a CSV field it is
 * copied 16 bytes at a time while commas are looked for; that is nearly every cell.
 */
#include "formats/export.h"
#include "base/file.h"

#include <assert.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define BUFFER_BYTES ((size_t)1 << 20)
/* Every reservation has this much behind it, so that 16 bytes may be stored at any place. */
#define BUFFER_SLACK 64

const char *const export_format_names[EXPORT__MAX] = {
    [EXPORT_CSV] = "csv",
    [EXPORT_JSONL] = "jsonl",
};
const char *const export_media_types[EXPORT__MAX] = {
    [EXPORT_CSV] = "text/csv; charset=utf-8",
    [EXPORT_JSONL] = "application/jsonl",
};

struct export_writer {
	int fd;
	enum export_format format;
	const struct export_column *columns;
	size_t count;
	struct str *keys; /* JSONL: "name": of each column */
	struct cell *cells;
	size_t cells_max; /* the largest column id + 1 */
	char *buffer;
	size_t used, capacity; /* without the slack */
};

static void
writer_release(void *p)
{
	struct export_writer *w = p;
	free(w->buffer);
	w->buffer = NULL;
}

static struct str
key_of(struct str name, struct arena *a)
{
	char *p = arena_alloc(a, 6 * name.n + 3);
	size_t n = 0;
	p[n++] = '"';
	n += cells_escape(p + n, name.p, name.n);
	p[n++] = '"';
	p[n++] = ':';
	return (struct str){p, n};
}

struct export_writer *
export_open(int fd, enum export_format format, const struct export_column *columns, size_t count,
    struct arena *a)
{
	struct export_writer *w = arena_alloc(a, sizeof *w);
	arena_defer(a, writer_release, w);
	w->fd = fd;
	w->format = format;
	w->columns = columns;
	w->count = count;
	w->keys = arena_array(a, count, sizeof *w->keys);
	for (size_t i = 0; i < count; i++) {
		w->keys[i] = key_of(columns[i].name, a);
		if (columns[i].column_id >= w->cells_max)
			w->cells_max = columns[i].column_id + 1;
	}
	w->cells = arena_array(a, w->cells_max, sizeof *w->cells);
	return w;
}

static bool
flush(struct export_writer *w, struct err *e)
{
	size_t n = w->used;
	w->used = 0;
	return file_write_all(w->fd, w->buffer, n, e);
}

/* Room for n bytes and the slack at the end of the buffer. */
static bool
make_room(struct export_writer *w, size_t n, struct err *e)
{
	if (w->used > 0 && !flush(w, e))
		return false;
	if (n <= w->capacity)
		return true;
	size_t capacity = n > BUFFER_BYTES ? n : BUFFER_BYTES;
	char *p = realloc(w->buffer, capacity + BUFFER_SLACK);
	if (!p)
		return FAIL(e, UNAVAILABLE, "there is not enough memory to export a long cell");
	w->buffer = p;
	w->capacity = capacity;
	return true;
}

static inline bool
has_room(const struct export_writer *w, size_t n)
{
	return w->capacity - w->used >= n;
}

/* Copies n bytes and says whether a comma is among them.  Stores up to 15 bytes more; reads no
 * byte at or behind `limit`. */
static inline bool
copy_finding_comma(char *out, const char *p, size_t n, const char *limit)
{
#ifdef __SSE2__
	const __m128i comma = _mm_set1_epi8(',');
	unsigned found = 0;
	while (n > 0 && limit - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		_mm_storeu_si128((__m128i *)(void *)out, v);
		unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, comma));
		if (n < 16)
			return (found | (mask & ((1u << n) - 1))) != 0;
		found |= mask;
		p += 16;
		out += 16;
		n -= 16;
	}
	if (n == 0)
		return found != 0;
	memcpy(out, p, n);
	return found != 0 || memchr(p, ',', n) != NULL;
#else
	(void)limit;
	memcpy(out, p, n);
	return n > 0 && memchr(p, ',', n) != NULL;
#endif
}

/* Puts n bytes of text between quotes, its own quotes twice; `out` has room for 2 + 2 * n. */
static size_t
put_quoted(char *out, const char *p, size_t n)
{
	size_t o = 0;
	out[o++] = '"';
	while (n > 0) {
		const char *quote = memchr(p, '"', n);
		size_t run = quote ? (size_t)(quote - p) + 1 : n;
		memcpy(out + o, p, run);
		o += run;
		if (quote)
			out[o++] = '"';
		p += run;
		n -= run;
	}
	out[o++] = '"';
	return o;
}

static bool
must_quote(struct str s)
{
	if (s.n == 0)
		return true;
	/* Space at the ends is kept by every reader only inside quotes, and a byte order mark would
	 * be taken off the first line. */
	if ((unsigned char)s.p[0] <= ' ' || (unsigned char)s.p[s.n - 1] <= ' ' ||
	    str_starts(s, "\xef\xbb\xbf"))
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '"' || s.p[i] == ',' || s.p[i] == '\n' || s.p[i] == '\r')
			return true;
	return false;
}

/* Any text as a field; `out` has room for 2 + 2 * n. */
static size_t
put_field(char *out, struct str s)
{
	if (must_quote(s))
		return put_quoted(out, s.p, s.n);
	memcpy(out, s.p, s.n);
	return s.n;
}

/* A text with escapes.  Its plain form is made behind the place of the field, which needs no more
 * than 2 + 2 * (n - 1) bytes, as at least one escape is undone. */
static size_t
put_escaped_field(char *out, struct str s)
{
	char *plain = out + 2 * s.n;
	return put_field(out, (struct str){plain, cells_unescape(plain, s)});
}

/* A cell as a field; `out` has room for 2 + 3 * n and the slack. */
static inline size_t
put_cell_field(char *out, const struct cell *c, const char *limit)
{
	struct str s = c->bytes;
	switch (c->kind) {
	case CELL_ABSENT:
	case CELL_NULL:
		return 0;
	case CELL_NUMBER:
	case CELL_TRUE:
	case CELL_FALSE:
		memcpy(out, s.p, s.n);
		return s.n;
	case CELL_JSON:
		return put_field(out, s);
	case CELL_TEXT:
		break;
	}
	if (c->escaped)
		return put_escaped_field(out, s);
	if (s.n == 0) {
		memcpy(out, "\"\"", 2);
		return 2;
	}
	bool quotes = copy_finding_comma(out, s.p, s.n, limit) || (unsigned char)s.p[0] <= ' ' ||
		      (unsigned char)s.p[s.n - 1] <= ' ';
	if (!quotes)
		return s.n;
	out[0] = '"';
	copy_finding_comma(out + 1, s.p, s.n, limit);
	out[s.n + 1] = '"';
	return s.n + 2;
}

/* A text that reads as a value of the column's type, as the token of that value; 0: it does not. */
static size_t
put_bare(char *out, const struct cell *c, enum column_type type)
{
	if (c->escaped)
		return 0;
	bool value;
	switch (type) {
	case COLUMN_INTEGER:
	case COLUMN_NUMBER:
		if (!cells_is_number(c->bytes))
			return 0;
		memcpy(out, c->bytes.p, c->bytes.n);
		return c->bytes.n;
	case COLUMN_BOOLEAN:
		if (!guess_is_boolean(&value, c->bytes))
			return 0;
		memcpy(out, value ? "true" : "false", value ? 4 : 5);
		return value ? 4 : 5;
	case COLUMN_STRING:
	case COLUMN_TEXT:
	case COLUMN_DATE:
	case COLUMN_DATETIME:
	case COLUMN_JSON:
	case COLUMN__MAX:
		break;
	}
	return 0;
}

size_t
export_cell_token(char *out, const struct cell *c, enum column_type type)
{
	if (c->kind == CELL_ABSENT || c->kind == CELL_NULL) {
		memcpy(out, "null", 4);
		return 4;
	}
	size_t n = c->bytes.n;
	if (c->kind != CELL_TEXT) {
		memcpy(out, c->bytes.p, n);
		return n;
	}
	size_t bare = put_bare(out, c, type);
	if (bare > 0)
		return bare;
	out[0] = '"';
	if (n > 0)
		memcpy(out + 1, c->bytes.p, n);
	out[n + 1] = '"';
	return n + 2;
}

bool
export_header(struct export_writer *w, struct err *e)
{
	if (w->format != EXPORT_CSV)
		return true;
	for (size_t i = 0; i < w->count; i++) {
		struct str name = w->columns[i].name;
		if (!has_room(w, 2 * name.n + 3) && !make_room(w, 2 * name.n + 3, e))
			return false;
		if (i > 0)
			w->buffer[w->used++] = ',';
		w->used += put_field(w->buffer + w->used, name);
	}
	if (!has_room(w, 1) && !make_room(w, 1, e))
		return false;
	w->buffer[w->used++] = '\n';
	return true;
}

static bool
put_csv_row(struct export_writer *w, const char *limit, struct err *e)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct cell *c = &w->cells[w->columns[i].column_id];
		size_t room = 3 * c->bytes.n + 5;
		if (!has_room(w, room) && !make_room(w, room, e))
			return false;
		char *p = w->buffer + w->used;
		*p = ',';
		p += i > 0;
		p += put_cell_field(p, c, limit);
		w->used = (size_t)(p - w->buffer);
	}
	if (!has_room(w, 3) && !make_room(w, 3, e))
		return false;
	/* An empty line would read back as no row at all. */
	if (w->count == 1 && w->cells[w->columns[0].column_id].kind <= CELL_NULL) {
		memcpy(w->buffer + w->used, "\"\"", 2);
		w->used += 2;
	}
	w->buffer[w->used++] = '\n';
	return true;
}

static bool
put_jsonl_row(struct export_writer *w, struct err *e)
{
	char before = '{';
	for (size_t i = 0; i < w->count; i++) {
		const struct export_column *column = &w->columns[i];
		const struct cell *c = &w->cells[column->column_id];
		if (c->kind == CELL_ABSENT)
			continue;
		struct str key = w->keys[i];
		size_t room = key.n + c->bytes.n + 6;
		if (!has_room(w, room) && !make_room(w, room, e))
			return false;
		char *p = w->buffer + w->used;
		*p++ = before;
		memcpy(p, key.p, key.n);
		p += key.n;
		p += export_cell_token(p, c, column->type);
		w->used = (size_t)(p - w->buffer);
		before = ',';
	}
	if (!has_room(w, 3) && !make_room(w, 3, e))
		return false;
	if (before == '{')
		w->buffer[w->used++] = '{';
	w->buffer[w->used++] = '}';
	w->buffer[w->used++] = '\n';
	return true;
}

bool
export_row(struct export_writer *w, struct str cells, struct str absent, struct err *e)
{
	cells_split_row(w->cells, w->cells_max, cells, absent);
	if (w->format == EXPORT_CSV)
		return put_csv_row(w, cells.p + cells.n, e);
	return put_jsonl_row(w, e);
}

bool
export_close(struct export_writer *w, struct err *e)
{
	return w->used == 0 || flush(w, e);
}
