/* shape.c: see shape.h. */
#include "formats/shape.h"
#include "formats/look.h"
#include "formats/repair.h"
#include "formats/split.h"

#include <limits.h>

/* More cells than this are not left out: the row is another kind of thing. */
#define EMPTY_CELLS 3

static struct str
field(const struct csv *c, size_t i)
{
	const struct field *f = &c->record.fields[i];
	return (struct str){c->r->row + f->start, f->length};
}

static enum look
column_look(const struct csv *c, size_t i)
{
	bool known = c->table == 1 && i < c->dialect.width;
	return known ? (enum look)c->dialect.looks[i] : LOOK_TEXT;
}

/* How well a cell goes into a column: more is better. */
static int
fit(const struct csv *c, size_t column, struct str cell)
{
	enum look want = column_look(c, column), look = look_at(cell);
	if (want == LOOK_EMPTY)
		return look == LOOK_EMPTY ? 1 : -1;
	if (look == LOOK_EMPTY)
		return 0;
	return want > LOOK_TEXT ? (look == want ? 2 : -2) : (look == LOOK_TEXT ? 1 : 0);
}

/* The empty cell without which the others go best into their columns, and how well; of two as good,
 * the later. */
static size_t
empty_cell_too_many(const struct csv *c, long *how_well)
{
	size_t count = c->record.count, best = SIZE_MAX;
	long points = 0, most = LONG_MIN;
	/* Without cell i those behind it move by one column: from i - 1 to i one cell changes. */
	for (size_t i = 1; i < count; i++)
		points += fit(c, i - 1, field(c, i));
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			points += fit(c, i - 1, field(c, i - 1)) - fit(c, i - 1, field(c, i));
		if (str_trim(field(c, i)).n == 0 && points >= most) {
			most = points;
			best = i;
		}
	}
	*how_well = most;
	return best;
}

static size_t
empty_at_end(const struct csv *c)
{
	size_t n = c->record.count;
	while (n > 0 && c->record.fields[n - 1].length == 0)
		n--;
	return c->record.count - n;
}

static bool
drop_trailing(struct csv *c, struct at *at, struct err *e)
{
	size_t columns = c->columns;
	while (c->record.count > columns)
		record_remove(&c->record, at, c->record.count - 1);
	c->r->repaired = true;
	if (c->trailing_told)
		return true;
	c->trailing_told = true;
	return reader_finding(c->r, e, "extra-cell", TABLE_NO_COLUMN,
	    "the row ends with a delimiter: the empty cell behind it was left out, here and in "
	    "all other rows");
}

/* Takes empty cells out until the record has so many. */
static bool
drop_empty(struct csv *c, struct at *at, size_t columns, bool *dropped, struct err *e)
{
	size_t empty = 0, extra = c->record.count - columns, first = SIZE_MAX;
	*dropped = false;
	if (extra > EMPTY_CELLS || c->record.count > LIMIT_COLUMNS)
		return true;
	for (size_t i = 0; i < c->record.count; i++)
		empty += str_trim(field(c, i)).n == 0;
	if (empty < extra)
		return true;
	while (c->record.count > columns) {
		long ignored;
		size_t i = empty_cell_too_many(c, &ignored);
		first = i < first ? i : first;
		record_remove(&c->record, at, i);
	}
	*dropped = true;
	return reader_finding(c->r, e, "extra-cell", TABLE_NO_COLUMN,
	    "the line has %zu cells, the table has %zu columns: %s cell %zu was left out",
	    columns + extra, columns, extra > 1 ? "with others the empty" : "the empty", first + 1);
}

/* Most of what has a look of its own has the right one.  Words say nothing: where there is nothing
 * else, the line must be no row at all by its own delimiter, and when the other one stands between
 * words, too, some cell must be quoted. */
