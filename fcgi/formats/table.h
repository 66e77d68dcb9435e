/*
 * table.h: any file that is one table, read as a stream of rows.
 *
 * A reader finds the columns, then hands out each row as a cells array (base/cells.h), ready to be
 * stored.  It never stops at a flaw it can repair: it reports a finding and goes on; it fails only
 * when no row can be told from the next (not text, a record over the limit).
 *
 * Memory is flat: two windows of the input and one record, whatever the size of the file.
 */
#ifndef ROWHOUSE_TABLE_H
#define ROWHOUSE_TABLE_H

#include "base/arena.h"
#include "formats/guess.h"
#include "formats/input.h"

enum table_format { TABLE_AUTO, TABLE_CSV, TABLE_JSONL, TABLE_JSON, TABLE_XLSX, TABLE__MAX };
/* "auto", "csv", "jsonl" ... as they stand in requests. */
extern const char *const table_format_names[TABLE__MAX];

/* How to read the file; zero means "find out" for every member.  What was found out is the same
 * struct with everything set (table_sink.found), so that reading with it again gives the same. */
struct option_count {
	bool set;
	uint64_t count;
};
#define CSV_NONE (-1)
struct csv_options {
	struct str delimiter;     /* one to CSV_DELIMITER_BYTES bytes of UTF-8 */
	int quote;                /* an ASCII byte, or CSV_NONE: quotes are text */
	int escape;               /* an ASCII byte that takes the meaning of the next one, the
				     quote itself: it is written twice; CSV_NONE: neither */
	bool comments_set;        /* comment, empty: there are none */
	struct str comment;       /* what a line begins with that is no record */
	struct option_count skip; /* lines before the header (the preamble) */
	struct option_count header_rows; /* 0: columns are named column1, column2 ... */
	struct option_count footer;      /* lines behind the last row */
	struct option_count table;       /* which of several tables one below the other, from 1 */
};
#define CSV_DELIMITER_BYTES 8
struct table_options {
	enum table_format format;
	struct str packing;  /* "none", "gzip", "zstd", "bzip2", "xz", "zip" */
	struct str member;   /* ZIP: the name of the file inside */
	struct str encoding; /* of text: "utf-8", "utf-16le", "windows-1252" ... */
	struct csv_options csv;
	struct str records; /* JSON: where the array of rows is, as "data.items"; "." is the top */
	struct str sheet;   /* XLSX: its name */
};

/* Something in the file the user should know, and what was done about it.  Codes are those of the
 * frictionless standard where it has one (missing-cell, extra-cell, blank-row, blank-label,
 * duplicate-label, encoding-error), else of the same form (nul-byte, unterminated-quote,
 * mixed-delimiter and so on). */
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
	/* How the file is read, once, before the first column; may be NULL. */
	bool (*found)(void *context, const struct table_options *found, struct err *e);
};

struct table_counts {
	uint64_t records; /* read, without the header: rows + skipped */
	uint64_t rows;    /* handed to the sink */
	uint64_t skipped; /* not handed on; each has a finding */
	/* Of the rows, those in which something is otherwise than in the file.  A finding says so,
	 * of each or of all. */
	uint64_t repaired;
};

/* Makes the input the text that a reader of text would get: unpacked, in UTF-8, without its byte
 * order mark.  INPUT when it is none. */
bool table_open_text(struct input *in, const struct table_options *options, struct arena *a,
    struct err *e) MUST_CHECK;

/*
 * Reads the whole input.  guesses[id] is filled for every column (at most LIMIT_COLUMNS; the array
 * must have that room and be zeroed).  Errors: INPUT with at_line, TOO_BIG for a limit, the sink's
 * own, or what reading the file said.
 */
bool table_read(struct input *in, const struct table_options *options,
    const struct table_sink *sink, struct guess *guesses, struct table_counts *counts,
    struct arena *a, struct err *e) MUST_CHECK;

#endif
