/* url.c: see url.h. */
#include "http/url.h"
#include "base/limits.h"
#include "base/utf8.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
url_decode(struct str *out, struct str s, bool plus_is_space, struct arena *a)
{
	char *text = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '%') {
			int high = s.n - i > 2 ? hex_digit(s.p[i + 1]) : -1;
			int low = s.n - i > 2 ? hex_digit(s.p[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		text[n++] = c;
	}
	*out = (struct str){text, n};
	return true;
}

/* The next segment of a decoded path and the slash behind it are cut off `rest`. */
static struct str
take_segment(struct str *rest)
{
	const char *slash = rest->n ? memchr(rest->p, '/', rest->n) : NULL;
	size_t n = slash ? (size_t)(slash - rest->p) : rest->n;
	struct str segment = {rest->p, n};
	n += slash != NULL;
	*rest = (struct str){rest->p + n, rest->n - n};
	return segment;
}

bool
url_decode_path(struct str *out, struct str path, struct arena *a, struct err *e)
{
	if (path.n > LIMIT_URL_BYTES)
		return FAIL(e, TOO_BIG, "the address is over %d bytes", (int)LIMIT_URL_BYTES);
	if (path.n == 0 || path.p[0] != '/')
		return FAIL(e, INPUT, "the path of the address must begin with /");
	struct str text;
	if (!url_decode(&text, path, false, a))
		return FAIL(e, INPUT, "the path of the address has a %% without two hex digits");
	size_t slashes = 0;
	for (size_t i = 0; i < path.n; i++)
		slashes += path.p[i] == '/';
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < ' ' || c == 0x7f)
			return FAIL(e, INPUT, "the path of the address has a control character");
		slashes -= c == '/';
	}
	if (slashes != 0)
		return FAIL(e, INPUT, "the path of the address has an encoded slash");
	if (utf8_valid(text.p, text.n) != text.n)
		return FAIL(e, INPUT, "the path of the address is not UTF-8");
	struct str rest = {text.p + 1, text.n - 1};
	while (rest.n > 0) {
		struct str segment = take_segment(&rest);
		if (segment.n == 0)
			return FAIL(e, INPUT, "the path of the address has two slashes in a row");
		if (str_is(segment, ".") || str_is(segment, ".."))
			return FAIL(e, INPUT, "the path of the address has a segment of dots");
	}
	*out = text;
	return true;
}

/* One side of a pair; `name` is for the message. */
static bool
decode_side(struct str *out, struct str s, struct str name, struct arena *a, struct err *e)
{
	struct str known = str_clip(name, ERR_FIELD_BYTES - 1);
	char field[ERR_FIELD_BYTES] = "";
	if (known.n > 0 && utf8_valid(known.p, known.n) == known.n)
		memcpy(field, known.p, known.n);
	if (!url_decode(out, s, true, a))
		return FAIL_FIELD(e, INPUT, field, "a parameter has a %% without two hex digits");
	if (out->n > 0 && memchr(out->p, 0, out->n))
		return FAIL_FIELD(e, INPUT, field, "a parameter has a NUL character");
	if (utf8_valid(out->p, out->n) != out->n)
		return FAIL_FIELD(e, INPUT, field, "a parameter is not UTF-8");
	return true;
}

/* Pairs of at most `bytes` text; `what` is named in the message. */
static bool
parse(struct url_parameters *out, struct str text, size_t bytes, size_t count, const char *what,
    struct arena *a, struct err *e)
{
	if (text.n > bytes)
		return FAIL(e, TOO_BIG, "the %s is over %zu bytes", what, bytes);
	size_t pairs = text.n > 0;
	for (size_t i = 0; i < text.n; i++)
		pairs += text.p[i] == '&';
	*out = (struct url_parameters){
	    .list = arena_array(a, pairs < count ? pairs : count, sizeof *out->list)};
	while (text.n > 0) {
		const char *ampersand = memchr(text.p, '&', text.n);
		size_t n = ampersand ? (size_t)(ampersand - text.p) : text.n;
		struct str pair = {text.p, n};
		n += ampersand != NULL;
		text = (struct str){text.p + n, text.n - n};
		if (pair.n == 0)
			continue;
		if (out->count == count)
			return FAIL(e, TOO_BIG, "the %s has over %zu parameters", what, count);
		const char *equals = memchr(pair.p, '=', pair.n);
		struct str name = {pair.p, equals ? (size_t)(equals - pair.p) : pair.n};
		struct str value = {0};
		if (equals)
			value = (struct str){equals + 1, pair.n - name.n - 1};
		struct url_parameter *p = &out->list[out->count++];
		if (!decode_side(&p->name, name, STR(""), a, e) ||
		    !decode_side(&p->value, value, p->name, a, e))
			return false;
	}
	return true;
}

bool
url_parse_query(struct url_parameters *out, struct str query, struct arena *a, struct err *e)
{
	return parse(out, query, LIMIT_URL_BYTES, LIMIT_PARAMETERS, "query", a, e);
}

bool
url_parse_form(struct url_parameters *out, struct str body, struct arena *a, struct err *e)
{
	return parse(out, body, LIMIT_FORM_FIELD_BYTES, LIMIT_FORM_FIELDS, "form", a, e);
}

struct str
url_parameter(const struct url_parameters *parameters, const char *name)
{
	for (size_t i = 0; i < parameters->count; i++)
		if (str_is(parameters->list[i].name, name))
			return parameters->list[i].value;
	return (struct str){NULL, 0};
}

void
url_encode(struct buf *out, struct str s)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		unsigned char letter = c | 0x20;
		if ((c >= '0' && c <= '9') || (letter >= 'a' && letter <= 'z') ||
		    (c != 0 && strchr("-._~", c))) {
			buf_put_char(out, (char)c);
		} else {
			char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
			buf_put(out, escape, sizeof escape);
		}
	}
}
