/*
 * test_rows.c: what was put into a rows file comes out of it: every page at every position, every
 * column by its name, also with a tool that knows nothing of Rowhouse.
 */
#include "store/rows.h"
#include "base/buf.h"
#include "base/limits.h"
#include "folder.h"
#include "must.h"

#include <sqlite3.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *folder;
static struct arena arena;
static struct err e;
static struct guess guesses[LIMIT_COLUMNS];
static struct rows_build *build;
static struct rows_built built;
static struct rows_file *file;
static char path[PATH_MAX];

static void
begin(const char *name)
{
	snprintf(path, sizeof path, "%s/%s", folder, name);
	memset(guesses, 0, sizeof guesses);
	arena_release(&arena);
	MUST(rows_build_open(&build, path, &e));
}

static void
finish_and_open(void)
{
	MUST(rows_build_finish(build, guesses, 10, 2, &built, &e));
	MUST(rows_open(&file, path, &e));
}

static void
add_rows(uint64_t from, uint64_t count)
{
	char cells[64];
	for (uint64_t i = from; i < from + count; i++) {
		int n = snprintf(cells, sizeof cells, "[\"%" PRIu64 "\"]", i);
		if (!rows_build_row(build, i * 2 + 5, (struct str){cells, (size_t)n}, STR(""), &e))
			fail_msg("%s", e.message);
	}
}

struct page {
	uint64_t next, count, stop_after;
	bool fails;
};

static bool
check_row(void *context, const struct row *r, struct err *why)
{
	struct page *p = context;
	char want[64];
	snprintf(want, sizeof want, "[\"%" PRIu64 "\"]", p->next);
	assert_true(str_is(r->cells, want));
	assert_int_equal(r->absent.n, 0);
	assert_int_equal(r->row_id, p->next + 1);
	assert_int_equal(r->line, p->next * 2 + 5);
	assert_int_equal(r->rev, 0);
	p->next++;
	p->count++;
	if (p->stop_after == 0 || p->count < p->stop_after)
		return true;
	return p->fails ? FAIL(why, CANCELLED, "enough") : false;
}

static void
every_page_holds_the_rows_of_its_position(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {0, 1, 2, 1023, 1024, 1025, 2047, 2048, 2049, 5000, 10240};
	uint32_t random = 11;
	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		uint64_t size = sizes[i], count;
		begin("pages.db");
		MUST(rows_build_column(build, &(struct new_column){.name = STR("n")}, &e));
		add_rows(0, size);
		finish_and_open();
		assert_int_equal(built.rows, size);
		MUST(rows_count(file, &count, &e));
		assert_int_equal(count, size);
		for (int turn = 0; turn < 400; turn++) {
			random = random * 1664525 + 1013904223;
			uint64_t at = (random >> 8) % (size + 3);
			if (turn < 12) /* around the borders of the ranks, and the end */
				at =
				    (uint64_t)(turn / 4) * 1024 + (uint64_t)(turn % 4) - (turn > 4);
			else if (turn < 16)
				at = size - (uint64_t)(16 - turn) < size
					 ? size - (uint64_t)(16 - turn)
					 : 0;
			size_t limit = (random & 15) ? random % 60 : 2000;
			struct page p = {.next = at};
			MUST(rows_page(file, at, limit, check_row, &p, &e));
			uint64_t rest = at < size ? size - at : 0;
			assert_int_equal(p.count, rest < limit ? rest : limit);
		}
		struct page p = {0};
		MUST(rows_page(file, UINT64_MAX, 50, check_row, &p, &e));
		MUST(rows_each(file, 1, 0, check_row, &p, &e));
		assert_int_equal(p.count, size);
		rows_close(file);
	}
}

static bool
add_up(void *context, const struct row *r, struct err *why)
{
	uint64_t *sum = context, v = 0;
	(void)why;
	assert_true(r->cells.n > 4);
	assert_true(str_to_u64(&v, (struct str){r->cells.p + 2, r->cells.n - 4}));
	assert_int_equal(v, sum[0]++);
	sum[1] += v;
	return v + 1 != sum[2];
}

