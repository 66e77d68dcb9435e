/*
 * export_avro.c: Avro object container files (Apache Avro 1.11 specification).
 *
 * A row is a record of the columns in their order.  A column is a union with null, unless it is
 * required and has a value in every row.  Names of Avro are [A-Za-z_][A-Za-z0-9_]*: what a column's
 * name has besides becomes _, and the name itself is the field's `doc`.  Blocks are deflated, or
 * not (codec null).
 *
 * libavro writes neither `doc` nor a record that is longer than its block; the three rules by which
 * values are encoded are here instead.
 */
#include "formats/export_writer.h"
#include "base/ids.h"
#include "base/jsonout.h"
#include "formats/exact.h"

#include <zlib.h>

#define BLOCK_BYTES ((size_t)256 << 10)
#define SYNC_BYTES 16
#define LONG_BYTES 10 /* the most a long takes */
#define LEVEL 1

struct avro {
	uint8_t sync[SYNC_BYTES];
	struct bytes block, packed;
	uint64_t rows; /* in the block */
	z_stream z;
	bool *nullable;
};

/* Zigzag, seven bits a byte, the lowest first. */
static void
put_long(struct bytes *b, int64_t v)
{
	uint64_t u = ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
	for (; u > 127; u >>= 7)
		b->p[b->n++] = (char)(u | 128);
	b->p[b->n++] = (char)u;
}

static bool
put_string(struct bytes *b, struct str s, struct err *e)
{
	if (!bytes_room(b, LONG_BYTES + s.n, e))
		return false;
	put_long(b, (int64_t)s.n);
	bytes_put(b, s.p, s.n);
	return true;
}

/* ---- the schema ---- */

static bool
is_taken(const struct str *names, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(names[i], name))
			return true;
	return false;
}

/* The name of field i, another one than those before it have. */
static struct str
field_name(const struct str *names, size_t i, struct str name, struct arena *a)
{
	bool digit = name.n > 0 && name.p[0] >= '0' && name.p[0] <= '9';
	char *p = arena_alloc(a, name.n + 2);
	size_t n = 0;
	if (digit || name.n == 0)
		p[n++] = '_';
	for (size_t k = 0; k < name.n; k++) {
		char c = name.p[k];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_';
		/* One _ for each character, however many bytes it has. */
		if (good || (c & 0xc0) != 0x80)
			p[n++] = good ? c : '_';
	}
	struct str plain = {p, n}, unique = plain;
	for (size_t number = 2; is_taken(names, i, unique); number++)
		unique = arena_format(a, "%.*s_%zu", STR_ARG(plain), number);
	return unique;
}

static void
put_type(struct jsonout *j, enum export_as as)
{
	static const char *const names[AS__MAX] = {[AS_BOOLEAN] = "boolean",
	    [AS_INTEGER] = "long",
	    [AS_NUMBER] = "double",
	    [AS_TEXTS] = "string",
	    [AS_INTEGERS] = "long",
	    [AS_NUMBERS] = "double",
	    [AS_BOOLEANS] = "boolean"};
	const char *name = names[as] ? names[as] : "string";
	if (as < AS_TEXTS) {
		jsonout_text(j, name);
		return;
	}
	jsonout_object(j);
	jsonout_member_text(j, "type", "array");
	jsonout_member_text(j, "items", name);
	jsonout_end(j);
}

