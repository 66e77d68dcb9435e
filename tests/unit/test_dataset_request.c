/*
 * test_dataset_request.c: what a create may ask for: every rule of seeds/000 at its edge and one
 * past it, as JSON and as a form, each refusal with the field it is about.
 */
#include "../../plugins/custom/custom.c"

#include "model/model.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/tree.h"
#include "must.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;
static struct err e;
static struct dataset_request request;
static struct model model;
static const struct caller owner = {.org_id = 1, .role = ROLE_OWNER};

#define SOURCE "0123abcd-ef01-4678-9abc-def012345678"

/* Quotes of the text are written ' for the sake of the eye. */
static bool
check_as(const char *text, unsigned style)
{
	json_t *tree;
	char *json = arena_text(&arena, str_of(text));
	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	err_clear(&e);
	if (!tree_parse_own(&tree, str_of(json), &arena, &e))
		fail_msg("%s: %s", e.message, json);
	return dataset_request_check(&model, &owner, &request, tree, style, &arena, &e);
}

static void
good(const char *text, unsigned style)
{
	if (!check_as(text, style))
		fail_msg("%s: %s", text, e.message);
}

static void
bad(const char *text, unsigned style, const char *field, enum err_code code)
{
	if (check_as(text, style))
		fail_msg("taken: %s", text);
	assert_string_equal(e.field, field);
	assert_int_equal(e.code, code);
	assert_true(strlen(e.message) > 0);
}

static void
the_type_is_one_of_four(void **state)
{
	(void)state;
	static const char *const wrong[] = {"{}", "{'type':null}", "{'type':1}", "{'type':''}",
	    "{'type':'Data_Enrichment'}", "{'type':'data_enrichment '}", "{'type':['x']}"};
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		bad(wrong[i], REQUEST_PLAIN, "type", ERR_INPUT);
		assert_string_equal(e.message, "Dataset type must be one of: data_enrichment, "
					       "data_extraction, map_extraction, "
					       "custom_dataset");
	}
	good("{'type':'data_enrichment','name':'n'}", REQUEST_PLAIN);
	assert_string_equal(request.type->name, "data_enrichment");
	assert_int_equal(request.source_id[0], 0);
	assert_int_equal(request.params.n, 0);
}

static void
a_name_has_1_to_100_characters(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", ",'name':null", ",'name':''", ",'name':' \\t\\n '",
	    ",'name':7", ",'name':true", ",'name':['n']", ",'name':{}"};
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		bad(arena_format(&arena, "{'type':'data_extraction'%s}", wrong[i]).p, 0, "name",
		    ERR_INPUT);
	/* Counted in characters, not in bytes, without the space around it. */
	static const char *const letters[] = {"a", "\xc3\xa4", "\xe4\xb8\xad", "\xf0\x9f\x98\x80"};
	for (size_t i = 0; i < ARRAY_LENGTH(letters); i++)
		for (size_t n = LIMIT_NAME_CHARACTERS; n <= LIMIT_NAME_CHARACTERS + 1; n++) {
			struct buf b;
			buf_init(&b, &arena);
			buf_put_text(&b, "{'type':'data_extraction','name':'  ");
			for (size_t k = 0; k < n; k++)
				buf_put_text(&b, letters[i]);
			buf_put(&b, " '}", 4);
			if (n > LIMIT_NAME_CHARACTERS)
				bad(b.p, 0, "name", ERR_INPUT);
			else
				good(b.p, 0);
			if (n == LIMIT_NAME_CHARACTERS)
				assert_int_equal(request.name.n, n * strlen(letters[i]));
		}
	good("{'type':'data_extraction','name':' My list '}", 0);
	assert_true(str_is(request.name, "My list"));
}

