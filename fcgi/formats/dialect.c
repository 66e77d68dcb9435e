/* dialect.c: see dialect.h. */
#include "formats/dialect.h"
#include "formats/layout.h"
#include "formats/look.h"
#include "formats/sample.h"

/* How much of the sample is tried under every dialect. */
#define TRIED_BYTES ((size_t)KIB(48))
/* How much better it is that all rows have the same number of cells than that nearly all have. */
#define ALL_ALIKE 1.3
/* One line alone says little of delimiters that often stand in text. */
#define ONE_LINE 0.4

/* Delimiters in the order they are preferred when all else is the same, and how far one that often
 * stands in text is believed. */
static const struct candidate {
	const char *delimiter;
	double trust;
} candidates[] = {
    {",", 1},
    {";", 1},
    {"\t", 1},
    {"|", 1},
    {", ", 1},
    {"; ", 1},
    {"\t\t", 1},
    {"||", 1},
    {" | ", 1},
    {"::", 0.95},
    {"|~|", 0.95},
    {"~|~", 0.95},
    {"\\t", 0.95},
    {"\x1f", 1},
    {"\x01", 1},
    {"\x1e", 1},
    {"~", 0.9},
    {"^", 0.9},
    {"\xc2\xa6", 0.9},
    {"\xef\xbc\x8c", 0.8},
    {"\xef\xbc\x9b", 0.9},
    {"&", 0.7},
    {"*", 0.7},
    {"#", 0.6},
    {"!", 0.6},
    {":", 0.6},
    {"  ", 0.5},
    {" ", 0.65},
};

/* The first of them hardly stand in text. */
#define PLAIN_CANDIDATES 4

static const char quotes[] = {'"', '\'', '`'};

static bool
contains(struct str text, struct str part)
{
	const char *p = text.p, *end = text.p + text.n;
	while ((p = memchr(p, part.p[0], (size_t)(end - p))) != NULL) {
		if ((size_t)(end - p) >= part.n && memcmp(p, part.p, part.n) == 0)
			return true;
		p++;
	}
	return false;
}

/* How much a cell looks as if somebody meant it to be one. */
static double
cell_worth(struct str cell, bool quoted)
{
	if (cell.n == 0)
		return 0.6;
	char first = cell.p[0], last = cell.p[cell.n - 1];
	if (!quoted && memchr(cell.p, '"', cell.n))
		return 0;
	enum look look = look_at(cell);
	bool padded = first == ' ' || last == ' ' || first == '\t' || last == '\t';
	if (padded)
		return look == LOOK_TEXT ? 0.2 : 0.6;
	if (look != LOOK_TEXT)
		return 1;
	if ((first == '\'' && last == '\'') || strchr(",;|\t", first) || strchr(",;|\t", last))
		return 0.1;
	return 0.5;
}

/* Spaces stand between words, too: there must be more than words before they are delimiters. */
static bool
is_prose(const struct sample *s, const struct csv_options *o)
{
	if (o->delimiter.p[0] != ' ' || s->quoted > 0)
		return false;
	for (size_t i = 0; i < s->cell_count; i++) {
		enum look look = look_at(s->cells[i]);
		if (look != LOOK_TEXT && look != LOOK_EMPTY)
			return false;
	}
	return true;
}

/* It holds what usually stands between cells. */
static bool
is_splittable(struct str cell)
{
	if (look_at(cell) == LOOK_ADDRESS)
		return false;
	for (size_t i = 0; i < cell.n; i++)
		if (cell.p[i] == ',' || cell.p[i] == ';' || cell.p[i] == '\t' || cell.p[i] == '|')
			return true;
	return false;
}

/* Which columns have a cell that is not empty, and how many they are. */
static size_t
find_used(bool *used, const struct sample *s, size_t width)
{
	size_t n = 0;
	for (size_t i = 0; i < s->row_count; i++) {
		const struct sample_row *row = &s->rows[i];
		for (size_t k = 0; k < width && row->count == width; k++)
			used[k] |= s->cells[row->first + k].n > 0;
	}
	for (size_t k = 0; k < width; k++)
		n += used[k];
	return n > 0 ? n : 1;
}

