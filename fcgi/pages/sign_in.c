/*
 * sign_in.c: how a person comes in and goes: with e-mail address and password, or once with a link.
 *
 * The session's token is in a cookie no script can read and no other site's page can make the
 * browser send along with a change (SameSite; access.c asks where it came from, and for the form's
 * token).
 */
#include "pages/pages.h"
#include "api/access.h"
#include "base/limits.h"
#include "model/accounts.h"
#include "pages/accounts.h"

#define FORM_BYTES KIB(16)

/* Only a path of our own may follow a sign-in: "//host" and "/\host" lead elsewhere. */
static struct str
safe_next(struct str next)
{
	bool good = next.n > 0 && next.n < 1000 && next.p[0] == '/' &&
		    (next.n == 1 || (next.p[1] != '/' && next.p[1] != '\\'));
	for (size_t i = 0; i < next.n && good; i++)
		good = next.p[i] > ' ' && next.p[i] < 0x7f && next.p[i] != '\\';
	return good ? next : STR("/datasets");
}

static bool
draw(struct exchange *x, int status, struct str next, struct str email, const char *error,
    struct err *e)
{
	struct buf b;
	struct jsonout j;
	page_begin(x, &b, &j, "Sign in", "");
	jsonout_member_str(&j, "next", next);
	jsonout_member_bool(&j, "goes_on", !str_is(next, "/datasets"));
	jsonout_member_str(&j, "email", email);
	jsonout_member_bool(&j, "ask_email", email.n == 0);
	jsonout_member_bool(&j, "ask_password", email.n > 0);
	jsonout_member_bool(&j, "wrong", status == 401);
	jsonout_member_text(&j, "described", error ? "problem" : NULL);
	jsonout_key(&j, "error");
	if (error) {
		jsonout_object(&j);
		jsonout_member_text(&j, "message", error);
		jsonout_end(&j);
	} else {
		jsonout_null(&j);
	}
	return page_draw(x, status, &b, &j, "sign-in", e);
}

/* Who is in already goes on. */
bool
page_sign_in(struct exchange *x, struct err *e)
{
	if (!access_look(x, e))
		return false;
	if (x->caller.by_session) {
		respond_see_other(x, safe_next(url_parameter(&x->request.query, "next")));
		return true;
	}
	return draw(x, 200, safe_next(url_parameter(&x->request.query, "next")), STR(""), NULL, e);
}

/* A form that comes before anybody is signed in has no token; where it came from must do. */
static bool
read_form(struct exchange *x, struct url_parameters *form, struct err *e)
{
	struct str body;
	if (!access_is_our_page(&x->request))
		return FAIL(e, FORBIDDEN, "signing in is taken from pages of this server only");
	return request_body(&body, &x->request, FORM_BYTES, &x->arena, e) &&
	       url_parse_form(form, body, &x->arena, e);
}

bool
page_sign_in_post(struct exchange *x, struct err *e)
{
	struct url_parameters form;
	char token[SESSION_TOKEN_BYTES];
	struct err why = {0};
	if (!read_form(x, &form, e))
		return false;
	struct str next = safe_next(url_parameter(&form, "next")),
		   email = url_parameter(&form, "email");
	if (model_sign_in(&x->app->model, email, url_parameter(&form, "password"), &x->caller,
		token, &x->arena, &why)) {
		respond_header(x, "Set-Cookie", access_cookie(x, token));
		respond_see_other(x, next);
		return true;
	}
	if (why.code == ERR_UNAUTHORIZED || why.retry_s > 0) {
		respond_retry(x, &why);
		return draw(x, err_status(why.code), next, email, why.message, e);
	}
	*e = why;
	return false;
}

bool
page_sign_out(struct exchange *x, struct err *e)
{
	if (!model_sign_out(&x->app->model, &x->caller, access_session(x), e))
		return false;
	respond_header(x, "Set-Cookie", access_cookie(x, ""));
	respond_see_other(x, STR("/sign-in"));
	return true;
}

/* ---- the first time: a link ---- */

static bool
draw_welcome(struct exchange *x, int status, const struct user *u, struct str token,
    const json_t *sent, const struct err *wrong, struct err *e)
{
	struct buf b;
	struct jsonout j;
	bool again = u->signed_in_at > 0;
	page_begin(x, &b, &j, again ? "Set a new password" : "Welcome", "");
	jsonout_member_str(&j, "token", token);
	jsonout_member_bool(&j, "again", again);
	jsonout_member_text(&j, "role_label", role_label(u->role));
	page_put_form(&j, link_fields, sent, wrong);
	return page_draw(x, status, &b, &j, "welcome", e);
}

bool
page_welcome(struct exchange *x, struct err *e)
{
	struct user u;
	json_t *sent = NULL;
	struct str token = url_parameter(&x->request.query, "token");
	if (!model_link_user(&x->app->model, &u, token, &x->arena, e))
		return false;
	/* Who invites may know no name and leaves the address in its place. */
	struct str name = str_equal(u.name, u.email) ? STR("") : u.name;
	struct form_pair pairs[] = {{STR("email"), u.email}, {STR("name"), name}};
	return form_tree(&sent, pairs, ARRAY_LENGTH(pairs), &x->arena, e) &&
	       draw_welcome(x, 200, &u, token, sent, NULL, e);
}

bool
page_welcome_post(struct exchange *x, struct err *e)
{
	struct url_parameters form;
	struct user u;
	struct err wrong = {0};
	json_t *sent;
	char session[SESSION_TOKEN_BYTES];
	if (!read_form(x, &form, e) || !page_form(&sent, x, &form, e))
		return false;
	struct str token = url_parameter(&form, "token");
	if (model_link_follow(
		&x->app->model, token, sent, &x->caller, session, &x->arena, &wrong)) {
		respond_header(x, "Set-Cookie", access_cookie(x, session));
		respond_see_other(x, STR("/datasets"));
		return true;
	}
	if ((err_status(wrong.code) >= 500 && wrong.retry_s == 0) ||
	    !model_link_user(&x->app->model, &u, token, &x->arena, e)) {
		err_clear(e);
		*e = wrong;
		return false;
	}
	respond_retry(x, &wrong);
	return draw_welcome(x, err_status(wrong.code), &u, token, sent, &wrong, e);
}
