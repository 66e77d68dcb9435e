/* select.c: see select.h. */
#include "formats/select.h"
#include "base/buf.h"
#include "base/cells.h"
#include "base/limits.h"
#include "formats/fit.h"

#include <stdio.h>

#define LEFT_OUT SIZE_MAX
#define SHOWN_BYTES 60 /* of a value that does not fit */

struct table_select {
	struct table_sink sink;
	const struct select_sink *to;
	const struct column_choice *choices;
	size_t choice_count;
	bool *met; /* by choice: its column was there */
	struct arena *arena;
	size_t found, kept;           /* columns */
	size_t place[LIMIT_COLUMNS];  /* by the reader's id: the id it is handed on as */
	uint8_t types[LIMIT_COLUMNS]; /* by the reader's id: what a value must fit */
	bool rewrites, checks;
	struct buf cells, absent;
	struct cell row[LIMIT_COLUMNS];
};

static const struct column_choice *
choice_of(struct table_select *s, struct str name)
{
	for (size_t i = 0; i < s->choice_count; i++)
		if (str_equal(s->choices[i].from, name)) {
			s->met[i] = true;
			return &s->choices[i];
		}
	return NULL;
}

static bool
take_column(void *context, struct str name, struct err *e)
{
	struct table_select *s = context;
	const struct column_choice *choice = choice_of(s, name);
	size_t id = s->found++;
	s->types[id] = choice ? (uint8_t)choice->type : COLUMN__MAX;
	if (choice && choice->left_out) {
		s->place[id] = LEFT_OUT;
		s->rewrites = true;
		return true;
	}
	s->checks |= s->types[id] < COLUMN__MAX;
	s->place[id] = s->kept++;
	return s->to->column(
	    s->to->context, choice && choice->name.n ? choice->name : name, choice, e);
}

static bool
check_types(struct table_select *s, uint64_t line, size_t count, struct err *e)
{
	char message[SHOWN_BYTES + 200];
	for (size_t i = 0; i < count; i++) {
		if (s->place[i] == LEFT_OUT || s->types[i] >= COLUMN__MAX)
			continue;
		const char *wanted = fit_cell(&s->row[i], (enum column_type)s->types[i]);
		if (!wanted)
			continue;
		int n = snprintf(message, sizeof message,
		    "the value %.*s is not %s, which the column's type was set to; it was kept as "
		    "it is",
		    STR_ARG(str_clip(s->row[i].bytes, SHOWN_BYTES)), wanted);
		const struct finding f = {"type-error", line, s->place[i], {message, (size_t)n}};
		if (!s->to->finding(s->to->context, &f, e))
			return false;
	}
	return true;
}

/* A cell as it stands in a row. */
static void
put_cell(struct buf *b, const struct cell *c)
{
	if (c->kind != CELL_TEXT) {
		buf_put_str(b, c->bytes);
		return;
	}
	buf_put_char(b, '"');
	buf_put_str(b, c->bytes);
	buf_put_char(b, '"');
}

/* Absent cells inside the row are null there and named in `absent`, as readers hand them out. */
static void
rewrite(struct table_select *s, size_t count)
{
	size_t last = 0;
	s->cells.n = s->absent.n = 0;
	for (size_t i = 0; i < count; i++)
		if (s->place[i] != LEFT_OUT && s->row[i].kind != CELL_ABSENT)
			last = i + 1;
	buf_put_char(&s->cells, '[');
	for (size_t i = 0; i < last; i++) {
		if (s->place[i] == LEFT_OUT)
			continue;
		if (s->cells.n > 1)
			buf_put_char(&s->cells, ',');
		if (s->row[i].kind == CELL_ABSENT) {
			buf_put_text(&s->cells, "null");
			buf_format(&s->absent, "%c%zu", s->absent.n ? ',' : '[', s->place[i]);
		} else {
			put_cell(&s->cells, &s->row[i]);
		}
	}
	buf_put_char(&s->cells, ']');
	if (s->absent.n)
		buf_put_char(&s->absent, ']');
}

static bool
take_row(void *context, uint64_t line, struct str cells, struct str absent, struct err *e)
{
	struct table_select *s = context;
	if (!s->rewrites && !s->checks)
		return s->to->row(s->to->context, line, cells, absent, e);
	cells_split_row(s->row, s->found, cells, absent);
	if (s->checks && !check_types(s, line, s->found, e))
		return false;
	if (!s->rewrites)
		return s->to->row(s->to->context, line, cells, absent, e);
	rewrite(s, s->found);
	return s->to->row(s->to->context, line, buf_str(&s->cells), buf_str(&s->absent), e);
}

/* What is about a column that is left out is about none: it was in the file all the same. */
static bool
take_finding(void *context, const struct finding *f, struct err *e)
{
	struct table_select *s = context;
	struct finding g = *f;
	if (f->column != TABLE_NO_COLUMN)
		g.column = f->column < s->found && s->place[f->column] != LEFT_OUT
			       ? s->place[f->column]
			       : TABLE_NO_COLUMN;
	return s->to->finding(s->to->context, &g, e);
}

static bool
take_found(void *context, const struct table_options *found, struct err *e)
{
	struct table_select *s = context;
	return !s->to->found || s->to->found(s->to->context, found, e);
}

struct table_select *
select_new(const struct select_sink *to, const struct column_choice *choices, size_t count,
    struct arena *a)
{
	struct table_select *s = arena_alloc(a, sizeof *s);
	*s = (struct table_select){
	    .sink = {s, take_column, take_row, take_finding, take_found},
	    .to = to,
	    .choices = choices,
	    .choice_count = count,
	    .met = arena_array(a, count, sizeof *s->met),
	    .arena = a,
	};
	buf_init(&s->cells, a);
	buf_init(&s->absent, a);
	return s;
}

const struct table_sink *
select_table_sink(struct table_select *s)
{
	return &s->sink;
}

void
select_guesses(
    const struct table_select *s, struct guess *out, const struct guess *found, size_t max)
{
	for (size_t i = 0; i < s->found && i < max; i++)
		if (s->place[i] != LEFT_OUT)
			out[s->place[i]] = found[i];
}

bool
select_check(const struct table_select *s, struct err *e)
{
	for (size_t i = 0; i < s->choice_count; i++)
		if (!s->met[i])
			return FAIL_FIELD(e, INPUT, "columns",
			    "the file has no column %.*s, of which something was chosen; columns "
			    "are named as they are read",
			    STR_ARG(str_clip(s->choices[i].from, 100)));
	return s->kept > 0 || s->found == 0 ||
	       FAIL_FIELD(e, INPUT, "columns", "all columns are left out; keep at least one");
}
