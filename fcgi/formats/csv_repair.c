/* csv_repair.c: see csv_repair.h. */
#include "formats/csv_repair.h"

#define QUOTES_TRIED 16
#define SHIFTS_MOST 3 /* delimiters too many or too few */

static bool
fits(struct csv_repair *r, struct csv_trial trial, size_t width, struct str text)
{
	csv_split(&r->split, &r->syntax, trial, text);
	return r->split.count == width && !r->split.open;
}

static bool
found(struct csv_repair *r, const char *code, size_t column, const char *what)
{
	r->code = code;
	r->column = column;
	r->what = what;
	return true;
}

/* The first line alone, each quote that opens a field taken for text once; then without quotes. */
static bool
try_quotes(struct csv_repair *r, size_t width, struct str line)
{
	const int escape = r->syntax.escape;
	if (r->syntax.quote <= 0)
		return false;
	r->syntax.escape = CSV_NONE;
	if (fits(r, CSV_AS_IT_IS, width, line) && r->split.stray)
		return found(r, "stray-quote", TABLE_NO_COLUMN,
		    "a quote stands inside a cell and is not written twice; it was kept as text");
	r->syntax.escape = escape;
	csv_split(&r->split, &r->syntax, (struct csv_trial){SIZE_MAX, true}, line);
	size_t opened = r->split.opened;
	if (r->split.count == width && r->split.open)
		return found(r, "unterminated-quote", TABLE_NO_COLUMN,
		    "a quote opens a cell and is never closed; it was kept as text");
	for (size_t i = 0; i < opened && i < QUOTES_TRIED; i++)
		if (fits(r, (struct csv_trial){i, true}, width, line))
			return found(r, "stray-quote", TABLE_NO_COLUMN,
			    "a quote opens a cell and is not closed before the next one; it was "
			    "kept as text");
	r->syntax.quote = CSV_NONE;
	if (opened > 0 && fits(r, CSV_AS_IT_IS, width, line))
		return found(r, "stray-quote", TABLE_NO_COLUMN,
		    "the quotes do not come in pairs; they were kept as text");
	return false;
}

/* The cells are of the kinds their columns are of, so the split is no accident. */
static bool
is_like_columns(const struct csv_repair *r, const struct dialect *d, struct str line)
{
	size_t typed = 0, like = 0;
	for (size_t i = 0; i < r->split.count && i < d->width; i++) {
		const struct csv_field *f = &r->split.fields[i];
		enum cell_class wanted = d->classes[i];
		if (wanted == CLASS_EMPTY || wanted >= CLASS_CODE)
			continue;
		enum cell_class c = dialect_class((struct str){line.p + f->start, f->length});
		typed++;
		like += c == wanted;
	}
	return typed > 0 ? like * 2 >= typed : r->syntax.delimiter.p[0] != ' ';
}

static bool
try_delimiters(
    struct csv_repair *r, const struct dialect *d, size_t width, bool is_header, struct str line)
{
	static const char *const others[] = {",", ";", "\t", "|", ", ", ":", " "};
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		r->syntax = d->syntax;
		r->syntax.delimiter = str_of(others[i]);
		if (!str_equal(r->syntax.delimiter, d->syntax.delimiter) &&
		    fits(r, CSV_AS_IT_IS, width, line) &&
		    (is_header || is_like_columns(r, d, line)))
			return found(r, "mixed-delimiter", TABLE_NO_COLUMN,
			    "the row has another delimiter than the others; it was read by that");
	}
	r->syntax = d->syntax;
	return false;
}

/* ---- cells that are too many or too few ---- */

static bool
is_empty(const struct csv_repair *r, struct str text, size_t i)
{
	const struct csv_field *f = &r->split.fields[i];
	return !f->quoted && str_trim((struct str){text.p + f->start, f->length}).n == 0;
}

/* How well the cells look like their columns when the one at `gap` is left out (by 1) or put in
 * (by -1). */
static size_t
likeness(const struct csv_repair *r, const struct dialect *d, struct str text, size_t gap, int by)
{
	size_t sum = 0;
	for (size_t i = 0; i < r->split.count; i++) {
		const struct csv_field *f = &r->split.fields[i];
		if (by > 0 && i == gap)
			continue;
		size_t column = i < gap ? i : by > 0 ? i - 1 : i + 1;
		if (column >= d->width)
			break;
		enum cell_class c = dialect_class((struct str){text.p + f->start, f->length});
		enum cell_class wanted = d->classes[column];
		if (c == CLASS_EMPTY)
			sum += 1;
		else if (c == wanted)
			sum += c == CLASS_WORDS || c == CLASS_OTHER ? 2 : 4;
		else if ((c == CLASS_WORDS || c == CLASS_OTHER || c == CLASS_CODE) &&
			 (wanted == CLASS_WORDS || wanted == CLASS_OTHER || wanted == CLASS_CODE))
			sum += 1;
	}
	return sum;
}

