/* test_jsonl.c: promises of the JSONL reader.  The independent answer is jansson. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect.h"

#include <jansson.h>

static const struct table_options jsonl = {.format = TABLE_JSONL, .encoding = {"utf-8", 5}};

static void
assert_str(struct str got, const char *want)
{
	if (!str_is(got, want))
		fail_msg("got \"%.*s\", expected \"%s\"", STR_ARG(got), want);
}

static void
assert_row(
    const struct collected *t, size_t row, uint64_t line, const char *cells, const char *absent)
{
	assert_true(row < t->row_count);
	assert_int_equal(t->rows[row].line, line);
	assert_str(t->rows[row].cells, cells);
	assert_str(t->rows[row].absent, absent);
}

static void
assert_finding(const struct collected *t, size_t i, const char *code, uint64_t line, size_t column)
{
	assert_true(i < t->finding_count);
	assert_string_equal(t->findings[i].code, code);
	assert_int_equal(t->findings[i].line, line);
	assert_int_equal(t->findings[i].column, column);
}

static void
values_keep_their_bytes(void **state)
{
	(void)state;
	struct collected t;
	collect(&t,
	    STR("\xef\xbb\xbf{\"n\": 1.10 , \"s\":\"a\\u0041\\n\",\"o\":{\"x\": [1, 2]}}\r\n"
		"\n  \n"
		"{ \"n\" :12345678901234567890,\"s\":\"\xc3\xa9\",\"o\":null}"),
	    &jsonl, 16);
	assert_true(t.worked);
	assert_int_equal(t.column_count, 3);
	assert_row(&t, 0, 1, "[1.10,\"a\\u0041\\n\",{\"x\": [1, 2]}]", "");
	assert_row(&t, 1, 4, "[12345678901234567890,\"\xc3\xa9\",null]", "");
	assert_int_equal(t.finding_count, 0);
	assert_int_equal(t.counts.records, 2);
	assert_int_equal(guess_type(&t.guesses[0]), COLUMN_NUMBER);
	assert_int_equal(guess_type(&t.guesses[1]), COLUMN_STRING);
	assert_int_equal(guess_type(&t.guesses[2]), COLUMN_JSON);
	arena_release(&t.arena);
}

static void
missing_keys_are_absent_and_new_ones_are_columns(void **state)
{
	(void)state;
	struct collected t;
	collect(&t,
	    STR("{\"a\":1,\"b\":2,\"c\":3}\n{\"c\":3}\n{\"b\":null,\"a\":1}\n{}\n{\"d\":4,"
		"\"\\u0061\":5}\n"),
	    &jsonl, 32);
	assert_true(t.worked);
	assert_int_equal(t.column_count, 4);
	assert_str(t.columns[3], "d");
	assert_row(&t, 1, 2, "[null,null,3]", "[0,1]");
	assert_row(&t, 2, 3, "[1,null]", "");
	assert_row(&t, 3, 4, "[]", "");
	assert_row(&t, 4, 5, "[5,null,null,4]", "[1,2]");
	assert_int_equal(t.guesses[1].empty, 1);
	arena_release(&t.arena);
}

static void
bad_lines_are_skipped_and_leave_no_trace(void **state)
{
	(void)state;
	struct collected t;
	collect(&t,
	    STR("{\"a\":1}\n{\"new\":1,\n[1]\n{\"a\":2} "
		"x\nnope\n{\"a\":01}\n{\"a\":\"\t\"}\n{\"b\":2}\n"),
	    &jsonl, 64);
	assert_true(t.worked);
	assert_int_equal(t.row_count, 2);
	assert_row(&t, 1, 8, "[null,2]", "[0]");
	assert_str(t.columns[1], "b");
	assert_int_equal(t.counts.skipped, 6);
	assert_finding(&t, 0, "invalid-json", 2, TABLE_NO_COLUMN);
	assert_str(t.findings[0].message,
	    "the line is not valid JSON from its byte 10 on; it was skipped");
	assert_finding(&t, 1, "not-an-object", 3, TABLE_NO_COLUMN);
	assert_finding(&t, 2, "invalid-json", 4, TABLE_NO_COLUMN);
	assert_int_equal(collect_findings_of(&t, "invalid-json"), 5);
	arena_release(&t.arena);
}

static void
a_key_that_stands_twice(void **state)
{
	(void)state;
	struct collected t;
	collect(&t, STR("{\"a\":1,\"a\":2,\"b\":3,\"\\u0061\":4}\n"), &jsonl, 64);
	assert_true(t.worked);
	assert_row(&t, 0, 1, "[4,3]", "");
	assert_int_equal(t.finding_count, 1);
	assert_finding(&t, 0, "duplicate-key", 1, 0);
	arena_release(&t.arena);
}

static void
names_of_odd_keys(void **state)
{
	(void)state;
	struct collected t;
	collect(
	    &t, STR("{\"\":1,\"x\\u0000y\":2,\"\\ud800\":3,\"q\\\"\":4}\n{\"\":5}\n"), &jsonl, 64);
	assert_true(t.worked);
	assert_str(t.columns[0], "column1");
	assert_str(t.columns[1], "x\xef\xbf\xbdy");
	assert_str(t.columns[2], "\xef\xbf\xbd");
	assert_str(t.columns[3], "q\"");
	assert_finding(&t, 0, "blank-label", 1, 0);
	assert_row(&t, 1, 2, "[5]", "");
	arena_release(&t.arena);
}

static void
bytes_that_are_no_utf_8_are_replaced(void **state)
{
	(void)state;
	struct collected t;
	collect(&t, STR("{\"a\":\"x\xff\"}\n{\"b\xc3\":1}\n"), &jsonl, 64);
	assert_true(t.worked);
	assert_row(&t, 0, 1, "[\"x\xef\xbf\xbd\"]", "");
	assert_str(t.columns[1], "b\xef\xbf\xbd");
	assert_int_equal(collect_findings_of(&t, "encoding-error"), 2);
	arena_release(&t.arena);
}

static void
depth_at_its_limit_and_past_it(void **state)
{
	(void)state;
	/* The cells array of the row is one level, so 63 are left for a value. */
	for (int depth = 63; depth <= 64; depth++) {
		char text[256] = "{\"a\":";
		size_t n = strlen(text);
		memset(text + n, '[', (size_t)depth);
		memset(text + n + depth, ']', (size_t)depth);
		memcpy(text + n + 2 * depth, "}\n", 2);
		struct collected t;
		collect(&t, str_of(text), &jsonl, 64);
		assert_true(t.worked == (depth == 63));
		if (depth == 64) {
			assert_finding(&t, 0, "invalid-json", 1, TABLE_NO_COLUMN);
			assert_non_null(strstr(t.findings[0].message.p, "nested too deep"));
		}
		arena_release(&t.arena);
	}
}

