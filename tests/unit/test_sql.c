/* test_sql.c: one writer at a time whatever the process, commits that stay, readers never blocked.
 */
#define _GNU_SOURCE
#include "store/sql.h"
#include "base/limits.h"
#include "folder.h"

#include <errno.h>
#include <signal.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *folder;
static struct err e;

/* Every check in a child process: its wait status then tells. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			_exit(__LINE__ & 0x7f);                                                    \
	} while (0)

static void
good(bool worked)
{
	if (!worked)
		fail_msg("%s", e.message);
}

static void
open_new(struct database *d, const char *name)
{
	err_clear(&e);
	good(database_open(d, folder_file(folder, name), DATABASE_WRITE, &e));
	good(sql_script(d, "CREATE TABLE t(k INTEGER PRIMARY KEY, v)", &e));
}

static bool
lock_is_held(const char *path)
{
	char lock[PATH_MAX];
	snprintf(lock, sizeof lock, "%s.lock", path);
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(lock, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_GETLK, &range), 0);
	close(fd);
	return range.l_type != F_UNLCK;
}

static int64_t
one(struct database *d, const char *text)
{
	int64_t v;
	good(sql_one_int(d, &v, -1, text, NULL, 0, &e));
	return v;
}

static void
values_come_back_as_bound(void **state)
{
	(void)state;
	struct database d;
	open_new(&d, "values.db");
	const struct str text = {"a\0\xc3\xa4'\"", 6};
	const struct sql_value values[] = {V_INT(INT64_MIN), V_INT(INT64_MAX), V_REAL(0.1),
	    V_STR(text), V_BLOB("\0\xff", 2), V_NULL, V_STR(((struct str){NULL, 0})),
	    V_OPTIONAL(((struct str){NULL, 0}))};
	const size_t count = ARRAY_LENGTH(values);
	int changes;
	for (size_t i = 0; i < count; i++) {
		good(sql_run(&d, &changes, "INSERT INTO t VALUES(?,?)",
		    SQL_VALUES(V_INT(i), values[i]), &e));
		assert_int_equal(changes, 1);
	}
	struct sql_query q;
	good(sql_start(&q, &d, "SELECT k, v, typeof(v) FROM t ORDER BY k", NULL, 0, &e));
	static const char *const types[] = {
	    "integer", "integer", "real", "text", "blob", "null", "text", "null"};
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(sql_step(&q, &e), 1);
		assert_int_equal(sql_int(&q, 0), i);
		assert_true(str_is(sql_str(&q, 2), types[i]));
		if (values[i].kind == SQL_INT)
			assert_int_equal(sql_int(&q, 1), values[i].i);
		if (values[i].kind == SQL_REAL)
			assert_true(sql_real(&q, 1) * 10 > 0.999 && sql_real(&q, 1) * 10 < 1.001);
		if (values[i].kind == SQL_TEXT || values[i].kind == SQL_BLOB)
			assert_true(str_equal(sql_str(&q, 1), values[i].s));
		assert_int_equal(sql_is_null(&q, 1), strcmp(types[i], "null") == 0);
	}
	assert_int_equal(sql_step(&q, &e), 0);
	int64_t v;
	good(sql_one_int(&d, &v, -7, "SELECT v FROM t WHERE k=?", SQL_VALUES(V_INT(99)), &e));
	assert_int_equal(v, -7);
	good(sql_one_int(&d, &v, -7, "SELECT v FROM t WHERE k=?", SQL_VALUES(V_INT(5)), &e));
	assert_int_equal(v, -7);
	assert_false(sql_run(&d, NULL, "INSERT INTO t VALUES(0, 1)", NULL, 0, &e));
	assert_int_equal(e.code, ERR_SYSTEM);
	err_clear(&e);
	assert_false(sql_script(&d, "SELECT no_such_thing", &e));
	database_close(&d);
}

static void
the_lock_is_held_from_begin_to_the_end(void **state)
{
	(void)state;
	struct database d;
	open_new(&d, "lock.db");
	const char *path = folder_file(folder, "lock.db");
	assert_false(lock_is_held(path));
	good(database_begin(&d, &e));
	assert_true(lock_is_held(path));
	good(sql_run(&d, NULL, "INSERT INTO t VALUES(1, 'kept')", NULL, 0, &e));
	good(database_commit(&d, &e));
	assert_false(lock_is_held(path));

	good(database_begin(&d, &e));
	good(sql_run(&d, NULL, "INSERT INTO t VALUES(2, 'lost')", NULL, 0, &e));
	database_rollback(&d);
	assert_false(lock_is_held(path));
	assert_int_equal(one(&d, "SELECT count(*) FROM t"), 1);

	/* A statement that failed leaves the transaction to be rolled back. */
	good(database_begin(&d, &e));
	assert_false(sql_run(&d, NULL, "INSERT INTO t VALUES(1, 'twice')", NULL, 0, &e));
	database_rollback(&d);
	assert_false(lock_is_held(path));
	err_clear(&e);
	database_close(&d);
}

