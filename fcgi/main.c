/* main.c: `rowhouse NAME ...`: finds the command or role and runs it; nothing else. */
#include "cli/command.h"
#include "process/spawn.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *line; /* for `rowhouse help`; NULL: a role, not for people */
} commands[] = {
    {"up", command_up, "Start the server: nginx and the core, in the foreground"},
    {"import", command_import, "Make a dataset of a file"},
    {"export", command_export, "Write the rows of a dataset into a file of many formats"},
    {"key", command_key, "Make, list and revoke API keys"},
    {"user", command_user, "Invite, list and change users"},
    {"org", command_org, "Make and list organisations, set their quotas"},
    {"plugins", command_plugins, "List the plugins and what they offer"},
    {"jobs", command_jobs, "Run the jobs of a data folder (up does it itself)"},
    {"outbound", command_outbound, "Ask the model that is configured (up does it itself)"},
    {"cgi", command_cgi, "Answer one request on standard input, as plain CGI"},
    {"web", command_web, NULL},
    {"writer", command_writer, NULL},
    {"child", command_child, NULL},
    {"task", command_task, NULL},
    {"undo", command_undo, NULL},
    {"preview", command_preview, NULL},
    {"split", command_split, NULL},
    {"append", command_append, NULL},
    {"export-worker", command_export_worker, NULL},
    {"project", command_project, NULL},
    {"nginx", command_nginx, NULL},
};

static int
print_help(void)
{
	printf("Rowhouse " ROWHOUSE_VERSION ": a dataset server on a machine you own.\n\n"
	       "Usage: rowhouse COMMAND [options]\n\n");
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (commands[i].line)
			printf("  %-10s %s\n", commands[i].name, commands[i].line);
	verb_list("");
	printf("\nrowhouse COMMAND --help explains one; rowhouse --version prints the version.\n");
	return EXIT_GOOD;
}

static int
unknown(const char *name)
{
	const char *names[ARRAY_LENGTH(commands) + 1] = {"help"};
	size_t count = 1;
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (commands[i].line)
			names[count++] = commands[i].name;
	const char *near = nearest_word(name, names, count);
	fprintf(stderr, "rowhouse: there is no command %s", name);
	if (near)
		fprintf(stderr, ", perhaps %s is meant", near);
	fprintf(stderr, "; see rowhouse help\n");
	return EXIT_USAGE;
}

static int
run(const char *name, int argc, char **argv)
{
	int status;
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(argc, argv);
	/* A plugin's verb, or the alias of one. */
	return verb_run(&status, argc, argv) ? status : unknown(name);
}

int
main(int argc, char **argv)
{
	role_begin();
	if (argc < 2) {
		fprintf(stderr, "rowhouse: a command is missing; see rowhouse help\n");
		return EXIT_USAGE;
	}
	const char *name = argv[1];
	if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
		printf("rowhouse " ROWHOUSE_VERSION "\n");
		return EXIT_GOOD;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return print_help();
	if (strcmp(name, "help") != 0)
		return run(name, argc - 1, argv + 1);
	if (argc < 3)
		return print_help();
	/* `rowhouse help up` is `rowhouse up --help`. */
	char option[] = "--help";
	char *words[] = {argv[2], option, NULL};
	return run(argv[2], 2, words);
}
