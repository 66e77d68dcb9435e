/*
 * exact.h: stored cells as the values of formats with types, where nothing of them is lost.
 *
 * A value is exact when whoever reads it gets the same number or moment as the text says.  How it
 * was written may be another thing (1.10 and 1.1, +01:00 and Z): then *notation is set to true, and
 * else left as it is.
 */
#ifndef ROWHOUSE_EXACT_H
#define ROWHOUSE_EXACT_H

#include "base/cells.h"

/* A whole number of 64 bits without fraction, exponent or the sign of -0. */
bool exact_integer(int64_t *out, struct str text) MUST_CHECK;
/* A number whose double, printed with as many digits, is that number again; written without an
 * exponent, one up to 2^53. */
bool exact_double(double *out, bool *notation, struct str text) MUST_CHECK;
/* A day of the years 0000 to 9999, counted from 1970-01-01. */
bool exact_date(int32_t *days, struct str text) MUST_CHECK;
/* A moment in microseconds since 1970: UTC when it has a zone (*zoned), else of the clock on the
 * wall.  No leap second. */
bool exact_time(int64_t *us, bool *zoned, bool *notation, struct str text) MUST_CHECK;

/* The significant digits of a number token, and whether it is written with an exponent, and how
 * many digits stand behind its point. */
struct exact_shape {
	size_t digits, decimals;
	bool exponent, trailing_zero; /* behind the point */
};
void exact_shape(struct exact_shape *out, struct str number);

/* The next item of a checked JSON array; *at begins at 0.  False: there is none. */
bool exact_next(struct cell *item, struct str array, size_t *at) MUST_CHECK;

#endif
