/* thrift.c: see thrift.h, and "Thrift Compact protocol encoding". */
#include "formats/thrift.h"

#include <assert.h>

size_t
thrift_varint(char *out, uint64_t v)
{
	size_t n = 0;
	for (; v > 127; v >>= 7)
		out[n++] = (char)(v | 128);
	out[n++] = (char)v;
	return n;
}

static void
add(struct thrift *t, const void *p, size_t n)
{
	t->good = t->good && bytes_add(t->out, p, n, t->e);
}

static void
varint(struct thrift *t, uint64_t v)
{
	char b[THRIFT_VARINT_BYTES];
	add(t, b, thrift_varint(b, v));
}

static void
zigzag(struct thrift *t, int64_t v)
{
	varint(t, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

/* The header of a member: how much higher its id is than the last one's, and its type. */
static void
member(struct thrift *t, int id, unsigned type)
{
	int step = id - t->last[t->depth];
	assert(step > 0 && step < 16);
	unsigned char b = (unsigned char)((unsigned)step << 4 | type);
	add(t, &b, 1);
	t->last[t->depth] = id;
}

static void
open_struct(struct thrift *t)
{
	t->depth++;
	assert(t->depth < THRIFT_DEPTH);
	t->last[t->depth] = 0;
}

void
thrift_init(struct thrift *t, struct bytes *out, struct err *e)
{
	*t = (struct thrift){.out = out, .e = e, .good = true};
}

void
thrift_end(struct thrift *t)
{
	add(t, "", 1);
	t->depth--;
}

void
thrift_bool(struct thrift *t, int id, bool v)
{
	member(t, id, v ? 1 : 2);
}

void
thrift_i32(struct thrift *t, int id, int32_t v)
{
	member(t, id, THRIFT_I32);
	zigzag(t, v);
}

void
thrift_i64(struct thrift *t, int id, int64_t v)
{
	member(t, id, THRIFT_I64);
	zigzag(t, v);
}

void
thrift_binary(struct thrift *t, int id, struct str v)
{
	member(t, id, THRIFT_BINARY);
	thrift_item_binary(t, v);
}

void
thrift_struct(struct thrift *t, int id)
{
	member(t, id, THRIFT_STRUCT);
	open_struct(t);
}

void
thrift_empty(struct thrift *t, int id)
{
	thrift_struct(t, id);
	thrift_end(t);
}

void
thrift_list(struct thrift *t, int id, enum thrift_type type, size_t count)
{
	member(t, id, 9);
	unsigned char b = (unsigned char)((count < 15 ? count : 15) << 4 | type);
	add(t, &b, 1);
	if (count >= 15)
		varint(t, count);
}

void
thrift_item_i32(struct thrift *t, int32_t v)
{
	zigzag(t, v);
}

void
thrift_item_binary(struct thrift *t, struct str v)
{
	varint(t, v.n);
	add(t, v.p, v.n);
}

void
thrift_item_struct(struct thrift *t)
{
	open_struct(t);
}

void
thrift_raw(struct thrift *t, struct str items)
{
	add(t, items.p, items.n);
}
