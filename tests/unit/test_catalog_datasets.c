/*
 * test_catalog_datasets.c: sources and datasets: everyone sees only their own, and a dataset made
 * of an upload appears once, whichever of its two halves ends first and however each ends.
 */
#include "catalog.h"

static void
a_source_is_listed_when_its_files_are_stored(void **state)
{
	(void)state;
	struct source s = new_source(1, 12), got, *list;
	size_t count;
	int64_t total;
	MUST(store_source_list(store, &list, &count, &total, 1, 0, 10, &arena, &e));
	assert_int_equal(count + (size_t)total, 0);
	MUST(store_source_get(store, &got, 1, s.source_id, &arena, &e));
	assert_true(str_is(got.state, "storing") && str_is(got.incoming, "x.body"));
	assert_int_equal(got.stored_at, 0);
	assert_int_equal(got.file_count, 1);
	assert_int_equal(got.files[0].offset, 7);
	assert_int_equal(got.files[0].sha256.n, 0);

	const char *blob = new_blob(STR("a,b\n"));
	WRITE(store_source_file_stored(store, s.source_id, 0, blob, &e));
	WRITE(store_source_stored(store, s.source_id, &e));
	MUST(store_source_list(store, &list, &count, &total, 1, 0, 10, &arena, &e));
	assert_int_equal(count, 1);
	assert_int_equal(total, 1);
	assert_true(str_is(list[0].state, "stored") && list[0].incoming.n == 0);
	assert_true(list[0].stored_at >= list[0].created_at);
	assert_int_equal(list[0].file_count, 1);
	assert_true(str_is(list[0].files[0].sha256, blob));
	assert_true(str_is(list[0].files[0].name, "a.csv"));
	assert_true(str_is(list[0].files[0].content_type, "text/csv"));
	assert_int_equal(list[0].files[0].bytes, 12);

	new_dataset(1, s.source_id, "ready");
	new_dataset(1, s.source_id, "draft");
	MUST(store_source_list(store, &list, &count, &total, 1, 0, 10, &arena, &e));
	assert_int_equal(list[0].datasets, 1);
}

/* The sweep may have taken an old blob in the moment between it was found and it was named. */
static void
a_file_whose_blob_is_gone_is_not_called_stored(void **state)
{
	(void)state;
	struct source s = new_source(1, 4);
	const char *blob = new_blob(STR("soon gone"));
	struct str path = blob_path(store, str_of(blob), &arena);
	assert_int_equal(unlink(path.p), 0);
	MUST(store_begin(store, &e));
	MUST_NOT(store_source_file_stored(store, s.source_id, 0, blob, &e), UNAVAILABLE);
	store_rollback(store);
}

static void
what_belongs_to_others_is_not_there(void **state)
{
	(void)state;
	struct source s = new_source(2, 5), source;
	struct dataset d = new_dataset(2, s.source_id, "ready"), dataset, *datasets;
	struct job j = {.org_id = 2, .kind = STR("export"), .dataset_id = str_of(d.dataset_id)};
	struct job job, *jobs;
	struct source *sources;
	size_t count;
	int64_t total;
	bool found;
	WRITE(store_job_insert(store, &j, &e));
	MUST_NOT(store_source_get(store, &source, 1, s.source_id, &arena, &e), NOT_FOUND);
	MUST_NOT(store_dataset_get(store, &dataset, 1, d.dataset_id, &arena, &e), NOT_FOUND);
	MUST_NOT(store_job_get(store, &job, 1, j.job_id, &arena, &e), NOT_FOUND);
	/* In the same words as what does not exist at all. */
	err_clear(&e);
	assert_false(store_dataset_get(store, &dataset, 1, d.dataset_id, &arena, &e));
	struct err foreign = e;
	err_clear(&e);
	assert_false(store_dataset_get(store, &dataset, 1, NOBODY, &arena, &e));
	assert_string_equal(foreign.message, e.message);
	assert_string_equal(foreign.field, e.field);

	WRITE(store_source_delete(store, 1, s.source_id, &found, &e));
	assert_false(found);
	WRITE(store_dataset_delete(store, 1, d.dataset_id, &found, &e));
	assert_false(found);
	ASSERT_ASK("queued 0", "SELECT state, cancel FROM jobs WHERE job_id='%s'", j.job_id);
	WRITE(store_source_stored(store, s.source_id, &e));
	MUST(store_dataset_list(store, &datasets, &count, &total, 1, STR(""), 0, 100, &arena, &e));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(datasets[i].org_id, 1);
	MUST(store_source_list(store, &sources, &count, &total, 1, 0, 100, &arena, &e));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(sources[i].org_id, 1);
	MUST(store_job_list(store, &jobs, &count, &total, 1, STR(""), 0, 100, &arena, &e));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(jobs[i].org_id, 1);
	/* Its owner, and the processes of a job (0), find them. */
	for (int64_t org = 0; org <= 2; org += 2) {
		MUST(store_source_get(store, &source, org, s.source_id, &arena, &e));
		MUST(store_dataset_get(store, &dataset, org, d.dataset_id, &arena, &e));
		MUST(store_job_get(store, &job, org, j.job_id, &arena, &e));
	}
	assert_true(str_is(job.dataset_name, "My List"));
}

