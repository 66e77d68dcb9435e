/*
 * test_projected.c: what projections answer is what reading every row answers (which is held
 * against an evaluation of its own in tests/http/query.test.mjs): of random tables, questions and
 * edits, whenever the projections were made.
 */
#include "projected.h"

static void
projections_answer_as_a_scan_does(void **state)
{
	static const uint64_t sizes[] = {0, 1, 2, 63, 64, 65, 300, 1500};
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		seed = (uint32_t)i + 1;
		make_table(sizes[i]);
		project(columns, column_count);
		ask(sizes[i] > 100 ? 150 : 40);
	}
}

/* Groups of equal rows that are larger than those that are sorted by comparing. */
static void
many_equal_rows_are_sorted_by_the_other_columns(void **state)
{
	(void)state;
	seed = 77;
	make_table(40000);
	project(columns, column_count);
	ask(12);
	change(60);
	ask(12);
}

static void
rows_changed_since_are_laid_over(void **state)
{
	(void)state;
	for (uint32_t turn = 0; turn < 8; turn++) {
		seed = 1000 + turn;
		make_table(turn == 0 ? 3 : 400);
		project(columns, column_count);
		for (int round = 0; round < 6; round++) {
			change(1 + below(30));
			ask(12);
			/* Some are made anew, so that they are of different moments. */
			size_t k = below(KINDS);
			project(&columns[k], 1);
			ask(12);
		}
	}
}

static bool
edit_meanwhile(void *context, uint64_t done, uint64_t total, struct err *why)
{
	uint32_t *times = context;
	(void)done;
	(void)total;
	(void)why;
	if (++*times % 4 == 0)
		edit_rows(6);
	return true;
}

static void
rows_may_be_edited_while_projections_are_made(void **state)
{
	uint32_t times = 0;
	struct arena a;
	(void)state;
	seed = 31;
	make_table(45000);
	change(1); /* from now on there is a log of writes, and nobody waits for who reads */
	const struct projection_plan plan = {
	    columns, column_count, 1, derived, scratch, MIB(64), edit_meanwhile, &times};
	arena_init(&a, MIB(64));
	MUST(projection_build(file, &plan, &a, &e));
	arena_release(&a);
	assert_true(times > 40);
	ask(15);
	change(10);
	ask(10);
}

/* More than are put in order at once. */
static void
all_rows_are_handed_out_in_order(void **state)
{
	static const char *const sorts[] = {"price", "-done,name", "-name,amount,-price"};
	(void)state;
	seed = 51;
	make_table(70000);
	project(columns, column_count);
	change(40);
	for (size_t i = 0; i < ARRAY_LENGTH(sorts); i++) {
		struct query q;
		struct query_request r = {.sort = str_of(sorts[i])};
		if (i == 1)
			r.filter = STR("price is not null");
		MUST(model_query_check(&q, &r, columns, column_count, &asking, &e));
		check_found(&q, sorts[i]);
		add_projections(&q, NULL, 0);
		check_found(&q, sorts[i]);
		arena_release(&asking);
	}
}

static bool
refuse(void *context, struct err *why)
{
	size_t *left = context;
	return (*left)-- > 1 || FAIL(why, CANCELLED, "enough");
}

static void
who_may_take_their_time_are_asked_whether_to_go_on(void **state)
{
	size_t left = 100;
	struct query_found found;
	struct query q;
	const struct query_watch watch = {&left, refuse};
	const struct query_request r = {.filter = STR("price > 1"), .sort = STR("name")};
	(void)state;
	seed = 52;
	make_table(5000);
	MUST(model_query_check(&q, &r, columns, column_count, &asking, &e));
	q.watch = &watch;
	MUST(rows_hold(file, &e));
	MUST(query_find(&found, file, &q, &asking, &e));
	assert_true(left < 100 && left > 0);
	left = 2;
	err_clear(&e);
	assert_false(query_find(&found, file, &q, &asking, &e));
	assert_int_equal(e.code, ERR_CANCELLED);
	rows_let_go(file);
}

int
main(void)
{
	const struct CMUnitTest all[] = {
	    cmocka_unit_test(projections_answer_as_a_scan_does),
	    cmocka_unit_test(many_equal_rows_are_sorted_by_the_other_columns),
	    cmocka_unit_test(rows_changed_since_are_laid_over),
	    cmocka_unit_test(rows_may_be_edited_while_projections_are_made),
	    cmocka_unit_test(all_rows_are_handed_out_in_order),
	    cmocka_unit_test(who_may_take_their_time_are_asked_whether_to_go_on),
	};
	return cmocka_run_group_tests(all, set_up, tear_down);
}
