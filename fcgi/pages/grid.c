/*
 * grid.c: which rows of a dataset are shown, and the way from page to page; see grid.h.  What is
 * said of the columns is grid_columns.c.
 */
#include "pages/grid.h"
#include "api/rowcells.h"
#include "api/rowhouse.h"
#include "base/limits.h"

#define PAGE_LIMIT 100
/* Wide tables show fewer rows at once: what a browser lays out without a stop, and a request holds.
 */
#define PAGE_CELLS 40000
/* So many cells are counted while the page is made when no statistics of them are stored. */
#define CELLS_AT_ONCE 100000

/* The table's rows while they are being written. */
struct table {
	struct jsonout *j;
	struct rowcells cells;
	struct str question; /* of the address, before which the row stands in each link */
	uint64_t position, asked, limit;
	size_t shown, clip;
};

/* ---- the question ---- */

/* What is wrong with a question stands on the page; anything else has no page. */
static bool
is_about_question(const struct err *e)
{
	return e->code == ERR_INPUT || e->code == ERR_TIMEOUT || e->code == ERR_TOO_BIG;
}

/* True: it failed, and the page says so. */
static bool
take_wrong(struct grid *g, struct err *e)
{
	if (!is_about_question(e))
		return false;
	g->wrong = *e;
	err_clear(e);
	return true;
}

/* The columns whose facets are opened; names of columns that are gone mean nothing. */
static void
read_facets(struct grid *g)
{
	struct arena *a = &g->x->arena;
	size_t *list = arena_array(a, LIMIT_FACET_COLUMNS, sizeof *list);
	for (size_t i = 0; i < g->question.parts.count; i++) {
		const struct url_parameter *p = &g->question.parts.list[i];
		const size_t *one;
		size_t n, k = 0;
		struct err ignored = {0};
		if (!str_is(p->name, "facet") || g->facet_count == LIMIT_FACET_COLUMNS ||
		    !model_query_columns(
			&one, &n, p->value, "facet", g->columns, g->count, a, &ignored))
			continue;
		while (k < g->facet_count && list[k] != one[0])
			k++;
		if (n == 1 && k == g->facet_count)
			list[g->facet_count++] = one[0];
	}
	g->facets = list;
}

/* Statistics are stored, or few cells are counted now, or the page asks for them once more. */
static bool
choose_statistics(struct grid *g, struct err *e)
{
	struct exchange *x = g->x;
	bool asked = url_parameter(&x->request.query, "statistics").n > 0;
	g->is_stored = model_statistics_stored(
	    &g->statistics, &x->app->model, g->dataset, g->count, &x->arena);
	if (g->is_stored)
		return true;
	g->later = g->total > CELLS_AT_ONCE / (g->count + 1) && !asked;
	return g->later || model_statistics_columns(&g->described, &g->described_count,
			       (struct str){0}, g->columns, g->count, &x->arena, e);
}

static bool
prepare(struct grid *g, bool *waits, struct err *e)
{
	struct exchange *x = g->x;
	size_t count = g->facet_count + g->described_count;
	size_t *all = arena_array(&x->arena, count, sizeof *all);
	if (g->facet_count)
		memcpy(all, g->facets, g->facet_count * sizeof *all);
	if (g->described_count)
		memcpy(all + g->facet_count, g->described, g->described_count * sizeof *all);
	return query_prepare(x, g->dataset, g->rows, &g->query, all, count, page_dataset, waits, e);
}

