/*
 * blobs.h: uploaded files, stored once by their content and never changed: DATA/blobs/ab/SHA256.
 */
#ifndef ROWHOUSE_BLOBS_H
#define ROWHOUSE_BLOBS_H

#include "store/store.h"

/* Called now and then with how many bytes are done; false stops with the err it set. */
typedef bool blob_progress_fn(void *context, uint64_t bytes, struct err *e);

/*
 * Copies a range of an open file into the blobs, hashing it as it passes; when it returns true the
 * blob is durable under the name in sha256.  A blob that exists is kept.  DISK_FULL and the like
 * leave nothing behind.
 */
bool blob_store(struct store *s, int fd, uint64_t offset, uint64_t length,
    char sha256[SHA256_HEX_BYTES], blob_progress_fn *progress, void *context,
    struct err *e) MUST_CHECK;

/* Makes a file that nobody will change any more a blob beside what it is: `path`, on the same disk,
 * open in fd, with `length` bytes of this hash.  Nothing is copied, and the file stays. */
bool blob_adopt(struct store *s, int fd, const char *path, const char sha256[SHA256_HEX_BYTES],
    uint64_t length, struct err *e) MUST_CHECK;

/* The path of a blob; the name must be 64 hex digits (asserted: it comes from the catalog). */
struct str blob_path(const struct store *s, struct str sha256, struct arena *a);

#endif
