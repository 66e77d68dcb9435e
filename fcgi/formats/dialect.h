/*
 * dialect.h: how a CSV file is written, found out from a sample of its beginning.
 *
 * Every delimiter, quote and escape that could be meant is tried: the one wins under which most
 * rows have the same number of cells and the cells look like something (numbers, dates, clean
 * text), after van den Burg et al., "Wrangling messy CSV files by detecting row and type patterns"
 * (2019).  What is no row (a preamble, a header, notes at the end) stands out against the rows that
 * are alike.  Options that are set are obeyed; it is always a guess, so that nothing fails here.
 */
#ifndef ROWHOUSE_DIALECT_H
#define ROWHOUSE_DIALECT_H

#include "base/limits.h"
#include "formats/table.h"

#define DIALECT_SAMPLE_BYTES ((size_t)KIB(256))

struct dialect {
	struct csv_options options; /* every member is set, but the footer of a long file */
	size_t width;               /* cells that most rows have; 0: there are no rows */
	bool trailing;              /* rows end with a delimiter that the header has not */
	uint8_t *looks;             /* enum look of each: what nearly all its cells look like */
};

/* whole: the sample is the whole file.  The result lives in the arena. */
void dialect_find(struct dialect *out, struct str sample, bool whole,
    const struct csv_options *wanted, struct arena *a);

#endif
