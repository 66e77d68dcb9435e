/* utf8.h: the few things Rowhouse must know about UTF-8 (RFC 3629). */
#ifndef ROWHOUSE_UTF8_H
#define ROWHOUSE_UTF8_H

#include "base/base.h"

/* Length of the longest prefix of p that is valid UTF-8; n when all of it is. */
size_t utf8_valid(const char *p, size_t n);
/* How many characters (code points) a valid text has. */
size_t utf8_count(struct str s);
/* Writes a code point; `out` has room for 4 bytes; returns how many it took. */
size_t utf8_put(char *out, uint32_t code);

/* Text in which what is not UTF-8 is U+FFFD; the text itself when all of it is. */
struct arena;
struct str utf8_clean(struct arena *a, struct str s);

#endif
