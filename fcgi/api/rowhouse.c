/* rowhouse.c: the handlers of our own API; see rowhouse.h. */
#include "api/rowhouse.h"
#include "api/upload.h"
#include "base/limits.h"
#include "base/tree.h"

/* ---- datasets ---- */

bool
rowhouse_dataset_list(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct dataset *list;
	size_t count;
	int64_t total;
	struct jsonout j;
	if (!cursor_read(&c, x, e) || !model_dataset_list(&x->app->model, &x->caller, &list, &count,
					  &total, c.offset, c.limit, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "datasets");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_dataset(&j, x->app->model.registry, &list[i], NULL);
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	jsonout_end(&j);
	return true;
}

static bool
answer_created(struct exchange *x, const struct dataset *d, const struct job *ingest, struct err *e)
{
	struct dataset now;
	struct job job;
	struct jsonout j;
	/* As they are now: a draft until a moment ago, perhaps read already. */
	if (!model_dataset_get(
		&x->app->model, &x->caller, str_of(d->dataset_id), &now, &x->arena, e) ||
	    !model_job_get(&x->app->model, &x->caller, str_of(ingest->job_id), &job, &x->arena, e))
		return false;
	respond_json(x, 201, &j);
	respond_header(
	    x, "Location", arena_format(&x->arena, "/api/rowhouse/v1/datasets/%s", d->dataset_id));
	jsonout_object(&j);
	jsonout_key(&j, "dataset");
	put_dataset(&j, x->app->model.registry, &now, NULL);
	jsonout_key(&j, "job");
	put_job(&j, &job);
	jsonout_end(&j);
	return true;
}

bool
rowhouse_dataset_create(struct exchange *x, struct err *e)
{
	struct dataset_request request;
	struct dataset d;
	struct job job;
	json_t *body;
	return request_json(&body, &x->request, &x->arena, e) &&
	       dataset_request_check(
		   &x->app->model, &x->caller, &request, body, REQUEST_STRICT, &x->arena, e) &&
	       model_dataset_create(&x->app->model, &x->caller, &request, &d, &job, &x->arena, e) &&
	       answer_created(x, &d, &job, e);
}

/* A dataset without a name is called like its file; the token a browser's form begins with
 * (access.c) is no field of it. */
json_t *
upload_named(struct exchange *x, json_t *form, struct str file_name)
{
	struct str name = dataset_name_of_file(file_name);
	(void)x;
	json_object_del(form, "csrf");
	if (name.n > 0 && str_trim(tree_str(form, "name")).n == 0 &&
	    json_object_set_new(form, "name", json_stringn(name.p, name.n)) != 0)
		return NULL;
	return form;
}

static const struct upload_kind dataset_upload = {upload_named, REQUEST_STRICT, answer_created};

bool
rowhouse_dataset_upload(struct exchange *x, struct err *e)
{
	return upload_begin(x, &dataset_upload, e);
}

/* True: the client has this version already, and 304 is the answer. */
static bool
not_modified(struct exchange *x, const struct dataset *d)
{
	char version[VERSION_BYTES];
	dataset_version(version, d);
	/* Counts and state can change without the rows: they are part of the tag. */
	struct str tag = arena_format(&x->arena, "\"%s-%.*s-%" PRIx64 "\"", version,
	    STR_ARG(d->state), (uint64_t)d->updated_at);
	respond_header(x, "ETag", tag);
	if (!str_equal(x->request.if_none_match, tag))
		return false;
	x->response.status = 304;
	return true;
}

bool
rowhouse_dataset_get(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct job job;
	struct jsonout j;
	struct rows_file *rows;
	const struct column *columns = NULL;
	size_t count = 0;
	bool found;
	struct model *m = &x->app->model;
	if (!model_dataset_get(m, &x->caller, x->value[0], &d, &x->arena, e))
		return false;
	if (not_modified(x, &d))
		return true;
	if (!model_job_latest(m, &d, &job, &found, &x->arena, e) ||
	    (d.generation > 0 && (!model_rows_open(m, &d, &rows, &x->arena, e) ||
				     !rows_columns(rows, &columns, &count, &x->arena, e))))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "dataset");
	put_dataset(&j, x->app->model.registry, &d, found ? &job : NULL);
	jsonout_key(&j, "columns");
	put_column_list(&j, columns, count, &x->arena);
	jsonout_end(&j);
	return true;
}

bool
rowhouse_dataset_delete(struct exchange *x, struct err *e)
{
	if (!model_dataset_delete(&x->app->model, &x->caller, x->value[0], &x->arena, e))
		return false;
	respond_nothing(x);
	return true;
}

/* ---- findings ---- */

bool
rowhouse_findings(struct exchange *x, struct err *e)
{
	struct model *m = &x->app->model;
	struct cursor c;
	struct dataset d;
	struct rows_file *rows;
	const struct column *columns;
	struct finding_row *list;
	struct finding_count *counts;
	size_t column_count, count, codes;
	struct jsonout j;
	if (!cursor_read(&c, x, e) ||
	    !model_dataset_get(m, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !model_rows_open(m, &d, &rows, &x->arena, e) ||
	    !rows_columns(rows, &columns, &column_count, &x->arena, e) ||
	    !rows_findings(rows, c.offset, c.limit, &list, &count, &x->arena, e) ||
	    !rows_finding_counts(rows, &counts, &codes, &x->arena, e))
		return false;
	uint64_t kept = d.findings < LIMIT_FINDINGS ? d.findings : LIMIT_FINDINGS;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "findings");
	put_findings(&j, list, count, columns, column_count);
	jsonout_key(&j, "counts");
	put_finding_counts(&j, counts, codes);
	jsonout_member_int(&j, "kept", (int64_t)kept);
	cursor_put(&j, &c, count, (int64_t)kept);
	jsonout_end(&j);
	return true;
}

/* ---- jobs ---- */

bool
rowhouse_job_list(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct job *list;
	size_t count;
	int64_t total;
	struct jsonout j;
	if (!cursor_read(&c, x, e) || !model_job_list(&x->app->model, &x->caller, &list, &count,
					  &total, c.offset, c.limit, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "jobs");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_job(&j, &list[i]);
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	jsonout_end(&j);
	return true;
}

static void
answer_job(struct exchange *x, const struct job *job)
{
	struct jsonout j;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "job");
	put_job(&j, job);
	jsonout_end(&j);
}

bool
rowhouse_job_get(struct exchange *x, struct err *e)
{
	struct job job;
	if (!model_job_get(&x->app->model, &x->caller, x->value[0], &job, &x->arena, e))
		return false;
	answer_job(x, &job);
	return true;
}

bool
rowhouse_job_cancel(struct exchange *x, struct err *e)
{
	struct job job;
	if (!model_job_cancel(&x->app->model, &x->caller, x->value[0], &job, &x->arena, e))
		return false;
	answer_job(x, &job);
	return true;
}
