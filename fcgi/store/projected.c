/* projected.c: which rows a query finds in projections; see projected.h. */
#include "store/projected.h"
#include "store/rows_file.h"

/* ---- what is needed ---- */

static bool
asks_of_text(const struct filter *f)
{
	return f->kind == FILTER_CONTAINS || f->kind == FILTER_STARTS || f->kind == FILTER_ENDS;
}

/* A projection has values, not how each row writes them: 1.10 is there as 1.1. */
static bool
needs_rows(const struct query *q, const struct filter *f)
{
	if (!f)
		return false;
	if (f->kind == FILTER_OR || f->kind == FILTER_AND)
		return needs_rows(q, f->left) || needs_rows(q, f->right);
	if (f->kind == FILTER_NOT)
		return needs_rows(q, f->left);
	return asks_of_text(f) && key_is_typed(q->columns[f->column].type);
}

/* The rows have to be read, once, for the filter and the search together. */
static bool
is_scanned(const struct query *q)
{
	return q->search.n > 0 || needs_rows(q, q->filter);
}

static void
mark(const struct filter *f, bool *needed)
{
	if (f->kind == FILTER_OR || f->kind == FILTER_AND) {
		mark(f->left, needed);
		mark(f->right, needed);
	} else if (f->kind == FILTER_NOT) {
		mark(f->left, needed);
	} else {
		needed[f->column] = true;
	}
}

bool
query_needs(const struct query *q, const size_t *facets, size_t facet_count, bool *needed)
{
	bool any = false;
	memset(needed, 0, q->column_count * sizeof *needed);
	if (q->filter && !is_scanned(q))
		mark(q->filter, needed);
	for (size_t i = 0; i < q->selection_count; i++)
		needed[q->selections[i].test.column] = true;
	for (size_t i = 0; i < q->sort_count; i++)
		needed[q->sorts[i].column] = true;
	for (size_t i = 0; i < facet_count; i++)
		needed[facets[i]] = true;
	for (size_t k = 0; k < q->column_count; k++)
		any |= needed[k];
	return any;
}

/* ---- rows by value ---- */

static void
set_rows(uint64_t *bits, const struct projection *p, uint32_t first, uint32_t end)
{
	if (first >= end)
		return;
	for (uint32_t k = p->starts[first]; k < p->starts[end]; k++)
		bits_set(bits, p->order[k]);
}

static void
set_key(uint64_t *bits, const struct projection *p, struct str key)
{
	bool same;
	uint32_t id = projection_find(p, key, &same);
	if (same)
		set_rows(bits, p, id, id + 1);
}

static void
set_classes(uint64_t *bits, const struct projection *p, unsigned classes)
{
	for (int c = KEY_VALUE; c <= KEY_ABSENT; c++)
		if (classes >> c & 1)
			set_rows(bits, p, projection_class_begin(p, (enum key_class)c),
			    p->head.class_end[c]);
}

static void
set_range(uint64_t *bits, const struct projection *p, const struct filter *f)
{
	bool same;
	uint32_t first = 0, end = p->head.class_end[KEY_VALUE];
	if (f->values[0].n > 0) {
		first = projection_find(p, f->values[0], &same);
		first += same && f->open[0];
	}
	if (f->values[1].n > 0) {
		uint32_t last = projection_find(p, f->values[1], &same);
		last += same && !f->open[1];
		end = last < end ? last : end;
	}
	set_rows(bits, p, first, end);
}

static bool
set_texts(uint64_t *bits, struct projected *x, const struct projection *p, const struct filter *f,
    struct err *e)
{
	locale_t locale;
	struct room *folded = room_open(x->kept);
	if (!fold_open(&locale, x->kept, e))
		return false;
	for (uint32_t id = 0; id < p->head.class_end[KEY_EMPTY]; id++) {
		struct str key = projection_key(p, id), text = {key.p + 1, key.n - 1};
		if (id % 4096 == 0 && !query_in_time(&x->time, e))
			return false;
		if (!room_for(folded, FOLD_ROOM(text.n), e))
			return false;
		text = (struct str){folded->p, fold(folded->p, text, locale)};
		if (filter_has_part(f, text))
			set_rows(bits, p, id, id + 1);
	}
	return true;
}

/* Of the kinds that look at the key alone. */
static void
set_by_key(uint64_t *bits, const struct projection *p, const struct filter *f)
{
	if (f->kind == FILTER_RANGE)
		set_range(bits, p, f);
	else if (f->kind == FILTER_CLASS)
		set_classes(bits, p, f->classes);
	else
		for (size_t i = 0; i < f->count; i++)
			set_key(bits, p, f->values[i]);
}

