/*
 * claro.c: Claro's shapes for our calls; see claro.h.
 *
 * Whoever is asked for is found by the model; this file only translates names, states and types.
 */
#include "api/claro.h"
#include "api/route.h"
#include "api/upload.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/tree.h"

/* Their names for the fields of our own API; what is not listed is called the same. */
static const struct field_name names[] = {
    {"datasourceId", "source_id"},
    {"mapDetails", "map_details"},
    {"radiusMeters", "radius_meters"},
    {"columnDefinitions", "column_definitions"},
    {"defaultValue", "default_value"},
};

/* ---- errors ---- */

/* map_details.radius_meters -> mapDetails.radiusMeters */
static struct str
their_field(const char *field, struct arena *a)
{
	struct buf b;
	buf_init(&b, a);
	while (*field) {
		bool found = false;
		for (size_t i = 0; i < ARRAY_LENGTH(names) && !found; i++) {
			size_t n = strlen(names[i].ours);
			if (strncmp(field, names[i].ours, n) == 0) {
				buf_put_text(&b, names[i].theirs);
				field += n;
				found = true;
			}
		}
		if (!found)
			buf_put_char(&b, *field++);
	}
	return buf_str(&b);
}

void
claro_put_schema(struct jsonout *j, struct str schema)
{
	struct buf b;
	buf_init(&b, j->out->arena);
	for (size_t i = 0; i < schema.n;) {
		bool found = false;
		for (size_t k = 0; k < ARRAY_LENGTH(names) && !found; k++) {
			struct str ours = arena_format(j->out->arena, "\"%s\"", names[k].ours);
			if (i + ours.n <= schema.n && memcmp(schema.p + i, ours.p, ours.n) == 0) {
				buf_format(&b, "\"%s\"", names[k].theirs);
				i += ours.n;
				found = true;
			}
		}
		if (!found)
			buf_put_char(&b, schema.p[i++]);
	}
	jsonout_raw(j, buf_str(&b));
}

struct claro_words {
	const char *sentence, *code;
};

/* The sentence and code of an error: from the field it is about, else from its kind. */
static struct claro_words
words(const struct exchange *x, const struct err *e)
{
	bool about_file = strcmp(e->field, "file") == 0 || strcmp(e->field, "form") == 0;
	bool upload = x->route && (x->route->handler == claro_dataset_upload ||
				      x->route->handler == claro_source_upload);
	if (strcmp(e->word, "invalid_map_bounds") == 0)
		return (struct claro_words){"Invalid map bounds", "INVALID_MAP_BOUNDS"};
	switch ((int)e->code) {
	case ERR_UNAUTHORIZED:
		return (struct claro_words){"Unauthorized", "UNAUTHORIZED"};
	case ERR_FORBIDDEN:
		return (struct claro_words){"Forbidden", "FORBIDDEN"};
	case ERR_QUOTA:
		return (struct claro_words){"Dataset creation limit reached", "QUOTA_EXCEEDED"};
	case ERR_BUSY:
		return (struct claro_words){"Rate limit exceeded", "RATE_LIMITED"};
	case ERR_NOT_FOUND:
		if (strcmp(e->field, "source_id") == 0)
			return (struct claro_words){
			    "Data source not found", "DATASOURCE_NOT_FOUND"};
		if (strcmp(e->field, "dataset_id") == 0)
			return (struct claro_words){"Dataset not found", "DATASET_NOT_FOUND"};
		return (struct claro_words){"Not found", "NOT_FOUND"};
	case ERR_METHOD:
		return (struct claro_words){"Method not allowed", "METHOD_NOT_ALLOWED"};
	case ERR_LOCKED:
		return (struct claro_words){"Dataset is locked", "DATASET_LOCKED"};
	case ERR_CONFLICT:
		return (struct claro_words){"Conflict", "CONFLICT"};
	case ERR_TOO_BIG:
	case ERR_UNPROCESSABLE:
		if (upload || about_file)
			return (struct claro_words){"File upload failed", "FILE_UPLOAD_ERROR"};
		if (e->code == ERR_TOO_BIG && !e->field[0])
			return (struct claro_words){"Over a limit", "LIMIT_EXCEEDED"};
		break;
	case ERR_DISK_FULL:
	case ERR_CANCELLED:
		if (upload)
			return (struct claro_words){"File upload failed", "FILE_UPLOAD_ERROR"};
		return (struct claro_words){"The server cannot store this", "STORAGE_ERROR"};
	case ERR_SYSTEM:
	case ERR_UNAVAILABLE:
	case ERR_TIMEOUT:
		if (upload)
			return (struct claro_words){"File upload failed", "FILE_UPLOAD_ERROR"};
		return (struct claro_words){"Internal error", "INTERNAL_ERROR"};
	case ERR_INPUT:
		/* About the body as a whole, not about a field of it. */
		if (upload && !e->field[0])
			return (struct claro_words){"File upload failed", "FILE_UPLOAD_ERROR"};
		break;
	default:
		break;
	}
	return (struct claro_words){"Invalid dataset configuration", "VALIDATION_ERROR"};
}

