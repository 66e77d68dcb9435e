/*
 * headers.c: any lines NAME=value as the parameters of a request, and what opens the door read out
 * of them: a cookie's value and a bearer's key are parts of their header and nothing else.
 */
#include "api/access.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "http/request.h"

#define LINES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

static bool
is_inside(struct str part, struct str whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void
check_cookie(const struct request *r, const char *name)
{
	struct str value = request_cookie(r, name);
	size_t n = strlen(name);
	require(is_inside(value, r->cookie), "a cookie is in its header");
	if (value.n == 0)
		return;
	require(!memchr(value.p, ';', value.n), "a cookie ends where the next begins");
	require((size_t)(value.p - r->cookie.p) > n && value.p[-1] == '=' &&
		    memcmp(value.p - 1 - n, name, n) == 0,
	    "it is the cookie of that name");
	require(
	    value.p - 1 - n == r->cookie.p || strchr("; \t\r\n\v\f", value.p[-2 - (ptrdiff_t)n]),
	    "and not the end of another name");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *parameters[LINES + 1] = {0};
	struct request r = {0};
	struct err e = {0};
	struct arena a;
	uint64_t number;
	size_t count = 0;
	arena_init(&a, MIB(64));
	char *text = arena_text(&a, (struct str){(const char *)data, size});
	for (char *line = text; line && *line && count < LINES; count++) {
		char *end = strchr(line, '\n');
		parameters[count] = line;
		line = end ? end + 1 : NULL;
		if (end)
			*end = 0;
	}
	bool good = request_parse(&r, parameters, &a, &e);
	require(good || e.message[0], "a refusal has a reason");
	require(r.id.n > 0 || !good, "a request has an id");
	require(!good || utf8_valid(r.path.p, r.path.n) == r.path.n, "a path is UTF-8");
	check_cookie(&r, SESSION_COOKIE_HOST);
	check_cookie(&r, SESSION_COOKIE);
	struct str key = access_bearer(&r);
	require(is_inside(key, r.authorization), "a key is in its header");
	require(key.n == 0 || (key.p[0] != ' ' && key.p[key.n - 1] != ' '), "without space around");
	(void)access_is_our_page(&r);
	(void)request_is_type(&r, "multipart/form-data");
	(void)request_wants_html(&r);
	err_clear(&e);
	if (request_number(&number, &r, "limit", 7, 1, 1000, &e))
		require(number >= 1 && number <= 1000, "a number is within its bounds");
	arena_release(&a);
	return 0;
}
