/*
 * test_projection.c: what projections answer is what reading every row answers (which is held
 * against an evaluation of its own in tests/http/query.test.mjs): of random tables, questions and
 * edits, whatever the projections were made before; and a file that is not what it was is none.
 */
#include "store/projection.h"
#include "base/file.h"
#include "base/limits.h"
#include "folder.h"
#include "model/query.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MUST(worked)                                                                               \
	do {                                                                                       \
		err_clear(&e);                                                                     \
		if (!(worked))                                                                     \
			fail_msg("%s", e.message);                                                 \
	} while (0)

static const char *folder;
static struct arena arena, asking;
static struct err e;
static struct guess guesses[LIMIT_COLUMNS];
static struct rows_file *file;
static struct projection_cache *cache;
static const struct column *columns;
static size_t column_count;
static char rows_path[PATH_MAX + 16], derived[PATH_MAX + 16], scratch[PATH_MAX + 16];
static uint32_t seed;

static uint32_t
below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

/* ---- tables ---- */

#define VALUES 12
static const struct kind {
	const char *name, *type;
	const char *values[VALUES]; /* tokens */
	uint32_t count;
} kinds[] = {
    {"price", "number",
	{"1.10", "1.1", "0", "-0", "1e400", "-1e400", "9223372036854775808", "9223372036854775809",
	    "-7.25", "\"1.10\"", "\"n/a\"", "100"},
	12},
    {"amount", "integer", {"5", "50", "-5", "9223372036854775807", "0", "\"x\""}, 6},
    {"day", "date", {"\"2024-02-29\"", "\"1969-12-31\"", "\"0001-01-01\"", "\"soon\""}, 4},
    {"at", "datetime",
	{"\"2024-03-14T15:30:00Z\"", "\"2024-03-14T16:30:00+01:00\"", "\"2024-03-14 15:30\"",
	    "\"2024-03-14T15:30:00.5Z\""},
	4},
    {"done", "boolean", {"true", "false", "\"TRUE\"", "\"maybe\""}, 4},
    {"name", "string",
	{"\"Desk\"", "\"desk\"", "\"\\u00c4rger\"", "\"\xc3\xa4rger\"", "\"a\\nb\"", "\"it's\"",
	    "\"10\"", "10", "\"\\u0000\"", "\"a\"", "\"a\\u0000\"", "\"Z\""},
	12},
    {"more", "json", {"{\"a\":1}", "[1,2]", "\"x\"", "[1, 2]"}, 4},
};
#define KINDS ARRAY_LENGTH(kinds)

/* "null" and empty texts among the others; absent: the last columns left out, or listed. */
static struct str
random_cell(const struct kind *k)
{
	uint32_t which = below(20);
	return which == 0   ? STR("null")
	       : which == 1 ? STR("\"\"")
			    : str_of(k->values[below(k->count)]);
}

static void
random_row(struct buf *cells, struct buf *absent)
{
	size_t n = below(10) ? KINDS : below(KINDS + 1);
	buf_put_char(cells, '[');
	for (size_t i = 0; i < n; i++) {
		bool gone = i + 1 < n && below(25) == 0;
		if (i)
			buf_put_char(cells, ',');
		buf_put_str(cells, gone ? STR("null") : random_cell(&kinds[i]));
		if (gone)
			buf_format(absent, "%s%zu", absent->n ? "," : "[", i);
	}
	buf_put_char(cells, ']');
	if (absent->n)
		buf_put_char(absent, ']');
}

static void
make_table(uint64_t rows)
{
	struct rows_build *build;
	struct rows_built built;
	rows_close(file);
	snprintf(rows_path, sizeof rows_path, "%s/rows.db", folder);
	MUST(folder_remove(derived, &e));
	MUST(folder_make(derived, &e));
	for (const char *const *end = (const char *const[]){"", "-wal", "-shm", ".lock", NULL};
	     *end; end++) {
		char name[PATH_MAX + 48];
		snprintf(name, sizeof name, "%s%s", rows_path, *end);
		unlink(name);
	}
	MUST(rows_build_open(&build, rows_path, &e));
	for (size_t i = 0; i < KINDS; i++)
		MUST(rows_build_column(build,
		    &(struct new_column){.name = str_of(kinds[i].name), .type = kinds[i].type},
		    &e));
	for (uint64_t i = 0; i < rows; i++) {
		struct buf cells, absent;
		struct arena_mark mark = arena_mark(&arena);
		buf_init(&cells, &arena);
		buf_init(&absent, &arena);
		random_row(&cells, &absent);
		MUST(rows_build_row(build, i + 2, buf_str(&cells), buf_str(&absent), &e));
		arena_reset(&arena, mark);
	}
	MUST(rows_build_finish(build, guesses, rows, 0, &built, &e));
	MUST(rows_open(&file, rows_path, &e));
	MUST(rows_columns(file, &columns, &column_count, &arena, &e));
}

