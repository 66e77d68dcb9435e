/*
 * keys.c: keys for programs: listed, made, revoked.  A key's secret stands on the page that answers
 * its making and nowhere else, ever.
 */
#include "pages/pages.h"
#include "api/rowhouse.h"
#include "base/limits.h"
#include "base/tree.h"
#include "model/accounts.h"
#include "pages/accounts.h"

#define NAMES_SHOWN 10 /* of a key's datasets, before "and 12 more" */

/* ---- the list ---- */

/* The datasets a key is good for, by name; one that is gone has none. */
static bool
put_scope(struct jsonout *j, struct exchange *x, const struct key *k, struct err *e)
{
	json_t *ids = NULL;
	size_t count = 0;
	if (k->scope.n && !tree_parse_own(&ids, k->scope, &x->arena, e))
		return false;
	jsonout_key(j, "datasets");
	jsonout_array(j);
	for (; count < json_array_size(ids) && count < NAMES_SHOWN; count++) {
		struct dataset d;
		struct err why = {0};
		struct str id = str_of(json_string_value(json_array_get(ids, count)));
		bool found = model_dataset_get(&x->app->model, &x->caller, id, &d, &x->arena, &why);
		jsonout_object(j);
		jsonout_member_str(j, "id", id);
		put_optional(j, "name", found ? d.name : STR(""));
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_member_int(j, "dataset_count", (int64_t)json_array_size(ids));
	jsonout_member_int(j, "more", (int64_t)(json_array_size(ids) - count));
	return true;
}

bool
put_key_rows(
    struct jsonout *j, struct exchange *x, const struct key *list, size_t count, struct err *e)
{
	jsonout_key(j, "keys");
	jsonout_array(j);
	for (size_t i = 0; i < count; i++) {
		jsonout_object(j);
		jsonout_key(j, "key");
		put_key(j, &list[i]);
		if (!put_scope(j, x, &list[i], e))
			return false;
		jsonout_end(j);
	}
	jsonout_end(j);
	return true;
}

bool
page_keys(struct exchange *x, struct err *e)
{
	struct cursor c;
	struct key *list;
	size_t count;
	int64_t total;
	struct buf b;
	struct jsonout j;
	if (!cursor_read(&c, x, e) || !model_key_list(&x->app->model, &x->caller, &list, &count,
					  &total, c.offset, c.limit, &x->arena, e))
		return false;
	page_begin(x, &b, &j, "Keys", "keys");
	jsonout_member_bool(&j, "of_all", x->caller.role == ROLE_OWNER);
	jsonout_member_bool(&j, "revoked", url_parameter(&x->request.query, "revoked").n > 0);
	if (!put_key_rows(&j, x, list, count, e))
		return false;
	cursor_put(&j, &c, count, total);
	return page_draw(x, 200, &b, &j, "keys", e);
}

bool
page_key_revoke_post(struct exchange *x, struct err *e)
{
	struct key k;
	if (!model_key_revoke(&x->app->model, &x->caller, x->value[0], &k, &x->arena, e))
		return false;
	respond_see_other(x, STR("/keys?revoked=1"));
	return true;
}

/* ---- a new one ---- */

/* The table without what the page asks in its own way, and without roles that would be refused. */
static const struct field *
form_fields(struct exchange *x)
{
	size_t n = form_length(key_fields), count = 0, roles = 0;
	struct field *fields = arena_array(&x->arena, n + 1, sizeof *fields);
	struct choice *choices = arena_array(&x->arena, ROLE__MAX, sizeof *choices);
	for (const struct choice *c = role_choices; c->value; c++)
		if (role_from_name(str_of(c->value)) <= x->caller.role)
			choices[roles++] = *c;
	choices[roles] = (struct choice){0};
	for (size_t i = 0; i < n; i++) {
		if (key_fields[i].kind == FIELD_TEXTS)
			continue;
		fields[count] = key_fields[i];
		if (fields[count].choices == role_choices)
			fields[count].choices = choices;
		count++;
	}
	fields[count] = (struct field){0};
	return fields;
}

/* The newest datasets to tick; older ones are named by id. */
static bool
put_datasets(struct jsonout *j, struct exchange *x, const json_t *ticked, struct err *e)
{
	struct dataset *list;
	size_t count;
	int64_t total;
	if (!model_dataset_list(&x->app->model, &x->caller, &list, &count, &total, 0,
		LIMIT_LIST_ITEMS, &x->arena, e))
		return false;
	jsonout_key(j, "datasets");
	jsonout_array(j);
	for (size_t i = 0; i < count; i++) {
		jsonout_object(j);
		jsonout_member_text(j, "id", list[i].dataset_id);
		jsonout_member_str(j, "name", list[i].name);
		jsonout_member_int(j, "rows", (int64_t)list[i].rows);
		jsonout_member_bool(
		    j, "ticked", json_object_get(ticked, list[i].dataset_id) != NULL);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_member_int(j, "older", total - (int64_t)count);
	return true;
}

static bool
draw_new(struct exchange *x, const json_t *sent, const struct err *wrong, struct err *e)
{
	struct buf b;
	struct jsonout j;
	bool is_scope = wrong && str_starts(str_of(wrong->field), "dataset_ids"),
	     some = str_is(tree_str(sent, "datasets"), "some");
	page_begin(x, &b, &j, "Make a key", "keys");
	page_put_form(&j, form_fields(x), sent, is_scope ? NULL : wrong);
	jsonout_member_text(&j, "scope_error", is_scope ? wrong->message : NULL);
	jsonout_member_text(&j, "scope_describedby", is_scope ? "scope-error" : NULL);
	jsonout_member_bool(&j, "some", some);
	jsonout_member_bool(&j, "all", !some);
	jsonout_member_str(&j, "others", tree_str(sent, "others"));
	return put_datasets(&j, x, json_object_get(sent, "ticked"), e) &&
	       page_draw(x, wrong ? err_status(wrong->code) : 200, &b, &j, "key-new", e);
}

bool
page_key_new(struct exchange *x, struct err *e)
{
	return draw_new(x, NULL, NULL, e);
}

static bool
add_id(json_t *ids, struct str id)
{
	id = str_trim(id);
	return id.n == 0 || json_array_append_new(ids, json_stringn(id.p, id.n)) == 0;
}

/*
 * What was ticked (`ticked`: an object by id) and named (`others`: an id a line) as the array
 * dataset_ids.  Nothing ticked would mean everything, so that must be said in so many words.
 */
static bool
read_scope(json_t *sent, struct err *e)
{
	const json_t *ticked = json_object_get(sent, "ticked");
	struct str others = tree_str(sent, "others");
	if (str_is(tree_str(sent, "datasets"), "all"))
		return true;
	json_t *ids = json_array();
	bool good = ids && json_object_set_new(sent, "dataset_ids", ids) == 0;
	for (void *at = json_object_iter((json_t *)(uintptr_t)ticked); good && at;
	     at = json_object_iter_next((json_t *)(uintptr_t)ticked, at))
		good = add_id(ids, str_of(json_object_iter_key(at)));
	while (good && others.n > 0) {
		const char *end = memchr(others.p, '\n', others.n);
		size_t n = end ? (size_t)(end - others.p) : others.n;
		good = add_id(ids, (struct str){others.p, n});
		others = (struct str){others.p + n + (end != NULL), others.n - n - (end != NULL)};
	}
	if (!good)
		return FAIL(e, UNAVAILABLE, "out of memory");
	return json_array_size(ids) > 0 ||
	       FAIL_FIELD(e, INPUT, "dataset_ids",
		   "choose at least one dataset, or let the key be good for all of them");
}

/* Where the line that shows how to use it leads: a key for one dataset sees no other. */
static struct str
example_path(struct exchange *x, const struct key *k)
{
	json_t *ids;
	struct err none = {0};
	if (!k->scope.n || !tree_parse_own(&ids, k->scope, &x->arena, &none))
		return STR("/api/rowhouse/v1/datasets");
	return arena_format(
	    &x->arena, "/api/rowhouse/v1/datasets/%s", json_string_value(json_array_get(ids, 0)));
}

static bool
draw_made(struct exchange *x, const struct key *k, const char *secret, struct err *e)
{
	struct buf b;
	struct jsonout j;
	page_begin(x, &b, &j, "The key is made", "keys");
	jsonout_key(&j, "key");
	put_key(&j, k);
	jsonout_member_text(&j, "secret", secret);
	jsonout_member_str(&j, "curl",
	    arena_format(&x->arena, "curl -H \"Authorization: Bearer %s\" \"%.*s%.*s\"", secret,
		STR_ARG(exchange_base_url(x)), STR_ARG(example_path(x, k))));
	return page_draw(x, 201, &b, &j, "key-made", e);
}

bool
page_key_new_post(struct exchange *x, struct err *e)
{
	json_t *sent;
	struct key k;
	char secret[KEY_BYTES];
	struct err wrong = {0};
	if (!page_posted(&sent, x, e))
		return false;
	if (read_scope(sent, &wrong) && model_key_new(&x->app->model, &x->caller, sent, FORM_TEXT,
					    &k, secret, &x->arena, &wrong))
		return draw_made(x, &k, secret, e);
	if (page_can_mend(&wrong))
		return draw_new(x, sent, &wrong, e);
	*e = wrong;
	return false;
}
