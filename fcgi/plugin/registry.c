/* registry.c: see registry.h. */
#include "plugin/registry.h"
#include "plugin/loader.h"
#include "process/share.h"

#include <dirent.h>
#include <unistd.h>

#define REGISTRY_BYTES MIB(64)
#define PLUGINS_MAX 64
#define TYPES_MAX 256
#define FOLDERS_MAX 8

/* ---- what the vendors' documents name ---- */

static const struct field map_fields[] = {
    {"latitude", "Latitude", "Of the centre, in degrees.", FIELD_NUMBER, .required = true,
	.min = -90, .max = 90, .word = "invalid_map_bounds",
	.required_text = "Latitude must be a number"},
    {"longitude", "Longitude", "Of the centre, in degrees.", FIELD_NUMBER, .required = true,
	.min = -180, .max = 180, .word = "invalid_map_bounds",
	.required_text = "Longitude must be a number"},
    {"radius_meters", "Radius in meters", "How far around the centre.", FIELD_NUMBER,
	.required = true, .min = 1, .max = LIMIT_MAP_RADIUS_METERS, .word = "invalid_map_bounds",
	.required_text = "Radius in meters must be a number"},
    {0},
};
static const struct field map_form[] = {
    {"map_details", "Map details", "The circle to look in.", FIELD_GROUP, .required = true,
	.fields = map_fields,
	.required_text =
	    "Map details (latitude, longitude, radius) are required for type map_extraction"},
    {0},
};
static const char *const table_endings[] = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson",
    ".xlsx", ".gz", ".zst", ".bz2", ".xz", ".zip", NULL};
static const struct plugin_slot one_table[] = {
    {"data", "File", "A table: CSV, JSON, JSON Lines or a workbook.", SLOT_TABLE, true, false,
	table_endings, {0}},
    {0}};
static const struct plugin_slot documents[] = {
    {"files", "Files", "Documents to read: PDF and others.", SLOT_DOCUMENT, true, true, NULL, {0}},
    {0}};

/* In the order of seeds/000.  A plugin that is loaded says all this itself. */
static const struct dataset_type vendor_types[] = {
    {"data_enrichment", "Enrichment", "A table whose columns are added to.", "enrichment", NULL,
	NULL, one_table, true},
    {"data_extraction", "Extraction from documents", "Fields out of documents.", "extraction", NULL,
	NULL, documents, true},
    {"map_extraction", "Places on a map", "Places around a point.", "map", NULL, map_form, NULL,
	true},
    {"custom_dataset", "Blank table", "A table you fill in yourself.", "custom", NULL, NULL, NULL,
	true},
};

/* ---- types ---- */

static struct dataset_type *
find_type(const struct registry *r, struct str name)
{
	for (size_t i = 0; i < r->type_count; i++)
		if (str_is(name, r->types[i].name))
			return &r->types[i];
	return NULL;
}

const struct dataset_type *
registry_type(const struct registry *r, struct str name)
{
	return find_type(r, name);
}

/* A name may be another plugin's already; the first has it. */
static bool
check_types(const struct registry *r, const struct rowhouse_plugin *p, struct err *e)
{
	size_t more = 0;
	for (const struct plugin_type *t = p->types; t && t->name; t++, more++) {
		const struct dataset_type *there = find_type(r, str_of(t->name));
		if (there && (there->has || strcmp(there->plugin, p->name) != 0))
			return FAIL(e, CONFLICT, "its type %.40s is the plugin %.40s's", t->name,
			    there->plugin);
	}
	return r->type_count + more <= TYPES_MAX ||
	       FAIL(e, TOO_BIG, "there are over %d dataset types", TYPES_MAX);
}

static void
add_types(struct registry *r, const struct rowhouse_plugin *p)
{
	for (const struct plugin_type *t = p->types; t && t->name; t++) {
		struct dataset_type *there = find_type(r, str_of(t->name));
		bool of_vendor = there != NULL;
		if (!there)
			there = &r->types[r->type_count++];
		*there = (struct dataset_type){
		    t->name, t->title, t->help, p->name, t, t->form, t->sources, of_vendor};
	}
}

/* The types again, from nothing: what a refused plugin had goes, a vendor's type stays. */
static void
list_types(struct registry *r)
{
	memcpy(r->types, vendor_types, sizeof vendor_types);
	r->type_count = ARRAY_LENGTH(vendor_types);
	for (size_t i = 0; i < r->plugin_count; i++)
		if (r->plugins[i].plugin)
			add_types(r, r->plugins[i].plugin);
}

struct str
registry_vendor_types(const struct registry *r, struct arena *a)
{
	struct buf b;
	buf_init(&b, a);
	for (size_t i = 0; i < r->type_count; i++)
		if (r->types[i].of_vendor)
			buf_format(&b, "%s%s", b.n ? ", " : "", r->types[i].name);
	return buf_str(&b);
}

