/*
 * projection_build.c: making projections; see projection.h.  Rows are read once; each distinct key
 * of a column is kept once and gets a number in the order of its coming; at the end the keys are
 * sorted, and the numbers become ids.
 */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/limits.h"
#include "store/projection.h"
#include "store/query_match.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

/* Rows between two looks at what was taken, and at who wants to know. */
#define NO_ROW UINT32_MAX
#define ROWS_PER_STEP 20000

/* A column while rows are read. */
struct building {
	const struct column *column;
	struct room *keys;   /* one behind the other */
	struct room *starts; /* of uint32_t: where each begins, and where the next one will */
	struct room *hashes; /* of uint32_t, of each */
	struct room *slots;  /* of uint32_t: number + 1; 0: free */
	struct room *ids;    /* of uint32_t, by row: number of its value, or NO_ROW */
	uint32_t count, slot_count;
	bool put_off; /* too much for this pass */
};

struct builder {
	const struct projection_plan *plan;
	struct rows_file *rows;
	int64_t edition, change_id, last; /* before anything was read */
	uint64_t total;
	unsigned char seed[crypto_shorthash_KEYBYTES];
	/* Of a pass. */
	struct arena *arena;
	struct building *list;
	size_t count;
	struct cell *cells;
	size_t cell_count;
	struct room *key;
	uint64_t span, done;
};

static uint32_t *
words(const struct room *r)
{
	return (uint32_t *)(void *)r->p;
}

static struct str
key_of(const struct building *b, uint32_t number)
{
	const uint32_t *starts = words(b->starts);
	return (struct str){b->keys->p + starts[number], starts[number + 1] - starts[number]};
}

/* ---- the table of keys ---- */

static uint32_t *
slot_of(const struct building *b, struct str key, uint32_t hash)
{
	uint32_t *slots = words(b->slots), mask = b->slot_count - 1, i = hash & mask;
	const uint32_t *hashes = words(b->hashes);
	while (
	    slots[i] && !(hashes[slots[i] - 1] == hash && str_equal(key_of(b, slots[i] - 1), key)))
		i = (i + 1) & mask;
	return &slots[i];
}

static bool
more_slots(struct building *b, struct err *e)
{
	uint32_t count = b->slot_count ? 2 * b->slot_count : 64;
	if (!room_for(b->slots, count * sizeof(uint32_t), e))
		return false;
	memset(b->slots->p, 0, count * sizeof(uint32_t));
	b->slot_count = count;
	for (uint32_t i = 0; i < b->count; i++) {
		uint32_t *slots = words(b->slots), at = words(b->hashes)[i] & (count - 1);
		while (slots[at])
			at = (at + 1) & (count - 1);
		slots[at] = i + 1;
	}
	return true;
}

static bool
number_of(struct builder *x, struct building *b, struct str key, uint32_t *out, struct err *e)
{
	uint64_t hash;
	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key.p, key.n, x->seed);
	if (3 * ((uint64_t)b->count + 1) > 2 * (uint64_t)b->slot_count && !more_slots(b, e))
		return false;
	uint32_t *slot = slot_of(b, key, (uint32_t)hash);
	if (*slot == 0) {
		uint32_t n = b->count;
		if (!room_for(b->starts, (n + 2) * sizeof(uint32_t), e) ||
		    !room_for(b->hashes, (n + 1) * sizeof(uint32_t), e))
			return false;
		size_t begin = n ? words(b->starts)[n] : 0;
		if (!room_for(b->keys, begin + key.n, e))
			return false;
		memcpy(b->keys->p + begin, key.p, key.n);
		words(b->starts)[n] = (uint32_t)begin;
		words(b->starts)[n + 1] = (uint32_t)(begin + key.n);
		words(b->hashes)[n] = (uint32_t)hash;
		*slot = b->count = n + 1;
	}
	*out = *slot - 1;
	return true;
}

/* ---- reading ---- */

static size_t
bytes_of(const struct building *b)
{
	return b->keys->capacity + b->starts->capacity + b->hashes->capacity + b->slots->capacity +
	       b->ids->capacity;
}

