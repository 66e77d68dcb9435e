/* sql.c: see sql.h. */
#define _GNU_SOURCE
#include "store/sql.h"
#include "base/limits.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define CHECKPOINT_BYTES MIB(16)
#define PAGE_BYTES 4096
#define BUSY_MS 5000

static bool
fail(struct database *d, struct err *e)
{
	int code = d->handle ? sqlite3_extended_errcode(d->handle) : SQLITE_NOMEM;
	const char *why = d->handle ? sqlite3_errmsg(d->handle) : "no memory";
	const char *name = strrchr(d->path, '/');
	name = name ? name + 1 : d->path;
	switch (code & 0xff) {
	case SQLITE_FULL:
		return FAIL(e, DISK_FULL, "the disk is full: %s cannot be written", name);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
		return FAIL(e, UNAVAILABLE, "%s: %s; try again", name, why);
	case SQLITE_IOERR:
		if (sqlite3_system_errno(d->handle) == ENOSPC ||
		    sqlite3_system_errno(d->handle) == EDQUOT)
			return FAIL(e, DISK_FULL, "the disk is full: %s cannot be written", name);
		return FAIL(e, SYSTEM, "%s cannot be read or written: %s (%d)", name, why, code);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return FAIL(e, SYSTEM, "%s is damaged: %s", name, why);
	default:
		return FAIL(e, SYSTEM, "%s: %s (%d)", name, why, code);
	}
}

static int
after_commit(void *context, sqlite3 *handle, const char *name, int pages)
{
	(void)handle;
	(void)name;
	((struct database *)context)->wal_pages = pages;
	return SQLITE_OK;
}

/* Settings every connection has: nothing in a file may run code, and nobody checkpoints alone. */
static bool
settle(struct database *d, enum database_mode mode, struct err *e)
{
	sqlite3_extended_result_codes(d->handle, 1);
	sqlite3_busy_timeout(d->handle, BUSY_MS);
	/* It also forbids to do without a journal, which is the point of a build. */
	sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, mode != DATABASE_BUILD, NULL);
	sqlite3_db_config(d->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(d->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_limit(d->handle, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(d->handle, SQLITE_LIMIT_LENGTH, INT_MAX);
	sqlite3_wal_autocheckpoint(d->handle, 0);
	switch (mode) {
	case DATABASE_READ:
		return sql_script(d, "PRAGMA query_only=1; PRAGMA cell_size_check=1;", e);
	case DATABASE_WRITE:
		sqlite3_wal_hook(d->handle, after_commit, d);
		return sql_script(d,
		    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=1;"
		    "PRAGMA cell_size_check=1; PRAGMA temp_store=MEMORY;",
		    e);
	case DATABASE_BUILD:
		return sql_script(d,
		    "PRAGMA page_size=8192; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-16384; PRAGMA "
		    "temp_store=MEMORY;",
		    e);
	}
	return true;
}

static bool
prepare(sqlite3_stmt **out, struct database *d, const char *text, struct err *e)
{
	for (size_t i = 0; i < d->prepared_count; i++)
		if (d->prepared[i].text == text) {
			*out = d->prepared[i].statement;
			return true;
		}
	assert(d->prepared_count < SQL_STATEMENTS);
	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v3(d->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) !=
	    SQLITE_OK)
		return fail(d, e);
	d->prepared[d->prepared_count].text = text;
	d->prepared[d->prepared_count++].statement = s;
	*out = s;
	return true;
}

/* Made when the file is opened: without memory a transaction could not be ended any more. */
static const char begin_text[] = "BEGIN IMMEDIATE", commit_text[] = "COMMIT",
		  rollback_text[] = "ROLLBACK";

static bool
prepare_ends(struct database *d, struct err *e)
{
	sqlite3_stmt *s;
	return prepare(&s, d, begin_text, e) && prepare(&s, d, commit_text, e) &&
	       prepare(&s, d, rollback_text, e);
}

static bool
lock(struct database *d, short kind, struct err *e)
{
	struct flock range = {.l_type = kind, .l_whence = SEEK_SET};
	while (fcntl(d->lock_fd, F_OFD_SETLKW, &range) != 0)
		if (errno != EINTR)
			return FAIL_ERRNO(e, "the lock of %s cannot be had", d->path);
	return true;
}

static void
unlock(struct database *d)
{
	struct err ignored = {0};
	if (!lock(d, F_UNLCK, &ignored))
		abort(); /* letting go of a range one holds cannot fail */
	d->writing = false;
}

/* The file that is locked lies beside the database and is never removed. */
static bool
open_lock(struct database *d, struct err *e)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s.lock", d->path) < (int)sizeof path)
		d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return d->lock_fd >= 0 || FAIL_ERRNO(e, "the lock of %s cannot be opened", d->path);
}

static bool
open_handle(struct database *d, enum database_mode mode, struct err *e)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
	/* Readers of a WAL file write to its -shm, so they open it for writing and then refuse to.
	 */
	flags |= SQLITE_OPEN_READWRITE | (mode == DATABASE_READ ? 0 : SQLITE_OPEN_CREATE);
	if (sqlite3_open_v2(d->path, &d->handle, flags, NULL) != SQLITE_OK || !settle(d, mode, e))
		return fail(d, e);
	/* SQLite makes do with reading when a file cannot be opened for writing. */
	if (mode != DATABASE_READ && sqlite3_db_readonly(d->handle, "main") == 1)
		return FAIL(e, UNAVAILABLE,
		    "%s can be read but not written: is the disk full, or may only others write "
		    "it?",
		    d->path);
	return mode != DATABASE_WRITE || prepare_ends(d, e);
}

