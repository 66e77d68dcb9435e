/* setup.h: what the first start of a data folder makes. */
#ifndef ROWHOUSE_SETUP_H
#define ROWHOUSE_SETUP_H

#include "base/arena.h"
#include "base/err.h"

/* DATA/secret: 32 bytes this server signs with, made when they are not there. */
bool model_secret(uint8_t out[32], const char *data, struct err *e) MUST_CHECK;

/*
 * Makes what a person needs to come in: the first owner, an admin key (then it is in `key`, and in
 * DATA/admin.key), and, as long as no owner has a password, a link to sign in with (its token in
 * `token`).  Both texts are empty when there is nothing to say.
 */
struct first_start {
	char key[80];
	char token[64];
};
bool model_first_start(struct first_start *out, const char *data, struct err *e) MUST_CHECK;

#endif