void
claro_error(struct exchange *x, const struct err *e)
{
	struct jsonout j;
	struct claro_words w = words(x, e);
	int status = e->code == ERR_UNPROCESSABLE && strcmp(w.code, "FILE_UPLOAD_ERROR") == 0
			 ? 400
			 : err_status(e->code);
	respond_json(x, status, &j);
	jsonout_object(&j);
	jsonout_member_text(&j, "error", w.sentence);
	jsonout_member_text(&j, "code", w.code);
	jsonout_key(&j, "details");
	jsonout_object(&j);
	/* The state of those that take a form is no text. */
	bool form = x->route && (x->route->handler == claro_dataset_upload ||
				    x->route->handler == claro_source_upload);
	if (strcmp(w.code, "DATASOURCE_NOT_FOUND") == 0 && !form && x->state)
		jsonout_member_text(&j, "datasourceId", x->state);
	else if (e->field[0])
		jsonout_member_str(&j, "field", their_field(e->field, &x->arena));
	jsonout_member_text(&j, "message", e->message);
	if (strcmp(e->field, "type") == 0 && strcmp(w.code, "VALIDATION_ERROR") == 0) {
		const struct registry *r = x->app->model.registry;
		jsonout_key(&j, "allowed");
		jsonout_array(&j);
		for (size_t i = 0; i < r->type_count; i++)
			jsonout_text(&j, r->types[i].name);
		jsonout_end(&j);
	}
	if (e->at_line)
		jsonout_member_int(&j, "line", (int64_t)e->at_line);
	jsonout_end(&j);
	jsonout_end(&j);
}

/* ---- datasets ---- */

static const char *
their_state(const struct dataset *d)
{
	if (str_is(d->state, "queued") || str_is(d->state, "draft"))
		return "created";
	if (str_is(d->state, "ingesting") || str_is(d->state, "running"))
		return "processing";
	if (str_is(d->state, "failed"))
		return "failed";
	return "completed";
}

static const char *
their_type(enum column_type type)
{
	switch (type) {
	case COLUMN_INTEGER:
	case COLUMN_NUMBER:
		return "number";
	case COLUMN_BOOLEAN:
		return "boolean";
	case COLUMN_DATE:
	case COLUMN_DATETIME:
		return "date";
	case COLUMN_TEXT:
	case COLUMN_JSON:
		return "text";
	case COLUMN_STRING:
	case COLUMN__MAX:
		break;
	}
	return "string";
}

static void
member_time(struct jsonout *j, const char *key, int64_t us)
{
	char text[CLOCK_TEXT_BYTES];
	clock_format(text, us);
	jsonout_member_text(j, key, us ? text : NULL);
}

/* The answer of every create. */
static bool
answer_created(struct exchange *x, const struct dataset *d, const struct job *ingest, struct err *e)
{
	struct jsonout j;
	(void)ingest;
	(void)e;
	respond_json(x, 201, &j);
	jsonout_object(&j);
	jsonout_member_text(&j, "datasetId", d->dataset_id);
	jsonout_member_str(&j, "name", d->name);
	jsonout_member_str(&j, "type", d->type);
	jsonout_member_text(&j, "status", "created");
	jsonout_member_str(&j, "description", d->description);
	if (d->source_id.n)
		jsonout_member_str(&j, "datasourceId", d->source_id);
	member_time(&j, "createdAt", d->created_at);
	jsonout_member_int(&j, "rowCount", 0);
	jsonout_member_int(&j, "columnCount", 0);
	jsonout_end(&j);
	return true;
}

