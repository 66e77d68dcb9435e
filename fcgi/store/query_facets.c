/*
 * query_facets.c: what values columns have, and how often; see query.h.  Each distinct value is
 * kept once with its count; the most frequent ones, the histogram and the number of them are read
 * from that.
 */
#include "store/query_facets.h"
#include "base/jsonout.h"
#include "base/limits.h"
#include "formats/export.h"
#include "store/projected.h"

#include <float.h>
#include <sodium.h>

struct value_count {
	struct str key, token;
	uint64_t hash, count;
};

/* A column while it is counted. */
struct counting {
	struct facet *facet;
	enum column_type type;
	struct room *values; /* of value_count */
	size_t count;
	struct room *slots; /* of uint32_t: place among the values + 1; 0: free */
	size_t slot_count;  /* a power of two */
};

struct counter {
	struct matcher *matcher;
	struct query_facets *out;
	struct counting *list;
	struct arena *kept; /* keys and tokens */
	unsigned char seed[crypto_shorthash_KEYBYTES];
};

static struct value_count *
values_of(const struct counting *c)
{
	return (struct value_count *)(void *)c->values->p;
}

/* ---- the table of values ---- */

/* The slot where a key is, or where it belongs. */
static uint32_t *
slot_of(const struct counting *c, struct str key, uint64_t hash)
{
	uint32_t *slots = (uint32_t *)(void *)c->slots->p;
	const struct value_count *values = values_of(c);
	size_t i = hash & (c->slot_count - 1);
	while (slots[i] &&
	       !(values[slots[i] - 1].hash == hash && str_equal(values[slots[i] - 1].key, key)))
		i = (i + 1) & (c->slot_count - 1);
	return &slots[i];
}

static bool
more_slots(struct counting *c, struct err *e)
{
	size_t count = c->slot_count ? 2 * c->slot_count : 64;
	if (!room_for(c->slots, count * sizeof(uint32_t), e))
		return false;
	memset(c->slots->p, 0, count * sizeof(uint32_t));
	c->slot_count = count;
	for (size_t i = 0; i < c->count; i++) {
		const struct value_count *v = &values_of(c)[i];
		*slot_of(c, v->key, v->hash) = (uint32_t)(i + 1);
	}
	return true;
}

struct str
facet_token(struct arena *kept, const struct cell *cell, enum column_type type)
{
	char room[EXPORT_TOKEN_ROOM(LIMIT_PAGE_CELL_BYTES)];
	if (cell->bytes.n > LIMIT_PAGE_CELL_BYTES)
		return (struct str){0};
	return arena_copy(kept, (struct str){room, export_cell_token(room, cell, type)});
}

/* Bytes all the tables have that are not in the arena. */
static size_t
besides(const struct counter *k)
{
	size_t n = 0;
	for (size_t i = 0; i < k->out->count; i++)
		n += k->list[i].values->capacity + k->list[i].slots->capacity;
	return n;
}

static bool
count_value(struct counter *k, struct counting *c, struct str key, struct err *e)
{
	uint64_t hash;
	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key.p, key.n, k->seed);
	if (3 * (c->count + 1) > 2 * c->slot_count && !more_slots(c, e))
		return false;
	uint32_t *slot = slot_of(c, key, hash);
	if (*slot == 0) {
		size_t n = c->count;
		if (!query_fits(k->kept, 2 * key.n, besides(k), e) ||
		    !room_for(c->values, (n + 1) * sizeof(struct value_count), e))
			return false;
		values_of(c)[n] = (struct value_count){arena_copy(k->kept, key),
		    facet_token(k->kept, matcher_cell(k->matcher, c->facet->column), c->type), hash,
		    0};
		c->count = n + 1;
		*slot = (uint32_t)c->count;
	}
	values_of(c)[*slot - 1].count++;
	return true;
}

