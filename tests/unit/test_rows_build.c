/*
 * test_rows_build.c: rows are gathered before they are stored, whatever their sizes: none is lost,
 * none changes its place or its texts, and findings come in between.  A position leads to its row
 * also where rows before it are gone.
 */
#include "store/rows.h"
#include "base/limits.h"
#include "folder.h"
#include "must.h"

#include <sqlite3.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROWS 5000
#define LARGEST 700000

static struct err e;
static char text[LARGEST + 8];

/* Row i: one text of a size and a letter that only i gives. */
static struct str
cells_of(uint64_t i)
{
	size_t n = i % 997 == 0 ? LARGEST - i : i % 101 == 0 ? 20000 + i : i * 7 % 300;
	memcpy(text, "[\"", 2);
	memset(text + 2, 'a' + (int)(i % 26), n);
	memcpy(text + 2 + n, "\"]", 2);
	return (struct str){text, n + 4};
}

static struct str
absent_of(uint64_t i)
{
	return i % 3 == 0 ? STR("[0]") : STR("");
}

static bool
check_row(void *context, const struct row *r, struct err *why)
{
	uint64_t *next = context;
	(void)why;
	assert_int_equal(r->row_id, *next + 1);
	assert_int_equal(r->line, *next * 3 + 2);
	assert_true(str_equal(r->cells, cells_of(*next)));
	assert_true(str_equal(r->absent, absent_of(*next)));
	++*next;
	return true;
}

static void
rows_of_every_size_keep_their_places_and_texts(void **state)
{
	static struct guess guesses[LIMIT_COLUMNS];
	struct rows_build *build;
	struct rows_built built;
	struct rows_file *file;
	struct finding_row *findings;
	struct arena a;
	size_t count;
	uint64_t next = 0;
	const char *folder = folder_begin(), *path = folder_file(folder, "rows.db");
	(void)state;
	MUST(rows_build_open(&build, path, &e));
	MUST(rows_build_column(build, &(struct new_column){.name = STR("text")}, &e));
	for (uint64_t i = 0; i < ROWS; i++) {
		if (i == 1500)
			MUST(rows_build_finding(
			    build, i * 3 + 2, 0, STR("odd"), STR("an odd row"), &e));
		MUST(rows_build_row(build, i * 3 + 2, cells_of(i), absent_of(i), &e));
		/* The caller's texts are its own again. */
		memset(text, 'X', sizeof text);
	}
	MUST(rows_build_finish(build, guesses, ROWS, 0, &built, &e));
	assert_int_equal(built.rows, ROWS);
	MUST(rows_open(&file, path, &e));
	MUST(rows_each(file, 0, 0, check_row, &next, &e));
	assert_int_equal(next, ROWS);
	arena_init(&a, MIB(1));
	MUST(rows_findings(file, 0, 10, &findings, &count, &a, &e));
	assert_int_equal(count, 1);
	assert_int_equal(findings[0].line, 1500 * 3 + 2);
	arena_release(&a);
	rows_close(file);
	folder_end(folder);
}

static bool
note_row(void *context, const struct row *r, struct err *why)
{
	(void)why;
	*(int64_t *)context = r->row_id;
	return true;
}

/* Rows 100 to 149 and 2000 are gone, as an edit would have it. */
static void
positions_pass_over_rows_that_are_gone(void **state)
{
	static struct guess guesses[LIMIT_COLUMNS];
	struct rows_build *build;
	struct rows_built built;
	struct rows_file *file;
	sqlite3 *other;
	const char *folder = folder_begin(), *path = folder_file(folder, "rows.db");
	(void)state;
	MUST(rows_build_open(&build, path, &e));
	MUST(rows_build_column(build, &(struct new_column){.name = STR("text")}, &e));
	for (uint64_t i = 0; i < ROWS; i++)
		MUST(rows_build_row(build, i + 2, STR("[1]"), STR(""), &e));
	MUST(rows_build_finish(build, guesses, ROWS, 0, &built, &e));
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other,
			     "DELETE FROM rows WHERE row_id BETWEEN 100 AND 149 OR row_id=2000;"
			     "UPDATE ranks SET alive=alive-50 WHERE first_row_id=1;"
			     "UPDATE ranks SET alive=alive-1 WHERE first_row_id=1025;",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(other);
	MUST(rows_open(&file, path, &e));
	for (int64_t row = 1, position = 0; row <= ROWS; row++) {
		int64_t found = 0;
		if ((row >= 100 && row < 150) || row == 2000)
			continue;
		MUST(rows_page(file, (uint64_t)position++, 1, note_row, &found, &e));
		assert_int_equal(found, row);
	}
	rows_close(file);
	folder_end(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_of_every_size_keep_their_places_and_texts),
	    cmocka_unit_test(positions_pass_over_rows_that_are_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
