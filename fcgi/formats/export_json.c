/*
 * export_json.c: JSON Lines, JSON, and a cell as a JSON token; what they are, export.h says.
 */
#include "formats/export_writer.h"

/* A text that reads as a value of the column's type, as the token of that value; 0: it does not. */
static size_t
put_bare(char *out, const struct cell *c, enum column_type type)
{
	if (c->escaped)
		return 0;
	bool value;
	switch (type) {
	case COLUMN_INTEGER:
	case COLUMN_NUMBER:
		if (!cells_is_number(c->bytes))
			return 0;
		memcpy(out, c->bytes.p, c->bytes.n);
		return c->bytes.n;
	case COLUMN_BOOLEAN:
		if (!guess_is_boolean(&value, c->bytes))
			return 0;
		memcpy(out, value ? "true" : "false", value ? 4 : 5);
		return value ? 4 : 5;
	case COLUMN_STRING:
	case COLUMN_TEXT:
	case COLUMN_DATE:
	case COLUMN_DATETIME:
	case COLUMN_JSON:
	case COLUMN__MAX:
		break;
	}
	return 0;
}

size_t
export_cell_token(char *out, const struct cell *c, enum column_type type)
{
	if (c->kind == CELL_ABSENT || c->kind == CELL_NULL) {
		memcpy(out, "null", 4);
		return 4;
	}
	size_t n = c->bytes.n;
	if (c->kind != CELL_TEXT) {
		memcpy(out, c->bytes.p, n);
		return n;
	}
	size_t bare = put_bare(out, c, type);
	if (bare > 0)
		return bare;
	out[0] = '"';
	if (n > 0)
		memcpy(out + 1, c->bytes.p, n);
	out[n + 1] = '"';
	return n + 2;
}

/* ---- lines ---- */

/* "name": of each column. */
static bool
begin(struct export_writer *w, struct err *e)
{
	(void)e;
	struct str *keys = arena_array(w->arena, w->count, sizeof *keys);
	w->state = keys;
	for (size_t i = 0; i < w->count; i++) {
		struct str name = w->columns[i].name;
		char *p = arena_alloc(w->arena, 6 * name.n + 3);
		size_t n = 0;
		p[n++] = '"';
		n += cells_escape(p + n, name.p, name.n);
		p[n++] = '"';
		p[n++] = ':';
		keys[i] = (struct str){p, n};
	}
	return true;
}

static bool
put_object(struct export_writer *w, struct err *e)
{
	const struct str *keys = w->state;
	char before = '{';
	for (size_t i = 0; i < w->count; i++) {
		const struct cell *c = export_cell(w, i);
		if (c->kind == CELL_ABSENT)
			continue;
		struct str key = keys[i];
		if (!export_room(w, key.n + c->bytes.n + 6, e))
			return false;
		char *p = w->out.p + w->out.n;
		*p++ = before;
		memcpy(p, key.p, key.n);
		p += key.n;
		p += export_cell_token(p, c, w->columns[i].type);
		w->out.n = (size_t)(p - w->out.p);
		before = ',';
	}
	if (!export_room(w, 3, e))
		return false;
	if (before == '{')
		w->out.p[w->out.n++] = '{';
	w->out.p[w->out.n++] = '}';
	return true;
}

static bool
put_line(struct export_writer *w, struct err *e)
{
	return put_object(w, e) && export_put(w, "\n", 1, e);
}

static bool
put_item(struct export_writer *w, struct err *e)
{
	const char *before = w->rows == 0 ? "[\n" : ",\n";
	return export_put(w, before, 2, e) && put_object(w, e);
}

static bool
end_array(struct export_writer *w, struct err *e)
{
	return w->rows == 0 ? export_put(w, "[]\n", 3, e) : export_put(w, "\n]\n", 3, e);
}

const struct export_functions export_jsonl = {.begin = begin, .row = put_line};
const struct export_functions export_json = {.begin = begin, .row = put_item, .end = end_array};