void
facet_count(struct facet *f, enum key_class class, uint64_t rows)
{
	uint64_t *const counts[] = {[KEY_OTHER] = &f->other,
	    [KEY_EMPTY] = &f->empty,
	    [KEY_NULL] = &f->null,
	    [KEY_ABSENT] = &f->missing};
	f->rows += rows;
	if (class != KEY_VALUE)
		*counts[class] += rows;
}

static bool
count_cell(struct counter *k, struct counting *c, struct err *e)
{
	struct str key;
	struct facet *f = c->facet;
	if (!matcher_key(k->matcher, f->column, &key, e))
		return false;
	facet_count(f, (enum key_class)key.p[0], 1);
	if (key.p[0] >= KEY_EMPTY)
		return true;
	return count_value(k, c, key, e);
}

static bool
look_at(void *context, const struct row *r, struct err *e)
{
	struct counter *k = context;
	struct match match;
	k->out->total++;
	if (!matcher_row(k->matcher, r, &match, e))
		return false;
	if (!match.rest || match.failing > 1)
		return true;
	k->out->matching += match.failing == 0;
	/* A column's own selections do not restrict what is counted of it. */
	for (size_t i = 0; i < k->out->count; i++)
		if ((match.failing == 0 || match.column == k->list[i].facet->column) &&
		    !count_cell(k, &k->list[i], e))
			return false;
	return true;
}

/* ---- what is said of the values ---- */

static bool
comes_before(const struct value_count *a, const struct value_count *b)
{
	return a->count != b->count ? a->count > b->count : key_compare(a->key, b->key) < 0;
}

struct facet_value
facet_value(struct str token, struct str key, uint64_t count, struct arena *a)
{
	struct facet_value v = {arena_copy(a, token), token.n == 0, count};
	if (token.n == 0) {
		struct buf quoted;
		buf_init(&quoted, a);
		jsonout_quote(
		    &quoted, str_clip((struct str){key.p + 1, key.n - 1}, LIMIT_PAGE_CELL_BYTES));
		v.token = buf_str(&quoted);
	}
	return v;
}

void
facet_length(struct facet *f, enum column_type type, struct str key)
{
	if (key_is_typed(type))
		return;
	uint64_t n = key.n - 1;
	f->shortest = f->longest == 0 || n < f->shortest ? n : f->shortest;
	f->longest = n > f->longest ? n : f->longest;
}

static void
put_range(struct counting *c, struct arena *a)
{
	const struct value_count *least = NULL, *most = NULL;
	for (size_t i = 0; i < c->count; i++) {
		const struct value_count *v = &values_of(c)[i];
		if (v->key.p[0] != KEY_VALUE)
			continue;
		least = !least || key_compare(v->key, least->key) < 0 ? v : least;
		most = !most || key_compare(v->key, most->key) > 0 ? v : most;
		facet_length(c->facet, c->type, v->key);
	}
	if (!least)
		return;
	c->facet->least = facet_value(least->token, least->key, least->count, a);
	c->facet->most = facet_value(most->token, most->key, most->count, a);
}

static void
put_top(struct counting *c, size_t most, struct arena *a)
{
	const struct value_count **top = arena_array(a, most + 1, sizeof *top);
	size_t n = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct value_count *v = &values_of(c)[i];
		if (n == most && (n == 0 || !comes_before(v, top[n - 1])))
			continue;
		size_t at = n < most ? n++ : n - 1;
		for (; at > 0 && comes_before(v, top[at - 1]); at--)
			top[at] = top[at - 1];
		top[at] = v;
	}
	struct facet_value *list = arena_array(a, n, sizeof *list);
	for (size_t i = 0; i < n; i++)
		list[i] = facet_value(top[i]->token, top[i]->key, top[i]->count, a);
	c->facet->values = list;
	c->facet->value_count = n;
	c->facet->distinct = c->count;
}

