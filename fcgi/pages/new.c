/*
 * new.c: making a dataset: which type (/new), then the form that its type asks for (/new/TYPE).
 * /upload is the same form for a table in a file, the quick way: there the type is one field more.
 *
 * A form with files goes through api/upload.h, the same upload as the API's; one without is carried
 * out at once.  Either way a form that failed is drawn again with what was sent (page_new_again).
 */
#include "pages/pages.h"
#include "api/rowhouse.h"
#include "api/upload.h"
#include "base/limits.h"
#include "base/tree.h"

#define BLANK_ROWS 6
#define BLANK_ROWS_MORE 10
#define BLANK_ROWS_MOST 190 /* of five fields: what a form may have */
#define TYPE_CHOICES 64

/* What the form is drawn from. */
struct create {
	const struct dataset_type *type; /* NULL: one of those that are a table in a file */
	struct source source;
	bool has_source; /* made of this one, nothing is uploaded */
	const json_t *sent;
	const struct err *wrong;
	size_t rows; /* blank ones in a table */
};

static bool
has_files(const struct dataset_type *t)
{
	return t->sources && t->sources[0].name;
}

/* A dataset of this type is a table in a file and asks for nothing more. */
static bool
is_plain_table(const struct dataset_type *t)
{
	return t->has && has_files(t) && !t->sources[1].name && t->sources[0].kind == SLOT_TABLE &&
	       !t->form;
}

static const struct dataset_type *
first_table(const struct registry *r)
{
	for (size_t i = 0; i < r->type_count; i++)
		if (is_plain_table(&r->types[i]))
			return &r->types[i];
	return NULL;
}

/* ---- the form ---- */

static void
put_accept(struct jsonout *j, const struct plugin_slot *s)
{
	struct buf all;
	buf_init(&all, j->out->arena);
	for (const char *const *ending = s->endings; ending && *ending; ending++)
		buf_format(&all, "%s%s", all.n ? "," : "", *ending);
	put_optional(j, "accept", buf_str(&all));
}

