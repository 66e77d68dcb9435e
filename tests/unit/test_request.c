/* test_request.c: parameters become a request once, and what is wrong with them is said. */
#include "http/request.h"
#include "base/limits.h"
#include "base/tree.h"
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *folder;
static struct arena arena;
static struct err e;
static struct request request;

/* Up to 15 "NAME=value", the last one NULL. */
static bool
parse(const char *first, ...)
{
	char *parameters[16] = {NULL};
	va_list list;
	size_t n = 0;
	va_start(list, first);
	for (const char *p = first; p && n < 15; p = va_arg(list, const char *))
		parameters[n++] = arena_text(&arena, str_of(p));
	va_end(list);
	err_clear(&e);
	return request_parse(&request, parameters, &arena, &e);
}

static const char *
uri(const char *text)
{
	return arena_format(&arena, "REQUEST_URI=%s", text).p;
}

static void
parameters_become_fields(void **state)
{
	(void)state;
	assert_true(parse("REQUEST_METHOD=POST", uri("/a%20b/c?x=1&y=a%2Bb+c&x=2"),
	    "CONTENT_LENGTH=5", "HTTP_AUTHORIZATION=Bearer a=b", "HTTP_X_UNKNOWN=no", "NOEQUALS",
	    "HTTP_COOKIE=", "HTTP_AUTHORIZATION=second", "=empty", NULL));
	assert_int_equal(request.method, METHOD_POST);
	assert_true(str_is(request.path, "/a b/c"));
	assert_true(str_is(request.query_text, "x=1&y=a%2Bb+c&x=2"));
	assert_true(str_is(url_parameter(&request.query, "x"), "1"));
	assert_true(str_is(url_parameter(&request.query, "y"), "a+b c"));
	assert_null(url_parameter(&request.query, "z").p);
	assert_true(str_is(request.authorization, "Bearer a=b"));
	assert_true(request.has_body);
	assert_int_equal(request.content_length, 5);
	assert_int_equal(request.cookie.n, 0);
	assert_int_equal(request.origin.n, 0);
}

static void
methods_are_known_words(void **state)
{
	(void)state;
	static const char *const names[] = {
	    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		assert_true(
		    parse(arena_format(&arena, "REQUEST_METHOD=%s", names[i]).p, uri("/"), NULL));
		assert_int_equal(request.method, i);
	}
	static const char *const others[] = {"get", "TRACE", "", "GET ", "CONNECT"};
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		assert_true(
		    parse(arena_format(&arena, "REQUEST_METHOD=%s", others[i]).p, uri("/"), NULL));
		assert_int_equal(request.method, METHOD__MAX);
	}
}

static void
a_bad_address_can_still_be_answered_and_logged(void **state)
{
	(void)state;
	static const char *const paths[] = {"", "*", "http://x/", "/%zz", "/a%2fb", "/a//b",
	    "/../x", "/%00", "/\xff", "/a\x01", "/x?a=%", "/x?a=%00", "/x?a=%ff"};
	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
		if (parse("REQUEST_METHOD=GET", uri(paths[i]), "HTTP_X_REQUEST_ID=my-id", NULL))
			fail_msg("taken: %s", paths[i]);
		assert_int_equal(e.code, ERR_INPUT);
		assert_int_equal(request.method, METHOD_GET);
		assert_true(str_is(request.id, "my-id"));
	}
	/* Nothing at all came. */
	assert_false(parse(NULL));
	assert_true(request.id.n > 0);
	assert_int_equal(request.path.n, 0);
}

static void
addresses_are_limited_to_the_byte(void **state)
{
	(void)state;
	char text[LIMIT_URL_BYTES + 2];
	for (size_t over = 0; over < 2; over++) {
		memset(text, 'a', sizeof text);
		text[0] = '/';
		text[LIMIT_URL_BYTES + over] = 0;
		assert_int_equal(parse("REQUEST_METHOD=GET", uri(text), NULL), !over);
		assert_int_equal(e.code, over ? ERR_TOO_BIG : ERR_OK);
	}
	for (size_t over = 0; over < 2; over++) {
		struct str query = STR("/?");
		for (size_t i = 0; i < LIMIT_PARAMETERS + over; i++)
			query = arena_format(&arena, "%sa=1&", query.p);
		assert_int_equal(parse("REQUEST_METHOD=GET", uri(query.p), NULL), !over);
		assert_int_equal(e.code, over ? ERR_TOO_BIG : ERR_OK);
	}
}

static void
a_request_has_an_id_that_hurts_no_log(void **state)
{
	(void)state;
	static const char nginx[] = "REQUEST_ID=0123456789abcdef0123456789abcdef";
	static const struct {
		const char *sent;
		bool taken;
	} cases[] = {{"abc-DEF_1.2", true}, {"a b", false}, {"a\nb", false}, {"<b>", false},
	    {"\"", false}, {"", false}, {"\xc3\xa4", false},
	    {"0123456789012345678901234567890123456789012345678901234567890123", true},
	    {"01234567890123456789012345678901234567890123456789012345678901234", false}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_true(parse(uri("/"), nginx,
		    arena_format(&arena, "HTTP_X_REQUEST_ID=%s", cases[i].sent).p, NULL));
		assert_true(str_is(request.id, cases[i].taken ? cases[i].sent : nginx + 11));
	}
	/* Without nginx it is our own, each time another. */
	assert_true(parse(uri("/"), "REQUEST_ID=short", NULL));
	struct str first = request.id;
	assert_int_equal(first.n, 32);
	assert_true(parse(uri("/"), NULL));
	assert_false(str_equal(request.id, first));
}

