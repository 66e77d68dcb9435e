/* callers.c: who asks and what they may do; see model.h.  No other file decides about that. */
#include "model/model.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"
#include "model/setup.h"

#define USED_US INT64_C(60000000) /* the last use of a key is noted this often */

const char *const role_names[ROLE__MAX] = {
#define X(name, word) [ROLE_##name] = word,
    ROLE_TABLE(X)
#undef X
};

const struct choice role_choices[] = {
    {"viewer", "Viewer: sees everything, changes nothing"},
    {"reviewer", "Reviewer: also corrects cells"},
    {"editor", "Editor: also makes and deletes datasets and rows, runs tasks"},
    {"owner", "Owner: also manages users, keys and the audit"},
    {0},
};

enum role
role_from_name(struct str name)
{
	for (int i = ROLE_NONE + 1; i < ROLE__MAX; i++)
		if (str_is(name, role_names[i]))
			return (enum role)i;
	return ROLE_NONE;
}

/* The least role that has a right. */
static const enum role least[] = {
    [RIGHT_READ] = ROLE_VIEWER,
    [RIGHT_REVIEW] = ROLE_REVIEWER,
    [RIGHT_EDIT] = ROLE_EDITOR,
    [RIGHT_MANAGE] = ROLE_OWNER,
};

bool
caller_may(const struct caller *c, enum right right, struct err *e)
{
	if (c->org_id == 0)
		return FAIL(
		    e, UNAUTHORIZED, "a key is needed: send it as 'Authorization: Bearer KEY'");
	return c->role >= least[right] || FAIL(e, FORBIDDEN, "this takes the role %s; yours is %s",
					      role_names[least[right]], role_names[c->role]);
}

bool
caller_may_all(const struct caller *c, enum right right, struct err *e)
{
	return caller_may(c, right, e) &&
	       (c->scope.n == 0 ||
		   FAIL(e, FORBIDDEN,
		       "this key is good for some datasets only, and this is about more"));
}

bool
caller_sees(const struct caller *c, const char *dataset_id)
{
	if (c->scope.n == 0)
		return true;
	/* Ids of one length in a JSON array of our own: none can be a part of another. */
	char quoted[UUID_BYTES + 2];
	int n = snprintf(quoted, sizeof quoted, "\"%s\"", dataset_id);
	for (size_t i = 0; dataset_id[0] && i + (size_t)n <= c->scope.n; i++)
		if (memcmp(c->scope.p + i, quoted, (size_t)n) == 0)
			return true;
	return false;
}

void
caller_of_folder(struct caller *c, int64_t org_id)
{
	*c = (struct caller){.org_id = org_id, .role = ROLE_OWNER, .who = STR("command line")};
}

bool
model_caller_of_key(
    struct model *m, struct caller *c, bool *found, struct str key, struct arena *a, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	struct key k;
	struct err ignored = {0};
	sha256_of(hash, key);
	if (!store_key_find(m->store, &k, found, hash, a, e))
		return false;
	if (!*found)
		return true;
	enum role role = role_from_name(k.role), users = role_from_name(k.user_role);
	/* Whoever lost a role lost it with their keys too. */
	if (k.user_id.n > 0 && users < role)
		role = users;
	*c = (struct caller){.org_id = k.org_id, .role = role, .scope = k.scope};
	/* Never to be taken for a person, whatever the key is called. */
	c->who = arena_format(
	    a, "key \"%.*s\"%s%.*s", STR_ARG(k.name), k.email.n ? " of " : "", STR_ARG(k.email));
	memcpy(c->key_id, k.key_id, sizeof c->key_id);
	snprintf(c->user_id, sizeof c->user_id, "%.*s", STR_ARG(k.user_id));
	/* A full disk is no reason to refuse anybody. */
	if (clock_now_us() - k.used_at > USED_US && !store_key_used(m->store, k.key_id, &ignored))
		log_err("the use of a key could not be noted", &ignored);
	return true;
}

