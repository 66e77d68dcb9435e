/* form_check.c: requests held against their table; see form.h. */
#include "base/cells.h"
#include "base/clock.h"
#include "base/form.h"
#include "base/limits.h"
#include "base/tree.h"
#include "base/utf8.h"

#include <math.h>

struct checker {
	unsigned style;
	const struct form_columns *columns;
	struct arena *a;
	struct err *e;
};

size_t
form_length(const struct field *table)
{
	size_t n = 0;
	while (table && table[n].name)
		n++;
	return n;
}

/* path.name, or name alone at the top. */
static const char *
path_of(struct checker *c, const char *path, const char *name)
{
	return *path ? arena_format(c->a, "%s.%s", path, name).p : name;
}

static bool
missing(struct checker *c, const struct field *f, const char *path)
{
	if (f->required_text)
		return FAIL_FIELD(c->e, INPUT, path, "%s", f->required_text);
	return FAIL_FIELD(c->e, INPUT, path, "%s is required", f->label);
}

/* A value outside its bounds, in the words the table has for it. */
#define OUT_OF_BOUNDS(c, f, path, ...)                                                             \
	((f)->word ? (void)snprintf((c)->e->word, sizeof(c)->e->word, "%s", (f)->word) : (void)0,  \
	    FAIL_FIELD((c)->e, INPUT, path, __VA_ARGS__))

static bool
has_bounds(const struct field *f)
{
	return f->min != 0 || f->max != 0;
}

static bool
check_text(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	if (!json_is_string(v->json))
		return FAIL_FIELD(c->e, INPUT, path, "%s must be a string", f->label);
	v->text = (struct str){json_string_value(v->json), json_string_length(v->json)};
	if (f->kind != FIELD_SECRET)
		v->text = str_trim(v->text);
	if (v->text.n == 0) {
		v->set = false;
		return !f->required || missing(c, f, path);
	}
	if (f->kind == FIELD_LINE &&
	    (memchr(v->text.p, '\n', v->text.n) || memchr(v->text.p, '\r', v->text.n)))
		return FAIL_FIELD(c->e, INPUT, path, "%s must be on one line", f->label);
	size_t n = utf8_count(v->text);
	if (has_bounds(f) && (double)n < f->min)
		return OUT_OF_BOUNDS(c, f, path, "%s must be at least %.0f characters, it has %zu",
		    f->label, f->min, n);
	if (has_bounds(f) && (double)n > f->max)
		return OUT_OF_BOUNDS(c, f, path, "%s must be at most %.0f characters, it has %zu",
		    f->label, f->max, n);
	return true;
}

static bool
check_number(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	struct str text = {json_string_value(v->json), json_string_length(v->json)};
	bool is_text = (c->style & FORM_TEXT) && json_is_string(v->json);
	if (is_text && str_trim(text).n == 0) {
		v->set = false;
		return !f->required || missing(c, f, path);
	}
	bool good = json_is_number(v->json) || (is_text && cells_is_number(str_trim(text)));
	v->number = is_text ? strtod(text.n ? text.p : "", NULL) : json_number_value(v->json);
	if (!good)
		return FAIL_FIELD(c->e, INPUT, path, "%s must be a number", f->label);
	bool whole = isfinite(v->number) && floor(v->number) == v->number &&
		     fabs(v->number) <= 9007199254740992.0;
	if (f->kind == FIELD_INTEGER && !whole)
		return FAIL_FIELD(c->e, INPUT, path, "%s must be a whole number", f->label);
	v->integer = whole ? (int64_t)v->number : 0;
	if (!isfinite(v->number) || (has_bounds(f) && (v->number < f->min || v->number > f->max)))
		return OUT_OF_BOUNDS(
		    c, f, path, "%s must be from %.15g to %.15g", f->label, f->min, f->max);
	return true;
}

static bool
check_switch(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	struct str text = {json_string_value(v->json), json_string_length(v->json)};
	if ((c->style & FORM_TEXT) && json_is_string(v->json)) {
		v->on = str_is(text, "true") || str_is(text, "on") || str_is(text, "1");
		if (v->on || text.n == 0 || str_is(text, "false") || str_is(text, "off") ||
		    str_is(text, "0"))
			return true;
	}
	if (!json_is_boolean(v->json))
		return FAIL_FIELD(c->e, INPUT, path, "%s must be true or false", f->label);
	v->on = json_is_true(v->json);
	return true;
}

