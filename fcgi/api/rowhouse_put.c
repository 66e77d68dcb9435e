/* rowhouse_put.c: the objects of our own API as JSON; see rowhouse.h. */
#include "api/rowhouse.h"
#include "base/clock.h"
#include "base/limits.h"

static const struct {
	const char *word, *title;
} dataset_states[] =
    {
	{"draft", "Draft"},
	{"queued", "Waiting"},
	{"ingesting", "Reading"},
	{"ready", "Ready"},
	{"running", "Working"},
	{"failed", "Failed"},
},
  job_states[] =
      {
	  {"queued", "Waiting"},
	  {"running", "Running"},
	  {"done", "Done"},
	  {"failed", "Failed"},
	  {"cancelled", "Cancelled"},
},
  job_kinds[] = {
#define X(word, title) {#word, title},
      JOB_KIND_TABLE(X)
#undef X
};

#define TITLE_OF(table, text) title_of((table), ARRAY_LENGTH(table), (text))

static const char *
title_of(const void *table, size_t count, struct str word)
{
	const struct {
		const char *word, *title;
	} *rows = table;
	for (size_t i = 0; i < count; i++)
		if (str_is(word, rows[i].word))
			return rows[i].title;
	return "";
}

void
put_time(struct jsonout *j, const char *key, int64_t us)
{
	char text[CLOCK_TEXT_BYTES];
	clock_format(text, us);
	jsonout_member_text(j, key, us ? text : NULL);
}

/* An empty text is null: there is none. */
static void
put_optional(struct jsonout *j, const char *key, struct str text)
{
	jsonout_key(j, key);
	if (text.n)
		jsonout_str(j, text);
	else
		jsonout_null(j);
}

static void
put_error(struct jsonout *j, const struct kept_error *error)
{
	jsonout_key(j, "error");
	if (!error->code.n) {
		jsonout_null(j);
		return;
	}
	jsonout_object(j);
	jsonout_member_str(j, "code", error->code);
	jsonout_member_str(j, "message", error->message);
	put_optional(j, "field", error->field);
	jsonout_key(j, "line");
	if (error->line)
		jsonout_unsigned(j, error->line);
	else
		jsonout_null(j);
	jsonout_end(j);
}

void
put_dataset(struct jsonout *j, const struct dataset *d, const struct job *latest)
{
	char version[VERSION_BYTES];
	const struct dataset_type *type = dataset_type_find(d->type);
	dataset_version(version, d);
	jsonout_object(j);
	jsonout_member_text(j, "id", d->dataset_id);
	jsonout_member_str(j, "slug", d->slug);
	jsonout_member_str(j, "name", d->name);
	jsonout_member_str(j, "description", d->description);
	jsonout_member_str(j, "type", d->type);
	jsonout_member_text(j, "type_title", type ? type->title : "");
	jsonout_member_str(j, "state", d->state);
	jsonout_member_text(j, "state_title", TITLE_OF(dataset_states, d->state));
	jsonout_member_int(j, "rows", (int64_t)d->rows);
	jsonout_member_int(j, "columns", (int64_t)d->columns);
	jsonout_member_int(j, "bytes", (int64_t)d->bytes);
	put_optional(j, "source_id", d->source_id);
	jsonout_member_text(j, "version", version);
	put_time(j, "created_at", d->created_at);
	put_time(j, "updated_at", d->updated_at);
	put_error(j, &d->error);
	jsonout_key(j, "counts");
	jsonout_object(j);
	jsonout_member_int(j, "read", (int64_t)d->records_read);
	jsonout_member_int(j, "rows", (int64_t)d->rows);
	jsonout_member_int(j, "skipped", (int64_t)d->records_skipped);
	jsonout_member_int(j, "findings", (int64_t)d->findings);
	jsonout_end(j);
	jsonout_key(j, "job");
	if (latest)
		put_job(j, latest);
	else
		jsonout_null(j);
	jsonout_end(j);
}

