/*
 * cells.c: see cells.h.
 *
 * The checker runs over every row of every import, so the inside of strings goes 16 bytes at a
 * time where the processor can (SSE2 is part of every x86-64), and byte by byte elsewhere.
 */
#include "base/cells.h"
#include "base/limits.h"
#include "base/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Where the run of plain ASCII text that needs no attention ends: at a quote, a backslash, a
 * control byte, a byte over 0x7f, or n. */
static size_t
plain_run(const unsigned char *p, size_t n)
{
	size_t i = 0;
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(0x20);
	while (n - i >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		/* Signed: control bytes and those over 0x7f are both less than a space. */
		__m128i bad = _mm_or_si128(_mm_cmplt_epi8(v, space),
		    _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
		unsigned mask = (unsigned)_mm_movemask_epi8(bad);
		if (mask)
			return i + (size_t)__builtin_ctz(mask);
		i += 16;
	}
#endif
	while (i < n && p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

static int
hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* After the opening quote: bytes up to and with the closing one, 0 when there is no string. */
static size_t
string_rest(const unsigned char *p, size_t n)
{
	size_t i = 0;
	for (;;) {
		i += plain_run(p + i, n - i);
		if (i >= n)
			return 0;
		unsigned char c = p[i];
		if (c == '"')
			return i + 1;
		if (c < 0x20)
			return 0;
		if (c == '\\') {
			if (n - i < 2)
				return 0;
			c = p[i + 1];
			if (c == 'u') {
				if (n - i < 6)
					return 0;
				for (size_t k = 2; k < 6; k++)
					if (hex_digit(p[i + k]) < 0)
						return 0;
				i += 6;
			} else if (c != 0 && strchr("\"\\/bfnrt", c)) {
				i += 2;
			} else {
				return 0;
			}
			continue;
		}
		/* One whole character of two to four bytes. */
		size_t rest = n - i < 4 ? n - i : 4;
		size_t good = utf8_valid((const char *)p + i, rest);
		if (good == 0) {
			return 0;
		}
		i += good;
		/* utf8_valid may have passed ASCII behind the character: look at it again. */
		while (i > 0 && p[i - 1] < 0x80)
			i--;
	}
}

static size_t
number(const unsigned char *p, size_t n)
{
	size_t i = 0;
	if (i < n && p[i] == '-')
		i++;
	if (i >= n || p[i] < '0' || p[i] > '9')
		return 0;
	if (p[i++] != '0')
		while (i < n && p[i] >= '0' && p[i] <= '9')
			i++;
	if (i < n && p[i] == '.') {
		size_t digits = ++i;
		while (i < n && p[i] >= '0' && p[i] <= '9')
			i++;
		if (i == digits)
			return 0;
	}
	if (i < n && (p[i] == 'e' || p[i] == 'E')) {
		i++;
		if (i < n && (p[i] == '+' || p[i] == '-'))
			i++;
		size_t digits = i;
		while (i < n && p[i] >= '0' && p[i] <= '9')
			i++;
		if (i == digits)
			return 0;
	}
	return i;
}

bool
cells_is_number(struct str text)
{
	return text.n > 0 && number((const unsigned char *)text.p, text.n) == text.n;
}

static size_t
word(const unsigned char *p, size_t n, const char *text)
{
	size_t length = strlen(text);
	return n >= length && memcmp(p, text, length) == 0 ? length : 0;
}

static size_t
space(const unsigned char *p, size_t n)
{
	size_t i = 0;
	while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == '\n' || p[i] == '\r'))
		i++;
	return i;
}

static size_t value(const unsigned char *p, size_t n, int depth);

/* An object or array from its opening bracket; 0 when it is not well-formed. */
static size_t
group(const unsigned char *p, size_t n, int depth)
{
	bool object = p[0] == '{';
	unsigned char close = object ? '}' : ']';
	if (depth >= LIMIT_JSON_DEPTH)
		return 0;
	size_t i = 1 + space(p + 1, n - 1);
	if (i < n && p[i] == close)
		return i + 1;
	for (;;) {
		size_t used;
		if (object) {
			if (i >= n || p[i] != '"' || !(used = string_rest(p + i + 1, n - i - 1)))
				return 0;
			i += 1 + used;
			i += space(p + i, n - i);
			if (i >= n || p[i] != ':')
				return 0;
			i++;
			i += space(p + i, n - i);
		}
		if (!(used = value(p + i, n - i, depth + 1)))
			return 0;
		i += used;
		i += space(p + i, n - i);
		if (i >= n)
			return 0;
		if (p[i] == close)
			return i + 1;
		if (p[i] != ',')
			return 0;
		i++;
		i += space(p + i, n - i);
	}
}

static size_t
value(const unsigned char *p, size_t n, int depth)
{
	if (n == 0)
		return 0;
	switch (p[0]) {
	case '"': {
		size_t rest = string_rest(p + 1, n - 1);
		return rest ? rest + 1 : 0;
	}
	case '{':
	case '[':
		return group(p, n, depth);
	case 't':
		return word(p, n, "true");
	case 'f':
		return word(p, n, "false");
	case 'n':
		return word(p, n, "null");
	default:
		return number(p, n);
	}
}

size_t
cells_value(const char *p, size_t n)
{
	return value((const unsigned char *)p, n, 0);
}

bool
cells_check(const char *text, size_t n, size_t columns, const char **reason)
{
	const unsigned char *p = (const unsigned char *)text;
	if (n < 2 || p[0] != '[' || p[n - 1] != ']') {
		*reason = "a row is not a JSON array";
		return false;
	}
	size_t i = 1, count = 0;
	if (n == 2)
		return true;
	for (;;) {
		size_t used = value(p + i, n - i, 1);
		if (used == 0) {
			*reason = "a cell is not a JSON value in UTF-8";
			return false;
		}
		if (used > LIMIT_CELL_BYTES) {
			*reason = "a cell is over the limit of 16 MiB";
			return false;
		}
		count++;
		i += used;
		if (i >= n) {
			*reason = "a row is not a JSON array";
			return false;
		}
		if (p[i] == ',') {
			i++;
			continue;
		}
		if (p[i] != ']' || i != n - 1) {
			*reason = "a row is not a JSON array";
			return false;
		}
		break;
	}
	*reason = "a row has more cells than there are columns";
	return count <= columns;
}

size_t
cells_next_id(struct str ids, size_t *at)
{
	size_t i = *at, id = 0;
	while (i < ids.n && (ids.p[i] < '0' || ids.p[i] > '9'))
		i++;
	if (i >= ids.n)
		return SIZE_MAX;
	while (i < ids.n && ids.p[i] >= '0' && ids.p[i] <= '9' && id <= LIMIT_COLUMNS)
		id = id * 10 + (size_t)(ids.p[i++] - '0');
	*at = i;
	return id;
}

bool
cells_check_ids(const char *p, size_t n, size_t columns)
{
	if (n < 2 || p[0] != '[' || p[n - 1] != ']')
		return false;
	/* Only the plainest spelling: digits, one comma between, no zero in front. */
	size_t least = 0, i = 1;
	while (i < n - 1) {
		size_t start = i, id = 0;
		while (i < n - 1 && p[i] >= '0' && p[i] <= '9' && i - start < 6)
			id = id * 10 + (size_t)(p[i++] - '0');
		if (i == start || (p[start] == '0' && i - start > 1) || id < least || id >= columns)
			return false;
		least = id + 1;
		if (i < n - 1 && (p[i] != ',' || ++i == n - 1))
			return false;
	}
	return true;
}

/* After the opening quote of a string that was checked before: bytes up to and with the closing
 * one, 0 when there is none after all.  Only quotes and backslashes matter now. */
static size_t
checked_string_rest(const unsigned char *p, size_t n, bool *escaped)
{
	size_t i = 0;
	*escaped = false;
	for (;;) {
#ifdef __SSE2__
		const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
		unsigned mask = 0;
		while (n - i >= 16) {
			__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
			mask = (unsigned)_mm_movemask_epi8(
			    _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
			if (mask)
				break;
			i += 16;
		}
		if (mask)
			i += (size_t)__builtin_ctz(mask);
#endif
		while (i < n && p[i] != '"' && p[i] != '\\')
			i++;
		if (i >= n)
			return 0;
		if (p[i] == '"')
			return i + 1;
		if (n - i < 2)
			return 0;
		*escaped = true;
		i += 2;
	}
}

size_t
cells_split(struct cell *cells, size_t max, const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 1, count = 0;
	while (i < n && p[i] != ']') {
		bool escaped = false, is_text = p[i] == '"';
		size_t used = is_text ? checked_string_rest(p + i + 1, n - i - 1, &escaped)
				      : value(p + i, n - i, 1);
		if (used == 0)
			break;
		used += is_text;
		if (count < max) {
			struct cell *c = &cells[count];
			*c = (struct cell){.bytes = {text + i, used}};
			switch (p[i]) {
			case '"':
				c->kind = CELL_TEXT;
				c->bytes = (struct str){text + i + 1, used - 2};
				c->escaped = escaped;
				break;
			case 'n':
				c->kind = CELL_NULL;
				break;
			case 't':
				c->kind = CELL_TRUE;
				break;
			case 'f':
				c->kind = CELL_FALSE;
				break;
			case '{':
			case '[':
				c->kind = CELL_JSON;
				break;
			default:
				c->kind = CELL_NUMBER;
			}
		}
		count++;
		i += used;
		if (i < n && p[i] == ',')
			i++;
	}
	return count;
}

void
cells_split_row(struct cell *cells, size_t max, struct str row, struct str absent)
{
	size_t at = 0, id;
	for (size_t i = cells_split(cells, max, row.p, row.n); i < max; i++)
		cells[i] = (struct cell){.kind = CELL_ABSENT};
	while ((id = cells_next_id(absent, &at)) != SIZE_MAX)
		if (id < max)
			cells[id] = (struct cell){.kind = CELL_ABSENT};
}

static uint32_t
four_hex(const char *p)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)hex_digit((unsigned char)p[i]);
	return v;
}

