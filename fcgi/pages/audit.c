/*
 * audit.c: what was done by whom, for owners: the audit with its filter, in words.  It only reads;
 * entries are written with what they tell of (model_audit), and swept after audit_days.
 */
#include "pages/pages.h"
#include "api/rowhouse.h"
#include "base/tree.h"
#include "model/accounts.h"

/* What an action means, for people, in the order the filter offers them.  One that ends with a dot
 * stands for all that begin so; one that is not here is shown by its code alone. */
static const struct choice actions[] = {
    {"sign_in", "Signed in"},
    {"sign_in.link", "Signed in with a link"},
    {"sign_in.failed", "Could not sign in"},
    {"sign_out", "Signed out"},
    {"password.change", "Changed their password"},
    {"user.", "All about users"},
    {"user.new", "Invited a user"},
    {"user.change", "Changed a user"},
    {"user.link", "Made a link for a user"},
    {"key.", "All about keys"},
    {"key.new", "Made a key"},
    {"key.revoke", "Revoked a key"},
    {"dataset.", "All about datasets"},
    {"dataset.new", "Made a dataset"},
    {"dataset.delete", "Deleted a dataset"},
    {"dataset.export", "Exported a dataset"},
    {"rows.", "All about rows"},
    {"rows.add", "Added rows"},
    {"rows.set", "Changed a row"},
    {"rows.remove", "Deleted rows"},
    {"undo", "Took a change of rows back"},
    {"source.", "All about data sources"},
    {"source.new", "Stored a data source"},
    {"source.delete", "Deleted a data source"},
    {"task.start", "Started a task"},
    {"call.start", "Asked a type something"},
    {"job.cancel", "Cancelled a job"},
    {"org.", "All about organisations"},
    {"org.new", "Made an organisation"},
    {"org.set", "Set quotas"},
    {0},
};

static const char *
words_of(struct str action)
{
	for (const struct choice *c = actions; c->value; c++)
		if (str_is(action, c->value))
			return c->label;
	return NULL;
}

/* ---- the filter ---- */

static void
put_option(struct jsonout *j, struct str value, const char *label, struct str chosen)
{
	jsonout_object(j);
	jsonout_member_str(j, "value", value);
	jsonout_member_text(j, "label", label);
	jsonout_member_bool(j, "chosen", str_equal(value, chosen));
	jsonout_end(j);
}

/* What was asked for, as it was asked, and what is wrong with it. */
static void
put_filter(struct jsonout *j, struct exchange *x, const struct err *wrong)
{
	const struct url_parameters *query = &x->request.query;
	struct str action = str_trim(url_parameter(query, "action"));
	bool any = action.n > 0;
	jsonout_key(j, "filter");
	jsonout_object(j);
	for (const struct field *f = audit_query; f->name; f++) {
		struct str value = str_trim(url_parameter(query, f->name));
		if (f->kind != FIELD_LINE && f->kind != FIELD_TIME)
			continue;
		any = any || value.n > 0;
		jsonout_member_str(j, f->name, value);
	}
	jsonout_member_bool(j, "any", any);
	jsonout_end(j);
	jsonout_key(j, "actions");
	jsonout_array(j);
	put_option(j, STR(""), "Everything", action);
	for (const struct choice *c = actions; c->value; c++)
		put_option(j, str_of(c->value), c->label, action);
	if (action.n > 0 && !words_of(action))
		put_option(j, action, arena_text(&x->arena, action), action);
	jsonout_end(j);
	jsonout_member_text(j, "error", wrong ? wrong->message : NULL);
	jsonout_member_text(j, "error_field", wrong ? wrong->field : NULL);
}

/* ---- the entries ---- */

/* The name of what an entry is about, as long as it is there, and the page that shows it. */
static void
put_target(struct jsonout *j, struct exchange *x, const struct audit *entry)
{
	struct model *m = &x->app->model;
	struct err none = {0};
	struct dataset d;
	struct source s;
	struct key k;
	struct str name = {0};
	const char *place = NULL;
	if (str_starts(entry->action, "key.") &&
	    model_key_get(m, &x->caller, entry->target, &k, &x->arena, &none)) {
		name = k.name;
		place = "keys";
	} else if (str_starts(entry->action, "source.") &&
		   model_source_get(m, &x->caller, entry->target, &s, &x->arena, &none)) {
		name = s.name;
		place = "sources";
	} else if ((str_starts(entry->action, "dataset.") || str_starts(entry->action, "rows.") ||
		       str_is(entry->action, "undo") || str_starts(entry->action, "task.") ||
		       str_starts(entry->action, "call.")) &&
		   model_dataset_get(m, &x->caller, entry->target, &d, &x->arena, &none)) {
		name = d.name;
		place = "datasets";
	}
	put_optional(j, "name", name);
	jsonout_member_text(j, "place", place);
}

/* {"role":"viewer","disabled":false} as a list a template can go through. */
static bool
put_details(struct jsonout *j, struct exchange *x, const struct audit *entry, struct err *e)
{
	json_t *detail = NULL;
	if (entry->detail.n && !tree_parse_own(&detail, entry->detail, &x->arena, e))
		return false;
	jsonout_key(j, "details");
	jsonout_array(j);
	for (void *at = json_object_iter(detail); at; at = json_object_iter_next(detail, at)) {
		json_t *value = json_object_iter_value(at);
		jsonout_object(j);
		jsonout_member_text(j, "name", json_object_iter_key(at));
		jsonout_key(j, "value");
		if (json_is_string(value))
			jsonout_text(j, json_string_value(value));
		else if (json_is_integer(value))
			jsonout_int(j, json_integer_value(value));
		else if (json_is_boolean(value))
			jsonout_text(j, json_is_true(value) ? "yes" : "no");
		else
			jsonout_null(j);
		jsonout_end(j);
	}
	jsonout_end(j);
	return true;
}

static bool
put_entries(
    struct jsonout *j, struct exchange *x, const struct audit *list, size_t count, struct err *e)
{
	jsonout_key(j, "entries");
	jsonout_array(j);
	for (size_t i = 0; i < count; i++) {
		jsonout_object(j);
		jsonout_key(j, "audit");
		put_audit(j, &list[i]);
		jsonout_member_text(j, "words", words_of(list[i].action));
		put_target(j, x, &list[i]);
		if (!put_details(j, x, &list[i], e))
			return false;
		jsonout_end(j);
	}
	jsonout_end(j);
	return true;
}

bool
page_audit(struct exchange *x, struct err *e)
{
	struct audit_query_values q;
	struct audit *list = NULL;
	size_t count = 0;
	struct buf b;
	struct jsonout j;
	struct err wrong = {0};
	bool good = audit_query_read(&q, x, &wrong);
	if (!caller_may_all(&x->caller, RIGHT_MANAGE, e) ||
	    (good && !model_audit_list(&x->app->model, &x->caller, &q.filter, q.before, q.limit,
			 &list, &count, &x->arena, e)))
		return false;
	page_begin(x, &b, &j, "Audit", "audit");
	put_filter(&j, x, good ? NULL : &wrong);
	if (!put_entries(&j, x, list, count, e))
		return false;
	jsonout_key(&j, "older");
	if (good && count > 0 && count == q.limit)
		jsonout_int(&j, list[count - 1].audit_id);
	else
		jsonout_null(&j);
	jsonout_member_bool(&j, "later", good && q.before > 0);
	jsonout_member_int(&j, "days", (int64_t)x->app->conf.audit_days);
	return page_draw(x, good ? 200 : err_status(wrong.code), &b, &j, "audit", e);
}
