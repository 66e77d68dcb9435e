/*
 * query.h: looking at all rows at once: which ones match, in which order, and what values they
 * have.  What is asked for has been parsed already (model/query.h does that); here it is answered
 * in one state of the file: by reading every row once, or, when the query has projections, from
 * those and the rows changed since.  Both find the same.  TIMEOUT when it takes longer than
 * LIMIT_QUERY_MS; a job may take its time (struct query_watch).
 */
#ifndef ROWHOUSE_QUERY_H
#define ROWHOUSE_QUERY_H

#include "store/filter.h"
#include "store/projection.h"

/* Values of a column that are chosen, or that are not wanted.  In one column rows must have one of
 * those to include and none of those to exclude; all columns' selections must hold. */
struct selection {
	bool exclude;
	struct filter test; /* of its column's keys: FILTER_IN, _RANGE or _CLASS */
};

struct sort {
	size_t column;
	bool descending; /* what is blank comes last either way: empty, null, missing */
};

/* Asked now and then whether to go on; false, with the err set: no. */
struct query_watch {
	void *context;
	bool (*look)(void *context, struct err *e);
};

struct query {
	const struct column *columns;
	size_t column_count;
	const struct filter *filter; /* NULL: all rows */
	const struct selection *selections;
	size_t selection_count;
	const struct sort *sorts; /* equal rows keep their order */
	size_t sort_count;
	struct str search; /* in any of the columns, as `contains`; empty: none */
	/* By place among the columns, of those that query_needs() marks; NULL: every row is read.
	 */
	const struct projection *const *projections;
	/* NULL: the time is LIMIT_QUERY_MS. */
	const struct query_watch *watch;
	/* What the names of temporary files begin with, which query_find() needs when it sorts. */
	const char *scratch;
};

/* Marks the columns (by place) whose projections answer the query, with facets of `facets`.  False:
 * none does, as when a text is searched for and nothing else is asked: rows have to be read. */
bool query_needs(const struct query *q, const size_t *facets, size_t facet_count, bool *needed);

struct query_page {
	uint64_t total, matching;
	const int64_t *row_ids; /* of the page, in order */
	size_t count;
};

/* The page of matching rows from `offset` on: `fn` (may be NULL) gets each as it was when it was
 * looked for; false of it ends the page early.  TOO_BIG when sorting takes more than
 * LIMIT_QUERY_BYTES. */
bool query_rows(struct rows_file *f, const struct query *q, uint64_t offset, size_t limit,
    struct query_page *out, rows_each_fn *fn, void *context, struct arena *a,
    struct err *e) MUST_CHECK;

/*
 * All matching rows, for who writes them down: found once, handed out in order as often as wanted,
 * each as `fn` has it in query_rows().  The file must be held (rows_hold) from before query_find()
 * until the last query_each().  It takes a bit of memory a row.  Sorted it takes a byte a row, up
 * to 42 MiB besides and, of many rows, their size on the disk (query_piles.h); sorted without
 * projections up to LIMIT_QUERY_BYTES: TOO_BIG.
 */
struct query_found {
	struct rows_file *file;
	const struct query *query;
	uint64_t matching;
	/* One of them: which rows, in their own order; in the query's, when few; those on piles. */
	const uint64_t *bits;
	const int64_t *row_ids;
	struct piles *piles;
	uint64_t span; /* of the bits */
};
bool query_find(struct query_found *out, struct rows_file *f, const struct query *q,
    struct arena *a, struct err *e) MUST_CHECK;
bool query_each(
    struct query_found *found, rows_each_fn *fn, void *context, struct err *e) MUST_CHECK;

struct facet_value {
	struct str token; /* JSON, as answers print it; clipped: the beginning of it, a string */
	bool clipped;
	uint64_t count;
};

/* From `from` up to but without `to`, the last one with it; seconds since 1970 of moments. */
struct facet_bin {
	double from, to;
	uint64_t count;
};

struct facet {
	size_t column;
	uint64_t rows; /* that are counted here: the column's own selections do not restrict it */
	uint64_t empty, null, missing, other; /* other: not of the column's type; values too */
	uint64_t distinct;                    /* values */
	const struct facet_value *values;     /* the most frequent first; equally often: by value */
	size_t value_count;
	const struct facet_bin *bins; /* of numbers and moments */
	size_t bin_count;
	uint64_t beyond; /* numbers no finite double is near, which are in no bin */
	/* Of the type's values (count 0: there are none); and of texts how many bytes they have. */
	struct facet_value least, most;
	uint64_t shortest, longest;
};

struct query_facets {
	uint64_t total, matching;
	struct facet *list; /* as the columns were asked for */
	size_t count;
};

/* The sorts do not matter.  TOO_BIG when the distinct values take more than LIMIT_QUERY_BYTES. */
bool query_facets(struct rows_file *f, const struct query *q, const size_t *columns, size_t count,
    size_t values, size_t bins, struct query_facets *out, struct arena *a,
    struct err *e) MUST_CHECK;

#endif
