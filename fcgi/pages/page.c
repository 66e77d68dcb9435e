/* page.c: what all pages share; see pages.h. */
#include "pages/pages.h"
#include "api/access.h"
#include "api/route.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"

void
page_begin(struct exchange *x, struct buf *b, struct jsonout *j, const char *title, const char *nav)
{
	buf_init(b, &x->arena);
	jsonout_init(j, b);
	jsonout_object(j);
	jsonout_key(j, "page");
	jsonout_object(j);
	jsonout_member_text(j, "title", title);
	jsonout_member_str(j, "path", x->request.path);
	jsonout_member_bool(j, "signed_in", x->caller.org_id != 0);
	jsonout_member_str(j, "who", x->caller.who);
	jsonout_member_text(j, "role", role_names[x->caller.role]);
	jsonout_member_bool(j, "can_edit", x->caller.role >= ROLE_EDITOR);
	jsonout_member_bool(j, "can_review", x->caller.role >= ROLE_REVIEWER);
	jsonout_member_bool(j, "can_manage", x->caller.role >= ROLE_OWNER);
	jsonout_member_text(j, "csrf", x->caller.csrf);
	jsonout_member_text(j, "nav", nav);
	jsonout_member_text(j, "version", ROWHOUSE_VERSION);
	jsonout_member_str(j, "request_id", x->request.id);
	jsonout_end(j);
}

bool
page_form(json_t **out, struct exchange *x, const struct url_parameters *form, struct err *e)
{
	struct form_pair *pairs = arena_array(&x->arena, form->count, sizeof *pairs);
	for (size_t i = 0; i < form->count; i++)
		pairs[i] = (struct form_pair){form->list[i].name, form->list[i].value};
	return form_tree(out, pairs, form->count, &x->arena, e);
}

bool
page_posted(json_t **out, struct exchange *x, struct err *e)
{
	struct str body;
	struct url_parameters form;
	return request_body(&body, &x->request, LIMIT_FORM_FIELD_BYTES, &x->arena, e) &&
	       url_parse_form(&form, body, &x->arena, e) && page_form(out, x, &form, e);
}

