/*
 * grid.h: the rows of a dataset as its page shows them: a page of those that match, over them the
 * columns with what is in them, beside them the facets that were opened.
 */
#ifndef ROWHOUSE_PAGES_GRID_H
#define ROWHOUSE_PAGES_GRID_H

#include "pages/dataset.h"
#include "pages/question.h"

/* What it is drawn from; everything lives as long as the request. */
struct grid {
	struct exchange *x;
	struct dataset *dataset;
	struct rows_file *rows;
	const struct column *columns;
	size_t count;
	uint64_t total;
	struct question question;
	struct query_request request;
	struct query query;
	const size_t *facets; /* opened, by place among the columns */
	size_t facet_count;
	size_t facet_values;
	bool is_stored; /* statistics of the columns */
	struct query_facets statistics;
	const size_t
	    *described; /* columns whose statistics are counted now, when none are stored */
	size_t described_count;
	bool later;       /* that takes time, and the page asks for it when it is there */
	struct err wrong; /* with the question */
};

/* Opens the rows and reads the address.  *waits: columns have to be made ready first, and the page
 * is drawn from its beginning when they are. */
bool grid_open(
    struct grid *g, struct exchange *x, struct dataset *d, bool *waits, struct err *e) MUST_CHECK;
/* Members of the open object, for templates/part-grid.xhtml and those it includes. */
bool grid_put(struct grid *g, struct jsonout *j, struct err *e) MUST_CHECK;

/* grid_columns.c: `heads`, a column each, and `facets`, those that were opened. */
bool grid_put_heads(struct grid *g, struct jsonout *j, struct err *e) MUST_CHECK;
bool grid_put_facets(struct grid *g, struct jsonout *j, struct err *e) MUST_CHECK;

/* "key": an address of the same page with one thing changed, without its "?". */
void grid_put_link(
    struct jsonout *j, const char *key, const struct grid *g, const struct question_change *change);

#endif
