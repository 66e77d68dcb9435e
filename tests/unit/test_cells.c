/*
 * test_cells.c: the functions that take stored rows apart.  The independent answer of what is
 * JSON is jansson.
 */
#define _GNU_SOURCE /* memmem */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cells.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <jansson.h>

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/*
 * What jansson thinks of it, with what it does not know: it refuses a lone surrogate, which the
 * grammar of RFC 8259 allows, and takes white space that a stored row has not.
 */
static void
compare_with_jansson(const char *text, size_t n)
{
	const char *reason = "";
	bool got = cells_check(text, n, 1000, &reason);
	json_t *tree = json_loadb(text, n, JSON_ALLOW_NUL, NULL);
	bool want = json_is_array(tree) && n > 0 && text[0] == '[' && text[n - 1] == ']';
	bool surrogate = n > 3 && memmem(text, n, "\\ud", 3) != NULL;
	if (got != want && !(got && surrogate))
		fail_msg("%.*s: %s", (int)n, text, got ? "was taken" : reason);
	if (got && want) {
		struct cell cells[1000];
		assert_int_equal(cells_split(cells, 1000, text, n), json_array_size(tree));
		for (size_t i = 0; i < json_array_size(tree); i++) {
			const json_t *v = json_array_get(tree, i);
			switch (json_typeof(v)) {
			case JSON_STRING: {
				assert_int_equal(cells[i].kind, CELL_TEXT);
				char plain[4096];
				size_t length = cells_unescape(plain, cells[i].bytes);
				assert_int_equal(length, json_string_length(v));
				assert_memory_equal(plain, json_string_value(v), length);
				break;
			}
			case JSON_INTEGER:
			case JSON_REAL:
				assert_int_equal(cells[i].kind, CELL_NUMBER);
				assert_true(cells_is_number(cells[i].bytes));
				break;
			case JSON_TRUE:
				assert_int_equal(cells[i].kind, CELL_TRUE);
				break;
			case JSON_FALSE:
				assert_int_equal(cells[i].kind, CELL_FALSE);
				break;
			case JSON_NULL:
				assert_int_equal(cells[i].kind, CELL_NULL);
				break;
			case JSON_OBJECT:
			case JSON_ARRAY:
				assert_int_equal(cells[i].kind, CELL_JSON);
				break;
			}
		}
	}
	json_decref(tree);
}

static void
jansson_agrees_on_random_rows(void **state)
{
	(void)state;
	static const char *pieces[] = {"1", "0", "-1", "01", "1.5", "1.", "-", "1e5", "1E+", "2e-3",
	    "\"a\"", "\"\\n\\u00e9\\ud83d\\ude00\"", "\"\\x\"", "\"\t\"", "\"\xc3\xa9\"",
	    "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xf4\x8f\xbf\xbf\"", "\"\xf4\x90\x80\x80\"",
	    "\"open", "true", "false", "null", "nul", "[]", "[1, 2]", "{}", "{\"a\":1}",
	    "{\"a\" : [ ] }", "{1:2}", "[1,]", "\"\"",
	    "\"sixteen and more plain bytes \\\" in it\"", "\"\\u12\"", "\"\\\\\"", "\xff"};
	uint64_t x = 1;
	for (int round = 0; round < 50000; round++) {
		char text[1024] = "[";
		size_t n = 1;
		for (size_t i = next_random(&x) % 5; i > 0; i--) {
			const char *comma = i == 1 ? "" : next_random(&x) % 30 ? "," : ",,";
			n += (size_t)sprintf(text + n, "%s%s",
			    pieces[next_random(&x) % ARRAY_LENGTH(pieces)], comma);
		}
		if (next_random(&x) % 30)
			text[n++] = ']';
		/* A byte that is changed at random finds what pieces do not. */
		if (next_random(&x) % 3 == 0) {
			char c = (char)next_random(&x);
			size_t at = next_random(&x) % n;
			/* jansson takes white space between values, and 2.14 a NUL behind a number.
			 */
			if (c != 0 && c != ' ' && c != '\t' && c != '\n' && c != '\r')
				text[at] = c;
		}
		compare_with_jansson(text, n);
	}
}

static void
what_only_a_stored_row_forbids(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "[", "]", " []", "[] ", "[1 ]", "[ 1]", "[1, 2]",
	    "{}", "1", "[1]]", "[1][2]", "[]]"};
	const char *reason;
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		if (cells_check(bad[i], strlen(bad[i]), 10, &reason))
			fail_msg("%s was taken", bad[i]);
	assert_true(cells_check("[1,2]", 5, 2, &reason));
	assert_true(cells_check("[1,2]", 5, 3, &reason));
	assert_false(cells_check("[1,2]", 5, 1, &reason));
	assert_string_equal(reason, "a row has more cells than there are columns");
}

