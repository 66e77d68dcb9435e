/*
 * xlsx.c: see xlsx.h.  The first rows are kept until it is known where the table begins; then every
 * row goes to jsonrow.c as it comes.
 */
#include "formats/xlsx.h"
#include "base/cells.h"
#include "formats/jsonrow.h"
#include "formats/xlsx_sheet.h"

#define HEAD_ROWS 50
#define ROW_BYTES (LIMIT_RECORD_BYTES * 4) /* memory of one row, or of those at the head */
#define NAMES_BYTES 200

struct xlsx {
	struct reader *r;
	struct xlsx_book book;
	struct xlsx_sheet_reader *sheet;
	size_t chosen; /* of the book's sheets */
	struct jsonrow *row;
	struct arena head_memory, row_memory;
	struct xlsx_row head[HEAD_ROWS];
	size_t head_count;
	size_t left; /* the first column of the table */
	bool has_header;
	uint64_t last; /* number of the row before */
};

/* ---- the sheet ---- */

/* Names of sheets, as many as a message holds: all that can be read but one. */
static void
list_sheets(const struct xlsx *x, size_t but, char out[NAMES_BYTES])
{
	size_t n = 0;
	out[0] = 0;
	for (size_t i = 0; i < x->book.sheet_count; i++) {
		struct str name = str_clip(x->book.sheets[i].name, 40);
		if (i == but || x->book.sheets[i].member == ARCHIVE_NONE)
			continue;
		if (n + name.n + 20 > NAMES_BYTES) {
			snprintf(out + n, NAMES_BYTES - n, ", ...");
			return;
		}
		n += (size_t)snprintf(out + n, NAMES_BYTES - n, "%s%.*s%s", n ? ", " : "",
		    STR_ARG(name), x->book.sheets[i].hidden ? " (hidden)" : "");
	}
}

/* Progress is by what was read of the file; the end is only known at the end. */
static void
note_progress(struct xlsx *x)
{
	struct input *in = x->r->window.in;
	uint64_t done = archive_done(x->book.archive);
	if (done > in->done)
		in->done = done;
}

/* Opens the sheet and reads the rows at its head. */
static bool
open_sheet(struct xlsx *x, size_t i, struct err *e)
{
	x->chosen = i;
	x->head_count = 0;
	arena_release(&x->head_memory);
	if (!xlsx_sheet_open(x->sheet, &x->book, x->book.sheets[i].member, x->r->arena, e))
		return false;
	while (x->head_count < HEAD_ROWS && x->head_memory.used < LIMIT_RECORD_BYTES) {
		struct xlsx_row *row = &x->head[x->head_count];
		if (!xlsx_sheet_next(x->sheet, row, &x->head_memory, e))
			return false;
		if (row->count == 0)
			break;
		x->head_count++;
	}
	note_progress(x);
	return true;
}

static bool
choose_sheet(struct xlsx *x, struct err *e)
{
	struct str wanted = x->r->options->sheet;
	char names[NAMES_BYTES];
	for (size_t i = 0; i < x->book.sheet_count; i++) {
		const struct xlsx_sheet *s = &x->book.sheets[i];
		if (s->member == ARCHIVE_NONE ||
		    (wanted.n ? !str_equal(s->name, wanted) : s->hidden))
			continue;
		if (!open_sheet(x, i, e))
			return false;
		if (x->head_count > 0)
			return true;
		if (wanted.n)
			return FAIL_FIELD(e, INPUT, "sheet", "The sheet %.*s is empty",
			    STR_ARG(str_clip(wanted, 100)));
		xml_close(&x->sheet->xml);
	}
	list_sheets(x, SIZE_MAX, names);
	if (wanted.n)
		return FAIL_FIELD(
		    e, INPUT, "sheet", "The workbook has no sheet of that name; it has: %s", names);
	return FAIL(
	    e, INPUT, "no sheet of the workbook that is shown has a row; it has: %s", names);
}

