/* csv.c: see csv.h.  Here it is decided what each record is; record.c reads them. */
#include "formats/csv.h"
#include "base/cells.h"
#include "formats/dialect.h"
#include "formats/look.h"
#include "formats/margin.h"
#include "formats/record.h"
#include "formats/shape.h"

/* A field over so many lines is perhaps a quote that closes where it should not. */
#define FIELD_LINES 100

static bool
too_many_columns(struct csv *c, const char *what, struct err *e)
{
	return FAIL_AT(e, c->r->line, TOO_BIG, "%s has %s columns, the limit is %s", what,
	    thousands(c->record.count).text, thousands(LIMIT_COLUMNS).text);
}

/* What was repaired inside the record. */
static bool
tell_repairs(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	const struct record *record = &c->record;
	if (record->invalid_utf8 &&
	    !reader_finding(r, e, "encoding-error", TABLE_NO_COLUMN,
		"bytes that are not UTF-8 were replaced by U+FFFD; save the file as UTF-8 to keep "
		"them"))
		return false;
	if (record->nul_byte &&
	    !reader_finding(r, e, "nul-byte", TABLE_NO_COLUMN, "NUL bytes were replaced by U+FFFD"))
		return false;
	if (record->open_quote &&
	    !reader_finding(r, e, "unterminated-quote", TABLE_NO_COLUMN,
		"a quote that opens a field is never closed; it was kept as text"))
		return false;
	if (record->line - r->line > FIELD_LINES &&
	    !reader_finding(r, e, "field-spans-many-lines", TABLE_NO_COLUMN,
		"the row goes over %s lines; perhaps a closing quote is missing",
		thousands(record->line - r->line).text))
		return false;
	return !record->stray_quote ||
	       reader_finding(r, e, "stray-quote", TABLE_NO_COLUMN,
		   "there is a quote inside a quoted field; it was kept as text");
}

/* A row of a table of several columns that has none of their cells. */
static bool
is_empty_row(const struct csv *c)
{
	const struct record *record = &c->record;
	for (size_t i = 0; i < record->count && i < LIMIT_COLUMNS; i++)
		if (record->fields[i].length > 0)
			return false;
	return record->count > 1;
}

static bool
needs_telling(const struct csv *c)
{
	const struct record *record = &c->record;
	return record->invalid_utf8 || record->nul_byte || record->stray_quote ||
	       record->open_quote || record->line - c->r->line > FIELD_LINES;
}

static struct str
field_text(struct csv *c, size_t i)
{
	const struct field *f = &c->record.fields[i];
	struct str label = {c->r->row + f->start, f->length};
	char *text = arena_alloc(c->r->arena, label.n + 1);
	return (struct str){text, cells_unescape(text, label)};
}

/* ---- the header ---- */

/* The label of a column, of all rows of the header that were read. */
static void
add_label(struct csv *c, size_t i)
{
	struct str more = str_trim(field_text(c, i)), *label = &c->labels[i];
	if (c->header_row == 0)
		*label = field_text(c, i);
	else if (more.n > 0)
		*label = str_trim(*label).n ? arena_format(c->r->arena, "%.*s %.*s",
						  STR_ARG(*label), STR_ARG(more))
					    : more;
}

static bool
name_columns(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	size_t labelled = c->columns;
	if (c->columns < c->record.width)
		c->columns = c->record.width;
	for (size_t i = 0; i < c->columns; i++)
		if (!(i < labelled && !r->no_header ? reader_column(r, c->labels[i], e)
						    : reader_unnamed_column(r, e)))
			return false;
	return r->no_header || c->columns == labelled ||
	       reader_finding(r, e, "blank-label", labelled,
		   "the header has %zu label%s, most rows have %zu cells: the last columns were "
		   "named by their numbers",
		   labelled, labelled == 1 ? "" : "s", c->columns);
}

/* Takes the record as a row of the header; true with header_row == rows: that was the last. */
static bool
take_header(struct csv *c, struct at *at, struct err *e)
{
	struct reader *r = c->r;
	if (!r->no_header && !shape_header(c, at, e))
		return false;
	if (c->record.count > LIMIT_COLUMNS)
		return too_many_columns(c, "the file", e);
	if (c->header_row == 0)
		shape_remember(c);
	if (c->record.count > c->columns)
		c->columns = c->record.count;
	if (!r->no_header) {
		for (size_t i = 0; i < c->record.count; i++)
			add_label(c, i);
		if (needs_telling(c) && !tell_repairs(c, e))
			return false;
		if (++c->header_row < c->header_rows)
			return true;
	}
	c->has_header = true;
	return c->table < c->wanted_table || name_columns(c, e);
}

/* ---- rows ---- */

