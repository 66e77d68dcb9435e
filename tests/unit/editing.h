/*
 * editing.h: a rows file to edit for a test, and what is in it by SQLite alone, for the tests of
 * changes: by hand (test_rows_edit.c) and at random (test_rows_model.c).
 */
#ifndef ROWHOUSE_TESTS_EDITING_H
#define ROWHOUSE_TESTS_EDITING_H

#include "store/rows.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/tree.h"
#include "folder.h"
#include "must.h"

#include <sqlite3.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *folder;
static struct arena arena;
static struct err e;
static char path[PATH_MAX];
static struct rows_editor *ed;
static struct change change;
static struct rows_edited edited;

/* ---- a file to work on ---- */

/* Columns a, b, c and so on; the rows are given as they are stored. */
static inline void
make_file(const char *name, size_t columns, const char *const *rows, size_t count)
{
	static struct guess guesses[LIMIT_COLUMNS];
	struct rows_build *build;
	struct rows_built built;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	memset(guesses, 0, sizeof guesses);
	MUST(rows_build_open(&build, path, &e));
	for (size_t i = 0; i < columns; i++) {
		char column[2] = {(char)('a' + i), 0};
		MUST(rows_build_column(build, &(struct new_column){.name = str_of(column)}, &e));
	}
	for (size_t i = 0; i < count; i++)
		MUST(rows_build_row(build, i + 2, str_of(rows[i]), STR(""), &e));
	MUST(rows_build_finish(build, guesses, count, 0, &built, &e));
	MUST(rows_editor_open(&ed, path, &e));
}

static inline int
close_file(void **state)
{
	(void)state;
	rows_editor_close(ed);
	ed = NULL;
	arena_release(&arena);
	return 0;
}

/* One change made of what stands in the brackets; its id. */
#define CHANGE(kind_, ...)                                                                         \
	do {                                                                                       \
		change = (struct change){.who = STR("me"), .kind = STR(kind_)};                    \
		MUST(rows_edit_begin(ed, &change, &e));                                            \
		__VA_ARGS__;                                                                       \
		MUST(rows_edit_commit(ed, &edited, &e));                                           \
		assert_int_equal(edited.change_id, change.change_id);                              \
	} while (0)

/* A change that must not be: what it had done so far goes with it. */
#define NO_CHANGE(worked, why)                                                                     \
	do {                                                                                       \
		struct str before = everything();                                                  \
		change = (struct change){.who = STR("me"), .kind = STR("rows.set")};               \
		MUST(rows_edit_begin(ed, &change, &e));                                            \
		MUST_NOT(worked, why);                                                             \
		rows_edit_rollback(ed);                                                            \
		assert_string_equal(everything().p, before.p);                                     \
	} while (0)

static inline int64_t
add(const char *cells, const char *absent)
{
	int64_t id;
	MUST(rows_edit_add(ed, 0, str_of(cells), str_of(absent), &id, &e));
	return id;
}

static inline void
set(int64_t row, size_t column, const char *token)
{
	struct cell_edit edit = {column, str_of(token)};
	MUST(rows_edit_cells(ed, row, -1, &edit, 1, &e));
}

/* Undoes a change as one of its own; its id. */
static inline int64_t
undo(int64_t id)
{
	change = (struct change){.who = STR("me"), .kind = STR("undo"), .undoes = id};
	MUST(rows_edit_begin(ed, &change, &e));
	MUST(rows_edit_undo(ed, id, NULL, &e));
	MUST(rows_edit_commit(ed, &edited, &e));
	return change.change_id;
}

/* What SQLite alone sees: the columns of all rows of a query, "|" between them, ";" behind each. */
static inline struct str
ask(const char *query)
{
	sqlite3 *db;
	sqlite3_stmt *s;
	struct buf b;
	buf_init(&b, &arena);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, query, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", query, sqlite3_errmsg(db));
	while (sqlite3_step(s) == SQLITE_ROW)
		for (int i = 0, n = sqlite3_column_count(s); i < n; i++) {
			const char *text = (const char *)sqlite3_column_text(s, i);
			buf_put_text(&b, text ? text : "-");
			buf_put_char(&b, i + 1 < n ? '|' : ';');
		}
	sqlite3_finalize(s);
	sqlite3_close(db);
	return (struct str){arena_text(&arena, buf_str(&b)), b.n};
}

#define ASSERT_ASK(want, query) assert_string_equal(ask(query).p, want)

/* All that a change may touch. */
static inline struct str
everything(void)
{
	return arena_format(&arena, "%s %s %s %s %s %s %s %s",
	    ask("SELECT * FROM rows ORDER BY 1").p, ask("SELECT * FROM history ORDER BY 1,2,3").p,
	    ask("SELECT * FROM changes ORDER BY 1").p, ask("SELECT * FROM ranks ORDER BY 1").p,
	    ask("SELECT * FROM marks ORDER BY 1,2").p, ask("SELECT * FROM columns ORDER BY 1").p,
	    ask("SELECT * FROM findings ORDER BY 1").p, ask("SELECT * FROM tasks ORDER BY 1").p);
}

static const char rows_query[] = "SELECT row_id, cells, absent FROM rows ORDER BY row_id";

/* The row as it is stored: cells, a space, the list of absent columns. */
static inline const char *
row_now(int64_t id)
{
	struct str query = arena_format(&arena,
	    "SELECT cells || ' ' || coalesce(absent, '') FROM rows WHERE row_id=%" PRId64, id);
	struct str row = ask(query.p);
	return row.n ? arena_text(&arena, (struct str){row.p, row.n - 1}) : "none";
}

static const char *const three[] = {"[\"a1\",\"b1\"]", "[\"a2\",2]", "[]"};

static inline int
set_up(void **state)
{
	(void)state;
	tree_setup();
	folder = folder_begin();
	arena_init(&arena, GIB(1));
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	folder_end(folder);
	return 0;
}

#endif
