/*
 * test_rows_model.c: some thousand edits at random, and as many taken back: what the functions say
 * and what the file has is held against a model of a few arrays.
 */
#include "editing.h"

#include <time.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		after_thousands_of_edits_the_rows_are_those_of_the_model, close_file),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
