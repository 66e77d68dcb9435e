/*
 * form.c: any JSON or any form of a browser, held against a table with every kind of field.  What
 * passes comes out again as JSON that passes and says the same; what does not is told by a field's
 * path; and drawing it again gives a tree whatever was sent.
 */
#include "base/form.h"
#include "base/limits.h"
#include "base/tree.h"
#include "base/utf8.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct choice flavours[] = {{"sweet", "Sweet"}, {"salty", "Salty"}, {0}};
static const struct field inner[] = {
    {"name", "Name", NULL, FIELD_LINE, .required = true, .min = 1, .max = 5},
    {"weight", "Weight", NULL, FIELD_INTEGER, .preset = "1", .min = 0, .max = 100},
    {0},
};
static const struct field table[] = {
    {"line", "Line", NULL, FIELD_LINE, .min = 1, .max = 10},
    {"area", "Area", NULL, FIELD_AREA},
    {"secret", "Secret", NULL, FIELD_SECRET, .max = 10},
    {"number", "Number", NULL, FIELD_NUMBER, .min = -1.5, .max = 1e9},
    {"integer", "Integer", NULL, FIELD_INTEGER, .min = -9, .max = 99},
    {"switch", "Switch", NULL, FIELD_SWITCH},
    {"choice", "Choice", NULL, FIELD_CHOICE, .preset = "sweet", .choices = flavours},
    {"time", "Time", NULL, FIELD_TIME},
    {"value", "Value", NULL, FIELD_VALUE},
    {"column", "Column", NULL, FIELD_COLUMN},
    {"object", "Object", NULL, FIELD_OBJECT},
    {"texts", "Texts", NULL, FIELD_TEXTS, .min = 1, .max = 3},
    {"group", "Group", NULL, FIELD_GROUP, .fields = inner},
    {"table", "Table", NULL, FIELD_TABLE, .min = 0, .max = 3, .fields = inner},
    {0},
};
static const struct form_column column_list[] = {{0, {"col_a", 5}, {"a", 1}}};
static const struct form_columns columns = {column_list, 1};

static void
require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

static struct str
written(const struct value *values, struct arena *a)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	form_write(&j, table, values);
	jsonout_end(&j);
	return buf_str(&b);
}

/* What was written, read again. */
static const struct value *
again(struct str text, struct arena *a)
{
	struct err e = {0};
	json_t *tree;
	const struct value *values = NULL;
	require(tree_parse_own(&tree, text, a, &e), "what was checked is JSON");
	if (!form_check(&values, table, tree, FORM_STRICT, &columns, a, &e))
		fprintf(stderr, "%.*s: %s: %s\n", STR_ARG(text), e.field, e.message);
	require(e.code == ERR_OK, "it passes again");
	return values;
}

/* Numbers come to their usual spelling the first time (-0 is 0), and then stay as they are. */
static void
check_good(const struct value *values, struct arena *a)
{
	struct str usual = written(again(written(values, a), a), a);
	require(str_equal(written(again(usual, a), a), usual), "and says the same");
}

static void
check_drawing(const json_t *sent, const struct err *wrong, struct arena *a)
{
	struct err e = {0};
	struct buf b;
	struct jsonout j;
	json_t *tree;
	const struct form_drawing d = {
	    .sent = sent, .wrong = wrong, .prefix = "", .rows = 2, .columns = &columns};
	buf_init(&b, a);
	jsonout_init(&j, &b);
	form_draw(&j, table, &d);
	require(tree_parse_own(&tree, buf_str(&b), a, &e), "a drawing is JSON");
}

/* The tree of what was sent: a form's pairs or JSON. */
static bool
read_sent(json_t **out, bool is_form, struct str text, struct arena *a)
{
	struct err e = {0};
	struct url_parameters p;
	if (!is_form)
		return tree_parse(out, text, a, &e);
	if (!url_parse_form(&p, text, a, &e))
		return false;
	struct form_pair *pairs = arena_array(a, p.count, sizeof *pairs);
	for (size_t i = 0; i < p.count; i++)
		pairs[i] = (struct form_pair){p.list[i].name, p.list[i].value};
	return form_tree(out, pairs, p.count, a, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct arena a;
	struct err e = {0};
	json_t *sent;
	const struct value *values;
	if (!ready)
		tree_setup();
	ready = true;
	if (size == 0)
		return 0;
	arena_init(&a, MIB(64));
	bool is_form = data[0] & 1;
	unsigned style = (data[0] >> 1 & (FORM_STRICT | FORM_OPEN)) | (is_form ? FORM_TEXT : 0);
	if (read_sent(&sent, is_form, (struct str){(const char *)data + 1, size - 1}, &a)) {
		bool good = form_check(&values, table, sent, style, &columns, &a, &e);
		if (good)
			check_good(values, &a);
		else
			require(e.code == ERR_INPUT || e.code == ERR_UNPROCESSABLE,
			    "a refusal is one of input");
		require(utf8_valid(e.message, strlen(e.message)) == strlen(e.message),
		    "a message is UTF-8");
		check_drawing(sent, good ? NULL : &e, &a);
	}
	arena_release(&a);
	return 0;
}
