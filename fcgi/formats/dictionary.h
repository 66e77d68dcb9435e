/*
 * dictionary.h: the different values of a column of Parquet, and which of them each row has
 * (parquet-format, "Dictionary Encoding").
 */
#ifndef ROWHOUSE_DICTIONARY_H
#define ROWHOUSE_DICTIONARY_H

#include "formats/bytes.h"

/* A hash table that is used over and over. */
struct dictionary;

/* NULL when there is no memory. */
struct dictionary *dictionary_new(void);
void dictionary_free(struct dictionary *d);

struct dictionary_words {
	struct str values; /* the different ones, as PLAIN */
	uint32_t count;
	const uint32_t *indices; /* of each value */
};
/* Of `count` values in PLAIN (BYTE_ARRAY): false when it would save little.  What it hands out is
 * good until the next call. */
bool dictionary_make(
    struct dictionary *d, struct dictionary_words *out, struct str plain, size_t count);
/* The indices as RLE_DICTIONARY, behind what is in `page`. */
bool dictionary_put(struct bytes *page, const struct dictionary_words *words, size_t count,
    struct err *e) MUST_CHECK;

#endif
