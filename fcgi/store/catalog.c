/*
 * catalog.c: catalog.db: opening, schema, migrations, transactions.
 *
 * The schema is an ordered array of steps; user_version says how many of them a file has seen.  A
 * step, once released, is never changed: the next one is added behind it.
 */
#define _GNU_SOURCE
#include "store/catalog.h"
#include "base/cells.h"
#include "base/file.h"
#include "base/tree.h"
#include "base/utf8.h"

#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define APPLICATION_ID 0x526f7768 /* "Rowh" */

static const char *const migrations[] = {
    /* 1 */
    "CREATE TABLE organizations("
    " org_id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL);"
    "CREATE TABLE keys("
    " key_id TEXT PRIMARY KEY, org_id INTEGER NOT NULL REFERENCES organizations,"
    " name TEXT NOT NULL, role TEXT NOT NULL, secret_hash BLOB NOT NULL UNIQUE,"
    " created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER) WITHOUT ROWID;"
    "CREATE TABLE sessions("
    " session_hash BLOB PRIMARY KEY, key_id TEXT NOT NULL REFERENCES keys ON DELETE CASCADE,"
    " created_at INTEGER NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE sources("
    " source_id TEXT PRIMARY KEY, org_id INTEGER NOT NULL REFERENCES organizations,"
    " name TEXT NOT NULL, state TEXT NOT NULL, incoming TEXT, bytes INTEGER NOT NULL,"
    " created_at INTEGER NOT NULL, stored_at INTEGER) WITHOUT ROWID;"
    "CREATE INDEX sources_by_time ON sources(org_id, state, created_at);"
    "CREATE TABLE source_files("
    " source_id TEXT NOT NULL REFERENCES sources ON DELETE CASCADE, position INTEGER NOT NULL,"
    " field TEXT NOT NULL, name TEXT NOT NULL, content_type TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, offset INTEGER NOT NULL, sha256 TEXT,"
    " PRIMARY KEY(source_id, position)) WITHOUT ROWID;"
    "CREATE INDEX source_files_by_blob ON source_files(sha256);"
    "CREATE TABLE datasets("
    " dataset_id TEXT PRIMARY KEY, org_id INTEGER NOT NULL REFERENCES organizations,"
    " slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, description TEXT NOT NULL,"
    " type TEXT NOT NULL, state TEXT NOT NULL, source_id TEXT, params TEXT,"
    " generation INTEGER NOT NULL DEFAULT 0, change INTEGER NOT NULL DEFAULT 0,"
    " rows INTEGER NOT NULL DEFAULT 0, columns INTEGER NOT NULL DEFAULT 0,"
    " bytes INTEGER NOT NULL DEFAULT 0, records_read INTEGER NOT NULL DEFAULT 0,"
    " records_skipped INTEGER NOT NULL DEFAULT 0, findings INTEGER NOT NULL DEFAULT 0,"
    " error TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX datasets_by_time ON datasets(org_id, created_at, dataset_id);"
    "CREATE INDEX datasets_by_source ON datasets(source_id);"
    "CREATE TABLE jobs("
    " job_id TEXT PRIMARY KEY, org_id INTEGER NOT NULL REFERENCES organizations,"
    " kind TEXT NOT NULL, state TEXT NOT NULL, dataset_id TEXT, source_id TEXT, params TEXT,"
    " result TEXT, error TEXT, attempt INTEGER NOT NULL DEFAULT 0,"
    " cancel INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,"
    " total INTEGER NOT NULL DEFAULT 0, rows INTEGER NOT NULL DEFAULT 0,"
    " created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER) WITHOUT ROWID;"
    "CREATE INDEX jobs_by_state ON jobs(state, kind, created_at);"
    "CREATE INDEX jobs_by_dataset ON jobs(dataset_id, created_at);"
    "CREATE INDEX jobs_by_time ON jobs(org_id, created_at);"
    "CREATE TABLE answers("
    " org_id INTEGER NOT NULL, key TEXT NOT NULL, body_hash BLOB NOT NULL, status INTEGER,"
    " body TEXT, location TEXT, dataset_id TEXT, created_at INTEGER NOT NULL,"
    " PRIMARY KEY(org_id, key)) WITHOUT ROWID;"
    "INSERT INTO organizations VALUES(1, 'default', 0);",
    /* 2: plugins; users, roles, links, the audit */
    "ALTER TABLE organizations ADD COLUMN settings TEXT;"
    "CREATE TABLE users("
    " user_id TEXT PRIMARY KEY, org_id INTEGER NOT NULL REFERENCES organizations,"
    " email TEXT UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL, password TEXT,"
    " created_at INTEGER NOT NULL, signed_in_at INTEGER, disabled_at INTEGER) WITHOUT ROWID;"
    "CREATE INDEX users_by_org ON users(org_id, created_at);"
    "ALTER TABLE keys ADD COLUMN user_id TEXT REFERENCES users;"
    "ALTER TABLE keys ADD COLUMN begins TEXT;"
    "ALTER TABLE keys ADD COLUMN scope TEXT;"
    "ALTER TABLE keys ADD COLUMN used_at INTEGER;"
    "ALTER TABLE keys ADD COLUMN parent_id TEXT;"
    "UPDATE keys SET role='owner' WHERE role='admin';"
    "CREATE INDEX keys_by_org ON keys(org_id, created_at);"
    "CREATE INDEX keys_by_user ON keys(user_id);"
    "CREATE INDEX keys_by_parent ON keys(parent_id);"
    "DROP TABLE sessions;"
    "CREATE TABLE sessions("
    " session_hash BLOB PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,"
    " created_at INTEGER NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX sessions_by_user ON sessions(user_id);"
    "CREATE TABLE links("
    " link_hash BLOB PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,"
    " created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE attempts("
    " what TEXT NOT NULL, minute INTEGER NOT NULL, count INTEGER NOT NULL,"
    " PRIMARY KEY(what, minute)) WITHOUT ROWID;"
    "CREATE INDEX attempts_by_minute ON attempts(minute);"
    "CREATE TABLE audit("
    " audit_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, org_id INTEGER NOT NULL,"
    " who TEXT NOT NULL, user_id TEXT, key_id TEXT, action TEXT NOT NULL, target TEXT,"
    " detail TEXT, remote TEXT, request_id TEXT);"
    "CREATE INDEX audit_by_time ON audit(org_id, at);"
    "CREATE INDEX audit_by_action ON audit(org_id, action, at);"
    "ALTER TABLE datasets RENAME COLUMN change TO edition;"
    "ALTER TABLE jobs ADD COLUMN who TEXT;"
    "ALTER TABLE jobs ADD COLUMN title TEXT;"
    "ALTER TABLE jobs ADD COLUMN leases TEXT;"
    "ALTER TABLE jobs ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE jobs ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE plugin_state("
    " plugin TEXT NOT NULL, org_id INTEGER NOT NULL, dataset_id TEXT NOT NULL, name TEXT NOT NULL,"
    " value BLOB NOT NULL, PRIMARY KEY(plugin, org_id, dataset_id, name)) WITHOUT ROWID;"
    "CREATE INDEX plugin_state_by_dataset ON plugin_state(dataset_id);",
    /* 3: resumable uploads; how a file is to be read */
    "CREATE TABLE uploads("
    " upload_id TEXT PRIMARY KEY, org_id INTEGER NOT NULL REFERENCES organizations,"
    " name TEXT NOT NULL, content_type TEXT NOT NULL, metadata TEXT NOT NULL, length INTEGER,"
    " offset INTEGER NOT NULL DEFAULT 0, reserved INTEGER NOT NULL, hash BLOB NOT NULL,"
    " created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX uploads_by_org ON uploads(org_id);"
    "CREATE INDEX uploads_by_time ON uploads(expires_at);"
    "ALTER TABLE sources ADD COLUMN options TEXT;",
    /* 4: how many rows of a dataset are not as they were in the file */
    "ALTER TABLE datasets ADD COLUMN records_repaired INTEGER NOT NULL DEFAULT 0;",
};