static void
a_length_is_a_number(void **state)
{
	(void)state;
	static const char *const wrong[] = {
	    "-1", "+1", "1 ", " 1", "0x1", "1,1", "18446744073709551616", "abc"};
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		assert_false(
		    parse(uri("/"), arena_format(&arena, "CONTENT_LENGTH=%s", wrong[i]).p, NULL));
		assert_int_equal(e.code, ERR_INPUT);
	}
	assert_true(parse(uri("/"), "CONTENT_LENGTH=", NULL));
	assert_false(request.has_body);
	assert_true(parse(uri("/"), "CONTENT_LENGTH=0", NULL));
	assert_false(request.has_body);
	assert_true(parse(uri("/"), "CONTENT_LENGTH=18446744073709551615", NULL));
	assert_true(request.has_body);
}

/* A request whose body file holds `text` and that declares so many bytes. */
static void
with_body(const char *text, size_t declared, const char *type)
{
	file_put(folder_file(folder, "body"), str_of(text));
	assert_true(parse("REQUEST_METHOD=POST", uri("/"),
	    arena_format(&arena, "CONTENT_LENGTH=%zu", declared).p,
	    arena_format(&arena, "BODY_FILE=%s/body", folder).p,
	    arena_format(&arena, "CONTENT_TYPE=%s", type).p, NULL));
}

