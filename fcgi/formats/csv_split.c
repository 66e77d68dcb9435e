/* csv_split.c: see csv_split.h. */
#include "formats/csv_split.h"

/* A byte of the text, or no byte at all. */
static int
byte_at(struct str t, size_t i)
{
	return i < t.n ? (unsigned char)t.p[i] : -1;
}

static bool
is_line_end(int c)
{
	return c == '\n' || c == '\r';
}

static bool
is_delimiter(const struct csv_syntax *s, struct str t, size_t i)
{
	return i < t.n && csv_at_delimiter(s, t.p + i, t.p + t.n);
}

static bool
is_escape(const struct csv_syntax *s, int c)
{
	return c >= 0 && s->escape != s->quote && (s->escape == CSV_NUL ? c == 0 : c == s->escape);
}

bool
csv_is_escapable(const struct csv_syntax *s, char c)
{
	return c == s->quote || (s->escape != CSV_NUL && c == s->escape) || c == '\n' ||
	       c == '\r' || (s->delimiter.n && c == s->delimiter.p[0]);
}

/* Two quotes are one that is text. */
static bool
doubles(const struct csv_syntax *s)
{
	return s->escape != CSV_NONE;
}

/* Spaces that are not (the beginning of) a delimiter. */
static size_t
skip_spaces(const struct csv_syntax *s, struct str t, size_t i)
{
	while ((byte_at(t, i) == ' ' || byte_at(t, i) == '\t') && !is_delimiter(s, t, i))
		i++;
	return i;
}

static bool
ends_field(const struct csv_syntax *s, struct str t, size_t i)
{
	i = skip_spaces(s, t, i);
	return i == t.n || is_line_end(byte_at(t, i)) || is_delimiter(s, t, i);
}

/* From behind the opening quote at `start` to its closing one; SIZE_MAX: there is none. */
static size_t
find_close(struct csv_split *out, const struct csv_syntax *s, struct csv_trial trial, struct str t,
    size_t start, bool *escaped)
{
	bool stray = false;
	for (size_t i = start; i < t.n; i++) {
		int c = byte_at(t, i);
		if (is_escape(s, c) && i + 1 < t.n && csv_is_escapable(s, t.p[i + 1])) {
			*escaped = true;
			i++;
		} else if (c == s->quote && doubles(s) && byte_at(t, i + 1) == s->quote) {
			*escaped = true;
			i++;
		} else if (c == s->quote && ends_field(s, t, i + 1)) {
			out->stray |= stray;
			return i;
		} else if (c == s->quote) {
			stray = true;
		} else if (trial.one_line && is_line_end(c)) {
			return SIZE_MAX;
		}
	}
	return SIZE_MAX;
}

/* Where a field without quotes ends. */
static size_t
find_end(const struct csv_syntax *s, struct str t, size_t i, bool *escaped)
{
	for (; i < t.n; i++) {
		int c = byte_at(t, i);
		if (is_line_end(c) || is_delimiter(s, t, i))
			return i;
		if (is_escape(s, c) && i + 1 < t.n && csv_is_escapable(s, t.p[i + 1])) {
			*escaped = true;
			i++;
		}
	}
	return i;
}

/* One field from `at`; returns where it ends. */
static size_t
split_field(struct csv_split *out, struct csv_field *f, const struct csv_syntax *s,
    struct csv_trial trial, struct str t, size_t at)
{
	size_t open = skip_spaces(s, t, at);
	*f = (struct csv_field){.start = at};
	if (s->quote > 0 && byte_at(t, open) == s->quote && out->opened++ != trial.literal) {
		bool escaped = false;
		size_t close = find_close(out, s, trial, t, open + 1, &escaped);
		if (close != SIZE_MAX) {
			*f = (struct csv_field){open + 1, close - open - 1, true, escaped};
			return skip_spaces(s, t, close + 1);
		}
		out->open = true;
	}
	size_t end = find_end(s, t, at, &f->escaped);
	f->length = end - at;
	return end;
}

void
csv_split(struct csv_split *out, const struct csv_syntax *s, struct csv_trial trial, struct str t)
{
	struct csv_field spare;
	size_t at = 0;
	out->count = out->opened = 0;
	out->stray = out->open = false;
	for (;;) {
		struct csv_field *f = out->count < out->max ? &out->fields[out->count] : &spare;
		at = split_field(out, f, s, trial, t, at);
		out->count++;
		if (!is_delimiter(s, t, at))
			break;
		at += s->delimiter.n;
	}
	out->text = at;
	if (at < t.n)
		at += byte_at(t, at) == '\r' && byte_at(t, at + 1) == '\n' ? 2 : 1;
	out->length = at;
}

size_t
csv_field_text(char *out, const struct csv_syntax *s, struct str t, const struct csv_field *f)
{
	size_t n = 0;
	const struct str text = {t.p + f->start, f->length};
	for (size_t i = 0; i < text.n; i++) {
		int c = byte_at(text, i);
		if (is_escape(s, c) && i + 1 < text.n && csv_is_escapable(s, text.p[i + 1]))
			i++;
		else if (f->quoted && c == s->quote && doubles(s) &&
			 byte_at(text, i + 1) == s->quote)
			i++;
		out[n++] = text.p[i];
	}
	return n;
}
