/*
 * query_match.c: see query_match.h.  A cell's key is made when something asks for it, and once a
 * row.
 */
#define _GNU_SOURCE
#include "store/query_match.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/rows_file.h"

struct known {
	const struct cell *cell;
	struct room *room;
	struct str key; /* n 0: not made yet */
};

struct matcher {
	const struct query *query;
	locale_t locale;
	struct str search;   /* folded */
	bool search_escaped; /* it has a byte that stands escaped in a row */
	struct cell *cells;
	size_t cell_count;
	struct known *known; /* by place among the query's columns */
	struct room *plain, *folded;
	uint64_t rows; /* that were looked at */
	struct query_time time;
	size_t *selected; /* columns that have selections, each once */
	size_t selected_count;
};

/* ---- memory ---- */

static void
room_free(void *p)
{
	struct room *r = p;
	free(r->p);
}

struct room *
room_open(struct arena *a)
{
	struct room *r = arena_alloc(a, sizeof *r);
	arena_defer(a, room_free, r);
	return r;
}

bool
room_for(struct room *r, size_t n, struct err *e)
{
	if (n <= r->capacity)
		return true;
	size_t capacity = r->capacity < 256 ? 256 : r->capacity;
	while (capacity < n)
		capacity *= 2;
	char *p = realloc(r->p, capacity);
	if (!p)
		return FAIL(e, UNAVAILABLE, "out of memory");
	*r = (struct room){p, capacity};
	return true;
}

static void
release(void *p)
{
	arena_release(p);
}

struct arena *
query_arena(struct arena *a)
{
	struct arena *kept = arena_alloc(a, sizeof *kept);
	/* query_fits() is asked first; blocks may be larger than what is in them. */
	arena_init(kept, 2 * LIMIT_QUERY_BYTES);
	arena_defer(a, release, kept);
	return kept;
}

bool
query_fits(const struct arena *kept, size_t n, size_t besides, struct err *e)
{
	if (kept->used + n + besides <= LIMIT_QUERY_BYTES)
		return true;
	return FAIL(e, TOO_BIG,
	    "sorting or counting so many values takes more than %" PRIu64
	    " MiB; a filter can leave fewer rows",
	    LIMIT_QUERY_BYTES >> 20);
}

bool
query_hold(struct sql_query *held, struct rows_file *f, struct err *e)
{
	return sql_start(held, rows_database(f), "SELECT name FROM sqlite_master", NULL, 0, e) &&
	       sql_step(held, e) == 1;
}

struct query_time
query_time_of(const struct query *q)
{
	return (struct query_time){q->watch, clock_monotonic_ms() + LIMIT_QUERY_MS};
}

bool
query_in_time(const struct query_time *t, struct err *e)
{
	if (t->watch)
		return t->watch->look(t->watch->context, e);
	return clock_monotonic_ms() <= t->end_ms ||
	       FAIL(e, TIMEOUT,
		   "looking at all rows takes longer than %d seconds; the dataset is too large "
		   "for this question",
		   LIMIT_QUERY_MS / 1000);
}

/* ---- opening ---- */

static void
note_selected(struct matcher *m, size_t column)
{
	for (size_t i = 0; i < m->selected_count; i++)
		if (m->selected[i] == column)
			return;
	m->selected[m->selected_count++] = column;
}

bool
matcher_open(struct matcher **out, const struct query *q, struct arena *a, struct err *e)
{
	struct matcher *m = arena_alloc(a, sizeof *m);
	m->query = q;
	m->time = query_time_of(q);
	if (!fold_open(&m->locale, a, e))
		return false;
	for (size_t k = 0; k < q->column_count; k++)
		if (q->columns[k].column_id >= m->cell_count)
			m->cell_count = q->columns[k].column_id + 1;
	m->cells = arena_array(a, m->cell_count, sizeof *m->cells);
	m->known = arena_array(a, q->column_count, sizeof *m->known);
	for (size_t k = 0; k < q->column_count; k++)
		m->known[k].cell = &m->cells[q->columns[k].column_id];
	m->plain = room_open(a);
	m->folded = room_open(a);
	m->selected = arena_array(a, q->selection_count, sizeof *m->selected);
	for (size_t i = 0; i < q->selection_count; i++)
		note_selected(m, q->selections[i].test.column);
	if (q->search.n > 0) {
		char *room = arena_alloc(a, FOLD_ROOM(q->search.n));
		m->search = (struct str){room, fold(room, q->search, m->locale)};
		for (size_t i = 0; i < m->search.n; i++)
			m->search_escaped |= (unsigned char)m->search.p[i] < ' ' ||
					     m->search.p[i] == '"' || m->search.p[i] == '\\';
	}
	*out = m;
	for (size_t k = 0; k < q->column_count; k++)
		m->known[k].room = room_open(a);
	return true;
}

/* ---- cells ---- */

const struct cell *
matcher_cell(const struct matcher *m, size_t column)
{
	return m->known[column].cell;
}

bool
matcher_key(struct matcher *m, size_t column, struct str *out, struct err *e)
{
	struct known *k = &m->known[column];
	if (k->key.n == 0) {
		if (!room_for(k->room, KEY_ROOM(k->cell->bytes.n), e))
			return false;
		k->key = (struct str){
		    k->room->p, key_of_cell(k->room->p, k->cell, m->query->columns[column].type)};
	}
	*out = k->key;
	return true;
}

