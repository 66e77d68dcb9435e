/* layout.c: see layout.h. */
#include "formats/layout.h"
#include "formats/look.h"
#include "formats/notes.h"
#include "formats/split.h"

#define HEADER_ROWS_FOUND 5
/* Lines above the header that have as many cells as it. */
#define LINES_ABOVE 20

bool
layout_is_full(const struct table_shape *t, const struct sample_row *row)
{
	return row->count == t->d->width && 2 * (size_t)row->filled >= t->typical &&
	       row->filled > 0;
}

/* It has as many cells as the row below, which is more than words. */
static bool
is_header_above(const struct sample *s, size_t row, size_t width)
{
	if (row + 1 >= s->row_count || s->rows[row].count != width)
		return false;
	const struct sample_row *below = &s->rows[row + 1];
	for (size_t c = 0; c < below->count; c++)
		if (look_at(s->cells[below->first + c]) > LOOK_TEXT)
			return below->count == width;
	return false;
}

static void
find_comment(struct csv_options *o, const struct sample *s, size_t width)
{
	static const char *const marks[] = {"#", "//", "%"};
	for (size_t m = 0; m < ARRAY_LENGTH(marks) && width > 1; m++) {
		size_t other = 0, alike = 0, first = 0;
		for (size_t i = 0; i < s->row_count; i++) {
			const struct sample_row *row = &s->rows[i];
			if (row->count == 0 || !str_starts(s->cells[row->first], marks[m]))
				continue;
			first += first == i;
			*(row->count == width && row->filled > 1 ? &alike : &other) += 1;
		}
		/* Comments may hold delimiters; a header, too, may begin with such a mark. */
		bool above = first > 1 && first == other + alike;
		bool header = alike == 1 && above && is_header_above(s, first - 1, width);
		if ((other > 0 && alike == 0) || (above && !header))
			o->comment = str_of(marks[m]);
	}
}

/* What nearly all cells of a column look like behind the given row. */
static void
find_looks(struct table_shape *t, size_t from)
{
	struct sample *s = t->s;
	for (size_t c = 0; c < t->d->width; c++) {
		size_t count[LOOK__MAX] = {0}, filled = 0;
		for (size_t i = from; i < s->row_count; i++) {
			const struct sample_row *row = &s->rows[i];
			if (row->count != t->d->width)
				continue;
			enum look look = look_at(s->cells[row->first + c]);
			count[look]++;
			filled += look != LOOK_EMPTY;
		}
		enum look most = filled ? LOOK_TEXT : LOOK_EMPTY;
		for (int l = LOOK_TEXT + 1; l < LOOK__MAX; l++)
			if (filled > 0 && count[l] * 10 >= filled * 9)
				most = (enum look)l;
		t->d->looks[c] = (uint8_t)most;
	}
}

/* Cells of the row that are not what their column is, and those that are. */
static void
compare_looks(const struct table_shape *t, size_t row, size_t *other, size_t *same)
{
	const struct sample_row *r = &t->s->rows[row];
	*other = *same = 0;
	for (size_t c = 0; c < r->count && c < t->d->width; c++) {
		enum look look = look_at(t->s->cells[r->first + c]);
		if (look == LOOK_EMPTY || t->d->looks[c] <= LOOK_TEXT)
			continue;
		*(look == (enum look)t->d->looks[c] ? same : other) += 1;
	}
}

static bool
rows_equal(const struct sample *s, size_t a, size_t b)
{
	const struct sample_row *x = &s->rows[a], *y = &s->rows[b];
	if (x->count != y->count)
		return false;
	for (size_t c = 0; c < x->count; c++)
		if (!str_equal(str_trim(s->cells[x->first + c]), str_trim(s->cells[y->first + c])))
			return false;
	return true;
}

static bool
looks_like_data(const struct table_shape *t, size_t row)
{
	const struct sample_row *r = &t->s->rows[row];
	size_t typed = 0;
	for (size_t c = 0; c < r->count; c++)
		typed += look_at(t->s->cells[r->first + c]) > LOOK_TEXT;
	return typed > 0;
}

