/* row_form.c: see row_form.h. */
#include "pages/row_form.h"
#include "api/rowcells.h"
#include "base/form.h"
#include "base/limits.h"
#include "base/tree.h"

#include <math.h>

#define FORM_COLUMNS 400        /* two fields each: a form has at most LIMIT_FORM_FIELDS */
#define FORM_CELL_BYTES KIB(32) /* of one cell that is to be edited in an input */
#define FORM_BYTES KIB(256)     /* of all: encoded they must fit LIMIT_FORM_FIELD_BYTES */
#define LINE_BYTES 120          /* a longer text gets more than a line */
#define SHOWN_BYTES 200         /* of what somebody else wrote, in a message */
#define DIGEST_BYTES 17

/* One column of the form while it is drawn. */
struct input {
	const struct row_form *f;
	const struct column *column;
	struct str id;      /* col_name */
	struct str now;     /* what is stored, as text */
	const char *posted; /* what the person sent, or NULL */
	const char *was;    /* the digest they sent with it, or NULL */
	const char *error, *note;
	struct str value; /* what stands in the input */
};

/* ---- texts ---- */

/* FNV-1a: it keeps two texts apart, not an enemy out. */
static void
digest(char out[DIGEST_BYTES], struct str text)
{
	uint64_t h = 14695981039346656037u;
	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * 1099511628211u;
	snprintf(out, DIGEST_BYTES, "%016" PRIx64, h);
}

/* Browsers send every line end as CR LF. */
static struct str
one_line_end(struct str text, struct arena *a)
{
	if (text.n == 0 || !memchr(text.p, '\r', text.n))
		return text;
	char *out = arena_alloc(a, text.n);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '\r')
			out[n++] = text.p[i];
		else if (i + 1 == text.n || text.p[i + 1] != '\n')
			out[n++] = '\n';
	}
	return (struct str){out, n};
}

static bool
has_digest(struct str text, const char *was, struct arena *a)
{
	char now[DIGEST_BYTES];
	digest(now, one_line_end(text, a));
	return was && strcmp(was, now) == 0;
}

/* What stands in a cell, as an input holds it: nothing for null and absent. */
static struct str
text_of(const struct cell *c, struct arena *a)
{
	if (c->kind == CELL_ABSENT || c->kind == CELL_NULL)
		return STR("");
	if (c->kind != CELL_TEXT || !c->escaped)
		return c->bytes;
	char *plain = arena_alloc(a, c->bytes.n);
	return (struct str){plain, cells_unescape(plain, c->bytes)};
}

static struct str
id_of(const struct column *c, struct arena *a)
{
	return arena_format(a, "col_%.*s", STR_ARG(c->slug));
}

static const char *
posted_of(const json_t *sent, const char *group, struct str id, struct arena *a)
{
	return json_string_value(json_object_get(json_object_get(sent, group), arena_text(a, id)));
}

/* ---- which input ---- */

/* What <input type=number> shows; anything else it would show as empty, and so delete. */
static bool
fits_number(struct str text, struct arena *a)
{
	return text.n == 0 ||
	       (cells_is_number(text) && isfinite(strtod(arena_text(a, text), NULL)));
}

static bool
fits_date(struct str text)
{
	static const char shape[] = "dddd-dd-dd";
	bool good = text.n == 0 || text.n == sizeof shape - 1;
	for (size_t i = 0; i < text.n && good; i++)
		good = shape[i] == 'd' ? text.p[i] >= '0' && text.p[i] <= '9' : text.p[i] == '-';
	return good;
}

static const char *
widget_of(const struct input *in, struct arena *a)
{
	bool lines = in->value.n > LINE_BYTES ||
		     (in->value.n && (memchr(in->value.p, '\n', in->value.n) ||
					 memchr(in->value.p, '\r', in->value.n)));
	switch (in->column->type) {
	case COLUMN_INTEGER:
	case COLUMN_NUMBER:
		if (fits_number(in->value, a))
			return "number";
		break;
	case COLUMN_BOOLEAN:
		return "choice";
	case COLUMN_DATE:
		if (fits_date(in->value))
			return "date";
		break;
	case COLUMN_TEXT:
	case COLUMN_JSON:
		return "area";
	case COLUMN_STRING:
	case COLUMN_DATETIME:
	case COLUMN__MAX:
		break;
	}
	return lines ? "area" : "line";
}

static void
put_choice(struct jsonout *j, struct str value, struct str label)
{
	jsonout_object(j);
	jsonout_member_str(j, "value", value);
	jsonout_member_str(j, "label", label);
	jsonout_end(j);
}

