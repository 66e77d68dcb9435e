/*
 * layout.h: which lines of a CSV file are its preamble, its header, its rows and the notes below
 * them, and what its columns look like: part of dialect.c.
 *
 * Rows are alike; all else stands out against them, by its number of cells or by how they look.
 */
#ifndef ROWHOUSE_LAYOUT_H
#define ROWHOUSE_LAYOUT_H

#include "formats/dialect.h"
#include "formats/sample.h"

/* Sets what d->options leave open besides the marks, which the sample was split by; d->looks lives
 * in the arena.  The footer stays open when the sample is not the whole file. */
void layout_find(struct dialect *d, struct sample *s, struct arena *a);

/* What notes.c needs of it. */
struct table_shape {
	struct sample *s;
	struct dialect *d;
	size_t typical; /* filled cells that most of the rows that are alike have */
};

/* A row as most are, by its cells. */
bool layout_is_full(const struct table_shape *t, const struct sample_row *row);
/* Delimiters are followed by spaces, as in a sentence. */
bool layout_is_sentence(const struct table_shape *t, const struct sample_row *r);
/* Words with spaces between them. */
size_t layout_words(struct str text);
/* How many cells most of the rows of that width have filled. */
size_t layout_filled(const struct sample *s, size_t width, struct arena *a);

#endif
