/*
 * grid_columns.c: what the page of a dataset says of its columns: over each its type and what is in
 * it, and beside the table the facets that were opened.  Every bar and every value leads to the
 * rows that have it; see grid.h.
 */
#include "base/clock.h"
#include "base/limits.h"
#include "pages/grid.h"
#include "store/key.h"

#include <math.h>

/* A picture or values over so many of the first columns: a wide table stays a small page. */
#define HEADS_DESCRIBED 24
#define HEAD_VALUES 3
/* Bytes of a value that is shown in a list. */
#define VALUE_CLIP 80
/* A longer value is chosen by a filter, because it has no place in an address. */
#define VALUE_IN_LINK 512
/* Bars stand in a picture of 10 by 100 units each, which is stretched. */
#define BAR_STEP 10
#define BAR_WIDTH 9
#define BAR_HEIGHT 100

/* ---- counts ---- */

/* "12 %"; what is there is never 0 %, and what is missing never makes 100 %. */
static struct str
percent(uint64_t count, uint64_t of, struct arena *a)
{
	if (count == 0 || of == 0)
		return STR("0 %");
	double share = 100.0 * (double)count / (double)of;
	if (share < 0.5)
		return STR("< 1 %");
	if (count < of && share > 99.5)
		return STR("> 99 %");
	return arena_format(a, "%.0f %%", share);
}

static uint64_t
blank(const struct facet *f)
{
	return f->empty + f->null + f->missing;
}

/* ---- selections ---- */

/* The one selection, which is there already or not: "column:text". */
static bool
is_selected(const struct grid *g, const char *name, struct str selection)
{
	for (size_t i = 0; i < g->question.parts.count; i++)
		if (str_is(g->question.parts.list[i].name, name) &&
		    str_equal(g->question.parts.list[i].value, selection))
			return true;
	return false;
}

/* A link that adds the selection, or takes it back when it is there: then `flag` is true. */
static void
put_selection(struct jsonout *j, const char *link, const char *flag, const struct grid *g,
    const char *name, struct str selection)
{
	bool is = is_selected(g, name, selection);
	struct question_change change = {.without = name, .without_value = selection};
	if (!is)
		change = (struct question_change){.with = name, .with_value = selection};
	grid_put_link(j, link, g, &change);
	jsonout_member_bool(j, flag, is);
}

static struct str
selection_of(const struct grid *g, size_t column, struct str text)
{
	struct arena *a = &g->x->arena;
	struct str name = question_column(&g->columns[column], a);
	return arena_format(a, "%.*s:%.*s", STR_ARG(name), STR_ARG(text));
}

/* ---- values ---- */

/* A token as the text it stands for. */
static struct str
text_of(struct str token, struct arena *a)
{
	if (token.n < 2 || token.p[0] != '"')
		return token;
	struct str inner = {token.p + 1, token.n - 2};
	char *plain = arena_alloc(a, inner.n + 1);
	return (struct str){plain, cells_unescape(plain, inner)};
}

/* Members of the open object: one value with how often it comes and the ways to choose it. */
static void
put_value(
    struct jsonout *j, const struct grid *g, const struct facet *f, const struct facet_value *v)
{
	struct arena *a = &g->x->arena;
	struct str text = text_of(v->token, a);
	jsonout_member_str(j, "text", str_clip(text, VALUE_CLIP));
	jsonout_member_bool(j, "clipped", v->clipped || text.n > VALUE_CLIP);
	jsonout_member_int(j, "count", (int64_t)v->count);
	jsonout_member_str(j, "percent", percent(v->count, f->rows, a));
	jsonout_member_int(
	    j, "width", f->rows ? (int64_t)ceil(100.0 * (double)v->count / (double)f->rows) : 0);
	if (v->clipped || text.n == 0 || text.n > VALUE_IN_LINK)
		return;
	struct str selection = selection_of(g, f->column, text);
	put_selection(j, "include", "included", g, "include", selection);
	put_selection(j, "exclude", "excluded", g, "exclude", selection);
}

