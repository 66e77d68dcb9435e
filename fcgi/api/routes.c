/*
 * routes.c: every address there is.  To add one: a line here and a handler.
 *
 * A vendor's addresses stand once for its own mount and once behind its unambiguous prefix.
 */
#include "api/claro.h"
#include "api/route.h"
#include "api/rowhouse.h"
#include "api/site.h"
#include "pages/pages.h"

#define ANYONE ACCESS_ANYONE
#define KEY ACCESS_KEY
#define OURS(method, path, handler, summary)                                                       \
	{                                                                                          \
		METHOD_##method, "/api/rowhouse/v1" path, DIALECT_ROWHOUSE, KEY, handler,          \
		    #handler, summary                                                              \
	}
#define CLARO_AT(mount, method, path, handler, summary)                                            \
	{                                                                                          \
		METHOD_##method, mount path, DIALECT_CLARO, KEY, handler, #handler, summary        \
	}
#define CLARO(method, path, handler, summary)                                                      \
	CLARO_AT("/api/v2", method, path, handler, summary),                                       \
	    CLARO_AT("/claro/api/v2", method, path, handler, summary)
#define PAGE(method, path, access, handler)                                                        \
	{                                                                                          \
		METHOD_##method, path, DIALECT_PAGE, access, handler, #handler, NULL               \
	}
#define SITE(path, handler, summary)                                                               \
	{                                                                                          \
		METHOD_GET, path, DIALECT_ROWHOUSE, ANYONE, handler, #handler, summary             \
	}

/* The table is for reading, one address a line. */
/* clang-format off */
const struct route routes[] = {
	SITE("/healthz", site_health, "Is it alive"),
	SITE("/readyz", site_ready, "Can it take work"),
	SITE("/version", site_version, "Which version it is"),
	SITE("/limits", site_limits, "What may be sent"),
	SITE("/metrics", site_metrics, "Counters, as OpenMetrics text"),

	OURS(GET, "/datasets", rowhouse_dataset_list, "List datasets, newest first"),
	OURS(POST, "/datasets", rowhouse_dataset_create, "Make a dataset, of a source or blank"),
	OURS(POST, "/datasets/upload", rowhouse_dataset_upload, "Make a dataset of a file"),
	OURS(GET, "/datasets/{id}", rowhouse_dataset_get, "One dataset with its columns"),
	OURS(DELETE, "/datasets/{id}", rowhouse_dataset_delete, "Delete a dataset"),
	OURS(GET, "/datasets/{id}/rows", rowhouse_rows, "A page of rows"),
	OURS(GET, "/datasets/{id}/findings", rowhouse_findings, "Flaws found in its file"),
	OURS(GET, "/datasets/{id}/export", rowhouse_export, "All rows as CSV or JSONL"),
	OURS(GET, "/sources", rowhouse_source_list, "List data sources, newest first"),
	OURS(POST, "/sources", rowhouse_source_upload, "Store files as a data source"),
	OURS(GET, "/sources/{id}", rowhouse_source_get, "One data source"),
	OURS(DELETE, "/sources/{id}", rowhouse_source_delete, "Delete a data source"),
	OURS(GET, "/jobs", rowhouse_job_list, "List jobs, newest first"),
	OURS(GET, "/jobs/{id}", rowhouse_job_get, "One job: how far it is"),
	OURS(POST, "/jobs/{id}/cancel", rowhouse_job_cancel, "Stop a job"),

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
	PAGE(POST, "/sign-in", ANYONE, page_sign_in_post),
	PAGE(POST, "/sign-out", KEY, page_sign_out),
	PAGE(GET, "/datasets", KEY, page_datasets),
	PAGE(GET, "/datasets/{id}", KEY, page_dataset),
	PAGE(GET, "/datasets/{id}/export", KEY, page_dataset_export),
	PAGE(GET, "/datasets/{id}/delete", KEY, page_dataset_delete),
	PAGE(POST, "/datasets/{id}/delete", KEY, page_dataset_delete_post),
	PAGE(GET, "/upload", KEY, page_upload),
	PAGE(POST, "/upload", KEY, page_upload_post),
	PAGE(GET, "/sources", KEY, page_sources),
	PAGE(POST, "/sources/{id}/delete", KEY, page_source_delete_post),
	PAGE(GET, "/jobs", KEY, page_jobs),
	PAGE(GET, "/jobs/{id}", KEY, page_job),
	PAGE(POST, "/jobs/{id}/cancel", KEY, page_job_cancel_post),
};
/* clang-format on */
const size_t route_count = ARRAY_LENGTH(routes);