static void
lists_are_newest_first_and_their_pages_have_no_gaps(void **state)
{
	(void)state;
	struct dataset *list;
	size_t count, seen = 0;
	int64_t total, last = INT64_MAX;
	ask("DELETE FROM datasets");
	for (int i = 0; i < 23; i++)
		new_dataset(1, "", i % 5 == 4 ? "draft" : "ready");
	/* Some have the very same time. */
	ask("UPDATE datasets SET created_at=created_at/1000*1000");
	struct str all = STR("");
	for (uint64_t offset = 0;; offset += 4) {
		MUST(store_dataset_list(
		    store, &list, &count, &total, 1, STR(""), offset, 4, &arena, &e));
		assert_int_equal(total, 19);
		for (size_t i = 0; i < count; i++) {
			assert_true(list[i].created_at <= last);
			assert_null(strstr(all.p, list[i].dataset_id));
			last = list[i].created_at;
			all = arena_format(&arena, "%s %s", all.p, list[i].dataset_id);
		}
		seen += count;
		if (count == 0)
			break;
	}
	assert_int_equal(seen, 19);
}

static void
a_dataset_has_a_slug_of_its_own(void **state)
{
	(void)state;
	char name[200];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	static const char *const names[] = {"", "R\xc3\xa9sum\xc3\xa9 & Co.", "\xe4\xb8\xad"};
	static const char *const stems[] = {"x-", "r-sum-co-", "x-"};
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		struct dataset d = {.org_id = 1,
				   .name = str_of(names[i]),
				   .type = STR("custom_dataset"),
				   .state = STR("queued")},
			       got;
		uuid_make(d.dataset_id);
		WRITE(store_dataset_insert(store, &d, &e));
		MUST(store_dataset_get(store, &got, 1, d.dataset_id, &arena, &e));
		assert_true(str_starts(got.slug, stems[i]));
		assert_int_equal(got.slug.n, strlen(stems[i]) + 6);
		assert_int_equal(got.source_id.n, 0);
		assert_true(d.created_at > 0 && got.created_at == d.created_at);
	}
	struct dataset d = {.org_id = 1, .name = str_of(name), .type = STR("t"), .state = STR("s")};
	uuid_make(d.dataset_id);
	WRITE(store_dataset_insert(store, &d, &e));
	ASSERT_ASK("47", "SELECT length(slug) FROM datasets WHERE dataset_id='%s'", d.dataset_id);
}

/* ---- the two endings of an upload ---- */

/* How the reading of the rows went, and how the storing of the files. */
enum ingest { QUEUED, RUNNING, DONE, FAILED, CANCELLED, INGESTS };

struct upload {
	struct source source;
	struct dataset dataset;
	struct job job;
};

static struct upload
new_upload(void)
{
	struct upload u = {.source = new_source(1, 100)};
	u.dataset = new_dataset(1, u.source.source_id, "draft");
	u.job = new_job("ingest", u.dataset.dataset_id, "");
	return u;
}

static const char *
state_of(const struct upload *u)
{
	return ask("SELECT state FROM datasets WHERE dataset_id='%s'", u->dataset.dataset_id).p;
}

