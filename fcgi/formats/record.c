/*
 * record.c: see record.h.
 *
 * A record is read from the window and written as a cells array in one pass: 16 bytes are copied
 * before it is known how many of them are plain text, then the first byte that is not is looked at
 * (a delimiter, a line end, a quote, or what JSON must escape).  The invariant that makes this
 * safe is ROW_SLACK.  When the window ends inside the record, all of it is read again with
 * more in the window; so nothing outside the row may change before the record is complete.
 */
#include "formats/record.h"
#include "base/cells.h"
#include "base/utf8.h"
#include "formats/repair.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Equal to no char. */
#define NO_BYTE 256

static const struct at stopped = {NULL, NULL};

/* Copies up to the first byte that is no plain text, or is the stop or the escape. */
static inline struct at
copy_plain(struct at at, char stop, char escape)
{
#ifdef __SSE2__
	const __m128i space = _mm_set1_epi8(' '), stops = _mm_set1_epi8(stop);
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
	const __m128i escapes = _mm_set1_epi8(escape);
	for (;;) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)at.read);
		_mm_storeu_si128((__m128i *)(void *)at.write, v);
		/* Signed: control bytes and those over 0x7f are both less than a space. */
		__m128i special =
		    _mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(v, space), _mm_cmpeq_epi8(v, stops)),
			_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
		special = _mm_or_si128(special, _mm_cmpeq_epi8(v, escapes));
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
		if (c < ' ' || c > 0x7f || c == '"' || c == '\\' || *at.read == stop ||
		    *at.read == escape)
			return at;
		*at.write++ = *at.read++;
	}
#endif
}

/* A quote that is open for so long was not meant to be one, perhaps; see repair.h. */
static void
cell_too_long(struct record *c, struct err *e)
{
	c->unclosed = c->quote_line > 0;
	if (!c->unclosed)
		(void)FAIL_AT(e, c->r->line, TOO_BIG,
		    "a cell is longer than 16 MiB, which is the limit for one cell");
}

/* A stored cell has its quotes and escapes counted. */
static bool
cell_fits(const struct record *c, struct at at)
{
	return (size_t)(at.write - c->r->row) - c->field->start + 2 <= LIMIT_CELL_BYTES;
}

static struct at
window_ended(struct record *c, struct at at, struct err *e)
{
	if (cell_fits(c, at))
		c->more = true;
	else
		cell_too_long(c, e);
	return stopped;
}

static inline bool
has_room(const struct record *c, struct at at)
{
	return c->row_limit - at.write >= c->end - at.read + ROW_SLACK;
}

static struct at
grow(struct record *c, struct at at, struct err *e)
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

static inline bool
at_delimiter(const struct record *c, const char *p)
{
	return *p == c->stop &&
	       (c->delimiter_bytes == 1 || ((size_t)(c->end - p) >= c->delimiter_bytes &&
					       memcmp(p, c->delimiter, c->delimiter_bytes) == 0));
}

/* What is there may be the beginning of a delimiter of several bytes. */
static inline bool
is_cut_short(const struct record *c, const char *p)
{
	return c->delimiter_bytes > 1 && (size_t)(c->end - p) < c->delimiter_bytes &&
	       !c->r->window.at_end;
}