bool
model_caller_of_session(struct model *m, struct caller *c, bool *found, struct str token,
    struct arena *a, struct err *e)
{
	uint8_t hash[SHA256_BYTES], mac[SHA256_BYTES];
	struct user u;
	sha256_of(hash, token);
	if (!store_session_find(m->store, &u, found, hash, a, e) || !*found)
		return *found || e->code == ERR_OK;
	*c = (struct caller){
	    .org_id = u.org_id, .role = role_from_name(u.role), .who = u.email, .by_session = true};
	memcpy(c->user_id, u.user_id, sizeof c->user_id);
	hmac_sha256(mac, (struct str){(const char *)m->secret, SECRET_BYTES},
	    (struct str){(const char *)hash, sizeof hash});
	hex_encode(c->csrf, mac, SHA256_BYTES);
	return true;
}

bool
model_audit(struct model *m, const struct caller *c, const char *action, struct str target,
    struct str detail, struct err *e)
{
	struct audit x = {
	    .org_id = c->org_id,
	    .who = c->who,
	    .user_id = str_of(c->user_id),
	    .key_id = str_of(c->key_id),
	    .action = str_of(action),
	    .target = target,
	    .detail = detail,
	    .remote = c->remote,
	    .request_id = c->request_id,
	};
	return store_audit_add(m->store, &x, e);
}

bool
model_end(struct model *m, bool good, struct err *e)
{
	if (good)
		return store_commit(m->store, e);
	store_rollback(m->store);
	return false;
}

bool
model_id(char out[UUID_BYTES], struct str text, const char *field, const char *what, struct err *e)
{
	return uuid_parse(out, text) ||
	       FAIL_FIELD(e, NOT_FOUND, field, "there is no %s with this id", what);
}

/* ---- what a job does in somebody's name ---- */

void
caller_write(struct jsonout *j, const struct caller *c)
{
	jsonout_key(j, "by");
	jsonout_object(j);
	jsonout_member_str(j, "who", c->who);
	jsonout_member_text(j, "user_id", c->user_id);
	jsonout_member_text(j, "key_id", c->key_id);
	jsonout_member_str(j, "remote", c->remote);
	jsonout_member_str(j, "request_id", c->request_id);
	jsonout_end(j);
}

bool
caller_audit(struct store *s, int64_t org_id, struct str params, const char *action,
    struct str target, struct arena *a, struct err *e)
{
	json_t *tree;
	if (!tree_parse_own(&tree, params, a, e))
		return false;
	const json_t *by = json_object_get(tree, "by");
	struct audit x = {
	    .org_id = org_id,
	    .who = tree_str(by, "who"),
	    .user_id = tree_str(by, "user_id"),
	    .key_id = tree_str(by, "key_id"),
	    .action = str_of(action),
	    .target = target,
	    .remote = tree_str(by, "remote"),
	    .request_id = tree_str(by, "request_id"),
	};
	return store_audit_add(s, &x, e);
}

/* ---- the model itself ---- */

bool
model_open(struct model *m, const char *data, const struct conf *conf, bool plugins, struct err *e)
{
	*m = (struct model){.data = data,
	    .conf = conf,
	    .rows = rows_cache_new(),
	    .projections = projection_cache_new()};
	if (!m->rows || !m->projections)
		return FAIL(e, UNAVAILABLE, "out of memory");
	return store_open(&m->store, data, e) && model_secret(m->secret, data, e) &&
	       (plugins ? registry_open(&m->registry, e) : registry_empty(&m->registry, e));
}

void
model_close(struct model *m)
{
	rows_cache_free(m->rows);
	projection_cache_free(m->projections);
	store_close(m->store);
	registry_close(m->registry);
}

void
model_recover(struct model *m)
{
	store_recover(m->store);
	rows_cache_recover(m->rows);
}
