/*
 * rowhouse_export.c: exports: as the answer of one request, which waits for the job, or as a job
 * whose file is taken later.
 */
#include "api/rowhouse.h"

bool
export_send_file(struct exchange *x, const struct job *job, struct err *e)
{
	struct export_file file;
	if (!model_export_take(&x->app->model, &x->caller, job, &file, &x->arena, e))
		return false;
	respond_file(x, file.path, file.media_type, file.name);
	return true;
}

static bool
go_on(struct exchange *x, struct err *e)
{
	const char *job_id = x->state;
	struct job job;
	if (!model_job_get(&x->app->model, &x->caller, str_of(job_id), &job, &x->arena, e))
		return false;
	if (!str_is(job.state, "queued") && !str_is(job.state, "running"))
		return export_send_file(x, &job, e);
	/* Others may wait for the same file, so nobody's leaving cancels it. */
	exchange_wait(x, job_id, false, go_on);
	return true;
}

bool
export_send(struct exchange *x, struct dataset *d, const struct export_plan *plan, struct err *e)
{
	struct job job;
	if (!model_export_start(&x->app->model, &x->caller, d, plan, &job, &x->arena, e))
		return false;
	x->state = arena_text(&x->arena, str_of(job.job_id));
	return go_on(x, e);
}

bool
rowhouse_export(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct export_plan plan;
	json_t *query;
	unsigned style = FORM_TEXT | (x->dialect == DIALECT_PAGE ? FORM_LENIENT : FORM_STRICT);
	return query_tree(&query, x, e) &&
	       query_gather(query, x, export_fields + EXPORT_FIELD_QUERY, e) &&
	       model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) &&
	       model_export_plan(&x->app->model, &d, query, style, &plan, &x->arena, e) &&
	       export_send(x, &d, &plan, e);
}

bool
rowhouse_export_start(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct export_plan plan;
	struct job job;
	json_t *body;
	return request_json(&body, &x->request, &x->arena, e) &&
	       model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) &&
	       model_export_plan(&x->app->model, &d, body, FORM_STRICT, &plan, &x->arena, e) &&
	       model_export_start(&x->app->model, &x->caller, &d, &plan, &job, &x->arena, e) &&
	       answer_started(x, &job, e);
}

bool
rowhouse_job_file(struct exchange *x, struct err *e)
{
	struct job job;
	return model_job_get(&x->app->model, &x->caller, x->value[0], &job, &x->arena, e) &&
	       export_send_file(x, &job, e);
}
