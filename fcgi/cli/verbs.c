/*
 * verbs.c: commands of plugins, in this process and with the rights of who typed them: no server,
 * no cage; and the list of what is loaded.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/tree.h"
#include "cli/command.h"
#include "plugin/registry.h"

#include <unistd.h>

/* Where a plugin's own files are: in the data folder, when there is one; made the first time.
 * --data is taken out of the words, so that every verb has it and none must know of it. */
static const char *
data_folder(int *argc, char **argv)
{
	const char *data = "data";
	int kept = 0;
	for (int i = 0; i < *argc; i++) {
		if (strncmp(argv[i], "--data=", 7) == 0)
			data = argv[i] + 7;
		else if (strcmp(argv[i], "--data") == 0 && i + 1 < *argc)
			data = argv[++i];
		else
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	*argc = kept;
	return data;
}

static int
run(const struct rowhouse_plugin *p, const struct plugin_verb *v, int argc, char **argv)
{
	struct arena a, row;
	struct host h = {.size = sizeof h, .arena = &a, .row = &row};
	arena_init(&a, GIB(4));
	arena_init(&row, GIB(1));
	struct err e = {0};
	int status = EXIT_FAILED;
	const char *data = data_folder(&argc, argv);
	h.org = STR("1");
	h.folder = p->folder && access(data, F_OK) == 0
		       ? arena_format(&a, "%s/plugins/%s", data, p->name)
		       : STR("");
	if (h.folder.n == 0 || folder_make(h.folder.p, &e))
		status = v->run(&h, argc, argv);
	else
		fprintf(stderr, "rowhouse %s: %s\n", p->name, e.message);
	fflush(stdout);
	arena_release(&row);
	arena_release(&a);
	return status;
}

static int
unknown_verb(const struct rowhouse_plugin *p, const char *name)
{
	fprintf(stderr, "rowhouse %s: there is no %s here; these there are:\n", p->name, name);
	for (const struct plugin_verb *v = p->verbs; v && v->name; v++)
		fprintf(stderr, "  %s %s  %s\n", p->name, v->name, v->line);
	return EXIT_USAGE;
}

static bool
run_of(int *status, const struct rowhouse_plugin *p, int argc, char **argv)
{
	bool is_plugin = strcmp(p->name, argv[0]) == 0;
	for (const struct plugin_verb *v = p->verbs; v && v->name; v++) {
		bool by_name = is_plugin && argc > 1 && strcmp(v->name, argv[1]) == 0;
		if (!by_name && !(v->alias && strcmp(v->alias, argv[0]) == 0))
			continue;
		*status = run(p, v, argc - by_name, argv + by_name);
		return true;
	}
	if (!is_plugin || !p->verbs)
		return false;
	*status = unknown_verb(p, argc > 1 ? argv[1] : "verb of that name");
	return true;
}

static struct registry *
all_plugins(void)
{
	struct registry *r;
	struct err e = {0};
	tree_setup();
	if (registry_open(&r, &e))
		return r;
	fprintf(stderr, "rowhouse: %s\n", e.message);
	return NULL;
}

bool
verb_run(int *status, int argc, char **argv)
{
	struct registry *r = all_plugins();
	bool found = false;
	for (size_t i = 0; r && i < r->plugin_count && !found; i++)
		if (r->plugins[i].plugin)
			found = run_of(status, r->plugins[i].plugin, argc, argv);
	registry_close(r);
	return found;
}

void
verb_list(const char *plugin)
{
	struct registry *r = all_plugins();
	for (size_t i = 0; r && i < r->plugin_count; i++) {
		const struct rowhouse_plugin *p = r->plugins[i].plugin;
		if (!p || (*plugin && strcmp(plugin, p->name) != 0))
			continue;
		for (const struct plugin_verb *v = p->verbs; v && v->name; v++) {
			char name[100];
			snprintf(name, sizeof name, "%s%s%s", v->alias ? v->alias : p->name,
			    v->alias ? "" : " ", v->alias ? "" : v->name);
			printf("  %-10s %s\n", name, v->line);
		}
	}
	registry_close(r);
}

/* ---- rowhouse plugins ---- */

static const struct option plugins_table[] = {{0}};
static const struct options plugins_options = {
    .usage = "plugins",
    .about = "Lists the plugins, the dataset types they bring, and why one is refused.\n"
	     "They are looked for beside the program, or in the folders of ROWHOUSE_PLUGINS.",
    .table = plugins_table,
};

int
command_plugins(int argc, char **argv)
{
	struct command_line line;
	int status;
	if (!options_read(&line, &status, &plugins_options, argc, argv))
		return status;
	struct registry *r = all_plugins();
	struct template_set *templates = NULL;
	struct err e = {0};
	if (!r)
		return EXIT_FAILED;
	/* What the server would refuse because of its templates is refused here too. */
	if (!registry_templates(r, &templates, &e)) {
		fprintf(stderr, "rowhouse: %s\n", e.message);
		registry_close(r);
		return EXIT_FAILED;
	}
	templates_free(templates);
	for (size_t i = 0; i < r->plugin_count; i++) {
		const struct plugin_entry *p = &r->plugins[i];
		printf("%-16s %s", p->name, p->plugin ? p->plugin->title : "REFUSED: ");
		if (p->reason)
			printf("%s", p->reason);
		for (const struct plugin_type *t = p->plugin ? p->plugin->types : NULL;
		     t && t->name; t++)
			printf("%s%s", t == p->plugin->types ? ": " : ", ", t->name);
		printf("\n");
	}
	bool refused = false;
	for (size_t i = 0; i < r->plugin_count; i++)
		refused = refused || !r->plugins[i].plugin;
	registry_close(r);
	return refused ? EXIT_FAILED : EXIT_GOOD;
}
