/*
 * csv.c: any bytes as a CSV file.  The first byte chooses the options.  Properties: every row
 * passes cells_check and the counts add up (collect.h); the size of the window changes nothing;
 * what is exported as CSV reads back as the same cells.
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
	require(strcmp(a->err.message, b->err.message) == 0, "the same message");
	require(a->column_count == b->column_count, "the same columns");
	require(a->row_count == b->row_count, "the same number of rows");
	require(a->finding_count == b->finding_count, "the same findings");
	for (size_t i = 0; i < a->row_count; i++)
		require(a->rows[i].line == b->rows[i].line &&
			    str_equal(a->rows[i].cells, b->rows[i].cells),
		    "the same rows");
	for (size_t i = 0; i < a->column_count; i++)
		require(a->guesses[i].values == b->guesses[i].values &&
			    guess_type(&a->guesses[i]) == guess_type(&b->guesses[i]),
		    "the same guesses");
}

/* A row that was short reads back with its missing cells as empty ones. */
static bool
same_cells(struct collected *t, size_t row, struct collected *again)
{
	for (size_t i = 0; i < t->column_count; i++)
		if (!str_equal(collect_text(t, row, i), collect_text(again, row, i)))
			return false;
	return true;
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
	struct export_writer *w =
	    export_open(fileno(f), EXPORT_CSV, columns, t->column_count, &t->arena);
	bool worked = export_header(w, &e);
	for (size_t i = 0; i < t->row_count && worked; i++)
		worked = export_row(w, t->rows[i].cells, t->rows[i].absent, &e);
	require(worked && export_close(w, &e), "an export works");
	off_t n = lseek(fileno(f), 0, SEEK_END);
	struct collected again;
	const struct table_options options = {.format = TABLE_CSV};
	collect_from(&again, fileno(f), (uint64_t)n, &options, 64);
	fclose(f);
	require(again.worked && again.finding_count == 0, "an export has no flaw");
	require(again.row_count == t->row_count, "an export has every row");
	for (size_t i = 0; i < t->column_count; i++)
		require(str_equal(t->columns[i], again.columns[i]), "an export has every name");
	for (size_t i = 0; i < t->row_count; i++)
		require(same_cells(t, i, &again), "an export has the same cells");
	arena_release(&again.arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char delimiters[] = ",;\t|";
	if (size == 0)
		return 0;
	struct table_options options = {.format = data[0] & 8 ? TABLE_AUTO : TABLE_CSV,
	    .delimiter = delimiters[data[0] & 3],
	    .no_header = data[0] & 4};
	struct str text = {(const char *)data + 1, size - 1};
	struct collected t, small;
	collect(&t, text, &options, WINDOW_BYTES);
	/* What is looked for at the start of a file is looked for in the first window. */
	if (t.worked && options.format == TABLE_CSV) {
		collect(&small, text, &options, 16);
		compare(&t, &small);
		arena_release(&small.arena);
	}
	if (t.worked && options.format == TABLE_CSV && t.column_count < 50 && t.row_count < 500)
		export_and_read(&t);
	arena_release(&t.arena);
	return 0;
}
