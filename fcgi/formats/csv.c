/*
 * csv.c: see csv.h.
 *
 * A record is read from the window and written as a cells array in one pass: 16 bytes are copied
 * before it is known how many of them are plain text, then the first byte that is not is looked at
 * (a delimiter, a line end, a quote, or what JSON must escape).  The invariant that makes this
 * safe is ROW_SLACK below.  When the window ends inside the record, all of it is read again with
 * more in the window; so nothing outside the row may change before the record is complete.
 */
#include "formats/csv.h"
#include "base/cells.h"
#include "base/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The row always has room for what is left in the window and this much more: a store of 16 bytes,
 * and what one escape or the end of one field adds. */
#define ROW_SLACK 64

/* One field as it stands in the row: its text without the quotes, and how many bytes of that are
 * due to escapes. */
struct field {
	uint32_t start, length, extra;
};

struct csv {
	struct reader *r;
	char delimiter;
	size_t header; /* columns of the header */
	bool has_header;

	/* The record being read. */
	struct field *fields; /* LIMIT_COLUMNS + 1 of them; the last takes all that are too many */
	size_t count;
	struct field *field;
	const char *end;       /* of the window */
	const char *row_limit; /* of the row's buffer */
	uint64_t line;         /* of the byte that is looked at */
	uint64_t quote_line;   /* where the quote opened that is not closed yet, 0: none is open */
	bool quoted;           /* some field is */
	bool invalid_utf8, nul_byte, stray_quote;
	bool more; /* the window ended before the record did */
};

/* Where a record is read and where its row is written.  read is NULL: it cannot go on, because of
 * an error or for want of more. */
struct at {
	const char *read;
	char *write;
};

static const struct at stopped = {NULL, NULL};

/* Copies up to the first byte that is no plain text, or is the stop. */
static inline struct at
copy_plain(struct at at, char stop)
{
#ifdef __SSE2__
	const __m128i space = _mm_set1_epi8(' '), stops = _mm_set1_epi8(stop);
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
	for (;;) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)at.read);
		_mm_storeu_si128((__m128i *)(void *)at.write, v);
		/* Signed: control bytes and those over 0x7f are both less than a space. */
		__m128i special =
		    _mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(v, space), _mm_cmpeq_epi8(v, stops)),
			_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
		unsigned mask = (unsigned)_mm_movemask_epi8(special);
		if (mask) {
			int plain = __builtin_ctz(mask);
			at.read += plain;
			at.write += plain;
			return at;
		}
		at.read += 16;
		at.write += 16;
	}
#else
	for (;;) {
		unsigned char c = (unsigned char)*at.read;
		if (c < ' ' || c > 0x7f || c == '"' || c == '\\' || *at.read == stop)
			return at;
		*at.write++ = *at.read++;
	}
#endif
}

static bool
cell_too_long(const struct csv *c, struct err *e)
{
	if (c->quote_line)
		return FAIL_AT(e, c->r->line, TOO_BIG,
		    "a cell is longer than 16 MiB, which is the limit for one cell; perhaps the "
		    "quote "
		    "that opens on line %s is never closed",
		    thousands(c->quote_line).text);
	return FAIL_AT(e, c->r->line, TOO_BIG,
	    "a cell is longer than 16 MiB, which is the limit for one cell");
}

/* A stored cell has its quotes and escapes counted. */
static bool
cell_fits(const struct csv *c, struct at at)
{
	return (size_t)(at.write - c->r->row) - c->field->start + 2 <= LIMIT_CELL_BYTES;
}

static struct at
window_ended(struct csv *c, struct at at, struct err *e)
{
	if (cell_fits(c, at))
		c->more = true;
	else
		cell_too_long(c, e);
	return stopped;
}

static inline bool
has_room(const struct csv *c, struct at at)
{
	return c->row_limit - at.write >= c->end - at.read + ROW_SLACK;
}

