/* rows_file.h: what the files of store/ that write rows files share; nobody else includes it. */
#ifndef ROWHOUSE_ROWS_FILE_H
#define ROWHOUSE_ROWS_FILE_H

#include "base/cells.h"
#include "base/limits.h"
#include "store/rows.h"
#include "store/sql.h"

/* user_version of a rows file: 1 was before rows could be changed. */
#define ROWS_VERSION 2
/* clang-format off */
#define ROWS_ADDED_2                                                                               \
	"ALTER TABLE changes ADD COLUMN touched INTEGER NOT NULL DEFAULT 0;"                       \
	"ALTER TABLE history ADD COLUMN mark TEXT;"                                                \
	"ALTER TABLE tasks ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;"                           \
	"ALTER TABLE tasks ADD COLUMN rows INTEGER NOT NULL DEFAULT 0;"                            \
	"ALTER TABLE tasks ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;"                          \
	"ALTER TABLE tasks ADD COLUMN answer TEXT;"                                                \
	"ALTER TABLE tasks ADD COLUMN states BLOB;"                                                \
	"CREATE INDEX changes_by_undoes ON changes(undoes);"                                       \
	"CREATE INDEX changes_by_cause ON changes(cause, change_id);"                              \
	"PRAGMA user_version=2;"
/* clang-format on */

#define RANK_ROWS 1024
/* column_id in `history` that stands for the whole row. */
#define WHOLE_ROW (-1)

/* The connection of a file that is read. */
struct database *rows_database(struct rows_file *f);

/* Whether a change is undone: *by is what undid it, 0: it stands. */
bool changes_undone(struct database *d, int64_t change_id, int64_t *by, struct err *e) MUST_CHECK;

struct rows_editor {
	struct database d;
	struct arena arena; /* of the transaction */
	struct change *change;
	int64_t change_id; /* 0: no row was touched yet */
	int64_t last_row;  /* that was touched */
	uint64_t touched;
	bool dirty, columns_changed;
	struct cell cells[LIMIT_COLUMNS];
};
/* A row that was removed comes back under its id. */
bool rows_insert_row(struct rows_editor *ed, int64_t row_id, uint64_t line, struct str cells,
    struct str absent, struct err *e) MUST_CHECK;

/* Adds a column at the last position, with a slug of its own. */
bool rows_insert_column(struct database *d, size_t column_id, const struct new_column *column,
    struct err *e) MUST_CHECK;
/* Makes the view `data` anew, which lets any SQLite tool read the file. */
bool rows_write_view(struct database *d, struct arena *a, struct err *e) MUST_CHECK;

/* What findings are counted under when there are LIMIT_FINDING_CODES codes already. */
#define FINDING_OTHER "other"

#endif
