/*
 * rows.c: one row of a dataset: where it stands, and adding it, editing it, deleting it, each a
 * plain form.  The forms name the rev the row had when it was drawn; when somebody was quicker they
 * come back with both values.
 */
#include "pages/dataset.h"
#include "api/rowcells.h"
#include "api/rowhouse.h"
#include "base/limits.h"
#include "base/tree.h"
#include "pages/question.h"
#include "pages/row_form.h"

#define CELLS_SHOWN 8 /* of a row that is to be deleted */

/* What a form of a row is drawn from and what was posted is held against. */
struct row_page {
	struct dataset d;
	struct row row;
	struct row_form form;
};

uint64_t
page_at(struct exchange *x, const json_t *sent)
{
	uint64_t at;
	struct str text = sent ? tree_str(sent, "at") : url_parameter(&x->request.query, "at");
	if (!sent && text.n == 0)
		text = url_parameter(&x->request.query, "row");
	return str_to_u64(&at, text) && at <= INT64_MAX ? at : 0;
}

struct str
page_question(struct exchange *x, const json_t *sent)
{
	struct question q;
	struct str text =
	    sent ? tree_str(sent, "question") : url_parameter(&x->request.query, "question");
	if (!sent && text.n == 0)
		question_of(&q, &x->request.query, &x->arena);
	else
		question_of_text(&q, text, &x->arena);
	return question_write(&q, NULL, &x->arena);
}

void
page_see_rows(struct exchange *x, const struct dataset *d, uint64_t at, struct str question,
    int64_t change_id)
{
	struct str change =
	    change_id ? arena_format(&x->arena, "&change=%" PRId64, change_id) : STR("");
	if (at == 0)
		at = 1;
	respond_see_other(x,
	    arena_format(&x->arena, "/datasets/%s?row=%" PRIu64 "%s%.*s%.*s#row-%" PRIu64,
		d->dataset_id, at, question.n ? "&" : "", STR_ARG(question), STR_ARG(change), at));
}

static bool
row_is_gone(struct err *e)
{
	return FAIL(e, NOT_FOUND,
	    "there is no such row (any more); the dataset's changes say who deleted it, and can be "
	    "taken back");
}

/* The dataset with its columns and, where the address names one, the row. */
static bool
open_row(struct row_page *p, struct exchange *x, enum right right, struct err *e)
{
	struct model *m = &x->app->model;
	struct rows_file *rows;
	*p = (struct row_page){0};
	if (!caller_may(&x->caller, right, e) ||
	    !model_dataset_get(m, &x->caller, x->value[0], &p->d, &x->arena, e))
		return false;
	if (x->value[1].n && !model_row_get(m, &p->d, x->value[1], &p->row, &x->arena, e)) {
		if (e->code == ERR_NOT_FOUND) {
			err_clear(e);
			return row_is_gone(e);
		}
		return false;
	}
	p->form.row = x->value[1].n ? &p->row : NULL;
	return model_rows_open(m, &p->d, &rows, &x->arena, e) &&
	       rows_columns(rows, &p->form.columns, &p->form.count, &x->arena, e);
}

static void
put_error(struct jsonout *j, const struct err *wrong)
{
	jsonout_member_text(j, "error", wrong ? wrong->message : NULL);
	jsonout_member_bool(j, "conflict", wrong && wrong->code == ERR_PRECONDITION);
	jsonout_member_bool(j, "locked", wrong && wrong->code == ERR_LOCKED);
}

/* The rev a form was drawn from, -1: it does not say. */
static int64_t
rev_of(const json_t *sent)
{
	uint64_t rev;
	return str_to_u64(&rev, tree_str(sent, "rev")) && rev <= INT64_MAX ? (int64_t)rev : -1;
}

/* Without it one would overwrite whatever is there. */
static bool
without_rev(struct err *e)
{
	return FAIL_FIELD(e, INPUT, "rev",
	    "the form does not say which state of the row it was made of; load the page again");
}

