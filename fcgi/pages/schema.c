/* schema.c: see schema.h. */
#include "pages/schema.h"
#include "base/tree.h"

/* What a type of JSON is called here. */
static const char *
word_of(const char *type)
{
	static const struct {
		const char *type, *word;
	} words[] = {
	    {"string", "text"},
	    {"integer", "whole number"},
	    {"boolean", "true or false"},
	    {"array", "list"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (strcmp(words[i].type, type) == 0)
			return words[i].word;
	return type;
}

static const char *
string_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static struct str
type_of(const json_t *schema, struct arena *a)
{
	const json_t *type = json_object_get(schema, "type");
	const char *format = string_of(schema, "format");
	const json_t *items = json_object_get(schema, "items");
	struct buf b;
	buf_init(&b, a);
	if (format)
		return str_of(strcmp(format, "binary") == 0 ? "file" : "time");
	for (size_t i = 0; i < json_array_size(type); i++)
		buf_format(&b, "%s%s", i ? " or " : "",
		    word_of(json_string_value(json_array_get(type, i))));
	if (json_is_string(type))
		buf_put_text(&b, word_of(json_string_value(type)));
	if (items)
		buf_format(&b, " of %.*ss", STR_ARG(type_of(items, a)));
	return buf_str(&b);
}

static void
put_bounds(struct jsonout *j, const json_t *schema)
{
	static const struct {
		const char *least, *most, *what;
	} kinds[] = {
	    {"minimum", "maximum", ""},
	    {"minLength", "maxLength", " characters"},
	    {"minItems", "maxItems", " items"},
	};
	struct arena *a = j->out->arena;
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		const json_t *least = json_object_get(schema, kinds[i].least),
			     *most = json_object_get(schema, kinds[i].most);
		if (!least && !most)
			continue;
		struct str text =
		    arena_format(a, "at most %.16g%s", json_number_value(most), kinds[i].what);
		if (least && (json_number_value(least) != 0 || !*kinds[i].what))
			text = arena_format(a, "%.16g to %.16g%s", json_number_value(least),
			    json_number_value(most), kinds[i].what);
		jsonout_member_str(j, "bounds", text);
	}
}

/* A value as a person reads it: a text without its quotes. */
static struct str
value_text(const json_t *value, struct arena *a)
{
	if (json_is_string(value))
		return str_of(json_string_value(value));
	size_t n = json_dumpb(value, NULL, 0, JSON_ENCODE_ANY);
	char *text = arena_alloc(a, n);
	json_dumpb(value, text, n, JSON_ENCODE_ANY);
	return (struct str){text, n};
}

static void
put_values(struct jsonout *j, const json_t *schema)
{
	const json_t *values = json_object_get(schema, "enum"),
		     *one = json_object_get(schema, "const"),
		     *preset = json_object_get(schema, "default");
	struct arena *a = j->out->arena;
	jsonout_key(j, "values");
	jsonout_array(j);
	for (size_t i = 0; i < json_array_size(values); i++)
		jsonout_str(j, value_text(json_array_get(values, i), a));
	if (one)
		jsonout_str(j, value_text(one, a));
	jsonout_end(j);
	if (preset)
		jsonout_member_str(j, "preset", value_text(preset, a));
}

void
put_schema_line(
    struct jsonout *j, struct str name, const json_t *schema, bool required, const char *help)
{
	jsonout_member_str(j, "name", name);
	jsonout_member_text(j, "title", string_of(schema, "title"));
	jsonout_member_str(j, "type", type_of(schema, j->out->arena));
	put_bounds(j, schema);
	put_values(j, schema);
	jsonout_member_bool(j, "required", required);
	jsonout_member_text(j, "help", help ? help : string_of(schema, "description"));
}

static bool
is_required(const json_t *schema, const char *key)
{
	const json_t *list = json_object_get(schema, "required");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), key) == 0)
			return true;
	return false;
}

static void
put_lines(struct jsonout *j, const json_t *schema, const char *prefix)
{
	struct arena *a = j->out->arena;
	json_t *properties = json_object_get(schema, "properties");
	const json_t *all = json_object_get(schema, "allOf");
	for (size_t i = 0; i < json_array_size(all); i++)
		put_lines(j, json_array_get(all, i), prefix);
	for (void *at = json_object_iter(properties); at;
	     at = json_object_iter_next(properties, at)) {
		const char *key = json_object_iter_key(at);
		const json_t *inner = json_object_iter_value(at);
		struct str name = arena_format(a, "%s%s", prefix, key);
		jsonout_object(j);
		put_schema_line(j, name, inner, is_required(schema, key), NULL);
		jsonout_end(j);
		put_lines(j, inner, arena_format(a, "%s%s.", prefix, key).p);
		put_lines(
		    j, json_object_get(inner, "items"), arena_format(a, "%s%s[].", prefix, key).p);
	}
}

void
put_schema(struct jsonout *j, const json_t *schema)
{
	jsonout_array(j);
	put_lines(j, schema, "");
	jsonout_end(j);
}
