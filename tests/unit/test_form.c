/*
 * test_form.c: what a request may say, held against its table: every kind of field at its bounds
 * and one past them, in the three styles; and what is made of a table besides: the JSON of what was
 * checked, its schema, the form a browser gets and the object a browser's answer means.
 */
#include "base/cells.h"
#include "base/form.h"
#include "base/limits.h"
#include "base/tree.h"
#include "base/utf8.h"
#include "must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;
static struct err e;
static const struct value *values;

/* STR() as the initializer of a constant. */
#define TEXT(literal)                                                                              \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

/* Quotes of the text are written ' for the sake of the eye. */
static json_t *
json(const char *text)
{
	json_t *tree;
	char *copy = arena_text(&arena, str_of(text));
	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	struct err why = {0};
	if (!tree_parse_own(&tree, str_of(copy), &arena, &why))
		fail_msg("%s: %s", why.message, copy);
	return tree;
}

static bool
check_with(
    const struct field *table, const char *text, unsigned style, const struct form_columns *columns)
{
	err_clear(&e);
	return form_check(&values, table, json(text), style, columns, &arena, &e);
}

static void
good(const struct field *table, const char *text, unsigned style)
{
	if (!check_with(table, text, style, NULL))
		fail_msg("%s: %s (%s)", text, e.message, e.field);
}

/* Refused, for this field. */
static void
bad(const struct field *table, const char *text, unsigned style, const char *field)
{
	if (check_with(table, text, style, NULL))
		fail_msg("taken: %s", text);
	if (strcmp(e.field, field) != 0)
		fail_msg("%s: about %s, not %s: %s", text, e.field, field, e.message);
	assert_int_equal(e.code, ERR_INPUT);
	assert_true(
	    e.message[0] != 0 && utf8_valid(e.message, strlen(e.message)) == strlen(e.message));
}

/* What was checked, as JSON. */
static const char *
written(const struct field *table)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, &arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	form_write(&j, table, values);
	jsonout_end(&j);
	return arena_text(&arena, buf_str(&b));
}

static const unsigned styles[] = {FORM_LENIENT, FORM_STRICT, FORM_TEXT, FORM_TEXT | FORM_STRICT};

/* One field called v of a kind, with the rest of it as given. */
#define ONE(...)                                                                                   \
	(const struct field[])                                                                     \
	{                                                                                          \
		{.name = "v", .label = "Value", __VA_ARGS__},                                      \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}

/* ---- texts ---- */

/* {"v":"..."} with n characters, each of these bytes. */
static const char *
text_of(const char *character, size_t n)
{
	struct buf b;
	buf_init(&b, &arena);
	buf_put_text(&b, "{'v':'");
	while (n-- > 0)
		buf_put_text(&b, character);
	buf_put(&b, "'}", 3);
	return b.p;
}

static void
texts_are_bounded_in_characters(void **state)
{
	(void)state;
	static const enum field_kind kinds[] = {FIELD_LINE, FIELD_AREA, FIELD_SECRET};
	static const char *const letters[] = {"a", "\xc3\xa4", "\xe4\xb8\xad", "\xf0\x9f\x98\x80"};
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		for (size_t k = 0; k < ARRAY_LENGTH(letters); k++)
			for (size_t s = 0; s < ARRAY_LENGTH(styles); s++) {
				const struct field *f = ONE(.kind = kinds[i], .min = 3, .max = 5);
				bad(f, text_of(letters[k], 2), styles[s], "v");
				assert_non_null(strstr(e.message, "Value must be at least 3"));
				good(f, text_of(letters[k], 3), styles[s]);
				good(f, text_of(letters[k], 5), styles[s]);
				assert_int_equal(values[0].text.n, 5 * strlen(letters[k]));
				bad(f, text_of(letters[k], 6), styles[s], "v");
				assert_non_null(strstr(e.message, "at most 5"));
				/* Without bounds there are none. */
				good(ONE(.kind = kinds[i]), text_of(letters[k], 500), styles[s]);
			}
}

static void
texts_lose_the_space_around_them_but_secrets_keep_it(void **state)
{
	(void)state;
	static const char text[] = "{'v':' \\t a  b\\r\\n'}";
	good(ONE(.kind = FIELD_LINE, .min = 4, .max = 4), text, 0);
	assert_true(str_is(values[0].text, "a  b"));
	good(ONE(.kind = FIELD_AREA, .min = 4, .max = 4), text, 0);
	assert_true(str_is(values[0].text, "a  b"));
	good(ONE(.kind = FIELD_SECRET, .min = 9, .max = 9), text, 0);
	assert_true(str_is(values[0].text, " \t a  b\r\n"));
	/* A password of spaces is one. */
	good(ONE(.kind = FIELD_SECRET, .required = true, .min = 1, .max = 9), "{'v':' '}", 0);
	bad(ONE(.kind = FIELD_LINE, .required = true), "{'v':' '}", 0, "v");
}

static void
a_line_is_one_line(void **state)
{
	(void)state;
	static const char *const two[] = {"{'v':'a\\nb'}", "{'v':'a\\rb'}", "{'v':'a\\r\\nb'}"};
	for (size_t i = 0; i < ARRAY_LENGTH(two); i++) {
		bad(ONE(.kind = FIELD_LINE), two[i], 0, "v");
		assert_non_null(strstr(e.message, "on one line"));
		good(ONE(.kind = FIELD_AREA), two[i], 0);
		good(ONE(.kind = FIELD_SECRET), two[i], 0);
	}
}

static void
a_text_is_a_string(void **state)
{
	(void)state;
	static const enum field_kind kinds[] = {FIELD_LINE, FIELD_AREA, FIELD_SECRET};
	static const char *const others[] = {"{'v':1}", "{'v':true}", "{'v':[]}", "{'v':{}}"};
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		for (size_t k = 0; k < ARRAY_LENGTH(others); k++)
			for (size_t s = 0; s < ARRAY_LENGTH(styles); s++)
				bad(ONE(.kind = kinds[i]), others[k], styles[s], "v");
}

/* ---- numbers ---- */