static void
all_cells_can_be_read_in_order(void **state)
{
	(void)state;
	begin("cells.db");
	MUST(rows_build_column(build, &(struct new_column){.name = STR("n")}, &e));
	add_rows(0, 5000);
	finish_and_open();
	for (int turn = 0; turn < 2; turn++) {
		uint64_t sum[3] = {0};
		MUST(rows_each_cells(file, add_up, sum, &e));
		assert_int_equal(sum[1], 4999 * 2500);
		/* Having seen enough is no failure. */
		uint64_t some[3] = {0, 0, 100};
		MUST(rows_each_cells(file, add_up, some, &e));
		assert_int_equal(some[0], 100);
	}
	rows_close(file);
}

static void
a_reader_of_rows_may_stop(void **state)
{
	(void)state;
	begin("stop.db");
	MUST(rows_build_column(build, &(struct new_column){.name = STR("n")}, &e));
	add_rows(0, 3000);
	finish_and_open();
	struct page p = {.next = 100, .stop_after = 7};
	MUST(rows_page(file, 100, 50, check_row, &p, &e));
	assert_int_equal(p.count, 7);
	p = (struct page){.next = 100, .stop_after = 7, .fails = true};
	err_clear(&e);
	assert_false(rows_page(file, 100, 50, check_row, &p, &e));
	assert_int_equal(e.code, ERR_CANCELLED);
	p = (struct page){.next = 999, .stop_after = 3, .fails = true};
	err_clear(&e);
	assert_false(rows_each(file, 1000, 0, check_row, &p, &e));
	p = (struct page){.next = 999};
	MUST(rows_each(file, 1000, 2001, check_row, &p, &e));
	assert_int_equal(p.count, 1001);
	rows_close(file);
}

/* Memory that runs out in the middle of a page leaves the file good for the next request. */
static bool
run_out(void *context, const struct row *r, struct err *why)
{
	(void)r;
	(void)why;
	arena_alloc(context, 100000);
	return true;
}

static void
a_page_cut_short_does_no_harm(void **state)
{
	(void)state;
	static jmp_buf boundary;
	static struct arena tiny;
	begin("cut.db");
	MUST(rows_build_column(build, &(struct new_column){.name = STR("n")}, &e));
	add_rows(0, 100);
	finish_and_open();
	arena_init(&tiny, 8192);
	if (arena_guard(boundary) == 0) {
		(void)!rows_page(file, 10, 50, run_out, &tiny, &e);
		fail();
	}
	arena_unguard();
	rows_recover(file);
	arena_release(&tiny);
	struct page p = {.next = 10};
	MUST(rows_page(file, 10, 50, check_row, &p, &e));
	assert_int_equal(p.count, 50);
	rows_close(file);
}

static const char *const odd_names[] = {"name", "Name", "NAME ", "a \"quoted\" name", "it's", "",
    "row_id", "sum(x); DROP TABLE rows; --", "\xe4\xb8\xad\xe6\x96\x87", "\xe5\x9b\xbd", "x_2",
    "tab\tand\nline", "?1", ":named", "`tick`", "[bracket]", "%s%n", "a.b", "\xf0\x9f\x98\x80"};

static void
columns_keep_their_names_and_have_ids_of_their_own(void **state)
{
	(void)state;
	const struct column *columns;
	size_t count;
	begin("names.db");
	for (size_t i = 0; i < ARRAY_LENGTH(odd_names); i++) {
		MUST(rows_build_column(
		    build, &(struct new_column){.name = str_of(odd_names[i])}, &e));
		guess_add_text(&guesses[i], "12", 2);
	}
	guess_add_text(&guesses[1], "abc", 3);
	MUST(rows_build_row(build, 2, STR("[\"1\"]"), STR(""), &e));
	MUST(rows_build_row(build, 3, STR("[\"2\",\"q\"]"), STR(""), &e));
	finish_and_open();
	assert_int_equal(built.columns, ARRAY_LENGTH(odd_names));
	MUST(rows_columns(file, &columns, &count, &arena, &e));
	assert_int_equal(count, ARRAY_LENGTH(odd_names));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(columns[i].column_id, i);
		assert_true(str_is(columns[i].name, odd_names[i]));
		assert_true(columns[i].slug.n > 0);
		for (size_t k = 0; k < columns[i].slug.n; k++)
			assert_non_null(
			    strchr("abcdefghijklmnopqrstuvwxyz0123456789_", columns[i].slug.p[k]));
		for (size_t k = 0; k < i; k++)
			assert_false(str_equal(columns[i].slug, columns[k].slug));
		assert_int_equal(columns[i].type, i == 1 ? COLUMN_STRING : COLUMN_INTEGER);
		assert_non_null(
		    strstr(columns[i].stats.p, i == 1 ? "\"values\":2" : "\"values\":1"));
	}
	assert_true(str_is(columns[0].slug, "name"));
	assert_true(str_is(columns[1].slug, "name_2"));
	assert_true(str_is(
	    columns[0].stats, "{\"values\":1,\"empty\":1,\"longest\":2,\"least\":12,\"most\":12}"));
	rows_close(file);
}