static bool
migrate(struct database *d, struct err *e)
{
	int64_t version, application;
	if (!database_begin(d, e))
		return false;
	if (!sql_one_int(d, &version, 0, "PRAGMA user_version", NULL, 0, e) ||
	    !sql_one_int(d, &application, 0, "PRAGMA application_id", NULL, 0, e))
		goto failed;
	if (version > (int64_t)ARRAY_LENGTH(migrations)) {
		FAIL(e, UNAVAILABLE,
		    "the data folder was made by a newer Rowhouse (catalog version %" PRId64
		    ", this one knows %zu): run the newer one",
		    version, ARRAY_LENGTH(migrations));
		goto failed;
	}
	if (application != 0 && application != APPLICATION_ID) {
		FAIL(e, INPUT, "catalog.db in the data folder is not Rowhouse's");
		goto failed;
	}
	for (size_t i = (size_t)version; i < ARRAY_LENGTH(migrations); i++)
		if (!sql_script(d, migrations[i], e))
			goto failed;
	char settle[80];
	snprintf(settle, sizeof settle, "PRAGMA user_version=%zu; PRAGMA application_id=%d;",
	    ARRAY_LENGTH(migrations), APPLICATION_ID);
	if (version < (int64_t)ARRAY_LENGTH(migrations) && !sql_script(d, settle, e))
		goto failed;
	return database_commit(d, e);
failed:
	database_rollback(d);
	return false;
}

static bool
make_folders(const char *data, struct err *e)
{
	static const char *const names[] = {
	    "", "/datasets", "/blobs", "/incoming", "/uploads", "/run", "/log"};
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		char path[PATH_MAX];
		if (snprintf(path, sizeof path, "%s%s", data, names[i]) >= (int)sizeof path)
			return FAIL(e, INPUT, "the path of the data folder is too long");
		if (access(path, F_OK) != 0 && !folder_make(path, e))
			return false;
	}
	return true;
}

