/* claro.h: Claro's API under /api/v2 and /claro/api/v2 (seeds/000, reference: apis 3). */
#ifndef ROWHOUSE_CLARO_H
#define ROWHOUSE_CLARO_H

#include "api/exchange.h"
#include "store/rows.h"

handler_fn claro_dataset_create, claro_dataset_upload, claro_dataset_list, claro_dataset_get,
    claro_dataset_data, claro_dataset_delete, claro_source_list, claro_source_get,
    claro_source_upload, claro_source_delete;

void claro_error(struct exchange *x, const struct err *e);

/* A JSON Schema in the words of our own API, written in theirs. */
void claro_put_schema(struct jsonout *j, struct str schema);

/* ---- what claro.c and claro_data.c share ---- */

struct claro_paging {
	uint64_t page, limit;
};
/* page and limit of the address. */
bool claro_read_paging(struct claro_paging *p, struct exchange *x, uint64_t preset, uint64_t most,
    struct err *e) MUST_CHECK;
/* The members `pagination` and `columns` of the open object. */
void claro_put_paging(struct jsonout *j, const struct claro_paging *p, uint64_t total);
void claro_put_columns(
    struct jsonout *j, const struct column *columns, size_t count, struct arena *a);

#endif
