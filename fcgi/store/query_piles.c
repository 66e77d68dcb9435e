/* query_piles.c: see query_piles.h. */
#include "store/query_piles.h"
#include "base/file.h"
#include "base/limits.h"

#include <stdlib.h>
#include <sys/mman.h>

#define BUFFER_BYTES ((size_t)KIB(64))

/* A row as it lies on a pile, before its two texts. */
struct piled {
	int64_t row_id, rev;
	uint64_t line;
	uint32_t cells, absent; /* bytes */
};

/* Where on its pile a row lies.  Rows were put there by id. */
struct place {
	int64_t row_id;
	uint64_t at;
};

struct pile {
	int fd;
	char *buffer;
	size_t buffered;
	uint64_t bytes; /* all, those in the buffer too */
	size_t rows;
};

struct piles {
	struct piles_plan plan;
	struct pile *list;
	size_t count;
	uint8_t *pile_of; /* by row id - 1: its number from 1 on, 0: the row is not wanted */
	int64_t *wanted;  /* rows of one pile, in order */
	struct place *places;
	uint64_t read;
};

static size_t
rows_of(const struct piles *p, size_t k)
{
	uint64_t left = p->plan.matching - k * p->plan.part;
	return (size_t)(left < p->plan.part ? left : p->plan.part);
}

/* Into p->wanted. */
static bool
order_of(struct piles *p, size_t k, struct err *e)
{
	return p->plan.order(
	    p->plan.context, k * (uint64_t)p->plan.part, rows_of(p, k), p->wanted, e);
}

/* ---- reading the file ---- */

static bool
flush(struct pile *pile, struct err *e)
{
	size_t n = pile->buffered;
	pile->buffered = 0;
	return file_write_all(pile->fd, pile->buffer, n, e);
}

static bool
put(struct pile *pile, const void *bytes, size_t n, struct err *e)
{
	pile->bytes += n;
	if (n > BUFFER_BYTES - pile->buffered && !flush(pile, e))
		return false;
	if (n > BUFFER_BYTES)
		return file_write_all(pile->fd, bytes, n, e);
	if (n > 0)
		memcpy(pile->buffer + pile->buffered, bytes, n);
	pile->buffered += n;
	return true;
}

static bool
put_row(void *context, const struct row *r, struct err *e)
{
	struct piles *p = context;
	uint8_t number = p->pile_of[r->row_id - 1];
	if (p->read++ % ROWS_PER_GLANCE == 0 && !query_in_time(&p->plan.time, e))
		return false;
	if (number == 0)
		return true;
	struct pile *pile = &p->list[number - 1];
	const struct piled head = {
	    r->row_id, r->rev, r->line, (uint32_t)r->cells.n, (uint32_t)r->absent.n};
	pile->rows++;
	return put(pile, &head, sizeof head, e) && put(pile, r->cells.p, r->cells.n, e) &&
	       put(pile, r->absent.p, r->absent.n, e);
}

static bool
open_piles(struct piles *p, struct arena *a, struct err *e)
{
	struct room *buffers = room_open(a);
	p->list = arena_array(a, p->count, sizeof *p->list);
	if (!room_for(buffers, p->count * BUFFER_BYTES, e))
		return false;
	for (size_t k = 0; k < p->count; k++) {
		p->list[k].buffer = buffers->p + k * BUFFER_BYTES;
		if (!file_scratch(&p->list[k].fd, p->plan.scratch, a, e) || !order_of(p, k, e))
			return false;
		for (size_t i = 0; i < rows_of(p, k); i++)
			p->pile_of[p->wanted[i] - 1] = (uint8_t)(k + 1);
	}
	return true;
}

bool
piles_make(struct piles **out, const struct piles_plan *plan, struct arena *a, struct err *e)
{
	struct piles *p = arena_alloc(a, sizeof *p);
	struct room *numbers = room_open(a), *wanted = room_open(a), *places = room_open(a);
	*p = (struct piles){.plan = *plan};
	if (plan->matching / PILES_MOST >= plan->part)
		p->plan.part = (size_t)(plan->matching / PILES_MOST + 1);
	size_t part = p->plan.part;
	p->count = (size_t)((plan->matching + part - 1) / part);
	if (!room_for(numbers, plan->span, e) || !room_for(wanted, part * sizeof *p->wanted, e) ||
	    !room_for(places, part * sizeof *p->places, e))
		return false;
	p->pile_of = (uint8_t *)numbers->p;
	p->wanted = (int64_t *)(void *)wanted->p;
	p->places = (struct place *)(void *)places->p;
	memset(p->pile_of, 0, plan->span);
	if (!open_piles(p, a, e) || !rows_each(plan->file, 0, 0, put_row, p, e))
		return false;
	for (size_t k = 0; k < p->count; k++)
		if (!flush(&p->list[k], e))
			return false;
	*out = p;
	return true;
}

/* ---- handing out ---- */

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return (x->row_id > y->row_id) - (x->row_id < y->row_id);
}

static void
find_places(struct piles *p, const struct pile *pile, const char *map)
{
	uint64_t at = 0;
	for (size_t i = 0; i < pile->rows; i++) {
		struct piled head;
		memcpy(&head, map + at, sizeof head);
		p->places[i] = (struct place){head.row_id, at};
		at += sizeof head + head.cells + head.absent;
	}
}

static bool
hand_pile(struct piles *p, size_t k, const char *map, rows_each_fn *fn, void *context, bool *enough,
    struct err *e)
{
	const struct pile *pile = &p->list[k];
	if (!order_of(p, k, e))
		return false;
	find_places(p, pile, map);
	for (size_t i = 0; i < rows_of(p, k) && !*enough; i++) {
		const struct place wanted = {p->wanted[i], 0};
		const struct place *found =
		    bsearch(&wanted, p->places, pile->rows, sizeof wanted, compare_places);
		if (!found)
			return FAIL(e, SYSTEM, "a row went while the rows were sorted");
		struct piled head;
		memcpy(&head, map + found->at, sizeof head);
		const char *texts = map + found->at + sizeof head;
		const struct row row = {head.row_id, head.line, head.rev, {texts, head.cells},
		    {texts + head.cells, head.absent}};
		*enough = !fn(context, &row, e);
	}
	return e->code == ERR_OK;
}

bool
piles_each(struct piles *p, rows_each_fn *fn, void *context, struct err *e)
{
	bool enough = false;
	for (size_t k = 0; k < p->count && !enough; k++) {
		size_t n = (size_t)p->list[k].bytes;
		char *map = mmap(NULL, n, PROT_READ, MAP_PRIVATE, p->list[k].fd, 0);
		if (map == MAP_FAILED)
			return FAIL_ERRNO(e, "sorted rows cannot be read");
		bool good = hand_pile(p, k, map, fn, context, &enough, e);
		munmap(map, n);
		if (!good)
			return false;
	}
	return true;
}
