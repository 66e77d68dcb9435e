/* setup.h: what the first start of a data folder makes. */
#ifndef ROWHOUSE_SETUP_H
#define ROWHOUSE_SETUP_H

#include "base/arena.h"
#include "base/err.h"

/* DATA/secret: 32 bytes this server signs with, made when they are not there. */
bool model_secret(uint8_t out[32], const char *data, struct err *e) MUST_CHECK;

/*
 * Makes what a person needs to come in: the first owner; if there never was a key, an admin key in
 * DATA/admin.key and nowhere else; and, as long as no owner has a password, a link to sign in with.
 */
struct first_start {
	bool made_key;
	char token[64]; /* of the link; empty: there is none */
};
bool model_first_start(struct first_start *out, const char *data, struct err *e) MUST_CHECK;

#endif
