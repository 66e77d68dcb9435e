/* export_job.c: asking for exports and taking what they made; see model.h. */
#include "model/model.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/tree.h"

#include <sys/stat.h>

bool
model_export_plan(struct model *m, struct dataset *d, const json_t *sent, unsigned style,
    struct export_plan *out, struct arena *a, struct err *e)
{
	struct rows_file *rows;
	const struct column *columns;
	const struct value *values;
	size_t count;
	return form_check(&values, export_fields, sent, style, NULL, a, e) &&
	       model_rows_open(m, d, &rows, a, e) && rows_columns(rows, &columns, &count, a, e) &&
	       export_plan_make(out, values, columns, count, a, e);
}

int64_t
model_export_until(const struct job *job)
{
	return job->ended_at + INT64_C(3600000000) * LIMIT_EXPORT_HOURS;
}

/* The path of what a job that is done has made, if it still lies there whole; else empty.  False:
 * there was no memory to find out. */
static bool
made(struct str *out, struct model *m, const struct job *j, struct arena *a, struct err *e)
{
	json_t *result;
	struct stat st;
	*out = (struct str){0};
	if (!str_is(j->state, "done") || clock_now_us() > model_export_until(j))
		return true;
	if (!tree_parse_own(&result, j->result, a, e))
		return false;
	struct str path = arena_format(a, "datasets/%.*s/derived/%.*s", STR_ARG(j->dataset_id),
	    STR_ARG(tree_str(result, "file")));
	struct str full = arena_format(a, "%s/%.*s", m->data, STR_ARG(path));
	char boot[BOOT_BYTES];
	boot_id(boot);
	bool whole = str_is(tree_str(result, "boot"), boot) && stat(full.p, &st) == 0 &&
		     st.st_size == json_integer_value(json_object_get(result, "bytes"));
	if (whole)
		*out = path;
	return true;
}

bool
model_export_is_there(struct model *m, const struct job *job, struct arena *a)
{
	struct str path;
	struct err ignored = {0};
	return made(&path, m, job, a, &ignored) && path.n > 0;
}

static struct str
params_of(const struct dataset *d, const struct export_plan *plan, struct arena *a)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	export_plan_write(&j, plan);
	jsonout_member_int(&j, "generation", d->generation);
	jsonout_member_int(&j, "edition", d->edition);
	jsonout_end(&j);
	return buf_str(&b);
}

bool
model_export_start(struct model *m, const struct caller *c, struct dataset *d,
    const struct export_plan *plan, struct job *job, struct arena *a, struct err *e)
{
	bool found;
	struct str params = params_of(d, plan, a);
	if (!caller_may(c, RIGHT_READ, e) ||
	    !store_job_with_params(m->store, job, &found, d->dataset_id, "export", params, a, e))
		return false;
	struct str path = {0};
	if (found && !made(&path, m, job, a, e))
		return false;
	if (found && (job_is_active(job) || path.n > 0))
		return true;
	*job = (struct job){
	    .org_id = c->org_id,
	    .kind = STR("export"),
	    .dataset_id = arena_copy(a, str_of(d->dataset_id)),
	    .params = params,
	    .who = c->who,
	};
	return model_job_queue(m, job, e);
}

/* Noted each time that somebody takes it away, not when it is made. */
static bool
note_taken(struct model *m, const struct caller *c, const struct job *job, struct err *e)
{
	return store_begin(m->store, e) &&
	       model_end(
		   m, model_audit(m, c, "dataset.export", job->dataset_id, (struct str){0}, e), e);
}

bool
model_export_take(struct model *m, const struct caller *c, const struct job *job,
    struct export_file *out, struct arena *a, struct err *e)
{
	if (!str_is(job->kind, "export"))
		return FAIL(e, CONFLICT, "this job makes no file");
	if (str_is(job->state, "failed") || str_is(job->state, "cancelled"))
		return model_job_failure(job, e);
	if (!str_is(job->state, "done"))
		return FAIL(e, CONFLICT, "the file is still being written");
	if (!made(&out->path, m, job, a, e))
		return false;
	if (out->path.n == 0)
		return FAIL(e, GONE, "the file is kept no longer: export the dataset again");
	const char *dot = strrchr(arena_text(a, out->path), '.');
	out->media_type = export_media_type(str_of(dot + 1));
	out->name = arena_format(a, "%.*s%s", STR_ARG(job->dataset_name), dot);
	return note_taken(m, c, job, e);
}
