/* child_table.c: see child_table.h. */
#include "jobs/child_table.h"
#include "base/limits.h"
#include "base/tree.h"
#include "formats/lines.h"
#include "formats/options.h"

#define PREVIEW_LINES 120 /* of the file's beginning */
#define PREVIEW_LINE_BYTES 500
#define PREVIEW_FINDINGS 100
#define PREVIEW_CODES 32
#define PREVIEW_ROWS_BYTES MIB(2) /* so that the answer fits LIMIT_ANSWER_BYTES */

/* The one file, and how it is to be read. */
static bool
open_table(struct child_host *c, const json_t *begin, struct host_input *file,
    struct reading *reading, struct err *e)
{
	struct arena *a = &c->arena;
	if (host_input_count(&c->host) != 1)
		return FAIL_FIELD(e, INPUT, "file",
		    "a dataset of this type is made of one file, the data source has %zu",
		    host_input_count(&c->host));
	const json_t *options = json_object_get(begin, "options");
	const struct value *values;
	*reading = (struct reading){0};
	if (options && (!form_check(&values, option_fields, options, FORM_LENIENT, NULL, a, e) ||
			   !reading_take(reading, values, a, e)))
		return false;
	return host_input(&c->host, 0, file, e);
}

static struct str
options_text(const struct table_options *o, struct arena *a)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	options_write(&j, o);
	jsonout_end(&j);
	return buf_str(&b);
}

/* ---- all of it ---- */

static bool
send_column(void *context, struct str name, const struct column_choice *choice, struct err *e)
{
	struct host_new_column column = {.name = name, .type = COLUMN_GUESSED};
	if (choice && choice->type < COLUMN__MAX)
		column.type = choice->type;
	return child_put_column(context, &column, e);
}

static bool
send_row(void *context, uint64_t line, struct str cells, struct str absent, struct err *e)
{
	return child_put_row(context, line, cells, absent, e);
}

static bool
send_finding(void *context, const struct finding *f, struct err *e)
{
	return child_put_finding(context, f, e);
}

static bool
send_found(void *context, const struct table_options *found, struct err *e)
{
	struct child_host *c = context;
	(void)e;
	child_put_found(c, options_text(found, &c->arena));
	return true;
}

bool
child_read_table(struct child_host *c, const json_t *begin, struct err *e)
{
	struct host_input file;
	struct reading reading;
	const struct select_sink sink = {c, send_column, send_row, send_finding, send_found};
	if (!open_table(c, begin, &file, &reading, e))
		return false;
	struct table_select *select =
	    select_new(&sink, reading.choices, reading.choice_count, &c->arena);
	struct guess *guesses = arena_array(&c->arena, LIMIT_COLUMNS, sizeof *guesses);
	c->progress_of = &file.bytes;
	bool good = table_read(&file.bytes, &reading.table, select_table_sink(select), guesses,
			&c->counts, &c->arena, e) &&
		    select_check(select, e);
	select_guesses(select, c->guesses, guesses, LIMIT_COLUMNS);
	child_flush(c);
	c->progress_of = NULL;
	return good;
}

/* ---- its beginning ---- */

struct preview {
	struct child_host *c;
	const struct reading *reading;
	struct host_input file;
	struct buf rows, findings;
	struct jsonout rows_json, findings_json;
	struct str found;
	struct str names[LIMIT_COLUMNS]; /* as they are read */
	size_t columns;
	uint64_t kept; /* rows */
	uint64_t lines[PREVIEW_FINDINGS];
	size_t finding_count;
	struct code_count {
		char code[LIMIT_FINDING_CODE_BYTES + 1];
		uint64_t count;
	} codes[PREVIEW_CODES];
	size_t code_count;
	struct table_counts counts;
	struct guess guesses[LIMIT_COLUMNS];
	struct cell cells[LIMIT_COLUMNS];
	bool enough;
};

static bool
look_column(void *context, struct str name, const struct column_choice *choice, struct err *e)
{
	struct preview *p = context;
	(void)choice;
	(void)e;
	p->names[p->columns++] = arena_copy(&p->c->arena, name);
	return true;
}

static void
put_clipped(struct jsonout *j, const struct cell *cell)
{
	char text[LIMIT_PREVIEW_CELL_BYTES + 4];
	if (cell->bytes.n <= LIMIT_PREVIEW_CELL_BYTES) {
		if (cell->kind == CELL_TEXT)
			jsonout_raw(j, (struct str){cell->bytes.p - 1, cell->bytes.n + 2});
		else
			jsonout_raw(j, cell->bytes);
		return;
	}
	size_t n = cell->kind == CELL_TEXT
		       ? cells_unescape_some(text, LIMIT_PREVIEW_CELL_BYTES, cell->bytes)
		       : str_clip(cell->bytes, LIMIT_PREVIEW_CELL_BYTES).n;
	if (cell->kind != CELL_TEXT)
		memcpy(text, cell->bytes.p, n);
	memcpy(text + n, "\xe2\x80\xa6", 3);
	jsonout_str(j, (struct str){text, n + 3});
}

