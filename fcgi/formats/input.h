/*
 * input.h: the bytes of one uploaded file, read once from front to back.
 *
 * It is a range of an open file (a blob, or one part inside a request body), so that a part can be
 * read before it is stored.  A filter (unpack.h) stands behind the same calls.
 */
#ifndef ROWHOUSE_INPUT_H
#define ROWHOUSE_INPUT_H

#include "base/err.h"

struct input;
struct input_filter {
	/* As input_read(), n > 0; sets the input's length to 0 with the last bytes and keeps its
	 * `done`. */
	bool (*read)(struct input *in, void *p, size_t n, size_t *got, struct err *e);
	/* The next bytes, as far as it holds them already: before the first read at least
	 * INPUT_HELD_BYTES, or all up to the end or to what cannot be read. */
	struct str (*held)(const struct input *in);
};
#define INPUT_HELD_BYTES ((size_t)32 << 10)
#define INPUT_PEEK_BYTES ((size_t)128 << 10) /* of a file without a filter, in one look */

struct input {
	int fd;
	uint64_t offset, length; /* the range; offset moves on, length shrinks; with a filter the
				    length is only known to be 0 (at the end) or not */
	uint64_t done, total;    /* bytes read of all bytes of the file, for progress */
	struct input_filter *filter; /* NULL: the bytes as they are in the file */
	const void *spare[1];
};

void input_init(struct input *in, int fd, uint64_t offset, uint64_t length);
/* Reads up to n bytes; *got is 0 at the end only, where in->length is 0. */
bool input_read(struct input *in, void *p, size_t n, size_t *got, struct err *e) MUST_CHECK;

/* Up to n of the bytes that stand `at` behind the next one, without moving on.  *got is 0 where
 * there are none, or where a filter holds no more. */
bool input_peek(
    struct input *in, uint64_t at, void *p, size_t n, size_t *got, struct err *e) MUST_CHECK;

#endif
