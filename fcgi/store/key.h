/*
 * key.h: the value of a cell as bytes that memcmp() compares: the one place that says which of two
 * values is less, and which are the same.
 *
 * A key begins with its class: a value of the column's type, then anything else that stands there,
 * then the three kinds of nothing, which stay apart.  Behind it the value:
 *
 *   integer, number   exactly, whatever their length: 2^63 and 2^63 + 1 differ, 1.10 is 1.1, -0 is
 *                     0, 1e400 is more than 1e308.  Text that is a JSON number counts as that.
 *   date, datetime    the moment; without a zone it is UTC, a day is its midnight
 *   boolean           false before true
 *   string, text      the UTF-8 bytes, which is the order of the code points: Z before a before ä
 *   json              the bytes of the token, as it is stored
 *
 * What does not fit its column's type, as "n/a" among numbers, is KEY_OTHER and compares as text.
 */
#ifndef ROWHOUSE_KEY_H
#define ROWHOUSE_KEY_H

#include "formats/guess.h"

enum key_class { KEY_VALUE = 1, KEY_OTHER, KEY_EMPTY, KEY_NULL, KEY_ABSENT };

/* Room for the key of a cell or text of n bytes. */
#define KEY_ROOM(n) ((n) + 24)

/* Both return the length, at least 1. */
size_t key_of_cell(char *out, const struct cell *c, enum column_type type);
size_t key_of_text(char *out, struct str text, enum column_type type);

/* <0, 0, >0 */
int key_compare(struct str a, struct str b);

/* Where the value stands on a line, for histograms: the nearest double, seconds since 1970 of a
 * moment.  False: the type has no line, the key is no KEY_VALUE, or no finite double is near. */
bool key_place(double *out, struct str key, enum column_type type);

/* Values of this type are no texts. */
bool key_is_typed(enum column_type type);

/* Values of this type lie on a line. */
bool key_has_place(enum column_type type);

#endif
