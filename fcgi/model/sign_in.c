/*
 * sign_in.c: how a person comes in: with a password, or once with a link; see accounts.h.
 *
 * Failed attempts are counted per account and address, per account and per address; whoever asks
 * learns neither whether there is such an account nor, by the time it takes, which of the two was
 * wrong.
 */
#include "model/accounts.h"
#include "base/jsonout.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"
#include "model/passwords.h"

#include <arpa/inet.h>

/*
 * What attempts are counted under, and how many there may be.  Few for an account from one address;
 * many more for the account from wherever, so that who guesses from elsewhere does not lock its
 * owner out at once.
 */
enum { PAIR, ACCOUNT, ADDRESS, COUNTED };
static const int64_t most[COUNTED] = {
    [PAIR] = LIMIT_SIGN_INS_PAIR,
    [ACCOUNT] = LIMIT_SIGN_INS_ACCOUNT,
    [ADDRESS] = LIMIT_SIGN_INS_ADDRESS,
};

struct counted {
	char what[COUNTED][160];
};

#define NETWORK_BYTES (INET6_ADDRSTRLEN + 4)

/* Of an IPv6 address only its network, which one house has whole. */
static void
network_of(char out[NETWORK_BYTES], struct str remote)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	snprintf(text, sizeof text, "%.*s", STR_ARG(remote));
	snprintf(out, NETWORK_BYTES, "%s", text);
	if (inet_pton(AF_INET6, text, &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six))
		return;
	memset(six.s6_addr + 8, 0, 8);
	if (inet_ntop(AF_INET6, &six, text, sizeof text))
		snprintf(out, NETWORK_BYTES, "%s/64", text);
}

/* "pair:HASH 192.0.2.1", "account:HASH", "address:192.0.2.1" */
static void
count_under(struct counted *out, struct str email, struct str remote)
{
	uint8_t hash[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES], network[NETWORK_BYTES];
	sha256_of(hash, email);
	hex_encode(hex, hash, 16);
	network_of(network, remote);
	snprintf(out->what[PAIR], sizeof out->what[PAIR], "pair:%s %s", hex, network);
	snprintf(out->what[ACCOUNT], sizeof out->what[ACCOUNT], "account:%s", hex);
	snprintf(out->what[ADDRESS], sizeof out->what[ADDRESS], "address:%s", network);
}

static bool
look_at_attempts(struct model *m, const struct counted *k, struct err *e)
{
	int64_t wait = 0;
	for (int i = 0; i < COUNTED; i++) {
		int64_t one;
		if (!store_attempts_wait(m->store, k->what[i], most[i], &one, e))
			return false;
		wait = one > wait ? one : wait;
	}
	if (wait == 0)
		return true;
	FAIL(e, BUSY,
	    "too many failed attempts to sign in; try again in %" PRId64
	    " minute%s, or use a link (rowhouse user link)",
	    (wait + 59) / 60, wait > 60 ? "s" : "");
	e->retry_s = wait;
	return false;
}

static bool
add_attempt(struct model *m, const struct counted *k, struct err *e)
{
	for (int i = 0; i < COUNTED; i++)
		if (!store_attempt_add(m->store, k->what[i], 1, e))
			return false;
	return true;
}

/* Counted before the password is looked at, so that of many at once no more are looked at than of
 * as many one after the other.  Looking first costs who is refused no lock. */
static bool
count_attempt(struct model *m, const struct counted *k, struct err *e)
{
	return look_at_attempts(m, k, e) && store_begin(m->store, e) &&
	       model_end(m, look_at_attempts(m, k, e) && add_attempt(m, k, e), e);
}

/* It was the right one, which does not count.  Needs a transaction. */
static bool
uncount_attempt(struct model *m, const struct counted *k, struct err *e)
{
	for (int i = 0; i < COUNTED; i++)
		if (!store_attempt_take_back(m->store, k->what[i], e))
			return false;
	return true;
}

/* Nothing is counted of a password that could not be looked at, because another one was. */
static bool
let_off(struct model *m, const struct counted *k)
{
	struct err e = {0};
	if (!store_begin(m->store, &e) || !model_end(m, uncount_attempt(m, k, &e), &e))
		log_err("an attempt to sign in", &e);
	return false;
}

