/* test_catalog.c: opening the catalog, bringing an older one up, answers kept for a retry. */
#include "catalog.h"
#include "store/accounts.h"

#include <signal.h>

static void
opening_makes_what_is_missing_and_nothing_twice(void **state)
{
	(void)state;
	static const char *const folders[] = {
	    "datasets", "blobs", "incoming", "uploads", "run", "log"};
	struct stat st;
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
		assert_int_equal(stat(folder_file(folder, folders[i]), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0700);
	}
	ASSERT_ASK("4", "PRAGMA user_version");
	ASSERT_ASK("1383036776", "PRAGMA application_id");
	ASSERT_ASK("1 default", "SELECT org_id, name FROM organizations ORDER BY org_id LIMIT 1");
	ASSERT_ASK("wal", "PRAGMA journal_mode");
	struct store *again;
	MUST(store_open(&again, folder, &e));
	store_close(again);
	ASSERT_ASK("2", "SELECT count(*) FROM organizations");
	MUST(store_ready(store, &e));
	assert_string_equal(store_data(store), folder);
	assert_true(store_free_bytes(store) > 0);
	store_close(NULL);
}

static void
several_processes_may_make_it_at_once(void **state)
{
	(void)state;
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", folder_file(folder, "together"));
	pid_t all[6];
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if ((all[i] = fork()) == 0) {
			struct store *s;
			struct err why = {0};
			bool worked = store_open(&s, path, &why) && store_ready(s, &why);
			if (!worked)
				fprintf(stderr, "%s\n", why.message);
			_exit(worked ? 0 : 1);
		}
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		int status;
		assert_int_equal(waitpid(all[i], &status, 0), all[i]);
		assert_int_equal(status, 0);
	}
}

