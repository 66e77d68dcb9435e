/* reading.c: how the file of a data source is read, and a look at what would come of it; see
 * model.h. */
#include "formats/options.h"
#include "model/model.h"

bool
type_reads_table(const struct dataset_type *t)
{
	return t->has && !t->has->ingest && t->sources && t->sources[0].name &&
	       t->sources[0].kind == SLOT_TABLE;
}

bool
model_options_take(struct str *out, const struct value *values, struct arena *a, struct err *e)
{
	struct reading reading;
	struct buf b;
	struct jsonout j;
	if (!reading_take(&reading, values, a, e))
		return false;
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	form_write(&j, option_fields, values);
	jsonout_end(&j);
	*out = buf_str(&b);
	return true;
}

bool
model_options_check(
    struct str *out, const json_t *options, unsigned style, struct arena *a, struct err *e)
{
	const struct value *values;
	return form_check(&values, option_fields, options, style, NULL, a, e) &&
	       model_options_take(out, values, a, e);
}

static struct str
preview_params(struct str options, struct arena *a)
{
	return arena_format(
	    a, "{\"hook\":\"preview\",\"options\":%.*s}", STR_ARG(options.n ? options : STR("{}")));
}

bool
model_source_preview(struct model *m, const struct caller *c, struct str id, struct str options,
    struct source *source, struct job *job, struct arena *a, struct err *e)
{
	if (!caller_may(c, RIGHT_EDIT, e) || !model_source_get(m, c, id, source, a, e))
		return false;
	if (source->file_count != 1)
		return FAIL_FIELD(e, UNPROCESSABLE, "file",
		    "the data source has %zu files, and a table is read from one",
		    source->file_count);
	*job = (struct job){
	    .org_id = c->org_id,
	    .kind = STR("preview"),
	    .source_id = arena_copy(a, str_of(source->source_id)),
	    .params = preview_params(options, a),
	    .who = c->who,
	};
	return model_job_queue(m, job, e);
}

bool
model_preview_take(struct model *m, const struct caller *c, const char *job_id, struct job *job,
    struct arena *a, struct err *e)
{
	if (!model_job_get(m, c, str_of(job_id), job, a, e))
		return false;
	if (!str_is(job->state, "done"))
		return true;
	return store_begin(m->store, e) && model_end(m, store_job_forget(m->store, job_id, e), e);
}
