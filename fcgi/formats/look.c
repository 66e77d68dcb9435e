/* look.c: see look.h. */
#include "formats/look.h"
#include "formats/guess.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t
digits(struct str s, size_t i)
{
	size_t n = 0;
	while (i + n < s.n && is_digit(s.p[i + n]))
		n++;
	return n;
}

/* Steps over one of the signs of money, or none. */
static size_t
money(struct str s, size_t i)
{
	static const char *const signs[] = {"$", "\xe2\x82\xac", "\xc2\xa3", "\xc2\xa5"};
	for (size_t k = 0; k < ARRAY_LENGTH(signs); k++)
		if (str_starts((struct str){s.p + i, s.n - i}, signs[k]))
			return strlen(signs[k]);
	return 0;
}

/* Digits, with points and commas among them in any country's way. */
static bool
is_number(struct str s)
{
	size_t i = 0, n;
	bool round = s.n > 2 && s.p[0] == '(' && s.p[s.n - 1] == ')';
	if (round)
		s = (struct str){s.p + 1, s.n - 2};
	i += money(s, i);
	i += i < s.n && (s.p[i] == '-' || s.p[i] == '+');
	i += money(s, i);
	i += i < s.n && s.p[i] == ' ' && i > 0;
	size_t groups = 0, first = digits(s, i), last = first;
	char separator = 0;
	i += first;
	/* Groups of three by one sign, then perhaps a fraction by another. */
	while (i + 1 < s.n && memchr(".,' ", s.p[i], 4) && is_digit(s.p[i + 1])) {
		if (groups > 0 && (last != 3 || s.p[i - 4] != separator))
			return false;
		separator = s.p[i];
		last = digits(s, i + 1);
		i += 1 + last;
		groups++;
		if (groups > 1 && s.p[i - last - 1] != s.p[i - last - 5])
			break;
	}
	if (first == 0 && groups == 0)
		return false;
	i += i + 1 == s.n && s.p[i] == '.';
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		size_t at = i + 1 + (i + 1 < s.n && (s.p[i + 1] == '-' || s.p[i + 1] == '+'));
		if ((n = digits(s, at)) > 0)
			i = at + n;
	}
	i += i < s.n && s.p[i] == ' ';
	i += i < s.n && s.p[i] == '%';
	i += money(s, i);
	return i == s.n;
}

static bool
is_time(struct str s)
{
	size_t i = digits(s, 0), groups = 1;
	if (i == 0 || i > 2)
		return false;
	while (i < s.n && s.p[i] == ':' && digits(s, i + 1) == 2) {
		i += 3;
		groups++;
	}
	if (groups < 2 || groups > 3)
		return false;
	if (i < s.n && (s.p[i] == '.' || s.p[i] == ','))
		i += 1 + digits(s, i + 1);
	struct str rest = str_trim((struct str){s.p + i, s.n - i});
	if (rest.n == 0 || str_is(rest, "Z") || str_equal_nocase(rest, STR("am")) ||
	    str_equal_nocase(rest, STR("pm")) || str_is(rest, "UTC"))
		return true;
	return (rest.p[0] == '+' || rest.p[0] == '-') && digits(rest, 1) >= 2;
}

static bool
is_date(struct str s)
{
	size_t a = digits(s, 0);
	if (a == 0 || a > 4 || a >= s.n || !strchr("-/.", s.p[a]) || s.p[a] == 0)
		return false;
	char separator = s.p[a];
	size_t b = digits(s, a + 1), i = a + 1 + b;
	if (b == 0 || b > 2 || i >= s.n || s.p[i] != separator)
		return false;
	size_t c = digits(s, i + 1);
	i += 1 + c;
	if (c == 0 || c > 4)
		return false;
	if (i == s.n)
		return true;
	return (s.p[i] == ' ' || s.p[i] == 'T') && is_time((struct str){s.p + i + 1, s.n - i - 1});
}

static bool
is_address(struct str s)
{
	if (s.n < 6 || memchr(s.p, ' ', s.n))
		return false;
	const char *at = memchr(s.p, '@', s.n);
	const char *colon = memchr(s.p, ':', s.n);
	bool scheme = colon && str_starts((struct str){colon, (size_t)(s.p + s.n - colon)}, "://");
	return scheme || str_starts(s, "www.") ||
	       (at && at > s.p && memchr(at, '.', (size_t)(s.p + s.n - at)));
}

enum look
look_at(struct str cell)
{
	bool ignored;
	struct str s = str_trim(cell);
	if (s.n == 0)
		return LOOK_EMPTY;
	if (s.n > 200)
		return LOOK_TEXT;
	if (is_digit(s.p[0]) && is_date(s))
		return LOOK_DATE;
	if (is_digit(s.p[0]) && is_time(s))
		return LOOK_TIME;
	if (is_number(s))
		return LOOK_NUMBER;
	if (guess_is_boolean(&ignored, s))
		return LOOK_BOOLEAN;
	return is_address(s) ? LOOK_ADDRESS : LOOK_TEXT;
}

bool
look_is_ruler(struct str cell)
{
	size_t strokes = 0;
	cell = str_trim(cell);
	for (size_t i = 0; i < cell.n; i++) {
		if (!memchr("-=+:|", cell.p[i], 5))
			return false;
		strokes += cell.p[i] == '-' || cell.p[i] == '=';
	}
	return strokes >= 2;
}
