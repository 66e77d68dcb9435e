/*
 * table.h: any file that is one table, read as a stream of rows.
 *
 * A reader finds the columns, then hands out each row as a cells array (base/cells.h), ready to be
 * stored.  It never stops at a flaw it can repair: it reports a finding and goes on; it fails only
 * when no row can be told from the next (not text, a quote never closed, a record over the limit).
 *
 * Memory is flat: two windows of the input and one record, whatever the size of the file.
 */
#ifndef ROWHOUSE_TABLE_H
#define ROWHOUSE_TABLE_H

#include "base/arena.h"
#include "formats/guess.h"
#include "formats/input.h"

enum table_format { TABLE_AUTO, TABLE_CSV, TABLE_JSONL };

/* How to read the file; zero means "find out" for every member. */
struct table_options {
	enum table_format format;
	char delimiter; /* CSV: 0 is the comma */
	bool no_header; /* CSV: the first record is a row; columns are named column1, column2 ... */
};

/* Something in the file the user should know, and what was done about it.  Codes are those of the
 * frictionless standard where it has one (missing-cell, extra-cell, blank-row, blank-label,
 * duplicate-label), else of the same form (invalid-utf8, nul-byte, invalid-json). */
struct finding {
	const char *code;
	uint64_t line;      /* where the record starts, from 1 */
	size_t column;      /* column id, or TABLE_NO_COLUMN */
	struct str message; /* one line: what it is and what was done */
	int64_t row_id;     /* of a row that is stored, in a task; 0: none */
	const void *spare[2];
};
#define TABLE_NO_COLUMN SIZE_MAX

/* What the reader calls while it reads.  The pointers are good during the call only. */
struct table_sink {
	void *context;
	/* A column was found; ids count from 0 in the order of the calls.  CSV calls it for the
	 * whole header before the first row; JSONL whenever a new key is met.  false stops. */
	bool (*column)(void *context, struct str name, struct err *e);
	/* One row: `cells` is a JSON array of at most as many values as there are columns (the rest
	 * are absent), `absent` the ids of further columns whose key was missing, as a JSON array
	 * of numbers in ascending order, or empty.  `line` is where the record starts.  false
	 * stops. */
	bool (*row)(
	    void *context, uint64_t line, struct str cells, struct str absent, struct err *e);
	bool (*finding)(void *context, const struct finding *f, struct err *e);
};

struct table_counts {
	uint64_t records; /* read, without the header: rows + skipped */
	uint64_t rows;    /* handed to the sink */
	uint64_t skipped; /* not handed on; each has a finding */
};

/*
 * Reads the whole input.  guesses[id] is filled for every column (at most LIMIT_COLUMNS; the array
 * must have that room and be zeroed).  Errors: INPUT with at_line, TOO_BIG for a limit, the sink's
 * own, or what reading the file said.
 */
bool table_read(struct input *in, const struct table_options *options,
    const struct table_sink *sink, struct guess *guesses, struct table_counts *counts,
    struct arena *a, struct err *e) MUST_CHECK;

#endif
