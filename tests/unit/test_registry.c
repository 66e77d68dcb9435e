/*
 * test_registry.c: the types a server knows: those of the plugins in its folders, whichever folder
 * is first, and those the vendors name; a plugin that is refused takes nothing from the others.
 */
#include "plugin/registry.h"
#include "shared_object.h"
#include "must.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *folder;
static char one[PATH_MAX], two[PATH_MAX];
static struct arena arena;
static struct err e;
static struct registry *registry;

/* A plugin with one type of this name. */
static void
make(const char *where, const char *name, const char *type, const char *title)
{
	struct str text = arena_format(&arena,
	    PLUGIN_TEXT
	    "static bool go(const struct host *h, const struct value *v, struct err *e) "
	    "{ (void)h; (void)v; (void)e; return true; }\n"
	    "static const struct plugin_work works[] = {{.name = \"w\", .title = \"W\", .run = "
	    "go}, "
	    "{0}};\n"
	    "static const struct plugin_type types[] = {{.name = \"%s\", .title = \"%s\", .ingest "
	    "= "
	    "go, .tasks = works}, {0}};\n" PLUGIN_CONSTANT(".name = \"%s\", .types = types"),
	    type, title, name);
	make_shared_object(where, name, text.p, NULL);
}

static const struct plugin_entry *
entry(const char *name)
{
	const struct plugin_entry *found = NULL;
	for (size_t i = 0; i < registry->plugin_count; i++)
		if (strcmp(registry->plugins[i].name, name) == 0) {
			assert_null(found);
			found = &registry->plugins[i];
		}
	return found;
}

static void
open_with(const char *folders)
{
	setenv("ROWHOUSE_PLUGINS", folders, 1);
	MUST(registry_open(&registry, &e));
}

static int
close_registry(void **state)
{
	(void)state;
	registry_close(registry);
	registry = NULL;
	return 0;
}

static void
without_plugins_there_are_the_vendors_types(void **state)
{
	(void)state;
	static const char *const names[] = {
	    "data_enrichment", "data_extraction", "map_extraction", "custom_dataset"};
	MUST(registry_empty(&registry, &e));
	assert_int_equal(registry->plugin_count, 0);
	assert_int_equal(registry->type_count, ARRAY_LENGTH(names));
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		const struct dataset_type *type = registry_type(registry, str_of(names[i]));
		assert_non_null(type);
		assert_true(type->of_vendor && !type->has && type->plugin);
	}
	/* What is asked for in advance, so that files are kept the right way. */
	assert_true(registry_type(registry, STR("data_enrichment"))->sources[0].required);
	assert_string_equal(
	    registry_type(registry, STR("map_extraction"))->form[0].name, "map_details");
	registry_close(registry);
	open_with("/nonexistent:");
	assert_int_equal(registry->plugin_count, 0);
	assert_int_equal(registry->type_count, ARRAY_LENGTH(names));
}

static void
a_plugin_brings_its_types_and_serves_a_vendors(void **state)
{
	(void)state;
	make(one, "birds", "birds", "Birds");
	make(one, "custom", "custom_dataset", "Mine");
	open_with(one);
	const struct dataset_type *birds = registry_type(registry, STR("birds"));
	const struct dataset_type *custom = registry_type(registry, STR("custom_dataset"));
	assert_true(birds && birds->has && !birds->of_vendor);
	assert_string_equal(birds->plugin, "birds");
	/* It stays a vendor's, and says itself what it is. */
	assert_true(custom->has && custom->of_vendor);
	assert_string_equal(custom->title, "Mine");
	assert_int_equal(registry->type_count, 5);
	assert_true(str_is(registry_vendor_types(registry, &arena),
	    "data_enrichment, data_extraction, map_extraction, custom_dataset"));
	assert_ptr_equal(registry_plugin(registry, STR("birds")), entry("birds")->plugin);
	assert_null(registry_plugin(registry, STR("bird")));
	assert_string_equal(work_find(birds->has->tasks, STR("w"))->title, "W");
	assert_null(work_find(birds->has->tasks, STR("W")));
	assert_null(work_find(NULL, STR("w")));
	assert_null(view_find(birds->has->views, STR("w")));
}

