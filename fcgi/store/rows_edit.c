/*
 * rows_edit.c: changes to a rows file that exists; see rows.h.
 *
 * Every change writes down what was there before it, so that it can be taken back: `history` has
 * one line per cell, and one with column_id -1 per row that came or went.  Ids of rows are never
 * reused: the next is behind the highest that a row or the history knows.
 */
#define _GNU_SOURCE
#include "store/rows_file.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/limits.h"

#include <math.h>

/* As long as the catalog keeps answers by their Idempotency-Key (sweep.c). */
#define KEY_KEPT_US INT64_C(86400000000)

/* A file of an earlier Rowhouse gets what this one needs; one of a later is refused. */
static bool
migrate(struct database *d, struct err *e)
{
	int64_t version;
	if (!sql_one_int(d, &version, 0, "PRAGMA user_version", NULL, 0, e))
		return false;
	if (version > ROWS_VERSION)
		return FAIL(
		    e, UNAVAILABLE, "the rows were written by a newer Rowhouse: run the newer one");
	if (version == ROWS_VERSION)
		return true;
	if (!database_begin(d, e))
		return false;
	if (sql_script(d, ROWS_ADDED_2, e))
		return database_commit(d, e);
	database_rollback(d);
	return false;
}

bool
rows_editor_open(struct rows_editor **out, const char *path, struct err *e)
{
	struct rows_editor *ed = calloc(1, sizeof *ed);
	if (!ed)
		return FAIL(e, UNAVAILABLE, "out of memory");
	arena_init(&ed->arena, MIB(256));
	if (!database_open(&ed->d, path, DATABASE_WRITE, e)) {
		free(ed);
		return false;
	}
	if (!migrate(&ed->d, e)) {
		rows_editor_close(ed);
		return false;
	}
	*out = ed;
	return true;
}

void
rows_editor_close(struct rows_editor *ed)
{
	if (!ed)
		return;
	if (ed->d.writing)
		database_rollback(&ed->d);
	database_close(&ed->d);
	arena_release(&ed->arena);
	free(ed);
}

/* ---- the transaction ---- */

static bool
insert_change(struct rows_editor *ed, struct change *c, struct err *e)
{
	c->at = clock_now_us();
	/* A key that is free again, because its answer is kept no longer. */
	if (c->idempotency_key.n > 0 &&
	    !sql_run(&ed->d, NULL,
		"UPDATE changes SET idempotency_key=NULL WHERE idempotency_key=? AND at <= ?",
		SQL_VALUES(V_STR(c->idempotency_key), V_INT(c->at - KEY_KEPT_US)), e))
		return false;
	if (!sql_run(&ed->d, NULL,
		"INSERT INTO changes(at, who, kind, cause, undoes, idempotency_key) "
		"VALUES(?,?,?,?,?,?)",
		SQL_VALUES(V_INT(c->at), V_STR(c->who), V_STR(c->kind), V_OPTIONAL(c->cause),
		    c->undoes ? V_INT(c->undoes) : V_NULL, V_OPTIONAL(c->idempotency_key)),
		e))
		return false;
	c->change_id = sqlite3_last_insert_rowid(ed->d.handle);
	return true;
}

bool
rows_edit_begin(struct rows_editor *ed, struct change *change, struct err *e)
{
	if (!database_begin(&ed->d, e))
		return false;
	change->change_id = 0;
	ed->change = change;
	ed->change_id = ed->last_row = 0;
	ed->touched = 0;
	ed->dirty = ed->columns_changed = false;
	return true;
}

/* Before a row is touched: from now on there is a change. */
static bool
touch(struct rows_editor *ed, int64_t row_id, struct err *e)
{
	if (ed->change_id == 0 && !insert_change(ed, ed->change, e))
		return false;
	ed->change_id = ed->change->change_id;
	ed->touched += row_id != ed->last_row;
	ed->last_row = row_id;
	ed->dirty = true;
	return true;
}

void
rows_edit_rollback(struct rows_editor *ed)
{
	database_rollback(&ed->d);
	arena_release(&ed->arena);
}

