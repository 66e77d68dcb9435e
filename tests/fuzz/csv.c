/*
 * csv.c: any bytes as a CSV file.  The first three choose the options, the others are found out.
 * Properties: every row passes cells_check and the counts add up (collect.h); the size of the
 * window changes nothing; what is exported as CSV reads back as the same cells.
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
	const struct export_options to = {.format = EXPORT_CSV};
	struct export_writer *w =
	    export_open(fileno(f), &to, columns, t->column_count, NULL, &t->arena);
	bool worked = export_begin(w, &e);
	for (size_t i = 0; i < t->row_count && worked; i++)
		worked = export_row(w, t->rows[i].cells, t->rows[i].absent, &e);
	require(worked && export_close(w, &e), "an export works");
	off_t n = lseek(fileno(f), 0, SEEK_END);
	struct collected again;
	/* Nothing is to be found out: the text is ours. */
	const struct table_options options = {.format = TABLE_CSV,
	    .packing = STR("none"),
	    .encoding = STR("utf-8"),
	    .csv = {.delimiter = STR(","),
		.quote = '"',
		.escape = '"',
		.comments_set = true,
		.skip = {true, 0},
		.header_rows = {true, 1},
		.footer = {true, 0},
		.table = {true, 1}}};
	collect_from(&again, fileno(f), (uint64_t)n, &options, 64);
	fclose(f);
	/* That there are no rows is told, and which have no cell that is not empty. */
	require(again.worked && again.finding_count ==
				    (t->row_count == 0) + collect_findings_of(&again, "blank-row"),
	    "an export has no flaw");
	require(again.row_count == t->row_count, "an export has every row");
	for (size_t i = 0; i < t->column_count; i++)
		require(str_equal(t->columns[i], again.columns[i]), "an export has every name");
	for (size_t i = 0; i < t->row_count; i++)
		require(same_cells(t, i, &again), "an export has the same cells");
	arena_release(&again.arena);
}

/* Three bytes as options: each bit says whether one is given. */
static struct table_options
options_of(const uint8_t *data)
{
	static const char *const delimiters[] = {",", ";", "\t", "|", ", ", "||", "\xc2\xa6", "ab"};
	static const int marks[] = {'"', '\'', '\\', CSV_NONE};
	struct table_options o = {.format = data[0] & 1 ? TABLE_AUTO : TABLE_CSV};
	struct csv_options *csv = &o.csv;
	if (data[0] & 2)
		csv->delimiter = str_of(delimiters[data[1] & 7]);
	if (data[0] & 4)
		csv->quote = marks[data[1] >> 3 & 3];
	if (data[0] & 8)
		csv->escape = marks[data[1] >> 5 & 3];
	if (data[0] & 16)
		csv->header_rows = (struct option_count){true, data[2] & 3};
	if (data[0] & 32)
		csv->skip = (struct option_count){true, data[2] >> 2 & 3};
	if (data[0] & 64)
		csv->footer = (struct option_count){true, data[2] >> 4 & 3};
	if (data[0] & 128) {
		csv->comments_set = true;
		csv->comment = data[2] & 64 ? STR("#") : (struct str){0};
		csv->table = (struct option_count){true, 1 + (data[2] >> 7)};
	}
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	struct table_options options = options_of(data);
	struct str text = {(const char *)data + 3, size - 3};
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
