/* exact.c: see exact.h. */
#include "formats/exact.h"
#include "base/clock.h"

#include <math.h>

#define NUMBER_BYTES 255
/* Decimals of so many digits all survive a double of normal size (IEEE 754: DBL_DIG). */
#define SAFE_DIGITS 15
#define MOST_DIGITS 40
#define DAYS_1970 719528 /* from 0000-01-01 */

bool
exact_integer(int64_t *out, struct str text)
{
	bool negative = text.n > 0 && text.p[0] == '-';
	uint64_t v;
	struct str digits = {text.p + negative, text.n - negative};
	if (digits.n > 19 || !str_to_u64(&v, digits) || v > (uint64_t)INT64_MAX + negative)
		return false;
	if ((digits.p[0] == '0' && digits.n > 1) || (negative && v == 0))
		return false;
	*out = negative ? -(int64_t)(v - 1) - 1 : (int64_t)v;
	return true;
}

void
exact_shape(struct exact_shape *out, struct str number)
{
	bool point = false;
	size_t zeros = 0; /* since the last other digit */
	*out = (struct exact_shape){0};
	for (size_t i = 0; i < number.n; i++) {
		char c = number.p[i];
		if (c == 'e' || c == 'E') {
			out->exponent = true;
			break;
		}
		if (c == '.')
			point = true;
		if (c < '0' || c > '9')
			continue;
		out->decimals += point;
		if (c != '0') {
			out->digits += zeros + 1;
			zeros = 0;
		} else if (out->digits > 0) {
			zeros++;
		}
		out->trailing_zero = point && c == '0';
	}
}

/* The significant digits of a number without those zeros at the ends. */
static size_t
significant(char *out, size_t room, struct str number)
{
	size_t n = 0, end = 0;
	for (size_t i = 0; i < number.n && number.p[i] != 'e' && number.p[i] != 'E'; i++) {
		char c = number.p[i];
		if (c < '0' || c > '9' || (n == 0 && c == '0'))
			continue;
		if (n == room)
			return SIZE_MAX;
		out[n++] = c;
		if (c != '0')
			end = n;
	}
	return end;
}

/* The double, printed with as many digits, has the same ones. */
static bool
prints_same(double v, struct str number, size_t digits)
{
	char want[NUMBER_BYTES], print[MOST_DIGITS + 16], got[MOST_DIGITS + 16];
	size_t n = significant(want, sizeof want, number);
	int length = snprintf(print, sizeof print, "%.*e", (int)digits - 1, v);
	size_t m = significant(got, sizeof got, (struct str){print, (size_t)length});
	return n == m && memcmp(want, got, n) == 0;
}

/* Most numbers: at most SAFE_DIGITS digits without an exponent.  Both operands are exact, so the
 * quotient is the nearest double (Clinger 1990). */
