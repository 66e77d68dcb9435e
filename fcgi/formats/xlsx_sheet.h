/*
 * xlsx_sheet.h: the rows of one sheet as they stand there, cell by cell; empty cells are left out.
 */
#ifndef ROWHOUSE_XLSX_SHEET_H
#define ROWHOUSE_XLSX_SHEET_H

#include "formats/xlsx_book.h"
#include "formats/xlsx_limits.h"

enum xlsx_kind {
	XLSX_BLANK, /* a text without characters */
	XLSX_TEXT,
	XLSX_VALUE,  /* a number, boolean or moment */
	XLSX_PROBLEM /* an error like #N/A; the token is null */
};

struct xlsx_cell {
	uint32_t column; /* from 0 */
	enum xlsx_kind kind;
	struct str token;   /* JSON */
	struct str problem; /* XLSX_PROBLEM: what stands there */
};

struct xlsx_row {
	uint64_t number;         /* from 1 */
	size_t count;            /* of cells */
	size_t filled;           /* of them those that are not blank */
	struct xlsx_cell *cells; /* by column, ascending */
};

struct xlsx_sheet_reader {
	const struct xlsx_book *book;
	struct xml xml;
	uint64_t number;
	struct xlsx_cell cells[XLSX_COLUMNS]; /* of the row being read */
	size_t count;
	bool over;
};

bool xlsx_sheet_open(struct xlsx_sheet_reader *s, const struct xlsx_book *b, size_t member,
    struct arena *a, struct err *e) MUST_CHECK;
/* The next row that has a cell that is not blank, in the arena; count is 0 at the end. */
bool xlsx_sheet_next(
    struct xlsx_sheet_reader *s, struct xlsx_row *row, struct arena *a, struct err *e) MUST_CHECK;

#endif
