/*
 * test_clock.c: stored times print as RFC 3339 says, whatever the time zone, and what is printed so
 * is read again; nothing else is.
 */
#define _GNU_SOURCE
#include "base/clock.h"

#include <regex.h>
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

/* RFC 9110, 5.6.7; and a leap day. */
static void
http_dates_print_as_the_rfc_has_them(void **state)
{
	(void)state;
	char out[CLOCK_TEXT_BYTES];
	clock_format_http(out, INT64_C(784111777000000));
	assert_string_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT");
	clock_format_http(out, INT64_C(1709251199999999));
	assert_string_equal(out, "Thu, 29 Feb 2024 23:59:59 GMT");
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

/* ---- reading ---- */

static bool
reads(const char *text, int64_t *us)
{
	*us = 0;
	return clock_parse(us, str_of(text));
}

static void
known_texts_are_the_moments_they_say(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t us;
	} cases[] = {
	    {"1970-01-01", 0},
	    {"1970-01-01T00:00:00Z", 0},
	    {"1969-12-31T23:59:59.999999Z", -1},
	    {"2000-02-29", INT64_C(951782400000000)},
	    {"2024-02-29T23:59:59.123456Z", INT64_C(1709251199123456)},
	    {"2100-03-01", INT64_C(4107542400000000)},
	    {"2038-01-19T03:14:08Z", INT64_C(2147483648000000)},
	    {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
	    {"0000-01-01", INT64_C(-62167219200000000)},
	    /* In any zone, with or without its colon; a space for T, small letters, no seconds. */
	    {"1970-01-01T01:00:00+01:00", 0},
	    {"1970-01-01T01:00:00+0100", 0},
	    {"1969-12-31T18:30:00-05:30", 0},
	    {"1970-01-01T23:59:00+23:59", 0},
	    {"1969-12-31T00:01:00-23:59", 0},
	    {"1970-01-01T00:00:00-00:00", 0},
	    {"1970-01-01 00:01Z", 60000000},
	    {"1970-01-01t00:00:01z", 1000000},
	    {"1970-01-01T00:01+00:00", 60000000},
	    /* Fractions of one to nine digits; what is below a microsecond goes. */
	    {"1970-01-01T00:00:00.1Z", 100000},
	    {"1970-01-01T00:00:00.000001Z", 1},
	    {"1970-01-01T00:00:00.0000019Z", 1},
	    {"1970-01-01T00:00:00.999999999Z", 999999},
	    {"1970-01-01T00:00:00.5+00:01", -59500000},
	    /* A leap second is the second after it. */
	    {"2016-12-31T23:59:60Z", INT64_C(1483228800000000)},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t us;
		if (!reads(cases[i].text, &us) || us != cases[i].us)
			fail_msg("%s is %" PRId64, cases[i].text, us);
	}
}

/* How many days before 1970 or after it: counted, not computed. */
static int64_t
days_before_year(int year)
{
	int64_t days = 0;
	for (int y = 1970; y < year; y++)
		days += y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 366 : 365;
	for (int y = year; y < 1970; y++)
		days -= y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 366 : 365;
	return days;
}

static void
every_day_there_is_can_be_read_and_no_other(void **state)
{
	(void)state;
	static const int years[] = {
	    0, 1, 4, 100, 400, 1582, 1899, 1900, 1970, 2000, 2023, 2024, 2100, 2400, 9999};
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	for (size_t i = 0; i < ARRAY_LENGTH(years); i++) {
		int y = years[i];
		int64_t count = days_before_year(y);
		for (int month = 0; month <= 13; month++)
			for (int day = 0; day <= 32; day++) {
				char text[32];
				int64_t us;
				bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
				bool is_one = month >= 1 && month <= 12 && day >= 1 &&
					      day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
				snprintf(text, sizeof text, "%04d-%02d-%02d", y, month, day);
				if (reads(text, &us) != is_one)
					fail_msg("%s", text);
				if (is_one)
					assert_true(us == count++ * INT64_C(86400000000));
			}
	}
}

static void
what_is_printed_is_read_again(void **state)
{
	(void)state;
	uint64_t random = 5;
	for (int i = 0; i < 20000; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		/* From the year 1000, from which on it prints four digits, to 9999. */
		int64_t us = (int64_t)(random >> 2) % INT64_C(284012568000000000) -
			     INT64_C(30610224000000000);
		char text[CLOCK_TEXT_BYTES], elsewhere[80];
		int64_t back;
		clock_format_us(text, us);
		if (!reads(text, &back) || back != us)
			fail_msg("%s is %" PRId64 ", not %" PRId64, text, back, us);
		/* The same reading of the clock in another zone is earlier or later by as much. */
		int minutes = (int)(random % 1440), hours = minutes / 60;
		snprintf(elsewhere, sizeof elsewhere, "%.26s-%02d:%02d", text, hours, minutes % 60);
		assert_true(reads(elsewhere, &back));
		assert_true(back == us + minutes * INT64_C(60000000));
	}
}

static const char *const malformed[] = {"", "2", "2024", "2024-", "2024-03", "2024-03-1",
    "2024-3-14", "24-03-14", "02024-03-14", "-2024-03-14", "+2024-03-14", "2024/03/14",
    "2024.03.14", "20240314", "2024-03-14 ", " 2024-03-14", "2024-03-14T", "2024-03-14T15",
    "2024-03-14T15Z", "2024-03-14T15:", "2024-03-14T15:30", "2024-03-14T15:30:00",
    "2024-03-14T15:30:00.5", "2024-03-14T15:30:Z", "2024-03-14T15:30:0Z", "2024-03-14T15:3:00Z",
    "2024-03-14T5:30:00Z", "2024-03-14T24:00:00Z", "2024-03-14T15:60:00Z", "2024-03-14T15:30:61Z",
    "2024-03-14T15:30:00.Z", "2024-03-14T15:30:00.1234567890Z", "2024-03-14T15:30:00,5Z",
    "2024-03-14T15:30:00.5.5Z", "2024-03-14T15:30.5Z", "2024-03-14T15:30:00ZZ",
    "2024-03-14T15:30:00Z ", "2024-03-14T15:30:00 Z", "2024-03-14T15:30:00+",
    "2024-03-14T15:30:00+1", "2024-03-14T15:30:00+01",
    "2024-03-14T15:30:00+01:", "2024-03-14T15:30:00+01:0", "2024-03-14T15:30:00+1:00",
    "2024-03-14T15:30:00+24:00", "2024-03-14T15:30:00+01:60", "2024-03-14T15:30:00+01:00Z",
    "2024-03-14T15:30:00+01:00:00",
    "2024-03-14T15:30:00\xe2\x88\x92"
    "01:00",
    "2024-03-14_15:30:00Z", "2024-03-14  15:30:00Z", "2024-03-14Z", "2024-03-14+01:00",
    "0x24-03-14", "2024-0x-14",
    "\xef\xbc\x92"
    "024-03-14",
    "tomorrow", "1710430200", "Thu, 14 Mar 2024 15:30:00 GMT", "2024-W11-4", "2024-074"};

static void
what_is_malformed_is_no_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(malformed); i++) {
		int64_t us;
		if (reads(malformed[i], &us))
			fail_msg("taken: %s as %" PRId64, malformed[i], us);
	}
	int64_t us;
	assert_false(clock_parse(&us, (struct str){NULL, 0}));
	/* A NUL is no separator. */
	static const char with_nul[] = "2024-03-14T15:30:00.5+01:00";
	for (size_t i = 0; i < sizeof with_nul; i++) {
		char text[sizeof with_nul];
		memcpy(text, with_nul, sizeof text);
		text[i] = 0;
		if (clock_parse(&us, (struct str){text, sizeof with_nul - (i < sizeof text - 1)}))
			fail_msg("taken with a NUL at %zu", i);
	}
}

