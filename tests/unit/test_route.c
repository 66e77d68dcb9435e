/* test_route.c: every address of the table finds its own handler, and nothing else does. */
#include "api/route.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;
static struct err e;
static struct str allow;

static const char *const names[METHOD__MAX] = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/* The pattern with a value in the place of each {...}. */
static char *
address(const char *pattern, const char *value)
{
	struct buf b;
	buf_init(&b, &arena);
	for (const char *p = pattern; *p; p++) {
		if (*p != '{') {
			buf_put_char(&b, *p);
			continue;
		}
		buf_put_text(&b, value);
		p = strchr(p, '}');
		assert_non_null(p);
	}
	return arena_text(&arena, buf_str(&b));
}

static const struct route *
find(enum method method, const char *path)
{
	const struct route *r = NULL;
	struct str values[PATH_VALUES];
	err_clear(&e);
	allow = STR("");
	return route_find(&r, values, method, str_of(path), &allow, &arena, &e) ? r : NULL;
}

static void
every_pattern_finds_itself(void **state)
{
	(void)state;
	assert_true(route_count > 40);
	for (size_t i = 0; i < route_count; i++) {
		const struct route *r;
		struct str values[PATH_VALUES];
		const char *value = "5f0c1c1e-9a6b-4a53-8f8e-1d5f1b0f7f11";
		char *path = address(routes[i].pattern, value);
		err_clear(&e);
		if (!route_find(&r, values, routes[i].method, str_of(path), &allow, &arena, &e))
			fail_msg("%s: %s", path, e.message);
		if (r != &routes[i])
			fail_msg("%s is taken by %s", path, r->pattern);
		if (strchr(routes[i].pattern, '{'))
			assert_true(str_is(values[0], value));
		if (routes[i].method == METHOD_GET)
			assert_ptr_equal(find(METHOD_HEAD, path), &routes[i]);
		/* One slash at its end makes no difference, two do. */
		if (strlen(path) > 1)
			assert_ptr_equal(
			    find(routes[i].method, arena_format(&arena, "%s/", path).p), r);
		assert_null(find(routes[i].method, arena_format(&arena, "%s//", path).p));
	}
}

static void
a_value_is_one_segment_that_is_not_empty(void **state)
{
	(void)state;
	assert_null(find(METHOD_GET, "/api/v2/datasets//data"));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_null(find(METHOD_GET, "/api/v2/datasets/a/b/data"));
	const struct route *r;
	struct str values[PATH_VALUES];
	assert_true(route_find(
	    &r, values, METHOD_GET, STR("/api/v2/datasets/{id}/data"), &allow, &arena, &e));
	assert_true(str_is(values[0], "{id}"));
	assert_true(route_find(
	    &r, values, METHOD_GET, STR("/api/v2/datasets/..a b?/data"), &allow, &arena, &e));
	assert_true(str_is(values[0], "..a b?"));
}

static void
what_is_not_in_the_table_is_not_found(void **state)
{
	(void)state;
	static const char *const paths[] = {"/none", "/api", "/api/v2", "/api/v2/",
	    "/api/v3/datasets", "/API/v2/datasets", "/api/v2/dataset", "/api/v2/datasetsx",
	    "/claro/datasets", "/data", "/api/v2/datasets/x/data/y", "/healthz/x", "//",
	    "/sign-in/x", "/-/data/x"};
	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
		for (int m = 0; m <= METHOD__MAX; m++) {
			if (find((enum method)m, paths[i]) && strcmp(paths[i], "//") != 0)
				fail_msg("%s", paths[i]);
			if (strcmp(paths[i], "//") != 0)
				assert_int_equal(e.code, ERR_NOT_FOUND);
		}
}

/* A second, slower opinion: same number of segments, each equal or a {...}. */
static bool
fits(const char *pattern, const char *path)
{
	while (*pattern && *path) {
		size_t n = strcspn(pattern + 1, "/") + 1, k = strcspn(path + 1, "/") + 1;
		bool any = pattern[1] == '{' && k > 1;
		if (!any && (n != k || strncmp(pattern, path, n) != 0))
			return false;
		pattern += n;
		path += k;
	}
	return *pattern == 0 && *path == 0;
}

