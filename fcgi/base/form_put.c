/* form_put.c: forms as JSON: what was checked, their schema, how they are drawn; see form.h. */
#include "base/form.h"

#include <string.h>

/* ---- what was checked ---- */

static void put_members(struct jsonout *j, const struct field *table, const struct value *values);

static void
put_items(struct jsonout *j, const struct field *f, const struct value *v)
{
	size_t width = form_length(f->fields);
	jsonout_array(j);
	for (size_t i = 0; i < v->count; i++) {
		if (f->kind == FIELD_TEXTS) {
			jsonout_str(j, v->items[i].text);
			continue;
		}
		jsonout_object(j);
		put_members(j, f->fields, v->items + i * width);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
put_value(struct jsonout *j, const struct field *f, const struct value *v)
{
	switch (f->kind) {
	case FIELD_NUMBER:
		jsonout_double(j, v->number);
		break;
	case FIELD_INTEGER:
		jsonout_int(j, v->integer);
		break;
	case FIELD_SWITCH:
		jsonout_bool(j, v->on);
		break;
	case FIELD_VALUE:
		/* A number stays one; its text is its token. */
		if (json_is_string(v->json) || !v->json)
			jsonout_str(j, v->text);
		else
			jsonout_raw(j, v->text);
		break;
	case FIELD_GROUP:
		jsonout_object(j);
		put_members(j, f->fields, v->items);
		jsonout_end(j);
		break;
	case FIELD_TABLE:
	case FIELD_TEXTS:
		put_items(j, f, v);
		break;
	case FIELD_OBJECT: {
		size_t n = json_dumpb(v->json, NULL, 0, JSON_COMPACT);
		json_dumpb(v->json, jsonout_room(j, n), n, JSON_COMPACT);
		jsonout_took(j, n);
		break;
	}
	case FIELD_LINE:
	case FIELD_AREA:
	case FIELD_SECRET:
	case FIELD_CHOICE:
	case FIELD_TIME:
	case FIELD_COLUMN:
		jsonout_str(j, v->text);
		break;
	}
}

static void
put_members(struct jsonout *j, const struct field *table, const struct value *values)
{
	for (size_t i = 0; table && table[i].name; i++) {
		if (!values[i].set)
			continue;
		jsonout_key(j, table[i].name);
		put_value(j, &table[i], &values[i]);
	}
}

void
form_write(struct jsonout *j, const struct field *table, const struct value *values)
{
	put_members(j, table, values);
}

/* ---- the schema ---- */

/* The bounds of a field under the keys its kind has for them. */
static void
put_bounds(struct jsonout *j, const struct field *f, const char *least, const char *most)
{
	if (f->min == 0 && f->max == 0)
		return;
	jsonout_key(j, least);
	jsonout_double(j, f->min);
	jsonout_key(j, most);
	jsonout_double(j, f->max);
}

static void
put_choices(struct jsonout *j, const struct field *f)
{
	jsonout_key(j, "enum");
	jsonout_array(j);
	for (const struct choice *one = f->choices; one->value; one++)
		jsonout_text(j, one->value);
	jsonout_end(j);
}

static void
put_type(struct jsonout *j, const struct field *f)
{
	switch (f->kind) {
	case FIELD_NUMBER:
	case FIELD_INTEGER:
		jsonout_member_text(j, "type", f->kind == FIELD_NUMBER ? "number" : "integer");
		put_bounds(j, f, "minimum", "maximum");
		break;
	case FIELD_SWITCH:
		jsonout_member_text(j, "type", "boolean");
		break;
	case FIELD_CHOICE:
		jsonout_member_text(j, "type", "string");
		put_choices(j, f);
		break;
	case FIELD_VALUE:
		jsonout_key(j, "type");
		jsonout_raw(j, STR("[\"string\",\"number\",\"boolean\"]"));
		break;
	case FIELD_TEXTS:
		jsonout_member_text(j, "type", "array");
		put_bounds(j, f, "minItems", "maxItems");
		jsonout_key(j, "items");
		jsonout_raw(j, STR("{\"type\":\"string\"}"));
		break;
	case FIELD_TABLE:
		jsonout_member_text(j, "type", "array");
		put_bounds(j, f, "minItems", "maxItems");
		jsonout_key(j, "items");
		form_schema(j, f->fields);
		break;
	case FIELD_OBJECT:
		jsonout_member_text(j, "type", "object");
		break;
	case FIELD_TIME:
		jsonout_member_text(j, "type", "string");
		jsonout_member_text(j, "format", "date-time");
		break;
	case FIELD_LINE:
	case FIELD_AREA:
	case FIELD_SECRET:
		jsonout_member_text(j, "type", "string");
		put_bounds(j, f, "minLength", "maxLength");
		break;
	case FIELD_COLUMN:
	case FIELD_GROUP:
		jsonout_member_text(j, "type", "string");
		break;
	}
}

static void
put_preset(struct jsonout *j, const struct field *f)
{
	jsonout_key(j, "default");
	if (f->kind == FIELD_NUMBER || f->kind == FIELD_INTEGER || f->kind == FIELD_SWITCH)
		jsonout_raw(j, str_of(f->preset));
	else
		jsonout_text(j, f->preset);
}

void
form_field_schema(struct jsonout *j, const struct field *f)
{
	if (f->kind == FIELD_GROUP) {
		form_schema(j, f->fields);
		return;
	}
	jsonout_object(j);
	put_type(j, f);
	if (strcmp(f->label, f->name) != 0)
		jsonout_member_text(j, "title", f->label);
	if (f->help)
		jsonout_member_text(j, "description", f->help);
	if (f->preset)
		put_preset(j, f);
	jsonout_end(j);
}

void
form_schema(struct jsonout *j, const struct field *table)
{
	size_t required = 0;
	jsonout_object(j);
	jsonout_member_text(j, "type", "object");
	jsonout_key(j, "properties");
	jsonout_object(j);
	for (size_t i = 0; table && table[i].name; i++) {
		required += table[i].required;
		jsonout_key(j, table[i].name);
		form_field_schema(j, &table[i]);
	}
	jsonout_end(j);
	if (required > 0) {
		jsonout_key(j, "required");
		jsonout_array(j);
		for (size_t i = 0; table[i].name; i++)
			if (table[i].required)
				jsonout_text(j, table[i].name);
		jsonout_end(j);
	}
	jsonout_end(j);
}

/* ---- drawing ---- */

static const char *
widget_of(const struct field *f)
{
	switch (f->kind) {
	case FIELD_AREA:
	case FIELD_OBJECT:
	case FIELD_TEXTS:
		return "area";
	case FIELD_SECRET:
		return "secret";
	case FIELD_NUMBER:
	case FIELD_INTEGER:
		return "number";
	case FIELD_SWITCH:
		return "check";
	case FIELD_CHOICE:
	case FIELD_COLUMN:
		return "choice";
	case FIELD_GROUP:
		return "group";
	case FIELD_TABLE:
		return "table";
	case FIELD_LINE:
	case FIELD_TIME:
	case FIELD_VALUE:
		break;
	}
	return "line";
}

/* What stands in the input: what was sent, else the preset.  A secret is never sent back. */
static void
draw_value(struct jsonout *j, const struct field *f, const json_t *sent)
{
	if (f->kind == FIELD_SECRET)
		return;
	if (!sent || json_is_null(sent)) {
		if (f->preset)
			jsonout_member_text(j, "value", f->preset);
		return;
	}
	jsonout_key(j, "value");
	if (json_is_string(sent)) {
		jsonout_str(j, (struct str){json_string_value(sent), json_string_length(sent)});
		return;
	}
	size_t n = json_dumpb(sent, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
	if (json_is_object(sent) || json_is_array(sent)) {
		char *text = arena_alloc(j->out->arena, n);
		json_dumpb(sent, text, n, JSON_COMPACT);
		jsonout_str(j, (struct str){text, n});
		return;
	}
	json_dumpb(sent, jsonout_room(j, n), n, JSON_COMPACT | JSON_ENCODE_ANY);
	jsonout_took(j, n);
}

static void
draw_choices(struct jsonout *j, const struct field *f, const struct form_columns *columns)
{
	if (f->kind != FIELD_CHOICE && f->kind != FIELD_COLUMN)
		return;
	jsonout_key(j, "choices");
	jsonout_array(j);
	if (!f->required && !f->preset) {
		jsonout_object(j);
		jsonout_member_text(j, "value", "");
		jsonout_member_text(j, "label", "–");
		jsonout_end(j);
	}
	for (const struct choice *one = f->choices; one && one->value; one++) {
		jsonout_object(j);
		jsonout_member_text(j, "value", one->value);
		jsonout_member_text(j, "label", one->label);
		jsonout_end(j);
	}
	for (size_t i = 0; f->kind == FIELD_COLUMN && columns && i < columns->count; i++) {
		jsonout_object(j);
		jsonout_member_str(j, "value", columns->list[i].id);
		jsonout_member_str(j, "label", columns->list[i].name);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
draw_bounds(struct jsonout *j, const struct field *f)
{
	bool text = f->kind == FIELD_LINE || f->kind == FIELD_AREA || f->kind == FIELD_SECRET;
	bool number = f->kind == FIELD_NUMBER || f->kind == FIELD_INTEGER;
	if ((!text && !number) || (f->min == 0 && f->max == 0))
		return;
	if (number) {
		jsonout_key(j, "min");
		jsonout_double(j, f->min);
	}
	jsonout_key(j, "max");
	jsonout_double(j, f->max);
}

static void draw_table(struct jsonout *j, const struct field *f, const struct form_drawing *d,
    const json_t *sent, const char *path);

static void
draw_field(struct jsonout *j, const struct field *f, const struct form_drawing *d,
    const json_t *sent, const char *path)
{
	struct arena *a = j->out->arena;
	struct str name = arena_format(a, "%s%s", d->prefix, path);
	jsonout_object(j);
	jsonout_member_str(j, "name", name);
	jsonout_member_text(j, "label", f->label);
	jsonout_member_text(j, "widget", widget_of(f));
	if (f->help)
		jsonout_member_text(j, "help", f->help);
	jsonout_member_bool(j, "required", f->required);
	if (f->kind == FIELD_SWITCH && f->preset && strcmp(f->preset, "true") == 0)
		jsonout_member_bool(j, "says_off", true);
	if (f->autocomplete)
		jsonout_member_text(j, "autocomplete", f->autocomplete);
	if (d->wrong && str_is(name, d->wrong->field))
		jsonout_member_text(j, "error", d->wrong->message);
	if (f->kind == FIELD_GROUP) {
		struct form_drawing inner = *d;
		inner.prefix = arena_format(a, "%s%s.", d->prefix, path).p;
		inner.sent = json_is_object(sent) ? sent : NULL;
		jsonout_key(j, "fields");
		form_draw(j, f->fields, &inner);
	} else if (f->kind == FIELD_TABLE) {
		draw_table(j, f, d, sent, path);
	} else {
		draw_value(j, f, sent);
		draw_choices(j, f, d->columns);
		draw_bounds(j, f);
	}
	jsonout_end(j);
}

static void
draw_row(struct jsonout *j, const struct field *f, const struct form_drawing *d, const json_t *row,
    const char *path, size_t i)
{
	struct arena *a = j->out->arena;
	jsonout_object(j);
	jsonout_key(j, "fields");
	jsonout_array(j);
	for (const struct field *inner = f->fields; inner->name; inner++) {
		const char *at = arena_format(a, "%s[%zu].%s", path, i, inner->name).p;
		/* Nobody must fill in a blank row, and emptied, a row is none (form_rows). */
		struct field one = *inner;
		one.required = false;
		draw_field(j, &one, d, json_object_get(row, inner->name), at);
	}
	jsonout_end(j);
	jsonout_end(j);
}

/* The rows that were sent, numbered as the err counts them, then blank ones. */
static void
draw_table(struct jsonout *j, const struct field *f, const struct form_drawing *d,
    const json_t *sent, const char *path)
{
	const struct form_row *rows;
	size_t count = form_rows(&rows, sent, f->fields, j->out->arena);
	jsonout_key(j, "columns");
	jsonout_array(j);
	for (const struct field *inner = f->fields; inner->name; inner++)
		jsonout_text(j, inner->label);
	jsonout_end(j);
	jsonout_key(j, "rows");
	jsonout_array(j);
	for (size_t i = 0; i < count; i++)
		draw_row(j, f, d, rows[i].row, path, i);
	for (size_t blank = 0; blank < d->rows; blank++)
		draw_row(j, f, d, NULL, path, count + blank);
	jsonout_end(j);
}

void
form_draw(struct jsonout *j, const struct field *table, const struct form_drawing *d)
{
	jsonout_array(j);
	for (const struct field *f = table; f && f->name; f++)
		draw_field(j, f, d, d->sent ? json_object_get(d->sent, f->name) : NULL, f->name);
	jsonout_end(j);
}