/* As the writer ends: everything in one transaction, or the failure is noted.  True: published. */
static bool
end_ingest(const struct upload *u, enum ingest how)
{
	struct ingested i = {.generation = 1,
	    .rows = 3,
	    .columns = 2,
	    .bytes = 9,
	    .records_read = 4,
	    .records_skipped = 1,
	    .findings = 5};
	struct err why = {0};
	if (how == DONE) {
		MUST(store_begin(store, &e));
		if (store_job_done(
			store, u->job.job_id, &(struct job_count){.rows = 3}, STR(""), &why) &&
		    store_dataset_ingested(store, u->dataset.dataset_id, &i, &why)) {
			MUST(store_commit(store, &e));
			return true;
		}
		store_rollback(store);
		assert_int_equal(why.code, ERR_CANCELLED);
	} else {
		FAIL(&why, INPUT, "the file is no table");
	}
	MUST(store_begin(store, &e));
	MUST(store_job_failed(
	    store, u->job.job_id, why.code == ERR_CANCELLED ? "cancelled" : "failed", &why, &e));
	MUST(store_dataset_failed(store, u->dataset.dataset_id, &why, &e));
	MUST(store_commit(store, &e));
	return false;
}

static void
claim_ours(const struct upload *u)
{
	struct job j;
	bool found = true;
	while (found) {
		MUST(store_job_claim(store, &j, &found, "ingest", &arena, &e));
		if (found && strcmp(j.job_id, u->job.job_id) == 0)
			return;
	}
	fail_msg("%s", "the job cannot be claimed");
}

static void
advance(const struct upload *u, enum ingest how)
{
	if (how == QUEUED)
		return;
	if (how == CANCELLED) {
		struct err why = {0};
		FAIL(&why, CANCELLED, "reading the rows was cancelled");
		MUST(store_begin(store, &e));
		MUST(store_job_cancel(store, u->job.job_id, &e));
		MUST(store_dataset_failed(store, u->dataset.dataset_id, &why, &e));
		MUST(store_commit(store, &e));
		return;
	}
	claim_ours(u);
	if (how != RUNNING)
		end_ingest(u, how);
}

static void
store_files(const struct upload *u)
{
	const char *blob = new_blob(STR("content"));
	MUST(store_begin(store, &e));
	MUST(store_source_file_stored(store, u->source.source_id, 0, blob, &e));
	MUST(store_source_stored(store, u->source.source_id, &e));
	MUST(store_commit(store, &e));
}

static void
a_dataset_appears_with_its_source_in_the_state_its_rows_are_in(void **state)
{
	(void)state;
	static const char *const appears[] = {"queued", "ingesting", "ready", "failed", "failed"};
	for (enum ingest before = QUEUED; before < INGESTS; before++) {
		struct upload u = new_upload();
		advance(&u, before);
		/* Nobody sees it yet, however far its rows are. */
		assert_string_equal(state_of(&u), "draft");
		store_files(&u);
		assert_string_equal(state_of(&u), appears[before]);
		if (before > RUNNING)
			continue;
		if (before == QUEUED) {
			claim_ours(&u);
			assert_string_equal(state_of(&u), "ingesting");
		}
		end_ingest(&u, DONE);
		assert_string_equal(state_of(&u), "ready");
	}
}

static void
rows_that_come_after_the_source_end_the_dataset(void **state)
{
	(void)state;
	static const char *const ends[] = {NULL, "ingesting", "ready", "failed", "failed"};
	for (enum ingest after = RUNNING; after < INGESTS; after++) {
		struct upload u = new_upload();
		store_files(&u);
		assert_string_equal(state_of(&u), "queued");
		advance(&u, after);
		assert_string_equal(state_of(&u), ends[after]);
		struct dataset d;
		MUST(store_dataset_get(store, &d, 1, u.dataset.dataset_id, &arena, &e));
		assert_int_equal(d.error.message.n > 0, after >= FAILED);
		assert_int_equal(d.rows, after == DONE ? 3 : 0);
		assert_int_equal(d.generation, after == DONE);
	}
}