static void
project_within(const struct column *list, size_t count, uint64_t bytes)
{
	const struct projection_plan plan = {
	    .columns = list,
	    .count = count,
	    .generation = 1,
	    .folder = derived,
	    .scratch = scratch,
	    .bytes = bytes,
	};
	struct arena a;
	arena_init(&a, MIB(64));
	MUST(projection_build(file, &plan, &a, &e));
	arena_release(&a);
}

static void
project(const struct column *list, size_t count)
{
	project_within(list, count, LIMIT_PROJECTION_BYTES);
}

static const struct projection *
use(size_t column)
{
	const struct projection *p;
	char path[PATH_MAX + 48];
	snprintf(path, sizeof path, "%s/%zu", derived, columns[column].column_id);
	MUST(projection_use(&p, cache, path, 1, &columns[column], &asking, &e));
	return p;
}

/* ---- edits ---- */

static void
edit(struct rows_editor *ed, int64_t most)
{
	int64_t row_id = 1 + (int64_t)below((uint32_t)most);
	struct err why = {0};
	if (below(3) == 0) {
		/* It may be gone already. */
		bool removed = rows_edit_remove(ed, row_id, -1, &why);
		assert_true(removed || why.code == ERR_NOT_FOUND);
	} else if (below(3) == 0) {
		struct buf cells, absent;
		buf_init(&cells, &arena);
		buf_init(&absent, &arena);
		random_row(&cells, &absent);
		MUST(rows_edit_add(ed, 0, buf_str(&cells), buf_str(&absent), &row_id, &e));
	} else {
		size_t k = below(KINDS);
		struct cell_edit one = {k, random_cell(&kinds[k])};
		static const char *const fresh[KINDS] = {"77", "6", "\"2030-01-01\"",
		    "\"2030-01-01T00:00Z\"", "true", "\"fresh\"", "{}"};
		if (below(4) == 0)
			one.token = str_of(fresh[k]);
		else if (below(8) == 0)
			one.token = (struct str){0};
		bool set = rows_edit_cells(ed, row_id, -1, &one, 1, &why);
		assert_true(set || why.code == ERR_NOT_FOUND);
	}
}

/* In one transaction, which may be taken back in another. */
static void
edit_rows(uint32_t edits)
{
	struct rows_editor *ed;
	struct rows_edited edited;
	int64_t last;
	struct change c = {.who = STR("test"), .kind = STR("rows.set")};
	MUST(rows_last(file, &last, &e));
	MUST(rows_editor_open(&ed, rows_path, &e));
	MUST(rows_edit_begin(ed, &c, &e));
	for (uint32_t i = 0; i < edits; i++)
		edit(ed, last ? last : 1);
	MUST(rows_edit_commit(ed, &edited, &e));
	if (edited.change_id && below(3) == 0) {
		uint64_t kept = 0;
		struct change undo = {.who = STR("test"), .kind = STR("undo")};
		MUST(rows_edit_begin(ed, &undo, &e));
		MUST(rows_edit_undo(ed, edited.change_id, &kept, &e));
		MUST(rows_edit_commit(ed, &edited, &e));
	}
	rows_editor_close(ed);
}

static void
change(uint32_t edits)
{
	edit_rows(edits);
	rows_close(file);
	MUST(rows_open(&file, rows_path, &e));
}

/* ---- questions ---- */

static const char *const tests[] = {"price > 1.1", "price < 100", "amount > 5", "name > 'a'",
    "price = 1.1", "price != 0", "price <= -7.25", "price between 0 and 100",
    "price in (1.1, 100, 5)", "price >= 9223372036854775808", "price contains '1'", "amount < 6",
    "amount is missing", "amount = 'x'", "day >= 1969-12-31", "day is not blank",
    "at = '2024-03-14T15:30:00Z'", "done = true", "done is null", "name = 'desk'",
    "name contains 'DES'", "name starts with '\xc3\xa4'", "name ends with ''",
    "name not contains 'a'", "name in ('a', '', 'Z')", "name is empty", "name >= 'a'",
    "more is null", "more contains '1'", "more = '[1,2]'", "done contains 'r'"};