/* Lines of one cell before the first row. */
static size_t
lines_above(const struct sample *s, size_t width)
{
	size_t lines = 0;
	for (size_t i = 0; i < s->row_count && s->rows[i].count != width; i++)
		lines += s->rows[i].count == 1;
	return lines;
}

/* A quote was opened in one cell of the row and closed in another: cells are torn apart. */
static bool
has_torn_quotes(const struct sample *s, const struct sample_row *row, const struct csv_options *o)
{
	bool opened = false;
	for (size_t k = 0; k < row->count; k++) {
		struct str cell = s->cells[row->first + k];
		if (cell.n == 0 || (cell.p > s->text.p && cell.p[-1] == o->quote))
			continue;
		const char *quote = memchr(cell.p, '"', cell.n);
		bool odd = false;
		for (const char *p = quote; p && p < cell.p + cell.n; p++)
			odd ^= *p == '"';
		if (odd && opened)
			return true;
		opened |= odd;
	}
	return false;
}

static double
score(
    const struct sample *s, const struct csv_options *o, const struct candidate *c, struct arena *a)
{
	size_t rows, alike;
	struct arena_mark mark = arena_mark(a);
	size_t width = sample_width(s, &rows, &alike, a);
	arena_reset(a, mark);
	if (rows == 0 || width == 0 || is_prose(s, o))
		return 0;
	/* One cell a line, or delimiters that often stand in text. */
	bool doubtful = width == 1 || c->trust < 1;
	/* Columns without any cell are no gain: they are half of a longer delimiter. */
	bool *used = arena_array(a, width, sizeof *used);
	size_t gained = find_used(used, s, width), cells = 0;
	double worth = 0;
	size_t torn = 0;
	for (size_t i = 0; i < s->row_count; i++) {
		const struct sample_row *row = &s->rows[i];
		torn += has_torn_quotes(s, row, o);
		for (size_t k = 0; k < row->count && row->count == width; k++) {
			if (!used[k])
				continue;
			cells++;
			struct str cell = s->cells[row->first + k];
			bool quoted = cell.p > s->text.p && cell.p[-1] == o->quote;
			worth += cell_worth(cell, quoted) *
				 (doubtful && !quoted && is_splittable(cell) ? 0.4 : 1);
		}
	}
	arena_reset(a, mark);
	if (cells == 0)
		return 0;
	/* What is consistent by itself is so under the right delimiter alone. */
	double others = width == 1 ? 0 : 0.8 * (double)sample_blocks(s, width);
	/* Lines of text above a table are no rows, however many. */
	double lines = alike >= 3 ? 0.7 * (double)lines_above(s, width) : 0;
	double consistent = ((double)alike + others) / ((double)rows - lines);
	double gain = width == 1 ? 0.35 : (double)(gained - 1) / (double)gained * c->trust;
	gain *= 1 - 0.1 * (double)(width - gained) / (double)width;
	double stray = (double)s->stray / (double)(rows + s->stray);
	double whole = 1 - 0.5 * (double)torn / (double)s->row_count;
	/* A header that is split as the rows are says much. */
	double all = alike == rows && rows > 1 ? ALL_ALIKE : 1;
	if (rows == 1 && c->trust < 1)
		all = ONE_LINE;
	return consistent * consistent * gain * worth / (double)cells * (1 - stray) * whole * all;
}

static size_t
count_of(struct str text, struct str part)
{
	size_t n = 0;
	for (size_t i = 0; i + part.n <= text.n; i++)
		if (text.p[i] == part.p[0] && memcmp(text.p + i, part.p, part.n) == 0) {
			n++;
			i += part.n - 1;
		}
	return n;
}

/* It stands nowhere but in a longer delimiter. */
static bool
is_part_of_longer(struct str text, struct str delimiter)
{
	for (size_t i = 0; i < ARRAY_LENGTH(candidates); i++) {
		struct str longer = str_of(candidates[i].delimiter);
		size_t inside = count_of(longer, delimiter);
		if (longer.n > delimiter.n + 1 && inside > 0 && longer.p[longer.n - 1] != ' ' &&
		    count_of(text, delimiter) == inside * count_of(text, longer))
			return true;
	}
	return false;
}

