/*
 * shares.h: rows dealt out to several files by a column's text, the same way everywhere and always.
 *
 * A row's point is a fraction from 0 up to 1: the first 8 bytes, the highest first, of
 *
 *     SHA-256(seed, a byte 0, the text of the row's cell)
 *
 * over 2^64.  The parts share out the fractions in their order, each as much as its share of all
 * shares.  So rows with the same text are always in the same part, whatever else is in the table;
 * a row that is added moves no other; and where only the first part's share grows, it keeps all it
 * had.  The text of a cell is what CSV shows: null, absent and empty text are the same one.
 */
#ifndef ROWHOUSE_SHARES_H
#define ROWHOUSE_SHARES_H

#include "base/cells.h"
#include "formats/bytes.h"

struct share_part {
	struct str name;
	double share; /* over 0; beside the others', not of 1 */
};

struct shares {
	struct str seed;
	const struct share_part *parts;
	size_t count;
	uint64_t *ends;     /* of each part's fractions, times 2^64; the last one has the rest */
	struct bytes input; /* what is hashed */
};

/* parts and seed must stay. */
void shares_init(struct shares *s, struct str seed, const struct share_part *parts, size_t count,
    struct arena *a);
/* The part of a row with this cell. */
bool shares_of(size_t *part, struct shares *s, const struct cell *c, struct err *e) MUST_CHECK;

#endif
