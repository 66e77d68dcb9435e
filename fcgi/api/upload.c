/* upload.c: see upload.h. */
#include "api/upload.h"
#include "base/limits.h"
#include "base/tree.h"
#include "http/multipart.h"
#include "jobs/jobs.h"

#include <unistd.h>

struct upload {
	const struct upload_kind *kind; /* NULL: a source alone */
	void (*put_source)(struct jsonout *, const struct source *);
	const struct field *fields; /* of a source: not held against them yet; else NULL */
	char job_id[UUID_BYTES];
	bool made; /* the dataset exists, as a draft */
	struct dataset dataset;
	struct job ingest;
};

static void
release(void *holder)
{
	json_decref(*(json_t **)holder);
}

/* Where a tree is kept for the arena; made before the tree, because making it may unwind. */
static json_t **
make_holder(struct arena *a)
{
	json_t **holder = arena_alloc(a, sizeof(json_t *));
	arena_defer(a, release, holder);
	return holder;
}

/* NULL: out of memory. */
static json_t *
rename_copy(const json_t *tree, const struct field_name *names, size_t count)
{
	json_t *copy;
	bool good = true;
	if (json_is_object(tree)) {
		void *at = json_object_iter((json_t *)(uintptr_t)tree);
		copy = json_object();
		for (; at && good; at = json_object_iter_next((json_t *)(uintptr_t)tree, at)) {
			const char *key = json_object_iter_key(at);
			for (size_t i = 0; i < count; i++)
				if (strcmp(key, names[i].theirs) == 0)
					key = names[i].ours;
			good = json_object_set_new(copy, key,
				   rename_copy(json_object_iter_value(at), names, count)) == 0;
		}
	} else if (json_is_array(tree)) {
		copy = json_array();
		for (size_t i = 0; good && i < json_array_size(tree); i++)
			good = json_array_append_new(
				   copy, rename_copy(json_array_get(tree, i), names, count)) == 0;
	} else {
		copy = json_incref((json_t *)(uintptr_t)tree);
	}
	if (!good)
		json_decref(copy);
	return good ? copy : NULL;
}

json_t *
fields_rename(const json_t *tree, const struct field_name *names, size_t count, struct arena *a)
{
	json_t **holder = make_holder(a);
	return *holder = rename_copy(tree, names, count);
}

static bool
make_form(json_t **out, const struct job *job, struct arena *a, struct err *e)
{
	struct upload_form parsed;
	if (!upload_form_parse(&parsed, job->result, a, e))
		return false;
	struct form_pair *pairs = arena_array(a, parsed.count, sizeof *pairs);
	for (size_t i = 0; i < parsed.count; i++)
		pairs[i] = (struct form_pair){parsed.fields[i].name, parsed.fields[i].value};
	return form_tree(out, pairs, parsed.count, a, e);
}

/* The fields are known: checks them and makes the dataset. */
static bool
make_dataset(struct exchange *x, struct upload *u, const struct job *job, struct err *e)
{
	struct arena *a = &x->arena;
	struct dataset_request request;
	json_t *form = NULL;
	if (!make_form(&form, job, a, e))
		return false;
	struct source source = {0};
	if (job->source_id.n &&
	    !model_source_get(&x->app->model, &x->caller, job->source_id, &source, a, e))
		return false;
	json_t *fields = u->kind->fields(x, form, source.name);
	if (!fields)
		return FAIL(e, UNAVAILABLE, "out of memory");
	if (!dataset_request_check(
		&x->app->model, &x->caller, &request, fields, REQUEST_FORM | u->kind->style, a, e))
		return false;
	if (job->source_id.n > 0)
		snprintf(
		    request.source_id, sizeof request.source_id, "%.*s", STR_ARG(job->source_id));
	else if (!request.source_id[0] && request.type->sources && request.type->sources[0].name &&
		 request.type->sources[0].required)
		return FAIL_FIELD(
		    e, INPUT, "file", "A file is required for type %s", request.type->name);
	if (!model_dataset_create(
		&x->app->model, &x->caller, &request, &u->dataset, &u->ingest, a, e))
		return false;
	u->made = true;
	return true;
}