static void
put_filter(struct buf *b, int depth)
{
	if (depth > 2 || below(3) == 0) {
		buf_format(b, "%s", tests[below(ARRAY_LENGTH(tests))]);
		return;
	}
	bool one = below(4) == 0;
	buf_put_text(b, one ? "not (" : "(");
	put_filter(b, depth + 1);
	buf_put_char(b, ')');
	if (!one) {
		buf_put_text(b, below(2) ? " and (" : " or (");
		put_filter(b, depth + 1);
		buf_put_char(b, ')');
	}
}

static struct str
random_selection(void)
{
	size_t k = below(KINDS);
	struct str token = str_of(kinds[k].values[below(kinds[k].count)]);
	char text[64];
	size_t n =
	    token.p[0] != '"' ? 0 : cells_unescape(text, (struct str){token.p + 1, token.n - 2});
	if (token.p[0] == '"')
		token = (struct str){text, n};
	return arena_format(&asking, "%s:%.*s", kinds[k].name, STR_ARG(below(4) ? token : STR("")));
}

static void
random_query(struct query *q, struct query_request *r)
{
	struct str *selections = arena_array(&asking, 4, sizeof *selections);
	struct buf b;
	*r = (struct query_request){0};
	if (below(3)) {
		buf_init(&b, &asking);
		put_filter(&b, 0);
		r->filter = buf_str(&b);
	}
	for (size_t i = 0; i < 4; i++)
		selections[i] = random_selection();
	r->include = selections;
	r->include_count = below(3) ? 0 : below(3);
	r->exclude = selections + 2;
	r->exclude_count = below(3) ? 0 : below(3);
	if (below(6) == 0)
		r->search = STR("DESK");
	buf_init(&b, &asking);
	for (uint32_t n = below(4); n > 0; n--)
		buf_format(
		    &b, "%s%s%s", b.n ? "," : "", below(2) ? "-" : "", kinds[below(KINDS)].name);
	r->sort = buf_str(&b);
	MUST(model_query_check(q, r, columns, column_count, &asking, &e));
}

static void
add_projections(struct query *q, const size_t *facets, size_t facet_count)
{
	bool needed[KINDS];
	if (!query_needs(q, facets, facet_count, needed))
		return;
	const struct projection **list = arena_array(&asking, KINDS, sizeof(struct projection *));
	for (size_t k = 0; k < KINDS; k++)
		if (needed[k]) {
			list[k] = use(k);
			assert_non_null(list[k]);
		}
	q->projections = list;
}

static void
check_rows(const struct query *scanned, const struct query *projected, const char *say)
{
	uint64_t offset = below(2) ? 0 : below(3000);
	size_t limit = 1 + below(300);
	struct query_page want, got;
	MUST(query_rows(file, scanned, offset, limit, &want, NULL, NULL, &asking, &e));
	MUST(query_rows(file, projected, offset, limit, &got, NULL, NULL, &asking, &e));
	if (want.total != got.total || want.matching != got.matching || want.count != got.count ||
	    memcmp(want.row_ids, got.row_ids, want.count * sizeof *want.row_ids) != 0)
		fail_msg("%s at %" PRIu64 ", %zu: %" PRIu64 " of %" PRIu64 ", not %" PRIu64
			 " of %" PRIu64,
		    say, offset, limit, got.matching, got.total, want.matching, want.total);
}

static void
check_facet(const struct facet *want, const struct facet *got)
{
	assert_int_equal(want->column, got->column);
	assert_int_equal(want->rows, got->rows);
	assert_int_equal(want->empty, got->empty);
	assert_int_equal(want->null, got->null);
	assert_int_equal(want->missing, got->missing);
	assert_int_equal(want->other, got->other);
	assert_int_equal(want->distinct, got->distinct);
	assert_int_equal(want->beyond, got->beyond);
	assert_int_equal(want->value_count, got->value_count);
	for (size_t i = 0; i < want->value_count; i++) {
		assert_int_equal(want->values[i].count, got->values[i].count);
		assert_true(str_equal(want->values[i].token, got->values[i].token));
		assert_int_equal(want->values[i].clipped, got->values[i].clipped);
	}
	assert_int_equal(want->shortest, got->shortest);
	assert_int_equal(want->longest, got->longest);
	assert_int_equal(want->least.count, got->least.count);
	assert_int_equal(want->most.count, got->most.count);
	assert_true(str_equal(want->least.token, got->least.token));
	assert_true(str_equal(want->most.token, got->most.token));
	assert_int_equal(want->bin_count, got->bin_count);
	for (size_t i = 0; i < want->bin_count; i++) {
		assert_true(want->bins[i].from == got->bins[i].from);
		assert_true(want->bins[i].to == got->bins[i].to);
		assert_int_equal(want->bins[i].count, got->bins[i].count);
	}
}