static void
a_refused_plugin_is_listed_with_its_reason(void **state)
{
	(void)state;
	make(one, "birds", "birds", "Birds");
	make_shared_object(one, "aaa", "int x;", NULL);
	make(one, "bees", "birds", "Bees");
	make(one, "cats", "cattle", "Cats");
	make(one, "cows", "cattle", "Cows");
	file_put(folder_file(one, "not a name.so"), STR("x"));
	file_put(folder_file(one, ".hidden.so"), STR("x"));
	file_put(folder_file(one, "readme.txt"), STR("x"));
	open_with(one);
	assert_null(entry("aaa")->plugin);
	assert_non_null(strstr(entry("aaa")->reason, "does not export"));
	/* In the order of their names, not in that of the folder: the type was bees' before birds
	 * came, and that of cats before cows. */
	assert_non_null(entry("bees")->plugin);
	assert_non_null(entry("cats")->plugin);
	assert_null(entry("cows")->plugin);
	assert_null(entry("birds")->plugin);
	assert_non_null(strstr(entry("birds")->reason, "its type birds is the plugin bees's"));
	assert_string_equal(registry_type(registry, STR("birds"))->title, "Bees");
	assert_null(registry_plugin(registry, STR("birds")));
	assert_non_null(strstr(entry("not a name")->reason, "is not a plugin's name"));
	assert_null(entry(".hidden"));
	/* One that served a vendor's type may not take that of another. */
	registry_close(registry);
	make(one, "birds", "data_extraction", "Birds");
	open_with(one);
	assert_non_null(strstr(entry("birds")->reason, "is the plugin extraction's"));
	assert_null(registry_type(registry, STR("data_extraction"))->has);
	static const char *const made[] = {
	    "aaa.so", "bees.so", "cats.so", "cows.so", "not a name.so", ".hidden.so"};
	for (size_t i = 0; i < ARRAY_LENGTH(made); i++)
		assert_int_equal(unlink(folder_file(one, made[i])), 0);
}

static void
of_two_folders_the_first_one_counts(void **state)
{
	(void)state;
	make(one, "birds", "birds", "First");
	make(two, "birds", "birds", "Second");
	make(two, "fish", "fish", "Fish");
	open_with(arena_format(&arena, "%s:/nonexistent:%s", one, two).p);
	assert_string_equal(registry_type(registry, STR("birds"))->title, "First");
	assert_string_equal(registry_type(registry, STR("fish"))->title, "Fish");
	assert_string_equal(entry("birds")->folder, one);
	assert_string_equal(entry("fish")->folder, two);
	/* Found by its name alone it is the same one. */
	const struct rowhouse_plugin *p;
	MUST(plugin_find(&p, "birds", &arena, &e));
	assert_string_equal(p->types[0].title, "First");
	MUST(plugin_find(&p, "fish", &arena, &e));
	err_clear(&e);
	assert_false(plugin_find(&p, "snakes", &arena, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	/* Not even a broken one of the first folder lets the second's through.  (In its place, not
	 * into it: the old file is mapped.) */
	assert_int_equal(unlink(folder_file(one, "birds.so")), 0);
	file_put(folder_file(one, "birds.so"), STR("x"));
	registry_close(registry);
	open_with(arena_format(&arena, "%s:%s", one, two).p);
	assert_null(entry("birds")->plugin);
	err_clear(&e);
	assert_false(plugin_find(&p, "birds", &arena, &e));
	assert_int_equal(e.code, ERR_INPUT);
}

static void
what_is_taken_out_again_leaves_the_others(void **state)
{
	(void)state;
	make(one, "birds", "birds", "Birds");
	make(one, "custom", "custom_dataset", "Mine");
	open_with(one);
	for (size_t i = 0; i < registry->plugin_count; i++)
		if (strcmp(registry->plugins[i].name, "custom") == 0) {
			static char why[] = "its template is wrong";
			registry_refuse(registry, i, why);
			why[0] = 'X'; /* it is copied */
		}
	assert_null(entry("custom")->plugin);
	assert_string_equal(entry("custom")->reason, "its template is wrong");
	const struct dataset_type *custom = registry_type(registry, STR("custom_dataset"));
	assert_true(custom->of_vendor && !custom->has);
	assert_string_not_equal(custom->title, "Mine");
	assert_non_null(registry_type(registry, STR("birds"))->has);
	for (size_t i = 0; i < registry->plugin_count; i++)
		if (strcmp(registry->plugins[i].name, "birds") == 0)
			registry_refuse(registry, i, "so too");
	assert_null(registry_type(registry, STR("birds")));
}

static int
set_up(void **state)
{
	(void)state;
	umask(022);
	folder = folder_begin();
	arena_init(&arena, MIB(64));
	snprintf(one, sizeof one, "%s/one", folder);
	snprintf(two, sizeof two, "%s/two", folder);
	return chmod(folder, 0755) || mkdir(one, 0755) || mkdir(two, 0755);
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	folder_end(folder);
	return 0;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, close_registry)
	const struct CMUnitTest tests[] = {
	    TEST(without_plugins_there_are_the_vendors_types),
	    TEST(a_plugin_brings_its_types_and_serves_a_vendors),
	    TEST(a_refused_plugin_is_listed_with_its_reason),
	    TEST(of_two_folders_the_first_one_counts),
	    TEST(what_is_taken_out_again_leaves_the_others),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