/* A data folder whose catalog.db is made by these statements. */
static bool
open_made_by(const char *name, const char *statements)
{
	char path[PATH_MAX];
	sqlite3 *db;
	struct store *s;
	snprintf(path, sizeof path, "%s", folder_file(folder, name));
	err_clear(&e);
	assert_true(folder_make(path, &e));
	assert_int_equal(sqlite3_open(folder_file(path, "catalog.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statements, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	if (!store_open(&s, path, &e))
		return false;
	store_close(s);
	return true;
}

static void
a_catalog_of_a_newer_rowhouse_is_refused_untouched(void **state)
{
	(void)state;
	assert_false(open_made_by("newer", "PRAGMA application_id=1383036776;"
					   "PRAGMA user_version=5; CREATE TABLE later(x)"));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(e.message, "newer Rowhouse"));
	assert_false(open_made_by("newer", "SELECT 1"));
	sqlite3 *db;
	assert_int_equal(sqlite3_open(folder_file(folder, "newer/catalog.db"), &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "INSERT INTO later VALUES(1); SELECT * FROM later", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_not_equal(
	    sqlite3_exec(db, "SELECT * FROM organizations", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
a_file_of_another_program_is_refused(void **state)
{
	(void)state;
	assert_false(open_made_by("foreign", "PRAGMA application_id=42; CREATE TABLE t(x)"));
	assert_int_equal(e.code, ERR_INPUT);
	assert_true(open_made_by("empty", "PRAGMA user_version=0"));
	char path[PATH_MAX];
	memset(path, 'p', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = 0;
	struct store *s;
	err_clear(&e);
	assert_false(store_open(&s, path, &e));
	file_put(folder_file(folder, "plain"), STR("x"));
	err_clear(&e);
	assert_false(store_open(&s, folder_file(folder, "plain"), &e));
}

static void
hash_of(uint8_t out[SHA256_BYTES], const char *text)
{
	sha256_of(out, str_of(text));
}

/* The schema of Rowhouse 0.1 before there were users, with one of everything that has to change. */
static const char first_version[] =
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
    "INSERT INTO organizations VALUES(1, 'default', 0);"
    "INSERT INTO keys VALUES('" NOBODY "', 1, 'admin', 'admin',"
    /* SHA-256 of "old key" */
    " x'2d9ac2b9b9b4ae9b6e44c6d2e695c47854fe6e5a4d4c55992af43047b692adbc', 5, NULL, NULL);"
    "INSERT INTO keys VALUES('11111111-0000-4000-8000-000000000000', 1, 'look', 'viewer',"
    " x'00', 5, NULL, NULL);"
    "INSERT INTO sessions VALUES(x'aa', '" NOBODY "', 1, 1);"
    "INSERT INTO jobs(job_id, org_id, kind, state, created_at)"
    " VALUES('22222222-0000-4000-8000-000000000000', 1, 'upload', 'queued', 9);"
    "PRAGMA application_id=1383036776; PRAGMA user_version=1;";

static void
a_catalog_from_before_there_were_users_is_brought_up(void **state)
{
	(void)state;
	struct store *s, *kept = store;
	struct key k;
	struct job j;
	struct user first;
	uint8_t hash[SHA256_BYTES];
	bool found;
	hash_of(hash, "old key");
	if (!open_made_by("first", first_version))
		fail_msg("%s", e.message);
	MUST(store_open(&s, folder_file(folder, "first"), &e));
	/* The old admin key still opens the door, and may as much as before. */
	MUST(store_key_find(s, &k, &found, hash, &arena, &e));
	assert_true(found);
	assert_true(str_is(k.role, "owner") && str_is(k.name, "admin"));
	assert_int_equal(k.user_id.n + k.scope.n, 0);
	MUST(store_user_first(s, &first, &found, &arena, &e));
	assert_false(found);
	MUST(store_job_get(s, &j, 1, "22222222-0000-4000-8000-000000000000", &arena, &e));
	assert_int_equal(j.leases.n + j.who.n + j.title.n + j.failed, 0);
	store = s;
	ASSERT_ASK("4", "PRAGMA user_version");
	ASSERT_ASK("viewer", "SELECT role FROM keys WHERE name='look'");
	/* Sessions were their keys'; everybody signs in anew. */
	ASSERT_ASK("0", "SELECT count(*) FROM sessions");
	ASSERT_ASK("0", "SELECT count(*) FROM pragma_foreign_key_check");
	/* It is as if it had been made today. */
	struct str theirs = ask("SELECT group_concat(m.name || c.name) FROM sqlite_schema m,"
				" pragma_table_info(m.name) c WHERE m.type='table' ORDER BY 1");
	struct str indices = ask("SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema"
				 " WHERE type='index' ORDER BY name)");
	store = kept;
	ASSERT_ASK(theirs.p, "SELECT group_concat(m.name || c.name) FROM sqlite_schema m,"
			     " pragma_table_info(m.name) c WHERE m.type='table' ORDER BY 1");
	ASSERT_ASK(indices.p, "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema"
			      " WHERE type='index' ORDER BY name)");
	store_close(s);
}

static void
an_answer_is_given_again_to_the_same_key_only(void **state)
{
	(void)state;
	uint8_t body[SHA256_BYTES];
	struct kept_answer a;
	hash_of(body, "body");
	MUST(store_answer_begin(store, &a, 1, STR("k\xc3\xa4y"), body, &arena, &e));
	assert_false(a.found);
	/* A second request meets the first one while it runs. */
	MUST(store_answer_begin(store, &a, 1, STR("k\xc3\xa4y"), body, &arena, &e));
	assert_true(a.found && a.running);
	MUST(store_answer_end(store, 1, STR("k\xc3\xa4y"), 201, STR("{\"id\":1}"), STR("/x"), &e));
	for (int turn = 0; turn < 2; turn++) {
		MUST(store_answer_begin(store, &a, 1, STR("k\xc3\xa4y"), body, &arena, &e));
		assert_true(a.found && !a.running);
		assert_int_equal(a.status, 201);
		assert_true(str_is(a.body, "{\"id\":1}") && str_is(a.location, "/x"));
		assert_memory_equal(a.body_hash, body, sizeof body);
	}
	/* Another organisation's key of the same name is its own. */
	MUST(store_answer_begin(store, &a, 2, STR("k\xc3\xa4y"), body, &arena, &e));
	assert_false(a.found);
	/* One that came to nothing may be tried again. */
	MUST(store_answer_end(store, 2, STR("k\xc3\xa4y"), 0, STR(""), STR(""), &e));
	MUST(store_answer_begin(store, &a, 2, STR("k\xc3\xa4y"), body, &arena, &e));
	assert_false(a.found);
	/* A given answer is not forgotten by it. */
	MUST(store_answer_end(store, 1, STR("k\xc3\xa4y"), 0, STR(""), STR(""), &e));
	MUST(store_answer_begin(store, &a, 1, STR("k\xc3\xa4y"), body, &arena, &e));
	assert_true(a.found && !a.running);
}

static void
a_request_whose_worker_died_does_not_hold_its_key(void **state)
{
	(void)state;
	uint8_t body[SHA256_BYTES];
	struct kept_answer a;
	hash_of(body, "body");
	MUST(store_answer_begin(store, &a, 1, STR("died"), body, &arena, &e));
	ask("UPDATE answers SET created_at=created_at-179000000 WHERE key='died'");
	MUST(store_answer_begin(store, &a, 1, STR("died"), body, &arena, &e));
	assert_true(a.found && a.running);
	/* The dataset it made before it died is not made again. */
	WRITE(store_answer_made(store, 1, STR("died"), NOBODY, &e));
	ask("UPDATE answers SET created_at=created_at-2000000 WHERE key='died'");
	MUST(store_answer_begin(store, &a, 1, STR("died"), body, &arena, &e));
	assert_false(a.found);
	assert_string_equal(a.dataset_id, NOBODY);
	MUST(store_answer_begin(store, &a, 1, STR("died"), body, &arena, &e));
	assert_true(a.found && a.running);
	MUST(store_answer_end(store, 1, STR("died"), 201, STR("{}"), STR(""), &e));
	MUST(store_answer_begin(store, &a, 1, STR("died"), body, &arena, &e));
	assert_true(a.found && !a.running);
	assert_string_equal(a.dataset_id, "");
	/* One that died before it made anything. */
	MUST(store_answer_begin(store, &a, 1, STR("early"), body, &arena, &e));
	ask("UPDATE answers SET created_at=1 WHERE key='early'");
	MUST(store_answer_begin(store, &a, 1, STR("early"), body, &arena, &e));
	assert_false(a.found);
	assert_string_equal(a.dataset_id, "");
}

static void
of_many_equal_requests_one_is_carried_out(void **state)
{
	(void)state;
	uint8_t body[SHA256_BYTES];
	hash_of(body, "body");
	pid_t all[6];
	int first = 0;
	catalog_close();
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if ((all[i] = fork()) == 0) {
			struct store *s;
			struct err why = {0};
			struct kept_answer a;
			if (!store_open(&s, folder, &why) ||
			    !store_answer_begin(s, &a, 1, STR("race"), body, &arena, &why))
				_exit(9);
			_exit(a.found ? (a.running ? 0 : 8) : 1);
		}
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		int status;
		assert_int_equal(waitpid(all[i], &status, 0), all[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
		first += WEXITSTATUS(status);
	}
	assert_int_equal(first, 1);
	catalog_open();
}

static void
a_kept_error_comes_back_as_it_was_said(void **state)
{
	(void)state;
	char every[ERR_MESSAGE_BYTES];
	memset(every, '"', sizeof every);
	every[sizeof every - 1] = 0;
	struct err worst = {.at_line = UINT64_MAX >> 1}, said = {.at_line = 7};
	FAIL_FIELD(&said, INPUT, "column_definitions[3].\"n\"", "a \\ \"b\" \xc3\xa4 %s", "\x7f");
	FAIL_FIELD(&worst, INPUT, every, "%s", every);
	snprintf(said.word, sizeof said.word, "invalid_map_bounds");
	const struct err *all[] = {&said, &worst};
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		struct dataset d = new_dataset(1, "", "queued"), got;
		WRITE(store_dataset_failed(store, d.dataset_id, all[i], &e));
		MUST(store_dataset_get(store, &got, 1, d.dataset_id, &arena, &e));
		assert_true(str_is(got.error.code, err_word(all[i])));
		assert_true(str_is(got.error.message, all[i]->message));
		assert_true(str_is(got.error.field, all[i]->field));
		assert_int_equal(got.error.line, all[i]->at_line);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opening_makes_what_is_missing_and_nothing_twice),
	    cmocka_unit_test(several_processes_may_make_it_at_once),
	    cmocka_unit_test(a_catalog_of_a_newer_rowhouse_is_refused_untouched),
	    cmocka_unit_test(a_file_of_another_program_is_refused),
	    cmocka_unit_test(a_catalog_from_before_there_were_users_is_brought_up),
	    cmocka_unit_test(an_answer_is_given_again_to_the_same_key_only),
	    cmocka_unit_test(a_request_whose_worker_died_does_not_hold_its_key),
	    cmocka_unit_test(of_many_equal_requests_one_is_carried_out),
	    cmocka_unit_test(a_kept_error_comes_back_as_it_was_said),
	};
	return cmocka_run_group_tests(tests, catalog_begin, catalog_end);
}
