/*
 * csv.c: see csv.h.
 *
 * First the dialect is found out (dialect.h).  Then a record is read from the window and written as
 * a cells array in one pass: 16 bytes are copied before it is known how many of them are plain
 * text, then the first byte that is not is looked at (a delimiter, a line end, a quote, or what
 * JSON must escape).  The invariant that makes this safe is ROW_SLACK below.  When the window ends
 * inside the record, all of it is read again with more in the window; so nothing outside the row
 * may change before the record is complete.
 *
 * A record that does not fit the table is looked at once more by csv_repair.h, slowly.
 */
#include "formats/csv.h"
#include "base/cells.h"
#include "base/utf8.h"
#include "formats/csv_repair.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The row always has room for what is left in the window and this much more: a store of 16 bytes,
 * and what one escape or the end of one field adds. */
#define ROW_SLACK 64

#define REPAIR_BYTES ((size_t)MIB(1)) /* of a record that is looked at once more */
#define REPAIRS_IN_VAIN 1000          /* then the rows are simply of different lengths */
#define HELD_MOST 50                  /* lines that may be the end of the table */
#define HELD_BYTES ((size_t)KIB(64))
#define LINES_MANY 100 /* of one cell, which may be due to a quote that was forgotten */

/* One field as it stands in the row: its text without the quotes, and how many bytes of that are
 * due to escapes. */
struct field {
	uint32_t start, length, extra;
};

enum line_end { LINE_END_NONE, LINE_END_LF, LINE_END_CR, LINE_END_CRLF };

/* A row that may be no row: a note below the table. */
struct held {
	uint64_t line;
	char *cells;
	size_t length, count;
};

