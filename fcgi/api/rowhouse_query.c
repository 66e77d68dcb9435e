/* rowhouse_query.c: looking at rows: pages of those that match, facets and statistics; see
 * rowhouse.h. */
#include "api/rowcells.h"
#include "api/rowhouse.h"
#include "base/limits.h"
#include "model/query.h"

/* ---- what is asked for ---- */

enum { ROWS_SORT = QUERY__MAX, ROWS_POSITION, ROWS_LIMIT };
const struct field rows_query[] = {
    QUERY_FIELDS(0),
    [ROWS_SORT] = QUERY_SORT_FIELD,
    [ROWS_POSITION] = {"position", "position", "From which row on, counted from 0.", FIELD_INTEGER,
	.preset = "0", .min = 0, .max = 9007199254740992.0},
    [ROWS_LIMIT] = {"limit", "limit", "How many at once.", FIELD_INTEGER, .preset = "50", .min = 1,
	.max = LIMIT_PAGE_ROWS},
    {0},
};

enum { FACETS_COLUMNS = QUERY__MAX, FACETS_VALUES, FACETS_BINS };
const struct field facets_query[] = {
    QUERY_FIELDS(0),
    [FACETS_COLUMNS] = {"columns", "columns",
	"Of which columns, with commas between; all of them if none is named.", FIELD_LINE},
    [FACETS_VALUES] = {"values", "values", "How many of the most frequent values.", FIELD_INTEGER,
	.preset = "20", .min = 1, .max = LIMIT_FACET_VALUES},
    [FACETS_BINS] = {"bins", "bins", "How many bins the histograms have.", FIELD_INTEGER,
	.preset = "20", .min = 1, .max = LIMIT_FACET_BINS},
    {0},
};

enum { COLUMNS_COLUMNS };
const struct field columns_query[] = {
    [COLUMNS_COLUMNS] = {"columns", "columns",
	"Statistics of which columns, with commas between; of the first hundred if none is named.",
	FIELD_LINE},
    {0},
};

/* ---- a page of rows ---- */

struct clipped {
	int64_t row_id;
	size_t column;
	size_t bytes;
};

#define CLIPPED_MAX 1000

/* A page of rows while it is being written. */
struct page {
	struct jsonout j;
	struct rowcells cells;
	size_t shown;
	struct clipped clipped[CLIPPED_MAX];
	size_t clipped_count;
};

/* One row, until the page has what a page may have. */
static bool
put_row(void *context, const struct row *row, struct err *e)
{
	struct page *p = context;
	struct jsonout *j = &p->j;
	(void)e;
	if (p->shown > 0 && j->out->n >= LIMIT_PAGE_BYTES)
		return false;
	rowcells_read(&p->cells, row);
	jsonout_object(j);
	jsonout_key(j, "id");
	jsonout_raw(j, STR("\"row_"));
	buf_put_unsigned(j->out, (uint64_t)row->row_id);
	buf_put_char(j->out, '"');
	jsonout_member_int(j, "line", (int64_t)row->line);
	jsonout_member_int(j, "rev", row->rev);
	jsonout_key(j, "cells");
	jsonout_array(j);
	for (size_t k = 0; k < p->cells.count; k++) {
		bool cut = rowcells_put(j, &p->cells, k, LIMIT_PAGE_CELL_BYTES);
		if (cut && p->clipped_count < CLIPPED_MAX)
			p->clipped[p->clipped_count++] =
			    (struct clipped){row->row_id, k, p->cells.cells[k]->bytes.n};
	}
	jsonout_end(j);
	jsonout_end(j);
	p->shown++;
	return true;
}

