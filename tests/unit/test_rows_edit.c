/*
 * test_rows_edit.c: changes of a rows file: what is there afterwards, what is written down to take
 * them back, and that taking back gives the very bytes that were there, or refuses.
 *
 * What the functions say is held against the file itself, read with SQLite alone, and, after some
 * thousand edits at random, against a model of a few arrays.
 */
#include "store/rows.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/tree.h"
#include "folder.h"

#include <math.h>
#include <sqlite3.h>
#include <time.h>

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

#define MUST(worked)                                                                               \
	do {                                                                                       \
		err_clear(&e);                                                                     \
		if (!(worked))                                                                     \
			fail_msg("%s", e.message);                                                 \
	} while (0)
/* Refused, with this code. */
#define MUST_NOT(worked, why)                                                                      \
	do {                                                                                       \
		err_clear(&e);                                                                     \
		assert_false(worked);                                                              \
		assert_int_equal(e.code, ERR_##why);                                               \
	} while (0)

/* ---- a file to work on ---- */

/* Columns a, b, c and so on; the rows are given as they are stored. */
static void
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

static int
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

static int64_t
add(const char *cells, const char *absent)
{
	int64_t id;
	MUST(rows_edit_add(ed, 0, str_of(cells), str_of(absent), &id, &e));
	return id;
}

static void
set(int64_t row, size_t column, const char *token)
{
	struct cell_edit edit = {column, str_of(token)};
	MUST(rows_edit_cells(ed, row, -1, &edit, 1, &e));
}

/* Undoes a change as one of its own; its id. */
static int64_t
undo(int64_t id)
{
	change = (struct change){.who = STR("me"), .kind = STR("undo"), .undoes = id};
	MUST(rows_edit_begin(ed, &change, &e));
	MUST(rows_edit_undo(ed, id, NULL, &e));
	MUST(rows_edit_commit(ed, &edited, &e));
	return change.change_id;
}

/* What SQLite alone sees: the columns of all rows of a query, "|" between them, ";" behind each. */
static struct str
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
static struct str
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
static const char *
row_now(int64_t id)
{
	struct str query = arena_format(&arena,
	    "SELECT cells || ' ' || coalesce(absent, '') FROM rows WHERE row_id=%" PRId64, id);
	struct str row = ask(query.p);
	return row.n ? arena_text(&arena, (struct str){row.p, row.n - 1}) : "none";
}

static const char *const three[] = {"[\"a1\",\"b1\"]", "[\"a2\",2]", "[]"};

/* ---- adding, setting, removing ---- */

static void
each_change_does_what_it_says(void **state)
{
	(void)state;
	make_file("simple.db", 3, three, 3);
	CHANGE("rows.add", assert_int_equal(add("[1,null,3]", "[1]"), 4); add("[]", ""));
	assert_int_equal(change.change_id, 1);
	assert_int_equal(edited.rows, 5);
	assert_int_equal(edited.columns, 3);
	ASSERT_ASK(
	    "1|[\"a1\",\"b1\"]|-;2|[\"a2\",2]|-;3|[]|-;4|[1,null,3]|[1];5|[]|-;", rows_query);
	CHANGE("rows.set", set(1, 0, "true"); set(2, 2, "{\"k\":[1,2]}"));
	assert_string_equal(row_now(1), "[true,\"b1\"] ");
	assert_string_equal(row_now(2), "[\"a2\",2,{\"k\":[1,2]}] ");
	CHANGE("rows.remove", MUST(rows_edit_remove(ed, 2, -1, &e)));
	assert_int_equal(edited.rows, 4);
	ASSERT_ASK("1|[true,\"b1\"]|-;3|[]|-;4|[1,null,3]|[1];5|[]|-;", rows_query);
	/* A row's rev is the change that wrote it last; 0 the reading of the file. */
	ASSERT_ASK("1|2;3|0;4|1;5|1;", "SELECT row_id, rev FROM rows ORDER BY 1");
	ASSERT_ASK("1|rows.add|me;2|rows.set|me;3|rows.remove|me;",
	    "SELECT change_id, kind, who FROM changes ORDER BY 1");
	ASSERT_ASK("1|4;", "SELECT * FROM ranks");
}

static void
several_cells_of_a_row_change_at_once(void **state)
{
	(void)state;
	make_file("cells.db", 4, three, 3);
	struct cell_edit edits[] = {{3, STR("\"d\"")}, {0, STR("")}, {1, STR("null")}};
	CHANGE("rows.set", MUST(rows_edit_cells(ed, 1, 0, edits, 3, &e)));
	/* An absent cell is null and listed; one that is null is not. */
	assert_string_equal(row_now(1), "[null,null,null,\"d\"] [0,2]");
	undo(change.change_id);
	assert_string_equal(row_now(1), "[\"a1\",\"b1\"] ");
}

static void
absent_cells_and_those_behind_the_end_are_told_apart(void **state)
{
	(void)state;
	make_file("absent.db", 6, three, 3);
	/* Behind the end of a row that is shorter than the columns. */
	CHANGE("rows.set", set(1, 4, "5"));
	int64_t far = change.change_id;
	assert_string_equal(row_now(1), "[\"a1\",\"b1\",null,null,5] [2,3]");
	CHANGE("rows.set", set(3, 0, "null"));
	int64_t first = change.change_id;
	assert_string_equal(row_now(3), "[null] ");
	/* Taken away at the end the row is short again, and what was absent before it goes too. */
	CHANGE("rows.set", set(1, 4, ""));
	assert_string_equal(row_now(1), "[\"a1\",\"b1\"] ");
	undo(change.change_id);
	assert_string_equal(row_now(1), "[\"a1\",\"b1\",null,null,5] [2,3]");
	undo(first);
	assert_string_equal(row_now(3), "[] ");
	/* What came after it was taken back: the first stands again, and can be taken back too. */
	int64_t back = undo(far);
	assert_string_equal(row_now(1), "[\"a1\",\"b1\"] ");
	undo(back);
	/* In the middle. */
	CHANGE("rows.set", set(1, 0, ""));
	assert_string_equal(row_now(1), "[null,\"b1\",null,null,5] [0,2,3]");
	/* A row may list an absent cell at its end; it stays one. */
	CHANGE("rows.add", assert_int_equal(add("[1,null]", "[1]"), 4));
	CHANGE("rows.set", set(4, 0, "2"));
	assert_string_equal(row_now(4), "[2] ");
	CHANGE("rows.set", set(4, 2, "3"));
	assert_string_equal(row_now(4), "[2,null,3] [1]");
	/* Nothing becomes nothing. */
	CHANGE("rows.set", set(3, 5, ""));
	assert_string_equal(row_now(3), "[] ");
	undo(change.change_id);
	assert_string_equal(row_now(3), "[] ");
}

static void
a_row_must_be_as_it_was_read(void **state)
{
	(void)state;
	make_file("rev.db", 2, three, 3);
	struct cell_edit edit = {0, STR("1")};
	CHANGE("rows.set", MUST(rows_edit_cells(ed, 1, 0, &edit, 1, &e)));
	int64_t rev = change.change_id;
	NO_CHANGE(rows_edit_cells(ed, 1, 0, &edit, 1, &e), PRECONDITION);
	assert_string_equal(e.field, "rev");
	assert_non_null(strstr(e.message, "read it again"));
	NO_CHANGE(rows_edit_cells(ed, 1, rev + 1, &edit, 1, &e), PRECONDITION);
	NO_CHANGE(rows_edit_remove(ed, 1, 0, &e), PRECONDITION);
	CHANGE("rows.set", MUST(rows_edit_cells(ed, 1, rev, &edit, 1, &e)));
	rev = change.change_id;
	CHANGE("rows.set", MUST(rows_edit_cells(ed, 1, -1, &edit, 1, &e)));
	NO_CHANGE(rows_edit_remove(ed, 1, rev, &e), PRECONDITION);
	CHANGE("rows.remove", MUST(rows_edit_remove(ed, 1, rev + 1, &e)));
	/* What is not there is not found, whatever its rev. */
	static const int64_t none[] = {1, 4, 0, -1, INT64_MAX};
	for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
		NO_CHANGE(rows_edit_cells(ed, none[i], -1, &edit, 1, &e), NOT_FOUND);
		assert_string_equal(e.field, "row_id");
		NO_CHANGE(rows_edit_remove(ed, none[i], 0, &e), NOT_FOUND);
	}
}

