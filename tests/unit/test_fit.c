/* test_fit.c: which values can stand in a column whose type somebody has declared. */
#include "formats/fit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The cell a token is, as the rows have it. */
static struct cell
cell_of(const char *token)
{
	struct cell c;
	char row[300];
	int n = snprintf(row, sizeof row, "[%s]", token);
	const char *reason;
	if (!cells_check(row, (size_t)n, 1, &reason))
		fail_msg("%s: %s", token, reason);
	assert_int_equal(cells_split(&c, 1, row, (size_t)n), 1);
	/* It points into the row, which goes. */
	static char kept[300];
	memcpy(kept, c.bytes.p, c.bytes.n);
	c.bytes.p = kept;
	return c;
}

#define TEXTS (GUESS_BIT(COLUMN_STRING) | GUESS_BIT(COLUMN_TEXT) | GUESS_BIT(COLUMN_JSON))
#define NUMBERS (GUESS_BIT(COLUMN_INTEGER) | GUESS_BIT(COLUMN_NUMBER))
#define DATES (GUESS_BIT(COLUMN_DATE) | GUESS_BIT(COLUMN_DATETIME))
#define BOOLEAN GUESS_BIT(COLUMN_BOOLEAN)
#define ALL (TEXTS | NUMBERS | DATES | BOOLEAN)

static const struct {
	const char *token;
	unsigned fits; /* a bit for each type of column */
} cases[] = {
    /* Whether a column may be empty is another question. */
    {"null", ALL},
    {"\"\"", ALL},
    /* Numbers, bare and as the text a file or form has. */
    {"0", TEXTS | NUMBERS},
    {"-12", TEXTS | NUMBERS},
    {"123456789012345678901234567890", TEXTS | NUMBERS},
    {"1.5", TEXTS | GUESS_BIT(COLUMN_NUMBER)},
    {"1.0", TEXTS | GUESS_BIT(COLUMN_NUMBER)},
    {"1e3", TEXTS | GUESS_BIT(COLUMN_NUMBER)},
    {"1E3", TEXTS | GUESS_BIT(COLUMN_NUMBER)},
    {"\"0\"", TEXTS | NUMBERS},
    {"\"-12\"", TEXTS | NUMBERS},
    {"\"1.5\"", TEXTS | GUESS_BIT(COLUMN_NUMBER)},
    {"\"1e3\"", TEXTS | GUESS_BIT(COLUMN_NUMBER)},
    {"\"1E3\"", TEXTS | GUESS_BIT(COLUMN_NUMBER)},
    {"\"007\"", TEXTS},
    {"\"+5\"", TEXTS},
    {"\" 5\"", TEXTS},
    {"\"5 \"", TEXTS},
    {"\"0x5\"", TEXTS},
    {"\"1,5\"", TEXTS},
    {"\"nan\"", TEXTS},
    /* Written with an escape a number is still a text with one. */
    {"\"\\u0035\"", TEXTS},
    /* Booleans. */
    {"true", TEXTS | BOOLEAN},
    {"false", TEXTS | BOOLEAN},
    {"\"true\"", TEXTS | BOOLEAN},
    {"\"False\"", TEXTS | BOOLEAN},
    {"\"yes\"", TEXTS},
    {"\"truer\"", TEXTS},
    {"\"tru\\u0065\"", TEXTS},
    /* Dates, with and without a time. */
    {"\"2024-02-29\"", TEXTS | DATES},
    {"\"2024-02-29T12:00:00Z\"", TEXTS | DATES},
    {"\"2024-02-29 12:00+01:00\"", TEXTS | DATES},
    {"\"2023-02-29\"", TEXTS},
    {"\"2024-13-01\"", TEXTS},
    {"\"2024-02-29T12:00:00\"", TEXTS},
    {"\"29.02.2024\"", TEXTS},
    {"\"tomorrow\"", TEXTS},
    {"20240229", TEXTS | NUMBERS},
    /* What has members fits where members are meant. */
    {"[]", GUESS_BIT(COLUMN_JSON)},
    {"[1]", GUESS_BIT(COLUMN_JSON)},
    {"{\"a\":null}", GUESS_BIT(COLUMN_JSON)},
    {"\"\\\"\"", TEXTS},
    {"\"\xc3\xa4\"", TEXTS},
};

static void
a_value_fits_the_columns_it_may_stand_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (enum column_type type = 0; type < COLUMN__MAX; type++) {
			struct cell c = cell_of(cases[i].token);
			bool fits = fit_cell(&c, type) == NULL;
			if (fits != ((cases[i].fits & GUESS_BIT(type)) != 0))
				fail_msg("%s %s %s", cases[i].token, fits ? "fits" : "does not fit",
				    column_type_names[type]);
		}
	for (enum column_type type = 0; type < COLUMN__MAX; type++) {
		struct cell absent = {.kind = CELL_ABSENT};
		assert_null(fit_cell(&absent, type));
	}
}

/* The words end a sentence: "Price must be ...". */
static void
what_does_not_fit_is_told_what_would(void **state)
{
	(void)state;
	static const struct {
		enum column_type type;
		const char *part;
	} wanted[] = {{COLUMN_INTEGER, "a whole number"}, {COLUMN_NUMBER, "a number"},
	    {COLUMN_BOOLEAN, "true or false"}, {COLUMN_DATE, "a date, as 2024-03-14"},
	    {COLUMN_DATETIME, "2024-03-14T15:30:00Z"}, {COLUMN_STRING, "text"},
	    {COLUMN_TEXT, "text"}};
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		struct cell c = cell_of("[\"no\"]");
		const char *words = fit_cell(&c, wanted[i].type);
		assert_non_null(words);
		assert_non_null(strstr(words, wanted[i].part));
	}
	/* What is shown as an example must itself be right. */
	struct cell example = cell_of("\"2024-03-14T15:30:00Z\"");
	assert_null(fit_cell(&example, COLUMN_DATE));
}

/* Text of a plugin comes without escapes: a quote or a NUL in it is itself. */
static void
bytes_that_are_no_number_end_none(void **state)
{
	(void)state;
	static const struct str wrong[] = {
	    {"1\0", 2}, {"\0", 1}, {"1\"", 2}, {"true\0", 5}, {"2024-03-14\0", 11}};
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		for (enum column_type type = COLUMN_INTEGER; type <= COLUMN_DATETIME; type++) {
			struct cell c = {.kind = CELL_TEXT, .bytes = wrong[i]};
			assert_non_null(fit_cell(&c, type));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_fits_the_columns_it_may_stand_in),
	    cmocka_unit_test(what_does_not_fit_is_told_what_would),
	    cmocka_unit_test(bytes_that_are_no_number_end_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