static bool
quick_double(double *out, bool *notation, struct str text)
{
	static const double powers[SAFE_DIGITS + 1] = {
	    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
	size_t from = text.n > 0 && text.p[0] == '-', digits = 0, decimals = 0;
	uint64_t mantissa = 0;
	bool point = false;
	if (text.n - from > SAFE_DIGITS + 1)
		return false;
	for (size_t i = from; i < text.n; i++) {
		unsigned digit = (unsigned char)text.p[i] - (unsigned)'0';
		if (text.p[i] == '.' && !point && digits > 0) {
			point = true;
			continue;
		}
		if (digit > 9)
			return false;
		mantissa = mantissa * 10 + digit;
		decimals += point;
		digits++;
	}
	if (digits == 0 || digits > SAFE_DIGITS || (point && decimals == 0) ||
	    (text.p[from] == '0' && digits - decimals > 1))
		return false;
	*notation |= point && text.p[text.n - 1] == '0';
	*out = (double)mantissa / powers[decimals];
	if (from)
		*out = -*out;
	return true;
}

bool
exact_double(double *out, bool *notation, struct str text)
{
	if (quick_double(out, notation, text))
		return true;
	char copy[NUMBER_BYTES + 1];
	struct exact_shape shape;
	if (text.n > NUMBER_BYTES || !cells_is_number(text))
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	double v = strtod(copy, NULL);
	exact_shape(&shape, text);
	bool whole = shape.decimals == 0 && !shape.exponent;
	if (!isfinite(v) || shape.digits > MOST_DIGITS ||
	    (!shape.exponent && fabs(v) > 9007199254740992.0))
		return false;
	if (shape.digits > 0 && fabs(v) < 2.2250738585072014e-308)
		return false; /* it has become 0, or has few digits left */
	if (shape.digits > SAFE_DIGITS && !prints_same(v, text, shape.digits))
		return false;
	/* 2^53 is also what 2^53 + 1 becomes. */
	if (whole && shape.digits > SAFE_DIGITS) {
		int64_t integer;
		if (!exact_integer(&integer, text) || integer != (int64_t)v)
			return false;
	}
	*notation |= shape.trailing_zero || shape.exponent;
	*out = v;
	return true;
}

/* `count` digits as a number; -1: they are none. */
static int
digits_of(const char *p, int count)
{
	int v = 0;
	for (int i = 0; i < count; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

bool
exact_date(int32_t *days, struct str text)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-')
		return false;
	int year = digits_of(text.p, 4), month = digits_of(text.p + 5, 2),
	    day = digits_of(text.p + 8, 2);
	if (year < 0 || month < 1 || month > 12 || day < 1)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (day > before[month] - before[month - 1] + (leap && month == 2))
		return false;
	/* Leap days before this year, the year 0 being one. */
	int leaps = year > 0 ? (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1 : 0;
	*days = year * 365 + leaps + before[month - 1] + (leap && month > 2) + day - 1 - DAYS_1970;
	return true;
}

bool
exact_time(int64_t *us, bool *zoned, bool *notation, struct str text)
{
	char copy[48];
	if (text.n < 16 || text.n + 1 > sizeof copy)
		return false;
	memcpy(copy, text.p, text.n);
	/* 2024-03-14T15:30 */
	char last = copy[text.n - 1];
	bool utc = last == 'Z' || last == 'z';
	*zoned = utc || memchr(copy + 16, '+', text.n - 16) || memchr(copy + 16, '-', text.n - 16);
	struct str whole = {copy, text.n};
	if (!*zoned) {
		copy[text.n] = 'Z';
		whole.n++;
	}
	if (!clock_parse(us, whole) || (text.n >= 19 && memcmp(copy + 16, ":60", 3) == 0))
		return false;
	/* Digits behind the microseconds. */
	size_t digits = 0;
	for (size_t i = 20; text.n > 20 && copy[19] == '.' && i < text.n; i++) {
		if (copy[i] < '0' || copy[i] > '9')
			break;
		if (++digits > 6 && copy[i] != '0')
			return false;
	}
	*notation |= *zoned && !utc;
	return true;
}

static enum cell_kind
kind_of(char first)
{
	switch (first) {
	case '"':
		return CELL_TEXT;
	case 'n':
		return CELL_NULL;
	case 't':
		return CELL_TRUE;
	case 'f':
		return CELL_FALSE;
	case '{':
	case '[':
		return CELL_JSON;
	default:
		return CELL_NUMBER;
	}
}

bool
exact_next(struct cell *item, struct str array, size_t *at)
{
	size_t i = *at ? *at : 1;
	while (i < array.n && memchr(" \t\r\n,", array.p[i], 5))
		i++;
	if (i >= array.n || array.p[i] == ']')
		return false;
	size_t n = cells_value(array.p + i, array.n - i);
	if (n == 0)
		return false;
	*at = i + n;
	item->kind = kind_of(array.p[i]);
	item->bytes = (struct str){array.p + i, n};
	if (item->kind == CELL_TEXT)
		item->bytes = (struct str){array.p + i + 1, n - 2};
	item->escaped = item->kind == CELL_TEXT && n > 2 && memchr(item->bytes.p, '\\', n - 2);
	return true;
}