static void
an_upload_that_fails_takes_its_dataset_along(void **state)
{
	(void)state;
	static const char *const jobs[] = {
	    "cancelled 1", "running 1", "done 0", "failed 0", "cancelled 1"};
	for (enum ingest before = QUEUED; before < INGESTS; before++) {
		struct upload u = new_upload();
		advance(&u, before);
		WRITE(store_source_abandon(store, u.source.source_id, &e));
		assert_string_equal(state_of(&u), "-");
		ASSERT_ASK(
		    "0", "SELECT count(*) FROM sources WHERE source_id='%s'", u.source.source_id);
		ASSERT_ASK("0", "SELECT count(*) FROM source_files WHERE source_id='%s'",
		    u.source.source_id);
		ASSERT_ASK(
		    jobs[before], "SELECT state, cancel FROM jobs WHERE job_id='%s'", u.job.job_id);
		if (before != RUNNING)
			continue;
		/* The reader learns it at its end at the latest, and publishes nothing. */
		assert_false(end_ingest(&u, DONE));
		assert_string_equal(job_now(u.job.job_id).state.p, "cancelled");
		assert_string_equal(state_of(&u), "-");
	}
	/* One that was stored already is not taken back. */
	struct upload u = new_upload();
	store_files(&u);
	WRITE(store_source_abandon(store, u.source.source_id, &e));
	assert_string_equal(state_of(&u), "queued");
	ASSERT_ASK("stored", "SELECT state FROM sources WHERE source_id='%s'", u.source.source_id);
}

static void
a_later_failure_leaves_the_rows_readable(void **state)
{
	(void)state;
	struct upload u = new_upload();
	struct dataset d;
	struct err why = {0};
	advance(&u, DONE);
	store_files(&u);
	FAIL(&why, TIMEOUT, "too slow");
	WRITE(store_dataset_failed(store, u.dataset.dataset_id, &why, &e));
	assert_string_equal(state_of(&u), "ready");
	MUST(store_dataset_get(store, &d, 1, u.dataset.dataset_id, &arena, &e));
	assert_true(str_is(d.error.code, "timeout"));
	assert_int_equal(d.rows, 3);
	/* The next good reading takes the error away. */
	struct ingested i = {.generation = 2, .rows = 4};
	WRITE(store_dataset_ingested(store, u.dataset.dataset_id, &i, &e));
	MUST(store_dataset_get(store, &d, 1, u.dataset.dataset_id, &arena, &e));
	assert_int_equal(d.error.message.n, 0);
	assert_int_equal(d.generation, 2);
	assert_int_equal(d.rows, 4);
}

static void
deleting_a_dataset_stops_its_jobs_and_removes_its_folder(void **state)
{
	(void)state;
	struct upload u = new_upload();
	bool found;
	store_files(&u);
	claim_ours(&u);
	struct job waiting = new_job("export", u.dataset.dataset_id, "");
	struct str rows = store_rows_path(store, u.dataset.dataset_id, 3, &arena);
	struct str derived = store_derived_path(store, u.dataset.dataset_id, "f.csv", &arena);
	MUST(folder_make(
	    arena_format(&arena, "%s/datasets/%s/derived", folder, u.dataset.dataset_id).p, &e));
	file_put(rows.p, STR("x"));
	file_put(derived.p, STR("x"));

	WRITE(store_dataset_delete(store, 1, u.dataset.dataset_id, &found, &e));
	assert_true(found);
	MUST(store_dataset_remove_files(store, u.dataset.dataset_id, &e));
	MUST(store_dataset_remove_files(store, u.dataset.dataset_id, &e));
	assert_false(file_is_there(rows.p));
	assert_true(job_now(u.job.job_id).cancel);
	assert_string_equal(job_now(u.job.job_id).state.p, "running");
	assert_string_equal(job_now(waiting.job_id).state.p, "cancelled");
	assert_true(job_now(waiting.job_id).ended_at > 0);
	assert_false(end_ingest(&u, DONE));
	assert_string_equal(state_of(&u), "-");
	/* Its source stays. */
	ASSERT_ASK("stored", "SELECT state FROM sources WHERE source_id='%s'", u.source.source_id);
	WRITE(store_dataset_delete(store, 1, u.dataset.dataset_id, &found, &e));
	assert_false(found);
}

static void
deleting_a_source_leaves_the_datasets_made_of_it(void **state)
{
	(void)state;
	struct upload u = new_upload();
	bool found;
	advance(&u, DONE);
	store_files(&u);
	WRITE(store_source_delete(store, 1, u.source.source_id, &found, &e));
	assert_true(found);
	assert_string_equal(state_of(&u), "ready");
	WRITE(store_source_delete(store, 1, u.source.source_id, &found, &e));
	assert_false(found);
}

static void
a_source_is_busy_while_its_rows_are_waited_for(void **state)
{
	(void)state;
	static const bool want[] = {true, true, false, false, false};
	for (enum ingest how = QUEUED; how < INGESTS; how++) {
		struct upload u = new_upload();
		bool busy;
		advance(&u, how);
		MUST(store_source_busy(store, u.source.source_id, &busy, &e));
		assert_int_equal(busy, want[how]);
	}
}

