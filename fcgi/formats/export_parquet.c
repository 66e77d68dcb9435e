/*
 * export_parquet.c: Parquet files (parquet-format 2.9, read by everything since 1.0).
 *
 *   "PAR1"  row group, row group ...  footer  its length  "PAR1"
 *
 * A row group is collected in memory until it has GROUP_BYTES, and then written a column after the
 * other: each is one data page (v1), and before it a dictionary page where that is shorter.  So a
 * file of any size is written with the memory of one row group.  Every column is optional; its
 * definition levels are one bit a row.  Pages are compressed by zstd, or not.
 */
#include "formats/export_writer.h"
#include "formats/dictionary.h"
#include "formats/exact.h"
#include "formats/thrift.h"

#include <zstd.h>

#define GROUP_BYTES ((size_t)16 << 20)
#define GROUP_ROWS ((uint64_t)1 << 20)
#define LEVEL 1
#define HEADER_BYTES 64 /* the most a page's header takes */
#define CREATED_BY "rowhouse version " ROWHOUSE_VERSION

/* Numbers of parquet.thrift. */
enum physical { BOOLEAN = 0, INT32 = 1, INT64 = 2, DOUBLE = 5, BYTE_ARRAY = 6 };
enum converted { NONE = -1, UTF8 = 0, DATE = 6, TIMESTAMP_MICROS = 10, JSON = 19 };
enum logical { NO_LOGICAL = 0, STRING_TYPE = 1, DATE_TYPE = 6, TIMESTAMP_TYPE = 8, JSON_TYPE = 12 };
enum encoding { PLAIN = 0, RLE = 3, RLE_DICTIONARY = 8 };
enum codec { UNCOMPRESSED = 0, ZSTD = 6 };
enum page { DATA_PAGE = 0, DICTIONARY_PAGE = 2 };
enum { OPTIONAL = 1 };

static const struct type {
	enum physical physical;
	enum converted converted;
	enum logical logical;
} types[AS__MAX] = {
    [AS_TEXT] = {BYTE_ARRAY, UTF8, STRING_TYPE},
    [AS_JSON] = {BYTE_ARRAY, JSON, JSON_TYPE},
    [AS_BOOLEAN] = {BOOLEAN, NONE, NO_LOGICAL},
    [AS_INTEGER] = {INT64, NONE, NO_LOGICAL},
    [AS_NUMBER] = {DOUBLE, NONE, NO_LOGICAL},
    [AS_DATE] = {INT32, DATE, DATE_TYPE},
    [AS_TIME] = {INT64, TIMESTAMP_MICROS, TIMESTAMP_TYPE},
    [AS_LOCAL_TIME] = {INT64, NONE, TIMESTAMP_TYPE},
};

/* A column of the row group that is being collected. */
struct chunk {
	enum export_as as;
	struct bytes values; /* PLAIN, of the cells that are not null; booleans a byte each */
	struct bytes levels; /* a bit a row: it is not null */
	uint64_t set;        /* rows that are not null */
};

struct parquet {
	struct chunk *chunks;
	uint64_t rows; /* of the group */
	size_t bytes;  /* of its values */
	struct bytes page, packed, dictionary;
	struct dictionary *words;
	struct bytes groups; /* what the footer says of those that are written */
	size_t group_count;
	uint64_t total; /* bytes of the group on the disk */
	ZSTD_CCtx *zstd;
};

static void
free_zstd(void *zstd)
{
	ZSTD_freeCCtx(zstd);
}

static void
free_words(void *words)
{
	dictionary_free(words);
}

static bool
begin(struct export_writer *w, struct err *e)
{
	struct parquet *q = w->state = arena_alloc(w->arena, sizeof *q);
	struct bytes *all[] = {&q->page, &q->packed, &q->dictionary, &q->groups};
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		bytes_init(all[i], w->arena);
	q->chunks = arena_array(w->arena, w->count, sizeof *q->chunks);
	for (size_t i = 0; i < w->count; i++) {
		q->chunks[i].as = survey_as(w->survey, i);
		bytes_init(&q->chunks[i].values, w->arena);
		bytes_init(&q->chunks[i].levels, w->arena);
	}
	q->words = dictionary_new();
	q->zstd = ZSTD_createCCtx();
	arena_defer(w->arena, free_zstd, q->zstd);
	arena_defer(w->arena, free_words, q->words);
	if (!q->zstd || !q->words ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(q->zstd, ZSTD_c_compressionLevel, LEVEL)))
		return FAIL(e, UNAVAILABLE, "there is not enough memory to write Parquet");
	return export_put(w, "PAR1", 4, e);
}