static void
numbers_are_held_to_their_bounds(void **state)
{
	(void)state;
	static const struct {
		const char *token;
		bool number, integer; /* it is good for a field of that kind */
		double value;
	} cases[] = {
	    {"-2", true, true, -2},
	    {"10", true, true, 10},
	    {"-2.0", true, true, -2},
	    {"1e1", true, true, 10},
	    {"0.5", true, false, 0.5},
	    {"9.9999", true, false, 9.9999},
	    {"-2.0000001", false, false, 0},
	    {"10.0000001", false, false, 0},
	    {"-3", false, false, 0},
	    {"11", false, false, 0},
	    {"9223372036854775807", false, false, 0},
	    {"1e300", false, false, 0},
	};
	static const enum field_kind kinds[] = {FIELD_NUMBER, FIELD_INTEGER};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t k = 0; k < ARRAY_LENGTH(kinds); k++)
			for (size_t s = 0; s < ARRAY_LENGTH(styles); s++) {
				const struct field *f = ONE(.kind = kinds[k], .min = -2, .max = 10);
				bool fits = k == 0 ? cases[i].number : cases[i].integer;
				const char *bare =
				    arena_format(&arena, "{'v':%s}", cases[i].token).p;
				const char *text =
				    arena_format(&arena, "{'v':' %s '}", cases[i].token).p;
				if (!fits) {
					bad(f, bare, styles[s], "v");
					bad(f, text, styles[s], "v");
					continue;
				}
				good(f, bare, styles[s]);
				assert_true(values[0].number == cases[i].value);
				/* Only a browser's form writes a number as text. */
				if (!(styles[s] & FORM_TEXT)) {
					bad(f, text, styles[s], "v");
					continue;
				}
				good(f, text, styles[s]);
				assert_true(values[0].number == cases[i].value);
				if (kinds[k] == FIELD_INTEGER)
					assert_int_equal(values[0].integer, cases[i].value);
			}
	static const char *const none[] = {"{'v':'x'}", "{'v':'1x'}", "{'v':'0x1'}", "{'v':'nan'}",
	    "{'v':'inf'}", "{'v':'+1'}", "{'v':'1,5'}", "{'v':'1 2'}", "{'v':'.5'}",
	    "{'v':'1e999'}", "{'v':true}", "{'v':[1]}", "{'v':{}}"};
	for (size_t i = 0; i < ARRAY_LENGTH(none); i++)
		for (size_t k = 0; k < ARRAY_LENGTH(kinds); k++)
			for (size_t s = 0; s < ARRAY_LENGTH(styles); s++)
				bad(ONE(.kind = kinds[k]), none[i], styles[s], "v");
}

/* Past 2^53 a double no longer is the number that was sent. */
static void
a_whole_number_is_exact(void **state)
{
	(void)state;
	const struct field *f = ONE(.kind = FIELD_INTEGER);
	good(f, "{'v':9007199254740992}", 0);
	assert_true(values[0].integer == INT64_C(9007199254740992));
	good(f, "{'v':-9007199254740992}", 0);
	assert_true(values[0].integer == INT64_C(-9007199254740992));
	bad(f, "{'v':9007199254740994}", 0, "v");
	bad(f, "{'v':'9007199254740994'}", FORM_TEXT, "v");
	bad(f, "{'v':9223372036854775807}", 0, "v");
	bad(f, "{'v':1e18}", 0, "v");
}

static void
a_field_may_have_words_of_its_own(void **state)
{
	(void)state;
	const struct field *f = ONE(.kind = FIELD_NUMBER, .required = true, .min = 1, .max = 2,
	    .word = "invalid_map_bounds", .required_text = "Say how much");
	bad(f, "{'v':3}", 0, "v");
	assert_string_equal(err_word(&e), "invalid_map_bounds");
	bad(f, "{'v':0}", 0, "v");
	assert_string_equal(err_word(&e), "invalid_map_bounds");
	/* What is no number at all is another fault. */
	bad(f, "{'v':'x'}", 0, "v");
	assert_string_equal(err_word(&e), "bad_input");
	bad(f, "{}", 0, "v");
	assert_string_equal(e.message, "Say how much");
	assert_string_equal(err_word(&e), "bad_input");
}

/* ---- the other simple kinds ---- */

static void
a_switch_is_on_or_off(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool by_text_only, good, on;
	} cases[] = {{"true", false, true, true}, {"false", false, true, false},
	    {"'true'", true, true, true}, {"'on'", true, true, true}, {"'1'", true, true, true},
	    {"'false'", true, true, false}, {"'off'", true, true, false},
	    {"'0'", true, true, false}, {"''", true, true, false}, {"'yes'", true, false, false},
	    {"'TRUE'", true, false, false}, {"1", false, false, false}, {"0", false, false, false},
	    {"[]", false, false, false}};
	const struct field *f = ONE(.kind = FIELD_SWITCH);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t s = 0; s < ARRAY_LENGTH(styles); s++) {
			const char *text = arena_format(&arena, "{'v':%s}", cases[i].text).p;
			bool fits =
			    cases[i].good && (!cases[i].by_text_only || (styles[s] & FORM_TEXT));
			if (!fits) {
				bad(f, text, styles[s], "v");
				continue;
			}
			good(f, text, styles[s]);
			assert_true(values[0].set);
			assert_int_equal(values[0].on, cases[i].on);
		}
	good(f, "{}", FORM_TEXT);
	assert_false(values[0].set || values[0].on);
}

static const struct choice colours[] = {{"red", "Red"}, {"green", "Green"}, {0}};

static void
a_choice_is_one_of_those_that_are_offered(void **state)
{
	(void)state;
	const struct field *f = ONE(.kind = FIELD_CHOICE, .choices = colours);
	static const char *const wrong[] = {"{'v':'Red'}", "{'v':'re'}", "{'v':'reds'}",
	    "{'v':' red'}", "{'v':0}", "{'v':true}", "{'v':['red']}"};
	for (size_t s = 0; s < ARRAY_LENGTH(styles); s++) {
		good(f, "{'v':'green'}", styles[s]);
		assert_true(str_is(values[0].text, "green"));
		for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
			bad(f, wrong[i], styles[s], "v");
			assert_string_equal(e.message, "Value must be one of: red, green");
		}
	}
	/* What a browser sends of a select in which nothing was chosen. */
	good(f, "{'v':''}", FORM_TEXT);
	assert_false(values[0].set);
	bad(f, "{'v':''}", FORM_LENIENT, "v");
}

static void
a_time_is_the_moment_it_says(void **state)
{
	(void)state;
	const struct field *f = ONE(.kind = FIELD_TIME);
	good(f, "{'v':'1970-01-02'}", 0);
	assert_true(values[0].integer == INT64_C(86400000000));
	good(f, "{'v':' 1970-01-01T01:00:00.000001+01:00 '}", 0);
	assert_true(values[0].integer == 1);
	static const char *const wrong[] = {"{'v':'1970-1-1'}", "{'v':'tomorrow'}", "{'v':0}",
	    "{'v':'2023-02-29'}", "{'v':'1970-01-01T00:00:00'}", "{'v':true}", "{'v':[]}"};
	for (size_t s = 0; s < ARRAY_LENGTH(styles); s++)
		for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
			bad(f, wrong[i], styles[s], "v");
	good(f, "{'v':''}", FORM_TEXT);
	assert_false(values[0].set);
	bad(f, "{'v':''}", FORM_LENIENT, "v");
}