/* Edges are exact doubles that answers tell; so the bin is the one between whose edges it is. */
size_t
facet_bin(const struct facet_bin *bins, size_t count, double place)
{
	size_t low = 0, high = count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (bins[middle].from <= place)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct facet_bin *
facet_bins(double least, double most, size_t *count, struct arena *a)
{
	if (least == most)
		*count = 1;
	struct facet_bin *bins = arena_array(a, *count, sizeof *bins);
	double n = (double)*count;
	for (size_t i = 0; i < *count; i++) {
		double from = (double)i / n, to = (double)(i + 1) / n;
		/* Not least + part * (most - least), which can be infinite between. */
		bins[i].from = i == 0 ? least : least * (1 - from) + most * from;
		bins[i].to = i + 1 == *count ? most : least * (1 - to) + most * to;
	}
	return bins;
}

static void
put_histogram(struct counting *c, size_t bins, struct arena *a)
{
	struct facet *f = c->facet;
	double place, least = DBL_MAX, most = -DBL_MAX;
	bool any = false;
	if (!key_has_place(c->type))
		return;
	for (size_t i = 0; i < c->count; i++) {
		const struct value_count *v = &values_of(c)[i];
		if (key_place(&place, v->key, c->type)) {
			any = true;
			least = place < least ? place : least;
			most = place > most ? place : most;
		} else if (v->key.p[0] == KEY_VALUE) {
			f->beyond += v->count;
		}
	}
	if (!any)
		return;
	struct facet_bin *list = facet_bins(least, most, &bins, a);
	for (size_t i = 0; i < c->count; i++) {
		const struct value_count *v = &values_of(c)[i];
		if (key_place(&place, v->key, c->type))
			list[facet_bin(list, bins, place)].count += v->count;
	}
	f->bins = list;
	f->bin_count = bins;
}

/* ---- the two ways ---- */

static bool
scan(struct rows_file *file, const struct query *q, const size_t *columns, size_t values,
    size_t bins, struct query_facets *out, struct arena *a, struct err *e)
{
	struct counter k = {.out = out};
	if (!matcher_open(&k.matcher, q, a, e))
		return false;
	randombytes_buf(k.seed, sizeof k.seed);
	k.kept = query_arena(a);
	k.list = arena_array(a, out->count, sizeof *k.list);
	for (size_t i = 0; i < out->count; i++)
		k.list[i] = (struct counting){.facet = &out->list[i],
		    .type = q->columns[columns[i]].type,
		    .values = room_open(a),
		    .slots = room_open(a)};
	if (!rows_each(file, 0, 0, look_at, &k, e))
		return false;
	for (size_t i = 0; i < out->count; i++) {
		put_top(&k.list[i], values, a);
		put_range(&k.list[i], a);
		put_histogram(&k.list[i], bins, a);
	}
	return true;
}

static bool
project(struct rows_file *file, const struct query *q, const size_t *columns, size_t values,
    size_t bins, struct query_facets *out, struct arena *a, struct err *e)
{
	struct projected x;
	if (!projected_open(&x, file, q, columns, out->count, a, e))
		return false;
	out->total = x.total;
	out->matching = x.matching;
	for (size_t i = 0; i < out->count; i++)
		if (!projected_facet(&x, &out->list[i], i, values, bins, a, e))
			return false;
	return true;
}

bool
query_facets(struct rows_file *file, const struct query *q, const size_t *columns, size_t count,
    size_t values, size_t bins, struct query_facets *out, struct arena *a, struct err *e)
{
	struct sql_query held;
	*out =
	    (struct query_facets){.list = arena_array(a, count, sizeof *out->list), .count = count};
	for (size_t i = 0; i < count; i++)
		out->list[i].column = columns[i];
	if (!query_hold(&held, file, e))
		return false;
	bool worked = q->projections ? project(file, q, columns, values, bins, out, a, e)
				     : scan(file, q, columns, values, bins, out, a, e);
	sql_stop(&held);
	return worked;
}
