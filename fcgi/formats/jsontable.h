/*
 * jsontable.h: rows of the JSON values that json.c meets.  The first one decides what a row is: an
 * object, an array, or a single value; one of another kind is skipped with a finding.
 */
#ifndef ROWHOUSE_JSONTABLE_H
#define ROWHOUSE_JSONTABLE_H

#include "formats/jsonplan.h"
#include "formats/jsonrow.h"
#include "formats/jsonscan.h"

struct json_table;

/* `records`: where the rows are, as it is told to the sink. */
struct json_table *json_table_new(struct reader *r, struct str records);
/* One whole value, which begins on r->line. */
bool json_table_take(struct json_table *t, struct str value, struct err *e) MUST_CHECK;
/* One that nothing follows: an object may be a table by itself. */
bool json_table_take_only(struct json_table *t, struct str value, struct err *e) MUST_CHECK;
/* One was skipped. */
void json_table_skipped(struct json_table *t);
/* What was held back is given: at the end, or before it is told that no more can be read. */
bool json_table_flush(struct json_table *t, struct err *e) MUST_CHECK;

/* The key between two quotes is that text. */
bool json_table_key_is(struct json_table *t, struct str raw, struct str text);

#endif
