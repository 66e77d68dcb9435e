/* clock.c: see clock.h. */
#include "base/clock.h"

#include <time.h>

int64_t
clock_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_monotonic_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Writes the whole seconds; *rest is how many microseconds are over, also before 1970. */
static size_t
seconds(char out[CLOCK_TEXT_BYTES], int64_t us, int *rest)
{
	*rest = (int)(us % 1000000);
	time_t t = (time_t)(us / 1000000);
	if (*rest < 0) {
		*rest += 1000000;
		t--;
	}
	struct tm parts;
	if (!gmtime_r(&t, &parts))
		memset(&parts, 0, sizeof parts);
	return strftime(out, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
}

void
clock_format(char out[CLOCK_TEXT_BYTES], int64_t us)
{
	int rest;
	size_t n = seconds(out, us, &rest);
	snprintf(out + n, CLOCK_TEXT_BYTES - n, "Z");
}

void
clock_format_us(char out[CLOCK_TEXT_BYTES], int64_t us)
{
	int rest;
	size_t n = seconds(out, us, &rest);
	snprintf(out + n, CLOCK_TEXT_BYTES - n, ".%06dZ", rest);
}

void
clock_format_http(char out[CLOCK_TEXT_BYTES], int64_t us)
{
	time_t t = (time_t)(us / 1000000);
	struct tm parts;
	if (!gmtime_r(&t, &parts))
		memset(&parts, 0, sizeof parts);
	/* Never in the words of a locale: nobody calls setlocale(). */
	strftime(out, CLOCK_TEXT_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &parts);
}

static bool
digits(int *out, const char **p, const char *end, int count)
{
	*out = 0;
	for (int i = 0; i < count; i++, (*p)++) {
		if (*p == end || **p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return true;
}

static bool
mark(const char **p, const char *end, const char *marks)
{
	/* strchr() also finds the NUL at the end of the marks. */
	if (*p == end || **p == 0 || !strchr(marks, **p))
		return false;
	(*p)++;
	return true;
}

/* .123456: up to nine digits, the microseconds of them. */
static bool
fraction(int64_t *us, const char **p, const char *end)
{
	int scale = 100000, count = 0;
	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++, count++, scale /= 10)
		*us += (int64_t)(**p - '0') * scale;
	return count > 0 && count <= 9;
}

/* Z, +01:00 or -0530, as seconds east of UTC. */
static bool
zone(int *seconds_east, const char **p, const char *end)
{
	int hours, minutes;
	*seconds_east = 0;
	if (mark(p, end, "Zz"))
		return true;
	bool west = *p < end && **p == '-';
	if (!mark(p, end, "+-") || !digits(&hours, p, end, 2))
		return false;
	mark(p, end, ":");
	if (!digits(&minutes, p, end, 2) || hours > 23 || minutes > 59)
		return false;
	*seconds_east = (hours * 60 + minutes) * (west ? -60 : 60);
	return true;
}

bool
clock_parse(int64_t *us, struct str text)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const char *p = text.p, *end = text.p + text.n;
	struct tm t = {0};
	int east = 0;
	int64_t rest = 0;
	if (text.n == 0 || !digits(&t.tm_year, &p, end, 4) || !mark(&p, end, "-") ||
	    !digits(&t.tm_mon, &p, end, 2) || !mark(&p, end, "-") ||
	    !digits(&t.tm_mday, &p, end, 2))
		return false;
	bool leap = (t.tm_year % 4 == 0 && t.tm_year % 100 != 0) || t.tm_year % 400 == 0;
	if (t.tm_mon < 1 || t.tm_mon > 12 || t.tm_mday < 1 ||
	    t.tm_mday > days[t.tm_mon - 1] + (leap && t.tm_mon == 2))
		return false;
	if (p < end) {
		if (!mark(&p, end, "Tt ") || !digits(&t.tm_hour, &p, end, 2) ||
		    !mark(&p, end, ":") || !digits(&t.tm_min, &p, end, 2))
			return false;
		if (mark(&p, end, ":") && (!digits(&t.tm_sec, &p, end, 2) ||
					      (mark(&p, end, ".") && !fraction(&rest, &p, end))))
			return false;
		if (!zone(&east, &p, end) || p != end || t.tm_hour > 23 || t.tm_min > 59 ||
		    t.tm_sec > 60)
			return false;
	}
	t.tm_year -= 1900;
	t.tm_mon--;
	*us = ((int64_t)timegm(&t) - east) * 1000000 + rest;
	return true;
}
