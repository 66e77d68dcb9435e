/* notes.c: see notes.h. */
#include "formats/notes.h"
#include "formats/look.h"

#define NOTES_FOUND 20

enum note { NOTE_NONE, NOTE_BLANK, NOTE_APART, NOTE_CLEAR };

/* Longer than what the rows have in their first column. */
static bool
is_longest(const struct table_shape *t, struct str first)
{
	for (size_t i = 0; i < t->s->row_count; i++) {
		const struct sample_row *r = &t->s->rows[i];
		if (layout_is_full(t, r) && t->s->cells[r->first].n >= first.n)
			return false;
	}
	return true;
}

/* Its empty cells are nothing but delimiters: "" and spaces are written by who means a row. */
static bool
is_bare(const struct table_shape *t, const struct sample_row *r)
{
	for (size_t c = 0; c < r->count; c++) {
		struct str cell = t->s->cells[r->first + c];
		bool quoted = cell.p > t->s->text.p && cell.p[-1] == t->d->options.quote;
		if (str_trim(cell).n == 0 && (cell.n > 0 || quoted))
			return false;
	}
	return true;
}

/* A line behind the rows that says something about them; NOTE_APART: if they end above it. */
static enum note
note_of(const struct table_shape *t, size_t row)
{
	const struct sample *s = t->s;
	const struct sample_row *r = &s->rows[row];
	size_t width = t->d->width;
	if (r->filled == 0)
		return r->count == 0 || (width >= 2 && is_bare(t, r)) ? NOTE_BLANK : NOTE_NONE;
	struct str first = str_trim(s->cells[r->first]);
	if (width < 2 || first.n == 0 || !is_bare(t, r))
		return NOTE_NONE;
	size_t words = layout_words(first);
	/* A row that was cut off has no line end. */
	bool ended = r->bytes.p + r->bytes.n < s->text.p + s->text.n;
	bool other =
	    t->d->looks[0] > LOOK_TEXT && look_at(first) == LOOK_TEXT && (ended || words > 1);
	if (r->filled == 1 && r->count != width)
		return other || (width >= 3 && (words >= 3 || ended)) ? NOTE_CLEAR : NOTE_APART;
	if (r->count < width) {
		bool sentence = layout_is_sentence(t, r);
		if (width < 3 || look_at(first) != LOOK_TEXT || !(sentence || words >= 3))
			return NOTE_NONE;
		return sentence && other ? NOTE_CLEAR : NOTE_APART;
	}
	if (r->count > width || width < 3)
		return NOTE_NONE;
	if (other && 2 * (size_t)r->filled <= width && 2 * (size_t)r->filled < t->typical)
		return NOTE_CLEAR;
	if (r->filled > 1 || t->typical < 3)
		return NOTE_NONE;
	return words >= 3 && is_longest(t, first) ? NOTE_CLEAR : NOTE_APART;
}

uint64_t
notes_count(const struct table_shape *t, size_t from)
{
	const struct sample *s = t->s;
	size_t first = s->row_count, apart = s->row_count;
	for (size_t i = s->row_count; i > from && s->row_count - i < NOTES_FOUND; i--) {
		enum note note = note_of(t, i - 1);
		if (note == NOTE_NONE)
			break;
		if (note == NOTE_BLANK && apart < first)
			first = apart;
		/* A row of empty cells above notes is none. */
		bool above = first == i && i < s->row_count && s->rows[i - 1].count > 0;
		if (note == NOTE_CLEAR || (note == NOTE_BLANK && above))
			first = i - 1;
		if (note == NOTE_APART)
			apart = i - 1;
	}
	if (first == s->row_count)
		return 0;
	char end = s->text.p[s->text.n - 1];
	return s->lines - s->rows[first].line + (end != '\n' && end != '\r');
}

uint64_t
notes_find(struct dialect *d, struct str tail)
{
	struct csv_options o = d->options;
	struct sample s;
	struct arena own;
	arena_init(&own, MIB(64));
	o.skip = (struct option_count){0};
	sample_init(&s, tail, true, &own);
	sample_split(&s, &o);
	struct table_shape t = {.s = &s, .d = d, .typical = layout_filled(&s, d->width, &own)};
	uint64_t lines = notes_count(&t, 0);
	arena_release(&own);
	return lines;
}
