/*
 * test_catalog_jobs.c: the queue: each job is taken once, ends once, is tried twice at most, and
 * stops when it is told to.
 */
#include "catalog.h"

#include <signal.h>

static void
empty_the_queue(void)
{
	ask("DELETE FROM jobs");
}

static bool
claim(struct job *j, const char *kind)
{
	bool found;
	MUST(store_job_claim(store, j, &found, kind, &arena, &e));
	return found;
}

static void
the_oldest_of_a_kind_is_taken_first_and_once(void **state)
{
	(void)state;
	struct job j, made[4];
	empty_the_queue();
	assert_false(claim(&j, "export"));
	made[0] = new_job("export", "", "");
	new_job("upload", "", "");
	made[1] = new_job("export", "", "");
	made[2] = new_job("export", "", "");
	for (int i = 0; i < 3; i++) {
		ask("UPDATE jobs SET created_at=created_at-%d WHERE job_id='%s'", 100 - i,
		    made[i].job_id);
		assert_int_equal(made[i].total, 100);
	}
	for (int i = 0; i < 3; i++) {
		assert_true(claim(&j, "export"));
		assert_string_equal(j.job_id, made[i].job_id);
		j = job_now(j.job_id);
		assert_string_equal(j.state.p, "running");
		assert_int_equal(j.attempt, 1);
		assert_true(j.started_at > 0 && j.ended_at == 0);
	}
	assert_false(claim(&j, "export"));
	assert_false(claim(&j, "ingest"));
	assert_true(claim(&j, "upload"));
}

#define JOBS 60

static void
claim_all(int fd)
{
	struct store *s;
	struct arena a;
	struct err why = {0};
	bool found = true;
	arena_init(&a, MIB(16));
	if (!store_open(&s, folder, &why))
		_exit(9);
	while (found) {
		struct job j;
		if (!store_job_claim(s, &j, &found, "export", &a, &why))
			_exit(8);
		if (found && write(fd, j.job_id, UUID_BYTES) != UUID_BYTES)
			_exit(7);
	}
	_exit(0);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
of_two_runners_each_gets_its_own_jobs(void **state)
{
	(void)state;
	static char ids[JOBS + 1][UUID_BYTES];
	int ends[2], status;
	empty_the_queue();
	for (int i = 0; i < JOBS; i++)
		new_job("export", "", "");
	catalog_close();
	assert_int_equal(pipe(ends), 0);
	pid_t all[2];
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		if ((all[i] = fork()) == 0)
			claim_all(ends[1]);
	close(ends[1]);
	size_t n = 0;
	while (n <= JOBS && read(ends[0], ids[n], UUID_BYTES) == UUID_BYTES)
		n++;
	close(ends[0]);
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		assert_int_equal(waitpid(all[i], &status, 0), all[i]);
		assert_int_equal(status, 0);
	}
	catalog_open();
	assert_int_equal(n, JOBS);
	qsort(ids, n, sizeof ids[0], compare);
	for (size_t i = 1; i < n; i++)
		assert_string_not_equal(ids[i], ids[i - 1]);
	ASSERT_ASK("60 60", "SELECT count(*), sum(attempt) FROM jobs WHERE state='running'");
}

static void
progress_is_noted_and_tells_when_to_stop(void **state)
{
	(void)state;
	struct job j;
	bool cancelled;
	empty_the_queue();
	new_job("export", "", "");
	assert_true(claim(&j, "export"));
	MUST(store_job_progress(
	    store, j.job_id, &(struct job_count){10, 200, 3, 2}, &cancelled, &e));
	assert_false(cancelled);
	struct job now = job_now(j.job_id);
	assert_int_equal(now.done, 10);
	assert_int_equal(now.total, 200);
	assert_int_equal(now.rows, 3);
	assert_int_equal(now.failed, 2);
	/* What is committed next is durable again. */
	ASSERT_ASK("2", "PRAGMA synchronous");
	WRITE(store_job_cancel(store, j.job_id, &e));
	MUST(store_job_progress(
	    store, j.job_id, &(struct job_count){20, 200, 4, 0}, &cancelled, &e));
	assert_true(cancelled);
	/* A job that is no more, or not running any more, is to stop too. */
	MUST(store_job_progress(store, NOBODY, &(struct job_count){1, 1, 1, 0}, &cancelled, &e));
	assert_true(cancelled);
	struct err why = {0};
	FAIL(&why, SYSTEM, "x");
	WRITE(store_job_failed(store, j.job_id, "failed", &why, &e));
	MUST(store_job_progress(
	    store, j.job_id, &(struct job_count){99, 200, 9, 0}, &cancelled, &e));
	assert_true(cancelled);
	assert_int_equal(job_now(j.job_id).done, 20);
}