static bool
tell_sheets(struct xlsx *x, struct err *e)
{
	char names[NAMES_BYTES];
	struct str name = str_clip(x->book.sheets[x->chosen].name, 60);
	list_sheets(x, x->chosen, names);
	return !names[0] ||
	       reader_finding(x->r, e, "other-sheets", TABLE_NO_COLUMN,
		   "the sheet %.*s was read, of the others nothing: %s", STR_ARG(name), names);
}

/* ---- where the table begins ---- */

/* How many cells most rows at the head have; the larger of two numbers that are as frequent. */
static size_t
usual_width(const struct xlsx *x)
{
	size_t best = 0, most = 0;
	for (size_t i = 0; i < x->head_count; i++) {
		size_t same = 0, width = x->head[i].filled;
		for (size_t k = 0; k < x->head_count; k++)
			same += x->head[k].filled == width;
		if (same > most || (same == most && width > best)) {
			most = same;
			best = width;
		}
	}
	return best;
}

/* A title and the like: less than half as wide as the table, or less wide and with space below. */
static bool
is_above_table(const struct xlsx *x, size_t i, size_t width)
{
	const struct xlsx_row *row = &x->head[i];
	bool apart = i + 1 < x->head_count && row[1].number > row->number + 1;
	return row->filled * 2 < width || (apart && row->filled < width);
}

static size_t
find_first(const struct xlsx *x)
{
	const struct option_count *skip = &x->r->options->csv.skip;
	size_t width = usual_width(x), i = 0;
	if (skip->set) {
		while (i < x->head_count && x->head[i].number <= skip->count)
			i++;
		return i;
	}
	while (i < x->head_count && is_above_table(x, i, width))
		i++;
	return i < x->head_count ? i : 0;
}

/* A year over a column is a label too. */
static bool
is_label(const struct xlsx_cell *c)
{
	uint64_t year;
	return c->kind == XLSX_TEXT || c->kind == XLSX_BLANK ||
	       (c->kind == XLSX_VALUE && str_to_u64(&year, c->token) && year >= 1900 &&
		   year <= 2100);
}

/* Labels, the first of them a text; a table all of years would have none. */
static bool
is_header(const struct xlsx_row *row)
{
	size_t texts = 0;
	for (size_t i = 0; i < row->count; i++) {
		if (!is_label(&row->cells[i]))
			return false;
		texts += row->cells[i].kind == XLSX_TEXT;
	}
	return texts > 0;
}

static size_t
find_left(const struct xlsx *x, size_t first)
{
	size_t left = SIZE_MAX;
	for (size_t i = first; i < x->head_count; i++)
		for (size_t k = 0; k < x->head[i].count; k++) {
			const struct xlsx_cell *c = &x->head[i].cells[k];
			if (c->kind != XLSX_BLANK && c->column < left)
				left = c->column;
		}
	return left == SIZE_MAX ? 0 : left;
}

/* ---- rows ---- */

static struct str
cell_text(const struct xlsx_cell *c, struct arena *a)
{
	bool text = c->token.n > 1 && c->token.p[0] == '"';
	struct str raw = {c->token.p + text, c->token.n - 2 * text};
	if (c->kind == XLSX_PROBLEM)
		return c->problem;
	char *out = arena_alloc(a, raw.n + 1);
	return (struct str){
	    out, text ? cells_unescape(out, raw) : (memcpy(out, raw.p, raw.n), raw.n)};
}

static bool
add_columns(struct xlsx *x, size_t count, struct err *e)
{
	while (jsonrow_columns(x->row) < count) {
		if (jsonrow_columns(x->row) == LIMIT_COLUMNS)
			return jsonrow_too_many(x->row, e);
		jsonrow_add_column(x->row, (struct str){0});
	}
	return true;
}

