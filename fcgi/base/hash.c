/* hash.c: see hash.h. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the SHA256_ functions: see below */
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#define HMAC_BLOCK 64

/*
 * Not EVP, SHA256() or HMAC(): since OpenSSL 3 they ask for memory.  Refused, the library crashes
 * while it sets itself up, and later leaves in `out` whatever was there, perhaps the hash of
 * somebody else's key.  These functions only calculate.
 */
struct sha256 {
	SHA256_CTX context;
};

struct sha256 *
sha256_new(void)
{
	struct sha256 *h = malloc(sizeof *h);
	if (h)
		SHA256_Init(&h->context);
	return h;
}

void
sha256_add(struct sha256 *h, const void *p, size_t n)
{
	SHA256_Update(&h->context, p, n);
}

void
sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES])
{
	SHA256_Final(out, &h->context);
	sha256_free(h);
}

void
sha256_free(struct sha256 *h)
{
	free(h);
}

_Static_assert(sizeof(SHA256_CTX) == SHA256_STATE_BYTES, "the whole of what is saved");

void
sha256_save(const struct sha256 *h, uint8_t out[SHA256_STATE_BYTES])
{
	memcpy(out, &h->context, sizeof h->context);
}

struct sha256 *
sha256_resume(const uint8_t state[SHA256_STATE_BYTES])
{
	struct sha256 *h = malloc(sizeof *h);
	if (h)
		memcpy(&h->context, state, sizeof h->context);
	return h;
}

struct sha1 {
	SHA_CTX context;
};

struct sha1 *
sha1_new(void)
{
	struct sha1 *h = malloc(sizeof *h);
	if (h)
		SHA1_Init(&h->context);
	return h;
}

void
sha1_add(struct sha1 *h, const void *p, size_t n)
{
	SHA1_Update(&h->context, p, n);
}

void
sha1_end(struct sha1 *h, uint8_t out[SHA1_BYTES])
{
	SHA1_Final(out, &h->context);
	free(h);
}

/* The two parts one after the other. */
static void
hash_two(uint8_t out[SHA256_BYTES], struct str a, struct str b)
{
	SHA256_CTX context;
	SHA256_Init(&context);
	SHA256_Update(&context, a.p ? a.p : "", a.n);
	SHA256_Update(&context, b.p ? b.p : "", b.n);
	SHA256_Final(out, &context);
}

void
sha256_of(uint8_t out[SHA256_BYTES], struct str s)
{
	hash_two(out, s, (struct str){0});
}

void
hmac_sha256(uint8_t out[SHA256_BYTES], struct str key, struct str message)
{
	uint8_t inner[HMAC_BLOCK] = {0}, outer[HMAC_BLOCK], digest[SHA256_BYTES];
	if (key.n > sizeof inner)
		sha256_of(inner, key);
	else if (key.n > 0)
		memcpy(inner, key.p, key.n);
	for (size_t i = 0; i < sizeof inner; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	hash_two(digest, (struct str){(const char *)inner, sizeof inner}, message);
	hash_two(out, (struct str){(const char *)outer, sizeof outer},
	    (struct str){(const char *)digest, sizeof digest});
}

void
hex_encode(char *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * n] = 0;
}

bool
equal_constant_time(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
