/*
 * projection.h: a column turned on its side: what values it has, in their order, and which rows
 * have each, so that questions to all rows become work on integers.
 *
 * A projection is a file, DATA/datasets/ID/derived/GENERATION/COLUMN_ID, mapped into memory:
 *
 *   head     struct projection_head; the checksum in it is of the whole file
 *   places   of each value of the type, if it lies on a line: a double (key_place), NAN: none
 *   starts   of each value: where its rows begin in `order`; one more at the end
 *   offsets  of each value: where its key begins in `keys`; one more at the end
 *   order    rows (their ids - 1) by value, those of one value by id
 *   ids      by row id - 1: which value it has; as many as there are values: no such row.  Of one,
 *            two or four bytes, as many as are needed
 *   keys     of the values (key.h), each once, in their order
 *
 * A value's id is its place in that order, so less is less.  Rows stay the truth: a projection says
 * after which change it was made, whoever reads it looks at the rows changed since (projected.h),
 * and it may be deleted at any time.  It is written whole under another name and renamed; a file
 * whose checksum, column, type or generation is another is as good as none.
 */
#ifndef ROWHOUSE_PROJECTION_H
#define ROWHOUSE_PROJECTION_H

#include "store/key.h"
#include "store/rows.h"

struct projection_head {
	uint64_t magic;
	uint32_t version, checksum; /* CRC-32 of the file with this as zero */
	uint64_t bytes;             /* of the file */
	int64_t generation, edition, change_id;
	uint64_t span; /* ids of rows are at most this */
	uint64_t rows, key_bytes;
	uint32_t column_id, type;
	uint32_t values;
	uint32_t unfit; /* 1: the column's values are too many bytes: nothing follows */
	/* The ids of each class end here, by enum key_class; they begin where the one before ends.
	 */
	uint32_t class_end[KEY_ABSENT + 1];
	uint32_t zero[4];
};
_Static_assert(sizeof(struct projection_head) == 128, "the head has no holes");

struct projection {
	struct projection_head head;
	const double *places; /* NULL: the type has none */
	const uint32_t *starts, *offsets, *order;
	const void *ids;
	unsigned id_bytes;
	const char *keys;
};

static inline uint32_t
projection_id(const struct projection *p, uint64_t row)
{
	switch (p->id_bytes) {
	case 1:
		return ((const uint8_t *)p->ids)[row];
	case 2:
		return ((const uint16_t *)p->ids)[row];
	default:
		return ((const uint32_t *)p->ids)[row];
	}
}

static inline struct str
projection_key(const struct projection *p, uint32_t id)
{
	return (struct str){p->keys + p->offsets[id], p->offsets[id + 1] - p->offsets[id]};
}

static inline uint32_t
projection_class_begin(const struct projection *p, enum key_class c)
{
	return c == KEY_VALUE ? 0 : p->head.class_end[c - 1];
}

/* The first value that is not less than the key; *same: it is the key. */
uint32_t projection_find(const struct projection *p, struct str key, bool *same);

/* ---- reading (projection_read.c) ---- */

/* Those mapped lately; one process's. */
struct projection_cache;
struct projection_cache *projection_cache_new(void);
void projection_cache_free(struct projection_cache *c);
/* Lets go of files that were deleted meanwhile, so that their room on the disk is free again. */
void projection_cache_prune(struct projection_cache *c);

/* Good until the arena is released.  *out NULL: there is none that is good. */
bool projection_use(const struct projection **out, struct projection_cache *c, const char *path,
    int64_t generation, const struct column *column, struct arena *a, struct err *e) MUST_CHECK;

/* ---- building (projection_build.c) ---- */

struct projection_plan {
	const struct column *columns;
	size_t count;
	int64_t generation;
	const char *folder;  /* where they come to lie; it is there */
	const char *scratch; /* what names begin with before that, on the same disk */
	uint64_t bytes;      /* of memory that a pass over the rows may take */
	/* Now and then: rows done of total; false stops.  NULL: nobody wants to know. */
	bool (*look)(void *context, uint64_t done, uint64_t total, struct err *e);
	void *context;
};
/* Reads every row once for all the columns; more often when their values take more than `bytes`
 * together.  A column whose values do alone gets a file that says so: unfit.  Others may edit
 * meanwhile. */
bool projection_build(struct rows_file *f, const struct projection_plan *plan, struct arena *a,
    struct err *e) MUST_CHECK;

/* ---- what the two share ---- */

#define PROJECTION_MAGIC UINT64_C(0x6a6f727073776f72) /* "rowsproj", the low byte first */
#define PROJECTION_VERSION 1
/* Where the parts of a file with this head begin, and how long it is.  False: no file can be. */
struct projection_layout {
	uint64_t places, starts, offsets, order, ids, keys, bytes;
	unsigned id_bytes;
};
bool projection_layout(struct projection_layout *out, const struct projection_head *h);
void projection_at(struct projection *out, const char *map, const struct projection_layout *l);
uint32_t projection_checksum(const char *map, uint64_t bytes);

#endif
