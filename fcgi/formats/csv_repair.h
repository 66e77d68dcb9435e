/*
 * csv_repair.h: a record of CSV that has not as many cells as the others, read so that it has.
 *
 * What goes wrong in real files is one of a few things: a quote without its partner, another
 * delimiter, one delimiter too many or too few.  Each is tried in this order, and taken only when
 * it gives exactly the cells that are missing or too many.
 */
#ifndef ROWHOUSE_CSV_REPAIR_H
#define ROWHOUSE_CSV_REPAIR_H

#include "formats/dialect.h"

struct csv_repair {
	struct csv_syntax syntax; /* that the fields are to be read by */
	struct csv_split split;   /* the caller gives it room for fields */
	const char *code;         /* of the finding */
	size_t column;            /* it is about, or TABLE_NO_COLUMN */
	const char *what;         /* was wrong, and what was done */
};

/*
 * The record at the beginning of the text, which has another number of cells than `width` or goes
 * on behind its line without reason.  False: nothing makes it fit; the split is the record as it
 * is. is_header: its cells are labels, which look like nothing in particular.  A field of length 0
 * that starts behind the text is one that was put in.
 */
bool csv_repair(struct csv_repair *r, const struct dialect *d, size_t width, bool is_header,
    struct str text) MUST_CHECK;

#endif
