/*
 * projections.c: whether a query is answered from projections, and who makes those that are not
 * there; see model/query.h.
 */
#include "base/file.h"
#include "base/limits.h"
#include "model/query.h"

struct str
projections_params(
    int64_t generation, int64_t edition, const size_t *column_ids, size_t count, struct arena *a)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_int(&j, "generation", generation);
	jsonout_member_int(&j, "edition", edition);
	jsonout_key(&j, "columns");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		jsonout_int(&j, (int64_t)column_ids[i]);
	jsonout_end(&j);
	jsonout_end(&j);
	return buf_str(&b);
}

/* *out NULL: there is none, or too many rows were changed since it was made. */
static bool
use(struct store *s, struct projection_cache *cache, const struct dataset *d,
    struct rows_file *rows, const struct column *column, const struct projection **out,
    struct arena *a, struct err *e)
{
	int64_t *touched;
	size_t count;
	struct str path =
	    store_projection_path(s, d->dataset_id, d->generation, column->column_id, a);
	if (!projection_use(out, cache, path.p, d->generation, column, a, e))
		return false;
	if (!*out || (*out)->head.edition == d->edition)
		return true;
	struct arena_mark mark = arena_mark(a);
	if (!rows_touched_since(
		rows, (*out)->head.change_id, LIMIT_CHANGED_ROWS + 1, &touched, &count, a, e))
		return false;
	arena_reset(a, mark);
	if (count > LIMIT_CHANGED_ROWS)
		*out = NULL;
	return true;
}

/* One that makes just these is taken, or a new one queued. */
static bool
start(struct model *m, const struct caller *c, const struct dataset *d, const size_t *column_ids,
    size_t count, struct job *job, struct arena *a, struct err *e)
{
	bool found;
	struct str params = projections_params(d->generation, d->edition, column_ids, count, a);
	if (!store_job_with_params(m->store, job, &found, d->dataset_id, "project", params, a, e))
		return false;
	if (found && job_is_active(job))
		return true;
	*job = (struct job){
	    .org_id = d->org_id,
	    .kind = STR("project"),
	    .dataset_id = arena_copy(a, str_of(d->dataset_id)),
	    .params = params,
	    .who = c->who,
	};
	return model_job_queue(m, job, e);
}

/* The columns whose projections answer a query. */
struct needs {
	bool any;                       /* projections are asked at all */
	bool unfit;                     /* of one of them there can be none */
	const struct projection **list; /* by place among the columns */
	struct column *missing;
	size_t missing_count;
};

static bool
find_needs(struct needs *n, struct store *s, struct projection_cache *cache,
    const struct dataset *d, struct rows_file *rows, const struct query *q, const size_t *facets,
    size_t facet_count, struct arena *a, struct err *e)
{
	uint64_t count;
	bool *needed = arena_array(a, q->column_count, sizeof *needed);
	*n = (struct needs){0};
	if (!rows_count(rows, &count, e))
		return false;
	n->any = count > LIMIT_SCAN_ROWS && query_needs(q, facets, facet_count, needed);
	n->list = arena_array(a, q->column_count, sizeof(struct projection *));
	n->missing = arena_array(a, q->column_count, sizeof *n->missing);
	for (size_t k = 0; n->any && k < q->column_count; k++) {
		if (!needed[k])
			continue;
		if (!use(s, cache, d, rows, &q->columns[k], &n->list[k], a, e))
			return false;
		if (!n->list[k])
			n->missing[n->missing_count++] = q->columns[k];
		else
			n->unfit |= n->list[k]->head.unfit != 0;
	}
	return true;
}

/* The query has them if they are all there. */
static void
take(struct query *q, const struct needs *n)
{
	if (n->any && n->missing_count == 0 && !n->unfit)
		q->projections = n->list;
}

bool
model_query_prepare(struct model *m, const struct caller *c, const struct dataset *d,
    struct rows_file *rows, struct query *q, const size_t *facets, size_t facet_count, bool waited,
    struct job *job, struct arena *a, struct err *e)
{
	struct needs n;
	*job = (struct job){0};
	if (!caller_may(c, RIGHT_READ, e) ||
	    !find_needs(&n, m->store, m->projections, d, rows, q, facets, facet_count, a, e))
		return false;
	take(q, &n);
	if (n.missing_count == 0 || waited)
		return true;
	size_t *column_ids = arena_array(a, n.missing_count, sizeof *column_ids);
	for (size_t i = 0; i < n.missing_count; i++)
		column_ids[i] = n.missing[i].column_id;
	return start(m, c, d, column_ids, n.missing_count, job, a, e);
}

static bool
look(void *context, uint64_t done, uint64_t total, struct err *e)
{
	const struct query_watch *watch = context;
	(void)done;
	(void)total;
	return watch->look(watch->context, e);
}

static bool
make_missing(const struct needs *n, struct store *s, const struct dataset *d,
    struct rows_file *rows, const struct query *q, const char *scratch, struct arena *a,
    struct err *e)
{
	struct query_watch watch = *q->watch;
	struct str folder = store_projections_path(s, d->dataset_id, d->generation, a);
	const struct projection_plan plan = {
	    .columns = n->missing,
	    .count = n->missing_count,
	    .generation = d->generation,
	    .folder = folder.p,
	    .scratch = scratch,
	    .bytes = LIMIT_PROJECTION_BYTES,
	    .look = look,
	    .context = &watch,
	};
	return folder_make(folder.p, e) && projection_build(rows, &plan, a, e);
}

bool
query_prepare_alone(struct store *s, struct projection_cache *cache, const struct dataset *d,
    struct rows_file *rows, struct query *q, const char *scratch, struct arena *a, struct err *e)
{
	struct needs n;
	q->scratch = scratch;
	if (!find_needs(&n, s, cache, d, rows, q, NULL, 0, a, e))
		return false;
	if (n.missing_count > 0 && q->sort_count > 0 &&
	    (!make_missing(&n, s, d, rows, q, scratch, a, e) ||
		!find_needs(&n, s, cache, d, rows, q, NULL, 0, a, e)))
		return false;
	take(q, &n);
	return true;
}