static void
put_row_names(struct exchange *x, struct jsonout *j, const struct row_page *p, int64_t rev)
{
	uint64_t at = page_at(x, p->form.sent);
	jsonout_key(j, "row");
	if (p->form.row) {
		jsonout_object(j);
		jsonout_member_str(j, "id", arena_format(&x->arena, "row_%" PRId64, p->row.row_id));
		jsonout_member_int(j, "line", (int64_t)p->row.line);
		jsonout_member_int(j, "rev", rev);
		jsonout_end(j);
	} else {
		jsonout_null(j);
	}
	jsonout_member_int(j, "at", (int64_t)at);
	jsonout_member_int(j, "back", (int64_t)(at ? at : 1));
	jsonout_member_str(j, "question", page_question(x, p->form.sent));
	page_put_once(j);
}

/* ---- where it stands ---- */

bool
page_row(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct rows_file *rows;
	int64_t row_id;
	uint64_t position;
	bool found;
	if (!caller_may(&x->caller, RIGHT_READ, e) ||
	    !model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !row_id_parse(&row_id, x->value[1], e) ||
	    !model_rows_open(&x->app->model, &d, &rows, &x->arena, e) ||
	    !rows_position(rows, row_id, &position, &found, e))
		return false;
	if (!found)
		return row_is_gone(e);
	page_see_rows(x, &d, position + 1, (struct str){0}, 0);
	return true;
}

/* ---- adding and editing ---- */

static bool
draw(struct exchange *x, const json_t *sent, const struct err *wrong, struct err *e)
{
	struct row_page p;
	struct buf b;
	struct jsonout j;
	if (!open_row(&p, x, x->value[1].n ? RIGHT_REVIEW : RIGHT_EDIT, e))
		return false;
	p.form.sent = sent;
	p.form.wrong = wrong;
	bool anew = !sent || (wrong && wrong->code == ERR_PRECONDITION);
	const char *title = x->value[1].n ? "Edit a row" : "Add a row";
	if (!page_begin_dataset(x, &b, &j, &p.d, title, "rows", e))
		return false;
	put_row_names(x, &j, &p, anew ? p.row.rev : rev_of(sent));
	row_form_put(&j, &p.form);
	put_error(&j, wrong);
	return page_put_change(x, &j, &p.d, e) &&
	       page_draw(x, wrong ? err_status(wrong->code) : 200, &b, &j, "row", e);
}

/* What went wrong, on the form again; what no form can put right goes on as it is. */
static bool
draw_again(struct exchange *x, const json_t *sent, const struct err *wrong, struct err *e)
{
	int status = err_status(wrong->code);
	if (status < 500 && wrong->code != ERR_NOT_FOUND && wrong->code != ERR_FORBIDDEN)
		return draw(x, sent, wrong, e);
	*e = *wrong;
	return false;
}

bool
page_row_new(struct exchange *x, struct err *e)
{
	return draw(x, NULL, NULL, e);
}

bool
page_row_edit(struct exchange *x, struct err *e)
{
	return draw(x, NULL, NULL, e);
}

/* The rows of one new row, as the model takes them. */
static bool
list_of(json_t **out, json_t *row, struct arena *a, struct err *e)
{
	*out = json_array();
	return form_keep(*out, a, e) &&
	       (json_array_append(*out, row) == 0 || FAIL(e, UNAVAILABLE, "out of memory"));
}