static sqlite3_stmt *
query(sqlite3 *db, const char *text)
{
	sqlite3_stmt *s;
	if (sqlite3_prepare_v2(db, text, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	return s;
}

/* Any SQLite tool reads the view by the columns' real names. */
static void
the_view_data_shows_names_and_values_to_any_tool(void **state)
{
	(void)state;
	sqlite3 *db;
	struct buf cells;
	begin("view.db");
	buf_init(&cells, &arena);
	for (size_t i = 0; i < ARRAY_LENGTH(odd_names); i++) {
		MUST(rows_build_column(
		    build, &(struct new_column){.name = str_of(odd_names[i])}, &e));
		buf_format(&cells, "%c\"v%zu\"", i ? ',' : '[', i);
	}
	buf_put_char(&cells, ']');
	MUST(rows_build_row(build, 2, buf_str(&cells), STR(""), &e));
	MUST(rows_build_row(build, 3,
	    STR("[\"a\\n\\\"b\\u00e9\",1.10,true,null,{\"k\":[1]},\"007\"]"), STR(""), &e));
	MUST(rows_build_finish(build, guesses, 2, 0, &built, &e));
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_stmt *s = query(db, "SELECT * FROM data ORDER BY row_id");
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(sqlite3_column_count(s), ARRAY_LENGTH(odd_names) + 1);
	for (size_t i = 0; i < ARRAY_LENGTH(odd_names); i++) {
		const char *name = sqlite3_column_name(s, (int)i + 1);
		/* Those SQLite takes for the same are told apart by a number behind them. */
		assert_true(str_starts(str_of(name), odd_names[i]));
		char want[24];
		snprintf(want, sizeof want, "v%zu", i);
		assert_string_equal((const char *)sqlite3_column_text(s, (int)i + 1), want);
	}
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	static const char *const values[] = {
	    "a\n\"b\xc3\xa9", "1.1", "1", NULL, "{\"k\":[1]}", "007", NULL};
	for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
		const char *got = (const char *)sqlite3_column_text(s, (int)i + 1);
		if (values[i])
			assert_string_equal(got, values[i]);
		else
			assert_null(got);
	}
	sqlite3_finalize(s);
	s = query(db, "SELECT count(*) FROM data WHERE \"a \"\"quoted\"\" name\"='v3'");
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(s, 0), 1);
	sqlite3_finalize(s);
	s = query(db, "PRAGMA integrity_check");
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(s, 0), "ok");
	sqlite3_finalize(s);
	sqlite3_close(db);
}

static void
columns_are_limited_and_the_widest_file_is_good(void **state)
{
	(void)state;
	const struct column *columns;
	size_t count;
	char name[LIMIT_COLUMN_NAME_BYTES];
	begin("wide.db");
	/* The names that make the longest view: each quote is doubled. */
	memset(name, '"', sizeof name);
	for (unsigned i = 0; i < LIMIT_COLUMNS; i++) {
		snprintf(name, 8, "%06u", i);
		name[6] = '"';
		name[7] = '"';
		MUST(rows_build_column(
		    build, &(struct new_column){.name = (struct str){name, sizeof name}}, &e));
	}
	assert_false(rows_build_column(build, &(struct new_column){.name = STR("one more")}, &e));
	assert_int_equal(e.code, ERR_TOO_BIG);
	struct buf cells;
	buf_init(&cells, &arena);
	for (unsigned i = 0; i < LIMIT_COLUMNS; i++)
		buf_format(&cells, "%c%u", i ? ',' : '[', i);
	buf_put_char(&cells, ']');
	MUST(rows_build_row(build, 2, buf_str(&cells), STR(""), &e));
	finish_and_open();
	MUST(rows_columns(file, &columns, &count, &arena, &e));
	assert_int_equal(count, LIMIT_COLUMNS);
	assert_int_equal(columns[LIMIT_COLUMNS - 1].name.n, LIMIT_COLUMN_NAME_BYTES);
	rows_close(file);
	sqlite3 *db;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_stmt *s = query(db, "SELECT * FROM data");
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(s, 1900), 1899);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

