/*
 * task.c: the writer of what a plugin's task or call does (jobs of kind task and call), on a
 * dataset or on the site.
 *
 * The child reads rows and says what to write.  What it says is kept until its next checkpoint and
 * then stored in one transaction of the dataset's file, together with all it takes to go on: after
 * a crash it goes on there, and nothing is written twice.  Its end is stored like that too, so that
 * a crash before the catalog knows of it costs nothing.  All checkpoints of a job have its id as
 * their cause and are one step to undo.
 *
 * result: what the plugin answered, a JSON value.
 */
#define _GNU_SOURCE
#include "jobs/service.h"
#include "base/buf.h"
#include "base/cells.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"

#include <math.h>

/* Between two checkpoints, so that the file's lock is held briefly and memory stays flat. */
#define PENDING_BYTES MIB(64)
#define PENDING_EDITS 100000
#define READ_ROWS 256

enum pending_kind { PENDING_EDITS_MESSAGE, PENDING_ROWS, PENDING_FINDING };
struct pending {
	struct pending *next;
	enum pending_kind kind;
	struct str message;
};

struct task {
	struct job_context c;
	struct service service;
	struct dataset dataset;
	bool has_dataset;
	struct rows_file *rows;     /* for reading */
	struct rows_editor *editor; /* for writing, from the first write on */
	const char *path;
	struct change change;
	struct rows_edited edited;
	const struct column *columns;
	size_t column_count;
	uint64_t column_ids; /* ids below this exist */
	struct arena held;   /* what waits for the checkpoint */
	struct pending *first, **last;
	size_t held_bytes, held_edits;
	int64_t last_row;   /* of the edits being stored: the row of the last one, */
	bool ours;          /* and whether it was written, by us */
	uint64_t held_rows; /* of these, rows to add */
	struct task_kept
	    kept;    /* rows: cells and rows written; failed: edits of rows that had changed */
	bool untold; /* the file has what the catalog may not know */
};

/* ---- reading ---- */

struct page {
	struct task *t;
	struct buf b;
	uint64_t limit;
};

static bool
put_row(void *context, const struct row *r, struct err *e)
{
	struct page *p = context;
	struct stored_head head = {
	    r->row_id, r->rev, r->line, (uint32_t)r->cells.n, (uint32_t)r->absent.n};
	(void)e;
	buf_put(&p->b, &head, sizeof head);
	buf_put_str(&p->b, r->cells);
	buf_put_str(&p->b, r->absent);
	/* A page of large rows ends early; the child asks again. */
	return --p->limit > 0 && p->b.n < RING_BYTES / 4;
}

static bool
give_rows(struct task *t, struct str m, struct err *e)
{
	struct read_head h;
	if (m.n != sizeof h || !t->has_dataset)
		return channel_lie(e, "a request for rows");
	memcpy(&h, m.p, sizeof h);
	if (h.after < 0 || h.limit == 0)
		return channel_lie(e, "a request for rows");
	struct arena a;
	arena_init(&a, MIB(256));
	struct page p = {.t = t, .limit = h.limit < READ_ROWS ? h.limit : READ_ROWS};
	buf_init(&p.b, &a);
	bool good =
	    rows_each(t->rows, h.after == INT64_MAX ? h.after : h.after + 1, 0, put_row, &p, e) &&
	    channel_reply(&t->service.ch, buf_str(&p.b), e);
	arena_release(&a);
	return good;
}

/* ---- writing ---- */

static bool
open_editor(struct task *t, struct err *e)
{
	return t->editor || rows_editor_open(&t->editor, t->path, e);
}

/* One JSON value, or nothing. */
static bool
check_token(struct str token, struct arena *a)
{
	const char *reason;
	struct str row = arena_format(a, "[%.*s]", STR_ARG(token));
	return token.n == 0 || (token.n <= LIMIT_CELL_BYTES && row.n == token.n + 2 &&
				   cells_check(row.p, row.n, 1, &reason));
}

static bool
apply_set(struct task *t, const struct edit_head *h, struct str token, struct str state,
    struct str source, struct err *e)
{
	struct err why = {0};
	struct cell_edit edit = {(size_t)h->column, token};
	if (rows_edit_cells(t->editor, h->row_id, h->rev, &edit, 1, &why)) {
		t->kept.rows++;
		return state.n == 0 || rows_edit_mark(t->editor, h->row_id, edit.column_id, state,
					   h->confidence, source, e);
	}
	/* Somebody was quicker: their word stands. */
	if (why.code == ERR_PRECONDITION || why.code == ERR_NOT_FOUND) {
		t->kept.failed++;
		return true;
	}
	*e = why;
	return false;
}

