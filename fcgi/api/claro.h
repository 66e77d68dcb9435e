/* claro.h: Claro's API under /api/v2 and /claro/api/v2 (seeds/000, reference: apis 3). */
#ifndef ROWHOUSE_CLARO_H
#define ROWHOUSE_CLARO_H

#include "api/exchange.h"

handler_fn claro_dataset_create, claro_dataset_upload, claro_dataset_list, claro_dataset_get,
    claro_dataset_data, claro_dataset_delete, claro_source_list, claro_source_get,
    claro_source_upload, claro_source_delete;

void claro_error(struct exchange *x, const struct err *e);

/* A JSON Schema in the words of our own API, written in theirs. */
void claro_put_schema(struct jsonout *j, struct str schema);

#endif