static void
a_body_is_what_was_declared_or_refused(void **state)
{
	(void)state;
	struct str body, ends[2];
	with_body("hello", 5, "");
	assert_true(request_body(&body, &request, 5, &arena, &e));
	assert_true(str_is(body, "hello"));
	assert_false(request_body(&body, &request, 4, &arena, &e));
	assert_int_equal(e.code, ERR_TOO_BIG);
	for (size_t declared = 4; declared <= 6; declared += 2) {
		with_body("hello", declared, "");
		assert_false(request_body(&body, &request, 100, &arena, &e));
		assert_int_equal(e.code, ERR_INPUT);
	}
	assert_true(parse("REQUEST_METHOD=POST", uri("/"), "CONTENT_LENGTH=5", NULL));
	assert_false(request_body(&body, &request, 100, &arena, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_true(parse("REQUEST_METHOD=POST", uri("/"), NULL));
	assert_true(request_body(&body, &request, 0, &arena, &e));
	assert_int_equal(body.n, 0);
	assert_true(request_ends(ends, &request, 3, &arena, &e));
	assert_int_equal(ends[0].n + ends[1].n, 0);
	/* A link in its place is not followed. */
	with_body("hello", 5, "");
	assert_int_equal(rename(folder_file(folder, "body"), folder_file(folder, "target")), 0);
	assert_int_equal(symlink("target", folder_file(folder, "body")), 0);
	assert_false(request_body(&body, &request, 100, &arena, &e));
	assert_int_equal(unlink(folder_file(folder, "body")), 0);
}

static void
the_ends_of_a_body_never_overlap(void **state)
{
	(void)state;
	static const char *const cases[][3] = {{"a", "a", ""}, {"abc", "abc", ""},
	    {"abcd", "abc", "d"}, {"abcdef", "abc", "def"}, {"abcdefg", "abc", "efg"}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct str ends[2];
		with_body(cases[i][0], strlen(cases[i][0]), "");
		assert_true(request_ends(ends, &request, 3, &arena, &e));
		assert_true(str_is(ends[0], cases[i][1]) && str_is(ends[1], cases[i][2]));
	}
}

static void
a_json_body_is_an_object_of_its_type(void **state)
{
	(void)state;
	static const struct {
		const char *body, *type;
		enum err_code code;
	} cases[] = {
	    {"{\"a\":1}", "application/json", ERR_OK},
	    {"{\"a\":1}", "Application/JSON; charset=utf-8", ERR_OK},
	    {"{\"a\":1}", "", ERR_OK},
	    {"{\"a\":1}", "text/plain", ERR_OK},
	    {" \n", "application/json", ERR_OK},
	    {"{\"a\":1}", "application/x-www-form-urlencoded", ERR_MEDIA_TYPE},
	    {"{\"a\":1}", "application/jsonx", ERR_MEDIA_TYPE},
	    {"[1]", "application/json", ERR_INPUT},
	    {"null", "application/json", ERR_INPUT},
	    {"{", "application/json", ERR_INPUT},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		json_t *tree;
		with_body(cases[i].body, strlen(cases[i].body), cases[i].type);
		if (request_json(&tree, &request, &arena, &e) != (cases[i].code == ERR_OK))
			fail_msg("%s as %s", cases[i].body, cases[i].type);
		assert_int_equal(e.code, cases[i].code);
	}
	json_t *tree;
	char *large = calloc(1, LIMIT_JSON_TREE_BYTES + 2);
	assert_non_null(large);
	memset(large, ' ', LIMIT_JSON_TREE_BYTES + 1);
	for (size_t over = 2; over-- > 0;) {
		large[LIMIT_JSON_TREE_BYTES + over] = 0;
		with_body(large, LIMIT_JSON_TREE_BYTES + over, "application/json");
		assert_int_equal(request_json(&tree, &request, &arena, &e), !over);
		assert_int_equal(e.code, over ? ERR_TOO_BIG : ERR_OK);
	}
	free(large);
}

static void
a_kept_body_outlives_the_request(void **state)
{
	(void)state;
	struct str name, other, text;
	const char *data = folder_file(folder, "data");
	err_clear(&e);
	assert_true(folder_make(folder_file(folder, "data/incoming"), &e));
	with_body("kept", 4, "");
	assert_true(request_keep_body(&name, &request, data, &arena, &e));
	assert_true(request_keep_body(&other, &request, data, &arena, &e));
	assert_false(str_equal(name, other));
	unlink(folder_file(folder, "body"));
	assert_true(file_read(&text,
	    arena_format(&arena, "%s/incoming/%.*s", data, STR_ARG(name)).p, 10, &arena, &e));
	assert_true(str_is(text, "kept"));
	with_body("cut", 4, "");
	assert_false(request_keep_body(&name, &request, data, &arena, &e));
}

static void
a_number_of_the_query_stays_in_its_bounds(void **state)
{
	(void)state;
	uint64_t v;
	static const struct {
		const char *query;
		bool good;
		uint64_t value;
	} cases[] = {{"", true, 50}, {"?limit=1", true, 1}, {"?limit=100", true, 100},
	    {"?limit=0", false, 0}, {"?limit=101", false, 0}, {"?limit=", false, 0},
	    {"?limit", false, 0}, {"?limit=-1", false, 0}, {"?limit=1.5", false, 0},
	    {"?limit=99999999999999999999", false, 0}, {"?Limit=7", true, 50},
	    {"?limit=7&limit=x", true, 7}, {"?limit=007", true, 7}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_true(parse(uri(arena_format(&arena, "/%s", cases[i].query).p), NULL));
		bool good = request_number(&v, &request, "limit", 50, 1, 100, &e);
		if (good != cases[i].good || (good && v != cases[i].value))
			fail_msg("%s", cases[i].query);
		if (!good)
			assert_string_equal(e.field, "limit");
	}
}

static void
cookies_are_found_by_their_whole_name(void **state)
{
	(void)state;
	static const struct {
		const char *cookies, *want;
	} cases[] = {{"session=abc", "abc"}, {"a=1; session=abc; b=2", "abc"},
	    {"a=1;session=abc", "abc"}, {"session=", ""}, {"xsession=abc", ""},
	    {"sessionx=abc", ""}, {"session", ""}, {"", ""}, {";;; =; session=a=b==", "a=b=="},
	    {"session=first; session=second", "first"}, {"a=session=abc", ""}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_true(parse(
		    uri("/"), arena_format(&arena, "HTTP_COOKIE=%s", cases[i].cookies).p, NULL));
		struct str got = request_cookie(&request, "session");
		if (!str_is(got, cases[i].want))
			fail_msg("%s: %.*s", cases[i].cookies, STR_ARG(got));
	}
}

static void
a_browser_is_known_by_what_it_accepts(void **state)
{
	(void)state;
	assert_true(parse(uri("/"), "HTTP_ACCEPT=application/xml,text/html;q=0.9", NULL));
	assert_true(request_wants_html(&request));
	assert_true(parse(uri("/"), "HTTP_ACCEPT=*/*", NULL));
	assert_false(request_wants_html(&request));
	assert_true(parse(uri("/"), NULL));
	assert_false(request_wants_html(&request));
}

static int
set_up(void **state)
{
	(void)state;
	tree_setup();
	folder = folder_begin();
	arena_init(&arena, MIB(64));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	folder_end(folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parameters_become_fields),
	    cmocka_unit_test(methods_are_known_words),
	    cmocka_unit_test(a_bad_address_can_still_be_answered_and_logged),
	    cmocka_unit_test(addresses_are_limited_to_the_byte),
	    cmocka_unit_test(a_request_has_an_id_that_hurts_no_log),
	    cmocka_unit_test(a_length_is_a_number),
	    cmocka_unit_test(a_body_is_what_was_declared_or_refused),
	    cmocka_unit_test(the_ends_of_a_body_never_overlap),
	    cmocka_unit_test(a_json_body_is_an_object_of_its_type),
	    cmocka_unit_test(a_kept_body_outlives_the_request),
	    cmocka_unit_test(a_number_of_the_query_stays_in_its_bounds),
	    cmocka_unit_test(cookies_are_found_by_their_whole_name),
	    cmocka_unit_test(a_browser_is_known_by_what_it_accepts),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
