/*
 * projected_facets.c: what values a column has, counted from its projection; see projected.h.
 * Values that only changed rows have stand beside those of the projection.
 */
#include "base/limits.h"
#include "store/projected.h"
#include "store/query_facets.h"
#include "store/rows_file.h"

#include <float.h>

/* A value that is counted: of the projection by its id, else (key.n > 0) of changed rows alone. */
struct tally {
	uint32_t id; /* of a changed row's value: the next one's */
	struct str key;
	uint64_t count;
	uint32_t row; /* of a changed row's value: the first row that has it */
};

struct counter {
	struct projected *x;
	struct facet *facet;
	const struct projection *p;
	size_t k;             /* of the changed rows' keys */
	const uint64_t *bits; /* rows that count */
	uint32_t *counts;     /* by id; NULL: all rows of the projection count */
	struct tally *more;   /* values the projection does not know */
	size_t more_count;
	struct arena *kept;
};

/* ---- which rows count ---- */

/* A column's own selections do not restrict what is counted of it. */
static const uint64_t *
rows_of(struct projected *x, size_t column)
{
	size_t own = 0;
	while (own < x->selected_count && x->selected[own] != column)
		own++;
	if (own == x->selected_count)
		return x->all;
	uint64_t *bits = bits_new(x->kept, x->span);
	bits_or(bits, x->rest, x->span);
	for (size_t k = 0; k < x->selected_count; k++)
		if (k != own)
			bits_and(bits, x->allowed[k], x->span);
	return bits;
}

static bool
counts_too(const struct changed_row *r, size_t column)
{
	return r->match.rest &&
	       (r->match.failing == 0 || (r->match.failing == 1 && r->match.column == column));
}

/* ---- counting ---- */

static uint64_t
count_of(const struct counter *c, uint32_t id)
{
	return c->counts ? c->counts[id] : c->p->starts[id + 1] - c->p->starts[id];
}

static bool
count_rows(struct counter *c, struct err *e)
{
	const struct projection *p = c->p;
	uint64_t rows = bits_count(c->bits, c->x->span);
	if (rows == p->head.rows && c->x->changed_count == 0)
		return true;
	if (!query_fits(c->kept, p->head.values * sizeof(uint32_t), 0, e))
		return false;
	c->counts = arena_array(c->kept, p->head.values, sizeof *c->counts);
	uint64_t span = p->head.span;
	for (uint64_t w = 0; w < BITS_WORDS(span); w++)
		for (uint64_t word = c->bits[w]; word; word &= word - 1)
			c->counts[projection_id(p, w * 64 + (uint64_t)__builtin_ctzll(word))]++;
	return true;
}