static void
a_job_ends_once(void **state)
{
	(void)state;
	struct job j;
	struct err why = {0};
	empty_the_queue();
	struct job waiting = new_job("export", "", "");
	MUST(store_begin(store, &e));
	MUST_NOT(store_job_done(store, waiting.job_id, &(struct job_count){.rows = 1}, STR(""), &e),
	    CANCELLED);
	store_rollback(store);
	assert_true(claim(&j, "export"));
	WRITE(store_job_result(store, j.job_id, NULL, STR("{\"early\":1}"), &e));
	WRITE(store_job_done(store, j.job_id, &(struct job_count){.rows = 5}, STR(""), &e));
	struct job now = job_now(j.job_id);
	assert_string_equal(now.state.p, "done");
	assert_string_equal(now.result.p, "{\"early\":1}");
	assert_int_equal(now.rows, 5);
	assert_int_equal(now.done, 100);
	assert_true(now.ended_at >= now.started_at);
	/* One whose total was not known at first is done with all that it then had. */
	new_job("export", "", "");
	assert_true(claim(&j, "export"));
	WRITE(store_job_done(store, j.job_id, &(struct job_count){2, 7, 3, 1}, STR("{}"), &e));
	now = job_now(j.job_id);
	assert_int_equal(now.done, 7);
	assert_int_equal(now.total, 7);
	assert_int_equal(now.rows, 3);
	assert_int_equal(now.failed, 1);

	/* Nothing that comes later changes it. */
	FAIL(&why, SYSTEM, "late");
	WRITE(store_job_failed(store, j.job_id, "failed", &why, &e));
	WRITE(store_job_cancel(store, j.job_id, &e));
	MUST(store_job_orphaned(store, j.job_id, "late", &e));
	now = job_now(j.job_id);
	assert_string_equal(now.state.p, "done");
	assert_false(now.cancel);
	assert_int_equal(now.error.message.n, 0);
	assert_false(claim(&j, "export"));
}

static void
a_failure_keeps_its_reason(void **state)
{
	(void)state;
	struct job j;
	struct err why = {.at_line = 12};
	empty_the_queue();
	new_job("export", "", "");
	assert_true(claim(&j, "export"));
	FAIL_FIELD(&why, DISK_FULL, "file", "the disk is full");
	WRITE(store_job_failed(store, j.job_id, "failed", &why, &e));
	j = job_now(j.job_id);
	assert_string_equal(j.state.p, "failed");
	assert_true(str_is(j.error.code, "disk_full") && str_is(j.error.field, "file"));
	assert_true(str_is(j.error.message, "the disk is full"));
	assert_int_equal(j.error.line, 12);
}

static void
a_cancelled_job_stops_where_it_is(void **state)
{
	(void)state;
	struct job j;
	char ids[4][UUID_BYTES];
	size_t count;
	empty_the_queue();
	/* One that waits ends at once. */
	struct job waiting = new_job("export", "", "");
	WRITE(store_job_cancel(store, waiting.job_id, &e));
	j = job_now(waiting.job_id);
	assert_string_equal(j.state.p, "cancelled");
	assert_true(j.ended_at > 0);
	assert_false(claim(&j, "export"));
	MUST(store_job_cancelled(store, ids, 4, &count, &e));
	assert_int_equal(count, 0);

	/* One that runs is asked to; it may not say it is done then. */
	for (int i = 0; i < 3; i++) {
		new_job("export", "", "");
		assert_true(claim(&j, "export"));
		WRITE(store_job_cancel(store, j.job_id, &e));
	}
	MUST(store_job_cancelled(store, ids, 2, &count, &e));
	assert_int_equal(count, 2);
	MUST(store_job_cancelled(store, ids, 4, &count, &e));
	assert_int_equal(count, 3);
	assert_string_equal(job_now(j.job_id).state.p, "running");
	MUST(store_begin(store, &e));
	MUST_NOT(store_job_done(store, j.job_id, &(struct job_count){.rows = 1}, STR(""), &e),
	    CANCELLED);
	store_rollback(store);
	/* Its process gone, it is over, and not tried again. */
	MUST(store_job_orphaned(store, j.job_id, "killed", &e));
	j = job_now(j.job_id);
	assert_string_equal(j.state.p, "cancelled");
	assert_true(str_is(j.error.code, "cancelled"));
	MUST(store_job_cancelled(store, ids, 4, &count, &e));
	assert_int_equal(count, 2);
}

