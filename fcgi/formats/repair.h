/*
 * repair.h: records of CSV that are written again: those whose quotes are wrong (split.h), and
 * those of which shape.c takes or joins cells.  The inner part of record.c.
 */
#ifndef ROWHOUSE_REPAIR_H
#define ROWHOUSE_REPAIR_H

#include "formats/record.h"

/* The record as the cells it should have, when it can be; else its first line alone when no quote
 * closes, or as it was read.  read is NULL when more of the input is needed (c->more), or on
 * failure. */
struct at record_repair(struct record *c, struct at at, struct err *e) MUST_CHECK;
/* Writes other cells over the record that was read. */
bool record_rewrite(struct record *c, struct at *at, const struct split_cell *cells, size_t count,
    const struct csv_options *o, struct err *e) MUST_CHECK;
/* Takes field i out of the row. */
void record_remove(struct record *c, struct at *at, size_t i);
/* The bytes of the record without its line end. */
struct str record_bytes(const struct record *c, struct at at);

#endif
