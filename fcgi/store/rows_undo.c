/*
 * rows_undo.c: changes taken back; see rows.h.
 *
 * An undo is a change like any other, with a history of its own, and can be taken back in turn.
 * What an entry of the history did can be taken back while it is in force: nothing that still
 * stands came after it.
 */
#define _GNU_SOURCE
#include "store/rows_file.h"

/* One entry of the history. */
struct undo {
	int64_t change_id, row_id, column_id;
	struct str old;
	bool was_nothing; /* old is NULL */
};

/* The last change in force of a cell, or of the row itself, and not before `u`'s (0: none).  An
 * undo takes itself and what it undid out of the count, with all in between, which had been undone.
 */
static bool
standing(struct rows_editor *ed, const struct undo *u, int64_t column_id, int64_t *change_id,
    struct err *e)
{
	int64_t undoes = INT64_MAX;
	do {
		if (!sql_one_int(&ed->d, change_id, 0,
			"SELECT max(change_id) FROM history WHERE row_id=? AND column_id=? AND "
			"change_id < ?",
			SQL_VALUES(V_INT(u->row_id), V_INT(column_id), V_INT(undoes)), e) ||
		    !sql_one_int(&ed->d, &undoes, 0, "SELECT undoes FROM changes WHERE change_id=?",
			SQL_VALUES(V_INT(*change_id)), e))
			return false;
	} while (undoes != 0 && *change_id > u->change_id);
	return true;
}

static bool
in_force(struct rows_editor *ed, const struct undo *u, bool *is, struct err *e)
{
	int64_t newest;
	if (!standing(ed, u, u->column_id, &newest, e))
		return false;
	*is = newest == u->change_id;
	return true;
}

/* No cell of the row stands that was written later. */
static bool
untouched(struct rows_editor *ed, const struct undo *u, bool *is, struct err *e)
{
	int64_t column = WHOLE_ROW, newest;
	for (*is = true; *is;) {
		if (!sql_one_int(&ed->d, &column, -1,
			"SELECT min(column_id) FROM history WHERE row_id=? AND column_id > ?",
			SQL_VALUES(V_INT(u->row_id), V_INT(column)), e))
			return false;
		if (column < 0)
			return true;
		if (!standing(ed, u, column, &newest, e))
			return false;
		*is = newest <= u->change_id;
	}
	return true;
}

static bool
is_there(struct rows_editor *ed, const struct undo *u, bool *there, struct err *e)
{
	int64_t count;
	if (!sql_one_int(&ed->d, &count, 0, "SELECT count(*) FROM rows WHERE row_id=?",
		SQL_VALUES(V_INT(u->row_id)), e))
		return false;
	*there = count > 0;
	return true;
}

static bool
restore_marks(struct rows_editor *ed, const struct undo *u, struct err *e)
{
	return sql_run(&ed->d, NULL,
	    "INSERT OR REPLACE INTO marks(row_id, column_id, state, confidence, change_id, source)"
	    " SELECT h.row_id, m.value->>0, m.value->>1, m.value->>2, m.value->>3, m.value->>4"
	    " FROM history h, json_each(h.mark) m"
	    " WHERE h.row_id=? AND h.column_id=? AND h.change_id=?",
	    SQL_VALUES(V_INT(u->row_id), V_INT(u->column_id), V_INT(u->change_id)), e);
}

/* What rows_edit_remove() wrote, taken out of the text as it is: no JSON reader takes every cell
 * there may be (1e400, a NUL, half a surrogate pair), and none gives its bytes back. */
static bool
removed_row(struct str old, uint64_t *line, struct str *cells, struct str *absent)
{
	static const char head[] = "{\"line\":", middle[] = ",\"cells\":", rest[] = ",\"absent\":";
	const char *p = old.n ? memmem(old.p, old.n, middle, strlen(middle)) : NULL;
	*absent = (struct str){0};
	if (!p || !str_starts(old, head) ||
	    !str_to_u64(
		line, (struct str){old.p + strlen(head), (size_t)(p - old.p) - strlen(head)}))
		return false;
	p += strlen(middle);
	size_t left = (size_t)(old.p + old.n - p);
	*cells = (struct str){p, cells_value(p, left)};
	p += cells->n;
	left -= cells->n;
	if (left > strlen(rest) && memcmp(p, rest, strlen(rest)) == 0) {
		p += strlen(rest);
		left -= strlen(rest);
		*absent = (struct str){p, cells_value(p, left)};
	}
	return cells->n > 0;
}

/* A row that was added goes, unless somebody has worked on it since. */
static bool
undo_add(struct rows_editor *ed, const struct undo *u, bool *done, struct err *e)
{
	bool there, last;
	if (!is_there(ed, u, &there, e) || !in_force(ed, u, &last, e) || !untouched(ed, u, done, e))
		return false;
	*done = *done && last && there;
	return !*done || rows_edit_remove(ed, u->row_id, -1, e);
}