bool
page_once(struct str *out, struct exchange *x, const json_t *sent, struct err *e)
{
	struct str body;
	uint8_t hash[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	*out = (struct str){0};
	if (!uuid_parse(NULL, tree_str(sent, "once")))
		return true;
	if (!request_body(&body, &x->request, LIMIT_FORM_FIELD_BYTES, &x->arena, e))
		return false;
	sha256_of(hash, body);
	hex_encode(hex, hash, sizeof hash);
	*out = arena_format(&x->arena, "form-%s", hex);
	return true;
}

bool
page_begin_once(
    struct exchange *x, json_t *sent, bool *answered, const char *meanwhile, struct err *e)
{
	struct err running = {0};
	x->keep_nothing = true;
	if (!page_once(&x->request.idempotency_key, x, sent, e))
		return false;
	json_object_del(sent, "once");
	if (access_replay(x, answered, &running))
		return true;
	if (running.code != ERR_CONFLICT) {
		*e = running;
		return false;
	}
	*answered = true;
	respond_see_other(x, str_of(meanwhile));
	return true;
}

void
page_put_once(struct jsonout *j)
{
	char once[UUID_BYTES];
	uuid_make(once);
	jsonout_member_text(j, "once", once);
}

bool
page_can_mend(const struct err *e)
{
	return e->code == ERR_INPUT || e->code == ERR_UNPROCESSABLE || e->code == ERR_CONFLICT ||
	       e->code == ERR_QUOTA || (e->code == ERR_FORBIDDEN && e->field[0]);
}

void
page_put_form(
    struct jsonout *j, const struct field *table, const json_t *sent, const struct err *wrong)
{
	struct form_drawing d = {.sent = sent, .wrong = wrong, .prefix = ""};
	bool placed = !wrong;
	for (const struct field *f = table; f->name && !placed; f++)
		placed = strcmp(f->name, wrong->field) == 0;
	jsonout_key(j, "form");
	form_draw(j, table, &d);
	jsonout_member_text(j, "error", placed ? NULL : wrong->message);
}

bool
page_draw(struct exchange *x, int status, struct buf *b, struct jsonout *j, const char *template,
    struct err *e)
{
	json_t *data;
	jsonout_end(j);
	if (!tree_parse_own(&data, buf_str(b), &x->arena, e))
		return false;
	respond(x, status, "text/html; charset=utf-8");
	return template_draw(&x->response.body, x->app->templates, template, data, e);
}

static bool
is_page(struct exchange *x, struct str path)
{
	const struct route *page;
	struct str values[PATH_VALUES], allow;
	struct err none = {0};
	return route_find(&page, values, METHOD_GET, path, &allow, &x->arena, &none);
}

/* Where to go on after signing in again: what was asked for, or the page a form was on.  A button
 * has no page at its own address (/keys/7/revoke): the nearest above it is the one it stands on. */
static struct str
place_of(struct exchange *x)
{
	struct str path = x->request.path;
	if (x->request.method == METHOD_GET)
		return x->request.uri;
	while (path.n > 1 && !is_page(x, path)) {
		while (path.p[path.n - 1] != '/')
			path.n--;
		path.n -= path.n > 1;
	}
	return path;
}

/* The titles of errors are about keys and requests; a person has a role and wants something. */
static const char *
title_of(const struct err *e)
{
	if (e->code == ERR_FORBIDDEN)
		return "You may not do that";
	if (e->code == ERR_INPUT || e->code == ERR_UNPROCESSABLE)
		return "That cannot be done";
	return err_title(e->code);
}

/* Where to go on from an error, by the address it happened at; not to where nobody may go. */
static void
put_back(struct exchange *x, struct jsonout *j, const struct err *e)
{
	static const struct {
		const char *path, *text, *href; /* href NULL: the path */
	} places[] = {
	    {"/upload", "Back to the upload"},
	    {"/sources", "All data sources"},
	    {"/jobs", "All jobs"},
	    {"/keys", "All keys"},
	    {"/users", "All users"},
	    {"/audit", "The audit"},
	    {"/account", "Your account"},
	    {"/sign-in", "Sign in"},
	    {"/welcome", "Sign in", "/sign-in"},
	    {"/new/", "All types", "/types"},
	    {"/plugins", "All types", "/types"},
	};
	/* Below a dataset that is there one comes back to it. */
	bool is_forbidden = e->code == ERR_FORBIDDEN;
	bool below = x->route && strncmp(x->route->pattern, "/datasets/{id}/", 15) == 0 &&
		     strcmp(e->field, "dataset_id") != 0;
	const char *href = "/datasets", *text = "All datasets";
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		if (!is_forbidden && str_starts(x->request.path, places[i].path)) {
			href = places[i].href ? places[i].href : places[i].path;
			text = places[i].text;
		}
	jsonout_key(j, "back");
	jsonout_object(j);
	jsonout_member_text(j, "place", below ? NULL : href + 1); /* behind the slash */
	jsonout_member_str(j, "dataset_id", below ? x->value[0] : STR(""));
	jsonout_member_text(j, "text", below ? "Back to the dataset" : text);
	jsonout_end(j);
}

void
page_error(struct exchange *x, const struct err *e)
{
	struct buf b;
	struct jsonout j;
	struct err draw = {0};
	if (e->code == ERR_UNAUTHORIZED) {
		struct buf to;
		buf_init(&to, &x->arena);
		buf_put_text(&to, "/sign-in?next=");
		url_encode(&to, place_of(x));
		respond_see_other(x, buf_str(&to));
		return;
	}
	if (x->route && x->route->handler == page_new_type_post && page_new_again(x, e))
		return;
	page_begin(x, &b, &j, title_of(e), "");
	jsonout_member_int(&j, "status", err_status(e->code));
	jsonout_member_text(&j, "title", title_of(e));
	jsonout_member_text(&j, "message", e->message);
	/* Only what is the server's own fault is for its operator. */
	jsonout_member_str(&j, "request_id", err_status(e->code) >= 500 ? x->request.id : STR(""));
	put_back(x, &j, e);
	if (!page_draw(x, err_status(e->code), &b, &j, "error", &draw)) {
		log_err("the page of an error cannot be drawn", &draw);
		respond(x, err_status(e->code), "text/plain; charset=utf-8");
		buf_put_text(&x->response.body, e->message);
	}
}

bool
page_home(struct exchange *x, struct err *e)
{
	(void)e;
	respond_see_other(x, STR("/datasets"));
	return true;
}
