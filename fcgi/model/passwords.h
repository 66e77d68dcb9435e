/*
 * passwords.h: passwords as Argon2id hashes (RFC 9106), by libsodium.  One hash takes PASSWORD_MIB
 * of memory and a worker's time, so that one at a time is made in all processes of a data folder:
 * however many sign in, the other workers go on with everything else.
 */
#ifndef ROWHOUSE_PASSWORDS_H
#define ROWHOUSE_PASSWORDS_H

#include "base/arena.h"
#include "base/err.h"

#define PASSWORD_MIB 46
#define PASSWORD_PASSES 3
#define PASSWORD_HASH_BYTES 128

/* INPUT, field password: too short, too long, or a part of what is known of the user. */
bool password_check(struct str password, struct str email, struct err *e) MUST_CHECK;
/* UNAVAILABLE, at once, while another is being made. */
bool password_hash(
    char out[PASSWORD_HASH_BYTES], const char *data, struct str password, struct err *e) MUST_CHECK;
/* *good: it is the password.  An empty hash takes as long as any and is never good, so that nobody
 * learns whether there is such a user. */
bool password_verify(
    bool *good, const char *data, struct str hash, struct str password, struct err *e) MUST_CHECK;

#endif
