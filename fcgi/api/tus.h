/*
 * tus.h: resumable uploads over HTTP: the tus protocol 1.0.0
 * (https://tus.io/protocols/resumable-upload) with its extensions creation, creation-with-upload,
 * creation-defer-length, expiration, checksum and termination, at /api/rowhouse/v1/uploads.
 *
 * A PATCH that is cut off keeps nothing of its own: nginx hands a body over when it is whole.  So a
 * client that wants to resume sends chunks.
 */
#ifndef ROWHOUSE_TUS_H
#define ROWHOUSE_TUS_H

#include "api/exchange.h"

handler_fn tus_options, tus_create, tus_get, tus_append, tus_remove;

/* A path that speaks tus: its answers carry Tus-Resumable, whatever they are. */
bool tus_is_at(struct str path);
/* What stands in X-HTTP-Method-Override is the method, for clients that cannot send it. */
void tus_override(struct request *r);

#define TUS_BODY_TYPE "application/offset+octet-stream"

/* What CORS must let through, as parts of its lists. */
#define TUS_REQUEST_HEADERS                                                                        \
	"Tus-Resumable, Upload-Offset, Upload-Length, Upload-Defer-Length, Upload-Metadata, "      \
	"Upload-Checksum, X-HTTP-Method-Override"
#define TUS_RESPONSE_HEADERS                                                                       \
	"Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, "        \
	"Upload-Offset, Upload-Length, Upload-Defer-Length, Upload-Metadata, Upload-Expires"

#endif
