/*
 * registry.h: the dataset types this server knows: those of the plugins that are loaded, and those
 * the vendors' documents name whether a plugin is there or not.
 *
 * A type without its plugin can be asked for: the dataset is created, its files are kept, and its
 * job fails saying that no plugin is loaded (DESIGN section 1).
 */
#ifndef ROWHOUSE_REGISTRY_H
#define ROWHOUSE_REGISTRY_H

#include "http/template.h"
#include "plugin.h"

struct dataset_type {
	const char *name;  /* as APIs print it */
	const char *title; /* as pages print it */
	const char *help;
	const char *plugin;            /* the plugin that serves it */
	const struct plugin_type *has; /* NULL: it is not loaded */
	const struct field *form;
	const struct plugin_slot *sources;
	bool of_vendor; /* named by a vendor's document (seeds/000) */
};

struct plugin_entry {
	const char *name, *folder;
	const struct rowhouse_plugin *plugin; /* NULL: refused */
	const char *reason;                   /* why, or NULL */
};

struct registry {
	struct arena arena;
	struct plugin_entry *plugins;
	size_t plugin_count;
	struct dataset_type *types;
	size_t type_count;
};

/* Loads every NAME.so of the folders (plugin_folders()).  A plugin that cannot be loaded is an
 * entry with its reason; only a lack of memory fails.  There is one registry a process, for all its
 * life. */
bool registry_open(struct registry **out, struct err *e) MUST_CHECK;
/* A registry without plugins: the vendors' types alone. */
bool registry_empty(struct registry **out, struct err *e) MUST_CHECK;
void registry_close(struct registry *r);
/* Takes a plugin out again, with its types; the reason is copied. */
void registry_refuse(struct registry *r, size_t plugin, const char *reason);

/* The templates of the pages, then those of each plugin under NAME/.  A plugin whose template is no
 * good is refused; only one of the pages fails. */
bool registry_templates(struct registry *r, struct template_set **out, struct err *e) MUST_CHECK;

/* NULL when there is no such type. */
const struct dataset_type *registry_type(const struct registry *r, struct str name);
/* The loaded plugin of that name, or NULL. */
const struct rowhouse_plugin *registry_plugin(const struct registry *r, struct str name);
/* "data_enrichment, data_extraction, ..." of the vendors' types. */
struct str registry_vendor_types(const struct registry *r, struct arena *a);

/* By name; NULL when the list has none such. */
const struct plugin_work *work_find(const struct plugin_work *list, struct str name);
const struct plugin_view *view_find(const struct plugin_view *list, struct str name);

/* The folders plugins are looked for in: those of ROWHOUSE_PLUGINS (joined by colons), else the one
 * that belongs to the program (process/share.h). */
size_t plugin_folders(const char **out, size_t max, struct arena *a) MUST_CHECK;
/* One plugin by its name, out of the first of those folders that has it. */
bool plugin_find(const struct rowhouse_plugin **out, const char *name, struct arena *a,
    struct err *e) MUST_CHECK;

#endif
