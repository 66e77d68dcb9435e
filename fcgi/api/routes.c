/*
 * routes.c: every address there is.  To add one: a line here and a handler.
 *
 * A vendor's addresses stand once for its own mount and once behind its unambiguous prefix.  The
 * first pattern that fits counts.
 */
#include "api/claro.h"
#include "api/openapi.h"
#include "api/route.h"
#include "api/rowhouse.h"
#include "api/site.h"
#include "api/tus.h"
#include "formats/options.h"
#include "model/accounts.h"
#include "pages/pages.h"

#define ANYONE ACCESS_ANYONE
#define KEY ACCESS_KEY
#define NONE NULL
#define OWN own_form
/* Our own API: what its query and its body may say.  _SECRET: see keeps_nothing. */
#define OURS_KEPT(method, path, handler, query, body, summary, keeps_nothing)                      \
	{                                                                                          \
		METHOD_##method, "/api/rowhouse/v1" path, DIALECT_ROWHOUSE, KEY, handler,          \
		    #handler, summary, query, body, keeps_nothing                                  \
	}
#define OURS(method, path, handler, query, body, summary)                                          \
	OURS_KEPT(method, path, handler, query, body, summary, false)
#define OURS_SECRET(method, path, handler, query, body, summary)                                   \
	OURS_KEPT(method, path, handler, query, body, summary, true)
/* For anybody to ask. */
#define OPEN(method, path, handler, summary)                                                       \
	{                                                                                          \
		METHOD_##method, "/api/rowhouse/v1" path, DIALECT_ROWHOUSE, ANYONE, handler,       \
		    #handler, summary, NONE, NONE, false                                           \
	}
#define CLARO_AT(mount, method, path, handler, summary)                                            \
	{                                                                                          \
		METHOD_##method, mount path, DIALECT_CLARO, KEY, handler, #handler, summary, NONE, \
		    NONE, false                                                                    \
	}
#define CLARO(method, path, handler, summary)                                                      \
	CLARO_AT("/api/v2", method, path, handler, summary),                                       \
	    CLARO_AT("/claro/api/v2", method, path, handler, summary)
#define PAGE_KEPT(method, path, access, handler, keeps_nothing)                                    \
	{                                                                                          \
		METHOD_##method, path, DIALECT_PAGE, access, handler, #handler, NULL, NONE, NONE,  \
		    keeps_nothing                                                                  \
	}
#define PAGE(method, path, access, handler) PAGE_KEPT(method, path, access, handler, false)
#define PAGE_SECRET(method, path, access, handler) PAGE_KEPT(method, path, access, handler, true)
#define SITE(path, handler, summary)                                                               \
	{                                                                                          \
		METHOD_GET, path, DIALECT_ROWHOUSE, ANYONE, handler, #handler, summary, NONE,      \
		    NONE, false                                                                    \
	}

