/*
 * test_export.c: what comes out as CSV and JSONL, and that reading it again gives the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect.h"
#include "formats/export.h"

#include <fcntl.h>

/* The file that is written of these rows. */
static struct str
exported_as(const struct export_options *options, const struct export_column *columns, size_t count,
    const struct collected_row *rows, size_t row_count, struct arena *a)
{
	FILE *f = tmpfile();
	struct err e = {0};
	assert_non_null(f);
	struct export_writer *w = export_open(fileno(f), options, columns, count, NULL, a);
	assert_true(export_begin(w, &e));
	for (size_t i = 0; i < row_count; i++)
		assert_true(export_row(w, rows[i].cells, rows[i].absent, &e));
	assert_true(export_close(w, &e));
	off_t n = lseek(fileno(f), 0, SEEK_END);
	assert_true(n >= 0);
	char *p = arena_alloc(a, (size_t)n);
	assert_true(file_read_at(fileno(f), p, (size_t)n, 0, &e));
	fclose(f);
	return (struct str){p, (size_t)n};
}

static struct str
exported(enum export_format format, const struct export_column *columns, size_t count,
    const struct collected_row *rows, size_t row_count, struct arena *a)
{
	const struct export_options options = {.format = format};
	return exported_as(&options, columns, count, rows, row_count, a);
}

static void
assert_exported(enum export_format format, const struct export_column *columns, size_t count,
    const struct collected_row *rows, size_t row_count, const char *want)
{
	struct arena a;
	arena_init(&a, MIB(16));
	struct str got = exported(format, columns, count, rows, row_count, &a);
	if (!str_is(got, want))
		fail_msg("got:\n%.*s\nexpected:\n%s", STR_ARG(got), want);
	arena_release(&a);
}

#define CELLS(text) ((struct collected_row){.cells = STR(text)})

static void
csv_fields_are_quoted_when_they_must_be(void **state)
{
	(void)state;
	const struct export_column columns[] = {
	    {0, STR("a"), COLUMN_STRING}, {1, STR("b,\"c\""), COLUMN_STRING}};
	const struct collected_row rows[] = {
	    CELLS("[\"plain\",\"with, comma\"]"),
	    CELLS("[\"a quote \\\" in\",\"two\\nlines\"]"),
	    CELLS("[\"\",null]"),
	    CELLS("[1.10,true]"),
	    CELLS("[{\"k\": [1,\"x\"]},[]]"),
	    CELLS("[\" lead\",\"trail \"]"),
	    CELLS("[\"tab\\there\",\"back\\\\slash\"]"),
	    CELLS("[\"sixteen bytes ok, and one comma later\",\"\\ud83d\\ude00\\ud800\"]"),
	    CELLS("[\"short row\"]"),
	};
	assert_exported(EXPORT_CSV, columns, 2, rows, ARRAY_LENGTH(rows),
	    "a,\"b,\"\"c\"\"\"\n"
	    "plain,\"with, comma\"\n"
	    "\"a quote \"\" in\",\"two\nlines\"\n"
	    "\"\",\n"
	    "1.10,true\n"
	    "\"{\"\"k\"\": [1,\"\"x\"\"]}\",[]\n"
	    "\" lead\",\"trail \"\n"
	    "tab\there,back\\slash\n"
	    "\"sixteen bytes ok, and one comma later\",\xf0\x9f\x98\x80\xef\xbf\xbd\n"
	    "short row,\n");
}

static void
jsonl_lines_have_tokens_by_type(void **state)
{
	(void)state;
	const struct export_column columns[] = {{2, STR("n\"\n"), COLUMN_NUMBER},
	    {0, STR("i"), COLUMN_INTEGER}, {3, STR("b"), COLUMN_BOOLEAN}};
	const struct collected_row rows[] = {
	    CELLS("[\"1\",\"dropped\",\"1.10\",\"TRUE\"]"),
	    CELLS("[\"007\",0,\"1e5\",\"no\"]"),
	    CELLS("[\"\",0,null,false]"),
	    {.cells = STR("[null,0,null,\"false\"]"), .absent = STR("[0,2]")},
	    CELLS("[12]"),
	    CELLS("[]"),
	};
	assert_exported(EXPORT_JSONL, columns, 3, rows, ARRAY_LENGTH(rows),
	    "{\"n\\\"\\n\":1.10,\"i\":1,\"b\":true}\n"
	    "{\"n\\\"\\n\":1e5,\"i\":\"007\",\"b\":\"no\"}\n"
	    "{\"n\\\"\\n\":null,\"i\":\"\",\"b\":false}\n"
	    "{\"b\":false}\n"
	    "{\"i\":12}\n"
	    "{}\n");
}

