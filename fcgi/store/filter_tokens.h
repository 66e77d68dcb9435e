/*
 * filter_tokens.h: a filter expression (filter.h) as one token after another; what the tokens may
 * mean is filter.c's.  Those who name columns outside of an expression read names as it does.
 */
#ifndef ROWHOUSE_FILTER_TOKENS_H
#define ROWHOUSE_FILTER_TOKENS_H

#include "base/arena.h"
#include "base/err.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* letters, digits and _ */
	TOKEN_NAME,   /* in double quotes or backticks */
	TOKEN_TEXT,   /* in single quotes */
	TOKEN_NUMBER, /* numbers and dates: a run whose meaning depends on the column */
	TOKEN_SIGN
};

/* Begins with text (UTF-8), field, arena and e, all else zero, and token_next(). */
struct tokens {
	struct str text;
	const char *field; /* that errors are about */
	struct arena *arena;
	struct err *e;
	/* The token that is looked at: where it begins and ends, and what it says, without quotes.
	 */
	enum token_kind kind;
	struct str token;
	size_t at, next;
};

/* Moves to the next one.  INPUT: a quote that is not closed. */
bool token_next(struct tokens *t) MUST_CHECK;
/* Fails: INPUT says at which character what is expected in place of the token. */
bool token_expected(struct tokens *t, const char *what);
/* At which character it begins, from 1. */
size_t token_character(const struct tokens *t);

/* Words count in any case. */
bool token_is_word(const struct tokens *t, const char *word);
bool token_is_sign(const struct tokens *t, const char *sign);
/* Passes over a word if it is there. */
bool token_take_word(struct tokens *t, const char *word, bool *taken) MUST_CHECK;
/* Passes over it, or fails. */
bool token_need_word(struct tokens *t, const char *word) MUST_CHECK;
bool token_need_sign(struct tokens *t, const char *sign) MUST_CHECK;

/* A name at the start of *text, bare up to one of the bytes of `ends` or in quotes; *text moves
 * behind it.  False: quotes that do not end. */
bool filter_name(struct str *out, struct str *text, const char *ends, struct arena *a) MUST_CHECK;

#endif
