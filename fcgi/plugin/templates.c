/* templates.c: the templates of the pages and of the plugins together; see registry.h. */
#include "plugin/registry.h"
#include "process/share.h"

bool
registry_templates(struct registry *r, struct template_set **out, struct err *e)
{
	char folder[PATH_MAX];
	struct template_folder folders[TEMPLATE_FOLDERS_MAX];
	struct template_set *set;
	size_t count = 1;
	if (!share_path(folder, "templates", e))
		return false;
	folders[0] = (struct template_folder){folder, ""};
	for (size_t i = 0; i < r->plugin_count && count < TEMPLATE_FOLDERS_MAX; i++) {
		struct err why = {0};
		struct plugin_entry *p = &r->plugins[i];
		if (!p->plugin)
			continue;
		folders[count] =
		    (struct template_folder){arena_format(&r->arena, "%s/%s", p->folder, p->name).p,
			arena_format(&r->arena, "%s/", p->name).p};
		if (templates_load(&set, folders, count + 1, &why)) {
			templates_free(set);
			count++;
		} else {
			registry_refuse(
			    r, i, arena_format(&r->arena, "its templates: %s", why.message).p);
		}
	}
	return templates_load(out, folders, count, e);
}
