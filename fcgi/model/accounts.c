/* accounts.c: users, keys and the audit; see accounts.h.  Signing in is in sign_in.c. */
#include "model/accounts.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/limits.h"

#define KEY_PREFIX "rh_"
#define RANDOM_CHARACTERS 43
#define DAY_US INT64_C(86400000000)

void
key_make(char key[KEY_BYTES], char begins[KEY_SHOWN + 1], uint8_t hash[SHA256_BYTES])
{
	size_t prefix = strlen(KEY_PREFIX);
	memcpy(key, KEY_PREFIX, prefix);
	random_base62(key + prefix, RANDOM_CHARACTERS);
	snprintf(begins, KEY_SHOWN + 1, "%s", key);
	sha256_of(hash, str_of(key));
}

void
link_make(char token[LINK_BYTES], uint8_t hash[SHA256_BYTES])
{
	random_base62(token, RANDOM_CHARACTERS);
	sha256_of(hash, str_of(token));
}

/* ---- users ---- */

enum { USER_EMAIL, USER_NAME, USER_ROLE };
const struct field user_fields[] = {
    [USER_EMAIL] = {"email", "E-mail address", "They sign in with it; no mail is sent.", FIELD_LINE,
	.required = true, .min = 3, .max = 254},
    [USER_NAME] = {"name", "Name", NULL, FIELD_LINE, .min = 1, .max = LIMIT_NAME_CHARACTERS},
    [USER_ROLE] = {"role", "Role", NULL, FIELD_CHOICE, .required = true, .choices = role_choices},
    {0},
};

enum { CHANGE_NAME, CHANGE_ROLE, CHANGE_DISABLED };
const struct field user_change_fields[] = {
    [CHANGE_NAME] = {"name", "Name", NULL, FIELD_LINE, .min = 1, .max = LIMIT_NAME_CHARACTERS},
    [CHANGE_ROLE] = {"role", "Role", NULL, FIELD_CHOICE, .choices = role_choices},
    [CHANGE_DISABLED] = {"disabled", "Disabled", "Their sessions end at once, and their keys stop.",
	FIELD_SWITCH},
    {0},
};

bool
model_self(struct model *m, const struct caller *c, struct user *out, bool *found, struct arena *a,
    struct err *e)
{
	*found = false;
	return caller_may(c, RIGHT_READ, e) &&
	       (c->user_id[0] == 0 ||
		   store_user_get(m->store, out, found, c->org_id, c->user_id, a, e));
}

bool
model_user_list(struct model *m, const struct caller *c, struct user **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	return caller_may_all(c, RIGHT_MANAGE, e) &&
	       store_user_list(m->store, out, count, total, c->org_id, offset, limit, a, e);
}

bool
model_user_get(struct model *m, const struct caller *c, struct str id, struct user *out,
    struct arena *a, struct err *e)
{
	char user_id[UUID_BYTES];
	bool found = false;
	if (!caller_may_all(c, RIGHT_MANAGE, e) ||
	    (uuid_parse(user_id, id) &&
		!store_user_get(m->store, out, &found, c->org_id, user_id, a, e)))
		return false;
	return found || FAIL_FIELD(e, NOT_FOUND, "user_id", "there is no user with this id");
}