static bool
check_choice(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	struct buf all;
	buf_init(&all, c->a);
	v->text = (struct str){json_string_value(v->json), json_string_length(v->json)};
	if ((c->style & FORM_TEXT) && json_is_string(v->json) && v->text.n == 0) {
		v->set = false;
		return !f->required || missing(c, f, path);
	}
	for (const struct choice *one = f->choices; one->value; one++) {
		if (json_is_string(v->json) && str_is(v->text, one->value))
			return true;
		buf_format(&all, "%s%s", all.n ? ", " : "", one->value);
	}
	return FAIL_FIELD(
	    c->e, INPUT, path, "%s must be one of: %.*s", f->label, STR_ARG(buf_str(&all)));
}

static bool
check_time(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	v->text = str_trim((struct str){json_string_value(v->json), json_string_length(v->json)});
	if ((c->style & FORM_TEXT) && json_is_string(v->json) && v->text.n == 0) {
		v->set = false;
		return !f->required || missing(c, f, path);
	}
	if (!json_is_string(v->json) || !clock_parse(&v->integer, v->text))
		return FAIL_FIELD(c->e, INPUT, path,
		    "%s must be a time, as 2024-03-14T15:30:00Z or 2024-03-14", f->label);
	return true;
}

static bool
check_value(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	if (json_is_string(v->json))
		v->text = (struct str){json_string_value(v->json), json_string_length(v->json)};
	else if (json_is_boolean(v->json))
		v->text = json_is_true(v->json) ? STR("true") : STR("false");
	else if (json_is_integer(v->json))
		v->text = arena_format(c->a, "%" JSON_INTEGER_FORMAT, json_integer_value(v->json));
	else if (json_is_real(v->json)) {
		struct buf b;
		struct jsonout j;
		buf_init(&b, c->a);
		jsonout_init(&j, &b);
		jsonout_double(&j, json_real_value(v->json));
		v->text = buf_str(&b);
	} else
		return FAIL_FIELD(
		    c->e, INPUT, path, "%s must be a text, a number or a boolean", f->label);
	if ((c->style & FORM_TEXT) && v->text.n == 0)
		v->set = false;
	return true;
}

static bool
check_column(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	v->text = (struct str){json_string_value(v->json), json_string_length(v->json)};
	if (!json_is_string(v->json))
		return FAIL_FIELD(
		    c->e, INPUT, path, "%s must be the id or the name of a column", f->label);
	if (v->text.n == 0) {
		v->set = false;
		return !f->required || missing(c, f, path);
	}
	if (!c->columns)
		return true;
	const struct form_column *found = NULL;
	/* Ids first: what was checked is an id, and means the same column when it is checked again,
	 * also where another column is called like it. */
	for (size_t i = 0; i < c->columns->count && !found; i++)
		if (str_equal(v->text, c->columns->list[i].id))
			found = &c->columns->list[i];
	for (size_t i = 0; i < c->columns->count && !found; i++)
		if (str_equal(v->text, c->columns->list[i].name))
			found = &c->columns->list[i];
	if (!found)
		return FAIL_FIELD(c->e, INPUT, path, "%s: the dataset has no column %.*s", f->label,
		    STR_ARG(str_clip(v->text, 100)));
	v->text = found->id;
	v->integer = (int64_t)found->column_id;
	return true;
}

static bool is_blank(const json_t *row);

/* {"0": "a", "7": "b"}, as a browser sends boxes that were ticked, in the order of the numbers;
 * what is blank is none. */
static bool
texts_of_form(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	const struct form_row *rows;
	size_t count = form_rows(&rows, v->json, NULL, c->a);
	struct value *items = arena_array(c->a, count, sizeof *items);
	v->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!json_is_string(rows[i].row))
			return FAIL_FIELD(
			    c->e, INPUT, path, "%s must be an array of strings", f->label);
		if (!is_blank(rows[i].row))
			items[v->count++] = (struct value){.set = true,
			    .text = {
				json_string_value(rows[i].row), json_string_length(rows[i].row)}};
	}
	v->items = items;
	return true;
}