/* ---- rows ---- */

static void
put_le(struct bytes *b, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		b->p[b->n++] = (char)(v >> (8 * i));
}

/* The survey saw that the cell is what its column is. */
static void
put_plain(struct bytes *b, const struct cell *c, enum export_as as)
{
	int64_t integer = 0;
	int32_t days = 0;
	double number = 0;
	uint64_t bits;
	bool on = c->kind == CELL_TRUE, ignored = false, good = true;
	switch (as) {
	case AS_BOOLEAN:
		good = c->kind != CELL_TEXT || guess_is_boolean(&on, c->bytes);
		put_le(b, good && on, 1);
		return;
	case AS_INTEGER:
		good = exact_integer(&integer, c->bytes);
		put_le(b, good ? (uint64_t)integer : 0, 8);
		return;
	case AS_NUMBER:
		good = exact_double(&number, &ignored, c->bytes);
		memcpy(&bits, &number, sizeof bits);
		put_le(b, good ? bits : 0, 8);
		return;
	case AS_DATE:
		good = exact_date(&days, c->bytes);
		put_le(b, good ? (uint32_t)days : 0, 4);
		return;
	case AS_TIME:
	case AS_LOCAL_TIME:
		good = exact_time(&integer, &on, &ignored, c->bytes);
		put_le(b, good ? (uint64_t)integer : 0, 8);
		return;
	case AS_TEXT:
	case AS_JSON:
	case AS_TEXTS:
	case AS_INTEGERS:
	case AS_NUMBERS:
	case AS_BOOLEANS:
	case AS__MAX:
		break;
	}
	size_t n = export_put_text(b->p + b->n + 4, c, as == AS_JSON);
	put_le(b, n, 4);
	b->n += n;
}

static bool put_group(struct export_writer *w, struct err *e);

static bool
row(struct export_writer *w, struct err *e)
{
	struct parquet *q = w->state;
	for (size_t i = 0; i < w->count; i++) {
		struct chunk *k = &q->chunks[i];
		const struct cell *c = export_cell(w, i);
		bool set = !export_is_null(c, k->as);
		if (!bytes_room(&k->values, c->bytes.n + 8, e) || !bytes_room(&k->levels, 1, e))
			return false;
		if (q->rows % 8 == 0)
			k->levels.p[k->levels.n++] = 0;
		if (!set)
			continue;
		k->levels.p[k->levels.n - 1] |= (char)(1u << q->rows % 8);
		size_t before = k->values.n;
		put_plain(&k->values, c, k->as);
		q->bytes += k->values.n - before;
		k->set++;
	}
	q->rows++;
	/* Nulls take memory, too. */
	if (q->bytes + w->count * (size_t)(q->rows / 8) < GROUP_BYTES && q->rows < GROUP_ROWS)
		return true;
	return put_group(w, e);
}

/* ---- pages ---- */

/* Writes a page: its header, and what is in q->page, compressed.  Adds its sizes to *raw and
 * *stored. */
