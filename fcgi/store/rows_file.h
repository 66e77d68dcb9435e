/* rows_file.h: what the files of store/ that write rows files share; nobody else includes it. */
#ifndef ROWHOUSE_ROWS_FILE_H
#define ROWHOUSE_ROWS_FILE_H

#include "store/rows.h"
#include "store/sql.h"

/* user_version of a rows file: 1 was without the index of `undoes`. */
#define ROWS_VERSION 2
#define ROWS_INDEX_UNDOES "CREATE INDEX IF NOT EXISTS changes_by_undoes ON changes(undoes);"
#define ROWS_MIGRATE_2 ROWS_INDEX_UNDOES "PRAGMA user_version=2;"

#define RANK_ROWS 1024
/* column_id in `history` that stands for the whole row. */
#define WHOLE_ROW (-1)

/* Adds a column at the last position, with a slug of its own. */
bool rows_insert_column(struct database *d, size_t column_id, const struct new_column *column,
    struct err *e) MUST_CHECK;
/* Makes the view `data` anew, which lets any SQLite tool read the file. */
bool rows_write_view(struct database *d, struct arena *a, struct err *e) MUST_CHECK;

#endif
