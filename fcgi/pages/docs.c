/*
 * docs.c: the API as a page.  It is drawn from /openapi.json itself, so that the two cannot differ;
 * here it is only put in groups and its schemas made into tables.
 */
#include "pages/pages.h"
#include "api/access.h"
#include "api/openapi.h"
#include "api/route.h"
#include "base/tree.h"
#include "pages/schema.h"

#define GROUPS_MAX 40
#define OURS "/api/rowhouse/v1/"

/* A vendor's addresses stand once, with the same ones behind its prefix beside them. */
#define PREFIX "/claro"

/* The group of an address: the first word behind our mount, else whose it is. */
static struct str
group_of(const char *path, const json_t *operation)
{
	if (strncmp(path, OURS, strlen(OURS)) == 0) {
		const char *word = path + strlen(OURS);
		return (struct str){word, strcspn(word, "/")};
	}
	return str_of(json_string_value(json_array_get(json_object_get(operation, "tags"), 0)));
}

/* A list of one list, or of none: the template's loop names it. */
static void
put_parameters(struct jsonout *j, const json_t *list)
{
	jsonout_key(j, "parameters");
	jsonout_array(j);
	if (json_array_size(list) > 0)
		jsonout_array(j);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		struct str description = tree_str(one, "description");
		jsonout_object(j);
		jsonout_member_str(j, "in", tree_str(one, "in"));
		put_schema_line(j, tree_str(one, "name"), json_object_get(one, "schema"),
		    json_is_true(json_object_get(one, "required")), description.p);
		jsonout_end(j);
	}
	if (json_array_size(list) > 0)
		jsonout_end(j);
	jsonout_end(j);
}

static void
put_body(struct jsonout *j, const json_t *schema)
{
	jsonout_object(j);
	jsonout_member_str(j, "title", tree_str(schema, "title"));
	jsonout_member_str(j, "about", tree_str(schema, "description"));
	jsonout_key(j, "forms");
	jsonout_array(j);
	put_schema(j, schema);
	jsonout_end(j);
	jsonout_end(j);
}

/* One body, or one for each type a create can be of. */
static void
put_bodies(struct jsonout *j, const json_t *operation)
{
	json_t *content = json_object_get(json_object_get(operation, "requestBody"), "content");
	void *at = json_object_iter(content);
	const json_t *schema = at ? json_object_get(json_object_iter_value(at), "schema") : NULL;
	const json_t *kinds = json_object_get(schema, "oneOf");
	jsonout_member_text(j, "body_type", at ? json_object_iter_key(at) : NULL);
	jsonout_key(j, "bodies");
	jsonout_array(j);
	for (size_t i = 0; i < json_array_size(kinds); i++)
		put_body(j, json_array_get(kinds, i));
	if (schema && !kinds)
		put_body(j, schema);
	jsonout_end(j);
}

/* The status of success: the first there is. */
static void
put_status(struct jsonout *j, json_t *responses)
{
	void *at = json_object_iter(responses);
	jsonout_member_text(j, "status", at ? json_object_iter_key(at) : NULL);
}

static void
put_operation(struct jsonout *j, const json_t *paths, const char *path, const char *method,
    const json_t *operation)
{
	struct arena *a = j->out->arena;
	const char *prefixed = arena_format(a, PREFIX "%s", path).p;
	char *upper = arena_text(a, str_of(method));
	for (char *p = upper; *p; p++)
		*p = (char)(*p - ('a' - 'A') * (*p >= 'a' && *p <= 'z'));
	jsonout_object(j);
	jsonout_member_str(j, "id", tree_str(operation, "operationId"));
	jsonout_member_text(j, "method", upper);
	jsonout_member_text(j, "path", path);
	jsonout_member_text(j, "also", json_object_get(paths, prefixed) ? prefixed : NULL);
	jsonout_member_str(j, "summary", tree_str(operation, "summary"));
	const json_t *security = json_object_get(operation, "security");
	jsonout_member_bool(j, "anyone", security && json_array_size(security) == 0);
	put_parameters(j, json_object_get(operation, "parameters"));
	put_bodies(j, operation);
	put_status(j, json_object_get(operation, "responses"));
	jsonout_end(j);
}

