/* test_options.c: a command line is read as written, and a slip is answered with what was meant. */
#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { PORT, JSON, NAME };

static const struct option table[] = {
    [PORT] = {"port", "N", "8080", "A port"},
    [JSON] = {"json", NULL, NULL, "Print JSON"},
    [NAME] = {"name", "TEXT", NULL, "A name"},
    {0},
};
static const struct options options = {"try [options] FILE", "Tries.", table, 1, 2};

/* Reads words that end in NULL; stdout and stderr are kept away from the test's own. */
static bool
read_words(struct command_line *line, int *status, char **words)
{
	int n = 0, saved[2] = {dup(1), dup(2)};
	while (words[n])
		n++;
	fflush(stdout);
	if (!freopen("/dev/null", "w", stdout) || dup2(1, 2) < 0)
		return false;
	*status = -1;
	bool good = options_read(line, status, &options, n, words);
	fflush(stdout);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	close(saved[0]);
	close(saved[1]);
	return good;
}

#define READ(...) read_words(&line, &status, (char *[]){(char[]){"try"}, __VA_ARGS__, NULL})
#define W(text) ((char[]){text})

static void
values_stand_at_their_place(void **state)
{
	(void)state;
	struct command_line line;
	int status;
	assert_true(READ(W("--name"), W("a b"), W("f.csv"), W("--json")));
	assert_string_equal(line.value[PORT], "8080");
	assert_string_equal(line.value[NAME], "a b");
	assert_non_null(line.value[JSON]);
	assert_int_equal(line.argument_count, 1);
	assert_true(READ(W("--port=1"), W("--name="), W("--"), W("--json")));
	assert_string_equal(line.value[PORT], "1");
	assert_string_equal(line.value[NAME], "");
	assert_null(line.value[JSON]);
	assert_string_equal(line.argument[0], "--json");
	assert_true(READ(W("-")));
	assert_string_equal(line.argument[0], "-");
}

static void
wrong_use_is_status_2(void **state)
{
	(void)state;
	struct command_line line;
	int status;
	assert_false(READ(W("f"), W("--prot"), W("1")));
	assert_int_equal(status, EXIT_USAGE);
	assert_false(READ(W("f"), W("--port")));
	assert_int_equal(status, EXIT_USAGE);
	assert_false(READ(W("f"), W("--json=1")));
	assert_int_equal(status, EXIT_USAGE);
	assert_false(READ(W("f"), W("-p")));
	assert_int_equal(status, EXIT_USAGE);
	assert_false(READ(W("--json")));
	assert_int_equal(status, EXIT_USAGE);
	assert_false(READ(W("a"), W("b"), W("c")));
	assert_int_equal(status, EXIT_USAGE);
	assert_false(READ(W("--help")));
	assert_int_equal(status, EXIT_GOOD);
}

static void
a_slip_finds_its_word(void **state)
{
	(void)state;
	const char *words[] = {"up", "import", "export", "help"};
	assert_string_equal(nearest_word("pu", words, 4), "up");
	assert_string_equal(nearest_word("improt", words, 4), "import");
	assert_string_equal(nearest_word("exports", words, 4), "export");
	assert_string_equal(nearest_word("halp", words, 4), "help");
	assert_null(nearest_word("zz", words, 4));
	assert_null(
	    nearest_word("completely different and far too long for any of them", words, 4));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_stand_at_their_place),
	    cmocka_unit_test(wrong_use_is_status_2),
	    cmocka_unit_test(a_slip_finds_its_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
