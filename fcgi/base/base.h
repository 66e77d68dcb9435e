/*
 * base.h: first include of every file: the C library, compiler attributes, and `struct str`.
 *
 * Text inside Rowhouse is (pointer, length): it may hold NUL and does not end in one.  NUL-ended
 * strings exist only at the edge of a library call.  Functions that can fail return true when they
 * worked; on false the `struct err *` they were given says why (err.h).
 */
#ifndef ROWHOUSE_BASE_H
#define ROWHOUSE_BASE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#define NO_RETURN __attribute__((noreturn))

/* What a process ends with when the machine has no memory for it. */
#define EXIT_MEMORY 75

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* Bytes that somebody else owns.  p may be NULL only when n is 0. */
struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* For printf: printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) (int)(s).n, (s).n ? (s).p : ""

static inline struct str
str_of(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

static inline bool
str_equal(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
str_is(struct str a, const char *text)
{
	return str_equal(a, str_of(text));
}

static inline bool
str_starts(struct str a, const char *prefix)
{
	size_t n = strlen(prefix);
	return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

/* ASCII letters compare alike whatever their case; other bytes as they are. */
bool str_equal_nocase(struct str a, struct str b);

/* Cuts ASCII space, tab, CR and LF off both ends. */
struct str str_trim(struct str a);

/* The whole of `a` as a decimal integer without sign or space; false: it is not one that fits. */
bool str_to_u64(uint64_t *out, struct str a) MUST_CHECK;

/* Bytes of `a` up to a limit that does not cut a UTF-8 character in two. */
struct str str_clip(struct str a, size_t limit);

#endif