static void
a_value_keeps_what_it_is(void **state)
{
	(void)state;
	static const struct {
		const char *token, *text;
	} cases[] = {{"'a b'", "a b"}, {"''", ""}, {"true", "true"}, {"false", "false"},
	    {"12", "12"}, {"-0.5", "-0.5"}, {"1e21", "1e21"},
	    {"9223372036854775807", "9223372036854775807"}, {"'12'", "12"}};
	const struct field *f = ONE(.kind = FIELD_VALUE);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *text = arena_format(&arena, "{'v':%s}", cases[i].token).p;
		good(f, text, FORM_STRICT);
		assert_true(values[0].set);
		/* 1e21 may be spelt in another way; what it is must stay. */
		if (i != 6)
			assert_true(str_is(values[0].text, cases[i].text));
		else
			assert_true(strtod(arena_text(&arena, values[0].text), NULL) == 1e21);
		/* A number stays one when it is written, a text a text. */
		assert_true(json_equal(json(written(f)), json(text)));
	}
	static const char *const wrong[] = {"{'v':[]}", "{'v':{}}", "{'v':['a']}"};
	for (size_t s = 0; s < ARRAY_LENGTH(styles); s++)
		for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
			bad(f, wrong[i], styles[s], "v");
	good(f, "{'v':''}", FORM_TEXT);
	assert_false(values[0].set);
}

static void
an_object_is_handed_through(void **state)
{
	(void)state;
	const struct field *f = ONE(.kind = FIELD_OBJECT);
	good(f, "{'v':{'a':[1,2.5],'b':{}}}", FORM_STRICT);
	assert_true(json_is_object(values[0].json));
	assert_true(json_equal(json(written(f)), json("{'v':{'a':[1,2.5],'b':{}}}")));
	good(f, "{'v':'{\\\"a\\\":1}'}", FORM_TEXT);
	assert_true(json_equal(json(written(f)), json("{'v':{'a':1}}")));
	bad(f, "{'v':'{\\\"a\\\":1}'}", FORM_LENIENT, "v");
	static const char *const wrong[] = {"{'v':[]}", "{'v':5}", "{'v':'x'}", "{'v':'[]'}"};
	for (size_t s = 0; s < ARRAY_LENGTH(styles); s++)
		for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
			bad(f, wrong[i], styles[s], "v");
}

static void
texts_are_an_array_of_them(void **state)
{
	(void)state;
	const struct field *f = ONE(.kind = FIELD_TEXTS, .min = 1, .max = 3);
	bad(f, "{'v':[]}", 0, "v");
	good(f, "{'v':['a']}", 0);
	good(f, "{'v':['a','','c']}", 0);
	assert_int_equal(values[0].count, 3);
	assert_true(str_is(values[0].items[0].text, "a") && values[0].items[1].text.n == 0);
	assert_string_equal(written(f), "{\"v\":[\"a\",\"\",\"c\"]}");
	bad(f, "{'v':['a','b','c','d']}", 0, "v");
	good(f, "{'v':'[\\\"a\\\",\\\"b\\\"]'}", FORM_TEXT);
	assert_int_equal(values[0].count, 2);
	good(f, "{'v':' '}", FORM_TEXT);
	assert_false(values[0].set);
	good(ONE(.kind = FIELD_TEXTS), "{'v':[]}", 0);
	assert_true(values[0].set && values[0].count == 0);
	static const char *const wrong[] = {
	    "{'v':'a'}", "{'v':{}}", "{'v':[1]}", "{'v':['a',null]}", "{'v':7}"};
	for (size_t s = 0; s < ARRAY_LENGTH(styles); s++)
		for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
			bad(f, wrong[i], styles[s], "v");
}

/* ---- columns ---- */

static const struct form_column column_list[] = {
    {3, TEXT("col_price"), TEXT("Price")},
    {5, TEXT("col_amount"), TEXT("amount \"net\"")},
    /* Called as another one's id. */
    {8, TEXT("col_col_price"), TEXT("col_price")},
};
static const struct form_columns columns = {column_list, ARRAY_LENGTH(column_list)};

static void
a_column_is_named_by_its_name_or_its_id(void **state)
{
	(void)state;
	const struct field *f = ONE(.kind = FIELD_COLUMN);
	static const struct {
		const char *said;
		int64_t column_id;
		const char *id;
	} cases[] = {{"Price", 3, "col_price"}, {"col_amount", 5, "col_amount"},
	    {"amount \\\"net\\\"", 5, "col_amount"}, {"col_col_price", 8, "col_col_price"}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *text = arena_format(&arena, "{'v':'%s'}", cases[i].said).p;
		assert_true(check_with(f, text, 0, &columns));
		assert_int_equal(values[0].integer, cases[i].column_id);
		assert_true(str_is(values[0].text, cases[i].id));
	}
	static const char *const none[] = {"price", "Price ", "col_Price", "amount", "3"};
	for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
		const char *text = arena_format(&arena, "{'v':'%s'}", none[i]).p;
		assert_false(check_with(f, text, 0, &columns));
		assert_string_equal(e.field, "v");
		assert_non_null(strstr(e.message, none[i]));
	}
	assert_false(check_with(f, "{'v':3}", 0, &columns));
	assert_false(check_with(f, "{'v':[]}", FORM_TEXT, &columns));
	assert_true(check_with(f, "{'v':''}", FORM_TEXT, &columns));
	assert_false(values[0].set);
	/* Without columns to look in it is only a text. */
	good(f, "{'v':'whatever'}", 0);
	assert_true(str_is(values[0].text, "whatever"));
}

/* A task's values are checked when it is asked for and taken apart again when it runs. */
static void
what_was_checked_means_the_same_column_the_next_time(void **state)
{
	(void)state;
	const struct field *f = ONE(.kind = FIELD_COLUMN);
	for (size_t i = 0; i < columns.count; i++) {
		assert_true(check_with(f,
		    arena_format(&arena, "{'v':'%.*s'}", STR_ARG(columns.list[i].id)).p, 0,
		    &columns));
		int64_t column_id = values[0].integer;
		assert_int_equal(column_id, columns.list[i].column_id);
		assert_true(check_with(f, written(f), 0, &columns));
		assert_int_equal(values[0].integer, column_id);
	}
	/* Also of one that was named by its name. */
	assert_true(check_with(f, "{'v':'Price'}", 0, &columns));
	assert_true(check_with(f, written(f), 0, &columns));
	assert_int_equal(values[0].integer, 3);
}

