/* rowhouse_rows.c: rows that are added, edited and deleted, and changes; see rowhouse.h. */
#include "api/rowhouse.h"
#include "api/rowcells.h"
#include "base/limits.h"
#include "formats/export.h"

enum { BODY_ROWS };
static const struct field any_row[] = {{0}};
const struct field rows_body[] = {
    [BODY_ROWS] = {"rows", "rows", "Objects of cells, by the columns' names or ids.", FIELD_TABLE,
	.required = true, .min = 1, .max = LIMIT_CHANGE_ROWS, .fields = any_row},
    {0},
};
const struct field row_body[] = {
    {"cells", "cells", "The cells to change, by the columns' names or ids.", FIELD_OBJECT,
	.required = true},
    {0},
};
static const struct field named_row[] = {
    {"id", "id", "As row_7.", FIELD_LINE, .required = true},
    {"rev", "rev", "As it was read; without it, whatever it is.", FIELD_INTEGER, .min = 0,
	.max = 9007199254740992.0},
    {0},
};
const struct field rows_delete_body[] = {
    {"rows", "rows", "The rows to delete.", FIELD_TABLE, .required = true, .min = 1,
	.max = LIMIT_CHANGE_ROWS, .fields = named_row},
    {0},
};

/* If-Match: "3", the rev of the row as it was read (its ETag). */
bool
if_match_rev(int64_t *out, struct exchange *x, struct err *e)
{
	struct str text = str_trim(x->request.if_match);
	uint64_t rev;
	*out = -1;
	if (text.n == 0)
		return FAIL(e, PRECONDITION_MISSING,
		    "send the row's rev as it was read: If-Match: \"3\" (or * to overwrite "
		    "whatever is there)");
	if (str_is(text, "*"))
		return true;
	if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
		text = (struct str){text.p + 1, text.n - 2};
	if (!str_to_u64(&rev, text) || rev > INT64_MAX)
		return FAIL(e, PRECONDITION, "If-Match is not a row's rev");
	*out = (int64_t)rev;
	return true;
}

static void
put_row(struct jsonout *j, struct rowcells *cells, const struct row *row)
{
	char id[32];
	snprintf(id, sizeof id, "row_%" PRId64, row->row_id);
	rowcells_read(cells, row);
	jsonout_object(j);
	jsonout_member_text(j, "id", id);
	jsonout_member_int(j, "line", (int64_t)row->line);
	jsonout_member_int(j, "rev", row->rev);
	jsonout_key(j, "cells");
	jsonout_array(j);
	for (size_t k = 0; k < cells->count; k++)
		rowcells_put(j, cells, k, SIZE_MAX);
	jsonout_end(j);
	jsonout_end(j);
}

static bool
open_columns(struct exchange *x, struct dataset *d, struct rowcells *cells,
    const struct column **columns, size_t *count, struct err *e)
{
	struct rows_file *rows;
	if (!model_rows_open(&x->app->model, d, &rows, &x->arena, e) ||
	    !rows_columns(rows, columns, count, &x->arena, e))
		return false;
	rowcells_init(cells, *columns, *count, &x->arena);
	return true;
}

bool
rowhouse_row_get(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct row row;
	struct rowcells cells;
	const struct column *columns;
	size_t count;
	struct jsonout j;
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !model_row_get(&x->app->model, &d, x->value[1], &row, &x->arena, e) ||
	    !open_columns(x, &d, &cells, &columns, &count, e))
		return false;
	respond_json(x, 200, &j);
	respond_header(x, "ETag", arena_format(&x->arena, "\"%" PRId64 "\"", row.rev));
	jsonout_object(&j);
	jsonout_key(&j, "columns");
	put_column_list(&j, columns, count, &x->arena);
	jsonout_key(&j, "row");
	put_row(&j, &cells, &row);
	jsonout_end(&j);
	return true;
}

struct one_cell {
	struct exchange *x;
	struct rowcells cells;
	size_t k;
};

/* The cell as a row's answer has it, but a text without quotes and escapes, straight from the
 * stored row: no other copy of what may have LIMIT_CELL_BYTES. */
static bool
put_cell(void *context, const struct row *row, struct err *e)
{
	struct one_cell *one = context;
	struct exchange *x = one->x;
	struct buf *body = &x->response.body;
	const struct column *column = &one->cells.columns[one->k];
	const struct cell *cell = one->cells.cells[one->k];
	(void)e;
	rowcells_read(&one->cells, row);
	respond_header(x, "ETag", arena_format(&x->arena, "\"%" PRId64 "\"", row->rev));
	if (cell->kind == CELL_ABSENT) {
		respond_nothing(x);
		return true;
	}
	char *room = buf_room(body, EXPORT_TOKEN_ROOM(cell->bytes.n));
	size_t n = export_cell_token(room, cell, column->type);
	bool text = room[0] == '"';
	respond(x, 200, text ? "text/plain; charset=utf-8" : "application/json");
	body->n = text ? cells_unescape(room, cell->bytes) : n;
	respond_attachment(x, arena_format(&x->arena, "row_%" PRId64 "-%.*s.%s", row->row_id,
				  STR_ARG(column->slug), text ? "txt" : "json"));
	return true;
}