/* True, false, nothing, and whatever else a file may have called it. */
static void
put_choices(struct jsonout *j, const struct input *in)
{
	struct str value = in->value;
	bool other = value.n && !str_is(value, "true") && !str_is(value, "false");
	jsonout_key(j, "choices");
	jsonout_array(j);
	put_choice(j, STR(""), STR("–"));
	put_choice(j, STR("true"), STR("true"));
	put_choice(j, STR("false"), STR("false"));
	if (other)
		put_choice(j, value, value);
	jsonout_end(j);
}

/* What the column is, what its input takes, what it becomes when it is left empty. */
static struct str
help_of(const struct input *in, struct arena *a)
{
	struct buf b;
	const struct column *c = in->column;
	buf_init(&b, a);
	if (in->note)
		buf_put_text(&b, in->note);
	if (c->description.n)
		buf_format(&b, "%s%.*s", b.n ? " " : "", STR_ARG(c->description));
	if (c->type == COLUMN_DATETIME)
		buf_format(&b, "%sAs 2024-03-14T15:30:00Z.", b.n ? " " : "");
	if (c->type == COLUMN_JSON)
		buf_format(&b, "%sJSON.", b.n ? " " : "");
	if (!in->f->row && c->default_value.n)
		buf_format(&b, "%sLeft empty, it becomes “%.*s”.", b.n ? " " : "",
		    STR_ARG(str_clip(c->default_value, SHOWN_BYTES)));
	return buf_str(&b);
}

/* ---- drawing ---- */

/* The model names a cell by the key it was sent under; an err's field may be cut. */
static bool
is_about(const struct err *wrong, struct str id, struct str name)
{
	const struct str keys[] = {id, name};
	for (size_t i = 0; wrong && i < ARRAY_LENGTH(keys); i++) {
		char field[ERR_FIELD_BYTES];
		struct str key = str_clip(keys[i], sizeof field - sizeof "cells.");
		snprintf(field, sizeof field, "cells.%.*s", STR_ARG(key));
		if (strcmp(wrong->field, field) == 0)
			return true;
	}
	return false;
}

/* Somebody else was quicker: what the person changed stays, what they left alone is as it is now.
 */
static void
settle_conflict(struct input *in, struct arena *a)
{
	struct str mine = str_of(in->posted);
	bool i_did = in->posted && !has_digest(mine, in->was, a);
	bool they_did = in->was && !has_digest(in->now, in->was, a);
	bool alike = str_equal(one_line_end(mine, a), one_line_end(in->now, a));
	in->value = i_did ? mine : in->now;
	if (i_did && they_did && !alike && in->now.n == 0)
		in->error = "Meanwhile this was emptied. Saving keeps what stands here.";
	else if (i_did && they_did && !alike)
		in->error = arena_format(a,
		    "Meanwhile this became “%.*s%s”. Saving keeps what stands here.",
		    STR_ARG(str_clip(in->now, SHOWN_BYTES)), in->now.n > SHOWN_BYTES ? "…" : "")
				.p;
	else if (they_did)
		in->note = "Changed meanwhile: this is what is stored now.";
}

static void
put_input(struct jsonout *j, struct input *in)
{
	struct arena *a = j->out->arena;
	const struct row_form *f = in->f;
	const struct column *c = in->column;
	bool conflict = f->wrong && f->wrong->code == ERR_PRECONDITION;
	in->value = in->posted ? str_of(in->posted) : in->now;
	if (conflict && f->row)
		settle_conflict(in, a);
	else if (is_about(f->wrong, in->id, c->name))
		in->error = f->wrong->message;
	const char *widget = widget_of(in, a);
	jsonout_object(j);
	jsonout_member_str(j, "name", arena_format(a, "cells.%.*s", STR_ARG(in->id)));
	jsonout_member_str(j, "label", c->name);
	jsonout_member_text(j, "widget", widget);
	jsonout_member_str(j, "value", in->value);
	jsonout_member_str(j, "help", help_of(in, a));
	/* An empty one becomes the default value. */
	jsonout_member_bool(j, "required", c->required && (f->row || !c->default_value.n));
	if (in->error)
		jsonout_member_text(j, "error", in->error);
	if (strcmp(widget, "choice") == 0)
		put_choices(j, in);
	jsonout_end(j);
}

/* What no input can hold: too long, or with a byte that browsers change. */
static bool
can_hold(struct str text, size_t *left)
{
	if (text.n > FORM_CELL_BYTES || text.n > *left || (text.n && memchr(text.p, 0, text.n)))
		return false;
	*left -= text.n;
	return true;
}

