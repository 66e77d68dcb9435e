/* options.c: see options.h. */
#include "cli/options.h"

#define WORD_BYTES 40
#define SLIPS_MAX 2

/* How many letters must be changed, added, left out or swapped to make one word of the other; too
 * long words are far from everything. */
static size_t
slips(const char *a, const char *b)
{
	size_t rows[3][WORD_BYTES], n = strlen(a), m = strlen(b);
	if (n >= WORD_BYTES || m >= WORD_BYTES)
		return WORD_BYTES;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = rows[i % 3], *before = rows[(i - 1) % 3],
		       *earlier = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t least = before[j - 1] + (a[i - 1] != b[j - 1]);
			if (before[j] + 1 < least)
				least = before[j] + 1;
			if (now[j - 1] + 1 < least)
				least = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    earlier[j - 2] + 1 < least)
				least = earlier[j - 2] + 1;
			now[j] = least;
		}
	}
	return rows[n % 3][m];
}

const char *
nearest_word(const char *word, const char *const *words, size_t count)
{
	const char *best = NULL;
	size_t best_slips = SLIPS_MAX + 1;
	for (size_t i = 0; i < count; i++) {
		size_t n = slips(word, words[i]);
		/* "x" is no slip of "up": something of the word must be right. */
		if (n < best_slips && n < strlen(words[i])) {
			best = words[i];
			best_slips = n;
		}
	}
	return best;
}

static size_t
table_length(const struct options *o)
{
	size_t n = 0;
	while (o->table[n].name)
		n++;
	return n;
}

static void
print_help(const struct options *o)
{
	printf("Usage: rowhouse %s\n\n%s\n\nOptions:\n", o->usage, o->about);
	for (const struct option *option = o->table; option->name; option++) {
		char left[WORD_BYTES];
		snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "",
		    option->value ? option->value : "");
		printf("  %-18s %s", left, option->help);
		if (option->preset)
			printf(" (default: %s)", option->preset);
		printf("\n");
	}
	printf("  %-18s %s\n", "--help", "Print this");
}

/* The end of every complaint about the command line. */
static bool
refuse(int *status, const char *command)
{
	fprintf(stderr, "; see rowhouse %s --help\n", command);
	*status = EXIT_USAGE;
	return false;
}

static bool
unknown_option(int *status, const struct options *o, const char *command, const char *name)
{
	const char *names[OPTIONS_MAX + 1] = {"help"};
	size_t count = table_length(o);
	for (size_t i = 0; i < count; i++)
		names[i + 1] = o->table[i].name;
	const char *near = nearest_word(name, names, count + 1);
	fprintf(stderr, "rowhouse %s: there is no option --%s", command, name);
	if (near)
		fprintf(stderr, ", perhaps --%s is meant", near);
	return refuse(status, command);
}

/* One option; *i moves on when its value is the next word. */
static bool
read_option(
    struct command_line *line, int *status, const struct options *o, int *i, int argc, char **argv)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	char word[WORD_BYTES];
	snprintf(word, sizeof word, "%.*s", equals ? (int)(equals - name) : WORD_BYTES, name);
	size_t k = 0, count = table_length(o);
	while (k < count && strcmp(o->table[k].name, word) != 0)
		k++;
	if (k == count)
		return unknown_option(status, o, argv[0], word);
	if (!o->table[k].value && equals) {
		fprintf(stderr, "rowhouse %s: --%s takes no value", argv[0], word);
		return refuse(status, argv[0]);
	}
	if (!o->table[k].value) {
		line->value[k] = "";
	} else if (equals) {
		line->value[k] = equals + 1;
	} else if (*i + 1 < argc) {
		line->value[k] = argv[++*i];
	} else {
		fprintf(stderr, "rowhouse %s: --%s needs its %s", argv[0], word, o->table[k].value);
		return refuse(status, argv[0]);
	}
	if (line->given_count == OPTIONS_GIVEN_MAX) {
		fprintf(stderr, "rowhouse %s: more than %d options", argv[0], OPTIONS_GIVEN_MAX);
		return refuse(status, argv[0]);
	}
	line->given[line->given_count++] = (struct option_given){k, line->value[k]};
	return true;
}

bool
options_read(struct command_line *line, int *status, const struct options *o, int argc, char **argv)
{
	size_t count = table_length(o);
	bool only_arguments = false;
	memset(line, 0, sizeof *line);
	for (size_t k = 0; k < count; k++)
		line->value[k] = o->table[k].preset;
	for (int i = 1; i < argc; i++) {
		bool dashed = argv[i][0] == '-' && argv[i][1] != 0 && !only_arguments;
		if (dashed && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
			print_help(o);
			*status = EXIT_GOOD;
			return false;
		}
		if (dashed && strcmp(argv[i], "--") == 0) {
			only_arguments = true;
		} else if (dashed && argv[i][1] != '-') {
			fprintf(
			    stderr, "rowhouse %s: options begin with --, not %s", argv[0], argv[i]);
			return refuse(status, argv[0]);
		} else if (dashed) {
			if (!read_option(line, status, o, &i, argc, argv))
				return false;
		} else if (line->argument_count == o->arguments_max ||
			   line->argument_count == OPTIONS_ARGUMENTS_MAX) {
			fprintf(stderr, "rowhouse %s: too many arguments: %s", argv[0], argv[i]);
			return refuse(status, argv[0]);
		} else {
			line->argument[line->argument_count++] = argv[i];
		}
	}
	if (line->argument_count >= o->arguments_min)
		return true;
	fprintf(stderr, "rowhouse %s: an argument is missing", argv[0]);
	return refuse(status, argv[0]);
}

const char *
options_next(const struct command_line *line, size_t option, size_t *at)
{
	while (*at < line->given_count) {
		const struct option_given *g = &line->given[(*at)++];
		if (g->option == option)
			return g->value;
	}
	return NULL;
}

bool
options_number(uint64_t *out, const char *name, const char *value, uint64_t min, uint64_t max)
{
	if (str_to_u64(out, str_of(value)) && *out >= min && *out <= max)
		return true;
	fprintf(stderr,
	    "rowhouse: --%s must be a whole number from %" PRIu64 " to %" PRIu64 ", not \"%s\"\n",
	    name, min, max, value);
	return false;
}