/* What the escape at s.p[*i] stands for, 1 to 4 bytes; *i moves behind it. */
static size_t
escape(char out[4], struct str s, size_t *i)
{
	char c = s.p[*i + 1];
	*i += 2;
	switch (c) {
	case 'b':
		out[0] = '\b';
		return 1;
	case 'f':
		out[0] = '\f';
		return 1;
	case 'n':
		out[0] = '\n';
		return 1;
	case 'r':
		out[0] = '\r';
		return 1;
	case 't':
		out[0] = '\t';
		return 1;
	case 'u': {
		uint32_t code = four_hex(s.p + *i);
		*i += 4;
		if (code >= 0xd800 && code < 0xdc00 && s.n - *i >= 6 && s.p[*i] == '\\' &&
		    s.p[*i + 1] == 'u') {
			uint32_t low = four_hex(s.p + *i + 2);
			if (low >= 0xdc00 && low < 0xe000) {
				code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
				*i += 6;
			}
		}
		if (code >= 0xd800 && code < 0xe000)
			code = 0xfffd;
		return utf8_put(out, code);
	}
	default:
		out[0] = c;
		return 1;
	}
}

/* Bytes up to the next escape. */
static size_t
until_escape(struct str s, size_t i)
{
	const char *slash = memchr(s.p + i, '\\', s.n - i);
	return slash ? (size_t)(slash - s.p) - i : s.n - i;
}

