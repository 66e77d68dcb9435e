/* test_catalog.c: opening the catalog, keys and sessions, answers kept for a retry. */
#include "catalog.h"

#include <signal.h>

static void
opening_makes_what_is_missing_and_nothing_twice(void **state)
{
	(void)state;
	static const char *const folders[] = {"datasets", "blobs", "incoming", "run", "log"};
	struct stat st;
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
		assert_int_equal(stat(folder_file(folder, folders[i]), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0700);
	}
	ASSERT_ASK("1", "PRAGMA user_version");
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
					   "PRAGMA user_version=2; CREATE TABLE later(x)"));
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

static void
a_key_is_found_by_its_secret_until_it_ends(void **state)
{
	(void)state;
	uint8_t hash[SHA256_BYTES], other[SHA256_BYTES];
	struct key k = {.org_id = 1, .name = STR("first"), .role = STR("admin")}, got;
	bool any, found;
	hash_of(hash, "secret");
	hash_of(other, "secreu");
	MUST(store_key_any(store, &any, &e));
	assert_false(any);
	WRITE(store_key_insert(store, &k, hash, &e));
	MUST(store_key_any(store, &any, &e));
	assert_true(any);
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	assert_string_equal(got.key_id, k.key_id);
	assert_int_equal(got.org_id, 1);
	assert_true(str_is(got.name, "first") && str_is(got.role, "admin"));
	MUST(store_key_find(store, &got, &found, other, &arena, &e));
	assert_false(found);
	/* Nothing in the catalog tells the secret. */
	ASSERT_ASK("0", "SELECT count(*) FROM keys WHERE instr(hex(secret_hash), hex('secret'))");

	ask("UPDATE keys SET expires_at=%" PRId64, clock_now_us() + 3600 * INT64_C(1000000));
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	ask("UPDATE keys SET expires_at=%" PRId64, clock_now_us());
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	/* Or nobody could ever sign in again. */
	MUST(store_key_any(store, &any, &e));
	assert_false(any);
	ask("UPDATE keys SET expires_at=NULL, revoked_at=1");
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	MUST(store_key_any(store, &any, &e));
	assert_false(any);
	MUST(store_begin(store, &e));
	assert_false(store_key_insert(store, &k, hash, &e)); /* the same secret twice */
	store_rollback(store);
}

static void
a_session_lives_as_long_as_it_is_used_and_its_key_works(void **state)
{
	(void)state;
	const int64_t second = 1000000, limit = LIMIT_SESSION_SECONDS * second;
	uint8_t key_hash[SHA256_BYTES], hash[SHA256_BYTES], second_hash[SHA256_BYTES];
	struct key k = {.org_id = 2, .name = STR("n"), .role = STR("viewer")}, got;
	bool found;
	hash_of(key_hash, "key of the session");
	hash_of(hash, "token");
	hash_of(second_hash, "token 2");
	WRITE(store_key_insert(store, &k, key_hash, &e));
	MUST(store_session_insert(store, hash, k.key_id, &e));
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	assert_int_equal(got.org_id, 2);
	assert_string_equal(got.key_id, k.key_id);
	MUST(store_session_find(store, &got, &found, key_hash, &arena, &e));
	assert_false(found);

	/* Used eleven hours ago: it goes on, and is noted. */
	ask("UPDATE sessions SET used_at=%" PRId64, clock_now_us() - limit + 60 * second);
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	ASSERT_ASK("1", "SELECT used_at > %" PRId64 " FROM sessions", clock_now_us() - 60 * second);
	/* Used a minute ago: not worth a write. */
	ask("UPDATE sessions SET used_at=%" PRId64, clock_now_us() - 60 * second);
	struct str before = ask("SELECT used_at FROM sessions");
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_string_equal(ask("SELECT used_at FROM sessions").p, before.p);
	/* Not used for too long: over, and cleared away by the next one. */
	ask("UPDATE sessions SET used_at=%" PRId64, clock_now_us() - limit - second);
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	MUST(store_session_insert(store, second_hash, k.key_id, &e));
	ASSERT_ASK("1", "SELECT count(*) FROM sessions");

	ask("UPDATE keys SET revoked_at=1 WHERE key_id='%s'", k.key_id);
	MUST(store_session_find(store, &got, &found, second_hash, &arena, &e));
	assert_false(found);
	ask("UPDATE keys SET revoked_at=NULL");
	MUST(store_session_delete(store, second_hash, &e));
	MUST(store_session_delete(store, second_hash, &e));
	MUST(store_session_find(store, &got, &found, second_hash, &arena, &e));
	assert_false(found);
	assert_false(store_session_insert(store, hash, NOBODY, &e));
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
	    cmocka_unit_test(a_key_is_found_by_its_secret_until_it_ends),
	    cmocka_unit_test(a_session_lives_as_long_as_it_is_used_and_its_key_works),
	    cmocka_unit_test(an_answer_is_given_again_to_the_same_key_only),
	    cmocka_unit_test(a_request_whose_worker_died_does_not_hold_its_key),
	    cmocka_unit_test(of_many_equal_requests_one_is_carried_out),
	    cmocka_unit_test(a_kept_error_comes_back_as_it_was_said),
	};
	return cmocka_run_group_tests(tests, catalog_begin, catalog_end);
}
