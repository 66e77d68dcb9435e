/*
 * reading.c: how the file of a data source is read (/sources/ID/read): its first rows as they would
 * be, beside the lines they come from, and everything that can be chosen about them; then the
 * dataset is made.
 *
 * The page is drawn when its preview is there (model_source_preview), whether it was asked for,
 * sent again with other options (`show`), or refused.  reading.mjs sends it again by itself
 * whenever an option changes, and puts what comes back in the place of what is there.
 */
#include "pages/pages.h"
#include "api/rowhouse.h"
#include "base/limits.h"
#include "base/tree.h"
#include "formats/options.h"

#define COLUMNS_SHOWN 150 /* with inputs of their own: four fields each, of LIMIT_FORM_FIELDS */
#define TYPE_CHOICES 64

struct reading_page {
	struct source source;
	json_t *sent;     /* the form: type, name, description, options */
	struct err wrong; /* what it says cannot be done */
	char job_id[UUID_BYTES];
	const json_t *preview; /* NULL: there is none */
};

/* ---- drawing ---- */

static const char *const csv_only[] = {
    "delimiter", "quote", "escape", "comment", "skip_lines", "footer_lines", "table", NULL};

static bool
is_among(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* What can be chosen of a file that is read as `format`. */
static bool
is_about(const char *option, struct str format)
{
	bool csv = format.n == 0 || str_is(format, "csv"), xlsx = str_is(format, "xlsx");
	if (strcmp(option, "columns") == 0 || strcmp(option, "packing") == 0)
		return false;
	if (is_among(csv_only, option))
		return csv;
	if (strcmp(option, "header_rows") == 0)
		return csv || xlsx;
	if (strcmp(option, "records") == 0)
		return str_is(format, "json");
	if (strcmp(option, "encoding") == 0)
		return !xlsx;
	if (strcmp(option, "sheet") == 0)
		return xlsx;
	return true;
}

static struct str
text_of(const json_t *value, struct arena *a)
{
	if (json_is_string(value))
		return (struct str){json_string_value(value), json_string_length(value)};
	size_t n = value ? json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) : 0;
	char *text = arena_alloc(a, n + 1);
	json_dumpb(value, text, n, JSON_COMPACT | JSON_ENCODE_ANY);
	return (struct str){text, n};
}

/* The options of this format, each with what was found out about it. */
static void
put_options(struct jsonout *j, const struct reading_page *p)
{
	struct arena *a = j->out->arena;
	const json_t *found = json_object_get(p->preview, "found"),
		     *sent = json_object_get(p->sent, "options");
	struct str format = tree_str(found, "format");
	struct field *fields = arena_array(a, OPTION__MAX + 1, sizeof *fields);
	size_t count = 0;
	if (format.n == 0)
		format = tree_str(sent, "format");
	for (const struct field *f = option_fields; f->name; f++) {
		const json_t *is = json_object_get(found, f->name);
		if (!is_about(f->name, format) || (strcmp(f->name, "member") == 0 && !is))
			continue;
		fields[count] = *f;
		if (is)
			fields[count].help =
			    arena_format(a, "Found: %.*s", STR_ARG(text_of(is, a))).p;
		count++;
	}
	const struct form_drawing d = {.sent = sent,
	    .wrong = p->wrong.code != ERR_OK ? &p->wrong : NULL,
	    .prefix = "options."};
	jsonout_key(j, "options");
	form_draw(j, fields, &d);
}

/* What was said of a column, by the name it is read under. */
static const json_t *
choice_of(const json_t *sent, struct str from)
{
	size_t i;
	const json_t *one, *list = json_object_get(json_object_get(sent, "options"), "columns");
	json_array_foreach((json_t *)(uintptr_t)list, i,
	    one) if (str_equal(tree_str(one, "from"), from)) return one;
	return NULL;
}