/* A header of hundreds of words that no slug can be made of. */
static void
columns_without_a_letter_are_told_apart_quickly(void **state)
{
	(void)state;
	begin("same.db");
	for (unsigned i = 0; i < 600; i++) {
		char name[40] = "";
		for (unsigned k = 0; k <= i / 100; k++)
			strcat(name, k % 2 ? "!" : "?");
		MUST(rows_build_column(build, &(struct new_column){.name = str_of(name)}, &e));
	}
	finish_and_open();
	const struct column *columns;
	size_t count;
	MUST(rows_columns(file, &columns, &count, &arena, &e));
	assert_true(str_is(columns[0].slug, "x") && str_is(columns[1].slug, "x_2"));
	assert_true(str_is(columns[599].slug, "x_600"));
	rows_close(file);
}

static void
findings_are_kept_to_the_limit_and_counted_always(void **state)
{
	(void)state;
	struct finding_row *found;
	struct finding_count *counts;
	size_t count;
	begin("findings.db");
	MUST(rows_build_column(build, &(struct new_column){.name = STR("n")}, &e));
	for (uint64_t i = 0; i <= LIMIT_FINDINGS; i++)
		MUST(rows_build_finding(build, i + 2, i % 2 ? 0 : SIZE_MAX,
		    i % 3 ? STR("extra-cell") : STR("missing-cell"), STR("it's \"odd\""), &e));
	static const char long_code[] = "a-code-that-is-longer-than-any-we-have-and-has-no-room";
	for (int i = 0; i < 3; i++)
		MUST(rows_build_finding(build, 9, SIZE_MAX, STR(long_code), STR("x"), &e));
	finish_and_open();
	assert_int_equal(built.findings, LIMIT_FINDINGS + 4);
	MUST(rows_findings(file, LIMIT_FINDINGS - 3, 100, &found, &count, &arena, &e));
	assert_int_equal(count, 3);
	assert_int_equal(found[2].line, LIMIT_FINDINGS + 1);
	MUST(rows_findings(file, LIMIT_FINDINGS, 100, &found, &count, &arena, &e));
	assert_int_equal(count, 0);
	MUST(rows_findings(file, 0, 2, &found, &count, &arena, &e));
	assert_int_equal(count, 2);
	assert_int_equal(found[0].line, 2);
	assert_int_equal(found[0].column, -1);
	assert_int_equal(found[1].column, 0);
	assert_true(str_is(found[1].code, "extra-cell"));
	assert_true(str_is(found[1].message, "it's \"odd\""));
	MUST(rows_finding_counts(file, &counts, &count, &arena, &e));
	assert_int_equal(count, 3);
	assert_true(str_is(counts[0].code, "extra-cell"));
	assert_int_equal(counts[0].count + counts[1].count, LIMIT_FINDINGS + 1);
	assert_int_equal(counts[2].count, 3);
	rows_close(file);
}

/* How many codes are counted, and how often FINDING_OTHER. */
static void
assert_codes(size_t expected, uint64_t others)
{
	struct finding_count *counts;
	size_t count;
	uint64_t found = 0;
	MUST(rows_open(&file, path, &e));
	MUST(rows_finding_counts(file, &counts, &count, &arena, &e));
	for (size_t i = 0; i < count; i++)
		if (str_is(counts[i].code, "other"))
			found = counts[i].count;
	rows_close(file);
	assert_int_equal(count, expected);
	assert_int_equal(found, others);
}

static struct str
code_of(int i)
{
	return arena_format(&arena, "code-%d", i);
}

