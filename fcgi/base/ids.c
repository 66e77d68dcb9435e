/* ids.c: see ids.h. */
#include "base/ids.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <sys/random.h>

void
random_bytes(void *p, size_t n)
{
	char *at = p;
	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			log_error("the kernel gives no random bytes: %s", strerror(errno));
			exit(2);
		}
		at += got;
		n -= (size_t)got;
	}
}

void
uuid_make(char out[UUID_BYTES])
{
	uint8_t b[16];
	char hex[33];
	random_bytes(b, sizeof b);
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	hex_encode(hex, b, sizeof b);
	snprintf(out, UUID_BYTES, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
	    hex + 20);
}

bool
uuid_parse(char out[UUID_BYTES], struct str text)
{
	if (text.n != UUID_BYTES - 1)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c >= 'A' && c <= 'F')
			c = (char)(c + 32);
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		if (out)
			out[i] = c;
	}
	if (out)
		out[text.n] = 0;
	return true;
}

static void
random_signs(char *out, size_t n, const char *signs, unsigned count)
{
	size_t i = 0;
	while (i < n) {
		uint8_t b[64];
		random_bytes(b, sizeof b);
		for (size_t k = 0; k < sizeof b && i < n; k++)
			if (b[k] < 256 / count * count) /* equal chances */
				out[i++] = signs[b[k] % count];
	}
	out[n] = 0;
}

void
random_base36(char *out, size_t n)
{
	random_signs(out, n, "0123456789abcdefghijklmnopqrstuvwxyz", 36);
}

void
random_base62(char *out, size_t n)
{
	random_signs(out, n, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 62);
}

void
slug_make(char *out, size_t limit, char mark, struct str text)
{
	size_t n = 0;
	bool gap = false;
	for (size_t i = 0; i < text.n && n < limit; i++) {
		char c = text.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
			gap = n > 0;
			continue;
		}
		if (gap) {
			if (n + 1 >= limit)
				break;
			out[n++] = mark;
		}
		gap = false;
		out[n++] = c;
	}
	if (n == 0)
		out[n++] = 'x';
	out[n] = 0;
}