static void
no_good_line_is_an_error(void **state)
{
	(void)state;
	struct collected t;
	collect(&t, STR("\n\n[1]\n{\n"), &jsonl, 64);
	assert_int_equal(t.err.code, ERR_INPUT);
	assert_int_equal(t.err.at_line, 3);
	arena_release(&t.arena);
	collect(&t, STR(" \n\n"), &jsonl, 64);
	assert_string_equal(t.err.message, "the file is empty");
	arena_release(&t.arena);
}

static void
two_thousand_keys_and_one_more(void **state)
{
	(void)state;
	for (size_t keys = LIMIT_COLUMNS; keys <= LIMIT_COLUMNS + 1; keys++) {
		static char text[LIMIT_COLUMNS * 16];
		size_t n = 0;
		for (size_t i = 0; i < keys; i++)
			n += (size_t)sprintf(text + n, "%c\"k%zu\":%zu", i ? ',' : '{', i, i);
		n += (size_t)sprintf(text + n, "}\n");
		struct collected t;
		collect(&t, (struct str){text, n}, &jsonl, 64);
		assert_true(t.worked == (keys == LIMIT_COLUMNS));
		if (!t.worked) {
			assert_int_equal(t.err.code, ERR_TOO_BIG);
			assert_int_equal(t.err.at_line, 1);
			assert_non_null(strstr(t.err.message, "2,001"));
		}
		arena_release(&t.arena);
	}
}

