/*
 * unpack.h: a compressed file (gzip, zstd, bzip2, xz) as the bytes inside, behind input_read().
 *
 * A file may be several streams one behind the other, as `cat a.gz b.gz` makes them, and zero bytes
 * may fill it up; anything else behind a stream is damage.  Memory is flat but for what the stream
 * asks for its window, which is limited.
 */
#ifndef ROWHOUSE_UNPACK_H
#define ROWHOUSE_UNPACK_H

#include "base/arena.h"
#include "formats/input.h"

/*
 * Puts a filter on an input that nothing was read of.  `packing` is a name of option "packing";
 * empty: found by the first bytes.  *found is the name, "none" for a file that is not compressed.
 * At most `most` bytes come out (TOO_BIG).  Errors: INPUT with the field "packing" when the file is
 * not what was asked for.  A damaged file fails when the damage is met (INPUT, how far it could be
 * read); all bytes before it are handed out first.  The filter's memory goes with the arena.
 */
bool unpack_open(struct input *in, struct str packing, uint64_t most, struct str *found,
    struct arena *a, struct err *e) MUST_CHECK;

#endif
