/*
 * multipart.c: see multipart.h.
 *
 * Only the search for the next boundary sees every byte, so only that is written for speed: 16
 * places at once are asked whether the needle's first and last byte stand there (SSE2 is part of
 * every x86-64).  Everything else looks at a few hundred bytes a part.
 *
 * The line end behind the first boundary decides which line end belongs to every later boundary
 * and not to the content before it: CRLF by the RFC, LF for the few clients that send only that.
 */
#include "http/multipart.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "http/url.h"

#include <assert.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define WINDOW MIB(8) /* searched in one go */

struct splitter {
	const char *body, *end;
	const char *at;                        /* what was not looked at yet */
	char needle[4 + LIMIT_BOUNDARY_BYTES]; /* line end, two hyphens, boundary */
	size_t needle_bytes, line_end_bytes;
	multipart_passed_fn *passed; /* or NULL */
	struct arena *arena;
	struct err *e;
	size_t number; /* of the part, from 1, for messages */
};

enum delimiter { DELIMITER_NONE, DELIMITER_NEXT, DELIMITER_LAST };

/* The first place where the m bytes of the needle stand, or NULL. */
static const char *
find(const char *p, const char *end, const char *needle, size_t m)
{
	if (end - p < (ptrdiff_t)m)
		return NULL;
	const char *last = end - m; /* where the needle can begin at the latest */
#ifdef __SSE2__
	const __m128i head = _mm_set1_epi8(needle[0]), tail = _mm_set1_epi8(needle[m - 1]);
	while (last - p >= 15) {
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + m - 1));
		__m128i both = _mm_and_si128(_mm_cmpeq_epi8(a, head), _mm_cmpeq_epi8(b, tail));
		for (unsigned mask = (unsigned)_mm_movemask_epi8(both); mask; mask &= mask - 1) {
			const char *place = p + __builtin_ctz(mask);
			if (memcmp(place, needle, m) == 0)
				return place;
		}
		p += 16;
	}
#endif
	while (p <= last) {
		p = memchr(p, needle[0], (size_t)(last - p) + 1);
		if (!p || memcmp(p, needle, m) == 0)
			return p;
		p++;
	}
	return NULL;
}

/* What kind of delimiter "--boundary" is, told by what stands behind it at p.  A longer word is
 * none: it belongs to the content.  *next is where the headers begin. */
static enum delimiter
delimiter_kind(const char *p, const char *end, const char **next)
{
	bool closing = end - p >= 2 && p[0] == '-' && p[1] == '-';
	if (closing)
		p += 2;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (closing)
		return p == end || *p == '\r' || *p == '\n' ? DELIMITER_LAST : DELIMITER_NONE;
	if (p < end && *p == '\r')
		p++;
	if (p == end || *p != '\n')
		return DELIMITER_NONE;
	*next = p + 1;
	return DELIMITER_NEXT;
}

/* The next delimiter at or behind `from`; NULL when the body ends without one. */
static const char *
next_delimiter(struct splitter *s, const char *from, enum delimiter *kind)
{
	for (;;) {
		const char *stop = (size_t)(s->end - from) > WINDOW ? from + WINDOW : s->end;
		const char *found = find(from, stop, s->needle, s->needle_bytes);
		if (found) {
			*kind = delimiter_kind(found + s->needle_bytes, s->end, &s->at);
			if (*kind != DELIMITER_NONE)
				return found;
			from = found + 1;
			continue;
		}
		if (stop == s->end)
			return NULL;
		if (s->passed)
			s->passed(from, (size_t)(stop - from));
		/* The needle may have begun in this window. */
		from = stop - (s->needle_bytes - 1);
	}
}

