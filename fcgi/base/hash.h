/*
 * hash.h: SHA-256 by libcrypto, as bytes and as the 64 hex digits that name a blob; and SHA-1, for
 * a protocol that asks for it (tus), to find bytes that broke on the way and for nothing else.
 */
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

/* How far it is, as bytes for this program on this kind of machine: another process goes on there.
 */
#define SHA256_STATE_BYTES 112
void sha256_save(const struct sha256 *h, uint8_t out[SHA256_STATE_BYTES]);
/* NULL when there is no memory. */
struct sha256 *sha256_resume(const uint8_t state[SHA256_STATE_BYTES]) MUST_CHECK;

#define SHA1_BYTES 20
struct sha1;
/* NULL when there is no memory. */
struct sha1 *sha1_new(void) MUST_CHECK;
void sha1_add(struct sha1 *h, const void *p, size_t n);
/* Writes the digest and frees h. */
void sha1_end(struct sha1 *h, uint8_t out[SHA1_BYTES]);

/* All at once. */
void sha256_of(uint8_t out[SHA256_BYTES], struct str s);
/* HMAC-SHA-256 (RFC 2104). */
void hmac_sha256(uint8_t out[SHA256_BYTES], struct str key, struct str message);

/* Lower-case hex; out has 2 * n + 1 bytes. */
void hex_encode(char *out, const void *p, size_t n);
/* Compares n bytes in a time that does not depend on them. */
bool equal_constant_time(const void *a, const void *b, size_t n);

#endif
