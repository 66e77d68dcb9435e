/*
 * rows.h: a dataset's file, rows-G.db: its columns, rows and all that hangs on them.
 *
 * Schema (every table a later change needs is here from the start; DESIGN section 3):
 *
 *   columns(column_id, slug, position, name, type, vendor_type, description, required,
 *           default_value, dropped)
 *   rows(row_id, line, rev, cells, absent)     cells: JSON array by column_id; shorter than the
 *                                              columns: the rest are absent.  absent: ids inside it
 *   changes, history, marks, reviews           edits, their undo, what a task or person wrote
 *   findings, finding_counts                   flaws of the file, and how many of each kind
 *   column_stats(column_id, stats)             counted while reading, JSON
 *   ranks(first_row_id, alive)                 per 1,024 rows, so that page N is a seek
 *   tasks(job_id, cursor)                      where a task goes on
 *   info(name, value)                          counts of the reading, options it was read with
 *   data                                       a view with the columns' real names, for any tool
 *
 * A file is built whole under another name, checked, synced and renamed; a reader never sees half
 * of one.  row ids begin at 1 and are never reused.
 */
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
/* Columns get ids 0, 1, 2 ... in the order of the calls. */
bool rows_build_column(struct rows_build *b, struct str name, struct err *e) MUST_CHECK;
/* cells and absent must have been checked.  Rows get ids 1, 2, 3 ... */
bool rows_build_row(struct rows_build *b, uint64_t line, struct str cells, struct str absent,
    struct err *e) MUST_CHECK;
/* Kept up to LIMIT_FINDINGS, counted always.  column SIZE_MAX: none. */
bool rows_build_finding(struct rows_build *b, uint64_t line, size_t column, struct str code,
    struct str message, struct err *e) MUST_CHECK;

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
	struct str vendor_type;
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

/* Columns that are not dropped, by position.  Kept by the file until it is closed. */
bool rows_columns(
    struct rows_file *f, const struct column **out, size_t *count, struct err *e) MUST_CHECK;
/* How many rows are alive. */
bool rows_count(struct rows_file *f, uint64_t *count, struct err *e) MUST_CHECK;
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

/* Every row in order, from `first` on and before `end` (row ids; 0: no end). */
bool rows_each(struct rows_file *f, int64_t first, int64_t end, rows_each_fn *fn, void *context,
    struct err *e) MUST_CHECK;
/* The cells and absent of every row in order and nothing else of it, which is quicker. */
bool rows_each_cells(
    struct rows_file *f, rows_each_fn *fn, void *context, struct err *e) MUST_CHECK;

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
