/* test_projection.c: a projection's file that is not what it was is none; making one is within its
 * memory, and can be stopped. */
#include "projected.h"

static void
flip(const char *path, off_t at)
{
	char byte = 0;
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0 && pread(fd, &byte, 1, at) == 1);
	byte = (char)~byte;
	assert_true(pwrite(fd, &byte, 1, at) == 1);
	/* Within the clock's step of its making it would have the same time. */
	struct timespec times[2] = {{0, UTIME_OMIT}, {at + 1, 0}};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void
a_damaged_file_is_none_until_it_is_made_anew(void **state)
{
	char path[PATH_MAX + 48];
	struct stat st;
	(void)state;
	seed = 5;
	make_table(200);
	snprintf(path, sizeof path, "%s/0", derived);
	for (off_t at = 0;; at += at < 128 ? 43 : 1999) {
		project(columns, 1);
		assert_non_null(use(0));
		assert_int_equal(stat(path, &st), 0);
		if (at >= st.st_size)
			break;
		flip(path, at);
		assert_null(use(0));
		project(columns, 1);
		assert_non_null(use(0));
		assert_int_equal(truncate(path, at), 0);
		assert_null(use(0));
		arena_release(&asking);
	}
	assert_int_equal(unlink(path), 0);
	assert_null(use(0));
	arena_release(&asking);
}

static void
a_projection_is_of_its_column_type_and_generation(void **state)
{
	const struct projection *p;
	char path[PATH_MAX + 48], other[PATH_MAX + 48];
	(void)state;
	make_table(10);
	project(columns, 1);
	snprintf(path, sizeof path, "%s/0", derived);
	snprintf(other, sizeof other, "%s/1", derived);
	MUST(projection_use(&p, cache, path, 2, &columns[0], &asking, &e));
	assert_null(p);
	struct column retyped = columns[0];
	retyped.type = COLUMN_STRING;
	MUST(projection_use(&p, cache, path, 1, &retyped, &asking, &e));
	assert_null(p);
	assert_int_equal(link(path, other), 0);
	MUST(projection_use(&p, cache, other, 1, &columns[1], &asking, &e));
	assert_null(p);
	arena_release(&asking);
}

/* Columns that take too much together are made one after the other, one that does alone is not. */
static void
memory_is_kept_within_its_bound(void **state)
{
	(void)state;
	seed = 9;
	make_table(3000);
	project_within(columns, column_count, KIB(32));
	ask(20);
	for (size_t k = 0; k < KINDS; k++)
		assert_int_equal(use(k)->head.unfit, 0);
	arena_release(&asking);
	/* The values' numbers alone, of 3,000 rows, are more. */
	project_within(columns, 2, KIB(8));
	assert_int_equal(use(0)->head.unfit, 1);
	assert_int_equal(use(1)->head.unfit, 1);
	assert_int_equal(use(2)->head.unfit, 0);
	arena_release(&asking);
}

static bool
stop_at_once(void *context, uint64_t done, uint64_t total, struct err *why)
{
	uint64_t *seen = context;
	*seen = done;
	assert_int_equal(total, 3000);
	return FAIL(why, CANCELLED, "the job was cancelled");
}

static void
what_was_stopped_leaves_what_was_there(void **state)
{
	uint64_t seen = 0;
	struct arena a;
	(void)state;
	make_table(3000);
	project(columns, 1);
	const struct projection *before = use(0);
	const struct projection_plan plan = {
	    columns, column_count, 1, derived, scratch, MIB(64), stop_at_once, &seen};
	arena_init(&a, MIB(64));
	err_clear(&e);
	assert_false(projection_build(file, &plan, &a, &e));
	assert_int_equal(e.code, ERR_CANCELLED);
	arena_release(&a);
	assert_true(seen > 0 && seen < 3000);
	assert_ptr_equal(use(0), before);
	assert_null(use(1));
	arena_release(&asking);
}

int
main(void)
{
	const struct CMUnitTest all[] = {
	    cmocka_unit_test(a_damaged_file_is_none_until_it_is_made_anew),
	    cmocka_unit_test(a_projection_is_of_its_column_type_and_generation),
	    cmocka_unit_test(memory_is_kept_within_its_bound),
	    cmocka_unit_test(what_was_stopped_leaves_what_was_there),
	};
	return cmocka_run_group_tests(all, set_up, tear_down);
}