bool
rows_edit_count(struct rows_editor *ed, uint64_t *rows, struct err *e)
{
	int64_t alive;
	if (!sql_one_int(&ed->d, &alive, 0, "SELECT sum(alive) FROM ranks", NULL, 0, e))
		return false;
	*rows = (uint64_t)alive;
	return true;
}

/* Nothing but where a task goes on leaves the edition as it is. */
static bool
settle(struct rows_editor *ed, struct rows_edited *out, struct err *e)
{
	int64_t columns = 0;
	*out = (struct rows_edited){.change_id = ed->change_id, .touched = ed->touched};
	if (ed->change_id &&
	    !sql_run(&ed->d, NULL, "UPDATE changes SET touched=? WHERE change_id=?",
		SQL_VALUES(V_INT(ed->touched), V_INT(ed->change_id)), e))
		return false;
	if (ed->columns_changed && !rows_write_view(&ed->d, &ed->arena, e))
		return false;
	if (ed->dirty &&
	    !sql_run(&ed->d, NULL,
		"INSERT INTO info VALUES('edition', 1) ON CONFLICT(name) DO UPDATE SET "
		"value=value+1",
		NULL, 0, e))
		return false;
	bool good = sql_one_int(&ed->d, &out->edition, 0,
			"SELECT value FROM info WHERE name='edition'", NULL, 0, e) &&
		    rows_edit_count(ed, &out->rows, e) &&
		    sql_one_int(&ed->d, &columns, 0, "SELECT count(*) FROM columns WHERE dropped=0",
			NULL, 0, e);
	out->columns = (uint64_t)columns;
	return good;
}

bool
rows_edit_commit(struct rows_editor *ed, struct rows_edited *out, struct err *e)
{
	if (!settle(ed, out, e)) {
		rows_edit_rollback(ed);
		return false;
	}
	arena_release(&ed->arena);
	return database_commit(&ed->d, e);
}

/* ---- rows ---- */

/* What was there, mark and all; of several in one change the first counts. */
static bool
remember(
    struct rows_editor *ed, int64_t row_id, int64_t column_id, struct sql_value old, struct err *e)
{
	return sql_run(&ed->d, NULL,
	    "INSERT OR IGNORE INTO history(row_id, column_id, change_id, old, mark) "
	    "VALUES(?1,?2,?3,?4,"
	    " (SELECT json_group_array(json_array(column_id, state, confidence, change_id, source))"
	    "  FROM marks WHERE row_id=?1 AND (column_id=?2 OR ?2=-1) HAVING count(*)))",
	    SQL_VALUES(V_INT(row_id), V_INT(column_id), V_INT(ed->change_id), old), e);
}

/* column_id -1: of all. */
static bool
forget_marks(struct rows_editor *ed, int64_t row_id, int64_t column_id, struct err *e)
{
	return sql_run(&ed->d, NULL,
	    "DELETE FROM marks WHERE row_id=?1 AND (column_id=?2 OR ?2=-1)",
	    SQL_VALUES(V_INT(row_id), V_INT(column_id)), e);
}

/* The statistics counted by the reading are no longer true; *column SIZE_MAX: of no column. */
static bool
forget_stats(struct rows_editor *ed, size_t column, struct err *e)
{
	return sql_run(&ed->d, NULL, "DELETE FROM column_stats WHERE ?1 IS NULL OR column_id=?1",
	    SQL_VALUES(column == SIZE_MAX ? V_NULL : V_INT(column)), e);
}

static bool
count_in_rank(struct rows_editor *ed, int64_t row_id, int by, struct err *e)
{
	int64_t first = (row_id - 1) / RANK_ROWS * RANK_ROWS + 1;
	return sql_run(&ed->d, NULL,
	    "INSERT INTO ranks VALUES(?1,?2) ON CONFLICT(first_row_id) DO UPDATE SET "
	    "alive=alive+?2",
	    SQL_VALUES(V_INT(first), V_INT(by)), e);
}