/* ---- required, presets ---- */

static const struct field inner_fields[] = {
    {"name", "Name", NULL, FIELD_LINE, .required = true, .min = 1, .max = 4},
    {"size", "Size", NULL, FIELD_INTEGER, .min = 1, .max = 9},
    {"kind", "Kind", NULL, FIELD_CHOICE, .preset = "red", .choices = colours},
    {0},
};

static void
what_is_required_must_be_said(void **state)
{
	(void)state;
	static const struct field kinds[] = {
	    {.kind = FIELD_LINE},
	    {.kind = FIELD_AREA},
	    {.kind = FIELD_SECRET},
	    {.kind = FIELD_NUMBER},
	    {.kind = FIELD_INTEGER},
	    {.kind = FIELD_SWITCH},
	    {.kind = FIELD_CHOICE, .choices = colours},
	    {.kind = FIELD_TIME},
	    {.kind = FIELD_VALUE},
	    {.kind = FIELD_COLUMN},
	    {.kind = FIELD_OBJECT},
	    {.kind = FIELD_TEXTS},
	    {.kind = FIELD_GROUP, .fields = inner_fields},
	    {.kind = FIELD_TABLE, .fields = inner_fields},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		for (size_t s = 0; s < ARRAY_LENGTH(styles); s++) {
			struct field table[2] = {kinds[i], {0}};
			table[0].name = "v";
			table[0].label = "Value";
			good(table, "{}", styles[s]);
			assert_false(values[0].set);
			good(table, "{'v':null}", styles[s]);
			assert_false(values[0].set);
			table[0].required = true;
			bad(table, "{}", styles[s], "v");
			assert_string_equal(e.message, "Value is required");
			bad(table, "{'v':null}", styles[s], "v");
			/* An empty input of a browser says nothing; a switch's says off. */
			if ((styles[s] & FORM_TEXT) && kinds[i].kind != FIELD_SWITCH &&
			    kinds[i].kind != FIELD_TABLE)
				bad(table, "{'v':''}", styles[s], "v");
			table[0].required_text = "Think of a value";
			bad(table, "{}", styles[s], "v");
			assert_string_equal(e.message, "Think of a value");
		}
}

static void
a_preset_stands_for_what_is_not_sent(void **state)
{
	(void)state;
	static const struct field table[] = {
	    {"line", "L", NULL, FIELD_LINE, .preset = "text"},
	    {"number", "N", NULL, FIELD_NUMBER, .preset = "2.5", .min = 1, .max = 3},
	    {"integer", "I", NULL, FIELD_INTEGER, .preset = "-7"},
	    {"switch", "S", NULL, FIELD_SWITCH, .preset = "true"},
	    {"choice", "C", NULL, FIELD_CHOICE, .preset = "green", .choices = colours},
	    {"time", "T", NULL, FIELD_TIME, .preset = "1970-01-02"},
	    {"value", "V", NULL, FIELD_VALUE, .preset = "any"},
	    {0},
	};
	for (size_t s = 0; s < ARRAY_LENGTH(styles); s++) {
		good(table, "{'line':null}", styles[s]);
		for (size_t i = 0; i < form_length(table); i++)
			assert_true(values[i].set && !values[i].json);
		assert_true(str_is(values[0].text, "text"));
		assert_true(values[1].number == 2.5);
		assert_int_equal(values[2].integer, -7);
		assert_true(values[3].on);
		assert_true(str_is(values[4].text, "green"));
		assert_true(values[5].integer == INT64_C(86400000000));
		assert_true(str_is(values[6].text, "any"));
		assert_true(json_equal(json(written(table)),
		    json("{'line':'text','number':2.5,'integer':-7,'switch':true,'choice':'green',"
			 "'time':'1970-01-02','value':'any'}")));
	}
	/* What is sent goes before it. */
	good(table, "{'line':'x','number':1,'switch':false}", 0);
	assert_true(str_is(values[0].text, "x") && values[1].number == 1 && !values[3].on);
	/* An input that was left empty is not sent. */
	good(table, "{'line':'','number':' ','choice':'','value':'','time':''}", FORM_TEXT);
	assert_true(str_is(values[0].text, "text") && values[1].number == 2.5);
	assert_true(str_is(values[4].text, "green") && str_is(values[6].text, "any"));
	assert_true(values[5].integer == INT64_C(86400000000));
}

/* ---- groups and tables ---- */

static const struct field nested[] = {
    {"group", "Group", NULL, FIELD_GROUP, .fields = inner_fields},
    {"table", "Table", NULL, FIELD_TABLE, .min = 1, .max = 3, .fields = inner_fields},
    {0},
};

static void
faults_are_told_with_their_path(void **state)
{
	(void)state;
	static const struct {
		const char *text, *field;
	} cases[] = {
	    {"{'group':[]}", "group"},
	    {"{'group':'x'}", "group"},
	    {"{'group':{}}", "group.name"},
	    {"{'group':{'name':'abcde'}}", "group.name"},
	    {"{'group':{'name':'a','size':0}}", "group.size"},
	    {"{'table':5}", "table"},
	    {"{'table':'x'}", "table"},
	    {"{'table':[]}", "table"},
	    {"{'table':[{'name':'a'},5]}", "table[1]"},
	    {"{'table':[null]}", "table[0]"},
	    {"{'table':[{'name':'a'},{'name':'b','kind':'blue'}]}", "table[1].kind"},
	    {"{'table':[{'name':'a'},{'size':2}]}", "table[1].name"},
	    {"{'table':[{'name':'a'},{'name':'b'},{'name':'c'},{'name':'d'}]}", "table"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t s = 0; s < ARRAY_LENGTH(styles); s++)
			bad(nested, cases[i].text, styles[s], cases[i].field);
	/* Outside a browser's form the object of numbers is none. */
	bad(nested, "{'table':{'0':{'name':'a'}}}", FORM_LENIENT, "table");
	bad(nested, "{'table':{'0':{'name':'a'}}}", FORM_STRICT, "table");
}

static void
what_is_nested_comes_by_place(void **state)
{
	(void)state;
	good(nested,
	    "{'group':{'size':3,'name':' a '},'table':[{'name':'b'},{'kind':'green','name':'c'}]}",
	    FORM_STRICT);
	assert_true(values[0].set && str_is(values[0].items[0].text, "a"));
	assert_int_equal(values[0].items[1].integer, 3);
	assert_true(str_is(values[0].items[2].text, "red"));
	assert_int_equal(values[1].count, 2);
	assert_true(str_is(values[1].items[0].text, "b") && !values[1].items[1].set);
	assert_true(str_is(values[1].items[3].text, "c"));
	assert_true(str_is(values[1].items[5].text, "green"));
	assert_true(json_equal(json(written(nested)),
	    json("{'group':{'name':'a','size':3,'kind':'red'},'table':[{'name':'b','kind':'red'},"
		 "{'name':'c','kind':'green'}]}")));
}

static void
fields_nobody_knows_are_refused_where_it_is_strict(void **state)
{
	(void)state;
	static const struct {
		const char *text, *field;
	} cases[] = {
	    {"{'other':1}", "other"},
	    {"{'Group':{'name':'a'}}", "Group"},
	    {"{'other':null}", "other"},
	    {"{'group':{'name':'a','other':1}}", "group.other"},
	    {"{'table':[{'name':'a'},{'name':'b','other':1}]}", "table[1].other"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t s = 0; s < ARRAY_LENGTH(styles); s++)
			if (styles[s] & FORM_STRICT)
				bad(nested, cases[i].text, styles[s], cases[i].field);
			else
				good(nested, cases[i].text, styles[s]);
	/* A table of no fields takes nothing. */
	good(NULL, "{'x':1}", FORM_LENIENT);
	bad(NULL, "{'x':1}", FORM_STRICT, "x");
	assert_int_equal(form_length(NULL), 0);
	assert_int_equal(form_length(nested), 2);
}

static void
a_browsers_rows_are_read_in_their_order_without_blank_ones(void **state)
{
	(void)state;
	static const struct {
		const char *rows, *names;
	} cases[] = {
	    {"{'0':{'name':'a'},'2':{'name':'b'}}", "ab"},
	    {"{'2':{'name':'b'},'0':{'name':'a'}}", "ab"},
	    {"{'10':{'name':'c'},'9':{'name':'b'},'1':{'name':'a'}}", "abc"},
	    {"{'0':{'name':'','size':'','kind':''},'1':{'name':'a'},'2':{}}", "a"},
	    {"{'0':{'name':' \\t','size':null},'1':{'name':'a'}}", "a"},
	    /* A select always says something: what it said by itself is nobody's word. */
	    {"{'0':{'name':'','kind':'red'},'1':{'name':'a'}}", "a"},
	    {"{'0':{'name':'a'},'x':{'name':'b'},'-1':{'name':'c'}}", "a"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char names[8];
		size_t n = 0;
		good(nested, arena_format(&arena, "{'table':%s}", cases[i].rows).p, FORM_TEXT);
		for (; n < values[1].count; n++)
			names[n] = values[1].items[n * form_length(inner_fields)].text.p[0];
		names[n] = 0;
		assert_string_equal(names, cases[i].names);
	}
	/* The numbers count rows that were written into. */
	bad(nested, "{'table':{'0':{'name':''},'1':{'name':'a'},'7':{'name':'abcde'}}}", FORM_TEXT,
	    "table[1].name");
	bad(nested, "{'table':{'0':{'name':''}}}", FORM_TEXT, "table");
	/* One who chose something began a row. */
	bad(nested, "{'table':{'4':{'name':'','kind':'green'}}}", FORM_TEXT, "table[0].name");
	bad(nested, "{'table':{'4':{'name':'','size':'1'}}}", FORM_TEXT, "table[0].name");
	/* And the whole may be JSON in one input. */
	good(nested, "{'table':'[{\\\"name\\\":\\\"a\\\"}]'}", FORM_TEXT);
	assert_int_equal(values[1].count, 1);
	good(nested, "{'group':'{\\\"name\\\":\\\"a\\\"}'}", FORM_TEXT);
	assert_true(str_is(values[0].items[0].text, "a"));
	bad(nested, "{'group':'{\\\"name\\\":'}", FORM_TEXT, "group");
	assert_non_null(strstr(e.message, "must be JSON"));
}

/* ---- all of it again ---- */

static const struct field everything[] = {
    {"line", "Line", "One line.", FIELD_LINE, .required = true, .min = 1, .max = 14},
    {"area", "Area", NULL, FIELD_AREA, .min = 0, .max = 20},
    {"secret", "Secret", NULL, FIELD_SECRET, .min = 2, .max = 8},
    {"number", "Number", NULL, FIELD_NUMBER, .min = -1.5, .max = 2.25},
    {"integer", "Integer", NULL, FIELD_INTEGER, .preset = "4", .min = 1, .max = 1000000},
    {"switch", "Switch", NULL, FIELD_SWITCH, .preset = "false"},
    {"choice", "Choice", NULL, FIELD_CHOICE, .choices = colours},
    {"time", "Time", NULL, FIELD_TIME},
    {"value", "Value", NULL, FIELD_VALUE},
    {"column", "Column", NULL, FIELD_COLUMN},
    {"object", "Object", NULL, FIELD_OBJECT},
    {"texts", "Texts", NULL, FIELD_TEXTS, .min = 1, .max = 3},
    {"group", "Group", NULL, FIELD_GROUP, .required = true, .fields = inner_fields},
    {"table", "Table", NULL, FIELD_TABLE, .min = 1, .max = 2000, .fields = inner_fields},
    {0},
};
static const char everything_sent[] =
    "{'line':'a \\\"quoted\\\" \\\\ \xc3\xa4','area':'two\\nlines','secret':' s ','number':0.1,"
    "'integer':7,'switch':true,'choice':'red','time':'2024-02-29T12:00:00Z','value':-12,"
    "'column':'col_amount','object':{'x':[1,null]},'texts':['a','b'],'group':{'name':'g','size':2,"
    "'kind':'green'},'table':[{'name':'r','kind':'red'},{'name':'s','size':9,'kind':'red'}]}";

static void
what_was_written_checks_to_the_same(void **state)
{
	(void)state;
	assert_true(check_with(everything, everything_sent, FORM_STRICT, &columns));
	const char *first = written(everything);
	assert_true(json_equal(json(first), json(everything_sent)));
	assert_true(check_with(everything, first, FORM_STRICT, &columns));
	assert_string_equal(written(everything), first);
	/* What was not said is not written. */
	assert_true(check_with(everything, "{'line':'l','group':{'name':'g'}}", 0, &columns));
	assert_string_equal(written(everything), "{\"line\":\"l\",\"integer\":4,\"switch\":false,"
						 "\"group\":{\"name\":\"g\",\"kind\":\"red\"}}");
}

#define INNER_SCHEMA                                                                               \
	"{'type':'object','properties':{'name':{'title':'Name','type':'string','minLength':1,"     \
	"'maxLength':4},'size':{'title':'Size','type':'integer','minimum':1,'maximum':9},"         \
	"'kind':{'title':'Kind','type':'string','enum':['red','green'],'default':'red'}},"         \
	"'required':['name']}"

static void
the_schema_says_what_the_check_does(void **state)
{
	(void)state;
	struct buf b;
	struct jsonout j;
	json_t *schema;
	buf_init(&b, &arena);
	jsonout_init(&j, &b);
	form_schema(&j, everything);
	MUST(tree_parse(&schema, buf_str(&b), &arena, &e));
	json_t *want = json(
	    "{'type':'object','properties':{"
	    "'line':{'title':'Line','type':'string','minLength':1,'maxLength':14,'description':"
	    "'One line.'},"
	    "'area':{'title':'Area','type':'string','minLength':0,'maxLength':20},"
	    "'secret':{'title':'Secret','type':'string','minLength':2,'maxLength':8},"
	    "'number':{'title':'Number','type':'number','minimum':-1.5,'maximum':2.25},"
	    "'integer':{'title':'Integer','type':'integer','minimum':1,'maximum':1000000,"
	    "'default':4},"
	    "'switch':{'title':'Switch','type':'boolean','default':false},"
	    "'choice':{'title':'Choice','type':'string','enum':['red','green']},"
	    "'time':{'title':'Time','type':'string','format':'date-time'},"
	    "'value':{'title':'Value','type':['string','number','boolean']},"
	    "'column':{'title':'Column','type':'string'},"
	    "'object':{'title':'Object','type':'object'},"
	    "'texts':{'title':'Texts','type':'array','minItems':1,'maxItems':3,'items':{'type':"
	    "'string'}},'group':" INNER_SCHEMA ",'table':{'title':'Table','type':'array',"
	    "'minItems':1,'maxItems':2000,'items':" INNER_SCHEMA "}},'required':['line','group']}");
	if (!json_equal(schema, want))
		fail_msg("%.*s", STR_ARG(buf_str(&b)));
	/* A table without fields is an object all the same. */
	buf_init(&b, &arena);
	jsonout_init(&j, &b);
	form_schema(&j, NULL);
	assert_true(str_is(buf_str(&b), "{\"type\":\"object\",\"properties\":{}}"));
}

/* ---- drawing ---- */

static json_t *
drawn(const struct field *table, const struct form_drawing *d)
{
	struct buf b;
	struct jsonout j;
	json_t *tree;
	buf_init(&b, &arena);
	jsonout_init(&j, &b);
	form_draw(&j, table, d);
	MUST(tree_parse_own(&tree, buf_str(&b), &arena, &e));
	return tree;
}

/* The input of that name, wherever it is drawn; NULL: there is none. */
static const json_t *
input_named(const json_t *at, const char *name)
{
	const json_t *found = NULL;
	if (json_is_object(at)) {
		if (str_is(tree_str(at, "name"), name))
			return at;
		if ((found = input_named(json_object_get(at, "fields"), name)))
			return found;
		return input_named(json_object_get(at, "rows"), name);
	}
	for (size_t i = 0; i < json_array_size(at) && !found; i++)
		found = input_named(json_array_get(at, i), name);
	return found;
}

/* The name of the input that is marked as wrong; more than one is a fault. */
static const char *
marked(const json_t *at)
{
	const char *found = NULL;
	if (json_is_object(at)) {
		const json_t *inner[] = {
		    json_object_get(at, "fields"), json_object_get(at, "rows")};
		if (json_object_get(at, "error"))
			found = json_string_value(json_object_get(at, "name"));
		for (size_t i = 0; i < 2; i++) {
			const char *more = inner[i] ? marked(inner[i]) : NULL;
			assert_true(!found || !more);
			found = more ? more : found;
		}
		return found;
	}
	for (size_t i = 0; i < json_array_size(at); i++) {
		const char *more = marked(json_array_get(at, i));
		assert_true(!found || !more);
		found = more ? more : found;
	}
	return found;
}

static void
a_form_has_an_input_for_every_field(void **state)
{
	(void)state;
	struct form_drawing d = {.prefix = "", .rows = 2, .columns = &columns};
	json_t *form = drawn(everything, &d);
	static const struct {
		const char *name, *widget;
	} cases[] = {{"line", "line"}, {"area", "area"}, {"secret", "secret"}, {"number", "number"},
	    {"integer", "number"}, {"switch", "check"}, {"choice", "choice"}, {"time", "line"},
	    {"value", "line"}, {"column", "choice"}, {"object", "area"}, {"texts", "area"},
	    {"group", "group"}, {"group.name", "line"}, {"group.size", "number"},
	    {"table", "table"}, {"table[0].name", "line"}, {"table[1].kind", "choice"}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const json_t *input = input_named(form, cases[i].name);
		if (!input || !str_is(tree_str(input, "widget"), cases[i].widget))
			fail_msg("%s", cases[i].name);
		assert_true(tree_str(input, "label").n > 0);
	}
	assert_null(input_named(form, "table[2].name"));
	const json_t *line = input_named(form, "line");
	assert_true(json_is_true(json_object_get(line, "required")));
	assert_true(str_is(tree_str(line, "help"), "One line."));
	assert_true(json_number_value(json_object_get(line, "max")) == 14);
	const json_t *number = input_named(form, "number");
	assert_true(json_number_value(json_object_get(number, "min")) == -1.5);
	assert_true(json_number_value(json_object_get(number, "max")) == 2.25);
	assert_true(str_is(tree_str(input_named(form, "integer"), "value"), "4"));
	/* Nobody must fill in a blank row. */
	assert_true(json_is_false(json_object_get(input_named(form, "table[0].name"), "required")));
	assert_true(json_equal(json_object_get(input_named(form, "table"), "columns"),
	    json("['Name','Size','Kind']")));
	/* One that need not be chosen can be left open; one with a preset has that. */
	assert_true(json_equal(json_object_get(input_named(form, "choice"), "choices"),
	    json("[{'value':'','label':'\xe2\x80\x93'},{'value':'red','label':'Red'},"
		 "{'value':'green','label':'Green'}]")));
	assert_true(json_equal(json_object_get(input_named(form, "group.kind"), "choices"),
	    json("[{'value':'red','label':'Red'},{'value':'green','label':'Green'}]")));
	assert_true(json_equal(json_object_get(input_named(form, "column"), "choices"),
	    json("[{'value':'','label':'\xe2\x80\x93'},{'value':'col_price','label':'Price'},"
		 "{'value':'col_amount','label':'amount \\\"net\\\"'},{'value':'col_col_price',"
		 "'label':'col_price'}]")));
	d.prefix = "cells.";
	assert_non_null(input_named(drawn(everything, &d), "cells.group.name"));
	assert_non_null(input_named(drawn(everything, &d), "cells.table[0].name"));
}

static void
what_was_sent_stands_in_the_inputs_but_no_secret(void **state)
{
	(void)state;
	struct form_drawing d = {
	    .prefix = "", .rows = 1, .columns = &columns, .sent = json(everything_sent)};
	json_t *form = drawn(everything, &d);
	static const struct {
		const char *name, *value;
	} cases[] = {{"area", "'two\\nlines'"}, {"number", "0.1"}, {"integer", "7"},
	    {"switch", "true"}, {"choice", "'red'"}, {"value", "-12"}, {"column", "'col_amount'"},
	    {"group.name", "'g'"}, {"group.size", "2"}, {"table[0].name", "'r'"},
	    {"table[1].size", "9"}, {"texts", "'[\\\"a\\\",\\\"b\\\"]'"}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const json_t *want =
		    json_array_get(json(arena_format(&arena, "[%s]", cases[i].value).p), 0);
		const json_t *value = json_object_get(input_named(form, cases[i].name), "value");
		if (!json_equal(value, want))
			fail_msg("%s", cases[i].name);
	}
	assert_null(json_object_get(input_named(form, "secret"), "value"));
	assert_non_null(input_named(form, "table[2].name"));
	assert_null(input_named(form, "table[3].name"));
	assert_null(marked(form));
}

/* What is drawn with a fault has the mark on the very input the person has to change. */
static void
the_fault_stands_at_its_input(void **state)
{
	(void)state;
	static const struct {
		const char *sent, *input, *value;
	} cases[] = {
	    {"{'group':{'name':'g'}}", "line", NULL},
	    {"{'line':'123456789012345','group':{'name':'g'}}", "line", "123456789012345"},
	    {"{'line':'l'}", "group", NULL},
	    {"{'line':'l','group':{'name':'g','size':'x'}}", "group.size", "x"},
	    {"{'line':'l','group':{'name':'g'},'table':[{'name':'a'},{'name':'abcde'}]}",
		"table[1].name", "abcde"},
	    /* As a browser sends them: with blank rows between, and in any order. */
	    {"{'line':'l','group':{'name':'g'},'table':{'0':{'name':'','size':''},"
	     "'1':{'name':'a'},'2':{'name':'','kind':'red'},'3':{'name':'abcde'}}}",
		"table[1].name", "abcde"},
	    {"{'line':'l','group':{'name':'g'},'table':{'3':{'name':'a','size':'77'},"
	     "'1':{'name':'a'}}}",
		"table[1].size", "77"},
	    {"{'line':'l','group':{'name':'g'},'table':{'0':{'name':''}}}", "table", NULL},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct form_drawing d = {
		    .prefix = "", .rows = 2, .wrong = &e, .sent = json(cases[i].sent)};
		assert_false(check_with(everything, cases[i].sent, FORM_TEXT, NULL));
		struct err wrong = e;
		d.wrong = &wrong;
		json_t *form = drawn(everything, &d);
		const char *at = marked(form);
		if (!at || strcmp(at, cases[i].input) != 0)
			fail_msg("%s: marked is %s", cases[i].sent, at ? at : "nothing");
		const json_t *input = input_named(form, at);
		assert_true(str_is(tree_str(input, "error"), wrong.message));
		if (cases[i].value && !str_is(tree_str(input, "value"), cases[i].value))
			fail_msg("%s: the mark is at another value", cases[i].sent);
	}
}

/* ---- what a browser sends ---- */

static void
names_of_inputs_nest(void **state)
{
	(void)state;
	static const struct {
		struct form_pair pairs[4];
		const char *want;
	} cases[] = {
	    {{{TEXT("a"), TEXT("1")}, {TEXT("b"), TEXT("")}}, "{'a':'1','b':''}"},
	    {{{TEXT("a[b]"), TEXT("1")}, {TEXT("a[c]"), TEXT("2")}}, "{'a':{'b':'1','c':'2'}}"},
	    {{{TEXT("a.b"), TEXT("1")}, {TEXT("a[c]"), TEXT("2")}}, "{'a':{'b':'1','c':'2'}}"},
	    {{{TEXT("a[0].b"), TEXT("1")}, {TEXT("a[1].b"), TEXT("2")},
		 {TEXT("a[0].c"), TEXT("3")}},
		"{'a':{'0':{'b':'1','c':'3'},'1':{'b':'2'}}}"},
	    {{{TEXT("a[0][b]"), TEXT("1")}}, "{'a':{'0':{'b':'1'}}}"},
	    {{{TEXT("a.b.c.d"), TEXT("1")}}, "{'a':{'b':{'c':{'d':'1'}}}}"},
	    /* Names as PHP's, where several of one name are a list: here the first counts. */
	    {{{TEXT("a[]"), TEXT("1")}, {TEXT("a[]"), TEXT("2")}}, "{'a':'1'}"},
	    {{{TEXT("a"), TEXT("1")}, {TEXT("a"), TEXT("2")}}, "{'a':'1'}"},
	    {{{TEXT("a"), TEXT("1")}, {TEXT("a.b"), TEXT("2")}}, "{'a':'1'}"},
	    {{{TEXT("a.b"), TEXT("1")}, {TEXT("a"), TEXT("2")}}, "{'a':{'b':'1'}}"},
	    /* What is no name of an input of ours is passed over. */
	    {{{TEXT(""), TEXT("1")}, {TEXT("a"), TEXT("2")}}, "{'a':'2'}"},
	    {{{TEXT("[]"), TEXT("1")}, {TEXT("a"), TEXT("2")}}, "{'a':'2'}"},
	    {{{TEXT("a[b"), TEXT("1")}, {TEXT("a[b]c"), TEXT("2")}}, "{}"},
	    {{{TEXT("a.b.c.d.e"), TEXT("1")}}, "{}"},
	    {{{TEXT("a"), TEXT("\xc3\xa4\n\t")}}, "{'a':'\xc3\xa4\\n\\t'}"},
	    {{{TEXT("\xc3\xa4 b"), TEXT("x")}}, "{'\xc3\xa4 b':'x'}"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		json_t *tree;
		size_t count = 0;
		while (count < 4 && cases[i].pairs[count].name.p)
			count++;
		MUST(form_tree(&tree, cases[i].pairs, count, &arena, &e));
		if (!json_equal(tree, json(cases[i].want)))
			fail_msg("%s", cases[i].want);
	}
	json_t *tree;
	MUST(form_tree(&tree, NULL, 0, &arena, &e));
	assert_true(json_is_object(tree) && json_object_size(tree) == 0);
}

static void
the_longest_name_of_an_input_is_a_fields(void **state)
{
	(void)state;
	char name[ERR_FIELD_BYTES + 2];
	memset(name, 'n', sizeof name);
	for (size_t n = ERR_FIELD_BYTES; n <= ERR_FIELD_BYTES + 1; n++) {
		json_t *tree;
		struct form_pair pair = {{name, n}, STR("v")};
		MUST(form_tree(&tree, &pair, 1, &arena, &e));
		assert_int_equal(json_object_size(tree), n == ERR_FIELD_BYTES);
	}
}

static void
what_is_not_text_is_refused(void **state)
{
	(void)state;
	static const struct form_pair cases[] = {
	    {TEXT("a"), TEXT("\xff")},
	    {TEXT("a"), TEXT("x\xc3")},
	    {TEXT("a[\xed\xa0\x80]"), TEXT("x")},
	    {TEXT("b\0c"), TEXT("x")},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		json_t *tree;
		err_clear(&e);
		assert_false(form_tree(&tree, &cases[i], 1, &arena, &e));
		assert_int_equal(e.code, ERR_INPUT);
		/* What is said of it is text, whatever it was. */
		assert_int_equal(utf8_valid(e.message, strlen(e.message)), strlen(e.message));
	}
	/* A NUL in a value is what the person typed; JSON has a way to write it. */
	json_t *tree;
	struct form_pair nul = {STR("a"), STR("x\0y")};
	MUST(form_tree(&tree, &nul, 1, &arena, &e));
	assert_int_equal(json_string_length(json_object_get(tree, "a")), 3);
}

/* What is drawn and sent back unchanged is what was drawn. */
static void
a_form_comes_back_as_it_was_drawn(void **state)
{
	(void)state;
	struct form_drawing d = {
	    .prefix = "", .rows = 3, .columns = &columns, .sent = json(everything_sent)};
	json_t *form = drawn(everything, &d);
	struct form_pair pairs[64];
	size_t count = 0;
	/* As a browser walks over the inputs. */
	const json_t *walk[64] = {form};
	size_t at[64] = {0};
	int depth = 0;
	while (depth >= 0) {
		const json_t *input = json_array_get(walk[depth], at[depth]++);
		if (!input) {
			depth--;
			continue;
		}
		const json_t *inner = json_object_get(input, "fields");
		if (!inner)
			inner = json_object_get(input, "rows");
		if (inner) {
			walk[++depth] = inner;
			at[depth] = 0;
			continue;
		}
		const json_t *value = json_object_get(input, "value");
		struct str text = {json_string_value(value), json_string_length(value)};
		if (json_is_integer(value))
			text = arena_format(&arena, "%lld", json_integer_value(value));
		else if (json_is_real(value))
			text = arena_format(&arena, "%.17g", json_real_value(value));
		else if (json_is_boolean(value))
			text = STR("true");
		if (json_is_false(value))
			continue;
		assert_true(count < ARRAY_LENGTH(pairs));
		pairs[count++] = (struct form_pair){tree_str(input, "name"), text};
	}
	json_t *tree;
	MUST(form_tree(&tree, pairs, count, &arena, &e));
	err_clear(&e);
	if (!form_check(&values, everything, tree, FORM_TEXT, &columns, &arena, &e))
		fail_msg("%s: %s", e.field, e.message);
	/* But for the secret, which is not sent out, and values, which are text in a form. */
	json_t *want = json(everything_sent), *got = json(written(everything));
	json_object_del(want, "secret");
	json_object_set_new(want, "value", json_string("-12"));
	if (!json_equal(got, want))
		fail_msg("%s", written(everything));
}

static void
a_tree_is_kept_until_the_arena_goes(void **state)
{
	(void)state;
	struct arena own;
	json_t *watched = json_object();
	assert_non_null(watched);
	json_incref(watched);
	arena_init(&own, KIB(64));
	MUST(form_keep(watched, &own, &e));
	assert_int_equal(watched->refcount, 2);
	arena_release(&own);
	assert_int_equal(watched->refcount, 1);
	json_decref(watched);
	err_clear(&e);
	assert_false(form_keep(NULL, &own, &e));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	arena_release(&own);
}

static int
set_up(void **state)
{
	(void)state;
	tree_setup();
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
	    cmocka_unit_test(texts_are_bounded_in_characters),
	    cmocka_unit_test(texts_lose_the_space_around_them_but_secrets_keep_it),
	    cmocka_unit_test(a_line_is_one_line),
	    cmocka_unit_test(a_text_is_a_string),
	    cmocka_unit_test(numbers_are_held_to_their_bounds),
	    cmocka_unit_test(a_whole_number_is_exact),
	    cmocka_unit_test(a_field_may_have_words_of_its_own),
	    cmocka_unit_test(a_switch_is_on_or_off),
	    cmocka_unit_test(a_choice_is_one_of_those_that_are_offered),
	    cmocka_unit_test(a_time_is_the_moment_it_says),
	    cmocka_unit_test(a_value_keeps_what_it_is),
	    cmocka_unit_test(an_object_is_handed_through),
	    cmocka_unit_test(texts_are_an_array_of_them),
	    cmocka_unit_test(a_column_is_named_by_its_name_or_its_id),
	    cmocka_unit_test(what_was_checked_means_the_same_column_the_next_time),
	    cmocka_unit_test(what_is_required_must_be_said),
	    cmocka_unit_test(a_preset_stands_for_what_is_not_sent),
	    cmocka_unit_test(faults_are_told_with_their_path),
	    cmocka_unit_test(what_is_nested_comes_by_place),
	    cmocka_unit_test(fields_nobody_knows_are_refused_where_it_is_strict),
	    cmocka_unit_test(a_browsers_rows_are_read_in_their_order_without_blank_ones),
	    cmocka_unit_test(what_was_written_checks_to_the_same),
	    cmocka_unit_test(the_schema_says_what_the_check_does),
	    cmocka_unit_test(a_form_has_an_input_for_every_field),
	    cmocka_unit_test(what_was_sent_stands_in_the_inputs_but_no_secret),
	    cmocka_unit_test(the_fault_stands_at_its_input),
	    cmocka_unit_test(names_of_inputs_nest),
	    cmocka_unit_test(the_longest_name_of_an_input_is_a_fields),
	    cmocka_unit_test(what_is_not_text_is_refused),
	    cmocka_unit_test(a_form_comes_back_as_it_was_drawn),
	    cmocka_unit_test(a_tree_is_kept_until_the_arena_goes),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
