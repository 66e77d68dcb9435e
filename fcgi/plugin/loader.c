/* loader.c: see loader.h. */
#define _GNU_SOURCE
#include "plugin/loader.h"
#include "plugin/elf.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES 40

/* ---- before its code runs ---- */

static bool
check_owner(int fd, const char *what, bool folder, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return FAIL_ERRNO(e, "%s cannot be looked at", what);
	if (folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return FAIL(e, INPUT, "%s is not a %s", what, folder ? "folder" : "file");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return FAIL(e, FORBIDDEN,
		    "%s belongs to another user (%u): it must be root's or the server's own", what,
		    (unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return FAIL(e, FORBIDDEN, "%s can be written by others (mode %03o): chmod go-w it",
		    what, (unsigned)st.st_mode & 0777);
	return true;
}

static bool
check_head(int fd, struct elf_head *head, struct err *e)
{
	if (!elf_plugin_head(head, fd, e))
		return false;
	if (head->abi_major != ROWHOUSE_ABI_MAJOR)
		return FAIL(e, INPUT,
		    "it was built for ABI %u.%u, this server has %d.%d: build it again",
		    head->abi_major, head->abi_minor, ROWHOUSE_ABI_MAJOR, ROWHOUSE_ABI_MINOR);
	if (head->abi_minor > ROWHOUSE_ABI_MINOR)
		return FAIL(e, INPUT,
		    "it needs ABI %u.%u, this server has %d.%d: a newer server is needed",
		    head->abi_major, head->abi_minor, ROWHOUSE_ABI_MAJOR, ROWHOUSE_ABI_MINOR);
	if (head->zero != 0 || head->size < offsetof(struct rowhouse_plugin, types) ||
	    (head->abi_minor == ROWHOUSE_ABI_MINOR &&
		head->size != sizeof(struct rowhouse_plugin)) ||
	    head->size > sizeof(struct rowhouse_plugin))
		return FAIL(e, INPUT,
		    "its size (%u bytes) is not that of its ABI %u.%u: build it again", head->size,
		    head->abi_major, head->abi_minor);
	/* So far it is read when it is loaded. */
	return head->size <= head->bytes ||
	       FAIL(e, INPUT,
		   "it says that its rowhouse_plugin has %u bytes, it has %" PRIu64
		   ": build it again",
		   head->size, head->bytes);
}

/* ---- its tables ---- */

bool
plugin_is_name(const char *name)
{
	size_t n = name ? strlen(name) : 0;
	if (n == 0 || n > NAME_BYTES || name[0] < 'a' || name[0] > 'z')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') ||
			name[i] == '_'))
			return false;
	return true;
}

static bool
bad(struct err *e, const char *what, const char *name, const char *why)
{
	return FAIL(e, INPUT, "its %s %.40s %s", what, name ? name : "without a name", why);
}

#define FORM_DEPTH 4

static bool
check_form(const struct field *form, const char *of, int depth, struct err *e)
{
	if (depth > FORM_DEPTH)
		return bad(e, "form of", of, "is nested too deeply");
	for (const struct field *f = form; f && f->name; f++) {
		bool nested = f->kind == FIELD_GROUP || f->kind == FIELD_TABLE;
		if (!plugin_is_name(f->name))
			return bad(
			    e, "form of", of, "has a field whose name is not [a-z][a-z0-9_]*");
		for (const struct field *other = form; other != f; other++)
			if (strcmp(other->name, f->name) == 0)
				return bad(e, "form of", of, "has two fields of one name");
		if (!f->label || f->kind < FIELD_LINE || f->kind > FIELD_TABLE || f->min > f->max)
			return bad(e, "field", f->name,
			    "has no label, no kind, or bounds that exclude everything");
		if ((f->kind == FIELD_CHOICE) != (f->choices != NULL) ||
		    nested != (f->fields != NULL))
			return bad(e, "field", f->name,
			    "has choices or fields that its kind does not have, or lacks them");
		for (const struct choice *one = f->choices; one && one->value; one++)
			if (!one->label)
				return bad(e, "field", f->name, "has a choice without a label");
		if (nested && !check_form(f->fields, of, depth + 1, e))
			return false;
	}
	return true;
}

static bool
check_slots(const struct plugin_slot *slots, const char *of, struct err *e)
{
	for (const struct plugin_slot *s = slots; s && s->name; s++)
		if (!plugin_is_name(s->name) || !s->label || s->kind < SLOT_TABLE ||
		    s->kind > SLOT_DOCUMENT)
			return bad(
			    e, "sources of", of, "have one without a proper name, label or kind");
	return true;
}

static bool
check_works(const struct plugin_work *works, struct err *e)
{
	for (const struct plugin_work *w = works; w && w->name; w++) {
		if (!plugin_is_name(w->name) || !w->title || !w->run)
			return bad(e, "task or call", w->name, "has no proper name, title or run");
		if (!check_form(w->form, w->name, 0, e) || !check_slots(w->sources, w->name, e))
			return false;
	}
	return true;
}

static bool
check_views(const struct plugin_view *views, struct err *e)
{
	for (const struct plugin_view *v = views; v && v->name; v++) {
		if (!plugin_is_name(v->name) || !v->title || !v->fill)
			return bad(e, "view", v->name, "has no proper name, title or fill");
		if (!check_form(v->form, v->name, 0, e))
			return false;
	}
	return true;
}

static bool
check_type(const struct plugin_type *t, struct err *e)
{
	bool has_slot = t->sources && t->sources[0].name;
	if (!plugin_is_name(t->name) || !t->title)
		return bad(e, "type", t->name, "has no proper name or title");
	/* The core's own reader reads one table. */
	if (!t->ingest && (!has_slot || t->sources[0].kind != SLOT_TABLE))
		return bad(e, "type", t->name, "has neither an ingest nor a table to read");
	return check_form(t->form, t->name, 0, e) && check_slots(t->sources, t->name, e) &&
	       check_works(t->tasks, e) && check_works(t->calls, e) && check_views(t->views, e);
}

bool
plugin_check(const struct rowhouse_plugin *p, const char *name, struct err *e)
{
	if (!p->name || strcmp(p->name, name) != 0)
		return FAIL(e, INPUT,
		    "it calls itself %.40s, its file %.40s: they must be the same",
		    p->name ? p->name : "nothing", name);
	if (!p->title)
		return FAIL(e, INPUT, "it has no title");
	for (const struct plugin_type *t = p->types; t && t->name; t++)
		if (!check_type(t, e))
			return false;
	for (const struct plugin_verb *v = p->verbs; v && v->name; v++)
		if (!plugin_is_name(v->name) || (v->alias && !plugin_is_name(v->alias)) ||
		    !v->line || !v->run)
			return bad(e, "verb", v->name, "has no proper name, line or run");
	for (const char *const *tool = p->tools; tool && *tool; tool++)
		if (!**tool || strchr(*tool, '/') || strlen(*tool) > NAME_BYTES)
			return bad(e, "tool", *tool, "is not the name of a program");
	return check_works(p->tasks, e) && check_views(p->views, e);
}

/* ---- loading ---- */

static bool
map(const struct rowhouse_plugin **out, int fd, const struct elf_head *head, struct arena *a,
    struct err *e)
{
	/* By a descriptor: it is the file that was looked at, whatever lies there by now.  The
	 * descriptor stays open: the dynamic linker knows the object by that name, and would take
	 * the next file of the same name for it. */
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (kept < 0)
		return FAIL_ERRNO(e, "it cannot be loaded");
	struct str path = arena_format(a, "/proc/self/fd/%d", kept);
	void *object = dlopen(path.p, RTLD_NOW | RTLD_LOCAL);
	if (!object)
		return FAIL(e, INPUT, "it cannot be loaded: %s", dlerror());
	const struct rowhouse_plugin *found = dlsym(object, "rowhouse_plugin");
	if (!found || found->abi_major != head->abi_major || found->size != head->size)
		return FAIL(e, INPUT, "what it exports changed while it was loaded");
	struct rowhouse_plugin *copy = arena_alloc(a, sizeof *copy);
	memcpy(copy, found, head->size);
	if (!copy->words)
		return FAIL(e, INPUT, "it has no words: use ROWHOUSE_PLUGIN_HEAD");
	*copy->words = shared_words;
	*out = copy;
	return true;
}

static bool
load_file(const struct rowhouse_plugin **out, int fd, const char *file, const char *name,
    struct arena *a, struct err *e)
{
	struct elf_head head;
	return check_owner(fd, file, false, e) && check_head(fd, &head, e) &&
	       map(out, fd, &head, a, e) && plugin_check(*out, name, e);
}

bool
plugin_load(const struct rowhouse_plugin **out, const char *folder, const char *name,
    struct arena *a, struct err *e)
{
	char file[NAME_BYTES + 8];
	if (!plugin_is_name(name))
		return FAIL(e, INPUT, "%.60s is not a plugin's name ([a-z][a-z0-9_]*)", name);
	int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return FAIL_ERRNO(e, "the folder %s cannot be opened", folder);
	snprintf(file, sizeof file, "%s.so", name);
	int fd = openat(at, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool good = fd >= 0
			? check_owner(at, folder, true, e) && load_file(out, fd, file, name, a, e)
		    : errno == ENOENT ? FAIL(e, NOT_FOUND, "there is no %s in %s", file, folder)
				      : FAIL_ERRNO(e, "%s cannot be opened", file);
	if (fd >= 0)
		close(fd);
	close(at);
	return good;
}
