/*
 * jsonl.h: the reader of JSONL, one JSON object per line; table.h says what a reader does.
 *
 * A line that is no object is skipped with a finding, because the next line can always be found.
 * Values keep the bytes they were written with: 1.10 stays 1.10.
 */
#ifndef ROWHOUSE_JSONL_H
#define ROWHOUSE_JSONL_H

#include "formats/reader.h"

/* Reads everything behind the window's start. */
bool jsonl_read(struct reader *r, struct err *e) MUST_CHECK;

#endif
