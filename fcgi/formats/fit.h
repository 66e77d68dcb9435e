/*
 * fit.h: whether a value can stand in a column whose type somebody has declared (seeds/000, "Column
 * Types").  A type that was only found out (guess.h) forbids nothing.
 */
#ifndef ROWHOUSE_FIT_H
#define ROWHOUSE_FIT_H

#include "formats/guess.h"

/* NULL: it fits.  Else what the value must be, as "a number".  Empty text, null and absent fit
 * every type: whether a column may be empty is another question. */
const char *fit_cell(const struct cell *c, enum column_type type);

#endif
