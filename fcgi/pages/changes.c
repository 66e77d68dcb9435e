/* changes.c: what was done to the rows of a dataset, newest first, and taking it back. */
#include "pages/dataset.h"
#include "api/rowhouse.h"
#include "base/tree.h"

/* The newest changes, among which the one that was just made is looked for. */
#define LOOKED_AT 50

/* The change `text` names, when it is one of the newest; NULL: it is none of them. */
static bool
find_change(
    struct change **out, struct exchange *x, struct dataset *d, struct str text, struct err *e)
{
	struct change *list;
	size_t count;
	int64_t total;
	uint64_t id;
	*out = NULL;
	if (!str_to_u64(&id, text) || d->generation == 0)
		return true;
	if (!model_change_list(
		&x->app->model, d, 0, LOOKED_AT, &list, &count, &total, &x->arena, e))
		return false;
	for (size_t i = 0; i < count && !*out; i++)
		*out = (uint64_t)list[i].change_id == id ? &list[i] : NULL;
	return true;
}

bool
page_put_change(struct exchange *x, struct jsonout *j, struct dataset *d, struct err *e)
{
	struct change *found;
	if (!find_change(&found, x, d, url_parameter(&x->request.query, "change"), e))
		return false;
	jsonout_key(j, "change");
	if (!found) {
		jsonout_null(j);
		return true;
	}
	put_change(j, found);
	uint64_t at = page_at(x, NULL);
	jsonout_member_int(j, "change_at", (int64_t)(at ? at : 1));
	jsonout_member_str(j, "change_question", page_question(x, NULL));
	return true;
}

static bool
draw(struct exchange *x, const struct err *wrong, struct err *e)
{
	struct cursor c;
	struct dataset d;
	struct change *list;
	size_t count;
	int64_t total;
	struct buf b;
	struct jsonout j;
	struct model *m = &x->app->model;
	if (!cursor_read(&c, x, e) ||
	    !model_dataset_get(m, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !model_change_list(m, &d, c.offset, c.limit, &list, &count, &total, &x->arena, e) ||
	    !page_begin_dataset(x, &b, &j, &d, "Changes", "changes", e))
		return false;
	jsonout_key(&j, "changes");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_change(&j, &list[i]);
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	jsonout_member_text(&j, "error", wrong ? wrong->message : NULL);
	return page_draw(x, wrong ? err_status(wrong->code) : 200, &b, &j, "changes", e);
}

bool
page_changes(struct exchange *x, struct err *e)
{
	return draw(x, NULL, e);
}

/* From the notice on the rows' page one comes back to the rows, else to the list of changes; what a
 * job takes back leads to the job. */
bool
page_change_undo_post(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct row_change change;
	struct job job;
	struct err wrong = {0};
	json_t *sent;
	struct model *m = &x->app->model;
	if (!page_posted(&sent, x, e) ||
	    !model_dataset_get(m, &x->caller, x->value[0], &d, &x->arena, e))
		return false;
	if (model_change_undo(m, &x->caller, &d, x->value[1], &change, &job, &x->arena, &wrong)) {
		x->done = true;
		uint64_t at = page_at(x, sent);
		if (job.job_id[0])
			respond_see_other(
			    x, arena_format(&x->arena, "/jobs/%s?follow=1", job.job_id));
		else if (at > 0)
			page_see_rows(x, &d, at, page_question(x, sent), change.change_id);
		else
			respond_see_other(
			    x, arena_format(&x->arena, "/datasets/%s/changes#change-%" PRId64,
				   d.dataset_id, change.change_id));
		return true;
	}
	if (err_status(wrong.code) >= 500 || wrong.code == ERR_NOT_FOUND ||
	    wrong.code == ERR_FORBIDDEN) {
		*e = wrong;
		return false;
	}
	return draw(x, &wrong, e);
}