static void
a_job_whose_process_died_is_tried_once_more(void **state)
{
	(void)state;
	struct job j;
	empty_the_queue();
	struct dataset d = new_dataset(1, "", "queued"), now;
	struct job made = new_job("ingest", d.dataset_id, "");
	for (int attempt = 1; attempt <= LIMIT_JOB_ATTEMPTS; attempt++) {
		assert_true(claim(&j, "ingest"));
		assert_string_equal(j.job_id, made.job_id);
		assert_int_equal(job_now(made.job_id).attempt, attempt);
		MUST(store_dataset_get(store, &now, 1, d.dataset_id, &arena, &e));
		assert_string_equal(now.state.p, "ingesting");
		bool cancelled;
		MUST(store_job_progress(
		    store, made.job_id, &(struct job_count){50, 100, 7, 0}, &cancelled, &e));
		MUST(store_job_orphaned(store, made.job_id, "the process was killed", &e));
		if (attempt < LIMIT_JOB_ATTEMPTS) {
			assert_string_equal(job_now(made.job_id).state.p, "queued");
			assert_int_equal(job_now(made.job_id).done, 0);
		}
	}
	assert_false(claim(&j, "ingest"));
	j = job_now(made.job_id);
	assert_string_equal(j.state.p, "failed");
	assert_non_null(strstr(j.error.message.p, "the process was killed"));
	MUST(store_dataset_get(store, &now, 1, d.dataset_id, &arena, &e));
	assert_string_equal(now.state.p, "failed");
	assert_true(str_equal(now.error.message, j.error.message));
}

static void
at_its_start_a_runner_settles_all_that_ran(void **state)
{
	(void)state;
	struct job j;
	empty_the_queue();
	for (int i = 0; i < 5; i++) {
		new_job("export", "", "");
		assert_true(claim(&j, "export"));
	}
	WRITE(store_job_done(store, j.job_id, &(struct job_count){.rows = 0}, STR(""), &e));
	struct job waiting = new_job("export", "", "");
	MUST(store_job_orphaned(store, NULL, "the server stopped", &e));
	ASSERT_ASK("5", "SELECT count(*) FROM jobs WHERE state='queued'");
	assert_string_equal(job_now(j.job_id).state.p, "done");
	assert_int_equal(job_now(waiting.job_id).attempt, 0);
}

static void
an_attempt_that_was_interrupted_by_us_does_not_count(void **state)
{
	(void)state;
	struct job j;
	empty_the_queue();
	struct job made = new_job("export", "", "");
	for (int i = 0; i < 5; i++) {
		assert_true(claim(&j, "export"));
		MUST(store_job_put_back(store, made.job_id, &e));
		assert_string_equal(job_now(made.job_id).state.p, "queued");
	}
	/* One that is to stop is not put back. */
	assert_true(claim(&j, "export"));
	WRITE(store_job_cancel(store, made.job_id, &e));
	MUST(store_job_put_back(store, made.job_id, &e));
	assert_string_equal(job_now(made.job_id).state.p, "running");
}

static void
an_upload_given_up_leaves_nothing_half(void **state)
{
	(void)state;
	struct job j;
	empty_the_queue();
	struct source s = new_source(1, 10);
	struct dataset d = new_dataset(1, s.source_id, "draft");
	struct job ingest = new_job("ingest", d.dataset_id, "");
	struct job upload = {.org_id = 1,
	    .kind = STR("upload"),
	    .params = STR("{\"incoming\":\"given-up.body\",\"boundary\":\"b\"}")};
	file_put(folder_file(folder, "incoming/given-up.body"), STR("x"));
	WRITE(store_job_insert(store, &upload, &e));
	for (int attempt = 1; attempt <= LIMIT_JOB_ATTEMPTS; attempt++) {
		assert_true(claim(&j, "upload"));
		WRITE(store_job_result(store, j.job_id, s.source_id, STR("{}"), &e));
		assert_true(file_is_there(folder_file(folder, "incoming/given-up.body")));
		MUST(store_job_orphaned(store, j.job_id, "killed", &e));
	}
	assert_string_equal(job_now(upload.job_id).state.p, "failed");
	ASSERT_ASK("0", "SELECT count(*) FROM sources WHERE source_id='%s'", s.source_id);
	ASSERT_ASK("0", "SELECT count(*) FROM datasets WHERE dataset_id='%s'", d.dataset_id);
	assert_string_equal(job_now(ingest.job_id).state.p, "cancelled");
	assert_false(file_is_there(folder_file(folder, "incoming/given-up.body")));
}

/* A form may have a MiB of text, six times as long in JSON: neither the runner, which has no
 * boundary to go back to, nor a list may stumble over it. */
