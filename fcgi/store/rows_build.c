/* rows_build.c: writing a new rows file, once, from front to back; see rows.h. */
#define _GNU_SOURCE
#include "store/rows.h"
#include "store/feed.h"
#include "store/rows_file.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/jsonout.h"
#include "base/limits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PENDING_BYTES KIB(256)
#define WRITE_BACK_BYTES MIB(16)         /* so that the fsync at the end finds little left to do */
#define ROWS_APPLICATION_ID "1383036258" /* 0x526f7762 */

static const char schema[] =
    "CREATE TABLE info(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE columns("
    " column_id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, position INTEGER NOT NULL,"
    " name TEXT NOT NULL, type TEXT NOT NULL DEFAULT 'string', vendor_type TEXT,"
    " description TEXT, required INTEGER NOT NULL DEFAULT 0, default_value TEXT,"
    " dropped INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE rows("
    " row_id INTEGER PRIMARY KEY, line INTEGER, rev INTEGER NOT NULL, cells TEXT NOT NULL,"
    " absent TEXT);"
    "CREATE TABLE changes("
    " change_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, kind TEXT NOT NULL,"
    " cause TEXT, undoes INTEGER, idempotency_key TEXT UNIQUE);"
    "CREATE TABLE history("
    " row_id INTEGER NOT NULL, column_id INTEGER NOT NULL, change_id INTEGER NOT NULL, old TEXT,"
    " PRIMARY KEY(row_id, column_id, change_id)) WITHOUT ROWID;"
    "CREATE INDEX history_by_change ON history(change_id);"
    "CREATE TABLE marks("
    " row_id INTEGER NOT NULL, column_id INTEGER NOT NULL, state TEXT NOT NULL, confidence REAL,"
    " change_id INTEGER, source TEXT, PRIMARY KEY(row_id, column_id)) WITHOUT ROWID;"
    "CREATE TABLE reviews("
    " row_id INTEGER PRIMARY KEY, state TEXT NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL,"
    " comment TEXT);"
    "CREATE TABLE findings("
    " finding_id INTEGER PRIMARY KEY, line INTEGER, row_id INTEGER, column_id INTEGER,"
    " code TEXT NOT NULL, message TEXT NOT NULL);"
    "CREATE TABLE finding_counts(code TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE column_stats(column_id INTEGER PRIMARY KEY, stats TEXT NOT NULL);"
    "CREATE TABLE ranks(first_row_id INTEGER PRIMARY KEY, alive INTEGER NOT NULL);"
    "CREATE TABLE tasks(job_id TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT "
    "ROWID;" ROWS_ADDED_2 "PRAGMA application_id=" ROWS_APPLICATION_ID ";";

struct rows_build {
	struct database d;
	sqlite3_stmt *insert;
	int fd; /* of the same file, for its way to the disk */
	off_t written_back;
	uint64_t rows, columns, findings;
	uint64_t in_rank;
	bool typed[LIMIT_COLUMNS]; /* somebody declared the column's type */
	/* Rows that were taken and not stored yet; their texts lie in pending_text. */
	struct feed feed;
	struct feed_row pending[RANK_ROWS];
	char *pending_text;
	size_t pending_bytes, since_write_back;
	struct {
		char code[LIMIT_FINDING_CODE_BYTES + 1];
		uint64_t count;
	} codes[LIMIT_FINDING_CODES];
	size_t code_count;
	struct arena arena;
};

static void
build_free(struct rows_build *b)
{
	sqlite3_finalize(b->insert);
	database_close(&b->d);
	if (b->fd >= 0)
		close(b->fd);
	arena_release(&b->arena);
	free(b->pending_text);
	free(b);
}

void
rows_build_abandon(struct rows_build *b)
{
	char *path = strdup(b->d.path);
	build_free(b);
	if (path)
		unlink(path);
	free(path);
}

bool
rows_build_open(struct rows_build **out, const char *path, struct err *e)
{
	struct rows_build *b = calloc(1, sizeof *b);
	if (!b)
		return FAIL(e, UNAVAILABLE, "out of memory");
	arena_init(&b->arena, MIB(32));
	b->fd = -1;
	b->feed.rows = b->pending;
	b->pending_text = malloc(PENDING_BYTES);
	unlink(path);
	if (!b->pending_text || !database_open(&b->d, path, DATABASE_BUILD, e)) {
		free(b->pending_text);
		free(b);
		return e->code != ERR_OK ? false : FAIL(e, UNAVAILABLE, "out of memory");
	}
	if (!feed_register(&b->d, &b->feed, e) || !sql_script(&b->d, schema, e) ||
	    !sql_script(&b->d, "BEGIN EXCLUSIVE", e) ||
	    (b->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) < 0 ||
	    sqlite3_prepare_v3(b->d.handle,
		"INSERT INTO rows(line, rev, cells, absent) SELECT line, 0, cells, absent FROM "
		"feed",
		-1, SQLITE_PREPARE_PERSISTENT, &b->insert, NULL) != SQLITE_OK) {
		FAIL(e, SYSTEM, "a file of rows cannot be begun: %s", sqlite3_errmsg(b->d.handle));
		rows_build_abandon(b);
		return false;
	}
	*out = b;
	return true;
}

