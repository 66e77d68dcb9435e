/* openapi.c: see openapi.h. */
#include "api/openapi.h"
#include "api/access.h"
#include "api/claro.h"
#include "api/route.h"
#include "api/rowhouse.h"
#include "api/tus.h"
#include "base/limits.h"
#include "base/tree.h"

static const char *const method_words[METHOD__MAX] = {
    "get", "head", "post", "put", "patch", "delete", "options"};

static const char *
tag_of(const struct route *r)
{
	if (r->dialect == DIALECT_CLARO)
		return "Claro";
	return r->access == ACCESS_ANYONE ? "Site" : "Rowhouse";
}

/* ---- parameters ---- */

static void
put_path_parameters(struct jsonout *j, const char *pattern)
{
	for (const char *p = strchr(pattern, '{'); p; p = strchr(p + 1, '{')) {
		const char *end = strchr(p, '}');
		jsonout_object(j);
		jsonout_member_str(j, "name", (struct str){p + 1, (size_t)(end - p - 1)});
		jsonout_member_text(j, "in", "path");
		jsonout_member_bool(j, "required", true);
		jsonout_key(j, "schema");
		jsonout_raw(j, STR("{\"type\":\"string\"}"));
		jsonout_end(j);
	}
}

/* Each field of a table as a parameter: its schema is that of a table with this one field. */
static void
put_query_parameters(struct jsonout *j, const struct field *table)
{
	for (const struct field *f = table; f && f->name; f++) {
		jsonout_object(j);
		jsonout_member_text(j, "name", f->name);
		jsonout_member_text(j, "in", "query");
		jsonout_member_bool(j, "required", f->required);
		if (f->help)
			jsonout_member_text(j, "description", f->help);
		jsonout_key(j, "schema");
		form_field_schema(j, f);
		jsonout_end(j);
	}
}

/* The headers an address reads beside those that all of them do. */
static const struct header {
	handler_fn *handler; /* NULL: those that change one row */
	const char *name;
	bool required, number;
	const char *description;
} headers[] = {
    {NULL, "If-Match", true, false, "The row's rev in quotes, as it was read; or *."},
    {tus_create, "Tus-Resumable", true, false, "1.0.0"},
    {tus_create, "Upload-Length", false, true, "Bytes of the whole upload."},
    {tus_create, "Upload-Defer-Length", false, false, "1: the length is told later."},
    {tus_create, "Upload-Metadata", false, false,
	"Names and values in Base64: filename, filetype, and what the client likes."},
    {tus_append, "Tus-Resumable", true, false, "1.0.0"},
    {tus_append, "Upload-Offset", true, true, "How many bytes are there already."},
    {tus_append, "Upload-Length", false, true, "Of an upload that began without one."},
    {tus_append, "Upload-Checksum", false, false, "sha1 or sha256, a space, and it in Base64."},
    {tus_remove, "Tus-Resumable", true, false, "1.0.0"},
};

static void
put_header_parameters(struct jsonout *j, const struct route *r)
{
	bool is_change = r->method != METHOD_GET && r->method != METHOD_OPTIONS;
	bool row = (r->method == METHOD_PATCH || r->method == METHOD_DELETE) &&
		   strstr(r->pattern, "{row}");
	if (is_change && !r->keeps_nothing)
		jsonout_raw(
		    j, STR("{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"description\":\"The "
			   "same key answers as the first time, for 24 "
			   "hours.\",\"schema\":{\"type\":\"string\",\"maxLength\":255}}"));
	for (size_t i = 0; i < ARRAY_LENGTH(headers); i++) {
		const struct header *h = &headers[i];
		if (h->handler ? h->handler != r->handler : !row)
			continue;
		jsonout_object(j);
		jsonout_member_text(j, "name", h->name);
		jsonout_member_text(j, "in", "header");
		jsonout_member_bool(j, "required", h->required);
		jsonout_member_text(j, "description", h->description);
		jsonout_key(j, "schema");
		jsonout_object(j);
		jsonout_member_text(j, "type", h->number ? "integer" : "string");
		if (h->number) {
			jsonout_member_int(j, "minimum", 0);
			jsonout_member_int(j, "maximum", (int64_t)LIMIT_UPLOAD_BYTES);
		}
		jsonout_end(j);
		jsonout_end(j);
	}
}