static void
begin_and_die(void *path)
{
	struct database d;
	struct err why = {0};
	MUST(database_open(&d, path, DATABASE_WRITE, &why) && database_begin(&d, &why));
	MUST(sql_run(&d, NULL, "INSERT INTO t VALUES(9, 'half')", NULL, 0, &why));
	raise(SIGKILL);
}

static void
a_writer_that_dies_holds_nothing_up(void **state)
{
	(void)state;
	char path[PATH_MAX];
	struct database d;
	open_new(&d, "dies.db");
	snprintf(path, sizeof path, "%s", folder_file(folder, "dies.db"));
	for (int turn = 0; turn < 3; turn++) {
		/* SQLite does not like to be taken through a fork. */
		database_close(&d);
		assert_int_equal(WTERMSIG(in_child(begin_and_die, path)), SIGKILL);
		good(database_open(&d, path, DATABASE_WRITE, &e));
		good(database_begin(&d, &e));
		assert_int_equal(one(&d, "SELECT count(*) FROM t WHERE k=9"), 0);
		good(database_commit(&d, &e));
	}
	database_close(&d);
}

#define STEPS 100

static void
count_up(void *path)
{
	struct database d;
	struct err why = {0};
	int64_t v;
	MUST(database_open(&d, path, DATABASE_WRITE, &why));
	/* The durability of each is another test's. */
	MUST(sql_script(&d, "PRAGMA synchronous=NORMAL", &why));
	for (int i = 0; i < STEPS; i++) {
		MUST(database_begin(&d, &why));
		MUST(sql_one_int(&d, &v, 0, "SELECT v FROM t WHERE k=1", NULL, 0, &why));
		MUST(sql_run(
		    &d, NULL, "UPDATE t SET v=? WHERE k=1", SQL_VALUES(V_INT(v + 1)), &why));
		MUST(database_commit(&d, &why));
	}
	database_close(&d);
}

static void
writers_of_several_processes_take_turns(void **state)
{
	(void)state;
	char path[PATH_MAX];
	struct database d;
	open_new(&d, "turns.db");
	good(sql_script(&d, "INSERT INTO t VALUES(1, 0)", &e));
	database_close(&d);
	snprintf(path, sizeof path, "%s", folder_file(folder, "turns.db"));
	pid_t all[4];
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if ((all[i] = fork()) == 0) {
			count_up(path);
			_exit(0);
		}
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		int status;
		assert_int_equal(waitpid(all[i], &status, 0), all[i]);
		assert_int_equal(status, 0);
	}
	good(database_open(&d, path, DATABASE_WRITE, &e));
	assert_int_equal(one(&d, "SELECT v FROM t"), STEPS * (int)ARRAY_LENGTH(all));
	database_close(&d);
}

/* Commits 1, 2, 3 ... and says so after each. */
static void
commit_and_tell(const char *path, int fd)
{
	struct database d;
	struct err why = {0};
	MUST(database_open(&d, path, DATABASE_WRITE, &why));
	for (int i = 1;; i++) {
		char text[3000];
		memset(text, 'x', sizeof text);
		MUST(database_begin(&d, &why));
		MUST(sql_run(&d, NULL, "INSERT INTO t SELECT coalesce(max(k), 0) + 1, ? FROM t",
		    SQL_VALUES(V_STR(((struct str){text, sizeof text}))), &why));
		MUST(database_commit(&d, &why));
		MUST(write(fd, text, 1) == 1);
	}
}

