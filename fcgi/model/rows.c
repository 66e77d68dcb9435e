/*
 * rows.c: rows that are added, edited and deleted, and changes that are taken back; see model.h.
 *
 * A change is one transaction of the dataset's file.  The catalog's copies (counts, the version)
 * follow in a transaction of their own; should the process die between the two, whoever reads the
 * file next sees it (model_rows_open).
 */
#include "model/model.h"
#include "base/cells.h"
#include "base/jsonout.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"
#include "formats/fit.h"

bool
row_id_parse(int64_t *out, struct str text, struct err *e)
{
	uint64_t n;
	bool good = str_starts(text, "row_") &&
		    str_to_u64(&n, (struct str){text.p + 4, text.n - 4}) && n > 0 && n < INT64_MAX;
	*out = good ? (int64_t)n : 0;
	return good || FAIL_FIELD(e, NOT_FOUND, "row_id", "there is no row with this id");
}

bool
model_row_get(struct model *m, struct dataset *d, struct str row_id, struct row *out,
    struct arena *a, struct err *e)
{
	struct rows_file *rows;
	int64_t id;
	bool found;
	if (!row_id_parse(&id, row_id, e) || !model_rows_open(m, d, &rows, a, e) ||
	    !rows_get(rows, id, out, &found, a, e))
		return false;
	return found || FAIL_FIELD(e, NOT_FOUND, "row_id", "there is no row with this id");
}

struct shown {
	rows_each_fn *fn;
	void *context;
	bool found;
};

static bool
show(void *context, const struct row *r, struct err *e)
{
	struct shown *s = context;
	s->found = true;
	return s->fn(s->context, r, e);
}

bool
model_row_show(struct model *m, struct dataset *d, struct str row_id, rows_each_fn *fn,
    void *context, struct arena *a, struct err *e)
{
	struct rows_file *rows;
	struct shown s = {.fn = fn, .context = context};
	int64_t id;
	if (!row_id_parse(&id, row_id, e) || !model_rows_open(m, d, &rows, a, e) ||
	    !rows_each(rows, id, id + 1, show, &s, e))
		return false;
	return s.found || FAIL_FIELD(e, NOT_FOUND, "row_id", "there is no row with this id");
}

/* ---- what a cell may be ---- */

struct editing {
	struct model *m;
	const struct caller *c;
	struct dataset *d;
	const struct column *columns;
	size_t count, ids; /* ids: those below exist */
	bool text;         /* values are text, as forms send them */
	struct str detail; /* for the audit */
	struct arena *a;
	struct err *e;
};

static bool
begin_editing(struct editing *x, enum right right)
{
	struct rows_file *rows;
	if (!caller_may(x->c, right, x->e) || !model_rows_open(x->m, x->d, &rows, x->a, x->e) ||
	    !rows_columns(rows, &x->columns, &x->count, x->a, x->e))
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (x->columns[i].column_id >= x->ids)
			x->ids = x->columns[i].column_id + 1;
	return true;
}

/* A task that writes the column has it for itself. */
static bool
check_leases(struct editing *x, const size_t *ids, size_t count, bool all)
{
	struct str *leases;
	size_t lease_count;
	if (!store_job_leases(x->m->store, x->d->dataset_id, &leases, &lease_count, x->a, x->e))
		return false;
	for (size_t i = 0; i < lease_count; i++) {
		size_t at = 0, id;
		bool taken = all;
		while ((id = cells_next_id(leases[i], &at)) != SIZE_MAX && !taken)
			for (size_t k = 0; k < count; k++)
				taken = taken || ids[k] == id;
		if (taken)
			return FAIL(x->e, LOCKED,
			    "a task is writing this column; wait for it or cancel it");
	}
	return true;
}

