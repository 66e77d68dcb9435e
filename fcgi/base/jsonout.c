/* jsonout.c: see jsonout.h. */
#include "base/jsonout.h"
#include "base/cells.h"
#include "base/utf8.h"

#include <assert.h>
#include <math.h>

void
jsonout_init(struct jsonout *j, struct buf *out)
{
	*j = (struct jsonout){.out = out};
}

/* A value may stand here; puts the comma before it. */
static void
before_value(struct jsonout *j)
{
	if (j->depth == 0)
		return;
	if (j->scope[j->depth - 1] == '{') {
		assert(j->has_key);
		j->has_key = false;
		return;
	}
	if (j->filled[j->depth - 1])
		buf_put_char(j->out, ',');
	j->filled[j->depth - 1] = true;
}

static void
open_scope(struct jsonout *j, char c)
{
	before_value(j);
	assert(j->depth < JSONOUT_DEPTH);
	j->scope[j->depth] = c;
	j->filled[j->depth] = false;
	j->depth++;
	buf_put_char(j->out, c);
}

void
jsonout_object(struct jsonout *j)
{
	open_scope(j, '{');
}

void
jsonout_array(struct jsonout *j)
{
	open_scope(j, '[');
}

void
jsonout_end(struct jsonout *j)
{
	assert(j->depth > 0 && !j->has_key);
	j->depth--;
	buf_put_char(j->out, j->scope[j->depth] == '{' ? '}' : ']');
}

/* A key may stand here; puts the comma before it. */
static void
before_key(struct jsonout *j)
{
	assert(j->depth > 0 && j->scope[j->depth - 1] == '{' && !j->has_key);
	if (j->filled[j->depth - 1])
		buf_put_char(j->out, ',');
	j->filled[j->depth - 1] = true;
	j->has_key = true;
}

void
jsonout_key_str(struct jsonout *j, struct str key)
{
	before_key(j);
	jsonout_quote(j->out, key);
	buf_put_char(j->out, ':');
}

void
jsonout_key(struct jsonout *j, const char *key)
{
	size_t n = strlen(key);
	before_key(j);
	char *p = buf_room(j->out, n + 3);
	p[0] = '"';
	memcpy(p + 1, key, n);
	memcpy(p + 1 + n, "\":", 2);
	j->out->n += n + 3;
}

void
jsonout_quote(struct buf *out, struct str s)
{
	buf_put_char(out, '"');
	while (s.n > 0) {
		size_t good = utf8_valid(s.p, s.n);
		if (good > 0) {
			char *p = buf_room(out, 6 * good);
			out->n += cells_escape(p, s.p, good);
		}
		if (good < s.n) {
			buf_put_text(out, "\xef\xbf\xbd");
			good++;
		}
		s.p += good;
		s.n -= good;
	}
	buf_put_char(out, '"');
}

void
jsonout_str(struct jsonout *j, struct str s)
{
	before_value(j);
	jsonout_quote(j->out, s);
}

void
jsonout_text(struct jsonout *j, const char *text)
{
	if (text)
		jsonout_str(j, str_of(text));
	else
		jsonout_null(j);
}

void
jsonout_int(struct jsonout *j, int64_t v)
{
	before_value(j);
	if (v < 0)
		buf_put_char(j->out, '-');
	buf_put_unsigned(j->out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void
jsonout_unsigned(struct jsonout *j, uint64_t v)
{
	before_value(j);
	buf_put_unsigned(j->out, v);
}

void
jsonout_double(struct jsonout *j, double v)
{
	if (!isfinite(v)) {
		jsonout_null(j);
		return;
	}
	before_value(j);
	char text[40];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, v);
		if (strtod(text, NULL) >= v && strtod(text, NULL) <= v)
			break;
	}
	buf_put_text(j->out, text);
}

void
jsonout_bool(struct jsonout *j, bool v)
{
	before_value(j);
	buf_put_text(j->out, v ? "true" : "false");
}

void
jsonout_null(struct jsonout *j)
{
	before_value(j);
	buf_put_text(j->out, "null");
}

void
jsonout_raw(struct jsonout *j, struct str json)
{
	before_value(j);
	buf_put_str(j->out, json);
}

char *
jsonout_room(struct jsonout *j, size_t n)
{
	before_value(j);
	return buf_room(j->out, n);
}

void
jsonout_took(struct jsonout *j, size_t n)
{
	j->out->n += n;
}

void
jsonout_member_str(struct jsonout *j, const char *key, struct str s)
{
	jsonout_key(j, key);
	jsonout_str(j, s);
}

void
jsonout_member_text(struct jsonout *j, const char *key, const char *text)
{
	jsonout_key(j, key);
	jsonout_text(j, text);
}

void
jsonout_member_int(struct jsonout *j, const char *key, int64_t v)
{
	jsonout_key(j, key);
	jsonout_int(j, v);
}

void
jsonout_member_bool(struct jsonout *j, const char *key, bool v)
{
	jsonout_key(j, key);
	jsonout_bool(j, v);
}