bool
page_row_new_post(struct exchange *x, struct err *e)
{
	struct row_page p;
	struct row_change change;
	struct err wrong = {0};
	json_t *sent, *cells, *rows;
	if (!page_posted(&sent, x, e) || !open_row(&p, x, RIGHT_EDIT, e))
		return false;
	p.form.sent = sent;
	/* A form that is sent twice, by an impatient click, adds one row. */
	if (!page_once(&x->caller.idempotency_key, x, sent, e))
		return false;
	if (!row_form_read(&cells, &p.form, &x->arena, &wrong) ||
	    !list_of(&rows, cells, &x->arena, &wrong) ||
	    !model_rows_add(
		&x->app->model, &x->caller, &p.d, rows, true, &change, &x->arena, &wrong))
		return draw_again(x, sent, &wrong, e);
	x->done = true;
	if (json_object_get(sent, "again"))
		respond_see_other(x,
		    arena_format(&x->arena, "/datasets/%s/rows/new?change=%" PRId64 "&at=%" PRIu64,
			p.d.dataset_id, change.change_id, p.d.rows));
	else
		page_see_rows(x, &p.d, p.d.rows, STR(""), change.change_id);
	return true;
}

bool
page_row_edit_post(struct exchange *x, struct err *e)
{
	struct row_page p;
	struct row_change change = {0};
	struct err wrong = {0};
	json_t *sent, *cells;
	if (!page_posted(&sent, x, e) || !open_row(&p, x, RIGHT_REVIEW, e))
		return false;
	p.form.sent = sent;
	if (rev_of(sent) < 0)
		return without_rev(e);
	if (!row_form_read(&cells, &p.form, &x->arena, &wrong) ||
	    (json_object_size(cells) > 0 &&
		!model_row_set(&x->app->model, &x->caller, &p.d, x->value[1], rev_of(sent), cells,
		    true, &change, &x->arena, &wrong)))
		return draw_again(x, sent, &wrong, e);
	x->done = true;
	page_see_rows(x, &p.d, page_at(x, sent), page_question(x, sent), change.change_id);
	return true;
}

/* ---- deleting ---- */

static void
put_cells(struct jsonout *j, const struct row_page *p, struct arena *a)
{
	struct rowcells cells;
	rowcells_init(&cells, p->form.columns, p->form.count, a);
	rowcells_read(&cells, &p->row);
	jsonout_key(j, "cells");
	jsonout_array(j);
	for (size_t k = 0; k < cells.count && k < CELLS_SHOWN; k++) {
		jsonout_object(j);
		jsonout_member_str(j, "name", p->form.columns[k].name);
		jsonout_key(j, "cell");
		page_put_cell(j, cells.cells[k], p->form.columns[k].type, 300);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_member_int(
	    j, "cells_more", cells.count > CELLS_SHOWN ? (int64_t)(cells.count - CELLS_SHOWN) : 0);
}

static bool
draw_delete(struct exchange *x, const json_t *sent, const struct err *wrong, struct err *e)
{
	struct row_page p;
	struct buf b;
	struct jsonout j;
	if (!open_row(&p, x, RIGHT_EDIT, e) ||
	    !page_begin_dataset(x, &b, &j, &p.d, "Delete a row", "rows", e))
		return false;
	p.form.sent = sent;
	put_row_names(x, &j, &p, p.row.rev);
	put_cells(&j, &p, &x->arena);
	put_error(&j, wrong);
	return page_draw(x, wrong ? err_status(wrong->code) : 200, &b, &j, "row-delete", e);
}

bool
page_row_delete(struct exchange *x, struct err *e)
{
	return draw_delete(x, NULL, NULL, e);
}

bool
page_row_delete_post(struct exchange *x, struct err *e)
{
	struct row_page p;
	struct row_change change;
	struct err wrong = {0};
	json_t *sent;
	if (!page_posted(&sent, x, e) || !open_row(&p, x, RIGHT_EDIT, e))
		return false;
	struct row_named row = {p.row.row_id, rev_of(sent)};
	if (row.rev < 0)
		return without_rev(e);
	if (model_rows_remove(
		&x->app->model, &x->caller, &p.d, &row, 1, &change, &x->arena, &wrong)) {
		x->done = true;
		page_see_rows(x, &p.d, page_at(x, sent), page_question(x, sent), change.change_id);
		return true;
	}
	if (err_status(wrong.code) < 500 && wrong.code != ERR_NOT_FOUND)
		return draw_delete(x, sent, &wrong, e);
	*e = wrong;
	return false;
}
