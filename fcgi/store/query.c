/* query.c: the rows of a query, in order; see query.h. */
#include "store/query.h"
#include "base/limits.h"
#include "store/projected.h"
#include "store/query_piles.h"
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
	uint64_t *bits; /* all rows are wanted, not a page: those of a query that does not sort */
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
	} else if (f->bits) {
		bits_set(f->bits, (uint64_t)r->row_id - 1);
	} else if (f->page->matching >= f->offset && f->page->count < f->limit) {
		f->row_ids[f->page->count++] = r->row_id;
	}
	f->page->matching++;
	return true;
}

static const struct entry *
sorted(struct finder *f)
{
	struct entry *entries = (struct entry *)(void *)f->entries->p;
	if (f->page->matching > 0)
		qsort(entries, f->page->matching, sizeof *entries, compare_entries);
	return entries;
}

static void
take_sorted(struct finder *f)
{
	size_t n = f->page->matching;
	if (f->query->sort_count == 0)
		return;
	const struct entry *entries = sorted(f);
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
hand_out(struct rows_file *file, const struct query_page *page, struct handing *h, struct err *e)
{
	for (size_t i = 0; i < page->count && !h->enough; i++)
		if (!rows_each(file, page->row_ids[i], page->row_ids[i] + 1, hand_one, h, e))
			return false;
	return true;
}

/* ---- the two ways ---- */

static bool
read_all(struct finder *f, struct rows_file *file, struct arena *a, struct err *e)
{
	f->kept = query_arena(a);
	f->entries = room_open(a);
	f->key = room_open(a);
	return matcher_open(&f->matcher, f->query, a, e) && rows_each(file, 0, 0, look_at, f, e);
}

static bool
scan(struct rows_file *file, const struct query *q, uint64_t offset, size_t limit,
    struct query_page *out, int64_t *row_ids, struct arena *a, struct err *e)
{
	struct finder f = {
	    .query = q, .offset = offset, .limit = limit, .page = out, .row_ids = row_ids};
	if (!read_all(&f, file, a, e))
		return false;
	take_sorted(&f);
	return true;
}

static bool
open_projected(struct projected *x, struct rows_file *file, const struct query *q, struct arena *a,
    struct err *e)
{
	size_t *keyed = arena_array(a, q->sort_count, sizeof *keyed);
	for (size_t i = 0; i < q->sort_count; i++)
		keyed[i] = q->sorts[i].column;
	return projected_open(x, file, q, keyed, q->sort_count, a, e);
}

static bool
project(struct rows_file *file, const struct query *q, uint64_t offset, size_t limit,
    struct query_page *out, int64_t *row_ids, struct arena *a, struct err *e)
{
	struct projected x;
	if (!open_projected(&x, file, q, a, e))
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
	struct handing h = {fn, context, false};
	int64_t *row_ids = arena_array(a, limit, sizeof *row_ids);
	*out = (struct query_page){.row_ids = row_ids};
	if (!query_hold(&held, file, e))
		return false;
	bool worked = (q->projections ? project(file, q, offset, limit, out, row_ids, a, e)
				      : scan(file, q, offset, limit, out, row_ids, a, e)) &&
		      (!fn || hand_out(file, out, &h, e));
	sql_stop(&held);
	return worked;
}

/* ---- all of them ---- */

/* So many sorted rows, or a sixteenth, are put in order at once: those before them are counted anew
 * each time. */
#define SORTED_ROWS 65536
#define SORTED_ROWS_MOST 1048576
#define SORTED_PARTS 16
/* Rows that are nearer to each other are read in one go, with what lies between. */
#define NEAR_ROWS 64
/* Sorted rows that are looked up lie anywhere in the file, whose pages come again and again: the
 * kernel keeps them, and its copy is looked at where it is, as far as SQLite can map (2 GiB; of
 * what is behind that it keeps 64 MiB itself). */
#define MANY_PAGES "PRAGMA mmap_size=2147418112; PRAGMA cache_size=-65536"
#define USUAL_PAGES "PRAGMA mmap_size=0; PRAGMA cache_size=-2000"

static bool
order_of_entries(void *context, uint64_t at, size_t limit, int64_t *row_ids, struct err *e)
{
	const struct entry *entries = context;
	(void)e;
	for (size_t i = 0; i < limit; i++)
		row_ids[i] = entries[at + i].row_id;
	return true;
}

static bool
order_of_projected(void *context, uint64_t at, size_t limit, int64_t *row_ids, struct err *e)
{
	struct projected *x = context;
	struct query_page page = {.row_ids = row_ids};
	struct arena_mark mark = arena_mark(x->kept);
	bool good = projected_sort(x, at, limit, &page, row_ids, e);
	arena_reset(x->kept, mark);
	return good && (page.count == limit || FAIL(e, SYSTEM, "sorted rows are missing"));
}

/* They are looked up one by one, when they are few or few of those in the file, or put on piles. */
static bool
keep_order(
    struct query_found *found, piles_order_fn *order, void *context, struct arena *a, struct err *e)
{
	uint64_t matching = found->matching, part = matching / SORTED_PARTS;
	if (matching <= SORTED_ROWS || matching < found->span / SORTED_PARTS) {
		struct room *room = room_open(a);
		if (!room_for(room, (size_t)matching * sizeof(int64_t), e))
			return false;
		int64_t *row_ids = (int64_t *)(void *)room->p;
		found->row_ids = row_ids;
		return order(context, 0, (size_t)matching, row_ids, e);
	}
	part = part < SORTED_ROWS ? SORTED_ROWS : part > SORTED_ROWS_MOST ? SORTED_ROWS_MOST : part;
	const struct piles_plan plan = {
	    .file = found->file,
	    .matching = matching,
	    .span = found->span,
	    .part = (size_t)part,
	    .scratch = found->query->scratch,
	    .order = order,
	    .context = context,
	    .time = query_time_of(found->query),
	};
	return piles_make(&found->piles, &plan, a, e);
}

static bool
find_by_reading(struct query_found *found, struct arena *a, struct err *e)
{
	struct query_page page = {0};
	struct finder f = {.query = found->query, .page = &page};
	int64_t last;
	if (!rows_last(found->file, &last, e))
		return false;
	found->span = (uint64_t)last;
	if (found->query->sort_count == 0)
		found->bits = f.bits = bits_new(a, found->span);
	if (!read_all(&f, found->file, a, e))
		return false;
	found->matching = page.matching;
	if (found->query->sort_count == 0)
		return true;
	sorted(&f);
	return keep_order(found, order_of_entries, f.entries->p, a, e);
}

static bool
find_projected(struct query_found *found, struct arena *a, struct err *e)
{
	struct projected *x = arena_alloc(a, sizeof *x);
	if (!open_projected(x, found->file, found->query, a, e))
		return false;
	found->matching = x->matching;
	found->span = x->span;
	if (found->query->sort_count > 0)
		return keep_order(found, order_of_projected, x, a, e);
	found->bits = projected_rows(x);
	return true;
}

bool
query_find(struct query_found *out, struct rows_file *file, const struct query *q, struct arena *a,
    struct err *e)
{
	*out = (struct query_found){.file = file, .query = q};
	return q->projections ? find_projected(out, a, e) : find_by_reading(out, a, e);
}

struct picking {
	struct handing handing;
	const uint64_t *bits;
};

static bool
pick_one(void *context, const struct row *r, struct err *e)
{
	struct picking *p = context;
	return !bits_has(p->bits, (uint64_t)r->row_id - 1) || hand_one(&p->handing, r, e);
}

static bool
each_of_bits(const struct query_found *f, rows_each_fn *fn, void *context, struct err *e)
{
	struct picking p = {{fn, context, false}, f->bits};
	uint64_t row = bits_next(f->bits, 0, f->span);
	while (row < f->span && !p.handing.enough) {
		uint64_t first = row, end;
		do {
			end = row + 1;
			row = bits_next(f->bits, end, f->span);
		} while (row < f->span && row - end < NEAR_ROWS);
		if (!rows_each(f->file, (int64_t)first + 1, (int64_t)end + 1, pick_one, &p, e))
			return false;
	}
	return true;
}

static bool
each_of_few(const struct query_found *f, rows_each_fn *fn, void *context, struct err *e)
{
	struct handing h = {fn, context, false};
	const struct query_page all = {.row_ids = f->row_ids, .count = (size_t)f->matching};
	struct err ignored = {0};
	struct database *d = rows_database(f->file);
	bool good = sql_script(d, MANY_PAGES, e) && hand_out(f->file, &all, &h, e);
	(void)!sql_script(d, USUAL_PAGES, &ignored);
	return good;
}

bool
query_each(struct query_found *found, rows_each_fn *fn, void *context, struct err *e)
{
	if (found->bits)
		return each_of_bits(found, fn, context, e);
	return found->piles ? piles_each(found->piles, fn, context, e)
			    : each_of_few(found, fn, context, e);
}
