/* query_words.c: see query_words.h. */
#define _GNU_SOURCE
#include "model/query_words.h"
#include "base/limits.h"
#include "store/filter_tokens.h"
#include "store/key.h"

static const struct str *
texts_of(size_t *count, const struct value *v, struct arena *a)
{
	struct str *list = arena_array(a, v->count, sizeof *list);
	for (size_t i = 0; i < v->count; i++)
		list[i] = v->items[i].text;
	*count = v->count;
	return list;
}

void
query_request_read(
    struct query_request *out, const struct value *which, const struct value *sort, struct arena *a)
{
	*out = (struct query_request){
	    .filter = which[QUERY_FILTER].text, .search = which[QUERY_SEARCH].text};
	out->include = texts_of(&out->include_count, &which[QUERY_INCLUDE], a);
	out->exclude = texts_of(&out->exclude_count, &which[QUERY_EXCLUDE], a);
	if (sort)
		out->sort = sort->text;
}

static void
member_text(struct jsonout *j, const char *key, struct str text)
{
	if (text.n > 0)
		jsonout_member_str(j, key, text);
}

static void
member_texts(struct jsonout *j, const char *key, const struct str *list, size_t count)
{
	if (count == 0)
		return;
	jsonout_key(j, key);
	jsonout_array(j);
	for (size_t i = 0; i < count; i++)
		jsonout_str(j, list[i]);
	jsonout_end(j);
}

void
query_request_write(struct jsonout *j, const struct query_request *r)
{
	member_text(j, "filter", r->filter);
	member_texts(j, "include", r->include, r->include_count);
	member_texts(j, "exclude", r->exclude, r->exclude_count);
	member_text(j, "search", r->search);
	member_text(j, "sort", r->sort);
}

bool
query_request_is_plain(const struct query_request *r)
{
	return r->filter.n == 0 && r->sort.n == 0 && r->search.n == 0 && r->include_count == 0 &&
	       r->exclude_count == 0;
}

/* A column at the start of *text, up to one of `ends`. */
static bool
take_column(size_t *out, struct str *text, const char *ends, const char *field,
    const struct column *columns, size_t count, struct arena *a, struct err *e)
{
	struct str name;
	if (!filter_name(&name, text, ends, a))
		return FAIL_FIELD(e, INPUT, field, "%s: a quote is not closed", field);
	*out = filter_column(columns, count, name);
	if (*out == count)
		return FAIL_FIELD(e, INPUT, field, "%s: there is no column %.*s", field,
		    STR_ARG(str_clip(name, 100)));
	return true;
}

static struct str
key_in(struct arena *a, struct str text, enum column_type type)
{
	char *room = arena_alloc(a, KEY_ROOM(text.n));
	return (struct str){room, key_of_text(room, text, type)};
}

/* 10..20 of values that lie on a line; an end that is left out is none.  False: it is no range. */
static bool
take_range(struct filter *test, struct str text, enum column_type type, struct arena *a)
{
	const char *dots = text.n > 2 ? memmem(text.p, text.n, "..", 2) : NULL;
	if (!dots || !key_has_place(type))
		return false;
	struct str ends[2] = {
	    {text.p, (size_t)(dots - text.p)}, {dots + 2, text.n - 2 - (size_t)(dots - text.p)}};
	struct str *keys = arena_array(a, 2, sizeof *keys);
	for (int i = 0; i < 2; i++) {
		if (ends[i].n == 0)
			continue;
		keys[i] = key_in(a, ends[i], type);
		if (keys[i].p[0] != KEY_VALUE)
			return false;
	}
	test->kind = FILTER_RANGE;
	test->values = keys;
	test->count = 2;
	test->open[1] = true;
	return true;
}

static bool
take_selection(struct selection *out, struct str text, bool exclude, const struct column *columns,
    size_t count, struct arena *a, struct err *e)
{
	const char *field = exclude ? "exclude" : "include";
	struct filter *test = &out->test;
	*out = (struct selection){.exclude = exclude};
	if (!take_column(&test->column, &text, ":", field, columns, count, a, e))
		return false;
	if (text.n == 0 || text.p[0] != ':')
		return FAIL_FIELD(e, INPUT, field, "%s must be column:value", field);
	text = (struct str){text.p + 1, text.n - 1};
	enum column_type type = columns[test->column].type;
	if (text.n == 0) {
		test->kind = FILTER_CLASS;
		test->classes = 1u << KEY_EMPTY | 1u << KEY_NULL | 1u << KEY_ABSENT;
	} else if (!take_range(test, text, type, a)) {
		struct str *key = arena_alloc(a, sizeof *key);
		*key = key_in(a, text, type);
		test->kind = FILTER_IN;
		test->values = key;
		test->count = 1;
	}
	return true;
}

static bool
take_selections(struct query *out, const struct query_request *r, struct arena *a, struct err *e)
{
	size_t n = r->include_count + r->exclude_count;
	struct selection *list = arena_array(a, n, sizeof *list);
	for (size_t i = 0; i < n; i++) {
		bool exclude = i >= r->include_count;
		struct str text = exclude ? r->exclude[i - r->include_count] : r->include[i];
		if (!take_selection(&list[i], text, exclude, out->columns, out->column_count, a, e))
			return false;
	}
	out->selections = list;
	out->selection_count = n;
	return true;
}

/* How many things with commas between a text has at most. */
static size_t
parts(struct str text)
{
	size_t n = 1;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == ',';
	return n;
}

/* Moves behind a comma; false: something else stands there. */
static bool
take_comma(struct str *text, const char *field, struct err *e)
{
	if (text->n == 0)
		return true;
	if (text->p[0] != ',' || text->n == 1)
		return FAIL_FIELD(
		    e, INPUT, field, "%s must be columns with one comma between two", field);
	*text = (struct str){text->p + 1, text->n - 1};
	return true;
}

static bool
take_sorts(struct query *out, struct str text, struct arena *a, struct err *e)
{
	struct sort *list = arena_array(a, parts(text), sizeof *list);
	while (text.n > 0) {
		struct sort *s = &list[out->sort_count++];
		s->descending = text.p[0] == '-';
		if (s->descending)
			text = (struct str){text.p + 1, text.n - 1};
		if (!take_column(
			&s->column, &text, ",", "sort", out->columns, out->column_count, a, e) ||
		    !take_comma(&text, "sort", e))
			return false;
	}
	out->sorts = list;
	return true;
}

bool
model_query_check(struct query *out, const struct query_request *r, const struct column *columns,
    size_t count, struct arena *a, struct err *e)
{
	*out = (struct query){.columns = columns, .column_count = count, .search = r->search};
	return filter_parse(&out->filter, r->filter, "filter", columns, count, a, e) &&
	       take_selections(out, r, a, e) && take_sorts(out, r->sort, a, e);
}

bool
model_query_columns(const size_t **out, size_t *out_count, struct str text, const char *field,
    const struct column *columns, size_t count, struct arena *a, struct err *e)
{
	size_t *list = arena_array(a, text.n ? parts(text) : count, sizeof *list), n = 0;
	for (; text.n == 0 && n < count; n++)
		list[n] = n;
	while (text.n > 0)
		if (!take_column(&list[n++], &text, ",", field, columns, count, a, e) ||
		    !take_comma(&text, field, e))
			return false;
	if (n > LIMIT_FACET_COLUMNS)
		return FAIL_FIELD(
		    e, INPUT, field, "%s: at most %d columns at once", field, LIMIT_FACET_COLUMNS);
	*out = list;
	*out_count = n;
	return true;
}
