/* test_conf.c: settings come from the file, over it the environment; a fault says where it is. */
#include "base/conf.h"
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *folder;
static struct arena arena;
static struct conf conf;
static struct err e;

static bool
load(const char *file)
{
	const char *path = folder_file(folder, "rowhouse.conf");
	unlink(path);
	if (file)
		file_put(path, str_of(file));
	err_clear(&e);
	return conf_load(&conf, folder, &arena, &e);
}

static void
without_a_file_the_defaults_stand(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		assert_true(load(turn ? "\n# nothing\n   \n\t# more\n" : NULL));
		assert_string_equal(conf.base_url, "");
		assert_int_equal(conf.sample_expires_s, 3600);
		assert_int_equal(conf.retention_days, 0);
		assert_true(conf.sandbox);
	}
}

static void
the_file_is_read_with_comments_and_spaces(void **state)
{
	(void)state;
	assert_true(load("base_url = https://data.example.org/a=b # ours\r\n"
			 "\tquota_rows=18446744073709551615\n"
			 "sandbox = off\nquota_rows = 7\n"
			 "cors_origins =  https://a  https://b \n"
			 "model_name ="));
	assert_string_equal(conf.base_url, "https://data.example.org/a=b");
	assert_int_equal(conf.quota_rows, 7);
	assert_false(conf.sandbox);
	assert_string_equal(conf.cors_origins, "https://a  https://b");
	assert_string_equal(conf.model_name, "");
}

static void
the_environment_wins(void **state)
{
	(void)state;
	setenv("ROWHOUSE_QUOTA_BYTES", "12", 1);
	setenv("ROWHOUSE_SANDBOX", "on", 1);
	setenv("ROWHOUSE_BASE_URL", "", 1);
	assert_true(load("quota_bytes = 5\nsandbox = off\nbase_url = http://x\n"));
	assert_int_equal(conf.quota_bytes, 12);
	assert_true(conf.sandbox);
	assert_string_equal(conf.base_url, "");
	setenv("ROWHOUSE_QUOTA_BYTES", "12 MB", 1);
	assert_false(load(NULL));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.message, "ROWHOUSE_QUOTA_BYTES"));
	assert_non_null(strstr(e.message, "12 MB"));
	unsetenv("ROWHOUSE_QUOTA_BYTES");
	unsetenv("ROWHOUSE_SANDBOX");
	unsetenv("ROWHOUSE_BASE_URL");
}

static void
a_fault_names_the_file_and_the_line(void **state)
{
	(void)state;
	static const struct {
		const char *file, *line, *what;
	} cases[] = {
	    {"quota_rows = many", "line 1", "quota_rows"},
	    {"\n\nquota_rows = -1\n", "line 3", "whole number"},
	    {"quota_rows =\n", "line 1", "whole number"},
	    {"quota_rows = 18446744073709551616", "line 1", "whole number"},
	    {"# a\nsandbox = yes\n", "line 2", "on or off"},
	    {"sandbox = off\nsand_box = off\n", "line 2", "sand_box"},
	    {"base_url\n", "line 1", "name = value"},
	    {"= 3\n", "line 1", "there is no setting"},
	    {"Base_Url = x", "line 1", "Base_Url"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (load(cases[i].file))
			fail_msg("taken: %s", cases[i].file);
		assert_int_equal(e.code, ERR_INPUT);
		if (!strstr(e.message, cases[i].line) || !strstr(e.message, cases[i].what) ||
		    !strstr(e.message, "rowhouse.conf"))
			fail_msg("%s", e.message);
	}
}

static void
a_file_that_cannot_be_one_is_refused(void **state)
{
	(void)state;
	const char *path = folder_file(folder, "rowhouse.conf");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	err_clear(&e);
	assert_false(conf_load(&conf, folder, &arena, &e));
	assert_int_equal(rmdir(path), 0);
	char *text = calloc(1, 256 * 1024 + 2);
	assert_non_null(text);
	memset(text, '\n', 256 * 1024 + 1);
	assert_false(load(text));
	text[256 * 1024] = 0;
	assert_true(load(text));
	free(text);
}

/* What the operator is shown is what there is. */
static void
every_setting_is_explained_in_the_example(void **state)
{
	(void)state;
	static const char *const names[] = {
#define X(name, form, preset) #name,
	    CONF_TABLE(X)
#undef X
	};
	struct str text;
	err_clear(&e);
	if (!file_read(&text, "conf/rowhouse.conf", 65536, &arena, &e))
		skip();
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (!strstr(text.p, names[i]))
			fail_msg("%s", names[i]);
	/* It is good as it stands. */
	assert_true(load(text.p));
}

static int
set_up(void **state)
{
	(void)state;
	folder = folder_begin();
	arena_init(&arena, 1 << 22);
	return 0;
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
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_file_the_defaults_stand),
	    cmocka_unit_test(the_file_is_read_with_comments_and_spaces),
	    cmocka_unit_test(the_environment_wins),
	    cmocka_unit_test(a_fault_names_the_file_and_the_line),
	    cmocka_unit_test(a_file_that_cannot_be_one_is_refused),
	    cmocka_unit_test(every_setting_is_explained_in_the_example),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