static const struct column *
find_column(const struct editing *x, const char *key)
{
	struct str name = str_of(key);
	for (size_t i = 0; i < x->count; i++)
		if (str_equal(name, x->columns[i].name))
			return &x->columns[i];
	for (size_t i = 0; i < x->count && str_starts(name, "col_"); i++)
		if (str_equal((struct str){name.p + 4, name.n - 4}, x->columns[i].slug))
			return &x->columns[i];
	return NULL;
}

static bool
is_texty(const struct column *c)
{
	return c->type == COLUMN_STRING || c->type == COLUMN_TEXT || c->type == COLUMN_JSON;
}

/* The JSON a value is stored as.  A form cannot say null: where text makes no sense an empty field
 * does. */
static struct str
token_of(const struct editing *x, const struct column *column, const json_t *value)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, x->a);
	jsonout_init(&j, &b);
	if (json_is_string(value) && json_string_length(value) == 0 && x->text &&
	    !is_texty(column)) {
		jsonout_null(&j);
	} else if (json_is_string(value)) {
		jsonout_str(&j, (struct str){json_string_value(value), json_string_length(value)});
	} else if (json_is_real(value)) {
		jsonout_double(&j, json_real_value(value));
	} else {
		size_t n = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
		json_dumpb(value, jsonout_room(&j, n), n, JSON_COMPACT | JSON_ENCODE_ANY);
		jsonout_took(&j, n);
	}
	return buf_str(&b);
}

static bool
is_empty(struct str token)
{
	return token.n == 0 || str_is(token, "null") || str_is(token, "\"\"");
}

/* A declared column says what fits it; one whose type was found out takes everything. */
static bool
check_cell(
    const struct editing *x, const struct column *column, struct str token, const char *field)
{
	struct cell cell;
	struct str row = arena_format(x->a, "[%.*s]", STR_ARG(token));
	if (token.n > LIMIT_CELL_BYTES)
		return FAIL_FIELD(
		    x->e, TOO_BIG, field, "a cell has at most %d bytes", (int)LIMIT_CELL_BYTES);
	if (column->required && is_empty(token))
		return FAIL_FIELD(x->e, UNPROCESSABLE, field, "%.*s must have a value",
		    STR_ARG(str_clip(column->name, 100)));
	if (column->vendor_type.n == 0 || token.n == 0)
		return true;
	cells_split(&cell, 1, row.p, row.n);
	const char *wanted = fit_cell(&cell, column->type);
	return !wanted || FAIL_FIELD(x->e, UNPROCESSABLE, field, "%.*s must be %s",
			      STR_ARG(str_clip(column->name, 100)), wanted);
}

static const char *
field_of(const struct editing *x, const char *path, const char *key)
{
	return arena_format(x->a, "%s%s", path, key).p;
}

/* ---- adding ---- */

/* The default as a cell of its column: bare where it can be. */
static struct str
default_token(const struct editing *x, const struct column *column)
{
	struct str text = column->default_value;
	struct buf b;
	if (column->type == COLUMN_BOOLEAN && (str_is(text, "true") || str_is(text, "false")))
		return text;
	buf_init(&b, x->a);
	jsonout_quote(&b, text);
	return buf_str(&b);
}

/* The tokens of one row by column id; empty: absent. */
static bool
read_row(struct editing *x, struct str *tokens, const json_t *row, const char *path)
{
	if (!json_is_object(row))
		return FAIL_FIELD(x->e, INPUT, path, "a row is an object of its cells");
	for (void *at = json_object_iter((json_t *)(uintptr_t)row); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)row, at)) {
		const char *key = json_object_iter_key(at);
		const struct column *column = find_column(x, key);
		if (!column)
			return FAIL_FIELD(x->e, INPUT, field_of(x, path, key),
			    "the dataset has no column %.100s", key);
		tokens[column->column_id] = token_of(x, column, json_object_iter_value(at));
	}
	for (size_t i = 0; i < x->count; i++) {
		const struct column *column = &x->columns[i];
		struct str *token = &tokens[column->column_id];
		if ((token->n == 0 || (x->text && is_empty(*token))) && column->default_value.n)
			*token = default_token(x, column);
		if (!check_cell(
			x, column, *token, field_of(x, path, arena_text(x->a, column->name))))
			return false;
	}
	return true;
}