static void
what_is_rolled_back_never_was(void **state)
{
	(void)state;
	make_file("rollback.db", 2, three, 3);
	struct str before = everything();
	size_t column;
	change = (struct change){.who = STR("me"), .kind = STR("rows.add")};
	MUST(rows_edit_begin(ed, &change, &e));
	add("[1]", "");
	set(1, 0, "9");
	MUST(rows_edit_remove(ed, 2, -1, &e));
	MUST(rows_edit_column(ed, &(struct new_column){.name = STR("more")}, &column, &e));
	MUST(rows_edit_mark(ed, 1, 0, STR("generated"), 0.5, STR("{}"), &e));
	rows_edit_rollback(ed);
	assert_string_equal(everything().p, before.p);
	/* And so is what a process was doing when it ended. */
	change = (struct change){.who = STR("me"), .kind = STR("rows.add")};
	MUST(rows_edit_begin(ed, &change, &e));
	add("[1]", "");
	rows_editor_close(ed);
	MUST(rows_editor_open(&ed, path, &e));
	assert_string_equal(everything().p, before.p);
	CHANGE("rows.add", assert_int_equal(add("[1]", ""), 4));
}

static void
an_id_is_never_given_twice(void **state)
{
	(void)state;
	make_file("ids.db", 2, three, 3);
	/* The last row of the file, whose id nothing but the history remembers then. */
	CHANGE("rows.remove", MUST(rows_edit_remove(ed, 3, -1, &e)));
	CHANGE("rows.add", assert_int_equal(add("[4]", ""), 4));
	undo(change.change_id);
	CHANGE("rows.add", assert_int_equal(add("[5]", ""), 5));
	CHANGE("rows.remove", MUST(rows_edit_remove(ed, 5, -1, &e));
	       MUST(rows_edit_remove(ed, 2, -1, &e)); MUST(rows_edit_remove(ed, 1, -1, &e)));
	assert_int_equal(edited.rows, 0);
	rows_editor_close(ed);
	MUST(rows_editor_open(&ed, path, &e));
	CHANGE("rows.add", assert_int_equal(add("[6]", ""), 6);
	       assert_int_equal(add("[7]", ""), 7));
	/* A table that was empty from the beginning. */
	rows_editor_close(ed);
	make_file("empty.db", 0, NULL, 0);
	CHANGE("rows.add", assert_int_equal(add("[]", ""), 1));
	undo(change.change_id);
	CHANGE("rows.add", assert_int_equal(add("[]", ""), 2));
}

/* Any SQLite tool can read what was there before (rows.h). */
static void
history_has_everything_as_it_was(void **state)
{
	(void)state;
	make_file("history.db", 3, three, 3);
	CHANGE("rows.set", set(1, 0, "null"); set(1, 1, "\"\\\"\""); set(1, 2, "7"));
	CHANGE("rows.set", set(1, 0, "1"));
	CHANGE("rows.add", add("[null,2]", "[0]"));
	CHANGE("rows.remove", MUST(rows_edit_remove(ed, 4, -1, &e));
	       MUST(rows_edit_remove(ed, 2, -1, &e)));
	ASSERT_ASK("1|0|1|\"a1\";1|1|1|\"b1\";1|2|1|-;1|0|2|null;4|-1|3|-;"
		   "2|-1|4|{\"line\":3,\"cells\":[\"a2\",2]};"
		   "4|-1|4|{\"line\":0,\"cells\":[null,2],\"absent\":[0]};",
	    "SELECT row_id, column_id, change_id, old FROM history ORDER BY 3,1,2");
}

/* ---- undo ---- */

static void
each_change_can_be_taken_back_and_made_again(void **state)
{
	(void)state;
	make_file("undo.db", 3, three, 3);
	struct str original = ask(rows_query), ranks = ask("SELECT * FROM ranks");
	for (int kind = 0; kind < 3; kind++) {
		switch (kind) {
		case 0:
			CHANGE("rows.add", add("[1]", ""); add("[null,2]", "[0]"));
			break;
		case 1:
			CHANGE("rows.set", set(1, 0, "7"); set(1, 1, ""); set(3, 2, "\"c3\""));
			break;
		default:
			CHANGE("rows.remove", MUST(rows_edit_remove(ed, 1, -1, &e));
			       MUST(rows_edit_remove(ed, 3, -1, &e)));
		}
		struct str done = ask(rows_query);
		assert_string_not_equal(done.p, original.p);
		int64_t id = change.change_id;
		/* Undo, redo, undo: three times and back. */
		for (int turn = 0; turn < 3; turn++) {
			id = undo(id);
			assert_string_equal(ask(rows_query).p, original.p);
			assert_string_equal(ask("SELECT * FROM ranks").p, ranks.p);
			id = undo(id);
			assert_string_equal(ask(rows_query).p, done.p);
		}
		undo(id);
		assert_string_equal(ask(rows_query).p, original.p);
		ASSERT_ASK("2;3;4;", "SELECT line FROM rows ORDER BY row_id");
	}
}

static void
what_was_changed_again_is_not_taken_back(void **state)
{
	(void)state;
	make_file("since.db", 3, three, 3);
	CHANGE("rows.set", set(1, 0, "1"); set(2, 0, "1"));
	int64_t both = change.change_id;
	CHANGE("rows.add", add("[4]", ""));
	int64_t added = change.change_id;
	/* A cell of its was set again: it goes neither there nor anywhere else. */
	CHANGE("rows.set", set(2, 0, "2"));
	int64_t later = change.change_id;
	NO_CHANGE(rows_edit_undo(ed, both, NULL, &e), CONFLICT);
	assert_non_null(strstr(e.message, "row_2"));
	/* Another cell of the same row is no matter. */
	CHANGE("rows.set", set(1, 1, "2"));
	undo(later);
	undo(undo(both));
	/* A row that was added and worked on. */
	CHANGE("rows.set", set(4, 2, "\"mine\""));
	int64_t worked = change.change_id;
	NO_CHANGE(rows_edit_undo(ed, added, NULL, &e), CONFLICT);
	assert_non_null(strstr(e.message, "row_4"));
	/* A cell of a row that is gone. */
	CHANGE("rows.remove", MUST(rows_edit_remove(ed, 4, -1, &e)));
	NO_CHANGE(rows_edit_undo(ed, worked, NULL, &e), CONFLICT);
	NO_CHANGE(rows_edit_undo(ed, added, NULL, &e), CONFLICT);
	undo(worked + 1);
	assert_string_equal(row_now(4), "[4,null,\"mine\"] [1]");
	undo(worked);
	assert_string_equal(row_now(4), "[4] ");
	NO_CHANGE(rows_edit_undo(ed, 9999, NULL, &e), NOT_FOUND);
	assert_string_equal(e.field, "change_id");
	NO_CHANGE(rows_edit_undo(ed, 0, NULL, &e), NOT_FOUND);
}

