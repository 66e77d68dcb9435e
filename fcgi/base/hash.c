/* hash.c: see hash.h. */
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

struct sha256 *
sha256_new(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(context);
		context = NULL;
	}
	return (struct sha256 *)context;
}

void
sha256_add(struct sha256 *h, const void *p, size_t n)
{
	EVP_DigestUpdate((EVP_MD_CTX *)h, p, n);
}

void
sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES])
{
	EVP_DigestFinal_ex((EVP_MD_CTX *)h, out, NULL);
	sha256_free(h);
}

void
sha256_free(struct sha256 *h)
{
	EVP_MD_CTX_free((EVP_MD_CTX *)h);
}

void
sha256_of(uint8_t out[SHA256_BYTES], struct str s)
{
	SHA256((const unsigned char *)(s.p ? s.p : ""), s.n, out);
}

void
hmac_sha256(uint8_t out[SHA256_BYTES], struct str key, struct str message)
{
	unsigned n = SHA256_BYTES;
	/* Refused, with `out` untouched, when a pointer is NULL. */
	HMAC(EVP_sha256(), key.p ? key.p : "", (int)key.n,
	    (const unsigned char *)(message.p ? message.p : ""), message.n, out, &n);
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