static void
check_facets(const struct query *scanned, const struct query *projected, const size_t *asked,
    size_t count, const char *say)
{
	struct query_facets want, got;
	size_t values = 1 + below(20), bins = 1 + below(20);
	MUST(query_facets(file, scanned, asked, count, values, bins, &want, &asking, &e));
	MUST(query_facets(file, projected, asked, count, values, bins, &got, &asking, &e));
	if (want.total != got.total || want.matching != got.matching)
		fail_msg("%s: facets of other rows", say);
	for (size_t i = 0; i < count; i++)
		check_facet(&want.list[i], &got.list[i]);
}

static void
ask(uint32_t times)
{
	for (uint32_t i = 0; i < times; i++) {
		struct query scanned, projected;
		struct query_request r;
		size_t asked[2] = {below(KINDS), below(KINDS)};
		uint32_t began = seed;
		random_query(&scanned, &r);
		struct str say = arena_format(
		    &asking, "seed %u: %.*s sort %.*s", began, STR_ARG(r.filter), STR_ARG(r.sort));
		projected = scanned;
		add_projections(&projected, NULL, 0);
		check_rows(&scanned, &projected, say.p);
		projected.projections = NULL;
		add_projections(&projected, asked, 2);
		check_facets(&scanned, &projected, asked, 2, say.p);
		arena_release(&asking);
	}
}

/* ---- promises ---- */

static void
projections_answer_as_a_scan_does(void **state)
{
	static const uint64_t sizes[] = {0, 1, 2, 63, 64, 65, 300, 1500};
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		seed = (uint32_t)i + 1;
		make_table(sizes[i]);
		project(columns, column_count);
		ask(sizes[i] > 100 ? 150 : 40);
	}
}

/* Groups of equal rows that are larger than those that are sorted by comparing. */
static void
many_equal_rows_are_sorted_by_the_other_columns(void **state)
{
	(void)state;
	seed = 77;
	make_table(40000);
	project(columns, column_count);
	ask(12);
	change(60);
	ask(12);
}

static void
rows_changed_since_are_laid_over(void **state)
{
	(void)state;
	for (uint32_t turn = 0; turn < 8; turn++) {
		seed = 1000 + turn;
		make_table(turn == 0 ? 3 : 400);
		project(columns, column_count);
		for (int round = 0; round < 6; round++) {
			change(1 + below(30));
			ask(12);
			/* Some are made anew, so that they are of different moments. */
			size_t k = below(KINDS);
			project(&columns[k], 1);
			ask(12);
		}
	}
}

static void
flip(const char *path, off_t at)
{
	char byte = 0;
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0 && pread(fd, &byte, 1, at) == 1);
	byte = (char)~byte;
	assert_true(pwrite(fd, &byte, 1, at) == 1);
	/* Within the clock's step of its making it would have the same time. */
	struct timespec times[2] = {{0, UTIME_OMIT}, {at + 1, 0}};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void
a_damaged_file_is_none_until_it_is_made_anew(void **state)
{
	char path[PATH_MAX + 48];
	struct stat st;
	(void)state;
	seed = 5;
	make_table(200);
	snprintf(path, sizeof path, "%s/0", derived);
	for (off_t at = 0;; at += at < 128 ? 43 : 1999) {
		project(columns, 1);
		assert_non_null(use(0));
		assert_int_equal(stat(path, &st), 0);
		if (at >= st.st_size)
			break;
		flip(path, at);
		assert_null(use(0));
		project(columns, 1);
		assert_non_null(use(0));
		assert_int_equal(truncate(path, at), 0);
		assert_null(use(0));
		arena_release(&asking);
	}
	assert_int_equal(unlink(path), 0);
	assert_null(use(0));
	arena_release(&asking);
}

