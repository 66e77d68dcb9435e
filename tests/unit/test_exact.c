/*
 * test_exact.c: values that survive a type and those that do not, held against the C library and
 * against the rules of exact.h.
 */
#include "formats/exact.h"
#include "base/arena.h"
#include "base/hash.h"
#include "formats/shares.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static void
integers_are_those_of_64_bits_as_they_are_written(void **state)
{
	(void)state;
	const struct {
		const char *text;
		bool good;
		int64_t value;
	} cases[] = {
	    {"0", true, 0},
	    {"-1", true, -1},
	    {"9223372036854775807", true, INT64_MAX},
	    {"-9223372036854775808", true, INT64_MIN},
	    {"9223372036854775808", false, 0},
	    {"-9223372036854775809", false, 0},
	    {"99999999999999999999", false, 0},
	    {"-0", false, 0},
	    {"007", false, 0},
	    {"+1", false, 0},
	    {"1.0", false, 0},
	    {"1e3", false, 0},
	    {"", false, 0},
	    {"-", false, 0},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t v = 0;
		bool good = exact_integer(&v, str_of(cases[i].text));
		if (good != cases[i].good || (good && v != cases[i].value))
			fail_msg("%s", cases[i].text);
	}
}

static void
doubles_are_those_that_no_digit_is_lost_of(void **state)
{
	(void)state;
	const struct {
		const char *text;
		bool good, notation;
	} cases[] = {
	    {"0", true, false},
	    {"-0", true, false},
	    {"0.1", true, false},
	    {"-2.5", true, false},
	    {"1.10", true, true},
	    {"100", true, false},
	    {"1e3", true, true},
	    {"1E-7", true, true},
	    {"123456789012345", true, false},
	    {"9007199254740992", true, false},
	    {"9007199254740993", false, false},
	    {"9223372036854775808", false, false},
	    {"0.1234567890123456", true, false},
	    {"0.12345678901234567", false, false},
	    {"0.12345678901234568", true, false},
	    {"0.123456789012345678901", false, false},
	    {"1e400", false, false},
	    {"1e-400", false, false},
	    {"5e-324", false, false}, /* of its digits only one is left */
	    {"1.7976931348623157e308", true, true},
	    {"007", false, false},
	    {"01.5", false, false},
	    {".5", false, false},
	    {"5.", false, false},
	    {"+5", false, false},
	    {"1.2.3", false, false},
	    {"--1", false, false},
	    {"", false, false},
	    {"-", false, false},
	    {"NaN", false, false},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		double v = 0;
		bool notation = false;
		bool good = exact_double(&v, &notation, str_of(cases[i].text));
		if (good != cases[i].good || notation != cases[i].notation ||
		    (good && v != strtod(cases[i].text, NULL)))
			fail_msg("%s: %d %d %.17g", cases[i].text, good, notation, v);
	}
}

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Against the C library: what is called exact is the same number when as many digits are printed;
 * long doubles hold all that are made here. */
static void
random_decimals_come_back_or_are_refused(void **state)
{
	(void)state;
	uint64_t x = 5;
	for (int round = 0; round < 200000; round++) {
		char text[64], again[64];
		int digits = 1 + (int)(next_random(&x) % 18),
		    decimals = (int)(next_random(&x) % 12);
		uint64_t whole = next_random(&x);
		for (int i = digits; i < 20; i++)
			whole /= 10;
		snprintf(text, sizeof text, "%s%" PRIu64 ".%0*" PRIu64, round % 2 ? "-" : "", whole,
		    decimals + 1, next_random(&x) % 10);
		double v;
		bool notation = false;
		if (!exact_double(&v, &notation, str_of(text)))
			continue;
		assert_true(v == strtod(text, NULL));
		int shown = 0;
		for (const char *p = text; *p; p++)
			shown += *p != '-' && *p != '.' && (*p != '0' || shown > 0);
		snprintf(again, sizeof again, "%.*e", shown > 0 ? shown - 1 : 0, v);
		if (strtold(again, NULL) != strtold(text, NULL))
			fail_msg("%s is %s", text, again);
	}
}