static void
put_off(struct building *b)
{
	struct room *rooms[] = {b->keys, b->starts, b->hashes, b->slots, b->ids};
	for (size_t i = 0; i < ARRAY_LENGTH(rooms); i++) {
		free(rooms[i]->p);
		*rooms[i] = (struct room){0};
	}
	b->put_off = true;
}

/* The last columns wait for a pass of their own when all of them take too much. */
static void
keep_within(struct builder *x, size_t more)
{
	for (;;) {
		size_t all = more, last = x->count;
		for (size_t i = 0; i < x->count; i++)
			if (!x->list[i].put_off) {
				all += bytes_of(&x->list[i]);
				last = i;
			}
		if (all <= x->plan->bytes || last == x->count)
			return;
		put_off(&x->list[last]);
	}
}

static bool
take_cell(struct builder *x, struct building *b, uint64_t row, struct err *e)
{
	const struct cell *c = &x->cells[b->column->column_id];
	size_t room = KEY_ROOM(c->bytes.n);
	if (room > KIB(64))
		keep_within(x, 2 * room);
	if (b->put_off)
		return true;
	uint32_t number;
	if (!room_for(x->key, room, e) || !room_for(b->ids, (row + 1) * sizeof(uint32_t), e))
		return false;
	struct str key = {x->key->p, key_of_cell(x->key->p, c, b->column->type)};
	if (!number_of(x, b, key, &number, e))
		return false;
	uint32_t *ids = words(b->ids);
	for (uint64_t hole = x->span; hole < row; hole++)
		ids[hole] = NO_ROW;
	ids[row] = number;
	return true;
}

static bool
take_row(void *context, const struct row *r, struct err *e)
{
	struct builder *x = context;
	uint64_t row = (uint64_t)r->row_id - 1;
	if (row >= UINT32_MAX - 1)
		return FAIL(e, TOO_BIG, "the dataset has more rows than can be sorted");
	cells_split_row(x->cells, x->cell_count, r->cells, r->absent);
	for (size_t i = 0; i < x->count; i++)
		if (!x->list[i].put_off && !take_cell(x, &x->list[i], row, e))
			return false;
	x->span = row + 1;
	if (++x->done % ROWS_PER_GLANCE != 0)
		return true;
	keep_within(x, 0);
	return !x->plan->look || x->plan->look(x->plan->context, x->done, x->total, e);
}

/* ---- the order of the keys ---- */

/* The first bytes behind what all values begin with decide nearly always. */
struct entry {
	uint64_t begin;
	uint32_t number;
};

static int
compare_entries(const void *a, const void *b, void *context)
{
	const struct entry *x = a, *y = b;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return key_compare(key_of(context, x->number), key_of(context, y->number));
}

/* How many bytes all keys of the type's values begin with. */
static size_t
common_bytes(const struct building *b)
{
	struct str first = {0};
	size_t common = 0;
	for (uint32_t i = 0; i < b->count; i++) {
		struct str key = key_of(b, i);
		if (key.p[0] != KEY_VALUE)
			continue;
		if (!first.p) {
			first = key;
			common = key.n;
		}
		size_t n = 0;
		while (n < common && n < key.n && key.p[n] == first.p[n])
			n++;
		common = n;
	}
	return common;
}

static struct entry *
sorted(const struct building *b, struct room *r, struct err *e)
{
	size_t common = common_bytes(b);
	if (!room_for(r, (b->count + (size_t)1) * sizeof(struct entry), e))
		return NULL;
	struct entry *list = (struct entry *)(void *)r->p;
	for (uint32_t i = 0; i < b->count; i++) {
		struct str key = key_of(b, i);
		/* All others come behind those of the type. */
		uint64_t begin = key.p[0] == KEY_VALUE ? 0 : UINT64_MAX;
		for (size_t k = 0; k < 8 && key.p[0] == KEY_VALUE; k++)
			begin = begin << 8 |
				(common + k < key.n ? (unsigned char)key.p[common + k] : 0);
		list[i] = (struct entry){begin, i};
	}
	/* A comparison only reads. */
	union {
		const struct building *in;
		void *out;
	} context = {b};
	qsort_r(list, b->count, sizeof *list, compare_entries, context.out);
	return list;
}