void
put_source_object(struct jsonout *j, const struct source *s)
{
	jsonout_object(j);
	jsonout_member_text(j, "id", s->source_id);
	jsonout_member_str(j, "name", s->name);
	jsonout_member_str(j, "state", s->state);
	jsonout_member_str(
	    j, "content_type", s->file_count ? s->files[0].content_type : (struct str){0});
	jsonout_member_int(j, "bytes", (int64_t)s->bytes);
	jsonout_member_int(j, "datasets", s->datasets);
	put_time(j, "created_at", s->created_at);
	jsonout_key(j, "files");
	jsonout_array(j);
	for (size_t i = 0; i < s->file_count; i++) {
		jsonout_object(j);
		jsonout_member_str(j, "name", s->files[i].name);
		jsonout_member_str(j, "content_type", s->files[i].content_type);
		jsonout_member_int(j, "bytes", (int64_t)s->files[i].bytes);
		put_optional(j, "sha256", s->files[i].sha256);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_end(j);
}

/* How far, how fast, how long still: from what the job noted and the clock. */
static void
put_pace(struct jsonout *j, const struct job *job)
{
	bool running = str_is(job->state, "running");
	double seconds = (double)(clock_now_us() - job->started_at) / 1e6;
	double part = job->total ? (double)job->done / (double)job->total : 0;
	if (part > 1)
		part = 1;
	jsonout_member_int(j, "percent", str_is(job->state, "done") ? 100 : (int64_t)(part * 100));
	jsonout_key(j, "rate");
	if (running && job->rows > 0 && seconds > 0)
		jsonout_int(j, (int64_t)((double)job->rows / seconds));
	else
		jsonout_null(j);
	jsonout_key(j, "seconds_left");
	if (running && part > 0.01)
		jsonout_int(j, (int64_t)(seconds / part - seconds + 0.5));
	else
		jsonout_null(j);
}

void
put_job(struct jsonout *j, const struct job *job)
{
	bool active = str_is(job->state, "queued") || str_is(job->state, "running");
	jsonout_object(j);
	jsonout_member_text(j, "id", job->job_id);
	jsonout_member_str(j, "kind", job->kind);
	jsonout_member_text(j, "kind_title", TITLE_OF(job_kinds, job->kind));
	jsonout_member_str(j, "state", job->state);
	jsonout_member_text(j, "state_title", TITLE_OF(job_states, job->state));
	put_optional(j, "dataset_id", job->dataset_id);
	put_optional(j, "dataset_name", job->dataset_name);
	jsonout_member_int(j, "done", (int64_t)job->done);
	jsonout_member_int(j, "total", (int64_t)job->total);
	jsonout_member_int(j, "rows", (int64_t)job->rows);
	put_pace(j, job);
	put_error(j, &job->error);
	put_time(j, "created_at", job->created_at);
	put_time(j, "started_at", job->started_at);
	put_time(j, "ended_at", job->ended_at);
	jsonout_member_bool(j, "active", active);
	jsonout_member_bool(j, "can_cancel", active && !job->cancel);
	jsonout_end(j);
}

void
put_column_list(struct jsonout *j, const struct column *columns, size_t count, struct arena *a)
{
	jsonout_array(j);
	for (size_t i = 0; i < count; i++) {
		jsonout_object(j);
		jsonout_member_str(j, "id", arena_format(a, "col_%.*s", STR_ARG(columns[i].slug)));
		jsonout_member_str(j, "name", columns[i].name);
		jsonout_member_text(j, "type", column_type_names[columns[i].type]);
		jsonout_key(j, "stats");
		if (columns[i].stats.n)
			jsonout_raw(j, columns[i].stats);
		else
			jsonout_null(j);
		jsonout_end(j);
	}
	jsonout_end(j);
}

void
put_findings(struct jsonout *j, const struct finding_row *rows, size_t count,
    const struct column *columns, size_t column_count)
{
	jsonout_array(j);
	for (size_t i = 0; i < count; i++) {
		struct str name = {0};
		for (size_t k = 0; k < column_count; k++)
			if ((int64_t)columns[k].column_id == rows[i].column)
				name = columns[k].name;
		jsonout_object(j);
		jsonout_member_str(j, "code", rows[i].code);
		jsonout_member_int(j, "line", (int64_t)rows[i].line);
		put_optional(j, "column", name);
		jsonout_member_str(j, "message", rows[i].message);
		jsonout_end(j);
	}
	jsonout_end(j);
}

void
put_finding_counts(struct jsonout *j, const struct finding_count *counts, size_t count)
{
	jsonout_array(j);
	for (size_t i = 0; i < count; i++) {
		jsonout_object(j);
		jsonout_member_str(j, "code", counts[i].code);
		jsonout_member_int(j, "count", (int64_t)counts[i].count);
		jsonout_end(j);
	}
	jsonout_end(j);
}

/* A cursor is what came before; opaque to clients, so that it can become a key later. */
bool
cursor_read(struct cursor *c, struct exchange *x, struct err *e)
{
	struct str text = url_parameter(&x->request.query, "cursor");
	c->offset = 0;
	if (!request_number(&c->limit, &x->request, "limit", 50, 1, LIMIT_LIST_ITEMS, e))
		return false;
	if (text.n == 0)
		return true;
	struct str number = {text.p + 1, text.n - 1};
	if (text.p[0] != 'o' || !str_to_u64(&c->offset, number) || c->offset > INT32_MAX)
		return FAIL_FIELD(
		    e, INPUT, "cursor", "cursor must be one that an answer gave as next");
	return true;
}

void
cursor_put(struct jsonout *j, const struct cursor *c, size_t count, int64_t total)
{
	uint64_t next = c->offset + count;
	jsonout_key(j, "next");
	if (count > 0 && next < (uint64_t)total) {
		char text[32];
		snprintf(text, sizeof text, "o%" PRIu64, next);
		jsonout_text(j, text);
	} else {
		jsonout_null(j);
	}
	jsonout_member_int(j, "total", total);
}
