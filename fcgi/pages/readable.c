/* readable.c: see readable.h. */
#include "pages/readable.h"

#define LIST_SHOWN 50
#define ROWS_SHOWN 200
#define COLUMNS_SHOWN 30

enum shape { SHAPE_FACT, SHAPE_TABLE, SHAPE_TEXT };

static bool
is_plain(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

static enum shape
shape_of(const json_t *value)
{
	size_t count = json_array_size(value), objects = 0, plain = 0;
	if (is_plain(value))
		return SHAPE_FACT;
	for (size_t i = 0; i < count; i++) {
		objects += json_is_object(json_array_get(value, i));
		plain += is_plain(json_array_get(value, i));
	}
	if (objects > 0 && objects == count)
		return SHAPE_TABLE;
	return json_is_array(value) && plain == count && count <= LIST_SHOWN ? SHAPE_FACT
									     : SHAPE_TEXT;
}

static void
put_text(struct buf *out, const json_t *value, size_t flags)
{
	size_t n = json_dumpb(value, NULL, 0, flags | JSON_ENCODE_ANY);
	char *text = arena_alloc(out->arena, n);
	json_dumpb(value, text, n, flags | JSON_ENCODE_ANY);
	buf_put(out, text, n);
}

/* A text as it is, a list with commas, anything else as JSON. */
static struct str
plain_text(const json_t *value, struct arena *a)
{
	struct buf b;
	buf_init(&b, a);
	if (json_is_string(value)) {
		buf_put(&b, json_string_value(value), json_string_length(value));
	} else if (json_is_array(value) && shape_of(value) == SHAPE_FACT) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			buf_put_text(&b, i ? ", " : "");
			buf_put_str(&b, plain_text(json_array_get(value, i), a));
		}
	} else if (value && !json_is_null(value)) {
		put_text(&b, value, JSON_COMPACT);
	}
	return b.n ? buf_str(&b) : STR("–");
}

/* "seconds_left" reads as "seconds left". */
static struct str
name_of(const char *key, struct arena *a)
{
	char *name = arena_text(a, str_of(key));
	for (char *p = name; *p; p++)
		if (*p == '_')
			*p = ' ';
	return str_of(name);
}

static void
put_fact(struct jsonout *j, const char *key, const json_t *value)
{
	struct arena *a = j->out->arena;
	jsonout_object(j);
	jsonout_member_str(j, "name", name_of(key, a));
	jsonout_member_str(j, "text", plain_text(value, a));
	jsonout_end(j);
}

static bool
is_known(const char *const *columns, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(columns[i], key) == 0)
			return true;
	return false;
}

/* The keys of the rows that are shown, in the order they come. */
static size_t
find_columns(const char **columns, const json_t *rows)
{
	size_t count = 0;
	for (size_t i = 0; i < json_array_size(rows) && i < ROWS_SHOWN; i++) {
		json_t *row = json_array_get(rows, i);
		for (void *at = json_object_iter(row); at && count < COLUMNS_SHOWN;
		     at = json_object_iter_next(row, at))
			if (!is_known(columns, count, json_object_iter_key(at)))
				columns[count++] = json_object_iter_key(at);
	}
	return count;
}

static void
put_table(struct jsonout *j, const char *key, const json_t *rows)
{
	struct arena *a = j->out->arena;
	const char *columns[COLUMNS_SHOWN];
	size_t count = find_columns(columns, rows), total = json_array_size(rows);
	jsonout_object(j);
	jsonout_member_str(j, "name", name_of(key, a));
	jsonout_key(j, "columns");
	jsonout_array(j);
	for (size_t i = 0; i < count; i++)
		jsonout_str(j, name_of(columns[i], a));
	jsonout_end(j);
	jsonout_key(j, "rows");
	jsonout_array(j);
	for (size_t i = 0; i < total && i < ROWS_SHOWN; i++) {
		jsonout_object(j);
		jsonout_key(j, "cells");
		jsonout_array(j);
		for (size_t k = 0; k < count; k++)
			jsonout_str(
			    j, plain_text(json_object_get(json_array_get(rows, i), columns[k]), a));
		jsonout_end(j);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_member_int(j, "more", total > ROWS_SHOWN ? (int64_t)(total - ROWS_SHOWN) : 0);
	jsonout_end(j);
}

static void
put_json(struct jsonout *j, const char *key, const json_t *value)
{
	struct buf b;
	buf_init(&b, j->out->arena);
	put_text(&b, value, JSON_INDENT(2));
	jsonout_object(j);
	jsonout_member_str(j, "name", name_of(key, j->out->arena));
	jsonout_member_str(j, "text", buf_str(&b));
	jsonout_end(j);
}

void
put_readable(struct jsonout *j, const json_t *value)
{
	static const struct {
		enum shape shape;
		const char *key;
		void (*put)(struct jsonout *j, const char *key, const json_t *value);
	} parts[] = {
	    {SHAPE_FACT, "facts", put_fact},
	    {SHAPE_TABLE, "tables", put_table},
	    {SHAPE_TEXT, "texts", put_json},
	};
	jsonout_object(j);
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		jsonout_key(j, parts[i].key);
		jsonout_array(j);
		for (void *at = json_object_iter((json_t *)(uintptr_t)value); at;
		     at = json_object_iter_next((json_t *)(uintptr_t)value, at))
			if (shape_of(json_object_iter_value(at)) == parts[i].shape)
				parts[i].put(
				    j, json_object_iter_key(at), json_object_iter_value(at));
		if (!json_is_object(value) && value && shape_of(value) == parts[i].shape)
			parts[i].put(j, "value", value);
		jsonout_end(j);
	}
	jsonout_member_bool(j, "nothing",
	    !value || json_is_null(value) ||
		(json_is_object(value) && json_object_size(value) == 0));
	jsonout_end(j);
}
