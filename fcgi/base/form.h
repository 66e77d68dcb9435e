/*
 * form.h: what a request may say, as one table: from it a form is drawn, a request checked, the
 * API documented, and what was checked is handed over by place in the table.
 *
 * A caller names its fields with an enum in the order of the table and reads
 * values[LATITUDE].number. Objects and arrays of objects are tables in the table.  Sentences begin
 * with the field's label; the err's field is the path, as column_definitions[0].name.
 */
#ifndef ROWHOUSE_FORM_H
#define ROWHOUSE_FORM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/jsonout.h"

#include <jansson.h>

enum field_kind {
	FIELD_LINE,    /* text on one line, without space around it */
	FIELD_AREA,    /* text on several lines, without space around it */
	FIELD_SECRET,  /* text that is never shown again, taken as it is */
	FIELD_NUMBER,  /* a finite number */
	FIELD_INTEGER, /* a whole number */
	FIELD_SWITCH,  /* true or false */
	FIELD_CHOICE,  /* one of `choices` */
	FIELD_TIME,    /* a day or moment, RFC 3339: 2024-03-14 or 2024-03-14T15:30:00Z */
	FIELD_VALUE,   /* any text, number or boolean */
	FIELD_COLUMN,  /* a column of the dataset, by its id or its name */
	FIELD_OBJECT,  /* an object with any members, for the caller to look into */
	FIELD_TEXTS,   /* an array of texts */
	FIELD_GROUP,   /* an object of `fields` */
	FIELD_TABLE    /* an array of objects of `fields` */
};

struct choice {
	const char *value; /* NULL ends */
	const char *label;
	const void *spare[1];
};

struct field {
	const char *name;  /* of the JSON member; NULL ends the table */
	const char *label; /* over the input; begins the sentences about it */
	const char *help;  /* one sentence, or NULL */
	enum field_kind kind;
	bool required;
	const char *preset; /* taken when nothing is sent, as text; NULL: none */
	/* NUMBER and INTEGER: the value.  Texts: characters.  TABLE and TEXTS: items.  Both 0: no
	 * bounds. */
	double min, max;
	const struct choice *choices;
	const struct field *fields;
	const char *word; /* of the err when it is out of bounds, or NULL for the usual one */
	const char *required_text; /* the sentence when it is missing, or NULL for the usual one */
	/* What browsers and password managers fill in (HTML's autocomplete: "username",
	 * "new-password"), or NULL. */
	const char *autocomplete;
	const void *spare[4];
};

/* One checked value. */
struct value {
	bool set;        /* it was sent, or has a preset */
	bool on;         /* SWITCH */
	struct str text; /* texts, CHOICE, COLUMN (its id); VALUE: its text */
	double number;   /* NUMBER, INTEGER */
	int64_t integer; /* INTEGER; COLUMN: column_id; TIME: microseconds since 1970 UTC */
	const struct value *items; /* GROUP: by place in `fields`; TABLE: `count` times that */
	size_t count;              /* TABLE, TEXTS: items */
	const json_t *json;        /* as it was sent; NULL for a preset */
	const void *spare[2];
};

/* What FIELD_COLUMN is looked up in. */
struct form_column {
	size_t column_id;
	struct str id, name; /* id: col_name */
};
struct form_columns {
	const struct form_column *list;
	size_t count;
};

enum form_style {
	FORM_LENIENT = 0, /* fields nobody knows are ignored: the vendors' dialects */
	FORM_STRICT = 1,  /* they are refused: our own API */
	FORM_TEXT = 2,    /* every value may be text, an array an object {"0": …}: browsers */
	FORM_OPEN = 4     /* with STRICT: the outermost object has fields of others too */
};

/*
 * Checks an object against a table.  *out: a value for each field in the table's order, in the
 * arena (texts point into the tree).  `columns` may be NULL: FIELD_COLUMN is then only checked to
 * be a text.  INPUT with the field's path.  `table` NULL: a table without fields.
 */
bool form_check(const struct value **out, const struct field *table, const json_t *object,
    unsigned style, const struct form_columns *columns, struct arena *a, struct err *e) MUST_CHECK;

size_t form_length(const struct field *table);

/* The checked values as members of the open object; what was not set is left out. */
void form_write(struct jsonout *j, const struct field *table, const struct value *values);

/* A JSON Schema (2020-12) of the object, as OpenAPI 3.1 takes it. */
void form_schema(struct jsonout *j, const struct field *table);
/* Of one field alone. */
void form_field_schema(struct jsonout *j, const struct field *f);

/*
 * The table as an array for a template's r:form.  `sent` (may be NULL) fills the inputs in, `wrong`
 * (may be NULL) says what stands at the field it names.  `prefix` begins every input's name.  A
 * table of objects is drawn with `rows` blank rows behind those that were sent.
 */
struct form_drawing {
	const json_t *sent;
	const struct err *wrong;
	const char *prefix; /* "" or as "cells." */
	size_t rows;
	const struct form_columns *columns;
};
void form_draw(struct jsonout *j, const struct field *table, const struct form_drawing *d);

/*
 * The rows of a table as they were sent: an array's items, or those of a browser's {"0": {...},
 * "2":
 * {...}} in the order of their numbers, without the rows nobody wrote into.  An err counts them as
 * they come here, from 0.  `fields` NULL: the items of texts, blank ones too.
 */
struct form_row {
	uint64_t number;
	const json_t *row;
};
size_t form_rows(
    const struct form_row **out, const json_t *sent, const struct field *fields, struct arena *a);

/* name=value pairs as the object a form means: a[b], a.b and a[0].b nest; of two of one name the
 * first counts.  Freed with the arena.  INPUT: a text that is not UTF-8. */
struct form_pair {
	struct str name, value;
};
bool form_tree(json_t **out, const struct form_pair *pairs, size_t count, struct arena *a,
    struct err *e) MUST_CHECK;

/* Keeps a tree until the arena is released; NULL stays NULL and is UNAVAILABLE. */
bool form_keep(json_t *tree, struct arena *a, struct err *e) MUST_CHECK;

#endif