/* Finds the first boundary, at the start or behind a preamble, and what its line ends in. */
static bool
open_body(struct splitter *s, struct str boundary)
{
	enum delimiter kind = DELIMITER_NONE;
	s->needle[0] = '\n';
	s->needle[1] = s->needle[2] = '-';
	memcpy(s->needle + 3, boundary.p, boundary.n);
	s->needle_bytes = 3 + boundary.n;
	size_t bare = s->needle_bytes - 1;
	if ((size_t)(s->end - s->body) >= bare && memcmp(s->body, s->needle + 1, bare) == 0)
		kind = delimiter_kind(s->body + bare, s->end, &s->at);
	if (kind == DELIMITER_NONE && !next_delimiter(s, s->body, &kind))
		return FAIL(s->e, INPUT,
		    "the body is no form: the boundary of its Content-Type is not in it");
	if (kind == DELIMITER_LAST)
		return FAIL(s->e, INPUT, "the form has no part");
	s->line_end_bytes = 1;
	if (s->at - s->body >= 2 && s->at[-2] == '\r') {
		memmove(s->needle + 2, s->needle + 1, bare);
		s->needle[0] = '\r';
		s->needle[1] = '\n';
		s->needle_bytes++;
		s->line_end_bytes = 2;
	}
	return true;
}

/* Cuts the header lines off; *headers is a copy with folded lines made one. */
static bool
take_headers(struct splitter *s, struct str *headers)
{
	const char *start = s->at, *line = start;
	size_t room = (size_t)(s->end - start);
	bool limited = room > LIMIT_PART_HEADER_BYTES;
	const char *stop = limited ? start + LIMIT_PART_HEADER_BYTES : s->end;
	for (;;) {
		const char *lf = memchr(line, '\n', (size_t)(stop - line));
		if (!lf && limited)
			return FAIL(s->e, TOO_BIG, "the headers of part %zu are over %d bytes",
			    s->number, (int)LIMIT_PART_HEADER_BYTES);
		if (!lf)
			return FAIL(
			    s->e, INPUT, "the body ends inside the headers of part %zu", s->number);
		s->at = lf + 1;
		if (lf == line || (lf == line + 1 && *line == '\r'))
			break;
		line = s->at;
	}
	struct str raw = {start, (size_t)(line - start)};
	char *text = arena_text(s->arena, raw);
	for (size_t i = 0; i + 1 < raw.n; i++) {
		if (text[i] != '\n' || (text[i + 1] != ' ' && text[i + 1] != '\t'))
			continue;
		text[i] = ' ';
		if (i > 0 && text[i - 1] == '\r')
			text[i - 1] = ' ';
	}
	*headers = (struct str){text, raw.n};
	return true;
}

static struct str
from_latin1(struct str s, struct arena *a)
{
	char *out = arena_array(a, s.n, 2);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += utf8_put(out + n, (unsigned char)s.p[i]);
	return (struct str){out, n};
}

/* Text as valid UTF-8: other bytes come from clients that send ISO 8859-1. */
static struct str
as_utf8(struct str s, struct arena *a)
{
	return utf8_valid(s.p, s.n) == s.n ? s : from_latin1(s, a);
}

static bool
is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c))
			return false;
	}
	return s.n > 0;
}

/* The value behind a quote: \" and \\ are escapes, any other backslash is one (paths of old
 * browsers), %22 is how browsers write a quote.  False: the closing quote is missing. */
static bool
take_quoted(struct str *rest, struct str *value, struct arena *a)
{
	char *out = arena_alloc(a, rest->n + 1);
	size_t n = 0, i = 0;
	while (i < rest->n && rest->p[i] != '"') {
		char c = rest->p[i++];
		if (c == '\\' && i < rest->n && (rest->p[i] == '"' || rest->p[i] == '\\')) {
			c = rest->p[i++];
		} else if (c == '%' && rest->n - i >= 2 && memcmp(rest->p + i, "22", 2) == 0) {
			c = '"';
			i += 2;
		}
		out[n++] = c;
	}
	if (i == rest->n)
		return false;
	*value = (struct str){out, n};
	*rest = str_trim((struct str){rest->p + i + 1, rest->n - i - 1});
	return rest->n == 0 || rest->p[0] == ';';
}

