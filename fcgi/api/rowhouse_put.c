/* rowhouse_put.c: the objects of our own API as JSON; see rowhouse.h. */
#include "api/rowhouse.h"
#include "base/utf8.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/tree.h"

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
void
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
put_dataset(
    struct jsonout *j, const struct registry *r, const struct dataset *d, const struct job *latest)
{
	char version[VERSION_BYTES];
	const struct dataset_type *type = registry_type(r, d->type);
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
	jsonout_member_int(j, "repaired", (int64_t)d->records_repaired);
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
	jsonout_key(j, "options");
	jsonout_raw(j, s->options.n ? s->options : STR("{}"));
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

/* What an export made: where it is taken, until when, and what is to be known about it. */
static void
put_export(struct jsonout *j, const struct job *job)
{
	struct arena *a = j->out->arena;
	struct err ignored = {0};
	json_t *result;
	jsonout_key(j, "export");
	if (!str_is(job->kind, "export") || !str_is(job->state, "done") || job->result.n == 0 ||
	    !tree_parse_own(&result, job->result, a, &ignored)) {
		jsonout_null(j);
		return;
	}
	jsonout_object(j);
	jsonout_member_str(
	    j, "link", arena_format(a, "/api/rowhouse/v1/jobs/%s/file", job->job_id));
	put_time(j, "expires_at", model_export_until(job));
	static const char *const members[] = {"bytes", "rows", "parts", "notes", "more_notes"};
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		const json_t *v = json_object_get(result, members[i]);
		if (!v)
			continue;
		jsonout_key(j, members[i]);
		size_t n = json_dumpb(v, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
		json_dumpb(v, jsonout_room(j, n), n, JSON_COMPACT | JSON_ENCODE_ANY);
		jsonout_took(j, n);
	}
	jsonout_end(j);
}

void
put_job(struct jsonout *j, const struct job *job)
{
	bool active = job_is_active(job);
	jsonout_object(j);
	jsonout_member_text(j, "id", job->job_id);
	jsonout_member_str(j, "kind", job->kind);
	jsonout_member_str(
	    j, "kind_title", job->title.n ? job->title : str_of(TITLE_OF(job_kinds, job->kind)));
	jsonout_member_str(j, "state", job->state);
	jsonout_member_text(j, "state_title", TITLE_OF(job_states, job->state));
	put_optional(j, "dataset_id", job->dataset_id);
	put_optional(j, "dataset_name", job->dataset_name);
	jsonout_member_int(j, "done", (int64_t)job->done);
	jsonout_member_int(j, "total", (int64_t)job->total);
	jsonout_member_int(j, "rows", (int64_t)job->rows);
	jsonout_member_int(j, "failed", (int64_t)job->failed);
	put_optional(j, "who", job->who);
	put_pace(j, job);
	put_error(j, &job->error);
	put_time(j, "created_at", job->created_at);
	put_time(j, "started_at", job->started_at);
	put_time(j, "ended_at", job->ended_at);
	jsonout_member_bool(j, "active", active);
	jsonout_member_bool(j, "can_cancel", active && !job->cancel);
	put_export(j, job);
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
		put_optional(j, "declared_type", columns[i].vendor_type);
		put_optional(j, "description", columns[i].description);
		jsonout_member_bool(j, "required", columns[i].required);
		put_optional(j, "default_value", columns[i].default_value);
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
		put_optional(j, "row",
		    rows[i].row_id ? arena_format(j->out->arena, "row_%" PRId64, rows[i].row_id)
				   : (struct str){0});
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

enum { LIST_LIMIT, LIST_CURSOR };
const struct field list_query[] = {
    [LIST_LIMIT] = {"limit", "limit", "How many at once.", FIELD_INTEGER, .preset = "50", .min = 1,
	.max = LIMIT_LIST_ITEMS},
    [LIST_CURSOR] = {"cursor", "cursor", "What an answer gave as next.", FIELD_LINE},
    {0},
};

bool
query_tree(json_t **out, struct exchange *x, struct err *e)
{
	const struct url_parameters *q = &x->request.query;
	struct form_pair *pairs = arena_array(&x->arena, q->count, sizeof *pairs);
	for (size_t i = 0; i < q->count; i++)
		pairs[i] = (struct form_pair){q->list[i].name, q->list[i].value};
	return form_tree(out, pairs, q->count, &x->arena, e);
}

/* Every value of a parameter that may be repeated, as an array. */
static bool
gather_one(json_t *tree, const char *name, const struct url_parameters *q, struct err *e)
{
	json_t *list = json_array();
	bool good = list != NULL;
	for (size_t i = 0; good && i < q->count; i++) {
		struct str value = q->list[i].value;
		if (!str_is(q->list[i].name, name))
			continue;
		if (utf8_valid(value.p, value.n) != value.n) {
			json_decref(list);
			return FAIL_FIELD(e, INPUT, name, "%s must be UTF-8", name);
		}
		good =
		    json_array_append_new(list, json_stringn(value.n ? value.p : "", value.n)) == 0;
	}
	good = good && json_object_set(tree, name, list) == 0;
	json_decref(list);
	return good || FAIL(e, UNAVAILABLE, "out of memory");
}

bool
query_gather(json_t *tree, struct exchange *x, const struct field *table, struct err *e)
{
	for (const struct field *f = table; f->name; f++)
		if (f->kind == FIELD_TEXTS && json_is_string(json_object_get(tree, f->name)) &&
		    !gather_one(tree, f->name, &x->request.query, e))
			return false;
	return true;
}

bool
query_check(const struct value **out, struct exchange *x, const struct field *table, struct err *e)
{
	json_t *tree;
	unsigned style = FORM_TEXT | (x->dialect == DIALECT_PAGE ? FORM_LENIENT : FORM_STRICT);
	return query_tree(&tree, x, e) && query_gather(tree, x, table, e) &&
	       form_check(out, table, tree, style, NULL, &x->arena, e);
}

bool
nothing_more(struct exchange *x, struct err *e)
{
	static const struct field nothing[] = {{0}};
	const struct value *v;
	json_t *body;
	if (!x->route->query && !query_check(&v, x, nothing, e))
		return false;
	return x->route->body || !x->request.has_body ||
	       (request_json(&body, &x->request, &x->arena, e) &&
		   form_check(&v, nothing, body, FORM_STRICT, NULL, &x->arena, e));
}

/* A cursor is what came before; opaque to clients, so that it can become a key later. */
bool
cursor_read(struct cursor *c, struct exchange *x, struct err *e)
{
	const struct value *v;
	c->offset = 0;
	if (!query_check(&v, x, list_query, e))
		return false;
	c->limit = (uint64_t)v[LIST_LIMIT].integer;
	struct str text = v[LIST_CURSOR].text;
	if (!v[LIST_CURSOR].set)
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

/* ---- types and plugins ---- */

static void
put_slots(struct jsonout *j, const struct plugin_slot *slots)
{
	jsonout_key(j, "sources");
	jsonout_array(j);
	for (const struct plugin_slot *s = slots; s && s->name; s++) {
		jsonout_object(j);
		jsonout_member_text(j, "name", s->name);
		jsonout_member_text(j, "label", s->label);
		jsonout_member_text(j, "help", s->help);
		jsonout_member_text(j, "kind", s->kind == SLOT_TABLE ? "table" : "document");
		jsonout_member_bool(j, "required", s->required);
		jsonout_member_bool(j, "many", s->many);
		jsonout_end(j);
	}
	jsonout_end(j);
}

void
put_work(struct jsonout *j, const struct plugin_work *w)
{
	jsonout_object(j);
	jsonout_member_text(j, "name", w->name);
	jsonout_member_text(j, "title", w->title);
	jsonout_member_text(j, "help", w->help);
	jsonout_member_bool(j, "estimates", w->estimate != NULL);
	jsonout_key(j, "form");
	form_schema(j, w->form);
	put_slots(j, w->sources);
	jsonout_end(j);
}

static void
put_works(struct jsonout *j, const char *key, const struct plugin_work *list)
{
	jsonout_key(j, key);
	jsonout_array(j);
	for (; list && list->name; list++)
		put_work(j, list);
	jsonout_end(j);
}

static void
put_views(struct jsonout *j, const struct plugin_view *list)
{
	jsonout_key(j, "views");
	jsonout_array(j);
	for (; list && list->name; list++) {
		jsonout_object(j);
		jsonout_member_text(j, "name", list->name);
		jsonout_member_text(j, "title", list->title);
		jsonout_member_text(j, "help", list->help);
		jsonout_member_bool(j, "panel", list->panel);
		jsonout_key(j, "query");
		form_schema(j, list->form);
		jsonout_end(j);
	}
	jsonout_end(j);
}

void
put_type(struct jsonout *j, const struct dataset_type *t)
{
	jsonout_object(j);
	jsonout_member_text(j, "name", t->name);
	jsonout_member_text(j, "title", t->title);
	jsonout_member_text(j, "help", t->help);
	jsonout_member_text(j, "plugin", t->plugin);
	jsonout_member_bool(j, "loaded", t->has != NULL);
	jsonout_key(j, "form");
	form_schema(j, t->form);
	put_slots(j, t->sources);
	put_works(j, "tasks", t->has ? t->has->tasks : NULL);
	put_works(j, "calls", t->has ? t->has->calls : NULL);
	put_views(j, t->has ? t->has->views : NULL);
	jsonout_end(j);
}

void
put_plugin(struct jsonout *j, const struct plugin_entry *p)
{
	jsonout_object(j);
	jsonout_member_text(j, "name", p->name);
	jsonout_member_bool(j, "loaded", p->plugin != NULL);
	jsonout_member_text(j, "title", p->plugin ? p->plugin->title : NULL);
	jsonout_member_text(j, "reason", p->reason);
	jsonout_key(j, "types");
	jsonout_array(j);
	for (const struct plugin_type *t = p->plugin ? p->plugin->types : NULL; t && t->name; t++)
		jsonout_text(j, t->name);
	jsonout_end(j);
	put_works(j, "tasks", p->plugin ? p->plugin->tasks : NULL);
	put_views(j, p->plugin ? p->plugin->views : NULL);
	jsonout_key(j, "tools");
	jsonout_array(j);
	for (const char *const *tool = p->plugin ? p->plugin->tools : NULL; tool && *tool; tool++)
		jsonout_text(j, *tool);
	jsonout_end(j);
	jsonout_end(j);
}

/* ---- changes ---- */

static const struct {
	const char *word, *title;
} change_kinds[] = {
    {"rows.add", "Rows added"},
    {"rows.set", "Row edited"},
    {"rows.remove", "Rows deleted"},
    {"undo", "Change undone"},
    {"task", "Task"},
};

void
put_change(struct jsonout *j, const struct change *c)
{
	jsonout_object(j);
	jsonout_member_int(j, "id", c->change_id);
	put_time(j, "at", c->at);
	jsonout_member_str(j, "who", c->who);
	jsonout_member_str(j, "kind", c->kind);
	jsonout_member_text(j, "kind_title", TITLE_OF(change_kinds, c->kind));
	put_optional(j, "cause", c->cause);
	jsonout_member_int(j, "rows", (int64_t)c->rows);
	jsonout_key(j, "undoes");
	if (c->undoes)
		jsonout_int(j, c->undoes);
	else
		jsonout_null(j);
	jsonout_key(j, "undone_by");
	if (c->undone_by)
		jsonout_int(j, c->undone_by);
	else
		jsonout_null(j);
	jsonout_member_bool(j, "can_undo", !c->undone_by);
	jsonout_end(j);
}

/* ---- accounts ---- */

void
put_user(struct jsonout *j, const struct user *u)
{
	jsonout_object(j);
	jsonout_member_text(j, "id", u->user_id);
	put_optional(j, "email", u->email);
	jsonout_member_str(j, "name", u->name);
	jsonout_member_str(j, "role", u->role);
	jsonout_member_bool(j, "has_password", u->has_password);
	jsonout_member_bool(j, "disabled", u->disabled_at != 0);
	put_time(j, "created_at", u->created_at);
	put_time(j, "signed_in_at", u->signed_in_at);
	jsonout_end(j);
}

void
put_key(struct jsonout *j, const struct key *k)
{
	int64_t now = clock_now_us();
	bool expired = k->expires_at && k->expires_at <= now;
	jsonout_object(j);
	jsonout_member_text(j, "id", k->key_id);
	jsonout_member_str(j, "name", k->name);
	jsonout_member_str(j, "begins", k->begins);
	jsonout_member_str(j, "role", k->role);
	jsonout_key(j, "dataset_ids");
	if (k->scope.n)
		jsonout_raw(j, k->scope);
	else
		jsonout_null(j);
	put_optional(j, "user_id", k->user_id);
	put_optional(j, "email", k->email);
	put_optional(j, "parent_id", k->parent_id);
	jsonout_member_text(j, "state", k->revoked_at ? "revoked" : expired ? "expired" : "active");
	jsonout_member_bool(j, "active", !k->revoked_at && !expired);
	put_time(j, "created_at", k->created_at);
	put_time(j, "expires_at", k->expires_at);
	put_time(j, "revoked_at", k->revoked_at);
	put_time(j, "used_at", k->used_at);
	jsonout_end(j);
}

void
put_audit(struct jsonout *j, const struct audit *x)
{
	jsonout_object(j);
	jsonout_member_int(j, "id", x->audit_id);
	put_time(j, "at", x->at);
	jsonout_member_str(j, "who", x->who);
	put_optional(j, "user_id", x->user_id);
	put_optional(j, "key_id", x->key_id);
	jsonout_member_str(j, "action", x->action);
	put_optional(j, "target", x->target);
	jsonout_key(j, "detail");
	if (x->detail.n)
		jsonout_raw(j, x->detail);
	else
		jsonout_null(j);
	put_optional(j, "address", x->remote);
	put_optional(j, "request_id", x->request_id);
	jsonout_end(j);
}
