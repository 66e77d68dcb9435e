/*
 * template_form.c: r:form: fields as labelled inputs.  Each is one <div class="field">: label,
 * input, help, error; the input says by aria-describedby where the last two stand.
 *
 * Limits of text are in bytes and the browser counts UTF-16 units, of which a text has never more
 * than bytes: max becomes maxlength (it stops nothing that is allowed), min is left to the server.
 */
#include "http/template_program.h"

struct form_field {
	struct buf *out, *scratch;
	const json_t *field;
	const char *id;
	bool has_help, has_error;
};

static struct str
member(const struct form_field *f, const char *key)
{
	return template_value_text(json_object_get(f->field, key), TEMPLATE_PLAIN, f->scratch);
}

static void
put_attribute(const struct form_field *f, const char *name, struct str value)
{
	buf_format(f->out, " %s=\"", name);
	template_escape(f->out, value);
	buf_put_char(f->out, '"');
}

/* An attribute that is there only when the field says it. */
static void
put_limit(const struct form_field *f, const char *name, const char *key)
{
	if (json_is_number(json_object_get(f->field, key)))
		put_attribute(f, name, member(f, key));
}

static void
put_common_attributes(const struct form_field *f)
{
	put_attribute(f, "id", str_of(f->id));
	put_attribute(f, "name", member(f, "name"));
	if (template_is_true(json_object_get(f->field, "required")))
		buf_put_text(f->out, " required");
	if (f->has_help || f->has_error) {
		buf_put_text(f->out, " aria-describedby=\"");
		if (f->has_help) {
			template_escape(f->out, str_of(f->id));
			buf_put_text(f->out, f->has_error ? "-help " : "-help");
		}
		if (f->has_error) {
			template_escape(f->out, str_of(f->id));
			buf_put_text(f->out, "-error");
		}
		buf_put_char(f->out, '"');
	}
	if (f->has_error)
		buf_put_text(f->out, " aria-invalid=\"true\"");
}

static void
draw_area(const struct form_field *f)
{
	buf_put_text(f->out, "<textarea rows=\"4\"");
	put_common_attributes(f);
	put_limit(f, "maxlength", "max");
	/* HTML drops one line end behind the tag, so that one is given to it. */
	buf_put_text(f->out, ">\n");
	template_escape(f->out, member(f, "value"));
	buf_put_text(f->out, "</textarea>");
}

static void
draw_choice(const struct form_field *f)
{
	const json_t *choices = json_object_get(f->field, "choices");
	struct str chosen = arena_copy(f->out->arena, member(f, "value"));
	buf_put_text(f->out, "<select");
	put_common_attributes(f);
	buf_put_char(f->out, '>');
	for (size_t i = 0; i < json_array_size(choices); i++) {
		const json_t *choice = json_array_get(choices, i);
		const json_t *label = json_object_get(choice, "label");
		const json_t *given = json_object_get(choice, "value");
		struct str value = template_value_text(given, TEMPLATE_PLAIN, f->scratch);
		buf_put_text(f->out, "<option");
		put_attribute(f, "value", value);
		if (str_equal(value, chosen))
			buf_put_text(f->out, " selected");
		buf_put_char(f->out, '>');
		template_escape(
		    f->out, template_value_text(label ? label : given, TEMPLATE_PLAIN, f->scratch));
		buf_put_text(f->out, "</option>");
	}
	buf_put_text(f->out, "</select>");
}

/* A secret that nobody is to remember is not filled in.  An address is text, not type=email, which
 * would refuse or rewrite what the server takes (an ü in its name), with the keyboard of one. */
static void
put_autocomplete(const struct form_field *f, bool is_secret)
{
	const json_t *given = json_object_get(f->field, "autocomplete");
	if (given || is_secret)
		buf_put_text(f->out, " spellcheck=\"false\"");
	if (given)
		put_attribute(f, "autocomplete", member(f, "autocomplete"));
	else if (is_secret)
		buf_put_text(f->out, " autocomplete=\"off\"");
	if (given && str_is(member(f, "autocomplete"), "username"))
		buf_put_text(f->out, " inputmode=\"email\" autocapitalize=\"none\"");
}

static void
draw_input(const struct form_field *f, struct str widget)
{
	bool is_number = str_is(widget, "number"), is_file = str_is(widget, "file");
	bool is_secret = str_is(widget, "secret");
	buf_put_text(f->out, "<input type=\"");
	buf_put_text(f->out, is_number                ? "number"
			     : str_is(widget, "date") ? "date"
			     : is_file                ? "file"
			     : is_secret              ? "password"
						      : "text");
	buf_put_char(f->out, '"');
	put_common_attributes(f);
	if (is_number) {
		/* Without it the browser refuses 48.1 in a field of degrees. */
		buf_put_text(f->out, " step=\"any\"");
		put_limit(f, "min", "min");
		put_limit(f, "max", "max");
	} else if (!is_file) {
		put_limit(f, "maxlength", "max");
	}
	put_autocomplete(f, is_secret);
	if (!is_file && !is_secret)
		put_attribute(f, "value", member(f, "value"));
	buf_put_char(f->out, '>');
}

static void
draw_note(const struct form_field *f, const char *kind)
{
	buf_format(f->out, "<p class=\"%s\" id=\"", kind);
	template_escape(f->out, str_of(f->id));
	buf_format(f->out, "-%s\">", kind);
	template_escape(f->out, member(f, kind));
	buf_put_text(f->out, "</p>");
}

