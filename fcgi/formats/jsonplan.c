/* jsonplan.c: see jsonplan.h. */
#include "formats/jsonplan.h"
#include "base/buf.h"
#include "base/cells.h"
#include "base/utf8.h"
#include "formats/jsonscan.h"

#define FORMAT_LINES 20

struct str
json_key_text(struct str raw, struct arena *a)
{
	char *text = arena_alloc(a, raw.n + 1);
	return utf8_clean(a, (struct str){text, cells_unescape(text, raw)});
}

/* ---- paths ---- */

bool
json_path_parse(struct json_path *out, struct str text, struct arena *a)
{
	*out = (struct json_path){.count = 0};
	if (text.n == 0 || str_is(text, "."))
		return true;
	char *key = arena_alloc(a, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] == '\\' && i + 1 < text.n) {
			key[n++] = text.p[++i];
		} else if (i < text.n && text.p[i] != '.') {
			key[n++] = text.p[i];
		} else {
			if (out->count == JSON_PATH_KEYS)
				return false;
			out->keys[out->count++] = (struct str){key, n};
			key += n;
			n = 0;
		}
	}
	return true;
}

struct str
json_path_text(const struct json_path *path, struct arena *a)
{
	struct buf b;
	buf_init(&b, a);
	for (size_t i = 0; i < path->count; i++) {
		if (i > 0)
			buf_put_char(&b, '.');
		for (size_t k = 0; k < path->keys[i].n; k++) {
			char c = path->keys[i].p[k];
			if (c == '.' || c == '\\')
				buf_put_char(&b, '\\');
			buf_put_char(&b, c);
		}
	}
	return b.n ? buf_str(&b) : STR(".");
}

/* ---- walking ---- */

static size_t
value_length(struct str s, size_t i, enum json_step *step)
{
	struct json_scan scan;
	size_t used;
	json_scan_init(&scan);
	*step = json_scan(&scan, s.p + i, s.n - i, false, &used);
	return used;
}

bool
json_next(struct json_item *item, struct str s, size_t *at)
{
	enum json_step step;
	size_t i = json_space(s, *at == 0 ? 1 : *at);
	if (i < s.n && s.p[i] == ',')
		i = json_space(s, i + 1);
	if (i >= s.n || s.p[i] == '}' || s.p[i] == ']')
		return false;
	item->key = (struct str){0};
	if (s.p[0] == '{') {
		size_t n = value_length(s, i, &step);
		if (s.p[i] != '"' || step != JSON_DONE)
			return false;
		item->key = (struct str){s.p + i + 1, n - 2};
		i = json_space(s, i + n);
		if (i >= s.n || s.p[i] != ':')
			return false;
		i = json_space(s, i + 1);
	}
	if (i >= s.n)
		return false;
	size_t n = value_length(s, i, &step);
	if (step == JSON_BAD)
		n = s.n - i;
	item->value = (struct str){s.p + i, n};
	*at = i + n;
	return n > 0;
}

static char
first_inside(struct str group)
{
	size_t i = json_space(group, 1);
	return i < group.n ? group.p[i] : 0;
}

/* ---- the format ---- */

/* What follows the bracket can only be JSON; a CSV may well begin with "[id],[name]". */
static bool
is_array(struct str s)
{
	struct str rest = str_trim((struct str){s.p + 1, s.n - 1});
	return rest.n > 0 &&
	       (memchr("{[]\"-0123456789", rest.p[0], 15) || str_starts(rest, "true") ||
		   str_starts(rest, "false") || str_starts(rest, "null"));
}

/* Objects that begin and end on their line, two of them, or the first one and anything else. */
static bool
are_lines(struct str s, bool whole)
{
	size_t objects = 0, lines = 0;
	for (size_t i = 0; i < s.n && lines < FORMAT_LINES;) {
		const char *end = memchr(s.p + i, '\n', s.n - i);
		if (!end && !whole)
			break;
		size_t n = end ? (size_t)(end - s.p) - i : s.n - i;
		struct str line = str_trim((struct str){s.p + i, n});
		bool indented = line.p != s.p + i;
		i += n + 1;
		if (line.n == 0)
			continue;
		lines++;
		objects += !indented && line.p[0] == '{' && line.p[line.n - 1] == '}';
		if (objects == 2)
			return true;
		if (lines == 1 && objects == 1 && cells_value(line.p, line.n) == line.n &&
		    json_space(s, i) < s.n)
			return true;
	}
	return false;
}

