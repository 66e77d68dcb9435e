/* datasets.c: the list of datasets. */
#include "pages/pages.h"
#include "api/rowhouse.h"

bool
page_datasets(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct dataset *list;
	size_t count;
	int64_t total;
	struct buf b;
	struct jsonout j;
	struct model *m = &x->app->model;
	if (!cursor_read(&c, x, e) || !model_dataset_list(m, &x->caller, &list, &count, &total,
					  c.offset, c.limit, &x->arena, e))
		return false;
	page_begin(x, &b, &j, "Datasets", "datasets");
	jsonout_key(&j, "datasets");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++) {
		struct job job;
		bool found = false;
		bool working =
		    str_is(list[i].state, "queued") || str_is(list[i].state, "ingesting");
		if (working && !model_job_latest(m, &list[i], &job, &found, &x->arena, e))
			return false;
		put_dataset(&j, x->app->model.registry, &list[i], found ? &job : NULL);
	}
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	page_put_first(&j, x->app->model.registry);
	return page_draw(x, 200, &b, &j, "datasets", e);
}