enum took { TOOK_NONE, TOOK_ONE, TOOK_BAD };

/* The next `; name=value` of a header. */
static enum took
take_parameter(struct str *rest, struct str *name, struct str *value, struct arena *a)
{
	do {
		*rest = str_trim(*rest);
		if (rest->n == 0)
			return TOOK_NONE;
		if (rest->p[0] != ';')
			return TOOK_BAD;
		*rest = str_trim((struct str){rest->p + 1, rest->n - 1});
	} while (rest->n > 0 && rest->p[0] == ';');
	if (rest->n == 0)
		return TOOK_NONE;
	const char *equals = memchr(rest->p, '=', rest->n);
	if (!equals)
		return TOOK_BAD;
	*name = str_trim((struct str){rest->p, (size_t)(equals - rest->p)});
	*rest = str_trim((struct str){equals + 1, rest->n - (size_t)(equals + 1 - rest->p)});
	if (!is_token(*name))
		return TOOK_BAD;
	if (rest->n > 0 && rest->p[0] == '"') {
		*rest = (struct str){rest->p + 1, rest->n - 1};
		return take_quoted(rest, value, a) ? TOOK_ONE : TOOK_BAD;
	}
	const char *semicolon = rest->n ? memchr(rest->p, ';', rest->n) : NULL;
	size_t n = semicolon ? (size_t)(semicolon - rest->p) : rest->n;
	*value = str_trim((struct str){rest->p, n});
	*rest = (struct str){n ? rest->p + n : rest->p, rest->n - n};
	return TOOK_ONE;
}

/* The text of filename*=charset'language'percent-encoded (RFC 5987); false: not to be used. */
static bool
extended_value(struct str *out, struct str raw, struct arena *a)
{
	const char *first = raw.n ? memchr(raw.p, '\'', raw.n) : NULL;
	const char *second =
	    first ? memchr(first + 1, '\'', raw.n - (size_t)(first + 1 - raw.p)) : NULL;
	if (!second)
		return false;
	struct str charset = {raw.p, (size_t)(first - raw.p)};
	bool utf8 = str_equal_nocase(charset, STR("utf-8"));
	if (!utf8 && !str_equal_nocase(charset, STR("iso-8859-1")))
		return false;
	struct str text = {second + 1, raw.n - (size_t)(second + 1 - raw.p)};
	if (!url_decode(out, text, false, a))
		return false;
	if (!utf8)
		*out = from_latin1(*out, a);
	return utf8_valid(out->p, out->n) == out->n;
}

/* What stands behind the last slash of either kind, without control characters. */
static struct str
last_component(struct str path, struct arena *a)
{
	size_t start = path.n;
	while (start > 0 && path.p[start - 1] != '/' && path.p[start - 1] != '\\')
		start--;
	struct str name = {path.p + start, path.n - start};
	if (name.n == 0 || str_is(name, ".") || str_is(name, ".."))
		return STR("");
	char *text = arena_text(a, name);
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '_';
	return (struct str){text, name.n};
}

static bool
read_disposition(struct splitter *s, struct multipart_part *part, struct str value)
{
	const char *semicolon = value.n ? memchr(value.p, ';', value.n) : NULL;
	size_t skip = semicolon ? (size_t)(semicolon - value.p) : value.n;
	struct str rest = {value.p + skip, value.n - skip};
	struct str name, text, plain = {0}, extended = {0}, field = {0};
	enum took took;
	while ((took = take_parameter(&rest, &name, &text, s->arena)) == TOOK_ONE) {
		struct str *into = NULL;
		if (str_equal_nocase(name, STR("name")))
			into = &field;
		else if (str_equal_nocase(name, STR("filename")))
			into = &plain;
		else if (str_equal_nocase(name, STR("filename*")))
			into = &extended;
		if (into && into->p)
			return FAIL(
			    s->e, INPUT, "part %zu says its %.*s twice", s->number, STR_ARG(name));
		if (into)
			*into = (struct str){text.p ? text.p : "", text.n};
	}
	if (took == TOOK_BAD)
		return FAIL(
		    s->e, INPUT, "part %zu has a bad Content-Disposition header", s->number);
	if (field.p)
		part->name = as_utf8(field, s->arena);
	part->is_file = plain.p || extended.p;
	struct str file;
	if (extended.p && extended_value(&file, extended, s->arena))
		part->file_name = last_component(file, s->arena);
	else if (plain.p)
		part->file_name = last_component(as_utf8(plain, s->arena), s->arena);
	return true;
}

