/*
 * test_csv.c: promises of the CSV reader.  Independent answers are a plain parser of one byte
 * at a time below, and the files of csv-spectrum where they are at hand.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect.h"

#include <dirent.h>
#include <jansson.h>

/* As RFC 4180 has it: nothing is found out but the width of the table. */
#define RFC_4180                                                                                   \
	{                                                                                          \
		.delimiter = {",", 1}, .quote = '"', .escape = '"', .comments_set = true,          \
		.skip = {true, 0}, .header_rows = {true, 1}, .footer = {true, 0}, .table = {       \
			true,                                                                      \
			1                                                                          \
		}                                                                                  \
	}
static const struct table_options csv = {
    .format = TABLE_CSV, .encoding = {"utf-8", 5}, .csv = RFC_4180};
static struct table_options rows_only = {
    .format = TABLE_CSV, .encoding = {"utf-8", 5}, .csv = RFC_4180};

#define BYTES(literal)                                                                             \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

static void
assert_str(struct str got, const char *want)
{
	if (!str_is(got, want))
		fail_msg("got \"%.*s\", expected \"%s\"", STR_ARG(got), want);
}

static void
assert_cells(const struct collected *t, size_t row, const char *want)
{
	assert_true(row < t->row_count);
	assert_str(t->rows[row].cells, want);
}

static void
assert_finding(const struct collected *t, size_t i, const char *code, uint64_t line, size_t column)
{
	assert_true(i < t->finding_count);
	assert_string_equal(t->findings[i].code, code);
	assert_int_equal(t->findings[i].line, line);
	assert_int_equal(t->findings[i].column, column);
}

static void
fields_are_rfc_4180(void **state)
{
	(void)state;
	struct collected t;
	collect(&t, STR("a,b,c\n1,\"x, \"\"y\"\"\",\n\"two\r\nlines\",tab\there,\\\n"), &csv, 64);
	assert_true(t.worked);
	assert_int_equal(t.column_count, 3);
	assert_cells(&t, 0, "[\"1\",\"x, \\\"y\\\"\",\"\"]");
	assert_cells(&t, 1, "[\"two\\r\\nlines\",\"tab\\there\",\"\\\\\"]");
	assert_int_equal(t.finding_count, 0);
	assert_int_equal(t.counts.records, 2);
	arena_release(&t.arena);
}

static void
every_kind_of_line_end_counts(void **state)
{
	(void)state;
	struct collected t;
	collect(&t, STR("\xef\xbb\xbfid,n\r\n1,\"a\rb\r\nc\nd\"\r2,x\n3,y\r\n4"), &csv, 16);
	assert_true(t.worked);
	assert_str(t.columns[0], "id");
	assert_int_equal(t.row_count, 4);
	const uint64_t lines[] = {2, 6, 7, 8};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(t.rows[i].line, lines[i]);
	assert_finding(&t, 0, "missing-cell", 8, 1);
	assert_str(t.findings[0].message,
	    "row has 1 cell, the header has 2: the missing 1 was left empty");
	arena_release(&t.arena);
}

static void
labels_become_names(void **state)
{
	(void)state;
	struct collected t;
	struct arena a;
	arena_init(&a, MIB(1));
	char *label = arena_alloc(&a, 2001);
	memset(label, 'x', 2000);
	/* The limit falls into the middle of this character. */
	memcpy(label + 1023, "\xc3\xa9", 2);
	struct str text =
	    arena_format(&a, "a,,a, ,\"q \"\"r\"\"\",a,\xff,a_2,%s,%s\n", label, label);
	collect(&t, text, &csv, 64);
	assert_true(t.worked);
	const char *names[] = {
	    "a", "column2", "a_2", "column4", "q \"r\"", "a_3", "\xef\xbf\xbd", "a_2_2"};
	assert_int_equal(t.column_count, 10);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		assert_str(t.columns[i], names[i]);
	assert_int_equal(t.columns[8].n, 1023);
	assert_true(t.columns[9].n <= 1024);
	assert_memory_equal(t.columns[9].p + t.columns[9].n - 2, "_2", 2);
	assert_int_equal(collect_findings_of(&t, "blank-label"), 2);
	assert_int_equal(collect_findings_of(&t, "duplicate-label"), 4);
	assert_int_equal(collect_findings_of(&t, "encoding-error"), 1);
	assert_int_equal(t.row_count, 0);
	arena_release(&t.arena);
	arena_release(&a);
}

