/* rowhouse_sources.c: data sources, of a form's files or of resumable uploads; see rowhouse.h. */
#include "api/rowhouse.h"
#include "api/upload.h"
#include "base/limits.h"
#include "model/uploads.h"

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

static const struct field upload_use_fields[] = {
    {"id", "id", "Of a complete upload.", FIELD_LINE, .required = true},
    {"field", "field", "Which of a type's files it is, where it takes several.", FIELD_LINE,
	.preset = "file", .max = 100},
    {0},
};
enum { SOURCE_UPLOADS, SOURCE_NAME };
const struct field source_of_uploads[] = {
    [SOURCE_UPLOADS] = {"uploads", "uploads", "The uploads it is made of.", FIELD_TABLE,
	.required = true, .min = 1, .max = LIMIT_FORM_FILES, .fields = upload_use_fields},
    [SOURCE_NAME] = {"name", "name", "Else it is called as its first file.", FIELD_LINE,
	.max = LIMIT_FILE_NAME_BYTES},
    {0},
};

static bool
make_source_of_uploads(struct exchange *x, struct err *e)
{
	struct arena *a = &x->arena;
	const struct value *v;
	struct source source;
	struct jsonout j;
	json_t *body;
	if (!request_json(&body, &x->request, a, e) ||
	    !form_check(&v, source_of_uploads, body, FORM_STRICT, NULL, a, e))
		return false;
	const struct value *list = &v[SOURCE_UPLOADS];
	struct upload_use *uses = arena_array(a, list->count, sizeof *uses);
	for (size_t i = 0; i < list->count; i++)
		uses[i] = (struct upload_use){list->items[2 * i].text, list->items[2 * i + 1].text};
	if (!model_source_of_uploads(
		&x->app->model, &x->caller, uses, list->count, v[SOURCE_NAME].text, &source, a, e))
		return false;
	respond_json(x, 201, &j);
	put_source_answer(&j, &source);
	return true;
}

bool
rowhouse_source_upload(struct exchange *x, struct err *e)
{
	return request_is_type(&x->request, "application/json")
		   ? make_source_of_uploads(x, e)
		   : source_upload_begin(x, put_source_answer, source_form, e);
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