static void
other_methods_are_refused_with_those_that_there_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++) {
		char *path = address(routes[i].pattern, "value");
		bool taken[METHOD__MAX + 1] = {false};
		for (size_t k = 0; k < route_count; k++)
			if (fits(routes[k].pattern, path)) {
				taken[routes[k].method] = true;
				taken[METHOD_HEAD] |= routes[k].method == METHOD_GET;
			}
		for (int m = 0; m <= METHOD__MAX; m++) {
			const struct route *r = find((enum method)m, path);
			assert_int_equal(r != NULL, taken[m]);
			if (r)
				continue;
			assert_int_equal(e.code, ERR_METHOD);
			for (int k = 0; k < METHOD__MAX; k++)
				if (k != METHOD_HEAD)
					assert_int_equal(
					    strstr(allow.p, names[k]) != NULL, taken[k]);
		}
	}
}

static void
the_table_is_well_formed(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++) {
		const struct route *r = &routes[i];
		assert_non_null(r->handler);
		assert_int_equal(r->pattern[0], '/');
		assert_null(strstr(r->pattern, "//"));
		assert_non_null(r->name);
		assert_true(r->method < METHOD__MAX);
		/* An API is documented; pages are for people. */
		assert_int_equal(r->summary == NULL, r->dialect == DIALECT_PAGE);
		/* Only what says nothing about anybody's data is for anyone. */
		if (r->access == ACCESS_ANYONE && r->method != METHOD_OPTIONS)
			assert_true(strchr(r->pattern, '{') == NULL &&
				    !str_starts(str_of(r->pattern), "/api") &&
				    !str_starts(str_of(r->pattern), "/claro"));
		for (size_t k = 0; k < i; k++)
			assert_false(routes[k].method == r->method &&
				     strcmp(routes[k].pattern, r->pattern) == 0);
		/* An unknown address below it is answered in its words. */
		if (r->dialect != DIALECT_ROWHOUSE || str_starts(str_of(r->pattern), "/api/"))
			assert_int_equal(route_dialect(str_of(r->pattern)), r->dialect);
	}
}

/* DESIGN section 1: a vendor's paths, and the same behind an unambiguous prefix. */
static void
what_is_claros_is_there_with_and_without_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++) {
		if (routes[i].dialect != DIALECT_CLARO)
			continue;
		char *path = address(routes[i].pattern, "id");
		const char *twin = str_starts(str_of(path), "/claro/")
				       ? path + 6
				       : arena_format(&arena, "/claro%s", path).p;
		const struct route *r = find(routes[i].method, twin);
		assert_non_null(r);
		assert_true(r->handler == routes[i].handler);
	}
}

static void
the_mount_decides_whose_words_are_spoken(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum dialect dialect;
	} cases[] = {{"/api/v2/none", DIALECT_CLARO}, {"/claro/none", DIALECT_CLARO},
	    {"/api/rowhouse/v1/none", DIALECT_ROWHOUSE}, {"/api/none", DIALECT_ROWHOUSE},
	    {"/none", DIALECT_PAGE}, {"/", DIALECT_PAGE}, {"", DIALECT_PAGE},
	    {"/claroo", DIALECT_PAGE}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_int_equal(route_dialect(str_of(cases[i].path)), cases[i].dialect);
}

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, MIB(16));
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
	    cmocka_unit_test(every_pattern_finds_itself),
	    cmocka_unit_test(a_value_is_one_segment_that_is_not_empty),
	    cmocka_unit_test(what_is_not_in_the_table_is_not_found),
	    cmocka_unit_test(other_methods_are_refused_with_those_that_there_are),
	    cmocka_unit_test(the_table_is_well_formed),
	    cmocka_unit_test(what_is_claros_is_there_with_and_without_prefix),
	    cmocka_unit_test(the_mount_decides_whose_words_are_spoken),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