static void
rows_of_another_length(void **state)
{
	(void)state;
	struct collected t;
	collect(&t, STR("a,column3\n1\n1,2,3,4\n1,2\n\n  \n5,6\n"), &csv, 64);
	assert_true(t.worked);
	assert_cells(&t, 0, "[\"1\"]");
	assert_cells(&t, 1, "[\"1\",\"2\",\"3\",\"4\"]");
	assert_int_equal(t.column_count, 4);
	assert_str(t.columns[2], "column3_2");
	assert_str(t.columns[3], "column4");
	assert_finding(&t, 0, "missing-cell", 2, 1);
	assert_finding(&t, 1, "extra-cell", 3, 2);
	assert_finding(&t, 2, "blank-row", 5, TABLE_NO_COLUMN);
	assert_finding(&t, 3, "blank-row", 6, TABLE_NO_COLUMN);
	assert_int_equal(t.counts.skipped, 2);
	assert_int_equal(t.rows[3].line, 7);
	arena_release(&t.arena);

	collect(&t, STR("a\n\n\"\"\n \nx\n"), &csv, 64);
	assert_int_equal(t.row_count, 3);
	assert_cells(&t, 0, "[\"\"]");
	assert_cells(&t, 1, "[\" \"]");
	assert_int_equal(t.counts.skipped, 1);
	arena_release(&t.arena);
}

static void
flaws_inside_a_record_are_repaired(void **state)
{
	(void)state;
	struct collected t;
	collect(&t, STR("a,b\n\"x\"y\"z,p\"q\n\xc3,\xe2\x82\xac\xed\xa0\x80\n"), &csv, 16);
	assert_true(t.worked);
	assert_cells(&t, 0, "[\"\\\"x\\\"y\\\"z\",\"p\\\"q\"]");
	assert_cells(
	    &t, 1, "[\"\xef\xbf\xbd\",\"\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]");
	assert_int_equal(t.finding_count, 2);
	assert_finding(&t, 0, "unterminated-quote", 2, TABLE_NO_COLUMN);
	assert_finding(&t, 1, "encoding-error", 3, TABLE_NO_COLUMN);
	arena_release(&t.arena);
}

static void
a_quote_that_is_never_closed_is_text(void **state)
{
	(void)state;
	struct collected t;
	collect(&t, STR("a,b\n1,2\n3,\"x\n4,5\n"), &csv, 16);
	assert_true(t.worked);
	assert_int_equal(t.row_count, 3);
	assert_cells(&t, 1, "[\"3\",\"\\\"x\"]");
	assert_cells(&t, 2, "[\"4\",\"5\"]");
	assert_int_equal(t.finding_count, 1);
	assert_finding(&t, 0, "unterminated-quote", 3, TABLE_NO_COLUMN);
	arena_release(&t.arena);
	/* The quote that would close it belongs to another row. */
	collect(&t, STR("a,b,c\n1,\"2,3\n4,\"5\",6\n7,\"8 \"in\" 9\",0\n"), &csv, 16);
	assert_true(t.worked);
	assert_int_equal(t.row_count, 3);
	assert_cells(&t, 0, "[\"1\",\"\\\"2\",\"3\"]");
	assert_cells(&t, 1, "[\"4\",\"5\",\"6\"]");
	assert_cells(&t, 2, "[\"7\",\"8 \\\"in\\\" 9\",\"0\"]");
	assert_finding(&t, 0, "unterminated-quote", 2, TABLE_NO_COLUMN);
	assert_finding(&t, 1, "stray-quote", 4, TABLE_NO_COLUMN);
	arena_release(&t.arena);
}

