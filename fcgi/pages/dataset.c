/*
 * dataset.c: one dataset: its rows a page at a time, its flaws, its end; and where its
 * other pages stand (tabs).  Changing rows is rows.c, taking changes back changes.c.
 */
#include "pages/dataset.h"
#include "api/rowcells.h"
#include "api/rowhouse.h"
#include "base/limits.h"

#define PAGE_LIMIT 100
/* Wide tables show fewer rows at once: what a browser lays out without a stop, and a request holds.
 */
#define PAGE_CELLS 40000
#define FINDINGS_SHOWN 20

/* ?row= counts from 1; the page it is on begins at *position, which counts from 0. */
static bool
read_position(uint64_t *position, uint64_t *row, uint64_t *limit, size_t column_count,
    struct exchange *x, struct err *e)
{
	if (!request_number(limit, &x->request, "limit", PAGE_LIMIT, 1, LIMIT_PAGE_ROWS, e) ||
	    !request_number(row, &x->request, "row", 1, 1, INT64_MAX, e))
		return false;
	if (column_count > 0 && *limit > PAGE_CELLS / column_count)
		*limit = PAGE_CELLS / column_count;
	*position = (*row - 1) / *limit * *limit;
	return true;
}

/* The classes of a table cell: how it is laid out. */
static const char *
kind_of(const struct cell *c, enum column_type type)
{
	bool is_number = type == COLUMN_INTEGER || type == COLUMN_NUMBER;
	switch (c->kind) {
	case CELL_ABSENT:
		return is_number ? "absent number" : "absent";
	case CELL_NULL:
		return is_number ? "null number" : "null";
	case CELL_NUMBER:
		return "number";
	case CELL_TRUE:
	case CELL_FALSE:
		return "boolean";
	case CELL_JSON:
		return "json";
	case CELL_TEXT:
		break;
	}
	if (type == COLUMN_BOOLEAN)
		return "boolean";
	return is_number ? "number" : "text";
}

void
page_put_cell(struct jsonout *j, const struct cell *c, enum column_type type, size_t clip)
{
	struct str text = c->bytes;
	size_t whole = text.n;
	if (c->kind == CELL_TEXT && c->escaped) {
		char *plain = arena_alloc(j->out->arena, clip);
		whole = cells_text_length(text);
		text = (struct str){plain, cells_unescape_some(plain, clip, text)};
	}
	jsonout_object(j);
	jsonout_member_text(j, "kind", kind_of(c, type));
	/* What is not there has no text, but a word no cell of text looks like. */
	if (c->kind == CELL_NULL || c->kind == CELL_ABSENT) {
		jsonout_member_text(j, "nothing", c->kind == CELL_NULL ? "null" : "missing");
		text.n = whole = 0;
	}
	jsonout_member_str(j, "text", str_clip(text, clip));
	jsonout_member_bool(j, "clipped", whole > clip);
	jsonout_member_int(j, "bytes", (int64_t)whole);
	jsonout_end(j);
}

/* The table's rows while they are being written. */
struct table {
	struct jsonout *j;
	struct rowcells cells;
	uint64_t position, asked;
	size_t shown, clip;
};

static bool
put_row(void *context, const struct row *row, struct err *e)
{
	struct table *t = context;
	struct jsonout *j = t->j;
	uint64_t number = t->position + t->shown + 1;
	char id[32];
	(void)e;
	snprintf(id, sizeof id, "row_%" PRId64, row->row_id);
	rowcells_read(&t->cells, row);
	jsonout_object(j);
	jsonout_member_text(j, "id", id);
	jsonout_member_int(j, "number", (int64_t)number);
	jsonout_member_int(j, "line", (int64_t)row->line);
	jsonout_member_int(j, "rev", row->rev);
	/* The first of a page is where every link to a page leads: nothing to point out. */
	jsonout_member_bool(j, "asked", t->shown > 0 && number == t->asked);
	jsonout_key(j, "cells");
	jsonout_array(j);
	for (size_t k = 0; k < t->cells.count; k++)
		page_put_cell(j, t->cells.cells[k], t->cells.columns[k].type, t->clip);
	jsonout_end(j);
	jsonout_end(j);
	t->shown++;
	return true;
}

/* The number of a page's first row, which is its address (?row=); null: there is no such page. */
static void
put_page_row(struct jsonout *j, const char *key, bool there, uint64_t position)
{
	jsonout_key(j, key);
	if (there)
		jsonout_unsigned(j, position + 1);
	else
		jsonout_null(j);
}