/* ---- bodies ---- */

static bool
is_create(const struct route *r)
{
	return r->handler == rowhouse_dataset_create || r->handler == claro_dataset_create;
}

static bool
is_upload(const struct route *r)
{
	return r->handler == rowhouse_dataset_upload || r->handler == claro_dataset_upload ||
	       r->handler == rowhouse_source_upload || r->handler == claro_source_upload;
}

static bool
is_bytes(const struct route *r)
{
	return r->handler == tus_create || r->handler == tus_append;
}

/* A type's create: the fields every dataset has and those of its form, in the words of our own API.
 */
static void
put_create_schema(struct jsonout *j, const struct dataset_type *t)
{
	jsonout_object(j);
	jsonout_member_text(j, "title", t->title);
	jsonout_key(j, "allOf");
	jsonout_array(j);
	jsonout_object(j);
	jsonout_member_text(j, "type", "object");
	jsonout_key(j, "properties");
	jsonout_object(j);
	jsonout_key(j, "type");
	jsonout_object(j);
	jsonout_member_text(j, "const", t->name);
	jsonout_end(j);
	for (const struct field *f = dataset_fields; f->name; f++) {
		if (strcmp(f->name, "type") == 0)
			continue;
		jsonout_key(j, f->name);
		form_field_schema(j, f);
	}
	jsonout_end(j);
	jsonout_key(j, "required");
	jsonout_raw(j, STR("[\"type\",\"name\"]"));
	jsonout_end(j);
	form_schema(j, t->form);
	jsonout_end(j);
	jsonout_end(j);
}

static void
put_create_body(struct jsonout *j, const struct app *app, const struct route *r)
{
	const struct registry *types = app->model.registry;
	struct buf text;
	struct jsonout all;
	buf_init(&text, j->out->arena);
	jsonout_init(&all, &text);
	jsonout_object(&all);
	jsonout_key(&all, "oneOf");
	jsonout_array(&all);
	for (size_t i = 0; i < types->type_count; i++)
		put_create_schema(&all, &types->types[i]);
	jsonout_end(&all);
	jsonout_end(&all);
	if (r->dialect == DIALECT_CLARO)
		claro_put_schema(j, buf_str(&text));
	else
		jsonout_raw(j, buf_str(&text));
}

static void
put_upload_schema(struct jsonout *j, const struct route *r)
{
	bool dataset = r->handler == rowhouse_dataset_upload || r->handler == claro_dataset_upload;
	jsonout_object(j);
	jsonout_member_text(j, "type", "object");
	jsonout_member_text(j, "description",
	    dataset ? "The fields of the dataset, as for a create, and its file or files."
		    : "A file or files, under any names.");
	jsonout_key(j, "properties");
	jsonout_raw(j, STR("{\"file\":{\"type\":\"string\",\"format\":"
			   "\"binary\"},\"files[]\":{\"type\":\"array\",\"items\":{\"type\":"
			   "\"string\",\"format\":\"binary\"}}}"));
	jsonout_end(j);
}

/* The forms of these tasks or calls, each titled with its name and whose it is. */
static void
put_work_schemas(struct jsonout *j, const struct plugin_work *list, const char *whose)
{
	for (const struct plugin_work *w = list; w && w->name; w++) {
		jsonout_object(j);
		jsonout_member_str(j, "title",
		    arena_format(j->out->arena, "%s (%s): %s", w->name, whose, w->title));
		jsonout_key(j, "allOf");
		jsonout_array(j);
		form_schema(j, w->form);
		jsonout_end(j);
		jsonout_end(j);
	}
}

