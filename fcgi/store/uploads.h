/*
 * uploads.h: uploads that come in pieces (the resumable uploads of api/tus.h): what the catalog
 * knows of one, and the file it grows in, DATA/uploads/ID.
 *
 * The row says how far an upload is.  Its file may be longer: what stands behind `offset` was never
 * acknowledged and is written over.  The hash goes along from piece to piece, so that at the end
 * the file has its name as a blob at once, and is that blob, without being read or copied again.
 *
 * A row is made before its file and goes before it: a file without a row is nobody's.
 */
#ifndef ROWHOUSE_UPLOADS_H
#define ROWHOUSE_UPLOADS_H

#include "store/blobs.h"

#define UPLOAD_LENGTH_UNKNOWN UINT64_MAX

struct upload {
	char upload_id[UUID_BYTES];
	int64_t org_id;
	struct str name, content_type;
	struct str metadata;              /* as the client sent it, or empty */
	uint64_t length;                  /* or UPLOAD_LENGTH_UNKNOWN */
	uint64_t offset;                  /* bytes that are durable */
	uint64_t reserved;                /* what it counts in the quota */
	uint8_t hash[SHA256_STATE_BYTES]; /* of those bytes */
	int64_t created_at, expires_at;
};

bool upload_is_complete(const struct upload *u);

/* Makes its id, its times and its hash; `offset` is 0.  Needs a transaction. */
bool store_upload_insert(struct store *s, struct upload *u, struct err *e) MUST_CHECK;
/* NOT_FOUND; GONE when it has expired.  org_id 0: any organisation. */
bool store_upload_get(struct store *s, struct upload *out, int64_t org_id, const char *upload_id,
    struct arena *a, struct err *e) MUST_CHECK;
/* How many an organisation has. */
bool store_upload_count(struct store *s, int64_t *out, int64_t org_id, struct err *e) MUST_CHECK;
/* Length and what is reserved are as in `u`.  Needs a transaction. */
bool store_upload_declare(struct store *s, const struct upload *u, struct err *e) MUST_CHECK;
/* Needs a transaction; then store_upload_remove_file(), and what that leaves the sweep takes. */
bool store_upload_delete(
    struct store *s, int64_t org_id, const char *upload_id, bool *found, struct err *e) MUST_CHECK;
void store_upload_remove_file(const struct store *s, const char *upload_id);

/* All of an open file, to be appended. */
struct upload_piece {
	int fd;
	uint64_t bytes;
	enum { CHECKSUM_NONE, CHECKSUM_SHA1, CHECKSUM_SHA256 } checksum;
	uint8_t digest[SHA256_BYTES]; /* what it must be */
};
/*
 * Appends a piece at u->offset; when it returns true the bytes are durable, and *u is what the
 * catalog says now.  CONFLICT: somebody appends at this moment, or the upload is at another offset
 * (then that is in *u).  CHECKSUM, and whatever else fails: the upload is as it was.  Own
 * transaction.  `progress` may be NULL.
 */
bool store_upload_append(struct store *s, struct upload *u, const struct upload_piece *piece,
    blob_progress_fn *progress, void *context, struct arena *a, struct err *e) MUST_CHECK;

/* Makes the file of a complete upload a blob, durably, under the name in sha256. */
bool store_upload_publish(struct store *s, const struct upload *u, char sha256[SHA256_HEX_BYTES],
    struct err *e) MUST_CHECK;

#endif
