/* sample.c: see sample.h. */
#include "formats/sample.h"
#include "base/limits.h"
#include "formats/look.h"

/* A quoted cell over more lines than this is a quote that somebody forgot, for a guess. */
#define CELL_LINES 100
/* Rows of one width that are a table. */
#define BLOCK_ROWS 4
#define ROWS_MOST 20000
#define CELLS_MOST 200000

struct cursor {
	const char *p, *end;
	uint64_t line;
	const struct csv_options *o;
};

void
sample_init(struct sample *s, struct str text, bool whole, struct arena *a)
{
	*s = (struct sample){.text = text, .whole = whole};
	size_t cells = text.n + 2 < CELLS_MOST ? text.n + 2 : CELLS_MOST;
	/* Twice: rows may be split again. */
	s->cell_room = 2 * cells;
	s->cells = arena_array(a, s->cell_room, sizeof *s->cells);
	s->rows = arena_array(a, cells < ROWS_MOST ? cells : ROWS_MOST, sizeof *s->rows);
}

static bool
at_delimiter(const struct cursor *c, const char *p)
{
	struct str d = c->o->delimiter;
	return *p == d.p[0] && (size_t)(c->end - p) >= d.n && memcmp(p, d.p, d.n) == 0;
}

static bool
is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

static bool
cell_ends(const struct cursor *c, const char *p)
{
	return p == c->end || is_line_end(*p) || at_delimiter(c, p);
}

/* Steps over one line end. */
static void
next_line(struct cursor *c)
{
	if (c->p == c->end)
		return;
	c->p += *c->p == '\r' && c->end - c->p > 1 && c->p[1] == '\n' ? 2 : 1;
	c->line++;
}

/* The closing quote of the cell that opens at c->p, NULL: there is none. */
static const char *
closing_quote(struct cursor *c, bool *stray, uint64_t *lines)
{
	bool doubled = c->o->escape == c->o->quote;
	*lines = 0;
	for (const char *p = c->p + 1; p < c->end; p++) {
		if (is_line_end(*p)) {
			*lines += *p == '\n' || (c->end - p > 1 && p[1] != '\n');
			if (*stray || *lines > CELL_LINES)
				return NULL;
		} else if (*p == c->o->quote) {
			if (doubled && c->end - p > 1 && p[1] == c->o->quote)
				p++;
			else if (cell_ends(c, p + 1))
				return p;
			else
				*stray = true;
		} else if (!doubled && *p == c->o->escape && c->end - p > 1) {
			p++;
		}
	}
	return NULL;
}

static struct str
take_cell(struct sample *s, struct cursor *c)
{
	const char *start = c->p;
	if (c->o->quote != CSV_NONE && start < c->end && *start == c->o->quote) {
		bool stray = false;
		uint64_t lines;
		const char *close = closing_quote(c, &stray, &lines);
		s->quoted += close && !stray;
		s->stray += !close || stray;
		if (close) {
			for (const char *p = start + 1; p < close; p++)
				if (cell_ends(c, p)) {
					s->protected ++;
					break;
				}
			c->p = close + 1;
			c->line += lines;
			return (struct str){start + 1, (size_t)(close - start - 1)};
		}
	}
	bool escapes = c->o->escape != CSV_NONE && c->o->escape != c->o->quote;
	while (!cell_ends(c, c->p))
		c->p += escapes && *c->p == c->o->escape && c->end - c->p > 1 &&
				at_delimiter(c, c->p + 1)
			    ? 2
			    : 1;
	return (struct str){start, (size_t)(c->p - start)};
}

static void
take_row(struct sample *s, struct cursor *c)
{
	struct sample_row *row = &s->rows[s->row_count++];
	*row = (struct sample_row){.first = s->cell_count, .line = c->line};
	const char *end = c->p;
	while (end < c->end && !is_line_end(*end))
		end++;
	row->bytes = (struct str){c->p, (size_t)(end - c->p)};
	size_t stray = s->stray;
	struct str comment = c->o->comment, rest = {c->p, (size_t)(c->end - c->p)};
	if (comment.n && rest.n >= comment.n && memcmp(rest.p, comment.p, comment.n) == 0) {
		row->comment = true;
		while (c->p < c->end && !is_line_end(*c->p))
			c->p++;
		next_line(c);
		return;
	}
	for (;;) {
		struct str cell = take_cell(s, c);
		s->cells[s->cell_count++] = cell;
		row->count++;
		row->filled += str_trim(cell).n > 0;
		if (c->p == c->end || is_line_end(*c->p) || s->cell_count == CELLS_MOST)
			break;
		c->p += c->o->delimiter.n;
	}
	row->stray = s->stray > stray;
	if (row->count == 1 && row->filled == 0) {
		row->count = 0;
		s->cell_count--;
	}
	next_line(c);
}

void
sample_split(struct sample *s, const struct csv_options *o)
{
	struct cursor c = {s->text.p, s->text.p + s->text.n, 0, o};
	s->cell_count = s->row_count = s->quoted = s->stray = s->protected = 0;
	for (uint64_t i = 0; o->skip.set && i < o->skip.count && c.p < c.end; i++) {
		while (c.p < c.end && !is_line_end(*c.p))
			c.p++;
		next_line(&c);
	}
	while (c.p < c.end && s->row_count < ROWS_MOST && s->cell_count < CELLS_MOST)
		take_row(s, &c);
	s->lines = c.line;
	/* The last row may be half of one. */
	bool half = c.p == c.end && !s->whole;
	if ((half || s->cell_count == CELLS_MOST) && s->row_count > 1)
		s->row_count--;
}

