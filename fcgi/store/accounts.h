/*
 * accounts.h: organisations, their users, what opens the door (keys, sessions, links), and the
 * audit of what was done, in the catalog.  Of secrets only hashes are stored.
 */
#ifndef ROWHOUSE_ACCOUNTS_H
#define ROWHOUSE_ACCOUNTS_H

#include "store/store.h"

/* ---- organisations -------------------------------------------------------------------------- */

struct organization {
	int64_t org_id;
	struct str name, settings; /* settings: JSON object, or empty */
	int64_t created_at, users, keys, datasets;
};
/* Needs a transaction; org_id is filled in. */
bool store_org_insert(struct store *s, struct organization *o, struct err *e) MUST_CHECK;
bool store_org_list(struct store *s, struct organization **out, size_t *count, struct arena *a,
    struct err *e) MUST_CHECK;
/* Needs a transaction; *found false: no such organisation. */
bool store_org_settings(
    struct store *s, int64_t org_id, struct str settings, bool *found, struct err *e) MUST_CHECK;

/* ---- users ---------------------------------------------------------------------------------- */

struct user {
	char user_id[UUID_BYTES];
	int64_t org_id;
	struct str email; /* lower case; empty until a link was followed */
	struct str name, role;
	struct str password; /* Argon2id, as libsodium writes it; only where it is asked for */
	bool has_password;
	int64_t created_at, signed_in_at, disabled_at; /* 0: never */
};
/* Needs a transaction.  CONFLICT when another user has the e-mail address. */
bool store_user_insert(struct store *s, struct user *u, struct err *e) MUST_CHECK;
/* org_id 0: any. */
bool store_user_get(struct store *s, struct user *out, bool *found, int64_t org_id,
    const char *user_id, struct arena *a, struct err *e) MUST_CHECK;
bool store_user_by_email(struct store *s, struct user *out, bool *found, struct str email,
    struct arena *a, struct err *e) MUST_CHECK;
bool store_user_list(struct store *s, struct user **out, size_t *count, int64_t *total,
    int64_t org_id, uint64_t offset, size_t limit, struct arena *a, struct err *e) MUST_CHECK;
/* The oldest owner who can sign in, for the first start. */
bool store_user_first(
    struct store *s, struct user *out, bool *found, struct arena *a, struct err *e) MUST_CHECK;
/* email, name, role, disabled_at.  Needs a transaction.  CONFLICT as for insert. */
bool store_user_update(struct store *s, const struct user *u, struct err *e) MUST_CHECK;
/* An empty one: none.  Needs a transaction. */
bool store_user_password(
    struct store *s, const char *user_id, struct str password, struct err *e) MUST_CHECK;
bool store_user_signed_in(struct store *s, const char *user_id, struct err *e) MUST_CHECK;
/* Other owners of the organisation that can sign in; when this one cannot either, because no link
 * was followed yet, those that could with their link too. */
bool store_user_other_owners(
    struct store *s, const struct user *u, int64_t *count, struct err *e) MUST_CHECK;

/* ---- keys ----------------------------------------------------------------------------------- */

struct key {
	char key_id[UUID_BYTES];
	int64_t org_id;
	struct str name, role, begins; /* begins: its first characters, to tell keys apart */
	struct str scope;              /* JSON array of dataset ids, or empty: everything */
	struct str user_id, email;     /* whose it is, or empty */
	struct str user_role;          /* of whom it is: a key may do no more than they */
	struct str parent_id;          /* the key it was made with, or empty: it ends with that */
	int64_t created_at, expires_at, revoked_at, used_at; /* 0: never */
};
/* True: there is a key, or was one: they are never deleted. */
bool store_key_any(struct store *s, bool *any, struct err *e) MUST_CHECK;
/* Needs a transaction. */
bool store_key_insert(
    struct store *s, struct key *k, const uint8_t hash[SHA256_BYTES], struct err *e) MUST_CHECK;
