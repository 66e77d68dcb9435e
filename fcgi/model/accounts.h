/*
 * accounts.h: organisations, users, keys, signing in, the audit: who may come in, and what they
 * did.
 *
 * Everything of an organisation is managed by its owners; a user manages what is their own:
 * password, sessions, keys.  The last owner can neither go nor lose the role.
 */
#ifndef ROWHOUSE_ACCOUNTS_MODEL_H
#define ROWHOUSE_ACCOUNTS_MODEL_H

#include "model/model.h"

/* rh_ and 43 characters of base 62: 256 bits.  Of a key only KEY_SHOWN characters are ever shown
 * again. */
#define KEY_BYTES 80
#define KEY_SHOWN 9
void key_make(char key[KEY_BYTES], char begins[KEY_SHOWN + 1], uint8_t hash[SHA256_BYTES]);
#define LINK_BYTES 64
void link_make(char token[LINK_BYTES], uint8_t hash[SHA256_BYTES]);

/* An address as it is kept and looked up: trimmed, ASCII in lower case. */
struct str email_lower(struct str email, struct arena *a);
/* INPUT, field email, when it is none. */
bool email_read(struct str *out, struct str text, struct arena *a, struct err *e) MUST_CHECK;

/* ---- signing in ---- */

#define SESSION_TOKEN_BYTES 44
/* UNAUTHORIZED: no such user, or another password, which look alike and take as long.  BUSY after
 * too many attempts, UNAVAILABLE while another password is looked at.  `from` says where the
 * request comes from (remote, request_id).  The token is for the cookie. */
bool model_sign_in(struct model *m, struct str email, struct str password,
    const struct caller *from, char token[SESSION_TOKEN_BYTES], struct arena *a,
    struct err *e) MUST_CHECK;
bool model_sign_out(
    struct model *m, const struct caller *c, struct str token, struct err *e) MUST_CHECK;

/* Whose link it is; GONE when it was used or is too old. */
bool model_link_user(
    struct model *m, struct user *out, struct str token, struct arena *a, struct err *e) MUST_CHECK;
/* Follows it: sets name, e-mail address and password, and signs in.  Fields are link_fields. */
extern const struct field link_fields[];
bool model_link_follow(struct model *m, struct str token, const json_t *fields,
    const struct caller *from, char session[SESSION_TOKEN_BYTES], struct arena *a,
    struct err *e) MUST_CHECK;

/* The caller's own password: the old one must be right; all other sessions end.  Fields are
 * password_fields. */
extern const struct field password_fields[];
bool model_password_change(struct model *m, const struct caller *c, const json_t *fields,
    unsigned style, char session[SESSION_TOKEN_BYTES], struct arena *a, struct err *e) MUST_CHECK;
/* The user behind the caller; *found false: a key without one. */
bool model_self(struct model *m, const struct caller *c, struct user *out, bool *found,
    struct arena *a, struct err *e) MUST_CHECK;

/* ---- users ---- */

extern const struct field user_fields[];        /* of a new one */
extern const struct field user_change_fields[]; /* role, name, disabled */
bool model_user_list(struct model *m, const struct caller *c, struct user **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e) MUST_CHECK;
/* The token of the link they come in with. */
bool model_user_new(struct model *m, const struct caller *c, const json_t *fields, unsigned style,
    struct user *out, char token[LINK_BYTES], struct arena *a, struct err *e) MUST_CHECK;
bool model_user_get(struct model *m, const struct caller *c, struct str id, struct user *out,
    struct arena *a, struct err *e) MUST_CHECK;
bool model_user_change(struct model *m, const struct caller *c, struct str id, const json_t *fields,
    unsigned style, struct user *out, struct arena *a, struct err *e) MUST_CHECK;
/* A new link; everything the user came in with before but keys ends: sessions, links, and the
 * password, which the link sets anew. */
bool model_user_link(struct model *m, const struct caller *c, struct str id, struct user *out,
    char token[LINK_BYTES], struct arena *a, struct err *e) MUST_CHECK;

/* ---- keys ---- */

extern const struct field key_fields[];
/* Those of the caller's user, or of all for an owner. */
bool model_key_list(struct model *m, const struct caller *c, struct key **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e) MUST_CHECK;
/* Those of the caller's user alone, for an owner too. */
bool model_key_list_own(struct model *m, const struct caller *c, struct key **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e) MUST_CHECK;
/* Its role is at most the caller's; made with a key it expires with that at the latest, and is
 * revoked with it.  `secret` is shown once. */
bool model_key_new(struct model *m, const struct caller *c, const json_t *fields, unsigned style,
    struct key *out, char secret[KEY_BYTES], struct arena *a, struct err *e) MUST_CHECK;
bool model_key_get(struct model *m, const struct caller *c, struct str id, struct key *out,
    struct arena *a, struct err *e) MUST_CHECK;
/* At once, with all that were made with it.  FORBIDDEN for a key, unless it is its own or of no
 * larger role. */
bool model_key_revoke(struct model *m, const struct caller *c, struct str id, struct key *out,
    struct arena *a, struct err *e) MUST_CHECK;

/* ---- the audit ---- */

bool model_audit_list(struct model *m, const struct caller *c, const struct audit_filter *f,
    int64_t before, size_t limit, struct audit **out, size_t *count, struct arena *a,
    struct err *e) MUST_CHECK;

#endif
