/*
 * url.c: fuzzes paths, queries and forms.  What comes out is UTF-8 without NUL, a path never leads
 * up or hides a slash, and what is encoded decodes to itself.
 */
#include "base/limits.h"
#include "base/utf8.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool fact)
{
	if (!fact)
		abort();
}

static void
require_text(struct str s)
{
	require(utf8_valid(s.p, s.n) == s.n);
	require(s.n == 0 || !memchr(s.p, 0, s.n));
}

static void
check_pairs(const struct url_parameters *p, size_t limit)
{
	require(p->count <= limit);
	for (size_t i = 0; i < p->count; i++) {
		require_text(p->list[i].name);
		require_text(p->list[i].value);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size}, path, again;
	struct arena a;
	struct err e = {0};
	struct url_parameters p;
	struct buf encoded;
	arena_init(&a, MIB(64));
	if (url_decode_path(&path, text, &a, &e)) {
		require_text(path);
		char *copy = arena_text(&a, path);
		require(!strstr(copy, "//") && !strstr(copy, "/../"));
		require(path.n < 3 || strcmp(copy + path.n - 3, "/..") != 0);
	}
	err_clear(&e);
	if (url_parse_query(&p, text, &a, &e))
		check_pairs(&p, LIMIT_PARAMETERS);
	err_clear(&e);
	if (url_parse_form(&p, text, &a, &e))
		check_pairs(&p, LIMIT_FORM_FIELDS);
	buf_init(&encoded, &a);
	url_encode(&encoded, text);
	require(url_decode(&again, buf_str(&encoded), true, &a) && str_equal(again, text));
	arena_release(&a);
	return 0;
}
