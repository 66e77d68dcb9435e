/* test_guess.c: which type a column gets from its values. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/guess.h"

#include <math.h>
#include <time.h>

static enum column_type
guess_of(const char *const *values, struct guess *g)
{
	*g = (struct guess){0};
	for (; *values; values++)
		guess_add_text(g, *values, strlen(*values));
	return guess_type(g);
}

static void
the_narrowest_type_that_fits_all(void **state)
{
	(void)state;
	static const struct {
		enum column_type type;
		const char *values[5];
	} cases[] = {
	    {COLUMN_STRING, {NULL}},
	    {COLUMN_STRING, {"", "", NULL}},
	    {COLUMN_INTEGER, {"1", "-20", "", "0", NULL}},
	    {COLUMN_INTEGER, {"9223372036854775807", "-9223372036854775808", NULL}},
	    {COLUMN_NUMBER, {"9223372036854775808", NULL}},
	    {COLUMN_NUMBER, {"-9223372036854775809", NULL}},
	    {COLUMN_NUMBER, {"99999999999999999999999999", NULL}},
	    {COLUMN_NUMBER, {"1", "1.10", NULL}},
	    {COLUMN_NUMBER, {"1e5", "-2E-3", "-0", NULL}},
	    {COLUMN_STRING, {"1", "007", NULL}},
	    {COLUMN_STRING, {"+5", NULL}},
	    {COLUMN_STRING, {" 5", NULL}},
	    {COLUMN_STRING, {"1.", NULL}},
	    {COLUMN_STRING, {".5", NULL}},
	    {COLUMN_STRING, {"1e", NULL}},
	    {COLUMN_STRING, {"-", NULL}},
	    {COLUMN_STRING, {"0x1f", NULL}},
	    {COLUMN_STRING, {"nan", NULL}},
	    {COLUMN_STRING, {"1,5", NULL}},
	    {COLUMN_BOOLEAN, {"true", "FALSE", "True", NULL}},
	    {COLUMN_INTEGER, {"0", "1", NULL}},
	    {COLUMN_STRING, {"true", "1", NULL}},
	    {COLUMN_STRING, {"yes", NULL}},
	    {COLUMN_DATE, {"2024-03-14", "2024-02-29", "2000-02-29", "", NULL}},
	    {COLUMN_STRING, {"2023-02-29", NULL}},
	    {COLUMN_STRING, {"1900-02-29", NULL}},
	    {COLUMN_STRING, {"2024-04-31", NULL}},
	    {COLUMN_STRING, {"2024-13-01", NULL}},
	    {COLUMN_STRING, {"2024-00-10", NULL}},
	    {COLUMN_STRING, {"14.03.2024", NULL}},
	    {COLUMN_DATETIME,
		{"2024-03-14T15:30", "2024-03-14 15:30:00", "2024-03-14T15:30:00Z", NULL}},
	    {COLUMN_DATETIME, {"2024-03-14T15:30:59.123+01:00", "2024-03-14T00:00-11:30", NULL}},
	    {COLUMN_STRING, {"2024-03-14T24:00", NULL}},
	    {COLUMN_STRING, {"2024-03-14T15:30:00.", NULL}},
	    {COLUMN_STRING, {"2024-03-14T15:30:00X", NULL}},
	    {COLUMN_STRING, {"2024-03-14T15:30+0100", NULL}},
	    {COLUMN_STRING, {"2024-03-14", "2024-03-14T15:30", NULL}},
	    {COLUMN_STRING, {"2024-03-14", "1", NULL}},
	    {COLUMN_STRING, {"1", "x", "2", NULL}},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct guess g;
		enum column_type type = guess_of(cases[i].values, &g);
		if (type != cases[i].type)
			fail_msg("case %zu (%s ...): %s", i, cases[i].values[0],
			    column_type_names[type]);
	}
}

static void
text_is_over_255_characters(void **state)
{
	(void)state;
	char value[600];
	for (size_t i = 0; i < sizeof value; i += 2)
		memcpy(value + i, "\xc3\xa9", 2);
	struct guess g = {0};
	guess_add_text(&g, value, 510);
	assert_int_equal(guess_type(&g), COLUMN_STRING);
	guess_add_text(&g, value, 512);
	assert_int_equal(guess_type(&g), COLUMN_TEXT);
	assert_int_equal(g.longest, 512);
	/* Escapes are no characters. */
	g = (struct guess){0};
	memset(value, 'x', sizeof value);
	guess_add_escaped(&g, value, 300, 45);
	assert_int_equal(guess_type(&g), COLUMN_STRING);
	assert_int_equal(g.longest, 255);
	guess_add_escaped(&g, value, 300, 44);
	assert_int_equal(guess_type(&g), COLUMN_TEXT);
}