bool
database_open(struct database *d, const char *path, enum database_mode mode, struct err *e)
{
	*d = (struct database){.lock_fd = -1, .path = strdup(path)};
	if (!d->path)
		return FAIL(e, UNAVAILABLE, "out of memory");
	/* Under the lock: two processes that both make a new file a WAL file refuse each other. */
	bool locked = mode == DATABASE_WRITE;
	bool good = !locked || (open_lock(d, e) && lock(d, F_WRLCK, e));
	if (good)
		good = open_handle(d, mode, e);
	if (locked && d->lock_fd >= 0)
		unlock(d);
	if (!good)
		database_close(d);
	return good;
}

void
database_close(struct database *d)
{
	for (size_t i = 0; i < d->prepared_count; i++)
		sqlite3_finalize(d->prepared[i].statement);
	d->prepared_count = 0;
	sqlite3_close(d->handle);
	d->handle = NULL;
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	d->lock_fd = -1;
	free(d->path);
	d->path = NULL;
}

void
database_recover(struct database *d)
{
	for (size_t i = 0; i < d->prepared_count; i++)
		sqlite3_reset(d->prepared[i].statement);
	if (d->writing)
		database_rollback(d);
}

static int
bind(sqlite3_stmt *s, int at, const struct sql_value *v)
{
	switch (v->kind) {
	case SQL_INT:
		return sqlite3_bind_int64(s, at, v->i);
	case SQL_REAL:
		return sqlite3_bind_double(s, at, v->r);
	case SQL_TEXT:
		return sqlite3_bind_text64(
		    s, at, v->s.p ? v->s.p : "", v->s.n, SQLITE_STATIC, SQLITE_UTF8);
	case SQL_BLOB:
		return sqlite3_bind_blob64(s, at, v->s.p ? v->s.p : "", v->s.n, SQLITE_STATIC);
	case SQL_NULL:
		break;
	}
	return sqlite3_bind_null(s, at);
}

bool
sql_start(struct sql_query *q, struct database *d, const char *text, const struct sql_value *values,
    size_t count, struct err *e)
{
	*q = (struct sql_query){.d = d};
	if (!prepare(&q->statement, d, text, e))
		return false;
	sqlite3_reset(q->statement);
	assert((size_t)sqlite3_bind_parameter_count(q->statement) == count);
	for (size_t i = 0; i < count; i++)
		if (bind(q->statement, (int)i + 1, &values[i]) != SQLITE_OK)
			return fail(d, e);
	return true;
}

int
sql_step(struct sql_query *q, struct err *e)
{
	int rc = sqlite3_step(q->statement);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		fail(q->d, e);
	sqlite3_reset(q->statement);
	return rc == SQLITE_DONE ? 0 : -1;
}

void
sql_stop(struct sql_query *q)
{
	if (q->statement)
		sqlite3_reset(q->statement);
}

int64_t
sql_int(const struct sql_query *q, int column)
{
	return sqlite3_column_int64(q->statement, column);
}

double
sql_real(const struct sql_query *q, int column)
{
	return sqlite3_column_double(q->statement, column);
}

bool
sql_is_null(const struct sql_query *q, int column)
{
	return sqlite3_column_type(q->statement, column) == SQLITE_NULL;
}

struct str
sql_str(const struct sql_query *q, int column)
{
	const char *p = (const char *)sqlite3_column_blob(q->statement, column);
	return p ? (struct str){p, (size_t)sqlite3_column_bytes(q->statement, column)} : STR("");
}

bool
sql_run(struct database *d, int *changes, const char *text, const struct sql_value *values,
    size_t count, struct err *e)
{
	struct sql_query q;
	int more = sql_start(&q, d, text, values, count, e) ? sql_step(&q, e) : -1;
	if (more == 1)
		sql_stop(&q);
	if (changes)
		*changes = sqlite3_changes(d->handle);
	return more >= 0;
}

bool
sql_script(struct database *d, const char *text, struct err *e)
{
	if (sqlite3_exec(d->handle, text, NULL, NULL, NULL) != SQLITE_OK)
		return fail(d, e);
	return true;
}

bool
sql_one_int(struct database *d, int64_t *out, int64_t missing, const char *text,
    const struct sql_value *values, size_t count, struct err *e)
{
	struct sql_query q;
	int more = sql_start(&q, d, text, values, count, e) ? sql_step(&q, e) : -1;
	*out = more == 1 && !sql_is_null(&q, 0) ? sql_int(&q, 0) : missing;
	if (more == 1)
		sql_stop(&q);
	return more >= 0;
}

bool
database_begin(struct database *d, struct err *e)
{
	assert(!d->writing && d->lock_fd >= 0);
	if (!lock(d, F_WRLCK, e))
		return false;
	d->writing = true;
	if (!sql_run(d, NULL, begin_text, NULL, 0, e)) {
		unlock(d);
		return false;
	}
	return true;
}

bool
database_commit(struct database *d, struct err *e)
{
	assert(d->writing);
	if (!sql_run(d, NULL, commit_text, NULL, 0, e)) {
		database_rollback(d);
		return false;
	}
	/* Committed.  A checkpoint that fails now is tried again by the next commit. */
	if ((uint64_t)d->wal_pages * PAGE_BYTES > CHECKPOINT_BYTES)
		sqlite3_wal_checkpoint_v2(d->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	unlock(d);
	return true;
}

void
database_rollback(struct database *d)
{
	struct err ignored = {0};
	/* Unless SQLite rolled back by itself already. */
	if (!sqlite3_get_autocommit(d->handle) &&
	    !sql_run(d, NULL, rollback_text, NULL, 0, &ignored) &&
	    !sqlite3_get_autocommit(d->handle)) {
		/* It would keep everybody from writing, for ever. */
		log_err("a transaction cannot be ended", &ignored);
		_exit(EXIT_MEMORY);
	}
	if (d->writing)
		unlock(d);
}