static void
put_values(struct jsonout *j, const struct grid *g, const struct facet *f, size_t most)
{
	jsonout_key(j, "values");
	jsonout_array(j);
	for (size_t i = 0; i < f->value_count && i < most; i++) {
		jsonout_object(j);
		put_value(j, g, f, &f->values[i]);
		jsonout_end(j);
	}
	jsonout_end(j);
}

/* What is empty, null or missing can be chosen as one. */
static void
put_blank(struct jsonout *j, const struct grid *g, const struct facet *f)
{
	struct str selection = selection_of(g, f->column, STR(""));
	uint64_t count = blank(f);
	jsonout_key(j, "blank");
	jsonout_object(j);
	jsonout_member_int(j, "count", (int64_t)count);
	jsonout_member_str(j, "percent", percent(count, f->rows, &g->x->arena));
	put_selection(j, "include", "included", g, "include", selection);
	put_selection(j, "exclude", "excluded", g, "exclude", selection);
	jsonout_end(j);
}

/* ---- histograms ---- */

static bool
is_moment(enum column_type type)
{
	return type == COLUMN_DATE || type == COLUMN_DATETIME;
}

/* An end of a bin as a value of the column: for addresses whole, for people short.  Empty: a moment
 * no calendar has. */
static struct str
end_of_bin(double v, enum column_type type, bool is_short, struct arena *a)
{
	char text[CLOCK_TEXT_BYTES];
	if (is_moment(type)) {
		if (!(fabs(v) < 6e10))
			return STR("");
		int64_t us = (int64_t)llround(v * 1e6);
		if (us % 1000000 == 0 || is_short)
			clock_format(text, us);
		else
			clock_format_us(text, us);
		bool is_day = us % INT64_C(86400000000) == 0;
		struct str all = arena_copy(a, str_of(text));
		all.n = is_day || (is_short && type == COLUMN_DATE) ? 10 : all.n;
		return all;
	}
	if (is_short)
		return arena_format(a, "%.6g", v);
	struct buf b;
	struct jsonout j;
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_double(&j, v);
	return buf_str(&b);
}

/* The bin from its beginning up to but without its end; the last one has none. */
static void
put_bar(struct jsonout *j, const struct grid *g, const struct facet *f, size_t i, uint64_t most)
{
	struct arena *a = &g->x->arena;
	enum column_type type = g->columns[f->column].type;
	const struct facet_bin *bin = &f->bins[i];
	bool is_last = i + 1 == f->bin_count;
	struct str from = end_of_bin(bin->from, type, false, a),
		   to = is_last ? STR("") : end_of_bin(bin->to, type, false, a);
	int64_t height = (int64_t)ceil(BAR_HEIGHT * (double)bin->count / (double)most);
	jsonout_object(j);
	jsonout_member_int(j, "x", (int64_t)i * BAR_STEP);
	jsonout_member_int(j, "y", BAR_HEIGHT - height);
	jsonout_member_int(j, "height", height);
	jsonout_member_int(j, "count", (int64_t)bin->count);
	jsonout_member_str(j, "percent", percent(bin->count, f->rows, a));
	jsonout_member_int(j, "width", (int64_t)ceil(100.0 * (double)bin->count / (double)most));
	jsonout_member_str(j, "from", end_of_bin(bin->from, type, true, a));
	jsonout_member_str(j, "to", end_of_bin(bin->to, type, true, a));
	if (from.n > 0) {
		struct str text = arena_format(a, "%.*s..%.*s", STR_ARG(from), STR_ARG(to));
		struct str selection = selection_of(g, f->column, text);
		put_selection(j, "include", "included", g, "include", selection);
		put_selection(j, "exclude", "excluded", g, "exclude", selection);
	}
	jsonout_end(j);
}