bool
claro_dataset_create(struct exchange *x, struct err *e)
{
	struct arena *a = &x->arena;
	struct dataset_request request;
	struct dataset d;
	struct job job;
	json_t *body;
	if (!request_json(&body, &x->request, a, e))
		return false;
	/* For DATASOURCE_NOT_FOUND, which repeats the id as it was sent. */
	struct str source_id = tree_str(body, "datasourceId");
	x->state = source_id.n ? arena_text(a, str_clip(source_id, 200)) : NULL;
	json_t *fields = fields_rename(body, names, ARRAY_LENGTH(names), a);
	if (!fields)
		return FAIL(e, UNAVAILABLE, "out of memory");
	return dataset_request_check(
		   &x->app->model, &x->caller, &request, fields, REQUEST_DESCRIBED, a, e) &&
	       model_dataset_create(&x->app->model, &x->caller, &request, &d, &job, a, e) &&
	       answer_created(x, &d, &job, e);
}

static json_t *
form_fields(struct exchange *x, json_t *form, struct str file_name)
{
	static const char *const nested[] = {"mapDetails", "columnDefinitions"};
	(void)file_name;
	/* JSON text becomes a tree here, so that their names in it are found; what is none stays
	 * text and is refused by the check. */
	for (size_t i = 0; i < ARRAY_LENGTH(nested); i++) {
		struct err ignored = {0};
		json_t *tree;
		struct str text = tree_str(form, nested[i]);
		if (text.n > 0 && tree_parse(&tree, text, &x->arena, &ignored) &&
		    json_object_set(form, nested[i], tree) != 0)
			return NULL;
		if (ignored.code == ERR_UNAVAILABLE)
			return NULL;
	}
	return fields_rename(form, names, ARRAY_LENGTH(names), &x->arena);
}

static const struct upload_kind dataset_upload = {form_fields, REQUEST_DESCRIBED, answer_created};

bool
claro_dataset_upload(struct exchange *x, struct err *e)
{
	return upload_begin(x, &dataset_upload, e);
}

/* Why a job failed, as one of their codes. */
static const char *
their_code(struct str code)
{
	switch ((int)err_from_word(code)) {
	case ERR_INPUT:
	case ERR_UNPROCESSABLE:
	case ERR_TOO_BIG:
		return "FILE_UPLOAD_ERROR";
	case ERR_QUOTA:
		return "QUOTA_EXCEEDED";
	case ERR_UNAVAILABLE:
		return "NOT_AVAILABLE";
	case ERR_CANCELLED:
		return "CANCELLED";
	default:
		return "INTERNAL_ERROR";
	}
}

static void
members_of_dataset(struct jsonout *j, const struct dataset *d)
{
	jsonout_member_text(j, "datasetId", d->dataset_id);
	jsonout_member_str(j, "name", d->name);
	jsonout_member_str(j, "description", d->description);
	jsonout_member_str(j, "type", d->type);
	jsonout_member_text(j, "status", their_state(d));
	member_time(j, "createdAt", d->created_at);
	member_time(j, "updatedAt", d->updated_at);
	jsonout_member_int(j, "rowCount", (int64_t)d->rows);
	jsonout_member_int(j, "columnCount", (int64_t)d->columns);
	jsonout_key(j, "linkedDatasources");
	jsonout_array(j);
	if (d->source_id.n)
		jsonout_str(j, d->source_id);
	jsonout_end(j);
	if (d->source_id.n)
		jsonout_member_str(j, "datasourceId", d->source_id);
	if (d->error.code.n) {
		jsonout_key(j, "error");
		jsonout_object(j);
		jsonout_member_text(j, "code", their_code(d->error.code));
		jsonout_member_str(j, "message", d->error.message);
		if (d->error.line)
			jsonout_member_int(j, "line", (int64_t)d->error.line);
		jsonout_end(j);
	}
}

bool
claro_read_paging(
    struct claro_paging *p, struct exchange *x, uint64_t preset, uint64_t most, struct err *e)
{
	return request_number(&p->page, &x->request, "page", 1, 1, UINT32_MAX, e) &&
	       request_number(&p->limit, &x->request, "limit", preset, 1, most, e);
}

void
claro_put_paging(struct jsonout *j, const struct claro_paging *p, uint64_t total)
{
	jsonout_key(j, "pagination");
	jsonout_object(j);
	jsonout_member_int(j, "page", (int64_t)p->page);
	jsonout_member_int(j, "limit", (int64_t)p->limit);
	jsonout_member_int(j, "total", (int64_t)total);
	jsonout_member_int(j, "totalPages", (int64_t)((total + p->limit - 1) / p->limit));
	jsonout_end(j);
}

