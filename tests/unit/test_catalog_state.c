/*
 * test_catalog_state.c: the small values plugins keep: each plugin, organisation and dataset has
 * its own under a name; what is read is what was put, byte for byte.
 */
#include "catalog.h"

static struct str
get(const char *plugin, int64_t org_id, const char *dataset_id, const char *name)
{
	struct str value;
	MUST(store_state_get(store, plugin, org_id, dataset_id, name, &value, &arena, &e));
	return value;
}

static void
put(const char *plugin, int64_t org_id, const char *dataset_id, const char *name, struct str value)
{
	WRITE(store_state_put(store, plugin, org_id, dataset_id, name, value, &e));
}

static void
assert_value(struct str have, struct str want)
{
	assert_int_equal(have.n, want.n);
	if (want.n)
		assert_memory_equal(have.p, want.p, want.n);
}

static void
nobody_reads_what_another_put(void **state)
{
	struct dataset one = new_dataset(1, "", "ready"), two = new_dataset(1, "", "ready");
	(void)state;
	put("a", 1, "", "n", STR("site of 1"));
	put("a", 2, "", "n", STR("site of 2"));
	put("b", 1, "", "n", STR("of b"));
	put("a", 1, "", "m", STR("other name"));
	put("a", 1, one.dataset_id, "n", STR("dataset one"));
	put("a", 1, two.dataset_id, "n", STR("dataset two"));
	assert_value(get("a", 1, "", "n"), STR("site of 1"));
	assert_value(get("a", 2, "", "n"), STR("site of 2"));
	assert_value(get("b", 1, "", "n"), STR("of b"));
	assert_value(get("a", 1, "", "m"), STR("other name"));
	assert_value(get("a", 1, one.dataset_id, "n"), STR("dataset one"));
	assert_value(get("a", 1, two.dataset_id, "n"), STR("dataset two"));
	put("a", 2, "", "of 2 alone", STR("x"));
	assert_value(get("a", 1, "", "of 2 alone"), STR(""));
	assert_value(get("b", 2, "", "n"), STR(""));
	assert_value(get("a", 2, one.dataset_id, "n"), STR(""));
	assert_value(get("a", 1, "", "N"), STR(""));
	assert_value(get("A", 1, "", "n"), STR(""));
}

static void
a_value_is_bytes_of_any_kind_and_its_last_is_read(void **state)
{
	static char large[LIMIT_STATE_BYTES];
	(void)state;
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = (char)(i * 7);
	const struct str values[] = {STR("x"), {"\0a\0", 3}, STR("\xff\xfe"),
	    STR("'; DROP TABLE--"), STR("{\"a\":1}"), {large, sizeof large}, STR("short again")};
	for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
		put("a", 1, "", "bytes", values[i]);
		assert_value(get("a", 1, "", "bytes"), values[i]);
	}
	ASSERT_ASK("1", "SELECT count(*) FROM plugin_state WHERE name='bytes'");
}

static void
an_empty_value_is_none(void **state)
{
	(void)state;
	put("a", 1, "", "gone", STR("x"));
	put("a", 1, "", "stays", STR("y"));
	put("a", 1, "", "gone", STR(""));
	put("a", 1, "", "never", STR(""));
	assert_value(get("a", 1, "", "gone"), STR(""));
	assert_value(get("a", 1, "", "stays"), STR("y"));
	ASSERT_ASK("0", "SELECT count(*) FROM plugin_state WHERE name IN ('gone','never')");
}

static void
what_was_rolled_back_was_never_put(void **state)
{
	(void)state;
	put("a", 1, "", "kept", STR("before"));
	MUST(store_begin(store, &e));
	MUST(store_state_put(store, "a", 1, "", "kept", STR("after"), &e));
	store_rollback(store);
	assert_value(get("a", 1, "", "kept"), STR("before"));
}

static void
the_values_of_a_dataset_go_with_it(void **state)
{
	bool found;
	struct dataset one = new_dataset(1, "", "ready"), two = new_dataset(1, "", "ready");
	(void)state;
	put("a", 1, one.dataset_id, "d", STR("x"));
	put("b", 1, one.dataset_id, "d", STR("x"));
	put("a", 1, two.dataset_id, "d", STR("x"));
	put("a", 1, "", "d", STR("x"));
	WRITE(store_dataset_delete(store, 1, one.dataset_id, &found, &e));
	assert_true(found);
	ASSERT_ASK("2", "SELECT count(*) FROM plugin_state WHERE name='d'");
	assert_value(get("a", 1, one.dataset_id, "d"), STR(""));
	assert_value(get("a", 1, two.dataset_id, "d"), STR("x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_reads_what_another_put),
	    cmocka_unit_test(a_value_is_bytes_of_any_kind_and_its_last_is_read),
	    cmocka_unit_test(an_empty_value_is_none),
	    cmocka_unit_test(what_was_rolled_back_was_never_put),
	    cmocka_unit_test(the_values_of_a_dataset_go_with_it),
	};
	return cmocka_run_group_tests_name("catalog_state", tests, catalog_begin, catalog_end);
}
