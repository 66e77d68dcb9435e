/*
 * catalog_jobs.c: the queue.
 *
 * queued -> running -> done | failed | cancelled.  Only one runner exists per data folder (it holds
 * a lock), so a running job whose process is gone is known to be orphaned at once: no lease
 * expires.
 */
#include "store/catalog.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/tree.h"

#include <unistd.h>

bool
store_job_insert(struct store *s, struct job *j, struct err *e)
{
	uuid_make(j->job_id);
	j->created_at = clock_now_us();
	return sql_run(&s->catalog, NULL,
	    "INSERT INTO jobs(job_id, org_id, kind, state, dataset_id, source_id, params, total,"
	    " created_at, who, title, leases) VALUES(?,?,?,'queued',?,?,?,?,?,?,?,?)",
	    SQL_VALUES(V_TEXT(j->job_id), V_INT(j->org_id), V_STR(j->kind),
		V_OPTIONAL(j->dataset_id), V_OPTIONAL(j->source_id), V_OPTIONAL(j->params),
		V_INT(j->total), V_INT(j->created_at), V_OPTIONAL(j->who), V_OPTIONAL(j->title),
		V_OPTIONAL(j->leases)),
	    e);
}

/* A result may be large (the text fields of a form): it is read only of a job that is asked for. */
#define JOB_COLUMNS_WITH(result)                                                                   \
	"j.job_id, j.org_id, j.kind, j.state, j.dataset_id, d.name, j.source_id, "                 \
	"j.params, " result                                                                        \
	", j.error, j.attempt, j.cancel, j.done, j.total, j.rows, j.created_at,"                   \
	" j.started_at, j.ended_at, j.who, j.title, j.leases, j.failed"
#define JOB_COLUMNS JOB_COLUMNS_WITH("j.result")
#define JOB_COLUMNS_BRIEF JOB_COLUMNS_WITH("NULL")
#define JOB_TABLES " FROM jobs j LEFT JOIN datasets d ON d.dataset_id = j.dataset_id "

static void
take_job(struct job *out, const struct sql_query *q, struct arena *a)
{
	*out = (struct job){
	    .org_id = sql_int(q, 1),
	    .kind = catalog_str(q, 2, a),
	    .state = catalog_str(q, 3, a),
	    .dataset_id = catalog_str(q, 4, a),
	    .dataset_name = catalog_str(q, 5, a),
	    .source_id = catalog_str(q, 6, a),
	    .params = catalog_str(q, 7, a),
	    .result = catalog_str(q, 8, a),
	    .error = catalog_error(q, 9, a),
	    .attempt = (int)sql_int(q, 10),
	    .cancel = sql_int(q, 11) != 0,
	    .done = (uint64_t)sql_int(q, 12),
	    .total = (uint64_t)sql_int(q, 13),
	    .rows = (uint64_t)sql_int(q, 14),
	    .created_at = sql_int(q, 15),
	    .started_at = sql_int(q, 16),
	    .ended_at = sql_int(q, 17),
	    .who = catalog_str(q, 18, a),
	    .title = catalog_str(q, 19, a),
	    .leases = catalog_str(q, 20, a),
	    .failed = (uint64_t)sql_int(q, 21),
	};
	catalog_id(out->job_id, q, 0);
}

bool
store_job_get(struct store *s, struct job *out, int64_t org_id, const char *job_id, struct arena *a,
    struct err *e)
{
	struct sql_query q;
	if (!sql_start(&q, &s->catalog,
		"SELECT " JOB_COLUMNS JOB_TABLES "WHERE j.job_id=?1 AND (j.org_id=?2 OR ?2=0)",
		SQL_VALUES(V_TEXT(job_id), V_INT(org_id)), e))
		return false;
	int more = sql_step(&q, e);
	if (more == 0)
		return FAIL_FIELD(e, NOT_FOUND, "job_id", "there is no job with this id");
	if (more < 0)
		return false;
	take_job(out, &q, a);
	sql_stop(&q);
	return true;
}

/* Parts of a request, nothing anybody would look for. */
#define LISTED " AND j.kind NOT IN ('preview', 'project')"
#define IN_SCOPE " AND (?2 IS NULL OR j.dataset_id IN (SELECT value FROM json_each(?2)))"

