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
 * in the arena. */
void layout_find(struct dialect *d, struct sample *s, struct arena *a);

#endif