static bool
array_of_texts(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	bool good = json_is_array(v->json);
	v->count = json_array_size(v->json);
	for (size_t i = 0; good && i < v->count; i++)
		good = json_is_string(json_array_get(v->json, i));
	if (!good)
		return FAIL_FIELD(c->e, INPUT, path, "%s must be an array of strings", f->label);
	struct value *items = arena_array(c->a, v->count, sizeof *items);
	for (size_t i = 0; i < v->count; i++) {
		const json_t *one = json_array_get(v->json, i);
		items[i].set = true;
		items[i].text = (struct str){json_string_value(one), json_string_length(one)};
	}
	v->items = items;
	return true;
}

static bool
check_texts(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	bool by_form = (c->style & FORM_TEXT) && json_is_object(v->json);
	if (by_form ? !texts_of_form(c, v, f, path) : !array_of_texts(c, v, f, path))
		return false;
	if (has_bounds(f) && ((double)v->count < f->min || (double)v->count > f->max))
		return OUT_OF_BOUNDS(c, f, path, "%s must have %.0f to %.0f items, it has %zu",
		    f->label, f->min, f->max, v->count);
	return true;
}

static bool check_object(struct checker *c, struct value *values, const struct field *table,
    const json_t *object, const char *path);

/* JSON text in a form's field becomes the tree it says. */
static bool
parse_nested(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	struct err why = {0};
	json_t *tree;
	if (!(c->style & FORM_TEXT) || !json_is_string(v->json))
		return true;
	struct str text = {json_string_value(v->json), json_string_length(v->json)};
	if (str_trim(text).n == 0) {
		v->set = false;
		return !f->required || missing(c, f, path);
	}
	if (tree_parse(&tree, text, c->a, &why)) {
		v->json = tree;
		return true;
	}
	if (why.code == ERR_UNAVAILABLE)
		return FAIL(c->e, UNAVAILABLE, "%s", why.message);
	return FAIL_FIELD(c->e, INPUT, path, "%s must be JSON: %s", f->label, why.message);
}

/* A row of a form nobody wrote into is no row. */
static bool
is_blank(const json_t *row)
{
	if (json_is_string(row))
		return str_trim((struct str){json_string_value(row), json_string_length(row)}).n ==
		       0;
	if (!json_is_object(row))
		return json_is_null(row);
	for (void *at = json_object_iter((json_t *)(uintptr_t)row); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)row, at))
		if (!is_blank(json_object_iter_value(at)))
			return false;
	return true;
}

static int
by_number(const void *a, const void *b)
{
	const struct form_row *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

/* Fields with a preset send something in a row nobody touched. */
static bool
is_written(const json_t *row, const struct field *fields)
{
	for (const struct field *f = fields; f->name; f++) {
		const json_t *sent = json_object_get(row, f->name);
		bool is_preset = f->preset && json_is_string(sent) &&
				 strcmp(json_string_value(sent), f->preset) == 0;
		if (sent && !is_preset && !is_blank(sent))
			return true;
	}
	return false;
}

size_t
form_rows(
    const struct form_row **out, const json_t *sent, const struct field *fields, struct arena *a)
{
	size_t count = json_array_size(sent);
	struct form_row *rows = arena_array(a, count + json_object_size(sent), sizeof *rows);
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct form_row){i, json_array_get(sent, i)};
	for (void *at = json_object_iter((json_t *)(uintptr_t)sent); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)sent, at)) {
		uint64_t number;
		const json_t *row = json_object_iter_value(at);
		if (str_to_u64(&number, str_of(json_object_iter_key(at))) &&
		    (!fields || is_written(row, fields)))
			rows[count++] = (struct form_row){number, row};
	}
	if (count > 0)
		qsort(rows, count, sizeof *rows, by_number);
	*out = rows;
	return count;
}