bool
store_job_list(struct store *s, struct job **out, size_t *count, int64_t *total, int64_t org_id,
    struct str scope, uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	struct sql_query q;
	int more;
	*count = 0;
	if (!sql_one_int(&s->catalog, total, 0,
		"SELECT count(*) FROM jobs j WHERE j.org_id=?1" LISTED IN_SCOPE,
		SQL_VALUES(V_INT(org_id), V_OPTIONAL(scope)), e) ||
	    !sql_start(&q, &s->catalog,
		"SELECT " JOB_COLUMNS_BRIEF JOB_TABLES "WHERE j.org_id=?1" LISTED IN_SCOPE
		" ORDER BY j.created_at DESC, j.job_id DESC LIMIT ?3 OFFSET ?4",
		SQL_VALUES(V_INT(org_id), V_OPTIONAL(scope), V_INT(limit), V_INT(offset)), e))
		return false;
	*out = arena_array(a, limit, sizeof **out);
	while ((more = sql_step(&q, e)) == 1)
		take_job(&(*out)[(*count)++], &q, a);
	return more == 0;
}

/* At most one job. */
static bool
take_one(struct sql_query *q, struct job *out, bool *found, struct arena *a, struct err *e)
{
	int more = sql_step(q, e);
	*found = more == 1;
	if (more == 1) {
		take_job(out, q, a);
		sql_stop(q);
	}
	return more >= 0;
}

bool
store_job_of_dataset(struct store *s, struct job *out, bool *found, const char *dataset_id,
    const char *kind, struct arena *a, struct err *e)
{
	struct sql_query q;
	return sql_start(&q, &s->catalog,
		   "SELECT " JOB_COLUMNS JOB_TABLES "WHERE j.dataset_id=? AND j.kind=?"
		   " ORDER BY j.created_at DESC LIMIT 1",
		   SQL_VALUES(V_TEXT(dataset_id), V_TEXT(kind)), e) &&
	       take_one(&q, out, found, a, e);
}

bool
store_job_with_params(struct store *s, struct job *out, bool *found, const char *dataset_id,
    const char *kind, struct str params, struct arena *a, struct err *e)
{
	struct sql_query q;
	return sql_start(&q, &s->catalog,
		   "SELECT " JOB_COLUMNS JOB_TABLES "WHERE j.dataset_id=? AND j.kind=? AND"
		   " j.params=? ORDER BY j.created_at DESC LIMIT 1",
		   SQL_VALUES(V_TEXT(dataset_id), V_TEXT(kind), V_STR(params)), e) &&
	       take_one(&q, out, found, a, e);
}

/* What a dataset is called while a job works on it. */
static bool
begun(struct store *s, const struct job *j, struct arena *a, struct err *e)
{
	const char *dataset_id = arena_text(a, j->dataset_id);
	if (str_is(j->kind, "ingest"))
		return store_dataset_state(s, dataset_id, "ingesting", e);
	return !str_is(j->kind, "task") || j->dataset_id.n == 0 ||
	       store_dataset_state(s, dataset_id, "running", e);
}

bool
store_job_claim(
    struct store *s, struct job *out, bool *found, const char *kind, struct arena *a, struct err *e)
{
	struct sql_query q;
	/* Looking first costs no lock; most of the time there is nothing. */
	int64_t waiting;
	*found = false;
	if (!sql_one_int(&s->catalog, &waiting, 0,
		"SELECT count(*) FROM jobs WHERE state='queued' AND kind=?",
		SQL_VALUES(V_TEXT(kind)), e))
		return false;
	if (waiting == 0)
		return true;
	if (!database_begin(&s->catalog, e))
		return false;
	if (sql_start(&q, &s->catalog,
		"SELECT " JOB_COLUMNS_BRIEF JOB_TABLES "WHERE j.state='queued' AND j.kind=?"
		" ORDER BY j.created_at LIMIT 1",
		SQL_VALUES(V_TEXT(kind)), e) &&
	    take_one(&q, out, found, a, e) &&
	    (!*found ||
		(sql_run(&s->catalog, NULL,
		     "UPDATE jobs SET state='running', attempt=attempt+1, cancel=0, started_at=?"
		     " WHERE job_id=?",
		     SQL_VALUES(V_INT(clock_now_us()), V_TEXT(out->job_id)), e) &&
		    begun(s, out, a, e))))
		return database_commit(&s->catalog, e);
	database_rollback(&s->catalog);
	return false;
}

