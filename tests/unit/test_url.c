/* test_url.c: an address means one thing, and what is written into one comes back as it was. */
#include "http/url.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;
static struct err e;

static void
paths_are_decoded_once(void **state)
{
	(void)state;
	static const char *const cases[][2] = {{"/", "/"}, {"/a/b", "/a/b"}, {"/a/", "/a/"},
	    {"/a%20b", "/a b"}, {"/%2525", "/%25"}, {"/a+b", "/a+b"},
	    {"/caf%C3%a9", "/caf\xc3\xa9"}, {"/a..b/.c/d..", "/a..b/.c/d.."}, {"/a?b", "/a?b"}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct str out;
		assert_true(url_decode_path(&out, str_of(cases[i][0]), &arena, &e));
		assert_true(str_is(out, cases[i][1]));
	}
}

static void
paths_that_could_mean_two_things_are_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {"", "a", "*", "//", "/a//b", "//a", "/..", "/a/../b",
	    "/a/..", "/.", "/./a", "/%2e%2E", "/a/%2e./b", "/a%2fb", "/a%2Fb", "/%00", "/a%0a",
	    "/a%7f", "/a\x01", "/a\x7f", "/%", "/%1", "/%1g", "/%g1", "/%%41", "/%c3", "/\xff",
	    "/%ed%a0%80"};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct str out;
		err_clear(&e);
		if (url_decode_path(&out, str_of(cases[i]), &arena, &e))
			fail_msg("taken: %s", cases[i]);
		assert_int_equal(e.code, ERR_INPUT);
	}
}

static void
parameters_come_in_order(void **state)
{
	(void)state;
	struct url_parameters p;
	err_clear(&e);
	assert_true(url_parse_query(&p,
	    STR("name=my%20ds&keep=a+b&keep=c%2Bd&&text_separator=%0A&flag&=x&e="), &arena, &e));
	static const char *const want[][2] = {{"name", "my ds"}, {"keep", "a b"}, {"keep", "c+d"},
	    {"text_separator", "\n"}, {"flag", ""}, {"", "x"}, {"e", ""}};
	assert_int_equal(p.count, ARRAY_LENGTH(want));
	for (size_t i = 0; i < p.count; i++) {
		assert_true(str_is(p.list[i].name, want[i][0]));
		assert_true(str_is(p.list[i].value, want[i][1]));
	}
	assert_true(str_is(url_parameter(&p, "keep"), "a b"));
	assert_null(url_parameter(&p, "none").p);
	assert_non_null(url_parameter(&p, "flag").p);
	assert_true(url_parse_query(&p, STR(""), &arena, &e));
	assert_int_equal(p.count, 0);
}

static void
bad_parameters_are_named(void **state)
{
	(void)state;
	static const char *const cases[] = {"q=%", "q=%0", "q=%zz", "q=a%00b", "q=%ff", "q=\xff"};
	struct url_parameters p;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		err_clear(&e);
		assert_false(url_parse_query(&p, str_of(cases[i]), &arena, &e));
		assert_int_equal(e.code, ERR_INPUT);
		assert_string_equal(e.field, "q");
	}
	err_clear(&e);
	assert_false(url_parse_query(&p, STR("%zz=1"), &arena, &e));
}

static void
limits_hold(void **state)
{
	(void)state;
	struct url_parameters p;
	struct str out;
	static char text[LIMIT_FORM_FIELD_BYTES + 2];
	for (size_t over = 0; over < 2; over++) {
		enum err_code code = over ? ERR_TOO_BIG : ERR_OK;
		err_clear(&e);
		size_t n = (LIMIT_PARAMETERS + over) * 2;
		for (size_t i = 0; i < n; i += 2)
			memcpy(text + i, "a&", 2);
		assert_int_equal(url_parse_query(&p, (struct str){text, n}, &arena, &e), over == 0);
		assert_int_equal(e.code, code);
		err_clear(&e);
		n = (LIMIT_FORM_FIELDS + over) * 2;
		for (size_t i = 0; i < n; i += 2)
			memcpy(text + i, "a&", 2);
		assert_int_equal(url_parse_form(&p, (struct str){text, n}, &arena, &e), over == 0);
		assert_int_equal(e.code, code);
		err_clear(&e);
		memset(text, 'a', sizeof text);
		text[0] = '/';
		n = LIMIT_URL_BYTES + over;
		assert_int_equal(
		    url_decode_path(&out, (struct str){text, n}, &arena, &e), over == 0);
		assert_int_equal(e.code, code);
		err_clear(&e);
		assert_int_equal(url_parse_query(&p, (struct str){text, n}, &arena, &e), over == 0);
		assert_int_equal(e.code, code);
		err_clear(&e);
		n = LIMIT_FORM_FIELD_BYTES + over;
		assert_int_equal(url_parse_form(&p, (struct str){text, n}, &arena, &e), over == 0);
		assert_int_equal(e.code, code);
	}
}

static void
encoding_is_undone_by_decoding(void **state)
{
	(void)state;
	char all[256];
	struct buf b;
	struct str back;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	buf_init(&b, &arena);
	url_encode(&b, (struct str){all, sizeof all});
	assert_int_equal(strspn(arena_text(&arena, buf_str(&b)),
			     "%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~"),
	    b.n);
	assert_true(url_decode(&back, buf_str(&b), true, &arena));
	assert_true(str_equal(back, (struct str){all, sizeof all}));
	buf_init(&b, &arena);
	url_encode(&b, STR("a b/\xc3\xa9?~"));
	assert_true(str_is(buf_str(&b), "a%20b%2F%C3%A9%3F~"));
}

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, MIB(64));
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
	    cmocka_unit_test(paths_are_decoded_once),
	    cmocka_unit_test(paths_that_could_mean_two_things_are_refused),
	    cmocka_unit_test(parameters_come_in_order),
	    cmocka_unit_test(bad_parameters_are_named),
	    cmocka_unit_test(limits_hold),
	    cmocka_unit_test(encoding_is_undone_by_decoding),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