bool
rows_build_column(struct rows_build *b, const struct new_column *column, struct err *e)
{
	if (b->columns >= LIMIT_COLUMNS)
		return FAIL(e, TOO_BIG, "the file has more than %d columns", LIMIT_COLUMNS);
	b->typed[b->columns] = column->type != NULL;
	return rows_insert_column(&b->d, b->columns, column, e) && (b->columns++, true);
}

static bool
close_rank(struct rows_build *b, struct err *e)
{
	uint64_t first = b->rows - b->in_rank + 1, alive = b->in_rank;
	b->in_rank = 0;
	return alive == 0 || sql_run(&b->d, NULL, "INSERT INTO ranks VALUES(?,?)",
				 SQL_VALUES(V_INT(first), V_INT(alive)), e);
}

/* Sends what is in the file on its way to the disk, without waiting for it. */
static void
write_back(struct rows_build *b)
{
	struct stat st;
	b->since_write_back = 0;
	if (fstat(b->fd, &st) != 0 || st.st_size <= b->written_back)
		return;
	sync_file_range(
	    b->fd, b->written_back, st.st_size - b->written_back, SYNC_FILE_RANGE_WRITE);
	b->written_back = st.st_size;
}

/* Stores the pending rows.  Nobody gives them ids, so they get 1, 2, 3 ... in their order. */
static bool
store_pending(struct rows_build *b, struct err *e)
{
	if (b->feed.count == 0)
		return true;
	int rc = sqlite3_step(b->insert);
	sqlite3_reset(b->insert);
	int why = sqlite3_system_errno(b->d.handle);
	if (rc == SQLITE_FULL || ((rc & 0xff) == SQLITE_IOERR && (why == ENOSPC || why == EDQUOT)))
		return FAIL(
		    e, DISK_FULL, "the rows cannot be written: %s", sqlite3_errmsg(b->d.handle));
	if (rc != SQLITE_DONE)
		return FAIL(e, SYSTEM, "a row cannot be written: %s", sqlite3_errmsg(b->d.handle));
	b->since_write_back += b->pending_bytes;
	b->feed.count = b->pending_bytes = 0;
	if (b->since_write_back >= WRITE_BACK_BYTES)
		write_back(b);
	return true;
}

static struct str
keep_text(struct rows_build *b, struct str s)
{
	char *p = b->pending_text + b->pending_bytes;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	b->pending_bytes += s.n;
	return (struct str){p, s.n};
}

bool
rows_build_row(
    struct rows_build *b, uint64_t line, struct str cells, struct str absent, struct err *e)
{
	size_t n = cells.n + absent.n;
	if (n > PENDING_BYTES - b->pending_bytes && !store_pending(b, e))
		return false;
	bool large = n > PENDING_BYTES;
	b->pending[b->feed.count++] =
	    large ? (struct feed_row){line, cells, absent}
		  : (struct feed_row){line, keep_text(b, cells), keep_text(b, absent)};
	b->rows++;
	bool whole = ++b->in_rank == RANK_ROWS;
	if (large) {
		/* Its texts are good during this call only. */
		b->pending_bytes = n;
		if (!store_pending(b, e))
			return false;
	}
	return !whole || (store_pending(b, e) && close_rank(b, e));
}

bool
rows_build_finding(struct rows_build *b, uint64_t line, size_t column, struct str code,
    struct str message, struct err *e)
{
	size_t i = 0;
	code = str_clip(code, LIMIT_FINDING_CODE_BYTES);
	while (i < b->code_count && !str_is(code, b->codes[i].code))
		i++;
	/* The last place is for all there was no place for; one may be called so itself. */
	if (i >= LIMIT_FINDING_CODES - 1)
		i = LIMIT_FINDING_CODES - 1;
	if (i >= b->code_count) {
		snprintf(b->codes[i].code, sizeof b->codes[i].code, "%.*s",
		    STR_ARG(i == LIMIT_FINDING_CODES - 1 ? STR(FINDING_OTHER) : code));
		b->code_count++;
	}
	b->codes[i].count++;
	if (b->findings++ >= LIMIT_FINDINGS)
		return true;
	return sql_run(&b->d, NULL,
	    "INSERT INTO findings(line, row_id, column_id, code, message) VALUES(?,?,?,?,?)",
	    SQL_VALUES(V_INT(line), line > 0 ? V_INT(b->rows + 1) : V_NULL,
		column == SIZE_MAX ? V_NULL : V_INT(column), V_STR(code), V_STR(message)),
	    e);
}