bool
store_job_progress(struct store *s, const char *job_id, const struct job_count *count,
    bool *cancelled, struct err *e)
{
	int64_t cancel;
	if (!database_begin(&s->catalog, e))
		return false;
	if (sql_run(&s->catalog, NULL,
		"UPDATE jobs SET done=?, total=?, rows=?, failed=? WHERE job_id=? AND "
		"state='running'",
		SQL_VALUES(V_INT(count->done), V_INT(count->total), V_INT(count->rows),
		    V_INT(count->failed), V_TEXT(job_id)),
		e) &&
	    sql_one_int(&s->catalog, &cancel, 1,
		"SELECT cancel OR state<>'running' FROM jobs WHERE job_id=?",
		SQL_VALUES(V_TEXT(job_id)), e)) {
		*cancelled = cancel != 0;
		return database_commit(&s->catalog, e);
	}
	database_rollback(&s->catalog);
	return false;
}

bool
store_job_result(
    struct store *s, const char *job_id, const char *source_id, struct str result, struct err *e)
{
	return sql_run(&s->catalog, NULL, "UPDATE jobs SET source_id=?, result=? WHERE job_id=?",
	    SQL_VALUES(source_id ? V_TEXT(source_id) : V_NULL, V_STR(result), V_TEXT(job_id)), e);
}

bool
store_job_done(struct store *s, const char *job_id, const struct job_count *count,
    struct str result, struct err *e)
{
	int changes;
	if (!sql_run(&s->catalog, &changes,
		"UPDATE jobs SET state='done', result=coalesce(?1, result), rows=?2, failed=?3,"
		" total=coalesce(nullif(?4, 0), total), done=coalesce(nullif(?4, 0), total),"
		" ended_at=?5"
		" WHERE job_id=?6 AND state='running' AND cancel=0",
		SQL_VALUES(V_OPTIONAL(result), V_INT(count->rows), V_INT(count->failed),
		    V_INT(count->total), V_INT(clock_now_us()), V_TEXT(job_id)),
		e))
		return false;
	return changes == 1 || FAIL(e, CANCELLED, "the job was cancelled");
}

bool
store_job_failed(
    struct store *s, const char *job_id, const char *state, const struct err *why, struct err *e)
{
	char text[CATALOG_ERROR_BYTES];
	return sql_run(&s->catalog, NULL,
	    "UPDATE jobs SET state=?, error=?, ended_at=? WHERE job_id=?"
	    " AND state IN ('queued', 'running')",
	    SQL_VALUES(V_TEXT(state), V_STR(catalog_error_text(text, why)), V_INT(clock_now_us()),
		V_TEXT(job_id)),
	    e);
}

bool
store_job_cancel(struct store *s, const char *job_id, struct err *e)
{
	struct arena a;
	struct job job;
	arena_init(&a, MIB(1));
	bool good = sql_run(&s->catalog, NULL,
			"UPDATE jobs SET cancel=1, state=CASE state WHEN 'queued' THEN 'cancelled' "
			"ELSE state END, ended_at=CASE state WHEN 'queued' THEN ? ELSE ended_at END"
			" WHERE job_id=? AND state IN ('queued', 'running')",
			SQL_VALUES(V_INT(clock_now_us()), V_TEXT(job_id)), e) &&
		    /* A task that was interrupted waits with its dataset still called running. */
		    store_job_get(s, &job, 0, job_id, &a, e) &&
		    (!str_is(job.kind, "task") ||
			store_dataset_rested(s, arena_text(&a, job.dataset_id), e));
	arena_release(&a);
	return good;
}

/* One orphan: to the queue again, or ended. */
static bool
settle_orphan(struct store *s, const struct job *j, const char *why, struct arena *a, struct err *e)
{
	if (!j->cancel && j->attempt < LIMIT_JOB_ATTEMPTS)
		return sql_run(&s->catalog, NULL,
		    "UPDATE jobs SET state='queued', done=0, rows=0 WHERE job_id=?",
		    SQL_VALUES(V_TEXT(j->job_id)), e);
	struct err reason = {0};
	if (j->cancel)
		FAIL(&reason, CANCELLED, "the job was cancelled");
	else
		FAIL(&reason, SYSTEM, "%s, %d times; the same input is not tried again", why,
		    j->attempt);
	const char *dataset_id = arena_text(a, j->dataset_id);
	const char *source_id = arena_text(a, j->source_id);
	bool is_upload = str_is(j->kind, "upload");
	if (!store_job_failed(s, j->job_id, j->cancel ? "cancelled" : "failed", &reason, e) ||
	    (str_is(j->kind, "ingest") && !store_dataset_failed(s, dataset_id, &reason, e)) ||
	    (str_is(j->kind, "task") && dataset_id[0] && !store_dataset_rested(s, dataset_id, e)) ||
	    (is_upload && source_id[0] && !store_source_abandon(s, source_id, e)))
		return false;
	store_job_remove_body(s, j, a);
	return true;
}