static bool
check_table(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	const struct form_row *rows;
	bool by_form = (c->style & FORM_TEXT) && json_is_object(v->json);
	if (!json_is_array(v->json) && !by_form)
		return FAIL_FIELD(c->e, INPUT, path, "%s must be an array of objects", f->label);
	v->count = form_rows(&rows, v->json, f->fields, c->a);
	if (has_bounds(f) && (double)v->count < f->min)
		return OUT_OF_BOUNDS(
		    c, f, path, "%s: at least %.0f must be given", f->label, f->min);
	if (has_bounds(f) && (double)v->count > f->max)
		return OUT_OF_BOUNDS(c, f, path, "%s: at most %.0f can be given, there are %zu",
		    f->label, f->max, v->count);
	size_t width = form_length(f->fields), cells;
	if (__builtin_mul_overflow(width, v->count, &cells))
		return FAIL_FIELD(c->e, TOO_BIG, path, "%s has too many items", f->label);
	struct value *items = arena_array(c->a, cells, sizeof *items);
	for (size_t i = 0; i < v->count; i++) {
		const json_t *row = rows[i].row;
		const char *at = arena_format(c->a, "%s[%zu]", path, i).p;
		if (!json_is_object(row))
			return FAIL_FIELD(
			    c->e, INPUT, at, "%s must be an array of objects", f->label);
		if (!check_object(c, items + i * width, f->fields, row, at))
			return false;
	}
	v->items = items;
	return true;
}

static bool
check_group(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	if (!json_is_object(v->json))
		return FAIL_FIELD(c->e, INPUT, path, "%s must be an object", f->label);
	struct value *items = arena_array(c->a, form_length(f->fields), sizeof *items);
	v->items = items;
	v->count = 1;
	return f->kind == FIELD_OBJECT || check_object(c, items, f->fields, v->json, path);
}

static bool
check_sent(struct checker *c, struct value *v, const struct field *f, const char *path)
{
	switch (f->kind) {
	case FIELD_LINE:
	case FIELD_AREA:
	case FIELD_SECRET:
		return check_text(c, v, f, path);
	case FIELD_NUMBER:
	case FIELD_INTEGER:
		return check_number(c, v, f, path);
	case FIELD_SWITCH:
		return check_switch(c, v, f, path);
	case FIELD_CHOICE:
		return check_choice(c, v, f, path);
	case FIELD_TIME:
		return check_time(c, v, f, path);
	case FIELD_VALUE:
		return check_value(c, v, f, path);
	case FIELD_COLUMN:
		return check_column(c, v, f, path);
	case FIELD_TEXTS:
		return parse_nested(c, v, f, path) && (!v->set || check_texts(c, v, f, path));
	case FIELD_OBJECT:
	case FIELD_GROUP:
		return parse_nested(c, v, f, path) && (!v->set || check_group(c, v, f, path));
	case FIELD_TABLE:
		return parse_nested(c, v, f, path) && (!v->set || check_table(c, v, f, path));
	}
	return true;
}

/* A preset is of the table's author: it fits. */
static void
take_preset(struct value *v, const struct field *f)
{
	v->set = true;
	v->json = NULL;
	v->text = str_of(f->preset);
	v->number = strtod(f->preset, NULL);
	v->integer = (int64_t)v->number;
	v->on = strcmp(f->preset, "true") == 0;
	if (f->kind == FIELD_TIME && !clock_parse(&v->integer, v->text))
		v->integer = 0;
}

static bool
check_field(struct checker *c, struct value *v, const struct field *f, const json_t *object,
    const char *path)
{
	v->json = json_object_get(object, f->name);
	v->set = v->json && !json_is_null(v->json);
	if (v->set && !check_sent(c, v, f, path_of(c, path, f->name)))
		return false;
	if (!v->set && f->preset)
		take_preset(v, f);
	return v->set || !f->required || missing(c, f, path_of(c, path, f->name));
}

static bool
check_known(struct checker *c, const struct field *table, const json_t *object, const char *path)
{
	for (void *at = json_object_iter((json_t *)(uintptr_t)object); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
		const char *key = json_object_iter_key(at);
		bool found = false;
		for (const struct field *f = table; f && f->name && !found; f++)
			found = strcmp(f->name, key) == 0;
		if (!found)
			return FAIL_FIELD(c->e, INPUT, path_of(c, path, key),
			    "there is no field %.100s here", key);
	}
	return true;
}

