/*
 * codepages.h: the encodings in which every character is one byte, as tables.  Bytes below 0x80 are
 * ASCII in all of them.
 */
#ifndef ROWHOUSE_CODEPAGES_H
#define ROWHOUSE_CODEPAGES_H

#include "base/base.h"

#define CODEPAGES 14

struct codepage {
	const char *name;    /* as the IANA has it, in lower case */
	uint16_t above[128]; /* the characters of the bytes from 0x80 on; 0: it means nothing */
};
extern const struct codepage codepages[CODEPAGES];

#endif
