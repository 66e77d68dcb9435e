/*
 * test_callers.c: which role has which right, and what a key for some datasets may.  The table is
 * written down here once more, as README.md tells it.
 */
#include "model/model.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ONE "11111111-1111-4111-8111-111111111111"
#define TWO "22222222-2222-4222-8222-222222222222"

static struct err e;

static enum err_code
may(enum role role, enum right right, const char *scope, bool all)
{
	struct caller c = {.org_id = 1, .role = role, .scope = str_of(scope)};
	err_clear(&e);
	bool good = all ? caller_may_all(&c, right, &e) : caller_may(&c, right, &e);
	assert_int_equal(good, e.code == ERR_OK);
	return e.code;
}

static void
each_role_may_what_those_before_it_may(void **state)
{
	/* owner, editor, reviewer, viewer, none: yes or no. */
	static const struct {
		enum right right;
		const char *may;
	} table[] = {{RIGHT_READ, "yyyyn"}, {RIGHT_REVIEW, "yyynn"}, {RIGHT_EDIT, "yynnn"},
	    {RIGHT_MANAGE, "ynnnn"}};
	static const enum role roles[] = {
	    ROLE_OWNER, ROLE_EDITOR, ROLE_REVIEWER, ROLE_VIEWER, ROLE_NONE};
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
		for (size_t k = 0; k < ARRAY_LENGTH(roles); k++)
			for (int all = 0; all < 2; all++)
				assert_int_equal(may(roles[k], table[i].right, "", all),
				    table[i].may[k] == 'y' ? ERR_OK : ERR_FORBIDDEN);
	assert_int_equal(may(ROLE_VIEWER, RIGHT_EDIT, "", false), ERR_FORBIDDEN);
	assert_string_equal(e.message, "this takes the role editor; yours is viewer");
}

static void
nobody_may_nothing_whatever_they_say_they_are(void **state)
{
	(void)state;
	for (int role = ROLE_NONE; role < ROLE__MAX; role++)
		for (int right = RIGHT_READ; right <= RIGHT_MANAGE; right++) {
			struct caller c = {.org_id = 0, .role = (enum role)role};
			err_clear(&e);
			assert_false(caller_may(&c, (enum right)right, &e));
			assert_int_equal(e.code, ERR_UNAUTHORIZED);
			err_clear(&e);
			assert_false(caller_may_all(&c, (enum right)right, &e));
			assert_int_equal(e.code, ERR_UNAUTHORIZED);
		}
}

static void
a_key_for_some_datasets_may_nothing_that_is_about_more(void **state)
{
	(void)state;
	for (int right = RIGHT_READ; right <= RIGHT_MANAGE; right++) {
		assert_int_equal(
		    may(ROLE_OWNER, (enum right)right, "[\"" ONE "\"]", false), ERR_OK);
		assert_int_equal(
		    may(ROLE_OWNER, (enum right)right, "[\"" ONE "\"]", true), ERR_FORBIDDEN);
		/* Of datasets that are all gone: still not everything. */
		assert_int_equal(may(ROLE_OWNER, (enum right)right, "[]", true), ERR_FORBIDDEN);
	}
}

static bool
sees(const char *scope, const char *id)
{
	struct caller c = {.org_id = 1, .role = ROLE_OWNER, .scope = str_of(scope)};
	return caller_sees(&c, id);
}

static void
a_scope_has_whole_ids(void **state)
{
	(void)state;
	assert_true(sees("", ONE));
	assert_true(sees("[\"" ONE "\"]", ONE));
	assert_true(sees("[\"" TWO "\",\"" ONE "\"]", ONE));
	assert_true(sees("[\"" TWO "\",\"" ONE "\"]", TWO));
	assert_false(sees("[\"" ONE "\"]", TWO));
	assert_false(sees("[]", ONE));
	assert_false(sees("[\"" ONE "\"]", ""));
	assert_false(sees("[\"" ONE "\"]", "11111111"));
	assert_false(sees("[\"" ONE "\"", "11111111-1111-4111-8111-11111111111"));
}

static void
roles_have_names(void **state)
{
	(void)state;
	for (int role = ROLE_NONE + 1; role < ROLE__MAX; role++)
		assert_int_equal(role_from_name(str_of(role_names[role])), role);
	static const char *const none[] = {
	    "", "Owner", "OWNER", "owner ", "admin", "own", "owners"};
	for (size_t i = 0; i < ARRAY_LENGTH(none); i++)
		assert_int_equal(role_from_name(str_of(none[i])), ROLE_NONE);
	/* What forms offer is what there is, the smallest first. */
	int role = ROLE_NONE + 1;
	for (const struct choice *c = role_choices; c->value; c++)
		assert_int_equal(role_from_name(str_of(c->value)), role++);
	assert_int_equal(role, ROLE__MAX);
}

static void
the_command_line_is_an_owner_of_its_organisation(void **state)
{
	struct caller c;
	(void)state;
	caller_of_folder(&c, 7);
	assert_int_equal(c.org_id, 7);
	assert_int_equal(c.role, ROLE_OWNER);
	assert_int_equal(c.scope.n, 0);
	assert_false(c.by_session);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_role_may_what_those_before_it_may),
	    cmocka_unit_test(nobody_may_nothing_whatever_they_say_they_are),
	    cmocka_unit_test(a_key_for_some_datasets_may_nothing_that_is_about_more),
	    cmocka_unit_test(a_scope_has_whole_ids),
	    cmocka_unit_test(roles_have_names),
	    cmocka_unit_test(the_command_line_is_an_owner_of_its_organisation),
	};
	return cmocka_run_group_tests_name("callers", tests, NULL, NULL);
}
