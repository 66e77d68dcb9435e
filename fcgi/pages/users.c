/*
 * users.c: the users of the organisation, for its owners: invited, changed, disabled, let in again.
 * No mail is sent: a link to come in with stands on the page that answers, once, and the owner
 * hands it on.
 */
#include "pages/pages.h"
#include "api/rowhouse.h"
#include "base/limits.h"
#include "model/accounts.h"
#include "pages/accounts.h"

/* In a word: who has not followed their link, the first or a new one, is only invited. */
static const char *
state_of(const struct user *u)
{
	return u->disabled_at ? "disabled" : u->has_password ? "active" : "invited";
}

static bool
is_self(const struct exchange *x, const struct user *u)
{
	return strcmp(u->user_id, x->caller.user_id) == 0;
}

/* {user, state, self} */
static void
put_user_row(struct jsonout *j, const struct exchange *x, const struct user *u)
{
	jsonout_object(j);
	jsonout_key(j, "user");
	put_user(j, u);
	jsonout_member_text(j, "state", state_of(u));
	jsonout_member_bool(j, "self", is_self(x, u));
	jsonout_end(j);
}

bool
page_users(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct user *list;
	size_t count;
	int64_t total;
	struct buf b;
	struct jsonout j;
	if (!cursor_read(&c, x, e) || !model_user_list(&x->app->model, &x->caller, &list, &count,
					  &total, c.offset, c.limit, &x->arena, e))
		return false;
	page_begin(x, &b, &j, "Users", "users");
	jsonout_key(&j, "users");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_user_row(&j, x, &list[i]);
	jsonout_end(&j);
	cursor_put(&j, &c, count, total);
	return page_draw(x, 200, &b, &j, "users", e);
}

/* ---- the link, shown once ---- */

static bool
draw_link(struct exchange *x, const struct user *u, const char *token, bool is_new, struct err *e)
{
	struct buf b;
	struct jsonout j;
	page_begin(x, &b, &j, is_new ? "Invited" : "A new link", "users");
	jsonout_key(&j, "user");
	put_user(&j, u);
	jsonout_member_bool(&j, "is_new", is_new);
	jsonout_member_str(&j, "link", link_url(x, token));
	jsonout_member_int(&j, "hours", LIMIT_LINK_HOURS);
	return page_draw(x, is_new ? 201 : 200, &b, &j, "user-link", e);
}

/* ---- a new one ---- */

static bool
draw_new(struct exchange *x, const json_t *sent, const struct err *wrong, struct err *e)
{
	struct buf b;
	struct jsonout j;
	if (!caller_may_all(&x->caller, RIGHT_MANAGE, e))
		return false;
	page_begin(x, &b, &j, "Invite a user", "users");
	page_put_form(&j, user_fields, sent, wrong);
	return page_draw(x, wrong ? err_status(wrong->code) : 200, &b, &j, "user-new", e);
}

bool
page_user_new(struct exchange *x, struct err *e)
{
	return draw_new(x, NULL, NULL, e);
}

bool
page_user_new_post(struct exchange *x, struct err *e)
{
	json_t *sent;
	struct user u;
	char token[LINK_BYTES];
	struct err wrong = {0};
	if (!page_posted(&sent, x, e))
		return false;
	if (model_user_new(
		&x->app->model, &x->caller, sent, FORM_TEXT, &u, token, &x->arena, &wrong))
		return draw_link(x, &u, token, true, e);
	if (page_can_mend(&wrong))
		return draw_new(x, sent, &wrong, e);
	*e = wrong;
	return false;
}

/* ---- one of them ---- */

/* Name and role; disabling is a button of its own. */
static const struct field *
change_fields(struct exchange *x)
{
	size_t n = form_length(user_change_fields), count = 0;
	struct field *fields = arena_array(&x->arena, n + 1, sizeof *fields);
	for (size_t i = 0; i < n; i++)
		if (user_change_fields[i].kind != FIELD_SWITCH) {
			fields[count] = user_change_fields[i];
			fields[count++].required = true;
		}
	fields[count] = (struct field){0};
	return fields;
}

