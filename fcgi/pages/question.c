/* question.c: see question.h. */
#include "pages/question.h"

/* Those of query_request come first. */
static const char *const names[] = {
    "filter", "include", "exclude", "search", "sort", "facet", "values", "limit"};
#define ASKING 5

static size_t
place_of(struct str name)
{
	size_t i = 0;
	while (i < ARRAY_LENGTH(names) && !str_is(name, names[i]))
		i++;
	return i;
}

void
question_of(struct question *q, const struct url_parameters *address, struct arena *a)
{
	q->parts =
	    (struct url_parameters){.list = arena_array(a, address->count, sizeof *q->parts.list)};
	for (size_t i = 0; i < address->count; i++) {
		const struct url_parameter *p = &address->list[i];
		if (p->value.n > 0 && place_of(p->name) < ARRAY_LENGTH(names))
			q->parts.list[q->parts.count++] = *p;
	}
}

void
question_of_text(struct question *q, struct str text, struct arena *a)
{
	struct url_parameters parts = {0};
	struct err ignored = {0};
	if (!url_parse_query(&parts, text, a, &ignored))
		parts.count = 0;
	question_of(q, &parts, a);
}

static struct str *
texts_of(const struct question *q, const char *name, size_t *count, struct arena *a)
{
	struct str *list = arena_array(a, q->parts.count, sizeof *list);
	*count = 0;
	for (size_t i = 0; i < q->parts.count; i++)
		if (str_is(q->parts.list[i].name, name))
			list[(*count)++] = q->parts.list[i].value;
	return list;
}

void
question_request(struct query_request *out, const struct question *q, struct arena *a)
{
	*out = (struct query_request){
	    .filter = url_parameter(&q->parts, "filter"),
	    .search = url_parameter(&q->parts, "search"),
	    .sort = url_parameter(&q->parts, "sort"),
	};
	out->include = texts_of(q, "include", &out->include_count, a);
	out->exclude = texts_of(q, "exclude", &out->exclude_count, a);
}

bool
question_asks(const struct question *q)
{
	for (size_t i = 0; i < q->parts.count; i++)
		if (place_of(q->parts.list[i].name) < ASKING)
			return true;
	return false;
}

static bool
stays(const struct question_change *c, const struct url_parameter *p)
{
	if (!c || !c->without || !str_is(p->name, c->without))
		return true;
	return c->without_value.p && !str_equal(p->value, c->without_value);
}

static void
put_pair(struct buf *b, const struct url_parameter *p)
{
	if (b->n > 0)
		buf_put_char(b, '&');
	url_encode(b, p->name);
	buf_put_char(b, '=');
	url_encode(b, p->value);
}

struct str
question_write(const struct question *q, const struct question_change *change, struct arena *a)
{
	struct buf b;
	buf_init(&b, a);
	for (size_t i = 0; i < q->parts.count; i++)
		if (stays(change, &q->parts.list[i]))
			put_pair(&b, &q->parts.list[i]);
	if (change && change->with) {
		struct url_parameter added = {str_of(change->with), change->with_value};
		put_pair(&b, &added);
	}
	return buf_str(&b);
}

void
question_put_hidden(
    struct jsonout *j, const char *key, const struct question *q, const char *const *but)
{
	jsonout_key(j, key);
	jsonout_array(j);
	for (size_t i = 0; i < q->parts.count; i++) {
		const struct url_parameter *p = &q->parts.list[i];
		size_t k = 0;
		while (but[k] && !str_is(p->name, but[k]))
			k++;
		if (but[k])
			continue;
		jsonout_object(j);
		jsonout_member_str(j, "name", p->name);
		jsonout_member_str(j, "value", p->value);
		jsonout_end(j);
	}
	jsonout_end(j);
}

struct str
question_column(const struct column *c, struct arena *a)
{
	static const char odd[] = ",:-\"`";
	bool plain = c->name.n > 0;
	for (size_t i = 0; i < c->name.n && plain; i++)
		plain = (unsigned char)c->name.p[i] > ' ' && !strchr(odd, c->name.p[i]);
	if (plain)
		return c->name;
	struct buf b;
	buf_init(&b, a);
	buf_put_char(&b, '"');
	for (size_t i = 0; i < c->name.n; i++) {
		if (c->name.p[i] == '"')
			buf_put_char(&b, '"');
		buf_put_char(&b, c->name.p[i]);
	}
	buf_put_char(&b, '"');
	return buf_str(&b);
}
