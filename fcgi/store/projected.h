/*
 * projected.h: a query answered from projections; what query.c and query_facets.c share of that.
 *
 * Rows are bits (bits.h).  A projection knows the rows as they were after some change; rows that
 * later ones touched are taken out of its answer, read from the file, and looked at one by one as
 * a scan does (query_match.h).
 */
#ifndef ROWHOUSE_PROJECTED_H
#define ROWHOUSE_PROJECTED_H

#include "store/bits.h"
#include "store/query_match.h"

/* A row that is there and was touched since. */
struct changed_row {
	uint32_t row; /* its id - 1 */
	struct match match;
	const struct str *keys; /* of the columns that were asked for, in that order */
};

struct projected {
	const struct query *query;
	struct rows_file *file;
	struct arena *kept; /* LIMIT_QUERY_BYTES */
	struct query_time time;
	uint64_t span; /* bits in each set */
	uint64_t total, matching;
	/* Rows not touched since: that filter and search let through; all selections too; and by
	 * column that has selections, those its own let through. */
	uint64_t *rest, *all;
	uint64_t rest_count, all_count;
	size_t *selected;
	uint64_t **allowed;
	size_t selected_count;
	struct changed_row *changed; /* by id */
	size_t changed_count;
};

/* The file must be held (query_hold).  `keyed`: columns whose keys are wanted of changed rows. */
bool projected_open(struct projected *p, struct rows_file *f, const struct query *q,
    const size_t *keyed, size_t keyed_count, struct arena *a, struct err *e) MUST_CHECK;

/* All matching rows, changed ones too, as bits. */
const uint64_t *projected_rows(struct projected *p);
/* Rows of the page, as query_rows() has them. */
bool projected_page(struct projected *p, uint64_t offset, size_t limit, struct query_page *out,
    int64_t *row_ids, struct err *e) MUST_CHECK;
/* The same when the query sorts; keys of changed rows are those of the sorts, in their order. */
bool projected_sort(struct projected *p, uint64_t offset, size_t limit, struct query_page *out,
    int64_t *row_ids, struct err *e) MUST_CHECK;

/* The facet of a column, whose keys are at `k` of the changed rows. */
bool projected_facet(struct projected *p, struct facet *f, size_t k, size_t values, size_t bins,
    struct arena *a, struct err *e) MUST_CHECK;

#endif