/* A row that came back, was worked on and went again: the first removal is not the last word. */
static void
a_row_that_was_removed_again_comes_back_as_it_was_last(void **state)
{
	(void)state;
	make_file("again.db", 2, three, 3);
	CHANGE("rows.remove", MUST(rows_edit_remove(ed, 1, -1, &e)));
	int64_t first = change.change_id;
	undo(first);
	NO_CHANGE(rows_edit_undo(ed, first, NULL, &e), CONFLICT);
	CHANGE("rows.set", set(1, 0, "\"worked on\""));
	CHANGE("rows.remove", MUST(rows_edit_remove(ed, 1, -1, &e)));
	int64_t second = change.change_id;
	NO_CHANGE(rows_edit_undo(ed, first, NULL, &e), CONFLICT);
	undo(second);
	assert_string_equal(row_now(1), "[\"worked on\",\"b1\"] ");
}

static void
a_change_may_touch_a_thing_twice(void **state)
{
	(void)state;
	make_file("twice.db", 2, three, 3);
	struct str original = ask(rows_query);
	CHANGE("task", set(1, 0, "1"); set(1, 0, "2"));
	assert_string_equal(row_now(1), "[2,\"b1\"] ");
	undo(change.change_id);
	assert_string_equal(ask(rows_query).p, original.p);
	CHANGE("task", set(1, 0, "1"); set(1, 1, ""); MUST(rows_edit_remove(ed, 1, -1, &e)));
	undo(change.change_id);
	assert_string_equal(ask(rows_query).p, original.p);
	/* A row that came and was written in one change goes and comes as a whole. */
	CHANGE("task", assert_int_equal(add("[9]", ""), 4); set(4, 1, "\"more\""));
	struct str with = ask(rows_query);
	int64_t back = undo(change.change_id);
	assert_string_equal(ask(rows_query).p, original.p);
	back = undo(back);
	assert_string_equal(ask(rows_query).p, with.p);
	undo(back);
	assert_string_equal(ask(rows_query).p, original.p);
	/* And one that was written and went. */
	CHANGE("task", set(1, 0, "1"); MUST(rows_edit_remove(ed, 1, -1, &e)));
	with = ask(rows_query);
	back = undo(change.change_id);
	assert_string_equal(ask(rows_query).p, original.p);
	undo(back);
	assert_string_equal(ask(rows_query).p, with.p);
}

/* One transaction of a job. */
#define JOB(kind_, cause_, ...)                                                                    \
	do {                                                                                       \
		change =                                                                           \
		    (struct change){.who = STR("me"), .kind = STR(kind_), .cause = STR(cause_)};   \
		MUST(rows_edit_begin(ed, &change, &e));                                            \
		__VA_ARGS__;                                                                       \
		MUST(rows_edit_commit(ed, &edited, &e));                                           \
	} while (0)

/* As the job that takes one back does it: from its end. */
static uint64_t
undo_job(const char *cause, const char *by)
{
	uint64_t kept = 0;
	int64_t id = 0;
	for (;;) {
		MUST(rows_edit_next_of(ed, str_of(cause), id, &id, &e));
		if (id == 0)
			return kept;
		change =
		    (struct change){.who = STR("me"), .kind = STR("undo"), .cause = str_of(by)};
		MUST(rows_edit_begin(ed, &change, &e));
		MUST(rows_edit_undo(ed, id, &kept, &e));
		MUST(rows_edit_commit(ed, &edited, &e));
	}
}

static void
a_job_of_many_transactions_is_one_change_to_whoever_looks(void **state)
{
	(void)state;
	struct rows_file *file;
	struct change *list, one;
	size_t count;
	int64_t total;
	bool found;
	make_file("jobs.db", 2, three, 3);
	struct str original = ask(rows_query);
	JOB("task", "job-1", set(1, 0, "1"); set(2, 0, "1"));
	int64_t first_rev = change.change_id;
	ASSERT_ASK("1;", "SELECT rev FROM rows WHERE row_id=1");
	/* A person in between, elsewhere; and the task again at what it wrote before. */
	CHANGE("rows.set", set(3, 1, "\"mine\""));
	JOB("task", "job-1", set(1, 0, "2"); add("[9]", ""));
	/* Whoever read the row in between sees that it is another now. */
	assert_true(change.change_id > first_rev);
	ASSERT_ASK("3;", "SELECT rev FROM rows WHERE row_id=1");
	struct str done = ask(rows_query);
	MUST(rows_open(&file, path, &e));
	MUST(rows_changes(file, 0, 10, &list, &count, &total, &arena, &e));
	assert_int_equal(count, 2);
	assert_int_equal(total, 2);
	assert_int_equal(list[0].change_id, 3);
	assert_true(str_is(list[0].cause, "job-1"));
	assert_int_equal(list[0].rows, 4);
	MUST(rows_change_get(file, 1, &one, &found, &arena, &e));
	assert_true(found);
	assert_int_equal(one.change_id, 3);
	MUST(rows_change_get(file, 99, &one, &found, &arena, &e));
	assert_false(found);

	assert_int_equal(undo_job("job-1", "back-1"), 0);
	struct str but_mine = ask(rows_query);
	assert_non_null(strstr(but_mine.p, "mine"));
	ASSERT_ASK("3;", "SELECT count(*) FROM rows");
	MUST(rows_changes(file, 0, 10, &list, &count, &total, &arena, &e));
	assert_int_equal(count, 3);
	assert_int_equal(list[0].change_id, 5);
	assert_int_equal(list[0].undoes, 3);
	assert_int_equal(list[1].undone_by, 5);
	/* Twice takes nothing back twice; and the undo can be undone. */
	assert_int_equal(undo_job("job-1", "back-2"), 0);
	ASSERT_ASK("5;", "SELECT max(change_id) FROM changes");
	assert_int_equal(undo_job("back-1", "back-3"), 0);
	assert_string_equal(ask(rows_query).p, done.p);
	MUST(rows_changes(file, 0, 10, &list, &count, &total, &arena, &e));
	assert_int_equal(list[1].undone_by, 7);
	assert_int_equal(list[2].undone_by, 0);
	/* What somebody changed since stays, and is counted. */
	CHANGE("rows.set", set(2, 0, "\"since\""));
	assert_int_equal(undo_job("job-1", "back-4"), 1);
	assert_string_equal(row_now(1), "[\"a1\",\"b1\"] ");
	assert_string_equal(row_now(2), "[\"since\",2] ");
	(void)original;
	rows_close(file);
}

/* What JSON readers stumble over: numbers past a double, a NUL, half a pair, a key twice, the
 * deepest nesting.  All of it may stand in an uploaded file, and is kept as it came. */
