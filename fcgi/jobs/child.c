/*
 * child.c: the process that runs a plugin's hook, or the core's own reader, over what a user sent.
 *
 * Descriptors: 3 the ring to the writer, 4 the ring from it, 5 the socket files arrive on, 6 its
 * standard error.  It loads the plugin, closes the cage behind itself (cage.h), and only then looks
 * at a byte of a user's.  Whatever happens to it fails one job.
 */
#define _GNU_SOURCE
#include "jobs/cage.h"
#include "jobs/child_table.h"
#include "jobs/jobs.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"
#include "plugin/registry.h"

#include <unistd.h>

#define OUT_FD 3
#define IN_FD 4
#define CONTROL_FD 5
#define SAID_FD 6
#define HOOK_BYTES MIB(256)
#define BEGIN_MS 60000

/* ---- a plugin's hook ---- */

struct hook {
	const struct field *form;
	const struct plugin_slot *slots;
	bool (*run)(const struct host *h, const struct value *values, struct err *e);
};

static const struct plugin_type *
type_find(const struct rowhouse_plugin *p, struct str name)
{
	for (const struct plugin_type *t = p->types; t && t->name; t++)
		if (str_is(name, t->name))
			return t;
	return NULL;
}

static bool
find_hook(struct hook *out, const struct rowhouse_plugin *p, const json_t *begin, struct err *e)
{
	struct str hook = tree_str(begin, "hook"), type_name = tree_str(begin, "type"),
		   work_name = tree_str(begin, "work");
	const struct plugin_type *type = type_find(p, type_name);
	if (str_is(hook, "ingest") && type && type->ingest) {
		*out = (struct hook){type->form, type->sources, type->ingest};
		return true;
	}
	const struct plugin_work *list = str_is(hook, "call") ? (type ? type->calls : NULL)
					 : type_name.n        ? (type ? type->tasks : NULL)
							      : p->tasks;
	const struct plugin_work *work = work_find(list, work_name);
	if (!work)
		return FAIL(e, UNAVAILABLE, "the plugin %s has no such %.*s any more", p->name,
		    STR_ARG(hook));
	*out = (struct hook){work->form, work->sources, work->run};
	return true;
}

static bool
run_hook(struct child_host *c, const json_t *begin, struct err *e)
{
	struct hook hook = {0};
	const struct value *values;
	struct form_columns columns = {NULL, c->dataset.column_count};
	if (!find_hook(&hook, c->plugin, begin, e))
		return false;
	struct form_column *list = arena_array(&c->arena, columns.count, sizeof *list);
	for (size_t i = 0; i < columns.count; i++)
		list[i] = (struct form_column){
		    c->columns[i].column_id, c->columns[i].id, c->columns[i].name};
	columns.list = list;
	c->slots = hook.slots;
	/* They were checked before; here they are only taken apart again. */
	return form_check(&values, hook.form, json_object_get(begin, "values"), FORM_LENIENT,
		   c->is_ingest ? NULL : &columns, &c->arena, e) &&
	       hook.run(&c->host, values, e);
}

/* ---- the process ---- */

struct start {
	const char *plugin, *scratch, *folder;
	uint64_t memory_mib;
	bool writes_folder, sandbox;
};

static void
settle(struct child_host *c, bool good, struct err *e)
{
	if (good) {
		child_end(c);
		return;
	}
	if (e->code == ERR_OK)
		FAIL(e, SYSTEM, "the plugin failed and did not say why");
	e->file = NULL; /* an address means nothing to the other side */
	child_flush(c);
	ring_send(c->out, MESSAGE_FAIL, (struct str){(const char *)e, sizeof *e}, (struct str){0});
}

/* Before the cage: what needs files. */
static bool
load(struct child_host *c, const struct start *s, struct err *e)
{
	if (strcmp(s->plugin, "-") == 0)
		return true;
	if (!plugin_find(&c->plugin, s->plugin, &c->arena, e)) {
		e->code = ERR_UNAVAILABLE;
		return false;
	}
	return true;
}

static bool
lock_in(const struct child_host *c, const struct start *s, struct err *e)
{
	bool folder = strcmp(s->folder, "-") != 0;
	struct cage cage = {
	    .scratch = s->scratch,
	    .folder = folder ? s->folder : NULL,
	    .tools = c->plugin && c->plugin->tools && c->plugin->tools[0] ? c->plugin->tools : NULL,
	    .control_fd = CONTROL_FD,
	    .memory_bytes = MIB(s->memory_mib),
	    .writes_folder = s->writes_folder,
	    .file_bytes = folder && s->writes_folder ? 0 : LIMIT_SCRATCH_BYTES,
	    .processor_seconds = LIMIT_HOOK_SECONDS,
	};
	/* Nothing of the server's environment is a plugin's business. */
	clearenv();
	if (chdir(s->scratch) != 0)
		return FAIL_ERRNO(e, "the scratch folder cannot be used");
	return s->sandbox ? cage_close(&cage, e) : cage_limit(&cage, e);
}

static bool
take_begin(struct child_host *c, json_t **begin, struct err *e)
{
	uint32_t type;
	struct str m;
	int got = ring_receive(c->in, &type, &m, BEGIN_MS, e);
	if (got < 0)
		return false;
	if (got == 0 || type != MESSAGE_BEGIN)
		return FAIL(e, SYSTEM, "the writer does not say what to do");
	return tree_parse_own(begin, m, &c->arena, e);
}

static bool
work(struct child_host *c, const struct start *s, struct err *e)
{
	json_t *begin;
	if (!load(c, s, e) || !lock_in(c, s, e) || !take_begin(c, &begin, e))
		return false;
	struct str hook = tree_str(begin, "hook");
	c->is_ingest = str_is(hook, "ingest");
	c->is_task = str_is(hook, "task");
	child_host_init(c, begin);
	c->host.scratch = str_of(s->scratch);
	c->host.folder = strcmp(s->folder, "-") != 0 ? str_of(s->folder) : STR("");
	return c->plugin                 ? run_hook(c, begin, e)
	       : str_is(hook, "preview") ? child_preview_table(c, begin, e)
					 : child_read_table(c, begin, e);
}

/* rowhouse child PLUGIN SCRATCH FOLDER reads|writes MEMORY_MIB on|off */
int
command_child(int argc, char **argv)
{
	static struct child_host c;
	struct err e = {0};
	struct start s;
	log_role("child");
	if (argc != 7 || !str_to_u64(&s.memory_mib, str_of(argv[5])) ||
	    !ring_attach(&c.out, OUT_FD, &e) || !ring_attach(&c.in, IN_FD, &e))
		return 2;
	s.plugin = argv[1];
	s.scratch = argv[2];
	s.folder = argv[3];
	s.writes_folder = strcmp(argv[4], "writes") == 0;
	s.sandbox = strcmp(argv[6], "on") == 0;
	c.control = CONTROL_FD;
#ifndef ARENA_DEBUG /* what the sanitizers say goes to the log, whole */
	if (dup2(SAID_FD, STDOUT_FILENO) < 0 || dup2(SAID_FD, STDERR_FILENO) < 0)
		return 2;
#endif
	close(SAID_FD);
	tree_setup();
	arena_init(&c.arena, HOOK_BYTES);
	arena_init(&c.row, HOOK_BYTES);
	bool good = work(&c, &s, &e);
	settle(&c, good, &e);
	arena_release(&c.row);
	arena_release(&c.arena);
	_exit(0);
}