static void
a_line_over_the_limit_fails_early(void **state)
{
	(void)state;
	struct collected t;
	FILE *f = collect_file(STR("{\"a\":1}\n"));
	char filler[8192];
	memset(filler, 'x', sizeof filler);
	assert_int_equal(fwrite(filler, 1, sizeof filler, f), sizeof filler);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(ftruncate(fileno(f), (off_t)GIB(1)), 0);
	collect_from(&t, fileno(f), GIB(1), &jsonl, WINDOW_BYTES);
	fclose(f);
	assert_int_equal(t.err.code, ERR_TOO_BIG);
	assert_int_equal(t.err.at_line, 2);
	assert_true(t.input.done <= MIB(65));
	arena_release(&t.arena);
}

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* One line against jansson: the same objects are taken, and every member has the same value. */
static void
compare_with_jansson(struct collected *t, size_t *row, uint64_t line, struct str text)
{
	json_t *want = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	bool taken = *row < t->row_count && t->rows[*row].line == line;
	if (taken != json_is_object(want))
		fail_msg(
		    "line %" PRIu64 " was%s taken: %.*s", line, taken ? "" : " not", STR_ARG(text));
	if (taken) {
		struct str cells = t->rows[*row].cells;
		json_t *got = json_loadb(cells.p, cells.n, JSON_ALLOW_NUL, NULL);
		assert_non_null(got);
		size_t members = 0, id;
		json_t *value;
		json_array_foreach(got, id, value)
		{
			const json_t *other =
			    json_object_getn(want, t->columns[id].p, t->columns[id].n);
			assert_true(other ? json_equal(value, other) : json_is_null(value));
			members += other != NULL;
		}
		assert_int_equal(members, json_object_size(want));
		json_decref(got);
		(*row)++;
	}
	json_decref(want);
}

static void
jansson_agrees(void **state)
{
	(void)state;
	static const char *pieces[] = {"{", "}", "\"a\":", "\"b\" : ", "\"\\u0062\":", "1",
	    "-0.50e1", "\"x\\\"\"", ",", ",", "[1, {\"a\":[]}]", "null", "true", "\"\xc3\xa9\"",
	    " ", "\"c\":", "01", "\\", "\"a\":1,", "\"b\":\"two\","};
	uint64_t x = 4711;
	for (int round = 0; round < 3000; round++) {
		char text[2048];
		size_t n = 0, starts[9] = {0};
		for (size_t line = 0; line < 8; line++) {
			bool object = next_random(&x) % 8 > 0;
			starts[line] = n;
			n += (size_t)sprintf(text + n, "%s", object ? "{" : "");
			for (size_t i = next_random(&x) % 6; i > 0; i--)
				n += (size_t)sprintf(
				    text + n, "%s", pieces[next_random(&x) % ARRAY_LENGTH(pieces)]);
			n += (size_t)sprintf(text + n, "%s\n", object ? "\"z\":0}" : "");
		}
		starts[8] = n;
		struct collected t;
		collect(&t, (struct str){text, n}, &jsonl, 16 + next_random(&x) % 100);
		size_t row = 0;
		for (size_t line = 0; line < 8; line++)
			compare_with_jansson(&t, &row, line + 1,
			    (struct str){text + starts[line], starts[line + 1] - starts[line] - 1});
		assert_int_equal(row, t.row_count);
		arena_release(&t.arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_keep_their_bytes),
	    cmocka_unit_test(missing_keys_are_absent_and_new_ones_are_columns),
	    cmocka_unit_test(bad_lines_are_skipped_and_leave_no_trace),
	    cmocka_unit_test(a_key_that_stands_twice),
	    cmocka_unit_test(names_of_odd_keys),
	    cmocka_unit_test(bytes_that_are_no_utf_8_are_replaced),
	    cmocka_unit_test(depth_at_its_limit_and_past_it),
	    cmocka_unit_test(no_good_line_is_an_error),
	    cmocka_unit_test(two_thousand_keys_and_one_more),
	    cmocka_unit_test(a_line_over_the_limit_fails_early),
	    cmocka_unit_test(jansson_agrees),
	};
	return cmocka_run_group_tests_name("jsonl", tests, NULL, NULL);
}