static void
cells_survive_byte_for_byte(void **state)
{
	(void)state;
	char deep[2 * LIMIT_JSON_DEPTH];
	/* The row's own array is the first level. */
	memset(deep, '[', LIMIT_JSON_DEPTH - 1);
	memset(deep + LIMIT_JSON_DEPTH - 1, ']', LIMIT_JSON_DEPTH - 1);
	deep[2 * (LIMIT_JSON_DEPTH - 1)] = 0;
	const char *const tokens[] = {"\"\\\"quoted\\\" \\\\ \\n \\u00e4 \\/\"",
	    "\"\xc3\xa4 \xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\"", "\"\\u0000\"", "\"\\ud800\"",
	    "\"],\\\"cells\\\":[1],\\\"absent\\\":[0]\"", "1.0", "-0", "1E400", "-1e-400",
	    "123456789012345678901234567890", "0.10", "1e5",
	    "{\"cells\":[1],\"absent\":[0],\"line\":7}", "{\"k\":1,\"k\":2}", "[[],{}]", deep,
	    "\"\""};
	for (size_t i = 0; i < ARRAY_LENGTH(tokens); i++) {
		struct str row = arena_format(&arena, "[%s,\"x\"]", tokens[i]);
		const char *rows[] = {row.p, "[]"}, *reason;
		if (!cells_check(row.p, row.n, 2, &reason))
			fail_msg("%s: %s", row.p, reason);
		make_file("bytes.db", 2, rows, 2);
		struct str original = ask(rows_query);
		/* Its row goes and comes. */
		CHANGE("rows.remove", MUST(rows_edit_remove(ed, 1, -1, &e)));
		err_clear(&e);
		change = (struct change){.who = STR("me"), .kind = STR("undo"), .undoes = 1};
		MUST(rows_edit_begin(ed, &change, &e));
		if (!rows_edit_undo(ed, 1, NULL, &e))
			fail_msg("%s: %s", tokens[i], e.message);
		MUST(rows_edit_commit(ed, &edited, &e));
		assert_string_equal(ask(rows_query).p, original.p);
		/* The cell beside it changes, the cell itself does, and is set to the same. */
		CHANGE("rows.set", set(1, 1, "null"));
		undo(change.change_id);
		assert_string_equal(ask(rows_query).p, original.p);
		CHANGE("rows.set", set(1, 0, ""));
		undo(change.change_id);
		assert_string_equal(ask(rows_query).p, original.p);
		CHANGE("rows.set", set(2, 0, tokens[i]); set(2, 1, "\"x\""));
		assert_string_equal(row_now(2), row_now(1));
		rows_editor_close(ed);
		ed = NULL;
	}
}

/* ---- what is told of changes ---- */

static void
changes_are_listed_newest_first_with_what_became_of_them(void **state)
{
	(void)state;
	struct rows_file *file;
	struct change *list;
	size_t count;
	int64_t total, newest;
	make_file("list.db", 2, three, 3);
	CHANGE("rows.set", set(1, 0, "1"); set(1, 1, "1"); set(2, 0, "1"));
	CHANGE("rows.add", add("[]", ""));
	undo(1);
	undo(3);
	undo(4);
	change =
	    (struct change){.who = STR("key \"k\""), .kind = STR("task"), .cause = STR("the-job")};
	MUST(rows_edit_begin(ed, &change, &e));
	set(3, 0, "1");
	MUST(rows_edit_commit(ed, &edited, &e));
	MUST(rows_open(&file, path, &e));
	MUST(rows_changes(file, 0, 10, &list, &count, &total, &arena, &e));
	assert_int_equal(count, 6);
	assert_int_equal(total, 6);
	/* change, what it undoes, what undid it, rows: 1 is undone, redone by 4, undone by 5. */
	static const int64_t want[][4] = {
	    {6, 0, 0, 1}, {5, 4, 0, 2}, {4, 3, 5, 2}, {3, 1, 0, 2}, {2, 0, 0, 1}, {1, 0, 3, 2}};
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list[i].change_id, want[i][0]);
		assert_int_equal(list[i].undoes, want[i][1]);
		assert_int_equal(list[i].undone_by, want[i][2]);
		assert_int_equal(list[i].rows, want[i][3]);
		assert_true(list[i].at / 1000000 - time(NULL) <= 1 &&
			    time(NULL) - list[i].at / 1000000 <= 60);
	}
	assert_true(str_is(list[0].who, "key \"k\"") && str_is(list[0].cause, "the-job"));
	assert_true(str_is(list[5].kind, "rows.set") && list[5].cause.n == 0);
	MUST(rows_changes(file, 4, 1, &list, &count, &total, &arena, &e));
	assert_int_equal(count, 1);
	assert_int_equal(list[0].change_id, 2);
	MUST(rows_changes(file, 6, 5, &list, &count, &total, &arena, &e));
	assert_int_equal(count, 0);
	assert_int_equal(total, 6);
	MUST(rows_edition(file, &newest, &e));
	assert_int_equal(newest, 6);
	rows_close(file);
}

static void
a_retry_finds_what_its_first_attempt_did(void **state)
{
	(void)state;
	int64_t id, ids[2];
	size_t count;
	make_file("keys.db", 1, three, 3);
	MUST(rows_edit_by_key(ed, STR("k"), &id, &e));
	assert_int_equal(id, 0);
	change = (struct change){
	    .who = STR("me"), .kind = STR("rows.add"), .idempotency_key = STR("k\xc3\xa4y")};
	MUST(rows_edit_begin(ed, &change, &e));
	add("[1]", "");
	set(1, 0, "5");
	add("[2]", "");
	add("[3]", "");
	MUST(rows_edit_commit(ed, &edited, &e));
	MUST(rows_edit_by_key(ed, STR("k\xc3\xa4y"), &id, &e));
	assert_int_equal(id, change.change_id);
	MUST(rows_edit_by_key(ed, STR("k\xc3\xa4"), &id, &e));
	assert_int_equal(id, 0);
	MUST(rows_edit_added(ed, change.change_id, ids, 2, &count, &e));
	assert_int_equal(count, 2);
	assert_int_equal(ids[0], 4);
	assert_int_equal(ids[1], 5);
	/* One without a key is nobody's retry. */
	CHANGE("rows.add", add("[]", ""));
	CHANGE("rows.add", add("[]", ""));
	MUST(rows_edit_by_key(ed, STR(""), &id, &e));
	assert_int_equal(id, 0);
	/* Two of one key cannot be. */
	struct str before = everything();
	struct change twice = {
	    .who = STR("me"), .kind = STR("rows.add"), .idempotency_key = STR("k\xc3\xa4y")};
	err_clear(&e);
	MUST(rows_edit_begin(ed, &twice, &e));
	assert_false(rows_edit_add(ed, 0, STR("[1]"), STR(""), &id, &e));
	rows_edit_rollback(ed);
	assert_string_equal(everything().p, before.p);
	CHANGE("rows.add", add("[]", ""));
}

static struct task_kept
kept_now(const char *job_id, bool *found)
{
	struct rows_file *file;
	struct task_kept kept;
	MUST(rows_open(&file, path, &e));
	MUST(rows_kept(file, job_id, &kept, found, &arena, &e));
	rows_close(file);
	return kept;
}

