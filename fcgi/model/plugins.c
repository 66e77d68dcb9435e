/*
 * plugins.c: what plugins offer, as the product sees it: tasks and calls are queued, views filled,
 * requests checked; see model.h.
 *
 * Only checks, estimates and views run here, in the process that answers; the rest is a job's.
 * Whoever watches the process is told how long that may take.
 */
#include "model/model.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/limits.h"
#include "base/tree.h"

/* ---- hooks in this process ---- */

/* What a hook here works with. */
struct here {
	struct host host;
	struct host_dataset dataset;
	struct model *m;
	const struct caller *c;
	struct rows_file *rows;
	const char *plugin;
	struct arena row;
};

/* Until then, or the process is ended; 0: as before. */
static int64_t
limit_time(struct model *m, int64_t ms)
{
	if (!m->deadline_ms)
		return 0;
	int64_t before = atomic_load(m->deadline_ms), until = clock_monotonic_ms() + ms;
	if (before == 0 || until < before)
		atomic_store(m->deadline_ms, until);
	return before;
}

static void
limit_as_before(struct model *m, int64_t before)
{
	if (m->deadline_ms)
		atomic_store(m->deadline_ms, before);
}

static void
release_row(void *row)
{
	arena_release(row);
}

static struct here *
here_new(struct model *m, const struct caller *c, const char *plugin, struct arena *a)
{
	struct here *x = arena_alloc(a, sizeof *x);
	x->m = m;
	x->c = c;
	x->plugin = plugin;
	arena_init(&x->row, LIMIT_REQUEST_BYTES);
	arena_defer(a, release_row, &x->row);
	x->host = (struct host){.size = sizeof x->host, .arena = a, .row = &x->row, .self = x};
	x->host.org = arena_format(a, "%" PRId64, c ? c->org_id : 0);
	return x;
}

static void
here_dataset(struct here *x, const struct dataset *d, const struct column *columns, size_t count)
{
	struct arena *a = x->host.arena;
	struct host_column *list = arena_array(a, count, sizeof *list);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct host_column){columns[i].column_id,
		    arena_format(a, "col_%.*s", STR_ARG(columns[i].slug)), columns[i].name,
		    columns[i].vendor_type, columns[i].description, columns[i].default_value,
		    columns[i].type, columns[i].required};
	x->dataset = (struct host_dataset){
	    str_of(d->dataset_id), d->name, d->description, d->type, d->rows, list, count};
	x->host.dataset = &x->dataset;
}

/* ---- rows for views ---- */

struct rows_walk {
	const struct host *h;
	host_row_fn *fn;
	void *context;
	struct cell *stored, *cells;
	size_t stored_count;
};

static bool
walk_row(void *context, const struct row *r, struct err *e)
{
	struct rows_walk *w = context;
	const struct host_dataset *d = w->h->dataset;
	cells_split_row(w->stored, w->stored_count, r->cells, r->absent);
	for (size_t k = 0; k < d->column_count; k++)
		w->cells[k] = w->stored[d->columns[k].column_id];
	struct host_row row = {r->row_id, r->rev, r->line, w->cells};
	struct arena_mark mark = arena_mark(w->h->row);
	bool more = w->fn(w->h, w->context, &row, e);
	arena_reset(w->h->row, mark);
	return more;
}

static struct rows_walk
walk_begin(const struct host *h, host_row_fn *fn, void *context)
{
	struct rows_walk w = {.h = h, .fn = fn, .context = context};
	for (size_t k = 0; k < h->dataset->column_count; k++)
		if (h->dataset->columns[k].column_id >= w.stored_count)
			w.stored_count = h->dataset->columns[k].column_id + 1;
	w.stored = arena_array(h->arena, w.stored_count, sizeof *w.stored);
	w.cells = arena_array(h->arena, h->dataset->column_count, sizeof *w.cells);
	return w;
}

static bool
view_each(const struct host *h, host_row_fn *fn, void *context, struct err *e)
{
	struct here *x = h->self;
	struct rows_walk w = walk_begin(h, fn, context);
	return rows_each(x->rows, 1, 0, walk_row, &w, e);
}

static bool
view_page(const struct host *h, uint64_t position, size_t limit, host_row_fn *fn, void *context,
    struct err *e)
{
	struct here *x = h->self;
	struct rows_walk w = walk_begin(h, fn, context);
	return rows_page(x->rows, position, limit, walk_row, &w, e);
}

