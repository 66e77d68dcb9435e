/* clang-format off */
/*
 * rows.h: a dataset's file, rows-G.db: its columns, rows and all that hangs on them.
 *
 * Schema (every table a later change needs is here from the start; DESIGN section 3):
 *
 *   columns(column_id, slug, position, name, type, vendor_type, description, required,
 *           default_value, dropped)
 *   rows(row_id, line, rev, cells, absent)     cells: JSON array by column_id; shorter than the
 *                                              columns: the rest are absent.  absent: ids inside it
 *   changes, history                           edits and their undo: history.old is the cell as it
 *                                              was (NULL: absent); column_id -1 stands for the whole
 *                                              row: old NULL: it was added, else {"line", "cells",
 *                                              "absent"} of a row that was removed; mark: its marks
 *   marks, reviews                             where cells come from that a task or person wrote
 *   findings, finding_counts                   flaws of the file, and how many of each kind
 *   column_stats(column_id, stats)             counted while reading, JSON
 *   ranks(first_row_id, alive)                 per 1,024 rows, so that page N is a seek
 *   tasks(job_id, cursor, ...)                 what a task needs to go on (struct task_kept)
 *   info(name, value)                          counts of the reading, options it was read with
 *   data                                       a view with the columns' real names, for any tool
 *
 * A file is built whole under another name, checked, synced and renamed; a reader never sees half
 * of one.  row ids begin at 1 and are never reused.
 */
/* clang-format on */
#ifndef ROWHOUSE_ROWS_H
#define ROWHOUSE_ROWS_H

#include "base/arena.h"
#include "base/cells.h"
#include "base/err.h"
#include "formats/guess.h"

/* ---- building ------------------------------------------------------------------------------- */

struct rows_build;

/* A new file at `path` (an old one there is removed). */
bool rows_build_open(struct rows_build **out, const char *path, struct err *e) MUST_CHECK;
/* A column as somebody declared it; zero but for the name when it was found in a file. */
struct new_column {
	struct str name;
	const char *type; /* of column_type_names; NULL: what rows_build_finish() finds out */
	struct str vendor_type, description, default_value;
	bool required;
};
/* Columns get ids 0, 1, 2 ... in the order of the calls. */
bool rows_build_column(
    struct rows_build *b, const struct new_column *column, struct err *e) MUST_CHECK;
/* cells and absent must have been checked.  Rows get ids 1, 2, 3 ... */
bool rows_build_row(struct rows_build *b, uint64_t line, struct str cells, struct str absent,
    struct err *e) MUST_CHECK;
/* Kept up to LIMIT_FINDINGS, counted always: by code, those beyond LIMIT_FINDING_CODES together as
 * `other`.  column SIZE_MAX: none. */
bool rows_build_finding(struct rows_build *b, uint64_t line, size_t column, struct str code,
    struct str message, struct err *e) MUST_CHECK;

/* How the file was read (formats/options.h), JSON. */
bool rows_build_options(struct rows_build *b, struct str options, struct err *e) MUST_CHECK;

struct rows_built {
	uint64_t rows, columns, findings, bytes;
};
/* Types and statistics of the columns, the view, the checks; the file is closed and synced, still
 * under its name.  The build is freed whether it worked or not. */
bool rows_build_finish(struct rows_build *b, const struct guess *guesses, uint64_t records_read,
    uint64_t records_skipped, struct rows_built *built, struct err *e) MUST_CHECK;
/* Throws the half-made file away. */
void rows_build_abandon(struct rows_build *b);

/* ---- reading -------------------------------------------------------------------------------- */

struct column {
	size_t column_id;
	struct str slug; /* "col_" + it is the column's public id */
	struct str name;
	enum column_type type;
	struct str vendor_type; /* empty: nobody declared the type, it was found out */
	struct str description, default_value;
	bool required;
	struct str stats; /* JSON, or empty */
};

struct row {
	int64_t row_id;
	uint64_t line;
	int64_t rev;
	struct str cells, absent;
};

struct finding_row {
	uint64_t line;
	int64_t row_id; /* 0: it is of no row, or of one that is gone */
	int64_t column; /* -1: none */
	struct str code, message;
};

struct finding_count {
	struct str code;
	uint64_t count;
};

struct rows_file;

bool rows_open(struct rows_file **out, const char *path, struct err *e) MUST_CHECK;
void rows_close(struct rows_file *f);
void rows_recover(struct rows_file *f);

/* Columns that are not dropped, by position; copies, since the file's own go when somebody has
 * written to it meanwhile. */
bool rows_columns(struct rows_file *f, const struct column **out, size_t *count, struct arena *a,
    struct err *e) MUST_CHECK;
