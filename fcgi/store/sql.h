/*
 * sql.h: SQLite the way Rowhouse uses it: every connection opened alike, statements prepared once,
 * values bound and never pasted, writes under one lock per file.
 *
 * The lock (DESIGN section 3): Debian 12's SQLite has the WAL-reset race, which needs a checkpoint
 * and a commit at the same time in two processes.  Whoever writes holds an OFD lock on FILE.lock
 * from before BEGIN to after COMMIT and its checkpoint, so that the two cannot meet.  It is never
 * held across a wait.  Readers take no lock.
 *
 * Only files of store/ include this.
 */
#ifndef ROWHOUSE_SQL_H
#define ROWHOUSE_SQL_H

#include "base/arena.h"
#include "base/err.h"

#include <sqlite3.h>

#define SQL_STATEMENTS 96

/* Stays where it was opened: SQLite calls back with its address. */
struct database {
	sqlite3 *handle;
	char *path;
	int lock_fd; /* -1: opened for reading only */
	bool writing;
	int wal_pages; /* in the write-ahead log after the last commit of this connection */
	struct {
		const char *text; /* a literal: compared by address */
		sqlite3_stmt *statement;
	} prepared[SQL_STATEMENTS];
	size_t prepared_count;
};

enum database_mode {
	DATABASE_READ,  /* an existing file, for reading */
	DATABASE_WRITE, /* an existing or new file in WAL mode, committed with synchronous=FULL */
	DATABASE_BUILD, /* a new file nobody else can see: no journal, no sync, made durable by the
			 * caller with fsync and rename */
};

bool database_open(
    struct database *d, const char *path, enum database_mode mode, struct err *e) MUST_CHECK;
/* Never checkpoints; a build is closed by database_finish(). */
void database_close(struct database *d);
/* Puts the connection back to rest after a task was cut short: statements reset, an open write
 * rolled back, the lock let go. */
void database_recover(struct database *d);

/* A value for a ? in a statement. */
struct sql_value {
	enum { SQL_NULL, SQL_INT, SQL_REAL, SQL_TEXT, SQL_BLOB } kind;
	int64_t i;
	double r;
	struct str s;
};
#define V_INT(v) ((struct sql_value){.kind = SQL_INT, .i = (int64_t)(v)})
#define V_REAL(v) ((struct sql_value){.kind = SQL_REAL, .r = (v)})
#define V_STR(v) ((struct sql_value){.kind = SQL_TEXT, .s = (v)})
#define V_TEXT(v) V_STR(str_of(v))
#define V_BLOB(p, n) ((struct sql_value){.kind = SQL_BLOB, .s = {(const char *)(p), (n)}})
#define V_NULL ((struct sql_value){.kind = SQL_NULL})
/* NULL when there is no text. */
#define V_OPTIONAL(v) ((v).n ? V_STR(v) : V_NULL)
#define SQL_VALUES(...)                                                                            \
	(const struct sql_value[]){__VA_ARGS__},                                                   \
	    sizeof((const struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value)

/* A running statement.  Texts it hands out are good until the next step. */
struct sql_query {
	sqlite3_stmt *statement;
	struct database *d;
};

/* Starts a statement (a literal) with its values. */
bool sql_start(struct sql_query *q, struct database *d, const char *text,
    const struct sql_value *values, size_t count, struct err *e) MUST_CHECK;
/* 1: there is a row, 0: no more (the statement is reset), -1: failed (likewise). */
int sql_step(struct sql_query *q, struct err *e) MUST_CHECK;
/* Ends a query before its last row. */
void sql_stop(struct sql_query *q);

int64_t sql_int(const struct sql_query *q, int column);
double sql_real(const struct sql_query *q, int column);
bool sql_is_null(const struct sql_query *q, int column);
struct str sql_str(const struct sql_query *q, int column);

/* Runs a statement that gives no rows; *changes (may be NULL) is how many rows it touched. */
bool sql_run(struct database *d, int *changes, const char *text, const struct sql_value *values,
    size_t count, struct err *e) MUST_CHECK;
/* Several statements without values: schemas and pragmas. */
bool sql_script(struct database *d, const char *text, struct err *e) MUST_CHECK;
/* The integer of the only column of the first row; `missing` when there is no row or it is NULL. */
bool sql_one_int(struct database *d, int64_t *out, int64_t missing, const char *text,
    const struct sql_value *values, size_t count, struct err *e) MUST_CHECK;

/* Takes the lock and begins; commit ends both durably, and checkpoints past 16 MiB of log. */
bool database_begin(struct database *d, struct err *e) MUST_CHECK;
bool database_commit(struct database *d, struct err *e) MUST_CHECK;
void database_rollback(struct database *d);

#endif
