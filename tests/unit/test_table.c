/*
 * test_table.c: a file that is no table is refused with the word for what it is, and a text that
 * only begins like one is read.
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_no_table_is_called_by_its_name),
	    cmocka_unit_test(a_text_that_begins_like_one_is_read),
	};
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