static void
usage_counts_everything_an_organisation_holds(void **state)
{
	(void)state;
	struct usage before, after, others;
	MUST(store_usage(store, &others, 2, &e));
	MUST(store_usage(store, &before, 1, &e));
	struct upload u = new_upload(); /* a draft counts: its bytes are on the disk */
	MUST(store_usage(store, &after, 1, &e));
	assert_int_equal(after.datasets, before.datasets + 1);
	assert_int_equal(after.bytes, before.bytes + 100);
	assert_int_equal(after.rows, before.rows);
	advance(&u, DONE);
	MUST(store_usage(store, &after, 1, &e));
	assert_int_equal(after.rows, before.rows + 3);
	struct usage again;
	MUST(store_usage(store, &again, 2, &e));
	assert_memory_equal(&again, &others, sizeof others);
	ask("DELETE FROM datasets");
	ask("DELETE FROM sources");
	MUST(store_usage(store, &after, 1, &e));
	assert_int_equal(after.datasets + after.bytes + after.rows, 0);
}

static void
old_datasets_are_found_for_retention(void **state)
{
	(void)state;
	struct dataset d = new_dataset(1, "", "ready"), *old;
	size_t count;
	MUST(store_dataset_old(store, &old, &count, d.created_at, &arena, &e));
	for (size_t i = 0; i < count; i++)
		assert_string_not_equal(old[i].dataset_id, d.dataset_id);
	MUST(store_dataset_old(store, &old, &count, d.created_at + 1, &arena, &e));
	bool found = false;
	for (size_t i = 0; i < count; i++)
		found |= strcmp(old[i].dataset_id, d.dataset_id) == 0;
	assert_true(found);
}

/* All of the largest fit the memory of a request. */
static void
a_page_of_the_list_costs_what_it_shows(void **state)
{
	(void)state;
	struct dataset *list;
	size_t count;
	int64_t total;
	char *params = calloc(1, MIB(1));
	assert_non_null(params);
	memset(params, 'p', MIB(1) - 1);
	for (int i = 0; i < 30; i++) {
		struct dataset d = {.org_id = 2,
		    .name = STR("n"),
		    .type = STR("custom_dataset"),
		    .state = STR("ready"),
		    .params = {params, MIB(1) - 1}};
		uuid_make(d.dataset_id);
		WRITE(store_dataset_insert(store, &d, &e));
	}
	struct arena request;
	arena_init(&request, MIB(2) + KIB(512));
	MUST(store_dataset_list(
	    store, &list, &count, &total, 2, STR(""), 0, LIMIT_LIST_ITEMS, &request, &e));
	assert_int_equal(count, 30);
	struct dataset one;
	MUST(store_dataset_get(store, &one, 2, list[0].dataset_id, &request, &e));
	assert_int_equal(one.params.n, MIB(1) - 1);
	arena_release(&request);
	free(params);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_source_is_listed_when_its_files_are_stored),
	    cmocka_unit_test(a_file_whose_blob_is_gone_is_not_called_stored),
	    cmocka_unit_test(what_belongs_to_others_is_not_there),
	    cmocka_unit_test(lists_are_newest_first_and_their_pages_have_no_gaps),
	    cmocka_unit_test(a_dataset_has_a_slug_of_its_own),
	    cmocka_unit_test(a_dataset_appears_with_its_source_in_the_state_its_rows_are_in),
	    cmocka_unit_test(rows_that_come_after_the_source_end_the_dataset),
	    cmocka_unit_test(an_upload_that_fails_takes_its_dataset_along),
	    cmocka_unit_test(a_later_failure_leaves_the_rows_readable),
	    cmocka_unit_test(deleting_a_dataset_stops_its_jobs_and_removes_its_folder),
	    cmocka_unit_test(deleting_a_source_leaves_the_datasets_made_of_it),
	    cmocka_unit_test(a_source_is_busy_while_its_rows_are_waited_for),
	    cmocka_unit_test(usage_counts_everything_an_organisation_holds),
	    cmocka_unit_test(old_datasets_are_found_for_retention),
	    cmocka_unit_test(a_page_of_the_list_costs_what_it_shows),
	};
	return cmocka_run_group_tests(tests, catalog_begin, catalog_end);
}