/* `out` is empty before. */
static bool
evaluate(struct projected *x, const struct filter *f, uint64_t *out, struct err *e)
{
	const struct projection *p = NULL;
	if (f->kind != FILTER_OR && f->kind != FILTER_AND && f->kind != FILTER_NOT)
		p = x->query->projections[f->column];
	struct arena_mark mark = arena_mark(x->kept);
	bool good = true;
	switch (f->kind) {
	case FILTER_OR:
	case FILTER_AND: {
		if (!evaluate(x, f->left, out, e))
			return false;
		uint64_t *right = bits_new(x->kept, x->span);
		good = evaluate(x, f->right, right, e);
		if (f->kind == FILTER_OR)
			bits_or(out, right, x->span);
		else
			bits_and(out, right, x->span);
		break;
	}
	case FILTER_NOT:
		good = evaluate(x, f->left, out, e);
		bits_not(out, x->span);
		break;
	case FILTER_RANGE:
	case FILTER_IN:
	case FILTER_CLASS:
		set_by_key(out, p, f);
		break;
	case FILTER_CONTAINS:
	case FILTER_STARTS:
	case FILTER_ENDS:
		good = set_texts(out, x, p, f, e);
		break;
	}
	arena_reset(x->kept, mark);
	return good;
}

/* ---- rows that are read ---- */

struct looking {
	struct projected *x;
	struct matcher *matcher;
	uint64_t *bits;
	const size_t *keyed;
	size_t keyed_count;
	struct changed_row *out;
};

static bool
look_at_any(void *context, const struct row *r, struct err *e)
{
	struct looking *l = context;
	struct match match;
	if (!matcher_row(l->matcher, r, &match, e))
		return false;
	if (match.rest && (uint64_t)r->row_id <= l->x->span)
		bits_set(l->bits, (uint64_t)r->row_id - 1);
	return true;
}

static bool
scan(struct projected *x, uint64_t *out, struct arena *a, struct err *e)
{
	struct query *rest = arena_alloc(a, sizeof *rest);
	*rest = *x->query;
	rest->selection_count = 0;
	struct looking l = {.x = x, .bits = out};
	return matcher_open(&l.matcher, rest, a, e) && rows_each(x->file, 0, 0, look_at_any, &l, e);
}

static bool
look_at_changed(void *context, const struct row *r, struct err *e)
{
	struct looking *l = context;
	struct arena *kept = l->x->kept;
	if (!matcher_row(l->matcher, r, &l->out->match, e))
		return false;
	struct str *keys = arena_array(kept, l->keyed_count, sizeof *keys);
	for (size_t k = 0; k < l->keyed_count; k++) {
		struct str key;
		if (!matcher_key(l->matcher, l->keyed[k], &key, e) ||
		    !query_fits(kept, key.n, 0, e))
			return false;
		keys[k] = arena_copy(kept, key);
	}
	l->out->keys = keys;
	l->out->row = (uint32_t)(r->row_id - 1);
	l->out++;
	return true;
}

