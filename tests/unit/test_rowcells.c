/* test_rowcells.c: a stored row printed for the shown columns, whatever their order. */
#include "api/rowcells.h"
#include "base/limits.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;

/* The row as an array of its shown cells; *clipped has a bit for each that was cut. */
static struct str
print(const char *cells, const char *absent, const struct column *columns, size_t count,
    size_t clip, unsigned *clipped)
{
	struct rowcells c;
	struct row r = {.cells = str_of(cells), .absent = str_of(absent)};
	struct buf text;
	struct jsonout out;
	buf_init(&text, &arena);
	jsonout_init(&out, &text);
	rowcells_init(&c, columns, count, &arena);
	/* A row before it leaves nothing behind. */
	struct row other = {.cells = STR("[\"o\",\"o\",\"o\",\"o\",\"o\",\"o\",\"o\",\"o\"]")};
	rowcells_read(&c, &other);
	rowcells_read(&c, &r);
	*clipped = 0;
	jsonout_array(&out);
	for (size_t k = 0; k < count; k++)
		if (rowcells_put(&out, &c, k, clip))
			*clipped |= 1u << k;
	jsonout_end(&out);
	json_t *tree = json_loadb(text.p, text.n, JSON_DECODE_INT_AS_REAL, NULL);
	assert_non_null(tree);
	assert_int_equal(json_array_size(tree), count);
	json_decref(tree);
	return buf_str(&text);
}

static void
cells_stand_where_their_columns_are_shown(void **state)
{
	(void)state;
	/* Moved, one dropped (1), one added later (5). */
	static const struct column columns[] = {{.column_id = 3}, {.column_id = 0},
	    {.column_id = 5}, {.column_id = 2}, {.column_id = 4}};
	static const struct {
		const char *cells, *absent, *want;
	} cases[] = {
	    {"[\"a\",\"b\",\"c\",\"d\"]", "", "[\"d\",\"a\",null,\"c\",null]"},
	    {"[\"a\",null,null,[1],{\"k\":2},true]", "", "[[1],\"a\",true,null,{\"k\":2}]"},
	    {"[]", "", "[null,null,null,null,null]"},
	    {"[null,null,\"c\",\"d\"]", "[0,3]", "[null,null,null,\"c\",null]"},
	    {"[1,2,3,4,5,6,7,8]", "[2,9]", "[4,1,6,null,5]"},
	    {"[\"a\\n\\\"\\u00e9\",0,\"\",false]", "",
		"[false,\"a\\n\\\"\\u00e9\",null,\"\",null]"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		unsigned clipped;
		struct str got = print(cases[i].cells, cases[i].absent, columns,
		    ARRAY_LENGTH(columns), 4096, &clipped);
		if (!str_is(got, cases[i].want))
			fail_msg("%.*s", STR_ARG(got));
		assert_int_equal(clipped, 0);
	}
}

/* DESIGN section 3: retyping touches no row, so the text decides when it is printed. */
static void
text_of_a_number_column_is_printed_bare_when_it_is_a_number(void **state)
{
	(void)state;
	static const struct {
		enum column_type type;
		const char *cell, *want;
	} cases[] = {
	    {COLUMN_NUMBER, "\"1.10\"", "1.10"},
	    {COLUMN_INTEGER, "\"9223372036854775808\"", "9223372036854775808"},
	    {COLUMN_INTEGER, "\"007\"", "\"007\""},
	    {COLUMN_NUMBER, "\"1e5\"", "1e5"},
	    {COLUMN_NUMBER, "\"+5\"", "\"+5\""},
	    {COLUMN_NUMBER, "\"n/a\"", "\"n/a\""},
	    {COLUMN_NUMBER, "1.50", "1.50"},
	    {COLUMN_STRING, "\"12\"", "\"12\""},
	    {COLUMN_TEXT, "12", "12"},
	    {COLUMN_BOOLEAN, "\"TRUE\"", "true"},
	    {COLUMN_BOOLEAN, "\"yes\"", "\"yes\""},
	    {COLUMN_BOOLEAN, "false", "false"},
	    {COLUMN_DATE, "\"2024-03-14\"", "\"2024-03-14\""},
	    {COLUMN_JSON, "{\"a\": 1.0}", "{\"a\": 1.0}"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct column column = {.type = cases[i].type};
		unsigned clipped;
		struct str got = print(
		    arena_format(&arena, "[%s]", cases[i].cell).p, "", &column, 1, 4096, &clipped);
		const char *want = arena_format(&arena, "[%s]", cases[i].want).p;
		if (!str_is(got, want))
			fail_msg("%s: %.*s", cases[i].cell, STR_ARG(got));
	}
}

static void
long_cells_are_cut_to_the_byte_and_said_to_be(void **state)
{
	(void)state;
	static const struct column column = {.type = COLUMN_STRING};
	static const struct {
		const char *cell;
		size_t clip;
		const char *want;
		bool cut;
	} cases[] = {
	    {"\"abcdef\"", 6, "\"abcdef\"", false},
	    {"\"abcdef\"", 5, "\"abcde\"", true},
	    {"\"ab\xc3\xa4z\"", 4, "\"ab\xc3\xa4\"", true},
	    {"\"ab\xc3\xa4z\"", 3, "\"ab\"", true},
	    {"\"\\\"\\\"\\\"\"", 2, "\"\\\"\\\"\"", true},
	    {"[1,2,3,4]", 5, "\"[1,2,\"", true},
	    {"123456", 3, "\"123\"", true},
	    {"\"abc\"", 0, "\"\"", true},
	    {"\"\"", 0, "\"\"", false},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		unsigned clipped;
		struct str got = print(arena_format(&arena, "[%s]", cases[i].cell).p, "", &column,
		    1, cases[i].clip, &clipped);
		const char *want = arena_format(&arena, "[%s]", cases[i].want).p;
		if (!str_is(got, want) || clipped != cases[i].cut)
			fail_msg("%s at %zu: %.*s", cases[i].cell, cases[i].clip, STR_ARG(got));
	}
}

static void
no_columns_are_no_cells(void **state)
{
	(void)state;
	unsigned clipped;
	assert_true(str_is(print("[1,2]", "[0]", NULL, 0, 10, &clipped), "[]"));
}

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, MIB(16));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cells_stand_where_their_columns_are_shown),
	    cmocka_unit_test(text_of_a_number_column_is_printed_bare_when_it_is_a_number),
	    cmocka_unit_test(long_cells_are_cut_to_the_byte_and_said_to_be),
	    cmocka_unit_test(no_columns_are_no_cells),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