static void
codes_beyond_the_limit_are_counted_together(void **state)
{
	(void)state;
	struct rows_editor *ed;
	struct rows_edited edited;
	struct change change = {.who = STR("u"), .kind = STR("task")};
	/* One is called as all the others are. */
	begin("codes.db");
	MUST(rows_build_finding(build, 1, SIZE_MAX, STR("other"), STR("x"), &e));
	for (int i = 0; i < LIMIT_FINDING_CODES - 2; i++)
		MUST(rows_build_finding(build, 1, SIZE_MAX, code_of(i), STR("x"), &e));
	finish_and_open();
	rows_close(file);
	assert_codes(LIMIT_FINDING_CODES - 1, 1);
	/* As many as there may be, and one more, twice. */
	begin("codes.db");
	for (int i = 0; i < LIMIT_FINDING_CODES; i++)
		MUST(rows_build_finding(build, 1, SIZE_MAX, code_of(i), STR("x"), &e));
	MUST(rows_build_finding(build, 1, SIZE_MAX, STR("other"), STR("x"), &e));
	finish_and_open();
	rows_close(file);
	assert_codes(LIMIT_FINDING_CODES, 2);
	/* A task goes on with them. */
	MUST(rows_editor_open(&ed, path, &e) && rows_edit_begin(ed, &change, &e));
	for (int i = 0; i < LIMIT_FINDING_CODES + 1; i++)
		MUST(rows_edit_finding(ed, 0, 1, SIZE_MAX, code_of(i), STR("x"), &e));
	MUST(rows_edit_commit(ed, &edited, &e));
	rows_editor_close(ed);
	assert_codes(LIMIT_FINDING_CODES, 4);
	/* And begins with none. */
	begin("codes.db");
	finish_and_open();
	rows_close(file);
	change.change_id = 0;
	MUST(rows_editor_open(&ed, path, &e) && rows_edit_begin(ed, &change, &e));
	for (int i = 0; i < LIMIT_FINDING_CODES; i++)
		MUST(rows_edit_finding(ed, 0, 1, SIZE_MAX, code_of(i), STR("x"), &e));
	MUST(rows_edit_commit(ed, &edited, &e));
	rows_editor_close(ed);
	assert_codes(LIMIT_FINDING_CODES, 1);
}

static void
a_file_without_anything_is_good(void **state)
{
	(void)state;
	const struct column *columns;
	struct finding_count *counts;
	size_t count;
	uint64_t rows;
	begin("nothing.db");
	finish_and_open();
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(built.bytes, st.st_size);
	MUST(rows_columns(file, &columns, &count, &arena, &e));
	assert_int_equal(count, 0);
	MUST(rows_count(file, &rows, &e));
	assert_int_equal(rows, 0);
	MUST(rows_finding_counts(file, &counts, &count, &arena, &e));
	assert_int_equal(count, 0);
	rows_close(file);
}

static size_t
files_in_folder(void)
{
	size_t n = 0;
	char command[PATH_MAX + 32];
	snprintf(command, sizeof command, "ls '%s' | wc -l", folder);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%zu", &n), 1);
	pclose(f);
	return n;
}

static void
an_abandoned_build_leaves_nothing(void **state)
{
	(void)state;
	size_t before = files_in_folder();
	begin("abandoned.db");
	MUST(rows_build_column(build, &(struct new_column){.name = STR("n")}, &e));
	add_rows(0, 50000);
	rows_build_abandon(build);
	assert_int_equal(files_in_folder(), before);
	/* A finished one is a single file that needs no other to be read. */
	begin("alone.db");
	MUST(rows_build_column(build, &(struct new_column){.name = STR("n")}, &e));
	add_rows(0, 10);
	MUST(rows_build_finish(build, guesses, 10, 0, &built, &e));
	assert_int_equal(files_in_folder(), before + 1);
	/* What a crash left under the name is not built upon. */
	begin("alone.db");
	finish_and_open();
	uint64_t rows;
	MUST(rows_count(file, &rows, &e));
	assert_int_equal(rows, 0);
	rows_close(file);
	err_clear(&e);
	assert_false(rows_build_open(&build, folder_file(folder, "no/such/folder.db"), &e));
}