/* What failed stands where its button is: `part` is change, disable, enable or link. */
static bool
draw_user(struct exchange *x, const json_t *sent, const char *part, const struct err *wrong,
    struct err *e)
{
	struct user u;
	struct buf b;
	struct jsonout j;
	json_t *now = NULL;
	bool in_form = wrong && strcmp(part, "change") == 0;
	if (!model_user_get(&x->app->model, &x->caller, x->value[0], &u, &x->arena, e))
		return false;
	struct form_pair pairs[] = {{STR("name"), u.name}, {STR("role"), u.role}};
	if (!form_tree(&now, pairs, ARRAY_LENGTH(pairs), &x->arena, e))
		return false;
	page_begin(x, &b, &j, arena_text(&x->arena, u.name), "users");
	jsonout_key(&j, "item");
	put_user_row(&j, x, &u);
	jsonout_member_text(&j, "role_label", role_label(u.role));
	page_put_form(&j, change_fields(x), sent ? sent : now, in_form ? wrong : NULL);
	jsonout_member_text(&j, "part", part);
	jsonout_member_text(&j, "part_error", wrong && !in_form ? wrong->message : NULL);
	jsonout_member_str(
	    &j, "done", wrong ? (struct str){0} : url_parameter(&x->request.query, "done"));
	return page_draw(x, wrong ? err_status(wrong->code) : 200, &b, &j, "user", e);
}

bool
page_user(struct exchange *x, struct err *e)
{
	return draw_user(x, NULL, "", NULL, e);
}

/* Changes what `fields` say, and leads back to the page, which says that it is done.  Who took
 * their own role away cannot see that page any more. */
static bool
change(struct exchange *x, const json_t *fields, const char *part, struct err *e)
{
	struct user u;
	struct err wrong = {0};
	bool in_form = strcmp(part, "change") == 0;
	if (model_user_change(&x->app->model, &x->caller, x->value[0], fields, FORM_TEXT, &u,
		&x->arena, &wrong)) {
		bool lost = is_self(x, &u) && !str_is(u.role, role_names[ROLE_OWNER]);
		respond_see_other(
		    x, lost ? STR("/account")
			    : arena_format(&x->arena, "/users/%s?done=%s", u.user_id, part));
		return true;
	}
	if (page_can_mend(&wrong))
		return draw_user(x, in_form ? fields : NULL, part, &wrong, e);
	*e = wrong;
	return false;
}

bool
page_user_post(struct exchange *x, struct err *e)
{
	json_t *sent;
	/* The form says nothing about that, whatever was sent. */
	return page_posted(&sent, x, e) &&
	       (json_object_del(sent, "disabled"), change(x, sent, "change", e));
}

static bool
set_disabled(struct exchange *x, const char *on, const char *part, struct err *e)
{
	json_t *fields;
	struct form_pair pair = {STR("disabled"), str_of(on)};
	return form_tree(&fields, &pair, 1, &x->arena, e) && change(x, fields, part, e);
}

bool
page_user_disable_post(struct exchange *x, struct err *e)
{
	return set_disabled(x, "true", "disable", e);
}

bool
page_user_enable_post(struct exchange *x, struct err *e)
{
	return set_disabled(x, "false", "enable", e);
}

bool
page_user_link_post(struct exchange *x, struct err *e)
{
	struct user u;
	char token[LINK_BYTES];
	struct err wrong = {0};
	if (model_user_link(&x->app->model, &x->caller, x->value[0], &u, token, &x->arena, &wrong))
		return draw_link(x, &u, token, false, e);
	if (page_can_mend(&wrong))
		return draw_user(x, NULL, "link", &wrong, e);
	*e = wrong;
	return false;
}
