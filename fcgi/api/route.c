/* route.c: finding a request's row in the table; see route.h. */
#include "api/route.h"

const struct field own_form[] = {{0}};

static const char *const method_names[METHOD__MAX] = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/* One segment off the front of a path; the slash before it is dropped. */
static struct str
segment(struct str *path)
{
	struct str s = {path->p + 1, path->n - 1};
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	if (slash)
		s.n = (size_t)(slash - s.p);
	path->p += s.n + 1;
	path->n -= s.n + 1;
	return s;
}

static bool
match(const char *pattern, struct str path, struct str values[PATH_VALUES])
{
	struct str rest = str_of(pattern);
	size_t count = 0;
	while (rest.n > 0 && path.n > 0) {
		struct str want = segment(&rest), have = segment(&path);
		if (want.n > 0 && want.p[0] == '{') {
			if (have.n == 0 || count == PATH_VALUES)
				return false;
			values[count++] = have;
		} else if (!str_equal(want, have)) {
			return false;
		}
	}
	/* One slash at the end of the path makes no difference. */
	return rest.n == 0 && (path.n == 0 || (path.n == 1 && path.p[0] == '/'));
}

bool
route_find(const struct route **out, struct str values[PATH_VALUES], enum method method,
    struct str path, struct str *allow, struct arena *a, struct err *e)
{
	struct buf methods;
	buf_init(&methods, a);
	for (size_t i = 0; i < route_count; i++) {
		if (!match(routes[i].pattern, path, values))
			continue;
		bool same = routes[i].method == method ||
			    (routes[i].method == METHOD_GET && method == METHOD_HEAD);
		if (same) {
			*out = &routes[i];
			return true;
		}
		buf_format(&methods, "%s%s", methods.n ? ", " : "", method_names[routes[i].method]);
	}
	if (methods.n == 0)
		return FAIL(e, NOT_FOUND, "there is nothing at this address");
	*allow = buf_str(&methods);
	return FAIL(e, METHOD, "this address takes %.*s", STR_ARG(*allow));
}

enum dialect
route_dialect(struct str path)
{
	static const struct {
		const char *mount;
		enum dialect dialect;
	} mounts[] = {
	    {"/api/v2/", DIALECT_CLARO},
	    {"/claro/", DIALECT_CLARO},
	    {"/api/", DIALECT_ROWHOUSE},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(mounts); i++)
		if (str_starts(path, mounts[i].mount))
			return mounts[i].dialect;
	return DIALECT_PAGE;
}
