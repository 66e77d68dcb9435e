/* test_clock.c: stored times print as RFC 3339 says, whatever the time zone. */
#define _GNU_SOURCE
#include "base/clock.h"

#include <time.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
known_moments_print_as_known(void **state)
{
	(void)state;
	static const struct {
		int64_t us;
		const char *text;
	} cases[] = {
	    {0, "1970-01-01T00:00:00.000000Z"},
	    {1, "1970-01-01T00:00:00.000001Z"},
	    {INT64_C(999999), "1970-01-01T00:00:00.999999Z"},
	    {-1, "1969-12-31T23:59:59.999999Z"},
	    {-1000000, "1969-12-31T23:59:59.000000Z"},
	    {-1000001, "1969-12-31T23:59:58.999999Z"},
	    {INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
	    {INT64_C(1709251199123456), "2024-02-29T23:59:59.123456Z"},
	    {INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z"},
	    {INT64_C(2147483648000000), "2038-01-19T03:14:08.000000Z"},
	    {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char out[CLOCK_TEXT_BYTES];
		clock_format_us(out, cases[i].us);
		assert_string_equal(out, cases[i].text);
	}
}

static void
any_moment_prints_as_libc_says(void **state)
{
	(void)state;
	setenv("TZ", "Asia/Kolkata", 1);
	tzset();
	uint64_t random = 3;
	for (int i = 0; i < 20000; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		/* From 1900 to 9999, and sometimes any number at all. */
		int64_t us = (int64_t)(random >> 2) % INT64_C(255610000000000000) -
			     INT64_C(2208000000000000);
		if (i % 16 == 0)
			us = (int64_t)random;
		int64_t s = us / 1000000 - (us % 1000000 < 0);
		time_t t = (time_t)s;
		struct tm parts;
		char want[64], out[CLOCK_TEXT_BYTES];
		assert_non_null(gmtime_r(&t, &parts));
		strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &parts);
		clock_format(out, us);
		assert_string_equal(out, want);
		size_t n = strlen(want) - 1;
		clock_format_us(out, us);
		assert_memory_equal(out, want, n);
		snprintf(want, sizeof want, ".%06dZ", (int)(us - s * 1000000));
		assert_string_equal(out + n, want);
	}
	unsetenv("TZ");
}

static void
the_clocks_go_on(void **state)
{
	(void)state;
	int64_t now = clock_now_us(), ms = clock_monotonic_ms();
	assert_true(now / 1000000 - (int64_t)time(NULL) <= 1);
	assert_true((int64_t)time(NULL) - now / 1000000 <= 1);
	for (int i = 0; i < 1000; i++) {
		int64_t next = clock_monotonic_ms();
		assert_true(next >= ms);
		ms = next;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_moments_print_as_known),
	    cmocka_unit_test(any_moment_prints_as_libc_says),
	    cmocka_unit_test(the_clocks_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
