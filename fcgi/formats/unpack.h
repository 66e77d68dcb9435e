/*
 * unpack.h: a compressed file (gzip, zstd, bzip2, xz), or one file of a ZIP archive, as the bytes
 * inside, behind input_read().  What is inside is not unpacked once more.
 *
 * A file may be several streams one behind the other, as `cat a.gz b.gz` makes them, and zero bytes
 * may fill it up; anything else behind a stream is damage.  Memory is flat but for what the stream
 * asks for its window, which is limited.
 */
#ifndef ROWHOUSE_UNPACK_H
#define ROWHOUSE_UNPACK_H

#include "formats/archive.h"

struct unpacked {
	struct str packing; /* a name of option "packing"; "none": the file is not compressed */
	struct str member;  /* of a ZIP archive, which file was taken */
	struct archive *document; /* the archive is one document (a workbook), to be read as such:
				     nothing was unpacked */
};

/*
 * Puts a filter on an input that nothing was read of.  `packing` is a name of option "packing";
 * empty: found by the first bytes.  `member`: archive_choose().  At most `most` bytes come out
 * (TOO_BIG).  Errors: INPUT with the field "packing" when the file is not what was asked for.  A
 * damaged file fails when the damage is met (INPUT, how far it could be read); the bytes before
 * it are handed out first (but for the last 4 KiB of a ZIP).  The filter's memory goes with the
 * arena.
 */
bool unpack_open(struct input *in, struct str packing, struct str member, uint64_t most,
    struct unpacked *found, struct arena *a, struct err *e) MUST_CHECK;

#endif