enum json_format
json_format_of(struct str sample, bool whole)
{
	struct str s = str_trim(sample);
	if (str_starts(s, "{"))
		return are_lines(s, whole) ? JSON_IS_LINES : JSON_IS_DOCUMENT;
	return str_starts(s, "[") && is_array(s) ? JSON_IS_DOCUMENT : JSON_IS_NOT;
}

/* ---- the place of the rows ---- */

struct search {
	struct arena *arena;
	struct json_path at, best;
	size_t score; /* of the best; 0: none */
};

/* So many bytes of arrays in an array count as one byte of objects. */
#define ARRAYS_FOR_OBJECTS 4

static void
look_at_array(struct search *s, struct str array)
{
	char first = first_inside(array);
	size_t score = first == '{' ? array.n * ARRAYS_FOR_OBJECTS : first == '[' ? array.n : 0;
	if (score > s->score) {
		s->best = s->at;
		s->score = score;
	}
}

static void
look_at_object(struct search *s, struct str object)
{
	struct json_item item;
	for (size_t at = 0; json_next(&item, object, &at);) {
		char c = item.value.p[0];
		if ((c != '{' && c != '[') || s->at.count == JSON_PATH_KEYS)
			continue;
		s->at.keys[s->at.count++] = json_key_text(item.key, s->arena);
		if (c == '[')
			look_at_array(s, item.value);
		else
			look_at_object(s, item.value);
		s->at.count--;
	}
}

/* An object around another, and nothing else in it, is only a wrapper when that is a table. */
static void
look_inside_wrappers(struct search *s, struct str object)
{
	struct json_item item, second;
	size_t rows, at = 0;
	while (s->at.count < JSON_PATH_KEYS && json_next(&item, object, &at) &&
	       item.value.p[0] == '{' && !json_next(&second, object, &at)) {
		s->at.keys[s->at.count++] = json_key_text(item.key, s->arena);
		object = item.value;
		at = 0;
		if (json_kind_of(object, &rows) != JSON_RECORD)
			s->best = s->at;
	}
}

void
json_plan(struct json_plan *out, struct str sample, struct arena *a)
{
	struct search s = {.arena = a};
	enum json_step step;
	*out = (struct json_plan){.sequence = false};
	if (sample.n == 0)
		return;
	size_t n = value_length(sample, 0, &step);
	if (step == JSON_DONE && (n = json_space(sample, n)) < sample.n) {
		(void)value_length(sample, n, &step);
		out->sequence = step != JSON_BAD;
		return;
	}
	if (sample.p[0] != '{')
		return;
	look_at_object(&s, sample);
	if (s.score == 0 && step == JSON_DONE && json_kind_of(sample, &n) == JSON_RECORD)
		look_inside_wrappers(&s, sample);
	out->path = s.best;
}

enum json_kind
json_kind_of(struct str object, size_t *rows)
{
	struct json_item item, element;
	size_t members = 0, objects = 0, arrays = 0;
	bool even = true;
	*rows = 0;
	for (size_t at = 0; json_next(&item, object, &at); members++) {
		objects += item.value.p[0] == '{';
		if (item.value.p[0] != '[')
			continue;
		size_t length = 0;
		for (size_t k = 0; json_next(&element, item.value, &k);)
			length++;
		even = even && (arrays == 0 || length == *rows);
		*rows = length;
		arrays++;
	}
	if (members >= 2 && objects == members)
		return JSON_MEMBERS;
	return members > 0 && arrays == members && even && *rows > 0 ? JSON_COLUMNS : JSON_RECORD;
}