static void
put_clipped(struct page *p)
{
	struct jsonout *j = &p->j;
	struct arena *a = j->out->arena;
	jsonout_key(j, "clipped");
	jsonout_array(j);
	for (size_t i = 0; i < p->clipped_count; i++) {
		const struct clipped *c = &p->clipped[i];
		struct str slug = p->cells.columns[c->column].slug;
		jsonout_object(j);
		jsonout_member_str(j, "row", arena_format(a, "row_%" PRId64, c->row_id));
		jsonout_member_str(j, "column", arena_format(a, "col_%.*s", STR_ARG(slug)));
		jsonout_member_int(j, "bytes", (int64_t)c->bytes);
		jsonout_end(j);
	}
	jsonout_end(j);
}

/* What a request that waits keeps: the job, and where to go on. */
struct waiting {
	char job_id[UUID_BYTES];
	handler_fn *again;
};

static bool
go_on(struct exchange *x, struct err *e)
{
	const struct waiting *w = x->state;
	struct job job;
	if (!model_job_get(&x->app->model, &x->caller, str_of(w->job_id), &job, &x->arena, e))
		return false;
	if (!str_is(job.state, "queued") && !str_is(job.state, "running"))
		return w->again(x, e);
	/* Others may wait for it too, so nobody's leaving cancels it. */
	exchange_wait(x, w->job_id, false, go_on);
	return true;
}

bool
query_prepare(struct exchange *x, const struct dataset *d, struct rows_file *rows, struct query *q,
    const size_t *facets, size_t facet_count, handler_fn *again, bool *waits, struct err *e)
{
	struct job job;
	if (!model_query_prepare(&x->app->model, &x->caller, d, rows, q, facets, facet_count,
		x->state != NULL, &job, &x->arena, e))
		return false;
	*waits = job.job_id[0] != 0;
	if (!*waits)
		return true;
	struct waiting *w = arena_alloc(&x->arena, sizeof *w);
	memcpy(w->job_id, job.job_id, sizeof w->job_id);
	w->again = again;
	x->state = w;
	return go_on(x, e);
}

/* A dataset whose rows are looked at, and how. */
struct look {
	struct dataset dataset;
	struct rows_file *rows;
	const struct column *columns;
	size_t column_count;
	struct query_request request;
	struct query query;
};

static bool
open_look(struct look *l, struct exchange *x, const struct value *q, const struct value *sort,
    struct err *e)
{
	struct model *m = &x->app->model;
	struct arena *a = &x->arena;
	if (!model_dataset_get(m, &x->caller, x->value[0], &l->dataset, a, e) ||
	    !model_rows_open(m, &l->dataset, &l->rows, a, e) ||
	    !rows_columns(l->rows, &l->columns, &l->column_count, a, e))
		return false;
	query_request_read(&l->request, q, sort, a);
	return model_query_check(&l->query, &l->request, l->columns, l->column_count, a, e);
}

/* The rows in their own order are a seek away. */
static bool
put_rows(struct page *p, const struct look *l, uint64_t position, size_t limit,
    struct query_page *found, struct arena *a, struct err *e)
{
	if (!query_request_is_plain(&l->request))
		return query_rows(l->rows, &l->query, position, limit, found, put_row, p, a, e);
	if (!rows_count(l->rows, &found->total, e))
		return false;
	found->matching = found->total;
	return rows_page(l->rows, position, limit, put_row, p, e);
}