bool
store_job_orphaned(struct store *s, const char *job_id, const char *why, struct err *e)
{
	struct sql_query q;
	struct arena a;
	bool good = true, found = true;
	arena_init(&a, MIB(1));
	if (!database_begin(&s->catalog, e))
		return false;
	/* One at a time: the statement is at rest while the job is changed. */
	while (good && found) {
		struct job j;
		struct arena_mark mark = arena_mark(&a);
		good = sql_start(&q, &s->catalog,
			   "SELECT " JOB_COLUMNS_BRIEF JOB_TABLES
			   "WHERE j.state='running' AND (?1 IS NULL OR j.job_id=?1) LIMIT 1",
			   SQL_VALUES(job_id ? V_TEXT(job_id) : V_NULL), e) &&
		       take_one(&q, &j, &found, &a, e) &&
		       (!found || settle_orphan(s, &j, why, &a, e));
		arena_reset(&a, mark);
	}
	arena_release(&a);
	if (good)
		return database_commit(&s->catalog, e);
	database_rollback(&s->catalog);
	return false;
}

bool
store_job_put_back(struct store *s, const char *job_id, struct err *e)
{
	if (!database_begin(&s->catalog, e))
		return false;
	if (sql_run(&s->catalog, NULL,
		"UPDATE jobs SET state='queued', attempt=attempt-1, done=0, rows=0"
		" WHERE job_id=? AND state='running' AND cancel=0",
		SQL_VALUES(V_TEXT(job_id)), e))
		return database_commit(&s->catalog, e);
	database_rollback(&s->catalog);
	return false;
}

void
store_job_remove_body(const struct store *s, const struct job *j, struct arena *a)
{
	json_t *params;
	struct err ignored = {0};
	if ((!str_is(j->kind, "upload") && !str_is(j->kind, "append")) ||
	    !tree_parse_own(&params, j->params, a, &ignored))
		return;
	struct str name = tree_str(params, "incoming");
	if (name.n > 0)
		unlink(arena_format(a, "%s/incoming/%.*s", s->data, STR_ARG(name)).p);
}

bool
store_job_cancelled(
    struct store *s, char (*ids)[UUID_BYTES], size_t max, size_t *count, struct err *e)
{
	struct sql_query q;
	int more;
	*count = 0;
	if (!sql_start(&q, &s->catalog,
		"SELECT job_id FROM jobs WHERE state='running' AND cancel=1 LIMIT ?",
		SQL_VALUES(V_INT(max)), e))
		return false;
	while ((more = sql_step(&q, e)) == 1)
		catalog_id(ids[(*count)++], &q, 0);
	return more == 0;
}

bool
store_job_forget(struct store *s, const char *job_id, struct err *e)
{
	return sql_run(&s->catalog, NULL,
	    "DELETE FROM jobs WHERE job_id=? AND kind='preview' AND state='done'",
	    SQL_VALUES(V_TEXT(job_id)), e);
}

bool
store_job_leases(struct store *s, const char *dataset_id, struct str **out, size_t *count,
    struct arena *a, struct err *e)
{
	struct sql_query q;
	int64_t most;
	int more;
	*count = 0;
	if (!sql_one_int(&s->catalog, &most, 0,
		"SELECT count(*) FROM jobs WHERE dataset_id=? AND state IN ('queued','running') "
		"AND leases IS NOT NULL",
		SQL_VALUES(V_TEXT(dataset_id)), e))
		return false;
	if (most == 0)
		return true;
	*out = arena_array(a, (size_t)most, sizeof **out);
	if (!sql_start(&q, &s->catalog,
		"SELECT leases FROM jobs WHERE dataset_id=? AND state IN ('queued','running') AND "
		"leases IS NOT NULL LIMIT ?",
		SQL_VALUES(V_TEXT(dataset_id), V_INT(most)), e))
		return false;
	while ((more = sql_step(&q, e)) == 1)
		(*out)[(*count)++] = catalog_str(&q, 0, a);
	return more == 0;
}