/* A whole number of up to four digits; -1: it is none. */
static int
whole_number(struct str cell)
{
	int n = 0;
	cell = str_trim(cell);
	for (size_t i = 0; i < cell.n && n >= 0; i++)
		n = cell.p[i] >= '0' && cell.p[i] <= '9' && i < 4 ? 10 * n + cell.p[i] - '0' : -1;
	return cell.n > 0 ? n : -1;
}

static bool
is_year(int n)
{
	return n >= 1500 && n < 2200;
}

/* The row's numbers are a series that labels columns: years, one behind the other in either
 * direction, or numbers that count from 0 or 1. */
static bool
is_series(const struct sample *s, const struct sample_row *r)
{
	int first = -1, last = -1, direction = 0;
	bool years = true, counts = true;
	size_t n = 0;
	for (size_t c = 0; c < r->count; c++) {
		struct str cell = s->cells[r->first + c];
		int this = whole_number(cell);
		if (this < 0 && look_at(cell) > LOOK_TEXT)
			return false;
		if (this < 0)
			continue;
		int step = this - last;
		if (n > 0 && (step == 0 || (direction != 0 && (step > 0) != (direction > 0))))
			return false;
		direction = n == 0 ? 0 : step;
		years &= is_year(this);
		counts &= n == 0 || step == 1;
		first = n == 0 ? this : first;
		last = this;
		n++;
	}
	return n < r->count && ((n > 1 && years) || (n > 2 && counts && first <= 1));
}

/* Labels may be numbers when they are a series above what is none. */
static bool
has_numbers_for_labels(const struct table_shape *t, size_t row)
{
	const struct sample *s = t->s;
	const struct sample_row *r = &s->rows[row];
	size_t cells = 0, same = 0;
	if (!is_series(s, r))
		return false;
	for (size_t i = row + 1; i < s->row_count; i++) {
		if (s->rows[i].count == r->count && is_series(s, &s->rows[i]))
			return false;
		for (size_t c = 0; c < r->count && c < s->rows[i].count; c++) {
			int above = whole_number(s->cells[r->first + c]);
			int below = whole_number(s->cells[s->rows[i].first + c]);
			cells += is_year(above) && s->cells[s->rows[i].first + c].n > 0;
			same += is_year(above) && is_year(below);
		}
	}
	return 2 * same <= cells;
}

/* How many rows from `first` on are labels. */
static uint64_t
count_header(struct table_shape *t, size_t first)
{
	const struct sample *s = t->s;
	size_t other, same, rows = 0;
	for (size_t i = first; i < s->row_count && rows < HEADER_ROWS_FOUND; i++, rows++) {
		size_t next = i + 1;
		while (next < s->row_count && s->rows[next].count == 0)
			next++;
		if (rows > 0 &&
		    (!layout_is_full(t, &s->rows[i]) || sample_is_ruler(s, &s->rows[i])))
			break;
		/* The columns as they are without this row. */
		find_looks(t, next);
		compare_looks(t, i, &other, &same);
		bool repeated = rows > 0 && next < s->row_count && rows_equal(s, i, i - 1) &&
				!rows_equal(s, i, s->row_count - 1) && !looks_like_data(t, i);
		if (rows > 0 && !repeated && (other < 2 || same > 0))
			break;
		bool labels = rows == 0 && has_numbers_for_labels(t, i);
		if (rows == 0 && !labels && (other > 0 ? other < same : same > 0))
			return 0;
		if (rows == 0 && !labels && next == s->row_count && looks_like_data(t, i))
			return 0;
	}
	return rows;
}

static bool
has_looks(const struct table_shape *t)
{
	for (size_t c = 0; c < t->d->width; c++)
		if (t->d->looks[c] > LOOK_TEXT)
			return true;
	return false;
}

