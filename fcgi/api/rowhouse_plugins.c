/* rowhouse_plugins.c: dataset types, and what their plugins offer; see rowhouse.h. */
#include "api/rowhouse.h"
#include "base/limits.h"
#include "base/tree.h"

bool
rowhouse_type_list(struct exchange *x, struct err *e)
{
	const struct registry *r;
	struct jsonout j;
	if (!model_registry(&x->app->model, &x->caller, &r, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "types");
	jsonout_array(&j);
	for (size_t i = 0; i < r->type_count; i++)
		put_type(&j, &r->types[i]);
	jsonout_end(&j);
	jsonout_key(&j, "plugins");
	jsonout_array(&j);
	for (size_t i = 0; i < r->plugin_count; i++)
		put_plugin(&j, &r->plugins[i]);
	jsonout_end(&j);
	jsonout_end(&j);
	return true;
}

bool
rowhouse_type_get(struct exchange *x, struct err *e)
{
	const struct registry *r;
	struct jsonout j;
	if (!model_registry(&x->app->model, &x->caller, &r, e))
		return false;
	const struct dataset_type *t = registry_type(r, x->value[0]);
	if (!t)
		return FAIL_FIELD(e, NOT_FOUND, "type", "there is no dataset type of this name");
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "type");
	put_type(&j, t);
	jsonout_end(&j);
	return true;
}

/* ---- tasks and calls ---- */

enum { WORK_ESTIMATE, WORK_SOURCE };
const struct field work_query[] = {
    [WORK_ESTIMATE] = {"estimate", "estimate",
	"Check it and say what it would take, but do nothing.", FIELD_SWITCH},
    [WORK_SOURCE] = {"source_id", "source_id", "The data source it works on, where it takes one.",
	FIELD_LINE},
    {0},
};

bool
rowhouse_task_list(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct jsonout j;
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e))
		return false;
	const struct dataset_type *t = registry_type(x->app->model.registry, d.type);
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "tasks");
	jsonout_array(&j);
	for (const struct plugin_work *w = t && t->has ? t->has->tasks : NULL; w && w->name; w++)
		put_work(&j, w);
	jsonout_end(&j);
	jsonout_end(&j);
	return true;
}

static void
answer_estimate(struct exchange *x, struct str estimate)
{
	struct jsonout j;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "estimate");
	jsonout_raw(&j, estimate);
	jsonout_end(&j);
}

bool
answer_started(struct exchange *x, const struct job *job, struct err *e)
{
	struct job now;
	struct jsonout j;
	/* As it is now, perhaps running already. */
	if (!model_job_get(&x->app->model, &x->caller, str_of(job->job_id), &now, &x->arena, e))
		return false;
	respond_json(x, 202, &j);
	respond_header(
	    x, "Location", arena_format(&x->arena, "/api/rowhouse/v1/jobs/%s", now.job_id));
	jsonout_object(&j);
	jsonout_key(&j, "job");
	put_job(&j, &now);
	jsonout_end(&j);
	return true;
}

/* Reads the request, checks it with the plugin, and queues it. */
static bool
start(struct exchange *x, struct dataset *d, struct str plugin, struct str name, bool is_call,
    struct job *job, struct str *estimate, struct err *e)
{
	struct work_ref work;
	const struct value *q;
	json_t *body;
	if (!query_check(&q, x, work_query, e) || !request_json(&body, &x->request, &x->arena, e) ||
	    !model_work_find(&x->app->model, &x->caller, &work, d, plugin, name, is_call, e))
		return false;
	struct work_request r = {body, FORM_STRICT, q[WORK_SOURCE].text, q[WORK_ESTIMATE].on};
	return model_work_start(
	    &x->app->model, &x->caller, &work, d, &r, job, estimate, &x->arena, e);
}

static bool
start_task(struct exchange *x, struct dataset *d, struct str plugin, struct str name, struct err *e)
{
	struct job job;
	struct str estimate = {0};
	if (!start(x, d, plugin, name, false, &job, &estimate, e))
		return false;
	if (estimate.n) {
		answer_estimate(x, estimate);
		return true;
	}
	return answer_started(x, &job, e);
}

bool
rowhouse_task_start(struct exchange *x, struct err *e)
{
	struct dataset d;
	return model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) &&
	       start_task(x, &d, (struct str){0}, x->value[1], e);
}

bool
rowhouse_site_task_start(struct exchange *x, struct err *e)
{
	return start_task(x, NULL, x->value[0], x->value[1], e);
}

/* The job of a call may have changed. */
static bool
call_go_on(struct exchange *x, struct err *e)
{
	const char *job_id = x->state;
	struct job job;
	struct jsonout j;
	if (!model_job_get(&x->app->model, &x->caller, str_of(job_id), &job, &x->arena, e))
		return false;
	if (str_is(job.state, "failed") || str_is(job.state, "cancelled"))
		return model_job_failure(&job, e);
	if (!str_is(job.state, "done")) {
		exchange_wait(x, job_id, true, call_go_on);
		return true;
	}
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "answer");
	jsonout_raw(&j, job.result.n ? job.result : STR("null"));
	jsonout_end(&j);
	return true;
}

bool
rowhouse_call(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct job job;
	struct str estimate = {0};
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !start(x, &d, (struct str){0}, x->value[1], true, &job, &estimate, e))
		return false;
	if (estimate.n) {
		answer_estimate(x, estimate);
		return true;
	}
	x->state = arena_text(&x->arena, str_of(job.job_id));
	exchange_wait(x, job.job_id, true, call_go_on);
	return true;
}

/* ---- views ---- */

static bool
answer_view(
    struct exchange *x, struct dataset *d, struct str plugin, struct str name, struct err *e)
{
	const struct plugin_view *view;
	struct str out;
	json_t *query;
	if (!query_tree(&query, x, e) || !model_view(&x->app->model, &x->caller, d, plugin, name,
					     query, FORM_STRICT, &out, &view, &x->arena, e))
		return false;
	respond(x, 200, "application/json");
	buf_put_str(&x->response.body, out);
	return true;
}

bool
rowhouse_view(struct exchange *x, struct err *e)
{
	struct dataset d;
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e))
		return false;
	if (!str_equal(d.type, x->value[1]))
		return FAIL_FIELD(e, NOT_FOUND, "view",
		    "there is nothing at this address of a dataset of type %.*s", STR_ARG(d.type));
	return answer_view(x, &d, (struct str){0}, x->value[2], e);
}

bool
rowhouse_site_view(struct exchange *x, struct err *e)
{
	return answer_view(x, NULL, x->value[0], x->value[1], e);
}

/* ---- engines ---- */

bool
rowhouse_engine_list(struct exchange *x, struct err *e)
{
	struct engine engine;
	struct jsonout j;
	if (!model_engines(&x->app->model, &x->caller, &engine, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "engines");
	jsonout_array(&j);
	jsonout_object(&j);
	jsonout_member_text(&j, "name", engine.name);
	put_optional(&j, "model", engine.model);
	jsonout_member_str(&j, "state", engine.state);
	put_optional(&j, "reason", engine.reason);
	put_time(&j, "checked_at", engine.checked_at);
	jsonout_end(&j);
	jsonout_end(&j);
	jsonout_end(&j);
	return true;
}