/* ---- writing ---- */

static void
put_keys(char *map, const struct projection_layout *l, struct projection_head *h,
    const struct building *b, const struct entry *order)
{
	double *places = (double *)(void *)(map + l->places);
	uint32_t *offsets = (uint32_t *)(void *)(map + l->offsets), at = 0;
	for (uint32_t id = 0; id < b->count; id++) {
		struct str key = key_of(b, order[id].number);
		offsets[id] = at;
		memcpy(map + l->keys + at, key.p, key.n);
		at += (uint32_t)key.n;
		if (l->starts > l->places && id < h->class_end[KEY_VALUE] &&
		    !key_place(&places[id], key, b->column->type))
			places[id] = (double)NAN;
	}
	offsets[b->count] = at;
}

static void
put_id(char *ids, unsigned bytes, uint64_t row, uint32_t id)
{
	switch (bytes) {
	case 1:
		((uint8_t *)ids)[row] = (uint8_t)id;
		break;
	case 2:
		((uint16_t *)(void *)ids)[row] = (uint16_t)id;
		break;
	default:
		((uint32_t *)(void *)ids)[row] = id;
		break;
	}
}

/* The numbers become ids, rows are counted by id, and go where those with theirs are. */
static void
put_rows(char *map, const struct projection_layout *l, const struct projection_head *h,
    const struct building *b, struct entry *order)
{
	uint32_t *starts = (uint32_t *)(void *)(map + l->starts),
		 *rows = (uint32_t *)(void *)(map + l->order), *ids = words(b->ids),
		 *id_of = words(b->hashes); /* which nobody looks at any more */
	for (uint32_t id = 0; id < h->values; id++)
		id_of[order[id].number] = id;
	memset(starts, 0, (h->values + (size_t)1) * sizeof *starts);
	for (uint64_t row = 0; row < h->span; row++) {
		ids[row] = ids[row] == NO_ROW ? h->values : id_of[ids[row]];
		put_id(map + l->ids, l->id_bytes, row, ids[row]);
		if (ids[row] < h->values)
			starts[ids[row] + 1]++;
	}
	for (uint32_t id = 0; id < h->values; id++)
		starts[id + 1] += starts[id];
	/* Each start moves on while its rows come, and is the next one's at the end. */
	for (uint64_t row = 0; row < h->span; row++)
		if (ids[row] < h->values)
			rows[starts[ids[row]]++] = (uint32_t)row;
	memmove(starts + 1, starts, h->values * sizeof *starts);
	starts[0] = 0;
}

static struct projection_head
head_of(const struct builder *x, const struct building *b)
{
	struct projection_head h = {
	    .magic = PROJECTION_MAGIC,
	    .version = PROJECTION_VERSION,
	    .generation = x->plan->generation,
	    .edition = x->edition,
	    .change_id = x->change_id,
	    .column_id = (uint32_t)b->column->column_id,
	    .type = (uint32_t)b->column->type,
	    .unfit = b->put_off,
	};
	if (b->put_off)
		return h;
	h.span = x->span;
	h.rows = x->done;
	h.values = b->count;
	h.key_bytes = b->count ? words(b->starts)[b->count] : 0;
	for (uint32_t i = 0; i < b->count; i++)
		for (int c = key_of(b, i).p[0]; c <= KEY_ABSENT; c++)
			h.class_end[c]++;
	return h;
}

