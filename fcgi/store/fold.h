/*
 * fold.h: text in which upper and lower case are alike: each character is its own lower case by the
 * C library's table of Unicode, one for one.  So Ä is ä and Σ is σ; ß is not ss, and accents count.
 */
#ifndef ROWHOUSE_FOLD_H
#define ROWHOUSE_FOLD_H

#include "base/arena.h"
#include "base/err.h"

#include <locale.h>

/* Gone with the arena. */
bool fold_open(locale_t *out, struct arena *a, struct err *e) MUST_CHECK;

/* `out` has room for FOLD_ROOM(text.n) bytes; returns the length.  The text is valid UTF-8. */
#define FOLD_ROOM(n) (2 * (n) + 4)
size_t fold(char *out, struct str text, locale_t locale);

#endif