bool
rows_insert_row(struct rows_editor *ed, int64_t row_id, uint64_t line, struct str cells,
    struct str absent, struct err *e)
{
	return touch(ed, row_id, e) &&
	       sql_run(&ed->d, NULL,
		   "INSERT INTO rows(row_id, line, rev, cells, absent) VALUES(?,?,?,?,?)",
		   SQL_VALUES(V_INT(row_id), V_INT(line), V_INT(ed->change_id), V_STR(cells),
		       V_OPTIONAL(absent)),
		   e) &&
	       remember(ed, row_id, WHOLE_ROW, V_NULL, e) && count_in_rank(ed, row_id, 1, e) &&
	       forget_stats(ed, SIZE_MAX, e);
}

bool
rows_edit_add(struct rows_editor *ed, uint64_t line, struct str cells, struct str absent,
    int64_t *row_id, struct err *e)
{
	return sql_one_int(&ed->d, row_id, 1,
		   "SELECT 1 + max((SELECT coalesce(max(row_id), 0) FROM rows),"
		   " (SELECT coalesce(max(row_id), 0) FROM history))",
		   NULL, 0, e) &&
	       rows_insert_row(ed, *row_id, line, cells, absent, e);
}

struct stored {
	int64_t rev;
	uint64_t line;
	struct str cells, absent;
};

static bool
read_row(struct rows_editor *ed, int64_t row_id, int64_t rev, struct stored *out, struct err *e)
{
	struct sql_query q;
	if (!sql_start(&q, &ed->d, "SELECT rev, line, cells, absent FROM rows WHERE row_id=?",
		SQL_VALUES(V_INT(row_id)), e))
		return false;
	int more = sql_step(&q, e);
	if (more == 0)
		return FAIL_FIELD(
		    e, NOT_FOUND, "row_id", "there is no row_%" PRId64 " (any more)", row_id);
	if (more < 0)
		return false;
	*out = (struct stored){sql_int(&q, 0), (uint64_t)sql_int(&q, 1),
	    arena_copy(&ed->arena, sql_str(&q, 2)), arena_copy(&ed->arena, sql_str(&q, 3))};
	sql_stop(&q);
	if (rev >= 0 && rev != out->rev)
		return FAIL_FIELD(e, PRECONDITION, "rev",
		    "row_%" PRId64 " was changed meanwhile (its rev is %" PRId64 ", not %" PRId64
		    "): read it again",
		    row_id, out->rev, rev);
	return true;
}

static void
put_token(struct buf *out, const struct cell *c)
{
	if (c->kind == CELL_TEXT)
		buf_put_char(out, '"');
	buf_put_str(out, c->bytes);
	if (c->kind == CELL_TEXT)
		buf_put_char(out, '"');
}

/* The cells of a row, taken apart; returns how many there are, the absent ones among them marked
 * so. */
static size_t
take_apart(struct rows_editor *ed, const struct stored *row)
{
	size_t at = 0, id, n = cells_split(ed->cells, LIMIT_COLUMNS, row->cells.p, row->cells.n);
	if (n > LIMIT_COLUMNS)
		n = LIMIT_COLUMNS;
	while ((id = cells_next_id(row->absent, &at)) != SIZE_MAX)
		if (id < n)
			ed->cells[id] = (struct cell){.kind = CELL_ABSENT};
	return n;
}

/* And put together again: absent cells at the end are left out, those before are null and listed.
 */
static void
put_together(struct rows_editor *ed, size_t n, struct str *cells, struct str *absent)
{
	struct buf text, ids;
	buf_init(&text, &ed->arena);
	buf_init(&ids, &ed->arena);
	while (n > 0 && ed->cells[n - 1].kind == CELL_ABSENT)
		n--;
	buf_put_char(&text, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_char(&text, ',');
		if (ed->cells[i].kind == CELL_ABSENT) {
			buf_put_text(&text, "null");
			buf_format(&ids, "%s%zu", ids.n ? "," : "[", i);
		} else {
			put_token(&text, &ed->cells[i]);
		}
	}
	buf_put_char(&text, ']');
	if (ids.n)
		buf_put_char(&ids, ']');
	*cells = buf_str(&text);
	*absent = buf_str(&ids);
}

