/*
 * test_json.c: limits of the reader of JSON documents, and that the size of its window shows
 * nowhere.  What documents mean is tested in tests/formats/json.test.mjs.
 */
#include "base/buf.h"
#include "collect.h"
#include "formats/jsonplan.h"
#include "formats/jsonscan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct table_options json = {.format = TABLE_JSON};

static void
the_window_shows_nowhere(void **state)
{
	(void)state;
	static const char *const documents[] = {
	    "[{\"a\":1,\"b\":\"x\\u00e4\"},{\"a\":[1,{\"c\":null}]},\n {\"b\":tru},{\"b\":-1.5e3}]",
	    "{\"n\":1,\"data\":{\"items\":[{\"k\":1},{\"k\":\"\\ud83d\"}]},\"z\":[[1],[2]]}",
	    "[\n  {\"a\":\"x},\n  {\"a\":2},\n  {\"a\":3\n]",
	    "{\"a\":1}\n[2]\n\"x\"\n",
	    "[[\"a\",\"b\"],[\"x\",1],[2],[3,4,5]]",
	    "12",
	};
	for (size_t i = 0; i < ARRAY_LENGTH(documents); i++) {
		struct collected large;
		collect(&large, str_of(documents[i]), &json, WINDOW_BYTES);
		for (size_t window = 1; window < 40; window++) {
			struct collected small;
			collect(&small, str_of(documents[i]), &json, window);
			assert_int_equal(small.row_count, large.row_count);
			assert_int_equal(small.finding_count, large.finding_count);
			for (size_t k = 0; k < large.row_count; k++) {
				assert_true(str_equal(small.rows[k].cells, large.rows[k].cells));
				assert_int_equal(small.rows[k].line, large.rows[k].line);
			}
			for (size_t k = 0; k < large.finding_count; k++)
				assert_true(str_equal(
				    small.findings[k].message, large.findings[k].message));
			arena_release(&small.arena);
		}
		arena_release(&large.arena);
	}
}

/* Anything that is cut anywhere is not whole, and what comes in pieces is the same. */
static void
a_value_is_whole_at_its_last_byte_only(void **state)
{
	(void)state;
	static const char text[] =
	    "{\"a\\n\\u00e4\":[true,false,null,-0.5E+10,12,\"\"],\"b\":{},\"c\":[]}";
	size_t n = sizeof text - 1, used;
	for (size_t cut = 0; cut <= n; cut++) {
		struct json_scan scan;
		json_scan_init(&scan);
		enum json_step first = json_scan(&scan, text, cut, false, &used);
		assert_int_equal(used, cut);
		assert_int_equal(first, cut == n ? JSON_DONE : JSON_MORE);
		if (cut < n) {
			enum json_step rest = json_scan(&scan, text + cut, n - cut, true, &used);
			assert_int_equal(rest, JSON_DONE);
			assert_int_equal(used, n - cut);
		}
	}
}

static void
depth_at_its_limit_and_past_it(void **state)
{
	(void)state;
	/* The row and the array of rows are one level each. */
	for (int depth = 61; depth <= 64; depth++) {
		char text[256] = "[{\"a\":1},{\"a\":";
		size_t n = strlen(text);
		memset(text + n, '[', (size_t)depth);
		memset(text + n + depth, ']', (size_t)depth);
		memcpy(text + n + 2 * depth, "}]", 2);
		struct collected t;
		collect(&t, (struct str){text, n + 2 * (size_t)depth + 2}, &json, 64);
		assert_true(t.worked);
		assert_int_equal(t.row_count, depth <= 63 ? 2 : 1);
		assert_int_equal(collect_findings_of(&t, "invalid-json"), depth <= 63 ? 0 : 1);
		arena_release(&t.arena);
	}
}

static void
two_thousand_columns_and_one_more(void **state)
{
	(void)state;
	for (size_t columns = LIMIT_COLUMNS; columns <= LIMIT_COLUMNS + 1; columns++) {
		struct arena a;
		struct buf objects, arrays;
		arena_init(&a, MIB(8));
		buf_init(&objects, &a);
		buf_init(&arrays, &a);
		for (size_t i = 0; i < columns; i++) {
			buf_format(&objects, "%s\"k%zu\":1", i ? "," : "[{", i);
			buf_put_text(&arrays, i ? ",1" : "[[1");
		}
		buf_put_text(&objects, "}]");
		buf_put_text(&arrays, "]]");
		struct str texts[] = {buf_str(&objects), buf_str(&arrays)};
		for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
			struct collected t;
			collect(&t, texts[i], &json, WINDOW_BYTES);
			if (columns == LIMIT_COLUMNS) {
				assert_true(t.worked);
				assert_int_equal(t.column_count, LIMIT_COLUMNS);
			} else {
				assert_int_equal(t.err.code, ERR_TOO_BIG);
				assert_int_equal(t.err.at_line, 1);
			}
			arena_release(&t.arena);
		}
		arena_release(&a);
	}
}

/* A record is one row; what is skipped on the way to the rows may be of any size. */
static void
a_record_over_its_limit_fails_and_a_skipped_value_does_not(void **state)
{
	(void)state;
	size_t n = LIMIT_RECORD_BYTES + WINDOW_BYTES * 2;
	char *text = malloc(n);
	assert_non_null(text);
	memset(text, 'x', n);
	memcpy(text, "{\"r\":[{\"a\":1}],\"s\":\"", 20);
	memcpy(text + n - 3, "\"}\n", 3);
	struct collected t;
	collect(&t, (struct str){text, n}, &json, WINDOW_BYTES);
	assert_true(t.worked);
	assert_int_equal(t.row_count, 1);
	assert_int_equal(collect_findings_of(&t, "other-members"), 1);
	arena_release(&t.arena);
	memcpy(text, "[{\"a\":1},{\"a\":\"xxxxx", 20);
	memcpy(text + n - 3, "\"}]", 3);
	collect(&t, (struct str){text, n}, &json, WINDOW_BYTES);
	assert_int_equal(t.err.code, ERR_TOO_BIG);
	assert_int_equal(t.row_count, 1);
	arena_release(&t.arena);
	free(text);
}

static void
a_place_is_written_as_it_is_read(void **state)
{
	(void)state;
	struct arena a;
	struct json_path path;
	arena_init(&a, MIB(1));
	static const char *const places[] = {".", "a", "a.b", "a\\.b.c\\\\", "..", "a."};
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		assert_true(json_path_parse(&path, str_of(places[i]), &a));
		assert_true(str_is(json_path_text(&path, &a), places[i]));
	}
	assert_true(json_path_parse(&path, STR("a\\.b.c"), &a));
	assert_int_equal(path.count, 2);
	assert_true(str_is(path.keys[0], "a.b"));
	assert_false(json_path_parse(&path, STR("1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17"), &a));
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_window_shows_nowhere),
	    cmocka_unit_test(a_value_is_whole_at_its_last_byte_only),
	    cmocka_unit_test(depth_at_its_limit_and_past_it),
	    cmocka_unit_test(two_thousand_columns_and_one_more),
	    cmocka_unit_test(a_record_over_its_limit_fails_and_a_skipped_value_does_not),
	    cmocka_unit_test(a_place_is_written_as_it_is_read),
	};
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
