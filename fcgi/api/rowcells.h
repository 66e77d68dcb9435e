/*
 * rowcells.h: the cells of a stored row as answers print them: one per column that is shown, an
 * absent one as null, text of a number or boolean column as a bare token where it is one (DESIGN
 * section 3).
 */
#ifndef ROWHOUSE_ROWCELLS_H
#define ROWHOUSE_ROWCELLS_H

#include "base/jsonout.h"
#include "store/rows.h"

/* Room for the cells of one row after another; made once per page. */
struct rowcells {
	const struct column *columns; /* the shown ones */
	size_t count;
	struct cell *stored; /* by column id */
	size_t stored_count;
	const struct cell **cells; /* by place among the shown columns */
};

void rowcells_init(struct rowcells *c, const struct column *columns, size_t count, struct arena *a);
/* Takes a row apart; the cells point into its texts. */
void rowcells_read(struct rowcells *c, const struct row *r);
/* Writes the cell of the k-th shown column.  One over `clip` bytes is cut to a string of at most
 * that; true: it was cut. */
bool rowcells_put(struct jsonout *j, const struct rowcells *c, size_t k, size_t clip);

#endif