/* field-NAME; an id has no space in it, and in aria-describedby a space would part two. */
static const char *
make_id(const struct form_field *f)
{
	struct str name = member(f, "name");
	char *id = arena_alloc(f->out->arena, name.n + sizeof "field-");
	memcpy(id, "field-", 6);
	for (size_t i = 0; i < name.n; i++)
		id[6 + i] = (unsigned char)name.p[i] <= ' ' ? '-' : name.p[i];
	return id;
}

static void draw_field(const struct form_field *f);

static struct form_field
field_of(const struct form_field *outer, const json_t *field)
{
	struct form_field f = {.out = outer->out, .scratch = outer->scratch, .field = field};
	f.id = make_id(&f);
	f.has_help = template_is_true(json_object_get(field, "help"));
	f.has_error = template_is_true(json_object_get(field, "error"));
	return f;
}

static void
begin_fieldset(const struct form_field *f, const char *kind)
{
	buf_format(f->out, "<fieldset class=\"%s\"><legend>", kind);
	template_escape(f->out, member(f, "label"));
	buf_put_text(f->out, "</legend>");
	if (f->has_help)
		draw_note(f, "help");
	if (f->has_error)
		draw_note(f, "error");
}

static void
draw_group(const struct form_field *f)
{
	begin_fieldset(f, "form-group");
	const json_t *fields = json_object_get(f->field, "fields");
	for (size_t i = 0; i < json_array_size(fields); i++) {
		struct form_field inner = field_of(f, json_array_get(fields, i));
		draw_field(&inner);
	}
	buf_put_text(f->out, "</fieldset>\n");
}

/* A box that is not ticked sends nothing, which would mean the preset.  Of two of one name the
 * first counts. */
static void
put_off(const struct form_field *f)
{
	if (!template_is_true(json_object_get(f->field, "says_off")))
		return;
	buf_put_text(f->out, "<input type=\"hidden\" value=\"false\"");
	put_attribute(f, "name", member(f, "name"));
	buf_put_char(f->out, '>');
}

/* The input of a field in a table: its label is the column's head. */
static void
draw_control(const struct form_field *f, struct str widget)
{
	if (str_is(widget, "area")) {
		draw_area(f);
	} else if (str_is(widget, "choice")) {
		draw_choice(f);
	} else if (str_is(widget, "check")) {
		buf_put_text(f->out, "<input type=\"checkbox\" value=\"true\"");
		put_common_attributes(f);
		struct str value = member(f, "value");
		if (str_is(value, "true") || str_is(value, "1"))
			buf_put_text(f->out, " checked");
		buf_put_char(f->out, '>');
		put_off(f);
	} else {
		draw_input(f, widget);
	}
}

static struct str
widget_of(const struct form_field *f)
{
	return template_value_text(json_object_get(f->field, "widget"), TEMPLATE_PLAIN, f->scratch);
}

static void
draw_label(const struct form_field *f, const char *kind)
{
	buf_format(f->out, "<label%s", kind);
	put_attribute(f, "for", str_of(f->id));
	buf_put_char(f->out, '>');
	template_escape(f->out, member(f, json_object_get(f->field, "label") ? "label" : "name"));
	buf_put_text(f->out, "</label>");
}

static void
draw_row(const struct form_field *f, const json_t *row)
{
	const json_t *fields = json_object_get(row, "fields");
	buf_put_text(f->out, "<tr>");
	for (size_t i = 0; i < json_array_size(fields); i++) {
		struct form_field inner = field_of(f, json_array_get(fields, i));
		/* The head explains it once for the whole column. */
		inner.has_help = false;
		buf_put_text(f->out, "<td>");
		draw_label(&inner, " class=\"visually-hidden\"");
		draw_control(&inner, widget_of(&inner));
		if (inner.has_error)
			draw_note(&inner, "error");
		buf_put_text(f->out, "</td>");
	}
	buf_put_text(f->out, "</tr>");
}

static void
draw_table(const struct form_field *f)
{
	begin_fieldset(f, "form-table");
	const json_t *columns = json_object_get(f->field, "columns"),
		     *rows = json_object_get(f->field, "rows");
	buf_put_text(f->out, "<div class=\"scroll\"><table data-form-table><thead><tr>");
	for (size_t i = 0; i < json_array_size(columns); i++) {
		buf_put_text(f->out, "<th scope=\"col\">");
		template_escape(f->out,
		    template_value_text(json_array_get(columns, i), TEMPLATE_PLAIN, f->scratch));
		buf_put_text(f->out, "</th>");
	}
	buf_put_text(f->out, "</tr></thead><tbody>");
	for (size_t i = 0; i < json_array_size(rows); i++)
		draw_row(f, json_array_get(rows, i));
	buf_put_text(f->out, "</tbody></table></div></fieldset>\n");
}

static void
draw_field(const struct form_field *f)
{
	struct str widget = widget_of(f);
	if (str_is(widget, "group")) {
		draw_group(f);
		return;
	}
	if (str_is(widget, "table")) {
		draw_table(f);
		return;
	}
	buf_put_text(f->out, "<div class=\"field\">");
	draw_label(f, "");
	draw_control(f, widget);
	if (f->has_help)
		draw_note(f, "help");
	if (f->has_error)
		draw_note(f, "error");
	buf_put_text(f->out, "</div>\n");
}

void
template_draw_form(struct buf *out, const json_t *fields, struct buf *scratch)
{
	struct form_field outer = {.out = out, .scratch = scratch};
	for (size_t i = 0; i < json_array_size(fields); i++) {
		struct form_field f = field_of(&outer, json_array_get(fields, i));
		draw_field(&f);
	}
}
