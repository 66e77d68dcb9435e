/*
 * uploads.h: resumable uploads (store/uploads.h) for whoever may make data sources: begun, appended
 * to, looked at, taken away, and made a data source.  A key for some datasets has no business with
 * them.  The rules of model.h hold.
 */
#ifndef ROWHOUSE_MODEL_UPLOADS_H
#define ROWHOUSE_MODEL_UPLOADS_H

#include "model/model.h"
#include "store/uploads.h"

/* What a worker appends itself; more is a job's. */
#define UPLOAD_WORKER_BYTES MIB(32)

/* name, content_type, metadata and length are given.  TOO_BIG, QUOTA for its length, CONFLICT when
 * there are too many. */
bool model_upload_new(
    struct model *m, const struct caller *c, struct upload *u, struct err *e) MUST_CHECK;
bool model_upload_get(struct model *m, const struct caller *c, struct str id, struct upload *out,
    struct arena *a, struct err *e) MUST_CHECK;
/* Before `bytes` are appended at `offset`: CONFLICT when the upload is elsewhere (*out then says
 * where).  `length` is what the request says of it, or UPLOAD_LENGTH_UNKNOWN; an upload that was
 * begun without one takes it over, and reserves what it comes to. */
bool model_upload_reserve(struct model *m, const struct caller *c, struct str id,
    struct upload *out, uint64_t offset, uint64_t bytes, uint64_t length, struct arena *a,
    struct err *e) MUST_CHECK;
/* Appends a piece that room was made for: store_upload_append(). */
bool model_upload_append(struct model *m, const struct caller *c, struct upload *u,
    const struct upload_piece *piece, struct arena *a, struct err *e) MUST_CHECK;
/* Queues a job that appends the body DATA/incoming/NAME, which is its own from then on. */
bool model_upload_append_later(struct model *m, const struct caller *c, const struct upload *u,
    const struct upload_piece *piece, struct str incoming, struct job *job, struct arena *a,
    struct err *e) MUST_CHECK;
bool model_upload_remove(struct model *m, const struct caller *c, struct str id, struct arena *a,
    struct err *e) MUST_CHECK;

/* Complete uploads become a data source and are no uploads any more.  CONFLICT when one is not
 * complete.  `name` may be empty: that of the first file. */
struct upload_use {
	struct str id, field; /* field: which of a form's files it stands for, as in source_file */
};
bool model_source_of_uploads(struct model *m, const struct caller *c, const struct upload_use *uses,
    size_t count, struct str name, struct source *out, struct arena *a, struct err *e) MUST_CHECK;

#endif