static void
a_job_with_a_large_result_is_settled_and_listed(void **state)
{
	(void)state;
	struct job j, *list;
	size_t n = 6 * MIB(1), count;
	int64_t total;
	char *text = malloc(n);
	struct arena small;
	bool found;
	assert_non_null(text);
	memset(text, 'r', n);
	empty_the_queue();
	new_job("upload", "", "");
	assert_true(claim(&j, "upload"));
	WRITE(store_job_result(store, j.job_id, NULL, (struct str){text, n}, &e));
	free(text);
	arena_unguard();
	MUST(store_job_orphaned(store, NULL, "killed", &e));
	arena_init(&small, MIB(1));
	MUST(store_job_list(store, &list, &count, &total, 1, STR(""), 0, 10, &small, &e));
	assert_int_equal(count, 1);
	MUST(store_job_claim(store, &j, &found, "upload", &small, &e));
	assert_true(found);
	arena_release(&small);
	assert_int_equal(job_now(j.job_id).result.n, n);
	empty_the_queue();
}

static void
the_newest_job_of_a_dataset_is_found(void **state)
{
	(void)state;
	struct job j, *list;
	size_t count;
	int64_t total;
	bool found;
	empty_the_queue();
	struct dataset d = new_dataset(1, "", "ready");
	MUST(store_job_of_dataset(store, &j, &found, d.dataset_id, "export", &arena, &e));
	assert_false(found);
	struct job made[3];
	for (int i = 0; i < 3; i++) {
		made[i] = (struct job){.org_id = 1,
		    .kind = STR("export"),
		    .dataset_id = str_of(d.dataset_id),
		    .params = i == 1 ? STR("{\"f\":2}") : STR("{\"f\":1}")};
		WRITE(store_job_insert(store, &made[i], &e));
		ask("UPDATE jobs SET created_at=%d WHERE job_id='%s'", i + 1, made[i].job_id);
	}
	MUST(store_job_of_dataset(store, &j, &found, d.dataset_id, "export", &arena, &e));
	assert_true(found);
	assert_string_equal(j.job_id, made[2].job_id);
	MUST(store_job_of_dataset(store, &j, &found, d.dataset_id, "ingest", &arena, &e));
	assert_false(found);
	MUST(store_job_with_params(
	    store, &j, &found, d.dataset_id, "export", STR("{\"f\":2}"), &arena, &e));
	assert_true(found);
	assert_string_equal(j.job_id, made[1].job_id);
	MUST(store_job_with_params(
	    store, &j, &found, d.dataset_id, "export", STR("{\"f\":3}"), &arena, &e));
	assert_false(found);
	MUST(store_job_list(store, &list, &count, &total, 1, STR(""), 1, 10, &arena, &e));
	assert_int_equal(count, 2);
	assert_int_equal(total, 3);
	assert_string_equal(list[0].job_id, made[1].job_id);
	assert_true(str_is(list[0].dataset_name, "My List"));
	assert_true(str_is(list[0].params, "{\"f\":2}"));
}

static void
memory_that_runs_out_in_a_claim_changes_nothing(void **state)
{
	(void)state;
	static jmp_buf boundary;
	static struct arena tiny;
	static struct job made;
	empty_the_queue();
	char *params = arena_alloc(&arena, 10000);
	memset(params, 'p', 9999);
	made =
	    (struct job){.org_id = 1, .kind = STR("export"), .params = (struct str){params, 9999}};
	WRITE(store_job_insert(store, &made, &e));
	arena_init(&tiny, 4096);
	if (arena_guard(boundary) == 0) {
		struct job j;
		bool found;
		(void)!store_job_claim(store, &j, &found, "export", &tiny, &e);
		fail();
	}
	store_recover(store);
	arena_release(&tiny);
	arena_unguard();
	assert_string_equal(job_now(made.job_id).state.p, "queued");
	struct job j;
	assert_true(claim(&j, "export"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_oldest_of_a_kind_is_taken_first_and_once),
	    cmocka_unit_test(of_two_runners_each_gets_its_own_jobs),
	    cmocka_unit_test(progress_is_noted_and_tells_when_to_stop),
	    cmocka_unit_test(a_job_ends_once),
	    cmocka_unit_test(a_failure_keeps_its_reason),
	    cmocka_unit_test(a_cancelled_job_stops_where_it_is),
	    cmocka_unit_test(a_job_whose_process_died_is_tried_once_more),
	    cmocka_unit_test(at_its_start_a_runner_settles_all_that_ran),
	    cmocka_unit_test(an_attempt_that_was_interrupted_by_us_does_not_count),
	    cmocka_unit_test(an_upload_given_up_leaves_nothing_half),
	    cmocka_unit_test(a_job_with_a_large_result_is_settled_and_listed),
	    cmocka_unit_test(the_newest_job_of_a_dataset_is_found),
	    cmocka_unit_test(memory_that_runs_out_in_a_claim_changes_nothing),
	};
	return cmocka_run_group_tests(tests, catalog_begin, catalog_end);
}