/* The first is called `file`, as in every API that takes one. */
static void
put_slots(struct jsonout *j, const struct plugin_slot *slots, const struct err *wrong)
{
	jsonout_key(j, "slots");
	jsonout_array(j);
	for (const struct plugin_slot *s = slots; s && s->name; s++) {
		const char *name = s == slots ? "file" : s->name;
		jsonout_object(j);
		jsonout_member_text(j, "name", name);
		jsonout_member_text(j, "label", s->label);
		jsonout_member_text(j, "help", s->help);
		jsonout_member_bool(j, "is_table", s->kind == SLOT_TABLE);
		jsonout_member_bool(j, "required", s->required);
		jsonout_member_bool(j, "many", s->many);
		put_accept(j, s);
		bool is_wrong = wrong && strcmp(wrong->field, name) == 0;
		jsonout_member_bool(j, "wrong", is_wrong);
		jsonout_member_text(j, "error", is_wrong ? wrong->message : NULL);
		jsonout_member_str(j, "described",
		    is_wrong ? arena_format(j->out->arena, "%s-help %s-error", name, name)
			     : arena_format(j->out->arena, "%s-help", name));
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
put_limits(struct jsonout *j)
{
	jsonout_key(j, "limits");
	jsonout_object(j);
	jsonout_member_int(j, "upload_bytes", (int64_t)LIMIT_UPLOAD_BYTES);
	jsonout_member_int(j, "columns", LIMIT_COLUMNS);
	jsonout_member_int(j, "cell_bytes", (int64_t)LIMIT_CELL_BYTES);
	jsonout_member_int(j, "record_bytes", (int64_t)LIMIT_RECORD_BYTES);
	jsonout_member_int(j, "fields", LIMIT_FORM_FIELDS);
	jsonout_end(j);
}

/* The fields every dataset has; with one type to choose from there is nothing to choose. */
static void
put_common_form(struct jsonout *j, const struct create *c, const struct registry *r)
{
	struct choice types[TYPE_CHOICES + 1] = {{0}};
	size_t count = 0;
	for (size_t i = 0; i < r->type_count && !c->type && count < TYPE_CHOICES; i++)
		if (is_plain_table(&r->types[i]))
			types[count++] = (struct choice){r->types[i].name, r->types[i].title};
	bool names_itself = !c->type || has_files(c->type);
	bool may_lack_file = c->type && names_itself && !c->type->sources[0].required;
	const struct field fields[] = {
	    {"type", "Type", "What the dataset is for.", FIELD_CHOICE, .required = true,
		.choices = types},
	    {"name", "Name",
		!names_itself   ? NULL
		: c->has_source ? "Left empty, it is called like the data source."
		: may_lack_file
		    ? "Left empty, it is called like the file; without one it needs a name."
		    : "Left empty, it is called like the file.",
		FIELD_LINE, .required = !names_itself, .max = LIMIT_NAME_CHARACTERS},
	    {"description", "Description",
		"What it holds and what it is for; the default instruction when columns are filled "
		"in later.",
		FIELD_AREA},
	    {0},
	};
	const struct form_drawing d = {.sent = c->sent, .wrong = c->wrong, .prefix = ""};
	jsonout_member_bool(j, "type_is_set", count <= 1);
	jsonout_key(j, "form");
	form_draw(j, count > 1 ? fields : fields + 1, &d);
}

static bool
has_table(const struct dataset_type *t)
{
	for (const struct field *f = t ? t->form : NULL; f && f->name; f++)
		if (f->kind == FIELD_TABLE)
			return true;
	return false;
}

static void
put_type_form(struct jsonout *j, const struct create *c)
{
	const struct form_drawing d = {
	    .sent = c->sent, .wrong = c->wrong, .prefix = "", .rows = c->rows};
	jsonout_key(j, "type_form");
	form_draw(j, c->type ? c->type->form : NULL, &d);
	jsonout_key(j, "more_rows");
	if (has_table(c->type))
		jsonout_unsigned(j, c->rows + BLANK_ROWS_MORE);
	else
		jsonout_null(j);
}

static void
put_type_brief(struct jsonout *j, const struct dataset_type *t)
{
	jsonout_object(j);
	jsonout_member_text(j, "name", t->name);
	jsonout_member_text(j, "title", t->title);
	jsonout_member_text(j, "help", t->help);
	jsonout_member_bool(j, "is_table", is_plain_table(t));
	jsonout_end(j);
}

void
page_put_first(struct jsonout *j, const struct registry *r)
{
	const struct dataset_type *table = first_table(r);
	jsonout_key(j, "type");
	if (table)
		put_type_brief(j, table);
	else
		jsonout_null(j);
	put_slots(j, table ? table->sources : NULL, NULL);
	put_limits(j);
}

void
page_put_again(struct exchange *x, struct jsonout *j, struct str type)
{
	const struct dataset_type *t = registry_type(x->app->model.registry, type);
	jsonout_key(j, "again");
	if (!t || !t->has || x->caller.role < ROLE_EDITOR) {
		jsonout_null(j);
		return;
	}
	jsonout_object(j);
	jsonout_member_text(j, "type", t->name);
	jsonout_member_bool(j, "takes_file", has_files(t));
	jsonout_end(j);
}

static bool
draw(struct exchange *x, int status, const struct create *c, struct err *e)
{
	struct buf b;
	struct jsonout j;
	const struct registry *r = x->app->model.registry;
	const struct dataset_type *table = first_table(r), *shown = c->type ? c->type : table;
	bool uploads = shown && has_files(shown) && !c->has_source;
	const char *title = c->type         ? c->type->title
			    : c->has_source ? "Make a dataset"
					    : "Upload a file";
	page_begin(x, &b, &j, title, "new");
	jsonout_member_text(&j, "title", title);
	jsonout_key(&j, "type");
	if (shown)
		put_type_brief(&j, shown);
	else
		jsonout_null(&j);
	jsonout_member_bool(&j, "is_upload", !c->type);
	jsonout_member_text(&j, "width", has_table(c->type) ? "medium with-table" : "medium");
	jsonout_member_bool(&j, "uploads", uploads);
	jsonout_member_text(&j, "enctype", uploads ? "multipart/form-data" : NULL);
	put_common_form(&j, c, r);
	put_type_form(&j, c);
	put_slots(&j, uploads ? shown->sources : NULL, c->wrong);
	put_limits(&j);
	page_put_once(&j);
	jsonout_member_text(&j, "error", c->wrong ? c->wrong->message : NULL);
	jsonout_key(&j, "source");
	if (c->has_source)
		put_source_object(&j, &c->source);
	else
		jsonout_null(&j);
	return page_draw(x, status, &b, &j, "create", e);
}

/* The type and the source that the address names. */
static bool
read_address(struct create *c, struct exchange *x, struct err *e)
{
	struct str name = x->value[0], source = url_parameter(&x->request.query, "source");
	*c = (struct create){.rows = BLANK_ROWS, .has_source = source.n > 0};
	if (!caller_may_all(&x->caller, RIGHT_EDIT, e))
		return false;
	if (name.n > 0) {
		c->type = registry_type(x->app->model.registry, name);
		if (!c->type)
			return FAIL_FIELD(
			    e, NOT_FOUND, "type", "there is no dataset type of this name");
		if (!c->type->has)
			return FAIL_FIELD(e, UNPROCESSABLE, "type",
			    "the plugin %s, which makes datasets of this type, is not loaded on "
			    "this server; Types says why",
			    c->type->plugin);
		if (c->has_source && !has_files(c->type))
			return FAIL_FIELD(
			    e, INPUT, "source_id", "a dataset of this type is not made of a file");
	}
	return !c->has_source ||
	       model_source_get(&x->app->model, &x->caller, source, &c->source, &x->arena, e);
}

bool
page_new_type(struct exchange *x, struct err *e)
{
	struct create c;
	return read_address(&c, x, e) && draw(x, 200, &c, e);
}

bool
page_new_again(struct exchange *x, const struct err *wrong)
{
	struct create c;
	struct err e = {0};
	json_t *sent = NULL;
	bool is_upload = request_is_type(&x->request, "multipart/form-data");
	if (err_status(wrong->code) >= 500 || !read_address(&c, x, &e) ||
	    !(is_upload ? upload_sent(&sent, x, &e) : page_posted(&sent, x, &e)))
		return false;
	c.sent = sent;
	c.wrong = wrong;
	return draw(x, err_status(wrong->code), &c, &e);
}

/* ---- what it does ---- */

/* Set by the address, whatever the form says; a dataset of a source that is here already is named
 * after it. */
static json_t *
create_fields(struct exchange *x, json_t *form, struct str file_name)
{
	struct source source;
	struct err ignored = {0};
	struct str id = tree_str(form, "source_id"), type = x->value[0];
	if (type.n > 0 && json_object_set_new(form, "type", json_stringn(type.p, type.n)) != 0)
		return NULL;
	if (file_name.n == 0 && id.n > 0 &&
	    model_source_get(&x->app->model, &x->caller, id, &source, &x->arena, &ignored))
		file_name = source.name;
	return upload_named(x, form, file_name);
}

static bool
answer(struct exchange *x, const struct dataset *d, const struct job *ingest, struct err *e)
{
	(void)d;
	(void)e;
	x->keep_nothing = false;
	respond_see_other(x, arena_format(&x->arena, "/jobs/%s?follow=1", ingest->job_id));
	return true;
}

static const struct upload_kind page_kind = {create_fields, REQUEST_PLAIN, answer};

/* "More lines" is a button of the form, so that what was typed stays. */
static bool
more_rows(struct exchange *x, const json_t *sent, struct err *e)
{
	struct create c;
	uint64_t rows;
	if (!read_address(&c, x, e))
		return false;
	c.sent = sent;
	if (str_to_u64(&rows, tree_str(sent, "more_rows")) && rows <= BLANK_ROWS_MOST)
		c.rows = (size_t)rows;
	return draw(x, 200, &c, e);
}

static bool
create_at_once(struct exchange *x, struct err *e)
{
	struct model *m = &x->app->model;
	struct dataset_request request;
	struct dataset d;
	struct job job;
	json_t *sent;
	bool answered = false;
	if (!page_posted(&sent, x, e))
		return false;
	if (json_object_get(sent, "more_rows"))
		return more_rows(x, sent, e);
	if (!page_begin_once(x, sent, &answered, "/datasets", e) || answered)
		return answered;
	if (!create_fields(x, sent, (struct str){0}))
		return FAIL(e, UNAVAILABLE, "out of memory");
	return dataset_request_check(m, &x->caller, &request, sent, REQUEST_FORM, &x->arena, e) &&
	       model_dataset_create(m, &x->caller, &request, &d, &job, &x->arena, e) &&
	       answer(x, &d, &job, e);
}

bool
page_new_type_post(struct exchange *x, struct err *e)
{
	struct create c;
	if (!read_address(&c, x, e))
		return false;
	return request_is_type(&x->request, "multipart/form-data") ? upload_begin(x, &page_kind, e)
								   : create_at_once(x, e);
}

/* ---- which type ---- */

bool
page_new(struct exchange *x, struct err *e)
{
	struct create c;
	struct buf b;
	struct jsonout j;
	const struct registry *r = x->app->model.registry;
	size_t missing = 0;
	if (!read_address(&c, x, e))
		return false;
	page_begin(x, &b, &j, "New dataset", "new");
	jsonout_key(&j, "types");
	jsonout_array(&j);
	for (size_t i = 0; i < r->type_count; i++) {
		const struct dataset_type *t = &r->types[i];
		missing += !t->has;
		if (t->has && (!c.has_source || has_files(t)))
			put_type_brief(&j, t);
	}
	jsonout_end(&j);
	jsonout_member_int(&j, "missing", (int64_t)missing);
	jsonout_key(&j, "source");
	if (c.has_source)
		put_source_object(&j, &c.source);
	else
		jsonout_null(&j);
	return page_draw(x, 200, &b, &j, "new", e);
}