static void
every_day_of_ten_thousand_years(void **state)
{
	(void)state;
	int32_t want = 0, days;
	char text[40];
	struct tm t = {.tm_year = 0 - 1900, .tm_mon = 0, .tm_mday = 1};
	want = (int32_t)(timegm(&t) / 86400);
	for (int year = 0; year < 10000; year++)
		for (int month = 1; month <= 12; month++)
			for (int day = 1; day <= 32; day++) {
				snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
				struct tm of = {
				    .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
				/* timegm() makes the 31st of a shorter month the next one's 1st. */
				bool exists = day < 29;
				if (!exists) {
					timegm(&of);
					exists = of.tm_mon == month - 1;
				}
				if (exact_date(&days, str_of(text)) != exists ||
				    (exists && days != want++))
					fail_msg("%s is %d, not %d", text, days, want);
			}
	assert_false(exact_date(&days, STR("2024-3-14")));
	assert_false(exact_date(&days, STR("2024-00-14")));
	assert_false(exact_date(&days, STR("2024-13-01")));
	assert_false(exact_date(&days, STR("2024/03/14")));
}

static void
moments_have_a_zone_or_none_and_lose_nothing(void **state)
{
	(void)state;
	const int64_t at = INT64_C(1710430200000000); /* date -d 2024-03-14T15:30:00Z +%s */
	const struct {
		const char *text;
		bool good, zoned, notation;
		int64_t us;
	} cases[] = {
	    {"2024-03-14T15:30:00Z", true, true, false, at},
	    {"2024-03-14 15:30", true, false, false, at},
	    {"2024-03-14T15:30:00.123456", true, false, false, at + 123456},
	    {"2024-03-14T15:30:00.123456000Z", true, true, false, at + 123456},
	    {"2024-03-14T15:30:00.1234567Z", false, false, false, 0},
	    {"2024-03-14T16:30:00+01:00", true, true, true, at},
	    {"2024-03-14T15:30:60Z", false, false, false, 0},
	    {"2024-03-14", false, false, false, 0},
	    {"2024-02-30T00:00:00Z", false, false, false, 0},
	    {"soon", false, false, false, 0},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t us;
		bool zoned, notation = false;
		bool good = exact_time(&us, &zoned, &notation, str_of(cases[i].text));
		if (good != cases[i].good ||
		    (good && (us != cases[i].us || zoned != cases[i].zoned ||
				 notation != cases[i].notation)))
			fail_msg("%s", cases[i].text);
	}
}

static void
items_of_an_array_one_after_the_other(void **state)
{
	(void)state;
	const struct str array =
	    STR("[ 1.5 ,\"a,\\\"]\", [2,3],{\"k\":[]} , null,true,false,\"\"]");
	const struct {
		enum cell_kind kind;
		const char *bytes;
		bool escaped;
	} want[] = {
	    {CELL_NUMBER, "1.5", false},
	    {CELL_TEXT, "a,\\\"]", true},
	    {CELL_JSON, "[2,3]", false},
	    {CELL_JSON, "{\"k\":[]}", false},
	    {CELL_NULL, "null", false},
	    {CELL_TRUE, "true", false},
	    {CELL_FALSE, "false", false},
	    {CELL_TEXT, "", false},
	};
	struct cell item;
	size_t at = 0, i = 0;
	while (exact_next(&item, array, &at)) {
		assert_true(i < ARRAY_LENGTH(want));
		assert_int_equal(item.kind, want[i].kind);
		assert_true(str_is(item.bytes, want[i].bytes));
		assert_int_equal(item.escaped, want[i].escaped);
		i++;
	}
	assert_int_equal(i, ARRAY_LENGTH(want));
	at = 0;
	assert_false(exact_next(&item, STR("[ ]"), &at));
}

/* printf '42\0a' | sha256sum, its first 16 digits over 2^64: the same on every machine. */
static void
shares_are_the_hash_that_is_documented(void **state)
{
	(void)state;
	struct arena a;
	struct shares s;
	struct err e = {0};
	const struct share_part parts[] = {{STR("a"), 1}, {STR("b"), 1}};
	const struct {
		const char *text;
		size_t part;
	} cases[] = {
	    {"a", 1},
	    {"b", 1},
	    {"c", 1},
	    {"d", 0},
	    {"", 1},
	    {"hello", 0},
	    {"é", 0},
	};
	arena_init(&a, (size_t)1 << 20);
	shares_init(&s, STR("42"), parts, 2, &a);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct cell c = {.kind = CELL_TEXT, .bytes = str_of(cases[i].text)};
		size_t part;
		assert_true(shares_of(&part, &s, &c, &e));
		assert_int_equal(part, cases[i].part);
	}
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(integers_are_those_of_64_bits_as_they_are_written),
	    cmocka_unit_test(doubles_are_those_that_no_digit_is_lost_of),
	    cmocka_unit_test(random_decimals_come_back_or_are_refused),
	    cmocka_unit_test(every_day_of_ten_thousand_years),
	    cmocka_unit_test(moments_have_a_zone_or_none_and_lose_nothing),
	    cmocka_unit_test(items_of_an_array_one_after_the_other),
	    cmocka_unit_test(shares_are_the_hash_that_is_documented),
	};
	return cmocka_run_group_tests_name("exact", tests, NULL, NULL);
}
