/* test_limits.c: /limits tells every limit there is, each with its value and what it means. */
#include "api/site.h"
#include "base/file.h"
#include "base/limits.h"

#include <ctype.h>
#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct exchange x;
static json_t *told;

static void
every_limit_of_the_header_is_told(void **state)
{
	(void)state;
	struct str text;
	struct err e = {0};
	/* Found when run from the checkout, as make does. */
	if (!file_read(&text, "fcgi/base/limits.h", MIB(1), &x.arena, &e))
		skip();
	size_t count = 0;
	static const char define[] = "#define LIMIT_";
	for (const char *p = text.p; (p = strstr(p, define)); p++) {
		char name[64];
		size_t n = 0;
		for (const char *q = p + strlen(define); isalnum((unsigned char)*q) || *q == '_';
		     q++)
			name[n++] = (char)tolower((unsigned char)*q);
		name[n] = 0;
		if (strcmp(name, "table") == 0)
			continue;
		count++;
		if (!json_object_get(told, name))
			fail_msg("/limits does not tell %s", name);
	}
	assert_int_equal(json_object_size(told), count);
}

static void
each_has_a_value_a_unit_and_a_meaning(void **state)
{
	(void)state;
	const char *name;
	json_t *limit;
	json_object_foreach(told, name, limit)
	{
		const char *unit = json_string_value(json_object_get(limit, "unit"));
		const char *what = json_string_value(json_object_get(limit, "what"));
		if (json_integer_value(json_object_get(limit, "value")) <= 0 || !unit || !*unit ||
		    !what || strlen(what) < 8)
			fail_msg("%s", name);
		/* Bytes are bytes: the name and the unit say the same. */
		if (strstr(name, "bytes"))
			assert_string_equal(unit, "bytes");
	}
}

/* DESIGN section 8, promise 3: these numbers are promised. */
static void
the_promised_ones_are_kept(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		json_int_t value;
	} promised[] = {{"cell_bytes", 16 << 20}, {"record_bytes", 64 << 20}, {"columns", 2000},
	    {"json_tree_bytes", 1 << 20}, {"json_stream_bytes", 256 << 20}, {"json_depth", 64},
	    {"page_rows", 1000}, {"page_bytes", 4 << 20}, {"page_cell_bytes", 4 << 10},
	    {"name_characters", 100}, {"map_radius_meters", 50000}, {"parked_requests", 256},
	    {"request_ms", 10000}, {"parked_ms", 120000}};
	for (size_t i = 0; i < ARRAY_LENGTH(promised); i++) {
		const json_t *limit = json_object_get(told, promised[i].name);
		assert_int_equal(
		    json_integer_value(json_object_get(limit, "value")), promised[i].value);
	}
}

static int
set_up(void **state)
{
	struct err e = {0};
	(void)state;
	arena_init(&x.arena, MIB(4));
	buf_init(&x.response.headers, &x.arena);
	buf_init(&x.response.body, &x.arena);
	if (!site_limits(&x, &e) || x.response.status != 200)
		return 1;
	struct str body = buf_str(&x.response.body);
	told = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	return told ? 0 : 1;
}

static int
tear_down(void **state)
{
	(void)state;
	json_decref(told);
	arena_release(&x.arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_limit_of_the_header_is_told),
	    cmocka_unit_test(each_has_a_value_a_unit_and_a_meaning),
	    cmocka_unit_test(the_promised_ones_are_kept),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