/* The number of cells that most of the first n rows have; of two as frequent, the larger one. */
static size_t
most_frequent(const struct sample *s, size_t n, size_t *count, size_t *rows)
{
	size_t width = 0;
	memset(count, 0, (LIMIT_COLUMNS + 2) * sizeof *count);
	*rows = 0;
	for (size_t i = 0; i < n; i++) {
		size_t cells = s->rows[i].count;
		if (cells == 0)
			continue;
		cells = cells <= LIMIT_COLUMNS ? cells : LIMIT_COLUMNS + 1;
		count[cells]++;
		++*rows;
		if (count[cells] > count[width] || (count[cells] == count[width] && cells > width))
			width = cells;
	}
	return width;
}

static size_t
first_of_width(const struct sample *s, size_t width)
{
	size_t i = 0;
	while (i < s->row_count && s->rows[i].count != width)
		i++;
	return i;
}

/* A header that says what another one says, and more or less than that. */
static bool
is_like_header(const struct sample *s, const struct sample_row *a, const struct sample_row *b)
{
	size_t least = a->count < b->count ? a->count : b->count, equal = 0;
	for (size_t i = 0; i < least; i++)
		equal +=
		    str_equal(str_trim(s->cells[a->first + i]), str_trim(s->cells[b->first + i]));
	return equal >= 2 && equal * 10 >= least * 8;
}

/* Pairs of a name and a value above the table say what it is. */
static size_t
wider_than_pairs(const struct sample *s, const size_t *count)
{
	size_t width = 2, pairs = first_of_width(s, 2);
	for (size_t i = pairs; i < s->row_count; i++) {
		size_t n = s->rows[i].count;
		if (n > 2 && n <= LIMIT_COLUMNS && count[n] >= 3 &&
		    count[n] * n >= count[width] * width)
			width = n;
	}
	return width;
}

/* Lines of text may be more than the rows of the table below them. */
static size_t
width_below_lines(const struct sample *s, const size_t *count)
{
	size_t width = 1, lines = 0;
	for (size_t n = 2; n <= LIMIT_COLUMNS; n++)
		if (count[n] >= 3 && (width == 1 || count[n] > count[width]))
			width = n;
	for (size_t i = first_of_width(s, width); width > 1 && i < s->row_count; i++)
		lines += s->rows[i].count == 1;
	return 2 * lines <= count[width] ? width : 1;
}

size_t
sample_width(const struct sample *s, size_t *rows, size_t *alike, struct arena *a)
{
	size_t *count = arena_array(a, LIMIT_COLUMNS + 2, sizeof *count), ignored;
	size_t width = most_frequent(s, s->row_count, count, rows);
	if (width == 1)
		width = width_below_lines(s, count);
	if (width == 2)
		width = wider_than_pairs(s, count);
	/* Where no two rows are alike the header says how many there should be. */
	if (count[width] == 1)
		for (size_t i = 0; i < s->row_count; i++)
			if (s->rows[i].count > 0) {
				width = s->rows[i].count > 1 ? s->rows[i].count : width;
				break;
			}
	*alike = count[width <= LIMIT_COLUMNS ? width : LIMIT_COLUMNS + 1];
	/* Of several tables the first is read, unless it is hardly more than notes on the next. */
	size_t next = first_of_width(s, width);
	size_t above = most_frequent(s, next, count, &ignored);
	bool large =
	    above == 2 ? count[above] * above > *alike * width : 4 * count[above] >= 3 * *alike;
	if (above >= 2 && count[above] >= 3 &&
	    (large || is_like_header(s, &s->rows[first_of_width(s, above)], &s->rows[next]))) {
		width = above;
		*alike = count[above];
	}
	return width <= LIMIT_COLUMNS ? width : 0;
}

bool
sample_is_ruler(const struct sample *s, const struct sample_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		if (s->cells[row->first + i].n > 0 && !look_is_ruler(s->cells[row->first + i]))
			return false;
	return row->filled > 0;
}

size_t
sample_blocks(const struct sample *s, size_t width)
{
	size_t rows = 0, run = 0, before = 0;
	for (size_t i = 0; i < s->row_count; i++) {
		size_t n = s->rows[i].count;
		if (n == 0)
			continue;
		run = n == before ? run + 1 : 1;
		before = n;
		if (n > 1 && n != width && run >= BLOCK_ROWS)
			rows += run == BLOCK_ROWS ? BLOCK_ROWS : 1;
	}
	return rows;
}

size_t
sample_labels(const struct sample *s, const struct csv_options *o)
{
	size_t i = 0;
	while (i < s->row_count && s->rows[i].count == 0)
		i++;
	if (i == s->row_count)
		return 1;
	const struct sample_row *row = &s->rows[i];
	for (size_t c = 0; c < row->count; c++) {
		struct str cell = s->cells[row->first + c];
		if (look_at(cell) != LOOK_TEXT || str_trim(cell).n != cell.n)
			return 1;
	}
	return o->header_rows.set && o->header_rows.count == 0 ? 1 : row->count;
}
