/*
 * ingest.c: the writer of rows made of a source or by a plugin (jobs of kind ingest).
 *
 * The writer is core code.  Its child reads or makes the rows (channel.h); it takes them one by
 * one, checks each as if an enemy had sent it, and writes them into a new file.  Only when that
 * file is whole, checked and durable does one catalog transaction make it the dataset's; until then
 * nobody sees any of it, and after a crash the next attempt begins anew.
 */
#define _GNU_SOURCE
#include "jobs/service.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"
#include "formats/table.h"
#include "model/query.h"

#include <unistd.h>

struct ingest {
	struct job_context c;
	struct service service;
	struct dataset dataset;
	struct rows_build *build;
	const char *path, *new_path;
	uint64_t rows, columns, row_quota;
	struct guess guesses[LIMIT_COLUMNS];
	struct table_counts counts;
	bool has_guesses;
};

static bool
take_column(struct ingest *w, struct str m, struct err *e)
{
	struct new_column column;
	if (!said_column(&column, m, e) || !rows_build_column(w->build, &column, e))
		return false;
	w->columns++;
	return true;
}

static bool
take_finding(struct ingest *w, struct str m, struct err *e)
{
	struct said_finding f;
	return said_finding(&f, m, w->columns, e) &&
	       rows_build_finding(w->build, f.line, f.column, f.code, f.message, e);
}

static bool
take_rows(struct ingest *w, struct str m, struct err *e)
{
	struct rows_head head;
	if (m.n < sizeof head)
		return channel_lie(e, "a short message");
	memcpy(&head, m.p, sizeof head);
	/* A plugin says how far it is by itself. */
	if (!w->service.params.plugin)
		w->service.ch.count.done =
		    head.done < w->service.ch.count.total ? head.done : w->service.ch.count.total;
	for (size_t at = sizeof head; at < m.n;) {
		struct said_row r;
		struct str finding;
		if (said_finding_between(&finding, &at, m)) {
			if (!take_finding(w, finding, e))
				return false;
			continue;
		}
		if (!said_row(&r, &at, m, w->columns, e))
			return false;
		if (!store_rows_fit(++w->rows, w->row_quota, e) ||
		    !rows_build_row(w->build, r.line, r.cells, r.absent, e))
			return false;
	}
	w->service.ch.count.rows = w->rows;
	return true;
}

static bool
take_found(struct ingest *w, struct str m, struct err *e)
{
	json_t *tree;
	struct arena_mark mark = arena_mark(&w->c.arena);
	bool good = m.n <= LIMIT_STATE_BYTES && tree_parse(&tree, m, &w->c.arena, e) &&
		    json_is_object(tree);
	if (!good && e->code != ERR_UNAVAILABLE) {
		err_clear(e);
		channel_lie(e, "how it reads");
	}
	arena_reset(&w->c.arena, mark);
	return good && rows_build_options(w->build, m, e);
}

/* More values than rows there cannot be; and a bool that is neither 0 nor 1 may be read as any. */
static bool
is_guess(const struct guess *g, uint64_t rows)
{
	uint8_t json, has_number;
	memcpy(&json, &g->json, 1);
	memcpy(&has_number, &g->has_number, 1);
	return g->values <= rows && json <= 1 && has_number <= 1;
}

static bool
take_end(struct ingest *w, struct str m, struct err *e)
{
	if (m.n != sizeof w->counts || !w->has_guesses)
		return channel_lie(e, "the end");
	memcpy(&w->counts, m.p, sizeof w->counts);
	if (w->counts.rows != w->rows || w->counts.records < w->rows ||
	    w->counts.records - w->rows != w->counts.skipped || w->counts.repaired > w->rows)
		return channel_lie(e, "counts that do not add up");
	for (size_t i = 0; i < w->columns; i++)
		if (!is_guess(&w->guesses[i], w->rows))
			return channel_lie(e, "statistics that do not add up");
	return true;
}

static bool
take_message(void *context, uint32_t type, struct str m, bool *end, struct err *e)
{
	struct ingest *w = context;
	uint64_t before = w->rows + w->columns + w->service.ch.count.done;
	bool taken, good;
	if (!service_take(&w->service, type, m, &taken, e))
		return false;
	if (taken)
		return true;
	switch (type) {
	case MESSAGE_COLUMN:
		good = take_column(w, m, e);
		break;
	case MESSAGE_ROWS:
		good = take_rows(w, m, e);
		break;
	case MESSAGE_FINDING:
		good = take_finding(w, m, e);
		break;
	case MESSAGE_FOUND:
		good = take_found(w, m, e);
		break;
	case MESSAGE_GUESSES:
		if (m.n != sizeof w->guesses)
			return channel_lie(e, "the statistics");
		memcpy(w->guesses, m.p, sizeof w->guesses);
		w->has_guesses = good = true;
		break;
	case MESSAGE_END:
		*end = true;
		return take_end(w, m, e);
	default:
		return channel_lie(e, "an unknown message");
	}
	w->service.ch.moved += w->rows + w->columns + w->service.ch.count.done != before;
	return good;
}