static bool
check_object(struct checker *c, struct value *values, const struct field *table,
    const json_t *object, const char *path)
{
	bool open = (c->style & FORM_OPEN) && !*path;
	if ((c->style & FORM_STRICT) && !open && !check_known(c, table, object, path))
		return false;
	for (size_t i = 0; table && table[i].name; i++)
		if (!check_field(c, &values[i], &table[i], object, path))
			return false;
	return true;
}

bool
form_check(const struct value **out, const struct field *table, const json_t *object,
    unsigned style, const struct form_columns *columns, struct arena *a, struct err *e)
{
	struct checker c = {style, columns, a, e};
	struct value *values = arena_array(a, form_length(table), sizeof *values);
	*out = values;
	return check_object(&c, values, table, object, "");
}

/* ---- forms as browsers send them ---- */

static void
release(void *holder)
{
	json_decref(*(json_t **)holder);
}

bool
form_keep(json_t *tree, struct arena *a, struct err *e)
{
	if (!tree)
		return FAIL(e, UNAVAILABLE, "out of memory");
	json_t **holder = arena_alloc(a, sizeof(json_t *));
	*holder = tree;
	arena_defer(a, release, holder);
	return true;
}

#define NAME_DEPTH 4

/* a[0].b[c] into its steps; 0: not a name with steps that close. */
static size_t
split_name(struct str *steps, struct str name)
{
	size_t count = 0, at = 0;
	while (at < name.n && count < NAME_DEPTH) {
		bool bracket = name.p[at] == '[';
		if (count > 0 && !bracket && name.p[at] != '.')
			return 0;
		if (count > 0)
			at++;
		size_t end = at;
		while (end < name.n &&
		       (bracket ? name.p[end] != ']' : name.p[end] != '.' && name.p[end] != '['))
			end++;
		if (bracket && end == name.n)
			return 0;
		steps[count++] = (struct str){name.p + at, end - at};
		at = end + bracket;
	}
	return at == name.n ? count : 0;
}

/* The object below `object` at the key, made when it is not there; NULL: something else is, or no
 * memory (then *good is false). */
static json_t *
descend(json_t *object, const char *key, bool *good)
{
	json_t *inner = json_object_get(object, key);
	if (!inner) {
		inner = json_object();
		*good = json_object_set_new(object, key, inner) == 0;
		if (!*good)
			return NULL;
	}
	return json_is_object(inner) ? inner : NULL;
}

static bool
set_pair(json_t *form, const struct form_pair *pair, struct arena *a, struct err *e)
{
	struct str steps[NAME_DEPTH], name = pair->name;
	if (name.n >= 2 && memcmp(name.p + name.n - 2, "[]", 2) == 0)
		name.n -= 2;
	size_t count = split_name(steps, name);
	bool good = true;
	if (count == 0 || name.n > ERR_FIELD_BYTES)
		return true; /* nothing here has such a name */
	if (utf8_valid(name.p, name.n) != name.n || memchr(name.p, 0, name.n) ||
	    utf8_valid(pair->value.p, pair->value.n) != pair->value.n)
		return FAIL_FIELD(e, INPUT, arena_text(a, name),
		    "the field %s is not text in UTF-8", arena_text(a, name));
	for (size_t i = 0; form && i + 1 < count; i++)
		form = descend(form, arena_text(a, steps[i]), &good);
	const char *last = arena_text(a, steps[count - 1]);
	if (form && !json_object_get(form, last))
		good = json_object_set_new(form, last,
			   json_stringn(pair->value.n ? pair->value.p : "", pair->value.n)) == 0;
	return good || FAIL(e, UNAVAILABLE, "out of memory");
}

bool
form_tree(json_t **out, const struct form_pair *pairs, size_t count, struct arena *a, struct err *e)
{
	json_t **holder = arena_alloc(a, sizeof(json_t *));
	arena_defer(a, release, holder);
	*out = *holder = json_object();
	if (!*holder)
		return FAIL(e, UNAVAILABLE, "out of memory");
	for (size_t i = 0; i < count; i++)
		if (!set_pair(*out, &pairs[i], a, e))
			return false;
	return true;
}