static void
put_held(struct jsonout *j, const struct input *held, size_t count, size_t columns)
{
	jsonout_key(j, "held");
	jsonout_array(j);
	for (size_t i = 0; i < count; i++) {
		jsonout_object(j);
		jsonout_member_str(j, "name", held[i].column->name);
		jsonout_member_int(j, "bytes", (int64_t)held[i].now.n);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_member_int(
	    j, "held_more", columns > FORM_COLUMNS ? (int64_t)(columns - FORM_COLUMNS) : 0);
}

/* What the person sees now, or saw when they began. */
static void
put_was(struct jsonout *j, const struct input *shown, size_t count, bool anew)
{
	jsonout_key(j, "was");
	jsonout_array(j);
	for (size_t i = 0; i < count; i++) {
		char now[DIGEST_BYTES];
		digest(now, one_line_end(shown[i].now, j->out->arena));
		jsonout_object(j);
		jsonout_member_str(j, "id", shown[i].id);
		jsonout_member_text(j, "digest", anew || !shown[i].was ? now : shown[i].was);
		jsonout_end(j);
	}
	jsonout_end(j);
}

void
row_form_put(struct jsonout *j, const struct row_form *f)
{
	struct arena *a = j->out->arena;
	size_t shown_count = 0, held_count = 0, left = FORM_BYTES;
	struct rowcells cells;
	struct input *shown = arena_array(a, FORM_COLUMNS, sizeof *shown),
		     *held = arena_array(a, FORM_COLUMNS, sizeof *held);
	rowcells_init(&cells, f->columns, f->count, a);
	if (f->row)
		rowcells_read(&cells, f->row);
	for (size_t k = 0; k < f->count && k < FORM_COLUMNS; k++) {
		struct input in = {.f = f, .column = &f->columns[k]};
		in.id = id_of(in.column, a);
		in.now = f->row ? text_of(cells.cells[k], a) : STR("");
		in.posted = posted_of(f->sent, "cells", in.id, a);
		in.was = posted_of(f->sent, "was", in.id, a);
		if (can_hold(in.now, &left))
			shown[shown_count++] = in;
		else
			held[held_count++] = in;
	}
	jsonout_key(j, "form");
	jsonout_array(j);
	for (size_t i = 0; i < shown_count; i++)
		put_input(j, &shown[i]);
	jsonout_end(j);
	put_was(j, shown, f->row ? shown_count : 0,
	    !f->sent || (f->wrong && f->wrong->code == ERR_PRECONDITION));
	put_held(j, held, held_count, f->count);
}

/* ---- reading ---- */

static bool
is_texty(enum column_type type)
{
	return type == COLUMN_STRING || type == COLUMN_TEXT;
}

/* In a column of JSON an object stays one; a word that is no JSON is a text there as elsewhere. */
static bool
json_of(json_t **out, const struct column *c, struct str text, struct arena *a, struct err *e)
{
	struct err why = {0};
	json_t *list;
	bool nested = text.n && (text.p[0] == '{' || text.p[0] == '[');
	if (text.n == 0)
		*out = json_null();
	else if (tree_parse(&list, arena_format(a, "[%.*s]", STR_ARG(text)), a, &why) &&
		 json_array_size(list) == 1)
		*out = json_incref(json_array_get(list, 0));
	else if (!nested)
		*out = json_stringn(text.p, text.n);
	else
		return FAIL_FIELD(e, UNPROCESSABLE,
		    arena_format(a, "cells.%.*s", STR_ARG(id_of(c, a))).p, "%.*s must be JSON: %s",
		    STR_ARG(str_clip(c->name, 100)), why.message);
	return true;
}

static bool
value_of(json_t **out, const struct column *c, struct str text, struct arena *a, struct err *e)
{
	text = one_line_end(text, a);
	if (!is_texty(c->type))
		text = str_trim(text);
	if (c->type == COLUMN_JSON)
		return json_of(out, c, text, a, e);
	*out = json_stringn(text.n ? text.p : "", text.n);
	return true;
}

/* Two columns may have one name (a task may add one); then the id must do. */
static const char *
key_of(const struct row_form *f, const struct column *c, struct arena *a)
{
	size_t alike = 0;
	for (size_t i = 0; i < f->count; i++)
		alike += str_equal(f->columns[i].name, c->name);
	bool good = alike == 1 && c->name.n && !memchr(c->name.p, 0, c->name.n);
	return arena_text(a, good ? c->name : id_of(c, a));
}

bool
row_form_read(json_t **out, const struct row_form *f, struct arena *a, struct err *e)
{
	json_t *cells = json_object();
	if (!form_keep(cells, a, e))
		return false;
	*out = cells;
	for (size_t k = 0; k < f->count; k++) {
		const struct column *c = &f->columns[k];
		struct str id = id_of(c, a);
		const char *posted = posted_of(f->sent, "cells", id, a),
			   *was = posted_of(f->sent, "was", id, a);
		const char *key = key_of(f, c, a);
		json_t *value;
		if (!posted || (f->row && has_digest(str_of(posted), was, a)))
			continue;
		if (!value_of(&value, c, str_of(posted), a, e))
			return false;
		if (json_object_set_new(cells, key, value) != 0)
			return FAIL(e, UNAVAILABLE, "out of memory");
	}
	return true;
}