/* *found false: no such key, or it was revoked, has expired, or its user was disabled. */
bool store_key_find(struct store *s, struct key *k, bool *found, const uint8_t hash[SHA256_BYTES],
    struct arena *a, struct err *e) MUST_CHECK;
/* user_id "": of everybody.  Newest first, revoked ones too. */
bool store_key_list(struct store *s, struct key **out, size_t *count, int64_t *total,
    int64_t org_id, const char *user_id, uint64_t offset, size_t limit, struct arena *a,
    struct err *e) MUST_CHECK;
bool store_key_get(struct store *s, struct key *out, bool *found, int64_t org_id,
    const char *key_id, struct arena *a, struct err *e) MUST_CHECK;
bool store_key_count(struct store *s, int64_t org_id, int64_t *count, struct err *e) MUST_CHECK;
/* Revokes it and those made with it, and what was made with those.  *ids: those that worked until
 * now, it first.  Needs a transaction. */
bool store_key_revoke(struct store *s, const char *key_id, struct str **ids, size_t *count,
    struct arena *a, struct err *e) MUST_CHECK;
/* Own transaction. */
bool store_key_used(struct store *s, const char *key_id, struct err *e) MUST_CHECK;

/* ---- sessions and links --------------------------------------------------------------------- */

/* A browser session is its user's and ends with them; after LIMIT_SESSION_SECONDS without use and
 * LIMIT_SESSION_DAYS in any case.  insert and delete need a transaction. */
bool store_session_insert(struct store *s, const uint8_t hash[SHA256_BYTES], const char *user_id,
    struct err *e) MUST_CHECK;
bool store_session_find(struct store *s, struct user *u, bool *found,
    const uint8_t hash[SHA256_BYTES], struct arena *a, struct err *e) MUST_CHECK;
bool store_session_delete(
    struct store *s, const uint8_t hash[SHA256_BYTES], struct err *e) MUST_CHECK;
/* Everything a user could come in with but keys: sessions and links.  Needs a transaction. */
bool store_user_sign_out(struct store *s, const char *user_id, struct err *e) MUST_CHECK;

/* A link opens the door once.  insert takes earlier links of the user away; both need a
 * transaction. */
bool store_link_insert(struct store *s, const uint8_t hash[SHA256_BYTES], const char *user_id,
    struct err *e) MUST_CHECK;
bool store_link_find(struct store *s, struct user *u, bool *found, const uint8_t hash[SHA256_BYTES],
    struct arena *a, struct err *e) MUST_CHECK;

/* Sign-ins that failed or are being looked at.  When there were `most` in the last
 * LIMIT_SIGN_IN_WINDOW_SECONDS, to the minute: how many seconds it is until there are fewer; else
 * 0. */
bool store_attempts_wait(
    struct store *s, const char *what, int64_t most, int64_t *seconds, struct err *e) MUST_CHECK;
/* Counts one more, or (0) writes without counting; takes the newest back.  Need a transaction. */
bool store_attempt_add(struct store *s, const char *what, int by, struct err *e) MUST_CHECK;
bool store_attempt_take_back(struct store *s, const char *what, struct err *e) MUST_CHECK;

/* ---- the audit ------------------------------------------------------------------------------ */

struct audit {
	int64_t audit_id, at, org_id;
	struct str who, user_id, key_id, action, target, detail, remote, request_id;
};
/* Needs the transaction of what it tells of. */
bool store_audit_add(struct store *s, const struct audit *entry, struct err *e) MUST_CHECK;
struct audit_filter {
	struct str action, who,
	    target;          /* empty: any; action also as "key." for all that begin so */
	int64_t from, until; /* microseconds; 0: open */
};
/* Newest first, those before an id (0: from the newest on). */
bool store_audit_list(struct store *s, struct audit **out, size_t *count, int64_t org_id,
    const struct audit_filter *f, int64_t before, size_t limit, struct arena *a,
    struct err *e) MUST_CHECK;
/* Takes away what is older.  Own transaction. */
bool store_audit_sweep(struct store *s, int64_t before_us, struct err *e) MUST_CHECK;

#endif