static void
put_work_body(struct jsonout *j, const struct app *app, const struct route *r)
{
	const struct registry *all = app->model.registry;
	jsonout_object(j);
	jsonout_member_text(j, "type", "object");
	jsonout_member_text(j, "description", "The form of what the address names.");
	jsonout_key(j, "anyOf");
	jsonout_array(j);
	for (size_t i = 0; i < all->type_count && r->handler != rowhouse_site_task_start; i++) {
		const struct plugin_type *t = all->types[i].has;
		if (t)
			put_work_schemas(j, r->handler == rowhouse_call ? t->calls : t->tasks,
			    all->types[i].name);
	}
	for (size_t i = 0; i < all->plugin_count && r->handler == rowhouse_site_task_start; i++)
		if (all->plugins[i].plugin)
			put_work_schemas(j, all->plugins[i].plugin->tasks, all->plugins[i].name);
	/* An empty list would be no schema. */
	jsonout_raw(j, STR("{\"title\":\"Nothing is asked for\",\"maxProperties\":0}"));
	jsonout_end(j);
	jsonout_end(j);
}

static void
begin_content(struct jsonout *j, const char *type)
{
	jsonout_key(j, type);
	jsonout_object(j);
	jsonout_key(j, "schema");
}

/* Files, or what else the same address takes. */
static void
put_upload_content(struct jsonout *j, const struct route *r)
{
	begin_content(j, "multipart/form-data");
	put_upload_schema(j, r);
	jsonout_end(j);
	if (r->handler != rowhouse_source_upload)
		return;
	begin_content(j, "application/json");
	form_schema(j, source_of_uploads);
	jsonout_end(j);
}

static void
put_bytes_content(struct jsonout *j)
{
	begin_content(j, TUS_BODY_TYPE);
	jsonout_raw(j, STR("{\"type\":\"string\",\"format\":\"binary\"}"));
	jsonout_end(j);
}

static void
put_json_content(struct jsonout *j, const struct app *app, const struct route *r)
{
	begin_content(j, "application/json");
	if (is_create(r))
		put_create_body(j, app, r);
	else if (r->query == work_query)
		put_work_body(j, app, r);
	else
		form_schema(j, r->body);
	jsonout_end(j);
}

static void
put_body(struct jsonout *j, const struct app *app, const struct route *r)
{
	bool upload = is_upload(r), bytes = is_bytes(r);
	if (!r->body && !is_create(r) && !upload)
		return;
	jsonout_key(j, "requestBody");
	jsonout_object(j);
	jsonout_member_bool(j, "required", r->query != work_query && r->handler != tus_create);
	jsonout_key(j, "content");
	jsonout_object(j);
	if (upload)
		put_upload_content(j, r);
	else if (bytes)
		put_bytes_content(j);
	else
		put_json_content(j, app, r);
	jsonout_end(j);
	jsonout_end(j);
}

/* ---- answers ---- */

static const char *
good_status(const struct route *r)
{
	if (is_create(r) || is_upload(r) || r->handler == tus_create ||
	    r->handler == rowhouse_row_add || r->handler == rowhouse_user_new ||
	    r->handler == rowhouse_key_new)
		return "201";
	if (r->handler == rowhouse_task_start || r->handler == rowhouse_site_task_start)
		return "202";
	bool nothing = r->handler == tus_options || r->handler == tus_append ||
		       r->handler == tus_remove || r->handler == rowhouse_dataset_delete ||
		       r->handler == rowhouse_source_delete || r->handler == claro_dataset_delete ||
		       r->handler == claro_source_delete || r->handler == rowhouse_password;
	return nothing ? "204" : "200";
}

static void
put_responses(struct jsonout *j, const struct route *r)
{
	jsonout_key(j, "responses");
	jsonout_object(j);
	jsonout_key(j, good_status(r));
	jsonout_object(j);
	jsonout_member_text(j, "description", r->summary);
	jsonout_end(j);
	jsonout_key(j, "default");
	jsonout_object(j);
	jsonout_member_text(j, "$ref",
	    r->dialect == DIALECT_CLARO ? "#/components/responses/ClaroError"
					: "#/components/responses/Problem");
	jsonout_end(j);
	jsonout_end(j);
}

/* A key opens everything (the document's own security); where a browser's session does too, what it
 * takes. */
static void
put_security(struct jsonout *j, const struct route *r)
{
	bool open = r->access == ACCESS_ANYONE;
	if (r->dialect == DIALECT_CLARO)
		return;
	jsonout_key(j, "security");
	jsonout_raw(j, open ? STR("[]")
		       : r->method == METHOD_GET
			   ? STR("[{\"key\":[]},{\"session\":[]}]")
			   : STR("[{\"key\":[]},{\"session\":[],\"csrf\":[]}]"));
}

