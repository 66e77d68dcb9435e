/*
 * sign_in.c: a key becomes a browser session, and ends.
 *
 * The session's token is in a cookie no script can read and no other site's page can make the
 * browser send along with a change (SameSite, and access.c asks where it came from).
 */
#include "pages/pages.h"
#include "api/access.h"
#include "base/limits.h"

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
draw(struct exchange *x, int status, struct str next, const char *error, struct err *e)
{
	struct buf b;
	struct jsonout j;
	page_begin(x, &b, &j, "Sign in", "");
	jsonout_member_str(&j, "next", next);
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

bool
page_sign_in(struct exchange *x, struct err *e)
{
	return draw(x, 200, safe_next(url_parameter(&x->request.query, "next")), NULL, e);
}

static void
set_cookie(struct exchange *x, const char *token, int seconds)
{
	respond_header(x, "Set-Cookie",
	    arena_format(&x->arena,
		SESSION_COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s", token, seconds,
		str_is(x->request.scheme, "https") ? "; Secure" : ""));
}

bool
page_sign_in_post(struct exchange *x, struct err *e)
{
	struct str body;
	struct url_parameters form;
	struct caller caller;
	bool found;
	char token[SESSION_TOKEN_BYTES];
	struct model *m = &x->app->model;
	if (!request_body(&body, &x->request, FORM_BYTES, &x->arena, e) ||
	    !url_parse_form(&form, body, &x->arena, e))
		return false;
	struct str next = safe_next(url_parameter(&form, "next"));
	struct str key = str_trim(url_parameter(&form, "key"));
	if (!model_caller_of_key(m, &caller, &found, key, &x->arena, e))
		return false;
	if (!found)
		return draw(x, 401, next,
		    "This key is not known here. Copy it whole, from rh_ to its end.", e);
	if (!model_session_open(m, &caller, token, e))
		return false;
	set_cookie(x, token, LIMIT_SESSION_SECONDS);
	respond_see_other(x, next);
	return true;
}

bool
page_sign_out(struct exchange *x, struct err *e)
{
	struct str token = request_cookie(&x->request, SESSION_COOKIE);
	if (!model_session_close(&x->app->model, token, e))
		return false;
	set_cookie(x, "", 0);
	respond_see_other(x, STR("/sign-in"));
	return true;
}