static bool
verify(struct model *m, bool *good, const struct counted *k, struct str hash, struct str password,
    struct err *e)
{
	return password_verify(good, m->data, hash, password, e) || let_off(m, k);
}

/* Somebody who is not in yet, as the audit tells of them; where they come from is known of `from`.
 */
static struct caller
caller_of_user(const struct user *u, const struct caller *from)
{
	struct caller c = {.org_id = u->org_id,
	    .role = role_from_name(u->role),
	    .who = u->email,
	    .remote = from->remote,
	    .request_id = from->request_id};
	memcpy(c.user_id, u->user_id, sizeof c.user_id);
	return c;
}

/* A new session, whatever there was before.  Needs a transaction. */
static bool
open_session(struct model *m, const struct user *u, const struct caller *from, const char *action,
    struct str detail, char token[SESSION_TOKEN_BYTES], struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	struct caller c = caller_of_user(u, from);
	random_base62(token, SESSION_TOKEN_BYTES - 1);
	sha256_of(hash, str_of(token));
	return store_session_insert(m->store, hash, u->user_id, e) &&
	       store_user_signed_in(m->store, u->user_id, e) &&
	       model_audit(m, &c, action, u->email, detail, e);
}

/* The failed attempt is noted for whom it concerns, if there is anybody; if not, something is
 * written all the same, because that takes its time. */
static bool
refuse(struct model *m, const struct counted *k, const struct user *u, const struct caller *from,
    struct err *e)
{
	if (!store_begin(m->store, e))
		return false;
	struct caller c = u ? caller_of_user(u, from) : (struct caller){0};
	bool good = u ? model_audit(m, &c, "sign_in.failed", u->email, (struct str){0}, e)
		      : store_attempt_add(m->store, k->what[ACCOUNT], 0, e);
	return model_end(m, good, e) &&
	       FAIL(e, UNAUTHORIZED, "the e-mail address or the password is wrong");
}

/* Whether what the password was held against is still so: a hash takes its time, and meanwhile the
 * user may have been disabled or have got another password, which ends what they came in with.
 * Needs a transaction; *u is then the user as they are now. */
static bool
is_still(struct model *m, struct user *u, bool *still, struct arena *a, struct err *e)
{
	struct user now;
	bool found;
	if (!store_user_by_email(m->store, &now, &found, u->email, a, e))
		return false;
	*still = found && strcmp(now.user_id, u->user_id) == 0 && !now.disabled_at &&
		 str_equal(now.password, u->password);
	if (*still)
		*u = now;
	return true;
}

/* The password was the right one.  *still false: it is not any more. */
static bool
come_in(struct model *m, const struct counted *k, struct user *u, const struct caller *from,
    bool *still, char token[SESSION_TOKEN_BYTES], struct arena *a, struct err *e)
{
	return is_still(m, u, still, a, e) &&
	       (!*still || (uncount_attempt(m, k, e) &&
			       open_session(m, u, from, "sign_in", (struct str){0}, token, e)));
}

bool
model_sign_in(struct model *m, struct str email, struct str password, const struct caller *from,
    char token[SESSION_TOKEN_BYTES], struct arena *a, struct err *e)
{
	struct user u;
	struct counted k;
	bool found, good, still = false;
	email = email_lower(email, a);
	count_under(&k, email, from->remote);
	if (!count_attempt(m, &k, e) || !store_user_by_email(m->store, &u, &found, email, a, e))
		return false;
	struct str hash = found && !u.disabled_at ? u.password : (struct str){0};
	if (utf8_count(password) > LIMIT_PASSWORD_MOST)
		password = STR("");
	if (!verify(m, &good, &k, hash, password, e))
		return false;
	if (!good)
		return refuse(m, &k, found ? &u : NULL, from, e);
	if (!store_begin(m->store, e) ||
	    !model_end(m, come_in(m, &k, &u, from, &still, token, a, e), e))
		return false;
	return still || refuse(m, &k, &u, from, e);
}