/* How the file was read, as rows_build_options() was told; empty: nobody said. */
bool rows_options(struct rows_file *f, struct str *out, struct arena *a, struct err *e) MUST_CHECK;
/* How many rows are alive. */
bool rows_count(struct rows_file *f, uint64_t *count, struct err *e) MUST_CHECK;
/* How many transactions have changed it since it was made.  A change may have several. */
bool rows_edition(struct rows_file *f, int64_t *edition, struct err *e) MUST_CHECK;
/* What the file is at: its edition, and its last change (0: none). */
bool rows_moment(
    struct rows_file *f, int64_t *edition, int64_t *change_id, struct err *e) MUST_CHECK;
/* The rows that changes after this one touched, those that are gone too: at most `max` ids, in
 * order. */
bool rows_touched_since(struct rows_file *f, int64_t change_id, size_t max, int64_t **row_ids,
    size_t *count, struct arena *a, struct err *e) MUST_CHECK;
/* The highest id of a row, 0: there are none. */
bool rows_last(struct rows_file *f, int64_t *row_id, struct err *e) MUST_CHECK;
/* One row by its id; its texts are copied.  *found false: there is none (any more). */
bool rows_get(struct rows_file *f, int64_t row_id, struct row *out, bool *found, struct arena *a,
    struct err *e) MUST_CHECK;
/* How many rows stand before it, as rows_page() counts.  *found false: there is none of this id
 * (any more). */
bool rows_position(
    struct rows_file *f, int64_t row_id, uint64_t *position, bool *found, struct err *e) MUST_CHECK;
/* Called with one row; its texts are good during the call only.  false stops: with the err set it
 * failed, without it has seen enough. */
typedef bool rows_each_fn(void *context, const struct row *r, struct err *e);
/* The rows from `position` (from 0) on, at most `limit`, one after the other, so that a page of
 * large rows takes the memory of one. */
bool rows_page(struct rows_file *f, uint64_t position, size_t limit, rows_each_fn *fn,
    void *context, struct err *e) MUST_CHECK;
bool rows_findings(struct rows_file *f, uint64_t offset, size_t limit, struct finding_row **out,
    size_t *count, struct arena *a, struct err *e) MUST_CHECK;
bool rows_finding_counts(struct rows_file *f, struct finding_count **out, size_t *count,
    struct arena *a, struct err *e) MUST_CHECK;

/* From here until it is let go every look at the file sees the same, whatever others write: for who
 * reads the rows twice.  A file that was never edited takes no edit meanwhile. */
bool rows_hold(struct rows_file *f, struct err *e) MUST_CHECK;
void rows_let_go(struct rows_file *f);

/* Every row in order, from `first` on and before `end` (row ids; 0: no end). */
bool rows_each(struct rows_file *f, int64_t first, int64_t end, rows_each_fn *fn, void *context,
    struct err *e) MUST_CHECK;
/* The cells and absent of every row in order and nothing else of it, which is quicker. */
bool rows_each_cells(
    struct rows_file *f, rows_each_fn *fn, void *context, struct err *e) MUST_CHECK;

/* ---- changes (rows_edit.c) ------------------------------------------------------------------ */

/*
 * Something that was done to the rows in one transaction.  A job makes many of them, which have its
 * id as their cause; to whoever looks they are one, called by the last of them.
 */
struct change {
	int64_t change_id, at;
	struct str who, kind, cause; /* kind: rows.add, rows.set, rows.remove, undo, task */
	int64_t undoes;              /* the change it undid, or 0 */
	int64_t undone_by;           /* lists only: 0: it stands */
	uint64_t rows; /* lists only: how many it touched, each transaction's counted */
	struct str idempotency_key;
};

/* Newest first, those of a job as one; *total is how many there are. */
bool rows_changes(struct rows_file *f, uint64_t offset, size_t limit, struct change **out,
    size_t *count, int64_t *total, struct arena *a, struct err *e) MUST_CHECK;

struct rows_editor;

/* For writing; the first one makes the file's write-ahead log. */
bool rows_editor_open(struct rows_editor **out, const char *path, struct err *e) MUST_CHECK;
void rows_editor_close(struct rows_editor *ed);

/*
 * A transaction, under the file's lock: it must not wait for anything.  It becomes a change, whose
 * id is then in `change`, with the first row it touches; `change` must last until the end of it.
 */
bool rows_edit_begin(struct rows_editor *ed, struct change *change, struct err *e) MUST_CHECK;
struct rows_edited {
	int64_t change_id; /* 0: no row was touched */
	int64_t edition;
	uint64_t touched; /* rows */
	uint64_t rows, columns;
};
bool rows_edit_commit(struct rows_editor *ed, struct rows_edited *out, struct err *e) MUST_CHECK;
/* How many rows are alive, with what the transaction did. */
bool rows_edit_count(struct rows_editor *ed, uint64_t *rows, struct err *e) MUST_CHECK;
void rows_edit_rollback(struct rows_editor *ed);

