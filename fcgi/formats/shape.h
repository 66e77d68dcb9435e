/*
 * shape.h: records of CSV that have another number of cells than their table: part of csv.c.
 *
 * They are repaired when there is one good way; what a cell looks like in its column (look.h)
 * tells the good ways from the others.
 */
#ifndef ROWHOUSE_SHAPE_H
#define ROWHOUSE_SHAPE_H

#include "formats/record.h"

struct csv {
	struct reader *r;
	struct dialect dialect;
	struct record record;
	size_t columns; /* of the table that is read */
	uint64_t table, wanted_table, header_rows,
	    header_row;           /* header_row: those that were read */
	struct str *labels;       /* of the columns, from all rows of the header */
	struct str *first_labels; /* the cells of its first row as they stand in a cells array */
	size_t first_count;
	bool has_header, after_blank, done;
	bool varied;           /* a row was read that is not the header once more */
	bool trailing_told;    /* that rows end with a delimiter */
	size_t footer_at;      /* in the window; 0: not known */
	uint64_t footer_moves; /* of the window, when it was */
};

/* Each leaves the record alone or repairs it, with a finding; false on failure. */
bool shape_header(struct csv *c, struct at *at, struct err *e) MUST_CHECK;
bool shape_row(struct csv *c, struct at *at, struct err *e) MUST_CHECK;

/* The record is the first row of this table's header. */
void shape_remember(struct csv *c);
/* The record is the header of another table below this one: nearly the same header again, or
 * labels behind a blank line in another number, of which the next line is a row. */
bool shape_begins_table(const struct csv *c, struct str next_line);
/* The record is this table's header once more, as where files were put one behind the other. */
bool shape_repeats_header(const struct csv *c);

#endif
