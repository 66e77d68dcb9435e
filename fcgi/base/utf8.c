/* utf8.c: see utf8.h. */
#include "base/utf8.h"
#include "base/buf.h"

/* Bytes of the valid character at p, 0 when there is none. */
static size_t
character(const unsigned char *p, size_t n)
{
	unsigned char c = p[0];
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	size_t length = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (n < length)
		return 0;
	/* The second byte's range excludes overlong forms, surrogates and code points too high. */
	unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

size_t
utf8_valid(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0;
	while (i < n) {
		uint64_t word;
		if (n - i >= 8 &&
		    (memcpy(&word, p + i, 8), (word & UINT64_C(0x8080808080808080)) == 0)) {
			i += 8;
			continue;
		}
		size_t length = character(p + i, n - i);
		if (length == 0)
			return i;
		i += length;
	}
	return n;
}

size_t
utf8_count(struct str s)
{
	size_t count = 0;
	for (size_t i = 0; i < s.n; i++)
		count += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return count;
}

size_t
utf8_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

struct str
utf8_clean(struct arena *a, struct str s)
{
	struct buf b;
	size_t good = utf8_valid(s.p, s.n);
	if (good == s.n)
		return s;
	buf_init(&b, a);
	while (s.n > 0) {
		buf_put(&b, s.p, good);
		if (good == s.n)
			break;
		buf_put(&b, "\xef\xbf\xbd", 3);
		s = (struct str){s.p + good + 1, s.n - good - 1};
		good = utf8_valid(s.p, s.n);
	}
	return buf_str(&b);
}