static bool
write_statistics(struct rows_build *b, const struct guess *guesses, struct err *e)
{
	for (size_t i = 0; i < b->columns; i++) {
		const struct guess *g = &guesses[i];
		bool is_number = guess_type(g) == COLUMN_INTEGER || guess_type(g) == COLUMN_NUMBER;
		const char *type = b->typed[i] ? NULL : column_type_names[guess_type(g)];
		struct arena_mark mark = arena_mark(&b->arena);
		struct buf text;
		struct jsonout j;
		buf_init(&text, &b->arena);
		jsonout_init(&j, &text);
		jsonout_object(&j);
		jsonout_member_int(&j, "values", (int64_t)g->values);
		/* Absent cells are empty too. */
		jsonout_member_int(&j, "empty", (int64_t)(b->rows - g->values));
		jsonout_member_int(&j, "longest", (int64_t)g->longest);
		if (g->has_number && is_number) {
			jsonout_key(&j, "least");
			jsonout_double(&j, g->least);
			jsonout_key(&j, "most");
			jsonout_double(&j, g->most);
		}
		jsonout_end(&j);
		bool good = sql_run(&b->d, NULL,
				"UPDATE columns SET type=coalesce(?, type) WHERE column_id=?",
				SQL_VALUES(type ? V_TEXT(type) : V_NULL, V_INT(i)), e) &&
			    sql_run(&b->d, NULL, "INSERT INTO column_stats VALUES(?,?)",
				SQL_VALUES(V_INT(i), V_STR(buf_str(&text))), e);
		arena_reset(&b->arena, mark);
		if (!good)
			return false;
	}
	for (size_t i = 0; i < b->code_count; i++)
		if (!sql_run(&b->d, NULL,
			"INSERT INTO finding_counts VALUES(?,?) ON CONFLICT(code) DO UPDATE SET "
			"count=count+excluded.count",
			SQL_VALUES(V_TEXT(b->codes[i].code), V_INT(b->codes[i].count)), e))
			return false;
	return true;
}

static bool
write_info(struct rows_build *b, const char *name, uint64_t value, struct err *e)
{
	char text[24];
	snprintf(text, sizeof text, "%" PRIu64, value);
	return sql_run(
	    &b->d, NULL, "INSERT INTO info VALUES(?,?)", SQL_VALUES(V_TEXT(name), V_TEXT(text)), e);
}

bool
rows_build_options(struct rows_build *b, struct str options, struct err *e)
{
	return sql_run(&b->d, NULL, "INSERT OR REPLACE INTO info VALUES('options',?)",
	    SQL_VALUES(V_STR(options)), e);
}

/* What SQLite thinks of the file: one row "ok". */
static bool
check(struct rows_build *b, struct err *e)
{
	struct sql_query q;
	if (!sql_start(&q, &b->d, "PRAGMA quick_check(1)", NULL, 0, e))
		return false;
	int more = sql_step(&q, e);
	if (more != 1)
		return false;
	bool good = str_is(sql_str(&q, 0), "ok") ||
		    FAIL(e, SYSTEM, "the rows were written wrongly: %.*s", STR_ARG(sql_str(&q, 0)));
	sql_stop(&q);
	return good;
}

static bool
sync_file(const char *path, uint64_t *bytes, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0 && fstat(fd, &st) == 0;
	if (!good)
		FAIL_ERRNO(e, "the rows cannot be made durable");
	else
		*bytes = (uint64_t)st.st_size;
	if (fd >= 0)
		close(fd);
	return good;
}

bool
rows_build_finish(struct rows_build *b, const struct guess *guesses, uint64_t records_read,
    uint64_t records_skipped, struct rows_built *built, struct err *e)
{
	*built = (struct rows_built){b->rows, b->columns, b->findings, 0};
	bool written = store_pending(b, e) && close_rank(b, e) && write_statistics(b, guesses, e) &&
		       rows_write_view(&b->d, &b->arena, e) &&
		       write_info(b, "records_read", records_read, e) &&
		       write_info(b, "records_skipped", records_skipped, e) &&
		       write_info(b, "findings", b->findings, e) && sql_script(&b->d, "COMMIT", e);
	write_back(b);
	if (!written || !check(b, e)) {
		rows_build_abandon(b);
		return false;
	}
	/* It stays without a write-ahead log until its first edit (DATABASE_WRITE makes one), so
	 * that reading it needs no other file and works on a full disk. */
	char *path = strdup(b->d.path);
	build_free(b);
	bool good =
	    path ? sync_file(path, &built->bytes, e) : FAIL(e, UNAVAILABLE, "out of memory");
	free(path);
	return good;
}
