/*
 * survey.h: what the columns are in a format with types, found out from all the cells that are to
 * be written, before the first is.
 *
 * A column is what its type promises when every cell keeps that promise exactly (exact.h): integer
 * a 64-bit integer, number a double, and so on; else text, with every cell's own text, and that is
 * told (export_note).  Null and absent cells are null.  An empty text is null where the column is
 * no text, as it is in every file without types; how many, is told.
 *
 *   type          avro                               parquet
 *   string, text  string                             BYTE_ARRAY, STRING
 *   integer       long; double; string               INT64; DOUBLE; STRING
 *   number        double; long; string               DOUBLE; INT64; STRING
 *   boolean       boolean; string                    BOOLEAN; STRING
 *   date          string                             INT32, DATE; STRING
 *   datetime      string                             TIMESTAMP in microseconds, of UTC when every
 *                                                    cell has a zone, without one when none has;
 *                                                    STRING
 *   json          an array of strings, longs,        BYTE_ARRAY, JSON
 *                 doubles or booleans when every
 *                 cell is one; string (its JSON)
 *
 * The first is taken that every cell fits.  A spreadsheet decides for each cell by itself; of it a
 * survey only finds what it cannot hold at all, which is refused.
 */
#ifndef ROWHOUSE_SURVEY_H
#define ROWHOUSE_SURVEY_H

#include "formats/export.h"

enum export_as {
	AS_TEXT,
	AS_JSON,
	AS_BOOLEAN,
	AS_INTEGER,
	AS_NUMBER,
	AS_DATE,
	AS_TIME,       /* UTC */
	AS_LOCAL_TIME, /* without a zone */
	AS_TEXTS,      /* arrays */
	AS_INTEGERS,
	AS_NUMBERS,
	AS_BOOLEANS,
	AS__MAX
};

/* `columns` must stay; it lives in the arena. */
struct export_survey *survey_open(const struct export_options *options,
    const struct export_column *columns, size_t count, struct arena *a);
/* Each row that is to be written.  INPUT: one that the format cannot hold, with where. */
bool survey_row(
    struct export_survey *s, struct str cells, struct str absent, struct err *e) MUST_CHECK;
/* Behind the last one. */
bool survey_close(struct export_survey *s, struct err *e) MUST_CHECK;

/* Of a column by its place. */
enum export_as survey_as(const struct export_survey *s, size_t column);
bool survey_has_null(const struct export_survey *s, size_t column);

/* What the file says in another way than the dataset does. */
struct export_note {
	size_t column;      /* by place */
	uint64_t count;     /* cells it is about */
	struct str message; /* one sentence */
};
/* "price: WHAT, in 3 of its cells." */
struct export_note export_note_of(const struct export_column *columns, size_t column,
    const char *what, uint64_t count, struct arena *a);
size_t survey_notes(const struct export_survey *s, struct export_note **out, struct arena *a);

#endif