/* The table is for reading, one address a line. */
/* clang-format off */
const struct route routes[] = {
	SITE("/healthz", site_health, "Is it alive"),
	SITE("/readyz", site_ready, "Can it take work"),
	SITE("/version", site_version, "Which version it is"),
	SITE("/limits", site_limits, "What may be sent"),
	SITE("/metrics", site_metrics, "Counters and gauges, as text for Prometheus"),
	SITE("/openapi.json", openapi_document, "This API as OpenAPI 3.1"),

	OURS(GET, "/me", rowhouse_me, NONE, NONE, "Who the caller is and what they may do"),
	OURS_SECRET(POST, "/me/password", rowhouse_password, NONE, password_fields, "Change the password of who is signed in"),
	OURS(GET, "/types", rowhouse_type_list, NONE, NONE, "Dataset types, and the plugins they come from"),
	OURS(GET, "/engines", rowhouse_engine_list, NONE, NONE, "Whether the model that is configured answers"),
	OURS(GET, "/types/{type}", rowhouse_type_get, NONE, NONE, "One dataset type with its forms"),

	OURS(GET, "/datasets", rowhouse_dataset_list, list_query, NONE, "List datasets, newest first"),
	OURS(POST, "/datasets", rowhouse_dataset_create, NONE, dataset_fields, "Make a dataset, of a source or blank"),
	OURS(POST, "/datasets/upload", rowhouse_dataset_upload, NONE, OWN, "Make a dataset of a file"),
	OURS(GET, "/datasets/{id}", rowhouse_dataset_get, NONE, NONE, "One dataset with its columns"),
	OURS(DELETE, "/datasets/{id}", rowhouse_dataset_delete, NONE, NONE, "Delete a dataset"),
	OURS(GET, "/datasets/{id}/rows", rowhouse_rows, rows_query, NONE, "A page of the rows that match, in order"),
	OURS(GET, "/datasets/{id}/columns", rowhouse_columns, columns_query, NONE, "The columns, with statistics of their values"),
	OURS(GET, "/datasets/{id}/facets", rowhouse_facets, facets_query, NONE, "Which values columns have, how often, and histograms"),
	OURS(POST, "/datasets/{id}/rows", rowhouse_row_add, NONE, rows_body, "Add rows"),
	OURS(POST, "/datasets/{id}/rows/delete", rowhouse_row_delete_many, NONE, rows_delete_body, "Delete several rows"),
	OURS(GET, "/datasets/{id}/rows/{row}", rowhouse_row_get, NONE, NONE, "One row, its cells whole"),
	OURS(GET, "/datasets/{id}/rows/{row}/cells/{column}", rowhouse_cell_get, NONE, NONE, "One cell whole: a text as text/plain, anything else as JSON, 204 when it is missing"),
	OURS(PATCH, "/datasets/{id}/rows/{row}", rowhouse_row_set, NONE, row_body, "Change cells of a row (If-Match: its rev)"),
	OURS(DELETE, "/datasets/{id}/rows/{row}", rowhouse_row_delete, NONE, NONE, "Delete a row (If-Match: its rev)"),
	OURS(GET, "/datasets/{id}/changes", rowhouse_change_list, list_query, NONE, "What was done to the rows, newest first"),
	OURS(POST, "/datasets/{id}/changes/{change}/undo", rowhouse_change_undo, NONE, NONE, "Take a change back"),
	OURS(GET, "/datasets/{id}/findings", rowhouse_findings, list_query, NONE, "Flaws found in its file"),
	OURS(GET, "/datasets/{id}/export", rowhouse_export, export_fields, NONE, "Its rows as a file; waits until it is written"),
	OURS(POST, "/datasets/{id}/exports", rowhouse_export_start, NONE, export_fields, "Write its rows into a file, as a job"),
	OURS(GET, "/datasets/{id}/tasks", rowhouse_task_list, NONE, NONE, "What can be done with it"),
	OURS(POST, "/datasets/{id}/tasks/{task}", rowhouse_task_start, work_query, OWN, "Start a task of its type"),
	OURS(POST, "/datasets/{id}/calls/{call}", rowhouse_call, work_query, OWN, "Ask its type something and wait for the answer"),
	OURS(GET, "/datasets/{id}/{type}/{view}", rowhouse_view, OWN, NONE, "A view of its type"),
	OURS(POST, "/plugins/{plugin}/tasks/{task}", rowhouse_site_task_start, work_query, OWN, "Start a task of a plugin"),
	OURS(GET, "/plugins/{plugin}/{view}", rowhouse_site_view, OWN, NONE, "A view of a plugin"),

	OURS(GET, "/sources", rowhouse_source_list, list_query, NONE, "List data sources, newest first"),
	OURS(POST, "/sources", rowhouse_source_upload, NONE, OWN, "Store files, or complete uploads, as a data source"),
	OURS(GET, "/sources/{id}", rowhouse_source_get, NONE, NONE, "One data source"),
	OURS(POST, "/sources/{id}/preview", rowhouse_source_preview, NONE, option_fields, "What its file would be, read like this"),
	OURS(DELETE, "/sources/{id}", rowhouse_source_delete, NONE, NONE, "Delete a data source"),
	OPEN(OPTIONS, "/uploads", tus_options, "What of tus 1.0.0 is spoken here"),
	OURS(POST, "/uploads", tus_create, NONE, OWN, "Begin a resumable upload (tus 1.0.0)"),
	OURS(GET, "/uploads/{id}", tus_get, NONE, NONE, "How far an upload is; HEAD says it in tus's headers"),
	OURS(PATCH, "/uploads/{id}", tus_append, NONE, OWN, "Append bytes to an upload"),
	OURS(DELETE, "/uploads/{id}", tus_remove, NONE, NONE, "Take an upload away"),
	OURS(GET, "/jobs", rowhouse_job_list, list_query, NONE, "List jobs, newest first"),
	OURS(GET, "/jobs/{id}", rowhouse_job_get, NONE, NONE, "One job: how far it is"),
	OURS(GET, "/jobs/{id}/file", rowhouse_job_file, NONE, NONE, "The file an export made"),
	OURS(POST, "/jobs/{id}/cancel", rowhouse_job_cancel, NONE, NONE, "Stop a job"),

	OURS(GET, "/users", rowhouse_user_list, list_query, NONE, "List the users of the organisation"),
	OURS_SECRET(POST, "/users", rowhouse_user_new, NONE, user_fields, "Invite a user; the answer has their link"),
	OURS(GET, "/users/{id}", rowhouse_user_get, NONE, NONE, "One user"),
	OURS(PATCH, "/users/{id}", rowhouse_user_change, NONE, user_change_fields, "Change a user's role or name, or disable them"),
	OURS_SECRET(POST, "/users/{id}/link", rowhouse_user_link, NONE, NONE, "A new link for a user to sign in with once"),
	OURS(GET, "/keys", rowhouse_key_list, list_query, NONE, "List keys: the own ones, or all for an owner"),
	OURS_SECRET(POST, "/keys", rowhouse_key_new, NONE, key_fields, "Make a key; the answer alone has its secret"),
	OURS(GET, "/keys/{id}", rowhouse_key_get, NONE, NONE, "One key"),
	OURS(DELETE, "/keys/{id}", rowhouse_key_revoke, NONE, NONE, "Revoke a key, at once"),
	OURS(GET, "/audit", rowhouse_audit_list, audit_query, NONE, "What was done by whom, newest first"),

	CLARO(POST, "/datasets", claro_dataset_create, "Create Dataset"),
	CLARO(POST, "/datasets/upload", claro_dataset_upload, "Create Dataset with File Upload"),
	CLARO(GET, "/datasets", claro_dataset_list, "List Datasets"),
	CLARO(GET, "/datasets/{id}", claro_dataset_get, "Dataset Details"),
	CLARO(GET, "/datasets/{id}/data", claro_dataset_data, "Dataset Data"),
	CLARO(DELETE, "/datasets/{id}", claro_dataset_delete, "Delete Dataset"),
	CLARO(GET, "/datasources", claro_source_list, "List Data Sources"),
	CLARO(POST, "/datasources", claro_source_upload, "Upload Data Source"),
	CLARO(GET, "/datasources/{id}", claro_source_get, "Data Source Details"),
	CLARO(DELETE, "/datasources/{id}", claro_source_delete, "Delete Data Source"),

	PAGE(GET, "/", KEY, page_home),
	PAGE(GET, "/sign-in", ANYONE, page_sign_in),
	PAGE_SECRET(POST, "/sign-in", ANYONE, page_sign_in_post),
	PAGE(GET, "/welcome", ANYONE, page_welcome),
	PAGE_SECRET(POST, "/welcome", ANYONE, page_welcome_post),
	PAGE(POST, "/sign-out", KEY, page_sign_out),
	PAGE(GET, "/datasets", KEY, page_datasets),
	PAGE(GET, "/datasets/{id}", KEY, page_dataset),
	PAGE(GET, "/datasets/{id}/export", KEY, page_export),
	PAGE(POST, "/datasets/{id}/export", KEY, page_export_post),
	PAGE(GET, "/datasets/{id}/delete", KEY, page_dataset_delete),
	PAGE(POST, "/datasets/{id}/delete", KEY, page_dataset_delete_post),
	PAGE(GET, "/datasets/{id}/rows/new", KEY, page_row_new),
	PAGE(POST, "/datasets/{id}/rows/new", KEY, page_row_new_post),
	PAGE(GET, "/datasets/{id}/rows/{row}", KEY, page_row),
	PAGE(GET, "/datasets/{id}/rows/{row}/edit", KEY, page_row_edit),
	PAGE(POST, "/datasets/{id}/rows/{row}/edit", KEY, page_row_edit_post),
	PAGE(GET, "/datasets/{id}/rows/{row}/delete", KEY, page_row_delete),
	PAGE(POST, "/datasets/{id}/rows/{row}/delete", KEY, page_row_delete_post),
	PAGE(GET, "/datasets/{id}/changes", KEY, page_changes),
	PAGE(POST, "/datasets/{id}/changes/{change}/undo", KEY, page_change_undo_post),
	PAGE(GET, "/datasets/{id}/tasks/{task}", KEY, page_task),
	PAGE(POST, "/datasets/{id}/tasks/{task}", KEY, page_task_post),
	PAGE(GET, "/datasets/{id}/views/{view}", KEY, page_view),
	PAGE(GET, "/new", KEY, page_new),
	PAGE(GET, "/new/{type}", KEY, page_new_type),
	PAGE(POST, "/new/{type}", KEY, page_new_type_post),
	PAGE(GET, "/upload", KEY, page_new_type),
	PAGE(POST, "/upload", KEY, page_new_type_post),
	PAGE(GET, "/types", KEY, page_types),
	PAGE(GET, "/plugins/{plugin}/tasks/{task}", KEY, page_site_task),
	PAGE(POST, "/plugins/{plugin}/tasks/{task}", KEY, page_site_task_post),
	PAGE(GET, "/plugins/{plugin}/{view}", KEY, page_site_view),
	PAGE(GET, "/sources", KEY, page_sources),
	PAGE(GET, "/sources/{id}/read", KEY, page_reading),
	PAGE(POST, "/sources/{id}/read", KEY, page_reading_post),
	PAGE(POST, "/sources/{id}/delete", KEY, page_source_delete_post),
	PAGE(GET, "/jobs", KEY, page_jobs),
	PAGE(GET, "/jobs/{id}", KEY, page_job),
	PAGE(GET, "/jobs/{id}/file", KEY, page_job_file),
	PAGE(POST, "/jobs/{id}/cancel", KEY, page_job_cancel_post),

	PAGE(GET, "/docs", ANYONE, page_docs),
	PAGE(GET, "/account", KEY, page_account),
	PAGE_SECRET(POST, "/account", KEY, page_password_post),
	PAGE(GET, "/keys", KEY, page_keys),
	PAGE(GET, "/keys/new", KEY, page_key_new),
	PAGE_SECRET(POST, "/keys/new", KEY, page_key_new_post),
	PAGE(POST, "/keys/{id}/revoke", KEY, page_key_revoke_post),
	PAGE(GET, "/users", KEY, page_users),
	PAGE(GET, "/users/new", KEY, page_user_new),
	PAGE_SECRET(POST, "/users/new", KEY, page_user_new_post),
	PAGE(GET, "/users/{id}", KEY, page_user),
	PAGE(POST, "/users/{id}", KEY, page_user_post),
	PAGE(POST, "/users/{id}/disable", KEY, page_user_disable_post),
	PAGE(POST, "/users/{id}/enable", KEY, page_user_enable_post),
	PAGE_SECRET(POST, "/users/{id}/link", KEY, page_user_link_post),
	PAGE(GET, "/audit", KEY, page_audit),
};
/* clang-format on */
const size_t route_count = ARRAY_LENGTH(routes);
