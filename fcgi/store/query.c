/* query.c: the rows of a query, in order; see query.h. */
#include "store/query.h"
#include "base/limits.h"
#include "store/projected.h"
#include "store/rows_file.h"

/* A row to be sorted: the key's first bytes stand beside it, which decide nearly always. */
struct entry {
	uint64_t begin;
	struct str key;
	int64_t row_id;
};

struct finder {
	const struct query *query;
	struct matcher *matcher;
	uint64_t offset;
	size_t limit;
	struct query_page *page;
	int64_t *row_ids;
	struct arena *kept; /* keys */
	struct room *entries, *key;
};

/* ---- keys of several columns, one behind the other ---- */

/*
 * A column's key with an end that is less than anything that could go on: a zero byte is followed
 * by 0xff, the end is two zero bytes.  Turned round for descending order, but for the class of what
 * is blank, which comes last either way.
 */
static size_t
put_sort_key(char *out, struct str key, bool descending)
{
	size_t n = 0;
	bool blank = key.p[0] >= KEY_EMPTY;
	for (size_t i = 0; i < key.n; i++) {
		out[n++] = key.p[i];
		if (key.p[i] == 0)
			out[n++] = (char)0xff;
	}
	out[n++] = 0;
	out[n++] = 0;
	for (size_t i = 0; descending && !blank && i < n; i++)
		out[i] = (char)~out[i];
	if (descending && !blank)
		out[0] = (char)(key.p[0]); /* values of the type before others either way */
	return n;
}

static bool
sort_key(struct finder *f, struct str *out, struct err *e)
{
	size_t n = 0;
	for (size_t i = 0; i < f->query->sort_count; i++) {
		struct str key;
		if (!matcher_key(f->matcher, f->query->sorts[i].column, &key, e) ||
		    !room_for(f->key, n + 2 * key.n + 2, e))
			return false;
		n += put_sort_key(f->key->p + n, key, f->query->sorts[i].descending);
	}
	*out = (struct str){f->key->p, n};
	return true;
}

static uint64_t
first_bytes(struct str key)
{
	uint64_t v = 0;
	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (i < key.n ? (unsigned char)key.p[i] : 0);
	return v;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	int order = key_compare(x->key, y->key);
	return order ? order : (x->row_id > y->row_id) - (x->row_id < y->row_id);
}

/* ---- finding ---- */

static bool
keep_entry(struct finder *f, int64_t row_id, struct err *e)
{
	struct str key;
	size_t n = f->page->matching;
	if (!sort_key(f, &key, e) || !query_fits(f->kept, key.n, n * sizeof(struct entry), e) ||
	    !room_for(f->entries, (n + 1) * sizeof(struct entry), e))
		return false;
	((struct entry *)(void *)f->entries->p)[n] =
	    (struct entry){first_bytes(key), arena_copy(f->kept, key), row_id};
	return true;
}

static bool
look_at(void *context, const struct row *r, struct err *e)
{
	struct finder *f = context;
	struct match match;
	f->page->total++;
	if (!matcher_row(f->matcher, r, &match, e))
		return false;
	if (!match.rest || match.failing)
		return true;
	if (f->query->sort_count > 0) {
		if (!keep_entry(f, r->row_id, e))
			return false;
	} else if (f->page->matching >= f->offset && f->page->count < f->limit) {
		f->row_ids[f->page->count++] = r->row_id;
	}
	f->page->matching++;
	return true;
}

static void
take_sorted(struct finder *f)
{
	struct entry *entries = (struct entry *)(void *)f->entries->p;
	size_t n = f->page->matching;
	if (f->query->sort_count == 0 || n == 0)
		return;
	qsort(entries, n, sizeof *entries, compare_entries);
	for (size_t i = f->offset; i < n && f->page->count < f->limit; i++)
		f->row_ids[f->page->count++] = entries[i].row_id;
}

struct handing {
	rows_each_fn *fn;
	void *context;
	bool enough;
};

static bool
hand_one(void *context, const struct row *r, struct err *e)
{
	struct handing *h = context;
	h->enough = !h->fn(h->context, r, e);
	return !h->enough;
}

static bool
hand_out(struct rows_file *file, const struct query_page *page, rows_each_fn *fn, void *context,
    struct err *e)
{
	struct handing h = {fn, context, false};
	for (size_t i = 0; i < page->count && !h.enough; i++)
		if (!rows_each(file, page->row_ids[i], page->row_ids[i] + 1, hand_one, &h, e))
			return false;
	return true;
}

/* ---- the two ways ---- */

static bool
scan(struct rows_file *file, const struct query *q, uint64_t offset, size_t limit,
    struct query_page *out, int64_t *row_ids, struct arena *a, struct err *e)
{
	struct finder f = {
	    .query = q, .offset = offset, .limit = limit, .page = out, .row_ids = row_ids};
	f.kept = query_arena(a);
	f.entries = room_open(a);
	f.key = room_open(a);
	if (!matcher_open(&f.matcher, q, a, e) || !rows_each(file, 0, 0, look_at, &f, e))
		return false;
	take_sorted(&f);
	return true;
}

static bool
project(struct rows_file *file, const struct query *q, uint64_t offset, size_t limit,
    struct query_page *out, int64_t *row_ids, struct arena *a, struct err *e)
{
	struct projected x;
	size_t *keyed = arena_array(a, q->sort_count, sizeof *keyed);
	for (size_t i = 0; i < q->sort_count; i++)
		keyed[i] = q->sorts[i].column;
	if (!projected_open(&x, file, q, keyed, q->sort_count, a, e))
		return false;
	out->total = x.total;
	out->matching = x.matching;
	return q->sort_count > 0 ? projected_sort(&x, offset, limit, out, row_ids, e)
				 : projected_page(&x, offset, limit, out, row_ids, e);
}

bool
query_rows(struct rows_file *file, const struct query *q, uint64_t offset, size_t limit,
    struct query_page *out, rows_each_fn *fn, void *context, struct arena *a, struct err *e)
{
	struct sql_query held;
	int64_t *row_ids = arena_array(a, limit, sizeof *row_ids);
	*out = (struct query_page){.row_ids = row_ids};
	if (!query_hold(&held, file, e))
		return false;
	bool worked = (q->projections ? project(file, q, offset, limit, out, row_ids, a, e)
				      : scan(file, q, offset, limit, out, row_ids, a, e)) &&
		      (!fn || hand_out(file, out, fn, context, e));
	sql_stop(&held);
	return worked;
}