/* Calls `fn` with every operation but those that only repeat others behind a prefix. */
typedef void operation_fn(
    void *context, json_t *paths, const char *path, const char *method, const json_t *operation);
static void
each_operation(json_t *paths, operation_fn *fn, void *context)
{
	for (void *at = json_object_iter(paths); at; at = json_object_iter_next(paths, at)) {
		const char *path = json_object_iter_key(at);
		json_t *methods = json_object_iter_value(at);
		bool repeats = strncmp(path, PREFIX "/", strlen(PREFIX "/")) == 0 &&
			       json_object_get(paths, path + strlen(PREFIX));
		for (void *one = json_object_iter(methods); one && !repeats;
		     one = json_object_iter_next(methods, one))
			fn(context, paths, path, json_object_iter_key(one),
			    json_object_iter_value(one));
	}
}

struct groups {
	struct jsonout *j;
	struct str names[GROUPS_MAX];
	size_t count, at; /* at: the one that is written */
};

static void
note_group(
    void *context, json_t *paths, const char *path, const char *method, const json_t *operation)
{
	struct groups *g = context;
	struct str name = group_of(path, operation);
	(void)paths;
	(void)method;
	for (size_t i = 0; i < g->count; i++)
		if (str_equal(g->names[i], name))
			return;
	if (g->count < GROUPS_MAX)
		g->names[g->count++] = name;
}

static void
put_in_group(
    void *context, json_t *paths, const char *path, const char *method, const json_t *operation)
{
	struct groups *g = context;
	if (str_equal(group_of(path, operation), g->names[g->at]))
		put_operation(g->j, paths, path, method, operation);
}

/* What a group is called; any other by its word. */
static struct str
title_of(struct str name, struct arena *a)
{
	static const struct {
		const char *name, *title;
	} titles[] = {
	    {"Site", "The server"},
	    {"me", "Who you are"},
	    {"Claro", "Claro’s API"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(titles); i++)
		if (str_is(name, titles[i].name))
			return str_of(titles[i].title);
	char *title = arena_text(a, name);
	if (*title >= 'a' && *title <= 'z')
		*title = (char)(*title - 'a' + 'A');
	return str_of(title);
}

bool
page_docs(struct exchange *x, struct err *e)
{
	struct buf b, text;
	struct jsonout j, document;
	json_t *tree;
	struct err nobody = {0};
	struct groups *g = arena_alloc(&x->arena, sizeof *g);
	struct str base = exchange_base_url(x);
	buf_init(&text, &x->arena);
	jsonout_init(&document, &text);
	openapi_write(&document, x->app, arena_text(&x->arena, base));
	if (!tree_parse_own(&tree, buf_str(&text), &x->arena, e))
		return false;
	json_t *paths = json_object_get(tree, "paths");
	each_operation(paths, note_group, g);
	/* It is for everybody, but who is signed in stays so. */
	if (!access_look(x, &nobody))
		x->caller = (struct caller){0};
	page_begin(x, &b, &j, "API", "docs");
	jsonout_member_str(&j, "base_url", base);
	g->j = &j;
	jsonout_key(&j, "groups");
	jsonout_array(&j);
	for (g->at = 0; g->at < g->count; g->at++) {
		jsonout_object(&j);
		jsonout_member_str(&j, "name", g->names[g->at]);
		jsonout_member_str(&j, "title", title_of(g->names[g->at], &x->arena));
		jsonout_key(&j, "operations");
		jsonout_array(&j);
		each_operation(paths, put_in_group, g);
		jsonout_end(&j);
		jsonout_end(&j);
	}
	jsonout_end(&j);
	return page_draw(x, 200, &b, &j, "docs", e);
}
