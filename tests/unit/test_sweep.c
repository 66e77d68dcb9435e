/* test_sweep.c: the sweep takes what is old and named by nobody, and never anything else. */
#define _GNU_SOURCE
#include "catalog.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

#define DAY (24 * 3600)

static void
make_old(const char *path, int seconds)
{
	struct timespec times[2];
	times[0].tv_sec = times[1].tv_sec = (time_t)(clock_now_us() / 1000000 - seconds);
	times[0].tv_nsec = times[1].tv_nsec = 0;
	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* A file below the data folder, so many seconds old. */
static const char *
put(const char *name, int seconds)
{
	const char *path = arena_text(&arena, str_of(folder_file(folder, name)));
	file_put(path, STR("x"));
	make_old(path, seconds);
	return path;
}

static void
blobs_go_when_they_are_old_and_unnamed(void **state)
{
	(void)state;
	char named[SHA256_HEX_BYTES], twice[SHA256_HEX_BYTES], young[SHA256_HEX_BYTES],
	    old[SHA256_HEX_BYTES];
	struct source one = new_source(1, 5), two = new_source(2, 5);
	bool found;
	snprintf(named, sizeof named, "%s", new_blob(STR("named")));
	snprintf(twice, sizeof twice, "%s", new_blob(STR("named twice")));
	snprintf(young, sizeof young, "%s", new_blob(STR("young")));
	snprintf(old, sizeof old, "%s", new_blob(STR("old")));
	WRITE(store_source_file_stored(store, one.source_id, 0, named, &e));
	struct source other = new_source(1, 5);
	WRITE(store_source_file_stored(store, other.source_id, 0, twice, &e));
	WRITE(store_source_file_stored(store, two.source_id, 0, twice, &e));
	const char *paths[] = {blob_path(store, str_of(named), &arena).p,
	    blob_path(store, str_of(twice), &arena).p, blob_path(store, str_of(old), &arena).p};
	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
		make_old(paths[i], DAY + 60);
	make_old(blob_path(store, str_of(young), &arena).p, DAY - 60);

	MUST(store_sweep(store, &e));
	assert_true(file_is_there(paths[0]) && file_is_there(paths[1]));
	assert_false(file_is_there(paths[2]));
	assert_true(file_is_there(blob_path(store, str_of(young), &arena).p));

	/* One of the two that name it goes: it stays.  Both: it goes. */
	WRITE(store_source_delete(store, 1, other.source_id, &found, &e));
	MUST(store_sweep(store, &e));
	assert_true(file_is_there(paths[1]));
	WRITE(store_source_delete(store, 2, two.source_id, &found, &e));
	MUST(store_sweep(store, &e));
	assert_false(file_is_there(paths[1]));
	assert_true(file_is_there(paths[0]));
}

static void
half_blobs_go_when_nobody_writes_them(void **state)
{
	(void)state;
	char ours[80];
	snprintf(ours, sizeof ours, "blobs/new-%d-abc", (int)getpid());
	const char *living = put(ours, 60);
	/* The process of this number is gone: it was our child. */
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	assert_true(pid > 0 && waitpid(pid, NULL, 0) == pid);
	snprintf(ours, sizeof ours, "blobs/new-%d-abc", (int)pid);
	const char *dead = put(ours, 60);
	const char *foreign = put("blobs/readme", 99 * DAY);
	MUST(store_sweep(store, &e));
	assert_true(file_is_there(living));
	assert_false(file_is_there(dead));
	assert_true(file_is_there(foreign));
	make_old(living, DAY + 60);
	MUST(store_sweep(store, &e));
	assert_false(file_is_there(living));
}

static void
bodies_go_when_their_upload_is_gone(void **state)
{
	(void)state;
	struct source s = new_source(1, 5); /* its body is x.body */
	const char *named = put("incoming/x.body", 9 * DAY);
	const char *old = put("incoming/old.body", DAY + 60);
	const char *young = put("incoming/young.body", DAY - 60);
	assert_int_equal(mkdir(folder_file(folder, "incoming/tmp"), 0700), 0);
	const char *deep = put("incoming/tmp/0000001", DAY + 60);
	MUST(store_sweep(store, &e));
	assert_true(file_is_there(named) && file_is_there(young));
	assert_false(file_is_there(old) || file_is_there(deep));
	assert_true(file_is_there(folder_file(folder, "incoming/tmp")));
	(void)s;
}

static void
folders_of_datasets_that_are_gone_go_at_once(void **state)
{
	(void)state;
	struct dataset d = new_dataset(1, "", "ready"), draft = new_dataset(1, "", "draft");
	struct str kept = store_rows_path(store, d.dataset_id, 1, &arena);
	struct str drafts = store_rows_path(store, draft.dataset_id, 1, &arena);
	struct str gone = store_rows_path(store, NOBODY, 1, &arena);
	const char *ids[] = {d.dataset_id, draft.dataset_id, NOBODY};
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++)
		MUST(folder_make(
		    arena_format(&arena, "%s/datasets/%s/derived", folder, ids[i]).p, &e));
	file_put(kept.p, STR("x"));
	file_put(drafts.p, STR("x"));
	file_put(gone.p, STR("x"));
	MUST(store_sweep(store, &e));
	assert_true(file_is_there(kept.p) && file_is_there(drafts.p));
	assert_false(file_is_there(gone.p));
	assert_false(file_is_there(arena_format(&arena, "%s/datasets/%s", folder, NOBODY).p));
}

