/* split.c: see split.h. */
#include "formats/split.h"

/* How many later quotes may close a cell before it is given up. */
#define CLOSINGS 16
/* A record with more wrong quotes than this is not understood. */
#define ODDITIES 8

struct search {
	const char *start, *end;
	const struct csv_options *o;
	struct split_cell *cells;
	size_t width;
	unsigned steps;
	int oddities; /* quotes that may still be something else than they should */
};

static bool
at_delimiter(const struct search *s, const char *p)
{
	struct str d = s->o->delimiter;
	return *p == d.p[0] && (size_t)(s->end - p) >= d.n && memcmp(p, d.p, d.n) == 0;
}

static bool
cell_ends(const struct search *s, const char *p)
{
	return p == s->end || at_delimiter(s, p);
}

static bool
escapes(const struct search *s, const char *p)
{
	return s->o->escape != CSV_NONE && s->o->escape != s->o->quote && *p == s->o->escape &&
	       s->end - p > 1;
}

static bool
is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* Where a cell without quotes ends; a line end is no part of one. */
static const char *
plain_end(const struct search *s, const char *p)
{
	while (!cell_ends(s, p) && !is_line_end(*p))
		p += escapes(s, p) && at_delimiter(s, p + 1) ? 2 : 1;
	return p;
}

/* The quote that closes a cell by the rules; NULL: none does. */
static const char *
strict_close(const struct search *s, const char *open)
{
	bool doubled = s->o->escape == s->o->quote;
	for (const char *p = open + 1; p < s->end; p++) {
		if (escapes(s, p))
			p++;
		else if (*p == s->o->quote && doubled && s->end - p > 1 && p[1] == s->o->quote)
			p++;
		else if (*p == s->o->quote)
			return cell_ends(s, p + 1) ? p : NULL;
	}
	return NULL;
}

/* The next quote behind p that stands before a delimiter or the end. */
static const char *
next_close(const struct search *s, const char *p)
{
	for (p++; p < s->end; p++)
		if (*p == s->o->quote && cell_ends(s, p + 1))
			return p;
	return NULL;
}

static bool split_from(struct search *s, const char *p, size_t i);

/* The cell i is [from, to), what follows it begins at `behind`; its quotes are odd or not. */
static bool
try_cell(struct search *s, size_t i, struct str text, const char *behind, bool quoted, int odd)
{
	if (s->oddities < odd)
		return false;
	s->oddities -= odd;
	s->cells[i] = (struct split_cell){text, quoted};
	bool fits = behind == s->end
			? i + 1 == s->width
			: i + 1 < s->width && split_from(s, behind + s->o->delimiter.n, i + 1);
	s->oddities += odd;
	return fits;
}

static struct str
between(const char *from, const char *to)
{
	return (struct str){from, (size_t)(to - from)};
}

static bool
split_from(struct search *s, const char *p, size_t i)
{
	/* Cells without quotes leave no choice. */
	while (s->o->quote == CSV_NONE || p == s->end || *p != s->o->quote) {
		const char *end = plain_end(s, p);
		s->cells[i] = (struct split_cell){between(p, end), false};
		if (end == s->end || i + 1 == s->width || is_line_end(*end))
			return end == s->end && i + 1 == s->width;
		p = end + s->o->delimiter.n;
		i++;
	}
	if (++s->steps > SPLIT_STEPS)
		return false;
	const char *strict = strict_close(s, p);
	if (strict && try_cell(s, i, between(p + 1, strict), strict + 1, true, 0))
		return true;
	const char *close = p;
	for (int n = 0; n < CLOSINGS && (close = next_close(s, close)) != NULL; n++)
		if (close != strict && try_cell(s, i, between(p + 1, close), close + 1, true, 1))
			return true;
	const char *end = plain_end(s, p);
	return cell_ends(s, end) && try_cell(s, i, between(p, end), end, false, 1);
}

bool
split_exactly(struct split_cell *cells, size_t width, struct str text, const struct csv_options *o)
{
	struct search s = {text.p, text.p + text.n, o, cells, width, 0, 0};
	for (int most = 0; most <= ODDITIES && width > 0; most++) {
		s.oddities = most;
		if (split_from(&s, text.p, 0))
			return true;
	}
	return false;
}

size_t
split_loosely(struct split_cell *cells, size_t most, struct str text, const struct csv_options *o)
{
	struct search s = {text.p, text.p + text.n, o, cells, most, 0, 0};
	const char *p = text.p;
	for (size_t n = 0; n < most;) {
		bool opens = o->quote != CSV_NONE && p < s.end && *p == o->quote;
		const char *close = opens ? strict_close(&s, p) : NULL;
		const char *end = close ? close + 1 : plain_end(&s, p);
		cells[n].quoted = close != NULL;
		cells[n].text = close ? (struct str){p + 1, (size_t)(close - p - 1)}
				      : (struct str){p, (size_t)(end - p)};
		n++;
		if (end == s.end)
			return n;
		p = end + o->delimiter.n;
	}
	return most;
}

size_t
split_text(char *out, const struct split_cell *cell, const struct csv_options *o)
{
	bool doubled = o->escape == o->quote;
	const char *p = cell->text.p, *end = p + cell->text.n;
	size_t n = 0;
	while (p < end) {
		bool pair = end - p > 1 && o->escape != CSV_NONE && *p == o->escape;
		if (pair && doubled)
			p += cell->quoted && p[1] == o->quote;
		else if (pair)
			p += p[1] == o->quote || p[1] == o->escape || p[1] == o->delimiter.p[0];
		out[n++] = *p++;
	}
	return n;
}

const char *
split_other_delimiter(
    struct split_cell *cells, size_t width, struct str text, const struct csv_options *o)
{
	static const char others[][2] = {",", ";", "\t", "|", " ", ":"};
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		struct csv_options other = *o;
		if (o->delimiter.n == 1 && o->delimiter.p[0] == others[i][0])
			continue;
		other.delimiter = (struct str){others[i], 1};
		size_t found = 0;
		for (const char *p = text.p;
		     (p = memchr(p, others[i][0], (size_t)(text.p + text.n - p))) != NULL; p++)
			if (++found + 1 >= width)
				break;
		if (found + 1 >= width && width > 1 && split_exactly(cells, width, text, &other))
			return others[i];
	}
	return NULL;
}