static void
a_late_nul_is_replaced(void **state)
{
	(void)state;
	struct collected t;
	static char text[5000];
	memset(text, 'x', sizeof text);
	memcpy(text, "a\n", 2);
	text[4500] = '\n';
	text[4600] = 0;
	collect(&t, (struct str){text, sizeof text}, &csv, 8192);
	assert_true(t.worked);
	assert_int_equal(t.row_count, 2);
	assert_finding(&t, 0, "nul-byte", 3, TABLE_NO_COLUMN);
	assert_memory_equal(t.rows[1].cells.p + 2 + 99, "\xef\xbf\xbdx", 4);
	arena_release(&t.arena);
}

static void
what_is_no_table_fails_with_a_line(void **state)
{
	(void)state;
	static const struct table_options automatic = {.format = TABLE_AUTO};
	static const struct {
		struct str text;
		uint64_t line;
		const char *part;
	} cases[] = {
	    {BYTES(""), 0, "the file is empty"},
	    {BYTES("\xef\xbb\xbf \r\n\t\n"), 0, "the file is empty"},
	    {BYTES("\1\2\3\4\0\0\0\0ELF\0\0\0"), 1, "no text"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct collected t;
		collect(&t, cases[i].text, &automatic, 256);
		assert_false(t.worked);
		assert_int_equal(t.err.code, ERR_INPUT);
		assert_int_equal(t.err.at_line, cases[i].line);
		assert_non_null(strstr(t.err.message, cases[i].part));
		arena_release(&t.arena);
	}
}

static void
the_first_byte_decides_the_format(void **state)
{
	(void)state;
	static const struct table_options automatic = {.format = TABLE_AUTO};
	struct collected t;
	collect(&t, STR(" \n{\"a\":1}\n"), &automatic, 256);
	assert_true(t.worked);
	assert_cells(&t, 0, "[1]");
	arena_release(&t.arena);
	collect(&t, STR("[id],[name]\n1,2\n"), &automatic, 256);
	assert_true(t.worked);
	assert_str(t.columns[0], "[id]");
	arena_release(&t.arena);
	collect(&t, STR("\n [ {\"a\":1} ]"), &automatic, 256);
	assert_true(t.worked);
	assert_cells(&t, 0, "[1]");
	assert_int_equal(t.rows[0].line, 2);
	arena_release(&t.arena);
}

static void
other_delimiters(void **state)
{
	(void)state;
	const struct table_options tab = {
	    .format = TABLE_CSV, .csv.delimiter = STR("\t"), .csv.header_rows = {true, 0}};
	struct collected t;
	collect(&t, STR("1,5\t\"a\tb\"\n\t\n"), &tab, 16);
	assert_true(t.worked);
	assert_str(t.columns[1], "column2");
	assert_cells(&t, 0, "[\"1,5\",\"a\\tb\"]");
	assert_cells(&t, 1, "[\"\",\"\"]");
	assert_int_equal(t.rows[0].line, 1);
	arena_release(&t.arena);
	const struct table_options quote = {
	    .format = TABLE_CSV, .csv.delimiter = STR("\""), .csv.quote = '"'};
	collect(&t, STR("a\n"), &quote, 16);
	assert_int_equal(t.err.code, ERR_INPUT);
	assert_string_equal(t.err.field, "delimiter");
	arena_release(&t.arena);
}

/* A line of n fields "x". */
static struct str
wide_line(struct arena *a, size_t n)
{
	char *p = arena_alloc(a, 2 * n);
	for (size_t i = 0; i < n; i++)
		memcpy(p + 2 * i, i + 1 < n ? "x," : "x\n", 2);
	return (struct str){p, 2 * n};
}

static void
two_thousand_columns_and_one_more(void **state)
{
	(void)state;
	struct collected t;
	struct arena a;
	arena_init(&a, MIB(1));
	collect(&t, wide_line(&a, LIMIT_COLUMNS), &csv, WINDOW_BYTES);
	assert_true(t.worked);
	assert_int_equal(t.column_count, 2000);
	assert_str(t.columns[1999], "x_2000");
	arena_release(&t.arena);
	collect(&t, wide_line(&a, LIMIT_COLUMNS + 1), &csv, WINDOW_BYTES);
	assert_int_equal(t.err.code, ERR_TOO_BIG);
	assert_string_equal(t.err.message, "the file has 2,001 columns, the limit is 2,000");
	assert_int_equal(t.err.at_line, 1);
	arena_release(&t.arena);
	struct str line = wide_line(&a, LIMIT_COLUMNS + 2);
	collect(&t, arena_format(&a, "a\n1\n%.*s", STR_ARG(line)), &csv, 256);
	assert_int_equal(t.err.code, ERR_TOO_BIG);
	assert_string_equal(t.err.message, "this row has 2,002 columns, the limit is 2,000");
	assert_int_equal(t.err.at_line, 3);
	arena_release(&t.arena);
	arena_release(&a);
}

/* Reads "a\n", then n bytes of x with a comma after every `period` of them. */
static void
collect_long_line(struct collected *t, size_t n, size_t period)
{
	char *p = malloc(n + 2);
	assert_non_null(p);
	memcpy(p, "a\n", 2);
	memset(p + 2, 'x', n);
	for (size_t i = period; i < n; i += period)
		p[2 + i] = ',';
	FILE *f = collect_file((struct str){p, n + 2});
	free(p);
	collect_from(t, fileno(f), n + 2, &csv, WINDOW_BYTES);
	fclose(f);
}

static void
a_cell_at_its_limit_and_past_it(void **state)
{
	(void)state;
	struct collected t;
	collect_long_line(&t, LIMIT_CELL_BYTES - 2, SIZE_MAX / 4);
	assert_true(t.worked);
	assert_int_equal(t.row_count, 1);
	arena_release(&t.arena);
	collect_long_line(&t, LIMIT_CELL_BYTES - 1, SIZE_MAX / 4);
	assert_int_equal(t.err.code, ERR_TOO_BIG);
	assert_int_equal(t.err.at_line, 2);
	assert_non_null(strstr(t.err.message, "16 MiB"));
	arena_release(&t.arena);
}

static void
a_record_over_its_limit(void **state)
{
	(void)state;
	struct collected t;
	collect_long_line(&t, MIB(70), 100000);
	assert_int_equal(t.err.code, ERR_TOO_BIG);
	assert_int_equal(t.err.at_line, 2);
	assert_non_null(strstr(t.err.message, "64 MiB"));
	assert_true(t.input.done <= MIB(65));
	arena_release(&t.arena);
}

/* A hole in a file reads as NUL bytes, so this gigabyte takes no disk. */
static void
a_line_of_a_gigabyte_fails_early(void **state)
{
	(void)state;
	struct collected t;
	char start[8192];
	memset(start, 'x', sizeof start);
	FILE *f = collect_file((struct str){start, sizeof start});
	assert_int_equal(ftruncate(fileno(f), (off_t)GIB(1)), 0);
	collect_from(&t, fileno(f), GIB(1), &csv, WINDOW_BYTES);
	fclose(f);
	assert_int_equal(t.err.code, ERR_TOO_BIG);
	assert_int_equal(t.err.at_line, 1);
	assert_true(t.input.done <= MIB(65));
	arena_release(&t.arena);
}

static void
a_file_that_was_cut_short_is_an_error(void **state)
{
	(void)state;
	struct collected t;
	FILE *f = collect_file(STR("a\n1\n"));
	collect_from(&t, fileno(f), 100, &csv, 64);
	fclose(f);
	assert_int_equal(t.err.code, ERR_SYSTEM);
	arena_release(&t.arena);
}

/* ---- the independent parser: one byte at a time, no windows, no escapes ---- */

struct plain_record {
	uint64_t line;
	size_t fields;
	char text[8][64];
	bool blank;
};

struct plain_parser {
	const char *p, *end;
	uint64_t line;
};

static void
plain_put(struct plain_record *r, const char *bytes)
{
	char *field = r->text[r->fields - 1];
	assert_true(strlen(field) + strlen(bytes) < sizeof r->text[0]);
	strcat(field, bytes);
}

/* 1: a record, 0: the end, -1: a quote that is never closed, or not before a delimiter. */
static int
plain_next(struct plain_parser *s, struct plain_record *r)
{
	if (s->p == s->end)
		return 0;
	memset(r, 0, sizeof *r);
	r->line = s->line;
	r->fields = 1;
	r->blank = true;
	bool quoted = false, at_start = true;
	uint64_t opened = 0;
	bool closed = false;
	for (;;) {
		if (s->p == s->end) {
			r->line = quoted ? opened : r->line;
			return quoted ? -1 : 1;
		}
		char c = *s->p++;
		bool new_line = c == '\r' || (c == '\n' && s->p[-2] != '\r');
		if (quoted) {
			s->line += c == '\r' || new_line;
			if (c == '"' && s->p < s->end && *s->p == '"')
				s->p++;
			else if (c == '"') {
				quoted = false;
				closed = true;
				continue;
			}
		} else if (c == '"' && at_start) {
			quoted = true;
			at_start = r->blank = false;
			opened = s->line;
			continue;
		} else if (c == '\n' || c == '\r') {
			if (c == '\r' && s->p < s->end && *s->p == '\n')
				s->p++;
			s->line++;
			return 1;
		} else if (c == ',') {
			r->fields++;
			closed = false;
			assert_true(r->fields <= 8);
			r->blank = false;
			at_start = true;
			continue;
		}
		at_start = false;
		if (closed)
			return -1;
		if (c != ' ' && c != '\t')
			r->blank = false;
		char one[2] = {c, 0};
		plain_put(r, (unsigned char)c == 0xff ? "\xef\xbf\xbd" : one);
	}
}

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void
compare_with_plain(struct str text, size_t window)
{
	struct collected t;
	collect(&t, text, &rows_only, window);
	/* text.p[-1] is looked at for a CR; the caller has a byte there. */
	struct plain_parser s = {text.p, text.p + text.n, 1};
	struct plain_record r;
	size_t rows = 0, columns = 0, skipped = 0, longest[8] = {0};
	int found;
	/* The plain parser repairs no row; where one was, it has nothing to say. */
	bool repaired = collect_findings_of(&t, "mixed-delimiter") > 0 ||
			collect_findings_of(&t, "unquoted-delimiter") > 0;
	for (size_t i = 0; i < t.finding_count; i++)
		repaired |= strcmp(t.findings[i].code, "extra-cell") == 0 &&
			    t.findings[i].column == TABLE_NO_COLUMN;
	while ((found = plain_next(&s, &r)) == 1 && !repaired) {
		if (r.blank && (columns != 1 || r.text[0][0] == 0)) {
			skipped++;
			continue;
		}
		columns = columns ? columns : r.fields;
		if (rows >= t.row_count)
			fail_msg("row %zu is missing in: %.*s", rows, STR_ARG(text));
		if (t.rows[rows].line != r.line)
			fail_msg("row %zu is on another line in: %.*s", rows, STR_ARG(text));
		for (size_t i = 0; i < r.fields; i++) {
			size_t n = strlen(r.text[i]);
			assert_str(collect_text(&t, rows, i), r.text[i]);
			longest[i] = n > longest[i] ? n : longest[i];
		}
		assert_null(collect_text(&t, rows, r.fields).p);
		rows++;
	}
	if (found == -1 || repaired) {
		arena_release(&t.arena);
		return;
	}
	assert_int_equal(t.row_count, rows);
	assert_true(t.worked == (columns > 0));
	if (columns > 0)
		assert_int_equal(t.counts.skipped, skipped);
	for (size_t i = 0; i < t.column_count; i++)
		assert_int_equal(t.guesses[i].longest, longest[i]);
	arena_release(&t.arena);
}

static void
a_plain_parser_agrees(void **state)
{
	(void)state;
	static const char *pieces[] = {",", ",", ",", "\"", "\"", "\"\"", "\n", "\r\n", "\r", "a",
	    "b", "\\", "z ", "z\t", "\xc3\xa9", "\xff", "long enough for a whole step of sixteen",
	    "7", "\",\"", "\n\""};
	uint64_t x = 20240314;
	for (int round = 0; round < 4000; round++) {
		char text[512] = "x";
		size_t n = 1, fields = 0, bytes = 0;
		size_t want = next_random(&x) % 40;
		for (size_t i = 0; i < want; i++) {
			const char *piece = pieces[next_random(&x) % ARRAY_LENGTH(pieces)];
			/* What fits the plain parser's arrays, however it is quoted. */
			if (strchr(piece, ',') && ++fields >= 7)
				continue;
			bytes += 3 * strlen(piece);
			if (bytes > 63)
				break;
			memcpy(text + n, piece, strlen(piece));
			n += strlen(piece);
		}
		static const size_t windows[] = {16, 17, 31, 64, 1000};
		compare_with_plain((struct str){text + 1, n - 1},
		    windows[next_random(&x) % ARRAY_LENGTH(windows)]);
	}
}

/* ---- csv-spectrum ---- */

static struct str
shared_file(struct arena *a, const char *folder, const char *name)
{
	struct err e = {0};
	struct str text = {0};
	const char *path = arena_format(a, "%s/%s", folder, name).p;
	if (!file_read(&text, path, MIB(1), a, &e))
		fail_msg("%s", e.message);
	return text;
}

static void
compare_with_json(struct collected *t, const json_t *rows, const char *name)
{
	if (t->row_count != json_array_size(rows))
		fail_msg("%s: %zu rows, expected %zu", name, t->row_count, json_array_size(rows));
	for (size_t i = 0; i < t->row_count; i++) {
		const json_t *row = json_array_get(rows, i);
		assert_int_equal(t->column_count, json_object_size(row));
		for (size_t k = 0; k < t->column_count; k++) {
			const char *column = arena_text(&t->arena, t->columns[k]);
			assert_str(
			    collect_text(t, i, k), json_string_value(json_object_get(row, column)));
		}
	}
}

static void
csv_spectrum_reads_as_its_json(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, MIB(16));
	const char *shared = getenv("ROWHOUSE_SHARED");
	const char *folder =
	    arena_format(&a, "%s/csv/csv-spectrum", shared ? shared : "../shared/data").p;
	DIR *d = opendir(arena_format(&a, "%s/csvs", folder).p);
	if (!d) {
		printf("csv-spectrum: skipped, it is not at %s\n", folder);
		arena_release(&a);
		skip();
	}
	size_t files = 0;
	for (struct dirent *f; (f = readdir(d));) {
		size_t n = strlen(f->d_name);
		/* location_coordinates is not UTF-8, and its JSON has another phone number. */
		if (n < 5 || strcmp(f->d_name + n - 4, ".csv") || strstr(f->d_name, "location"))
			continue;
		struct str stem = {f->d_name, n - 4};
		struct str text = shared_file(&a, folder, arena_format(&a, "csvs/%s", f->d_name).p);
		struct str want =
		    shared_file(&a, folder, arena_format(&a, "json/%.*s.json", STR_ARG(stem)).p);
		json_t *rows = json_loadb(want.p, want.n, 0, NULL);
		assert_non_null(rows);
		for (size_t window = 16; window <= 4096; window *= 16) {
			struct collected t;
			collect(&t, text, &csv, window);
			assert_true(t.worked);
			compare_with_json(&t, rows, f->d_name);
			arena_release(&t.arena);
		}
		json_decref(rows);
		files++;
	}
	closedir(d);
	assert_true(files >= 11);
	arena_release(&a);
}

int
main(void)
{
	rows_only.csv.header_rows.count = 0;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_are_rfc_4180),
	    cmocka_unit_test(every_kind_of_line_end_counts),
	    cmocka_unit_test(labels_become_names),
	    cmocka_unit_test(rows_of_another_length),
	    cmocka_unit_test(flaws_inside_a_record_are_repaired),
	    cmocka_unit_test(a_quote_that_is_never_closed_is_text),
	    cmocka_unit_test(a_late_nul_is_replaced),
	    cmocka_unit_test(what_is_no_table_fails_with_a_line),
	    cmocka_unit_test(the_first_byte_decides_the_format),
	    cmocka_unit_test(other_delimiters),
	    cmocka_unit_test(two_thousand_columns_and_one_more),
	    cmocka_unit_test(a_cell_at_its_limit_and_past_it),
	    cmocka_unit_test(a_record_over_its_limit),
	    cmocka_unit_test(a_line_of_a_gigabyte_fails_early),
	    cmocka_unit_test(a_file_that_was_cut_short_is_an_error),
	    cmocka_unit_test(a_plain_parser_agrees),
	    cmocka_unit_test(csv_spectrum_reads_as_its_json),
	};
	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