/* A token that is known to be one value. */
static struct cell
cell_of_token(struct str token)
{
	if (token.n == 0)
		return (struct cell){.kind = CELL_ABSENT};
	switch (token.p[0]) {
	case '"':
		return (struct cell){
		    CELL_TEXT, memchr(token.p, '\\', token.n) != NULL, {token.p + 1, token.n - 2}};
	case 'n':
		return (struct cell){CELL_NULL, false, token};
	case 't':
		return (struct cell){CELL_TRUE, false, token};
	case 'f':
		return (struct cell){CELL_FALSE, false, token};
	case '[':
	case '{':
		return (struct cell){CELL_JSON, false, token};
	default:
		return (struct cell){CELL_NUMBER, false, token};
	}
}

bool
rows_edit_cells(struct rows_editor *ed, int64_t row_id, int64_t rev, const struct cell_edit *edits,
    size_t count, struct err *e)
{
	struct stored row;
	struct str cells, absent;
	if (!read_row(ed, row_id, rev, &row, e) || !touch(ed, row_id, e))
		return false;
	size_t n = take_apart(ed, &row);
	for (size_t i = 0; i < count; i++) {
		size_t id = edits[i].column_id;
		struct buf old;
		buf_init(&old, &ed->arena);
		for (; n <= id; n++)
			ed->cells[n] = (struct cell){.kind = CELL_ABSENT};
		bool was_absent = ed->cells[id].kind == CELL_ABSENT;
		put_token(&old, &ed->cells[id]);
		ed->cells[id] = cell_of_token(edits[i].token);
		if (!remember(
			ed, row_id, (int64_t)id, was_absent ? V_NULL : V_STR(buf_str(&old)), e) ||
		    !forget_marks(ed, row_id, (int64_t)id, e) || !forget_stats(ed, id, e))
			return false;
	}
	put_together(ed, n, &cells, &absent);
	return sql_run(&ed->d, NULL, "UPDATE rows SET cells=?, absent=?, rev=? WHERE row_id=?",
	    SQL_VALUES(V_STR(cells), V_OPTIONAL(absent), V_INT(ed->change_id), V_INT(row_id)), e);
}

bool
rows_edit_remove(struct rows_editor *ed, int64_t row_id, int64_t rev, struct err *e)
{
	struct stored row;
	struct buf old;
	struct jsonout j;
	if (!read_row(ed, row_id, rev, &row, e) || !touch(ed, row_id, e))
		return false;
	buf_init(&old, &ed->arena);
	jsonout_init(&j, &old);
	jsonout_object(&j);
	jsonout_key(&j, "line");
	jsonout_unsigned(&j, row.line);
	jsonout_key(&j, "cells");
	jsonout_raw(&j, row.cells);
	if (row.absent.n) {
		jsonout_key(&j, "absent");
		jsonout_raw(&j, row.absent);
	}
	jsonout_end(&j);
	return sql_run(
		   &ed->d, NULL, "DELETE FROM rows WHERE row_id=?", SQL_VALUES(V_INT(row_id)), e) &&
	       remember(ed, row_id, WHOLE_ROW, V_STR(buf_str(&old)), e) &&
	       count_in_rank(ed, row_id, -1, e) && forget_marks(ed, row_id, WHOLE_ROW, e) &&
	       forget_stats(ed, SIZE_MAX, e);
}

bool
rows_edit_mark(struct rows_editor *ed, int64_t row_id, size_t column_id, struct str state,
    double confidence, struct str source, struct err *e)
{
	return touch(ed, row_id, e) && sql_run(&ed->d, NULL,
					   "INSERT OR REPLACE INTO marks(row_id, column_id, state, "
					   "confidence, change_id, source) "
					   "VALUES(?,?,?,?,?,?)",
					   SQL_VALUES(V_INT(row_id), V_INT(column_id), V_STR(state),
					       isnan(confidence) ? V_NULL : V_REAL(confidence),
					       V_INT(ed->change_id), V_OPTIONAL(source)),
					   e);
}

