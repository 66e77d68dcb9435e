/*
 * jsonplan.h: where in a JSON document the rows are, and what kind of table a JSON value is.
 *
 * A place is a path of keys, as "data.items"; "." is the document itself.  A point or backslash in
 * a key has a backslash before it.
 */
#ifndef ROWHOUSE_JSONPLAN_H
#define ROWHOUSE_JSONPLAN_H

#include "base/arena.h"

#define JSON_PATH_KEYS 16
struct json_path {
	struct str keys[JSON_PATH_KEYS]; /* as text, without escapes */
	size_t count;
};
/* False: there are more keys than a path can have. */
bool json_path_parse(struct json_path *out, struct str text, struct arena *a) MUST_CHECK;
struct str json_path_text(const struct json_path *path, struct arena *a);

enum json_format {
	JSON_IS_NOT,
	JSON_IS_LINES, /* an object a line (JSONL) */
	JSON_IS_DOCUMENT
};
/* What a text is that begins so; `whole`: there is no more of it. */
enum json_format json_format_of(struct str sample, bool whole);

struct json_plan {
	struct json_path path;
	bool sequence; /* several values one behind the other */
};
/* Of a document that begins so, with no space before it.  The rows are the longest array of objects
 * or arrays in it that stands in no other array (objects count more), else the document. */
void json_plan(struct json_plan *out, struct str sample, struct arena *a);

enum json_kind {
	JSON_RECORD,  /* one row */
	JSON_MEMBERS, /* an object of objects: each is a row, with its key */
	JSON_COLUMNS  /* an object of arrays of one length: each is a column */
};
/* What the whole object is; `rows`: JSON_COLUMNS, the length of the arrays. */
enum json_kind json_kind_of(struct str object, size_t *rows);

/* Walks over the members of an object, or the elements of an array (key.n is 0 then), that is whole
 * and valid.  `at` starts at 0.  False: there are no more. */
struct json_item {
	struct str key; /* between the quotes, escapes untouched */
	struct str value;
};
bool json_next(struct json_item *item, struct str group, size_t *at);

/* The text of a key. */
struct str json_key_text(struct str raw, struct arena *a);

#endif