/* A run of bytes over 0x7f: valid characters are copied, every other byte is replaced. */
static struct at
copy_characters(struct record *c, struct at at, struct err *e)
{
	const char *end = at.read;
	while ((unsigned char)*end > 0x7f && (end == at.read || !at_delimiter(c, end)))
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

/* Any byte, among them those that JSON escapes and that are not ASCII. */
static struct at
copy_special(struct record *c, struct at at, struct err *e)
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

/* The escape, which takes the meaning of some bytes and is text before all others. */
static struct at
copy_escape(struct record *c, struct at at, struct err *e)
{
	if (at.read + 1 >= c->end && !c->r->window.at_end)
		return window_ended(c, at, e);
	if (at.read + 1 < c->end &&
	    (at.read[1] == c->quote || at.read[1] == c->escape || at.read[1] == c->stop))
		at.read++;
	return copy_special(c, at, e);
}

/* Behind a closing quote something else should stand. */
static struct at
close_quote(struct record *c, struct at at, struct err *e)
{
	at.read++;
	if (is_cut_short(c, at.read))
		return window_ended(c, at, e);
	c->quote_line = 0;
	if (!at_delimiter(c, at.read) && *at.read != '\n' && *at.read != '\r' && at.read != c->end)
		c->stray_quote = true;
	return at;
}

/* From the opening quote to behind the closing one. */
static struct at
copy_quoted(struct record *c, struct at at, struct err *e)
{
	const char quote = (char)c->quote, escape = c->escapes ? c->escape : quote;
	c->quoted = true;
	c->quote_line = c->line;
	at.read++;
	for (;;) {
		at = copy_plain(at, quote, escape);
		if (*at.read == quote) {
			if (at.read + 1 == c->end && !c->r->window.at_end)
				return window_ended(c, at, e);
			if (!c->doubled || at.read[1] != quote)
				return close_quote(c, at, e);
			at.read++;
		} else if (at.read == c->end) {
			if (!c->r->window.at_end)
				return window_ended(c, at, e);
			c->unclosed = true;
			return stopped;
		} else if (c->escapes && *at.read == escape) {
			at = copy_escape(c, at, e);
			if (!at.read)
				return at;
			continue;
		}
		at = copy_special(c, at, e);
		if (!at.read)
			return at;
	}
}

/* The rest of a field, up to the delimiter, line end or end of the window behind it. */
static inline struct at
copy_unquoted(struct record *c, struct at at, char stop, struct err *e)
{
	for (;;) {
		at = copy_plain(at, stop, c->escape);
		char byte = *at.read;
		if (byte == '\n' || byte == '\r')
			return at;
		if (byte == stop) {
			if (is_cut_short(c, at.read))
				return window_ended(c, at, e);
			if (at_delimiter(c, at.read))
				return at;
		} else if (at.read == c->end) {
			return c->r->window.at_end ? at : window_ended(c, at, e);
		}
		at = c->escapes && byte == c->escape ? copy_escape(c, at, e)
						     : copy_special(c, at, e);
		if (!at.read)
			return at;
	}
}

/* Steps over the line end; a CR at the window's end may be half of one. */
static struct at
skip_line_end(struct record *c, struct at at, struct err *e)
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
copy_record(struct record *c, struct err *e)
{
	struct reader *r = c->r;
	const char stop = c->stop;
	struct at at = {r->window.bytes + r->window.start, r->row};
	size_t count = 0;
	*at.write++ = '[';
	for (;;) {
		*at.write++ = '"';
		struct field *f = &c->fields[count < LIMIT_COLUMNS ? count : LIMIT_COLUMNS];
		c->field = f;
		f->start = (uint32_t)(at.write - r->row);
		f->extra = 0;
		if (*at.read == c->quote && at.read < c->end)
			at = copy_quoted(c, at, e);
		if (at.read)
			at = copy_unquoted(c, at, stop, e);
		if (!at.read)
			return at;
		if (!cell_fits(c, at)) {
			cell_too_long(c, e);
			return stopped;
		}
		f->length = (uint32_t)((size_t)(at.write - r->row) - f->start);
		count++;
		*at.write++ = '"';
		if (*at.read != stop)
			break;
		*at.write++ = ',';
		at.read += c->delimiter_bytes;
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

void
record_forget(struct record *c)
{
	struct window *w = &c->r->window;
	c->line = c->r->line;
	c->quote_line = 0;
	c->quoted = c->invalid_utf8 = c->nul_byte = c->stray_quote = c->open_quote = false;
	c->more = c->unclosed = false;
	c->end = w->bytes + w->end;
	c->field = c->fields;
	*c->field = (struct field){0};
}

struct at
record_next(struct record *c, struct err *e)
{
	struct reader *r = c->r;
	for (;;) {
		struct window *w = &r->window;
		record_forget(c);
		if (!row_room(r, w->end - w->start + ROW_SLACK, e))
			return stopped;
		c->row_limit = r->row + r->row_capacity;
		struct at at = copy_record(c, e);
		if (c->unclosed || (at.read && c->stray_quote)) {
			at = record_repair(c, at, e);
			if (at.read || !c->more || !window_more(r, e))
				return at;
			continue;
		}
		if (at.read && (size_t)(at.write - r->row) > LIMIT_RECORD_BYTES) {
			(void)FAIL_AT(e, r->line, TOO_BIG,
			    "the row is longer than 64 MiB, which is the limit for one row");
			return stopped;
		}
		if (at.read || !c->more || !window_more(r, e))
			return at;
	}
}

void
record_init(struct record *c, struct reader *r, const struct csv_options *options, size_t width)
{
	*c = (struct record){.r = r, .options = options, .width = width};
	c->delimiter = options->delimiter.p;
	c->delimiter_bytes = options->delimiter.n;
	c->stop = c->delimiter[0];
	c->quote = options->quote == CSV_NONE ? NO_BYTE : options->quote;
	c->doubled = options->escape == options->quote;
	c->escapes = options->escape != CSV_NONE && !c->doubled;
	c->escape = c->escapes ? (char)options->escape : c->stop;
	c->fields = arena_array(r->arena, LIMIT_COLUMNS + 1, sizeof *c->fields);
	c->cells = arena_array(r->arena, LIMIT_COLUMNS + 1, sizeof *c->cells);
}