static void
a_task_goes_on_where_its_cursor_stands(void **state)
{
	(void)state;
	bool found;
	make_file("cursor.db", 1, three, 3);
	kept_now("job-1", &found);
	assert_false(found);
	struct change task = {.who = STR("me"), .kind = STR("task"), .cause = STR("job-1")};
	for (int i = 0; i < 3; i++) {
		char text[20];
		snprintf(text, sizeof text, "0:%d:\xc3\xa4\"", i);
		struct task_kept kept = {.cursor = str_of(text),
		    .states = i == 0 ? (struct str){"a\0b", 3} : (struct str){0},
		    .answer = i == 2 ? STR("{\"n\":1}") : (struct str){0},
		    .ended = i == 2,
		    .rows = 5,
		    .failed = (uint64_t)i};
		MUST(rows_edit_begin(ed, &task, &e));
		set(1, 0, "1");
		MUST(rows_edit_keep(ed, "job-1", &kept, &e));
		MUST(rows_edit_commit(ed, &edited, &e));
		/* What was written and where to go on are one. */
		MUST(rows_edit_begin(ed, &task, &e));
		set(2, 0, "1");
		MUST(rows_edit_keep(ed, "job-1", &(struct task_kept){.cursor = STR("lost")}, &e));
		rows_edit_rollback(ed);
		rows_editor_close(ed);
		MUST(rows_editor_open(&ed, path, &e));
		kept = kept_now("job-1", &found);
		assert_true(found && str_is(kept.cursor, text));
		assert_int_equal(kept.rows, 5);
		assert_int_equal(kept.failed, i);
		assert_int_equal(kept.ended, i == 2);
		/* States that were not said again are as they were. */
		assert_int_equal(kept.states.n, 3);
		assert_memory_equal(kept.states.p, "a\0b", 3);
		assert_true(str_is(kept.answer, i == 2 ? "{\"n\":1}" : ""));
		assert_string_equal(row_now(2), "[\"a2\",2] ");
	}
	/* Another job's is another. */
	kept_now("job-2", &found);
	assert_false(found);
	/* Where it goes on alone is no change and no new edition. */
	int64_t edition = edited.edition;
	MUST(rows_edit_begin(ed, &task, &e));
	MUST(rows_edit_keep(ed, "job-3", &(struct task_kept){0}, &e));
	MUST(rows_edit_commit(ed, &edited, &e));
	assert_int_equal(edited.edition, edition);
	assert_int_equal(edited.change_id, 0);
	ASSERT_ASK("3;", "SELECT count(*) FROM changes");
	kept_now("job-3", &found);
	assert_true(found);
}

/* ---- marks, findings, columns ---- */

static void
a_mark_says_where_a_cell_comes_from(void **state)
{
	(void)state;
	static const char query[] = "SELECT row_id, column_id, state, confidence, change_id, "
				    "source FROM marks ORDER BY 1,2";
	make_file("marks.db", 2, three, 3);
	CHANGE("task", set(1, 0, "1");
	       MUST(rows_edit_mark(ed, 1, 0, STR("generated"), 0.25, STR("{\"by\":1}"), &e));
	       set(2, 1, "1"); MUST(rows_edit_mark(ed, 2, 1, STR("failed"), NAN, STR(""), &e)));
	ASSERT_ASK("1|0|generated|0.25|1|{\"by\":1};2|1|failed|-|1|-;", query);
	CHANGE("rows.set", set(1, 0, "2");
	       MUST(rows_edit_mark(ed, 1, 0, STR("edited"), NAN, STR(""), &e)));
	ASSERT_ASK("1|0|edited|-|2|-;2|1|failed|-|1|-;", query);
	/* Taken back, with its mark. */
	undo(2);
	ASSERT_ASK("1|0|generated|0.25|1|{\"by\":1};2|1|failed|-|1|-;", query);
	/* A row takes its marks with it, and brings them back. */
	CHANGE("rows.remove", MUST(rows_edit_remove(ed, 2, -1, &e)));
	ASSERT_ASK("1|0|generated|0.25|1|{\"by\":1};", query);
	undo(change.change_id);
	ASSERT_ASK("1|0|generated|0.25|1|{\"by\":1};2|1|failed|-|1|-;", query);
	/* A cell that is written is no longer what its mark said. */
	CHANGE("task", set(1, 0, "3"));
	ASSERT_ASK("2|1|failed|-|1|-;", query);
}

static void
findings_of_a_task_are_counted_with_those_of_the_file(void **state)
{
	(void)state;
	struct rows_file *file;
	struct finding_count *counts;
	struct finding_row *rows;
	size_t count;
	make_file("findings.db", 1, three, 3);
	CHANGE("task",
	    for (int i = 0; i <= LIMIT_FINDINGS; i++) MUST(rows_edit_finding(ed, i == 0 ? 2 : 0,
		(uint64_t)i, i == 0 ? 0 : SIZE_MAX, STR("odd"), STR("it is odd"), &e)));
	MUST(rows_open(&file, path, &e));
	MUST(rows_finding_counts(file, &counts, &count, &arena, &e));
	assert_int_equal(count, 1);
	assert_int_equal(counts[0].count, LIMIT_FINDINGS + 1);
	MUST(rows_findings(file, 0, 2, &rows, &count, &arena, &e));
	assert_int_equal(rows[0].column, 0);
	assert_int_equal(rows[1].column, -1);
	assert_int_equal(rows[1].line, 1);
	rows_close(file);
	ASSERT_ASK("10000|1;", "SELECT count(*), count(row_id) FROM findings");
}

static void
a_column_that_is_added_is_absent_everywhere_and_shown_by_name(void **state)
{
	(void)state;
	struct rows_cache *cache = rows_cache_new();
	struct rows_file *file;
	const struct column *list;
	size_t column, count;
	make_file("column.db", 2, three, 3);
	MUST(rows_cache_open(cache, path, &file, &e));
	MUST(rows_columns(file, &list, &count, &arena, &e));
	assert_int_equal(count, 2);
	struct new_column more = {.name = STR("It's \"new\""),
	    .type = "number",
	    .vendor_type = STR("price"),
	    .description = STR("What it costs"),
	    .default_value = STR("0"),
	    .required = true};
	CHANGE("task", MUST(rows_edit_column(ed, &more, &column, &e)); set(2, column, "12.50"));
	assert_int_equal(column, 2);
	assert_int_equal(edited.columns, 3);
	/* The view is written anew, and says of every row what it has there. */
	ASSERT_ASK("a1|b1|-;a2|2|12.5;-|-|-;",
	    "SELECT a, b, \"It's \"\"new\"\"\" FROM data ORDER BY row_id");
	/* A reader that had the file open before sees it. */
	MUST(rows_cache_open(cache, path, &file, &e));
	MUST(rows_columns(file, &list, &count, &arena, &e));
	assert_int_equal(count, 3);
	assert_int_equal(list[2].column_id, 2);
	assert_true(str_is(list[2].name, "It's \"new\"") && str_is(list[2].slug, "it_s_new"));
	assert_int_equal(list[2].type, COLUMN_NUMBER);
	assert_true(str_is(list[2].vendor_type, "price") && list[2].required);
	assert_true(str_is(list[2].description, "What it costs"));
	assert_true(str_is(list[2].default_value, "0"));
	/* One of the same name has another slug; nothing was said of its type. */
	CHANGE("task",
	    MUST(rows_edit_column(ed, &(struct new_column){.name = STR("it s new")}, &column, &e)));
	MUST(rows_cache_open(cache, path, &file, &e));
	MUST(rows_columns(file, &list, &count, &arena, &e));
	assert_true(str_is(list[3].slug, "it_s_new_2"));
	assert_int_equal(list[3].type, COLUMN_STRING);
	assert_int_equal(list[3].vendor_type.n, 0);
	rows_cache_free(cache);
	/* A table without columns gets its first. */
	rows_editor_close(ed);
	make_file("bare.db", 0, NULL, 0);
	CHANGE("task", MUST(rows_edit_column(ed, &more, &column, &e)));
	assert_int_equal(column, 0);
	ASSERT_ASK("", "SELECT * FROM data");
}