static bool
look_row(void *context, uint64_t line, struct str cells, struct str absent, struct err *e)
{
	struct preview *p = context;
	struct jsonout *j = &p->rows_json;
	(void)e;
	if (p->kept < LIMIT_PREVIEW_ROWS && p->rows.n < PREVIEW_ROWS_BYTES) {
		size_t count = cells_split(p->cells, LIMIT_COLUMNS, cells.p, cells.n);
		p->kept++;
		jsonout_object(j);
		jsonout_member_int(j, "line", (int64_t)line);
		jsonout_key(j, "cells");
		jsonout_array(j);
		for (size_t i = 0; i < count; i++)
			put_clipped(j, &p->cells[i]);
		jsonout_end(j);
		if (absent.n) {
			jsonout_key(j, "absent");
			jsonout_raw(j, absent);
		}
		jsonout_end(j);
	}
	p->enough = p->counts.rows >= LIMIT_PREVIEW_LOOK_ROWS ||
		    p->file.bytes.done >= LIMIT_PREVIEW_LOOK_BYTES;
	return !p->enough;
}

static bool
look_finding(void *context, const struct finding *f, struct err *e)
{
	struct preview *p = context;
	struct jsonout *j = &p->findings_json;
	size_t i = 0;
	(void)e;
	while (i < p->code_count && strcmp(p->codes[i].code, f->code) != 0)
		i++;
	if (i == p->code_count && i < PREVIEW_CODES) {
		snprintf(p->codes[i].code, sizeof p->codes[i].code, "%s", f->code);
		p->code_count++;
	}
	if (i < PREVIEW_CODES)
		p->codes[i].count++;
	if (p->finding_count == PREVIEW_FINDINGS)
		return true;
	p->lines[p->finding_count++] = f->line;
	jsonout_object(j);
	jsonout_member_int(j, "line", (int64_t)f->line);
	jsonout_key(j, "column");
	if (f->column < p->columns)
		jsonout_str(j, p->names[f->column]);
	else
		jsonout_null(j);
	jsonout_member_text(j, "code", f->code);
	jsonout_member_str(j, "message", f->message);
	jsonout_end(j);
	return true;
}

static bool
look_found(void *context, const struct table_options *found, struct err *e)
{
	struct preview *p = context;
	(void)e;
	p->found = options_text(found, &p->c->arena);
	return true;
}

static const struct column_choice *
choice_of(const struct reading *r, struct str name)
{
	for (size_t i = 0; i < r->choice_count; i++)
		if (str_equal(r->choices[i].from, name))
			return &r->choices[i];
	return NULL;
}

