/*
 * tree.h: JSON of at most LIMIT_JSON_TREE_BYTES as a jansson tree, with what jansson does not
 * check itself: depth, and the memory a tree may take (it can cost 77 times its text).
 */
#ifndef ROWHOUSE_TREE_H
#define ROWHOUSE_TREE_H

#include "base/arena.h"
#include "base/err.h"

#include <jansson.h>

/* Must run once at the start of every process, before any other use of jansson. */
void tree_setup(void);

/* Parses text; the tree is freed with the arena.  INPUT (with the line) when it is not JSON, has a
 * duplicate key or a NUL, TOO_BIG over the limits. */
bool tree_parse(json_t **out, struct str text, struct arena *a, struct err *e) MUST_CHECK;
/* Trusted text of our own making, of any size: for pages. */
bool tree_parse_own(json_t **out, struct str text, struct arena *a, struct err *e) MUST_CHECK;

/* The string of a member, or {NULL, 0} when it is missing or no string. */
struct str tree_str(const json_t *object, const char *key);

#endif
