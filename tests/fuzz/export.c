/*
 * export.c: any stored row, written in every format.  The first byte chooses the types of the
 * columns.  Properties: a JSONL line is one JSON object in UTF-8 and a token has the room that was
 * promised; as CSV the row reads back with the same texts; every other format takes any row that
 * its survey lets through, safe or not, compressed or not, whatever is read in it by others (the
 * http tests look at that).
 */
#include "../unit/collect.h"
#include "formats/survey.h"

#define COLUMNS 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

static struct str
exported(
    enum export_format format, const struct export_column *columns, struct str row, struct arena *a)
{
	FILE *f = tmpfile();
	struct err e = {0};
	require(f != NULL, "a temporary file");
	const struct export_options options = {.format = format};
	struct export_writer *w = export_open(fileno(f), &options, columns, COLUMNS, NULL, a);
	require(
	    export_begin(w, &e) && export_row(w, row, (struct str){0}, &e) && export_close(w, &e),
	    "an export works");
	off_t n = lseek(fileno(f), 0, SEEK_END);
	char *p = arena_alloc(a, (size_t)n);
	require(file_read_at(fileno(f), p, (size_t)n, 0, &e), "a file that reads");
	fclose(f);
	return (struct str){p, (size_t)n};
}

/* With the survey of it, as jobs write. */
static void
write_typed(const struct export_options *options, const struct export_column *columns,
    struct str row, struct arena *a)
{
	FILE *f = tmpfile();
	struct err e = {0};
	struct export_note *notes;
	require(f != NULL, "a temporary file");
	struct export_survey *s = survey_open(options, columns, COLUMNS, a);
	if (survey_row(s, row, (struct str){0}, &e) && survey_close(s, &e)) {
		struct export_writer *w = export_open(fileno(f), options, columns, COLUMNS, s, a);
		require(export_begin(w, &e) && export_row(w, row, (struct str){0}, &e) &&
			    export_close(w, &e),
		    "a row of the survey is written");
		survey_notes(s, &notes, a);
	} else {
		require(options->format == EXPORT_XLSX, "only a sheet cannot hold a row");
	}
	fclose(f);
}

static void
check_tokens(const struct cell *cells, size_t n, const struct export_column *columns)
{
	for (size_t i = 0; i < n; i++) {
		char *out = malloc(6 * cells[i].bytes.n + 2 + 4);
		require(out != NULL, "memory");
		size_t length = export_cell_token(out, &cells[i], columns[i].type);
		require(length <= 6 * cells[i].bytes.n + 4, "a token has room");
		require(cells_value(out, length) == length, "a token is JSON");
		free(out);
	}
}

/* The text a CSV field of the cell must have. */
static struct str
field_text(const struct cell *c, struct arena *a)
{
	if (c->kind == CELL_NULL || c->kind == CELL_ABSENT)
		return STR("");
	if (c->kind != CELL_TEXT)
		return c->bytes;
	char *p = arena_alloc(a, c->bytes.n);
	return (struct str){p, cells_unescape(p, c->bytes)};
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *reason;
	if (size < 1 || !cells_check((const char *)data + 1, size - 1, COLUMNS, &reason))
		return 0;
	struct str row = {(const char *)data + 1, size - 1};
	struct arena a;
	arena_init(&a, (size_t)1 << 28);
	static const char *const names[COLUMNS] = {"a", "b c", "d,e", "f\"g", "h", "i"};
	struct export_column columns[COLUMNS];
	for (size_t i = 0; i < COLUMNS; i++)
		columns[i] = (struct export_column){
		    i, str_of(names[i]), (enum column_type)((data[0] + i) % COLUMN__MAX)};
	struct cell cells[COLUMNS];
	size_t n = cells_split(cells, COLUMNS, row.p, row.n);
	check_tokens(cells, n, columns);
	struct str line = exported(EXPORT_JSONL, columns, row, &a);
	require(
	    cells_value(line.p, line.n) == line.n - 1 && line.p[line.n - 1] == '\n', "one object");
	for (int format = 0; format < EXPORT__MAX; format++)
		for (int way = 0; way < 2; way++) {
			struct arena_mark mark = arena_mark(&a);
			const struct export_options options = {.format = (enum export_format)format,
			    .safe = way,
			    .no_compression = way,
			    .scratch = "/tmp/rowhouse-fuzz"};
			write_typed(&options, columns, row, &a);
			arena_reset(&a, mark);
		}
	struct str csv = exported(EXPORT_CSV, columns, row, &a);
	struct collected t;
	const struct table_options options = {.format = TABLE_CSV};
	/* A NUL near the start would make it no text. */
	if (!memchr(csv.p, 0, csv.n)) {
		collect(&t, csv, &options, 64);
		require(
		    t.worked && t.row_count == 1 && t.finding_count == 0, "one row without a flaw");
		for (size_t i = 0; i < n; i++)
			require(str_equal(collect_text(&t, 0, i), field_text(&cells[i], &a)),
			    "the same text");
		arena_release(&t.arena);
	}
	arena_release(&a);
	return 0;
}
