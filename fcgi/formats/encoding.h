/*
 * encoding.h: text of any encoding as UTF-8, behind input_read().
 *
 * What is UTF-8 passes untouched, without a filter.  A unit that means nothing (half a surrogate
 * pair, a byte the code page does not have) becomes one byte 0xff, which is no UTF-8, so that the
 * reader tells it where it stands.
 */
#ifndef ROWHOUSE_ENCODING_H
#define ROWHOUSE_ENCODING_H

#include "base/arena.h"
#include "formats/input.h"

struct encoding {
	struct str name; /* "utf-8", "utf-16le", "windows-1252" ... */
	bool guessed;    /* nothing said so, neither the caller nor a byte order mark */
};

/*
 * Makes an input of text that nothing was read of give UTF-8 without a byte order mark.  `wanted`
 * is a name, in any case, also one of the usual other ones (latin1, cp1252, utf16); empty: found
 * out from the beginning (see encoding_guess.h).  INPUT with the field "encoding" for a name that
 * is not known.  What it needs goes with the arena.
 */
bool encoding_open(struct input *in, struct str wanted, struct encoding *found, struct arena *a,
    struct err *e) MUST_CHECK;

#endif