static void
a_projection_is_of_its_column_type_and_generation(void **state)
{
	const struct projection *p;
	char path[PATH_MAX + 48], other[PATH_MAX + 48];
	(void)state;
	make_table(10);
	project(columns, 1);
	snprintf(path, sizeof path, "%s/0", derived);
	snprintf(other, sizeof other, "%s/1", derived);
	MUST(projection_use(&p, cache, path, 2, &columns[0], &asking, &e));
	assert_null(p);
	struct column retyped = columns[0];
	retyped.type = COLUMN_STRING;
	MUST(projection_use(&p, cache, path, 1, &retyped, &asking, &e));
	assert_null(p);
	assert_int_equal(link(path, other), 0);
	MUST(projection_use(&p, cache, other, 1, &columns[1], &asking, &e));
	assert_null(p);
	arena_release(&asking);
}

/* Columns that take too much together are made one after the other, one that does alone is not. */
static void
memory_is_kept_within_its_bound(void **state)
{
	(void)state;
	seed = 9;
	make_table(3000);
	project_within(columns, column_count, KIB(32));
	ask(20);
	for (size_t k = 0; k < KINDS; k++)
		assert_int_equal(use(k)->head.unfit, 0);
	arena_release(&asking);
	/* The values' numbers alone, of 3,000 rows, are more. */
	project_within(columns, 2, KIB(8));
	assert_int_equal(use(0)->head.unfit, 1);
	assert_int_equal(use(1)->head.unfit, 1);
	assert_int_equal(use(2)->head.unfit, 0);
	arena_release(&asking);
}

static bool
edit_meanwhile(void *context, uint64_t done, uint64_t total, struct err *why)
{
	uint32_t *times = context;
	(void)done;
	(void)total;
	(void)why;
	if (++*times % 4 == 0)
		edit_rows(6);
	return true;
}

static void
rows_may_be_edited_while_projections_are_made(void **state)
{
	uint32_t times = 0;
	struct arena a;
	(void)state;
	seed = 31;
	make_table(45000);
	change(1); /* from now on there is a log of writes, and nobody waits for who reads */
	const struct projection_plan plan = {
	    columns, column_count, 1, derived, scratch, MIB(64), edit_meanwhile, &times};
	arena_init(&a, MIB(64));
	MUST(projection_build(file, &plan, &a, &e));
	arena_release(&a);
	assert_true(times > 40);
	ask(15);
	change(10);
	ask(10);
}

static bool
stop_at_once(void *context, uint64_t done, uint64_t total, struct err *why)
{
	uint64_t *seen = context;
	*seen = done;
	assert_int_equal(total, 3000);
	return FAIL(why, CANCELLED, "the job was cancelled");
}

static void
what_was_stopped_leaves_what_was_there(void **state)
{
	uint64_t seen = 0;
	struct arena a;
	(void)state;
	make_table(3000);
	project(columns, 1);
	const struct projection *before = use(0);
	const struct projection_plan plan = {
	    columns, column_count, 1, derived, scratch, MIB(64), stop_at_once, &seen};
	arena_init(&a, MIB(64));
	err_clear(&e);
	assert_false(projection_build(file, &plan, &a, &e));
	assert_int_equal(e.code, ERR_CANCELLED);
	arena_release(&a);
	assert_true(seen > 0 && seen < 3000);
	assert_ptr_equal(use(0), before);
	assert_null(use(1));
	arena_release(&asking);
}

static int
set_up(void **state)
{
	folder = folder_begin();
	snprintf(derived, sizeof derived, "%s/derived", folder);
	snprintf(scratch, sizeof scratch, "%s/scratch", folder);
	arena_init(&arena, MIB(256));
	arena_init(&asking, MIB(256));
	cache = projection_cache_new();
	(void)state;
	return cache ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&asking);
	projection_cache_free(cache);
	rows_close(file);
	arena_release(&arena);
	folder_end(folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest all[] = {
	    cmocka_unit_test(projections_answer_as_a_scan_does),
	    cmocka_unit_test(many_equal_rows_are_sorted_by_the_other_columns),
	    cmocka_unit_test(rows_changed_since_are_laid_over),
	    cmocka_unit_test(a_damaged_file_is_none_until_it_is_made_anew),
	    cmocka_unit_test(a_projection_is_of_its_column_type_and_generation),
	    cmocka_unit_test(rows_may_be_edited_while_projections_are_made),
	    cmocka_unit_test(memory_is_kept_within_its_bound),
	    cmocka_unit_test(what_was_stopped_leaves_what_was_there),
	};
	return cmocka_run_group_tests(all, set_up, tear_down);
}