bool
claro_dataset_list(struct exchange *x, struct err *e)
{
	struct claro_paging p;
	struct dataset *list;
	size_t count;
	int64_t total;
	struct jsonout j;
	if (!claro_read_paging(&p, x, 20, LIMIT_LIST_ITEMS, e) ||
	    !model_dataset_list(&x->app->model, &x->caller, &list, &count, &total,
		(p.page - 1) * p.limit, p.limit, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "datasets");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++) {
		jsonout_object(&j);
		members_of_dataset(&j, &list[i]);
		jsonout_end(&j);
	}
	jsonout_end(&j);
	claro_put_paging(&j, &p, (uint64_t)total);
	jsonout_end(&j);
	return true;
}

void
claro_put_columns(struct jsonout *j, const struct column *columns, size_t count, struct arena *a)
{
	jsonout_key(j, "columns");
	jsonout_array(j);
	for (size_t i = 0; i < count; i++) {
		jsonout_object(j);
		jsonout_member_str(
		    j, "columnId", arena_format(a, "col_%.*s", STR_ARG(columns[i].slug)));
		jsonout_member_str(j, "name", columns[i].name);
		if (columns[i].vendor_type.n)
			jsonout_member_str(j, "type", columns[i].vendor_type);
		else
			jsonout_member_text(j, "type", their_type(columns[i].type));
		jsonout_end(j);
	}
	jsonout_end(j);
}

bool
claro_dataset_get(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct rows_file *rows = NULL;
	const struct column *columns = NULL;
	size_t count = 0;
	struct jsonout j;
	if (!model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) ||
	    (d.generation > 0 && (!model_rows_open(&x->app->model, &d, &rows, &x->arena, e) ||
				     !rows_columns(rows, &columns, &count, &x->arena, e))))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	members_of_dataset(&j, &d);
	claro_put_columns(&j, columns, count, &x->arena);
	jsonout_end(&j);
	return true;
}

bool
claro_dataset_delete(struct exchange *x, struct err *e)
{
	if (!model_dataset_delete(&x->app->model, &x->caller, x->value[0], &x->arena, e))
		return false;
	respond_nothing(x);
	return true;
}

/* ---- data sources ---- */

static void
put_source(struct jsonout *j, const struct source *s)
{
	jsonout_object(j);
	jsonout_member_text(j, "datasourceId", s->source_id);
	jsonout_member_str(j, "fileName", s->name);
	jsonout_member_str(
	    j, "contentType", s->file_count ? s->files[0].content_type : (struct str){0});
	jsonout_member_int(j, "fileSize", (int64_t)s->bytes);
	jsonout_member_text(j, "status", s->stored_at ? "completed" : "processing");
	member_time(j, "uploadedAt", s->created_at);
	member_time(j, "processedAt", s->stored_at);
	jsonout_end(j);
}

bool
claro_source_list(struct exchange *x, struct err *e)
{
	struct claro_paging p;
	struct source *list;
	size_t count;
	int64_t total;
	struct jsonout j;
	if (!claro_read_paging(&p, x, 20, LIMIT_LIST_ITEMS, e) ||
	    !model_source_list(&x->app->model, &x->caller, &list, &count, &total,
		(p.page - 1) * p.limit, p.limit, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "dataSources");
	jsonout_array(&j);
	for (size_t i = 0; i < count; i++)
		put_source(&j, &list[i]);
	jsonout_end(&j);
	claro_put_paging(&j, &p, (uint64_t)total);
	jsonout_end(&j);
	return true;
}

bool
claro_source_get(struct exchange *x, struct err *e)
{
	struct source s;
	struct jsonout j;
	x->state = arena_text(&x->arena, x->value[0]);
	if (!model_source_get(&x->app->model, &x->caller, x->value[0], &s, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	put_source(&j, &s);
	return true;
}

bool
claro_source_upload(struct exchange *x, struct err *e)
{
	return source_upload_begin(x, put_source, NULL, e);
}

bool
claro_source_delete(struct exchange *x, struct err *e)
{
	x->state = arena_text(&x->arena, x->value[0]);
	if (!model_source_delete(&x->app->model, &x->caller, x->value[0], &x->arena, e))
		return false;
	respond_nothing(x);
	return true;
}