const struct rowhouse_plugin *
registry_plugin(const struct registry *r, struct str name)
{
	for (size_t i = 0; i < r->plugin_count; i++)
		if (r->plugins[i].plugin && str_is(name, r->plugins[i].name))
			return r->plugins[i].plugin;
	return NULL;
}

const struct plugin_work *
work_find(const struct plugin_work *list, struct str name)
{
	for (; list && list->name; list++)
		if (str_is(name, list->name))
			return list;
	return NULL;
}

const struct plugin_view *
view_find(const struct plugin_view *list, struct str name)
{
	for (; list && list->name; list++)
		if (str_is(name, list->name))
			return list;
	return NULL;
}

/* ---- plugins ---- */

size_t
plugin_folders(const char **out, size_t max, struct arena *a)
{
	const char *set = getenv("ROWHOUSE_PLUGINS");
	size_t count = 0;
	char path[PATH_MAX];
	if (!set || !*set) {
		struct err none = {0};
		if (share_built(path, "plugins", &none))
			out[count++] = arena_text(a, str_of(path));
		return count;
	}
	while (*set && count < max) {
		size_t n = strcspn(set, ":");
		if (n > 0)
			out[count++] = arena_text(a, (struct str){set, n});
		set += n + (set[n] == ':');
	}
	return count;
}

static void
add_plugin(struct registry *r, const char *folder, const char *name)
{
	struct err e = {0};
	struct plugin_entry *entry = &r->plugins[r->plugin_count];
	for (size_t i = 0; i < r->plugin_count; i++)
		if (strcmp(r->plugins[i].name, name) == 0)
			return; /* an earlier folder has it */
	*entry =
	    (struct plugin_entry){.name = arena_text(&r->arena, str_of(name)), .folder = folder};
	bool good = plugin_load(&entry->plugin, folder, name, &r->arena, &e) &&
		    check_types(r, entry->plugin, &e);
	r->plugin_count++;
	if (good) {
		add_types(r, entry->plugin);
		return;
	}
	entry->plugin = NULL;
	entry->reason = arena_text(&r->arena, str_of(e.message));
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the order of their names, so that it is the same everywhere. */
static void
add_folder(struct registry *r, const char *folder)
{
	const char *names[PLUGINS_MAX];
	size_t count = 0;
	DIR *d = opendir(folder);
	const struct dirent *entry;
	while (d && (entry = readdir(d)) && count < PLUGINS_MAX) {
		size_t n = strlen(entry->d_name);
		if (n > 3 && strcmp(entry->d_name + n - 3, ".so") == 0 && entry->d_name[0] != '.')
			names[count++] = arena_text(&r->arena, (struct str){entry->d_name, n - 3});
	}
	if (d)
		closedir(d);
	qsort(names, count, sizeof *names, by_name);
	for (size_t i = 0; i < count && r->plugin_count < PLUGINS_MAX; i++)
		add_plugin(r, folder, names[i]);
}

bool
registry_empty(struct registry **out, struct err *e)
{
	struct registry *r = calloc(1, sizeof *r);
	if (!r)
		return FAIL(e, UNAVAILABLE, "out of memory");
	arena_init(&r->arena, REGISTRY_BYTES);
	r->plugins = arena_array(&r->arena, PLUGINS_MAX, sizeof *r->plugins);
	r->types = arena_array(&r->arena, TYPES_MAX, sizeof *r->types);
	list_types(r);
	*out = r;
	return true;
}

bool
registry_open(struct registry **out, struct err *e)
{
	const char *folders[FOLDERS_MAX];
	if (!registry_empty(out, e))
		return false;
	size_t count = plugin_folders(folders, FOLDERS_MAX, &(*out)->arena);
	for (size_t i = 0; i < count; i++)
		add_folder(*out, folders[i]);
	return true;
}

void
registry_close(struct registry *r)
{
	if (!r)
		return;
	arena_release(&r->arena);
	free(r);
}

void
registry_refuse(struct registry *r, size_t plugin, const char *reason)
{
	r->plugins[plugin].plugin = NULL;
	r->plugins[plugin].reason = arena_text(&r->arena, str_of(reason));
	list_types(r);
}

bool
plugin_find(const struct rowhouse_plugin **out, const char *name, struct arena *a, struct err *e)
{
	const char *folders[FOLDERS_MAX];
	size_t count = plugin_folders(folders, FOLDERS_MAX, a);
	for (size_t i = 0; i < count; i++) {
		struct str path = arena_format(a, "%s/%s.so", folders[i], name);
		if (access(path.p, F_OK) == 0)
			return plugin_load(out, folders[i], name, a, e);
	}
	return FAIL(e, NOT_FOUND, "there is no plugin %.60s", name);
}