bool
rowhouse_cell_get(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct one_cell one = {.x = x};
	const struct column *columns;
	struct str id = x->value[2];
	size_t count;
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !open_columns(x, &d, &one.cells, &columns, &count, e))
		return false;
	bool named = str_starts(id, "col_");
	while (one.k < count &&
	       !(named && str_equal((struct str){id.p + 4, id.n - 4}, columns[one.k].slug)))
		one.k++;
	if (one.k == count)
		return FAIL_FIELD(e, NOT_FOUND, "column_id", "there is no column with this id");
	return model_row_show(&x->app->model, &d, x->value[1], put_cell, &one, &x->arena, e);
}

/* The change, and the rows it added or the one it was about as they are now. */
static bool
answer_change(struct exchange *x, struct dataset *d, int status, const struct row_change *c,
    struct str one, struct err *e)
{
	struct rowcells cells;
	const struct column *columns;
	size_t count;
	struct jsonout j;
	x->done = true;
	if (!open_columns(x, d, &cells, &columns, &count, e))
		return false;
	respond_json(x, status, &j);
	jsonout_object(&j);
	jsonout_key(&j, "change");
	jsonout_object(&j);
	jsonout_member_int(&j, "id", c->change_id);
	jsonout_end(&j);
	jsonout_key(&j, "rows");
	jsonout_array(&j);
	for (size_t i = 0; i < c->row_count + (one.n > 0); i++) {
		struct row row;
		struct err gone = {0};
		struct str id =
		    i < c->row_count ? arena_format(&x->arena, "row_%" PRId64, c->row_ids[i]) : one;
		if (model_row_get(&x->app->model, d, id, &row, &x->arena, &gone))
			put_row(&j, &cells, &row);
	}
	jsonout_end(&j);
	jsonout_member_int(&j, "total", (int64_t)d->rows);
	jsonout_end(&j);
	return true;
}

bool
rowhouse_row_add(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct row_change change;
	json_t *body;
	if (!request_json(&body, &x->request, &x->arena, e) ||
	    !model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e))
		return false;
	for (void *at = json_object_iter(body); at; at = json_object_iter_next(body, at))
		if (strcmp(json_object_iter_key(at), rows_body[BODY_ROWS].name) != 0)
			return FAIL_FIELD(e, INPUT, json_object_iter_key(at),
			    "there is no field %.100s here", json_object_iter_key(at));
	return model_rows_add(&x->app->model, &x->caller, &d, json_object_get(body, "rows"), false,
		   &change, &x->arena, e) &&
	       answer_change(x, &d, 201, &change, (struct str){0}, e);
}

bool
rowhouse_row_set(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct row_change change;
	const struct value *v;
	json_t *body;
	int64_t rev;
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !if_match_rev(&rev, x, e) || !request_json(&body, &x->request, &x->arena, e) ||
	    !form_check(&v, row_body, body, FORM_STRICT, NULL, &x->arena, e))
		return false;
	return model_row_set(&x->app->model, &x->caller, &d, x->value[1], rev, v[0].json, false,
		   &change, &x->arena, e) &&
	       answer_change(x, &d, 200, &change, x->value[1], e);
}

bool
rowhouse_row_delete(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct row_change change;
	struct row_named row;
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !if_match_rev(&row.rev, x, e) || !row_id_parse(&row.row_id, x->value[1], e))
		return false;
	return model_rows_remove(&x->app->model, &x->caller, &d, &row, 1, &change, &x->arena, e) &&
	       answer_change(x, &d, 200, &change, (struct str){0}, e);
}

bool
rowhouse_row_delete_many(struct exchange *x, struct err *e)
{
	enum { ID, REV, FIELDS };
	struct dataset d;
	struct row_change change;
	const struct value *v;
	json_t *body;
	if (!request_json(&body, &x->request, &x->arena, e) ||
	    !model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !form_check(&v, rows_delete_body, body, FORM_STRICT, NULL, &x->arena, e))
		return false;
	struct row_named *rows = arena_array(&x->arena, v[0].count, sizeof *rows);
	for (size_t i = 0; i < v[0].count; i++) {
		const struct value *one = v[0].items + i * FIELDS;
		if (!row_id_parse(&rows[i].row_id, one[ID].text, e))
			return false;
		rows[i].rev = one[REV].set ? one[REV].integer : -1;
	}
	return model_rows_remove(
		   &x->app->model, &x->caller, &d, rows, v[0].count, &change, &x->arena, e) &&
	       answer_change(x, &d, 200, &change, (struct str){0}, e);
}

bool
rowhouse_change_list(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct dataset d;
	struct change *list;
	size_t count;
	int64_t total;
	struct jsonout j;
	if (!cursor_read(&c, x, e) ||
	    !model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !model_change_list(
		&x->app->model, &d, c.offset, c.limit, &list, &count, &total, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "changes");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_change(&j, &list[i]);
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	jsonout_end(&j);
	return true;
}

bool
rowhouse_change_undo(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct row_change change;
	struct job job;
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    !model_change_undo(
		&x->app->model, &x->caller, &d, x->value[1], &change, &job, &x->arena, e))
		return false;
	return job.job_id[0] ? answer_started(x, &job, e)
			     : answer_change(x, &d, 200, &change, (struct str){0}, e);
}
