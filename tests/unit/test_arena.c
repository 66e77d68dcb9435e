/* test_arena.c: memory of a task goes as a whole, never runs over its limit, never is NULL. */
#include "base/arena.h"
#include "base/limits.h"
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A refused malloc is what we test, not a fault of the test. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static struct arena arena;
static jmp_buf boundary;

static void
memory_is_zeroed_aligned_and_apart(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 15, 16, 17, 100, 4000, 4097, 16384, 70000, 0, 3};
	char *all[200];
	size_t length[200];
	arena_init(&arena, MIB(16));
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		length[i] = sizes[i % ARRAY_LENGTH(sizes)];
		all[i] = arena_alloc(&arena, length[i]);
		assert_non_null(all[i]);
		assert_int_equal((uintptr_t)all[i] % 16, 0);
		for (size_t k = 0; k < length[i]; k++)
			assert_int_equal(all[i][k], 0);
		memset(all[i], (int)i + 1, length[i]);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		for (size_t k = 0; k < length[i]; k++)
			assert_int_equal((unsigned char)all[i][k], (i + 1) & 0xff);
	assert_true(arena.used <= MIB(16));
	arena_release(&arena);
	assert_int_equal(arena.used, 0);
}

static void
copies_and_formats_end_in_nul(void **state)
{
	(void)state;
	arena_init(&arena, 4096 * 8);
	struct str s = arena_copy(&arena, (struct str){"ab\0c", 4});
	assert_int_equal(s.n, 4);
	assert_memory_equal(s.p, "ab\0c\0", 5);
	assert_string_equal(arena_text(&arena, (struct str){NULL, 0}), "");
	s = arena_format(&arena, "%d-%s", 7, "x");
	assert_int_equal(s.n, 3);
	assert_string_equal(s.p, "7-x");
	arena_release(&arena);
}

static char order[64];

static void
note(void *p)
{
	strncat(order, p, sizeof order - strlen(order) - 1);
}

static void
what_was_deferred_goes_in_reverse_order_and_once(void **state)
{
	(void)state;
	static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";
	order[0] = 0;
	arena_init(&arena, 65536);
	arena_defer(&arena, note, a);
	arena_defer(&arena, note, b);
	struct arena_mark mark = arena_mark(&arena);
	arena_defer(&arena, note, c);
	arena_alloc(&arena, 20000);
	arena_defer(&arena, note, d);
	arena_reset(&arena, mark);
	assert_string_equal(order, "dc");
	arena_release(&arena);
	assert_string_equal(order, "dcba");
	arena_release(&arena);
	assert_string_equal(order, "dcba");
}

/* A loop over a file's records must not grow. */
static void
a_reset_gives_all_back_that_came_after_its_mark(void **state)
{
	(void)state;
	arena_init(&arena, MIB(1));
	char *kept = arena_text(&arena, STR("kept"));
	struct arena_mark mark = arena_mark(&arena);
	for (size_t i = 0; i < 2000; i++) {
		memset(arena_alloc(&arena, 1 + i * 37 % 9000), 0xff, 1 + i * 37 % 9000);
		memset(arena_alloc(&arena, 300000), 0xff, 300000);
		arena_reset(&arena, mark);
		char *again = arena_alloc(&arena, 64);
		for (size_t k = 0; k < 64; k++)
			assert_int_equal(again[k], 0);
		arena_reset(&arena, mark);
	}
	assert_string_equal(kept, "kept");
	arena_release(&arena);

	/* A mark of the empty arena gives everything back. */
	mark = arena_mark(&arena);
	arena_alloc(&arena, 100000);
	arena_reset(&arena, mark);
	assert_int_equal(arena.used, 0);
}

enum way { BY_LIMIT, BY_SUM, BY_ONE, BY_ROUNDING, BY_PRODUCT, BY_FORMAT, BY_DEFER, BY_MALLOC };

static void
exhaust(enum way way)
{
	size_t limit = way == BY_MALLOC ? SIZE_MAX : 65536;
	arena_init(&arena, limit);
	switch (way) {
	case BY_LIMIT:
		arena_alloc(&arena, 65536);
		break;
	case BY_SUM:
		for (;;)
			arena_alloc(&arena, 100);
	case BY_ONE:
		arena_alloc(&arena, SIZE_MAX - 40);
		break;
	case BY_ROUNDING:
		arena_alloc(&arena, SIZE_MAX);
		break;
	case BY_PRODUCT:
		arena_array(&arena, SIZE_MAX / 16 + 2, 16);
		break;
	case BY_FORMAT:
		arena_format(&arena, "%70000d", 1);
		break;
	case BY_DEFER:
		for (;;)
			arena_defer(&arena, note, order);
	case BY_MALLOC:
		arena_alloc(&arena, SIZE_MAX / 4);
		break;
	}
	fail_msg("memory that is not there was given (%d)", way);
}

static void
exhaustion_returns_to_the_boundary(void **state)
{
	(void)state;
	static volatile int way;
	for (way = BY_LIMIT; way <= BY_MALLOC; way++) {
		order[0] = 0;
		if (arena_guard(boundary) == 0)
			exhaust((enum way)way);
		assert_int_equal(arena_over_limit(), way != BY_MALLOC);
		assert_true(arena.used <= arena.limit);
		/* What had been deferred still runs, and the arena serves the next task. */
		arena_release(&arena);
		arena_init(&arena, 65536);
		assert_non_null(arena_alloc(&arena, 1000));
		arena_release(&arena);
	}
	arena_unguard();
}

static void
die(void *context)
{
	arena_unguard();
	exhaust(*(enum way *)context);
}

static void
without_a_boundary_the_process_ends_with_its_own_status(void **state)
{
	(void)state;
	for (enum way way = BY_LIMIT; way <= BY_MALLOC; way++) {
		int status = in_child(die, &way);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), EXIT_MEMORY);
	}
}

static void
the_limit_is_the_tasks_own(void **state)
{
	(void)state;
	struct arena other;
	arena_init(&arena, 65536);
	arena_init(&other, 65536);
	arena_alloc(&arena, 60000);
	assert_non_null(arena_alloc(&other, 60000));
	arena_release(&other);
	arena_release(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
	    cmocka_unit_test(copies_and_formats_end_in_nul),
	    cmocka_unit_test(what_was_deferred_goes_in_reverse_order_and_once),
	    cmocka_unit_test(a_reset_gives_all_back_that_came_after_its_mark),
	    cmocka_unit_test(exhaustion_returns_to_the_boundary),
	    cmocka_unit_test(without_a_boundary_the_process_ends_with_its_own_status),
	    cmocka_unit_test(the_limit_is_the_tasks_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