static void
a_description_is_needed_where_the_document_says_so(void **state)
{
	(void)state;
	const char *without = "{'type':'data_enrichment','name':'n'}";
	good(without, REQUEST_PLAIN);
	assert_int_equal(request.description.n, 0);
	bad(without, REQUEST_DESCRIBED, "description", ERR_INPUT);
	static const struct {
		const char *value;
		bool good, good_described;
	} cases[] = {{"'text'", true, true}, {"''", true, false}, {"' '", true, false},
	    {"null", true, false}, {"5", false, false}, {"{}", false, false}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (unsigned style = 0; style <= REQUEST_DESCRIBED; style += REQUEST_DESCRIBED) {
			char text[200];
			snprintf(text, sizeof text,
			    "{'type':'data_enrichment','name':'n','description':%s}",
			    cases[i].value);
			if (style ? cases[i].good_described : cases[i].good)
				good(text, style);
			else
				bad(text, style, "description", ERR_INPUT);
		}
	for (size_t over = 0; over < 2; over++) {
		size_t n = LIMIT_DESCRIPTION_BYTES + over;
		char *long_text = arena_alloc(&arena, n + 1);
		memset(long_text, 'd', n);
		const char *text = arena_format(
		    &arena, "{'type':'data_enrichment','name':'n','description':'%s'}", long_text)
				       .p;
		if (over)
			bad(text, 0, "description", ERR_INPUT);
		else
			good(text, 0);
	}
}

static void
a_source_is_named_by_a_uuid(void **state)
{
	(void)state;
	const char *const with_source[] = {"data_enrichment", "data_extraction"};
	for (size_t i = 0; i < ARRAY_LENGTH(with_source); i++) {
		static const struct {
			const char *value;
			enum err_code plain, form;
		} cases[] = {{"'" SOURCE "'", ERR_OK, ERR_OK}, {"null", ERR_OK, ERR_OK},
		    {"'0123ABCD-EF01-4678-9ABC-DEF012345678'", ERR_OK, ERR_OK},
		    {"''", ERR_NOT_FOUND, ERR_OK}, {"'  '", ERR_NOT_FOUND, ERR_OK},
		    {"'ds_123'", ERR_NOT_FOUND, ERR_NOT_FOUND}, {"12", ERR_INPUT, ERR_INPUT},
		    {"['" SOURCE "']", ERR_INPUT, ERR_INPUT}};
		for (size_t k = 0; k < ARRAY_LENGTH(cases); k++)
			for (unsigned style = 0; style <= REQUEST_FORM; style++) {
				enum err_code want = style ? cases[k].form : cases[k].plain;
				char text[200];
				snprintf(text, sizeof text,
				    "{'type':'%s','name':'n','source_id':%s}", with_source[i],
				    cases[k].value);
				if (want == ERR_OK)
					good(text, style);
				else
					bad(text, style, "source_id", want);
				if (want == ERR_OK && k != 1 && k < 3)
					assert_string_equal(request.source_id, SOURCE);
			}
	}
	/* Where none is needed it is nobody's business what stands there. */
	good("{'type':'custom_dataset','name':'n','source_id':'nonsense','column_definitions':"
	     "[{'name':'a','type':'text'}]}",
	    0);
	assert_int_equal(request.source_id[0], 0);
}

static const char *
map(const char *latitude, const char *longitude, const char *radius)
{
	return arena_format(&arena,
	    "{'type':'map_extraction','name':'n','map_details':{'latitude':%s,'longitude':%s,"
	    "'radius_meters':%s}}",
	    latitude, longitude, radius)
	    .p;
}

static void
a_circle_lies_on_the_earth(void **state)
{
	(void)state;
	static const struct {
		const char *latitude, *longitude, *radius, *field;
	} cases[] = {
	    {"0", "0", "1", NULL},
	    {"90", "180", "50000", NULL},
	    {"-90", "-180", "1.5", NULL},
	    {"48.137154", "11.576124", "1e3", NULL},
	    {"90.0000001", "0", "1", "latitude"},
	    {"-91", "0", "1", "latitude"},
	    {"0", "180.001", "1", "longitude"},
	    {"0", "-181", "1", "longitude"},
	    {"0", "0", "50001", "radius_meters"},
	    {"0", "0", "50000.0001", "radius_meters"},
	    {"0", "0", "0", "radius_meters"},
	    {"0", "0", "0.999", "radius_meters"},
	    {"0", "0", "-5", "radius_meters"},
	    {"0", "9223372036854775807", "1", "longitude"},
	    {"1e308", "0", "1", "latitude"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *text = map(cases[i].latitude, cases[i].longitude, cases[i].radius);
		char field[60];
		if (!cases[i].field) {
			good(text, 0);
			continue;
		}
		snprintf(field, sizeof field, "map_details.%s", cases[i].field);
		bad(text, 0, field, ERR_INPUT);
		assert_string_equal(err_word(&e), "invalid_map_bounds");
	}
	/* Not a number at all is another fault. */
	static const char *const none[] = {"null", "'12'", "true", "[1]", "{}"};
	for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
		bad(map(none[i], "0", "1"), 0, "map_details.latitude", ERR_INPUT);
		assert_string_equal(err_word(&e), "bad_input");
		bad(map("0", "0", none[i]), 0, "map_details.radius_meters", ERR_INPUT);
	}
	good(map("48.137154", "-0.1", "1000"), 0);
	assert_true(str_is(request.params, "{\"map_details\":{\"latitude\":48.137154,"
					   "\"longitude\":-0.1,\"radius_meters\":1000}}"));
}

static void
a_form_writes_the_circle_in_either_way(void **state)
{
	(void)state;
	static const char *const head = "{'type':'map_extraction','name':'n'";
	const char *json = "{\\\"latitude\\\":1.5,\\\"longitude\\\":2,\\\"radius_meters\\\":3}";
	static const char want[] =
	    "{\"map_details\":{\"latitude\":1.5,\"longitude\":2,\"radius_meters\":3}}";
	good(arena_format(&arena, "%s,'map_details':\"%s\"}", head, json).p, REQUEST_FORM);
	assert_true(str_is(request.params, want));
	good(arena_format(&arena,
		 "%s,'map_details':{'latitude':'1.5','longitude':'2','radius_meters':'3'}}", head)
		 .p,
	    REQUEST_FORM);
	assert_true(str_is(request.params, want));
	/* A person's slip of the thumb is none. */
	good(arena_format(&arena,
		 "%s,'map_details':{'latitude':' 1.5\\t','longitude':'2 ','radius_meters':' 3'}}",
		 head)
		 .p,
	    REQUEST_FORM);
	assert_true(str_is(request.params, want));
	/* Only a form may do that. */
	bad(arena_format(&arena,
		"%s,'map_details':{'latitude':'1.5','longitude':2,'radius_meters':3}}", head)
		.p,
	    REQUEST_PLAIN, "map_details.latitude", ERR_INPUT);
	bad(arena_format(&arena, "%s,'map_details':\"%s\"}", head, json).p, REQUEST_PLAIN,
	    "map_details", ERR_INPUT);
	static const struct {
		const char *details, *field;
	} cases[] = {
	    {"", "map_details"},
	    {",'map_details':null", "map_details"},
	    {",'map_details':''", "map_details"},
	    {",'map_details':'{'", "map_details"},
	    {",'map_details':'[1,2,3]'", "map_details"},
	    {",'map_details':[]", "map_details"},
	    {",'map_details':5", "map_details"},
	    {",'map_details':{}", "map_details.latitude"},
	    {",'map_details':{'latitude':'1 2','longitude':'2','radius_meters':'3'}",
		"map_details.latitude"},
	    {",'map_details':{'latitude':'0x1','longitude':'2','radius_meters':'3'}",
		"map_details.latitude"},
	    {",'map_details':{'latitude':'1','longitude':'','radius_meters':'3'}",
		"map_details.longitude"},
	    {",'map_details':{'latitude':'1','longitude':'1','radius_meters':'1e999'}",
		"map_details.radius_meters"},
	    {",'map_details':{'latitude':'nan','longitude':'1','radius_meters':'1'}",
		"map_details.latitude"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		bad(arena_format(&arena, "%s%s}", head, cases[i].details).p, REQUEST_FORM,
		    cases[i].field, ERR_INPUT);
}

static const char *
custom(const char *definitions)
{
	return arena_format(
	    &arena, "{'type':'custom_dataset','name':'n','column_definitions':%s}", definitions)
	    .p;
}

static void
columns_are_defined_each_with_a_name_and_a_type(void **state)
{
	(void)state;
	static const struct {
		const char *definitions, *field;
	} cases[] = {
	    {"null", ""},
	    {"[]", ""},
	    {"{}", ""},
	    {"'[]'", ""},
	    {"[1]", "[0]"},
	    {"[null]", "[0]"},
	    {"[{}]", "[0].name"},
	    {"[{'name':null,'type':'text'}]", "[0].name"},
	    {"[{'name':5,'type':'text'}]", "[0].name"},
	    {"[{'name':' ','type':'text'}]", "[0].name"},
	    {"[{'name':'a'}]", "[0].type"},
	    {"[{'name':'a','type':null}]", "[0].type"},
	    {"[{'name':'a','type':'integer'}]", "[0].type"},
	    {"[{'name':'a','type':'Text'}]", "[0].type"},
	    {"[{'name':'a','type':'text'},{'name':'b','type':['text']}]", "[1].type"},
	    {"[{'name':'a','type':'text'},{'name':' a ','type':'text'}]", "[1].name"},
	    {"[{'name':'a','type':'text','description':5}]", "[0].description"},
	    {"[{'name':'a','type':'text','required':'yes'}]", "[0].required"},
	    {"[{'name':'a','type':'text','required':1}]", "[0].required"},
	};
	for (unsigned style = 0; style <= REQUEST_FORM; style++)
		for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
			char field[60];
			snprintf(field, sizeof field, "column_definitions%s", cases[i].field);
			bad(custom(cases[i].definitions), style, field, ERR_INPUT);
		}
	bad("{'type':'custom_dataset','name':'n'}", 0, "column_definitions", ERR_INPUT);
	good(
	    custom("[{'name':'a','type':'string'},{'name':'A','type':'number'},{'name':'b','type':"
		   "'date','description':null,'required':null},{'name':'c','type':'boolean',"
		   "'required':true,'default_value':false},{'name':'d','type':'text','description':"
		   "'x','extra':1}]"),
	    0);
	json_t *params;
	assert_true(tree_parse_own(&params, request.params, &arena, &e));
	const json_t *all = json_object_get(params, "column_definitions");
	assert_int_equal(json_array_size(all), 5);
	assert_true(json_is_false(json_object_get(json_array_get(all, 3), "default_value")));
	/* The same as JSON text of a form. */
	good("{'type':'custom_dataset','name':'n','column_definitions':\"[{\\\"name\\\":\\\"a\\\","
	     "\\\"type\\\":\\\"text\\\"}]\"}",
	    REQUEST_FORM);
	assert_true(str_is(
	    request.params, "{\"column_definitions\":[{\"name\":\"a\",\"type\":\"text\"}]}"));
}

static void
columns_are_limited_in_number_and_name(void **state)
{
	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		struct buf b;
		buf_init(&b, &arena);
		for (unsigned i = 0; i < LIMIT_COLUMNS + over; i++)
			buf_format(&b, "%c{'name':'c%u','type':'text'}", i ? ',' : '[', i);
		buf_put(&b, "]", 2);
		if (over)
			bad(custom(b.p), 0, "column_definitions", ERR_INPUT);
		else
			good(custom(b.p), 0);
		char name[LIMIT_COLUMN_NAME_BYTES + 2];
		memset(name, 'n', sizeof name);
		name[LIMIT_COLUMN_NAME_BYTES + over] = 0;
		const char *text =
		    custom(arena_format(&arena, "[{'name':'%s','type':'text'}]", name).p);
		if (over)
			bad(text, 0, "column_definitions[0].name", ERR_INPUT);
		else
			good(text, 0);
	}
}

static void
what_nobody_knows_is_passed_over(void **state)
{
	(void)state;
	good("{'type':'data_enrichment','name':'n','sampleSize':5,'x':{'y':[1]},'map_details':7,"
	     "'column_definitions':'no'}",
	    REQUEST_PLAIN);
}

static void
a_dataset_is_named_after_its_file(void **state)
{
	(void)state;
	static const char *const cases[][2] = {{"list.csv", "list"}, {"a.b.csv", "a.b"},
	    {"noending", "noending"}, {".csv", ".csv"}, {"x.", "x"}, {"", ""},
	    {"caf\xc3\xa9.csv", "caf\xc3\xa9"}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_true(str_is(dataset_name_of_file(str_of(cases[i][0])), cases[i][1]));
	char name[300];
	memset(name, 'n', sizeof name);
	assert_int_equal(dataset_name_of_file((struct str){name, sizeof name}).n, 100);
}

/* Of the four that the document names three have no plugin here, and can be asked for all the same.
 */
static void
a_type_is_there_with_and_without_its_plugin(void **state)
{
	(void)state;
	struct str all = registry_vendor_types(model.registry, &arena);
	assert_true(
	    str_is(all, "data_enrichment, data_extraction, map_extraction, custom_dataset"));
	assert_int_equal(model.registry->type_count, 4);
	for (size_t i = 0; i < model.registry->type_count; i++) {
		const struct dataset_type *type = &model.registry->types[i];
		assert_ptr_equal(registry_type(model.registry, str_of(type->name)), type);
		assert_true(type->of_vendor && type->title && type->plugin);
		assert_int_equal(type->has != NULL, strcmp(type->name, "custom_dataset") == 0);
	}
	assert_null(registry_type(model.registry, STR("")));
	assert_null(registry_type(model.registry, STR("data_enrichmen")));
	assert_null(registry_plugin(model.registry, STR("enrichment")));
	/* Its columns are its plugin's business: without it they are passed over. */
	struct model bare = {0};
	MUST(registry_empty(&bare.registry, &e));
	json_t *tree;
	MUST(
	    tree_parse_own(&tree, STR("{\"type\":\"custom_dataset\",\"name\":\"n\"}"), &arena, &e));
	MUST(dataset_request_check(&bare, &owner, &request, tree, 0, &arena, &e));
	assert_int_equal(request.params.n, 0);
	registry_close(bare.registry);
}

static void
a_slip_is_refused_where_that_was_asked_for(void **state)
{
	(void)state;
	good("{'type':'data_enrichment','name':'n','description':'d','source_id':null}",
	    REQUEST_STRICT);
	bad("{'type':'data_enrichment','name':'n','Name':'m'}", REQUEST_STRICT, "Name", ERR_INPUT);
	/* A field of another type is not one of this. */
	bad("{'type':'data_enrichment','name':'n','map_details':{}}", REQUEST_STRICT, "map_details",
	    ERR_INPUT);
	bad("{'type':'data_enrichment','name':'n','map_details':null}", REQUEST_STRICT,
	    "map_details", ERR_INPUT);
	good(map("1", "2", "3"), REQUEST_STRICT);
}

static int
set_up(void **state)
{
	(void)state;
	tree_setup();
	arena_init(&arena, MIB(64));
	model.data = "";
	if (!registry_empty(&model.registry, &e))
		return 1;
	/* As registry_open() lists a type whose plugin it found. */
	for (size_t i = 0; i < model.registry->type_count; i++) {
		struct dataset_type *type = &model.registry->types[i];
		if (strcmp(type->name, rowhouse_plugin.types[0].name) == 0)
			*type = (struct dataset_type){.name = type->name,
			    .title = type->title,
			    .plugin = rowhouse_plugin.name,
			    .has = &rowhouse_plugin.types[0],
			    .form = rowhouse_plugin.types[0].form,
			    .of_vendor = true};
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	registry_close(model.registry);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_type_is_one_of_four),
	    cmocka_unit_test(a_name_has_1_to_100_characters),
	    cmocka_unit_test(a_description_is_needed_where_the_document_says_so),
	    cmocka_unit_test(a_source_is_named_by_a_uuid),
	    cmocka_unit_test(a_circle_lies_on_the_earth),
	    cmocka_unit_test(a_form_writes_the_circle_in_either_way),
	    cmocka_unit_test(columns_are_defined_each_with_a_name_and_a_type),
	    cmocka_unit_test(columns_are_limited_in_number_and_name),
	    cmocka_unit_test(what_nobody_knows_is_passed_over),
	    cmocka_unit_test(a_dataset_is_named_after_its_file),
	    cmocka_unit_test(a_type_is_there_with_and_without_its_plugin),
	    cmocka_unit_test(a_slip_is_refused_where_that_was_asked_for),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
