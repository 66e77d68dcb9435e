/*
 * record.h: one record of CSV read from the window as a cells array: the inner part of csv.c.
 *
 * It is told the dialect and the number of cells a row has; the latter decides only what a record
 * with wrong quotes is (split.h).
 */
#ifndef ROWHOUSE_RECORD_H
#define ROWHOUSE_RECORD_H

#include "formats/dialect.h"
#include "formats/reader.h"
#include "formats/split.h"

/* The row always has room for what is left in the window and this much more: a store of 16 bytes,
 * and what one escape or the end of one field adds. */
#define ROW_SLACK 64

/* One field as it stands in the row: its text without the quotes, and how many bytes of that are
 * due to escapes. */
struct field {
	uint32_t start, length, extra;
};

struct record {
	struct reader *r;
	const struct csv_options *options;
	size_t width; /* cells of a row, 0: unknown */

	/* The options as the inner loops want them. */
	const char *delimiter;
	size_t delimiter_bytes;
	char stop;    /* the delimiter's first byte */
	char escape;  /* the byte that escapes and is no quote, else the stop again */
	int quote;    /* or CSV_NONE */
	bool doubled; /* a quote is escaped by another */
	bool escapes; /* there is an escape that is no quote */

	/* What was read. */
	struct field *fields; /* LIMIT_COLUMNS + 1 of them; the last takes all that are too many */
	struct split_cell *cells; /* as many, for repairs */
	size_t count;
	uint64_t line; /* of the byte behind the record */
	bool quoted;   /* some field is */
	bool invalid_utf8, nul_byte, stray_quote, open_quote;

	struct field *field;
	const char *end;       /* of the window */
	const char *row_limit; /* of the row's buffer */
	uint64_t quote_line;   /* where the quote opened that is not closed yet, 0: none is open */
	bool more;             /* the window ended before the record did */
	bool unclosed;         /* the file ended, or the longest cell, before the quote closed */
};

/* Where a record is read and where its row is written.  read is NULL: it cannot go on, because of
 * an error or for want of more. */
struct at {
	const char *read;
	char *write;
};

void record_init(
    struct record *c, struct reader *r, const struct csv_options *options, size_t width);
/* Reads the record at the window's start: read is behind it then, write behind its row in r->row;
 * read is NULL on failure.  The window stays where it is. */
struct at record_next(struct record *c, struct err *e) MUST_CHECK;
/* Nothing of a record was read yet. */
void record_forget(struct record *c);

#endif
