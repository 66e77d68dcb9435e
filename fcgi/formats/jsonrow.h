/*
 * jsonrow.h: rows made of JSON values, for the readers of JSONL and JSON.
 *
 * A record is taken apart into its values first, which only points into its bytes; keys are
 * expected in the order of the record before, so most of them cost one memcmp.  Nothing is told to
 * the sink before the whole record has proved to be JSON: keys met for the first time are added to
 * the table of keys and taken back when the record turns out bad.
 *
 * What outlives a record (the keys) and what does not (a repaired copy of it) have arenas of their
 * own, because the sink may use the task's: bad records must not add up.
 */
#ifndef ROWHOUSE_JSONROW_H
#define ROWHOUSE_JSONROW_H

#include "formats/jsonscan.h"
#include "formats/reader.h"

struct jsonrow;
enum jsonrow_shape { JSONROW_GOOD, JSONROW_INVALID, JSONROW_TOO_MANY };

struct jsonrow *jsonrow_new(struct reader *r);

/* Begins a record; what is put into it must stay until jsonrow_give(). */
void jsonrow_begin(struct jsonrow *j);
/* Takes the members of one whole object; a new key is a new column. */
enum jsonrow_shape jsonrow_object(struct jsonrow *j, struct str object);
/* Where the object stopped being JSON, or is nested too deep. */
size_t jsonrow_bad_at(const struct jsonrow *j, bool *too_deep);

/* Columns that are no keys: a new one behind those there are (fewer than LIMIT_COLUMNS), and a
 * value in one.  The label stays the caller's; its p is NULL when the number names the column. */
size_t jsonrow_columns(const struct jsonrow *j);
void jsonrow_add_column(struct jsonrow *j, struct str label);
enum jsonrow_shape jsonrow_put(struct jsonrow *j, size_t column, struct str token);

/* Tells the sink of new columns; jsonrow_give() does it too. */
bool jsonrow_tell_columns(struct jsonrow *j, struct err *e) MUST_CHECK;
/* Tells the sink of new columns, of what is to be told, and of the row. */
bool jsonrow_give(struct jsonrow *j, struct err *e) MUST_CHECK;
/* The failure for JSONROW_TOO_MANY, or for a column that has no room; false. */
bool jsonrow_too_many(struct jsonrow *j, struct err *e);
/* A copy with every byte that is not UTF-8 replaced, good until jsonrow_end(). */
struct str jsonrow_repair(struct jsonrow *j, struct str s);
void jsonrow_end(struct jsonrow *j);

#endif
