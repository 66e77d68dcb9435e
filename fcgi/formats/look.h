/*
 * look.h: what a cell looks like to a reader of any country; it tells a header from rows and a good
 * way of splitting a line from a bad one.  Types (guess.h) are much stricter: "12,50 EUR" and
 * "31.12.2024" are strings there.
 */
#ifndef ROWHOUSE_LOOK_H
#define ROWHOUSE_LOOK_H

#include "base/base.h"

enum look {
	LOOK_EMPTY,
	LOOK_TEXT,
	LOOK_NUMBER,
	LOOK_DATE, /* with or without a time */
	LOOK_TIME,
	LOOK_BOOLEAN,
	LOOK_ADDRESS, /* of the web or of mail */
	LOOK__MAX
};

/* Space around the cell does not count. */
enum look look_at(struct str cell);
/* It only draws a line: "-----", ":---:", "==+==". */
bool look_is_ruler(struct str cell);

#endif