static void
columns_are_limited_and_the_last_can_be_written(void **state)
{
	(void)state;
	size_t column = 0;
	make_file("wide.db", 1, three, 3);
	CHANGE(
	    "task", for (int i = 1; i < LIMIT_COLUMNS; i++) {
		    char name[16];
		    snprintf(name, sizeof name, "c%d", i);
		    MUST(rows_edit_column(
			ed, &(struct new_column){.name = str_of(name)}, &column, &e));
	    });
	assert_int_equal(column, LIMIT_COLUMNS - 1);
	NO_CHANGE(rows_edit_column(ed, &(struct new_column){.name = STR("one more")}, &column, &e),
	    TOO_BIG);
	CHANGE("rows.set", set(1, LIMIT_COLUMNS - 1, "7"));
	ASSERT_ASK("7;", "SELECT cells->>'$[1999]' FROM rows WHERE row_id=1");
	undo(change.change_id);
	assert_string_equal(row_now(1), "[\"a1\",\"b1\"] ");
}

/* What was counted while the file was read is no longer true. */
static void
statistics_go_with_the_first_change(void **state)
{
	(void)state;
	make_file("stats.db", 3, three, 3);
	ASSERT_ASK("0;1;2;", "SELECT column_id FROM column_stats ORDER BY 1");
	CHANGE("rows.set", set(1, 1, "1"));
	ASSERT_ASK("0;2;", "SELECT column_id FROM column_stats ORDER BY 1");
	CHANGE("rows.add", add("[]", ""));
	ASSERT_ASK("", "SELECT column_id FROM column_stats ORDER BY 1");
	rows_editor_close(ed);
	make_file("stats.db", 3, three, 3);
	CHANGE("rows.remove", MUST(rows_edit_remove(ed, 1, -1, &e)));
	ASSERT_ASK("", "SELECT column_id FROM column_stats ORDER BY 1");
}

/* ---- files of other versions ---- */

static void
a_file_of_the_first_version_is_brought_up(void **state)
{
	(void)state;
	make_file("old.db", 2, three, 3);
	rows_editor_close(ed);
	ed = NULL;
	ask("DROP INDEX changes_by_undoes");
	ask("DROP INDEX changes_by_cause");
	static const char *const added[] = {"changes DROP COLUMN touched",
	    "history DROP COLUMN mark", "tasks DROP COLUMN ended", "tasks DROP COLUMN rows",
	    "tasks DROP COLUMN failed", "tasks DROP COLUMN answer", "tasks DROP COLUMN states"};
	for (size_t i = 0; i < ARRAY_LENGTH(added); i++)
		ask(arena_format(&arena, "ALTER TABLE %s", added[i]).p);
	ask("PRAGMA user_version=1");
	ASSERT_ASK("1;", "PRAGMA user_version");
	struct str rows = ask(rows_query);
	/* Until then it can be read, and nothing was changed. */
	struct rows_file *file;
	struct change *list, one;
	struct task_kept kept;
	size_t count;
	int64_t total;
	bool found;
	MUST(rows_open(&file, path, &e));
	MUST(rows_changes(file, 0, 10, &list, &count, &total, &arena, &e));
	assert_int_equal(count + (size_t)total, 0);
	MUST(rows_change_get(file, 1, &one, &found, &arena, &e));
	assert_false(found);
	MUST(rows_kept(file, "job", &kept, &found, &arena, &e));
	assert_false(found);
	rows_close(file);
	MUST(rows_editor_open(&ed, path, &e));
	ASSERT_ASK("2;", "PRAGMA user_version");
	ASSERT_ASK("1;", "SELECT count(*) FROM sqlite_schema WHERE name='changes_by_undoes'");
	assert_string_equal(ask(rows_query).p, rows.p);
	CHANGE("rows.set", set(1, 0, "1"));
	undo(change.change_id);
	assert_string_equal(ask(rows_query).p, rows.p);
	/* Once is enough. */
	rows_editor_close(ed);
	MUST(rows_editor_open(&ed, path, &e));
}

static void
a_file_of_a_newer_rowhouse_is_left_alone(void **state)
{
	(void)state;
	struct rows_editor *none = NULL;
	make_file("newer.db", 2, three, 3);
	rows_editor_close(ed);
	ed = NULL;
	ask("PRAGMA user_version=3");
	struct str before = everything();
	MUST_NOT(rows_editor_open(&none, path, &e), UNAVAILABLE);
	assert_non_null(strstr(e.message, "newer Rowhouse"));
	assert_string_equal(everything().p, before.p);
	ASSERT_ASK("3;", "PRAGMA user_version");
}

/* ---- at random, against a model ---- */

#define MODEL_ROWS 8000
#define MODEL_COLUMNS 8
#define MODEL_CHANGES 4000
#define BUILT_ROWS 2500 /* over two blocks of the ranks */

/* What wrote a cell, or made or removed a row; of an undo, which one stood before what it undid. */
struct model_write {
	int64_t change;
	bool undo;
	const struct model_write *before, *stands;
};
/* A token or NULL: absent. */
struct model_cell {
	const char *token;
	const struct model_write *last;
};
struct model_row {
	bool alive;
	int64_t rev; /* the change that wrote it last */
	const struct model_write *whole;
	struct model_cell cells[MODEL_COLUMNS];
};
/* One line of a change: the cell as it was, or (column -1) the whole row as it was. */
struct model_step {
	int64_t row;
	int column;
	bool was_alive;
	const char *token;
	struct model_cell cells[MODEL_COLUMNS];
	struct model_step *next;
};

static struct {
	struct model_row *rows; /* by row id */
	int64_t last_row;
	size_t columns, alive;
	struct model_step **changes; /* by change id */
	int64_t last_change, added_columns;
} model;
static uint64_t seed, random_state;

static uint64_t
any(uint64_t below)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (random_state >> 33) % below;
}

static const char *
any_token(void)
{
	static const char *const tokens[] = {"null", "true", "false", "0", "-1.50", "1e400", "\"\"",
	    "\"text\"", "\"\\\"\\\\\\u0000\"", "\"\xc3\xa4\"", "[1,{\"k\":null}]", "{}", NULL};
	return tokens[any(ARRAY_LENGTH(tokens))];
}

/* The cells of a model's row as they must stand in the file. */
static const char *
model_text(const struct model_row *r)
{
	struct buf cells, absent;
	size_t n = model.columns;
	buf_init(&cells, &arena);
	buf_init(&absent, &arena);
	while (n > 0 && !r->cells[n - 1].token)
		n--;
	for (size_t i = 0; i < n; i++) {
		buf_format(
		    &cells, "%c%s", i ? ',' : '[', r->cells[i].token ? r->cells[i].token : "null");
		if (!r->cells[i].token)
			buf_format(&absent, "%c%zu", absent.n ? ',' : '[', i);
	}
	return arena_format(&arena, "%.*s%s %.*s%s", STR_ARG(buf_str(&cells)), n ? "]" : "[]",
	    STR_ARG(buf_str(&absent)), absent.n ? "]" : "")
	    .p;
}

static void
remember(int64_t row, int column)
{
	struct model_row *r = &model.rows[row];
	struct model_step *step = arena_alloc(&arena, sizeof *step);
	*step = (struct model_step){row, column, r->alive,
	    column >= 0 ? r->cells[column].token : NULL, {{0}}, model.changes[model.last_change]};
	memcpy(step->cells, r->cells, sizeof step->cells);
	model.changes[model.last_change] = step;
}

