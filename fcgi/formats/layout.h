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
/* How many of the last lines of a file are notes; tail is its end, from a record on. */
uint64_t layout_notes(struct dialect *d, struct str tail);

#endif
