/*
 * export.c: the form of an export.  What is written soon comes as the answer to it; what takes
 * longer is a job, whose page has the link.  Which rows, and in which order, may stand in its
 * address as in that of the rows.
 */
#include "pages/dataset.h"
#include "api/rowhouse.h"
#include "base/limits.h"
#include "base/tree.h"
#include "model/query.h"

/* Cells that are written while the browser waits: some seconds in the slowest format. */
#define AT_ONCE_CELLS UINT64_C(2000000)

struct export_page {
	struct dataset dataset;
	const json_t *sent; /* NULL: nothing yet */
	struct job job;
};

/* The columns as boxes to tick, those that were sent ticked. */
static void
put_columns(struct jsonout *j, const struct form_columns *columns, const json_t *sent)
{
	const json_t *ticked = json_object_get(sent, "columns");
	const char *key;
	json_t *value;
	bool any = false;
	jsonout_key(j, "columns");
	jsonout_array(j);
	for (size_t i = 0; i < columns->count; i++) {
		const struct form_column *c = &columns->list[i];
		bool on = false;
		json_object_foreach((json_t *)(uintptr_t)ticked, key, value) on =
		    on || (json_is_string(value) && str_is(c->id, json_string_value(value)));
		any = any || on;
		jsonout_object(j);
		jsonout_member_int(j, "number", (int64_t)i);
		jsonout_member_str(j, "id", c->id);
		jsonout_member_str(j, "name", c->name);
		jsonout_member_bool(j, "ticked", on);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_member_bool(j, "any_ticked", any);
}

/* ---- which rows ---- */

static bool
names_rows(const struct query_request *r)
{
	struct query_request which = *r;
	which.sort = (struct str){0};
	return !query_request_is_plain(&which);
}

/* How many rows match, when that is found at once. */
static bool
count_matching(uint64_t *out, struct exchange *x, struct export_page *p, struct rows_file *rows,
    const struct export_plan *plan)
{
	struct err ignored = {0};
	struct job job;
	struct query_page page;
	struct query q = plan->query;
	q.sort_count = 0;
	if (!model_query_prepare(&x->app->model, &x->caller, &p->dataset, rows, &q, NULL, 0, true,
		&job, &x->arena, &ignored) ||
	    (p->dataset.rows > LIMIT_SCAN_ROWS && (!q.projections || q.search.n > 0)) ||
	    !query_rows(rows, &q, 0, 0, &page, NULL, NULL, &x->arena, &ignored))
		return false;
	*out = page.matching;
	return true;
}

/* `question`: what is asked of the rows, and how many answer; null: nothing. */
static void
put_question(struct jsonout *j, struct exchange *x, struct export_page *p, struct rows_file *rows,
    const struct export_plan *plan)
{
	uint64_t matching;
	jsonout_key(j, "question");
	if (!plan || query_request_is_plain(&plan->request)) {
		jsonout_null(j);
		return;
	}
	bool named = names_rows(&plan->request);
	jsonout_object(j);
	query_request_write(j, &plan->request);
	jsonout_member_bool(j, "named", named);
	if (named && count_matching(&matching, x, p, rows, plan)) {
		jsonout_member_bool(j, "counted", true);
		jsonout_member_int(j, "matching", (int64_t)matching);
	}
	jsonout_end(j);
}

/* The values of a field that may have several, a blank one behind them. */
static void
put_lines(struct jsonout *j, const char *name, const struct form_drawing *d)
{
	const struct form_row *rows;
	size_t count = form_rows(&rows, json_object_get(d->sent, name), NULL, j->out->arena), n = 0;
	jsonout_key(j, name);
	jsonout_array(j);
	for (size_t i = 0; i <= count; i++) {
		const char *value = i < count ? json_string_value(rows[i].row) : "";
		if (!value || (i < count && !*value))
			continue;
		jsonout_object(j);
		jsonout_member_int(j, "number", (int64_t)n++);
		jsonout_member_text(j, "value", value);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
put_row_fields(struct jsonout *j, const struct form_drawing *d)
{
	struct field fields[4] = {export_fields[EXPORT_FIELD_QUERY + QUERY_FILTER],
	    export_fields[EXPORT_FIELD_QUERY + QUERY_SEARCH], export_fields[EXPORT_FIELD_SORT]};
	const char *const labels[] = {"Filter", "Search", "Sort"};
	bool open = false, selections = false;
	for (size_t i = EXPORT_FIELD_QUERY; i <= EXPORT_FIELD_SORT; i++) {
		const char *name = export_fields[i].name;
		bool wrong = d->wrong && strcmp(d->wrong->field, name) == 0;
		open = open || wrong || json_object_get(d->sent, name);
		selections = selections || (wrong && export_fields[i].kind == FIELD_TEXTS);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(labels); i++)
		fields[i].label = labels[i];
	jsonout_member_bool(j, "rows_open", open);
	jsonout_key(j, "row_fields");
	form_draw(j, fields, d);
	put_lines(j, "include", d);
	put_lines(j, "exclude", d);
	jsonout_member_text(j, "selections_error", selections ? d->wrong->message : NULL);
}

/* ---- the form ---- */

/* The rest of the form, but for its columns and rows. */
static void
put_fields(struct jsonout *j, const struct form_drawing *d)
{
	struct field format[2] = {export_fields[EXPORT_FIELD_FORMAT]}, rest[EXPORT_FIELD__COUNT];
	size_t count = 0;
	const json_t *sent = d->sent ? json_object_get(d->sent, "split") : NULL;
	struct form_drawing split = *d;
	split.sent = sent;
	split.prefix = "split.";
	format[0].label = "Format";
	format[0].help = NULL;
	for (size_t i = EXPORT_FIELD_COLUMNS + 1; i < EXPORT_FIELD_SPLIT; i++)
		rest[count++] = export_fields[i];
	rest[count] = (struct field){0};
	jsonout_key(j, "format");
	form_draw(j, format, d);
	jsonout_key(j, "options");
	form_draw(j, rest, d);
	jsonout_key(j, "split");
	form_draw(j, export_fields[EXPORT_FIELD_SPLIT].fields, &split);
	/* What was filled in there, or is wrong, is seen. */
	jsonout_member_bool(j, "split_open",
	    tree_str(sent, "column").n > 0 ||
		(d->wrong && strncmp(d->wrong->field, "split.", 6) == 0));
}

static bool
draw(struct exchange *x, struct export_page *p, const struct err *wrong, struct err *e)
{
	struct buf b;
	struct jsonout j;
	struct rows_file *rows;
	const struct column *list;
	struct form_columns columns;
	struct export_plan plan;
	struct err mistake = {0};
	size_t count;
	bool planned = p->sent && model_export_plan(&x->app->model, &p->dataset, p->sent, FORM_TEXT,
				      &plan, &x->arena, &mistake);
	if (mistake.code != ERR_OK && !page_can_mend(&mistake)) {
		*e = mistake;
		return false;
	}
	if (mistake.code != ERR_OK && !wrong)
		wrong = &mistake;
	if (!model_rows_open(&x->app->model, &p->dataset, &rows, &x->arena, e) ||
	    !rows_columns(rows, &list, &count, &x->arena, e) ||
	    !page_begin_dataset(x, &b, &j, &p->dataset, "Export", "", e))
		return false;
	form_columns_of(&columns, list, count, &x->arena);
	const struct form_drawing d = {
	    .sent = p->sent, .wrong = wrong, .prefix = "", .rows = 3, .columns = &columns};
	put_question(&j, x, p, rows, planned ? &plan : NULL);
	put_columns(&j, &columns, p->sent);
	put_row_fields(&j, &d);
	put_fields(&j, &d);
	jsonout_member_text(&j, "error", wrong ? wrong->message : NULL);
	return page_draw(x, wrong ? err_status(wrong->code) : 200, &b, &j, "export", e);
}

bool
page_export(struct exchange *x, struct err *e)
{
	struct export_page p = {0};
	json_t *sent;
	/* An address that says a format is the file itself. */
	if (url_parameter(&x->request.query, "format").n > 0)
		return rowhouse_export(x, e);
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &p.dataset, &x->arena, e) ||
	    !query_tree(&sent, x, e) ||
	    !query_gather(sent, x, export_fields + EXPORT_FIELD_QUERY, e))
		return false;
	p.sent = sent;
	return draw(x, &p, NULL, e);
}

/* What the person at the form can mend is said there. */
static bool
failed(struct exchange *x, struct export_page *p, const struct err *wrong, struct err *e)
{
	if (page_can_mend(wrong))
		return draw(x, p, wrong, e);
	*e = *wrong;
	return false;
}

static bool
go_on(struct exchange *x, struct err *e)
{
	struct export_page *p = x->state;
	struct err wrong = {0};
	const char *job_id = p->job.job_id;
	if (!model_job_get(&x->app->model, &x->caller, str_of(job_id), &p->job, &x->arena, e))
		return false;
	if (job_is_active(&p->job)) {
		exchange_wait(x, job_id, false, go_on);
		return true;
	}
	return export_send_file(x, &p->job, &wrong) || failed(x, p, &wrong, e);
}

bool
page_export_post(struct exchange *x, struct err *e)
{
	struct export_page *p = arena_alloc(&x->arena, sizeof *p);
	struct model *m = &x->app->model;
	struct export_plan plan;
	struct err wrong = {0};
	json_t *sent;
	if (!page_posted(&sent, x, e) ||
	    !model_dataset_get(m, &x->caller, x->value[0], &p->dataset, &x->arena, e))
		return false;
	p->sent = sent;
	x->state = p;
	if (!model_export_plan(m, &p->dataset, sent, FORM_TEXT, &plan, &x->arena, &wrong))
		return failed(x, p, &wrong, e);
	if (!model_export_start(m, &x->caller, &p->dataset, &plan, &p->job, &x->arena, e))
		return false;
	if (p->dataset.rows * plan.count <= AT_ONCE_CELLS)
		return go_on(x, e);
	respond_see_other(x, arena_format(&x->arena, "/jobs/%s", p->job.job_id));
	return true;
}

bool
page_job_file(struct exchange *x, struct err *e)
{
	return rowhouse_job_file(x, e);
}