bool
store_open(struct store **out, const char *data, struct err *e)
{
	char real[PATH_MAX], path[PATH_MAX + 16];
	/* What is kept is for this user alone. */
	umask(077);
	if (!make_folders(data, e))
		return false;
	/* SQLite refuses links anywhere in a path, so that none can be slipped in. */
	if (!realpath(data, real))
		return FAIL_ERRNO(e, "the folder %s cannot be used", data);
	struct store *s = calloc(1, sizeof *s);
	if (!s || !(s->data = strdup(real))) {
		free(s);
		return FAIL(e, UNAVAILABLE, "out of memory");
	}
	snprintf(path, sizeof path, "%s/catalog.db", real);
	bool good = database_open(&s->catalog, path, DATABASE_WRITE, e);
	if (good && !migrate(&s->catalog, e)) {
		database_close(&s->catalog);
		good = false;
	}
	if (!good) {
		free(s->data);
		free(s);
		return false;
	}
	*out = s;
	return true;
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	database_close(&s->catalog);
	free(s->data);
	free(s);
}

void
store_recover(struct store *s)
{
	database_recover(&s->catalog);
}

const char *
store_data(const struct store *s)
{
	return s->data;
}

bool
store_ready(struct store *s, struct err *e)
{
	int64_t one;
	return sql_one_int(&s->catalog, &one, 0, "SELECT count(*) FROM organizations", NULL, 0, e);
}

uint64_t
store_free_bytes(const struct store *s)
{
	struct statvfs v;
	return statvfs(s->data, &v) == 0 ? (uint64_t)v.f_bavail * v.f_frsize : UINT64_MAX;
}

bool
store_begin(struct store *s, struct err *e)
{
	return database_begin(&s->catalog, e);
}

bool
store_commit(struct store *s, struct err *e)
{
	return database_commit(&s->catalog, e);
}

void
store_rollback(struct store *s)
{
	database_rollback(&s->catalog);
}

struct str
catalog_str(const struct sql_query *q, int column, struct arena *a)
{
	return arena_copy(a, sql_str(q, column));
}

void
catalog_id(char out[UUID_BYTES], const struct sql_query *q, int column)
{
	struct str s = sql_str(q, column);
	snprintf(out, UUID_BYTES, "%.*s", STR_ARG(s));
}

struct str
catalog_error_text(char out[CATALOG_ERROR_BYTES], const struct err *why)
{
	char message[6 * ERR_MESSAGE_BYTES + 1], field[6 * ERR_FIELD_BYTES + 1];
	struct str f = str_of(why->field);
	message[cells_escape(message, why->message, strlen(why->message))] = 0;
	field[cells_escape(field, f.p, utf8_valid(f.p, f.n))] = 0;
	int n = snprintf(out, CATALOG_ERROR_BYTES,
	    "{\"code\":\"%s\",\"message\":\"%s\",\"field\":\"%s\",\"line\":%" PRIu64 "}",
	    err_word(why), message, field, why->at_line);
	return (struct str){out, (size_t)n};
}

struct kept_error
catalog_error(const struct sql_query *q, int column, struct arena *a)
{
	struct kept_error kept = {0};
	struct err ignored = {0};
	json_t *tree;
	struct str text = sql_str(q, column);
	if (text.n == 0 || !tree_parse(&tree, text, a, &ignored))
		return kept;
	kept.code = arena_copy(a, tree_str(tree, "code"));
	kept.message = arena_copy(a, tree_str(tree, "message"));
	kept.field = arena_copy(a, tree_str(tree, "field"));
	kept.line = (uint64_t)json_integer_value(json_object_get(tree, "line"));
	return kept;
}

struct str
store_rows_path(const struct store *s, const char *dataset_id, int64_t generation, struct arena *a)
{
	return arena_format(
	    a, "%s/datasets/%s/rows-%" PRId64 ".db", s->data, dataset_id, generation);
}

struct str
store_derived_path(const struct store *s, const char *dataset_id, const char *name, struct arena *a)
{
	return arena_format(a, "%s/datasets/%s/derived/%s", s->data, dataset_id, name);
}

struct str
store_projections_path(
    const struct store *s, const char *dataset_id, int64_t generation, struct arena *a)
{
	return arena_format(a, "%s/datasets/%s/derived/%" PRId64, s->data, dataset_id, generation);
}

struct str
store_projection_path(const struct store *s, const char *dataset_id, int64_t generation,
    size_t column_id, struct arena *a)
{
	return arena_format(a, "%s/datasets/%s/derived/%" PRId64 "/%zu", s->data, dataset_id,
	    generation, column_id);
}

struct str
store_statistics_path(
    const struct store *s, const char *dataset_id, int64_t generation, struct arena *a)
{
	return arena_format(
	    a, "%s/datasets/%s/derived/%" PRId64 "/statistics", s->data, dataset_id, generation);
}