static void
put_column(struct jsonout *j, const struct reading_page *p, const json_t *column, size_t i)
{
	struct arena *a = j->out->arena;
	struct str from = tree_str(column, "from"), found = tree_str(column, "found");
	struct choice *types = arena_array(a, COLUMN__MAX + 2, sizeof *types);
	size_t count = 0;
	types[count++] = (struct choice){"", arena_format(a, "%.*s (found)", STR_ARG(found)).p};
	for (enum column_type t = 0; t < COLUMN__MAX; t++)
		types[count++] = (struct choice){column_type_names[t], column_type_names[t]};
	const struct field fields[] = {
	    {"name", "Name", NULL, FIELD_LINE, .max = LIMIT_COLUMN_NAME_BYTES,
		.preset = arena_text(a, from)},
	    {"type", "Type", NULL, FIELD_CHOICE, .choices = types, .preset = ""},
	    {"keep", "Keep", NULL, FIELD_SWITCH, .preset = "true"},
	    {0},
	};
	const struct form_drawing d = {.sent = choice_of(p->sent, from),
	    .prefix = arena_format(a, "options.columns[%zu].", i).p};
	jsonout_object(j);
	jsonout_member_str(j, "from", from);
	jsonout_member_str(j, "input", arena_format(a, "options.columns[%zu].from", i));
	jsonout_member_str(j, "type", tree_str(column, "type"));
	jsonout_member_bool(j, "left_out", !json_is_true(json_object_get(column, "keep")));
	if (i < COLUMNS_SHOWN) {
		jsonout_key(j, "form");
		form_draw(j, fields, &d);
	}
	jsonout_end(j);
}

static void
put_cell(struct jsonout *j, const json_t *cell, bool kept)
{
	const char *nothing = !cell ? "missing" : json_is_null(cell) ? "null" : NULL;
	jsonout_object(j);
	jsonout_member_text(j, "nothing", nothing);
	jsonout_member_str(j, "kind",
	    nothing                ? STR("absent")
	    : json_is_number(cell) ? STR("number")
				   : STR(""));
	jsonout_member_bool(j, "left_out", !kept);
	jsonout_key(j, "text");
	if (nothing)
		jsonout_null(j);
	else
		jsonout_str(j, text_of(cell, j->out->arena));
	jsonout_end(j);
}

static bool
is_absent(const json_t *row, size_t column)
{
	size_t i;
	const json_t *id;
	json_array_foreach(json_object_get(row, "absent"), i,
	    id) if (json_integer_value(id) == (json_int_t)column) return true;
	return false;
}