static bool
fill(int fd, const struct projection_layout *l, struct projection_head *h, const struct building *b,
    struct entry *order, struct err *e)
{
	/* On a full disk this fails, and not a write into the mapping, which would end us. */
	errno = posix_fallocate(fd, 0, (off_t)l->bytes);
	if (errno != 0)
		return FAIL_ERRNO(e, "a projection cannot be written");
	char *map = mmap(NULL, l->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return FAIL_ERRNO(e, "a projection cannot be written");
	if (!h->unfit) {
		put_keys(map, l, h, b, order);
		put_rows(map, l, h, b, order);
	}
	h->bytes = l->bytes;
	memcpy(map, h, sizeof *h);
	h->checksum = projection_checksum(map, l->bytes);
	memcpy(map, h, sizeof *h);
	munmap(map, l->bytes);
	return true;
}

static bool
write_one(struct builder *x, const struct building *b, struct err *e)
{
	struct projection_head h = head_of(x, b);
	struct projection_layout l;
	if (!projection_layout(&l, &h))
		return FAIL(e, TOO_BIG, "a column has more rows than can be sorted");
	struct entry *order = NULL;
	if (!h.unfit && !(order = sorted(b, room_open(x->arena), e)))
		return false;
	struct str to = arena_format(x->arena, "%s/%zu", x->plan->folder, b->column->column_id),
		   from =
		       arena_format(x->arena, "%s-%zu.new", x->plan->scratch, b->column->column_id);
	int fd = open(from.p, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL_ERRNO(e, "a projection cannot be made");
	bool good = fill(fd, &l, &h, b, order, e) && file_publish(fd, from.p, to.p, e);
	close(fd);
	if (!good)
		unlink(from.p);
	return good;
}

/* ---- passes ---- */

static void
begin_pass(struct builder *x, const struct column *const *columns, size_t count)
{
	struct arena *a = x->arena;
	x->list = arena_array(a, count, sizeof *x->list);
	x->count = count;
	x->cell_count = x->span = x->done = 0;
	for (size_t i = 0; i < count; i++) {
		x->list[i] = (struct building){.column = columns[i],
		    .keys = room_open(a),
		    .starts = room_open(a),
		    .hashes = room_open(a),
		    .slots = room_open(a),
		    .ids = room_open(a)};
		if (columns[i]->column_id >= x->cell_count)
			x->cell_count = columns[i]->column_id + 1;
	}
	x->cells = arena_array(a, x->cell_count, sizeof *x->cells);
	x->key = room_open(a);
}

/* Writes those the pass was enough for; the rest are left in `columns`.  The first was put off when
 * all others were, so it does not fit even alone: it is written as unfit, so that nobody tries
 * again. */
static bool
end_pass(struct builder *x, const struct column **columns, size_t *left, struct err *e)
{
	*left = 0;
	for (size_t i = 0; i < x->count; i++) {
		struct building *b = &x->list[i];
		if (b->put_off && i > 0) {
			columns[(*left)++] = b->column;
			continue;
		}
		struct arena_mark mark = arena_mark(x->arena);
		if (!write_one(x, b, e))
			return false;
		arena_reset(x->arena, mark);
	}
	return true;
}

/*
 * In steps, with nothing held in between, so that whoever edits need not wait until all is read.
 * What is edited meanwhile may be seen as it was or as it is: it was touched after the change the
 * projection says it is of, so nobody believes it.
 */
static bool
read_rows(struct builder *x, struct err *e)
{
	for (int64_t first = 1; first <= x->last; first += ROWS_PER_STEP)
		if (!rows_each(x->rows, first, first + ROWS_PER_STEP, take_row, x, e))
			return false;
	return true;
}

static bool
all_passes(struct builder *x, struct arena *a, struct err *e)
{
	size_t left = x->plan->count;
	const struct column **columns = arena_array(a, left, sizeof(struct column *));
	for (size_t i = 0; i < left; i++)
		columns[i] = &x->plan->columns[i];
	while (left > 0) {
		struct arena_mark mark = arena_mark(a);
		begin_pass(x, columns, left);
		if (!read_rows(x, e) || !end_pass(x, columns, &left, e))
			return false;
		arena_reset(a, mark);
	}
	return true;
}

bool
projection_build(
    struct rows_file *f, const struct projection_plan *plan, struct arena *a, struct err *e)
{
	struct builder x = {.plan = plan, .rows = f, .arena = a};
	randombytes_buf(x.seed, sizeof x.seed);
	return rows_moment(f, &x.edition, &x.change_id, e) && rows_count(f, &x.total, e) &&
	       rows_last(f, &x.last, e) && all_passes(&x, a, e);
}