/* The write of this change, or else the one that stands. */
static const struct model_write *
model_standing(const struct model_write *w, int64_t id)
{
	while (w && w->undo && w->change != id)
		w = w->stands;
	return w;
}

/* `undone`: the change that it takes back, or 0. */
static const struct model_write *
model_write(const struct model_write *last, int64_t undone)
{
	struct model_write *w = arena_alloc(&arena, sizeof *w);
	const struct model_write *target = undone ? model_standing(last, undone) : NULL;
	*w = (struct model_write){
	    model.last_change, undone != 0, last, target ? target->before : NULL};
	return w;
}

static void
model_set(int64_t row, int column, const char *token, int64_t undone)
{
	struct model_cell *cell = &model.rows[row].cells[column];
	remember(row, column);
	*cell = (struct model_cell){token, model_write(cell->last, undone)};
	model.rows[row].rev = model.last_change;
}

static void
model_make(int64_t row, const struct model_cell *cells, int64_t undone)
{
	struct model_row *r = &model.rows[row];
	remember(row, -1);
	for (size_t i = 0; i < MODEL_COLUMNS; i++)
		r->cells[i].token = cells[i].token;
	r->alive = true;
	r->rev = model.last_change;
	r->whole = model_write(r->whole, undone);
	model.alive++;
}

static void
model_remove(int64_t row, int64_t undone)
{
	remember(row, -1);
	model.rows[row].alive = false;
	model.rows[row].whole = model_write(model.rows[row].whole, undone);
	model.alive--;
}

static bool
is_of(const struct model_write *last, int64_t id)
{
	const struct model_write *w = model_standing(last, id);
	return w && w->change == id;
}

/* No cell stands that was written after the row came. */
static bool
is_untouched(const struct model_row *r, int64_t id)
{
	for (size_t i = 0; i < MODEL_COLUMNS; i++) {
		const struct model_write *w = model_standing(r->cells[i].last, id);
		if (w && w->change > id)
			return false;
	}
	return true;
}

/* Nothing that the change did was changed again since, but for what was taken back. */
static bool
model_may_undo(int64_t id)
{
	for (const struct model_step *s = model.changes[id]; s; s = s->next) {
		const struct model_row *r = &model.rows[s->row];
		bool good = s->column >= 0 ? r->alive && is_of(r->cells[s->column].last, id)
			    : s->was_alive ? !r->alive && is_of(r->whole, id)
					   : r->alive && is_of(r->whole, id) && is_untouched(r, id);
		if (!good)
			return false;
	}
	return true;
}

static void
model_undo(int64_t id)
{
	for (const struct model_step *s = model.changes[id]; s; s = s->next)
		if (s->column >= 0)
			model_set(s->row, s->column, s->token, id);
		else if (s->was_alive)
			model_make(s->row, s->cells, id);
		else
			model_remove(s->row, id);
}

static int64_t
any_row(void)
{
	int64_t row;
	do
		row = 1 + (int64_t)any((uint64_t)model.last_row);
	while (!model.rows[row].alive);
	return row;
}

static void
begin_random(const char *kind, int64_t undoes)
{
	change = (struct change){.who = STR("me"), .kind = str_of(kind), .undoes = undoes};
	MUST(rows_edit_begin(ed, &change, &e));
	model.last_change++;
}

/* One that touched nothing was none. */
static void
end_random(void)
{
	MUST(rows_edit_commit(ed, &edited, &e));
	assert_int_equal(edited.rows, model.alive);
	if (!model.changes[model.last_change])
		model.last_change--;
	else
		assert_int_equal(edited.change_id, model.last_change);
}

static void
random_add(void)
{
	for (uint64_t n = 1 + any(3); n > 0 && model.last_row < MODEL_ROWS - 1; n--) {
		struct model_row r = {0};
		int64_t id;
		for (size_t i = 0; i < model.columns; i++)
			r.cells[i].token = any_token();
		const char *text = model_text(&r), *space = strrchr(text, ' ');
		MUST(rows_edit_add(
		    ed, 0, (struct str){text, (size_t)(space - text)}, str_of(space + 1), &id, &e));
		assert_int_equal(id, ++model.last_row);
		model_make(id, r.cells, 0);
	}
}

static void
random_set(void)
{
	int64_t rows[3];
	size_t n = 1 + any(3);
	for (size_t k = 0; k < n; k++) {
		bool again = false;
		rows[k] = any_row();
		for (size_t i = 0; i < k; i++)
			again = again || rows[i] == rows[k];
		if (again)
			continue;
		struct cell_edit edits[2];
		size_t count = 0, first = any(model.columns);
		int64_t rev = any(2) ? model.rows[rows[k]].rev : -1;
		for (; count < 1 + any(2); count++) {
			size_t column = (first + count) % model.columns;
			if (count == 1 && column == first)
				break;
			const char *token = any_token();
			edits[count] = (struct cell_edit){column, str_of(token)};
		}
		MUST(rows_edit_cells(ed, rows[k], rev, edits, count, &e));
		for (size_t i = 0; i < count; i++)
			model_set(rows[k], (int)edits[i].column_id, edits[i].token.p, 0);
	}
}

static void
random_remove(void)
{
	for (uint64_t n = 1 + any(3); n > 0 && model.alive > 10; n--) {
		int64_t row = any_row();
		if (model.rows[row].rev == model.last_change)
			continue; /* it was touched by this very change */
		MUST(rows_edit_remove(ed, row, model.rows[row].rev, &e));
		model_remove(row, 0);
	}
}

static void
random_undo(size_t *refused)
{
	uint64_t back = any(2) ? any(8) : any((uint64_t)model.last_change + 1);
	int64_t id = model.last_change - (int64_t)back;
	if (id < 1 || model.last_change > MODEL_CHANGES - 10)
		return;
	bool may = model_may_undo(id);
	struct change c = {.who = STR("me"), .kind = STR("undo"), .undoes = id};
	MUST(rows_edit_begin(ed, &c, &e));
	err_clear(&e);
	bool did = rows_edit_undo(ed, id, NULL, &e);
	if (did != may)
		fail_msg("seed %" PRIu64 ": change %" PRId64 " was %s: %s", seed, id,
		    did ? "undone" : "not undone", e.message);
	if (!did) {
		assert_int_equal(e.code, ERR_CONFLICT);
		rows_edit_rollback(ed);
		(*refused)++;
		return;
	}
	model.last_change++;
	assert_int_equal(c.change_id, model.last_change);
	model_undo(id);
	MUST(rows_edit_commit(ed, &edited, &e));
}

struct reading {
	int64_t next; /* the row that must come, or the first alive one behind it */
	size_t count;
};

static bool
read_row(void *context, const struct row *r, struct err *why)
{
	struct reading *x = context;
	(void)why;
	while (x->next <= model.last_row && !model.rows[x->next].alive)
		x->next++;
	const struct model_row *m = &model.rows[x->next];
	struct str text = arena_format(&arena, "%.*s %.*s", STR_ARG(r->cells), STR_ARG(r->absent));
	if (r->row_id != x->next || r->rev != m->rev || !str_is(text, model_text(m)))
		fail_msg("seed %" PRIu64 ": row %" PRId64 " (rev %" PRId64 ") is %s; row %" PRId64
			 " (rev %" PRId64 ") should be %s",
		    seed, r->row_id, r->rev, text.p, x->next, m->rev, model_text(m));
	x->next++;
	x->count++;
	return true;
}

