/*
 * options.h: how a file is to be read, as requests say it and as it is kept: struct table_options
 * (table.h) and what becomes of single columns, each way as one form.
 *
 * Bytes that do not show have names: tab, space, \t, \xHH.  Whatever is left out is found out.
 */
#ifndef ROWHOUSE_OPTIONS_H
#define ROWHOUSE_OPTIONS_H

#include "base/form.h"
#include "formats/select.h"
#include "formats/table.h"

/* The fields of the form, in its order. */
enum option {
	OPTION_FORMAT,
	OPTION_PACKING,
	OPTION_MEMBER,
	OPTION_ENCODING,
	OPTION_DELIMITER,
	OPTION_QUOTE,
	OPTION_ESCAPE,
	OPTION_COMMENT,
	OPTION_SKIP_LINES,
	OPTION_HEADER_ROWS,
	OPTION_FOOTER_LINES,
	OPTION_TABLE,
	OPTION_RECORDS,
	OPTION_SHEET,
	OPTION_COLUMNS,
	OPTION__MAX
};
extern const struct field option_fields[OPTION__MAX + 1];
enum option_column { OPTION_FROM, OPTION_NAME, OPTION_TYPE, OPTION_KEEP };

struct reading {
	struct table_options table;
	const struct column_choice *choices;
	size_t choice_count;
};

/* What the checked values of the form mean; texts are copied into the arena.  INPUT with the field
 * for what the form's table cannot say. */
bool reading_take(
    struct reading *out, const struct value *values, struct arena *a, struct err *e) MUST_CHECK;
/* The same from JSON; empty text: find everything out. */
bool reading_parse(struct reading *out, struct str json, struct arena *a, struct err *e) MUST_CHECK;
/* The options as members of the open object, those that are set; without the columns. */
void options_write(struct jsonout *j, const struct table_options *options);

#endif