static bool
cells_fit(const struct csv *c, const struct split_cell *cells, size_t count, bool header,
    const char *other)
{
	size_t good = 0, bad = 0, texts = 0, quoted = 0;
	for (size_t i = 0; i < count; i++) {
		enum look want = column_look(c, i), look = look_at(cells[i].text);
		quoted += cells[i].quoted;
		texts += look == LOOK_TEXT;
		if (want > LOOK_TEXT && look != LOOK_EMPTY)
			*(look == want ? &good : &bad) += 1;
	}
	if (header)
		return texts == count;
	if (good + bad == 0)
		return c->record.count == 1 && count >= 3 &&
		       (quoted > 0 || !strchr(" :", other[0]));
	return good > bad;
}

/* The record is split by another delimiter, when that gives the cells of the table. */
static bool
use_other_delimiter(
    struct csv *c, struct at *at, size_t columns, bool header, bool *used, struct err *e)
{
	struct reader *r = c->r;
	struct str text = record_bytes(&c->record, *at);
	*used = false;
	if (c->record.line > r->line + 1 || columns < 2 || columns > LIMIT_COLUMNS)
		return true;
	struct split_cell *cells = c->record.cells;
	const char *other = split_other_delimiter(cells, columns, text, &c->dialect.options);
	bool worked = true;
	if (other && cells_fit(c, cells, columns, header, other)) {
		struct csv_options o = c->dialect.options;
		o.delimiter = str_of(other);
		*used = true;
		c->record.stray_quote = c->record.open_quote = false;
		c->record.invalid_utf8 = c->record.nul_byte = false;
		worked = record_rewrite(&c->record, at, cells, columns, &o, e) &&
			 reader_finding(r, e, "mixed-delimiter", TABLE_NO_COLUMN,
			     "the line has another delimiter than the rest of the file, \"%s\"; it "
			     "was split by that",
			     other[0] == '\t' ? "tab" : other);
	}
	return worked;
}

/* The same, counting what cannot be there. */
static int
fit_alone(const struct csv *c, size_t column, struct str cell, size_t *wrong)
{
	int points = fit(c, column, cell);
	*wrong += points < 0;
	return points;
}

/* A column into which go all cells that are too many, as one text. */
struct join {
	size_t column; /* SIZE_MAX: there is none, or it could be several */
	long points;
};

static struct join
best_join(const struct csv *c, size_t columns, size_t extra)
{
	const struct split_cell *cells = c->record.cells;
	struct join best = {SIZE_MAX, 0};
	size_t wrong = 0;
	long points = 0;
	for (size_t i = 1; i < columns; i++)
		points += fit_alone(c, i, cells[i + extra].text, &wrong);
	for (size_t k = 0; k < columns; k++) {
		if (k > 0) {
			size_t left = 0;
			points -= fit_alone(c, k, cells[k + extra].text, &left);
			wrong -= left;
			points += fit_alone(c, k - 1, cells[k - 1].text, &wrong);
		}
		struct str all = cells[k].text;
		bool plain = !cells[k].quoted, sentence = true;
		size_t texts = look_at(all) == LOOK_TEXT;
		for (size_t i = k + 1; i <= k + extra; i++) {
			plain &= !cells[i].quoted;
			texts += look_at(cells[i].text) == LOOK_TEXT;
			sentence &= cells[i].text.n > 0 && cells[i].text.p[0] == ' ';
			all.n = (size_t)(cells[i].text.p + cells[i].text.n - all.p);
		}
		/* Behind the last column there may well be a cell too many. */
		if (!plain || wrong > 0 || (columns > 1 && 2 * texts <= extra + 1) ||
		    (k + 1 == columns && columns > 1 && !sentence))
			continue;
		long with = points + fit(c, k, all) + sentence;
		if (fit(c, k, all) > 0 && with >= best.points)
			best = (struct join){with > best.points ? k : SIZE_MAX, with};
	}
	return best;
}

/* Splits the record into c->record.cells. */
static struct join
find_join(const struct csv *c, struct at at, size_t columns)
{
	size_t count = c->record.count;
	if (count <= columns || count > LIMIT_COLUMNS || columns > c->dialect.width ||
	    c->record.line > c->r->line + 1 ||
	    split_loosely(c->record.cells, LIMIT_COLUMNS + 1, record_bytes(&c->record, at),
		&c->dialect.options) != count)
		return (struct join){SIZE_MAX, 0};
	return best_join(c, columns, count - columns);
}

