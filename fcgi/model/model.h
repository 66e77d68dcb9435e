/*
 * model.h: what the product is: datasets, sources, jobs, and who may do what with them.
 *
 * Every function takes the caller, and authorization is here and nowhere else: what belongs to
 * another organisation is not found, exactly like what does not exist.  Writes are whole: each
 * function that changes something is one transaction.
 *
 * Errors carry the field of our own API they are about (source_id, map_details.latitude ...); the
 * vendors' names for it are the business of api/.
 */
#ifndef ROWHOUSE_MODEL_H
#define ROWHOUSE_MODEL_H

#include "base/conf.h"
#include "formats/export.h"
#include "model/types.h"
#include "store/rows.h"
#include "store/store.h"

#include <jansson.h>

struct model {
	const char *data;
	const struct conf *conf;
	struct store *store;
	struct rows_cache *rows;
};

bool model_open(
    struct model *m, const char *data, const struct conf *conf, struct err *e) MUST_CHECK;
void model_close(struct model *m);
void model_recover(struct model *m);

/* ---- who asks (model/callers.c) ---- */

/* org_id 0: nobody. */
struct caller {
	int64_t org_id;
	char key_id[UUID_BYTES];
	struct str role;
	bool by_session;
	struct str idempotency_key;    /* what it makes is noted under this key; or empty */
	char made_dataset[UUID_BYTES]; /* an earlier attempt under the key made this; or empty */
};

/* Who holds this key or this session; *found false: nobody. */
bool model_caller_of_key(struct model *m, struct caller *c, bool *found, struct str key,
    struct arena *a, struct err *e) MUST_CHECK;
bool model_caller_of_session(struct model *m, struct caller *c, bool *found, struct str token,
    struct arena *a, struct err *e) MUST_CHECK;
/* Opens a session for a caller; the token is for the cookie, only its hash is kept. */
#define SESSION_TOKEN_BYTES 44
bool model_session_open(struct model *m, const struct caller *c, char token[SESSION_TOKEN_BYTES],
    struct err *e) MUST_CHECK;
bool model_session_close(struct model *m, struct str token, struct err *e) MUST_CHECK;

/* ---- datasets (model/datasets.c) ---- */

struct dataset_request {
	const struct dataset_type *type;
	struct str name, description;
	char source_id[UUID_BYTES]; /* empty: none */
	struct str params;          /* JSON: map_details, column_definitions as checked; or empty */
};

/*
 * Checks what a create asks for (seeds/000, "Request Parameters"): an object with type, name,
 * description, source_id, map_details {latitude, longitude, radius_meters}, column_definitions
 * [{name, type, description, required, default_value}].  Whether a source is needed is for
 * model_dataset_create().  Fields nobody knows are ignored.
 */
enum request_style {
	REQUEST_PLAIN = 0,
	REQUEST_FORM = 1, /* every value is text; the last two are JSON text, or set one by one */
	REQUEST_DESCRIBED = 2, /* a description must be given */
};
bool dataset_request_check(struct dataset_request *out, const json_t *fields, unsigned style,
    struct arena *a, struct err *e) MUST_CHECK;

/* What a dataset is called when nobody said: its file's name without the ending. */
struct str dataset_name_of_file(struct str file_name);

/* Makes the dataset and queues its job; what an earlier attempt of the same request made is found
 * instead.  A source that is still being stored makes a draft. */
bool model_dataset_create(struct model *m, const struct caller *c,
    const struct dataset_request *request, struct dataset *out, struct job *job, struct arena *a,
    struct err *e) MUST_CHECK;
bool model_dataset_get(struct model *m, const struct caller *c, struct str id, struct dataset *out,
    struct arena *a, struct err *e) MUST_CHECK;
bool model_dataset_list(struct model *m, const struct caller *c, struct dataset **out,
    size_t *count, int64_t *total, uint64_t offset, size_t limit, struct arena *a,
    struct err *e) MUST_CHECK;
bool model_dataset_delete(struct model *m, const struct caller *c, struct str id, struct arena *a,
    struct err *e) MUST_CHECK;
/* 32 hex digits that change whenever the dataset does. */
#define VERSION_BYTES 33
void dataset_version(char out[VERSION_BYTES], const struct dataset *d);
/* The rows of a dataset that was got; CONFLICT while it has none. */
bool model_rows_open(struct model *m, const struct dataset *d, struct rows_file **out,
    struct arena *a, struct err *e) MUST_CHECK;
/* An export of exactly this version: *path (below DATA) is the file when it is there; else *path is
 * empty and `job` is the one that makes it (one that runs already is joined: *joined). */
bool model_dataset_export(struct model *m, const struct caller *c, const struct dataset *d,
    enum export_format format, struct str *path, struct job *job, bool *joined, struct arena *a,
    struct err *e) MUST_CHECK;

/* ---- sources and uploads (model/sources.c) ---- */

bool model_source_get(struct model *m, const struct caller *c, struct str id, struct source *out,
    struct arena *a, struct err *e) MUST_CHECK;
bool model_source_list(struct model *m, const struct caller *c, struct source **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e) MUST_CHECK;
bool model_source_delete(struct model *m, const struct caller *c, struct str id, struct arena *a,
    struct err *e) MUST_CHECK;
/* QUOTA when so many bytes more are too many, TOO_BIG when they are for one upload. */
bool model_bytes_check(
    struct model *m, const struct caller *c, uint64_t bytes, struct err *e) MUST_CHECK;
/* Queues the job that takes a body in DATA/incoming apart.  QUOTA when its bytes are too many. */
bool model_upload_begin(struct model *m, const struct caller *c, struct str incoming,
    struct str boundary, uint64_t bytes, struct job *job, struct arena *a,
    struct err *e) MUST_CHECK;
/* What was uploaded is not wanted: the job stops, the source and its drafts go. */
bool model_upload_discard(
    struct model *m, const char *job_id, struct arena *a, struct err *e) MUST_CHECK;

/* ---- jobs (model/jobs.c) ---- */

bool model_job_get(struct model *m, const struct caller *c, struct str id, struct job *out,
    struct arena *a, struct err *e) MUST_CHECK;
bool model_job_list(struct model *m, const struct caller *c, struct job **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e) MUST_CHECK;
/* The newest reading of a dataset. */
bool model_job_latest(struct model *m, const struct dataset *d, struct job *out, bool *found,
    struct arena *a, struct err *e) MUST_CHECK;
/* CONFLICT when it has ended already. */
bool model_job_cancel(struct model *m, const struct caller *c, struct str id, struct job *out,
    struct arena *a, struct err *e) MUST_CHECK;
/* The request it was made for is gone: it stops and what hangs on it goes. */
bool model_job_drop(struct model *m, const char *job_id, struct err *e) MUST_CHECK;
/* Wakes the job runner. */
void model_wake(const struct model *m);
/* The failure of a job as an err, for who waited for it. */
bool model_job_failure(const struct job *j, struct err *e);

#endif