static struct at
grow(struct csv *c, struct at at, struct err *e)
{
	struct reader *r = c->r;
	size_t used = (size_t)(at.write - r->row);
	if (!cell_fits(c, at)) {
		cell_too_long(c, e);
		return stopped;
	}
	if (used > LIMIT_RECORD_BYTES) {
		FAIL_AT(e, r->line, TOO_BIG,
		    "the row takes more than 64 MiB with its escapes, which is the limit for one "
		    "row");
		return stopped;
	}
	if (!row_room(r, used + (size_t)(c->end - at.read) + ROW_SLACK, e))
		return stopped;
	c->row_limit = r->row + r->row_capacity;
	at.write = r->row + used;
	return at;
}

/* A run of bytes over 0x7f: valid characters are copied, every other byte is replaced. */
static struct at
copy_characters(struct csv *c, struct at at, struct err *e)
{
	const char *end = at.read;
	while ((unsigned char)*end > 0x7f)
		end++;
	for (;;) {
		size_t good = utf8_valid(at.read, (size_t)(end - at.read));
		memcpy(at.write, at.read, good);
		at.read += good;
		at.write += good;
		if (at.read == end)
			return at;
		c->invalid_utf8 = true;
		at.read++;
		at.write += utf8_put(at.write, 0xfffd);
		if (!has_room(c, at)) {
			at = grow(c, at, e);
			if (!at.read)
				return at;
		}
	}
}

/* A byte that JSON escapes, or that is not ASCII. */
static struct at
copy_special(struct csv *c, struct at at, struct err *e)
{
	unsigned char byte = (unsigned char)*at.read;
	if (byte > 0x7f)
		return copy_characters(c, at, e);
	if (byte == 0) {
		c->nul_byte = true;
		at.write += utf8_put(at.write, 0xfffd);
	} else {
		/* Only quoted fields hold line ends, so there is a byte before this one. */
		c->line += byte == '\r' || (byte == '\n' && at.read[-1] != '\r');
		size_t n = cells_escape(at.write, at.read, 1);
		c->field->extra += (uint32_t)n - 1;
		at.write += n;
	}
	at.read++;
	return has_room(c, at) ? at : grow(c, at, e);
}

/* From the opening quote to behind the closing one. */
static struct at
copy_quoted(struct csv *c, struct at at, struct err *e)
{
	c->quoted = true;
	c->quote_line = c->line;
	at.read++;
	for (;;) {
		at = copy_plain(at, '"');
		if (*at.read == '"') {
			if (at.read[1] == '"') {
				memcpy(at.write, "\\\"", 2);
				at.write += 2;
				at.read += 2;
				c->field->extra++;
				continue;
			}
			if (at.read + 1 == c->end && !c->r->window.at_end)
				return window_ended(c, at, e);
			at.read++;
			break;
		}
		if (at.read == c->end) {
			if (!c->r->window.at_end)
				return window_ended(c, at, e);
			FAIL_AT(e, c->quote_line, INPUT,
			    "the quote that opens a field on this line is never closed: add the "
			    "closing "
			    "quote, or write a quote inside a field twice");
			return stopped;
		}
		at = copy_special(c, at, e);
		if (!at.read)
			return at;
	}
	c->quote_line = 0;
	if (*at.read != c->delimiter && *at.read != '\n' && *at.read != '\r' && at.read != c->end)
		c->stray_quote = true;
	return at;
}

/* The rest of a field, up to the delimiter, line end or end of the window behind it. */
static inline struct at
copy_unquoted(struct csv *c, struct at at, char delimiter, struct err *e)
{
	for (;;) {
		at = copy_plain(at, delimiter);
		char byte = *at.read;
		if (byte == delimiter || byte == '\n' || byte == '\r')
			return at;
		if (at.read == c->end)
			return c->r->window.at_end ? at : window_ended(c, at, e);
		at = copy_special(c, at, e);
		if (!at.read)
			return at;
	}
}

