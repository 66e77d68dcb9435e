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

/* ---- export ---- */

struct export_wait {
	struct dataset dataset;
	enum export_format format;
	char job_id[UUID_BYTES];
};

static void
send_export(struct exchange *x, const struct export_wait *w, struct str path)
{
	struct str name = arena_format(
	    &x->arena, "%.*s.%s", STR_ARG(w->dataset.name), export_format_names[w->format]);
	respond_file(x, path, export_media_types[w->format], name);
}

static bool
export_go_on(struct exchange *x, struct err *e)
{
	struct export_wait *w = x->state;
	struct job job;
	struct str path;
	bool joined;
	if (!model_job_get(&x->app->model, &x->caller, str_of(w->job_id), &job, &x->arena, e))
		return false;
	if (str_is(job.state, "failed") || str_is(job.state, "cancelled"))
		return model_job_failure(&job, e);
	if (!str_is(job.state, "done")) {
		/* Others may wait for the same file, so nobody's leaving cancels it. */
		exchange_wait(x, job.job_id, false, export_go_on);
		return true;
	}
	if (!model_dataset_export(&x->app->model, &x->caller, &w->dataset, w->format, &path, &job,
		&joined, &x->arena, e))
		return false;
	if (path.n == 0 &&
	    joined) { /* another one of the same version was begun at the same moment */
		memcpy(w->job_id, job.job_id, sizeof w->job_id);
		exchange_wait(x, job.job_id, false, export_go_on);
		return true;
	}
	if (path.n == 0) /* somebody deleted it between two looks */
		return FAIL(e, UNAVAILABLE, "the export is gone again; try again");
	send_export(x, w, path);
	return true;
}

bool
export_begin(struct exchange *x, struct dataset *d, enum export_format format, struct err *e)
{
	struct job job;
	struct str path;
	bool joined;
	struct export_wait *w = arena_alloc(&x->arena, sizeof *w);
	w->dataset = *d;
	w->format = format;
	if (!model_dataset_export(
		&x->app->model, &x->caller, d, format, &path, &job, &joined, &x->arena, e))
		return false;
	if (path.n) {
		send_export(x, w, path);
		return true;
	}
	memcpy(w->job_id, job.job_id, sizeof w->job_id);
	x->state = w;
	exchange_wait(x, job.job_id, false, export_go_on);
	return true;
}

static const struct choice export_formats[] = {{"csv", "CSV"}, {"jsonl", "JSON Lines"}, {0}};
const struct field export_query[] = {
    {"format", "format", "What to write.", FIELD_CHOICE, .preset = "csv",
	.choices = export_formats},
    {0},
};

bool
rowhouse_export(struct exchange *x, struct err *e)
{
	struct dataset d;
	const struct value *q;
	if (!query_check(&q, x, export_query, e) ||
	    !model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e))
		return false;
	for (int i = 0; i < EXPORT__MAX; i++)
		if (str_is(q[0].text, export_format_names[i]))
			return export_begin(x, &d, (enum export_format)i, e);
	return FAIL_FIELD(e, INPUT, "format", "format must be csv or jsonl");
}

/* ---- sources ---- */

bool
rowhouse_source_list(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct source *list;
	size_t count;
	int64_t total;
	struct jsonout j;
	if (!cursor_read(&c, x, e) || !model_source_list(&x->app->model, &x->caller, &list, &count,
					  &total, c.offset, c.limit, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "sources");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_source_object(&j, &list[i]);
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	jsonout_end(&j);
	return true;
}

bool
rowhouse_source_get(struct exchange *x, struct err *e)
{
	struct source s;
	struct jsonout j;
	if (!model_source_get(&x->app->model, &x->caller, x->value[0], &s, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "source");
	put_source_object(&j, &s);
	jsonout_end(&j);
	return true;
}

static void
put_source_answer(struct jsonout *j, const struct source *s)
{
	jsonout_object(j);
	jsonout_key(j, "source");
	put_source_object(j, s);
	jsonout_end(j);
}

/* Files under any names; a browser's form begins with its token (access.c). */
static const struct field source_form[] = {
    {"csrf", "csrf", NULL, FIELD_LINE},
    {0},
};

bool
rowhouse_source_upload(struct exchange *x, struct err *e)
{
	return source_upload_begin(x, put_source_answer, source_form, e);
}

bool
rowhouse_source_delete(struct exchange *x, struct err *e)
{
	if (!model_source_delete(&x->app->model, &x->caller, x->value[0], &x->arena, e))
		return false;
	respond_nothing(x);
	return true;
}

/* ---- previews ---- */

static bool
preview_go_on(struct exchange *x, struct err *e)
{
	const char *job_id = x->state;
	struct job job;
	struct jsonout j;
	if (!model_preview_take(&x->app->model, &x->caller, job_id, &job, &x->arena, e))
		return false;
	if (str_is(job.state, "failed") || str_is(job.state, "cancelled"))
		return model_job_failure(&job, e);
	if (!str_is(job.state, "done")) {
		exchange_wait(x, job_id, true, preview_go_on);
		return true;
	}
	x->keep_nothing = true; /* it changes nothing, so it may as well be done again */
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "preview");
	jsonout_raw(&j, job.result);
	jsonout_end(&j);
	return true;
}

bool
rowhouse_source_preview(struct exchange *x, struct err *e)
{
	struct source source;
	struct job job;
	json_t *body;
	struct str options;
	if (!request_json(&body, &x->request, &x->arena, e) ||
	    !model_options_check(&options, body, FORM_STRICT, &x->arena, e) ||
	    !model_source_preview(
		&x->app->model, &x->caller, x->value[0], options, &source, &job, &x->arena, e))
		return false;
	x->state = arena_text(&x->arena, str_of(job.job_id));
	exchange_wait(x, job.job_id, true, preview_go_on);
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