bool
upload_sent(json_t **out, struct exchange *x, struct err *e)
{
	const struct upload *u = x->state;
	struct job job;
	*out = NULL;
	return !u ||
	       (model_job_get(&x->app->model, &x->caller, str_of(u->job_id), &job, &x->arena, e) &&
		   (job.result.n == 0 || make_form(out, &job, &x->arena, e)));
}

static bool
answer_source(struct exchange *x, const struct upload *u, const struct job *job, struct err *e)
{
	struct source source;
	struct jsonout j;
	if (job->source_id.n == 0)
		return FAIL_FIELD(e, INPUT, "file", "A file is required");
	if (!model_source_get(&x->app->model, &x->caller, job->source_id, &source, &x->arena, e))
		return false;
	respond_json(x, 201, &j);
	u->put_source(&j, &source);
	return true;
}

static bool
check_fields(struct exchange *x, struct upload *u, const struct job *job, struct err *e)
{
	const struct value *v;
	json_t *form;
	const struct field *fields = u->fields;
	u->fields = NULL;
	return make_form(&form, job, &x->arena, e) &&
	       form_check(&v, fields, form, FORM_STRICT | FORM_TEXT, NULL, &x->arena, e);
}

/* Called whenever the job may have changed. */
static bool
go_on(struct exchange *x, struct err *e)
{
	struct upload *u = x->state;
	struct job job;
	struct arena *a = &x->arena;
	struct arena_mark mark = arena_mark(a);
	bool made = u->made;
	if (!model_job_get(&x->app->model, &x->caller, str_of(u->job_id), &job, a, e))
		return false;
	if (str_is(job.state, "failed") || str_is(job.state, "cancelled"))
		return model_job_failure(&job, e);
	if (job.result.n > 0 && u->kind && !u->made && !make_dataset(x, u, &job, e)) {
		/* Perhaps only because the job failed meanwhile and took its source away. */
		if (!model_job_get(
			&x->app->model, &x->caller, str_of(u->job_id), &job, a, &(struct err){0}) ||
		    (!str_is(job.state, "failed") && !str_is(job.state, "cancelled")))
			return false;
		err_clear(e);
		return model_job_failure(&job, e);
	}
	if (job.result.n > 0 && u->fields && !check_fields(x, u, &job, e))
		return false;
	if (!str_is(job.state, "done") || (u->kind && !u->made)) {
		exchange_wait(x, job.job_id, true, go_on);
		/* Looking costs the job's text fields each time, and may happen often. */
		if (u->made == made)
			arena_reset(a, mark);
		return true;
	}
	return u->kind ? u->kind->answer(x, &u->dataset, &u->ingest, e)
		       : answer_source(x, u, &job, e);
}

static bool
begin(struct exchange *x, const struct upload_kind *kind,
    void (*put)(struct jsonout *, const struct source *), const struct field *fields, struct err *e)
{
	struct arena *a = &x->arena;
	struct str boundary, incoming;
	struct job job;
	if (!model_upload_check(&x->caller, e) ||
	    !multipart_boundary(&boundary, x->request.content_type, a, e))
		return false;
	if (!x->request.has_body)
		return FAIL(e, INPUT, "the body of the request is empty");
	if (!request_keep_body(&incoming, &x->request, x->app->model.data, a, e))
		return false;
	if (!model_upload_begin(&x->app->model, &x->caller, incoming, boundary,
		x->request.content_length, &job, a, e)) {
		unlink(
		    arena_format(a, "%s/incoming/%.*s", x->app->model.data, STR_ARG(incoming)).p);
		return false;
	}
	struct upload *u = arena_alloc(a, sizeof *u);
	u->kind = kind;
	u->put_source = put;
	u->fields = fields;
	memcpy(u->job_id, job.job_id, sizeof u->job_id);
	x->state = u;
	exchange_wait(x, job.job_id, true, go_on);
	return true;
}

bool
upload_begin(struct exchange *x, const struct upload_kind *kind, struct err *e)
{
	return begin(x, kind, NULL, NULL, e);
}

bool
source_upload_begin(struct exchange *x, void (*put)(struct jsonout *, const struct source *),
    const struct field *fields, struct err *e)
{
	return begin(x, NULL, put, fields, e);
}
