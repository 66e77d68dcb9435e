/*
 * collect.h: a whole table read into memory, for the tests of the readers and for fuzzing.  It is
 * a table_sink that keeps everything, and checks what every sink may rely on.
 */
#ifndef ROWHOUSE_COLLECT_H
#define ROWHOUSE_COLLECT_H

#include "base/cells.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "formats/reader.h"

#include <assert.h>
#include <unistd.h>

struct collected_row {
	uint64_t line;
	struct str cells, absent;
};

struct collected_finding {
	const char *code;
	uint64_t line;
	size_t column;
	struct str message;
};

struct collected {
	struct arena arena;
	struct str *columns;
	size_t column_count;
	struct collected_row *rows;
	size_t row_count, row_capacity;
	struct collected_finding *findings;
	size_t finding_count, finding_capacity;
	struct guess *guesses;
	struct table_counts counts;
	struct input input;
	struct err err;
	bool worked;
};

/* A file without a name that holds the text. */
static inline FILE *
collect_file(struct str text)
{
	FILE *f = tmpfile();
	if (!f || (text.n > 0 && fwrite(text.p, 1, text.n, f) != text.n) || fflush(f) != 0)
		abort();
	return f;
}

static inline void *
collect_grow(struct arena *a, void *old, size_t used, size_t *capacity, size_t size)
{
	if (used < *capacity)
		return old;
	*capacity = *capacity ? *capacity * 2 : 16;
	char *p = arena_array(a, *capacity, size);
	if (used > 0)
		memcpy(p, old, used * size);
	return p;
}

static inline bool
collect_column(void *context, struct str name, struct err *e)
{
	(void)e;
	struct collected *t = context;
	assert(t->column_count < LIMIT_COLUMNS);
	assert(name.n > 0 && name.n <= LIMIT_COLUMN_NAME_BYTES);
	assert(utf8_valid(name.p, name.n) == name.n);
	t->columns[t->column_count++] = arena_copy(&t->arena, name);
	return true;
}

static inline bool
collect_row(void *context, uint64_t line, struct str cells, struct str absent, struct err *e)
{
	(void)e;
	struct collected *t = context;
	const char *reason = "";
	if (!cells_check(cells.p, cells.n, t->column_count, &reason)) {
		fprintf(stderr, "a row that must not be: %s\n%.*s\n", reason, STR_ARG(cells));
		abort();
	}
	assert(absent.n == 0 || cells_check_ids(absent.p, absent.n, t->column_count));
	assert(t->row_count == 0 || t->rows[t->row_count - 1].line <= line);
	t->rows = collect_grow(&t->arena, t->rows, t->row_count, &t->row_capacity, sizeof *t->rows);
	t->rows[t->row_count++] = (struct collected_row){
	    line, arena_copy(&t->arena, cells), arena_copy(&t->arena, absent)};
	return true;
}

static inline bool
collect_finding(void *context, const struct finding *f, struct err *e)
{
	(void)e;
	struct collected *t = context;
	assert(f->line > 0 && f->message.n > 0);
	assert(utf8_valid(f->message.p, f->message.n) == f->message.n);
	assert(!memchr(f->message.p, '\n', f->message.n));
	assert(f->column == TABLE_NO_COLUMN || f->column < LIMIT_COLUMNS);
	t->findings = collect_grow(
	    &t->arena, t->findings, t->finding_count, &t->finding_capacity, sizeof *t->findings);
	t->findings[t->finding_count++] = (struct collected_finding){
	    f->code, f->line, f->column, arena_copy(&t->arena, f->message)};
	return true;
}

/* Reads a file of which the first `length` bytes are the table. */
static inline void
collect_from(struct collected *t, int fd, uint64_t length, const struct table_options *options,
    size_t window_bytes)
{
	const struct table_sink sink = {t, collect_column, collect_row, collect_finding};
	*t = (struct collected){.worked = false};
	arena_init(&t->arena, (size_t)1 << 30);
	t->columns = arena_array(&t->arena, LIMIT_COLUMNS, sizeof *t->columns);
	t->guesses = arena_array(&t->arena, LIMIT_COLUMNS, sizeof *t->guesses);
	input_init(&t->input, fd, 0, length);
	t->worked = table_read_through(
	    &t->input, options, &sink, t->guesses, &t->counts, window_bytes, &t->arena, &t->err);
	assert(t->worked == (t->err.code == ERR_OK));
	if (!t->worked)
		return;
	assert(t->counts.records == t->counts.rows + t->counts.skipped);
	assert(t->counts.rows == t->row_count);
	assert(t->counts.repaired <= t->counts.rows);
	assert(t->counts.repaired == 0 || t->finding_count > 0);
	assert(t->input.done == length);
}

static inline void
collect(struct collected *t, struct str text, const struct table_options *options, size_t window)
{
	FILE *f = collect_file(text);
	collect_from(t, fileno(f), text.n, options, window);
	fclose(f);
}

/* The text of one cell of a row, NULL bytes when there is no such cell. */
static inline struct str
collect_text(struct collected *t, size_t row, size_t column)
{
	struct cell *cells = arena_array(&t->arena, LIMIT_COLUMNS, sizeof *cells);
	size_t n = cells_split(cells, LIMIT_COLUMNS, t->rows[row].cells.p, t->rows[row].cells.n);
	if (column >= n)
		return (struct str){NULL, 0};
	if (cells[column].kind != CELL_TEXT)
		return cells[column].bytes;
	char *p = arena_alloc(&t->arena, cells[column].bytes.n);
	return (struct str){p, cells_unescape(p, cells[column].bytes)};
}

static inline size_t
collect_findings_of(const struct collected *t, const char *code)
{
	size_t n = 0;
	for (size_t i = 0; i < t->finding_count; i++)
		n += strcmp(t->findings[i].code, code) == 0;
	return n;
}

#endif