/* The columns of the table, by the rows of the header. */
static bool
take_header(struct xlsx *x, size_t first, size_t rows, struct err *e)
{
	struct arena *a = x->r->arena;
	struct str *labels = arena_array(a, LIMIT_COLUMNS, sizeof *labels);
	size_t width = 0;
	for (size_t i = first; i < first + rows && i < x->head_count; i++) {
		const struct xlsx_row *row = &x->head[i];
		x->r->line = row->number;
		x->last = row->number;
		for (size_t k = 0; k < row->count; k++) {
			struct str text = str_trim(cell_text(&row->cells[k], a));
			size_t column = row->cells[k].column - x->left;
			if (row->cells[k].column < x->left || text.n == 0)
				continue;
			if (column >= LIMIT_COLUMNS)
				return jsonrow_too_many(x->row, e);
			labels[column] = labels[column].n
					     ? arena_format(a, "%.*s %.*s", STR_ARG(labels[column]),
						   STR_ARG(text))
					     : text;
			if (column >= width)
				width = column + 1;
		}
	}
	for (size_t i = 0; i < width; i++)
		jsonrow_add_column(x->row, labels[i].n ? labels[i] : STR(""));
	x->has_header = true;
	return jsonrow_tell_columns(x->row, e);
}

/* A column by its letters, as people call it. */
static const char *
letters(size_t column, char out[8])
{
	size_t n = 7;
	out[n] = 0;
	for (size_t c = column + 1; c > 0 && n > 0; c = (c - 1) / 26)
		out[--n] = (char)('A' + (c - 1) % 26);
	return out + n;
}

static bool
tell_problem(struct xlsx *x, const struct xlsx_cell *c, struct err *e)
{
	char name[8];
	return reader_finding(x->r, e, "error-value", c->column - x->left,
	    "cell %s%" PRIu64 " holds the error %.*s; it was left empty", letters(c->column, name),
	    x->r->line, STR_ARG(str_clip(c->problem, 40)));
}

static bool
tell_gap(struct xlsx *x, uint64_t number, struct err *e)
{
	struct reader *r = x->r;
	uint64_t gap = number - x->last - 1;
	if (x->last == 0 || gap == 0)
		return true;
	r->counts->records += gap;
	r->counts->skipped += gap;
	r->line = x->last + 1;
	return reader_finding(r, e, "blank-row", TABLE_NO_COLUMN,
	    "%s row%s from here on %s blank; %s skipped", thousands(gap).text, gap == 1 ? "" : "s",
	    gap == 1 ? "is" : "are", gap == 1 ? "it was" : "they were");
}

static bool
put_cell(struct xlsx *x, const struct xlsx_cell *c, struct err *e)
{
	char name[8];
	size_t column = c->column - x->left;
	if (c->column < x->left)
		return c->kind == XLSX_BLANK ||
		       reader_finding(x->r, e, "extra-cell", TABLE_NO_COLUMN,
			   "cell %s%" PRIu64
			   " is left of the table and was left out: the table begins in column %s",
			   letters(c->column, name), x->r->line, letters(x->left, (char[8]){0}));
	size_t known = jsonrow_columns(x->row);
	if (column >= known) {
		if (c->kind == XLSX_BLANK)
			return true;
		if (x->has_header &&
		    !reader_finding(x->r, e, "extra-cell", TABLE_NO_COLUMN,
			"cell %s%" PRIu64 " is right of the header; it was put into a column of "
			"its own",
			letters(c->column, name), x->r->line))
			return false;
		if (!add_columns(x, column + 1, e))
			return false;
		for (size_t i = known; i < column; i++)
			if (jsonrow_put(x->row, i, STR("null")) != JSONROW_GOOD)
				return false;
	}
	(void)jsonrow_put(x->row, column, c->token);
	return true;
}

