/* test_tree.c: a JSON body is read whole or refused with its place, whatever it would cost. */
#include "base/tree.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;
static struct err e;
static json_t *tree;

static bool
parse(const char *text)
{
	err_clear(&e);
	return tree_parse(&tree, str_of(text), &arena, &e);
}

static void
values_come_out_as_written(void **state)
{
	(void)state;
	assert_true(parse("{\"a\": \"b\", \"n\": 9007199254740993, \"l\": [1.5, true, null]}"));
	assert_true(str_is(tree_str(tree, "a"), "b"));
	assert_int_equal(json_integer_value(json_object_get(tree, "n")), 9007199254740993);
	assert_int_equal(json_array_size(json_object_get(tree, "l")), 3);
	assert_null(tree_str(tree, "n").p);
	assert_null(tree_str(tree, "none").p);
	assert_null(tree_str(NULL, "a").p);
	assert_true(parse("\xef\xbb\xbf[1]"));
	assert_true(parse(" \"text\" "));
}

static void
faults_are_found_with_their_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {{"", 1}, {"{", 1}, {"[1,]", 1}, {"[1] x", 1}, {"{\"a\":\n1\n\"b\":2}", 3},
	    {"{\"a\":1,\n\"a\":2}", 2}, {"[\"\\u0000\"]", 1}, {"[\"\xff\"]", 1}, {"\n\n[NaN]", 3},
	    {"['a']", 1}, {"[01]", 1}, {"[\"\\ud800\"]", 1}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (parse(cases[i].text))
			fail_msg("taken: %s", cases[i].text);
		assert_int_equal(e.code, ERR_INPUT);
		assert_int_equal(e.at_line, cases[i].line);
		assert_non_null(strstr(e.message, "column"));
	}
	err_clear(&e);
	assert_false(tree_parse(&tree, (struct str){"[1\0]", 4}, &arena, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_int_equal(e.at_line, 1);
}

static void
depth_is_limited_to_the_level(void **state)
{
	(void)state;
	char text[4 * LIMIT_JSON_DEPTH];
	for (size_t over = 0; over < 2; over++) {
		size_t depth = LIMIT_JSON_DEPTH + over;
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		text[2 * depth] = 0;
		assert_int_equal(parse(text), over == 0);
		assert_int_equal(e.code, over ? ERR_TOO_BIG : ERR_OK);
	}
	assert_int_equal(e.at_line, 1);
	/* Brackets in strings nest nothing. */
	memset(text, '[', sizeof text);
	memcpy(text, "[\"\\\"", 4);
	memcpy(text + sizeof text - 3, "\"]", 3);
	assert_true(parse(text));
}

static void
size_is_limited_to_the_byte(void **state)
{
	(void)state;
	size_t n = LIMIT_JSON_TREE_BYTES;
	char *text = malloc(n + 1);
	assert_non_null(text);
	memset(text, ' ', n + 1);
	text[0] = '1';
	err_clear(&e);
	assert_true(tree_parse(&tree, (struct str){text, n}, &arena, &e));
	assert_false(tree_parse(&tree, (struct str){text, n + 1}, &arena, &e));
	assert_int_equal(e.code, ERR_TOO_BIG);
	free(text);
}

/* An object costs far more than its two brackets. */
static void
a_text_that_costs_too_much_is_refused_and_leaves_nothing(void **state)
{
	(void)state;
	size_t n = 0;
	char *text = malloc(LIMIT_JSON_TREE_BYTES);
	assert_non_null(text);
	text[n++] = '[';
	while (n + 12 < LIMIT_JSON_TREE_BYTES) {
		memcpy(text + n, "{},", 3);
		n += 3;
	}
	memcpy(text + n, "1]", 2);
	for (int turn = 0; turn < 3; turn++) {
		struct arena own;
		arena_init(&own, 65536);
		err_clear(&e);
		assert_false(tree_parse(&tree, (struct str){text, n + 2}, &own, &e));
		assert_int_equal(e.code, ERR_TOO_BIG);
		arena_release(&own);
	}
	/* Our own text has no such limit, and a small one of a user is taken again. */
	struct arena own;
	arena_init(&own, 65536);
	err_clear(&e);
	assert_true(tree_parse_own(&tree, (struct str){text, n + 2}, &own, &e));
	assert_false(parse("[1]"));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	arena_release(&own);
	assert_true(parse("[1]"));
	free(text);
}

static int
set_up(void **state)
{
	(void)state;
	tree_setup();
	arena_init(&arena, 1 << 20);
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
	    cmocka_unit_test(values_come_out_as_written),
	    cmocka_unit_test(faults_are_found_with_their_line),
	    cmocka_unit_test(depth_is_limited_to_the_level),
	    cmocka_unit_test(size_is_limited_to_the_byte),
	    cmocka_unit_test(a_text_that_costs_too_much_is_refused_and_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