/* cells and absent as rows_build_row() takes them. */
bool rows_edit_add(struct rows_editor *ed, uint64_t line, struct str cells, struct str absent,
    int64_t *row_id, struct err *e) MUST_CHECK;
struct cell_edit {
	size_t column_id;
	struct str token; /* the cell's JSON; empty: absent */
};
/* A row must be as it was read: its rev, or -1 for any.  PRECONDITION when it has changed since,
 * NOT_FOUND when it is not there. */
bool rows_edit_cells(struct rows_editor *ed, int64_t row_id, int64_t rev,
    const struct cell_edit *edits, size_t count, struct err *e) MUST_CHECK;
bool rows_edit_remove(
    struct rows_editor *ed, int64_t row_id, int64_t rev, struct err *e) MUST_CHECK;
/* Where a cell comes from, after it was written: writing takes the mark before it away.  confidence
 * NAN: none is known. */
bool rows_edit_mark(struct rows_editor *ed, int64_t row_id, size_t column_id, struct str state,
    double confidence, struct str source, struct err *e) MUST_CHECK;
/* A column that is absent in every row; one of this name that is there is taken. */
bool rows_edit_column(struct rows_editor *ed, const struct new_column *column, size_t *column_id,
    struct err *e) MUST_CHECK;
/* Takes an earlier change back.  NOT_FOUND when there is none.  What was changed again since: with
 * `kept` it stays, and is counted there; else CONFLICT. */
bool rows_edit_undo(
    struct rows_editor *ed, int64_t change_id, uint64_t *kept, struct err *e) MUST_CHECK;
/* The changes of a job before a change (0: from the newest on), newest first, that are not undone:
 * the next one.  *change_id 0: there is none. */
bool rows_edit_next_of(struct rows_editor *ed, struct str cause, int64_t before, int64_t *change_id,
    struct err *e) MUST_CHECK;
/* As rows_build_finding(), and counted with its. */
bool rows_edit_finding(struct rows_editor *ed, int64_t row_id, uint64_t line, size_t column,
    struct str code, struct str message, struct err *e) MUST_CHECK;
/* How many there are, undone ones too; and how many rows would come back with one. */
bool rows_edit_count_of(
    struct rows_editor *ed, struct str cause, uint64_t *count, struct err *e) MUST_CHECK;
bool rows_edit_returning(
    struct rows_editor *ed, int64_t change_id, uint64_t *rows, struct err *e) MUST_CHECK;
/* What a task needs to go on after a crash, stored with what it wrote. */
struct task_kept {
	struct str cursor, answer;
	struct str states; /* in the words of who wrote them; empty: as they were kept before */
	bool ended;        /* nothing is left to do but to say so */
	uint64_t rows, failed;
};
bool rows_edit_keep(struct rows_editor *ed, const char *job_id, const struct task_kept *kept,
    struct err *e) MUST_CHECK;
/* *found false: it has stored nothing yet. */
bool rows_kept(struct rows_file *f, const char *job_id, struct task_kept *out, bool *found,
    struct arena *a, struct err *e) MUST_CHECK;
/* One change, as in the list: by any id of its transactions.  *found false: there is none. */
bool rows_change_get(struct rows_file *f, int64_t change_id, struct change *out, bool *found,
    struct arena *a, struct err *e) MUST_CHECK;
/* What an earlier attempt of a request did, in the day an Idempotency-Key is kept: 0: nothing.  And
 * the rows a change added. */
bool rows_edit_by_key(
    struct rows_editor *ed, struct str key, int64_t *change_id, struct err *e) MUST_CHECK;
bool rows_edit_added(struct rows_editor *ed, int64_t change_id, int64_t *row_ids, size_t max,
    size_t *count, struct err *e) MUST_CHECK;

/* ---- files a worker keeps open -------------------------------------------------------------- */

/* The last few files read stay open; a file is named by its path, which never changes its meaning
 * (a new generation is a new path). */
struct rows_cache;
struct rows_cache *rows_cache_new(void);
void rows_cache_free(struct rows_cache *c);
/* The file stays the cache's; good until the next call. */
bool rows_cache_open(
    struct rows_cache *c, const char *path, struct rows_file **out, struct err *e) MUST_CHECK;
void rows_cache_recover(struct rows_cache *c);
/* Closes files that were deleted meanwhile, so that their room on the disk is free again.  Called
 * now and then, and by who deletes. */
void rows_cache_prune(struct rows_cache *c);

#endif
