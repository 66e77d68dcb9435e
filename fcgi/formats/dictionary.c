/* dictionary.c: see dictionary.h. */
#include "formats/dictionary.h"
#include "base/ids.h"
#include "formats/thrift.h"

#define SLOTS ((size_t)1 << 17)
#define MOST_WORDS ((uint32_t)1 << 16)
/* A value that finds its place later than this is more than likely one of many that were made to
 * collide. */
#define MOST_STEPS 256
/* After so many values there must have been some twice. */
#define LOOK_AFTER 1024

struct dictionary {
	uint64_t seed;
	uint32_t slots[SLOTS]; /* 0: free; else a word's number + 1 */
	uint64_t hashes[MOST_WORDS];
	struct str words[MOST_WORDS]; /* with their length before them, where they were found */
	struct bytes values, indices;
};

struct dictionary *
dictionary_new(void)
{
	struct dictionary *d = calloc(1, sizeof *d);
	if (d)
		random_bytes(&d->seed, sizeof d->seed);
	return d;
}

void
dictionary_free(struct dictionary *d)
{
	if (!d)
		return;
	bytes_free(&d->values);
	bytes_free(&d->indices);
	free(d);
}

static uint64_t
hash(uint64_t seed, struct str s)
{
	uint64_t h = seed ^ (s.n * UINT64_C(0x9e3779b97f4a7c15)), piece;
	for (; s.n >= 8; s.p += 8, s.n -= 8) {
		memcpy(&piece, s.p, 8);
		h = (h ^ piece) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	piece = 0;
	memcpy(&piece, s.p, s.n);
	h = (h ^ piece) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 29;
}

/* The word's number; UINT32_MAX: there is no room for one more. */
static uint32_t
number_of(struct dictionary *d, uint32_t *count, struct str word)
{
	uint64_t h = hash(d->seed, word);
	for (size_t step = 0; step < MOST_STEPS; step++) {
		uint32_t *slot = &d->slots[(h + step) % SLOTS];
		if (*slot == 0) {
			if (*count == MOST_WORDS)
				return UINT32_MAX;
			d->hashes[*count] = h;
			d->words[*count] = word;
			*slot = ++*count;
			return *count - 1;
		}
		if (d->hashes[*slot - 1] == h && str_equal(d->words[*slot - 1], word))
			return *slot - 1;
	}
	return UINT32_MAX;
}

bool
dictionary_make(struct dictionary *d, struct dictionary_words *out, struct str plain, size_t count)
{
	struct err ignored = {0}; /* without memory there is no dictionary */
	uint32_t words = 0, length;
	size_t at = 0, bytes = 0;
	d->values.n = d->indices.n = 0;
	if (count == 0 || !bytes_room(&d->indices, count * sizeof(uint32_t), &ignored))
		return false;
	memset(d->slots, 0, sizeof d->slots);
	for (size_t i = 0; i < count; i++) {
		memcpy(&length, plain.p + at, sizeof length);
		struct str word = {plain.p + at, sizeof length + length};
		uint32_t before = words, number = number_of(d, &words, word);
		if (number == UINT32_MAX || (i >= LOOK_AFTER && words > i / 2))
			return false;
		bytes += words > before ? word.n : 0;
		bytes_put(&d->indices, &number, sizeof number);
		at += word.n;
	}
	if (bytes > plain.n / 2 || !bytes_room(&d->values, bytes, &ignored))
		return false;
	for (uint32_t i = 0; i < words; i++)
		bytes_put(&d->values, d->words[i].p, d->words[i].n);
	*out = (struct dictionary_words){
	    {d->values.p, d->values.n}, words, (const uint32_t *)(const void *)d->indices.p};
	return true;
}

bool
dictionary_put(
    struct bytes *page, const struct dictionary_words *words, size_t count, struct err *e)
{
	unsigned width = 1;
	while (width < 32 && (words->count - 1) >> width)
		width++;
	/* One run, bit-packed in groups of eight. */
	size_t groups = (count + 7) / 8;
	if (!bytes_room(page, 1 + THRIFT_VARINT_BYTES + groups * width, e))
		return false;
	page->p[page->n++] = (char)width;
	page->n += thrift_varint(page->p + page->n, (uint64_t)groups << 1 | 1);
	uint64_t bits = 0;
	unsigned filled = 0;
	for (size_t i = 0; i < groups * 8; i++) {
		bits |= (uint64_t)(i < count ? words->indices[i] : 0) << filled;
		for (filled += width; filled >= 8; filled -= 8, bits >>= 8)
			page->p[page->n++] = (char)bits;
	}
	return true;
}