bool
rows_edit_column(
    struct rows_editor *ed, const struct new_column *column, size_t *column_id, struct err *e)
{
	int64_t next, there;
	if (!sql_one_int(&ed->d, &there, -1,
		"SELECT column_id FROM columns WHERE name=? AND dropped=0 LIMIT 1",
		SQL_VALUES(V_STR(column->name)), e) ||
	    !sql_one_int(&ed->d, &next, 0, "SELECT max(column_id) + 1 FROM columns", NULL, 0, e))
		return false;
	if (there >= 0) {
		*column_id = (size_t)there;
		return true;
	}
	if (next >= LIMIT_COLUMNS)
		return FAIL(e, TOO_BIG, "a dataset has at most %d columns, dropped ones included",
		    LIMIT_COLUMNS);
	*column_id = (size_t)next;
	ed->columns_changed = ed->dirty = true;
	return rows_insert_column(&ed->d, *column_id, column, e);
}

bool
rows_edit_finding(struct rows_editor *ed, int64_t row_id, uint64_t line, size_t column,
    struct str code, struct str message, struct err *e)
{
	int64_t kept;
	ed->dirty = true;
	if (!sql_run(&ed->d, NULL,
		"INSERT INTO finding_counts VALUES(CASE WHEN "
		"EXISTS(SELECT 1 FROM finding_counts WHERE code=?1) OR "
		"(SELECT count(*) FROM finding_counts WHERE code<>?2) < ?3 THEN ?1 ELSE ?2 END, 1) "
		"ON CONFLICT(code) DO UPDATE SET count=count+1",
		SQL_VALUES(V_STR(code), V_TEXT(FINDING_OTHER), V_INT(LIMIT_FINDING_CODES - 1)),
		e) ||
	    !sql_one_int(&ed->d, &kept, 0, "SELECT count(*) FROM findings", NULL, 0, e))
		return false;
	return kept >= LIMIT_FINDINGS ||
	       sql_run(&ed->d, NULL,
		   "INSERT INTO findings(line, row_id, column_id, code, message) VALUES(?,?,?,?,?)",
		   SQL_VALUES(V_INT(line), row_id ? V_INT(row_id) : V_NULL,
		       column == SIZE_MAX ? V_NULL : V_INT(column), V_STR(code), V_STR(message)),
		   e);
}

/* ---- tasks and retries ---- */

bool
rows_edit_keep(struct rows_editor *ed, const char *job_id, const struct task_kept *k, struct err *e)
{
	return sql_run(&ed->d, NULL,
	    "INSERT INTO tasks(job_id, cursor, answer, states, ended, rows, failed)"
	    " VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT(job_id) DO UPDATE SET cursor=?2, answer=?3,"
	    " states=coalesce(?4, states), ended=?5, rows=?6, failed=?7",
	    SQL_VALUES(V_TEXT(job_id), k->cursor.n ? V_STR(k->cursor) : V_TEXT(""),
		V_OPTIONAL(k->answer), k->states.n ? V_BLOB(k->states.p, k->states.n) : V_NULL,
		V_INT(k->ended), V_INT(k->rows), V_INT(k->failed)),
	    e);
}

bool
rows_edit_by_key(struct rows_editor *ed, struct str key, int64_t *change_id, struct err *e)
{
	return sql_one_int(&ed->d, change_id, 0,
	    "SELECT change_id FROM changes WHERE idempotency_key=? AND at > ?",
	    SQL_VALUES(V_STR(key), V_INT(clock_now_us() - KEY_KEPT_US)), e);
}

bool
rows_edit_added(struct rows_editor *ed, int64_t change_id, int64_t *row_ids, size_t max,
    size_t *count, struct err *e)
{
	struct sql_query q;
	int more;
	*count = 0;
	if (!sql_start(&q, &ed->d,
		"SELECT row_id FROM history WHERE change_id=? AND column_id=-1 AND old IS NULL "
		"ORDER BY row_id LIMIT ?",
		SQL_VALUES(V_INT(change_id), V_INT(max)), e))
		return false;
	while ((more = sql_step(&q, e)) == 1)
		row_ids[(*count)++] = sql_int(&q, 0);
	return more == 0;
}