static void
put_row(const struct editing *x, const struct str *tokens, struct str *cells, struct str *absent)
{
	struct buf row, ids;
	size_t n = x->ids;
	buf_init(&row, x->a);
	buf_init(&ids, x->a);
	while (n > 0 && tokens[n - 1].n == 0)
		n--;
	buf_put_char(&row, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_char(&row, ',');
		if (tokens[i].n)
			buf_put_str(&row, tokens[i]);
		else
			buf_put_text(&row, "null");
		if (tokens[i].n == 0)
			buf_format(&ids, "%s%zu", ids.n ? "," : "[", i);
	}
	buf_put_char(&row, ']');
	if (ids.n)
		buf_put_char(&ids, ']');
	*cells = buf_str(&row);
	*absent = buf_str(&ids);
}

/* ---- the change itself ---- */

struct prepared {
	const char *kind;
	int64_t undoes;
	bool (*apply)(
	    struct editing *x, struct rows_editor *ed, void *context, struct row_change *out);
	void *context;
};

/* Needs the catalog's transaction.  What makes no rows more is never too much. */
static bool
check_quota(struct editing *x, uint64_t before, uint64_t rows)
{
	uint64_t left;
	return rows <= before ||
	       (store_rows_left(x->m->store, &left, x->c->org_id, x->m->conf, x->e) &&
		   store_rows_fit(rows - before, left, x->e));
}

/* With the file's transaction open. */
static bool
apply(struct editing *x, const struct prepared *p, struct rows_editor *ed, struct row_change *out)
{
	struct dataset d;
	uint64_t before, rows;
	if (!store_dataset_get(x->m->store, &d, x->c->org_id, x->d->dataset_id, x->a, x->e))
		return false;
	if (d.generation != x->d->generation)
		return FAIL(x->e, CONFLICT, "the dataset was read again meanwhile: load it again");
	return rows_edit_count(ed, &before, x->e) && p->apply(x, ed, p->context, out) &&
	       rows_edit_count(ed, &rows, x->e) && check_quota(x, before, rows);
}

static bool
added(const struct editing *x, struct rows_editor *ed, int64_t change_id, struct row_change *out)
{
	out->change_id = change_id;
	return rows_edit_added(
	    ed, change_id, out->row_ids, LIMIT_CHANGE_ROWS, &out->row_count, x->e);
}

static bool
write_change(struct editing *x, const struct prepared *p, struct rows_editor *ed,
    struct row_change *out, struct rows_edited *now)
{
	struct change change = {.who = x->c->who,
	    .kind = str_of(p->kind),
	    .undoes = p->undoes,
	    .idempotency_key = x->c->idempotency_key};
	if (!rows_edit_begin(ed, &change, x->e))
		return false;
	/* All that is to be told is found out before: when it is durable nothing may fail. */
	if (!apply(x, p, ed, out) || !added(x, ed, change.change_id, out)) {
		rows_edit_rollback(ed);
		return false;
	}
	x->detail = arena_format(x->a, "{\"change\":%" PRId64 "}", change.change_id);
	return rows_edit_commit(ed, now, x->e);
}

/* The catalog's copies of what the file says now, and who did it. */
static bool
tell_catalog(
    struct editing *x, const struct prepared *p, const struct rows_edited *now, struct err *e)
{
	return store_dataset_edited(x->m->store, x->d->dataset_id, x->d->generation, now->edition,
		   now->rows, now->columns, e) &&
	       model_audit(x->m, x->c, p->kind, str_of(x->d->dataset_id), x->detail, e);
}

/* Under the catalog's lock first and then the file's: whoever makes rows elsewhere waits, so that
 * two changes cannot both take the rest of a quota. */
