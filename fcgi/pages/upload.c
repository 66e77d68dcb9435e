/* upload.c: a file becomes a dataset; the same upload as the API's, answered with a page. */
#include "pages/pages.h"
#include "api/rowhouse.h"
#include "api/upload.h"
#include "base/limits.h"
#include "base/tree.h"

static void
put_field(struct jsonout *j, const char *name, const char *label, const char *widget,
    const char *help, const struct err *error)
{
	jsonout_object(j);
	jsonout_member_text(j, "name", name);
	jsonout_member_text(j, "label", label);
	jsonout_member_text(j, "widget", widget);
	jsonout_member_text(j, "help", help);
	if (error && strcmp(error->field, name) == 0)
		jsonout_member_text(j, "error", error->message);
}

/* Only types this server can make of a file. */
static void
put_form(struct jsonout *j, const struct registry *r, const struct err *error)
{
	char most[8];
	snprintf(most, sizeof most, "%d", LIMIT_NAME_CHARACTERS);
	jsonout_key(j, "form");
	jsonout_array(j);
	put_field(j, "type", "Type", "choice", "What the dataset is for.", error);
	jsonout_member_text(j, "value", "data_enrichment");
	jsonout_key(j, "choices");
	jsonout_array(j);
	for (size_t i = 0; i < r->type_count; i++) {
		const struct dataset_type *t = &r->types[i];
		if (!t->has || !t->sources || !t->sources[0].name || t->form)
			continue;
		jsonout_object(j);
		jsonout_member_text(j, "value", t->name);
		jsonout_member_text(j, "label", t->title);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_end(j);
	put_field(j, "name", "Name", "line", "Left empty, it is called like the file.", error);
	jsonout_member_int(j, "max", LIMIT_NAME_CHARACTERS);
	jsonout_end(j);
	put_field(j, "description", "Description", "area",
	    "What it holds and what it is for; the default instruction when columns are filled in "
	    "later.",
	    error);
	jsonout_end(j);
	jsonout_end(j);
}

static void
put_limits(struct jsonout *j)
{
	jsonout_key(j, "limits");
	jsonout_object(j);
	jsonout_member_int(j, "upload_bytes", (int64_t)LIMIT_UPLOAD_BYTES);
	jsonout_member_int(j, "columns", LIMIT_COLUMNS);
	jsonout_member_int(j, "cell_bytes", (int64_t)LIMIT_CELL_BYTES);
	jsonout_member_int(j, "record_bytes", (int64_t)LIMIT_RECORD_BYTES);
	jsonout_end(j);
}

static void
put_problem(struct jsonout *j, const struct err *error)
{
	jsonout_key(j, "error");
	if (!error) {
		jsonout_null(j);
		return;
	}
	jsonout_object(j);
	jsonout_member_text(j, "message", error->message);
	jsonout_end(j);
}

static bool
draw(struct exchange *x, const struct err *error, struct err *e)
{
	struct buf b;
	struct jsonout j;
	struct source source;
	struct str id = url_parameter(&x->request.query, "source");
	if (id.n && !model_source_get(&x->app->model, &x->caller, id, &source, &x->arena, e))
		return false;
	page_begin(x, &b, &j, id.n ? "Make a dataset" : "Upload a file", "upload");
	put_form(&j, x->app->model.registry, error);
	put_limits(&j);
	put_problem(&j, error);
	jsonout_key(&j, "source");
	if (id.n)
		put_source_object(&j, &source);
	else
		jsonout_null(&j);
	return page_draw(x, error ? err_status(error->code) : 200, &b, &j, "upload", e);
}

bool
page_upload(struct exchange *x, struct err *e)
{
	return draw(x, NULL, e);
}

bool
page_upload_again(struct exchange *x, const struct err *error)
{
	struct err e = {0};
	return err_status(error->code) < 500 && draw(x, error, &e);
}

/* A dataset of a source that is here already is named after it too. */
static json_t *
form_fields(struct exchange *x, json_t *form, struct str file_name)
{
	struct source source;
	struct err ignored = {0};
	struct str id = tree_str(form, "source_id");
	if (file_name.n == 0 && id.n > 0 &&
	    model_source_get(&x->app->model, &x->caller, id, &source, &x->arena, &ignored))
		file_name = source.name;
	return upload_named(x, form, file_name);
}

static bool
answer(struct exchange *x, const struct dataset *d, const struct job *ingest, struct err *e)
{
	(void)d;
	(void)e;
	respond_see_other(x, arena_format(&x->arena, "/jobs/%s?follow=1", ingest->job_id));
	return true;
}

static const struct upload_kind page_kind = {form_fields, REQUEST_PLAIN, answer};

bool
page_upload_post(struct exchange *x, struct err *e)
{
	return upload_begin(x, &page_kind, e);
}
