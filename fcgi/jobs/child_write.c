/*
 * child_write.c: the calls of struct host with which a hook writes: columns, rows, findings, and in
 * a dataset that is there cells; see child_host.h.
 */
#include "jobs/child_host.h"
#include "base/limits.h"
#include "base/utf8.h"

/* ---- columns, rows, findings ---- */

bool
child_put_column(struct child_host *c, const struct host_new_column *n, struct err *e)
{
	uint32_t type = n->type == COLUMN_GUESSED ? COLUMN__MAX : (uint32_t)n->type;
	struct column_head head = {type, n->required, (uint32_t)n->name.n,
	    (uint32_t)n->vendor_type.n, (uint32_t)n->description.n, (uint32_t)n->default_value.n};
	struct buf b;
	buf_init(&b, &c->arena);
	if (n->name.n > LIMIT_COLUMN_NAME_BYTES || n->vendor_type.n > LIMIT_COLUMN_NAME_BYTES)
		return FAIL(e, TOO_BIG, "the name or type of a column is over %d bytes",
		    LIMIT_COLUMN_NAME_BYTES);
	if (n->description.n > LIMIT_DESCRIPTION_BYTES ||
	    n->default_value.n > LIMIT_DESCRIPTION_BYTES)
		return FAIL(e, TOO_BIG,
		    "the description or default value of the column %.*s is over %d bytes",
		    STR_ARG(str_clip(n->name, 100)), (int)LIMIT_DESCRIPTION_BYTES);
	buf_put(&b, &head, sizeof head);
	buf_put_str(&b, n->name);
	buf_put_str(&b, n->vendor_type);
	buf_put_str(&b, n->description);
	buf_put_str(&b, n->default_value);
	child_tell(c, MESSAGE_COLUMN, buf_str(&b), (struct str){0});
	return true;
}

void
child_put_found(struct child_host *c, struct str options)
{
	child_tell(c, MESSAGE_FOUND, options, (struct str){0});
}

void
child_keep_name(struct child_host *c, size_t column, struct str name)
{
	if (column < LIMIT_COLUMNS)
		c->names[column] = arena_copy(&c->kept, name);
}

bool
host_make_column(
    const struct host *h, const struct host_new_column *n, size_t *column_id, struct err *e)
{
	struct child_host *c = child_of(h);
	struct str body;
	uint64_t id;
	if (c->is_ingest && c->column_count == LIMIT_COLUMNS)
		return FAIL(e, TOO_BIG, "a dataset has at most %d columns", LIMIT_COLUMNS);
	if (!child_put_column(c, n, e))
		return false;
	if (c->is_ingest) {
		child_keep_name(c, c->column_count, n->name);
		if (column_id)
			*column_id = c->column_count;
		c->column_count++;
		return true;
	}
	if (!child_answer(c, &body, e))
		return false;
	if (body.n != sizeof id)
		return FAIL(e, SYSTEM, "the writer does not say which column it made");
	memcpy(&id, body.p, sizeof id);
	child_keep_name(c, (size_t)id, n->name);
	if (column_id)
		*column_id = (size_t)id;
	return true;
}

bool
child_put_row(
    struct child_host *c, uint64_t line, struct str cells, struct str absent, struct err *e)
{
	struct row_head head = {line, (uint32_t)cells.n, (uint32_t)absent.n};
	struct str parts[] = {{(const char *)&head, sizeof head}, cells, absent};
	if (cells.n > RING_MESSAGE_BYTES / 2) {
		e->at_line = line;
		return FAIL(
		    e, TOO_BIG, "line %" PRIu64 " is too large to be stored as one row", line);
	}
	child_put_parts(c, MESSAGE_ROWS, parts, ARRAY_LENGTH(parts));
	return !child_stopped(c, e);
}

#define SHOWN_BYTES 60 /* of a cell that is wrong */

/* What is wrong with a cell, so that who reads it finds it: the writer would only call it a lie. */
static bool
bad_cell(struct child_host *c, const struct cell *cell, size_t column, int64_t row,
    const char *what, struct err *e)
{
	struct str name = column < LIMIT_COLUMNS ? c->names[column] : (struct str){0};
	char number[40];
	if (name.n == 0)
		name = (struct str){
		    number, (size_t)snprintf(number, sizeof number, "column %zu", column)};
	size_t shown = utf8_valid(cell->bytes.p, cell->bytes.n);
	return FAIL(e, INPUT, "row %" PRId64 ": %s of %.*s %s: %.*s", row, what,
	    STR_ARG(str_clip(name, 100)),
	    shown < cell->bytes.n ? "is not UTF-8 (utf8_clean() repairs it)" : "is not one",
	    STR_ARG(str_clip((struct str){cell->bytes.p, shown}, SHOWN_BYTES)));
}

/* One cell as the JSON it is stored as; `row` is its number, or its id when it is stored. */
static bool
put_token(struct child_host *c, struct buf *out, const struct cell *cell, size_t column,
    int64_t row, struct err *e)
{
	struct str bytes = cell->bytes;
	size_t begins = out->n;
	if (utf8_valid(bytes.p, bytes.n) != bytes.n)
		return bad_cell(c, cell, column, row, "the text", e);
	switch (cell->kind) {
	case CELL_ABSENT:
	case CELL_NULL:
		buf_put_text(out, "null");
		return true;
	case CELL_TRUE:
		buf_put_text(out, "true");
		return true;
	case CELL_FALSE:
		buf_put_text(out, "false");
		return true;
	case CELL_TEXT:
		if (!cell->escaped) {
			jsonout_quote(out, bytes);
			return true;
		}
		buf_put_char(out, '"');
		buf_put_str(out, bytes);
		buf_put_char(out, '"');
		return cells_value(out->p + begins, out->n - begins) == out->n - begins ||
		       bad_cell(c, cell, column, row, "the escaped text", e);
	case CELL_NUMBER:
		buf_put_str(out, bytes);
		return cells_is_number(bytes) || bad_cell(c, cell, column, row, "the number", e);
	case CELL_JSON:
		buf_put_str(out, bytes);
		return (bytes.n > 0 && cells_value(bytes.p, bytes.n) == bytes.n) ||
		       bad_cell(c, cell, column, row, "the JSON value", e);
	}
	return bad_cell(c, cell, column, row, "the kind", e);
}