bool
model_sign_out(struct model *m, const struct caller *c, struct str token, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	sha256_of(hash, token);
	return store_begin(m->store, e) &&
	       model_end(m,
		   store_session_delete(m->store, hash, e) &&
		       (c->org_id == 0 ||
			   model_audit(m, c, "sign_out", c->who, (struct str){0}, e)),
		   e);
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

/* With the transaction open: of two who follow it at once one is first, and what was done to the
 * user meanwhile stays done. */
static bool
follow(struct model *m, const struct user *wanted, const char *password,
    const uint8_t hash[SHA256_BYTES], const struct caller *from, char session[SESSION_TOKEN_BYTES],
    struct arena *a, struct err *e)
{
	struct user u;
	struct str detail = {0};
	bool found;
	if (!store_link_find(m->store, &u, &found, hash, a, e))
		return false;
	if (!found)
		return FAIL(e, GONE, "this link was used already, or is no good any more");
	if (!str_equal(u.email, wanted->email)) {
		struct buf b;
		struct jsonout j;
		buf_init(&b, a);
		jsonout_init(&j, &b);
		jsonout_object(&j);
		if (u.email.n)
			jsonout_member_str(&j, "old_email", u.email);
		jsonout_member_str(&j, "email", wanted->email);
		jsonout_end(&j);
		detail = buf_str(&b);
	}
	u.email = wanted->email;
	u.name = wanted->name;
	return store_user_update(m->store, &u, e) &&
	       store_user_password(m->store, u.user_id, str_of(password), e) &&
	       store_user_sign_out(m->store, u.user_id, e) &&
	       open_session(m, &u, from, "sign_in.link", detail, session, e);
}

bool
model_link_follow(struct model *m, struct str token, const json_t *fields,
    const struct caller *from, char session[SESSION_TOKEN_BYTES], struct arena *a, struct err *e)
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
	       model_end(m, follow(m, &u, password, hash, from, session, a, e), e);
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
wrong_old(struct err *e)
{
	return FAIL_FIELD(e, INPUT, "old_password", "this is not your password");
}

/* With the transaction open. */
static bool
replace_password(struct model *m, const struct counted *k, const struct caller *c, struct user *u,
    const char *password, char session[SESSION_TOKEN_BYTES], struct arena *a, struct err *e)
{
	bool still;
	if (!is_still(m, u, &still, a, e))
		return false;
	if (!still)
		return wrong_old(e);
	return uncount_attempt(m, k, e) &&
	       store_user_password(m->store, u->user_id, str_of(password), e) &&
	       store_user_sign_out(m->store, u->user_id, e) &&
	       open_session(m, u, c, "password.change", (struct str){0}, session, e);
}

bool
model_password_change(struct model *m, const struct caller *c, const json_t *fields, unsigned style,
    char session[SESSION_TOKEN_BYTES], struct arena *a, struct err *e)
{
	const struct value *v;
	struct user self, u;
	struct counted k;
	bool found, good;
	char password[PASSWORD_HASH_BYTES];
	if (!model_self(m, c, &self, &found, a, e) ||
	    !form_check(&v, password_fields, fields, style, NULL, a, e))
		return false;
	if (!found || !c->by_session || !self.email.n)
		return FAIL(e, FORBIDDEN, "only who is signed in can change their password");
	count_under(&k, self.email, c->remote);
	if (!password_check(v[NEW_PASSWORD].text, self.email, e) || !count_attempt(m, &k, e) ||
	    !store_user_by_email(m->store, &u, &found, self.email, a, e) ||
	    !verify(m, &good, &k, found ? u.password : (struct str){0}, v[OLD_PASSWORD].text, e))
		return false;
	if (!good) {
		struct err why = {0};
		if (!refuse(m, &k, &self, c, &why) && why.code != ERR_UNAUTHORIZED) {
			*e = why;
			return false;
		}
		return wrong_old(e);
	}
	if (!password_hash(password, m->data, v[NEW_PASSWORD].text, e))
		return let_off(m, &k);
	return store_begin(m->store, e) &&
	       model_end(m, replace_password(m, &k, c, &u, password, session, a, e), e);
}