static bool
same(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

static void
what_is_counted(void **state)
{
	(void)state;
	struct guess g;
	const char *const values[] = {"3", "", "-1.5e2", "65093.45", NULL};
	assert_int_equal(guess_of(values, &g), COLUMN_NUMBER);
	assert_int_equal(g.values, 3);
	assert_int_equal(g.empty, 1);
	assert_int_equal(g.longest, 8);
	assert_true(g.has_number);
	assert_true(same(g.least, -150.0));
	assert_true(same(g.most, 65093.45));
}

/* strtod is the judge of every value. */
static void
numbers_have_the_nearest_double(void **state)
{
	(void)state;
	uint64_t x = 99;
	for (int i = 0; i < 20000; i++) {
		char text[64];
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
		snprintf(text, sizeof text, "%s%" PRIu64 ".%0*" PRIu64, x & 1 ? "-" : "",
		    x >> 1 >> (x >> 8 & 63), (int)(1 + (x >> 4 & 15)), (x >> 20) % 1000);
		struct guess g = {0};
		guess_add_text(&g, text, strlen(text));
		assert_int_equal(guess_type(&g), COLUMN_NUMBER);
		if (!same(g.least, strtod(text, NULL)))
			fail_msg("%s became %.17g", text, g.least);
	}
}

/* timegm is the judge of every day. */
static void
days_of_every_month(void **state)
{
	(void)state;
	static const int years[] = {1900, 1999, 2000, 2023, 2024, 2100};
	for (size_t i = 0; i < ARRAY_LENGTH(years); i++)
		for (int month = 1; month <= 12; month++)
			for (int day = 27; day <= 32; day++) {
				struct tm t = {.tm_year = years[i] - 1900,
				    .tm_mon = month - 1,
				    .tm_mday = day};
				(void)timegm(&t);
				char text[32];
				snprintf(text, sizeof text, "%04d-%02d-%02d", years[i], month, day);
				struct guess g = {0};
				guess_add_text(&g, text, 10);
				assert_true((t.tm_mday == day) == (guess_type(&g) == COLUMN_DATE));
			}
}

static void
cells_of_json(void **state)
{
	(void)state;
	static const struct {
		enum column_type type;
		const char *row;
	} cases[] = {
	    {COLUMN_INTEGER, "[1,null,-3,\"\"]"},
	    {COLUMN_NUMBER, "[1,2.0]"},
	    {COLUMN_BOOLEAN, "[true,false,null]"},
	    {COLUMN_STRING, "[true,1]"},
	    /* Who wrote quotes meant text. */
	    {COLUMN_STRING, "[\"1\",\"2\"]"},
	    {COLUMN_STRING, "[\"true\"]"},
	    {COLUMN_DATE, "[\"2024-03-14\",\"\\u0032024-03-15\"]"},
	    {COLUMN_DATETIME, "[\"2024-03-14T10:00:00Z\"]"},
	    {COLUMN_JSON, "[{\"a\":1},null]"},
	    {COLUMN_JSON, "[1,[2]]"},
	    {COLUMN_STRING, "[null]"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct cell cells[8];
		struct guess g = {0};
		size_t n = cells_split(cells, 8, cases[i].row, strlen(cases[i].row));
		for (size_t k = 0; k < n; k++)
			guess_add_cell(&g, &cells[k]);
		if (guess_type(&g) != cases[i].type)
			fail_msg("%s: %s", cases[i].row, column_type_names[guess_type(&g)]);
		assert_int_equal(g.values + g.empty, n);
	}
}

static void
type_names_go_both_ways(void **state)
{
	(void)state;
	for (int i = 0; i < COLUMN__MAX; i++)
		assert_int_equal(column_type_from_name(str_of(column_type_names[i])), i);
	assert_int_equal(column_type_from_name(STR("float")), COLUMN__MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_narrowest_type_that_fits_all),
	    cmocka_unit_test(text_is_over_255_characters),
	    cmocka_unit_test(what_is_counted),
	    cmocka_unit_test(numbers_have_the_nearest_double),
	    cmocka_unit_test(days_of_every_month),
	    cmocka_unit_test(cells_of_json),
	    cmocka_unit_test(type_names_go_both_ways),
	};
	return cmocka_run_group_tests_name("guess", tests, NULL, NULL);
}