/* The cell's text, folded; *is false: it has none. */
static bool
folded_text(struct matcher *m, size_t column, struct str *out, bool *is, struct err *e)
{
	const struct cell *c = m->known[column].cell;
	struct str text = c->bytes;
	*is = c->kind != CELL_ABSENT && c->kind != CELL_NULL;
	if (!*is)
		return true;
	if (c->escaped) {
		if (!room_for(m->plain, text.n, e))
			return false;
		text = (struct str){m->plain->p, cells_unescape(m->plain->p, text)};
	}
	if (!room_for(m->folded, FOLD_ROOM(text.n), e))
		return false;
	*out = (struct str){m->folded->p, fold(m->folded->p, text, m->locale)};
	return true;
}

/* Whether `part` is somewhere in `text`. */
static bool
holds(struct str text, struct str part)
{
	return part.n == 0 || memmem(text.p, text.n, part.p, part.n) != NULL;
}

/* ---- filter, search, selections ---- */

static bool
in_range(const struct filter *f, struct str key)
{
	for (int side = 0; side < 2; side++) {
		if (f->values[side].n == 0)
			continue;
		int order = key_compare(key, f->values[side]);
		if ((side == 0 ? order < 0 : order > 0) || (order == 0 && f->open[side]))
			return false;
	}
	return key.p[0] == KEY_VALUE;
}

static bool
in_keys(const struct filter *f, struct str key)
{
	for (size_t i = 0; i < f->count; i++)
		if (str_equal(key, f->values[i]))
			return true;
	return false;
}

bool
filter_has_part(const struct filter *f, struct str text)
{
	struct str part = f->values[0];
	if (f->kind == FILTER_CONTAINS)
		return holds(text, part);
	if (text.n < part.n)
		return false;
	size_t from = f->kind == FILTER_ENDS ? text.n - part.n : 0;
	return str_equal((struct str){text.p + from, part.n}, part);
}

/* Of the kinds that look at the key alone. */
static bool
has_key(const struct filter *f, struct str key)
{
	return f->kind == FILTER_RANGE ? in_range(f, key)
	       : f->kind == FILTER_IN  ? in_keys(f, key)
				       : (f->classes >> key.p[0] & 1) != 0;
}

static bool
evaluate(struct matcher *m, const struct filter *f, bool *out, struct err *e)
{
	struct str s;
	bool is;
	switch (f->kind) {
	case FILTER_OR:
	case FILTER_AND:
		if (!evaluate(m, f->left, out, e))
			return false;
		return *out == (f->kind == FILTER_OR) || evaluate(m, f->right, out, e);
	case FILTER_NOT:
		if (!evaluate(m, f->left, out, e))
			return false;
		*out = !*out;
		return true;
	case FILTER_CONTAINS:
	case FILTER_STARTS:
	case FILTER_ENDS:
		if (!folded_text(m, f->column, &s, &is, e))
			return false;
		*out = is && filter_has_part(f, s);
		return true;
	case FILTER_RANGE:
	case FILTER_IN:
	case FILTER_CLASS:
		break;
	}
	if (!matcher_key(m, f->column, &s, e))
		return false;
	*out = has_key(f, s);
	return true;
}

/* A row without escapes has what is sought in a cell only if it has it in its own text: nearly all
 * are done with by that, before they are taken apart. */
static bool
may_have(struct matcher *m, const struct row *r, bool *out, struct err *e)
{
	*out = true;
	if (m->search.n == 0 || m->search_escaped || memchr(r->cells.p, '\\', r->cells.n))
		return true;
	if (!room_for(m->folded, FOLD_ROOM(r->cells.n), e))
		return false;
	struct str text = {m->folded->p, fold(m->folded->p, r->cells, m->locale)};
	*out = holds(text, m->search);
	return true;
}

static bool
found(struct matcher *m, bool *out, struct err *e)
{
	struct str text;
	bool is;
	*out = m->search.n == 0;
	for (size_t k = 0; !*out && k < m->query->column_count; k++) {
		if (!folded_text(m, k, &text, &is, e))
			return false;
		*out = is && holds(text, m->search);
	}
	return true;
}

/* Whether the selections of a column let the row through. */
static bool
selected(struct matcher *m, size_t column, bool *out, struct err *e)
{
	struct str key;
	bool wanted = true, any = false;
	if (!matcher_key(m, column, &key, e))
		return false;
	*out = false;
	for (size_t i = 0; i < m->query->selection_count; i++) {
		const struct selection *s = &m->query->selections[i];
		if (s->test.column != column)
			continue;
		bool same = has_key(&s->test, key);
		if (s->exclude && same)
			return true;
		if (!s->exclude) {
			wanted = any || same;
			any = wanted;
		}
	}
	*out = wanted;
	return true;
}

bool
matcher_row(struct matcher *m, const struct row *r, struct match *out, struct err *e)
{
	bool is = true;
	*out = (struct match){0};
	if (++m->rows % ROWS_PER_GLANCE == 0 && !query_in_time(&m->time, e))
		return false;
	if (!may_have(m, r, &is, e))
		return false;
	if (!is)
		return true;
	cells_split_row(m->cells, m->cell_count, r->cells, r->absent);
	for (size_t k = 0; k < m->query->column_count; k++)
		m->known[k].key.n = 0;
	if (m->query->filter && !evaluate(m, m->query->filter, &is, e))
		return false;
	if (!is)
		return true;
	if (!found(m, &out->rest, e))
		return false;
	for (size_t i = 0; out->rest && i < m->selected_count; i++) {
		if (!selected(m, m->selected[i], &is, e))
			return false;
		if (!is) {
			out->failing++;
			out->column = m->selected[i];
		}
	}
	return true;
}