bool
rowhouse_rows(struct exchange *x, struct err *e)
{
	struct look l;
	struct query_page found = {0};
	const struct value *q;
	bool waits = false;
	if (!query_check(&q, x, rows_query, e) || !open_look(&l, x, q, &q[ROWS_SORT], e) ||
	    (!query_request_is_plain(&l.request) &&
		!query_prepare(x, &l.dataset, l.rows, &l.query, NULL, 0, rowhouse_rows, &waits, e)))
		return false;
	if (waits)
		return true;
	uint64_t position = (uint64_t)q[ROWS_POSITION].integer;
	struct page *p = arena_alloc(&x->arena, sizeof *p);
	struct jsonout *j = &p->j;
	rowcells_init(&p->cells, l.columns, l.column_count, &x->arena);
	respond_json(x, 200, j);
	jsonout_object(j);
	jsonout_key(j, "columns");
	put_column_list(j, l.columns, l.column_count, &x->arena);
	jsonout_key(j, "rows");
	jsonout_array(j);
	if (!put_rows(p, &l, position, (size_t)q[ROWS_LIMIT].integer, &found, &x->arena, e))
		return false;
	jsonout_end(j);
	put_clipped(p);
	jsonout_member_int(j, "position", (int64_t)position);
	jsonout_member_int(j, "total", (int64_t)found.total);
	jsonout_member_int(j, "matching", (int64_t)found.matching);
	jsonout_key(j, "next");
	if (p->shown > 0 && position + p->shown < found.matching)
		jsonout_int(j, (int64_t)(position + p->shown));
	else
		jsonout_null(j);
	jsonout_end(j);
	return true;
}

/* ---- facets ---- */

bool
rowhouse_facets(struct exchange *x, struct err *e)
{
	struct look l;
	struct query_facets found;
	const size_t *asked;
	size_t count;
	const struct value *q;
	struct jsonout j;
	bool waits = false;
	if (!query_check(&q, x, facets_query, e) || !open_look(&l, x, q, NULL, e) ||
	    !model_query_columns(&asked, &count, q[FACETS_COLUMNS].text, "columns", l.columns,
		l.column_count, &x->arena, e) ||
	    !query_prepare(
		x, &l.dataset, l.rows, &l.query, asked, count, rowhouse_facets, &waits, e))
		return false;
	if (waits)
		return true;
	if (!query_facets(l.rows, &l.query, asked, count, (size_t)q[FACETS_VALUES].integer,
		(size_t)q[FACETS_BINS].integer, &found, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_member_int(&j, "total", (int64_t)found.total);
	jsonout_member_int(&j, "matching", (int64_t)found.matching);
	jsonout_key(&j, "facets");
	query_facet_list_put(&j, &found, l.columns);
	jsonout_end(&j);
	return true;
}

/* ---- statistics ---- */

static void
put_statistics(struct exchange *x, const struct look *l, const struct query_facets *found)
{
	struct jsonout j;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_member_int(&j, "total", (int64_t)found->total);
	jsonout_key(&j, "columns");
	put_column_list(&j, l->columns, l->column_count, &x->arena);
	jsonout_key(&j, "statistics");
	query_facet_list_put(&j, found, l->columns);
	jsonout_end(&j);
}

bool
rowhouse_columns(struct exchange *x, struct err *e)
{
	struct look l = {0};
	struct model *m = &x->app->model;
	struct query_facets found;
	const size_t *asked;
	size_t count;
	const struct value *q;
	bool waits = false;
	if (!query_check(&q, x, columns_query, e) ||
	    !model_dataset_get(m, &x->caller, x->value[0], &l.dataset, &x->arena, e) ||
	    !model_rows_open(m, &l.dataset, &l.rows, &x->arena, e) ||
	    !rows_columns(l.rows, &l.columns, &l.column_count, &x->arena, e) ||
	    !model_query_check(&l.query, &l.request, l.columns, l.column_count, &x->arena, e) ||
	    !model_statistics_columns(
		&asked, &count, q[COLUMNS_COLUMNS].text, l.columns, l.column_count, &x->arena, e))
		return false;
	if (q[COLUMNS_COLUMNS].text.n == 0 &&
	    model_statistics_stored(&found, m, &l.dataset, l.column_count, &x->arena)) {
		put_statistics(x, &l, &found);
		return true;
	}
	if (!query_prepare(
		x, &l.dataset, l.rows, &l.query, asked, count, rowhouse_columns, &waits, e))
		return false;
	if (waits)
		return true;
	if (!query_facets(l.rows, &l.query, asked, count, STATISTICS_VALUES, STATISTICS_BINS,
		&found, &x->arena, e))
		return false;
	put_statistics(x, &l, &found);
	return true;
}