/* One header line; the lines that say nothing of use are checked and left. */
static bool
read_header(struct splitter *s, struct multipart_part *part, struct str line, unsigned *seen)
{
	static const char *const known[] = {
	    "content-disposition", "content-type", "content-transfer-encoding"};
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return FAIL(
			    s->e, INPUT, "a header of part %zu has a control character", s->number);
	}
	const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
	struct str name = {line.p, colon ? (size_t)(colon - line.p) : 0};
	if (!is_token(name))
		return FAIL(s->e, INPUT, "part %zu has a header line without a name", s->number);
	struct str value = str_trim((struct str){colon + 1, line.n - name.n - 1});
	size_t which = 0;
	while (which < ARRAY_LENGTH(known) && !str_equal_nocase(name, str_of(known[which])))
		which++;
	if (which == ARRAY_LENGTH(known))
		return true;
	if (*seen & 1u << which)
		return FAIL(s->e, INPUT, "part %zu has two %s headers", s->number, known[which]);
	*seen |= 1u << which;
	if (which == 0)
		return read_disposition(s, part, value);
	if (which == 1)
		part->content_type = as_utf8(value, s->arena);
	else if (!str_equal_nocase(value, STR("binary")) && !str_equal_nocase(value, STR("8bit")) &&
		 !str_equal_nocase(value, STR("7bit")) && value.n > 0)
		return FAIL(s->e, INPUT,
		    "part %zu is encoded as %.*s; the bytes must be sent as they are", s->number,
		    STR_ARG(str_clip(as_utf8(value, s->arena), 40)));
	return true;
}

static bool
read_headers(struct splitter *s, struct multipart_part *part)
{
	struct str headers;
	unsigned seen = 0;
	*part =
	    (struct multipart_part){.name = STR(""), .file_name = STR(""), .content_type = STR("")};
	if (!take_headers(s, &headers))
		return false;
	while (headers.n > 0) {
		const char *lf = memchr(headers.p, '\n', headers.n);
		size_t n = lf ? (size_t)(lf - headers.p) : headers.n;
		struct str line = {headers.p, n > 0 && headers.p[n - 1] == '\r' ? n - 1 : n};
		if (!read_header(s, part, line, &seen))
			return false;
		n += lf != NULL;
		headers = (struct str){headers.p + n, headers.n - n};
	}
	struct str type = part->content_type;
	const char *semicolon = type.n ? memchr(type.p, ';', type.n) : NULL;
	if (semicolon)
		type.n = (size_t)(semicolon - type.p);
	type = str_trim(type);
	if (type.n > 0 && !str_equal_nocase(type, STR("text/plain")))
		part->is_file = true;
	return true;
}

/* One part from its headers to its boundary. */
static bool
read_part(struct splitter *s, struct multipart_part *part, enum delimiter *kind)
{
	if (!read_headers(s, part))
		return false;
	/* A part without content may end right at the empty line, whose line end is then the
	 * boundary's (RFC 2046 section 5.1.1). */
	const char *content = s->at;
	const char *stop = next_delimiter(s, content - s->line_end_bytes, kind);
	if (!stop)
		return FAIL(s->e, INPUT,
		    "the body ends inside part %zu%s%.*s%s: its closing boundary is missing",
		    s->number, part->name.n ? " (" : "", STR_ARG(str_clip(part->name, 100)),
		    part->name.n ? ")" : "");
	part->offset = (uint64_t)(content - s->body);
	part->length = stop > content ? (uint64_t)(stop - content) : 0;
	return true;
}

