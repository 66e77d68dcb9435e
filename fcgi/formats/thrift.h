/*
 * thrift.h: structs written in the compact protocol of Apache Thrift, which is how Parquet writes
 * what stands around its data.  Members must come in the order of their ids.
 *
 * The first failure is kept in `good`, which whoever wrote looks at in the end.
 */
#ifndef ROWHOUSE_THRIFT_H
#define ROWHOUSE_THRIFT_H

#include "formats/bytes.h"

#define THRIFT_DEPTH 8

/* The types of list items. */
enum thrift_type { THRIFT_I32 = 5, THRIFT_I64 = 6, THRIFT_BINARY = 8, THRIFT_STRUCT = 12 };

struct thrift {
	struct bytes *out;
	struct err *e;
	bool good;
	int depth;
	int last[THRIFT_DEPTH]; /* the id of the member before, of each open struct */
};

/* Seven bits a byte, the lowest first; `out` has room for THRIFT_VARINT_BYTES. */
#define THRIFT_VARINT_BYTES 10
size_t thrift_varint(char *out, uint64_t v);

/* Begins with a struct that is open. */
void thrift_init(struct thrift *t, struct bytes *out, struct err *e);
/* Closes the innermost struct. */
void thrift_end(struct thrift *t);

void thrift_bool(struct thrift *t, int id, bool v);
void thrift_i32(struct thrift *t, int id, int32_t v);
void thrift_i64(struct thrift *t, int id, int64_t v);
void thrift_binary(struct thrift *t, int id, struct str v);
void thrift_struct(struct thrift *t, int id);
/* A struct without members. */
void thrift_empty(struct thrift *t, int id);
/* `count` items must follow, by the functions below. */
void thrift_list(struct thrift *t, int id, enum thrift_type type, size_t count);
void thrift_item_i32(struct thrift *t, int32_t v);
void thrift_item_binary(struct thrift *t, struct str v);
void thrift_item_struct(struct thrift *t);
/* Items that were written elsewhere. */
void thrift_raw(struct thrift *t, struct str items);

#endif
