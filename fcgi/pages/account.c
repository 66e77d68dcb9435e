/*
 * account.c: who is signed in, their own password and their own keys.  What an owner does with
 * other users is in users.c, keys are made and revoked in keys.c.
 */
#include "pages/pages.h"
#include "api/access.h"
#include "api/rowhouse.h"
#include "model/accounts.h"
#include "pages/accounts.h"

#define KEYS_SHOWN 5

const char *
role_label(struct str role)
{
	for (const struct choice *c = role_choices; c->value; c++)
		if (str_is(role, c->value))
			return c->label;
	return "";
}

static bool
put_keys_of_mine(struct jsonout *j, struct exchange *x, struct err *e)
{
	struct key *list;
	size_t count;
	int64_t total;
	if (!model_key_list_own(
		&x->app->model, &x->caller, &list, &count, &total, 0, KEYS_SHOWN, &x->arena, e) ||
	    !put_key_rows(j, x, list, count, e))
		return false;
	jsonout_member_bool(j, "more_keys", total > (int64_t)count);
	return true;
}

/* A key that opens pages is nobody: no user, no password. */
static bool
draw(struct exchange *x, const struct err *wrong, struct err *e)
{
	struct user u;
	bool found;
	struct buf b;
	struct jsonout j;
	if (!model_self(&x->app->model, &x->caller, &u, &found, &x->arena, e))
		return false;
	page_begin(x, &b, &j, "Your account", "account");
	jsonout_key(&j, "user");
	if (found)
		put_user(&j, &u);
	else
		jsonout_null(&j);
	jsonout_member_text(&j, "role_label", role_label(str_of(role_names[x->caller.role])));
	jsonout_member_bool(&j, "can_change", found && x->caller.by_session);
	jsonout_member_bool(
	    &j, "changed", !wrong && url_parameter(&x->request.query, "changed").n > 0);
	page_put_form(&j, password_fields, NULL, wrong);
	return put_keys_of_mine(&j, x, e) &&
	       page_draw(x, wrong ? err_status(wrong->code) : 200, &b, &j, "account", e);
}

bool
page_account(struct exchange *x, struct err *e)
{
	return draw(x, NULL, e);
}

bool
page_password_post(struct exchange *x, struct err *e)
{
	json_t *sent;
	struct err wrong = {0};
	char session[SESSION_TOKEN_BYTES];
	if (!page_posted(&sent, x, e))
		return false;
	if (model_password_change(
		&x->app->model, &x->caller, sent, FORM_TEXT, session, &x->arena, &wrong)) {
		respond_header(x, "Set-Cookie", access_cookie(x, session));
		respond_see_other(x, STR("/account?changed=password"));
		return true;
	}
	if (page_can_mend(&wrong) || wrong.retry_s > 0) {
		respond_retry(x, &wrong);
		return draw(x, &wrong, e);
	}
	*e = wrong;
	return false;
}
