/*
 * test_rows_edit.c: changes of a rows file: what is there afterwards, what is written down to take
 * them back, and that taking back gives the very bytes that were there, or refuses.
 *
 * What the functions say is held against the file itself, read with SQLite alone.
 */
#include "editing.h"

#include <math.h>
#include <time.h>

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

/* ---- a file that is read meanwhile ---- */

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
	    TEST(a_file_that_is_held_stays_as_it_was),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
