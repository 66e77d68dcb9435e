/* jsontable.c: see jsontable.h. */
#include "formats/jsontable.h"
#include "base/cells.h"
#include "base/utf8.h"
#include "formats/look.h"

enum row_kind { ROW_UNKNOWN, ROW_OBJECT, ROW_ARRAY, ROW_VALUE };

struct json_table {
	struct reader *r;
	struct jsonrow *row;
	struct table_options found;
	enum row_kind kind;
	bool told;   /* how the file is read */
	char *first; /* the first array, which may be the header; NULL: none waits */
	size_t first_n;
	uint64_t first_line;
	bool first_repaired;
	bool header_known;
	bool has_header;
};

static void
release(void *p)
{
	struct json_table *t = p;
	free(t->first);
	t->first = NULL;
}

struct json_table *
json_table_new(struct reader *r, struct str records)
{
	struct json_table *t = arena_alloc(r->arena, sizeof *t);
	t->r = r;
	t->row = jsonrow_new(r);
	t->found = *r->options;
	t->found.format = TABLE_JSON;
	t->found.records = records;
	arena_defer(r->arena, release, t);
	return t;
}

static bool
tell_found(struct json_table *t, struct err *e)
{
	const struct table_sink *sink = t->r->sink;
	if (t->told)
		return true;
	t->told = true;
	return !sink->found || sink->found(sink->context, &t->found, e);
}

bool
json_table_key_is(struct json_table *t, struct str raw, struct str text)
{
	struct arena_mark mark = arena_mark(t->r->arena);
	bool same = str_equal(json_key_text(raw, t->r->arena), text);
	arena_reset(t->r->arena, mark);
	return same;
}

/* ---- one row ---- */

static bool
skip(struct json_table *t, const char *code, const char *what, struct err *e)
{
	t->r->counts->skipped++;
	t->r->repaired = false;
	return reader_finding(t->r, e, code, TABLE_NO_COLUMN, "%s; it was skipped", what);
}

static bool
finish(struct json_table *t, enum jsonrow_shape shape, struct err *e)
{
	if (shape == JSONROW_TOO_MANY)
		return jsonrow_too_many(t->row, e);
	if (shape == JSONROW_INVALID)
		return skip(t, "invalid-json", "the row is nested too deep", e);
	return tell_found(t, e) && jsonrow_give(t->row, e);
}

static bool
take_object(struct json_table *t, struct str s, struct err *e)
{
	jsonrow_begin(t->row);
	return finish(t, jsonrow_object(t->row, s), e);
}

static bool
add_column(struct json_table *t, struct str label, struct err *e)
{
	if (jsonrow_columns(t->row) >= LIMIT_COLUMNS)
		return jsonrow_too_many(t->row, e);
	jsonrow_add_column(t->row, label);
	return true;
}

static bool
give_array(struct json_table *t, struct str s, struct err *e)
{
	struct json_item item;
	enum jsonrow_shape shape = JSONROW_GOOD;
	size_t n = 0;
	jsonrow_begin(t->row);
	for (size_t at = 0; shape == JSONROW_GOOD && json_next(&item, s, &at); n++) {
		if (n == jsonrow_columns(t->row)) {
			if (t->has_header &&
			    !reader_finding(t->r, e, "extra-cell", TABLE_NO_COLUMN,
				"row has more cells than the header; cell %zu was put into a "
				"column of its own",
				n + 1))
				return false;
			if (!add_column(t, (struct str){0}, e))
				return false;
		}
		shape = jsonrow_put(t->row, n, item.value);
	}
	return finish(t, shape, e);
}

static bool
take_value(struct json_table *t, struct str s, struct err *e)
{
	if (jsonrow_columns(t->row) == 0 && !add_column(t, STR("value"), e))
		return false;
	jsonrow_begin(t->row);
	return finish(t, jsonrow_put(t->row, 0, s), e);
}

/* ---- the header of arrays ---- */

static enum look
look_of(struct json_table *t, struct str token)
{
	if (token.p[0] != '"')
		return LOOK_NUMBER; /* whatever it is, no label */
	struct str raw = {token.p + 1, token.n - 2};
	struct arena_mark mark = arena_mark(t->r->arena);
	enum look look = look_at(json_key_text(raw, t->r->arena));
	arena_reset(t->r->arena, mark);
	return look;
}

/* All of the first are labels, and something in the second is none. */
static bool
is_header(struct json_table *t, struct str first, struct str second)
{
	struct json_item a, b;
	size_t i = 0, k = 0, labels = 0;
	bool differs = false, more = true;
	while (json_next(&a, first, &i)) {
		if (look_of(t, a.value) != LOOK_TEXT)
			return false;
		more = more && json_next(&b, second, &k);
		if (more && look_of(t, b.value) != LOOK_TEXT)
			differs = true;
		labels++;
	}
	return labels > 0 && differs;
}

static bool
take_header(struct json_table *t, struct str s, struct err *e)
{
	struct json_item item;
	for (size_t at = 0; json_next(&item, s, &at);) {
		bool text = item.value.p[0] == '"';
		struct str raw = {item.value.p + text, item.value.n - 2 * text};
		if (!add_column(t, json_key_text(raw, t->r->arena), e))
			return false;
	}
	t->has_header = true;
	if (!tell_found(t, e))
		return false;
	/* The columns are there although no row may follow. */
	return jsonrow_tell_columns(t->row, e);
}

