/* job.c: what the processes of jobs have in common; see jobs.h. */
#include "jobs/jobs.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"
#include "process/bell.h"

#include <signal.h>

#define PROGRESS_MS 400

bool
job_reserve(struct job_context *c, uint64_t rows, struct err *e)
{
	uint64_t left;
	if (rows == 0)
		return true;
	if (!store_begin(c->store, e))
		return false;
	if (store_rows_left(c->store, &left, c->job.org_id, &c->conf, e) &&
	    store_rows_fit(rows, left, e) && store_job_reserve(c->store, c->job.job_id, rows, e))
		return store_commit(c->store, e);
	store_rollback(c->store);
	return false;
}

bool
job_settle(
    struct job_context *c, const struct dataset *d, const struct rows_edited *edited, struct err *e)
{
	if (!store_begin(c->store, e))
		return false;
	if (store_dataset_edited(c->store, d->dataset_id, d->generation, edited->edition,
		edited->rows, edited->columns, e) &&
	    store_job_reserve(c->store, c->job.job_id, 0, e))
		return store_commit(c->store, e);
	store_rollback(c->store);
	return false;
}

/* rowhouse ROLE DATA JOB */
bool
job_begin(struct job_context *c, const char *role, int argc, char **argv, struct err *e)
{
	*c = (struct job_context){0};
	/* Nothing here is worth a farewell: SIGTERM ends it, and the runner settles the job. */
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	log_role(role);
	tree_setup();
	if (argc != 3)
		return FAIL(e, INPUT, "this role is started by the job runner");
	c->data = argv[1];
	arena_init(&c->arena, MIB(512));
	return conf_load(&c->conf, c->data, &c->arena, e) && store_open(&c->store, c->data, e) &&
	       store_job_get(c->store, &c->job, 0, argv[2], &c->arena, e);
}

bool
job_progress(struct job_context *c, const struct job_count *count, struct err *e)
{
	int64_t now = clock_monotonic_ms();
	bool cancelled = false;
	if (now < c->next_progress_ms)
		return true;
	c->next_progress_ms = now + PROGRESS_MS;
	if (!store_job_progress(c->store, c->job.job_id, count, &cancelled, e))
		return false;
	if (cancelled)
		return FAIL(e, CANCELLED, "the job was cancelled");
	return true;
}

void
job_ring(const struct job_context *c)
{
	char text[BELL_BYTES];
	snprintf(text, sizeof text, "job %s", c->job.job_id);
	bell_ring(c->data, "web-", text);
	bell_ring(c->data, "cgi-", text);
}

/* It was told to stop, but nobody cancelled it: the server ends. */
static bool
is_put_off(struct job_context *c, const struct err *why)
{
	struct job now;
	struct err ignored = {0};
	return why->code == ERR_CANCELLED &&
	       store_job_get(c->store, &now, 0, c->job.job_id, &c->arena, &ignored) &&
	       str_is(now.state, "running") && !now.cancel;
}

bool
job_fail(struct job_context *c, const struct err *why)
{
	struct err e = {0};
	/* The runner puts it back into the queue. */
	if (is_put_off(c, why))
		return true;
	const char *state = why->code == ERR_CANCELLED ? "cancelled" : "failed";
	const char *dataset_id = arena_text(&c->arena, c->job.dataset_id);
	const char *source_id = arena_text(&c->arena, c->job.source_id);
	log_err(c->job.kind.p, why);
	if (store_begin(c->store, &e)) {
		if (store_job_failed(c->store, c->job.job_id, state, why, &e) &&
		    (!str_is(c->job.kind, "ingest") ||
			store_dataset_failed(c->store, dataset_id, why, &e)) &&
		    (!str_is(c->job.kind, "task") || !dataset_id[0] ||
			store_dataset_rested(c->store, dataset_id, &e)) &&
		    (!str_is(c->job.kind, "upload") || !c->job.source_id.n ||
			store_source_abandon(c->store, source_id, &e)))
			(void)!store_commit(c->store, &e);
		else
			store_rollback(c->store);
	}
	/* When even this cannot be written the runner finds the job orphaned and ends it later. */
	if (e.code != ERR_OK)
		log_err("a failure could not be noted", &e);
	job_ring(c);
	return e.code == ERR_OK;
}

void
job_end(struct job_context *c)
{
	store_close(c->store);
	arena_release(&c->arena);
}
