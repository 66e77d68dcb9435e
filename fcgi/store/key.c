/* key.c: see key.h. */
#include "store/key.h"

#include <assert.h>
#include <math.h>

/* A number or moment written in more bytes than this is text: nobody counts with it. */
#define TYPED_BYTES 1000
/* Exponents are kept within this, so that adding the place of the point to one does not overflow:
 * 1e99999999999 is as much as any other number of that size. */
#define EXPONENT_MOST INT64_C(1000000000000)

/* Bytes of a 64-bit number whose order is that of the numbers. */
static void
put_ordered(char *out, int64_t v)
{
	uint64_t bits = (uint64_t)v ^ (UINT64_C(1) << 63);
	for (int i = 0; i < 8; i++)
		out[i] = (char)(bits >> (56 - 8 * i));
}

static int64_t
get_ordered(const char *p)
{
	uint64_t bits = 0;
	for (int i = 0; i < 8; i++)
		bits = bits << 8 | (unsigned char)p[i];
	return (int64_t)(bits ^ (UINT64_C(1) << 63));
}

/* ---- numbers: sign, exponent, digits; those below 0 turned round ---- */

enum { SIGN_MINUS = 1, SIGN_ZERO, SIGN_PLUS };
#define NUMBER_HEAD 9 /* sign and exponent */

static int64_t
read_exponent(const char *p, const char *end)
{
	bool minus = p < end && *p == '-';
	int64_t v = 0;
	for (p += p < end && (*p == '-' || *p == '+'); p < end; p++)
		if (v < EXPONENT_MOST)
			v = v * 10 + (*p - '0');
	return minus ? -v : v;
}

/* `text` is a JSON number.  Its value is 0.DIGITS times ten to the exponent. */
static size_t
put_number(char *out, struct str text)
{
	const char *p = text.p, *end = text.p + text.n;
	bool minus = *p == '-', point = false;
	int64_t exponent = 0;
	size_t n = 0;
	char *digits = out + NUMBER_HEAD;
	for (p += minus; p < end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.') {
			point = true;
		} else if (n == 0 && *p == '0') {
			exponent -= point;
		} else {
			digits[n++] = *p;
			exponent += !point;
		}
	}
	while (n > 0 && digits[n - 1] == '0')
		n--;
	if (n == 0) {
		out[0] = SIGN_ZERO;
		return 1;
	}
	if (p < end)
		exponent += read_exponent(p + 1, end);
	out[0] = minus ? SIGN_MINUS : SIGN_PLUS;
	put_ordered(out + 1, exponent);
	if (minus) {
		/* More digits are less now: an end that is above every digit. */
		for (size_t i = 1; i < NUMBER_HEAD + n; i++)
			out[i] = (char)~out[i];
		digits[n++] = (char)0xff;
	}
	return NUMBER_HEAD + n;
}

static bool
number_place(double *out, struct str key)
{
	char text[TYPED_BYTES + 40], digits[TYPED_BYTES + 1];
	if (key.p[0] == SIGN_ZERO) {
		*out = 0;
		return true;
	}
	bool minus = key.p[0] == SIGN_MINUS;
	char head[8];
	size_t n = key.n - NUMBER_HEAD - minus;
	assert(n <= TYPED_BYTES);
	for (size_t i = 0; i < 8; i++)
		head[i] = (char)(minus ? ~key.p[1 + i] : key.p[1 + i]);
	for (size_t i = 0; i < n; i++)
		digits[i] = (char)(minus ? ~key.p[NUMBER_HEAD + i] : key.p[NUMBER_HEAD + i]);
	snprintf(text, sizeof text, "%s0.%.*se%" PRId64, minus ? "-" : "", (int)n, digits,
	    get_ordered(head));
	*out = strtod(text, NULL);
	return isfinite(*out);
}

/* ---- moments ---- */

static int64_t
digits_at(const char *p, size_t n)
{
	int64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (p[i] - '0');
	return v;
}

/* Days from 1970-01-01 in the Gregorian calendar; years of 365 days with March as their first
 * month, so that a leap day is the last. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* `text` is a date or datetime as guess.h has them. */