static bool
write_both(struct editing *x, const struct prepared *p, struct rows_editor *ed,
    struct row_change *out, struct rows_edited *now)
{
	struct err later = {0};
	struct str key = x->c->idempotency_key;
	if (!store_begin(x->m->store, x->e))
		return false;
	/* An earlier attempt of the same request may have done it already, even while we waited. */
	int64_t before = 0;
	bool good = key.n == 0 || rows_edit_by_key(ed, key, &before, x->e);
	if (!good || before || !write_change(x, p, ed, out, now)) {
		good = good && before && added(x, ed, before, out);
		store_rollback(x->m->store);
		return good;
	}
	/* Done and durable: what is left is only the catalog's copy of it. */
	if (!model_end(x->m, tell_catalog(x, p, now, &later), &later))
		log_err("a change the catalog could not be told of", &later);
	return true;
}

static void
close_editor(void *holder)
{
	struct rows_editor **ed = holder;
	rows_editor_close(*ed);
	*ed = NULL;
}

static bool
carry_out(struct editing *x, const struct prepared *p, struct row_change *out)
{
	struct rows_edited now = {0};
	*out =
	    (struct row_change){.row_ids = arena_array(x->a, LIMIT_CHANGE_ROWS, sizeof(int64_t))};
	struct str path = store_rows_path(x->m->store, x->d->dataset_id, x->d->generation, x->a);
	/* Should memory run out below, the arena closes it, and lets its lock go. */
	struct rows_editor **ed = arena_alloc(x->a, sizeof *ed);
	arena_defer(x->a, close_editor, ed);
	if (!rows_editor_open(ed, path.p, x->e))
		return false;
	bool good = write_both(x, p, *ed, out, &now);
	close_editor(ed);
	if (now.change_id) {
		x->d->edition = now.edition;
		x->d->rows = now.rows;
		x->d->columns = now.columns;
	}
	return good;
}

/* ---- what can be done ---- */

struct adding {
	struct str *cells, *absent;
	size_t count;
};

static bool
apply_add(struct editing *x, struct rows_editor *ed, void *context, struct row_change *out)
{
	struct adding *add = context;
	int64_t row_id;
	(void)out;
	for (size_t i = 0; i < add->count; i++)
		if (!rows_edit_add(ed, 0, add->cells[i], add->absent[i], &row_id, x->e))
			return false;
	return true;
}

bool
model_rows_add(struct model *m, const struct caller *c, struct dataset *d, const json_t *rows,
    bool text, struct row_change *out, struct arena *a, struct err *e)
{
	struct editing x = {.m = m, .c = c, .d = d, .text = text, .a = a, .e = e};
	size_t count = json_array_size(rows);
	if (!begin_editing(&x, RIGHT_EDIT))
		return false;
	if (!json_is_array(rows) || count == 0)
		return FAIL_FIELD(e, INPUT, "rows", "rows must be an array of at least one row");
	if (count > LIMIT_CHANGE_ROWS)
		return FAIL_FIELD(e, UNPROCESSABLE, "rows",
		    "at most %d rows can be added at once, %zu were sent", LIMIT_CHANGE_ROWS,
		    count);
	struct adding add = {arena_array(a, count, sizeof(struct str)),
	    arena_array(a, count, sizeof(struct str)), count};
	struct str *tokens = arena_array(a, x.ids, sizeof *tokens);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < x.ids; k++)
			tokens[k] = (struct str){0};
		const char *path = text ? "cells." : arena_format(a, "rows[%zu].", i).p;
		if (!read_row(&x, tokens, json_array_get(rows, i), path))
			return false;
		put_row(&x, tokens, &add.cells[i], &add.absent[i]);
	}
	struct prepared p = {"rows.add", 0, apply_add, &add};
	return carry_out(&x, &p, out);
}

struct setting {
	int64_t row_id, rev;
	struct cell_edit *edits;
	size_t count;
};

