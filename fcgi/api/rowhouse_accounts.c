/* rowhouse_accounts.c: users, keys, the audit; see rowhouse.h. */
#include "api/rowhouse.h"
#include "api/access.h"
#include "base/limits.h"
#include "base/tree.h"
#include "model/accounts.h"

struct str
link_url(struct exchange *x, const char *token)
{
	return arena_format(
	    &x->arena, "%.*s/welcome?token=%s", STR_ARG(exchange_base_url(x)), token);
}

bool
rowhouse_me(struct exchange *x, struct err *e)
{
	struct user u;
	bool found;
	struct jsonout j;
	if (!model_self(&x->app->model, &x->caller, &u, &found, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_member_str(&j, "who", x->caller.who);
	jsonout_member_text(&j, "role", role_names[x->caller.role]);
	put_optional(&j, "key_id", str_of(x->caller.key_id));
	jsonout_key(&j, "dataset_ids");
	if (x->caller.scope.n)
		jsonout_raw(&j, x->caller.scope);
	else
		jsonout_null(&j);
	jsonout_key(&j, "user");
	if (found)
		put_user(&j, &u);
	else
		jsonout_null(&j);
	jsonout_end(&j);
	return true;
}

bool
rowhouse_password(struct exchange *x, struct err *e)
{
	char session[SESSION_TOKEN_BYTES];
	json_t *body;
	if (!request_json(&body, &x->request, &x->arena, e) ||
	    !model_password_change(
		&x->app->model, &x->caller, body, FORM_STRICT, session, &x->arena, e))
		return false;
	respond_nothing(x);
	respond_header(x, "Set-Cookie", access_cookie(x, session));
	return true;
}

/* ---- users ---- */

bool
rowhouse_user_list(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct user *list;
	size_t count;
	int64_t total;
	struct jsonout j;
	if (!cursor_read(&c, x, e) || !model_user_list(&x->app->model, &x->caller, &list, &count,
					  &total, c.offset, c.limit, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "users");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_user(&j, &list[i]);
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	jsonout_end(&j);
	return true;
}

static void
answer_user(struct exchange *x, int status, const struct user *u, const char *token)
{
	struct jsonout j;
	respond_json(x, status, &j);
	jsonout_object(&j);
	jsonout_key(&j, "user");
	put_user(&j, u);
	if (token)
		jsonout_member_str(&j, "link", link_url(x, token));
	jsonout_end(&j);
}

bool
rowhouse_user_new(struct exchange *x, struct err *e)
{
	struct user u;
	char token[LINK_BYTES];
	json_t *body;
	if (!request_json(&body, &x->request, &x->arena, e) ||
	    !model_user_new(&x->app->model, &x->caller, body, FORM_STRICT, &u, token, &x->arena, e))
		return false;
	x->done = true;
	answer_user(x, 201, &u, token);
	return true;
}

bool
rowhouse_user_get(struct exchange *x, struct err *e)
{
	struct user u;
	if (!model_user_get(&x->app->model, &x->caller, x->value[0], &u, &x->arena, e))
		return false;
	answer_user(x, 200, &u, NULL);
	return true;
}

bool
rowhouse_user_change(struct exchange *x, struct err *e)
{
	struct user u;
	json_t *body;
	if (!request_json(&body, &x->request, &x->arena, e) ||
	    !model_user_change(
		&x->app->model, &x->caller, x->value[0], body, FORM_STRICT, &u, &x->arena, e))
		return false;
	x->done = true;
	answer_user(x, 200, &u, NULL);
	return true;
}

bool
rowhouse_user_link(struct exchange *x, struct err *e)
{
	struct user u;
	char token[LINK_BYTES];
	if (!model_user_link(&x->app->model, &x->caller, x->value[0], &u, token, &x->arena, e))
		return false;
	x->done = true;
	answer_user(x, 200, &u, token);
	return true;
}

/* ---- keys ---- */

bool
rowhouse_key_list(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct key *list;
	size_t count;
	int64_t total;
	struct jsonout j;
	if (!cursor_read(&c, x, e) || !model_key_list(&x->app->model, &x->caller, &list, &count,
					  &total, c.offset, c.limit, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "keys");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_key(&j, &list[i]);
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	jsonout_end(&j);
	return true;
}

static void
answer_key(struct exchange *x, int status, const struct key *k, const char *secret)
{
	struct jsonout j;
	respond_json(x, status, &j);
	jsonout_object(&j);
	jsonout_key(&j, "key");
	put_key(&j, k);
	if (secret)
		jsonout_member_text(&j, "secret", secret);
	jsonout_end(&j);
}

bool
rowhouse_key_new(struct exchange *x, struct err *e)
{
	struct key k;
	char secret[KEY_BYTES];
	json_t *body;
	if (!request_json(&body, &x->request, &x->arena, e) ||
	    !model_key_new(&x->app->model, &x->caller, body, FORM_STRICT, &k, secret, &x->arena, e))
		return false;
	x->done = true;
	answer_key(x, 201, &k, secret);
	return true;
}

bool
rowhouse_key_get(struct exchange *x, struct err *e)
{
	struct key k;
	if (!model_key_get(&x->app->model, &x->caller, x->value[0], &k, &x->arena, e))
		return false;
	answer_key(x, 200, &k, NULL);
	return true;
}

bool
rowhouse_key_revoke(struct exchange *x, struct err *e)
{
	struct key k;
	if (!model_key_revoke(&x->app->model, &x->caller, x->value[0], &k, &x->arena, e))
		return false;
	x->done = true;
	answer_key(x, 200, &k, NULL);
	return true;
}

/* ---- the audit ---- */

enum { AUDIT_LIMIT, AUDIT_BEFORE, AUDIT_ACTION, AUDIT_WHO, AUDIT_TARGET, AUDIT_FROM, AUDIT_UNTIL };
const struct field audit_query[] = {
    [AUDIT_LIMIT] = {"limit", "limit", "How many at once.", FIELD_INTEGER, .preset = "50", .min = 1,
	.max = LIMIT_LIST_ITEMS},
    [AUDIT_BEFORE] = {"before", "before", "Those older than this id; what an answer gave as next.",
	FIELD_INTEGER, .min = 1, .max = 9007199254740992.0},
    [AUDIT_ACTION] = {"action", "Action", "As key.new; key. for all that begin so.", FIELD_LINE,
	.min = 1, .max = 100},
    [AUDIT_WHO] = {"who", "Who", "As entries say it: an e-mail address, or key \"NAME\" of one.",
	FIELD_LINE, .min = 1, .max = 400},
    [AUDIT_TARGET] = {"target", "Of what", "The id or the address it was about.", FIELD_LINE,
	.min = 1, .max = 300},
    [AUDIT_FROM] = {"from", "From", "A day or moment.", FIELD_TIME},
    [AUDIT_UNTIL] = {"until", "Until", "A day, included, or a moment, not included.", FIELD_TIME},
    {0},
};

#define DAY_US INT64_C(86400000000)
#define DAY_CHARACTERS 10 /* 2024-03-14 */

bool
audit_query_read(struct audit_query_values *out, struct exchange *x, struct err *e)
{
	const struct value *v;
	*out = (struct audit_query_values){0};
	if (!query_check(&v, x, audit_query, e))
		return false;
	out->filter = (struct audit_filter){v[AUDIT_ACTION].text, v[AUDIT_WHO].text,
	    v[AUDIT_TARGET].text, v[AUDIT_FROM].integer, v[AUDIT_UNTIL].integer};
	if (v[AUDIT_UNTIL].set && v[AUDIT_UNTIL].text.n == DAY_CHARACTERS)
		out->filter.until += DAY_US;
	out->before = v[AUDIT_BEFORE].integer;
	out->limit = (size_t)v[AUDIT_LIMIT].integer;
	return true;
}

bool
rowhouse_audit_list(struct exchange *x, struct err *e)
{
	struct audit_query_values q;
	struct audit *list;
	size_t count;
	struct jsonout j;
	if (!audit_query_read(&q, x, e) || !model_audit_list(&x->app->model, &x->caller, &q.filter,
					       q.before, q.limit, &list, &count, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "entries");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_audit(&j, &list[i]);
	jsonout_end(&j);
	jsonout_key(&j, "next");
	if (count == q.limit)
		jsonout_int(&j, list[count - 1].audit_id);
	else
		jsonout_null(&j);
	jsonout_end(&j);
	return true;
}
