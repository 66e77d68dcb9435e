/*
 * projected_sort.c: a page of sorted rows from projections; see projected.h.
 *
 * The values of the first column are walked in order, each a group of rows.  Groups before the page
 * are only counted; those on it are put in the order of the other columns, small ones by comparing,
 * large ones by walking the next column's values in the same way.
 */
#define _GNU_SOURCE
#include "store/projected.h"

/* A group of more rows is walked. */
#define COMPARED_ROWS 4096

/* changed: place among the changed rows + 1; 0: it is as it was projected. */
struct candidate {
	uint32_t row, changed;
};

/* Where a row stands in a column: twice the id of its value and one, or, when no row had its value,
 * twice the id of the next. */
struct standing {
	uint64_t place;
	enum key_class class;
};

struct sorter {
	struct projected *x;
	uint64_t skip; /* rows still before the page */
	size_t limit;
	struct query_page *page;
	int64_t *row_ids;
	struct standing *standings; /* of changed rows, as many each as there are sorts */
};

static const struct projection *
projection_of(const struct sorter *s, size_t level)
{
	const struct query *q = s->x->query;
	return q->projections[q->sorts[level].column];
}

static bool
is_full(const struct sorter *s)
{
	return s->page->count == s->limit;
}

static void
put(struct sorter *s, uint32_t row)
{
	if (s->skip > 0)
		s->skip--;
	else if (!is_full(s))
		s->row_ids[s->page->count++] = (int64_t)row + 1;
}

/* ---- comparing ---- */

static enum key_class
class_of(const struct projection *p, uint32_t id)
{
	enum key_class c = KEY_VALUE;
	while (id >= p->head.class_end[c])
		c++;
	return c;
}

static struct standing
standing_of(const struct sorter *s, struct candidate c, size_t level)
{
	if (c.changed)
		return s->standings[(c.changed - 1) * s->x->query->sort_count + level];
	const struct projection *p = projection_of(s, level);
	uint32_t id = projection_id(p, c.row);
	return (struct standing){2 * (uint64_t)id + 1, class_of(p, id)};
}

/* By one column.  What is blank, and what is not of the type, stays behind either way. */
static int
compare_at(const struct sorter *s, size_t level, struct candidate a, struct candidate b)
{
	struct standing x = standing_of(s, a, level), y = standing_of(s, b, level);
	if (x.class != y.class)
		return x.class < y.class ? -1 : 1;
	int order = (x.place > y.place) - (x.place < y.place);
	if (order == 0 && x.place % 2 == 0)
		order = key_compare(s->x->changed[a.changed - 1].keys[level],
		    s->x->changed[b.changed - 1].keys[level]);
	return s->x->query->sorts[level].descending ? -order : order;
}

struct comparison {
	const struct sorter *sorter;
	size_t from, end; /* levels */
};

static int
compare(const void *a, const void *b, void *context)
{
	const struct candidate *x = a, *y = b;
	const struct comparison *c = context;
	for (size_t level = c->from; level < c->end; level++) {
		int order = compare_at(c->sorter, level, *x, *y);
		if (order)
			return order;
	}
	return (x->row > y->row) - (x->row < y->row);
}

/* ---- groups ---- */

/* Rows of one value that count: of a run of the projection those in `bits` (NULL: all), and
 * changed ones. */
struct group {
	const uint32_t *rows;
	size_t row_count, counted;
	const uint64_t *bits;
	const struct candidate *changed;
	size_t changed_count;
};

static bool walk(struct sorter *s, size_t level, const uint64_t *bits,
    const struct candidate *changed, size_t changed_count, struct err *e);

static bool
is_in(const struct group *g, uint32_t row)
{
	return !g->bits || bits_has(g->bits, row);
}

static bool
walk_group(struct sorter *s, size_t level, const struct group *g, struct err *e)
{
	struct arena *kept = s->x->kept;
	struct arena_mark mark = arena_mark(kept);
	uint64_t *bits = bits_new(kept, s->x->span);
	for (size_t i = 0; i < g->row_count; i++)
		if (is_in(g, g->rows[i]))
			bits_set(bits, g->rows[i]);
	bool good = walk(s, level + 1, bits, g->changed, g->changed_count, e);
	arena_reset(kept, mark);
	return good;
}

static bool
compare_group(struct sorter *s, size_t level, const struct group *g)
{
	struct arena *kept = s->x->kept;
	struct arena_mark mark = arena_mark(kept);
	size_t n = 0, count = g->counted + g->changed_count;
	struct candidate *list = arena_array(kept, count, sizeof *list);
	for (size_t i = 0; i < g->row_count; i++)
		if (is_in(g, g->rows[i]))
			list[n++] = (struct candidate){g->rows[i], 0};
	for (size_t i = 0; i < g->changed_count; i++)
		list[n++] = g->changed[i];
	struct comparison c = {s, level + 1, s->x->query->sort_count};
	qsort_r(list, n, sizeof *list, compare, &c);
	for (size_t i = 0; i < n; i++)
		put(s, list[i].row);
	arena_reset(kept, mark);
	return true;
}

static bool
put_group(struct sorter *s, size_t level, const struct group *g, struct err *e)
{
	size_t count = g->counted + g->changed_count;
	if (count <= s->skip) {
		s->skip -= count;
		return true;
	}
	if (level + 1 == s->x->query->sort_count && g->changed_count == 0) {
		/* They stand by id already. */
		for (size_t i = 0; i < g->row_count && !is_full(s); i++)
			if (is_in(g, g->rows[i]))
				put(s, g->rows[i]);
		return true;
	}
	return count > COMPARED_ROWS ? walk_group(s, level, g, e) : compare_group(s, level, g);
}

