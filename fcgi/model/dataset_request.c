/*
 * dataset_request.c: what a create may ask for, checked field by field (seeds/000, "Request
 * Parameters" and "Column Definition Schema"); see model.h.
 *
 * The sentences are in nobody's field names, because every API has its own; the err's field says
 * which one it is.
 */
#include "model/model.h"
#include "base/jsonout.h"
#include "base/limits.h"
#include "base/tree.h"
#include "base/utf8.h"
#include "formats/options.h"

struct reader {
	struct model *m;
	const json_t *fields;
	unsigned style;
	struct arena *a;
	struct err *e;
};

static bool
read_type(struct dataset_request *out, struct reader *r)
{
	const json_t *type = json_object_get(r->fields, "type");
	out->type = json_is_string(type)
			? registry_type(r->m->registry, tree_str(r->fields, "type"))
			: NULL;
	return out->type || FAIL_FIELD(r->e, INPUT, "type", "Dataset type must be one of: %.*s",
				STR_ARG(registry_vendor_types(r->m->registry, r->a)));
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
	if (!value || json_is_null(value) || !out->type->sources)
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

/* The fields of the type's form, and what its plugin says of them. */
static bool
read_form(struct dataset_request *out, struct reader *r)
{
	const struct value *values;
	unsigned style = (r->style & REQUEST_FORM ? FORM_TEXT : FORM_LENIENT) |
			 (r->style & REQUEST_STRICT ? FORM_STRICT | FORM_OPEN : FORM_LENIENT);
	if (!out->type->form && !(out->type->has && out->type->has->check))
		return true;
	if (!form_check(&values, out->type->form, r->fields, style, NULL, r->a, r->e) ||
	    (out->type->has && out->type->has->check &&
		!plugin_type_check(r->m, out->type, values, r->a, r->e)))
		return false;
	struct buf b;
	struct jsonout j;
	buf_init(&b, r->a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	form_write(&j, out->type->form, values);
	jsonout_end(&j);
	out->params = buf_str(&b);
	return true;
}

static bool
is_field_of(const struct field *table, const char *key)
{
	for (; table && table->name; table++)
		if (strcmp(table->name, key) == 0)
			return true;
	return false;
}

/* A slip is not lost: fields nobody knows are refused. */
static bool
check_known(const struct dataset_request *out, struct reader *r)
{
	for (void *at = json_object_iter((json_t *)(uintptr_t)r->fields); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)r->fields, at)) {
		const char *key = json_object_iter_key(at);
		if (!is_field_of(dataset_fields, key) && !is_field_of(out->type->form, key))
			return FAIL_FIELD(r->e, INPUT, key, "there is no field %.100s here", key);
	}
	return true;
}

/* Only for who reads tables: a plugin reads as its own form says. */
static bool
read_options(struct dataset_request *out, struct reader *r)
{
	static const struct field table[] = {
	    {"options", "Options", NULL, FIELD_GROUP, .fields = option_fields}, {0}};
	const struct value *v;
	char field[sizeof r->e->field];
	if (!(r->style & REQUEST_STRICT))
		return true;
	if (!form_check(&v, table, r->fields,
		FORM_STRICT | FORM_OPEN | (r->style & REQUEST_FORM ? FORM_TEXT : 0), NULL, r->a,
		r->e))
		return false;
	if (!v[0].set)
		return true;
	if (!type_reads_table(out->type))
		return FAIL_FIELD(r->e, INPUT, "options",
		    "a dataset of type %s is not read from a table, so there is nothing to choose",
		    out->type->name);
	if (model_options_take(&out->options, v[0].items, r->a, r->e))
		return true;
	snprintf(field, sizeof field, "options.%.60s", r->e->field);
	memcpy(r->e->field, field, sizeof field);
	return false;
}

const struct field dataset_fields[] = {
    {"type", "Type", "The type of the dataset.", FIELD_LINE, .required = true},
    {"name", "Dataset name", NULL, FIELD_LINE, .required = true, .min = 1,
	.max = LIMIT_NAME_CHARACTERS},
    {"description", "Dataset description",
	"What it holds and what it is for; the default instruction when columns are filled in "
	"later.",
	FIELD_AREA},
    {"source_id", "Data source", "The data source it is made of.", FIELD_LINE},
    {"options", "Options",
	"How its file is read.  What is left out is found out; without any, the file is read as it "
	"was last.",
	FIELD_GROUP, .fields = option_fields},
    {0},
};

bool
dataset_request_check(struct model *m, const struct caller *c, struct dataset_request *out,
    const json_t *fields, unsigned style, struct arena *a, struct err *e)
{
	struct reader r = {m, fields, style, a, e};
	*out = (struct dataset_request){0};
	return caller_may_all(c, RIGHT_EDIT, e) && read_type(out, &r) &&
	       (!(style & REQUEST_STRICT) || check_known(out, &r)) && read_names(out, &r) &&
	       read_source_id(out, &r) && read_options(out, &r) && read_form(out, &r);
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