static bool
apply_set(struct editing *x, struct rows_editor *ed, void *context, struct row_change *out)
{
	struct setting *set = context;
	(void)out;
	if (!rows_edit_cells(ed, set->row_id, set->rev, set->edits, set->count, x->e))
		return false;
	/* So that it is known who wrote it. */
	for (size_t i = 0; i < set->count; i++)
		if (!rows_edit_mark(ed, set->row_id, set->edits[i].column_id, STR("edited"),
			__builtin_nan(""), (struct str){0}, x->e))
			return false;
	return true;
}

bool
model_row_set(struct model *m, const struct caller *c, struct dataset *d, struct str row_id,
    int64_t rev, const json_t *cells, bool text, struct row_change *out, struct arena *a,
    struct err *e)
{
	struct editing x = {.m = m, .c = c, .d = d, .text = text, .a = a, .e = e};
	struct setting set = {.rev = rev};
	struct row row;
	if (!begin_editing(&x, RIGHT_REVIEW) || !model_row_get(m, d, row_id, &row, a, e))
		return false;
	set.row_id = row.row_id;
	if (!json_is_object(cells) || json_object_size(cells) == 0)
		return FAIL_FIELD(
		    e, INPUT, "cells", "cells must be an object of at least one cell");
	set.edits = arena_array(a, json_object_size(cells), sizeof *set.edits);
	size_t *ids = arena_array(a, json_object_size(cells), sizeof *ids);
	for (void *at = json_object_iter((json_t *)(uintptr_t)cells); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)cells, at)) {
		const char *key = json_object_iter_key(at), *field = field_of(&x, "cells.", key);
		const struct column *column = find_column(&x, key);
		if (!column)
			return FAIL_FIELD(e, INPUT, field, "the dataset has no column %.100s", key);
		for (size_t k = 0; k < set.count; k++)
			if (ids[k] == column->column_id)
				return FAIL_FIELD(
				    e, INPUT, field, "the column %.100s is named twice", key);
		struct str token = token_of(&x, column, json_object_iter_value(at));
		if (!check_cell(&x, column, token, field))
			return false;
		ids[set.count] = column->column_id;
		set.edits[set.count++] = (struct cell_edit){column->column_id, token};
	}
	struct prepared p = {"rows.set", 0, apply_set, &set};
	return check_leases(&x, ids, set.count, false) && carry_out(&x, &p, out);
}

struct removing {
	const struct row_named *rows;
	size_t count;
};

static bool
apply_remove(struct editing *x, struct rows_editor *ed, void *context, struct row_change *out)
{
	struct removing *remove = context;
	(void)out;
	for (size_t i = 0; i < remove->count; i++)
		if (!rows_edit_remove(ed, remove->rows[i].row_id, remove->rows[i].rev, x->e))
			return false;
	return true;
}

bool
model_rows_remove(struct model *m, const struct caller *c, struct dataset *d,
    const struct row_named *rows, size_t count, struct row_change *out, struct arena *a,
    struct err *e)
{
	struct editing x = {.m = m, .c = c, .d = d, .a = a, .e = e};
	struct removing remove = {rows, count};
	if (!begin_editing(&x, RIGHT_EDIT))
		return false;
	if (count == 0 || count > LIMIT_CHANGE_ROWS)
		return FAIL_FIELD(e, UNPROCESSABLE, "rows",
		    "from 1 to %d rows can be deleted at once", LIMIT_CHANGE_ROWS);
	struct prepared p = {"rows.remove", 0, apply_remove, &remove};
	return carry_out(&x, &p, out);
}

static bool
is_undone(const struct change *c, struct err *e)
{
	return c->undone_by != 0 &&
	       !FAIL(e, CONFLICT, "change %" PRId64 " was taken back already, by change %" PRId64,
		   c->change_id, c->undone_by);
}

