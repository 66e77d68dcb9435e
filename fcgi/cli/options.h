/*
 * options.h: the command line of every command: a table of options, from which the words are read,
 * checked and explained by --help.
 *
 * A command names its options with an enum and reads line.value[OPTION_PORT].  An option is written
 * --name VALUE or --name=VALUE; after -- everything is an argument.  Standard output is for results
 * and --help; complaints go to stderr, one line, with exit status 2.
 */
#ifndef ROWHOUSE_OPTIONS_H
#define ROWHOUSE_OPTIONS_H

#include "base/base.h"

#define OPTIONS_MAX 24
#define OPTIONS_ARGUMENTS_MAX 64
#define OPTIONS_GIVEN_MAX 64

#define EXIT_GOOD 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

struct option {
	const char *name;   /* without the dashes; NULL ends the table */
	const char *value;  /* what its value is called in the help; NULL: it takes none */
	const char *preset; /* the value when it is not given, or NULL */
	const char *help;   /* one line */
};

struct options {
	const char *usage; /* what follows "rowhouse ", as "export [options] ID" */
	const char *about; /* a few lines: what it does, what it prints */
	const struct option *table;
	size_t arguments_min, arguments_max; /* words that are not options */
};

struct command_line {
	const char *value[OPTIONS_MAX]; /* by place in the table; a flag that is given: "" */
	/* All that were given, in order, for those that mean more when given again. */
	struct option_given {
		size_t option;
		const char *value;
	} given[OPTIONS_GIVEN_MAX];
	size_t given_count;
	const char *argument[OPTIONS_ARGUMENTS_MAX];
	size_t argument_count;
};

/* argv[0] is the command's name.  False: --help was printed or a complaint, and the command returns
 * *status. */
bool options_read(struct command_line *line, int *status, const struct options *o, int argc,
    char **argv) MUST_CHECK;

/* The next of the values an option was given, *at being 0 before the first; NULL: that was all. */
const char *options_next(const struct command_line *line, size_t option, size_t *at);

/* The value of an option as a number from min to max; false: complained, the command returns
 * EXIT_USAGE. */
bool options_number(
    uint64_t *out, const char *name, const char *value, uint64_t min, uint64_t max) MUST_CHECK;

/* The one of `count` words that `word` is most likely a slip of, NULL when none is near. */
const char *nearest_word(const char *word, const char *const *words, size_t count);

#endif