static void
depth_at_its_limit_and_past_it(void **state)
{
	(void)state;
	char text[4 * LIMIT_JSON_DEPTH];
	const char *reason;
	for (size_t depth = LIMIT_JSON_DEPTH - 1; depth <= LIMIT_JSON_DEPTH + 1; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		assert_true(
		    cells_check(text, 2 * depth, 1, &reason) == (depth <= LIMIT_JSON_DEPTH));
	}
}

static void
a_cell_at_its_limit_and_past_it(void **state)
{
	(void)state;
	size_t n = LIMIT_CELL_BYTES + 3;
	char *p = malloc(n);
	assert_non_null(p);
	memset(p, 'x', n);
	const char *reason;
	memcpy(p, "[\"", 2);
	memcpy(p + n - 3, "\"]", 2);
	assert_true(cells_check(p, n - 1, 1, &reason));
	memcpy(p + n - 3, "x\"]", 3);
	assert_false(cells_check(p, n, 1, &reason));
	assert_string_equal(reason, "a cell is over the limit of 16 MiB");
	free(p);
}

static void
a_lone_surrogate_reads_as_a_replacement(void **state)
{
	(void)state;
	static const struct {
		const char *escaped, *plain;
	} cases[] = {
	    {"\\ud800", "\xef\xbf\xbd"},
	    {"\\udc00x", "\xef\xbf\xbdx"},
	    {"\\ud800\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
	    {"\\ud800\\n", "\xef\xbf\xbd\n"},
	    {"\\ud800\\u0041", "\xef\xbf\xbd"
			       "A"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char out[64];
		size_t n = cells_unescape(out, str_of(cases[i].escaped));
		assert_true(str_is((struct str){out, n}, cases[i].plain));
	}
}

static void
escape_and_back(void **state)
{
	(void)state;
	uint64_t x = 3;
	for (int round = 0; round < 20000; round++) {
		char text[256], escaped[6 * 256 + 4], plain[6 * 256];
		size_t n = 0, want = next_random(&x) % 60;
		for (size_t i = 0; i < want; i++) {
			uint32_t code =
			    (uint32_t)next_random(&x) % (next_random(&x) % 4 ? 0x80 : 0xd800);
			n += utf8_put(text + n, code);
		}
		memcpy(escaped, "[\"", 2);
		size_t length = cells_escape(escaped + 2, text, n);
		assert_true(length <= 6 * n);
		memcpy(escaped + 2 + length, "\"]", 2);
		const char *reason = "";
		if (!cells_check(escaped, length + 4, 1, &reason))
			fail_msg("%.*s: %s", (int)length + 4, escaped, reason);
		size_t back = cells_unescape(plain, (struct str){escaped + 2, length});
		assert_int_equal(back, n);
		assert_memory_equal(plain, text, n);
	}
}

static void
lists_of_absent_columns(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "[", "[01]", "[1,1]", "[2,1]", "[1,]", "[,1]", "[ 1]",
	    "[10]", "[99999999]", "[-1]", "[1,2", "1]", "[1;2]"};
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		if (cells_check_ids(bad[i], strlen(bad[i]), 10))
			fail_msg("%s was taken", bad[i]);
	assert_true(cells_check_ids("[]", 2, 0));
	struct str ids = STR("[0,7,9]");
	assert_true(cells_check_ids(ids.p, ids.n, 10));
	size_t at = 0;
	assert_int_equal(cells_next_id(ids, &at), 0);
	assert_int_equal(cells_next_id(ids, &at), 7);
	assert_int_equal(cells_next_id(ids, &at), 9);
	assert_true(cells_next_id(ids, &at) == SIZE_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(jansson_agrees_on_random_rows),
	    cmocka_unit_test(what_only_a_stored_row_forbids),
	    cmocka_unit_test(depth_at_its_limit_and_past_it),
	    cmocka_unit_test(a_cell_at_its_limit_and_past_it),
	    cmocka_unit_test(a_lone_surrogate_reads_as_a_replacement),
	    cmocka_unit_test(escape_and_back),
	    cmocka_unit_test(lists_of_absent_columns),
	};
	return cmocka_run_group_tests_name("cells", tests, NULL, NULL);
}
