/* xlsx_date.c: see xlsx_date.h. */
#include "formats/xlsx_date.h"

#define DAY_MS INT64_C(86400000)
#define DAYS_MOST 2958466 /* the day after 9999-12-31 */

enum xlsx_style
xlsx_style_builtin(uint64_t id)
{
	static const struct {
		uint64_t first, last;
		enum xlsx_style style;
	} ranges[] = {
	    {14, 17, XLSX_DATE},
	    {18, 21, XLSX_TIME},
	    {22, 22, XLSX_DATETIME},
	    /* Those of Chinese, Japanese, Korean and Thai editions. */
	    {27, 31, XLSX_DATE},
	    {32, 35, XLSX_TIME},
	    {36, 36, XLSX_DATE},
	    {45, 45, XLSX_TIME},
	    {46, 46, XLSX_ELAPSED},
	    {47, 47, XLSX_TIME},
	    {50, 54, XLSX_DATE},
	    {55, 56, XLSX_TIME},
	    {57, 58, XLSX_DATE},
	    {71, 74, XLSX_DATE},
	    {75, 76, XLSX_TIME},
	    {77, 77, XLSX_DATETIME},
	    {78, 78, XLSX_TIME},
	    {79, 79, XLSX_ELAPSED},
	    {80, 80, XLSX_TIME},
	    {81, 81, XLSX_DATE},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++)
		if (id >= ranges[i].first && id <= ranges[i].last)
			return ranges[i].style;
	return XLSX_NUMBER;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Over what stands for itself: "text", \c, _c, *c, [color]; 0: nothing does at i. */
static size_t
literal(struct str code, size_t i, bool *elapsed)
{
	char c = code.p[i];
	if (c == '\\' || c == '_' || c == '*')
		return 2;
	if (c != '"' && c != '[')
		return 0;
	const char *end = memchr(code.p + i + 1, c == '[' ? ']' : '"', code.n - i - 1);
	char first = i + 1 < code.n ? lower(code.p[i + 1]) : 0;
	struct str inside = {code.p + i + 1, end ? (size_t)(end - code.p) - i - 1 : 0};
	/* [h], [mm], [ss]: more hours than a day has. */
	bool same = c == '[' && inside.n > 0 && memchr("hms", first, 3);
	for (size_t k = 1; k < inside.n && same; k++)
		same = lower(inside.p[k]) == first;
	*elapsed = *elapsed || same;
	return end ? inside.n + 2 : code.n - i;
}

enum xlsx_style
xlsx_style_of(struct str code)
{
	bool date = false, time = false, month = false, elapsed = false;
	if (code.n >= 7 && str_equal_nocase((struct str){code.p, 7}, STR("general")))
		return XLSX_NUMBER;
	for (size_t i = 0; i < code.n && code.p[i] != ';'; i++) {
		size_t skip = literal(code, i, &elapsed);
		if (skip > 0) {
			i += skip - 1;
			continue;
		}
		char c = lower(code.p[i]);
		struct str rest = {code.p + i, code.n - i};
		if (rest.n >= 5 && str_equal_nocase((struct str){rest.p, 5}, STR("am/pm"))) {
			time = true;
			i += 4;
		} else if (c == 'y' || c == 'd') {
			date = true;
		} else if (c == 'h' || c == 's') {
			time = true;
		} else if (c == 'm') {
			month = true;
		} else if (c == '0' && !time && !elapsed && !date && !month) {
			return XLSX_NUMBER;
		}
	}
	if (elapsed && !date)
		return XLSX_ELAPSED;
	/* Beside hours or seconds it is minutes, alone it is months. */
	date = date || (month && !time);
	return date && time ? XLSX_DATETIME : date ? XLSX_DATE : time ? XLSX_TIME : XLSX_NUMBER;
}

/* The day that is so many days after 1970-01-01, by the calendar of today. */
static void
civil(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	int64_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

static size_t
put_time(char *out, size_t room, int64_t hours, int64_t rest_ms)
{
	int n = snprintf(out, room, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, hours,
	    rest_ms / 60000 % 60, rest_ms / 1000 % 60);
	if (rest_ms % 1000)
		n += snprintf(out + n, room - (size_t)n, ".%03" PRId64, rest_ms % 1000);
	return (size_t)n;
}

size_t
xlsx_moment(char out[XLSX_MOMENT_BYTES], struct str number, enum xlsx_style style, bool from_1904)
{
	char text[64];
	if (number.n >= sizeof text)
		return 0;
	memcpy(text, number.p, number.n);
	text[number.n] = 0;
	double serial = strtod(text, NULL);
	if (!(serial >= 0 && serial < DAYS_MOST))
		return 0;
	int64_t all = (int64_t)(serial * (double)DAY_MS + 0.5);
	int64_t days = all / DAY_MS, rest = all % DAY_MS;
	if (style == XLSX_ELAPSED)
		return put_time(out, XLSX_MOMENT_BYTES, all / 3600000, rest);
	if (days == 0 && !from_1904)
		return style == XLSX_DATE ? 0
					  : put_time(out, XLSX_MOMENT_BYTES, rest / 3600000, rest);
	if (days == 0 && style == XLSX_TIME)
		return put_time(out, XLSX_MOMENT_BYTES, rest / 3600000, rest);
	/* 1900 was no leap year, but is one there. */
	if (days == 60 && !from_1904)
		return 0;
	int64_t year, month, day;
	civil(days + (from_1904 ? -24107 : days < 60 ? -25568 : -25569), &year, &month, &day);
	size_t n = (size_t)snprintf(
	    out, XLSX_MOMENT_BYTES, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, year, month, day);
	if (style == XLSX_DATE && rest == 0)
		return n;
	out[n++] = 'T';
	return n + put_time(out + n, XLSX_MOMENT_BYTES - n, rest / 3600000, rest);
}