static bool
make_paths(struct ingest *w, struct err *e)
{
	struct arena *a = &w->c.arena;
	struct str folder = arena_format(a, "%s/datasets/%s", w->c.data, w->dataset.dataset_id);
	w->path =
	    store_rows_path(w->c.store, w->dataset.dataset_id, w->dataset.generation + 1, a).p;
	w->new_path = arena_format(a, "%s.new", w->path).p;
	struct str above = arena_format(a, "%s/datasets", w->c.data);
	return folder_make(folder.p, e) && folder_sync(above.p, e);
}

/* Once before they are read and again in the transaction that shows them: another dataset may have
 * been quicker. */
static bool
row_quota(struct ingest *w, struct err *e)
{
	return store_rows_left(w->c.store, &w->row_quota, w->dataset.org_id, &w->c.conf, e);
}

/* So that the first question to many rows need not wait. */
static bool
make_ready(struct ingest *w, const struct rows_built *built, struct err *e)
{
	struct job job = {
	    .org_id = w->dataset.org_id,
	    .kind = STR("project"),
	    .dataset_id = w->c.job.dataset_id,
	    .params = projections_params(w->dataset.generation + 1, 0, NULL, 0, &w->c.arena),
	    .who = w->c.job.who,
	};
	return built->rows <= LIMIT_SCAN_ROWS || store_job_insert(w->c.store, &job, e);
}

static bool
publish(struct ingest *w, const struct rows_built *built, struct err *e)
{
	struct store *s = w->c.store;
	struct ingested i = {
	    .generation = w->dataset.generation + 1,
	    .rows = built->rows,
	    .columns = built->columns,
	    .bytes = built->bytes,
	    .records_read = w->counts.records,
	    .records_skipped = w->counts.skipped,
	    .records_repaired = w->counts.repaired,
	    .findings = built->findings,
	};
	if (rename(w->new_path, w->path) != 0)
		return FAIL_ERRNO(e, "the rows cannot be given their name");
	char folder[4096];
	snprintf(folder, sizeof folder, "%s/datasets/%s", w->c.data, w->dataset.dataset_id);
	if (!folder_sync(folder, e) || !store_begin(s, e))
		return false;
	if (row_quota(w, e) && store_rows_fit(built->rows, w->row_quota, e) &&
	    store_job_done(s, w->c.job.job_id, &w->service.ch.count, w->service.answer, e) &&
	    store_dataset_ingested(s, w->dataset.dataset_id, &i, e) &&
	    service_keep(&w->service, e) && make_ready(w, built, e))
		return store_commit(s, e);
	store_rollback(s);
	/* For certain nobody's.  After a commit that failed that is not so. */
	unlink(w->path);
	return false;
}

static bool
not_loaded(const struct ingest *w, struct err *e)
{
	return FAIL(e, UNAVAILABLE,
	    "no plugin for datasets of type %.*s is loaded in this server; what was sent is "
	    "kept, so the dataset can be made again when there is one",
	    STR_ARG(w->dataset.type));
}

static bool
ingest(struct ingest *w, struct err *e)
{
	struct arena *a = &w->c.arena;
	struct rows_built built;
	struct service_dataset d = {.dataset = &w->dataset};
	if (!store_dataset_get(
		w->c.store, &w->dataset, 0, arena_text(a, w->c.job.dataset_id), a, e) ||
	    !service_open(&w->service, &w->c, w->dataset.source_id, e))
		return false;
	if (w->service.params.missing)
		return not_loaded(w, e);
	if (!row_quota(w, e) || !make_paths(w, e) || !rows_build_open(&w->build, w->new_path, e))
		return false;
	if (!service_start(&w->service, &d, e)) {
		rows_build_abandon(w->build);
		return false;
	}
	w->service.ch.count.total = service_bytes(&w->service);
	if (!channel_run(&w->service.ch, take_message, w, e)) {
		rows_build_abandon(w->build);
		return false;
	}
	return rows_build_finish(
		   w->build, w->guesses, w->counts.records, w->counts.skipped, &built, e) &&
	       publish(w, &built, e);
}

int
command_writer(int argc, char **argv)
{
	static struct ingest w;
	struct err e = {0};
	if (!job_begin(&w.c, "writer", argc, argv, &e)) {
		log_err("an ingest cannot begin", &e);
		return 2;
	}
	bool good = ingest(&w, &e);
	channel_close(&w.service.ch);
	if (!good) {
		if (w.new_path)
			unlink(w.new_path);
		job_fail(&w.c, &e);
	} else {
		job_ring(&w.c);
	}
	job_end(&w.c);
	return good ? 0 : 1;
}
