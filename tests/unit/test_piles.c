/*
 * test_piles.c: rows in another order than the file's, each read once: all come, whole, as often as
 * they are asked for, also those larger than what is held of a pile, and on as few piles as there
 * may be.  That what a query sorts comes in order is test_projected.c.
 */
#include "store/query_piles.h"
#include "base/limits.h"
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "must.h"

#define ROWS 3000
#define LARGE 1234 /* the row of which a cell is larger than a pile's buffer */
#define LARGE_BYTES 200000

static const char *folder;
static struct arena arena;
static struct err e;
static struct guess guesses[LIMIT_COLUMNS];
static struct rows_file *file;
static char scratch[PATH_MAX];

static struct str
text_of(int64_t row_id)
{
	char *p = arena_alloc(&arena, LARGE_BYTES);
	size_t n = row_id == LARGE ? LARGE_BYTES : (size_t)(row_id * 7 % 90);
	memset(p, 'a' + (int)(row_id % 26), n);
	return (struct str){p, n};
}

static void
make_table(void)
{
	struct rows_build *build;
	struct rows_built built;
	const char *path = arena_format(&arena, "%s/rows.db", folder).p;
	MUST(rows_build_open(&build, path, &e));
	MUST(rows_build_column(build, &(struct new_column){.name = STR("text")}, &e));
	for (int64_t i = 1; i <= ROWS; i++) {
		struct arena_mark mark = arena_mark(&arena);
		struct str text = text_of(i);
		struct str cells = arena_format(&arena, "[\"%.*s\"]", STR_ARG(text));
		struct str absent = i % 5 == 0 ? STR("[0]") : STR("");
		if (absent.n)
			cells = STR("[null]");
		MUST(rows_build_row(build, (uint64_t)i + 1, cells, absent, &e));
		arena_reset(&arena, mark);
	}
	MUST(rows_build_finish(build, guesses, ROWS, 0, &built, &e));
	MUST(rows_open(&file, path, &e));
}

/* Every third row is not wanted; 7919 is prime and no factor of what is left. */
#define WANTED (ROWS - ROWS / 3)
static int64_t
id_at(uint64_t at)
{
	uint64_t k = at * 7919 % WANTED;
	return (int64_t)(k / 2 * 3 + k % 2 + 1);
}

static bool
order(void *context, uint64_t at, size_t limit, int64_t *row_ids, struct err *why)
{
	(void)context;
	(void)why;
	for (size_t i = 0; i < limit; i++)
		row_ids[i] = id_at(at + i);
	return true;
}

struct seen {
	uint64_t count, enough;
};

static bool
see(void *context, const struct row *r, struct err *why)
{
	struct seen *s = context;
	struct arena_mark mark = arena_mark(&arena);
	(void)why;
	assert_int_equal(r->row_id, id_at(s->count));
	assert_int_equal(r->line, r->row_id + 1);
	if (r->row_id % 5 == 0) {
		assert_true(str_is(r->cells, "[null]") && str_is(r->absent, "[0]"));
	} else {
		struct str text = text_of(r->row_id);
		assert_int_equal(r->cells.n, text.n + 4);
		assert_memory_equal(r->cells.p + 2, text.p, text.n);
		assert_int_equal(r->absent.n, 0);
	}
	arena_reset(&arena, mark);
	return ++s->count != s->enough;
}

static void
all_come_in_order_as_often_as_wanted(void **state)
{
	/* One pile; some; more than there may be, so that each is larger. */
	static const size_t parts[] = {ROWS, 700, WANTED / PILES_MOST + 1, WANTED / PILES_MOST, 1};
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		struct piles *piles;
		struct arena a;
		const struct query q = {.columns = NULL};
		const struct piles_plan plan = {
		    .file = file,
		    .matching = WANTED,
		    .span = ROWS,
		    .part = parts[i],
		    .scratch = scratch,
		    .order = order,
		    .time = query_time_of(&q),
		};
		arena_init(&a, MIB(64));
		MUST(piles_make(&piles, &plan, &a, &e));
		for (int time = 0; time < 2; time++) {
			struct seen s = {0, 0};
			MUST(piles_each(piles, see, &s, &e));
			assert_int_equal(s.count, WANTED);
		}
		struct seen some = {0, 1000};
		MUST(piles_each(piles, see, &some, &e));
		assert_int_equal(some.count, 1000);
		arena_release(&a);
	}
}

static bool
no(void *context, struct err *why)
{
	(void)context;
	return FAIL(why, CANCELLED, "enough");
}

static void
a_job_that_is_cancelled_stops(void **state)
{
	struct piles *piles;
	struct arena a;
	const struct query_watch watch = {NULL, no};
	const struct query q = {.watch = &watch};
	const struct piles_plan plan = {
	    .file = file,
	    .matching = WANTED,
	    .span = ROWS,
	    .part = 700,
	    .scratch = scratch,
	    .order = order,
	    .time = query_time_of(&q),
	};
	(void)state;
	arena_init(&a, MIB(64));
	assert_false(piles_make(&piles, &plan, &a, &e));
	assert_int_equal(e.code, ERR_CANCELLED);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest all[] = {
	    cmocka_unit_test(all_come_in_order_as_often_as_wanted),
	    cmocka_unit_test(a_job_that_is_cancelled_stops),
	};
	folder = folder_begin();
	arena_init(&arena, MIB(64));
	snprintf(scratch, sizeof scratch, "%s/scratch", folder);
	make_table();
	int failed = cmocka_run_group_tests_name("piles", all, NULL, NULL);
	rows_close(file);
	folder_end(folder);
	arena_release(&arena);
	return failed;
}
