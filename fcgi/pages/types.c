/*
 * types.c: the page of dataset types and of the plugins they come from: what is loaded and what can
 * be done with it, what was refused and why.
 */
#include "pages/pages.h"
#include "api/rowhouse.h"
#include "base/tree.h"
#include "pages/schema.h"

static const struct plugin_entry *
find_entry(const struct registry *r, const char *plugin)
{
	for (size_t i = 0; i < r->plugin_count; i++)
		if (strcmp(r->plugins[i].name, plugin) == 0)
			return &r->plugins[i];
	return NULL;
}

/* The lines of a form, out of the schema that the API answers with: a list of one, or of none. */
static bool
put_forms(struct jsonout *j, const struct field *form, struct arena *a, struct err *e)
{
	struct buf b;
	struct jsonout schema;
	json_t *tree;
	buf_init(&b, a);
	jsonout_init(&schema, &b);
	form_schema(&schema, form);
	if (!tree_parse_own(&tree, buf_str(&b), a, e))
		return false;
	jsonout_key(j, "forms");
	jsonout_array(j);
	if (form)
		put_schema(j, tree);
	jsonout_end(j);
	return true;
}

static bool
put_one_type(struct jsonout *j, const struct registry *r, const struct dataset_type *t,
    struct arena *a, struct err *e)
{
	const struct plugin_entry *entry = find_entry(r, t->plugin);
	jsonout_object(j);
	jsonout_key(j, "type");
	put_type(j, t);
	/* Why it is not loaded: its plugin was refused, or there is none. */
	jsonout_member_text(j, "refused", entry && !t->has ? entry->reason : NULL);
	bool good = put_forms(j, t->form, a, e);
	jsonout_end(j);
	return good;
}

bool
page_types(struct exchange *x, struct err *e)
{
	const struct registry *r;
	size_t refused = 0;
	struct buf b;
	struct jsonout j;
	if (!model_registry(&x->app->model, &x->caller, &r, e))
		return false;
	page_begin(x, &b, &j, "Types", "types");
	jsonout_key(&j, "types");
	jsonout_array(&j);
	for (size_t i = 0; i < r->type_count; i++)
		if (!put_one_type(&j, r, &r->types[i], &x->arena, e))
			return false;
	jsonout_end(&j);
	jsonout_key(&j, "plugins");
	jsonout_array(&j);
	for (size_t i = 0; i < r->plugin_count; i++) {
		refused += r->plugins[i].plugin == NULL;
		put_plugin(&j, &r->plugins[i]);
	}
	jsonout_end(&j);
	jsonout_member_int(&j, "refused", (int64_t)refused);
	return page_draw(x, 200, &b, &j, "types", e);
}