/* Steps over the line end; a CR at the window's end may be half of one. */
static struct at
skip_line_end(struct csv *c, struct at at, struct err *e)
{
	if (at.read == c->end)
		return at;
	if (*at.read == '\r') {
		if (at.read + 1 == c->end && !c->r->window.at_end)
			return window_ended(c, at, e);
		at.read += at.read[1] == '\n';
	}
	at.read++;
	c->line++;
	return at;
}

/* Reads the fields of one record; read is behind the record then, write behind its row. */
static struct at
copy_record(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	const char delimiter = c->delimiter;
	struct at at = {r->window.bytes + r->window.start, r->row};
	size_t count = 0;
	*at.write++ = '[';
	for (;;) {
		*at.write++ = '"';
		struct field *f = &c->fields[count < LIMIT_COLUMNS ? count : LIMIT_COLUMNS];
		c->field = f;
		f->start = (uint32_t)(at.write - r->row);
		f->extra = 0;
		if (*at.read == '"')
			at = copy_quoted(c, at, e);
		if (at.read)
			at = copy_unquoted(c, at, delimiter, e);
		if (!at.read)
			return at;
		if (!cell_fits(c, at)) {
			cell_too_long(c, e);
			return stopped;
		}
		f->length = (uint32_t)((size_t)(at.write - r->row) - f->start);
		count++;
		*at.write++ = '"';
		if (*at.read != delimiter)
			break;
		*at.write++ = ',';
		at.read++;
		if (!has_room(c, at)) {
			at = grow(c, at, e);
			if (!at.read)
				return at;
		}
	}
	*at.write++ = ']';
	c->count = count;
	return skip_line_end(c, at, e);
}

/* Reads one record; read is NULL on failure. */
static struct at
next_record(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	for (;;) {
		struct window *w = &r->window;
		c->line = r->line;
		c->quote_line = 0;
		c->quoted = c->invalid_utf8 = c->nul_byte = c->stray_quote = c->more = false;
		c->end = w->bytes + w->end;
		c->field = c->fields;
		*c->field = (struct field){0};
		if (!row_room(r, w->end - w->start + ROW_SLACK, e))
			return stopped;
		c->row_limit = r->row + r->row_capacity;
		struct at at = copy_record(c, e);
		if (at.read && (size_t)(at.write - r->row) > LIMIT_RECORD_BYTES) {
			FAIL_AT(e, r->line, TOO_BIG,
			    "the row is longer than 64 MiB, which is the limit for one row");
			return stopped;
		}
		if (at.read || !c->more || !window_more(r, e))
			return at;
	}
}

static bool
too_many_columns(struct csv *c, const char *what, struct err *e)
{
	return FAIL_AT(e, c->r->line, TOO_BIG, "%s has %s columns, the limit is %s", what,
	    thousands(c->count).text, thousands(LIMIT_COLUMNS).text);
}

/* What was repaired inside the record. */
static bool
tell_repairs(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	if (c->invalid_utf8 &&
	    !reader_finding(r, e, "invalid-utf8", TABLE_NO_COLUMN,
		"bytes that are not UTF-8 were replaced by U+FFFD; save the file as UTF-8 to keep "
		"them"))
		return false;
	if (c->nul_byte &&
	    !reader_finding(r, e, "nul-byte", TABLE_NO_COLUMN, "NUL bytes were replaced by U+FFFD"))
		return false;
	return !c->stray_quote ||
	       reader_finding(r, e, "stray-quote", TABLE_NO_COLUMN,
		   "text follows a closing quote; it was kept as part of the field");
}

static bool
take_header(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	if (c->count > LIMIT_COLUMNS)
		return too_many_columns(c, "the file", e);
	c->header = c->count;
	c->has_header = true;
	for (size_t i = 0; i < c->count; i++) {
		const struct field *f = &c->fields[i];
		if (r->options->no_header) {
			if (!reader_unnamed_column(r, e))
				return false;
			continue;
		}
		struct str label = {r->row + f->start, f->length};
		char *text = arena_alloc(r->arena, label.n);
		label = (struct str){text, cells_unescape(text, label)};
		if (!reader_column(r, label, e))
			return false;
	}
	return true;
}