static void
what_was_committed_survives_kill(void **state)
{
	(void)state;
	char path[PATH_MAX], byte;
	int told = 0;
	struct database d;
	open_new(&d, "kill.db");
	database_close(&d);
	snprintf(path, sizeof path, "%s", folder_file(folder, "kill.db"));
	for (int turn = 0; turn < 8; turn++) {
		int ends[2], status;
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		pid_t pid = fork();
		if (pid == 0)
			commit_and_tell(path, ends[1]);
		close(ends[1]);
		for (int i = 0; i < 3 + 2 * turn; i++, told++)
			assert_int_equal(read(ends[0], &byte, 1), 1);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		while (read(ends[0], &byte, 1) == 1)
			told++;
		close(ends[0]);
		good(database_open(&d, path, DATABASE_WRITE, &e));
		int64_t count = one(&d, "SELECT count(*) FROM t");
		/* One more may have been committed before it could be told. */
		assert_true(count == told || count == told + 1);
		told = (int)count;
		assert_int_equal(one(&d, "SELECT count(*) FROM pragma_quick_check WHERE"
					 " quick_check='ok'"),
		    1);
		database_close(&d);
	}
}

static void
a_task_cut_short_in_mid_query_leaves_no_trace(void **state)
{
	(void)state;
	static struct database d;
	static struct arena arena;
	static struct sql_query q;
	static jmp_buf boundary;
	static volatile int turn;
	open_new(&d, "cut.db");
	good(sql_script(&d, "INSERT INTO t VALUES(1,1),(2,2),(3,3)", &e));
	for (turn = 0; turn < 4; turn++) {
		arena_init(&arena, 8192);
		if (arena_guard(boundary) == 0) {
			if (turn % 2)
				good(database_begin(&d, &e));
			if (turn == 3)
				good(sql_run(&d, NULL, "INSERT INTO t VALUES(9,9)", NULL, 0, &e));
			good(sql_start(&q, &d, "SELECT v FROM t ORDER BY k", NULL, 0, &e));
			assert_int_equal(sql_step(&q, &e), 1);
			arena_alloc(&arena, 100000);
			fail();
		}
		database_recover(&d);
		arena_release(&arena);
		assert_false(lock_is_held(folder_file(folder, "cut.db")));
		assert_true(sqlite3_get_autocommit(d.handle));
		/* All of it can be used again, and another one can write. */
		good(sql_start(&q, &d, "SELECT v FROM t ORDER BY k", NULL, 0, &e));
		for (int i = 1; i <= 3; i++) {
			assert_int_equal(sql_step(&q, &e), 1);
			assert_int_equal(sql_int(&q, 0), i);
		}
		assert_int_equal(sql_step(&q, &e), 0);
		struct database other;
		good(database_open(&other, folder_file(folder, "cut.db"), DATABASE_WRITE, &e));
		good(database_begin(&other, &e));
		good(database_commit(&other, &e));
		database_close(&other);
	}
	arena_unguard();
	database_close(&d);
}

static uint64_t
size_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

static void
add_mebibytes(struct database *d, int count)
{
	for (int i = 0; i < count; i++) {
		good(database_begin(d, &e));
		good(sql_run(d, NULL, "INSERT INTO t(v) VALUES(randomblob(1048576))", NULL, 0, &e));
		good(database_commit(d, &e));
	}
}