static void
compare(struct rows_cache *cache)
{
	struct rows_file *file;
	uint64_t count;
	int64_t newest, last;
	struct arena_mark mark = arena_mark(&arena);
	MUST(rows_cache_open(cache, path, &file, &e));
	MUST(rows_count(file, &count, &e));
	assert_int_equal(count, model.alive);
	MUST(rows_edition(file, &newest, &e));
	assert_int_equal(newest, model.last_change + model.added_columns);
	MUST(rows_last(file, &last, &e));
	assert_true(last <= model.last_row && model.rows[last].alive);
	struct reading all = {1, 0};
	MUST(rows_each(file, 0, 0, read_row, &all, &e));
	assert_int_equal(all.count, model.alive);
	/* Pages at positions all over, the first and last among them. */
	for (int i = 0; i < 40; i++) {
		uint64_t position = i == 0   ? 0
				    : i == 1 ? model.alive - 1
				    : i == 2 ? model.alive
					     : any(model.alive);
		size_t limit = 1 + any(30), left = model.alive - position;
		struct reading page = {1, 0};
		for (uint64_t before = 0; page.next <= model.last_row; page.next++)
			if (model.rows[page.next].alive && before++ == position)
				break;
		MUST(rows_page(file, position, limit, read_row, &page, &e));
		if (page.count != (left < limit ? left : limit))
			fail_msg(
			    "seed %" PRIu64 ": %zu rows from %" PRIu64, seed, page.count, position);
	}
	arena_reset(&arena, mark);
}

static void
build_model(void)
{
	const char **rows = arena_array(&arena, BUILT_ROWS, sizeof *rows);
	model.rows = arena_array(&arena, MODEL_ROWS, sizeof *model.rows);
	model.changes = arena_array(&arena, MODEL_CHANGES, sizeof *model.changes);
	model.columns = 3;
	model.last_row = BUILT_ROWS;
	model.alive = BUILT_ROWS;
	model.last_change = model.added_columns = 0;
	for (int64_t i = 1; i <= BUILT_ROWS; i++) {
		struct model_row *r = &model.rows[i];
		r->alive = true;
		r->cells[0].token = arena_format(&arena, "%" PRId64, i).p;
		if (i % 3 == 0)
			r->cells[1].token = "\"b\"";
		rows[i - 1] = i % 3 == 0 ? arena_format(&arena, "[%" PRId64 ",\"b\"]", i).p
					 : arena_format(&arena, "[%" PRId64 "]", i).p;
	}
	make_file("random.db", model.columns, rows, BUILT_ROWS);
}

static void
after_thousands_of_edits_the_rows_are_those_of_the_model(void **state)
{
	(void)state;
	struct rows_cache *cache = rows_cache_new();
	size_t refused = 0, undone = 0;
	const char *given = getenv("ROWHOUSE_SEED");
	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	random_state = seed;
	print_message("seed %" PRIu64 " (ROWHOUSE_SEED=... for the same again)\n", seed);
	build_model();
	for (int turn = 0; turn < 1300; turn++) {
		uint64_t what = any(100);
		if (what < 25) {
			int64_t before = model.last_change;
			random_undo(&refused);
			undone += model.last_change != before;
		} else if (what == 99 && model.columns < MODEL_COLUMNS) {
			size_t column;
			struct str name = arena_format(&arena, "more %zu", model.columns);
			begin_random("task", 0);
			MUST(rows_edit_column(ed, &(struct new_column){.name = name}, &column, &e));
			assert_int_equal(column, model.columns++);
			end_random();
			model.added_columns++;
		} else {
			begin_random("rows.set", 0);
			if (what < 45)
				random_add();
			else if (what < 75)
				random_set();
			else
				random_remove();
			end_random();
		}
		if (turn % 200 == 0)
			compare(cache);
	}
	compare(cache);
	rows_cache_free(cache);
	/* It was about undoing too. */
	assert_true(refused > 10 && undone > 50);
	ASSERT_ASK("ok;", "PRAGMA integrity_check");
}

static int
set_up(void **state)
{
	(void)state;
	tree_setup();
	folder = folder_begin();
	arena_init(&arena, GIB(1));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	folder_end(folder);
	return 0;
}

struct seen {
	uint64_t rows;
	struct str last;
};

static bool
see(void *context, const struct row *r, struct err *why)
{
	(void)why;
	struct seen *s = context;
	s->rows++;
	s->last = arena_copy(&arena, r->cells);
	return true;
}

/* Whoever reads the rows twice sees the same rows twice. */
static void
a_file_that_is_held_stays_as_it_was(void **state)
{
	(void)state;
	struct rows_file *f;
	uint64_t count = 0;
	make_file("held.db", 2, three, 3);
	CHANGE("rows.add", add("[\"one\"]", ""));
	MUST(rows_open(&f, path, &e));
	struct seen before = {0}, held = {0}, afterwards = {0};
	MUST(rows_hold(f, &e));
	MUST(rows_each_cells(f, see, &before, &e));
	CHANGE("rows.add", add("[\"two\"]", ""));
	MUST(rows_each_cells(f, see, &held, &e) && rows_count(f, &count, &e));
	assert_int_equal(held.rows, before.rows);
	assert_int_equal(count, before.rows);
	rows_let_go(f);
	MUST(rows_each_cells(f, see, &afterwards, &e) && rows_count(f, &count, &e));
	assert_int_equal(afterwards.rows, before.rows + 1);
	assert_int_equal(count, before.rows + 1);
	assert_true(str_is(afterwards.last, "[\"two\"]"));
	rows_close(f);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, close_file)
	const struct CMUnitTest tests[] = {
	    TEST(each_change_does_what_it_says),
	    TEST(several_cells_of_a_row_change_at_once),
	    TEST(absent_cells_and_those_behind_the_end_are_told_apart),
	    TEST(a_row_must_be_as_it_was_read),
	    TEST(what_is_rolled_back_never_was),
	    TEST(an_id_is_never_given_twice),
	    TEST(history_has_everything_as_it_was),
	    TEST(each_change_can_be_taken_back_and_made_again),
	    TEST(what_was_changed_again_is_not_taken_back),
	    TEST(a_row_that_was_removed_again_comes_back_as_it_was_last),
	    TEST(a_change_may_touch_a_thing_twice),
	    TEST(cells_survive_byte_for_byte),
	    TEST(a_job_of_many_transactions_is_one_change_to_whoever_looks),
	    TEST(changes_are_listed_newest_first_with_what_became_of_them),
	    TEST(a_retry_finds_what_its_first_attempt_did),
	    TEST(a_task_goes_on_where_its_cursor_stands),
	    TEST(a_mark_says_where_a_cell_comes_from),
	    TEST(findings_of_a_task_are_counted_with_those_of_the_file),
	    TEST(a_column_that_is_added_is_absent_everywhere_and_shown_by_name),
	    TEST(columns_are_limited_and_the_last_can_be_written),
	    TEST(statistics_go_with_the_first_change),
	    TEST(a_file_of_the_first_version_is_brought_up),
	    TEST(a_file_of_a_newer_rowhouse_is_left_alone),
	    TEST(after_thousands_of_edits_the_rows_are_those_of_the_model),
	    TEST(a_file_that_is_held_stays_as_it_was),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