static bool
view_state(const struct host *h, const char *name, struct str *out, struct err *e)
{
	struct here *x = h->self;
	return store_state_get(x->m->store, x->plugin, x->c->org_id,
	    h->dataset ? arena_text(h->arena, h->dataset->id) : "", name, out, h->arena, e);
}

/* ---- types ---- */

bool
plugin_type_check(struct model *m, const struct dataset_type *type, const struct value *values,
    struct arena *a, struct err *e)
{
	struct here *x = here_new(m, NULL, type->plugin, a);
	int64_t before = limit_time(m, PLUGIN_CHECK_MS);
	bool good = type->has->check(&x->host, values, e);
	limit_as_before(m, before);
	return good || e->code != ERR_OK
		   ? good
		   : FAIL(
			 e, INPUT, "the plugin %s refuses this and does not say why", type->plugin);
}

/* jobs.params of a plugin's hook; service.c reads them. */
struct wanted {
	const char *plugin, *hook, *type, *work;
	bool missing, folder;
	struct plugin_bounds bounds;
	struct str values, options;
};

static struct str
params_of(const struct wanted *w, struct arena *a)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_text(&j, "plugin", w->plugin);
	if (w->missing)
		jsonout_member_bool(&j, "missing", true);
	if (w->folder)
		jsonout_member_bool(&j, "folder", true);
	if (w->bounds.seconds)
		jsonout_member_int(&j, "seconds", w->bounds.seconds);
	if (w->bounds.memory_mib)
		jsonout_member_int(&j, "memory_mib", w->bounds.memory_mib);
	jsonout_member_text(&j, "hook", w->hook);
	jsonout_member_text(&j, "type", w->type);
	jsonout_member_text(&j, "work", w->work);
	jsonout_key(&j, "values");
	jsonout_raw(&j, w->values.n ? w->values : STR("{}"));
	if (w->options.n) {
		jsonout_key(&j, "options");
		jsonout_raw(&j, w->options);
	}
	jsonout_end(&j);
	return buf_str(&b);
}

struct str
plugin_ingest_params(struct model *m, const struct dataset_type *type, struct str values,
    struct str options, struct arena *a)
{
	struct wanted w = {.hook = "ingest",
	    .type = type->name,
	    .values = values,
	    .options = options,
	    .missing = !type->has};
	if (type->has && type->has->ingest) {
		const struct rowhouse_plugin *p =
		    registry_plugin(m->registry, str_of(type->plugin));
		w.plugin = type->plugin;
		w.folder = p && p->folder;
		w.bounds = type->has->bounds;
	}
	return params_of(&w, a);
}

/* ---- tasks and calls ---- */

static bool
no_work(struct err *e, bool is_call, struct str name)
{
	return FAIL_FIELD(e, NOT_FOUND, is_call ? "call" : "task", "there is no %s %.*s here",
	    is_call ? "call" : "task", STR_ARG(str_clip(name, 60)));
}

/* A task of the site, as a view of it, is about everybody's data in the organisation. */
static bool
may_work(const struct caller *c, const struct dataset *d, struct err *e)
{
	return d ? caller_may(c, RIGHT_EDIT, e) : caller_may_all(c, RIGHT_EDIT, e);
}

bool
model_work_find(struct model *m, const struct caller *c, struct work_ref *out,
    const struct dataset *d, struct str plugin, struct str name, bool is_call, struct err *e)
{
	*out = (struct work_ref){.is_call = is_call};
	if (!may_work(c, d, e))
		return false;
	if (d) {
		out->type = registry_type(m->registry, d->type);
		if (!out->type || !out->type->has)
			return no_work(e, is_call, name);
		out->plugin = out->type->plugin;
		out->work =
		    work_find(is_call ? out->type->has->calls : out->type->has->tasks, name);
	} else {
		const struct rowhouse_plugin *p = registry_plugin(m->registry, plugin);
		out->plugin = p ? p->name : NULL;
		out->work = p && !is_call ? work_find(p->tasks, name) : NULL;
	}
	return out->work || no_work(e, is_call, name);
}

void
form_columns_of(
    struct form_columns *out, const struct column *columns, size_t count, struct arena *a)
{
	struct form_column *list = arena_array(a, count, sizeof *list);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct form_column){columns[i].column_id,
		    arena_format(a, "col_%.*s", STR_ARG(columns[i].slug)), columns[i].name};
	*out = (struct form_columns){list, count};
}

