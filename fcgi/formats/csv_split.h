/*
 * csv_split.h: one record of CSV taken apart without being copied, for who must look at it before
 * or after csv.c does: finding out the dialect, and repairing a record that does not fit.  It reads
 * exactly as csv.c does, only slower.
 *
 * A quote opens a field at its beginning (behind spaces too) and closes it where a delimiter, a
 * line end or the end follows (behind spaces too); written twice (unless there is no escape), or
 * behind the escape, it is text, and so is any other one inside a field, which is then `stray`.
 */
#ifndef ROWHOUSE_CSV_SPLIT_H
#define ROWHOUSE_CSV_SPLIT_H

#include "formats/table.h"

#define CSV_NUL 256 /* the escape is the byte 0 (in options 0 means: find out) */

struct csv_syntax {
	struct str delimiter;
	int quote, escape; /* as in csv_options, and CSV_NUL */
};

/* Where a field's text stands, without its quotes; `escaped`: csv_field_text() has work to do. */
struct csv_field {
	size_t start, length;
	bool quoted, escaped;
};

struct csv_split {
	struct csv_field *fields; /* the first `max` of them */
	size_t max, count;
	size_t length; /* of the record, with its line end */
	size_t text;   /* of it, without */
	bool stray;    /* a quote stood inside a field */
	bool open;     /* the text ended before a quote was closed */
	size_t opened; /* quotes that opened a field */
};

/* How a record is looked at that does not fit as it is. */
struct csv_trial {
	size_t literal; /* which of the opening quotes is text, from 0; SIZE_MAX: none */
	bool one_line;  /* no field goes on behind a line end: its quote is text instead */
};
#define CSV_AS_IT_IS ((struct csv_trial){SIZE_MAX, false})

/* The record at the beginning of the text. */
void csv_split(
    struct csv_split *out, const struct csv_syntax *s, struct csv_trial trial, struct str text);

/* The text of a field without its escapes; `out` has room for its length.  Returns how long it
 * is. */
size_t csv_field_text(
    char *out, const struct csv_syntax *s, struct str text, const struct csv_field *f);

/* An escape takes the meaning of this byte, and is gone then; before any other it is text. */
bool csv_is_escapable(const struct csv_syntax *s, char c);

/* The delimiter stands at p, before `end`. */
static inline bool
csv_at_delimiter(const struct csv_syntax *s, const char *p, const char *end)
{
	return (size_t)(end - p) >= s->delimiter.n && s->delimiter.n > 0 &&
	       memcmp(p, s->delimiter.p, s->delimiter.n) == 0;
}

#endif
