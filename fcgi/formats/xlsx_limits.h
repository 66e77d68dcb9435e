/* xlsx_limits.h: what a sheet can hold (ECMA-376 and "Excel specifications and limits"). */
#ifndef ROWHOUSE_XLSX_LIMITS_H
#define ROWHOUSE_XLSX_LIMITS_H

#define XLSX_ROWS 1048576
#define XLSX_COLUMNS 16384
#define XLSX_CELL_CHARACTERS 32767 /* in UTF-16 */

#endif
