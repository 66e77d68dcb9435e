/*
 * jsonscan.h: where a JSON value ends, found byte by byte, so that it may come in pieces and be of
 * any size.  What is no JSON (RFC 8259) is told with what should stand there.
 *
 * Bytes from 0x80 on may stand in texts; whether they are UTF-8 is not looked at.
 */
#ifndef ROWHOUSE_JSONSCAN_H
#define ROWHOUSE_JSONSCAN_H

#include "base/base.h"

enum json_step { JSON_MORE, JSON_DONE, JSON_BAD };

struct json_scan {
	uint8_t state, after; /* `after`: the state behind the text or word */
	uint8_t depth;        /* of open groups */
	uint64_t objects;     /* which of them are objects, a bit each */
	const char *word;     /* what is left of true, false or null */
	const char *expected; /* JSON_BAD: "a comma or the end of the array" */
};

void json_scan_init(struct json_scan *s);

/* Goes over the next n bytes of one value, which begins with no space.  *used: how many belong to
 * it; of JSON_BAD, how many come before the one that is wrong.  `last`: nothing follows. */
enum json_step json_scan(struct json_scan *s, const char *p, size_t n, bool last, size_t *used);

/* Where the space at i ends. */
static inline size_t
json_space(struct str s, size_t i)
{
	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r' || s.p[i] == '\n'))
		i++;
	return i;
}

#endif
