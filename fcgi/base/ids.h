/*
 * ids.h: random identifiers and secrets, and the spellings of one.
 *
 * A dataset's id inside Rowhouse is a random UUID in its usual 36-character form.
 */
#ifndef ROWHOUSE_IDS_H
#define ROWHOUSE_IDS_H

#include "base/base.h"

#define UUID_BYTES 37 /* 36 characters and a NUL */

/* Fills n bytes from the kernel's generator; ends the process when it cannot. */
void random_bytes(void *p, size_t n);

/* A version 4 UUID (RFC 9562), lower case. */
void uuid_make(char out[UUID_BYTES]);
/* The text is a UUID in the usual form, either case; lower-cased into out when out is not NULL. */
bool uuid_parse(char out[UUID_BYTES], struct str text);

/* n characters of [0-9a-z] (36 signs) or [0-9A-Za-z] (62), each equally likely; out has n + 1. */
void random_base36(char *out, size_t n);
void random_base62(char *out, size_t n);

/* Lower case, every run of other bytes than [a-z0-9] one `mark`, cut to `limit` bytes, never empty
 * ("x" then).  out has limit + 1 bytes. */
void slug_make(char *out, size_t limit, char mark, struct str text);

#endif