/* The first array waited for the second; `second` is empty when there is none. */
static bool
settle_first(struct json_table *t, struct str second, struct err *e)
{
	struct option_count *rows = &t->found.csv.header_rows;
	struct str first = {t->first, t->first_n};
	uint64_t line = t->r->line;
	bool second_repaired = t->r->repaired;
	bool header = rows->set ? rows->count > 0 : second.n > 0 && is_header(t, first, second);
	*rows = (struct option_count){true, header};
	t->header_known = true;
	t->r->line = t->first_line;
	t->r->repaired = t->first_repaired;
	if (header)
		t->r->counts->records--;
	bool good = header ? take_header(t, first, e) : give_array(t, first, e);
	release(t);
	t->r->line = line;
	t->r->repaired = second_repaired;
	return good;
}

static bool
take_array(struct json_table *t, struct str s, struct err *e)
{
	if (t->header_known)
		return give_array(t, s, e);
	if (t->first)
		return settle_first(t, s, e) && give_array(t, s, e);
	t->first = malloc(s.n);
	if (!t->first)
		return FAIL(e, UNAVAILABLE, "there is not enough memory for a long row");
	memcpy(t->first, s.p, s.n);
	t->first_n = s.n;
	t->first_line = t->r->line;
	t->first_repaired = t->r->repaired;
	return true;
}

/* ---- what the value is ---- */

static enum row_kind
kind_of(struct str s)
{
	return s.p[0] == '{' ? ROW_OBJECT : s.p[0] == '[' ? ROW_ARRAY : ROW_VALUE;
}

static bool
repaired(struct json_table *t, struct str *s, struct err *e)
{
	if (utf8_valid(s->p, s->n) == s->n)
		return true;
	*s = jsonrow_repair(t->row, *s);
	return reader_finding(t->r, e, "encoding-error", TABLE_NO_COLUMN,
	    "bytes that are not UTF-8 were replaced by U+FFFD; save the file as UTF-8 to keep "
	    "them");
}

/* A header would have been the first. */
void
json_table_skipped(struct json_table *t)
{
	t->header_known = t->header_known || !t->first;
}

bool
json_table_take(struct json_table *t, struct str s, struct err *e)
{
	static const char *const kinds[] = {"", "an object", "an array", "a single value"};
	t->r->counts->records++;
	t->r->repaired = false;
	if (!repaired(t, &s, e))
		return false;
	if (t->kind == ROW_UNKNOWN)
		t->kind = kind_of(s);
	bool good;
	if (t->kind == ROW_VALUE) {
		good = take_value(t, s, e);
	} else if (kind_of(s) != t->kind) {
		char what[80];
		snprintf(what, sizeof what, "this row is %s, the first one is %s",
		    kinds[kind_of(s)], kinds[t->kind]);
		good = skip(t, t->kind == ROW_OBJECT ? "not-an-object" : "not-an-array", what, e);
	} else {
		good = t->kind == ROW_OBJECT ? take_object(t, s, e) : take_array(t, s, e);
	}
	jsonrow_end(t->row);
	return good;
}

/* ---- an object that is a table ---- */

static uint64_t
lines_in(const char *from, const char *to)
{
	uint64_t n = 0;
	for (const char *p = from; p < to && (p = memchr(p, '\n', (size_t)(to - p))); p++)
		n++;
	return n;
}

static bool
take_members(struct json_table *t, struct str s, struct err *e)
{
	struct reader *r = t->r;
	struct json_item item;
	uint64_t first_line = r->line;
	const char *counted = s.p;
	t->kind = ROW_OBJECT;
	if (!add_column(t, STR("key"), e))
		return false;
	for (size_t at = 0; json_next(&item, s, &at);) {
		r->line += lines_in(counted, item.key.p);
		counted = item.key.p;
		r->counts->records++;
		jsonrow_begin(t->row);
		enum jsonrow_shape shape = jsonrow_object(t->row, item.value);
		struct str key = {item.key.p - 1, item.key.n + 2};
		if (shape == JSONROW_GOOD)
			shape = jsonrow_put(t->row, 0, key);
		if (!finish(t, shape, e))
			return false;
	}
	r->line = first_line;
	return true;
}

static bool
take_columns(struct json_table *t, struct str s, size_t rows, struct err *e)
{
	struct reader *r = t->r;
	struct json_item item;
	struct str arrays[LIMIT_COLUMNS];
	size_t at_of[LIMIT_COLUMNS], count = 0;
	for (size_t at = 0; json_next(&item, s, &at); count++) {
		if (!add_column(t, json_key_text(item.key, r->arena), e))
			return false;
		arrays[count] = item.value;
		at_of[count] = 0;
	}
	for (size_t i = 0; i < rows; i++) {
		enum jsonrow_shape shape = JSONROW_GOOD;
		r->counts->records++;
		jsonrow_begin(t->row);
		for (size_t k = 0; k < count && shape == JSONROW_GOOD; k++)
			if (json_next(&item, arrays[k], &at_of[k]))
				shape = jsonrow_put(t->row, k, item.value);
		if (!finish(t, shape, e))
			return false;
	}
	return true;
}

bool
json_table_take_only(struct json_table *t, struct str s, struct err *e)
{
	size_t rows = 0;
	enum json_kind kind = s.p[0] == '{' ? json_kind_of(s, &rows) : JSON_RECORD;
	if (kind == JSON_RECORD)
		return json_table_take(t, s, e);
	if (!repaired(t, &s, e))
		return false;
	bool good = kind == JSON_MEMBERS ? take_members(t, s, e) : take_columns(t, s, rows, e);
	jsonrow_end(t->row);
	return good;
}

bool
json_table_flush(struct json_table *t, struct err *e)
{
	return (!t->first || settle_first(t, (struct str){0}, e)) && tell_found(t, e);
}
