/*
 * dialect.h: how a CSV file is written, found out from its beginning.
 *
 * A dialect is good when it makes rows of like length out of cells that look like something (a
 * number, a date, a word): of all that can be, the one with the highest product of both counts (van
 * den Burg, Nazabal and Sutton, "Wrangling messy CSV files by detecting row and type patterns",
 * 2019).  Then the lines before the header, and how many rows the header has, are found by what is
 * in the rows.
 */
#ifndef ROWHOUSE_DIALECT_H
#define ROWHOUSE_DIALECT_H

#include "base/arena.h"
#include "formats/csv_split.h"

/* How much of the file is looked at. */
#define DIALECT_BYTES ((size_t)128 << 10)

/* What a cell looks like. */
enum cell_class {
	CLASS_EMPTY,
	CLASS_NUMBER,
	CLASS_AMOUNT, /* a number with a currency or a per cent */
	CLASS_DATE,
	CLASS_TIME,
	CLASS_LINK, /* an address of the web or of mail */
	CLASS_CODE, /* letters and digits without a space */
	CLASS_WORDS,
	CLASS_OTHER
};

struct dialect {
	struct csv_syntax syntax;
	struct str comment;     /* empty: there are none */
	uint64_t skip;          /* lines before the header */
	size_t header_rows;     /* 0: none */
	size_t width;           /* cells of most rows; 0: there are no rows */
	const uint8_t *classes; /* by column: enum cell_class of most cells that are not empty */
};

/*
 * Finds out what the options leave open.  The sample is the file's beginning, or that of a table in
 * it; `whole`: nothing follows.  Lives in the arena.
 */
void dialect_find(struct dialect *out, const struct csv_options *options, struct str sample,
    bool whole, struct arena *a);

enum cell_class dialect_class(struct str text);

#endif
