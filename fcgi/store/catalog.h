/* catalog.h: what the files of store/ share about catalog.db; nobody else includes it. */
#ifndef ROWHOUSE_CATALOG_H
#define ROWHOUSE_CATALOG_H

#include "store/sql.h"
#include "store/store.h"

struct store {
	char *data;
	struct database catalog;
};

/* A text column copied into the arena; NULL is the empty text. */
struct str catalog_str(const struct sql_query *q, int column, struct arena *a);
/* A UUID column. */
void catalog_id(char out[UUID_BYTES], const struct sql_query *q, int column);
/* {"code","message","field","line"} as kept in an `error` column, and back. */
#define CATALOG_ERROR_BYTES 4096
struct str catalog_error_text(char out[CATALOG_ERROR_BYTES], const struct err *why);
struct kept_error catalog_error(const struct sql_query *q, int column, struct arena *a);

/* A resumable upload is at u->offset with u->hash, and was at `from`; its expiry is made.  Needs a
 * transaction.  NOT_FOUND: it is gone. */
struct upload;
bool catalog_upload_advance(
    struct store *s, struct upload *u, uint64_t from, struct err *e) MUST_CHECK;

#endif