/* All cells are texts, and none begins as a sentence goes on. */
static bool
has_labels(const struct table_shape *t, const struct sample_row *r)
{
	for (size_t c = 0; c < r->count; c++) {
		struct str cell = t->s->cells[r->first + c];
		if (look_at(cell) != LOOK_TEXT || (c > 0 && cell.p[0] == ' '))
			return false;
	}
	return r->count == t->d->width && r->count > 1;
}

bool
layout_is_sentence(const struct table_shape *t, const struct sample_row *r)
{
	for (size_t c = 1; c < r->count; c++) {
		struct str cell = t->s->cells[r->first + c];
		if (cell.n < 2 || cell.p[0] != ' ')
			return false;
	}
	return true;
}

/* Rows from `first` up to `end` are none of the columns that lie below the labels in row `labels`.
 */
static bool
are_strange(struct table_shape *t, size_t first, size_t end, size_t labels)
{
	size_t other, same;
	find_looks(t, labels + 1);
	compare_looks(t, labels, &other, &same);
	if (other == 0)
		return false;
	for (size_t i = first; i < end; i++) {
		compare_looks(t, i, &other, &same);
		if (same > other)
			return false;
	}
	return true;
}

/* The row where the table begins.  Lines above it may have as many cells, when a blank line or the
 * look of the cells tells them from it. */
static size_t
find_start(struct table_shape *t)
{
	const struct sample *s = t->s;
	size_t start = 0;
	while (start < s->row_count && !layout_is_full(t, &s->rows[start]))
		start++;
	for (size_t i = start; i + 1 < s->row_count && i < start + LINES_ABOVE; i++) {
		bool blank = s->rows[i].filled == 0 && i > start;
		bool sentence = i == start && layout_is_sentence(t, &s->rows[i]);
		if ((blank || sentence) && has_labels(t, &s->rows[i + 1]) &&
		    are_strange(t, start, i + !blank, i + 1))
			return i + 1;
	}
	return start;
}

size_t
layout_words(struct str text)
{
	size_t words = text.n > 0;
	for (size_t i = 1; i < text.n; i++)
		words += text.p[i] == ' ' && text.p[i - 1] != ' ';
	return words;
}

/* Some label has fewer words than every cell below it. */
static bool
is_shorter_in_words(const struct table_shape *t, size_t row)
{
	const struct sample *s = t->s;
	for (size_t c = 0; c < t->d->width; c++) {
		size_t least = SIZE_MAX;
		for (size_t i = row + 1; i < s->row_count; i++) {
			size_t words = s->rows[i].count == t->d->width
					   ? layout_words(str_trim(s->cells[s->rows[i].first + c]))
					   : 0;
			least = words > 0 && words < least ? words : least;
		}
		if (least < SIZE_MAX &&
		    layout_words(str_trim(s->cells[s->rows[row].first + c])) < least)
			return true;
	}
	return false;
}

/* The line before the first full row may be a header of another length. */
static bool
is_odd_header(const struct table_shape *t, size_t row, const struct csv_options *o, struct arena *a)
{
	const struct sample_row *r = &t->s->rows[row];
	size_t width = t->d->width, other, same;
	compare_looks(t, row, &other, &same);
	if (r->count == 0 || width < 2 || (same > 0 && !has_numbers_for_labels(t, row)))
		return false;
	if (r->count > 1 && 2 * (size_t)r->filled > width && r->count <= LIMIT_COLUMNS)
		return true;
	/* Labels may be blank, when nothing else is a header. */
	if (r->count == width && row == 0 && r->filled > 0 && has_looks(t))
		return true;
	struct split_cell *cells = arena_array(a, width, sizeof *cells);
	const char *other_delimiter = split_other_delimiter(cells, width, r->bytes, o);
	/* A title may have as many words as there are columns. */
	return other_delimiter && (other_delimiter[0] != ' ' || !is_shorter_in_words(t, row + 1));
}

/* How many rows right above row `start` are rows too, with cells too few or too many: what they
 * have is what is in the columns. */