static size_t
put_moment(char *out, struct str text)
{
	const char *p = text.p, *end = p + text.n;
	int64_t seconds =
	    days_of(digits_at(p, 4), digits_at(p + 5, 2), digits_at(p + 8, 2)) * 86400;
	size_t n = 8;
	p += 10;
	if (p < end) {
		seconds += digits_at(p + 1, 2) * 3600 + digits_at(p + 4, 2) * 60;
		p += 6;
	}
	if (p < end && *p == ':') {
		seconds += digits_at(p + 1, 2);
		p += 3;
	}
	if (p < end && *p == '.')
		for (p++; p < end && *p >= '0' && *p <= '9'; p++)
			out[n++] = *p;
	while (n > 8 && out[n - 1] == '0')
		n--;
	if (p < end && *p != 'Z') {
		int64_t offset = digits_at(p + 1, 2) * 3600 + digits_at(p + 4, 2) * 60;
		seconds -= *p == '-' ? -offset : offset;
	}
	put_ordered(out, seconds);
	return n;
}

/* ---- keys ---- */

/* The value of a type that has values other than texts; 0: the text is none. */
static size_t
put_typed(char *out, struct str text, enum column_type type)
{
	bool value;
	if (text.n > TYPED_BYTES)
		return 0;
	if (type == COLUMN_INTEGER || type == COLUMN_NUMBER)
		return cells_is_number(text) ? put_number(out, text) : 0;
	if (type == COLUMN_DATE || type == COLUMN_DATETIME)
		return guess_is_moment(text) ? put_moment(out, text) : 0;
	if (!guess_is_boolean(&value, text))
		return 0;
	out[0] = (char)value;
	return 1;
}

bool
key_is_typed(enum column_type type)
{
	return type != COLUMN_STRING && type != COLUMN_TEXT && type != COLUMN_JSON;
}

size_t
key_of_text(char *out, struct str text, enum column_type type)
{
	if (text.n == 0) {
		out[0] = KEY_EMPTY;
		return 1;
	}
	size_t n = key_is_typed(type) ? put_typed(out + 1, text, type) : 0;
	out[0] = n || !key_is_typed(type) ? KEY_VALUE : KEY_OTHER;
	if (n)
		return 1 + n;
	memcpy(out + 1, text.p, text.n);
	return 1 + text.n;
}

size_t
key_of_cell(char *out, const struct cell *c, enum column_type type)
{
	if (c->kind == CELL_ABSENT || c->kind == CELL_NULL) {
		out[0] = c->kind == CELL_NULL ? KEY_NULL : KEY_ABSENT;
		return 1;
	}
	if (!c->escaped)
		return key_of_text(out, c->bytes, type);
	if (!key_is_typed(type)) {
		out[0] = KEY_VALUE;
		return 1 + cells_unescape(out + 1, c->bytes);
	}
	/* Escapes are at most six bytes for one. */
	char plain[6 * TYPED_BYTES];
	if (c->bytes.n <= sizeof plain)
		return key_of_text(out, (struct str){plain, cells_unescape(plain, c->bytes)}, type);
	out[0] = KEY_OTHER;
	return 1 + cells_unescape(out + 1, c->bytes);
}

int
key_compare(struct str a, struct str b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool
key_has_place(enum column_type type)
{
	return key_is_typed(type) && type != COLUMN_BOOLEAN;
}

bool
key_place(double *out, struct str key, enum column_type type)
{
	if (!key_has_place(type) || key.p[0] != KEY_VALUE)
		return false;
	struct str value = {key.p + 1, key.n - 1};
	if (type == COLUMN_INTEGER || type == COLUMN_NUMBER)
		return number_place(out, value);
	*out = (double)get_ordered(value.p);
	if (value.n > 8) {
		char fraction[TYPED_BYTES + 3];
		snprintf(fraction, sizeof fraction, "0.%.*s", (int)(value.n - 8), value.p + 8);
		*out += strtod(fraction, NULL);
	}
	return true;
}
