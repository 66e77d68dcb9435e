/*
 * projections.c: whether a query is answered from projections, and who makes those that are not
 * there; see model/query.h.
 */
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
use(struct model *m, const struct dataset *d, struct rows_file *rows, const struct column *column,
    const struct projection **out, struct arena *a, struct err *e)
{
	int64_t *touched;
	size_t count;
	struct str path =
	    store_projection_path(m->store, d->dataset_id, d->generation, column->column_id, a);
	if (!projection_use(out, m->projections, path.p, d->generation, column, a, e))
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
	if (found && (str_is(job->state, "queued") || str_is(job->state, "running")))
		return true;
	*job = (struct job){
	    .org_id = d->org_id,
	    .kind = STR("project"),
	    .dataset_id = arena_copy(a, str_of(d->dataset_id)),
	    .params = params,
	    .who = c->who,
	};
	if (!store_begin(m->store, e) || !model_end(m, store_job_insert(m->store, job, e), e))
		return false;
	model_wake(m);
	return true;
}

bool
model_query_prepare(struct model *m, const struct caller *c, const struct dataset *d,
    struct rows_file *rows, struct query *q, const size_t *facets, size_t facet_count, bool waited,
    struct job *job, struct arena *a, struct err *e)
{
	uint64_t count;
	size_t missing = 0;
	bool *needed = arena_array(a, q->column_count, sizeof *needed), unfit = false;
	*job = (struct job){0};
	if (!caller_may(c, RIGHT_READ, e) || !rows_count(rows, &count, e))
		return false;
	if (count <= LIMIT_SCAN_ROWS || !query_needs(q, facets, facet_count, needed))
		return true;
	const struct projection **list =
	    arena_array(a, q->column_count, sizeof(struct projection *));
	size_t *column_ids = arena_array(a, q->column_count, sizeof *column_ids);
	for (size_t k = 0; k < q->column_count; k++) {
		if (!needed[k])
			continue;
		if (!use(m, d, rows, &q->columns[k], &list[k], a, e))
			return false;
		if (!list[k])
			column_ids[missing++] = q->columns[k].column_id;
		else
			unfit |= list[k]->head.unfit != 0;
	}
	if (missing == 0 && !unfit)
		q->projections = list;
	return missing == 0 || waited || start(m, c, d, column_ids, missing, job, a, e);
}
