/*
 * encoding_guess.h: which encoding a text is in, from some of its bytes.
 *
 * UTF-16 and UTF-32 show by where their NUL bytes are, UTF-8 by being valid.  Code pages are told
 * from each other by reading the text in each: the right one gives letters that a language uses
 * often, in words that make sense: no sign between two letters, no capital behind a small letter,
 * no two scripts in one word.  A few hundred letters are enough; with very few it is windows-1252.
 */
#ifndef ROWHOUSE_ENCODING_GUESS_H
#define ROWHOUSE_ENCODING_GUESS_H

#include "formats/codepages.h"

/* "utf-16le", "utf-32be" ..., NULL when the text is in none of them. */
const char *encoding_guess_wide(struct str sample);

enum utf8_look {
	UTF8_ASCII, /* nothing in it says anything */
	UTF8_YES,   /* perhaps with some bytes that are wrong */
	UTF8_NO
};
/* `cut`: more follows, so that the end of the sample may cut a character in two. */
enum utf8_look encoding_guess_utf8(struct str sample, bool cut);

/* The code page of a text that is not UTF-8. */
const struct codepage *encoding_guess_codepage(struct str sample);

#endif
