/*
 * json.h: the reader of a JSON document as a table; table.h says what a reader does.
 *
 * Rows are the elements of an array: objects (a key is a column), arrays (a position is a column;
 * the first may be the header) or single values (one column, "value").  Where the array is, is
 * found out (jsonplan.h) or chosen by the option "records".  An object can be a table too: of
 * objects, whose keys become the column "key", or of arrays of one length, each a column; else it
 * is one row.  Values one behind the other are a row each.  What is nested stays JSON in its cell.
 *
 * Memory is flat for arrays of any size; an object that is a table itself is one record.  An
 * element that is broken is skipped where the next one can be told for certain; else, and where the
 * file is cut short, the rows before it are kept.  Each has a finding.
 */
#ifndef ROWHOUSE_JSON_H
#define ROWHOUSE_JSON_H

#include "formats/reader.h"

/* Reads everything behind the window's start. */
bool json_read(struct reader *r, struct err *e) MUST_CHECK;

#endif
