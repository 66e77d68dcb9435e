/*
 * jsonwalk.h: the way through a JSON document, of which the reader's window shows a part: value by
 * value, with the place of each, and on from what is broken where that is certain.
 */
#ifndef ROWHOUSE_JSONWALK_H
#define ROWHOUSE_JSONWALK_H

#include "formats/jsontable.h"

struct json_walk {
	struct reader *r;
	struct json_table *table; /* what the values become */
	/* Of the line that the window's start is on. */
	size_t column; /* bytes before it */
	bool indented; /* all of which are spaces */
	bool stopped;  /* the rest cannot be read, which was told */
};

struct str json_window(const struct json_walk *j);
/* Over n bytes of the window. */
void json_advance(struct json_walk *j, size_t n);

/* The next byte that is no space, at which the window then starts. */
#define JSON_END_OF_FILE (-1)
bool json_next_byte(struct json_walk *j, int *c, struct err *e) MUST_CHECK;

/* A value that begins at the window's start.  `keep`: the window holds all of it then, and starts
 * where it did; else it starts behind it. */
struct json_found {
	enum json_step step; /* JSON_MORE: the file ends in it */
	size_t n;            /* with `keep`: its length, or how far it is good */
	const char *expected;
};
bool json_find_value(
    struct json_walk *j, bool keep, struct json_found *found, struct err *e) MUST_CHECK;

/* Steps over an element of an array that is broken as it was found, to where the next one or the
 * end of the array is for certain; else json_give_up(). */
bool json_skip_broken(
    struct json_walk *j, const struct json_found *found, struct err *e) MUST_CHECK;

/* From `ahead` bytes behind the window's start on nothing can be read: the rows before are kept, or
 * it is an INPUT error when there are none. */
bool json_give_up(
    struct json_walk *j, size_t ahead, const char *expected, struct err *e) MUST_CHECK;
/* The same where the file ends too early.  `inside`: in a record, which is lost. */
bool json_cut_short(struct json_walk *j, bool inside, struct err *e) MUST_CHECK;
/* The rest is read, but not looked at. */
bool json_drain(struct json_walk *j, struct err *e) MUST_CHECK;

#endif