struct str
email_lower(struct str email, struct arena *a)
{
	char *p = arena_text(a, str_trim(email));
	for (char *c = p; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 32;
	return str_of(p);
}

/* With something on both sides of one @, and no space. */
bool
email_read(struct str *out, struct str text, struct arena *a, struct err *e)
{
	*out = email_lower(text, a);
	const char *at = memchr(out->p, '@', out->n);
	bool good = at && at > out->p && at[1] && !strchr(at + 1, '@');
	for (size_t i = 0; i < out->n; i++)
		good = good && (unsigned char)out->p[i] > ' ';
	return good || FAIL_FIELD(e, INPUT, "email", "this is not an e-mail address");
}

static bool
insert_user(struct model *m, const struct caller *c, struct user *u,
    const uint8_t link[SHA256_BYTES], struct err *e)
{
	struct user *some;
	size_t count;
	int64_t total;
	struct arena a;
	arena_init(&a, MIB(1));
	bool good = store_user_list(m->store, &some, &count, &total, c->org_id, 0, 1, &a, e);
	arena_release(&a);
	if (good && total >= LIMIT_USERS)
		return FAIL(e, QUOTA, "an organisation has at most %d users", LIMIT_USERS);
	return good && store_user_insert(m->store, u, e) &&
	       store_link_insert(m->store, link, u->user_id, e) &&
	       model_audit(m, c, "user.new", u->email, (struct str){0}, e);
}

bool
model_user_new(struct model *m, const struct caller *c, const json_t *fields, unsigned style,
    struct user *out, char token[LINK_BYTES], struct arena *a, struct err *e)
{
	const struct value *v;
	uint8_t hash[SHA256_BYTES];
	*out = (struct user){.org_id = c->org_id};
	if (!caller_may_all(c, RIGHT_MANAGE, e) ||
	    !form_check(&v, user_fields, fields, style, NULL, a, e) ||
	    !email_read(&out->email, v[USER_EMAIL].text, a, e))
		return false;
	out->name = v[USER_NAME].set ? v[USER_NAME].text : out->email;
	out->role = v[USER_ROLE].text;
	link_make(token, hash);
	return store_begin(m->store, e) && model_end(m, insert_user(m, c, out, hash, e), e);
}

/* The last owner can neither go nor lose the role: nobody could undo it. */
static bool
keep_an_owner(struct model *m, const struct user *u, struct err *e)
{
	int64_t others;
	if (str_is(u->role, "owner") && !u->disabled_at)
		return true;
	return store_user_other_owners(m->store, u, &others, e) &&
	       (others > 0 || FAIL(e, CONFLICT, "this is the last owner: make another one first"));
}

/* With the transaction open, so that what another change set meanwhile stays. */
static bool
change_user(struct model *m, const struct caller *c, struct str id, const struct value *v,
    struct user *out, struct arena *a, struct err *e)
{
	if (!model_user_get(m, c, id, out, a, e))
		return false;
	bool was_owner = str_is(out->role, "owner");
	if (v[CHANGE_NAME].set)
		out->name = v[CHANGE_NAME].text;
	if (v[CHANGE_ROLE].set)
		out->role = v[CHANGE_ROLE].text;
	if (v[CHANGE_DISABLED].set)
		out->disabled_at = !v[CHANGE_DISABLED].on ? 0
				   : out->disabled_at     ? out->disabled_at
							  : clock_now_us();
	struct str detail = arena_format(a, "{\"role\":\"%.*s\",\"disabled\":%s}",
	    STR_ARG(out->role), out->disabled_at ? "true" : "false");
	return (!was_owner || keep_an_owner(m, out, e)) && store_user_update(m->store, out, e) &&
	       (!out->disabled_at || store_user_sign_out(m->store, out->user_id, e)) &&
	       model_audit(m, c, "user.change", out->email, detail, e);
}

bool
model_user_change(struct model *m, const struct caller *c, struct str id, const json_t *fields,
    unsigned style, struct user *out, struct arena *a, struct err *e)
{
	const struct value *v;
	return model_user_get(m, c, id, out, a, e) &&
	       form_check(&v, user_change_fields, fields, style, NULL, a, e) &&
	       store_begin(m->store, e) && model_end(m, change_user(m, c, id, v, out, a, e), e);
}

/* With the transaction open. */
static bool
replace_link(struct model *m, const struct caller *c, struct str id, struct user *out,
    const uint8_t hash[SHA256_BYTES], struct arena *a, struct err *e)
{
	if (!model_user_get(m, c, id, out, a, e))
		return false;
	if (out->disabled_at)
		return FAIL(e, CONFLICT, "this user is disabled: enable them first");
	out->has_password = false;
	return store_user_sign_out(m->store, out->user_id, e) &&
	       store_user_password(m->store, out->user_id, (struct str){0}, e) &&
	       store_link_insert(m->store, hash, out->user_id, e) &&
	       model_audit(m, c, "user.link", out->email.n ? out->email : str_of(out->user_id),
		   (struct str){0}, e);
}

bool
model_user_link(struct model *m, const struct caller *c, struct str id, struct user *out,
    char token[LINK_BYTES], struct arena *a, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	link_make(token, hash);
	return model_user_get(m, c, id, out, a, e) && store_begin(m->store, e) &&
	       model_end(m, replace_link(m, c, id, out, hash, a, e), e);
}

/* ---- keys ---- */

enum { KEY_NAME, KEY_ROLE, KEY_EXPIRES, KEY_DATASETS };
const struct field key_fields[] = {
    [KEY_NAME] = {"name", "Name", "What it is for, to tell it from others.", FIELD_LINE,
	.required = true, .min = 1, .max = LIMIT_NAME_CHARACTERS},
    [KEY_ROLE] = {"role", "Role", "What it may do; at most what you may.", FIELD_CHOICE,
	.required = true, .choices = role_choices},
    [KEY_EXPIRES] = {"expires_in_days", "Expires after",
	"Days; empty: with the key it is made with, or never.", FIELD_INTEGER, .min = 1,
	.max = 3650},
    [KEY_DATASETS] = {"dataset_ids", "Datasets",
	"Ids of the datasets it is good for; empty: everything.", FIELD_TEXTS, .min = 1,
	.max = LIMIT_KEY_DATASETS},
    {0},
};

static bool
is_own(const struct caller *c, const struct key *k)
{
	return c->user_id[0] && str_is(k->user_id, c->user_id);
}

bool
model_key_list_own(struct model *m, const struct caller *c, struct key **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	/* A key without a user has no keys of its own. */
	const char *of = c->user_id[0] ? c->user_id : "-";
	return caller_may_all(c, RIGHT_READ, e) &&
	       store_key_list(m->store, out, count, total, c->org_id, of, offset, limit, a, e);
}

bool
model_key_list(struct model *m, const struct caller *c, struct key **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	if (c->role != ROLE_OWNER)
		return model_key_list_own(m, c, out, count, total, offset, limit, a, e);
	return caller_may_all(c, RIGHT_READ, e) &&
	       store_key_list(m->store, out, count, total, c->org_id, "", offset, limit, a, e);
}

bool
model_key_get(struct model *m, const struct caller *c, struct str id, struct key *out,
    struct arena *a, struct err *e)
{
	char key_id[UUID_BYTES];
	bool found = false;
	if (!caller_may_all(c, RIGHT_READ, e) ||
	    (uuid_parse(key_id, id) &&
		!store_key_get(m->store, out, &found, c->org_id, key_id, a, e)))
		return false;
	return (found && (c->role == ROLE_OWNER || is_own(c, out))) ||
	       FAIL_FIELD(e, NOT_FOUND, "key_id", "there is no key with this id");
}

/* The scope as the JSON array it is kept as; each must be a dataset of the organisation. */
static bool
read_scope(struct model *m, const struct caller *c, struct str *out, const struct value *v,
    struct arena *a, struct err *e)
{
	struct buf b;
	struct jsonout j;
	struct dataset d;
	if (!v->set || v->count == 0)
		return true;
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_array(&j);
	for (size_t i = 0; i < v->count; i++) {
		struct err why = {0};
		if (!model_dataset_get(m, c, str_trim(v->items[i].text), &d, a, &why)) {
			if (why.code != ERR_NOT_FOUND) {
				*e = why;
				return false;
			}
			return FAIL_FIELD(e, INPUT, "dataset_ids", "there is no dataset %.*s",
			    STR_ARG(str_clip(v->items[i].text, 60)));
		}
		jsonout_text(&j, d.dataset_id);
	}
	jsonout_end(&j);
	*out = buf_str(&b);
	return true;
}

/* With the transaction open: a key that was made with a key ends with it at the latest. */
static bool
cap_expiry(struct model *m, const struct caller *c, struct key *k, struct arena *a, struct err *e)
{
	struct key parent;
	bool found;
	if (!c->key_id[0])
		return true;
	if (!store_key_get(m->store, &parent, &found, c->org_id, c->key_id, a, e))
		return false;
	if (!found || parent.revoked_at)
		return FAIL(e, UNAUTHORIZED, "the key this was sent with was revoked");
	k->parent_id = arena_copy(a, str_of(c->key_id));
	if (parent.expires_at && k->expires_at > parent.expires_at)
		return FAIL_FIELD(e, INPUT, "expires_in_days",
		    "a key that is made with a key ends with it at the latest, which is in less "
		    "than %" PRId64 " days; say nothing, and it does",
		    (parent.expires_at - clock_now_us()) / DAY_US + 1);
	if (!k->expires_at)
		k->expires_at = parent.expires_at;
	return true;
}

static bool
insert_key(struct model *m, const struct caller *c, struct key *k, const uint8_t hash[SHA256_BYTES],
    struct arena *a, struct err *e)
{
	int64_t count;
	bool found;
	if (!cap_expiry(m, c, k, a, e) || !store_key_count(m->store, c->org_id, &count, e))
		return false;
	if (count >= LIMIT_KEYS)
		return FAIL(e, QUOTA,
		    "an organisation has at most %d keys: revoke one that is not needed",
		    LIMIT_KEYS);
	/* With its user's address, which the catalog knows. */
	return store_key_insert(m->store, k, hash, e) &&
	       store_key_get(m->store, k, &found, c->org_id, k->key_id, a, e) &&
	       model_audit(m, c, "key.new", str_of(k->key_id), (struct str){0}, e);
}

bool
model_key_new(struct model *m, const struct caller *c, const json_t *fields, unsigned style,
    struct key *out, char secret[KEY_BYTES], struct arena *a, struct err *e)
{
	const struct value *v;
	char begins[KEY_SHOWN + 1];
	uint8_t hash[SHA256_BYTES];
	*out = (struct key){.org_id = c->org_id, .user_id = str_of(c->user_id)};
	if (!caller_may_all(c, RIGHT_READ, e) ||
	    !form_check(&v, key_fields, fields, style, NULL, a, e))
		return false;
	out->name = v[KEY_NAME].text;
	out->role = v[KEY_ROLE].text;
	if (role_from_name(out->role) > c->role)
		return FAIL_FIELD(e, FORBIDDEN, "role",
		    "a key may do at most what you may, which is %s", role_names[c->role]);
	if (v[KEY_EXPIRES].set)
		out->expires_at = clock_now_us() + v[KEY_EXPIRES].integer * DAY_US;
	if (!read_scope(m, c, &out->scope, &v[KEY_DATASETS], a, e))
		return false;
	key_make(secret, begins, hash);
	out->begins = arena_copy(a, str_of(begins));
	return store_begin(m->store, e) && model_end(m, insert_key(m, c, out, hash, a, e), e);
}

/* A person revokes what they see; a key itself and what may do no more than it, so that one that
 * was given away cannot lock its owner out. */
static bool
may_revoke(const struct caller *c, const struct key *k, struct err *e)
{
	bool itself = strcmp(k->key_id, c->key_id) == 0;
	return c->by_session || c->role == ROLE_OWNER || itself ||
	       role_from_name(k->role) <= c->role ||
	       FAIL(e, FORBIDDEN, "a key of the role %s cannot revoke one of the role %.*s",
		   role_names[c->role], STR_ARG(k->role));
}

/* With the transaction open. */
static bool
revoke(struct model *m, const struct caller *c, const char *key_id, struct arena *a, struct err *e)
{
	struct str *ids;
	size_t count;
	if (!store_key_revoke(m->store, key_id, &ids, &count, a, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		bool itself = str_is(ids[i], key_id);
		struct str with = arena_format(a, "{\"with\":\"%s\"}", key_id);
		if (!model_audit(m, c, "key.revoke", ids[i], itself ? (struct str){0} : with, e))
			return false;
	}
	return true;
}

bool
model_key_revoke(struct model *m, const struct caller *c, struct str id, struct key *out,
    struct arena *a, struct err *e)
{
	return model_key_get(m, c, id, out, a, e) && may_revoke(c, out, e) &&
	       store_begin(m->store, e) && model_end(m, revoke(m, c, out->key_id, a, e), e) &&
	       model_key_get(m, c, id, out, a, e);
}

/* ---- the audit ---- */

bool
model_audit_list(struct model *m, const struct caller *c, const struct audit_filter *f,
    int64_t before, size_t limit, struct audit **out, size_t *count, struct arena *a, struct err *e)
{
	return caller_may_all(c, RIGHT_MANAGE, e) &&
	       store_audit_list(m->store, out, count, c->org_id, f, before, limit, a, e);
}