static bool
put_page(struct export_writer *w, enum page kind, enum encoding encoding, uint64_t values,
    uint64_t *raw, uint64_t *stored, struct err *e)
{
	struct parquet *q = w->state;
	struct str data = {q->page.p, q->page.n};
	struct thrift t;
	if (q->page.n > INT32_MAX)
		return FAIL(e, TOO_BIG, "a row is too large for Parquet");
	if (!w->options.no_compression) {
		q->packed.n = 0;
		if (!bytes_room(&q->packed, ZSTD_compressBound(data.n), e))
			return false;
		size_t n = ZSTD_compress2(q->zstd, q->packed.p, q->packed.capacity, data.p, data.n);
		if (ZSTD_isError(n))
			return FAIL(e, UNAVAILABLE, "a page could not be compressed: %s",
			    ZSTD_getErrorName(n));
		data = (struct str){q->packed.p, n};
	}
	if (!export_room(w, HEADER_BYTES, e))
		return false;
	uint64_t at = w->written + w->out.n;
	thrift_init(&t, &w->out, e);
	thrift_i32(&t, 1, kind);
	thrift_i32(&t, 2, (int32_t)q->page.n);
	thrift_i32(&t, 3, (int32_t)data.n);
	thrift_struct(&t, kind == DATA_PAGE ? 5 : 7);
	thrift_i32(&t, 1, (int32_t)values);
	thrift_i32(&t, 2, encoding);
	if (kind == DATA_PAGE) {
		thrift_i32(&t, 3, RLE);
		thrift_i32(&t, 4, RLE);
	}
	thrift_end(&t);
	thrift_end(&t);
	if (!t.good)
		return false;
	uint64_t header = w->written + w->out.n - at;
	*raw += header + q->page.n;
	*stored += header + data.n;
	return export_put(w, data.p, data.n, e);
}

/* The definition levels: one run when no cell is null, else a bit each. */
static bool
put_levels(struct parquet *q, const struct chunk *k, struct err *e)
{
	struct bytes *b = &q->page;
	uint64_t head = k->set == q->rows ? q->rows << 1 : (uint64_t)k->levels.n << 1 | 1;
	b->n = 0;
	if (!bytes_room(b, 16 + k->levels.n, e))
		return false;
	b->n = 4;
	b->n += thrift_varint(b->p + b->n, head);
	if (k->set == q->rows)
		b->p[b->n++] = 1;
	else
		bytes_put(b, k->levels.p, k->levels.n);
	size_t end = b->n;
	b->n = 0;
	put_le(b, end - 4, 4);
	b->n = end;
	return true;
}

static bool
put_values(struct parquet *q, const struct chunk *k, struct err *e)
{
	struct bytes *b = &q->page;
	if (k->as != AS_BOOLEAN)
		return bytes_add(b, k->values.p, k->values.n, e);
	size_t n = (k->values.n + 7) / 8;
	if (!bytes_room(b, n, e))
		return false;
	memset(b->p + b->n, 0, n);
	for (size_t i = 0; i < k->values.n; i++)
		b->p[b->n + i / 8] |= (char)((unsigned char)k->values.p[i] << i % 8);
	b->n += n;
	return true;
}

/* ---- row groups ---- */

static void
put_chunk_meta(struct thrift *t, const struct export_writer *w, size_t i, uint64_t at,
    uint64_t data_at, uint64_t raw, uint64_t stored)
{
	const struct parquet *q = w->state;
	const struct chunk *k = &q->chunks[i];
	bool has_dictionary = data_at != at;
	thrift_item_struct(t);
	thrift_i64(t, 2, (int64_t)at);
	thrift_struct(t, 3);
	thrift_i32(t, 1, types[k->as].physical);
	thrift_list(t, 2, THRIFT_I32, has_dictionary ? 3 : 2);
	thrift_item_i32(t, PLAIN);
	thrift_item_i32(t, RLE);
	if (has_dictionary)
		thrift_item_i32(t, RLE_DICTIONARY);
	thrift_list(t, 3, THRIFT_BINARY, 1);
	thrift_item_binary(t, w->columns[i].name);
	thrift_i32(t, 4, w->options.no_compression ? UNCOMPRESSED : ZSTD);
	thrift_i64(t, 5, (int64_t)q->rows);
	thrift_i64(t, 6, (int64_t)raw);
	thrift_i64(t, 7, (int64_t)stored);
	thrift_i64(t, 9, (int64_t)data_at);
	if (has_dictionary)
		thrift_i64(t, 11, (int64_t)at);
	thrift_struct(t, 12);
	thrift_i64(t, 3, (int64_t)(q->rows - k->set));
	thrift_end(t);
	thrift_end(t);
	thrift_end(t);
}