static bool
give_row(struct xlsx *x, const struct xlsx_row *row, struct err *e)
{
	struct reader *r = x->r;
	if (!tell_gap(x, row->number, e))
		return false;
	r->line = x->last = row->number;
	r->repaired = false;
	jsonrow_begin(x->row);
	for (size_t i = 0; i < jsonrow_columns(x->row); i++)
		(void)jsonrow_put(x->row, i, STR("null"));
	for (size_t i = 0; i < row->count; i++)
		if (!put_cell(x, &row->cells[i], e))
			return false;
	if (!jsonrow_tell_columns(x->row, e))
		return false;
	for (size_t i = 0; i < row->count; i++)
		if (row->cells[i].kind == XLSX_PROBLEM && row->cells[i].column >= x->left &&
		    !tell_problem(x, &row->cells[i], e))
			return false;
	r->counts->records++;
	return jsonrow_give(x->row, e);
}

/* ---- the table ---- */

static bool
tell_found(struct xlsx *x, uint64_t skip, size_t header_rows, struct err *e)
{
	struct reader *r = x->r;
	struct table_options found = *r->options;
	found.format = TABLE_XLSX;
	found.sheet = x->book.sheets[x->chosen].name;
	found.csv.skip = (struct option_count){true, skip};
	found.csv.header_rows = (struct option_count){true, header_rows};
	return !r->sink->found || r->sink->found(r->sink->context, &found, e);
}

static bool
tell_margin(struct xlsx *x, size_t first, struct err *e)
{
	uint64_t above = x->head[first].number - 1;
	char name[8];
	x->r->line = 1;
	if (first > 0 && !reader_finding(x->r, e, "preamble", TABLE_NO_COLUMN,
			     "the table begins in row %s; what stands above it was not read",
			     thousands(above + 1).text))
		return false;
	if (first == 0 && above > 0 &&
	    !reader_finding(x->r, e, "blank-row", TABLE_NO_COLUMN,
		"the table begins in row %s; nothing stands above it", thousands(above + 1).text))
		return false;
	return x->left == 0 || reader_finding(x->r, e, "blank-column", TABLE_NO_COLUMN,
				   "the table begins in column %s; nothing stands left of it",
				   letters(x->left, name));
}

static bool
begin_table(struct xlsx *x, struct err *e)
{
	const struct option_count *wanted = &x->r->options->csv.header_rows;
	size_t first = find_first(x);
	if (first == x->head_count)
		return FAIL_FIELD(
		    e, INPUT, "skip_lines", "No row is left of the sheet when so many are skipped");
	size_t rows = wanted->set ? (size_t)wanted->count : is_header(&x->head[first]);
	x->left = find_left(x, first);
	if (!tell_found(x, x->head[first].number - 1, rows, e) || !tell_sheets(x, e) ||
	    !tell_margin(x, first, e) || (rows > 0 && !take_header(x, first, rows, e)))
		return false;
	for (size_t i = first + rows; i < x->head_count; i++)
		if (!give_row(x, &x->head[i], e))
			return false;
	arena_release(&x->head_memory);
	return true;
}

static bool
read_rest(struct xlsx *x, struct err *e)
{
	struct xlsx_row row;
	for (;;) {
		bool good = xlsx_sheet_next(x->sheet, &row, &x->row_memory, e) &&
			    (row.count == 0 || give_row(x, &row, e));
		note_progress(x);
		arena_release(&x->row_memory);
		if (!good || row.count == 0)
			return good;
	}
}

static void
release(void *p)
{
	struct xlsx *x = p;
	arena_release(&x->head_memory);
	arena_release(&x->row_memory);
}

bool
xlsx_read(struct reader *r, struct archive *z, struct err *e)
{
	struct xlsx *x = arena_alloc(r->arena, sizeof *x);
	x->r = r;
	arena_init(&x->head_memory, ROW_BYTES);
	arena_init(&x->row_memory, ROW_BYTES);
	arena_defer(r->arena, release, x);
	x->sheet = arena_alloc(r->arena, sizeof *x->sheet);
	x->row = jsonrow_new(r);
	if (!xlsx_book_open(&x->book, z, r->arena, e) || !choose_sheet(x, e) ||
	    !begin_table(x, e) || !read_rest(x, e))
		return false;
	r->window.in->length = 0;
	r->window.in->done = r->window.in->total;
	return true;
}
