/* jobs.c: the list of jobs and one job. */
#include "pages/pages.h"
#include "api/rowhouse.h"
#include "base/tree.h"
#include "pages/readable.h"

/* Where a dataset whose file was not read is made again. */
static void
put_again(struct exchange *x, struct jsonout *j, const struct job *job)
{
	struct dataset d;
	struct err gone = {0};
	if (job->dataset_id.n &&
	    model_dataset_get(&x->app->model, &x->caller, job->dataset_id, &d, &x->arena, &gone))
		page_put_again(x, j, d.type);
}

/* What kind it is and how it is done again; of a plugin's task, where its form is and what it
 * answered. */
static bool
put_kind(struct exchange *x, struct jsonout *j, const struct job *job, struct err *e)
{
	json_t *params, *result;
	bool stopped = str_is(job->state, "failed") || str_is(job->state, "cancelled"),
	     can_edit = x->caller.role >= ROLE_EDITOR;
	if (stopped && str_is(job->kind, "ingest"))
		put_again(x, j, job);
	jsonout_member_bool(j, "upload_again", stopped && str_is(job->kind, "upload") && can_edit);
	jsonout_member_bool(j, "is_task", str_is(job->kind, "task"));
	jsonout_member_bool(j, "kept", str_is(job->kind, "undo") && job->failed > 0);
	/* A task that runs may not know yet how much there is. */
	jsonout_member_bool(
	    j, "counts", str_is(job->kind, "task") && (job->total || job->ended_at == 0));
	jsonout_member_bool(j, "can_repeat", stopped && str_is(job->kind, "task") && can_edit);
	bool is_export = str_is(job->kind, "export");
	jsonout_member_text(j, "then", is_export ? "reload" : "dataset");
	jsonout_member_bool(j, "export_again",
	    is_export && job->ended_at != 0 &&
		!model_export_is_there(&x->app->model, job, &x->arena));
	jsonout_member_bool(
	    j, "in_bytes", str_is(job->kind, "ingest") || str_is(job->kind, "upload"));
	if (!str_is(job->kind, "task"))
		return true;
	if (!tree_parse_own(&params, job->params, &x->arena, e))
		return false;
	jsonout_member_str(j, "task", tree_str(params, "work"));
	jsonout_member_str(j, "plugin", tree_str(params, "plugin"));
	if (job->result.n == 0 || !str_is(job->state, "done"))
		return true;
	if (!tree_parse_own(&result, job->result, &x->arena, e))
		return false;
	jsonout_member_bool(j, "has_result", true);
	jsonout_key(j, "readable");
	put_readable(j, result);
	return true;
}

bool
page_jobs(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct job *list;
	size_t count;
	int64_t total;
	struct buf b;
	struct jsonout j;
	if (!cursor_read(&c, x, e) || !model_job_list(&x->app->model, &x->caller, &list, &count,
					  &total, c.offset, c.limit, &x->arena, e))
		return false;
	page_begin(x, &b, &j, "Jobs", "jobs");
	jsonout_key(&j, "jobs");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_job(&j, &list[i]);
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	return page_draw(x, 200, &b, &j, "jobs", e);
}

/* With ?follow=1, which uploads lead to, the end of the job leads on to what it made; but for what
 * it could not do, which is said here. */
bool
page_job(struct exchange *x, struct err *e)
{
	struct job job;
	struct buf b;
	struct jsonout j;
	if (!model_job_get(&x->app->model, &x->caller, x->value[0], &job, &x->arena, e))
		return false;
	if (url_parameter(&x->request.query, "follow").n && str_is(job.state, "done") &&
	    job.dataset_id.n && job.failed == 0 && !str_is(job.kind, "export")) {
		respond_see_other(
		    x, arena_format(&x->arena, "/datasets/%.*s", STR_ARG(job.dataset_id)));
		return true;
	}
	page_begin(x, &b, &j, "Job", "jobs");
	jsonout_key(&j, "job");
	put_job(&j, &job);
	return put_kind(x, &j, &job, e) && page_draw(x, 200, &b, &j, "job", e);
}

bool
page_job_cancel_post(struct exchange *x, struct err *e)
{
	struct job job;
	if (!model_job_cancel(&x->app->model, &x->caller, x->value[0], &job, &x->arena, e))
		return false;
	respond_see_other(x, arena_format(&x->arena, "/jobs/%s", job.job_id));
	return true;
}