/* The edits of one message, taken apart; without `apply` they are only checked. */
static bool
each_edit(struct task *t, struct str m, bool apply, struct err *e)
{
	for (size_t at = 0; at < m.n;) {
		struct edit_head h;
		if (m.n - at < sizeof h)
			return channel_lie(e, "an edit that is cut off");
		memcpy(&h, m.p + at, sizeof h);
		at += sizeof h;
		uint64_t bytes = (uint64_t)h.token + h.state + h.source;
		if (bytes > m.n - at || h.edit >= EDIT__MAX || h.row_id <= 0 || h.rev < 0)
			return channel_lie(e, "an edit");
		struct str token = {m.p + at, h.token}, state = {m.p + at + h.token, h.state};
		struct str source = {m.p + at + h.token + h.state, h.source};
		at += (size_t)bytes;
		if (!apply) {
			t->held_edits++;
			if (h.edit == EDIT_SET &&
			    (h.column >= t->column_ids || !check_token(token, &t->held) ||
				state.n > 40 || utf8_valid(state.p, state.n) != state.n ||
				source.n > KIB(64) || !check_token(source, &t->held) ||
				(!isnan(h.confidence) &&
				    !(h.confidence >= 0 && h.confidence <= 1))))
				return channel_lie(e, "a cell");
			continue;
		}
		/* The second cell of a row meets the rev that the first one gave it. */
		t->ours = t->ours && t->last_row == h.row_id;
		if (t->ours)
			h.rev = -1;
		uint64_t before = t->kept.failed;
		struct err why = {0};
		bool good = h.edit == EDIT_SET ? apply_set(t, &h, token, state, source, e)
					       : rows_edit_remove(t->editor, h.row_id, h.rev, &why);
		if (!good && (why.code == ERR_PRECONDITION || why.code == ERR_NOT_FOUND)) {
			t->kept.failed++;
			good = true;
		} else if (!good && why.code != ERR_OK) {
			*e = why;
		}
		if (!good)
			return false;
		t->ours = t->kept.failed == before;
		t->kept.rows += t->ours && h.edit == EDIT_REMOVE;
		t->last_row = h.row_id;
	}
	return true;
}

static bool
each_row(struct task *t, struct str m, bool apply, struct err *e)
{
	int64_t row_id;
	if (m.n < sizeof(struct rows_head))
		return channel_lie(e, "a short message");
	for (size_t at = sizeof(struct rows_head); at < m.n;) {
		struct said_row r;
		if (!said_row(&r, &at, m, t->column_ids, e))
			return false;
		t->held_edits += !apply;
		t->held_rows += !apply;
		if (apply && !rows_edit_add(t->editor, r.line, r.cells, r.absent, &row_id, e))
			return false;
		t->kept.rows += apply;
	}
	return true;
}

static bool
each_finding(struct task *t, struct str m, bool apply, struct err *e)
{
	struct said_finding f;
	if (!said_finding(&f, m, t->column_ids, e))
		return false;
	t->held_edits += !apply;
	return !apply || rows_edit_finding(t->editor, (int64_t)f.row_id, f.line, (size_t)f.column,
			     f.code, f.message, e);
}

static bool
each_held(struct task *t, const struct pending *p, bool apply, struct err *e)
{
	switch (p->kind) {
	case PENDING_EDITS_MESSAGE:
		return each_edit(t, p->message, apply, e);
	case PENDING_ROWS:
		return each_row(t, p->message, apply, e);
	case PENDING_FINDING:
		return each_finding(t, p->message, apply, e);
	}
	return true;
}

/* Checked when it comes, stored at the checkpoint. */
static bool
hold(struct task *t, enum pending_kind kind, struct str m, struct err *e)
{
	if (!t->has_dataset)
		return channel_lie(e, "a change of rows where there is no dataset");
	if (m.n > PENDING_BYTES - t->held_bytes)
		return FAIL(e, TOO_BIG, "the plugin writes over %d MiB between two checkpoints",
		    (int)(PENDING_BYTES >> 20));
	struct pending *p = arena_alloc(&t->held, sizeof *p);
	*p = (struct pending){.kind = kind, .message = arena_copy(&t->held, m)};
	t->held_bytes += m.n;
	if (!each_held(t, p, false, e))
		return false;
	if (t->held_edits > PENDING_EDITS)
		return FAIL(e, TOO_BIG, "the plugin makes over %d changes between two checkpoints",
		    PENDING_EDITS);
	*t->last = p;
	t->last = &p->next;
	return true;
}