/* The plugin's own words about what is asked for: is it right, what would it take, what will it
 * write. */
static bool
ask_plugin(struct here *x, const struct work_ref *w, const struct value *values,
    const struct work_request *r, struct job *job, struct str *answer, struct err *e)
{
	struct arena *a = x->host.arena;
	if (w->work->check && !w->work->check(&x->host, values, e))
		return e->code != ERR_OK
			   ? false
			   : FAIL(e, INPUT, "the plugin refuses this and does not say why");
	if (r->estimate) {
		struct buf b;
		struct jsonout j;
		buf_init(&b, a);
		jsonout_init(&j, &b);
		jsonout_object(&j);
		if (w->work->estimate && !w->work->estimate(&x->host, values, &j, e))
			return false;
		jsonout_end(&j);
		*answer = buf_str(&b);
		return true;
	}
	size_t ids[LIMIT_COLUMNS], count = 0;
	if (!w->work->columns)
		return true;
	if (!w->work->columns(&x->host, values, ids, ARRAY_LENGTH(ids), &count, e))
		return false;
	struct buf b;
	buf_init(&b, a);
	for (size_t i = 0; i < count; i++)
		buf_format(&b, "%s%zu", i ? "," : "[", ids[i]);
	if (count)
		buf_put_char(&b, ']');
	job->leases = buf_str(&b);
	return true;
}

static bool
check_source(struct model *m, const struct caller *c, const struct work_ref *w,
    const struct work_request *r, struct job *job, struct arena *a, struct err *e)
{
	struct source source;
	const struct plugin_slot *slot = w->work->sources;
	if (!slot || !slot->name)
		return r->source_id.n == 0 ||
		       FAIL_FIELD(e, INPUT, "source_id", "this takes no data source");
	if (r->source_id.n == 0)
		return !slot->required || FAIL_FIELD(e, INPUT, "source_id",
					      "a data source is needed: %s", slot->label);
	if (!model_source_get(m, c, r->source_id, &source, a, e))
		return false;
	job->source_id = arena_copy(a, str_of(source.source_id));
	for (size_t i = 0; i < source.file_count; i++)
		job->total += source.files[i].bytes;
	return true;
}

/* With the transaction open: no other task may have one of its columns. */
static bool
take_leases(struct model *m, const struct job *job, struct arena *a, struct err *e)
{
	struct str *held;
	size_t count, at = 0, id;
	if (job->leases.n == 0)
		return true;
	if (!store_job_leases(m->store, arena_text(a, job->dataset_id), &held, &count, a, e))
		return false;
	while ((id = cells_next_id(job->leases, &at)) != SIZE_MAX)
		for (size_t i = 0; i < count; i++) {
			size_t other_at = 0, other;
			while ((other = cells_next_id(held[i], &other_at)) != SIZE_MAX)
				if (other == id)
					return FAIL(e, LOCKED,
					    "another task is writing one of these columns; wait "
					    "for it or cancel it");
		}
	return true;
}

static bool
insert_work(struct model *m, const struct caller *c, const struct work_ref *w, struct job *job,
    struct arena *a, struct err *e)
{
	if (!take_leases(m, job, a, e) || !store_job_insert(m->store, job, e))
		return false;
	struct str detail =
	    arena_format(a, "{\"name\":\"%s\",\"job\":\"%s\"}", w->work->name, job->job_id);
	return model_audit(m, c, w->is_call ? "call.start" : "task.start",
	    job->dataset_id.n ? job->dataset_id : str_of(w->plugin), detail, e);
}

