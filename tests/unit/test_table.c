/*
 * test_table.c: a file that is no table is refused with the word for what it is, a text that only
 * begins like one is read, and what was done to its rows is counted.
 */
#include "collect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
what_is_no_table_is_called_by_its_name(void **state)
{
	(void)state;
	static const struct {
		struct str bytes;
		const char *word;
	} cases[] = {
	    {{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0", 12}, ".xls"},
	    {{"PK\3\4\x14\0\0\0\x08\0", 10}, "ZIP"},
	    {{"7z\xbc\xaf\x27\x1c\0\4", 8}, "7z"},
	    {{"SQLite format 3\0\x10\0\1\1", 20}, "SQLite"},
	    {{"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", 22}, "PDF"},
	    {{"PAR1\x15\0\x15\0", 8}, "Parquet"},
	    {{"Obj\1\4\0\0\0", 8}, "Avro"},
	    {{"\x89PNG\r\n\x1a\n\0\0\0\x0d", 12}, "image"},
	};
	const struct table_options options = {0};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct collected t;
		collect(&t, cases[i].bytes, &options, WINDOW_BYTES);
		assert_false(t.worked);
		assert_int_equal(t.err.code, ERR_INPUT);
		assert_non_null(strstr(t.err.message, cases[i].word));
		arena_release(&t.arena);
	}
}

static void
a_text_that_begins_like_one_is_read(void **state)
{
	(void)state;
	struct collected t;
	const struct table_options options = {0};
	collect(&t, STR("PAR1,GIF8\n1,2\n"), &options, WINDOW_BYTES);
	assert_true(t.worked);
	assert_int_equal(t.row_count, 1);
	arena_release(&t.arena);
}

/* What our own export writes of a table whose first name is this. */
static void
who_says_the_format_is_not_told_that_it_is_another(void **state)
{
	(void)state;
	struct collected t;
	const struct table_options found_out = {0}, said = {.format = TABLE_CSV};
	collect(&t, STR("GIF8\x0e,b\n1,2\n"), &found_out, WINDOW_BYTES);
	assert_false(t.worked);
	arena_release(&t.arena);
	collect(&t, STR("GIF8\x0e,b\n1,2\n"), &said, WINDOW_BYTES);
	assert_true(t.worked);
	assert_int_equal(t.row_count, 1);
	arena_release(&t.arena);
	collect(&t, STR("a\x03\x04\x05\x06\x07,b\n1,2\n"), &found_out, WINDOW_BYTES);
	assert_false(t.worked);
	arena_release(&t.arena);
	collect(&t, STR("a\x03\x04\x05\x06\x07,b\n1,2\n"), &said, WINDOW_BYTES);
	assert_true(t.worked);
	assert_int_equal(t.row_count, 1);
	arena_release(&t.arena);
}

static void
rows_that_were_repaired_are_counted(void **state)
{
	(void)state;
	const struct csv_options no_header = {.header_rows = {true, 0}};
	const struct {
		const char *text;
		uint64_t repaired, skipped;
		enum table_format format;
		struct csv_options csv;
	} cases[] = {
	    {"a,b\n1,2\n3,4\n", 0, 0},
	    /* One cell missing, one too many; a line without anything is skipped. */
	    {"a,b\n1\n2,3\n\n4,5,6\n", 2, 1},
	    /* Several findings of one row are one row. */
	    {"a,b\n1,\"x\"y\",z\n2,3\n4,5\n", 1, 0},
	    /* Of the header, not of a row. */
	    {"a,\"b\"c\"\n1,2\n3,4\n", 0, 0},
	    /* Of the file, though the first row stands on its line. */
	    {"1,\xe4pfel\n2,\xfc"
	     "ber\n",
		0, 0, TABLE_CSV, no_header},
	    /* It was kept as it is. */
	    {"a,b\n,\n1,2\n", 0, 0, TABLE_CSV},
	    {"{\"a\":1,\"a\":2}\n{\"a\":3}\n[4]\n", 1, 1, TABLE_JSONL},
	    {"{\"a\":\"x\xff\"}\n{\"a\":\"y\"}\n", 1, 0, TABLE_JSONL},
	    /* All on one line: of the first, and of none. */
	    {"[{\"a\":1,\"a\":3},{\"a\":1},{\"a\":2}]", 1, 0, TABLE_JSON},
	    {"[{\"a\":1},7,{\"a\":2}]", 0, 1, TABLE_JSON},
	    {"[{\"a\":1},[\"\xff\"],{\"a\":2}]", 0, 1, TABLE_JSON},
	    /* The first array waits for the second, which says whether it is the header. */
	    {"[[\"\xc3\xa9\",\"b\"],[\"\xff"
	     "c\",\"d\"]]",
		1, 0, TABLE_JSON},
	    {"[[\"\xff"
	     "c\",\"d\"],[\"\xc3\xa9\",\"b\"]]",
		1, 0, TABLE_JSON},
	    {"[[\"\xc3\xa9\xff"
	     "x\",\"b\"],[1,2],[3,4]]",
		0, 0, TABLE_JSON},
	    {"[[\"a\",\"b\"],[1,\"\xff\"],[3,4]]", 1, 0, TABLE_JSON},
	    /* One finding for all rows. */
	    {"a,b\n1,2,\n3,4,\n5,6,\n", 3, 0, TABLE_CSV},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct collected t;
		const struct table_options options = {.format = cases[i].format,
		    /* Said, so that a bad byte is none of another encoding. */
		    .encoding = cases[i].format == TABLE_CSV ? STR("") : STR("utf-8"),
		    .csv = cases[i].csv};
		collect(&t, str_of(cases[i].text), &options, WINDOW_BYTES);
		assert_true(t.worked);
		if (t.counts.repaired != cases[i].repaired || t.counts.skipped != cases[i].skipped)
			fail_msg("%s: %zu repaired, %zu skipped", cases[i].text,
			    (size_t)t.counts.repaired, (size_t)t.counts.skipped);
		arena_release(&t.arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_no_table_is_called_by_its_name),
	    cmocka_unit_test(a_text_that_begins_like_one_is_read),
	    cmocka_unit_test(who_says_the_format_is_not_told_that_it_is_another),
	    cmocka_unit_test(rows_that_were_repaired_are_counted),
	};
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