static void
exports_go_when_their_time_is_over(void **state)
{
	(void)state;
	struct dataset d = new_dataset(1, "", "ready");
	const int over = LIMIT_EXPORT_HOURS * 3600 + 60, under = LIMIT_EXPORT_HOURS * 3600 - 60;
	const struct {
		const char *name;
		int seconds;
		bool stays;
	} files[] = {
	    {"export-1.1-0123456789abcdef.csv", under, true},
	    {"export-1.2-0123456789abcdef.csv", over, false},
	    {"export-1.2-0123456789abcdef.zip.b2c0.new", over, false},
	    {"column-1.1", over, true},
	    /* What makers of projections left that were killed, if none can be at it any more. */
	    {"project-b2c0-0.new", DAY - 60, true},
	    {"project-b2c0-1.new", DAY + 60, false},
	};
	MUST(folder_make(store_derived_path(store, d.dataset_id, "", &arena).p, &e));
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		const char *path = store_derived_path(store, d.dataset_id, files[i].name, &arena).p;
		file_put(path, STR("x"));
		make_old(path, files[i].seconds);
	}
	/* Projections of a generation that is there, and of one that is not. */
	for (int64_t generation = 1; generation <= 2; generation++)
		MUST(folder_make(
		    store_projections_path(store, d.dataset_id, generation, &arena).p, &e));
	file_put(store_rows_path(store, d.dataset_id, 1, &arena).p, STR("x"));
	file_put(store_projection_path(store, d.dataset_id, 1, 0, &arena).p, STR("x"));
	file_put(store_projection_path(store, d.dataset_id, 2, 0, &arena).p, STR("x"));
	MUST(store_sweep(store, &e));
	assert_true(file_is_there(store_projection_path(store, d.dataset_id, 1, 0, &arena).p));
	assert_false(file_is_there(store_projections_path(store, d.dataset_id, 2, &arena).p));
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
		assert_int_equal(
		    file_is_there(store_derived_path(store, d.dataset_id, files[i].name, &arena).p),
		    files[i].stays);
}

/* Nobody may change or remove the file then, root neither; false: it cannot be done here. */
static bool
make_immutable(const char *path, bool on)
{
	int flags, fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0;
	flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	good = good && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
	if (fd >= 0)
		close(fd);
	return good;
}

