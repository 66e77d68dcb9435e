/*
 * dataset_request.c: what a create may ask for, checked field by field (seeds/000, "Request
 * Parameters" and "Column Definition Schema"); see model.h.
 *
 * The sentences are in nobody's field names, because every API has its own; the err's field says
 * which one it is.
 */
#include "model/model.h"
#include "base/cells.h"
#include "base/jsonout.h"
#include "base/limits.h"
#include "base/tree.h"
#include "base/utf8.h"

#include <math.h>

struct reader {
	const json_t *fields;
	unsigned style;
	struct arena *a;
	struct err *e;
};

static bool
read_type(struct dataset_request *out, struct reader *r)
{
	char names[256];
	const json_t *type = json_object_get(r->fields, "type");
	out->type = json_is_string(type) ? dataset_type_find(tree_str(r->fields, "type")) : NULL;
	if (out->type)
		return true;
	struct str all = dataset_type_names(names, sizeof names);
	return FAIL_FIELD(r->e, INPUT, "type", "Dataset type must be one of: %.*s", STR_ARG(all));
}

/* A required text without space around it. */
static bool
read_text(struct str *out, struct reader *r, const char *key, const char *what)
{
	const json_t *value = json_object_get(r->fields, key);
	if (!value || json_is_null(value))
		return FAIL_FIELD(r->e, INPUT, key, "%s is required", what);
	if (!json_is_string(value))
		return FAIL_FIELD(r->e, INPUT, key, "%s must be a string", what);
	*out = str_trim(tree_str(r->fields, key));
	return out->n > 0 || FAIL_FIELD(r->e, INPUT, key, "%s is required", what);
}

static bool
read_optional(struct str *out, struct reader *r, const char *key, const char *what)
{
	const json_t *value = json_object_get(r->fields, key);
	*out = STR("");
	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value))
		return FAIL_FIELD(r->e, INPUT, key, "%s must be a string", what);
	*out = str_trim(tree_str(r->fields, key));
	return true;
}

static bool
read_names(struct dataset_request *out, struct reader *r)
{
	if (!read_text(&out->name, r, "name", "Dataset name"))
		return false;
	if (utf8_count(out->name) > LIMIT_NAME_CHARACTERS)
		return FAIL_FIELD(r->e, INPUT, "name",
		    "Dataset name must be at most %d characters, it has %zu", LIMIT_NAME_CHARACTERS,
		    utf8_count(out->name));
	if ((r->style & REQUEST_DESCRIBED)
		? !read_text(&out->description, r, "description", "Dataset description")
		: !read_optional(&out->description, r, "description", "Dataset description"))
		return false;
	if (out->description.n > LIMIT_DESCRIPTION_BYTES)
		return FAIL_FIELD(r->e, INPUT, "description",
		    "Dataset description must be at most %d bytes", (int)LIMIT_DESCRIPTION_BYTES);
	return true;
}

/* An id that is no UUID names a source that does not exist (DESIGN section 1). */
static bool
read_source_id(struct dataset_request *out, struct reader *r)
{
	const json_t *value = json_object_get(r->fields, "source_id");
	if (!value || json_is_null(value) || out->type->needs != TYPE_NEEDS_SOURCE)
		return true;
	if (!json_is_string(value))
		return FAIL_FIELD(r->e, INPUT, "source_id", "The id of a data source is a string");
	if ((r->style & REQUEST_FORM) && str_trim(tree_str(r->fields, "source_id")).n == 0)
		return true;
	if (!uuid_parse(out->source_id, tree_str(r->fields, "source_id")))
		return FAIL_FIELD(
		    r->e, NOT_FOUND, "source_id", "there is no data source with this id");
	return true;
}

/* An object or array; in a form it may be JSON text. */
static bool
read_nested(const json_t **out, struct reader *r, const char *key, const char *what, bool array)
{
	json_t *value = json_object_get(r->fields, key);
	if (!value || json_is_null(value))
		return FAIL_FIELD(r->e, INPUT, key, "%s required for type %s", what,
		    tree_str(r->fields, "type").p);
	if ((r->style & REQUEST_FORM) && json_is_string(value)) {
		struct err ignored = {0};
		if (!tree_parse(&value, tree_str(r->fields, key), r->a, &ignored)) {
			if (ignored.code == ERR_UNAVAILABLE)
				return FAIL(r->e, UNAVAILABLE, "%s", ignored.message);
			return FAIL_FIELD(
			    r->e, INPUT, key, "%s required, as JSON: %s", what, ignored.message);
		}
	}
	if (array ? !json_is_array(value) : !json_is_object(value))
		return FAIL_FIELD(
		    r->e, INPUT, key, "%s required, as an %s", what, array ? "array" : "object");
	*out = value;
	return true;
}

/* One number of map_details: there at all (bad_input), and inside its bounds (the vendor has a code
 * of its own for that). */
static bool
read_bounded(double *out, struct reader *r, const json_t *map, const char *key, const char *what,
    double min, double max)
{
	char field[ERR_FIELD_BYTES];
	const json_t *value = json_object_get(map, key);
	snprintf(field, sizeof field, "map_details.%s", key);
	bool is_number = json_is_number(value);
	*out = json_number_value(value);
	if ((r->style & REQUEST_FORM) && json_is_string(value) &&
	    cells_is_number(tree_str(map, key))) {
		*out = strtod(json_string_value(value), NULL);
		is_number = true;
	}
	if (!is_number)
		return FAIL_FIELD(r->e, INPUT, field, "%s must be a number", what);
	if (isfinite(*out) && *out >= min && *out <= max)
		return true;
	snprintf(r->e->word, sizeof r->e->word, "invalid_map_bounds");
	return FAIL_FIELD(r->e, INPUT, field, "%s must be from %g to %g", what, min, max);
}