struct trial {
	struct sample sample;
	struct csv_options best;
	double score;
	struct arena *arena;
	bool found;
};

static void
attempt(struct trial *t, const struct csv_options *o, const struct candidate *c)
{
	sample_split(&t->sample, o);
	double points = score(&t->sample, o, c, t->arena);
	/* Other quotes than the usual one must have been used to be believed. */
	bool believed = o->quote == '"' || o->quote == CSV_NONE ||
			((t->sample.quoted > 1 || t->sample.protected > 0) &&
			    t->sample.quoted > t->sample.stray);
	/* Rounding must not decide between two that are the same. */
	if (!t->found || (believed && points > t->score * 1.0001)) {
		t->found = true;
		t->score = points;
		t->best = *o;
	}
}

/* Both escapes, where there is something to tell them apart. */
static void
attempt_escapes(struct trial *t, struct csv_options o, const struct candidate *c)
{
	if (o.escape != 0) {
		attempt(t, &o, c);
		return;
	}
	o.escape = o.quote;
	attempt(t, &o, c);
	char escaped[3] = {'\\', (char)o.quote, 0}, delimiter[3] = {'\\', o.delimiter.p[0], 0};
	if (o.quote != CSV_NONE && (contains(t->sample.text, str_of(escaped)) ||
				       contains(t->sample.text, str_of(delimiter)))) {
		o.escape = '\\';
		attempt(t, &o, c);
	}
}

static void
attempt_quotes(struct trial *t, struct csv_options o, const struct candidate *c)
{
	if (o.quote != 0) {
		attempt_escapes(t, o, c);
		return;
	}
	bool tried = false;
	for (size_t i = 0; i < sizeof quotes; i++) {
		o.quote = quotes[i];
		if (memchr(o.delimiter.p, quotes[i], o.delimiter.n) ||
		    (i > 0 && !memchr(t->sample.text.p, quotes[i], t->sample.text.n)))
			continue;
		attempt_escapes(t, o, c);
		tried = true;
	}
	if (!tried) {
		o.quote = CSV_NONE;
		attempt_escapes(t, o, c);
	}
}

static void
find_marks(struct csv_options *o, struct str text, bool whole, struct arena *a)
{
	struct trial t = {.arena = a};
	size_t given_bytes = o->delimiter.n;
	if (text.n > TRIED_BYTES) {
		text.n = TRIED_BYTES;
		whole = false;
	}
	sample_init(&t.sample, text, whole, a);
	struct candidate given = {"", 1};
	if (o->delimiter.n) {
		attempt_quotes(&t, *o, &given);
	} else {
		for (size_t i = 0; i < ARRAY_LENGTH(candidates); i++) {
			o->delimiter = str_of(candidates[i].delimiter);
			if (i == 0 || (contains(text, o->delimiter) &&
					  !is_part_of_longer(text, o->delimiter)))
				attempt_quotes(&t, *o, &candidates[i]);
		}
	}
	bool given_delimiter = given_bytes > 0;
	*o = t.best;
	sample_split(&t.sample, o);
	size_t rows, alike;
	if (given_delimiter || sample_width(&t.sample, &rows, &alike, a) != 1)
		return;
	for (size_t i = 0; i < PLAIN_CANDIDATES; i++) {
		struct csv_options other = *o;
		other.delimiter = str_of(candidates[i].delimiter);
		sample_split(&t.sample, &other);
		if (sample_labels(&t.sample, o) > 1) {
			*o = other;
			return;
		}
	}
}

void
dialect_find(struct dialect *out, struct str sample, bool whole, const struct csv_options *wanted,
    struct arena *a)
{
	*out = (struct dialect){.options = *wanted};
	struct arena own;
	arena_init(&own, MIB(64));
	find_marks(&out->options, sample, whole, &own);
	struct sample s;
	sample_init(&s, sample, whole, &own);
	sample_split(&s, &out->options);
	layout_find(out, &s, &own);
	uint8_t *looks = arena_alloc(a, out->width + 1);
	memcpy(looks, out->looks, out->width);
	out->looks = looks;
	arena_release(&own);
}