/* The record has another number of fields than the header. */
static bool
tell_shape(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	const char *header = r->options->no_header ? "first row" : "header";
	if (c->count < c->header)
		return reader_finding(r, e, "missing-cell", c->count,
		    "row has %zu cell%s, the %s has %zu: the missing %zu %s left empty", c->count,
		    c->count == 1 ? "" : "s", header, c->header, c->header - c->count,
		    c->header - c->count == 1 ? "was" : "were");
	if (c->count > LIMIT_COLUMNS)
		return too_many_columns(c, "this row", e);
	while (r->columns < c->count)
		if (!reader_unnamed_column(r, e))
			return false;
	return reader_finding(r, e, "extra-cell", c->header,
	    "row has %zu cells, the %s has %zu: the %zu more %s put into columns of their own",
	    c->count, header, c->header, c->count - c->header,
	    c->count - c->header == 1 ? "was" : "were");
}

static bool
take_row(struct csv *c, size_t length, struct err *e)
{
	struct reader *r = c->r;
	if (c->count != c->header && !tell_shape(c, e))
		return false;
	if ((c->invalid_utf8 || c->nul_byte || c->stray_quote) && !tell_repairs(c, e))
		return false;
	for (size_t i = 0; i < c->count; i++) {
		const struct field *f = &c->fields[i];
		const char *text = r->row + f->start;
		if (f->extra == 0)
			guess_add_text(&r->guesses[i], text, f->length);
		else
			guess_add_escaped(&r->guesses[i], text, f->length, f->extra);
	}
	r->counts->records++;
	r->counts->rows++;
	return r->sink->row(
	    r->sink->context, r->line, (struct str){r->row, length}, (struct str){0}, e);
}

/* A line without any text.  In a table of one column only an empty one is: spaces are a value. */
static bool
is_blank(const struct csv *c, const char *end)
{
	if (c->count != 1 || c->quoted)
		return false;
	const char *p = c->r->window.bytes + c->r->window.start;
	if (c->has_header && c->header == 1)
		return p == end || *p == '\n' || *p == '\r';
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p == end;
}

static bool
take_record(struct csv *c, struct at at, struct err *e)
{
	struct reader *r = c->r;
	if (is_blank(c, at.read)) {
		r->counts->records++;
		r->counts->skipped++;
		return reader_finding(
		    r, e, "blank-row", TABLE_NO_COLUMN, "the line is blank; it was skipped");
	}
	if (!c->has_header) {
		if (!take_header(c, e))
			return false;
		if (!r->options->no_header)
			return tell_repairs(c, e);
	}
	return take_row(c, (size_t)(at.write - r->row), e);
}

bool
csv_read(struct reader *r, struct err *e)
{
	char delimiter = r->options->delimiter ? r->options->delimiter : ',';
	if (delimiter == '"' || delimiter == '\n' || delimiter == '\r' ||
	    (signed char)delimiter < 0)
		return FAIL_FIELD(e, INPUT, "delimiter",
		    "the delimiter must be one ASCII character that is no quote and no line end");
	struct csv *c = arena_alloc(r->arena, sizeof *c);
	c->r = r;
	c->delimiter = delimiter;
	c->fields = arena_array(r->arena, LIMIT_COLUMNS + 1, sizeof *c->fields);
	for (;;) {
		struct window *w = &r->window;
		if (w->start == w->end) {
			if (w->at_end)
				break;
			if (!window_more(r, e))
				return false;
			continue;
		}
		struct at at = next_record(c, e);
		if (!at.read || !take_record(c, at, e))
			return false;
		w->start = (size_t)(at.read - w->bytes);
		r->line = c->line;
	}
	return c->has_header || FAIL(e, INPUT, "the file is empty");
}
