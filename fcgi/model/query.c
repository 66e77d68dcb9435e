/* query.c: see model/query.h. */
#include "model/query.h"
#include "base/limits.h"
#include "store/key.h"

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

static bool
take_selection(struct selection *out, struct str text, bool exclude, const struct column *columns,
    size_t count, struct arena *a, struct err *e)
{
	const char *field = exclude ? "exclude" : "include";
	*out = (struct selection){.exclude = exclude};
	if (!take_column(&out->column, &text, ":", field, columns, count, a, e))
		return false;
	if (text.n == 0 || text.p[0] != ':')
		return FAIL_FIELD(e, INPUT, field, "%s must be column:value", field);
	text = (struct str){text.p + 1, text.n - 1};
	char *room = arena_alloc(a, KEY_ROOM(text.n));
	out->blank = text.n == 0;
	out->key = (struct str){room, key_of_text(room, text, columns[out->column].type)};
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
