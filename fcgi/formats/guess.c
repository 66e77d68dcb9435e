/* guess.c: see guess.h. */
#include "formats/guess.h"
#include "base/utf8.h"

#include <assert.h>
#include <math.h>

/* A number of more digits than this is text: nobody counts with it. */
#define NUMBER_BYTES 255
/* A JSON text longer than this with escapes in it is no date. */
#define ESCAPED_BYTES 256

const char *const column_type_names[COLUMN__MAX] = {
    [COLUMN_STRING] = "string",
    [COLUMN_TEXT] = "text",
    [COLUMN_INTEGER] = "integer",
    [COLUMN_NUMBER] = "number",
    [COLUMN_BOOLEAN] = "boolean",
    [COLUMN_DATE] = "date",
    [COLUMN_DATETIME] = "datetime",
    [COLUMN_JSON] = "json",
};

enum column_type
column_type_from_name(struct str name)
{
	int type = 0;
	while (type < COLUMN__MAX && !str_is(name, column_type_names[type]))
		type++;
	return (enum column_type)type;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number in its parts: 12.50e3 is mantissa 1250, exponent 1. */
struct decimal {
	bool negative, fraction, exact; /* exact: the mantissa holds every digit */
	uint64_t mantissa;
	int exponent;
};

static size_t
read_digits(struct decimal *d, const char *p, size_t n)
{
	size_t i = 0;
	for (; i < n && is_digit(p[i]); i++) {
		if (d->mantissa > (UINT64_MAX - 9) / 10)
			d->exact = false;
		else
			d->mantissa = d->mantissa * 10 + (uint64_t)(p[i] - '0');
	}
	return i;
}

/* The token is a number as JSON writes them (RFC 8259 section 6). */
static bool
read_decimal(struct decimal *d, const char *p, size_t n)
{
	*d = (struct decimal){.exact = true};
	size_t i = 0;
	if (p[0] == '-') {
		d->negative = true;
		i = 1;
	}
	size_t digits = read_digits(d, p + i, n - i);
	if (digits == 0 || (digits > 1 && p[i] == '0'))
		return false;
	i += digits;
	if (i < n && p[i] == '.') {
		d->fraction = true;
		digits = read_digits(d, p + i + 1, n - i - 1);
		if (digits == 0)
			return false;
		d->exponent = -(int)digits;
		i += 1 + digits;
	}
	if (i < n && (p[i] == 'e' || p[i] == 'E')) {
		d->fraction = true;
		d->exact = false;
		i++;
		if (i < n && (p[i] == '+' || p[i] == '-'))
			i++;
		digits = i;
		while (i < n && is_digit(p[i]))
			i++;
		if (i == digits)
			return false;
	}
	return i == n;
}

static double
decimal_value(const struct decimal *d, const char *p, size_t n)
{
	static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
	    1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	/* Both operands are exact, so the quotient is the nearest double (Clinger 1990). */
	if (d->exact && d->mantissa <= (UINT64_C(1) << 53) && d->exponent >= -22) {
		double v = (double)d->mantissa / powers[-d->exponent];
		return d->negative ? -v : v;
	}
	char text[NUMBER_BYTES + 1];
	memcpy(text, p, n);
	text[n] = 0;
	return strtod(text, NULL);
}

/* The bits of the types a number has; 0 when it is none. */
static unsigned
number_types(struct guess *g, const char *p, size_t n)
{
	struct decimal d;
	if ((p[0] != '-' && !is_digit(p[0])) || n > NUMBER_BYTES || !read_decimal(&d, p, n))
		return 0;
	double v = decimal_value(&d, p, n);
	if (isfinite(v)) {
		if (!g->has_number || v < g->least)
			g->least = v;
		if (!g->has_number || v > g->most)
			g->most = v;
		g->has_number = true;
	}
	/* As an integer "-0" would lose its sign. */
	uint64_t most = (uint64_t)INT64_MAX + d.negative;
	bool whole =
	    !d.fraction && d.exact && d.mantissa <= most && !(d.negative && d.mantissa == 0);
	return GUESS_BIT(COLUMN_NUMBER) | (whole ? GUESS_BIT(COLUMN_INTEGER) : 0);
}

/* A number of exactly two digits at most `most`; the pattern's digits were checked before. */
static bool
two_digits(unsigned *out, const char *p, unsigned most)
{
	*out = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
	return is_digit(p[0]) && is_digit(p[1]) && *out <= most;
}

static bool
is_date(const char *p, size_t n)
{
	static const uint8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned century, year, month, day;
	if (n != 10 || p[4] != '-' || p[7] != '-' || !two_digits(&century, p, 99) ||
	    !two_digits(&year, p + 2, 99) || !two_digits(&month, p + 5, 12) ||
	    !two_digits(&day, p + 8, 31) || month == 0 || day == 0)
		return false;
	year += century * 100;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day <= days[month] || (leap && month == 2 && day == 29);
}

static bool
is_datetime(const char *p, size_t n)
{
	unsigned ignored;
	if (n < 16 || (p[10] != 'T' && p[10] != ' ') || !is_date(p, 10) ||
	    !two_digits(&ignored, p + 11, 23) || p[13] != ':' || !two_digits(&ignored, p + 14, 59))
		return false;
	size_t i = 16;
	if (n - i >= 3 && p[i] == ':') {
		/* 60 is a leap second. */
		if (!two_digits(&ignored, p + i + 1, 60))
			return false;
		i += 3;
		if (i < n && p[i] == '.') {
			size_t digits = ++i;
			while (i < n && is_digit(p[i]))
				i++;
			if (i == digits)
				return false;
		}
	}
	if (i == n)
		return true;
	if (p[i] == 'Z')
		return i + 1 == n;
	return n - i == 6 && (p[i] == '+' || p[i] == '-') && two_digits(&ignored, p + i + 1, 23) &&
	       p[i + 3] == ':' && two_digits(&ignored, p + i + 4, 59);
}

bool
guess_is_moment(struct str text)
{
	return is_date(text.p, text.n) || is_datetime(text.p, text.n);
}

bool
guess_is_boolean(bool *value, struct str text)
{
	/* Setting this bit makes a letter small, and no other byte a letter of these words. */
	char small[5];
	*value = text.n == 4;
	if (text.n != 4 && text.n != 5)
		return false;
	for (size_t i = 0; i < text.n; i++)
		small[i] = (char)(text.p[i] | 0x20);
	return memcmp(small, *value ? "true" : "false", text.n) == 0;
}

static unsigned
time_types(unsigned possible, const char *p, size_t n)
{
	if (!is_digit(p[0]))
		return 0;
	if (possible & GUESS_BIT(COLUMN_DATETIME) && is_datetime(p, n))
		return GUESS_BIT(COLUMN_DATETIME);
	if (possible & GUESS_BIT(COLUMN_DATE) && is_date(p, n))
		return GUESS_BIT(COLUMN_DATE);
	return 0;
}

static void
fits_only(struct guess *g, unsigned types)
{
	g->excluded |= (uint8_t)(GUESS_PLAIN & ~types);
}

/* Too long for a string: characters are counted only when bytes do not decide. */
static void
look_at_length(struct guess *g, const char *p, size_t n, size_t extra)
{
	if (n - extra > GUESS_STRING_CHARACTERS && !(g->excluded & GUESS_BIT(COLUMN_STRING)) &&
	    utf8_count((struct str){p, n}) - extra > GUESS_STRING_CHARACTERS)
		g->excluded |= GUESS_BIT(COLUMN_STRING);
}

void
guess_look(struct guess *g, const char *p, size_t n)
{
	unsigned possible = GUESS_PLAIN & ~(unsigned)g->excluded, types = 0;
	bool ignored;
	look_at_length(g, p, n, 0);
	if (possible == 0)
		return;
	/* Without NUMBER there is no INTEGER either. */
	if (possible & GUESS_BIT(COLUMN_NUMBER))
		types = number_types(g, p, n);
	if (types == 0)
		types = time_types(possible, p, n);
	if (types == 0 && possible & GUESS_BIT(COLUMN_BOOLEAN) &&
	    guess_is_boolean(&ignored, (struct str){p, n}))
		types = GUESS_BIT(COLUMN_BOOLEAN);
	fits_only(g, types);
}

void
guess_add_escaped(struct guess *g, const char *p, size_t n, size_t extra)
{
	g->values++;
	if (n - extra > g->longest)
		g->longest = n - extra;
	look_at_length(g, p, n, extra);
	fits_only(g, 0);
}

static void
add_json_text(struct guess *g, const struct cell *c)
{
	char plain[ESCAPED_BYTES];
	struct str text = c->bytes;
	if (c->escaped && text.n <= sizeof plain)
		text = (struct str){plain, cells_unescape(plain, text)};
	if (text.n == 0) {
		g->empty++;
		return;
	}
	g->values++;
	if (text.n > g->longest)
		g->longest = text.n;
	look_at_length(g, text.p, text.n, 0);
	fits_only(g, time_types(GUESS_PLAIN & ~(unsigned)g->excluded, text.p, text.n));
}

void
guess_add_cell(struct guess *g, const struct cell *c)
{
	switch (c->kind) {
	case CELL_ABSENT:
		return;
	case CELL_NULL:
		g->empty++;
		return;
	case CELL_TEXT:
		add_json_text(g, c);
		return;
	case CELL_NUMBER:
		guess_add_text(g, c->bytes.p, c->bytes.n);
		return;
	case CELL_TRUE:
	case CELL_FALSE:
		guess_add_text(g, c->bytes.p, c->bytes.n);
		return;
	case CELL_JSON:
		g->json = true;
		break;
	}
	g->values++;
	if (c->bytes.n > g->longest)
		g->longest = c->bytes.n;
	fits_only(g, 0);
}

enum column_type
guess_type(const struct guess *g)
{
	static const enum column_type narrowest_first[] = {COLUMN_BOOLEAN, COLUMN_INTEGER,
	    COLUMN_NUMBER, COLUMN_DATE, COLUMN_DATETIME, COLUMN_STRING};
	if (g->json)
		return COLUMN_JSON;
	if (g->values == 0)
		return COLUMN_STRING;
	for (size_t i = 0; i < ARRAY_LENGTH(narrowest_first); i++)
		if (!(g->excluded & GUESS_BIT(narrowest_first[i])))
			return narrowest_first[i];
	return COLUMN_TEXT;
}