bool
grid_open(struct grid *g, struct exchange *x, struct dataset *d, bool *waits, struct err *e)
{
	struct arena *a = &x->arena;
	uint64_t values;
	*g = (struct grid){.x = x, .dataset = d};
	*waits = false;
	question_of(&g->question, &x->request.query, a);
	question_request(&g->request, &g->question, a);
	if (!model_rows_open(&x->app->model, d, &g->rows, a, e) ||
	    !rows_columns(g->rows, &g->columns, &g->count, a, e) ||
	    !rows_count(g->rows, &g->total, e) ||
	    !request_number(&values, &x->request, "values", 12, 1, LIMIT_FACET_VALUES, e))
		return false;
	g->facet_values = (size_t)values;
	read_facets(g);
	if (!choose_statistics(g, e))
		return false;
	if (!model_query_check(&g->query, &g->request, g->columns, g->count, a, e)) {
		if (!take_wrong(g, e))
			return false;
		g->query = (struct query){.columns = g->columns, .column_count = g->count};
	}
	return prepare(g, waits, e);
}

void
grid_put_link(
    struct jsonout *j, const char *key, const struct grid *g, const struct question_change *change)
{
	jsonout_member_str(j, key, question_write(&g->question, change, &g->x->arena));
}

/* ---- what is asked for, each with the way to ask for less ---- */

static void
put_chip(
    struct jsonout *j, const struct grid *g, const char *name, const char *word, struct str value)
{
	struct question_change without = {.without = name, .without_value = value};
	jsonout_object(j);
	jsonout_member_text(j, "name", name);
	jsonout_member_text(j, "word", word);
	jsonout_member_str(j, "text", value);
	grid_put_link(j, "link", g, &without);
	jsonout_end(j);
}

static void
put_asked(struct jsonout *j, const struct grid *g)
{
	static const struct {
		const char *name, *word;
	} words[] = {{"search", "Search"}, {"filter", "Filter"}, {"include", "Only"},
	    {"exclude", "Without"}, {"sort", "Sorted by"}};
	struct question all = {
	    {.list = arena_array(&g->x->arena, g->question.parts.count, sizeof *all.parts.list)}};
	static const char *const typed[] = {"filter", "search", NULL};
	jsonout_key(j, "chips");
	jsonout_array(j);
	for (size_t i = 0; i < g->question.parts.count; i++) {
		const struct url_parameter *p = &g->question.parts.list[i];
		size_t k = 0;
		while (k < ARRAY_LENGTH(words) && !str_is(p->name, words[k].name))
			k++;
		if (k < ARRAY_LENGTH(words))
			put_chip(j, g, words[k].name, words[k].word, p->value);
		else
			all.parts.list[all.parts.count++] = *p;
	}
	jsonout_end(j);
	jsonout_member_str(j, "all_link", question_write(&all, NULL, &g->x->arena));
	jsonout_member_str(j, "question", question_write(&g->question, NULL, &g->x->arena));
	jsonout_member_bool(j, "asks", question_asks(&g->question));
	jsonout_member_str(j, "filter", g->request.filter);
	jsonout_member_str(j, "search", g->request.search);
	question_put_hidden(j, "hidden", &g->question, typed);
	static const char *const none[] = {NULL};
	question_put_hidden(j, "hidden_all", &g->question, none);
}

/* ---- rows ---- */

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

/* "row=7" and the question behind it. */
static struct str
row_link(uint64_t number, struct str question, struct arena *a)
{
	return arena_format(
	    a, "row=%" PRIu64 "%s%.*s", number, question.n ? "&" : "", STR_ARG(question));
}

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
	jsonout_member_str(j, "link", row_link(number, t->question, j->out->arena));
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

/* ?row= counts from 1; the page it is on begins at `position`, which counts from 0. */
static bool
read_position(struct table *t, struct exchange *x, size_t column_count, struct err *e)
{
	if (!request_number(&t->limit, &x->request, "limit", PAGE_LIMIT, 1, LIMIT_PAGE_ROWS, e) ||
	    !request_number(&t->asked, &x->request, "row", 1, 1, INT64_MAX, e))
		return false;
	if (column_count > 0 && t->limit > PAGE_CELLS / column_count)
		t->limit = PAGE_CELLS / column_count;
	t->position = (t->asked - 1) / t->limit * t->limit;
	/* All cells of the page share what a page may have. */
	size_t cells = (size_t)t->limit * column_count;
	t->clip = cells ? (size_t)LIMIT_PAGE_BYTES / cells : 0;
	t->clip = t->clip > LIMIT_PAGE_CELL_BYTES ? LIMIT_PAGE_CELL_BYTES
		  : t->clip < 16                  ? 16
						  : t->clip;
	return true;
}

