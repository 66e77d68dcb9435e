/*
 * lines.h: a text file line by line, for whoever has no use for a table: LF, CRLF and CR each end a
 * line; the last one needs none.  Bytes are handed out as they are, whatever their encoding.
 */
#ifndef ROWHOUSE_LINES_H
#define ROWHOUSE_LINES_H

#include "base/arena.h"
#include "formats/input.h"

struct line_reader {
	struct input *in;
	char *window, **held; /* held: the same in the arena, which frees it */
	size_t capacity, start, end;
	uint64_t number; /* of the line handed out last, from 1 */
	bool at_end;
};

/* Its memory goes with the arena. */
void line_reader_init(struct line_reader *l, struct input *in, struct arena *a);
/* The next line without its end; good until the next call.  False at the end of the file, or with
 * the err set: what reading said, or TOO_BIG for a line over LIMIT_CELL_BYTES. */
bool line_reader_next(struct line_reader *l, struct str *line, struct err *e) MUST_CHECK;

#endif
