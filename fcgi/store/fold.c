/* fold.c: see fold.h. */
#include "store/fold.h"
#include "base/utf8.h"

#include <wctype.h>

static void
close_locale(void *p)
{
	locale_t *locale = p;
	freelocale(*locale);
}

bool
fold_open(locale_t *out, struct arena *a, struct err *e)
{
	locale_t *kept = arena_alloc(a, sizeof *kept);
	*kept = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (!*kept)
		return FAIL_ERRNO(e, "the C library's locale C.UTF-8 cannot be opened");
	arena_defer(a, close_locale, kept);
	*out = *kept;
	return true;
}

/* The character at p, which is whole and not ASCII; *n its bytes. */
static uint32_t
character(const unsigned char *p, size_t *n)
{
	*n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t code = p[0] & (0x7fu >> *n);
	for (size_t i = 1; i < *n; i++)
		code = code << 6 | (p[i] & 0x3f);
	return code;
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Eight ASCII characters at once. */
static uint64_t
fold_ascii(uint64_t eight)
{
	/* The highest bit of each byte: it is at least A; it is more than Z. */
	uint64_t least = eight + EACH_BYTE(0x80 - 'A'), more = eight + EACH_BYTE(0x7f - 'Z');
	return eight | ((least ^ more) & EACH_BYTE(0x80)) >> 2;
}

size_t
fold(char *out, struct str text, locale_t locale)
{
	const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;
	size_t n = 0;
	while (p < end) {
		uint64_t eight;
		if (end - p >= 8 &&
		    (memcpy(&eight, p, sizeof eight), (eight & EACH_BYTE(0x80)) == 0)) {
			eight = fold_ascii(eight);
			memcpy(out + n, &eight, sizeof eight);
			n += sizeof eight;
			p += sizeof eight;
			continue;
		}
		if (*p < 0x80) {
			out[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
			p++;
			continue;
		}
		size_t used;
		uint32_t code = character(p, &used);
		n += utf8_put(out + n, (uint32_t)towlower_l((wint_t)code, locale));
		p += used;
	}
	return n;
}
