/* bits.h: sets of rows as bitmaps: bit i is the row with the id i + 1. */
#ifndef ROWHOUSE_BITS_H
#define ROWHOUSE_BITS_H

#include "base/arena.h"

#define BITS_WORDS(n) (((n) + 63) / 64)

static inline uint64_t *
bits_new(struct arena *a, uint64_t n)
{
	return arena_array(a, BITS_WORDS(n) + 1, sizeof(uint64_t));
}

static inline bool
bits_has(const uint64_t *bits, uint64_t i)
{
	return (bits[i / 64] >> (i % 64) & 1) != 0;
}

static inline void
bits_set(uint64_t *bits, uint64_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void
bits_clear(uint64_t *bits, uint64_t i)
{
	bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

static inline void
bits_and(uint64_t *bits, const uint64_t *other, uint64_t n)
{
	for (uint64_t w = 0; w < BITS_WORDS(n); w++)
		bits[w] &= other[w];
}

static inline void
bits_or(uint64_t *bits, const uint64_t *other, uint64_t n)
{
	for (uint64_t w = 0; w < BITS_WORDS(n); w++)
		bits[w] |= other[w];
}

static inline void
bits_without(uint64_t *bits, const uint64_t *other, uint64_t n)
{
	for (uint64_t w = 0; w < BITS_WORDS(n); w++)
		bits[w] &= ~other[w];
}

/* All n of them turned round; none behind the last. */
static inline void
bits_not(uint64_t *bits, uint64_t n)
{
	for (uint64_t w = 0; w < BITS_WORDS(n); w++)
		bits[w] = ~bits[w];
	if (n % 64)
		bits[n / 64] &= (UINT64_C(1) << (n % 64)) - 1;
}

static inline uint64_t
bits_count(const uint64_t *bits, uint64_t n)
{
	uint64_t count = 0;
	for (uint64_t w = 0; w < BITS_WORDS(n); w++)
		count += (uint64_t)__builtin_popcountll(bits[w]);
	return count;
}

/* The first one from i on; n: there is none. */
static inline uint64_t
bits_next(const uint64_t *bits, uint64_t i, uint64_t n)
{
	if (i >= n)
		return n;
	uint64_t w = i / 64, word = bits[w] & (~UINT64_C(0) << (i % 64));
	while (!word)
		if (++w >= BITS_WORDS(n))
			return n;
		else
			word = bits[w];
	return w * 64 + (uint64_t)__builtin_ctzll(word);
}

#endif