/* A row that was removed comes back, unless that was done before or it went again since. */
static bool
undo_remove(struct rows_editor *ed, const struct undo *u, bool *done, struct err *e)
{
	bool there;
	uint64_t line;
	struct str cells, absent;
	if (!is_there(ed, u, &there, e) || !in_force(ed, u, done, e))
		return false;
	*done = *done && !there;
	if (!*done)
		return true;
	if (!removed_row(u->old, &line, &cells, &absent))
		return FAIL(e, SYSTEM, "the history of row_%" PRId64 " is damaged", u->row_id);
	return rows_insert_row(ed, u->row_id, line, cells, absent, e) && restore_marks(ed, u, e);
}

static bool
undo_cell(struct rows_editor *ed, const struct undo *u, bool *done, struct err *e)
{
	bool there;
	struct cell_edit edit = {(size_t)u->column_id, u->was_nothing ? (struct str){0} : u->old};
	if (!is_there(ed, u, &there, e) || !in_force(ed, u, done, e))
		return false;
	*done = *done && there;
	return !*done ||
	       (rows_edit_cells(ed, u->row_id, -1, &edit, 1, e) && restore_marks(ed, u, e));
}

static bool
load_undo(
    struct rows_editor *ed, int64_t change_id, struct undo **out, size_t *count, struct err *e)
{
	struct sql_query q;
	int64_t any, touched;
	int more;
	*count = 0;
	if (!sql_one_int(&ed->d, &any, 0, "SELECT count(*) FROM changes WHERE change_id=?",
		SQL_VALUES(V_INT(change_id)), e) ||
	    !sql_one_int(&ed->d, &touched, 0, "SELECT count(*) FROM history WHERE change_id=?",
		SQL_VALUES(V_INT(change_id)), e))
		return false;
	if (!any)
		return FAIL_FIELD(e, NOT_FOUND, "change_id", "there is no change with this id");
	*out = arena_array(&ed->arena, (size_t)touched, sizeof **out);
	if (!sql_start(&q, &ed->d,
		"SELECT row_id, column_id, old FROM history WHERE change_id=? ORDER BY row_id, "
		"column_id LIMIT ?",
		SQL_VALUES(V_INT(change_id), V_INT(touched)), e))
		return false;
	while ((more = sql_step(&q, e)) == 1)
		(*out)[(*count)++] = (struct undo){change_id, sql_int(&q, 0), sql_int(&q, 1),
		    arena_copy(&ed->arena, sql_str(&q, 2)), sql_is_null(&q, 2)};
	return more == 0;
}

bool
rows_edit_undo(struct rows_editor *ed, int64_t change_id, uint64_t *kept, struct err *e)
{
	struct undo *list;
	size_t count;
	int64_t added = 0;
	if (!load_undo(ed, change_id, &list, &count, e))
		return false;
	ed->change->undoes = change_id;
	for (size_t i = 0; i < count; i++) {
		const struct undo *u = &list[i];
		bool done, is_row = u->column_id == WHOLE_ROW;
		/* Cells written into a row of the same change went, or stay, with it. */
		if (!is_row && u->row_id == added)
			continue;
		if (is_row && u->was_nothing)
			added = u->row_id;
		if (!(!is_row            ? undo_cell(ed, u, &done, e)
			: u->was_nothing ? undo_add(ed, u, &done, e)
					 : undo_remove(ed, u, &done, e)))
			return false;
		if (!done && !kept)
			return FAIL(e, CONFLICT,
			    "row_%" PRId64 " was changed again after this change: take the later "
			    "one back first",
			    u->row_id);
		if (!done)
			++*kept;
	}
	return true;
}

bool
rows_edit_next_of(
    struct rows_editor *ed, struct str cause, int64_t before, int64_t *change_id, struct err *e)
{
	int64_t undone = 0;
	*change_id = before ? before : INT64_MAX;
	do {
		if (!sql_one_int(&ed->d, change_id, 0,
			"SELECT max(change_id) FROM changes WHERE cause=? AND change_id < ?",
			SQL_VALUES(V_STR(cause), V_INT(*change_id)), e) ||
		    (*change_id && !changes_undone(&ed->d, *change_id, &undone, e)))
			return false;
	} while (*change_id && undone);
	return true;
}

bool
rows_edit_count_of(struct rows_editor *ed, struct str cause, uint64_t *count, struct err *e)
{
	int64_t n;
	if (!sql_one_int(&ed->d, &n, 0, "SELECT count(*) FROM changes WHERE cause=?",
		SQL_VALUES(V_STR(cause)), e))
		return false;
	*count = (uint64_t)n;
	return true;
}

bool
rows_edit_returning(struct rows_editor *ed, int64_t change_id, uint64_t *rows, struct err *e)
{
	int64_t n;
	if (!sql_one_int(&ed->d, &n, 0,
		"SELECT count(*) FROM history WHERE change_id=? AND column_id=-1 AND old IS NOT "
		"NULL",
		SQL_VALUES(V_INT(change_id)), e))
		return false;
	*rows = (uint64_t)n;
	return true;
}