/* An address from before rows went leads to the last page, not to nothing. */
static bool
stay_inside(struct table *t, uint64_t matching)
{
	if (t->position < matching || matching == 0)
		return true;
	t->position = (matching - 1) / t->limit * t->limit;
	return false;
}

/* Fails only where the page cannot say why. */
static bool
put_rows(struct grid *g, struct table *t, uint64_t *matching, struct err *e)
{
	struct query_page found = {0};
	struct arena *a = &g->x->arena;
	if (g->wrong.code)
		return true;
	if (query_request_is_plain(&g->request)) {
		*matching = g->total;
		stay_inside(t, *matching);
		return rows_page(g->rows, t->position, t->limit, put_row, t, e);
	}
	bool good =
	    query_rows(g->rows, &g->query, t->position, (size_t)t->limit, &found, put_row, t, a, e);
	if (good && !stay_inside(t, found.matching))
		good = query_rows(
		    g->rows, &g->query, t->position, (size_t)t->limit, &found, put_row, t, a, e);
	*matching = found.matching;
	return good || take_wrong(g, e);
}

/* ---- the way from page to page ---- */

static void
put_page_link(
    struct jsonout *j, const char *key, const struct table *t, bool there, uint64_t position)
{
	if (there)
		jsonout_member_str(j, key, row_link(position + 1, t->question, j->out->arena));
	else
		jsonout_member_text(j, key, NULL);
}

static void
put_paging(struct jsonout *j, const struct table *t, uint64_t matching)
{
	uint64_t last = matching > 0 ? (matching - 1) / t->limit * t->limit : 0, at = t->position;
	jsonout_member_int(j, "matching", (int64_t)matching);
	jsonout_member_int(j, "first", (int64_t)(t->shown ? at + 1 : 0));
	jsonout_member_int(j, "last", (int64_t)(at + t->shown));
	jsonout_member_int(j, "page_number", (int64_t)(at / t->limit + 1));
	jsonout_member_int(j, "page_count", (int64_t)((matching + t->limit - 1) / t->limit));
	jsonout_key(j, "pages");
	jsonout_object(j);
	put_page_link(j, "first", t, at > 0, 0);
	put_page_link(j, "previous", t, at > 0, at > t->limit ? at - t->limit : 0);
	put_page_link(j, "next", t, at + t->shown < matching, at + t->shown);
	put_page_link(j, "last", t, at < last, last);
	jsonout_end(j);
}

bool
grid_put(struct grid *g, struct jsonout *j, struct err *e)
{
	struct table t = {.j = j, .question = question_write(&g->question, NULL, &g->x->arena)};
	uint64_t matching = 0;
	rowcells_init(&t.cells, g->columns, g->count, &g->x->arena);
	if (!read_position(&t, g->x, g->count, e))
		return false;
	jsonout_member_int(j, "total", (int64_t)g->total);
	jsonout_key(j, "rows");
	jsonout_array(j);
	if (!put_rows(g, &t, &matching, e))
		return false;
	jsonout_end(j);
	put_paging(j, &t, matching);
	put_asked(j, g);
	if (!grid_put_heads(g, j, e) || !grid_put_facets(g, j, e))
		return false;
	jsonout_member_text(j, "wrong", g->wrong.code ? g->wrong.message : NULL);
	jsonout_member_bool(j, "wrong_filter", strcmp(g->wrong.field, "filter") == 0);
	jsonout_member_bool(j, "statistics_later", g->later);
	return true;
}
