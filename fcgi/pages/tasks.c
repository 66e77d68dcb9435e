/*
 * tasks.c: the tasks of plugins as forms: on a dataset, or on the site.  "Estimate" checks the form
 * and says what the task would take; "Start" queues it and leads to its job.
 */
#include "pages/dataset.h"
#include "api/rowhouse.h"
#include "base/limits.h"
#include "base/tree.h"
#include "pages/readable.h"

/* What is to be done, and on what. */
struct task_page {
	struct dataset dataset;
	struct dataset *d; /* NULL: the site */
	struct work_ref work;
	struct form_columns columns;
};

static bool
open_task(struct task_page *p, struct exchange *x, bool of_site, struct err *e)
{
	struct model *m = &x->app->model;
	struct rows_file *rows;
	const struct column *list;
	size_t count;
	*p = (struct task_page){0};
	if (of_site)
		return model_work_find(
		    m, &x->caller, &p->work, NULL, x->value[0], x->value[1], false, e);
	p->d = &p->dataset;
	if (!model_dataset_get(m, &x->caller, x->value[0], p->d, &x->arena, e) ||
	    !model_work_find(
		m, &x->caller, &p->work, p->d, (struct str){0}, x->value[1], false, e) ||
	    !model_rows_open(m, p->d, &rows, &x->arena, e) ||
	    !rows_columns(rows, &list, &count, &x->arena, e))
		return false;
	form_columns_of(&p->columns, list, count, &x->arena);
	return true;
}

/* The data sources a task can be given. */
static bool
put_sources(struct exchange *x, struct jsonout *j, const struct task_page *p, const json_t *sent,
    const struct err *wrong, struct err *e)
{
	const struct plugin_slot *slot = p->work.work->sources;
	struct source *list;
	size_t count;
	int64_t total;
	jsonout_key(j, "sources");
	if (!slot || !slot->name) {
		jsonout_null(j);
		return true;
	}
	if (!model_source_list(&x->app->model, &x->caller, &list, &count, &total, 0,
		LIMIT_LIST_ITEMS, &x->arena, e))
		return false;
	struct choice *choices = arena_array(&x->arena, count + 1, sizeof *choices);
	for (size_t i = 0; i < count; i++)
		choices[i] =
		    (struct choice){list[i].source_id, arena_text(&x->arena, list[i].name)};
	const struct field fields[] = {
	    {"source_id", slot->label, slot->help, FIELD_CHOICE, .required = slot->required,
		.choices = choices},
	    {0},
	};
	const struct form_drawing d = {.sent = sent, .wrong = wrong, .prefix = ""};
	form_draw(j, fields, &d);
	jsonout_member_bool(j, "no_sources", count == 0);
	return true;
}

static bool
put_estimate(struct exchange *x, struct jsonout *j, struct str estimate, struct err *e)
{
	json_t *tree;
	if (estimate.n == 0)
		return true;
	if (!tree_parse_own(&tree, estimate, &x->arena, e))
		return false;
	jsonout_member_bool(j, "estimated", true);
	jsonout_key(j, "readable");
	put_readable(j, tree);
	return true;
}

static bool
draw(struct exchange *x, const struct task_page *p, const json_t *sent, const struct err *wrong,
    struct str estimate, struct err *e)
{
	struct buf b;
	struct jsonout j;
	const struct form_drawing d = {
	    .sent = sent, .wrong = wrong, .prefix = "", .rows = 4, .columns = &p->columns};
	if (p->d) {
		if (!page_begin_dataset(x, &b, &j, p->d, p->work.work->title, "", e))
			return false;
	} else {
		page_begin(x, &b, &j, p->work.work->title, "types");
	}
	jsonout_member_text(&j, "plugin", p->work.plugin);
	jsonout_key(&j, "task");
	put_work(&j, p->work.work);
	page_put_once(&j);
	jsonout_key(&j, "form");
	form_draw(&j, p->work.work->form, &d);
	jsonout_member_text(&j, "error", wrong ? wrong->message : NULL);
	return put_sources(x, &j, p, sent, wrong, e) && put_estimate(x, &j, estimate, e) &&
	       page_draw(x, wrong ? err_status(wrong->code) : 200, &b, &j, "task", e);
}

static bool
show(struct exchange *x, bool of_site, struct err *e)
{
	struct task_page p;
	return open_task(&p, x, of_site, e) && draw(x, &p, NULL, NULL, (struct str){0}, e);
}

static bool
start(struct exchange *x, bool of_site, struct err *e)
{
	struct task_page p;
	struct job job;
	struct str estimate = {0};
	struct err wrong = {0};
	json_t *sent;
	bool answered = false;
	if (!page_posted(&sent, x, e) || !open_task(&p, x, of_site, e))
		return false;
	if (!page_begin_once(x, sent, &answered, "/jobs", e) || answered)
		return answered;
	struct work_request r = {sent, FORM_TEXT, tree_str(sent, "source_id"),
	    json_object_get(sent, "estimate") != NULL};
	bool good = model_work_start(
	    &x->app->model, &x->caller, &p.work, p.d, &r, &job, &estimate, &x->arena, &wrong);
	if (good && r.estimate)
		return draw(x, &p, sent, NULL, estimate, e);
	if (good) {
		x->keep_nothing = false;
		respond_see_other(x, arena_format(&x->arena, "/jobs/%s?follow=1", job.job_id));
		return true;
	}
	if (err_status(wrong.code) < 500)
		return draw(x, &p, sent, &wrong, (struct str){0}, e);
	*e = wrong;
	return false;
}

bool
page_task(struct exchange *x, struct err *e)
{
	return show(x, false, e);
}

bool
page_task_post(struct exchange *x, struct err *e)
{
	return start(x, false, e);
}

bool
page_site_task(struct exchange *x, struct err *e)
{
	return show(x, true, e);
}

bool
page_site_task_post(struct exchange *x, struct err *e)
{
	return start(x, true, e);
}