static size_t
ragged_above(const struct table_shape *t, size_t start)
{
	size_t n = 0, other, same;
	for (; n < start; n++) {
		const struct sample_row *r = &t->s->rows[start - 1 - n];
		compare_looks(t, start - 1 - n, &other, &same);
		if (r->count == t->d->width || 2 * (size_t)r->filled <= t->d->width || same < 2 ||
		    same <= other || has_numbers_for_labels(t, start - 1 - n))
			break;
	}
	return n;
}

static void
set_unless(struct option_count *o, uint64_t count)
{
	if (!o->set)
		*o = (struct option_count){true, count};
}

/* Rows with wrong quotes, as the reader will split them. */
static void
repair_rows(struct sample *s, size_t width, const struct csv_options *o, struct arena *a)
{
	if (width < 2)
		return;
	struct split_cell *cells = arena_array(a, width, sizeof *cells);
	for (size_t i = 0; i < s->row_count; i++) {
		struct sample_row *row = &s->rows[i];
		if (row->stray && row->count != width && s->cell_count + width <= s->cell_room &&
		    split_exactly(cells, width, row->bytes, o)) {
			row->first = s->cell_count;
			row->count = width;
			row->filled = 0;
			for (size_t k = 0; k < width; k++) {
				s->cells[s->cell_count++] = cells[k].text;
				row->filled += str_trim(cells[k].text).n > 0;
			}
		}
	}
}

size_t
layout_filled(const struct sample *s, size_t width, struct arena *a)
{
	size_t *count = arena_array(a, width + 1, sizeof *count), most = width;
	for (size_t i = 0; i < s->row_count; i++)
		if (s->rows[i].count == width)
			count[s->rows[i].filled]++;
	for (size_t n = width; n > 0; n--)
		if (count[n] > count[most])
			most = n;
	return most;
}

/* Every row ends with a delimiter, and the header does not. */
static void
find_trailing(struct dialect *d, const struct sample *s, size_t header)
{
	size_t labels = s->rows[header].count;
	if (d->options.header_rows.count == 0 || labels < 2 || labels >= d->width)
		return;
	for (size_t c = labels; c < d->width; c++)
		if (d->looks[c] != LOOK_EMPTY)
			return;
	d->trailing = true;
	d->width = labels;
}

void
layout_find(struct dialect *d, struct sample *s, struct arena *a)
{
	struct csv_options *o = &d->options;
	struct table_shape t = {.s = s, .d = d};
	size_t rows, alike;
	d->width = sample_width(s, &rows, &alike, a);
	if (!o->comments_set) {
		find_comment(o, s, d->width);
		o->comments_set = true;
		if (o->comment.n) {
			sample_split(s, o);
			d->width = sample_width(s, &rows, &alike, a);
		}
	}
	if (d->width == 1 && s->row_count > 1)
		d->width = sample_labels(s, o);
	repair_rows(s, d->width, o, a);
	d->looks = arena_alloc(a, d->width + 1);
	t.typical = layout_filled(s, d->width, a);
	size_t start = find_start(&t);
	if (start == s->row_count)
		for (start = 0; start < s->row_count && s->rows[start].count == 0;)
			start++;
	uint64_t header = start < s->row_count ? count_header(&t, start) : 1;
	if (start > 0 && header == 0 && start < s->row_count)
		start -= ragged_above(&t, start);
	if (start > 0 && (header == 0 || (start == 1 && !has_looks(&t))) &&
	    is_odd_header(&t, start - 1, o, a)) {
		start--;
		header = 1;
	}
	bool preamble = false;
	for (size_t i = 0; i < start && i < s->row_count; i++)
		preamble |= s->rows[i].count > 0;
	set_unless(&o->header_rows, header);
	size_t body = start + (size_t)header;
	find_looks(&t, body);
	if (start < s->row_count)
		find_trailing(d, s, start);
	uint64_t above = preamble && start < s->row_count ? s->rows[start].line : 0;
	set_unless(&o->skip, above);
	if (s->whole)
		set_unless(&o->footer, notes_count(&t, body));
	set_unless(&o->table, 1);
}