static void
put_rows(struct jsonout *j, const json_t *preview)
{
	const json_t *row, *rows = json_object_get(preview, "rows"),
			   *columns = json_object_get(preview, "columns");
	size_t r, count = json_array_size(columns);
	jsonout_key(j, "rows");
	jsonout_array(j);
	json_array_foreach((json_t *)(uintptr_t)rows, r, row)
	{
		const json_t *cells = json_object_get(row, "cells");
		jsonout_object(j);
		jsonout_member_int(j, "line", json_integer_value(json_object_get(row, "line")));
		jsonout_key(j, "cells");
		jsonout_array(j);
		for (size_t i = 0; i < count; i++)
			put_cell(j, is_absent(row, i) ? NULL : json_array_get(cells, i),
			    json_is_true(json_object_get(json_array_get(columns, i), "keep")));
		jsonout_end(j);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
put_member(struct jsonout *j, const json_t *object, const char *name)
{
	jsonout_key(j, name);
	jsonout_raw(j, text_of(json_object_get(object, name), j->out->arena));
}

static void
put_preview(struct jsonout *j, const struct reading_page *p)
{
	static const char *const members[] = {"lines", "findings", "finding_counts", "records",
	    "repaired", "skipped", "whole", "bytes", "error"};
	size_t i;
	const json_t *column, *columns = json_object_get(p->preview, "columns");
	jsonout_key(j, "preview");
	if (!p->preview) {
		jsonout_null(j);
		return;
	}
	jsonout_object(j);
	jsonout_key(j, "columns");
	jsonout_array(j);
	json_array_foreach((json_t *)(uintptr_t)columns, i, column) put_column(j, p, column, i);
	jsonout_end(j);
	put_rows(j, p->preview);
	for (size_t k = 0; k < ARRAY_LENGTH(members); k++)
		put_member(j, p->preview, members[k]);
	jsonout_member_int(
	    j, "columns_shown", json_array_size(columns) > COLUMNS_SHOWN ? COLUMNS_SHOWN : 0);
	jsonout_end(j);
}

/* Which types a table can become, and the fields every dataset has. */
static void
put_dataset_form(struct jsonout *j, struct exchange *x, const struct reading_page *p)
{
	struct choice types[TYPE_CHOICES + 1] = {{0}};
	size_t count = 0;
	const struct registry *r = x->app->model.registry;
	for (size_t i = 0; i < r->type_count && count < TYPE_CHOICES; i++)
		if (type_reads_table(&r->types[i]) && !r->types[i].form)
			types[count++] = (struct choice){r->types[i].name, r->types[i].title};
	const struct field fields[] = {
	    {"type", "Type", "What the dataset is for.", FIELD_CHOICE, .required = true,
		.choices = types},
	    {"name", "Name", NULL, FIELD_LINE, .required = true, .max = LIMIT_NAME_CHARACTERS,
		.preset = arena_text(&x->arena, dataset_name_of_file(p->source.name))},
	    {"description", "Description",
		"What it holds and what it is for; the default instruction when columns are filled "
		"in later.",
		FIELD_AREA},
	    {0},
	};
	const struct form_drawing d = {
	    .sent = p->sent, .wrong = p->wrong.code != ERR_OK ? &p->wrong : NULL, .prefix = ""};
	jsonout_member_text(j, "only_type", count == 1 ? types[0].value : NULL);
	jsonout_member_bool(j, "can_make", count > 0);
	jsonout_key(j, "form");
	form_draw(j, count == 1 ? fields + 1 : fields, &d);
}

static bool
draw(struct exchange *x, const struct reading_page *p, struct err *e)
{
	struct buf b;
	struct jsonout j;
	bool good = p->wrong.code == ERR_OK;
	page_begin(x, &b, &j, "How the file is read", "new");
	jsonout_key(&j, "source");
	put_source_object(&j, &p->source);
	page_put_once(&j);
	put_options(&j, p);
	put_preview(&j, p);
	put_dataset_form(&j, x, p);
	jsonout_member_text(&j, "error", good ? NULL : p->wrong.message);
	return page_draw(x, good ? 200 : err_status(p->wrong.code), &b, &j, "reading", e);
}

/* ---- the preview ---- */

static bool
go_on(struct exchange *x, struct err *e)
{
	struct reading_page *p = x->state;
	struct job job;
	json_t *preview;
	if (!model_preview_take(&x->app->model, &x->caller, p->job_id, &job, &x->arena, e))
		return false;
	if (str_is(job.state, "failed") || str_is(job.state, "cancelled")) {
		struct err why = {0};
		if (model_job_failure(&job, &why) || err_status(why.code) >= 500) {
			*e = why;
			return false;
		}
		if (p->wrong.code == ERR_OK)
			p->wrong = why;
		return draw(x, p, e);
	}
	if (!str_is(job.state, "done")) {
		exchange_wait(x, p->job_id, true, go_on);
		return true;
	}
	if (!tree_parse_own(&preview, job.result, &x->arena, e))
		return false;
	p->preview = preview;
	return draw(x, p, e);
}

/* Of options that make no sense there is no preview, only what is wrong with them. */
static bool
show(struct exchange *x, struct reading_page *p, struct err *e)
{
	struct job job;
	struct str options;
	struct err wrong = {0};
	const json_t *sent = json_object_get(p->sent, "options");
	json_t *none = json_object();
	if (!form_keep(none, &x->arena, e))
		return false;
	if (!model_options_check(&options, sent ? sent : none, FORM_TEXT, &x->arena, &wrong)) {
		if (p->wrong.code == ERR_OK)
			p->wrong = wrong;
		options = (struct str){0};
		return draw(x, p, e);
	}
	if (!model_source_preview(
		&x->app->model, &x->caller, x->value[0], options, &p->source, &job, &x->arena, e))
		return false;
	memcpy(p->job_id, job.job_id, sizeof p->job_id);
	x->state = p;
	exchange_wait(x, p->job_id, true, go_on);
	return true;
}

static struct reading_page *
page_new_reading(struct exchange *x, struct err *e)
{
	struct reading_page *p = arena_alloc(&x->arena, sizeof *p);
	*p = (struct reading_page){0};
	if (!caller_may(&x->caller, RIGHT_EDIT, e) ||
	    !model_source_get(&x->app->model, &x->caller, x->value[0], &p->source, &x->arena, e))
		return NULL;
	return p;
}

bool
page_reading(struct exchange *x, struct err *e)
{
	struct reading_page *p = page_new_reading(x, e);
	json_t *options;
	if (!p)
		return false;
	/* As it was read last, unless it is to be found out anew. */
	bool anew = url_parameter(&x->request.query, "anew").n > 0;
	p->sent = json_object();
	if (!form_keep(p->sent, &x->arena, e))
		return false;
	if (p->source.options.n && !anew) {
		if (!tree_parse_own(&options, p->source.options, &x->arena, e))
			return false;
		if (json_object_set(p->sent, "options", options) != 0)
			return FAIL(e, UNAVAILABLE, "out of memory");
	}
	return show(x, p, e);
}

/* ---- making it ---- */

/* Columns about which nothing was said need not be remembered. */
static bool
says_nothing(const json_t *column)
{
	struct str name = tree_str(column, "name"), keep = tree_str(column, "keep");
	return (name.n == 0 || str_equal(name, tree_str(column, "from"))) &&
	       tree_str(column, "type").n == 0 && (keep.n == 0 || str_is(keep, "true"));
}

static bool
drop_columns_unsaid(struct exchange *x, json_t *sent, struct err *e)
{
	json_t *options = json_object_get(sent, "options"), *list = json_array();
	const struct form_row *rows;
	if (!form_keep(list, &x->arena, e))
		return false;
	size_t count = form_rows(&rows, json_object_get(options, "columns"),
	    option_fields[OPTION_COLUMNS].fields, &x->arena);
	for (size_t i = 0; i < count; i++)
		if (!says_nothing(rows[i].row) &&
		    json_array_append(list, (json_t *)(uintptr_t)rows[i].row) != 0)
			return FAIL(e, UNAVAILABLE, "out of memory");
	if (!options)
		return true;
	return json_object_set(options, "columns", list) == 0 ||
	       FAIL(e, UNAVAILABLE, "out of memory");
}

static bool
make(struct exchange *x, struct reading_page *p, struct job *job, struct err *e)
{
	struct model *m = &x->app->model;
	struct dataset_request request;
	struct dataset d;
	const json_t *options = json_object_get(p->sent, "options");
	if (!dataset_request_check(m, &x->caller, &request, p->sent, REQUEST_FORM, &x->arena, e) ||
	    (options && !model_options_check(&request.options, options, FORM_TEXT, &x->arena, e)))
		return false;
	memcpy(request.source_id, p->source.source_id, sizeof request.source_id);
	return model_dataset_create(m, &x->caller, &request, &d, job, &x->arena, e);
}

bool
page_reading_post(struct exchange *x, struct err *e)
{
	struct reading_page *p = page_new_reading(x, e);
	struct job job;
	bool answered = false;
	if (!p || !page_posted(&p->sent, x, e) || !drop_columns_unsaid(x, p->sent, e))
		return false;
	if (json_object_get(p->sent, "show"))
		return show(x, p, e);
	if (!page_begin_once(x, p->sent, &answered, "/datasets", e) || answered)
		return answered;
	if (make(x, p, &job, &p->wrong)) {
		x->keep_nothing = false;
		respond_see_other(x, arena_format(&x->arena, "/jobs/%s?follow=1", job.job_id));
		return true;
	}
	if (!page_can_mend(&p->wrong)) {
		*e = p->wrong;
		return false;
	}
	return show(x, p, e);
}