static void
put_bars(struct jsonout *j, const struct grid *g, const struct facet *f)
{
	uint64_t most = 0;
	for (size_t i = 0; i < f->bin_count; i++)
		most = f->bins[i].count > most ? f->bins[i].count : most;
	jsonout_member_int(j, "bars_width", (int64_t)f->bin_count * BAR_STEP);
	jsonout_member_int(j, "bar_width", BAR_WIDTH);
	jsonout_key(j, "bars");
	jsonout_array(j);
	for (size_t i = 0; i < f->bin_count; i++)
		if (f->bins[i].count > 0)
			put_bar(j, g, f, i, most);
	jsonout_end(j);
}

/* Few values say more than bins; many different numbers or moments are bins. */
static bool
is_histogram(const struct grid *g, const struct facet *f, size_t values)
{
	return f->bin_count > 1 && f->distinct > values &&
	       key_has_place(g->columns[f->column].type);
}

/* ---- over the columns ---- */

/* How the rows are sorted now, with one column changed: turned round, taken out, or put behind. */
static struct str
sorts_with(const struct grid *g, size_t column, bool behind, struct arena *a)
{
	struct buf b;
	const struct query *q = &g->query;
	bool found = false;
	buf_init(&b, a);
	for (size_t i = 0; i < q->sort_count; i++) {
		const struct sort *s = &q->sorts[i];
		bool is = s->column == column;
		found |= is;
		/* Ascending, descending, not at all. */
		if ((is && s->descending) || (!is && !behind))
			continue;
		struct str name = question_column(&g->columns[s->column], a);
		buf_format(&b, "%s%s%.*s", b.n ? "," : "",
		    is              ? "-"
		    : s->descending ? "-"
				    : "",
		    STR_ARG(name));
	}
	if (!found) {
		struct str name = question_column(&g->columns[column], a);
		buf_format(&b, "%s%.*s", b.n ? "," : "", STR_ARG(name));
	}
	return buf_str(&b);
}

static void
put_sort_link(struct jsonout *j, const char *key, const struct grid *g, struct str sort)
{
	struct question_change change = {.without = "sort"};
	if (sort.n > 0)
		change = (struct question_change){"sort", {0}, "sort", sort};
	grid_put_link(j, key, g, &change);
}

static void
put_sorting(struct jsonout *j, const struct grid *g, size_t column)
{
	struct arena *a = &g->x->arena;
	const struct query *q = &g->query;
	size_t i = 0;
	while (i < q->sort_count && q->sorts[i].column != column)
		i++;
	bool is = i < q->sort_count;
	jsonout_member_text(j, "sorted",
	    !is                      ? NULL
	    : q->sorts[i].descending ? "descending"
				     : "ascending");
	jsonout_member_int(j, "sort_place", is && q->sort_count > 1 ? (int64_t)i + 1 : 0);
	put_sort_link(j, "sort", g, sorts_with(g, column, is, a));
	if (q->sort_count > 0 && !is)
		put_sort_link(j, "sort_then", g, sorts_with(g, column, true, a));
}

static void
put_facet_switch(struct jsonout *j, const struct grid *g, size_t column)
{
	struct arena *a = &g->x->arena;
	const struct column *c = &g->columns[column];
	struct str names[] = {question_column(c, a), arena_format(a, "col_%.*s", STR_ARG(c->slug))};
	struct question_change change = {.with = "facet", .with_value = names[0]};
	bool is = false;
	for (size_t i = 0; i < ARRAY_LENGTH(names) && !is; i++) {
		is = is_selected(g, "facet", names[i]);
		if (is)
			change =
			    (struct question_change){.without = "facet", .without_value = names[i]};
	}
	grid_put_link(j, "facet", g, &change);
	jsonout_member_bool(j, "facet_open", is);
}