static void
the_log_is_written_back_past_its_limit(void **state)
{
	(void)state;
	struct database d, reader;
	open_new(&d, "large.db");
	char wal[PATH_MAX];
	snprintf(wal, sizeof wal, "%s", folder_file(folder, "large.db-wal"));
	add_mebibytes(&d, 15);
	/* Nobody checkpoints before. */
	assert_true(size_of(folder_file(folder, "large.db")) < MIB(1));
	add_mebibytes(&d, 30);
	assert_true(size_of(wal) < MIB(20));

	/* A reader that stays holds the log, not the writer; what it sees does not change. */
	struct sql_query q;
	good(database_open(&reader, folder_file(folder, "large.db"), DATABASE_READ, &e));
	good(sql_start(&q, &reader, "SELECT count(*) OVER () FROM t", NULL, 0, &e));
	assert_int_equal(sql_step(&q, &e), 1);
	add_mebibytes(&d, 20);
	assert_int_equal(sql_int(&q, 0), 45);
	int rows = 1;
	while (sql_step(&q, &e) == 1)
		rows++;
	assert_int_equal(rows, 45);
	assert_int_equal(one(&reader, "SELECT count(*) FROM t"), 65);
	uint64_t longest = size_of(wal);
	add_mebibytes(&d, 20);
	assert_true(size_of(wal) <= longest + MIB(3));
	assert_int_equal(one(&reader, "SELECT sum(length(v)) FROM t"), 85 * 1048576);
	assert_int_equal(
	    one(&d, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check='ok'"), 1);
	database_close(&reader);
	database_close(&d);
}

static void
readers_see_only_what_was_committed_and_wait_for_nobody(void **state)
{
	(void)state;
	struct database d, reader;
	open_new(&d, "read.db");
	good(database_open(&reader, folder_file(folder, "read.db"), DATABASE_READ, &e));
	good(database_begin(&d, &e));
	good(sql_run(&d, NULL, "INSERT INTO t VALUES(1,1)", NULL, 0, &e));
	assert_int_equal(one(&reader, "SELECT count(*) FROM t"), 0);
	good(database_commit(&d, &e));
	assert_int_equal(one(&reader, "SELECT count(*) FROM t"), 1);
	assert_false(sql_script(&reader, "INSERT INTO t VALUES(2,2)", &e));
	err_clear(&e);
	assert_false(sql_script(&reader, "ATTACH 'x' AS x", &e));
	err_clear(&e);
	database_close(&reader);
	database_close(&d);
}

static void
every_commit_is_durable_and_nobody_checkpoints_alone(void **state)
{
	(void)state;
	struct database d;
	open_new(&d, "settings.db");
	assert_int_equal(one(&d, "PRAGMA synchronous"), 2);
	assert_int_equal(one(&d, "PRAGMA wal_autocheckpoint"), 0);
	database_close(&d);
	/* Closing wrote nothing back: that is for who holds the lock. */
	assert_true(size_of(folder_file(folder, "settings.db-wal")) > 0);
}

static void
a_full_disk_is_said_and_gone_when_there_is_room(void **state)
{
	(void)state;
	struct database d;
	open_new(&d, "full.db");
	good(sql_script(&d, "PRAGMA max_page_count=10", &e));
	good(database_begin(&d, &e));
	assert_false(sql_run(&d, NULL, "INSERT INTO t(v) VALUES(zeroblob(100000))", NULL, 0, &e));
	assert_int_equal(e.code, ERR_DISK_FULL);
	assert_non_null(strstr(e.message, "full.db"));
	database_rollback(&d);
	err_clear(&e);
	assert_false(lock_is_held(folder_file(folder, "full.db")));
	good(sql_script(&d, "PRAGMA max_page_count=1000", &e));
	add_mebibytes(&d, 1);
	database_close(&d);
}

static void
what_is_no_database_is_refused(void **state)
{
	(void)state;
	struct database d;
	static const char noise[] =
	    "this is a text that is long enough to be a header of 100 bytes, "
	    "but it is not the header of a database file at all";
	file_put(folder_file(folder, "noise.db"), STR(noise));
	assert_false(database_open(&d, folder_file(folder, "noise.db"), DATABASE_WRITE, &e));
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.message, "noise.db is damaged"));
	err_clear(&e);
	/* Opened for reading, it is refused at the first look. */
	good(database_open(&d, folder_file(folder, "noise.db"), DATABASE_READ, &e));
	assert_false(sql_script(&d, "SELECT * FROM sqlite_master", &e));
	assert_non_null(strstr(e.message, "noise.db is damaged"));
	database_close(&d);
	err_clear(&e);
	assert_false(database_open(&d, folder_file(folder, "missing.db"), DATABASE_READ, &e));
	assert_false(file_is_there(folder_file(folder, "missing.db")));
	err_clear(&e);
	assert_int_equal(symlink("read.db", folder_file(folder, "link.db")), 0);
	assert_false(database_open(&d, folder_file(folder, "link.db"), DATABASE_WRITE, &e));
	err_clear(&e);
}

static int
set_up(void **state)
{
	(void)state;
	folder = folder_begin();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	folder_end(folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_come_back_as_bound),
	    cmocka_unit_test(the_lock_is_held_from_begin_to_the_end),
	    cmocka_unit_test(a_writer_that_dies_holds_nothing_up),
	    cmocka_unit_test(writers_of_several_processes_take_turns),
	    cmocka_unit_test(what_was_committed_survives_kill),
	    cmocka_unit_test(a_task_cut_short_in_mid_query_leaves_no_trace),
	    cmocka_unit_test(the_log_is_written_back_past_its_limit),
	    cmocka_unit_test(readers_see_only_what_was_committed_and_wait_for_nobody),
	    cmocka_unit_test(every_commit_is_durable_and_nobody_checkpoints_alone),
	    cmocka_unit_test(a_full_disk_is_said_and_gone_when_there_is_room),
	    cmocka_unit_test(what_is_no_database_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
