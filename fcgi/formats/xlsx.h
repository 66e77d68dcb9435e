/*
 * xlsx.h: the reader of a workbook (Office Open XML, ECMA-376); table.h says what a reader does.
 *
 * One sheet is read: the one of the option "sheet", else the first that is visible and has rows.
 * A number keeps the digits it is written with; it is a date or a time when its style says so, and
 * then ISO 8601 text.  A formula is what it gave last, a value that is an error is null with a
 * finding.  The header is the first row that is as wide as the table; what stands above it is told.
 */
#ifndef ROWHOUSE_XLSX_H
#define ROWHOUSE_XLSX_H

#include "formats/archive.h"
#include "formats/reader.h"

/* Reads the workbook in the archive, which the reader's input is. */
bool xlsx_read(struct reader *r, struct archive *z, struct err *e) MUST_CHECK;

#endif
