/*
 * cells.h: the JSON array in which a row's cells are stored and sent (DESIGN section 3), read
 * without building a tree.
 *
 * A cell is text (a JSON string) or its own token: number, true, false, null, object or array.
 * These functions are the only ones that take such bytes apart.  cells_check() is what the writer
 * runs over everything a plugin's child sends, so it trusts nothing.
 */
#ifndef ROWHOUSE_CELLS_H
#define ROWHOUSE_CELLS_H

#include "base/base.h"

enum cell_kind { CELL_ABSENT, CELL_NULL, CELL_TEXT, CELL_NUMBER, CELL_TRUE, CELL_FALSE, CELL_JSON };

/* One cell.  For CELL_TEXT `bytes` is what stands between the quotes, escapes untouched; for every
 * other kind it is the token as written. */
struct cell {
	enum cell_kind kind;
	bool escaped; /* CELL_TEXT: there is a backslash in it */
	struct str bytes;
};

/*
 * True when the n bytes at p are one JSON array (RFC 8259, valid UTF-8, no space around it, depth
 * at most LIMIT_JSON_DEPTH) of at most `columns` values: those behind the last are absent.  On
 * false *reason says why in a few words.
 */
bool cells_check(const char *p, size_t n, size_t columns, const char **reason) MUST_CHECK;

/* True when the n bytes at p are a JSON array of column ids, ascending, each less than `columns`.
 */
bool cells_check_ids(const char *p, size_t n, size_t columns) MUST_CHECK;
/* Reads such an array: the next id after *at (which starts at 0), SIZE_MAX at its end. */
size_t cells_next_id(struct str ids, size_t *at);

/* Length of the one JSON value at the start of p (no leading space), 0 when there is none. */
size_t cells_value(const char *p, size_t n);

/* Splits a checked array into at most `max` cells and returns how many it holds. */
size_t cells_split(struct cell *cells, size_t max, const char *p, size_t n);

/* Splits a stored row whose `absent` was checked too into all of the `max` cells: those that it
 * does not have, or that are listed as absent, are CELL_ABSENT. */
void cells_split_row(struct cell *cells, size_t max, struct str row, struct str absent);

/* The text of a CELL_TEXT without its escapes.  `out` has room for bytes.n bytes; returns the
 * length.  A lone surrogate escape becomes U+FFFD. */
size_t cells_unescape(char *out, struct str bytes);
/* The same of the beginning only: whole characters of at most `limit` bytes, for which `out` has
 * room. */
size_t cells_unescape_some(char *out, size_t limit, struct str bytes);
/* How many bytes the text has without its escapes. */
size_t cells_text_length(struct str bytes);

/* Escapes text into a JSON string without its quotes.  `out` has room for 6 * n bytes; returns the
 * length.  The text must be valid UTF-8. */
size_t cells_escape(char *out, const char *p, size_t n);

/* The text is a JSON number token (RFC 8259 section 6) that may be printed bare. */
bool cells_is_number(struct str text);

#endif