static bool
read_map(struct dataset_request *out, struct reader *r)
{
	const json_t *map;
	double latitude, longitude, radius;
	struct buf b;
	struct jsonout j;
	if (!read_nested(
		&map, r, "map_details", "Map details (latitude, longitude, radius) are", false) ||
	    !read_bounded(&latitude, r, map, "latitude", "Latitude", -90, 90) ||
	    !read_bounded(&longitude, r, map, "longitude", "Longitude", -180, 180) ||
	    !read_bounded(
		&radius, r, map, "radius_meters", "Radius in meters", 1, LIMIT_MAP_RADIUS_METERS))
		return false;
	buf_init(&b, r->a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_key(&j, "map_details");
	jsonout_object(&j);
	jsonout_key(&j, "latitude");
	jsonout_double(&j, latitude);
	jsonout_key(&j, "longitude");
	jsonout_double(&j, longitude);
	jsonout_key(&j, "radius_meters");
	jsonout_double(&j, radius);
	jsonout_end(&j);
	jsonout_end(&j);
	out->params = buf_str(&b);
	return true;
}

static bool
read_column(struct reader *r, const json_t *all, size_t i)
{
	static const char *const types[] = {"string", "number", "date", "boolean", "text"};
	const json_t *column = json_array_get(all, i);
	char field[ERR_FIELD_BYTES];
	if (!json_is_object(column)) {
		snprintf(field, sizeof field, "column_definitions[%zu]", i);
		return FAIL_FIELD(r->e, INPUT, field, "A column definition must be an object");
	}
	snprintf(field, sizeof field, "column_definitions[%zu].name", i);
	struct str name = str_trim(tree_str(column, "name"));
	if (name.n == 0)
		return FAIL_FIELD(r->e, INPUT, field, "Column name is required, as a string");
	if (name.n > LIMIT_COLUMN_NAME_BYTES)
		return FAIL_FIELD(r->e, INPUT, field, "Column name must be at most %d bytes",
		    LIMIT_COLUMN_NAME_BYTES);
	for (size_t k = 0; k < i; k++)
		if (str_equal(name, str_trim(tree_str(json_array_get(all, k), "name"))))
			return FAIL_FIELD(r->e, INPUT, field, "Column name '%.*s' is used twice",
			    STR_ARG(str_clip(name, 100)));
	bool known = false;
	for (size_t k = 0; k < ARRAY_LENGTH(types); k++)
		known |= str_is(tree_str(column, "type"), types[k]);
	snprintf(field, sizeof field, "column_definitions[%zu].type", i);
	if (!known)
		return FAIL_FIELD(r->e, INPUT, field,
		    "Column type must be one of: string, number, date, boolean, text");
	const json_t *description = json_object_get(column, "description");
	snprintf(field, sizeof field, "column_definitions[%zu].description", i);
	if (description && !json_is_null(description) && !json_is_string(description))
		return FAIL_FIELD(r->e, INPUT, field, "Column description must be a string");
	const json_t *required = json_object_get(column, "required");
	snprintf(field, sizeof field, "column_definitions[%zu].required", i);
	if (required && !json_is_null(required) && !json_is_boolean(required))
		return FAIL_FIELD(r->e, INPUT, field, "Column required must be true or false");
	return true;
}

static bool
read_columns(struct dataset_request *out, struct reader *r)
{
	const json_t *all;
	if (!read_nested(&all, r, "column_definitions", "Column definitions are", true))
		return false;
	if (json_array_size(all) == 0)
		return FAIL_FIELD(
		    r->e, INPUT, "column_definitions", "At least one column must be defined");
	if (json_array_size(all) > LIMIT_COLUMNS)
		return FAIL_FIELD(r->e, INPUT, "column_definitions",
		    "At most %d columns can be defined", LIMIT_COLUMNS);
	for (size_t i = 0; i < json_array_size(all); i++)
		if (!read_column(r, all, i))
			return false;
	size_t n = json_dumpb(all, NULL, 0, JSON_COMPACT);
	char *text = arena_alloc(r->a, n + 1);
	json_dumpb(all, text, n, JSON_COMPACT);
	out->params = arena_format(r->a, "{\"column_definitions\":%s}", text);
	return true;
}

bool
dataset_request_check(struct dataset_request *out, const json_t *fields, unsigned style,
    struct arena *a, struct err *e)
{
	struct reader r = {fields, style, a, e};
	*out = (struct dataset_request){0};
	if (!read_type(out, &r) || !read_names(out, &r) || !read_source_id(out, &r))
		return false;
	switch (out->type->needs) {
	case TYPE_NEEDS_SOURCE:
		return true;
	case TYPE_NEEDS_MAP:
		return read_map(out, &r);
	case TYPE_NEEDS_COLUMNS:
		return read_columns(out, &r);
	}
	return true;
}

struct str
dataset_name_of_file(struct str name)
{
	for (size_t i = name.n; i-- > 1;)
		if (name.p[i] == '.') {
			name.n = i;
			break;
		}
	/* As many bytes as characters are allowed are never too many characters. */
	return str_clip(name, LIMIT_NAME_CHARACTERS);
}
