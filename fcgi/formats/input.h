/*
 * input.h: the bytes of one uploaded file, read once from front to back.
 *
 * It is a range of an open file (a blob, or one part inside a request body), so that a part can be
 * read before it is stored.  Later formats put a decompressor behind the same three calls.
 */
#ifndef ROWHOUSE_INPUT_H
#define ROWHOUSE_INPUT_H

#include "base/err.h"

struct input {
	int fd;
	uint64_t offset, length; /* the range; offset moves on, length shrinks */
	uint64_t done, total;    /* bytes read of all bytes, for progress */
	const void *spare[2];
};

void input_init(struct input *in, int fd, uint64_t offset, uint64_t length);
/* Reads up to n bytes; *got is 0 at the end only. */
bool input_read(struct input *in, void *p, size_t n, size_t *got, struct err *e) MUST_CHECK;

#endif
