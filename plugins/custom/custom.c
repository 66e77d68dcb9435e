/*
 * custom.c: a blank table from column definitions (custom_dataset of seeds/000, "Column Definition
 * Schema").  It makes the columns; its rows come later, one by one, through the core, which holds
 * them against the types, `required` and the default values declared here.
 */
#include "plugin.h"
#include "formats/fit.h"

enum { COLUMN_DEFINITIONS };
enum { NAME, TYPE, DESCRIPTION, REQUIRED, DEFAULT_VALUE, DEFINITION_FIELDS };

static const struct choice column_types[] = {
    {"string", "string: short text"},
    {"number", "number"},
    {"date", "date"},
    {"boolean", "boolean: true or false"},
    {"text", "text: long text"},
    {0},
};

static const struct field definition[] = {
    [NAME] = {"name", "Column name", NULL, FIELD_LINE, .required = true, .min = 1,
	.max = LIMIT_COLUMN_NAME_BYTES},
    [TYPE] = {"type", "Column type", NULL, FIELD_CHOICE, .required = true, .choices = column_types},
    [DESCRIPTION] = {"description", "Column description", NULL, FIELD_LINE},
    [REQUIRED] = {"required", "Required", "Whether a row must have a value here.", FIELD_SWITCH},
    [DEFAULT_VALUE] = {"default_value", "Default value",
	"What a new row has here when it says nothing.", FIELD_VALUE},
    [DEFINITION_FIELDS] = {0},
};

static const struct field form[] = {
    [COLUMN_DEFINITIONS] = {"column_definitions", "Column definitions",
	"The columns of the table, in their order.", FIELD_TABLE, .required = true, .min = 1,
	.max = LIMIT_COLUMNS, .fields = definition,
	.required_text = "Column definitions are required for type custom_dataset"},
    {0},
};

/* The type of the core for one of ours, which are called the same. */
static enum column_type
type_of(const struct value *column)
{
	return column_type_from_name(column[TYPE].text);
}

/* What the default value is as a cell: a text keeps its bytes, and is read by the column's type. */
static struct cell
default_of(const struct value *column)
{
	return cell_of_text(column[DEFAULT_VALUE].text);
}

static bool
check_column(const struct host *h, const struct value *all, const struct value *column, size_t i,
    struct err *e)
{
	struct str name = column[NAME].text;
	const char *field = arena_format(h->arena, "column_definitions[%zu].name", i).p;
	if (name.n > LIMIT_COLUMN_NAME_BYTES)
		return FAIL_FIELD(e, INPUT, field, "Column name must be at most %d bytes",
		    LIMIT_COLUMN_NAME_BYTES);
	for (size_t k = 0; k < i; k++)
		if (str_equal(name, all[k * DEFINITION_FIELDS + NAME].text))
			return FAIL_FIELD(e, INPUT, field, "Column name '%.*s' is used twice",
			    STR_ARG(str_clip(name, 100)));
	if (!column[DEFAULT_VALUE].set)
		return true;
	struct cell cell = default_of(column);
	const char *wanted = fit_cell(&cell, type_of(column));
	field = arena_format(h->arena, "column_definitions[%zu].default_value", i).p;
	return !wanted || FAIL_FIELD(e, INPUT, field, "Default value of '%.*s' must be %s",
			      STR_ARG(str_clip(name, 100)), wanted);
}

static bool
check(const struct host *h, const struct value *values, struct err *e)
{
	const struct value *all = values[COLUMN_DEFINITIONS].items;
	for (size_t i = 0; i < values[COLUMN_DEFINITIONS].count; i++)
		if (!check_column(h, all, all + i * DEFINITION_FIELDS, i, e))
			return false;
	return true;
}

static bool
ingest(const struct host *h, const struct value *values, struct err *e)
{
	for (size_t i = 0; i < values[COLUMN_DEFINITIONS].count; i++) {
		const struct value *column =
		    values[COLUMN_DEFINITIONS].items + i * DEFINITION_FIELDS;
		struct host_new_column new_column = {
		    .name = column[NAME].text,
		    .type = type_of(column),
		    .vendor_type = column[TYPE].text,
		    .description = column[DESCRIPTION].text,
		    .default_value = column[DEFAULT_VALUE].text,
		    .required = column[REQUIRED].on,
		};
		if (!host_add_column(h, &new_column, NULL, e))
			return false;
	}
	return true;
}

static const struct plugin_type types[] = {
    {.name = "custom_dataset",
	.title = "Blank table",
	.help = "A table of your own columns, which you fill in row by row.",
	.form = form,
	.check = check,
	.ingest = ingest},
    {0},
};

ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {
    ROWHOUSE_PLUGIN_HEAD,
    .name = "custom",
    .title = "Blank tables",
    .types = types,
};
