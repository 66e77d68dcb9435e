/*
 * csv.h: the reader of CSV; table.h says what a reader does.
 *
 * How the file is written is found out from its beginning (dialect.h) as far as the options do not
 * say.  A record that does not fit the others is repaired when there is one good way to do it: a
 * quote that is never closed, or not before a delimiter, is text; a row that has another delimiter
 * is split by that; empty cells that are too many are left out.  Each repair is a finding.  A
 * second table below the first, in the same file, is read when it is asked for.
 */
#ifndef ROWHOUSE_CSV_H
#define ROWHOUSE_CSV_H

#include "formats/reader.h"

/* Reads everything behind the window's start. */
bool csv_read(struct reader *r, struct err *e) MUST_CHECK;

#endif
