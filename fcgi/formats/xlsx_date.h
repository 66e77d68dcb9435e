/*
 * xlsx_date.h: which number formats of a workbook show a date or a time (ECMA-376 18.8.30), and the
 * number under one as ISO 8601.
 */
#ifndef ROWHOUSE_XLSX_DATE_H
#define ROWHOUSE_XLSX_DATE_H

#include "base/base.h"

enum xlsx_style { XLSX_NUMBER, XLSX_DATE, XLSX_DATETIME, XLSX_TIME, XLSX_ELAPSED };

/* A built-in format by its number. */
enum xlsx_style xlsx_style_builtin(uint64_t id);
/* A format by its code, as "yyyy-mm-dd hh:mm". */
enum xlsx_style xlsx_style_of(struct str code);

#define XLSX_MOMENT_BYTES 48
/*
 * The days since the first of the system (1900, with its 29 February, or 1904) as 2024-03-14,
 * 2024-03-14T15:30:00[.123] or 15:30:00; returns the length.  0: the number is no such moment.
 */
size_t xlsx_moment(
    char out[XLSX_MOMENT_BYTES], struct str number, enum xlsx_style style, bool from_1904);

#endif