struct csv {
	struct reader *r;
	struct dialect dialect;
	struct csv_syntax syntax; /* the dialect's */
	char stop;                /* the delimiter's first byte */
	bool is_plain;            /* the quote is " or none, the escape one of them or \ */
	size_t header_rows;       /* still to come */
	size_t header;            /* columns of the header */
	size_t width;             /* cells a row should have */
	struct str *labels;       /* of the header, as they stand there */
	bool has_header;
	uint64_t table, wanted; /* which one is read, and is to be; from 1 */
	bool after_blank;       /* the line before was blank */
	bool told_newline, keep_to_lines;
	enum line_end line_end;
	struct csv_repair repair;
	unsigned in_vain;
	bool was_repaired;
	struct held *held;
	size_t held_count, held_bytes;
	bool thin_rows; /* some that looked like notes were rows */

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
	bool open; /* a quote is never closed */
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

/* The same where the quote or the escape is another byte. */
static inline struct at
copy_others(const struct csv *c, struct at at)
{
	for (;;) {
		unsigned char byte = (unsigned char)*at.read;
		if (byte < ' ' || byte > 0x7f || byte == '"' || byte == '\\' ||
		    *at.read == c->stop || byte == c->syntax.quote || byte == c->syntax.escape)
			return at;
		*at.write++ = *at.read++;
	}
}

static inline bool
at_delimiter(const struct csv *c, const char *p)
{
	return *p == c->stop && csv_at_delimiter(&c->syntax, p, c->end);
}

/* It may be one, but the window ends in it. */
static inline bool
may_be_delimiter(const struct csv *c, const char *p)
{
	size_t left = (size_t)(c->end - p);
	return left < c->syntax.delimiter.n && !c->r->window.at_end &&
	       memcmp(p, c->syntax.delimiter.p, left) == 0;
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
	const char *end = at.read + 1;
	while ((unsigned char)*end > 0x7f && *end != c->stop)
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

static struct at
copy_byte(struct csv *c, struct at at, struct err *e)
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

static inline bool
is_escape(const struct csv *c, char byte)
{
	return c->syntax.escape != c->syntax.quote &&
	       (c->syntax.escape == CSV_NUL ? byte == 0 : byte == c->syntax.escape);
}

/* A byte that JSON escapes, that is not ASCII, or that has a meaning here. */
static struct at
copy_special(struct csv *c, struct at at, struct err *e)
{
	if (is_escape(c, *at.read)) {
		if (at.read + 1 >= c->end && !c->r->window.at_end)
			return window_ended(c, at, e);
		if (at.read + 1 < c->end && csv_is_escapable(&c->syntax, at.read[1]))
			at.read++;
	}
	return copy_byte(c, at, e);
}

static inline bool
is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* Behind what may be a closing quote: spaces, then what ends a field.  NULL: something else; *more:
 * the window ends before that is sure. */
static const char *
find_field_end(const struct csv *c, const char *p, bool *more)
{
	while (is_space(*p) && !at_delimiter(c, p))
		p++;
	*more = false;
	if (at_delimiter(c, p) || *p == '\n' || *p == '\r')
		return p;
	*more = (p >= c->end || may_be_delimiter(c, p)) && !c->r->window.at_end;
	return p >= c->end ? p : NULL;
}

/* A quote that is closed nowhere: the record is read again, slowly. */
static struct at
never_closed(struct csv *c)
{
	c->open = true;
	return stopped;
}

/* From the opening quote to behind the closing one. */
static struct at
copy_quoted(struct csv *c, struct at at, struct err *e)
{
	const char quote = (char)c->syntax.quote;
	bool stray = false;
	c->quoted = true;
	c->quote_line = c->line;
	at.read++;
	for (;;) {
		at = c->is_plain ? copy_plain(at, '"') : copy_others(c, at);
		if (at.read == c->end) {
			if (c->r->window.at_end)
				return never_closed(c);
			return cell_fits(c, at) ? window_ended(c, at, e) : never_closed(c);
		}
		if (*at.read == quote) {
			bool more;
			if (at.read[1] == quote && at.read + 1 < c->end &&
			    c->syntax.escape != CSV_NONE) {
				at.read++;
				at = copy_byte(c, at, e);
				if (!at.read)
					return at;
				continue;
			}
			const char *end = find_field_end(c, at.read + 1, &more);
			if (more)
				return window_ended(c, at, e);
			if (end) {
				at.read = end;
				break;
			}
			stray = true;
			at = copy_byte(c, at, e);
		} else if (c->keep_to_lines && (*at.read == '\n' || *at.read == '\r')) {
			return never_closed(c);
		} else {
			at = copy_special(c, at, e);
		}
		if (!at.read)
			return at;
	}
	c->quote_line = 0;
	c->stray_quote |= stray;
	return at;
}

/* The rest of a field, up to the delimiter, line end or end of the window behind it. */
static inline struct at
copy_unquoted(struct csv *c, struct at at, struct err *e)
{
	for (;;) {
		at = c->is_plain ? copy_plain(at, c->stop) : copy_others(c, at);
		char byte = *at.read;
		if (byte == c->stop && (c->syntax.delimiter.n == 1 || at_delimiter(c, at.read)))
			return at;
		if (byte == '\n' || byte == '\r')
			return at;
		if (at.read == c->end)
			return c->r->window.at_end ? at : window_ended(c, at, e);
		if (byte == c->stop && may_be_delimiter(c, at.read))
			return window_ended(c, at, e);
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
	c->line_end = LINE_END_LF;
	if (*at.read == '\r') {
		if (at.read + 1 == c->end && !c->r->window.at_end)
			return window_ended(c, at, e);
		c->line_end = at.read[1] == '\n' ? LINE_END_CRLF : LINE_END_CR;
		at.read += at.read[1] == '\n';
	}
	at.read++;
	c->line++;
	return at;
}

/* A field that begins with a quote, behind spaces. */
static inline const char *
opening_quote(const struct csv *c, const char *p)
{
	if (*p == c->syntax.quote)
		return p;
	if (!is_space(*p))
		return NULL;
	while (is_space(*p) && !at_delimiter(c, p))
		p++;
	return *p == c->syntax.quote ? p : NULL;
}

/* Reads the fields of one record; read is behind the record then, write behind its row. */
static struct at
copy_record(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	struct at at = {r->window.bytes + r->window.start, r->row};
	size_t count = 0;
	*at.write++ = '[';
	for (;;) {
		*at.write++ = '"';
		struct field *f = &c->fields[count < LIMIT_COLUMNS ? count : LIMIT_COLUMNS];
		c->field = f;
		f->start = (uint32_t)(at.write - r->row);
		f->extra = 0;
		const char *quote = opening_quote(c, at.read);
		if (quote) {
			at.read = quote;
			at = copy_quoted(c, at, e);
		} else {
			at = copy_unquoted(c, at, e);
		}
		if (!at.read)
			return at;
		if (!cell_fits(c, at)) {
			cell_too_long(c, e);
			return stopped;
		}
		f->length = (uint32_t)((size_t)(at.write - r->row) - f->start);
		count++;
		*at.write++ = '"';
		if (!at_delimiter(c, at.read))
			break;
		*at.write++ = ',';
		at.read += c->syntax.delimiter.n;
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

/* Text of a field as JSON, after what is written: what copy_byte() does, for any number of bytes.
 */
static void
write_text(struct csv *c, char **write, struct str text)
{
	while (text.n > 0) {
		size_t good = utf8_valid(text.p, text.n);
		const char *nul = memchr(text.p, 0, good);
		if (nul)
			good = (size_t)(nul - text.p);
		size_t n = cells_escape(*write, text.p, good);
		c->field->extra += (uint32_t)(n - good);
		*write += n;
		text.p += good;
		text.n -= good;
		if (text.n == 0)
			return;
		if (nul)
			c->nul_byte = true;
		else
			c->invalid_utf8 = true;
		*write += utf8_put(*write, 0xfffd);
		text.p++;
		text.n--;
	}
}

/* The row once more, of the fields as they were repaired.  NULL on failure. */
static char *
write_fields(struct csv *c, struct str text, struct err *e)
{
	struct reader *r = c->r;
	const struct csv_split *s = &c->repair.split;
	/* Every byte is escaped to at most six, and a field has quotes and a comma. */
	if (!row_room(r, 6 * s->length + 4 * s->count + ROW_SLACK, e))
		return NULL;
	char *write = r->row, *plain = malloc(s->length + 1);
	if (!plain) {
		FAIL(e, UNAVAILABLE, "there is not enough memory for a long row");
		return NULL;
	}
	*write++ = '[';
	for (size_t i = 0; i < s->count && i < s->max; i++) {
		struct field *f = &c->fields[i < LIMIT_COLUMNS ? i : LIMIT_COLUMNS];
		size_t n = s->fields[i].length == 0
			       ? 0
			       : csv_field_text(plain, &c->repair.syntax, text, &s->fields[i]);
		c->field = f;
		*write++ = '"';
		*f = (struct field){.start = (uint32_t)(write - r->row)};
		write_text(c, &write, (struct str){plain, n});
		f->length = (uint32_t)((size_t)(write - r->row) - f->start);
		*write++ = '"';
		*write++ = i + 1 < s->count ? ',' : ']';
	}
	free(plain);
	c->count = s->count;
	return write;
}

static struct str
rest_of_window(const struct csv *c)
{
	const struct window *w = &c->r->window;
	return (struct str){w->bytes + w->start, w->end - w->start};
}

static uint64_t
lines_in(struct str s)
{
	uint64_t lines = 0;
	for (size_t i = 0; i < s.n; i++)
		lines += s.p[i] == '\r' || (s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r'));
	return lines;
}

/* Takes the record as it was split by csv_repair.h. */
static struct at
take_split(struct csv *c, struct str text, struct err *e)
{
	c->invalid_utf8 = c->nul_byte = c->stray_quote = false;
	char *end = write_fields(c, text, e);
	if (!end)
		return stopped;
	size_t length = c->repair.split.length;
	c->line = c->r->line + lines_in((struct str){text.p, length});
	c->was_repaired = true;
	return (struct at){text.p + length, end};
}

/* The record has a quote that is never closed: the rest of the file is no cell. */
static struct at
read_again(struct csv *c, struct err *e)
{
	struct str text = rest_of_window(c);
	/* What can be a line must be there whole. */
	while (!c->r->window.at_end && !memchr(text.p, '\n', text.n) &&
	       !memchr(text.p, '\r', text.n)) {
		if (!window_more(c->r, e))
			return stopped;
		text = rest_of_window(c);
	}
	c->end = c->r->window.bytes + c->r->window.end;
	c->keep_to_lines = true;
	if (!csv_repair(&c->repair, &c->dialect, c->width, !c->has_header, text)) {
		c->repair.code = "unterminated-quote";
		c->repair.column = TABLE_NO_COLUMN;
		c->repair.what = "a quote opens a cell and is never closed; it was kept as text";
	}
	return take_split(c, text, e);
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
		c->open = c->was_repaired = false;
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
		if (c->open)
			return read_again(c, e);
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
	if (c->invalid_utf8 && !reader_finding(r, e, "encoding-error", TABLE_NO_COLUMN,
				   "bytes that are not UTF-8 were replaced by U+FFFD; choose the "
				   "encoding, or save the "
				   "file as UTF-8, to keep them"))
		return false;
	if (c->nul_byte &&
	    !reader_finding(r, e, "nul-byte", TABLE_NO_COLUMN, "NUL bytes were replaced by U+FFFD"))
		return false;
	if (c->was_repaired &&
	    !reader_finding(r, e, c->repair.code,
		c->repair.column < r->columns ? c->repair.column : TABLE_NO_COLUMN, "%s",
		c->repair.what))
		return false;
	if (c->quoted && c->line - r->line > LINES_MANY &&
	    !reader_finding(r, e, "field-spans-many-lines", TABLE_NO_COLUMN,
		"a cell goes over %s lines; perhaps a quote is missing",
		thousands(c->line - r->line).text))
		return false;
	return !c->stray_quote || reader_finding(r, e, "stray-quote", TABLE_NO_COLUMN,
				      "a quote stands inside a cell; it was kept as text");
}

static bool
tell_line_end(struct csv *c, enum line_end before, struct err *e)
{
	if (before == LINE_END_NONE || c->line_end == before || c->told_newline)
		return true;
	c->told_newline = true;
	return reader_finding(c->r, e, "mixed-newline", TABLE_NO_COLUMN,
	    "this line ends otherwise than those before; LF, CRLF and CR were all taken for line "
	    "ends");
}

/* ---- the header ---- */

static struct str
text_of(struct csv *c, size_t i)
{
	const struct field *f = &c->fields[i];
	struct str label = {c->r->row + f->start, f->length};
	char *text = arena_alloc(c->r->arena, label.n);
	return (struct str){text, cells_unescape(text, label)};
}

/* One row of the header; labels of several are joined by a space. */
static bool
add_labels(struct csv *c, struct err *e)
{
	if (c->count > LIMIT_COLUMNS)
		return too_many_columns(c, "the file", e);
	for (size_t i = 0; i < c->count; i++) {
		struct str text = text_of(c, i), *label = &c->labels[i];
		if (i >= c->header)
			*label = text;
		else if (label->n == 0)
			*label = text;
		else if (text.n > 0)
			*label =
			    arena_format(c->r->arena, "%.*s %.*s", STR_ARG(*label), STR_ARG(text));
	}
	if (c->count > c->header)
		c->header = c->count;
	return true;
}

static bool
tell_columns(struct csv *c, struct err *e)
{
	c->has_header = true;
	if (c->width < c->header)
		c->width = c->header;
	for (size_t i = 0; i < c->header; i++)
		if (!(c->r->no_header ? reader_unnamed_column(c->r, e)
				      : reader_column(c->r, c->labels[i], e)))
			return false;
	return true;
}

/* ---- rows ---- */

/* The record has another number of fields than the header. */
static bool
tell_shape(struct csv *c, size_t count, struct err *e)
{
	struct reader *r = c->r;
	const char *header = r->no_header ? "first row" : "header";
	if (count < c->header)
		return reader_finding(r, e, "missing-cell", count,
		    "row has %zu cell%s, the %s has %zu: the missing %zu %s left empty", count,
		    count == 1 ? "" : "s", header, c->header, c->header - count,
		    c->header - count == 1 ? "was" : "were");
	if (count > LIMIT_COLUMNS)
		return too_many_columns(c, "this row", e);
	while (r->columns < count)
		if (!reader_unnamed_column(r, e))
			return false;
	return reader_finding(r, e, "extra-cell", c->header,
	    "row has %zu cells, the %s has %zu: the %zu more %s put into columns of their own",
	    count, header, c->header, count - c->header, count - c->header == 1 ? "was" : "were");
}

/* Every cell of the row is the empty text. */
static bool
is_empty_row(struct str cells, size_t count)
{
	return count > 1 && cells.n == 3 * count + 1;
}

static bool
tell_empty(struct csv *c, struct err *e)
{
	return reader_finding(
	    c->r, e, "blank-row", TABLE_NO_COLUMN, "all cells of the row are empty; it was kept");
}

static bool
skip_record(struct csv *c, const char *code, const char *why, struct err *e)
{
	struct reader *r = c->r;
	r->counts->records++;
	r->counts->skipped++;
	return reader_finding(r, e, code, TABLE_NO_COLUMN, "%s", why);
}

/* ---- lines that may be notes below the table ---- */

static bool
release_one(struct csv *c, const struct held *h, struct err *e)
{
	struct reader *r = c->r;
	struct cell *cells = arena_array(r->arena, h->count, sizeof *cells);
	const uint64_t line = r->line;
	char *text = arena_alloc(r->arena, h->length);
	r->line = h->line;
	cells_split(cells, h->count, h->cells, h->length);
	for (size_t i = 0; i < h->count; i++)
		guess_add_text(&r->guesses[i], text, cells_unescape(text, cells[i].bytes));
	r->counts->records++;
	r->counts->rows++;
	bool good =
	    (h->count == c->header || tell_shape(c, h->count, e)) &&
	    (!is_empty_row((struct str){h->cells, h->length}, h->count) || tell_empty(c, e)) &&
	    r->sink->row(
		r->sink->context, h->line, (struct str){h->cells, h->length}, (struct str){0}, e);
	r->line = line;
	return good;
}

/* They were rows after all, the first `count` of them. */
static bool
release(struct csv *c, size_t count, struct err *e)
{
	bool good = true;
	for (size_t i = 0; i < count; i++) {
		c->thin_rows |= c->held[i].count == c->width;
		good = good && release_one(c, &c->held[i], e);
		c->held_bytes -= c->held[i].length;
		free(c->held[i].cells);
	}
	c->held_count -= count;
	memmove(c->held, c->held + count, c->held_count * sizeof *c->held);
	return good;
}

/* The table ended with them. */
static bool
drop_held(struct csv *c, struct err *e)
{
	const uint64_t line = c->r->line;
	bool good = true;
	for (size_t i = 0; i < c->held_count; i++) {
		c->r->line = c->held[i].line;
		bool empty = is_empty_row(
		    (struct str){c->held[i].cells, c->held[i].length}, c->held[i].count);
		good = good &&
		       skip_record(c, empty ? "blank-row" : "footer",
			   empty ? "the line is blank, and below the table; it was skipped"
				 : "the line stands below the table and is no row of it; it was "
				   "left out",
			   e);
		free(c->held[i].cells);
	}
	c->held_count = c->held_bytes = 0;
	c->r->line = line;
	return good;
}

/* Cells that are not empty, counted up to `most`. */
static size_t
full_fields(const struct csv *c, size_t most)
{
	size_t full = 0;
	for (size_t i = 0; i < c->count && i < LIMIT_COLUMNS && full < most; i++)
		full += c->fields[i].length > 0;
	return full;
}

/* How many lines are held back: as many as the table ends with, or those that look like notes. */
static size_t
hold_most(const struct csv *c)
{
	const struct option_count *footer = &c->r->options->csv.footer;
	return !footer->set                     ? HELD_MOST
	       : footer->count < HELD_MOST * 20 ? (size_t)footer->count
						: HELD_MOST * 20;
}

/* The text of the first cell is no value of its column: words where others have figures, or
 * several of them. */
static bool
is_remark(const struct csv *c)
{
	const struct str text = {c->r->row + c->fields[0].start, c->fields[0].length};
	size_t spaces = 0;
	if (dialect_class(text) < CLASS_CODE)
		return false;
	for (size_t i = 0; i < text.n; i++)
		spaces += text.p[i] == ' ';
	return c->dialect.classes[0] < CLASS_CODE || spaces >= 2 || c->held_count > 0;
}

/* A line that is left out when nothing but such lines follows.  Where the table has rows like it in
 * its midst, it is one of them. */
static bool
is_note(const struct csv *c)
{
	if (c->r->options->csv.footer.set)
		return hold_most(c) > 0;
	if (c->width < 3 || c->count > c->width || full_fields(c, 2) > 1 || !c->dialect.width)
		return false;
	if (c->count < c->width)
		return c->dialect.classes[0] >= CLASS_CODE || is_remark(c);
	if (c->thin_rows)
		return false;
	return full_fields(c, 1) == 0 || (c->fields[0].length > 0 && is_remark(c));
}

static bool
hold(struct csv *c, size_t length, struct err *e)
{
	while (c->held_count >= hold_most(c) ||
	       (c->held_count > 0 && c->held_bytes + length > HELD_BYTES))
		if (!release(c, 1, e))
			return false;
	char *copy = malloc(length);
	if (!copy)
		return FAIL(e, UNAVAILABLE, "there is not enough memory for a row");
	memcpy(copy, c->r->row, length);
	c->held[c->held_count++] = (struct held){c->r->line, copy, length, c->count};
	c->held_bytes += length;
	return tell_repairs(c, e);
}

/* ---- a record ---- */

static bool
take_row(struct csv *c, size_t length, struct err *e)
{
	struct reader *r = c->r;
	if (c->count != c->header && !tell_shape(c, c->count, e))
		return false;
	if ((c->invalid_utf8 || c->nul_byte || c->stray_quote || c->was_repaired || c->quoted) &&
	    !tell_repairs(c, e))
		return false;
	if (is_empty_row((struct str){r->row, length}, c->count) && !tell_empty(c, e))
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
is_comment(const struct csv *c)
{
	const struct str comment = c->dialect.comment, text = rest_of_window(c);
	return comment.n > 0 && text.n >= comment.n && memcmp(text.p, comment.p, comment.n) == 0;
}

/* The labels once more: where files were put together, or another table begins. */
static bool
has_labels_again(struct csv *c)
{
	size_t shared = c->count < c->header ? c->count : c->header;
	if (c->r->no_header || shared < 2 || c->fields[0].length == 0 || c->count > LIMIT_COLUMNS)
		return false;
	struct arena_mark mark = arena_mark(c->r->arena);
	bool same = true;
	for (size_t i = 0; i < shared && same; i++)
		same = str_equal(str_trim(text_of(c, i)), str_trim(c->labels[i]));
	arena_reset(c->r->arena, mark);
	return same;
}

/* Behind a blank line: a row of another length, and one more like it, but none like before. */
static bool
begins_another(struct csv *c, const char *behind)
{
	const struct window *w = &c->r->window;
	struct str rest = {behind, (size_t)(w->bytes + w->end - behind)};
	if (!c->after_blank || c->count == c->width || c->count < 2 || full_fields(c, 2) < 2 ||
	    c->width < 2)
		return false;
	size_t like = 0;
	for (int i = 0; i < 5 && rest.n > 0; i++) {
		struct csv_split split = {
		    .fields = c->repair.split.fields, .max = c->repair.split.max};
		csv_split(&split, &c->syntax, (struct csv_trial){SIZE_MAX, true}, rest);
		if (split.count == c->width || (split.text == 0 && i == 0))
			return false;
		like += split.count == c->count;
		rest.p += split.length;
		rest.n -= split.length;
	}
	return like > 0;
}

static bool
is_irregular(const struct csv *c)
{
	return c->width > 1 && !c->was_repaired && c->in_vain < REPAIRS_IN_VAIN &&
	       (c->count != c->width || c->stray_quote || c->line - c->r->line > 1);
}

static struct at
repair(struct csv *c, struct at at, struct err *e)
{
	struct str text = rest_of_window(c);
	if (text.n > REPAIR_BYTES)
		text.n = REPAIR_BYTES;
	if ((size_t)(at.read - text.p) > text.n)
		return at;
	bool fitted = csv_repair(&c->repair, &c->dialect, c->width, !c->has_header, text);
	if (!fitted) {
		c->in_vain += c->count != c->width;
		return at;
	}
	return take_split(c, text, e);
}

static bool
take_table_row(struct csv *c, struct at at, struct err *e)
{
	size_t length = (size_t)(at.write - c->r->row);
	if (has_labels_again(c)) {
		if (c->count == c->header)
			return skip_record(c, "repeated-header",
			    "the header stands here once more; it was left out", e);
		c->table++;
	} else if (begins_another(c, at.read)) {
		c->table++;
	}
	if (c->table != c->wanted)
		return drop_held(c, e) &&
		       skip_record(c, "other-table",
			   "another table begins here; this line of it was left out", e);
	if (is_note(c))
		return hold(c, length, e);
	return (c->held_count == 0 || release(c, c->held_count, e)) && take_row(c, length, e);
}

/* A line of another table than the one that is read. */
static bool
skip_table_row(struct csv *c, const char *behind, bool *again, struct err *e)
{
	if (c->table < c->wanted && (has_labels_again(c) || begins_another(c, behind)) &&
	    c->count != c->header)
		*again = ++c->table == c->wanted;
	return *again || skip_record(c, "other-table",
			     "the line belongs to another table; it was left out", e);
}

/* *again: what was read begins the table that is read, and is looked at anew. */
static bool
take_record(struct csv *c, struct at at, bool *again, struct err *e)
{
	bool good;
	if (is_blank(c, at.read)) {
		c->after_blank = true;
		return skip_record(c, "blank-row", "the line is blank; it was skipped", e);
	}
	if (c->header_rows > 0) {
		c->header_rows--;
		good = add_labels(c, e);
		if (c->table < c->wanted)
			good = good && skip_table_row(c, at.read, again, e);
		else
			good = good && (c->header_rows > 0 || tell_columns(c, e)) &&
			       tell_repairs(c, e);
	} else if (c->table != c->wanted) {
		good = skip_table_row(c, at.read, again, e);
	} else {
		if (!c->has_header) {
			c->header = c->count < LIMIT_COLUMNS ? c->count : LIMIT_COLUMNS;
			if (c->dialect.width > c->header && c->dialect.width <= LIMIT_COLUMNS)
				c->header = c->dialect.width;
			if (!tell_columns(c, e))
				return false;
		}
		good = take_table_row(c, at, e);
	}
	c->after_blank = false;
	return good;
}

/* ---- the table ---- */

static bool
check_options(const struct csv_options *o, struct err *e)
{
	for (size_t i = 0; i < o->delimiter.n; i++)
		if (o->delimiter.p[i] == '\n' || o->delimiter.p[i] == '\r' ||
		    (o->quote >= 0 && o->delimiter.p[i] == (o->quote ? o->quote : '"')))
			return FAIL_FIELD(e, INPUT, "delimiter",
			    "the delimiter must not hold a quote or a line end");
	return o->delimiter.n <= CSV_DELIMITER_BYTES ||
	       FAIL_FIELD(e, INPUT, "delimiter", "the delimiter must be at most %d bytes long",
		   CSV_DELIMITER_BYTES);
}

/* Looks at the beginning, and takes what was found out for the whole. */
static bool
find_dialect(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	struct window *w = &r->window;
	while (!w->at_end && w->end - w->start < DIALECT_BYTES)
		if (!window_more(r, e))
			return false;
	struct csv_options options = r->options->csv;
	if (c->table > 1)
		options.skip.set = false;
	dialect_find(&c->dialect, &options, rest_of_window(c), w->at_end, r->arena);
	c->header_rows = c->dialect.header_rows;
	c->header = 0;
	c->syntax = c->dialect.syntax;
	c->stop = c->syntax.delimiter.p[0];
	c->is_plain = (c->syntax.quote == '"' || c->syntax.quote == CSV_NONE) &&
		      (c->syntax.escape == '"' || c->syntax.escape == '\\' ||
			  c->syntax.escape == CSV_NONE || c->syntax.escape == CSV_NUL);
	c->width = c->dialect.width;
	r->no_header = c->dialect.header_rows == 0;
	return true;
}

static bool
tell_found(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	struct table_options found = *r->options;
	if (!r->sink->found)
		return true;
	found.format = TABLE_CSV;
	found.csv.delimiter = c->syntax.delimiter;
	found.csv.quote = c->syntax.quote;
	found.csv.escape = c->syntax.escape;
	found.csv.comments_set = true;
	found.csv.comment = c->dialect.comment;
	if (c->wanted == 1)
		found.csv.skip = (struct option_count){true, c->dialect.skip};
	found.csv.header_rows = (struct option_count){true, c->dialect.header_rows};
	return r->sink->found(r->sink->context, &found, e);
}

/* The lines before the header. */
static bool
skip_preamble(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	struct window *w = &r->window;
	for (uint64_t left = c->dialect.skip; left > 0; left--) {
		size_t i = w->start;
		while (i < w->end && w->bytes[i] != '\n' && w->bytes[i] != '\r')
			i++;
		if ((i == w->end || i + 1 == w->end) && !w->at_end) {
			if (!window_more(r, e))
				return false;
			left++;
			continue;
		}
		if (i == w->start && i == w->end)
			return true;
		bool blank = str_trim((struct str){w->bytes + w->start, i - w->start}).n == 0;
		if (!skip_record(c, blank ? "blank-row" : "preamble",
			blank ? "the line is blank; it was skipped"
			      : "the line stands before the table; it was left out",
			e))
			return false;
		if (i < w->end)
			i += w->bytes[i] == '\r' && i + 1 < w->end && w->bytes[i + 1] == '\n' ? 2
											      : 1;
		w->start = i;
		r->line++;
	}
	return true;
}

static bool
begin_table(struct csv *c, struct err *e)
{
	return find_dialect(c, e) && (c->table < c->wanted || tell_found(c, e)) &&
	       skip_preamble(c, e);
}

static bool
read_records(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	struct window *w = &r->window;
	for (;;) {
		bool again = false;
		if (w->start == w->end) {
			if (w->at_end)
				break;
			if (!window_more(r, e))
				return false;
			continue;
		}
		const enum line_end before = c->line_end;
		struct at at = next_record(c, e);
		if (at.read && is_irregular(c) && !is_blank(c, at.read) && !is_comment(c))
			at = repair(c, at, e);
		if (!at.read)
			return false;
		bool good = is_comment(c) ? skip_record(c, "comment",
						"the line is a comment; it was left out", e)
					  : take_record(c, at, &again, e);
		if (!good || !tell_line_end(c, before, e))
			return false;
		if (again) {
			if (!begin_table(c, e))
				return false;
			continue;
		}
		w->start = (size_t)(at.read - w->bytes);
		r->line = c->line;
	}
	/* A header of more rows than the file has. */
	if (c->header > 0 && !c->has_header && c->table == c->wanted && !tell_columns(c, e))
		return false;
	if (c->has_header)
		return true;
	return c->wanted > 1
		   ? FAIL_FIELD(e, INPUT, "table", "the file has no table %s: choose another one",
			 thousands(c->wanted).text)
		   : FAIL(e, INPUT, "the file is empty");
}

static void
release_memory(void *p)
{
	struct csv *c = p;
	for (size_t i = 0; i < c->held_count; i++)
		free(c->held[i].cells);
	c->held_count = 0;
}

bool
csv_read(struct reader *r, struct err *e)
{
	const struct csv_options *o = &r->options->csv;
	if (!check_options(o, e))
		return false;
	struct csv *c = arena_alloc(r->arena, sizeof *c);
	c->r = r;
	c->table = 1;
	c->wanted = o->table.set ? o->table.count : 1;
	c->fields = arena_array(r->arena, LIMIT_COLUMNS + 1, sizeof *c->fields);
	c->labels = arena_array(r->arena, LIMIT_COLUMNS, sizeof *c->labels);
	c->held = arena_array(r->arena, HELD_MOST * 20 + 1, sizeof *c->held);
	c->repair.split.max = LIMIT_COLUMNS + 2;
	c->repair.split.fields =
	    arena_array(r->arena, c->repair.split.max, sizeof *c->repair.split.fields);
	arena_defer(r->arena, release_memory, c);
	bool good = begin_table(c, e) && read_records(c, e) && drop_held(c, e);
	release_memory(c);
	return good;
}
