/*
 * export.h: rows written as a file of another program's format.
 *
 * What a cell becomes:
 *   csv, tsv   RFC 4180 with LF line ends, UTF-8 without BOM (tsv: a tab for the comma); a field is
 *              quoted when it must be; null and absent are empty, an empty string is "" so that it
 *              reads back as text (and so is null in a table of one column, where an empty line
 *              would be no row).  `safe` is for spreadsheets: with BOM, CRLF, and an apostrophe
 *              before every text that begins with = + - @, a tab, a CR or a LF, but for the numbers
 *              of a number column; how many is told (export_told).
 *   jsonl      a line is one object with the columns in their order; absent cells have no key; a
 *              text cell of a number, integer or boolean column is a bare token when its text is
 *              one ("TRUE" and "False" are written true and false).
 *   json       the same objects in one array.
 *   xlsx       one sheet (ECMA-376), no formulas; a number, boolean, date or time is one where a
 *              spreadsheet shows all of it, else text, which is told; see export_xlsx.c.
 *   avro       an object container file (1.11); see export_avro.c.
 *   parquet    see export_parquet.c.
 *
 * The last three have types.  What a cell is in them is decided for the whole column from all its
 * cells, in a pass before the first row is written (survey.h), and told where it is not what the
 * column's type promises.
 */
#ifndef ROWHOUSE_EXPORT_H
#define ROWHOUSE_EXPORT_H

#include "base/arena.h"
#include "base/err.h"
#include "formats/guess.h"

enum export_format {
	EXPORT_CSV,
	EXPORT_TSV,
	EXPORT_JSONL,
	EXPORT_JSON,
	EXPORT_XLSX,
	EXPORT_AVRO,
	EXPORT_PARQUET,
	EXPORT__MAX
};

struct export_kind {
	const char *name, *title, *media_type; /* "csv" is also how a file's name ends */
	bool has_types;                        /* it needs a survey */
};
extern const struct export_kind export_kinds[EXPORT__MAX];
/* EXPORT__MAX when there is none of this name. */
enum export_format export_format_from_name(struct str name);

struct export_column {
	size_t column_id; /* index into a row's cells array */
	struct str name;
	enum column_type type;
	bool required;
};

struct export_options {
	enum export_format format;
	bool safe;           /* csv, tsv */
	bool no_header;      /* csv, tsv, xlsx */
	bool no_compression; /* avro, parquet */
	/* xlsx: what its temporary files' names begin with, a path; whoever is killed leaves them
	 * there. */
	const char *scratch;
};

struct export_survey;
struct export_writer;

/*
 * Writes to fd (a file or a pipe) through a buffer of 1 MiB.  `columns` in the order wanted; the
 * array must stay.  `survey` is that of all the rows to come, for formats that have types; else
 * NULL.  The writer lives in the arena, and what it holds besides goes with that.
 */
struct export_writer *export_open(int fd, const struct export_options *options,
    const struct export_column *columns, size_t count, const struct export_survey *survey,
    struct arena *a);
/* What stands before the first row. */
bool export_begin(struct export_writer *w, struct err *e) MUST_CHECK;
/* One stored row: its cells array and its `absent` array (may be empty). */
bool export_row(
    struct export_writer *w, struct str cells, struct str absent, struct err *e) MUST_CHECK;
/* What stands behind the last row; all that is buffered is written out. */
bool export_close(struct export_writer *w, struct err *e) MUST_CHECK;

/* Of how many cells of a column (by place) the file shows something else than they are, as the
 * format's sentence says (export_told_sentence). */
uint64_t export_told(const struct export_writer *w, size_t column);
/* What it says of them (export_note_of); NULL: the format changes none. */
const char *export_told_sentence(const struct export_options *options);

/* A stored cell as answers print it, written to out, which has room for EXPORT_TOKEN_ROOM of the
 * cell's bytes.  Returns the length. */
#define EXPORT_TOKEN_ROOM(n) ((n) + 8)
size_t export_cell_token(char *out, const struct cell *c, enum column_type type);

#endif
