/*
 * sign_in.c: how a person comes in: with a password, or once with a link; see accounts.h.
 *
 * Failed attempts are counted per account and per address; whoever asks learns neither whether
 * there is such an account nor, by the time it takes, which of the two was wrong.
 */
#include "model/accounts.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"
#include "model/passwords.h"

/* "account:HASH", "address:192.0.2.1": what attempts are counted under. */
struct counted {
	char account[80], address[80];
};

static void
count_under(struct counted *out, struct str email, struct str remote)
{
	uint8_t hash[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	sha256_of(hash, email);
	hex_encode(hex, hash, 16);
	snprintf(out->account, sizeof out->account, "account:%s", hex);
	snprintf(out->address, sizeof out->address, "address:%.*s", STR_ARG(str_clip(remote, 60)));
}

static bool
look_at_attempts(struct model *m, const struct counted *k, struct err *e)
{
	int64_t account, address;
	if (!store_attempts(m->store, k->account, &account, e) ||
	    !store_attempts(m->store, k->address, &address, e))
		return false;
	return (account < LIMIT_SIGN_INS_ACCOUNT && address < LIMIT_SIGN_INS_ADDRESS) ||
	       FAIL(e, BUSY,
		   "too many failed attempts to sign in; try again in %d minutes, or use a link "
		   "(rowhouse user link)",
		   LIMIT_SIGN_IN_WINDOW_SECONDS / 60);
}

/* Counted before the password is looked at, so that of many at once no more are looked at than of
 * as many one after the other.  Looking first costs who is refused no lock. */
static bool
count_attempt(struct model *m, const struct counted *k, struct err *e)
{
	return look_at_attempts(m, k, e) && store_begin(m->store, e) &&
	       model_end(m,
		   look_at_attempts(m, k, e) && store_attempt_add(m->store, k->account, 1, e) &&
		       store_attempt_add(m->store, k->address, 1, e),
		   e);
}

/* It was the right one, which does not count.  Needs a transaction. */
static bool
uncount_attempt(struct model *m, const struct counted *k, struct err *e)
{
	return store_attempt_add(m->store, k->account, -1, e) &&
	       store_attempt_add(m->store, k->address, -1, e);
}

/* Of a password that could not be looked at nothing is counted. */
static bool
verify(struct model *m, bool *good, const struct counted *k, struct str hash, struct str password,
    struct err *e)
{
	struct err ignored = {0};
	if (password_verify(good, m->data, hash, password, e))
		return true;
	if (!store_begin(m->store, &ignored) ||
	    !model_end(m, uncount_attempt(m, k, &ignored), &ignored))
		log_err("an attempt to sign in", &ignored);
	return false;
}

static struct caller
caller_of_user(const struct user *u, struct str remote)
{
	struct caller c = {.org_id = u->org_id,
	    .role = role_from_name(u->role),
	    .who = u->email,
	    .remote = remote};
	memcpy(c.user_id, u->user_id, sizeof c.user_id);
	return c;
}

/* A new session, whatever there was before.  Needs a transaction. */
static bool
open_session(struct model *m, const struct user *u, struct str remote, const char *action,
    char token[SESSION_TOKEN_BYTES], struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	struct caller c = caller_of_user(u, remote);
	random_base62(token, SESSION_TOKEN_BYTES - 1);
	sha256_of(hash, str_of(token));
	return store_session_insert(m->store, hash, u->user_id, e) &&
	       store_user_signed_in(m->store, u->user_id, e) &&
	       model_audit(m, &c, action, u->email, (struct str){0}, e);
}

/* The failed attempt is noted for whom it concerns, if there is anybody; if not, something is
 * written all the same, because that takes its time. */
static bool
refuse(struct model *m, const struct counted *k, const struct user *u, struct str remote,
    struct err *e)
{
	if (!store_begin(m->store, e))
		return false;
	struct caller c = u ? caller_of_user(u, remote) : (struct caller){0};
	bool good = u ? model_audit(m, &c, "sign_in.failed", u->email, (struct str){0}, e)
		      : store_attempt_add(m->store, k->account, 0, e);
	return model_end(m, good, e) &&
	       FAIL(e, UNAUTHORIZED, "the e-mail address or the password is wrong");
}

bool
model_sign_in(struct model *m, struct str email, struct str password, struct str remote,
    char token[SESSION_TOKEN_BYTES], struct arena *a, struct err *e)
{
	struct user u;
	struct counted k;
	bool found, good;
	email = email_lower(email, a);
	count_under(&k, email, remote);
	if (!count_attempt(m, &k, e) || !store_user_by_email(m->store, &u, &found, email, a, e))
		return false;
	struct str hash = found && !u.disabled_at ? u.password : (struct str){0};
	if (utf8_count(password) > LIMIT_PASSWORD_MOST)
		password = STR("");
	if (!verify(m, &good, &k, hash, password, e))
		return false;
	if (!good)
		return refuse(m, &k, found ? &u : NULL, remote, e);
	return store_begin(m->store, e) &&
	       model_end(m,
		   uncount_attempt(m, &k, e) && open_session(m, &u, remote, "sign_in", token, e),
		   e);
}

bool
model_sign_out(struct model *m, const struct caller *c, struct str token, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	sha256_of(hash, token);
	if (!store_session_delete(m->store, hash, e) || c->org_id == 0)
		return e->code == ERR_OK;
	return store_begin(m->store, e) &&
	       model_end(m, model_audit(m, c, "sign_out", c->who, (struct str){0}, e), e);
}

/* ---- links ---- */

enum { LINK_EMAIL, LINK_NAME, LINK_PASSWORD };
const struct field link_fields[] = {
    [LINK_EMAIL] = {"email", "E-mail address", "You sign in with it; no mail is sent.", FIELD_LINE,
	.required = true, .min = 3, .max = 254, .autocomplete = "username"},
    [LINK_NAME] = {"name", "Name", NULL, FIELD_LINE, .min = 1, .max = LIMIT_NAME_CHARACTERS,
	.autocomplete = "name"},
    [LINK_PASSWORD] = {"password", "Password", "At least 10 characters.", FIELD_SECRET,
	.required = true, .min = LIMIT_PASSWORD_LEAST, .max = LIMIT_PASSWORD_MOST,
	.autocomplete = "new-password"},
    {0},
};
_Static_assert(LIMIT_PASSWORD_LEAST == 10, "the help says so");

static bool
find_link(struct model *m, struct user *out, uint8_t hash[SHA256_BYTES], struct str token,
    struct arena *a, struct err *e)
{
	bool found;
	sha256_of(hash, token);
	return store_link_find(m->store, out, &found, hash, a, e) &&
	       (found || FAIL(e, GONE,
			     "this link was used already or is too old; ask an owner for another, "
			     "or run: rowhouse user link"));
}

bool
model_link_user(struct model *m, struct user *out, struct str token, struct arena *a, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	return find_link(m, out, hash, token, a, e);
}

static bool
follow(struct model *m, const struct user *u, const char *password,
    const uint8_t hash[SHA256_BYTES], struct str remote, char session[SESSION_TOKEN_BYTES],
    struct err *e)
{
	struct user now;
	bool found;
	struct arena a;
	arena_init(&a, MIB(1));
	/* Of two who follow it at once one is first. */
	bool good = store_link_find(m->store, &now, &found, hash, &a, e);
	arena_release(&a);
	if (good && !found)
		return FAIL(e, GONE, "this link was used already");
	return good && store_user_update(m->store, u, e) &&
	       store_user_password(m->store, u->user_id, str_of(password), e) &&
	       store_user_sign_out(m->store, u->user_id, e) &&
	       open_session(m, u, remote, "sign_in.link", session, e);
}

bool
model_link_follow(struct model *m, struct str token, const json_t *fields, struct str remote,
    char session[SESSION_TOKEN_BYTES], struct arena *a, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	struct user u;
	const struct value *v;
	char password[PASSWORD_HASH_BYTES];
	if (!find_link(m, &u, hash, token, a, e) ||
	    !form_check(&v, link_fields, fields, FORM_TEXT, NULL, a, e))
		return false;
	if (v[LINK_NAME].set)
		u.name = v[LINK_NAME].text;
	if (!email_read(&u.email, v[LINK_EMAIL].text, a, e) ||
	    !password_check(v[LINK_PASSWORD].text, u.email, e) ||
	    !password_hash(password, m->data, v[LINK_PASSWORD].text, e))
		return false;
	return store_begin(m->store, e) &&
	       model_end(m, follow(m, &u, password, hash, remote, session, e), e);
}

/* ---- the own password ---- */

enum { OLD_PASSWORD, NEW_PASSWORD };
const struct field password_fields[] = {
    [OLD_PASSWORD] = {"old_password", "Old password", NULL, FIELD_SECRET, .required = true,
	.min = 1, .max = 10 * LIMIT_PASSWORD_MOST, .autocomplete = "current-password"},
    [NEW_PASSWORD] = {"password", "New password", "At least 10 characters. All other sessions end.",
	FIELD_SECRET, .required = true, .min = LIMIT_PASSWORD_LEAST, .max = LIMIT_PASSWORD_MOST,
	.autocomplete = "new-password"},
    {0},
};

static bool
replace_password(struct model *m, const struct caller *c, const struct user *u,
    const char *password, char session[SESSION_TOKEN_BYTES], struct err *e)
{
	return store_user_password(m->store, u->user_id, str_of(password), e) &&
	       store_user_sign_out(m->store, u->user_id, e) &&
	       open_session(m, u, c->remote, "password.change", session, e);
}

bool
model_password_change(struct model *m, const struct caller *c, const json_t *fields, unsigned style,
    char session[SESSION_TOKEN_BYTES], struct arena *a, struct err *e)
{
	const struct value *v;
	struct user u, with_password;
	struct counted k;
	bool found, good;
	char password[PASSWORD_HASH_BYTES];
	if (!model_self(m, c, &u, &found, a, e) ||
	    !form_check(&v, password_fields, fields, style, NULL, a, e))
		return false;
	if (!found || !c->by_session || !u.email.n)
		return FAIL(e, FORBIDDEN, "only who is signed in can change their password");
	count_under(&k, u.email, c->remote);
	if (!password_check(v[NEW_PASSWORD].text, u.email, e) || !count_attempt(m, &k, e) ||
	    !store_user_by_email(m->store, &with_password, &found, u.email, a, e) ||
	    !verify(m, &good, &k, found ? with_password.password : (struct str){0},
		v[OLD_PASSWORD].text, e))
		return false;
	if (!good) {
		struct err why = {0};
		if (!refuse(m, &k, &u, c->remote, &why) && why.code != ERR_UNAUTHORIZED) {
			*e = why;
			return false;
		}
		return FAIL_FIELD(e, INPUT, "old_password", "this is not your password");
	}
	return password_hash(password, m->data, v[NEW_PASSWORD].text, e) &&
	       store_begin(m->store, e) &&
	       model_end(m,
		   uncount_attempt(m, &k, e) && replace_password(m, c, &u, password, session, e),
		   e);
}