/* A line without any byte would be no row when it is read again. */
static void
the_only_column_never_makes_an_empty_line(void **state)
{
	(void)state;
	const struct export_column column = {0, STR("a"), COLUMN_STRING};
	const struct collected_row rows[] = {CELLS("[null]"), CELLS("[\"\"]"), CELLS("[]")};
	assert_exported(EXPORT_CSV, &column, 1, rows, 3, "a\n\"\"\n\"\"\n\"\"\n");
}

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* A row of text cells out of awkward pieces, as a cells array. */
static struct str
random_row(uint64_t *x, size_t columns, struct arena *a)
{
	static const char *pieces[] = {"a", " ", ",", "\\\"", "\\n", "\\r\\n", "\\\\", "\xc3\xa9",
	    "\\t", "0123456789abcdef", "\\u0001", "\xef\xbb\xbf", "{", "1.5"};
	char *p = arena_alloc(a, 64 * 16 * columns + 8);
	size_t n = 0;
	for (size_t i = 0; i < columns; i++) {
		n += (size_t)sprintf(p + n, "%s\"", i ? "," : "[");
		for (size_t k = next_random(x) % 6; k > 0; k--)
			n += (size_t)sprintf(
			    p + n, "%s", pieces[next_random(x) % ARRAY_LENGTH(pieces)]);
		p[n++] = '"';
	}
	p[n++] = ']';
	return (struct str){p, n};
}

static void
reading_an_export_gives_the_same_cells(void **state)
{
	(void)state;
	const struct export_column columns[] = {{0, STR("\xef\xbb\xbf_a"), COLUMN_STRING},
	    {1, STR(" b"), COLUMN_STRING}, {2, STR("c\nd"), COLUMN_STRING}};
	uint64_t x = 7;
	for (int round = 0; round < 400; round++) {
		struct arena a;
		arena_init(&a, MIB(64));
		size_t count = 1 + next_random(&x) % 3;
		struct collected_row rows[40];
		for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
			rows[i] = (struct collected_row){.cells = random_row(&x, count, &a)};
		static const enum export_format formats[] = {EXPORT_CSV, EXPORT_TSV, EXPORT_JSONL};
		for (size_t k = 0; k < ARRAY_LENGTH(formats); k++) {
			struct str text =
			    exported(formats[k], columns, count, rows, ARRAY_LENGTH(rows), &a);
			const struct table_options options = {
			    .format = formats[k] == EXPORT_JSONL ? TABLE_JSONL : TABLE_CSV,
			    .csv.delimiter = formats[k] == EXPORT_TSV   ? STR("\t")
					     : formats[k] == EXPORT_CSV ? STR(",")
									: (struct str){0}};
			struct collected t;
			collect(&t, text, &options, 64);
			assert_true(t.worked);
			/* Rows of empty cells are told, and kept. */
			assert_int_equal(t.finding_count, collect_findings_of(&t, "blank-row"));
			assert_int_equal(t.row_count, ARRAY_LENGTH(rows));
			for (size_t i = 0; i < count; i++)
				assert_true(str_equal(t.columns[i], columns[i].name));
			for (size_t i = 0; i < t.row_count; i++)
				if (!str_equal(t.rows[i].cells, rows[i].cells))
					fail_msg("%.*s became %.*s", STR_ARG(rows[i].cells),
					    STR_ARG(t.rows[i].cells));
			arena_release(&t.arena);
		}
		arena_release(&a);
	}
}

static void
a_cell_larger_than_the_buffer(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, MIB(64));
	size_t n = MIB(3);
	char *p = arena_alloc(&a, n + 4);
	memset(p, 'x', n + 4);
	memcpy(p, "[\"", 2);
	memcpy(p + n / 2, ",", 1);
	memcpy(p + n + 2, "\"]", 2);
	const struct export_column columns[] = {
	    {1, STR("b"), COLUMN_STRING}, {0, STR("a"), COLUMN_STRING}};
	const struct collected_row rows[] = {CELLS("[\"1\",\"2\"]"), {.cells = {p, n + 4}}};
	struct str csv = exported(EXPORT_CSV, columns, 2, rows, 2, &a);
	assert_memory_equal(csv.p, "b,a\n2,1\n,\"xx", 12);
	assert_int_equal(csv.n, 8 + 1 + n + 2 + 1);
	struct str jsonl = exported(EXPORT_JSONL, columns, 2, rows, 2, &a);
	assert_int_equal(jsonl.n, strlen("{\"b\":\"2\",\"a\":\"1\"}\n{\"a\":}\n") + n + 2);
	arena_release(&a);
}

static void
a_disk_that_takes_no_more_is_an_error(void **state)
{
	(void)state;
	struct arena a;
	struct err e = {0};
	arena_init(&a, MIB(16));
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		skip();
	const struct export_column column = {0, STR("a"), COLUMN_STRING};
	const struct export_options options = {.format = EXPORT_CSV};
	struct export_writer *w = export_open(fd, &options, &column, 1, NULL, &a);
	assert_true(export_begin(w, &e));
	assert_false(export_close(w, &e));
	assert_int_equal(e.code, ERR_DISK_FULL);
	close(fd);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(csv_fields_are_quoted_when_they_must_be),
	    cmocka_unit_test(jsonl_lines_have_tokens_by_type),
	    cmocka_unit_test(the_only_column_never_makes_an_empty_line),
	    cmocka_unit_test(reading_an_export_gives_the_same_cells),
	    cmocka_unit_test(a_cell_larger_than_the_buffer),
	    cmocka_unit_test(a_disk_that_takes_no_more_is_an_error),
	};
	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
