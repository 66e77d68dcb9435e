/* sources.c: the list of data sources. */
#include "pages/pages.h"
#include "api/rowhouse.h"

bool
page_sources(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct source *list;
	size_t count;
	int64_t total;
	struct buf b;
	struct jsonout j;
	if (!cursor_read(&c, x, e) || !model_source_list(&x->app->model, &x->caller, &list, &count,
					  &total, c.offset, c.limit, &x->arena, e))
		return false;
	page_begin(x, &b, &j, "Data sources", "sources");
	jsonout_key(&j, "sources");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_source_object(&j, &list[i]);
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	return page_draw(x, 200, &b, &j, "sources", e);
}

bool
page_source_delete_post(struct exchange *x, struct err *e)
{
	if (!model_source_delete(&x->app->model, &x->caller, x->value[0], &x->arena, e))
		return false;
	respond_see_other(x, STR("/sources"));
	return true;
}
