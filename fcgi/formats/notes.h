/*
 * notes.h: the lines at the end of a CSV file that say something about the rows above and are none:
 * part of layout.c.  Each is one by itself, or for a blank line above it.
 */
#ifndef ROWHOUSE_NOTES_H
#define ROWHOUSE_NOTES_H

#include "formats/layout.h"

/* How many lines, of those behind the row `from`. */
uint64_t notes_count(const struct table_shape *t, size_t from);
/* The same for the end of a long file; tail begins with a record. */
uint64_t notes_find(struct dialect *d, struct str tail);

#endif
