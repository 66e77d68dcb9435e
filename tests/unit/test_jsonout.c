/* test_jsonout.c: what is written is JSON that another library reads back as the same values. */
#include "base/jsonout.h"
#include "base/limits.h"
#include "folder.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;
static struct buf text;
static struct jsonout out;

static void
begin(void)
{
	arena_release(&arena);
	buf_init(&text, &arena);
	jsonout_init(&out, &text);
}

static json_t *
read_back(void)
{
	json_error_t why;
	json_t *tree = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (!tree)
		fail_msg("%s in %.*s", why.text, (int)text.n, text.p);
	return tree;
}

static void
nesting_puts_its_own_commas(void **state)
{
	(void)state;
	begin();
	jsonout_object(&out);
	jsonout_member_int(&out, "least", INT64_MIN);
	jsonout_member_int(&out, "most", INT64_MAX);
	jsonout_member_text(&out, "none", NULL);
	jsonout_member_bool(&out, "yes", true);
	jsonout_key(&out, "list");
	jsonout_array(&out);
	jsonout_null(&out);
	jsonout_object(&out);
	jsonout_end(&out);
	jsonout_array(&out);
	jsonout_end(&out);
	jsonout_raw(&out, STR("[1,2]"));
	jsonout_bool(&out, false);
	jsonout_end(&out);
	jsonout_key_str(&out, STR("a \"key\"\n"));
	jsonout_object(&out);
	jsonout_key(&out, "deep");
	jsonout_unsigned(&out, UINT64_MAX);
	jsonout_end(&out);
	jsonout_member_str(&out, "last", STR("x"));
	jsonout_end(&out);
	assert_true(
	    str_is(buf_str(&text), "{\"least\":-9223372036854775808,\"most\":9223372036854775807,"
				   "\"none\":null,\"yes\":true,\"list\":[null,{},[],[1,2],false],"
				   "\"a \\\"key\\\"\\n\":{\"deep\":18446744073709551615},"
				   "\"last\":\"x\"}"));
}

static void
every_byte_value_survives_in_a_text(void **state)
{
	(void)state;
	char bytes[128];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)i;
	begin();
	jsonout_str(&out, (struct str){bytes, sizeof bytes});
	json_t *tree = read_back();
	assert_int_equal(json_string_length(tree), sizeof bytes);
	assert_memory_equal(json_string_value(tree), bytes, sizeof bytes);
	json_decref(tree);
	/* No control byte stands bare, so a line of a log stays one line. */
	for (size_t i = 0; i < text.n; i++)
		assert_true((unsigned char)text.p[i] >= ' ');
}

static void
every_character_of_unicode_survives(void **state)
{
	(void)state;
	static char all[4 * 0x110000];
	size_t n = 0;
	for (uint32_t c = 1; c < 0x110000; c++) {
		if (c >= 0xd800 && c < 0xe000)
			continue;
		/* Written here on our own, to have a second opinion. */
		if (c < 0x80) {
			all[n++] = (char)c;
			continue;
		}
		int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
		static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
		all[n++] = (char)(first[more] | c >> (6 * more));
		while (more-- > 0)
			all[n++] = (char)(0x80 | (c >> (6 * more) & 0x3f));
	}
	begin();
	jsonout_str(&out, (struct str){all, n});
	json_t *tree = read_back();
	assert_int_equal(json_string_length(tree), n);
	assert_memory_equal(json_string_value(tree), all, n);
	json_decref(tree);
}

/* One U+FFFD for each byte that cannot be read; the good text around it stays. */
static void
invalid_utf8_is_replaced_and_never_written(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"\xff", "\xef\xbf\xbd"},
	    {"a\x80z", "a\xef\xbf\xbdz"},
	    {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
	    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	    {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	    {"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
	    {"\xe2\x82\"q", "\xef\xbf\xbd\xef\xbf\xbd\"q"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		begin();
		jsonout_text(&out, cases[i].in);
		json_t *tree = read_back();
		assert_string_equal(json_string_value(tree), cases[i].out);
		json_decref(tree);
	}
	uint32_t random = 7;
	for (int turn = 0; turn < 3000; turn++) {
		char bytes[33];
		for (size_t i = 0; i < sizeof bytes; i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (char)(random >> 24);
		}
		begin();
		jsonout_str(&out, (struct str){bytes, random % sizeof bytes});
		json_decref(read_back());
	}
}

static void
doubles_read_back_the_same(void **state)
{
	(void)state;
	static const double fixed[] = {0.0, -0.0, 0.1, 1.0 / 3, 1e21, 1e-7, 123456789012345680.0,
	    2.2250738585072014e-308, 4.9406564584124654e-324, 1.7976931348623157e308, -1.5,
	    9007199254740994.0, 0.30000000000000004};
	uint64_t bits = 1;
	for (size_t i = 0; i < 20000 + ARRAY_LENGTH(fixed); i++) {
		double v = 0;
		if (i < ARRAY_LENGTH(fixed)) {
			v = fixed[i];
		} else {
			bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			memcpy(&v, &bits, sizeof v);
		}
		begin();
		jsonout_double(&out, v);
		json_t *tree = read_back();
		if (!isfinite(v)) {
			assert_true(json_is_null(tree));
		} else {
			double back = json_number_value(tree);
			assert_true(back >= v && back <= v);
		}
		json_decref(tree);
	}
	begin();
	jsonout_double(&out, 0.1);
	assert_true(str_is(buf_str(&text), "0.1"));
	begin();
	jsonout_double(&out, (double)INFINITY);
	assert_true(str_is(buf_str(&text), "null"));
	begin();
	jsonout_double(&out, (double)NAN);
	assert_true(str_is(buf_str(&text), "null"));
}

enum misuse {
	KEY_IN_ARRAY,
	KEY_AT_TOP,
	VALUE_WITHOUT_KEY,
	TWO_KEYS,
	END_AFTER_KEY,
	END_OF_NOTHING,
	TOO_DEEP,
	MISUSES
};

static void
misuse(void *context)
{
	begin();
	switch (*(enum misuse *)context) {
	case KEY_IN_ARRAY:
		jsonout_array(&out);
		jsonout_key(&out, "a");
		break;
	case KEY_AT_TOP:
		jsonout_key(&out, "a");
		break;
	case VALUE_WITHOUT_KEY:
		jsonout_object(&out);
		jsonout_null(&out);
		break;
	case TWO_KEYS:
		jsonout_object(&out);
		jsonout_key(&out, "a");
		jsonout_key(&out, "b");
		break;
	case END_AFTER_KEY:
		jsonout_object(&out);
		jsonout_key(&out, "a");
		jsonout_end(&out);
		break;
	case END_OF_NOTHING:
		jsonout_end(&out);
		break;
	case TOO_DEEP:
		for (int i = 0; i <= JSONOUT_DEPTH; i++)
			jsonout_array(&out);
		break;
	case MISUSES:
		break;
	}
}

static void
text_that_is_no_json_cannot_be_written(void **state)
{
	(void)state;
	for (enum misuse m = KEY_IN_ARRAY; m <= MISUSES; m++) {
		int status = in_child(misuse, &m);
		if (m == MISUSES)
			assert_int_equal(status, 0);
		else
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, MIB(256));
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
	    cmocka_unit_test(nesting_puts_its_own_commas),
	    cmocka_unit_test(every_byte_value_survives_in_a_text),
	    cmocka_unit_test(every_character_of_unicode_survives),
	    cmocka_unit_test(invalid_utf8_is_replaced_and_never_written),
	    cmocka_unit_test(doubles_read_back_the_same),
	    cmocka_unit_test(text_that_is_no_json_cannot_be_written),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