/* Reads those that are still there; `touched` are all of them, in order. */
static bool
read_changed(struct projected *x, const int64_t *touched, size_t count, const size_t *keyed,
    size_t keyed_count, struct arena *a, struct err *e)
{
	x->changed = arena_array(x->kept, count, sizeof *x->changed);
	struct looking l = {.x = x, .keyed = keyed, .keyed_count = keyed_count, .out = x->changed};
	if (count == 0)
		return true;
	if (!matcher_open(&l.matcher, x->query, a, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!rows_each(x->file, touched[i], touched[i] + 1, look_at_changed, &l, e))
			return false;
	x->changed_count = (size_t)(l.out - x->changed);
	return true;
}

/* ---- opening ---- */

static const struct projection *
any_projection(const struct query *q)
{
	size_t k = 0;
	while (!q->projections[k])
		k++;
	return q->projections[k];
}

/* Rows there are, as one of the projections knows. */
static void
set_alive(uint64_t *bits, const struct projection *p)
{
	if (p->head.rows == p->head.span)
		bits_not(bits, p->head.span);
	else
		set_rows(bits, p, 0, p->head.values);
}

static uint64_t *
allowed_by(struct projected *x, size_t column, const uint64_t *alive)
{
	const struct query *q = x->query;
	const struct projection *p = q->projections[column];
	uint64_t *sets[2] = {bits_new(x->kept, x->span), bits_new(x->kept, x->span)};
	bool any = false;
	for (size_t i = 0; i < q->selection_count; i++) {
		const struct selection *s = &q->selections[i];
		if (s->test.column != column)
			continue;
		any |= !s->exclude;
		set_by_key(sets[s->exclude], p, &s->test);
	}
	if (!any)
		bits_or(sets[0], alive, x->span);
	bits_without(sets[0], sets[1], x->span);
	return sets[0];
}

static void
apply_selections(struct projected *x, const uint64_t *alive)
{
	const struct query *q = x->query;
	x->selected = arena_array(x->kept, q->selection_count, sizeof *x->selected);
	x->allowed = arena_array(x->kept, q->selection_count, sizeof *x->allowed);
	for (size_t i = 0; i < q->selection_count; i++) {
		size_t k = 0, column = q->selections[i].test.column;
		while (k < x->selected_count && x->selected[k] != column)
			k++;
		if (k < x->selected_count)
			continue;
		x->selected[k] = column;
		x->allowed[k] = allowed_by(x, column, alive);
		x->selected_count++;
	}
	x->all = x->rest;
	if (x->selected_count > 0) {
		x->all = bits_new(x->kept, x->span);
		bits_or(x->all, x->rest, x->span);
	}
	for (size_t k = 0; k < x->selected_count; k++)
		bits_and(x->all, x->allowed[k], x->span);
}

static bool
find_rest(struct projected *x, const uint64_t *alive, struct arena *a, struct err *e)
{
	const struct query *q = x->query;
	x->rest = bits_new(x->kept, x->span);
	if (is_scanned(q)) {
		if (!scan(x, x->rest, a, e))
			return false;
	} else if (q->filter) {
		if (!evaluate(x, q->filter, x->rest, e))
			return false;
	} else {
		bits_or(x->rest, alive, x->span);
	}
	/* Not those that are gone, and not those that were touched. */
	bits_and(x->rest, alive, x->span);
	return true;
}

bool
projected_open(struct projected *x, struct rows_file *f, const struct query *q, const size_t *keyed,
    size_t keyed_count, struct arena *a, struct err *e)
{
	int64_t *touched, since = INT64_MAX;
	size_t count;
	*x = (struct projected){
	    .query = q, .file = f, .kept = query_arena(a), .time = query_time_of(q)};
	for (size_t k = 0; k < q->column_count; k++) {
		const struct projection *p = q->projections[k];
		if (!p)
			continue;
		since = p->head.change_id < since ? p->head.change_id : since;
		x->span = p->head.span > x->span ? p->head.span : x->span;
	}
	if (!rows_touched_since(f, since, UINT32_MAX, &touched, &count, x->kept, e))
		return false;
	if (count > 0 && (uint64_t)touched[count - 1] > x->span)
		x->span = (uint64_t)touched[count - 1];
	uint64_t *alive = bits_new(x->kept, x->span);
	set_alive(alive, any_projection(q));
	for (size_t i = 0; i < count; i++)
		bits_clear(alive, (uint64_t)touched[i] - 1);
	if (!read_changed(x, touched, count, keyed, keyed_count, a, e) ||
	    !find_rest(x, alive, a, e))
		return false;
	apply_selections(x, alive);
	x->total = bits_count(alive, x->span) + x->changed_count;
	x->rest_count = bits_count(x->rest, x->span);
	x->all_count = x->all == x->rest ? x->rest_count : bits_count(x->all, x->span);
	x->matching = x->all_count;
	for (size_t i = 0; i < x->changed_count; i++)
		x->matching += x->changed[i].match.rest && x->changed[i].match.failing == 0;
	return true;
}

/* ---- rows in their own order ---- */

const uint64_t *
projected_rows(struct projected *x)
{
	for (size_t i = 0; i < x->changed_count; i++)
		if (x->changed[i].match.rest && x->changed[i].match.failing == 0)
			bits_set(x->all, x->changed[i].row);
	return x->all;
}

bool
projected_page(struct projected *x, uint64_t offset, size_t limit, struct query_page *out,
    int64_t *row_ids, struct err *e)
{
	uint64_t skip = offset;
	const uint64_t *all = projected_rows(x);
	(void)e;
	uint64_t word = 0, words = BITS_WORDS(x->span);
	for (; word < words; word++) {
		uint64_t there = (uint64_t)__builtin_popcountll(all[word]);
		if (there > skip)
			break;
		skip -= there;
	}
	for (uint64_t i = bits_next(all, word * 64, x->span); i < x->span && out->count < limit;
	     i = bits_next(all, i + 1, x->span)) {
		if (skip > 0)
			skip--;
		else
			row_ids[out->count++] = (int64_t)i + 1;
	}
	return true;
}
