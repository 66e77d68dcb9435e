/*
 * claro_data.c: the rows of a dataset in Claro's shape; see claro.h.
 *
 * `filter` is an expression as our own API takes it (store/filter.h), `sort` one column, by name or
 * id, and `order` asc or desc; pages are then of the rows that match.
 */
#include "api/claro.h"
#include "api/rowcells.h"
#include "api/rowhouse.h"
#include "base/limits.h"
#include "model/query.h"

struct asked {
	struct claro_paging paging;
	struct query_request request;
	struct sort sort;
	struct query query;
};

/* A column of any name: what of it would be a sign to our own `sort` is none here. */
static bool
read_sort(struct asked *q, struct exchange *x, struct err *e)
{
	struct str name = url_parameter(&x->request.query, "sort");
	struct str order = url_parameter(&x->request.query, "order");
	q->sort.descending = str_is(order, "desc");
	if (order.n > 0 && !str_is(order, "asc") && !q->sort.descending)
		return FAIL_FIELD(e, INPUT, "order", "order must be asc or desc");
	if (name.n == 0)
		return true;
	q->request.sort = name;
	q->sort.column = filter_column(q->query.columns, q->query.column_count, name);
	if (q->sort.column == q->query.column_count)
		return FAIL_FIELD(e, INPUT, "sort", "sort: there is no column %.*s",
		    STR_ARG(str_clip(name, 100)));
	q->query.sorts = &q->sort;
	q->query.sort_count = 1;
	return true;
}

static bool
read_asked(
    struct asked *q, struct exchange *x, const struct column *columns, size_t count, struct err *e)
{
	q->request.filter = url_parameter(&x->request.query, "filter");
	return model_query_check(&q->query, &q->request, columns, count, &x->arena, e) &&
	       read_sort(q, x, e);
}

/* A page of rows while it is being written: the rows' ids come after all cells. */
struct page {
	struct jsonout j;
	struct rowcells cells;
	int64_t *row_ids;
	size_t count;
};

static bool
put_row(void *context, const struct row *row, struct err *e)
{
	struct page *p = context;
	struct jsonout *j = &p->j;
	(void)e;
	p->row_ids[p->count++] = row->row_id;
	rowcells_read(&p->cells, row);
	jsonout_array(j);
	for (size_t k = 0; k < p->cells.count; k++) {
		struct str slug = p->cells.columns[k].slug;
		char *id;
		jsonout_object(j);
		jsonout_key(j, "cellId");
		id = jsonout_room(j, slug.n + 40);
		int n = snprintf(
		    id, slug.n + 40, "\"cell_%" PRId64 "_col_%.*s\"", row->row_id, STR_ARG(slug));
		jsonout_took(j, (size_t)n);
		jsonout_key(j, "value");
		rowcells_put(j, &p->cells, k, SIZE_MAX);
		jsonout_key(j, "metadata");
		jsonout_raw(j, STR("{}"));
		jsonout_end(j);
	}
	jsonout_end(j);
	return true;
}

/* The rows in their own order are a seek away. */
static bool
put_rows(struct page *p, struct rows_file *rows, const struct asked *q, uint64_t *total,
    struct arena *a, struct err *e)
{
	struct query_page found;
	uint64_t position = (q->paging.page - 1) * q->paging.limit;
	if (query_request_is_plain(&q->request))
		return rows_count(rows, total, e) &&
		       rows_page(rows, position, q->paging.limit, put_row, p, e);
	if (!query_rows(rows, &q->query, position, q->paging.limit, &found, put_row, p, a, e))
		return false;
	*total = found.matching;
	return true;
}

bool
claro_dataset_data(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct rows_file *rows;
	const struct column *columns;
	size_t column_count;
	struct asked q = {0};
	uint64_t total;
	bool waits = false;
	if (!claro_read_paging(&q.paging, x, 50, LIMIT_PAGE_ROWS, e) ||
	    !model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !model_rows_open(&x->app->model, &d, &rows, &x->arena, e) ||
	    !rows_columns(rows, &columns, &column_count, &x->arena, e) ||
	    !read_asked(&q, x, columns, column_count, e) ||
	    (!query_request_is_plain(&q.request) &&
		!query_prepare(x, &d, rows, &q.query, NULL, 0, claro_dataset_data, &waits, e)))
		return false;
	if (waits)
		return true;
	struct page *p = arena_alloc(&x->arena, sizeof *p);
	struct jsonout *j = &p->j;
	p->row_ids = arena_array(&x->arena, q.paging.limit, sizeof *p->row_ids);
	rowcells_init(&p->cells, columns, column_count, &x->arena);
	respond_json(x, 200, j);
	jsonout_object(j);
	claro_put_columns(j, columns, column_count, &x->arena);
	jsonout_key(j, "data");
	jsonout_array(j);
	if (!put_rows(p, rows, &q, &total, &x->arena, e))
		return false;
	jsonout_end(j);
	jsonout_key(j, "rowIds");
	jsonout_array(j);
	for (size_t i = 0; i < p->count; i++)
		jsonout_str(j, arena_format(&x->arena, "row_%" PRId64, p->row_ids[i]));
	jsonout_end(j);
	claro_put_paging(j, &q.paging, total);
	jsonout_end(j);
	return true;
}
