/*
 * query_piles.h: the rows of a sorted query, all of them, in order.
 *
 * Sorted rows lie anywhere in the file; looking each up there reads nearly all of it again and
 * again.  So every row is read once, in the order of the file, and put on the pile of those it
 * stands among; then one pile after the other is handed out.  A pile is a temporary file without a
 * name: together they are as large as the rows.
 */
#ifndef ROWHOUSE_QUERY_PILES_H
#define ROWHOUSE_QUERY_PILES_H

#include "store/query_match.h"

/* The ids of rows in order: from `at` on, `limit` of them. */
typedef bool piles_order_fn(
    void *context, uint64_t at, size_t limit, int64_t *row_ids, struct err *e);

struct piles_plan {
	struct rows_file *file; /* held until the last piles_each() */
	uint64_t matching;
	uint64_t span;       /* no id of a row is above it */
	size_t part;         /* rows of a pile; more when there would be over PILES_MOST */
	const char *scratch; /* what the names of files begin with while they have one */
	/* Called twice for each pile, and once more each time that all is read again. */
	piles_order_fn *order;
	void *context;
	struct query_time time;
};
#define PILES_MOST UINT8_MAX

/* In memory: a byte for each id, 24 for each row of a pile, 64 KiB for each pile. */
struct piles;
bool piles_make(
    struct piles **out, const struct piles_plan *plan, struct arena *a, struct err *e) MUST_CHECK;
/* As often as wanted. */
bool piles_each(struct piles *p, rows_each_fn *fn, void *context, struct err *e) MUST_CHECK;

#endif
