/*
 * csv.h: the reader of CSV; table.h says what a reader does.
 *
 * RFC 4180, and what people have: LF, CRLF and CR each end a line, a quote inside a field that
 * does not begin with one is plain text, text behind a closing quote is kept.  No dialect is
 * guessed here: the delimiter is given.
 */
#ifndef ROWHOUSE_CSV_H
#define ROWHOUSE_CSV_H

#include "formats/reader.h"

/* Reads everything behind the window's start. */
bool csv_read(struct reader *r, struct err *e) MUST_CHECK;

#endif