static size_t
count_in(const uint32_t *rows, size_t count, const uint64_t *bits)
{
	size_t n = 0;
	if (!bits)
		return count;
	for (size_t i = 0; i < count; i++)
		n += bits_has(bits, rows[i]);
	return n;
}

/* The i-th value in the order of the sort: turned round, but class by class, and not what is blank.
 */
static uint32_t
id_at(const struct projection *p, uint32_t i, bool descending)
{
	const uint32_t *end = p->head.class_end;
	if (!descending || i >= end[KEY_OTHER])
		return i;
	return i < end[KEY_VALUE] ? end[KEY_VALUE] - 1 - i
				  : end[KEY_VALUE] + end[KEY_OTHER] - 1 - i;
}

/* How many of the changed rows (from the first one) stand at the first one's place. */
static size_t
equals(const struct sorter *s, size_t level, const struct candidate *list, size_t count)
{
	size_t n = 1;
	while (n < count && compare_at(s, level, list[0], list[n]) == 0)
		n++;
	return n;
}

static bool
put_changed(
    struct sorter *s, size_t level, const struct candidate *list, size_t count, struct err *e)
{
	struct group g = {.changed = list, .changed_count = count};
	return put_group(s, level, &g, e);
}

/* Rows by id: no column is left to sort by. */
static void
put_by_id(struct sorter *s, const uint64_t *bits, const struct candidate *changed, size_t count)
{
	uint64_t span = s->x->span, row = bits_next(bits, 0, span);
	size_t i = 0;
	while ((row < span || i < count) && !is_full(s)) {
		if (i < count && changed[i].row < row) {
			put(s, changed[i++].row);
		} else {
			put(s, (uint32_t)row);
			row = bits_next(bits, row + 1, span);
		}
	}
}

static int
compare_rows(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	return (x->row > y->row) - (x->row < y->row);
}

static bool
walk(struct sorter *s, size_t level, const uint64_t *bits, const struct candidate *changed,
    size_t changed_count, struct err *e)
{
	struct arena *kept = s->x->kept;
	struct candidate *list = arena_array(kept, changed_count, sizeof *list);
	if (changed_count > 0)
		memcpy(list, changed, changed_count * sizeof *list);
	if (!query_in_time(&s->x->time, e))
		return false;
	if (level == s->x->query->sort_count) {
		qsort(list, changed_count, sizeof *list, compare_rows);
		put_by_id(s, bits, list, changed_count);
		return true;
	}
	const struct projection *p = projection_of(s, level);
	struct comparison c = {s, level, level + 1};
	qsort_r(list, changed_count, sizeof *list, compare, &c);
	size_t at = 0;
	for (uint32_t i = 0; i < p->head.values && !is_full(s); i++) {
		uint32_t id = id_at(p, i, s->x->query->sorts[level].descending);
		const uint32_t *rows = p->order + p->starts[id];
		size_t count = p->starts[id + 1] - p->starts[id];
		struct group g = {rows, count, count_in(rows, count, bits), bits, NULL, 0};
		if (at < changed_count) {
			/* Any row of the value stands for it. */
			const struct candidate one = {rows[0], 0};
			while (at < changed_count && compare_at(s, level, list[at], one) < 0) {
				size_t n = equals(s, level, list + at, changed_count - at);
				if (!put_changed(s, level, list + at, n, e))
					return false;
				at += n;
			}
			if (at < changed_count && compare_at(s, level, list[at], one) == 0) {
				g.changed = list + at;
				g.changed_count = equals(s, level, list + at, changed_count - at);
				at += g.changed_count;
			}
		}
		if (g.counted + g.changed_count > 0 && !put_group(s, level, &g, e))
			return false;
	}
	while (at < changed_count && !is_full(s)) {
		size_t n = equals(s, level, list + at, changed_count - at);
		if (!put_changed(s, level, list + at, n, e))
			return false;
		at += n;
	}
	return true;
}

/* ---- all together ---- */

static void
find_standings(struct sorter *s)
{
	struct projected *x = s->x;
	size_t sorts = x->query->sort_count;
	s->standings = arena_array(x->kept, x->changed_count * sorts, sizeof *s->standings);
	for (size_t i = 0; i < x->changed_count; i++)
		for (size_t k = 0; k < sorts; k++) {
			bool same;
			struct str key = x->changed[i].keys[k];
			uint64_t id = projection_find(projection_of(s, k), key, &same);
			s->standings[i * sorts + k] =
			    (struct standing){2 * id + same, (enum key_class)key.p[0]};
		}
}

bool
projected_sort(struct projected *x, uint64_t offset, size_t limit, struct query_page *out,
    int64_t *row_ids, struct err *e)
{
	struct sorter s = {.x = x, .skip = offset, .limit = limit, .page = out, .row_ids = row_ids};
	struct candidate *changed = arena_array(x->kept, x->changed_count, sizeof *changed);
	size_t n = 0;
	if (offset >= x->matching)
		return true;
	find_standings(&s);
	for (size_t i = 0; i < x->changed_count; i++)
		if (x->changed[i].match.rest && x->changed[i].match.failing == 0)
			changed[n++] = (struct candidate){x->changed[i].row, (uint32_t)i + 1};
	/* When all rows there were are still there and wanted, groups need not be counted. */
	bool whole = x->all_count == projection_of(&s, 0)->head.rows;
	return walk(&s, 0, whole ? NULL : x->all, changed, n, e);
}