static void
put_operation(struct jsonout *j, const struct app *app, const struct route *r)
{
	jsonout_key(j, method_words[r->method]);
	jsonout_object(j);
	/* The same handler at two mounts has two names. */
	bool again = strncmp(r->pattern, "/claro/", 7) == 0;
	jsonout_member_str(j, "operationId",
	    arena_format(j->out->arena, "%s%s", r->name, again ? "_prefixed" : ""));
	jsonout_member_text(j, "summary", r->summary);
	jsonout_key(j, "tags");
	jsonout_array(j);
	jsonout_text(j, tag_of(r));
	jsonout_end(j);
	put_security(j, r);
	jsonout_key(j, "parameters");
	jsonout_array(j);
	put_path_parameters(j, r->pattern);
	put_query_parameters(j, r->query);
	put_header_parameters(j, r);
	jsonout_end(j);
	put_body(j, app, r);
	put_responses(j, r);
	jsonout_end(j);
}

/* Every path once, with all its methods; pages are no API. */
static void
put_paths(struct jsonout *j, const struct app *app)
{
	jsonout_key(j, "paths");
	jsonout_object(j);
	for (size_t i = 0; i < route_count; i++) {
		bool first = routes[i].dialect != DIALECT_PAGE;
		for (size_t k = 0; k < i; k++)
			first = first && strcmp(routes[k].pattern, routes[i].pattern) != 0;
		if (!first)
			continue;
		jsonout_key(j, routes[i].pattern);
		jsonout_object(j);
		for (size_t k = i; k < route_count; k++)
			if (strcmp(routes[k].pattern, routes[i].pattern) == 0)
				put_operation(j, app, &routes[k]);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static const char components[] =
    "{\"securitySchemes\":{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"" SESSION_COOKIE_HOST "\","
    "\"description\":\"Of a browser that is signed in; without TLS and not on this machine it is "
    "called " SESSION_COOKIE ".\"},"
    "\"csrf\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-CSRF-Token\","
    "\"description\":\"What the pages of the session have in their meta csrf.\"}},"
    "\"schemas\":{\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457\",\"properties\":{"
    "\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":"
    "\"integer\"},"
    "\"detail\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},\"instance\":{\"type\":"
    "\"string\"},"
    "\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"field\":{"
    "\"type\":\"string\"},"
    "\"detail\":{\"type\":\"string\"},\"line\":{\"type\":\"integer\"}}}}},"
    "\"required\":[\"type\",\"title\",\"status\",\"detail\",\"code\"]},"
    "\"ClaroError\":{\"type\":\"object\",\"properties\":{\"error\":{\"type\":\"string\"},"
    "\"code\":{\"type\":\"string\"},\"details\":{\"type\":\"object\"}},\"required\":[\"error\","
    "\"code\",\"details\"]}},"
    "\"responses\":{\"Problem\":{\"description\":\"What went wrong and what to do\",\"content\":{"
    "\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}},"
    "\"ClaroError\":{\"description\":\"What went wrong, in Claro's words\",\"content\":{"
    "\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/ClaroError\"}}}}}}";

void
openapi_write(struct jsonout *j, const struct app *app, const char *base_url)
{
	jsonout_object(j);
	jsonout_member_text(j, "openapi", "3.1.0");
	jsonout_key(j, "info");
	jsonout_object(j);
	jsonout_member_text(j, "title", "Rowhouse");
	jsonout_member_text(j, "version", ROWHOUSE_VERSION);
	jsonout_end(j);
	jsonout_key(j, "servers");
	jsonout_array(j);
	jsonout_object(j);
	jsonout_member_text(j, "url", base_url);
	jsonout_end(j);
	jsonout_end(j);
	jsonout_key(j, "security");
	jsonout_raw(j, STR("[{\"key\":[]}]"));
	put_paths(j, app);
	jsonout_key(j, "components");
	jsonout_raw(j, str_of(components));
	jsonout_end(j);
}

bool
openapi_document(struct exchange *x, struct err *e)
{
	struct jsonout j;
	(void)e;
	respond_json(x, 200, &j);
	openapi_write(&j, x->app, arena_text(&x->arena, exchange_base_url(x)));
	return true;
}