bool
multipart_split(struct multipart *out, const char *body, size_t n, struct str boundary,
    struct arena *a, struct err *e)
{
	return multipart_split_mapped(out, body, n, boundary, NULL, a, e);
}

bool
multipart_split_mapped(struct multipart *out, const char *body, size_t n, struct str boundary,
    multipart_passed_fn *passed, struct arena *a, struct err *e)
{
	struct splitter s = {.body = body ? body : "",
	    .end = body ? body + n : "",
	    .passed = passed,
	    .arena = a,
	    .e = e};
	size_t room = 16, fields = 0, files = 0;
	enum delimiter kind = DELIMITER_NEXT;
	assert(boundary.n > 0 && boundary.n <= LIMIT_BOUNDARY_BYTES);
	*out = (struct multipart){.parts = arena_array(a, room, sizeof *out->parts)};
	if (!open_body(&s, boundary))
		return false;
	while (kind == DELIMITER_NEXT) {
		if (out->count == room) {
			struct multipart_part *more = arena_array(a, room *= 2, sizeof *more);
			memcpy(more, out->parts, out->count * sizeof *more);
			out->parts = more;
		}
		s.number = out->count + 1;
		struct multipart_part *part = &out->parts[out->count];
		if (!read_part(&s, part, &kind))
			return false;
		out->count++;
		if (part->is_file && ++files > LIMIT_FORM_FILES)
			return FAIL(e, TOO_BIG, "the form has over %d files", LIMIT_FORM_FILES);
		if (!part->is_file && ++fields > LIMIT_FORM_FIELDS)
			return FAIL(e, TOO_BIG, "the form has over %d fields", LIMIT_FORM_FIELDS);
	}
	return true;
}

static bool
is_boundary(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool alphanumeric =
		    (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		if (!alphanumeric && (c == 0 || !strchr("'()+_,-./:=? ", c)))
			return false;
	}
	return s.n > 0 && s.p[s.n - 1] != ' ';
}

bool
multipart_boundary(struct str *out, struct str content_type, struct arena *a, struct err *e)
{
	struct str type = str_trim(content_type), name, value, found = {0};
	const char *semicolon = type.n ? memchr(type.p, ';', type.n) : NULL;
	size_t skip = semicolon ? (size_t)(semicolon - type.p) : type.n;
	if (!str_equal_nocase(str_trim((struct str){type.p, skip}), STR("multipart/form-data")))
		return FAIL(e, INPUT, "the body must be multipart/form-data");
	struct str rest = {type.p + skip, type.n - skip};
	enum took took;
	while ((took = take_parameter(&rest, &name, &value, a)) == TOOK_ONE) {
		if (!str_equal_nocase(name, STR("boundary")))
			continue;
		if (found.p)
			return FAIL(e, INPUT, "the Content-Type has two boundaries");
		found = (struct str){value.p ? value.p : "", value.n};
	}
	if (took == TOOK_BAD)
		return FAIL(e, INPUT, "the Content-Type of the form is not well-formed");
	if (!found.p || found.n == 0)
		return FAIL(e, INPUT, "the Content-Type of the form has no boundary");
	if (found.n > LIMIT_BOUNDARY_BYTES)
		return FAIL(
		    e, INPUT, "the boundary of the form is over %d bytes", LIMIT_BOUNDARY_BYTES);
	if (!is_boundary(found))
		return FAIL(
		    e, INPUT, "the boundary of the form has a character that is not allowed");
	*out = arena_copy(a, found);
	return true;
}