static bool
put_chunk(struct export_writer *w, size_t i, struct thrift *t, struct err *e)
{
	struct parquet *q = w->state;
	struct chunk *k = &q->chunks[i];
	uint64_t at = w->written + w->out.n, data_at = at, raw = 0, stored = 0;
	struct dictionary_words d = {0};
	bool worth = types[k->as].physical == BYTE_ARRAY &&
		     dictionary_make(q->words, &d, (struct str){k->values.p, k->values.n}, k->set);
	if (worth) {
		q->page.n = 0;
		if (!bytes_add(&q->page, d.values.p, d.values.n, e) ||
		    !put_page(w, DICTIONARY_PAGE, PLAIN, d.count, &raw, &stored, e))
			return false;
		data_at = w->written + w->out.n;
	}
	if (!put_levels(q, k, e) ||
	    !(worth ? dictionary_put(&q->page, &d, k->set, e) : put_values(q, k, e)) ||
	    !put_page(w, DATA_PAGE, worth ? RLE_DICTIONARY : PLAIN, q->rows, &raw, &stored, e))
		return false;
	put_chunk_meta(t, w, i, at, data_at, raw, stored);
	q->total += raw;
	k->values.n = k->levels.n = 0;
	k->set = 0;
	return t->good;
}

static bool
put_group(struct export_writer *w, struct err *e)
{
	struct parquet *q = w->state;
	struct thrift t;
	if (q->rows == 0)
		return true;
	thrift_init(&t, &q->groups, e);
	thrift_list(&t, 1, THRIFT_STRUCT, w->count);
	q->total = 0;
	for (size_t i = 0; i < w->count; i++)
		if (!put_chunk(w, i, &t, e))
			return false;
	thrift_i64(&t, 2, (int64_t)q->total);
	thrift_i64(&t, 3, (int64_t)q->rows);
	thrift_end(&t);
	q->group_count++;
	q->rows = 0;
	q->bytes = 0;
	return t.good;
}

/* ---- the footer ---- */

static void
put_schema(struct thrift *t, const struct export_writer *w)
{
	const struct parquet *q = w->state;
	thrift_list(t, 2, THRIFT_STRUCT, w->count + 1);
	thrift_item_struct(t);
	thrift_binary(t, 4, STR("schema"));
	thrift_i32(t, 5, (int32_t)w->count);
	thrift_end(t);
	for (size_t i = 0; i < w->count; i++) {
		const struct type *type = &types[q->chunks[i].as];
		thrift_item_struct(t);
		thrift_i32(t, 1, type->physical);
		thrift_i32(t, 3, OPTIONAL);
		thrift_binary(t, 4, w->columns[i].name);
		if (type->converted != NONE)
			thrift_i32(t, 6, type->converted);
		if (type->logical != NO_LOGICAL) {
			thrift_struct(t, 10);
			thrift_struct(t, type->logical);
			if (type->logical == TIMESTAMP_TYPE) {
				thrift_bool(t, 1, q->chunks[i].as == AS_TIME);
				thrift_struct(t, 2);
				thrift_empty(t, 2); /* microseconds */
				thrift_end(t);
			}
			thrift_end(t);
			thrift_end(t);
		}
		thrift_end(t);
	}
}

static bool
end(struct export_writer *w, struct err *e)
{
	struct parquet *q = w->state;
	struct thrift t;
	struct bytes *footer = &q->page;
	if (!put_group(w, e))
		return false;
	footer->n = 0;
	thrift_init(&t, footer, e);
	thrift_i32(&t, 1, 1);
	put_schema(&t, w);
	thrift_i64(&t, 3, (int64_t)w->rows);
	thrift_list(&t, 4, THRIFT_STRUCT, q->group_count);
	thrift_raw(&t, (struct str){q->groups.p, q->groups.n});
	thrift_binary(&t, 6, STR(CREATED_BY));
	thrift_end(&t);
	if (!t.good || !export_put(w, footer->p, footer->n, e) || !export_room(w, 8, e))
		return false;
	put_le(&w->out, footer->n, 4);
	bytes_put(&w->out, "PAR1", 4);
	return true;
}

const struct export_functions export_parquet = {.begin = begin, .row = row, .end = end};