static bool
apply_undo(struct editing *x, struct rows_editor *ed, void *context, struct row_change *out)
{
	const struct change *change = context;
	(void)out;
	return !is_undone(change, x->e) && rows_edit_undo(ed, change->change_id, NULL, x->e);
}

/* What is still being written cannot be taken back. */
static bool
check_ended(struct editing *x, struct str job_id, struct err *e)
{
	struct job job;
	struct err gone = {0};
	if (!store_job_get(x->m->store, &job, 0, arena_text(x->a, job_id), x->a, &gone)) {
		if (gone.code == ERR_NOT_FOUND)
			return true;
		*e = gone;
		return false;
	}
	return (!str_is(job.state, "queued") && !str_is(job.state, "running")) ||
	       FAIL(e, LOCKED, "it is not done yet; wait for it or cancel it");
}

/* By a job that has all columns for itself. */
static bool
queue_undo(struct editing *x, const struct change *change, struct job *job)
{
	struct buf leases;
	struct model *m = x->m;
	buf_init(&leases, x->a);
	for (size_t i = 0; i < x->ids; i++)
		buf_format(&leases, "%s%zu", i ? "," : "[", i);
	buf_put_char(&leases, ']');
	*job = (struct job){.org_id = x->c->org_id,
	    .kind = STR("undo"),
	    .dataset_id = arena_copy(x->a, str_of(x->d->dataset_id)),
	    .who = x->c->who,
	    .params = arena_format(x->a, "{\"cause\":\"%.*s\"}", STR_ARG(change->cause)),
	    .leases = buf_str(&leases)};
	if (!store_begin(m->store, x->e))
		return false;
	/* Whoever asks again is led to the job that is at it. */
	struct job same;
	bool found;
	if (!store_job_with_params(
		m->store, &same, &found, job->dataset_id.p, "undo", job->params, x->a, x->e) ||
	    (found && job_is_active(&same))) {
		store_rollback(m->store);
		*job = same;
		return x->e->code == ERR_OK;
	}
	bool good = check_ended(x, change->cause, x->e) && check_leases(x, NULL, 0, true) &&
		    store_job_insert(m->store, job, x->e) &&
		    model_audit(m, x->c, "undo", str_of(x->d->dataset_id),
			arena_format(x->a, "{\"change\":%" PRId64 ",\"job\":\"%s\"}",
			    change->change_id, job->job_id),
			x->e);
	if (!model_end(m, good, x->e))
		return false;
	model_wake(m);
	return true;
}

bool
model_change_undo(struct model *m, const struct caller *c, struct dataset *d, struct str change_id,
    struct row_change *out, struct job *job, struct arena *a, struct err *e)
{
	struct editing x = {.m = m, .c = c, .d = d, .a = a, .e = e};
	struct rows_file *rows;
	struct change change;
	bool found = false;
	uint64_t id;
	*job = (struct job){0};
	if (!begin_editing(&x, RIGHT_REVIEW))
		return false;
	if (str_to_u64(&id, change_id) && id > 0 && id <= INT64_MAX &&
	    (!model_rows_open(m, d, &rows, a, e) ||
		!rows_change_get(rows, (int64_t)id, &change, &found, a, e)))
		return false;
	if (!found)
		return FAIL_FIELD(e, NOT_FOUND, "change_id", "there is no change with this id");
	if (change.cause.n)
		return !is_undone(&change, e) && queue_undo(&x, &change, job);
	struct prepared p = {"undo", change.change_id, apply_undo, &change};
	/* It may be about any column. */
	return check_leases(&x, NULL, 0, true) && carry_out(&x, &p, out);
}

bool
model_change_list(struct model *m, struct dataset *d, uint64_t offset, size_t limit,
    struct change **out, size_t *count, int64_t *total, struct arena *a, struct err *e)
{
	struct rows_file *rows;
	return model_rows_open(m, d, &rows, a, e) &&
	       rows_changes(rows, offset, limit, out, count, total, a, e);
}
