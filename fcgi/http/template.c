/* template.c: draws compiled templates; see template.h.  It only walks a program. */
#include "http/template_program.h"
#include "base/jsonout.h"
#include "http/url.h"

struct loop {
	const json_t *items;
	size_t at;
	json_t **index; /* holds {row.index}; made once per level and draw */
};

#define DRAWN_DEPTH 4

struct draw {
	const struct template_set *set;
	int depth; /* of templates drawn in templates */
	struct buf *out;
	struct buf scratch;
	const json_t *data;
	struct loop loops[TEMPLATE_LOOPS];
};

void
template_escape(struct buf *out, struct str s)
{
	size_t start = 0;
	for (size_t i = 0; i < s.n; i++) {
		const char *reference = NULL;
		switch (s.p[i]) {
		case '&':
			reference = "&amp;";
			break;
		case '<':
			reference = "&lt;";
			break;
		case '>':
			reference = "&gt;";
			break;
		case '"':
			reference = "&quot;";
			break;
		case '\'':
			reference = "&#39;";
			break;
		default:
			continue;
		}
		buf_put(out, s.p + start, i - start);
		buf_put_text(out, reference);
		start = i + 1;
	}
	buf_put(out, s.p + start, s.n - start);
}

/* Percent-encoded; "." and ".." alone are left out, because a browser takes them in a path as a
 * way up even when they are encoded. */
static void
put_address(struct buf *out, struct str s, enum template_place place)
{
	if (place == TEMPLATE_IN_QUERY || (!str_is(s, ".") && !str_is(s, "..")))
		url_encode(out, s);
}

/* name=value pairs that are encoded already: what has no place in such ones is encoded, and the
 * rest stays. */
static void
put_query(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '&')
			buf_put_text(out, "&amp;");
		else if (s.p[i] == '=' || s.p[i] == '%' || s.p[i] == '+')
			buf_put_char(out, s.p[i]);
		else
			url_encode(out, (struct str){s.p + i, 1});
	}
}

/* 1234567 as 1 234 567 with thin spaces. */
static void
put_count(struct buf *out, int64_t v)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%" PRId64, v);
	int first = v < 0;
	buf_put(out, digits, (size_t)first);
	for (int i = first; i < n; i++) {
		if (i > first && (n - i) % 3 == 0)
			buf_put_text(out, "\xe2\x80\x89");
		buf_put_char(out, digits[i]);
	}
}

/* 1234567 as 1.2 MB, in powers of 1000, rounded half up. */
static void
put_bytes(struct buf *out, int64_t v)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	uint64_t unit = 1000;
	size_t i = 0;
	if (v < 1000) {
		buf_format(out, "%" PRId64 " B", v);
		return;
	}
	/* As long as it would print as 1000.0 or more. */
	while (i + 1 < ARRAY_LENGTH(units) && (uint64_t)v >= unit * 1000 - unit / 20) {
		unit *= 1000;
		i++;
	}
	uint64_t tenths = ((uint64_t)v + unit / 20) / (unit / 10);
	buf_format(out, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[i]);
}

/* "2024-03-14T15:30:00Z" as "2024-03-14 15:30 UTC"; any other text stays as it is. */
static struct str
time_text(struct str s, struct buf *scratch)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	if (s.n < sizeof shape || s.p[s.n - 1] != 'Z')
		return s;
	for (size_t i = 0; i < sizeof shape - 1; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';
		if (shape[i] == 'd' ? !digit : s.p[i] != shape[i])
			return s;
	}
	buf_format(scratch, "%.10s %.5s UTC", s.p, s.p + 11);
	return buf_str(scratch);
}

struct str
template_value_text(const json_t *value, enum template_format format, struct buf *scratch)
{
	scratch->n = 0;
	if (json_is_string(value)) {
		struct str s = {json_string_value(value), json_string_length(value)};
		return format == TEMPLATE_TIME ? time_text(s, scratch) : s;
	}
	if (json_is_integer(value)) {
		int64_t v = json_integer_value(value);
		if (format == TEMPLATE_COUNT)
			put_count(scratch, v);
		else if (format == TEMPLATE_BYTES)
			put_bytes(scratch, v);
		else
			buf_format(scratch, "%" PRId64, v);
	} else if (json_is_real(value)) {
		struct jsonout j;
		jsonout_init(&j, scratch);
		jsonout_double(&j, json_real_value(value));
	} else if (json_is_boolean(value)) {
		buf_put_text(scratch, json_is_true(value) ? "true" : "false");
	}
	return buf_str(scratch);
}

bool
template_is_true(const json_t *value)
{
	if (json_is_string(value))
		return json_string_length(value) > 0;
	if (json_is_number(value))
		return json_number_value(value) != 0;
	if (json_is_array(value))
		return json_array_size(value) > 0;
	if (json_is_object(value))
		return json_object_size(value) > 0;
	return json_is_true(value);
}

static void
release_index(void *holder)
{
	json_decref(*(json_t **)holder);
}

/* The number of the item, from 1, as a value. */
static const json_t *
loop_index(struct draw *d, struct loop *loop)
{
	json_int_t number = (json_int_t)loop->at + 1;
	if (!loop->index) {
		/* The holder comes before the value, because noting it in the arena may unwind. */
		loop->index = arena_alloc(d->out->arena, sizeof(json_t *));
		arena_defer(d->out->arena, release_index, loop->index);
		*loop->index = json_integer(number);
	}
	json_integer_set(*loop->index, number);
	return *loop->index;
}