static void
let_go(struct task *t)
{
	arena_release(&t->held);
	t->first = NULL;
	t->last = &t->first;
	t->held_bytes = t->held_edits = 0;
	t->held_rows = 0;
}

static bool
apply_all(struct task *t, const struct task_kept *kept, struct err *e)
{
	t->ours = false;
	for (const struct pending *p = t->first; p; p = p->next)
		if (!each_held(t, p, true, e))
			return false;
	struct task_kept now = *kept;
	now.rows = t->kept.rows;
	now.failed = t->kept.failed;
	now.answer = t->service.answer;
	now.states = service_states(&t->service, &t->held);
	return rows_edit_keep(t->editor, t->c.job.job_id, &now, e);
}

/* What was held is stored together with how to go on, or nothing of it. */
static bool
checkpoint(struct task *t, const struct task_kept *kept, struct err *e)
{
	if (!open_editor(t, e) || !job_reserve(&t->c, t->held_rows, e) ||
	    !rows_edit_begin(t->editor, &t->change, e))
		return false;
	if (!apply_all(t, kept, e)) {
		rows_edit_rollback(t->editor);
		return false;
	}
	if (!rows_edit_commit(t->editor, &t->edited, e))
		return false;
	t->untold = true;
	service_states_kept(&t->service);
	if (t->held_rows && !job_settle(&t->c, &t->dataset, &t->edited, e))
		return false;
	t->service.ch.count.rows = t->kept.rows;
	t->service.ch.count.failed = t->kept.failed;
	let_go(t);
	return true;
}

/* A column is made at once, because its id is asked for. */
static bool
add_column(struct task *t, struct str m, struct err *e)
{
	struct new_column column;
	size_t id = SIZE_MAX;
	if (!t->has_dataset || !said_column(&column, m, e))
		return t->has_dataset ? false
				      : channel_lie(e, "a column where there is no dataset");
	if (!open_editor(t, e) || !rows_edit_begin(t->editor, &t->change, e))
		return false;
	if (!rows_edit_column(t->editor, &column, &id, e)) {
		rows_edit_rollback(t->editor);
		return false;
	}
	if (!rows_edit_commit(t->editor, &t->edited, e))
		return false;
	t->untold = true;
	if (id >= t->column_ids)
		t->column_ids = id + 1;
	uint64_t told = id;
	return channel_reply(&t->service.ch, (struct str){(const char *)&told, sizeof told}, e);
}

/* ---- the talk ---- */

static bool
take_checkpoint(struct task *t, struct str m, struct err *e)
{
	if (m.n > KIB(64) || utf8_valid(m.p, m.n) != m.n)
		return channel_lie(e, "a cursor");
	if (!t->has_dataset)
		return channel_lie(e, "a cursor where there is no dataset");
	t->kept.cursor = arena_copy(&t->c.arena, m);
	return checkpoint(t, &t->kept, e) && channel_reply(&t->service.ch, (struct str){0}, e);
}

/* A job that wrote nothing can just as well begin anew. */
static bool
take_end(struct task *t, struct err *e)
{
	if (!t->has_dataset || (!t->first && !t->untold))
		return true;
	t->kept.ended = true;
	return checkpoint(t, &t->kept, e);
}

static bool
take_message(void *context, uint32_t type, struct str m, bool *end, struct err *e)
{
	struct task *t = context;
	bool taken;
	if (!service_take(&t->service, type, m, &taken, e))
		return false;
	if (taken)
		return true;
	/* Reading and writing are progress; findings alone are not. */
	t->service.ch.moved += type != MESSAGE_FINDING;
	switch (type) {
	case MESSAGE_READ:
		return give_rows(t, m, e);
	case MESSAGE_EDITS:
		return hold(t, PENDING_EDITS_MESSAGE, m, e);
	case MESSAGE_ROWS:
		return hold(t, PENDING_ROWS, m, e);
	case MESSAGE_FINDING:
		return hold(t, PENDING_FINDING, m, e);
	case MESSAGE_COLUMN:
		return add_column(t, m, e);
	case MESSAGE_CHECKPOINT:
		return take_checkpoint(t, m, e);
	case MESSAGE_END:
		*end = true;
		return take_end(t, e);
	default:
		return channel_lie(e, "an unknown message");
	}
}

