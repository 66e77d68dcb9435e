/*
 * test_key.c: values are in the order people expect of numbers, moments and texts, whatever their
 * spelling; what is nothing comes last and apart.
 */
#include "store/key.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char room[2][8192];

static struct str
key(int which, const char *text, enum column_type type)
{
	struct str s = str_of(text);
	assert_true(KEY_ROOM(s.n) <= sizeof room[which]);
	return (struct str){room[which], key_of_text(room[which], s, type)};
}

/* Each is less than the next. */
static void
in_order(enum column_type type, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++) {
			int order = key_compare(key(0, lines[i], type), key(1, lines[k], type));
			if ((order > 0) - (order < 0) != (i > k) - (i < k))
				fail_msg("%s and %s: %d", lines[i], lines[k], order);
		}
}

static void
same(enum column_type type, const char *a, const char *b)
{
	if (key_compare(key(0, a, type), key(1, b, type)) != 0)
		fail_msg("%s and %s differ", a, b);
}

static void
numbers_are_compared_exactly(void **state)
{
	(void)state;
	static const char *const lines[] = {"-1e400", "-9223372036854775809",
	    "-9223372036854775808", "-70", "-7.25", "-7", "-0.5", "-1e-400", "0", "1e-400", "0.1",
	    "0.10000000000000000000000000000000001", "1.1", "2", "10", "11", "100",
	    "9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808",
	    "1e308", "1e309", "1e400", "1e99999999999999999999", "n/a"};
	in_order(COLUMN_NUMBER, lines, ARRAY_LENGTH(lines));
	same(COLUMN_NUMBER, "1.10", "1.1");
	same(COLUMN_NUMBER, "-0", "0.000e7");
	same(COLUMN_NUMBER, "1E2", "100.0");
	same(COLUMN_INTEGER, "0.05e+3", "50");
}

static void
moments_are_compared_whatever_their_zone(void **state)
{
	(void)state;
	static const char *const lines[] = {"0000-01-01", "1582-10-04", "1969-12-31T23:59:59",
	    "1970-01-01", "2024-02-28T23:59:59.999999999999", "2024-02-29",
	    "2024-03-14T15:30:00.49", "2024-03-14T15:30:00.5", "2024-03-14T15:30:01",
	    "9999-12-31T23:59:60", "soon"};
	in_order(COLUMN_DATETIME, lines, ARRAY_LENGTH(lines));
	same(COLUMN_DATETIME, "2024-03-14T15:30:00Z", "2024-03-14 16:30+01:00");
	same(COLUMN_DATETIME, "2024-03-14T15:30", "2024-03-14T03:30:00.000-12:00");
	same(COLUMN_DATE, "2024-03-14", "2024-03-14T00:00Z");
}

/* Every day of 400 years is 86,400 seconds after the one before it. */
static void
days_follow_each_other(void **state)
{
	(void)state;
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	double before = 0, place;
	char text[32];
	for (int year = 1899; year < 2300; year++)
		for (int month = 1; month <= 12; month++) {
			int leap =
			    month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
			for (int day = 1; day <= days[month - 1] + leap; day++) {
				snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
				assert_true(
				    key_place(&place, key(0, text, COLUMN_DATE), COLUMN_DATE));
				if (before != 0 && place != before + 86400)
					fail_msg("%s: %f after %f", text, place, before);
				before = place;
				if (strcmp(text, "1970-01-01") == 0)
					assert_true(place == 0);
			}
		}
}

static void
texts_are_in_the_order_of_code_points_and_nothing_is_last(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "10", "9", "Z", "a", "ab", "b", "\xc3\xa4", "\xef\xbf\xbd", "\xf0\x9f\x8f\xa0", ""};
	in_order(COLUMN_STRING, lines, ARRAY_LENGTH(lines));
	struct cell null = {CELL_NULL, false, STR("null")}, absent = {.kind = CELL_ABSENT};
	char a[KEY_ROOM(4)], b[KEY_ROOM(4)];
	for (int type = 0; type < COLUMN__MAX; type++) {
		struct str n = {a, key_of_cell(a, &null, (enum column_type)type)};
		struct str m = {b, key_of_cell(b, &absent, (enum column_type)type)};
		assert_true(key_compare(key(0, "", (enum column_type)type), n) < 0);
		assert_true(key_compare(n, m) < 0);
	}
}

static void
an_escaped_cell_is_what_it_stands_for(void **state)
{
	(void)state;
	struct cell c = {CELL_TEXT, true, STR("\\u0031\\u002e50")};
	char out[KEY_ROOM(64)];
	struct str k = {out, key_of_cell(out, &c, COLUMN_NUMBER)};
	assert_int_equal(key_compare(k, key(0, "1.5", COLUMN_NUMBER)), 0);
	c.bytes = STR("a\\n\\u00e4");
	k = (struct str){out, key_of_cell(out, &c, COLUMN_TEXT)};
	assert_int_equal(key_compare(k, key(0, "a\n\xc3\xa4", COLUMN_TEXT)), 0);
}

/* The nearest double is what the C library says it is. */
static void
places_are_the_nearest_double(void **state)
{
	(void)state;
	static const char *const texts[] = {"0", "-0", "1.1", "-7.25", "9223372036854775807", "0.1",
	    "1e308", "-123456.789e-20", "4.9e-324", "1e-400"};
	double place;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		assert_true(key_place(&place, key(0, texts[i], COLUMN_NUMBER), COLUMN_NUMBER));
		if (place != strtod(texts[i], NULL))
			fail_msg("%s: %.17g", texts[i], place);
	}
	assert_false(key_place(&place, key(0, "1e400", COLUMN_NUMBER), COLUMN_NUMBER));
	assert_false(key_place(&place, key(0, "n/a", COLUMN_NUMBER), COLUMN_NUMBER));
	assert_false(key_place(&place, key(0, "1", COLUMN_STRING), COLUMN_STRING));
	assert_true(
	    key_place(&place, key(0, "1970-01-01T00:00:01.25Z", COLUMN_DATETIME), COLUMN_DATETIME));
	assert_true(place == 1.25);
}

/* Numbers of any length fit the room they are given, which the sanitizers watch. */
static void
long_numbers_fit(void **state)
{
	(void)state;
	char text[2048];
	for (size_t n = 990; n < 1010; n++) {
		memset(text, '7', n);
		text[0] = '-';
		char *out = malloc(KEY_ROOM(n));
		assert_non_null(out);
		size_t used = key_of_text(out, (struct str){text, n}, COLUMN_INTEGER);
		assert_true(used <= KEY_ROOM(n));
		assert_int_equal(out[0], n <= 1000 ? KEY_VALUE : KEY_OTHER);
		free(out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_compared_exactly),
	    cmocka_unit_test(moments_are_compared_whatever_their_zone),
	    cmocka_unit_test(days_follow_each_other),
	    cmocka_unit_test(texts_are_in_the_order_of_code_points_and_nothing_is_last),
	    cmocka_unit_test(an_escaped_cell_is_what_it_stands_for),
	    cmocka_unit_test(places_are_the_nearest_double),
	    cmocka_unit_test(long_numbers_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
