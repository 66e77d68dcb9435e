/* jobs.c: jobs as their owners see them; see model.h.  What they do is in jobs/. */
#include "model/model.h"
#include "base/limits.h"
#include "process/bell.h"

/* A key for some datasets sees their jobs only; an upload's has no dataset. */
static bool
in_scope(const struct caller *c, const struct job *j, struct arena *a, struct err *e)
{
	return caller_sees(c, arena_text(a, j->dataset_id)) ||
	       FAIL_FIELD(e, NOT_FOUND, "job_id", "there is no job with this id");
}

bool
model_job_get(struct model *m, const struct caller *c, struct str id, struct job *out,
    struct arena *a, struct err *e)
{
	char job_id[UUID_BYTES];
	return caller_may(c, RIGHT_READ, e) && model_id(job_id, id, "job_id", "job", e) &&
	       store_job_get(m->store, out, c->org_id, job_id, a, e) && in_scope(c, out, a, e);
}

bool
model_job_list(struct model *m, const struct caller *c, struct job **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	return caller_may(c, RIGHT_READ, e) && store_job_list(m->store, out, count, total,
						   c->org_id, c->scope, offset, limit, a, e);
}

bool
model_job_latest(struct model *m, const struct dataset *d, struct job *out, bool *found,
    struct arena *a, struct err *e)
{
	return store_job_of_dataset(m->store, out, found, d->dataset_id, "ingest", a, e);
}

bool
model_task_latest(struct model *m, const struct dataset *d, struct job *out, bool *found,
    struct arena *a, struct err *e)
{
	return store_job_of_dataset(m->store, out, found, d->dataset_id, "task", a, e);
}

void
model_wake(const struct model *m)
{
	bell_ring(m->data, "jobs", "new");
}

bool
model_job_queue(struct model *m, struct job *j, struct err *e)
{
	if (!store_begin(m->store, e) || !model_end(m, store_job_insert(m->store, j, e), e))
		return false;
	model_wake(m);
	return true;
}

/* With the transaction open, so that what is read stays true. */
static bool
cancel(struct model *m, const struct caller *c, const char *job_id, struct job *out,
    struct arena *a, struct err *e)
{
	struct err why = {0};
	if (!store_job_get(m->store, out, c->org_id, job_id, a, e) || !in_scope(c, out, a, e))
		return false;
	if (!job_is_active(out))
		return FAIL(e, CONFLICT, "the job has ended already (%.*s)", STR_ARG(out->state));
	if (!store_job_cancel(m->store, job_id, e) ||
	    !model_audit(m, c, "job.cancel", str_of(job_id), (struct str){0}, e))
		return false;
	if (!str_is(out->state, "queued") || !str_is(out->kind, "ingest"))
		return true;
	/* Nobody will run it any more who could say so. */
	FAIL(&why, CANCELLED, "reading the rows was cancelled");
	return store_dataset_failed(m->store, arena_text(a, out->dataset_id), &why, e);
}

bool
model_job_cancel(struct model *m, const struct caller *c, struct str id, struct job *out,
    struct arena *a, struct err *e)
{
	char job_id[UUID_BYTES];
	if (!caller_may(c, RIGHT_EDIT, e) || !model_id(job_id, id, "job_id", "job", e) ||
	    !store_begin(m->store, e))
		return false;
	if (!model_end(m, cancel(m, c, job_id, out, a, e), e))
		return false;
	model_wake(m);
	return store_job_get(m->store, out, c->org_id, job_id, a, e);
}

/* A create that was refused after its file had been stored: nobody was told of the source.  But
 * what was made of one is there for everybody, and keeps it. */
static bool
discard_stored(struct model *m, const struct job *j, struct arena *a, struct err *e)
{
	struct source source;
	bool found;
	const char *id = arena_text(a, j->source_id);
	if (j->source_id.n == 0)
		return true;
	if (!store_source_get(m->store, &source, 0, id, a, e)) {
		bool missing = e->code == ERR_NOT_FOUND;
		if (missing)
			err_clear(e);
		return missing;
	}
	return source.datasets > 0 ||
	       (store_source_delete(m->store, source.org_id, id, &found, e) &&
		   caller_audit(
		       m->store, j->org_id, j->params, "source.delete", j->source_id, a, e));
}

/* With the transaction open.  *gone: the upload came to nothing before it was stored. */
static bool
discard(
    struct model *m, const char *job_id, struct job *j, bool *gone, struct arena *a, struct err *e)
{
	*gone = false;
	if (!store_job_get(m->store, j, 0, job_id, a, e))
		return false;
	if (str_is(j->state, "done"))
		return discard_stored(m, j, a, e);
	*gone = true;
	return store_job_cancel(m->store, job_id, e) &&
	       (j->source_id.n == 0 ||
		   store_source_abandon(m->store, arena_text(a, j->source_id), e));
}

bool
model_upload_discard(struct model *m, const char *job_id, struct arena *a, struct err *e)
{
	struct job j;
	bool gone;
	if (!store_begin(m->store, e) || !model_end(m, discard(m, job_id, &j, &gone, a, e), e))
		return false;
	if (gone)
		store_job_remove_body(m->store, &j, a);
	model_wake(m);
	return true;
}

bool
model_job_drop(struct model *m, const char *job_id, struct err *e)
{
	struct arena a;
	struct job j;
	/* A job of an upload holds its text fields. */
	arena_init(&a, LIMIT_REQUEST_BYTES);
	bool good = store_job_get(m->store, &j, 0, job_id, &a, e);
	if (good && str_is(j.kind, "upload")) {
		good = model_upload_discard(m, job_id, &a, e);
	} else if (good) {
		good = store_begin(m->store, e) &&
		       model_end(m, store_job_cancel(m->store, job_id, e), e);
		model_wake(m);
	}
	arena_release(&a);
	return good;
}

bool
model_job_failure(const struct job *j, struct err *e)
{
	enum err_code code = err_from_word(j->error.code);
	if (str_is(j->state, "cancelled"))
		code = ERR_CANCELLED;
	if (j->error.message.n == 0)
		return FAIL(e, CANCELLED, "the job was cancelled");
	if (j->error.field.n)
		err_set_field(e, __FILE__, __LINE__, code, j->error.field.p, "%.*s",
		    STR_ARG(j->error.message));
	else
		err_set(e, __FILE__, __LINE__, code, "%.*s", STR_ARG(j->error.message));
	e->at_line = j->error.line;
	return false;
}
