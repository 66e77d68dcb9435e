/*
 * test_dialect.c: promises of what is found out about a CSV file; tests/formats has more cases.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/dialect.h"
#include "formats/look.h"
#include "formats/split.h"

static void
cells_look_as_people_write_them(void **state)
{
	(void)state;
	static const struct {
		const char *cell;
		enum look look;
	} cases[] = {
	    {"", LOOK_EMPTY},
	    {"  ", LOOK_EMPTY},
	    {"12", LOOK_NUMBER},
	    {" -1.234,50 ", LOOK_NUMBER},
	    {"$74.69", LOOK_NUMBER},
	    {"12,5 %", LOOK_NUMBER},
	    {"1e-7", LOOK_NUMBER},
	    {"(300)", LOOK_NUMBER},
	    {"1,2,3", LOOK_TEXT},
	    {"007 James", LOOK_TEXT},
	    {"28/01/2018", LOOK_DATE},
	    {"2024-03-14T15:30:00Z", LOOK_DATE},
	    {"1.2.24", LOOK_DATE},
	    {"9:05 pm", LOOK_TIME},
	    {"TRUE", LOOK_BOOLEAN},
	    {"https://example.org/a,b", LOOK_ADDRESS},
	    {"a@example.org", LOOK_ADDRESS},
	    {"MG-8769", LOOK_TEXT},
	    {"-", LOOK_TEXT},
	    {".", LOOK_TEXT},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (look_at(str_of(cases[i].cell)) != cases[i].look)
			fail_msg("\"%s\" looks like %d", cases[i].cell,
			    (int)look_at(str_of(cases[i].cell)));
}

static void
options_that_are_set_are_obeyed(void **state)
{
	(void)state;
	struct arena a;
	struct dialect d;
	arena_init(&a, MIB(64));
	const struct csv_options wanted = {.delimiter = STR(";"),
	    .quote = CSV_NONE,
	    .escape = CSV_NONE,
	    .comments_set = true,
	    .skip = {true, 3},
	    .header_rows = {true, 0},
	    .footer = {true, 7},
	    .table = {true, 2}};
	dialect_find(&d, STR("a,b\n1,2\n3,4\n5,6\n"), true, &wanted, &a);
	assert_true(str_is(d.options.delimiter, ";"));
	assert_int_equal(d.options.quote, CSV_NONE);
	assert_int_equal(d.options.escape, CSV_NONE);
	assert_int_equal(d.options.comment.n, 0);
	assert_int_equal(d.options.skip.count, 3);
	assert_int_equal(d.options.header_rows.count, 0);
	assert_int_equal(d.options.footer.count, 7);
	assert_int_equal(d.options.table.count, 2);
	arena_release(&a);
}

static void
nothing_is_a_dialect_too(void **state)
{
	(void)state;
	struct arena a;
	struct dialect d;
	arena_init(&a, MIB(64));
	const struct csv_options nothing = {0};
	dialect_find(&d, STR(""), true, &nothing, &a);
	assert_true(str_is(d.options.delimiter, ","));
	assert_int_equal(d.options.quote, '"');
	assert_true(d.options.header_rows.set && d.options.skip.set && d.options.table.set);
	assert_int_equal(d.width, 0);
	arena_release(&a);
}

static void
the_fewest_quotes_are_wrong(void **state)
{
	(void)state;
	struct split_cell cells[4];
	char out[64];
	const struct csv_options o = {.delimiter = STR(","), .quote = '"', .escape = '"'};
	assert_true(split_exactly(cells, 4, STR("a,\"b,\"c,d\",\"e, f\""), &o));
	assert_true(str_is(cells[1].text, "\"b"));
	assert_true(str_is(cells[2].text, "c,d"));
	assert_true(str_is(cells[3].text, "e, f"));
	assert_false(split_exactly(cells, 4, STR("a,b"), &o));
	assert_true(split_exactly(cells, 2, STR("\"10\"\" tall\",x"), &o));
	assert_int_equal(split_text(out, &cells[0], &o), 8);
	assert_memory_equal(out, "10\" tall", 8);
}

/* A record of nothing but quotes must not take long. */
static void
a_hopeless_record_is_given_up(void **state)
{
	(void)state;
	static char text[20000];
	static struct split_cell cells[300];
	const struct csv_options o = {.delimiter = STR(","), .quote = '"', .escape = '"'};
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 3 == 2 ? ',' : '"';
	assert_false(split_exactly(cells, 299, (struct str){text, sizeof text}, &o));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cells_look_as_people_write_them),
	    cmocka_unit_test(options_that_are_set_are_obeyed),
	    cmocka_unit_test(nothing_is_a_dialect_too),
	    cmocka_unit_test(the_fewest_quotes_are_wrong),
	    cmocka_unit_test(a_hopeless_record_is_given_up),
	};
	return cmocka_run_group_tests_name("dialect", tests, NULL, NULL);
}