static bool
give_row(struct csv *c, struct at at, struct err *e)
{
	struct reader *r = c->r;
	if (needs_telling(c) && !tell_repairs(c, e))
		return false;
	if (is_empty_row(c) && !reader_finding(r, e, "blank-row", TABLE_NO_COLUMN,
				   "all cells of the row are empty; it was kept"))
		return false;
	for (size_t i = 0; i < c->record.count; i++) {
		const struct field *f = &c->record.fields[i];
		const char *text = r->row + f->start;
		if (f->extra == 0)
			guess_add_text(&r->guesses[i], text, f->length);
		else
			guess_add_escaped(&r->guesses[i], text, f->length, f->extra);
	}
	struct str cells = {r->row, (size_t)(at.write - r->row)};
	bool good = reader_row(r, cells, (struct str){0}, e);
	r->counts->records++;
	return good;
}

/* The record has another number of fields than there are columns, and nothing repairs it. */
static bool
tell_shape(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	const char *header = r->no_header ? "first row" : "header";
	size_t count = c->record.count, columns = c->columns;
	if (count < columns)
		return reader_finding(r, e, "missing-cell", count,
		    "row has %zu cell%s, the %s has %zu: the missing %zu %s left empty", count,
		    count == 1 ? "" : "s", header, columns, columns - count,
		    columns - count == 1 ? "was" : "were");
	if (count > LIMIT_COLUMNS)
		return too_many_columns(c, "this row", e);
	while (r->columns < count)
		if (!reader_unnamed_column(r, e))
			return false;
	return reader_finding(r, e, "extra-cell", columns,
	    "row has %zu cells, the %s has %zu: the %zu more %s put into columns of their own",
	    count, header, columns, count - columns, count - columns == 1 ? "was" : "were");
}

static bool
take_row(struct csv *c, struct at at, struct err *e)
{
	if (c->record.count != c->columns) {
		if (!shape_row(c, &at, e))
			return false;
		if (c->record.count != c->columns && !tell_shape(c, e))
			return false;
	}
	return give_row(c, at, e);
}

/* ---- what each record is ---- */

static bool
skip_record(struct csv *c, const char *code, const char *message, struct err *e)
{
	c->r->counts->records++;
	c->r->counts->skipped++;
	return reader_finding(c->r, e, code, TABLE_NO_COLUMN, "%s", message);
}

/* A line without any text.  In a table of one column only an empty one is: spaces are a value. */
static bool
is_blank(const struct csv *c, const char *end)
{
	if (c->record.count != 1 || c->record.quoted)
		return false;
	const char *p = c->r->window.bytes + c->r->window.start;
	if (c->has_header && c->columns == 1)
		return p == end || *p == '\n' || *p == '\r';
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p == end;
}

/* A line drawn below the header, as programs print tables. */
static bool
is_ruler(struct csv *c)
{
	size_t filled = 0;
	if (!c->has_header || c->varied || c->r->no_header)
		return false;
	for (size_t i = 0; i < c->record.count && i < LIMIT_COLUMNS; i++) {
		const struct field *f = &c->record.fields[i];
		struct str cell = {c->r->row + f->start, f->length};
		if (f->length > 0 && !look_is_ruler(cell))
			return false;
		filled += f->length > 0;
	}
	return filled > 0;
}

static bool
begin_next_table(struct csv *c, struct err *e)
{
	c->table++;
	if (c->table > c->wanted_table) {
		c->done = true;
		return reader_finding(c->r, e, "other-table", TABLE_NO_COLUMN,
		    "another table begins here, number %s; it was not read: choose it by its "
		    "number to read it",
		    thousands(c->table).text);
	}
	c->has_header = false;
	c->header_row = c->columns = 0;
	c->record.width = 0;
	return true;
}

/* The line behind the record, without its end; the window may move. */
static bool
peek_line(struct csv *c, struct at *at, struct str *line, struct err *e)
{
	struct window *w = &c->r->window;
	for (;;) {
		const char *end = w->bytes + w->end, *p = at->read;
		*line = (struct str){p, 0};
		while (p < end && *p != '\n' && *p != '\r')
			p++;
		line->n = (size_t)(p - line->p);
		if (p < end || w->at_end)
			return true;
		size_t behind = (size_t)(at->read - (w->bytes + w->start));
		if (!window_more(c->r, e))
			return false;
		at->read = w->bytes + w->start + behind;
	}
}

static bool
begins_table(struct csv *c, struct at *at, bool *begins, struct err *e)
{
	struct str next_line = {0};
	/* Only there it matters. */
	if (c->after_blank && c->record.count != c->columns && !peek_line(c, at, &next_line, e))
		return false;
	*begins = shape_begins_table(c, next_line);
	return true;
}