/* RFC 3339's grammar (and what clock.h lets through besides) as a regular expression, the numbers
 * compared one by one: a second opinion that shares nothing with the code. */
static bool
is_time(const regex_t *grammar, const char *text, size_t n)
{
	regmatch_t m[6];
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int y, month, day, hour = 0, minute = 0, second = 0, zone_hour = 0, zone_minute = 0;
	if (strlen(text) != n || regexec(grammar, text, ARRAY_LENGTH(m), m, 0) != 0 ||
	    sscanf(text, "%4d-%2d-%2d", &y, &month, &day) != 3)
		return false;
	if (m[1].rm_so >= 0)
		sscanf(text + m[1].rm_so + 1, "%2d:%2d:%2d", &hour, &minute, &second);
	if (m[4].rm_so >= 0 && text[m[4].rm_so] != 'Z' && text[m[4].rm_so] != 'z') {
		sscanf(text + m[4].rm_so + 1, "%2d", &zone_hour);
		sscanf(text + m[4].rm_eo - 2, "%2d", &zone_minute);
	}
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
	       (month != 2 || day < 29 || leap) && hour < 24 && minute < 60 && second <= 60 &&
	       zone_hour < 24 && zone_minute < 60;
}

static void
a_text_with_a_few_bytes_changed_is_judged_by_the_grammar(void **state)
{
	(void)state;
	static const char *const whole[] = {"2024-02-29T15:30:45.123456+01:30",
	    "1999-12-31T23:59:60Z", "2024-03-14 15:30-0500", "2023-06-30"};
	static const char bytes[] = "0123456789-+:.TtZz \0x\xff";
	regex_t grammar;
	assert_int_equal(
	    regcomp(&grammar,
		"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?"
		"([Zz]|[+-][0-9]{2}:?[0-9]{2}))?$",
		REG_EXTENDED),
	    0);
	uint64_t random = 7;
	size_t taken = 0;
	for (int i = 0; i < 200000; i++) {
		char text[64] = {0};
		size_t n = strlen(whole[i % 4]);
		int64_t us;
		memcpy(text, whole[i % 4], n);
		for (int k = 0; k <= i / 4 % 3; k++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			size_t at = n > 0 ? (size_t)(random >> 40) % n : 0;
			char byte = bytes[(random >> 33) % (sizeof bytes - 1)];
			switch (random >> 61) {
			case 0: /* one fewer */
				memmove(text + at, text + at + 1, sizeof text - at - 1);
				n -= n > 0;
				break;
			case 1: /* one more */
				memmove(text + at + 1, text + at, sizeof text - at - 1);
				text[at] = byte;
				n++;
				break;
			case 2: /* cut off */
				n = at;
				memset(text + n, 0, sizeof text - n);
				break;
			default:
				text[at] = byte;
			}
		}
		bool good = is_time(&grammar, text, n);
		taken += good;
		if (clock_parse(&us, (struct str){text, n}) != good)
			fail_msg("%s: %.*s", good ? "refused" : "taken", (int)n, text);
	}
	regfree(&grammar);
	/* It was no test of refusals alone. */
	assert_true(taken > 1000);
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
	    cmocka_unit_test(http_dates_print_as_the_rfc_has_them),
	    cmocka_unit_test(any_moment_prints_as_libc_says),
	    cmocka_unit_test(known_texts_are_the_moments_they_say),
	    cmocka_unit_test(every_day_there_is_can_be_read_and_no_other),
	    cmocka_unit_test(what_is_printed_is_read_again),
	    cmocka_unit_test(what_is_malformed_is_no_time),
	    cmocka_unit_test(a_text_with_a_few_bytes_changed_is_judged_by_the_grammar),
	    cmocka_unit_test(the_clocks_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