static int
compare_tallies(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;
	int order = key_compare(x->key, y->key);
	return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* The first row of each value stays, and counts for all of them. */
static void
put_together(struct counter *c)
{
	size_t n = 0;
	qsort(c->more, c->more_count, sizeof *c->more, compare_tallies);
	for (size_t i = 0; i < c->more_count; i++)
		if (n > 0 && str_equal(c->more[n - 1].key, c->more[i].key))
			c->more[n - 1].count++;
		else
			c->more[n++] = c->more[i];
	c->more_count = n;
}

static void
count_changed(struct counter *c)
{
	struct projected *x = c->x;
	c->more = arena_array(c->kept, x->changed_count, sizeof *c->more);
	for (size_t i = 0; i < x->changed_count; i++) {
		const struct changed_row *r = &x->changed[i];
		if (!counts_too(r, c->facet->column))
			continue;
		bool same;
		struct str key = r->keys[c->k];
		uint32_t id = projection_find(c->p, key, &same);
		if (same)
			c->counts[id]++;
		else if (key.p[0] >= KEY_EMPTY)
			facet_count(c->facet, (enum key_class)key.p[0], 1);
		else
			c->more[c->more_count++] = (struct tally){id, key, 1, r->row};
	}
	put_together(c);
}

static void
put_classes(struct counter *c)
{
	for (int class = KEY_VALUE; class <= KEY_ABSENT; class ++) {
		uint64_t rows = 0;
		for (uint32_t id = projection_class_begin(c->p, (enum key_class) class);
		     id < c->p->head.class_end[class]; id++) {
			uint64_t n = count_of(c, id);
			rows += n;
			c->facet->distinct += n > 0 && class <= KEY_OTHER;
		}
		facet_count(c->facet, (enum key_class) class, rows);
	}
	for (size_t i = 0; i < c->more_count; i++)
		facet_count(c->facet, (enum key_class)c->more[i].key.p[0], c->more[i].count);
	c->facet->distinct += c->more_count;
}

/* ---- the most frequent ---- */

static bool
comes_before(const struct tally *a, const struct tally *b)
{
	if (a->count != b->count)
		return a->count > b->count;
	/* One that the projection does not know comes before the next that it does. */
	if (a->id != b->id || !a->key.n || !b->key.n)
		return a->id != b->id ? a->id < b->id : a->key.n > 0;
	return key_compare(a->key, b->key) < 0;
}

static void
insert(struct tally *top, size_t *n, size_t most, const struct tally *t)
{
	if (*n == most && !comes_before(t, &top[most - 1]))
		return;
	size_t at = *n < most ? (*n)++ : most - 1;
	for (; at > 0 && comes_before(t, &top[at - 1]); at--)
		top[at] = top[at - 1];
	top[at] = *t;
}

/* The first row that counts and has the value. */
static uint32_t
first_row(const struct counter *c, const struct tally *t)
{
	const struct projection *p = c->p;
	if (t->key.n)
		return t->row;
	uint32_t row = UINT32_MAX;
	for (uint32_t k = p->starts[t->id]; k < p->starts[t->id + 1] && row == UINT32_MAX; k++)
		if (bits_has(c->bits, p->order[k]))
			row = p->order[k];
	struct str key = projection_key(p, t->id);
	for (size_t i = 0; i < c->x->changed_count && c->x->changed[i].row < row; i++)
		if (counts_too(&c->x->changed[i], c->facet->column) &&
		    str_equal(c->x->changed[i].keys[c->k], key))
			return c->x->changed[i].row;
	return row;
}

struct showing {
	const struct column *column;
	struct arena *arena;
	struct cell *cells;
	struct str token;
};

static bool
show(void *context, const struct row *r, struct err *e)
{
	struct showing *s = context;
	(void)e;
	cells_split_row(s->cells, s->column->column_id + 1, r->cells, r->absent);
	s->token = facet_token(s->arena, &s->cells[s->column->column_id], s->column->type);
	return true;
}

static bool
value_of(struct counter *c, const struct tally *t, struct facet_value *out, struct arena *a,
    struct err *e)
{
	const struct column *column = &c->x->query->columns[c->facet->column];
	struct arena_mark mark = arena_mark(c->kept);
	struct showing s = {.column = column, .arena = a};
	s.cells = arena_array(c->kept, column->column_id + 1, sizeof *s.cells);
	int64_t row_id = (int64_t)first_row(c, t) + 1;
	if (!rows_each(c->x->file, row_id, row_id + 1, show, &s, e))
		return false;
	struct str key = t->key.n ? t->key : projection_key(c->p, t->id);
	*out = facet_value(s.token, key, t->count, a);
	arena_reset(c->kept, mark);
	return true;
}

static bool
put_top(struct counter *c, size_t most, struct arena *a, struct err *e)
{
	size_t n = 0;
	struct tally *top = arena_array(a, most + 1, sizeof *top);
	for (uint32_t id = 0; id < c->p->head.class_end[KEY_OTHER]; id++) {
		struct tally t = {.id = id, .count = count_of(c, id)};
		if (t.count > 0 && (n < most || t.count > top[most - 1].count))
			insert(top, &n, most, &t);
	}
	for (size_t i = 0; i < c->more_count; i++)
		insert(top, &n, most, &c->more[i]);
	struct facet_value *list = arena_array(a, n, sizeof *list);
	for (size_t i = 0; i < n; i++)
		if (!value_of(c, &top[i], &list[i], a, e))
			return false;
	c->facet->values = list;
	c->facet->value_count = n;
	return true;
}

/* ---- the least and the most ---- */

static bool
is_less(const struct counter *c, const struct tally *a, const struct tally *b)
{
	struct str x = a->key.n ? a->key : projection_key(c->p, a->id),
		   y = b->key.n ? b->key : projection_key(c->p, b->id);
	return key_compare(x, y) < 0;
}

static bool
put_range(struct counter *c, struct arena *a, struct err *e)
{
	enum column_type type = c->x->query->columns[c->facet->column].type;
	struct tally least = {0}, most = {0};
	for (uint32_t id = 0; id < c->p->head.class_end[KEY_VALUE]; id++) {
		struct tally t = {.id = id, .count = count_of(c, id)};
		if (t.count == 0)
			continue;
		least = least.count ? least : t;
		most = t;
		facet_length(c->facet, type, projection_key(c->p, id));
	}
	for (size_t i = 0; i < c->more_count; i++) {
		const struct tally *t = &c->more[i];
		if (t->key.p[0] != KEY_VALUE)
			continue;
		least = !least.count || is_less(c, t, &least) ? *t : least;
		most = !most.count || is_less(c, &most, t) ? *t : most;
		facet_length(c->facet, type, t->key);
	}
	return least.count == 0 || (value_of(c, &least, &c->facet->least, a, e) &&
				       value_of(c, &most, &c->facet->most, a, e));
}

/* ---- the histogram ---- */

static void
widen(double place, double *least, double *most)
{
	*least = place < *least ? place : *least;
	*most = place > *most ? place : *most;
}

static void
put_histogram(struct counter *c, size_t bins, struct arena *a)
{
	struct facet *f = c->facet;
	enum column_type type = c->x->query->columns[f->column].type;
	uint32_t values = c->p->head.class_end[KEY_VALUE];
	double place, least = DBL_MAX, most = -DBL_MAX;
	if (!key_has_place(type))
		return;
	for (uint32_t id = 0; id < values; id++) {
		place = c->p->places[id];
		if (count_of(c, id) == 0)
			continue;
		if (place == place)
			widen(place, &least, &most);
		else
			f->beyond += count_of(c, id);
	}
	for (size_t i = 0; i < c->more_count; i++) {
		if (key_place(&place, c->more[i].key, type))
			widen(place, &least, &most);
		else if (c->more[i].key.p[0] == KEY_VALUE)
			f->beyond += c->more[i].count;
	}
	if (least > most)
		return;
	struct facet_bin *list = facet_bins(least, most, &bins, a);
	size_t at = 0;
	for (uint32_t id = 0; id < values; id++) {
		place = c->p->places[id];
		if (count_of(c, id) == 0 || place != place)
			continue;
		/* They come in their order. */
		while (at + 1 < bins && list[at + 1].from <= place)
			at++;
		list[at].count += count_of(c, id);
	}
	for (size_t i = 0; i < c->more_count; i++)
		if (key_place(&place, c->more[i].key, type))
			list[facet_bin(list, bins, place)].count += c->more[i].count;
	f->bins = list;
	f->bin_count = bins;
}

bool
projected_facet(struct projected *x, struct facet *f, size_t k, size_t values, size_t bins,
    struct arena *a, struct err *e)
{
	struct arena_mark mark = arena_mark(x->kept);
	struct counter c = {.x = x,
	    .facet = f,
	    .p = x->query->projections[f->column],
	    .k = k,
	    .bits = rows_of(x, f->column),
	    .kept = x->kept};
	if (!count_rows(&c, e))
		return false;
	count_changed(&c);
	put_classes(&c);
	if (!put_top(&c, values, a, e) || !put_range(&c, a, e))
		return false;
	put_histogram(&c, bins, a);
	arena_reset(x->kept, mark);
	return true;
}
