/*
 * schema.h: JSON Schemas of our own making (form_schema(), openapi.c) as the lines of a table, for
 * templates/part-fields.xhtml: what /types and /docs say of a form is what the API says of it.
 */
#ifndef ROWHOUSE_SCHEMA_H
#define ROWHOUSE_SCHEMA_H

#include "base/jsonout.h"

#include <jansson.h>

/* An array with a line for every property at any depth; those of an object in a list are called
 * "columns[].name".  A line: {name, title, type, bounds, values, preset, required, help}. */
void put_schema(struct jsonout *j, const json_t *schema);

/* The members of one line, into an open object. */
void put_schema_line(
    struct jsonout *j, struct str name, const json_t *schema, bool required, const char *help);

#endif