static void
guess(struct child_host *c, const struct cell *cell, size_t id)
{
	/* Text of a plugin is text as a file's field is: its type is found out. */
	if (cell->kind == CELL_TEXT && !cell->escaped)
		guess_add_text(&c->guesses[id], cell->bytes.p, cell->bytes.n);
	else
		guess_add_cell(&c->guesses[id], cell);
}

bool
host_put_row(
    const struct host *h, uint64_t line, const struct cell *cells, size_t count, struct err *e)
{
	struct child_host *c = child_of(h);
	struct buf row, absent;
	struct arena_mark mark = arena_mark(&c->row);
	buf_init(&row, &c->row);
	buf_init(&absent, &c->row);
	if (c->is_ingest && count > c->column_count)
		return FAIL(e, SYSTEM, "the plugin gave a row of %zu cells, there are %zu columns",
		    count, c->column_count);
	while (count > 0 && cells[count - 1].kind == CELL_ABSENT)
		count--;
	buf_put_char(&row, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_char(&row, ',');
		if (!put_token(c, &row, &cells[i], i, (int64_t)c->counts.rows + 1, e))
			return false;
		if (cells[i].kind == CELL_ABSENT)
			buf_format(&absent, "%s%zu", absent.n ? "," : "[", i);
		if (c->is_ingest && cells[i].kind != CELL_ABSENT)
			guess(c, &cells[i], i);
	}
	buf_put_char(&row, ']');
	if (absent.n)
		buf_put_char(&absent, ']');
	bool good = (c->is_task && child_written_before(c, row.n + absent.n)) ||
		    child_put_row(c, line, buf_str(&row), buf_str(&absent), e);
	arena_reset(&c->row, mark);
	c->counts.records++;
	c->counts.rows++;
	return good;
}

bool
child_put_finding(struct child_host *c, const struct finding *f, struct err *e)
{
	struct str code = str_clip(str_of(f->code), LIMIT_FINDING_CODE_BYTES),
		   text = str_clip(f->message, LIMIT_FINDING_BYTES);
	char message[sizeof(struct finding_head) + LIMIT_FINDING_CODE_BYTES + LIMIT_FINDING_BYTES];
	struct finding_head head = {
	    f->line, f->column, (uint64_t)f->row_id, (uint32_t)code.n, (uint32_t)text.n};
	size_t n = sizeof head + code.n + text.n;
	memcpy(message, &head, sizeof head);
	memcpy(message + sizeof head, code.p, code.n);
	if (text.n)
		memcpy(message + sizeof head + code.n, text.p, text.n);
	/* A message of its own for each would take longer than the row it is about. */
	struct row_head between = {0, (uint32_t)n, ROW_IS_FINDING};
	struct str parts[] = {{(const char *)&between, sizeof between}, {message, n}};
	if (c->is_ingest)
		child_put_parts(c, MESSAGE_ROWS, parts, ARRAY_LENGTH(parts));
	else
		child_tell(c, MESSAGE_FINDING, parts[1], (struct str){0});
	return !child_stopped(c, e);
}

bool
host_put_finding(const struct host *h, const struct finding *f, struct err *e)
{
	struct child_host *c = child_of(h);
	return (c->is_task && child_written_before(c, f->message.n)) || child_put_finding(c, f, e);
}

/* ---- in a dataset that is there ---- */

bool
host_set(const struct host *h, const struct host_row *row, size_t column_id,
    const struct cell *cell, const struct host_mark *mark, struct err *e)
{
	struct child_host *c = child_of(h);
	struct arena_mark at = arena_mark(&c->row);
	struct buf token;
	struct str state = mark && mark->state ? str_of(mark->state) : (struct str){0};
	struct str source = mark ? mark->source : (struct str){0};
	buf_init(&token, &c->row);
	if (cell->kind != CELL_ABSENT && !put_token(c, &token, cell, column_id, row->row_id, e))
		return false;
	struct edit_head head = {EDIT_SET, (uint32_t)token.n, (uint32_t)state.n, (uint32_t)source.n,
	    row->row_id, row->rev, column_id, mark ? mark->confidence : __builtin_nan("")};
	struct str parts[] = {{(const char *)&head, sizeof head}, buf_str(&token), state, source};
	if (!child_written_before(c, sizeof head + token.n + state.n + source.n))
		child_put_parts(c, MESSAGE_EDITS, parts, ARRAY_LENGTH(parts));
	arena_reset(&c->row, at);
	return !child_stopped(c, e);
}

bool
host_remove(const struct host *h, const struct host_row *row, struct err *e)
{
	struct edit_head head = {.edit = EDIT_REMOVE, .row_id = row->row_id, .rev = row->rev};
	struct str parts[] = {{(const char *)&head, sizeof head}};
	if (!child_written_before(child_of(h), sizeof head))
		child_put_parts(child_of(h), MESSAGE_EDITS, parts, ARRAY_LENGTH(parts));
	return !child_stopped(child_of(h), e);
}
