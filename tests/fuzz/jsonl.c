/*
 * jsonl.c: any bytes as a JSONL file.  Properties: every row passes cells_check and the counts add
 * up (collect.h); the size of the window changes nothing; what is exported as JSONL reads back as
 * the same cells.
 */
#include "../unit/collect.h"
#include "formats/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

static void
compare(const struct collected *a, const struct collected *b)
{
	require(a->worked == b->worked && a->err.at_line == b->err.at_line, "the same end");
	require(a->column_count == b->column_count, "the same columns");
	require(a->row_count == b->row_count, "the same number of rows");
	for (size_t i = 0; i < a->row_count; i++)
		require(a->rows[i].line == b->rows[i].line &&
			    str_equal(a->rows[i].cells, b->rows[i].cells) &&
			    str_equal(a->rows[i].absent, b->rows[i].absent),
		    "the same rows");
}

/* Cells by name: the columns of the second reading may stand in another order. */
static struct cell
cell_of(struct collected *t, size_t row, struct str name)
{
	struct cell *cells = arena_array(&t->arena, t->column_count + 1, sizeof *cells);
	size_t n = cells_split(cells, t->column_count, t->rows[row].cells.p, t->rows[row].cells.n);
	size_t id = 0;
	while (id < t->column_count && !str_equal(t->columns[id], name))
		id++;
	struct str absent = t->rows[row].absent;
	for (size_t at = 0, missing; (missing = cells_next_id(absent, &at)) != SIZE_MAX;)
		if (missing == id)
			return (struct cell){0};
	return id < n ? cells[id] : (struct cell){0};
}

static void
export_and_read(struct collected *t)
{
	struct export_column *columns = arena_array(&t->arena, t->column_count, sizeof *columns);
	for (size_t i = 0; i < t->column_count; i++)
		columns[i] = (struct export_column){i, t->columns[i], COLUMN_STRING};
	FILE *f = tmpfile();
	struct err e = {0};
	require(f != NULL, "a temporary file");
	const struct export_options to = {.format = EXPORT_JSONL};
	struct export_writer *w =
	    export_open(fileno(f), &to, columns, t->column_count, NULL, &t->arena);
	bool worked = export_begin(w, &e);
	for (size_t i = 0; i < t->row_count && worked; i++)
		worked = export_row(w, t->rows[i].cells, t->rows[i].absent, &e);
	require(worked && export_close(w, &e), "an export works");
	off_t n = lseek(fileno(f), 0, SEEK_END);
	struct collected again;
	const struct table_options options = {.format = TABLE_JSONL};
	collect_from(&again, fileno(f), (uint64_t)n, &options, 64);
	fclose(f);
	require(again.worked && again.counts.skipped == 0, "an export has no bad line");
	require(again.row_count == t->row_count, "an export has every row");
	for (size_t i = 0; i < t->row_count; i++)
		for (size_t k = 0; k < t->column_count; k++) {
			struct cell a = cell_of(t, i, t->columns[k]);
			struct cell b = cell_of(&again, i, t->columns[k]);
			require(a.kind == b.kind && str_equal(a.bytes, b.bytes), "the same cells");
		}
	arena_release(&again.arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct table_options options = {.format = TABLE_JSONL};
	struct str text = {(const char *)data, size};
	struct collected t, small;
	collect(&t, text, &options, WINDOW_BYTES);
	if (t.worked) {
		collect(&small, text, &options, 16);
		compare(&t, &small);
		arena_release(&small.arena);
	}
	/* A blank name is given another when it is read again. */
	bool blank = false;
	for (size_t i = 0; i < t.column_count; i++)
		blank = blank || str_trim(t.columns[i]).n == 0;
	if (t.worked && !blank && t.column_count < 50 && t.row_count < 200)
		export_and_read(&t);
	arena_release(&t.arena);
	return 0;
}
