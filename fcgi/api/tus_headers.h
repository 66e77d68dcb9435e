/* tus_headers.h: the two headers of tus (tus.h) that have a grammar of their own; both from
 * anybody. */
#ifndef ROWHOUSE_TUS_HEADERS_H
#define ROWHOUSE_TUS_HEADERS_H

#include "store/uploads.h"

#define TUS_CHECKSUMS "sha1,sha256"

/* "Upload-Metadata": fills name, content_type and metadata.  The name is that of `filename`,
 * without folders, UTF-8 without control bytes, at most LIMIT_FILE_NAME_BYTES, or "upload"; the
 * type that of `filetype` if it is plain ASCII, or empty.  INPUT; TOO_BIG over
 * LIMIT_UPLOAD_METADATA_BYTES. */
bool tus_metadata(struct upload *u, struct str text, struct arena *a, struct err *e) MUST_CHECK;
/* "Upload-Checksum": the algorithm, a space, the digest in Base64; CHECKSUM_NONE for an empty text.
 * INPUT. */
bool tus_checksum(
    struct upload_piece *p, struct str text, struct arena *a, struct err *e) MUST_CHECK;

#endif