static struct str
schema(const struct export_writer *w, const bool *nullable)
{
	struct buf b;
	struct jsonout j;
	struct str *names = arena_array(w->arena, w->count, sizeof *names);
	buf_init(&b, w->arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_text(&j, "type", "record");
	jsonout_member_text(&j, "name", "row");
	jsonout_key(&j, "fields");
	jsonout_array(&j);
	for (size_t i = 0; i < w->count; i++) {
		names[i] = field_name(names, i, w->columns[i].name, w->arena);
		jsonout_object(&j);
		jsonout_member_str(&j, "name", names[i]);
		jsonout_member_str(&j, "doc", w->columns[i].name);
		jsonout_key(&j, "type");
		if (nullable[i]) {
			jsonout_array(&j);
			jsonout_text(&j, "null");
		}
		put_type(&j, survey_as(w->survey, i));
		if (nullable[i]) {
			jsonout_end(&j);
			jsonout_key(&j, "default");
			jsonout_null(&j);
		}
		jsonout_end(&j);
	}
	jsonout_end(&j);
	jsonout_end(&j);
	return buf_str(&b);
}

/* ---- blocks ---- */

static void
end_deflate(void *z)
{
	deflateEnd(z);
}

static bool
begin(struct export_writer *w, struct err *e)
{
	struct avro *v = w->state = arena_alloc(w->arena, sizeof *v);
	const struct {
		struct str name, value;
	} meta[] = {
	    {STR("avro.schema"), {0}},
	    {STR("avro.codec"), w->options.no_compression ? STR("null") : STR("deflate")},
	};
	bytes_init(&v->block, w->arena);
	bytes_init(&v->packed, w->arena);
	v->nullable = arena_array(w->arena, w->count, sizeof *v->nullable);
	for (size_t i = 0; i < w->count; i++)
		v->nullable[i] = !w->columns[i].required || survey_has_null(w->survey, i);
	random_bytes(v->sync, sizeof v->sync);
	if (!w->options.no_compression) {
		if (deflateInit2(&v->z, LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
		    Z_OK)
			return FAIL(e, UNAVAILABLE, "there is not enough memory to compress");
		arena_defer(w->arena, end_deflate, &v->z);
	}
	if (!export_put(w, "Obj\x01", 4, e) || !export_room(w, LONG_BYTES, e))
		return false;
	put_long(&w->out, (int64_t)ARRAY_LENGTH(meta));
	for (size_t i = 0; i < ARRAY_LENGTH(meta); i++) {
		struct str value = i == 0 ? schema(w, v->nullable) : meta[i].value;
		if (!put_string(&w->out, meta[i].name, e) || !put_string(&w->out, value, e))
			return false;
	}
	return export_put(w, "", 1, e) && export_put(w, v->sync, SYNC_BYTES, e);
}

static bool
pack(struct avro *v, struct str *out, struct err *e)
{
	v->packed.n = 0;
	if (!bytes_room(&v->packed, deflateBound(&v->z, v->block.n), e))
		return false;
	v->z.next_in = (unsigned char *)v->block.p;
	v->z.avail_in = (unsigned)v->block.n;
	v->z.next_out = (unsigned char *)v->packed.p;
	v->z.avail_out = (unsigned)v->packed.capacity;
	if (deflate(&v->z, Z_FINISH) != Z_STREAM_END)
		return FAIL(e, SYSTEM, "a block could not be compressed");
	*out = (struct str){v->packed.p, v->packed.capacity - v->z.avail_out};
	deflateReset(&v->z);
	return true;
}

static bool
put_block(struct export_writer *w, struct err *e)
{
	struct avro *v = w->state;
	struct str data = {v->block.p, v->block.n};
	if (v->rows == 0)
		return true;
	if ((!w->options.no_compression && !pack(v, &data, e)) ||
	    !export_room(w, 2 * LONG_BYTES, e))
		return false;
	put_long(&w->out, (int64_t)v->rows);
	put_long(&w->out, (int64_t)data.n);
	v->rows = 0;
	v->block.n = 0;
	return export_put(w, data.p, data.n, e) && export_put(w, v->sync, SYNC_BYTES, e);
}

/* ---- rows ---- */

static void
put_double(struct bytes *b, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	for (int i = 0; i < 8; i++)
		b->p[b->n++] = (char)(bits >> (8 * i));
}

/* A value that is no array; there is room for LONG_BYTES + 2 + its bytes. */
static void
put_value(struct bytes *b, const struct cell *c, enum export_as as)
{
	int64_t integer = 0;
	double number = 0;
	bool on = c->kind == CELL_TRUE, ignored = false;
	switch (as) {
	case AS_BOOLEAN:
	case AS_BOOLEANS:
		if (c->kind == CELL_TEXT && !guess_is_boolean(&on, c->bytes))
			on = false; /* the survey saw that it is one */
		b->p[b->n++] = on;
		return;
	case AS_INTEGER:
	case AS_INTEGERS:
		if (exact_integer(&integer, c->bytes))
			put_long(b, integer);
		return;
	case AS_NUMBER:
	case AS_NUMBERS:
		if (exact_double(&number, &ignored, c->bytes))
			put_double(b, number);
		return;
	case AS_TEXT:
	case AS_TEXTS:
	case AS_JSON:
	case AS_DATE:
	case AS_TIME:
	case AS_LOCAL_TIME:
	case AS__MAX:
		break;
	}
	put_long(b, (int64_t)export_text_length(c, as == AS_JSON));
	b->n += export_put_text(b->p + b->n, c, as == AS_JSON);
}

static void
put_items(struct bytes *b, struct str array, enum export_as as)
{
	struct cell item;
	size_t at = 0;
	int64_t count = 0;
	while (exact_next(&item, array, &at))
		count++;
	if (count > 0)
		put_long(b, count);
	at = 0;
	while (exact_next(&item, array, &at))
		put_value(b, &item, as);
	put_long(b, 0);
}

/* An item of n bytes and the comma behind it become no more than this: true is one byte, 1 at most
 * eight as a double, "" is its length. */
#define ITEMS_ROOM(n) (8 * (n) + 2 * LONG_BYTES)

static bool
row(struct export_writer *w, struct err *e)
{
	struct avro *v = w->state;
	struct bytes *b = &v->block;
	for (size_t i = 0; i < w->count; i++) {
		const struct cell *c = export_cell(w, i);
		enum export_as as = survey_as(w->survey, i);
		bool is_array = as >= AS_TEXTS;
		size_t room = is_array ? ITEMS_ROOM(c->bytes.n) : LONG_BYTES + 2 + c->bytes.n;
		if (!bytes_room(b, 1 + room, e))
			return false;
		bool is_null = export_is_null(c, as);
		if (v->nullable[i])
			b->p[b->n++] = is_null ? 0 : 2;
		if (!is_null && is_array)
			put_items(b, c->bytes, as);
		else if (!is_null)
			put_value(b, c, as);
	}
	v->rows++;
	return b->n < BLOCK_BYTES || put_block(w, e);
}

const struct export_functions export_avro = {.begin = begin, .row = row, .end = put_block};
