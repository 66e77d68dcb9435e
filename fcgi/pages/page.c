/* page.c: what all pages share; see pages.h. */
#include "pages/pages.h"
#include "api/route.h"
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

/* Where to go on from an error, by the address it happened at. */
static void
put_back(struct exchange *x, struct jsonout *j)
{
	static const struct {
		const char *path, *text;
	} places[] = {
	    {"/upload", "Back to the upload"},
	    {"/sources", "All sources"},
	    {"/jobs", "All jobs"},
	};
	const char *href = "/datasets", *text = "All datasets";
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		if (str_starts(x->request.path, places[i].path)) {
			href = places[i].path;
			text = places[i].text;
		}
	jsonout_key(j, "back");
	jsonout_object(j);
	jsonout_member_text(j, "href", href);
	jsonout_member_text(j, "text", text);
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
		url_encode(
		    &to, x->request.method == METHOD_GET ? x->request.uri : STR("/datasets"));
		respond_see_other(x, buf_str(&to));
		return;
	}
	if (x->route && x->route->handler == page_upload_post && page_upload_again(x, e))
		return;
	page_begin(x, &b, &j, err_title(e->code), "");
	jsonout_member_int(&j, "status", err_status(e->code));
	jsonout_member_text(&j, "title", err_title(e->code));
	jsonout_member_text(&j, "message", e->message);
	jsonout_member_str(&j, "request_id", x->request.id);
	put_back(x, &j);
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
