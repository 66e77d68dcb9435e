/*
 * split.h: one record whose quotes or delimiters are wrong, split so that it has the cells it
 * should have.
 *
 * Each quote at the start of a cell may open it, and may be closed by any later quote that stands
 * before a delimiter; or it is text.  Of the ways that give the table's width the one with the
 * fewest wrong quotes is taken, and the search is cut short (SPLIT_STEPS) so that no record takes
 * long.
 */
#ifndef ROWHOUSE_SPLIT_H
#define ROWHOUSE_SPLIT_H

#include "formats/table.h"

#define SPLIT_STEPS 20000

/* A cell as it stands in the text, without its quotes. */
struct split_cell {
	struct str text;
	bool quoted;
};

/* The text, without its line end, as exactly `width` cells; false: it cannot be. */
bool split_exactly(
    struct split_cell *cells, size_t width, struct str text, const struct csv_options *o);
/* As many cells as there are: what does not open and close well is text. */
size_t split_loosely(
    struct split_cell *cells, size_t most, struct str text, const struct csv_options *o);
/* The meaning of a cell, its escapes resolved; `out` has room for text.n bytes. */
size_t split_text(char *out, const struct split_cell *cell, const struct csv_options *o);

/* The delimiter, not o's own, by which the text has `width` cells (width > 1); NULL: none. */
const char *split_other_delimiter(
    struct split_cell *cells, size_t width, struct str text, const struct csv_options *o);

#endif