bool
model_work_start(struct model *m, const struct caller *c, const struct work_ref *w,
    struct dataset *d, const struct work_request *r, struct job *job, struct str *answer,
    struct arena *a, struct err *e)
{
	const struct value *values;
	struct form_columns columns = {0};
	struct here *x = here_new(m, c, w->plugin, a);
	struct rows_file *rows;
	const struct column *list;
	size_t count;
	struct buf b;
	struct jsonout j;
	*job = (struct job){.org_id = c->org_id,
	    .kind = w->is_call ? STR("call") : STR("task"),
	    .who = c->who,
	    .title = str_of(w->work->title)};
	if (!may_work(c, d, e))
		return false;
	if (d) {
		if (!model_rows_open(m, d, &rows, a, e) || !rows_columns(rows, &list, &count, a, e))
			return false;
		here_dataset(x, d, list, count);
		form_columns_of(&columns, list, count, a);
		job->dataset_id = arena_copy(a, str_of(d->dataset_id));
	}
	if (!form_check(&values, w->work->form, r->fields, r->style, d ? &columns : NULL, a, e) ||
	    !check_source(m, c, w, r, job, a, e))
		return false;
	int64_t before = limit_time(m, PLUGIN_CHECK_MS);
	bool good = ask_plugin(x, w, values, r, job, answer, e);
	limit_as_before(m, before);
	if (!good || r->estimate)
		return good || e->code != ERR_OK
			   ? good
			   : FAIL(e, SYSTEM, "the plugin %s failed and did not say why", w->plugin);
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	form_write(&j, w->work->form, values);
	jsonout_end(&j);
	const struct rowhouse_plugin *p = registry_plugin(m->registry, str_of(w->plugin));
	struct wanted wanted = {w->plugin, w->is_call ? "call" : "task",
	    w->type ? w->type->name : NULL, w->work->name, false, p && p->folder, w->work->bounds,
	    buf_str(&b)};
	if (w->is_call &&
	    (wanted.bounds.seconds == 0 || wanted.bounds.seconds > LIMIT_CALL_SECONDS))
		wanted.bounds.seconds = LIMIT_CALL_SECONDS;
	job->params = params_of(&wanted, a);
	if (!store_begin(m->store, e) || !model_end(m, insert_work(m, c, w, job, a, e), e))
		return false;
	model_wake(m);
	return true;
}

/* ---- views ---- */

static bool
fill(struct here *x, const struct plugin_view *view, const struct value *values, struct str *out,
    struct err *e)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, x->host.arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	int64_t before = limit_time(x->m, PLUGIN_VIEW_MS);
	bool good = view->fill(&x->host, values, &j, e);
	limit_as_before(x->m, before);
	if (!good)
		return e->code != ERR_OK
			   ? false
			   : FAIL(e, SYSTEM, "the plugin %s failed and did not say why", x->plugin);
	/* A plugin that leaves something open would make the answer no JSON. */
	if (j.depth != 1)
		return FAIL(e, SYSTEM, "the view %s left an object open", view->name);
	jsonout_end(&j);
	if (b.n > LIMIT_ANSWER_BYTES)
		return FAIL(e, TOO_BIG, "the view %s is over %d bytes", view->name,
		    (int)LIMIT_ANSWER_BYTES);
	*out = buf_str(&b);
	return true;
}

bool
model_view(struct model *m, const struct caller *c, struct dataset *d, struct str plugin,
    struct str name, const json_t *query, unsigned style, struct str *out,
    const struct plugin_view **view, struct arena *a, struct err *e)
{
	const struct value *values;
	struct form_columns columns = {0};
	const struct dataset_type *type = d ? registry_type(m->registry, d->type) : NULL;
	const struct rowhouse_plugin *p = d ? NULL : registry_plugin(m->registry, plugin);
	const struct column *list;
	size_t count;
	if (!(d ? caller_may(c, RIGHT_READ, e) : caller_may_all(c, RIGHT_READ, e)))
		return false;
	*view = d ? view_find(type && type->has ? type->has->views : NULL, name)
		  : view_find(p ? p->views : NULL, name);
	if (!*view)
		return FAIL_FIELD(e, NOT_FOUND, "view", "there is no view %.*s here",
		    STR_ARG(str_clip(name, 60)));
	struct here *x = here_new(m, c, d ? type->plugin : p->name, a);
	if (d) {
		if (!model_rows_open(m, d, &x->rows, a, e) ||
		    !rows_columns(x->rows, &list, &count, a, e))
			return false;
		here_dataset(x, d, list, count);
		form_columns_of(&columns, list, count, a);
		x->host.each_row = view_each;
		x->host.page = view_page;
	}
	p = registry_plugin(m->registry, str_of(x->plugin));
	if (p && p->folder)
		x->host.folder = arena_format(a, "%s/plugins/%s", m->data, x->plugin);
	x->host.get_state = view_state;
	return form_check(
		   &values, (*view)->form, query, FORM_TEXT | style, d ? &columns : NULL, a, e) &&
	       fill(x, *view, values, out, e);
}

/* ---- what there is ---- */

bool
model_registry(struct model *m, const struct caller *c, const struct registry **out, struct err *e)
{
	*out = m->registry;
	return caller_may(c, RIGHT_READ, e);
}