static bool
join_cells(struct csv *c, struct at *at, size_t columns, size_t column, struct err *e)
{
	struct split_cell *cells = c->record.cells;
	size_t count = c->record.count, last = column + count - columns;
	struct str end = cells[last].text;
	cells[column].text.n = (size_t)(end.p + end.n - cells[column].text.p);
	memmove(&cells[column + 1], &cells[last + 1], (count - last - 1) * sizeof *cells);
	return record_rewrite(&c->record, at, cells, columns, &c->dialect.options, e) &&
	       reader_finding(c->r, e, "unquoted-delimiter", column,
		   "the line has %zu cells, the table has %zu column%s: cells %zu to %zu were "
		   "joined, as one text in which delimiters stand without quotes",
		   count, columns, columns == 1 ? "" : "s", column + 1, last + 1);
}

bool
shape_header(struct csv *c, struct at *at, struct err *e)
{
	size_t width = c->record.width;
	bool done;
	if (width < 2 || c->record.count == width)
		return true;
	if (!use_other_delimiter(c, at, width, true, &done, e))
		return false;
	return done || c->record.count < width || drop_empty(c, at, width, &done, e);
}

bool
shape_row(struct csv *c, struct at *at, struct err *e)
{
	size_t columns = c->columns, count = c->record.count;
	bool done = false;
	if (count > columns && count <= LIMIT_COLUMNS && c->dialect.trailing &&
	    empty_at_end(c) >= count - columns)
		return drop_trailing(c, at, e);
	if (!use_other_delimiter(c, at, columns, false, &done, e))
		return false;
	if (done || count < columns)
		return true;
	struct join join = find_join(c, *at, columns);
	bool joins = join.column != SIZE_MAX;
	/* One empty cell may be too many, or part of such a text. */
	long without = LONG_MAX;
	if (joins && count == columns + 1)
		(void)empty_cell_too_many(c, &without);
	if ((!joins || without >= join.points) && !drop_empty(c, at, columns, &done, e))
		return false;
	return done || !joins || join_cells(c, at, columns, join.column, e);
}

void
shape_remember(struct csv *c)
{
	c->first_count = c->record.count;
	for (size_t i = 0; i < c->record.count; i++)
		c->first_labels[i] = arena_copy(c->r->arena, field(c, i));
}

/* Texts that are none of the columns' own, each another; in a table of words alone the next row
 * must have as many cells. */
static bool
is_labels(const struct csv *c, struct str next_line)
{
	size_t typed = 0, count = c->record.count;
	for (size_t i = 0; i < c->dialect.width; i++)
		typed += c->dialect.looks[i] > LOOK_TEXT;
	for (size_t i = 0; i < count; i++) {
		if (look_at(field(c, i)) != LOOK_TEXT)
			return false;
		for (size_t k = 0; k < i && typed == 0; k++)
			if (str_equal(field(c, k), field(c, i)))
				return false;
	}
	return typed > 0 || split_loosely(c->record.cells, LIMIT_COLUMNS + 1, next_line,
				&c->dialect.options) == count;
}

static size_t
equal_labels(const struct csv *c, size_t count)
{
	size_t equal = 0;
	for (size_t i = 0; i < count; i++)
		equal += str_equal(field(c, i), c->first_labels[i]);
	return equal;
}

bool
shape_repeats_header(const struct csv *c)
{
	size_t count = c->record.count;
	return !c->r->no_header && count >= 2 && count == c->first_count &&
	       count <= LIMIT_COLUMNS && equal_labels(c, count) == count;
}

bool
shape_begins_table(const struct csv *c, struct str next_line)
{
	size_t count = c->record.count;
	if (c->r->no_header || count < 2 || count > LIMIT_COLUMNS)
		return false;
	if (c->after_blank && count != c->columns && is_labels(c, next_line))
		return true;
	if (c->first_count < 2 || !str_equal(field(c, 0), c->first_labels[0]))
		return false;
	size_t least = count < c->first_count ? count : c->first_count;
	size_t equal = equal_labels(c, least);
	return equal * 10 >= least * 8 && equal >= 2;
}