/* ---- the job ---- */

static bool
open_rows(struct task *t, struct service_dataset *d, struct err *e)
{
	struct arena *a = &t->c.arena;
	if (!store_dataset_get(
		t->c.store, &t->dataset, t->c.job.org_id, arena_text(a, t->c.job.dataset_id), a, e))
		return false;
	t->has_dataset = true;
	if (t->dataset.generation == 0)
		return FAIL(e, CONFLICT, "the dataset has no rows yet");
	t->path = store_rows_path(t->c.store, t->dataset.dataset_id, t->dataset.generation, a).p;
	t->change = (struct change){
	    .who = t->c.job.who, .kind = STR("task"), .cause = str_of(t->c.job.job_id)};
	/* One that was interrupted goes on; what it stored the catalog may not know yet. */
	if (!rows_open(&t->rows, t->path, e) ||
	    !rows_kept(t->rows, t->c.job.job_id, &t->kept, &t->untold, a, e) ||
	    !rows_edition(t->rows, &t->edited.edition, e) ||
	    !rows_count(t->rows, &t->edited.rows, e) ||
	    !rows_columns(t->rows, &t->columns, &t->column_count, a, e) ||
	    !rows_last(t->rows, &d->last_row, e))
		return false;
	t->edited.columns = t->column_count;
	d->cursor = t->kept.cursor;
	for (size_t i = 0; i < t->column_count; i++)
		if (t->columns[i].column_id >= t->column_ids)
			t->column_ids = t->columns[i].column_id + 1;
	return true;
}

static bool
finish(struct task *t, struct err *e)
{
	struct store *s = t->c.store;
	if (!store_begin(s, e))
		return false;
	bool good =
	    store_job_done(s, t->c.job.job_id, &t->service.ch.count, t->service.answer, e) &&
	    service_keep(&t->service, e);
	if (good && t->untold)
		good = store_dataset_edited(s, t->dataset.dataset_id, t->dataset.generation,
		    t->edited.edition, t->edited.rows, t->edited.columns, e);
	if (good && t->has_dataset)
		good = store_dataset_rested(s, t->dataset.dataset_id, e);
	if (good)
		return store_commit(s, e);
	store_rollback(s);
	return false;
}

static bool
run(struct task *t, struct err *e)
{
	struct service_dataset d = {0};
	if (t->c.job.dataset_id.n > 0 && !open_rows(t, &d, e))
		return false;
	if (!service_open(&t->service, &t->c, t->c.job.source_id, e))
		return false;
	if (t->service.params.missing || !t->service.params.plugin)
		return FAIL(e, UNAVAILABLE, "the plugin of this task is not loaded in this server");
	if (!service_resume(
		&t->service, t->kept.ended ? t->kept.answer : (struct str){0}, t->kept.states, e))
		return false;
	t->service.ch.count.rows = t->kept.rows;
	t->service.ch.count.failed = t->kept.failed;
	if (t->kept.ended)
		return finish(t, e);
	d.dataset = t->has_dataset ? &t->dataset : NULL;
	d.columns = t->columns;
	d.column_count = t->column_count;
	return service_start(&t->service, &d, e) &&
	       channel_run(&t->service.ch, take_message, t, e) && finish(t, e);
}

/* What was stored before it failed stays: the catalog is told. */
static void
fail(struct task *t, const struct err *why)
{
	struct err e = {0};
	if (t->untold && !job_settle(&t->c, &t->dataset, &t->edited, &e))
		log_err("what a failed task stored", &e);
	job_fail(&t->c, why);
}

int
command_task(int argc, char **argv)
{
	static struct task t;
	struct err e = {0};
	arena_init(&t.held, MIB(256));
	t.last = &t.first;
	if (!job_begin(&t.c, "task", argc, argv, &e)) {
		log_err("a task cannot begin", &e);
		return 2;
	}
	bool good = run(&t, &e);
	channel_close(&t.service.ch);
	rows_editor_close(t.editor);
	rows_close(t.rows);
	if (good)
		job_ring(&t.c);
	else
		fail(&t, &e);
	let_go(&t);
	job_end(&t.c);
	return good ? 0 : 1;
}