static bool
take_record(struct csv *c, struct at *at, struct err *e)
{
	bool wanted = c->table == c->wanted_table, begins = false;
	if (is_blank(c, at->read)) {
		c->after_blank = true;
		return !wanted ||
		       skip_record(c, "blank-row", "the line is blank; it was skipped", e);
	}
	if (wanted && is_ruler(c))
		return skip_record(c, "ruler-row",
		    "the line only draws a line below the header; it was skipped", e);
	/* A table may well hold what its header says, as its first rows. */
	bool again = c->has_header && shape_repeats_header(c);
	if (again && c->varied && wanted) {
		c->after_blank = false;
		return skip_record(
		    c, "repeated-header", "the header stands here once more; it was skipped", e);
	}
	if (c->has_header && !again && !begins_table(c, at, &begins, e))
		return false;
	if (begins) {
		if (!begin_next_table(c, e))
			return false;
		if (c->done)
			return true;
		wanted = c->table == c->wanted_table;
	}
	c->after_blank = false;
	if (!c->has_header) {
		if (!take_header(c, at, e))
			return false;
		if (!c->r->no_header)
			return true;
	}
	c->varied |= !again;
	return !wanted || take_row(c, *at, e);
}

/* ---- the file ---- */

/* What is left is not read, but the input is. */
static bool
drain(struct csv *c, struct err *e)
{
	struct window *w = &c->r->window;
	w->start = w->end;
	while (!w->at_end) {
		if (!window_more(c->r, e))
			return false;
		w->start = w->end;
	}
	return true;
}

static bool
read_one(struct csv *c, struct err *e)
{
	struct window *w = &c->r->window;
	bool comment, footer;
	c->r->repaired = false;
	if (!margin_comment(c, &comment, e) || !margin_footer(c, &footer, e))
		return false;
	if (footer) {
		if (c->table == c->wanted_table &&
		    !skip_record(c, "footer", "the line below the table was not read", e))
			return false;
		return margin_skip_line(c, e);
	}
	if (comment) {
		if (c->table == c->wanted_table &&
		    !skip_record(c, "comment-row", "the line is a comment; it was skipped", e))
			return false;
		return margin_skip_line(c, e);
	}
	struct at at = record_next(&c->record, e);
	if (!at.read || !take_record(c, &at, e))
		return false;
	w->start = (size_t)(at.read - w->bytes);
	c->r->line = c->record.line;
	return true;
}

static bool
check_options(const struct csv_options *o, struct err *e)
{
	const char *p = o->delimiter.p;
	for (size_t i = 0; i < o->delimiter.n; i++)
		if (o->delimiter.n > CSV_DELIMITER_BYTES || p[i] == '\n' || p[i] == '\r' ||
		    p[i] == 0 || (o->quote > 0 && p[i] == o->quote))
			return FAIL_FIELD(e, INPUT, "delimiter",
			    "the delimiter must be one to %d bytes without a line end, a NUL or "
			    "the quote",
			    CSV_DELIMITER_BYTES);
	if (o->delimiter.n && o->escape > 0 && o->escape == p[0])
		return FAIL_FIELD(
		    e, INPUT, "escape", "the escape must be another byte than the delimiter");
	return true;
}

static bool
find_out(struct csv *c, struct err *e)
{
	struct reader *r = c->r;
	struct str sample;
	bool whole;
	if (!check_options(&r->options->csv, e) ||
	    !window_sample(r, DIALECT_SAMPLE_BYTES, &sample, &whole, e))
		return false;
	dialect_find(&c->dialect, sample, whole, &r->options->csv, r->arena);
	const struct csv_options *o = &c->dialect.options;
	record_init(&c->record, r, o, c->dialect.width);
	c->header_rows = o->header_rows.count;
	c->wanted_table = o->table.count;
	c->table = 1;
	r->no_header = c->header_rows == 0;
	c->labels = arena_array(r->arena, LIMIT_COLUMNS + 1, sizeof *c->labels);
	c->first_labels = arena_array(r->arena, LIMIT_COLUMNS + 1, sizeof *c->first_labels);
	struct table_options found = *r->options;
	found.format = TABLE_CSV;
	found.csv = *o;
	return (!r->sink->found || r->sink->found(r->sink->context, &found, e)) &&
	       margin_skip_preamble(c, o->skip.count, e);
}

bool
csv_read(struct reader *r, struct err *e)
{
	struct csv *c = arena_alloc(r->arena, sizeof *c);
	struct window *w = &r->window;
	c->r = r;
	if (!find_out(c, e))
		return false;
	while (w->start < w->end || !w->at_end) {
		if (w->start == w->end && !window_more(r, e))
			return false;
		if (w->start == w->end)
			continue;
		if (!(c->done ? drain(c, e) : read_one(c, e)))
			return false;
	}
	if (c->table < c->wanted_table)
		return FAIL_FIELD(e, INPUT, "table", "the file has %s table%s",
		    thousands(c->table).text, c->table == 1 ? "" : "s");
	return r->columns > 0 || FAIL(e, INPUT, "the file is empty");
}
