/*
 * dataset.c: one dataset: what can be done with it, its flaws, its end; and where its other pages
 * stand (tabs).  Its rows are grid.c, changing them rows.c, taking changes back changes.c.
 */
#include "api/rowhouse.h"
#include "pages/grid.h"

#define FINDINGS_SHOWN 20

static bool
put_flaws(struct jsonout *j, const struct grid *g, struct err *e)
{
	struct finding_row *list;
	struct finding_count *counts;
	size_t count, codes;
	if (!rows_findings(g->rows, 0, FINDINGS_SHOWN, &list, &count, &g->x->arena, e) ||
	    !rows_finding_counts(g->rows, &counts, &codes, &g->x->arena, e))
		return false;
	jsonout_key(j, "findings");
	put_findings(j, list, count, g->columns, g->count);
	jsonout_key(j, "finding_counts");
	put_finding_counts(j, counts, codes);
	return true;
}

/* ---- where one is ---- */

static void
put_tab(struct jsonout *j, const char *kind, const char *name, const char *title, const char *tab)
{
	jsonout_object(j);
	jsonout_member_text(j, "kind", kind);
	jsonout_member_text(j, "name", name);
	jsonout_member_text(j, "title", title);
	jsonout_member_text(j, "current", strcmp(name, tab) == 0 ? "page" : NULL);
	jsonout_end(j);
}

static void
put_tabs(struct jsonout *j, const struct dataset_type *t, const char *tab)
{
	jsonout_key(j, "tabs");
	jsonout_array(j);
	put_tab(j, "rows", "rows", "Rows", tab);
	for (const struct plugin_view *v = t && t->has ? t->has->views : NULL; v && v->name; v++)
		put_tab(j, v->panel ? "panel" : "view", v->name, v->title, tab);
	put_tab(j, "changes", "changes", "Changes", tab);
	jsonout_end(j);
}

bool
page_begin_dataset(struct exchange *x, struct buf *b, struct jsonout *j, const struct dataset *d,
    const char *title, const char *tab, struct err *e)
{
	struct model *m = &x->app->model;
	struct job job;
	bool found;
	if (!model_job_latest(m, d, &job, &found, &x->arena, e))
		return false;
	page_begin(x, b, j, title, "datasets");
	jsonout_key(j, "dataset");
	put_dataset(j, m->registry, d, found ? &job : NULL);
	put_tabs(j, registry_type(m->registry, d->type), tab);
	return true;
}

/* What can be done with it, and how the newest task is doing. */
static bool
put_tasks(struct exchange *x, struct jsonout *j, const struct dataset *d, struct err *e)
{
	struct job task;
	bool found;
	const struct dataset_type *t = registry_type(x->app->model.registry, d->type);
	if (!model_task_latest(&x->app->model, d, &task, &found, &x->arena, e))
		return false;
	jsonout_key(j, "tasks");
	jsonout_array(j);
	for (const struct plugin_work *w = t && t->has ? t->has->tasks : NULL; w && w->name; w++)
		put_work(j, w);
	jsonout_end(j);
	jsonout_key(j, "task_job");
	if (found)
		put_job(j, &task);
	else
		jsonout_null(j);
	return true;
}

bool
page_dataset(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct buf b;
	struct jsonout j;
	struct grid g;
	bool waits = false;
	struct str panel = url_parameter(&x->request.query, "panel");
	const char *tab = panel.n ? arena_text(&x->arena, panel) : "rows";
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e))
		return false;
	bool is_grid = d.generation > 0 && panel.n == 0;
	if (is_grid && !grid_open(&g, x, &d, &waits, e))
		return false;
	if (waits)
		return true;
	if (!page_begin_dataset(x, &b, &j, &d, arena_text(&x->arena, d.name), tab, e) ||
	    (d.generation > 0 && panel.n > 0 && !page_put_panel(x, &j, &d, panel, e)) ||
	    (is_grid && !(grid_put(&g, &j, e) && put_flaws(&j, &g, e) && put_tasks(x, &j, &d, e) &&
			    page_put_change(x, &j, &d, e))))
		return false;
	page_put_again(x, &j, d.type);
	bool rests = str_is(d.state, "ready") || str_is(d.state, "running");
	jsonout_member_bool(&j, "has_rows", d.generation > 0);
	jsonout_member_bool(&j, "shows_rows", rests && panel.n == 0);
	jsonout_member_bool(&j, "can_add", rests && x->caller.role >= ROLE_EDITOR);
	const struct dataset_type *type = registry_type(x->app->model.registry, d.type);
	jsonout_member_bool(&j, "can_read_again",
	    d.source_id.n > 0 && type && type_reads_table(type) && x->caller.role >= ROLE_EDITOR);
	int status = is_grid && g.wrong.code ? err_status(g.wrong.code) : 200;
	return page_draw(x, status, &b, &j, "dataset", e);
}

bool
page_dataset_delete(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct buf b;
	struct jsonout j;
	if (!caller_may(&x->caller, RIGHT_EDIT, e) ||
	    !model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e))
		return false;
	page_begin(x, &b, &j, "Delete a dataset", "datasets");
	jsonout_key(&j, "dataset");
	put_dataset(&j, x->app->model.registry, &d, NULL);
	return page_draw(x, 200, &b, &j, "confirm-delete", e);
}

bool
page_dataset_delete_post(struct exchange *x, struct err *e)
{
	if (!model_dataset_delete(&x->app->model, &x->caller, x->value[0], &x->arena, e))
		return false;
	respond_see_other(x, STR("/datasets"));
	return true;
}
