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