static void
leave_out(struct csv_split *s, size_t i)
{
	memmove(&s->fields[i], &s->fields[i + 1], (s->count - i - 1) * sizeof s->fields[0]);
	s->count--;
}

static bool
try_leaving_out(struct csv_repair *r, const struct dialect *d, size_t width, struct str text)
{
	size_t last = 0;
	bool at_end = r->split.count - width > SHIFTS_MOST;
	for (size_t i = width; i < r->split.count && at_end; i++)
		if (!is_empty(r, text, i))
			return false;
	while (r->split.count > width) {
		size_t best = SIZE_MAX, most = 0;
		for (size_t i = r->split.count; !at_end && i-- > 0;) {
			size_t is = is_empty(r, text, i) ? likeness(r, d, text, i, 1) + 1 : 0;
			if (is > most) {
				most = is;
				best = i;
			}
		}
		if (at_end)
			best = r->split.count - 1;
		if (best == SIZE_MAX)
			return false;
		leave_out(&r->split, best);
		last = best;
	}
	return found(r, "extra-cell", last < width ? last : TABLE_NO_COLUMN,
	    "the row has more cells than the header; an empty one was left out");
}

static bool
try_putting_in(struct csv_repair *r, const struct dialect *d, size_t width, struct str text)
{
	struct csv_split *s = &r->split;
	size_t end = likeness(r, d, text, s->count, -1), best = s->count, most = end + 3;
	if (s->count + 1 != width || s->count < 2)
		return false;
	for (size_t i = 0; i < s->count; i++) {
		size_t is = likeness(r, d, text, i, -1);
		if (is > most) {
			most = is;
			best = i;
		}
	}
	if (best == s->count)
		return false;
	memmove(&s->fields[best + 1], &s->fields[best], (s->count - best) * sizeof s->fields[0]);
	s->fields[best] = (struct csv_field){.start = text.n};
	s->count++;
	return found(r, "missing-cell", best,
	    "the row has one cell less than the header; by what the others look like it is this "
	    "one, which was left empty");
}

static struct str
first_line(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\n' || text.p[i] == '\r')
			return (struct str){text.p,
			    i + (text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n' ? 2
											      : 1)};
	return text;
}

/* A quote that swallowed lines: the first two of them are rows of their own. */
static bool
has_swallowed(struct csv_repair *r, const struct dialect *d, size_t width, struct str text)
{
	struct str line = first_line(text);
	const struct csv_trial alone = {SIZE_MAX, true};
	if (width < 3 || line.n == text.n)
		return false;
	csv_split(&r->split, &r->syntax, alone, line);
	if (r->split.count != width || !r->split.open || !is_like_columns(r, d, line))
		return false;
	struct str next = first_line((struct str){text.p + line.n, text.n - line.n});
	csv_split(&r->split, &r->syntax, alone, next);
	return r->split.count == width && is_like_columns(r, d, next);
}

bool
csv_repair(
    struct csv_repair *r, const struct dialect *d, size_t width, bool is_header, struct str text)
{
	struct str line = first_line(text);
	r->syntax = d->syntax;
	if (has_swallowed(r, d, width, text)) {
		csv_split(&r->split, &r->syntax, (struct csv_trial){SIZE_MAX, true}, line);
		return found(r, "unterminated-quote", TABLE_NO_COLUMN,
		    "a quote opens a cell and is not closed on its line, and the next line is a "
		    "row "
		    "of its own; the quote was kept as text");
	}
	csv_split(&r->split, &r->syntax, CSV_AS_IT_IS, text);
	size_t count = r->split.count;
	if (width > 1 && (count != width || r->split.open)) {
		bool doubtful = r->split.stray || r->split.open || r->split.text > line.n;
		if (doubtful && try_quotes(r, width, line))
			return true;
		r->syntax = d->syntax;
		if (count < width && try_delimiters(r, d, width, is_header, line))
			return true;
		csv_split(&r->split, &r->syntax, CSV_AS_IT_IS, text);
		if (!r->split.open && r->split.count <= r->split.max) {
			if (count > width && try_leaving_out(r, d, width, text))
				return true;
			if (count < width && try_putting_in(r, d, width, text))
				return true;
		}
	}
	csv_split(&r->split, &r->syntax,
	    r->split.open ? (struct csv_trial){SIZE_MAX, true} : CSV_AS_IT_IS, text);
	return false;
}
