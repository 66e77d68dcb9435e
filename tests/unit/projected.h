/*
 * projected.h: random tables, edits and questions for the tests of projections, and the comparison
 * of what projections answer with what reading every row does.
 */
#ifndef ROWHOUSE_TESTS_PROJECTED_H
#define ROWHOUSE_TESTS_PROJECTED_H

#include "store/projection.h"
#include "base/file.h"
#include "base/limits.h"
#include "folder.h"
#include "model/query.h"
#include "must.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *folder;
static struct arena arena, asking;
static struct err e;
static struct guess guesses[LIMIT_COLUMNS];
static struct rows_file *file;
static struct projection_cache *cache;
static const struct column *columns;
static size_t column_count;
static uint64_t table_rows; /* the table had when it was made */
static char rows_path[PATH_MAX + 16], derived[PATH_MAX + 16], scratch[PATH_MAX + 16];
static uint32_t seed;

static inline uint32_t
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
static inline struct str
random_cell(const struct kind *k)
{
	uint32_t which = below(20);
	return which == 0   ? STR("null")
	       : which == 1 ? STR("\"\"")
			    : str_of(k->values[below(k->count)]);
}

static inline void
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

static inline void
make_table(uint64_t rows)
{
	struct rows_build *build;
	struct rows_built built;
	rows_close(file);
	table_rows = rows;
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

static inline void
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

static inline void
project(const struct column *list, size_t count)
{
	project_within(list, count, LIMIT_PROJECTION_BYTES);
}

static inline const struct projection *
use(size_t column)
{
	const struct projection *p;
	char path[PATH_MAX + 48];
	snprintf(path, sizeof path, "%s/%zu", derived, columns[column].column_id);
	MUST(projection_use(&p, cache, path, 1, &columns[column], &asking, &e));
	return p;
}

/* ---- edits ---- */

static inline void
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
static inline void
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

static inline void
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

static inline void
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

static inline struct str
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

static inline void
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

static inline void
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

static inline void
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

struct handed {
	int64_t *row_ids;
	size_t count, enough;
};

static inline bool
take_row(void *context, const struct row *r, struct err *why)
{
	struct handed *h = context;
	(void)why;
	h->row_ids[h->count++] = r->row_id;
	return h->count != h->enough;
}

/* All rows at once are those of one large page, also the second time, and as many as are wanted. */
static inline void
check_found(const struct query *asked, const char *say)
{
	struct query_found found;
	struct query_page want;
	struct query sorting = *asked;
	const struct query *q = &sorting;
	sorting.scratch = scratch;
	MUST(rows_hold(file, &e));
	MUST(query_find(&found, file, q, &asking, &e));
	struct handed h = {
	    .row_ids = arena_array(&asking, found.matching + 1, sizeof *h.row_ids), .enough = 7};
	MUST(query_rows(file, q, 0, (size_t)found.matching + 1, &want, NULL, NULL, &asking, &e));
	MUST(query_each(&found, take_row, &h, &e));
	assert_int_equal(h.count, want.count < 7 ? want.count : 7);
	for (int time = 0; time < 2; time++) {
		h.count = h.enough = 0;
		MUST(query_each(&found, take_row, &h, &e));
		if (found.matching != want.matching || h.count != want.count ||
		    memcmp(h.row_ids, want.row_ids, h.count * sizeof *h.row_ids) != 0)
			fail_msg("%s: %zu rows, not the %zu of a page", say, h.count, want.count);
	}
	rows_let_go(file);
}

static inline void
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

static inline void
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

static inline void
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
		if (table_rows <= 2000) {
			check_found(&scanned, say.p);
			check_found(&projected, say.p);
		}
		projected.projections = NULL;
		add_projections(&projected, asked, 2);
		check_facets(&scanned, &projected, asked, 2, say.p);
		arena_release(&asking);
	}
}

static inline int
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

static inline int
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

#endif
