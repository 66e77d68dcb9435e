/*
 * jsonout.h: JSON written straight into a buf, well-formed by construction: commas and colons are
 * put by the writer, a key outside an object or a scope left open is a bug and asserts.
 * Reading small JSON is jansson's work; reading cells is cells.h.
 */
#ifndef ROWHOUSE_JSONOUT_H
#define ROWHOUSE_JSONOUT_H

#include "base/buf.h"

#define JSONOUT_DEPTH 64

struct jsonout {
	struct buf *out;
	int depth;
	bool has_key;               /* a key was written and waits for its value */
	bool filled[JSONOUT_DEPTH]; /* the scope has a member already */
	char scope[JSONOUT_DEPTH];  /* '{' or '[' */
};

void jsonout_init(struct jsonout *j, struct buf *out);

void jsonout_object(struct jsonout *j);
void jsonout_array(struct jsonout *j);
/* Closes the innermost object or array. */
void jsonout_end(struct jsonout *j);
/* A word of ours, which needs no escapes; any other text by the second. */
void jsonout_key(struct jsonout *j, const char *key);
void jsonout_key_str(struct jsonout *j, struct str key);

/* Bytes that are not valid UTF-8 are written as U+FFFD. */
void jsonout_str(struct jsonout *j, struct str s);
void jsonout_text(struct jsonout *j, const char *text); /* NULL is written as null */
void jsonout_int(struct jsonout *j, int64_t v);
void jsonout_unsigned(struct jsonout *j, uint64_t v);
/* Shortest form that reads back the same; NaN and infinities are written as null. */
void jsonout_double(struct jsonout *j, double v);
void jsonout_bool(struct jsonout *j, bool v);
void jsonout_null(struct jsonout *j);
/* A complete JSON value that is known to be one (a cell's bytes, a stored object). */
void jsonout_raw(struct jsonout *j, struct str json);

/* The same for who writes the value itself: room for n bytes, then how many of them it took. */
char *jsonout_room(struct jsonout *j, size_t n);
void jsonout_took(struct jsonout *j, size_t n);

/* Key and value at once: the usual case. */
void jsonout_member_str(struct jsonout *j, const char *key, struct str s);
void jsonout_member_text(struct jsonout *j, const char *key, const char *text);
void jsonout_member_int(struct jsonout *j, const char *key, int64_t v);
void jsonout_member_bool(struct jsonout *j, const char *key, bool v);

/* The quoted, escaped form of s alone, for code that splices text itself. */
void jsonout_quote(struct buf *out, struct str s);

#endif