static void
put_description(struct jsonout *j, const struct grid *g, const struct facet *f, size_t place)
{
	jsonout_member_bool(j, "described", true);
	jsonout_member_int(j, "distinct", (int64_t)f->distinct);
	put_blank(j, g, f);
	if (place >= HEADS_DESCRIBED)
		return;
	if (is_histogram(g, f, HEAD_VALUES))
		put_bars(j, g, f);
	/* Where the most frequent value is a rare one none is worth showing. */
	else if (f->value_count > 0 &&
		 (f->values[0].count >= f->rows / 100 + 2 || f->distinct <= HEAD_VALUES))
		put_values(j, g, f, HEAD_VALUES);
}

bool
grid_put_heads(struct grid *g, struct jsonout *j, struct err *e)
{
	struct arena *a = &g->x->arena;
	struct query all = g->query;
	all.filter = NULL;
	all.selection_count = all.sort_count = 0;
	all.search = (struct str){0};
	if (g->described_count > 0 && !query_facets(g->rows, &all, g->described, g->described_count,
					  STATISTICS_VALUES, STATISTICS_BINS, &g->statistics, a, e))
		return false;
	const struct facet **facets = arena_array(a, g->count, sizeof(struct facet *));
	for (size_t i = 0; i < g->statistics.count; i++)
		facets[g->statistics.list[i].column] = &g->statistics.list[i];
	jsonout_key(j, "heads");
	jsonout_array(j);
	for (size_t k = 0; k < g->count; k++) {
		const struct column *c = &g->columns[k];
		jsonout_object(j);
		jsonout_member_str(j, "id", arena_format(a, "col_%.*s", STR_ARG(c->slug)));
		jsonout_member_str(j, "name", c->name);
		jsonout_member_text(j, "type", column_type_names[c->type]);
		jsonout_member_bool(j, "required", c->required);
		put_sorting(j, g, k);
		put_facet_switch(j, g, k);
		if (facets[k])
			put_description(j, g, facets[k], k);
		jsonout_end(j);
	}
	jsonout_end(j);
	return true;
}

/* ---- beside the table ---- */

static void
put_more(struct jsonout *j, const struct grid *g, const struct facet *f, size_t shown)
{
	struct question_change change = {"values", {0}, "values", STR("100")};
	if (f->distinct <= shown)
		return;
	jsonout_member_int(j, "more", (int64_t)(f->distinct - shown));
	if (shown < LIMIT_FACET_VALUES)
		grid_put_link(j, "more_link", g, &change);
}

static void
put_facet(struct jsonout *j, const struct grid *g, const struct facet *f)
{
	const struct column *c = &g->columns[f->column];
	bool is_bins = is_histogram(g, f, g->facet_values);
	jsonout_object(j);
	jsonout_member_str(j, "id", arena_format(&g->x->arena, "col_%.*s", STR_ARG(c->slug)));
	jsonout_member_str(j, "name", c->name);
	jsonout_member_int(j, "rows", (int64_t)f->rows);
	jsonout_member_int(j, "distinct", (int64_t)f->distinct);
	jsonout_member_int(j, "other", (int64_t)f->other);
	put_facet_switch(j, g, f->column);
	put_blank(j, g, f);
	if (is_bins)
		put_bars(j, g, f);
	else
		put_values(j, g, f, g->facet_values);
	if (!is_bins)
		put_more(j, g, f, f->value_count);
	jsonout_end(j);
}

bool
grid_put_facets(struct grid *g, struct jsonout *j, struct err *e)
{
	struct query_facets found = {0};
	if (g->facet_count > 0 && g->wrong.code == ERR_OK &&
	    !query_facets(g->rows, &g->query, g->facets, g->facet_count, g->facet_values,
		STATISTICS_BINS, &found, &g->x->arena, e)) {
		if (e->code != ERR_TIMEOUT && e->code != ERR_TOO_BIG)
			return false;
		g->wrong = *e;
		err_clear(e);
	}
	jsonout_key(j, "facets");
	jsonout_array(j);
	for (size_t i = 0; i < found.count; i++)
		put_facet(j, g, &found.list[i]);
	jsonout_end(j);
	return true;
}
