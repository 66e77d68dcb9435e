/* hash.h: SHA-256 by libcrypto, as bytes and as the 64 hex digits that name a blob. */
#ifndef ROWHOUSE_HASH_H
#define ROWHOUSE_HASH_H

#include "base/err.h"

#define SHA256_BYTES 32
#define SHA256_HEX_BYTES 65 /* 64 digits and a NUL */

struct sha256;

/* NULL when there is no memory. */
struct sha256 *sha256_new(void) MUST_CHECK;
void sha256_add(struct sha256 *h, const void *p, size_t n);
/* Writes the digest and frees h. */
void sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES]);
void sha256_free(struct sha256 *h);

/* All at once. */
void sha256_of(uint8_t out[SHA256_BYTES], struct str s);
/* HMAC-SHA-256 (RFC 2104). */
void hmac_sha256(uint8_t out[SHA256_BYTES], struct str key, struct str message);

/* Lower-case hex; out has 2 * n + 1 bytes. */
void hex_encode(char *out, const void *p, size_t n);
/* Compares n bytes in a time that does not depend on them. */
bool equal_constant_time(const void *a, const void *b, size_t n);

#endif
