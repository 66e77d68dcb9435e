/*
 * project.c: makes projections of a dataset's columns (jobs of kind project), so that questions to
 * all of its rows are answered at once.
 *
 * Each comes to lie in the dataset's derived/ folder when it is whole; whatever it leaves when it
 * is killed has the job's id in its name.  Those that are there and up to date stay.  When all
 * columns are meant the statistics of them are stored too.
 *
 * params: projections_params() of model/query.h
 */
#include "jobs/jobs.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"
#include "model/query.h"

struct projector {
	struct job_context c;
	struct dataset dataset;
	struct rows_file *rows;
	struct projection_cache *cache;
	struct column *columns; /* that are to be made */
	size_t count;
	struct job_count done;
};

static bool
look(void *context, uint64_t done, uint64_t total, struct err *e)
{
	struct projector *x = context;
	x->done = (struct job_count){.done = done, .total = total, .rows = done};
	return job_progress(&x->c, &x->done, e);
}

/* The first ones, when none are named: nobody looks at more of them at once. */
static bool
is_named(const json_t *names, const struct column *column, size_t place)
{
	const json_t *name;
	size_t i;
	if (json_array_size(names) == 0)
		return place < LIMIT_FACET_COLUMNS;
	json_array_foreach(names, i,
	    name) if (json_integer_value(name) == (json_int_t)column->column_id) return true;
	return false;
}

static bool
use(struct projector *x, const struct column *column, const struct projection **out, struct err *e)
{
	struct arena *a = &x->c.arena;
	struct str path = store_projection_path(
	    x->c.store, x->dataset.dataset_id, x->dataset.generation, column->column_id, a);
	return projection_use(out, x->cache, path.p, x->dataset.generation, column, a, e);
}

static bool
choose(struct projector *x, const json_t *params, int64_t edition, struct err *e)
{
	struct arena *a = &x->c.arena;
	const struct column *all;
	const struct projection *there;
	size_t count;
	if (!rows_columns(x->rows, &all, &count, a, e))
		return false;
	x->columns = arena_array(a, count, sizeof *x->columns);
	for (size_t i = 0; i < count; i++) {
		if (!is_named(json_object_get(params, "columns"), &all[i], i))
			continue;
		if (!use(x, &all[i], &there, e))
			return false;
		if (!there || there->head.edition != edition)
			x->columns[x->count++] = all[i];
	}
	return true;
}

static bool
make(struct projector *x, struct err *e)
{
	struct arena *a = &x->c.arena;
	const char *dataset_id = x->dataset.dataset_id;
	struct str folder =
		       store_projections_path(x->c.store, dataset_id, x->dataset.generation, a),
		   name = arena_format(a, "project-%s", x->c.job.job_id),
		   scratch = store_derived_path(x->c.store, dataset_id, name.p, a);
	const struct projection_plan plan = {
	    .columns = x->columns,
	    .count = x->count,
	    .generation = x->dataset.generation,
	    .folder = folder.p,
	    .scratch = scratch.p,
	    .bytes = LIMIT_PROJECTION_BYTES,
	    .look = look,
	    .context = x,
	};
	return x->count == 0 ||
	       (folder_make(folder.p, e) && projection_build(x->rows, &plan, a, e));
}

/* With what they are made of at hand, the statistics of the columns cost little.  One that is unfit
 * has none, and they are counted when somebody asks. */
static bool
count_all(struct projector *x, int64_t edition, struct err *e)
{
	struct arena *a = &x->c.arena;
	const struct column *all;
	size_t count;
	if (!rows_columns(x->rows, &all, &count, a, e))
		return false;
	const struct projection **list = arena_array(a, count, sizeof(struct projection *));
	for (size_t i = 0; i < count && i < LIMIT_FACET_COLUMNS; i++) {
		if (!use(x, &all[i], &list[i], e))
			return false;
		if (!list[i] || list[i]->head.unfit)
			return true;
	}
	struct str path =
	    store_statistics_path(x->c.store, x->dataset.dataset_id, x->dataset.generation, a);
	return count == 0 || statistics_store(path.p, x->rows, all, count, list, edition, a, e);
}

static bool
finish(struct projector *x, struct err *e)
{
	struct store *s = x->c.store;
	if (!store_begin(s, e))
		return false;
	if (store_job_done(s, x->c.job.job_id, &x->done, (struct str){0}, e))
		return store_commit(s, e);
	store_rollback(s);
	return false;
}

static bool
run(struct projector *x, struct err *e)
{
	struct arena *a = &x->c.arena;
	json_t *params;
	int64_t edition;
	x->cache = projection_cache_new();
	if (!x->cache)
		return FAIL(e, UNAVAILABLE, "out of memory");
	if (!tree_parse_own(&params, x->c.job.params, a, e) ||
	    !store_dataset_get(
		x->c.store, &x->dataset, 0, arena_text(a, x->c.job.dataset_id), a, e))
		return false;
	/* There are other rows by now, and nobody asks about these. */
	if (json_integer_value(json_object_get(params, "generation")) != x->dataset.generation)
		return finish(x, e);
	struct str path =
	    store_rows_path(x->c.store, x->dataset.dataset_id, x->dataset.generation, a);
	bool whole = json_array_size(json_object_get(params, "columns")) == 0;
	return rows_open(&x->rows, path.p, e) && rows_edition(x->rows, &edition, e) &&
	       choose(x, params, edition, e) && make(x, e) &&
	       (!whole || count_all(x, edition, e)) && finish(x, e);
}

int
command_project(int argc, char **argv)
{
	static struct projector x;
	struct err e = {0};
	if (!job_begin(&x.c, "project", argc, argv, &e)) {
		log_err("projections cannot be begun", &e);
		return 2;
	}
	bool good = run(&x, &e);
	if (good)
		job_ring(&x.c);
	else
		job_fail(&x.c, &e);
	rows_close(x.rows);
	job_end(&x.c);
	projection_cache_free(x.cache);
	return good ? 0 : 1;
}
