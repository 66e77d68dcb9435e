/*
 * rowhouse.h: our own API, /api/rowhouse/v1.  The pages are drawn from the same JSON, so the
 * functions that write it are here for both.
 */
#ifndef ROWHOUSE_ROWHOUSE_H
#define ROWHOUSE_ROWHOUSE_H

#include "api/exchange.h"
#include "model/query.h"

handler_fn rowhouse_dataset_list, rowhouse_dataset_create, rowhouse_dataset_upload,
    rowhouse_dataset_get, rowhouse_dataset_delete, rowhouse_findings, rowhouse_job_list,
    rowhouse_job_get, rowhouse_job_cancel;
/* rowhouse_query.c */
handler_fn rowhouse_rows, rowhouse_facets, rowhouse_columns;
/* rowhouse_sources.c */
handler_fn rowhouse_source_list, rowhouse_source_get, rowhouse_source_upload,
    rowhouse_source_delete, rowhouse_source_preview;
/* rowhouse_export.c */
handler_fn rowhouse_export, rowhouse_export_start, rowhouse_job_file;
/* rowhouse_rows.c */
handler_fn rowhouse_row_get, rowhouse_cell_get, rowhouse_row_add, rowhouse_row_set,
    rowhouse_row_delete, rowhouse_row_delete_many, rowhouse_change_list, rowhouse_change_undo;
/* rowhouse_plugins.c */
handler_fn rowhouse_engine_list, rowhouse_type_list, rowhouse_type_get, rowhouse_plugin_list,
    rowhouse_task_list, rowhouse_task_start, rowhouse_call, rowhouse_view, rowhouse_site_task_start,
    rowhouse_site_view;
/* rowhouse_accounts.c */
handler_fn rowhouse_me, rowhouse_password, rowhouse_user_list, rowhouse_user_new, rowhouse_user_get,
    rowhouse_user_change, rowhouse_user_link, rowhouse_key_list, rowhouse_key_new, rowhouse_key_get,
    rowhouse_key_revoke, rowhouse_audit_list;

/* One object each. */
void put_dataset(
    struct jsonout *j, const struct registry *r, const struct dataset *d, const struct job *latest);
void put_type(struct jsonout *j, const struct dataset_type *t);
void put_plugin(struct jsonout *j, const struct plugin_entry *p);
void put_work(struct jsonout *j, const struct plugin_work *w);
void put_change(struct jsonout *j, const struct change *c);
void put_user(struct jsonout *j, const struct user *u);
void put_key(struct jsonout *j, const struct key *k);
void put_audit(struct jsonout *j, const struct audit *x);
/* "key": text, or null when it is empty. */
void put_optional(struct jsonout *j, const char *key, struct str text);
/* Where a link leads that is given to a user. */
struct str link_url(struct exchange *x, const char *token);
void put_source_object(struct jsonout *j, const struct source *s);
void put_job(struct jsonout *j, const struct job *job);
void put_column_list(
    struct jsonout *j, const struct column *columns, size_t count, struct arena *a);
void put_findings(struct jsonout *j, const struct finding_row *rows, size_t count,
    const struct column *columns, size_t column_count);
void put_finding_counts(struct jsonout *j, const struct finding_count *counts, size_t count);
/* "key": "2024-03-14T15:30:00Z", or null for 0. */
void put_time(struct jsonout *j, const char *key, int64_t us);

/* The tables of what requests of this API may say, for checks and for the documentation. */
extern const struct field list_query[], rows_query[], facets_query[], columns_query[],
    source_of_uploads[], rows_body[], row_body[], rows_delete_body[], audit_query[], work_query[];

/* The query parameters of the route, held against its table.  Parameters nobody knows are refused,
 * but not in the address of a page.  FIELD_TEXTS: the parameter may be repeated. */
bool query_check(const struct value **out, struct exchange *x, const struct field *table,
    struct err *e) MUST_CHECK;
/* Whatever the route's tables say nothing of is not there: a query where it takes none, a body
 * where it takes none. */
bool nothing_more(struct exchange *x, struct err *e) MUST_CHECK;
/* They as a tree, for a plugin's form. */
bool query_tree(json_t **out, struct exchange *x, struct err *e) MUST_CHECK;
/* In such a tree: of what the table has as FIELD_TEXTS all values that were sent. */
bool query_gather(
    json_t *tree, struct exchange *x, const struct field *table, struct err *e) MUST_CHECK;
/* The rev in If-Match: PRECONDITION_MISSING without one; -1 for *. */
bool if_match_rev(int64_t *out, struct exchange *x, struct err *e) MUST_CHECK;

/* The query of the audit, checked against audit_query. */
struct audit_query_values {
	struct audit_filter filter;
	int64_t before; /* 0: from the newest on */
	size_t limit;
};
bool audit_query_read(struct audit_query_values *out, struct exchange *x, struct err *e) MUST_CHECK;

/* The paging of lists: ?limit and ?cursor; `next` is null at the end. */
struct cursor {
	uint64_t offset, limit;
};
bool cursor_read(struct cursor *c, struct exchange *x, struct err *e) MUST_CHECK;
void cursor_put(struct jsonout *j, const struct cursor *c, size_t count, int64_t total);

/* 202: the job that was queued, as it is now. */
bool answer_started(struct exchange *x, const struct job *job, struct err *e) MUST_CHECK;

/* For struct upload_kind: names a dataset after its file when the form names none. */
json_t *upload_named(struct exchange *x, json_t *form, struct str file_name);

/*
 * rowhouse_query.c: model_query_prepare() for a handler.  *waits: the request waits for a job and
 * the handler returns true at once; `again`, the handler itself, is called when the job has ended,
 * and begins anew.  It keeps what it needs for that in x->state.
 */
bool query_prepare(struct exchange *x, const struct dataset *d, struct rows_file *rows,
    struct query *q, const size_t *facets, size_t facet_count, handler_fn *again, bool *waits,
    struct err *e) MUST_CHECK;

/* rowhouse_export.c: what a request asks for (export_fields), as a file; waits for the job. */
bool export_send(struct exchange *x, struct dataset *d, const struct export_plan *plan,
    struct err *e) MUST_CHECK;
/* The file of a job that is done. */
bool export_send_file(struct exchange *x, const struct job *job, struct err *e) MUST_CHECK;

#endif
