/*
 * export.h: rows written as CSV or JSONL, at the speed of memory.
 *
 * CSV is RFC 4180 with LF line ends, UTF-8 without BOM; a field is quoted when it must be; null and
 * absent are empty, an empty string is "" so that it reads back as text (and so is null in a table
 * of one column, where an empty line would be no row).  A JSONL line is one object with the columns
 * in their order; absent cells have no key; a text cell of a number, integer or boolean column is
 * written as a bare token when its text is one ("TRUE" and "False" are written true and false).
 */
#ifndef ROWHOUSE_EXPORT_H
#define ROWHOUSE_EXPORT_H

#include "base/arena.h"
#include "base/err.h"
#include "formats/guess.h"

enum export_format { EXPORT_CSV, EXPORT_JSONL, EXPORT__MAX };
/* "csv", "jsonl"; the media types that go with them. */
extern const char *const export_format_names[EXPORT__MAX];
extern const char *const export_media_types[EXPORT__MAX];

struct export_column {
	size_t column_id; /* index into a row's cells array */
	struct str name;
	enum column_type type;
};

struct export_writer;

/* Writes to fd through a buffer of 1 MiB.  `columns` in the order wanted; the array must stay.
 * The writer lives in the arena. */
struct export_writer *export_open(int fd, enum export_format format,
    const struct export_column *columns, size_t count, struct arena *a);
/* CSV: the header line.  JSONL: nothing. */
bool export_header(struct export_writer *w, struct err *e) MUST_CHECK;
/* One stored row: its cells array and its `absent` array (may be empty). */
bool export_row(
    struct export_writer *w, struct str cells, struct str absent, struct err *e) MUST_CHECK;
/* Writes out what is buffered. */
bool export_close(struct export_writer *w, struct err *e) MUST_CHECK;

/* A stored cell as answers print it, written to out, which has room for EXPORT_TOKEN_ROOM of the
 * cell's bytes.  Returns the length. */
#define EXPORT_TOKEN_ROOM(n) ((n) + 8)
size_t export_cell_token(char *out, const struct cell *c, enum column_type type);

#endif
