/*
 * export_csv.c: CSV and TSV; what they are, export.h says.
 *
 * A stored text without a backslash can hold no quote, no line end and no tab, so as a field it is
 * copied 16 bytes at a time while delimiters are looked for; that is nearly every cell.
 */
#include "formats/export_writer.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Copies n bytes and says whether the delimiter is among them.  Stores up to 15 bytes more; reads
 * no byte at or behind `limit`. */
static inline bool
copy_finding(char *out, const char *p, size_t n, const char *limit, char delimiter)
{
#ifdef __SSE2__
	const __m128i wanted = _mm_set1_epi8(delimiter);
	unsigned found = 0;
	while (n > 0 && limit - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		_mm_storeu_si128((__m128i *)(void *)out, v);
		unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, wanted));
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
	return found != 0 || memchr(p, delimiter, n) != NULL;
#else
	(void)limit;
	memcpy(out, p, n);
	return n > 0 && memchr(p, delimiter, n) != NULL;
#endif
}

/* n bytes of text, its quotes twice. */
static size_t
put_doubled(char *out, const char *p, size_t n)
{
	size_t o = 0;
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
	return o;
}

static bool
must_quote(struct str s, char delimiter)
{
	if (s.n == 0)
		return true;
	/* Space at the ends is kept by every reader only inside quotes, and a byte order mark would
	 * be taken off the first line. */
	if ((unsigned char)s.p[0] <= ' ' || (unsigned char)s.p[s.n - 1] <= ' ' ||
	    str_starts(s, "\xef\xbb\xbf"))
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '"' || s.p[i] == delimiter || s.p[i] == '\n' || s.p[i] == '\r')
			return true;
	return false;
}

/* Any text as a field; `out` has room for 2 + 2 * n. */
static size_t
put_field(char *out, struct str s, char delimiter)
{
	if (must_quote(s, delimiter)) {
		size_t o = 0;
		out[o++] = '"';
		o += put_doubled(out + o, s.p, s.n);
		out[o++] = '"';
		return o;
	}
	memcpy(out, s.p, s.n);
	return s.n;
}

/* A text with escapes.  Its plain form is made behind the place of the field, which needs no more
 * than 2 + 2 * (n - 1) bytes, as at least one escape is undone. */
static size_t
put_escaped_field(char *out, struct str s, char delimiter)
{
	char *plain = out + 2 * s.n;
	return put_field(out, (struct str){plain, cells_unescape(plain, s)}, delimiter);
}

static inline size_t
put_text(char *out, const struct cell *c, const char *limit, char delimiter)
{
	struct str s = c->bytes;
	if (c->escaped)
		return put_escaped_field(out, s, delimiter);
	if (s.n == 0) {
		memcpy(out, "\"\"", 2);
		return 2;
	}
	bool quotes = copy_finding(out, s.p, s.n, limit, delimiter) ||
		      (unsigned char)s.p[0] <= ' ' || (unsigned char)s.p[s.n - 1] <= ' ';
	if (!quotes)
		return s.n;
	out[0] = '"';
	copy_finding(out + 1, s.p, s.n, limit, delimiter);
	out[s.n + 1] = '"';
	return s.n + 2;
}

/* ---- safe for spreadsheets ---- */

/* What makes a spreadsheet calculate (OWASP, "CSV Injection"). */
static bool
begins_formula(struct str s)
{
	return s.n > 0 && memchr("=+-@\t\r\n", s.p[0], 7) != NULL;
}

/* As put_field(), with an apostrophe before the text. */
static size_t
put_tamed(char *out, struct str s)
{
	size_t o = 2;
	memcpy(out, "\"'", 2);
	o += put_doubled(out + o, s.p, s.n);
	out[o++] = '"';
	return o;
}

/* As put_text(); `out` has room for 12 + 3 * n.  The plain form lies behind the longest field,
 * which is 3 + 2 * n bytes. */
static size_t
put_safe_text(struct export_writer *w, size_t i, char *out, const struct cell *c, char delimiter)
{
	char *plain = out + 3 + 2 * c->bytes.n;
	enum column_type type = w->columns[i].type;
	struct str s = c->bytes;
	if (c->escaped)
		s = (struct str){plain, cells_unescape(plain, s)};
	bool is_number =
	    (type == COLUMN_INTEGER || type == COLUMN_NUMBER) && !c->escaped && cells_is_number(s);
	if (is_number || !begins_formula(s))
		return put_field(out, s, delimiter);
	w->told[i]++;
	return put_tamed(out, s);
}

/* ---- lines ---- */

/* A cell as a field; `out` has room for 12 + 3 * n and the slack. */
static inline size_t
put_cell(
    struct export_writer *w, size_t i, char *out, const struct cell *c, bool safe, char delimiter)
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
		return put_field(out, s, delimiter);
	case CELL_TEXT:
		break;
	}
	return safe ? put_safe_text(w, i, out, c, delimiter)
		    : put_text(out, c, w->limit, delimiter);
}

static inline char
delimiter_of(const struct export_writer *w)
{
	return w->options.format == EXPORT_TSV ? '\t' : ',';
}

static bool
begin(struct export_writer *w, struct err *e)
{
	if (w->options.safe && !export_put(w, "\xef\xbb\xbf", 3, e))
		return false;
	for (size_t i = 0; i < w->count && !w->options.no_header; i++) {
		struct str name = w->columns[i].name;
		if (!export_room(w, 2 * name.n + 6, e))
			return false;
		char *out = w->out.p + w->out.n;
		*out = delimiter_of(w);
		out += i > 0;
		out += w->options.safe && begins_formula(name)
			   ? put_tamed(out, name)
			   : put_field(out, name, delimiter_of(w));
		w->out.n = (size_t)(out - w->out.p);
	}
	return w->options.no_header ||
	       (w->options.safe ? export_put(w, "\r\n", 2, e) : export_put(w, "\n", 1, e));
}

/* Inline, so that plain CSV, which most exports are, is compiled for itself. */
static inline __attribute__((always_inline)) bool
put_row(struct export_writer *w, bool safe, char delimiter, struct err *e)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct cell *c = export_cell(w, i);
		if (!export_room(w, 3 * c->bytes.n + 13, e))
			return false;
		char *p = w->out.p + w->out.n;
		*p = delimiter;
		p += i > 0;
		p += put_cell(w, i, p, c, safe, delimiter);
		w->out.n = (size_t)(p - w->out.p);
	}
	if (!export_room(w, 4, e))
		return false;
	/* An empty line would read back as no row at all. */
	if (w->count == 1 && export_cell(w, 0)->kind <= CELL_NULL)
		bytes_put(&w->out, "\"\"", 2);
	if (safe)
		w->out.p[w->out.n++] = '\r';
	w->out.p[w->out.n++] = '\n';
	return true;
}

static bool
row(struct export_writer *w, struct err *e)
{
	if (!w->options.safe && w->options.format == EXPORT_CSV)
		return put_row(w, false, ',', e);
	return put_row(w, w->options.safe, delimiter_of(w), e);
}

const struct export_functions export_csv = {
    .begin = begin,
    .row = row,
    .told = "an apostrophe stands before what a spreadsheet would take for a formula",
};