static void
the_cache_keeps_files_apart_and_open(void **state)
{
	(void)state;
	struct rows_cache *cache = rows_cache_new();
	assert_non_null(cache);
	static char paths[40][PATH_MAX];
	for (uint64_t i = 0; i < ARRAY_LENGTH(paths); i++) {
		char name[32];
		snprintf(name, sizeof name, "cached-%d.db", (int)i);
		begin(name);
		MUST(rows_build_column(build, &(struct new_column){.name = STR("n")}, &e));
		add_rows(0, i);
		MUST(rows_build_finish(build, guesses, 10, 0, &built, &e));
		memcpy(paths[i], path, sizeof path);
	}
	uint32_t random = 5;
	for (int turn = 0; turn < 400; turn++) {
		random = random * 1664525 + 1013904223;
		size_t i = (random >> 10) % (turn < 200 ? 5 : ARRAY_LENGTH(paths));
		struct rows_file *one, *again;
		uint64_t rows;
		MUST(rows_cache_open(cache, paths[i], &one, &e));
		MUST(rows_count(one, &rows, &e));
		assert_int_equal(rows, i);
		MUST(rows_cache_open(cache, paths[i], &again, &e));
		assert_ptr_equal(one, again);
	}
	rows_cache_recover(cache);
	struct rows_file *none;
	err_clear(&e);
	assert_false(rows_cache_open(cache, folder_file(folder, "none.db"), &none, &e));
	/* What somebody else wrote is seen by who opens it next. */
	struct rows_file *one;
	uint64_t rows;
	sqlite3 *db;
	MUST(rows_cache_open(cache, paths[5], &one, &e));
	MUST(rows_count(one, &rows, &e));
	assert_int_equal(rows, 5);
	assert_int_equal(sqlite3_open(paths[5], &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE ranks SET alive=4", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	MUST(rows_cache_open(cache, paths[5], &one, &e));
	MUST(rows_count(one, &rows, &e));
	assert_int_equal(rows, 4);
	/* A deleted file is let go of. */
	MUST(rows_cache_open(cache, paths[3], &one, &e));
	assert_int_equal(unlink(paths[3]), 0);
	rows_cache_prune(cache);
	err_clear(&e);
	assert_false(rows_cache_open(cache, paths[3], &one, &e));
	rows_cache_free(cache);
	rows_cache_free(NULL);
}

static void
a_damaged_file_is_said_to_be(void **state)
{
	(void)state;
	uint64_t rows;
	char noise[9000];
	memset(noise, 'n', sizeof noise);
	file_put(folder_file(folder, "noise.db"), (struct str){noise, sizeof noise});
	err_clear(&e);
	if (rows_open(&file, folder_file(folder, "noise.db"), &e)) {
		assert_false(rows_count(file, &rows, &e));
		rows_close(file);
	}
	assert_non_null(strstr(e.message, "damaged"));
	err_clear(&e);
	assert_false(rows_open(&file, folder_file(folder, "missing.db"), &e));
}

static int
set_up(void **state)
{
	(void)state;
	folder = folder_begin();
	arena_init(&arena, MIB(64));
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_page_holds_the_rows_of_its_position),
	    cmocka_unit_test(all_cells_can_be_read_in_order),
	    cmocka_unit_test(a_reader_of_rows_may_stop),
	    cmocka_unit_test(a_page_cut_short_does_no_harm),
	    cmocka_unit_test(columns_keep_their_names_and_have_ids_of_their_own),
	    cmocka_unit_test(the_view_data_shows_names_and_values_to_any_tool),
	    cmocka_unit_test(columns_are_limited_and_the_widest_file_is_good),
	    cmocka_unit_test(columns_without_a_letter_are_told_apart_quickly),
	    cmocka_unit_test(findings_are_kept_to_the_limit_and_counted_always),
	    cmocka_unit_test(codes_beyond_the_limit_are_counted_together),
	    cmocka_unit_test(a_file_without_anything_is_good),
	    cmocka_unit_test(an_abandoned_build_leaves_nothing),
	    cmocka_unit_test(the_cache_keeps_files_apart_and_open),
	    cmocka_unit_test(a_damaged_file_is_said_to_be),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
