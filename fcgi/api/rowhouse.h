/*
 * rowhouse.h: our own API, /api/rowhouse/v1.  The pages are drawn from the same JSON, so the
 * functions that write it are here for both.
 */
#ifndef ROWHOUSE_ROWHOUSE_H
#define ROWHOUSE_ROWHOUSE_H

#include "api/exchange.h"

handler_fn rowhouse_dataset_list, rowhouse_dataset_create, rowhouse_dataset_upload,
    rowhouse_dataset_get, rowhouse_dataset_delete, rowhouse_rows, rowhouse_findings,
    rowhouse_export, rowhouse_source_list, rowhouse_source_get, rowhouse_source_upload,
    rowhouse_source_delete, rowhouse_job_list, rowhouse_job_get, rowhouse_job_cancel;

/* One object each. */
void put_dataset(struct jsonout *j, const struct dataset *d, const struct job *latest);
void put_source_object(struct jsonout *j, const struct source *s);
void put_job(struct jsonout *j, const struct job *job);
void put_column_list(
    struct jsonout *j, const struct column *columns, size_t count, struct arena *a);
void put_findings(struct jsonout *j, const struct finding_row *rows, size_t count,
    const struct column *columns, size_t column_count);
void put_finding_counts(struct jsonout *j, const struct finding_count *counts, size_t count);
/* "key": "2024-03-14T15:30:00Z", or null for 0. */
void put_time(struct jsonout *j, const char *key, int64_t us);

/* The paging of lists: ?limit and ?cursor; `next` is null at the end. */
struct cursor {
	uint64_t offset, limit;
};
bool cursor_read(struct cursor *c, struct exchange *x, struct err *e) MUST_CHECK;
void cursor_put(struct jsonout *j, const struct cursor *c, size_t count, int64_t total);

/* For struct upload_kind: names a dataset after its file when the form names none. */
json_t *upload_named(struct exchange *x, json_t *form, struct str file_name);

/* An export in the format of ?format=, as a file; waits for the job that makes it. */
bool export_begin(struct exchange *x, const struct dataset *d, enum export_format format,
    struct err *e) MUST_CHECK;

#endif