static void
put_paging(struct jsonout *j, uint64_t position, uint64_t limit, size_t shown, uint64_t total)
{
	uint64_t last = total > 0 ? (total - 1) / limit * limit : 0;
	jsonout_member_int(j, "position", (int64_t)position);
	jsonout_member_int(j, "limit", (int64_t)limit);
	jsonout_member_int(j, "total", (int64_t)total);
	jsonout_member_int(j, "first", (int64_t)(shown ? position + 1 : 0));
	jsonout_member_int(j, "last", (int64_t)(position + shown));
	jsonout_member_int(j, "page_number", (int64_t)(position / limit + 1));
	jsonout_member_int(j, "page_count", (int64_t)((total + limit - 1) / limit));
	jsonout_key(j, "pages");
	jsonout_object(j);
	put_page_row(j, "first", position > 0, 0);
	put_page_row(j, "previous", position > 0, position > limit ? position - limit : 0);
	put_page_row(j, "next", position + shown < total, position + shown);
	put_page_row(j, "last", position < last, last);
	jsonout_end(j);
}

static bool
put_flaws(struct jsonout *j, struct exchange *x, struct rows_file *rows,
    const struct column *columns, size_t column_count, struct err *e)
{
	struct finding_row *list;
	struct finding_count *counts;
	size_t count, codes;
	if (!rows_findings(rows, 0, FINDINGS_SHOWN, &list, &count, &x->arena, e) ||
	    !rows_finding_counts(rows, &counts, &codes, &x->arena, e))
		return false;
	jsonout_key(j, "findings");
	put_findings(j, list, count, columns, column_count);
	jsonout_key(j, "finding_counts");
	put_finding_counts(j, counts, codes);
	return true;
}

static bool
put_table(struct jsonout *j, struct exchange *x, struct dataset *d, struct err *e)
{
	struct rows_file *rows;
	const struct column *columns;
	size_t count;
	uint64_t limit, total;
	struct table t = {.j = j};
	if (!model_rows_open(&x->app->model, d, &rows, &x->arena, e) ||
	    !rows_columns(rows, &columns, &count, &x->arena, e) || !rows_count(rows, &total, e) ||
	    !read_position(&t.position, &t.asked, &limit, count, x, e))
		return false;
	/* An address from before rows went leads to the last page, not to nothing. */
	if (t.position >= total)
		t.position = total > 0 ? (total - 1) / limit * limit : 0;
	/* All cells of the page share what a page may have. */
	size_t cells = (size_t)limit * count;
	t.clip = cells ? (size_t)LIMIT_PAGE_BYTES / cells : 0;
	t.clip = t.clip > LIMIT_PAGE_CELL_BYTES ? LIMIT_PAGE_CELL_BYTES : t.clip < 16 ? 16 : t.clip;
	rowcells_init(&t.cells, columns, count, &x->arena);
	jsonout_key(j, "columns");
	put_column_list(j, columns, count, &x->arena);
	jsonout_key(j, "rows");
	jsonout_array(j);
	if (!rows_page(rows, t.position, limit, put_row, &t, e))
		return false;
	jsonout_end(j);
	put_paging(j, t.position, limit, t.shown, total);
	return put_flaws(j, x, rows, columns, count, e);
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
	struct str panel = url_parameter(&x->request.query, "panel");
	const char *tab = panel.n ? arena_text(&x->arena, panel) : "rows";
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !page_begin_dataset(x, &b, &j, &d, arena_text(&x->arena, d.name), tab, e))
		return false;
	if (d.generation > 0 && !(panel.n ? page_put_panel(x, &j, &d, panel, e)
					  : put_table(&j, x, &d, e) && put_tasks(x, &j, &d, e) &&
						page_put_change(x, &j, &d, e)))
		return false;
	page_put_again(x, &j, d.type);
	bool rests = str_is(d.state, "ready") || str_is(d.state, "running");
	jsonout_member_bool(&j, "has_rows", d.generation > 0);
	jsonout_member_bool(&j, "shows_rows", rests && panel.n == 0);
	jsonout_member_bool(&j, "can_add", rests && x->caller.role >= ROLE_EDITOR);
	const struct dataset_type *type = registry_type(x->app->model.registry, d.type);
	jsonout_member_bool(&j, "can_read_again",
	    d.source_id.n > 0 && type && type_reads_table(type) && x->caller.role >= ROLE_EDITOR);
	return page_draw(x, 200, &b, &j, "dataset", e);
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