static void
what_cannot_be_removed_keeps_nothing_else(void **state)
{
	(void)state;
	const char *stuck = NULL;
	for (int i = 0; i < 9; i++) {
		const char *gone = arena_format(&arena, "%s/run/scratch-%d", folder, i).p;
		const char *dataset = arena_format(&arena, "%s/datasets/gone-%d", folder, i).p;
		MUST(folder_make(gone, &e) && folder_make(dataset, &e));
		if (i == 4)
			stuck = arena_format(&arena, "%s/stuck", gone).p;
	}
	file_put(stuck, STR("x"));
	if (!make_immutable(stuck, true)) {
		print_message("skipped: no file can be made immutable here\n");
		skip();
	}
	MUST(store_sweep(store, &e));
	for (int i = 0; i < 9; i++) {
		assert_true(file_is_there(arena_format(&arena, "%s/run/scratch-%d", folder, i).p) ==
			    (i == 4));
		assert_false(
		    file_is_there(arena_format(&arena, "%s/datasets/gone-%d", folder, i).p));
	}
	assert_true(make_immutable(stuck, false));
	MUST(store_sweep(store, &e));
	assert_false(file_is_there(stuck));
}

static void
uploads_that_ended_badly_go_after_a_day(void **state)
{
	(void)state;
	uint8_t hash[SHA256_BYTES] = {0};
	struct kept_answer answer;
	struct source dead = new_source(1, 5), working = new_source(1, 5),
		      stored = new_source(1, 5), young = new_source(1, 5);
	struct dataset dead_draft = new_dataset(1, dead.source_id, "draft");
	struct dataset working_draft = new_dataset(1, working.source_id, "draft");
	new_job("upload", "", working.source_id);
	WRITE(store_source_stored(store, stored.source_id, &e));
	MUST(store_answer_begin(store, &answer, 1, STR("old"), hash, &arena, &e));
	ask("UPDATE answers SET created_at=created_at-%" PRId64, (DAY + 60) * INT64_C(1000000));
	MUST(store_answer_begin(store, &answer, 1, STR("new"), hash, &arena, &e));
	for (const char *const *table = (const char *const[]){"sources", "datasets", NULL}; *table;
	     table++)
		ask("UPDATE %s SET created_at=created_at-%" PRId64 " WHERE source_id<>'%s'", *table,
		    (DAY + 60) * INT64_C(1000000), young.source_id);
	MUST(store_sweep(store, &e));
	const struct {
		const char *table, *id;
		bool there;
	} rows[] = {{"source", dead.source_id, false}, {"source", working.source_id, true},
	    {"source", stored.source_id, true}, {"source", young.source_id, true},
	    {"dataset", dead_draft.dataset_id, false}, {"dataset", working_draft.dataset_id, true}};
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		ASSERT_ASK(rows[i].there ? "1" : "0", "SELECT count(*) FROM %ss WHERE %s_id='%s'",
		    rows[i].table, rows[i].table, rows[i].id);
	ASSERT_ASK("new", "SELECT group_concat(key) FROM answers");
}

static void
a_sweep_of_nothing_is_good(void **state)
{
	(void)state;
	MUST(folder_remove(folder_file(folder, "blobs"), &e));
	MUST(folder_remove(folder_file(folder, "incoming"), &e));
	MUST(store_sweep(store, &e));
	MUST(store_sweep(store, &e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(blobs_go_when_they_are_old_and_unnamed),
	    cmocka_unit_test(half_blobs_go_when_nobody_writes_them),
	    cmocka_unit_test(bodies_go_when_their_upload_is_gone),
	    cmocka_unit_test(folders_of_datasets_that_are_gone_go_at_once),
	    cmocka_unit_test(exports_go_when_their_time_is_over),
	    cmocka_unit_test(what_cannot_be_removed_keeps_nothing_else),
	    cmocka_unit_test(uploads_that_ended_badly_go_after_a_day),
	    cmocka_unit_test(a_sweep_of_nothing_is_good),
	};
	return cmocka_run_group_tests(tests, catalog_begin, catalog_end);
}