size_t
cells_unescape_some(char *out, size_t limit, struct str s)
{
	size_t n = 0, i = 0;
	while (i < s.n) {
		size_t run = until_escape(s, i);
		if (run > limit - n) {
			run = str_clip((struct str){s.p + i, run}, limit - n).n;
			memmove(out + n, s.p + i, run);
			return n + run;
		}
		memmove(out + n, s.p + i, run);
		n += run;
		i += run;
		if (i >= s.n)
			break;
		char plain[4];
		size_t length = escape(plain, s, &i);
		if (length > limit - n)
			break;
		memcpy(out + n, plain, length);
		n += length;
	}
	return n;
}

size_t
cells_unescape(char *out, struct str s)
{
	return cells_unescape_some(out, s.n, s);
}

size_t
cells_text_length(struct str s)
{
	size_t n = 0, i = 0;
	char plain[4];
	while (i < s.n) {
		size_t run = until_escape(s, i);
		n += run;
		i += run;
		if (i < s.n)
			n += escape(plain, s, &i);
	}
	return n;
}

size_t
cells_escape(char *out, const char *text, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0, o = 0;
	while (i < n) {
		size_t run = plain_run(p + i, n - i);
		memcpy(out + o, p + i, run);
		o += run;
		i += run;
		if (i >= n)
			break;
		unsigned char c = p[i++];
		if (c >= 0x80) {
			out[o++] = (char)c;
			continue;
		}
		out[o++] = '\\';
		switch (c) {
		case '"':
		case '\\':
			out[o++] = (char)c;
			break;
		case '\b':
			out[o++] = 'b';
			break;
		case '\f':
			out[o++] = 'f';
			break;
		case '\n':
			out[o++] = 'n';
			break;
		case '\r':
			out[o++] = 'r';
			break;
		case '\t':
			out[o++] = 't';
			break;
		default:
			memcpy(out + o, "u00", 3);
			out[o + 3] = digits[c >> 4];
			out[o + 4] = digits[c & 15];
			o += 5;
		}
	}
	return o;
}