static void
put_columns(struct jsonout *j, const struct preview *p)
{
	jsonout_key(j, "columns");
	jsonout_array(j);
	for (size_t i = 0; i < p->columns; i++) {
		const struct column_choice *choice = choice_of(p->reading, p->names[i]);
		bool chosen = choice && choice->type < COLUMN__MAX;
		jsonout_object(j);
		jsonout_member_str(j, "from", p->names[i]);
		jsonout_member_str(
		    j, "name", choice && choice->name.n ? choice->name : p->names[i]);
		jsonout_member_text(j, "type",
		    column_type_names[chosen ? choice->type : guess_type(&p->guesses[i])]);
		jsonout_member_text(j, "found", column_type_names[guess_type(&p->guesses[i])]);
		jsonout_member_bool(j, "chosen", chosen);
		jsonout_member_bool(j, "keep", !choice || !choice->left_out);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static bool
is_wanted(const struct preview *p, uint64_t line, uint64_t *last)
{
	bool wanted = line <= PREVIEW_LINES;
	*last = PREVIEW_LINES;
	for (size_t i = 0; i < p->finding_count; i++) {
		wanted |= p->lines[i] == line;
		if (p->lines[i] > *last)
			*last = p->lines[i];
	}
	return wanted;
}

/* The file again, as text: what stands on the lines.  What is no text has none. */
static void
put_lines(struct jsonout *j, struct preview *p)
{
	struct line_reader l;
	struct str text;
	struct err ignored = {0};
	struct reading as_found;
	struct host_input file;
	uint64_t last = PREVIEW_LINES;
	jsonout_key(j, "lines");
	jsonout_array(j);
	if (reading_parse(&as_found, p->found, &p->c->arena, &ignored) &&
	    host_input(&p->c->host, 0, &file, &ignored) &&
	    table_open_text(&file.bytes, &as_found.table, &p->c->arena, &ignored)) {
		line_reader_init(&l, &file.bytes, &p->c->arena);
		while (l.number < last && line_reader_next(&l, &text, &ignored)) {
			if (!is_wanted(p, l.number, &last))
				continue;
			jsonout_object(j);
			jsonout_member_int(j, "line", (int64_t)l.number);
			jsonout_member_str(j, "text", str_clip(text, PREVIEW_LINE_BYTES));
			jsonout_member_bool(j, "clipped", text.n > PREVIEW_LINE_BYTES);
			jsonout_end(j);
		}
	}
	jsonout_end(j);
}

static void
put_findings(struct jsonout *j, struct preview *p)
{
	jsonout_end(&p->findings_json);
	jsonout_key(j, "findings");
	jsonout_raw(j, buf_str(&p->findings));
	jsonout_key(j, "finding_counts");
	jsonout_array(j);
	for (size_t i = 0; i < p->code_count; i++) {
		jsonout_object(j);
		jsonout_member_text(j, "code", p->codes[i].code);
		jsonout_member_int(j, "count", (int64_t)p->codes[i].count);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
put_error(struct jsonout *j, const struct err *why)
{
	jsonout_key(j, "error");
	if (why->code == ERR_OK) {
		jsonout_null(j);
		return;
	}
	jsonout_object(j);
	jsonout_member_text(j, "message", why->message);
	jsonout_member_int(j, "line", (int64_t)why->at_line);
	jsonout_end(j);
}

static struct str
preview_answer(struct preview *p, const struct err *why)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, &p->c->arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_key(&j, "found");
	jsonout_raw(&j, p->found.n ? p->found : STR("{}"));
	put_columns(&j, p);
	jsonout_end(&p->rows_json);
	jsonout_key(&j, "rows");
	jsonout_raw(&j, buf_str(&p->rows));
	put_lines(&j, p);
	put_findings(&j, p);
	jsonout_member_int(&j, "records", (int64_t)p->counts.records);
	jsonout_member_int(&j, "repaired", (int64_t)p->counts.repaired);
	jsonout_member_int(&j, "skipped", (int64_t)p->counts.skipped);
	jsonout_member_bool(&j, "whole", !p->enough);
	jsonout_member_int(&j, "bytes", (int64_t)p->file.bytes.done);
	put_error(&j, why);
	jsonout_end(&j);
	return buf_str(&b);
}

static void
start_list(struct jsonout *j, struct buf *b, struct arena *a)
{
	buf_init(b, a);
	jsonout_init(j, b);
	jsonout_array(j);
}

/* What is wrong with an option is the asker's to put right; what is wrong with the file is a part
 * of what it looks like. */
static bool
is_of_the_file(const struct err *e)
{
	return (e->code == ERR_INPUT || e->code == ERR_TOO_BIG) && !e->field[0];
}

/* All columns are shown under the names they have in the file; chosen types are held against what
 * is in them. */
static const struct column_choice *
only_types(const struct reading *r, struct arena *a)
{
	struct column_choice *list = arena_array(a, r->choice_count, sizeof *list);
	for (size_t i = 0; i < r->choice_count; i++)
		list[i] =
		    (struct column_choice){.from = r->choices[i].from, .type = r->choices[i].type};
	return list;
}

bool
child_preview_table(struct child_host *c, const json_t *begin, struct err *e)
{
	struct reading reading;
	struct preview *p = arena_alloc(&c->arena, sizeof *p);
	const struct select_sink sink = {p, look_column, look_row, look_finding, look_found};
	*p = (struct preview){.c = c, .reading = &reading};
	if (!open_table(c, begin, &p->file, &reading, e))
		return false;
	start_list(&p->rows_json, &p->rows, &c->arena);
	start_list(&p->findings_json, &p->findings, &c->arena);
	struct err why = {0};
	struct table_select *select =
	    select_new(&sink, only_types(&reading, &c->arena), reading.choice_count, &c->arena);
	if (!table_read(&p->file.bytes, &reading.table, select_table_sink(select), p->guesses,
		&p->counts, &c->arena, &why) &&
	    why.code != ERR_OK && !is_of_the_file(&why)) {
		*e = why;
		return false;
	}
	return host_answer(&c->host, preview_answer(p, &why), e);
}