/* What the path leads to, NULL when nowhere. */
static const json_t *
resolve(struct draw *d, const struct template_path *path)
{
	struct loop *loop = path->level >= 0 ? &d->loops[path->level] : NULL;
	const json_t *value = loop ? json_array_get(loop->items, loop->at) : d->data;
	if (loop && path->count == 1 && !json_object_get(value, path->names[0])) {
		if (strcmp(path->names[0], "index") == 0)
			return loop_index(d, loop);
		if (strcmp(path->names[0], "first") == 0)
			return loop->at == 0 ? json_true() : json_false();
	}
	for (size_t i = 0; i < path->count && value; i++)
		value = json_object_get(value, path->names[i]);
	return value;
}

static void
draw_attribute(struct draw *d, const struct template_instruction *in)
{
	const json_t *value = resolve(d, &in->path);
	if (!value || json_is_null(value) || json_is_false(value))
		return;
	buf_put_char(d->out, ' ');
	buf_put_str(d->out, in->text);
	/* aria-expanded and its kin are words, not boolean attributes. */
	if (json_is_true(value) && !str_starts(in->text, "aria-"))
		return;
	buf_put_text(d->out, "=\"");
	template_escape(d->out, template_value_text(value, in->path.format, &d->scratch));
	buf_put_char(d->out, '"');
}

static bool
holds(struct draw *d, const struct template_instruction *in)
{
	const json_t *value = resolve(d, &in->path);
	if (in->test == TEMPLATE_TRUE)
		return template_is_true(value);
	if (in->test == TEMPLATE_FALSE)
		return !template_is_true(value);
	struct str text = template_value_text(value, in->path.format, &d->scratch);
	return str_equal(text, in->text) == (in->test == TEMPLATE_EQUAL);
}

static void
draw_value(struct draw *d, const struct template_instruction *in)
{
	struct str text = template_value_text(resolve(d, &in->path), in->path.format, &d->scratch);
	if (in->place == TEMPLATE_IN_TEXT)
		template_escape(d->out, text);
	else if (in->place == TEMPLATE_IN_QUERY && in->path.format == TEMPLATE_QUERY)
		put_query(d->out, text);
	else
		put_address(d->out, text, in->place);
}

static const struct template_program *
find_program(const struct template_set *set, struct str name)
{
	for (size_t i = 0; i < set->count; i++)
		if (str_is(name, set->programs[i].name))
			return &set->programs[i];
	return NULL;
}

static void run(struct draw *d, const struct template_program *program);

/* Another template in this place; a name that leads nowhere draws nothing, and so does one too
 * deep. */
static void
draw_other(struct draw *d, const struct template_instruction *in)
{
	struct str name = template_value_text(resolve(d, &in->path), TEMPLATE_PLAIN, &d->scratch);
	const struct template_program *other =
	    d->depth < DRAWN_DEPTH ? find_program(d->set, name) : NULL;
	struct draw inner = {.out = d->out, .data = d->data, .set = d->set, .depth = d->depth + 1};
	if (!other || other->is_page)
		return;
	buf_init(&inner.scratch, d->out->arena);
	run(&inner, other);
}

static void
run(struct draw *d, const struct template_program *program)
{
	size_t at = 0;
	while (at < program->count) {
		const struct template_instruction *in = &program->code[at++];
		struct loop *loop = &d->loops[in->level];
		switch (in->operation) {
		case TEMPLATE_LITERAL:
			buf_put_str(d->out, in->text);
			break;
		case TEMPLATE_VALUE:
			draw_value(d, in);
			break;
		case TEMPLATE_ATTRIBUTE:
			draw_attribute(d, in);
			break;
		case TEMPLATE_IF:
			if (!holds(d, in))
				at = in->jump;
			break;
		case TEMPLATE_EACH:
			loop->items = resolve(d, &in->path);
			loop->at = 0;
			if (json_array_size(loop->items) == 0)
				at = in->jump;
			break;
		case TEMPLATE_NEXT:
			if (++loop->at < json_array_size(loop->items))
				at = in->jump;
			break;
		case TEMPLATE_FORM:
			template_draw_form(d->out, resolve(d, &in->path), &d->scratch);
			break;
		case TEMPLATE_DRAW:
			draw_other(d, in);
			break;
		}
	}
}

bool
template_exists(const struct template_set *set, const char *name)
{
	return find_program(set, str_of(name)) != NULL;
}

bool
template_is_page(const struct template_set *set, const char *name)
{
	const struct template_program *program = find_program(set, str_of(name));
	return program && program->is_page;
}

bool
template_draw(struct buf *out, const struct template_set *set, const char *name, const json_t *data,
    struct err *e)
{
	struct draw d = {.out = out, .data = data, .set = set};
	const struct template_program *program = find_program(set, str_of(name));
	if (!program)
		return FAIL(e, SYSTEM, "there is no template %s.xhtml", name);
	buf_init(&d.scratch, out->arena);
	if (program->is_page)
		buf_put_text(out, "<!doctype html>\n");
	run(&d, program);
	return true;
}
