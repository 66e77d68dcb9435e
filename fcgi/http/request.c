/* request.c: see request.h. */
#define _GNU_SOURCE
#include "http/request.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *parameter;
	size_t offset;
} fields[] = {
#define X(field, parameter) {parameter, offsetof(struct request, field)},
    REQUEST_FIELDS(X)
#undef X
};

static const char *const methods[METHOD__MAX] = {
    [METHOD_GET] = "GET",
    [METHOD_HEAD] = "HEAD",
    [METHOD_POST] = "POST",
    [METHOD_PUT] = "PUT",
    [METHOD_PATCH] = "PATCH",
    [METHOD_DELETE] = "DELETE",
    [METHOD_OPTIONS] = "OPTIONS",
};

enum method
request_method(struct str name)
{
	for (int m = 0; m < METHOD__MAX; m++)
		if (str_is(name, methods[m]))
			return (enum method)m;
	return METHOD__MAX;
}

/* The first of two parameters of one name counts. */
static void
take_fields(struct request *r, char **parameters, struct arena *a)
{
	for (; *parameters; parameters++) {
		const char *equals = strchr(*parameters, '=');
		if (!equals)
			continue;
		struct str name = {*parameters, (size_t)(equals - *parameters)};
		for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
			struct str *field = (struct str *)(void *)((char *)r + fields[i].offset);
			if (field->p == NULL && str_is(name, fields[i].parameter)) {
				*field = arena_copy(a, str_of(equals + 1));
				break;
			}
		}
	}
}

/* The client's own id is taken when it cannot hurt a log or a header. */
static struct str
choose_id(const struct request *r, struct arena *a)
{
	struct str id = r->client_request_id;
	bool plain = id.n > 0 && id.n <= 64;
	for (size_t i = 0; i < id.n && plain; i++) {
		char c = id.p[i];
		plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			(c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
	}
	if (plain)
		return id;
	if (r->nginx_id.n == 32)
		return r->nginx_id;
	char own[33];
	random_base36(own, sizeof own - 1);
	return arena_copy(a, str_of(own));
}

bool
request_parse(struct request *r, char **parameters, struct arena *a, struct err *e)
{
	*r = (struct request){.method = METHOD__MAX};
	take_fields(r, parameters, a);
	r->id = choose_id(r, a);
	r->method = request_method(r->method_text);
	const char *mark = r->uri.n ? memchr(r->uri.p, '?', r->uri.n) : NULL;
	struct str path = r->uri;
	if (mark) {
		path.n = (size_t)(mark - r->uri.p);
		r->query_text = (struct str){mark + 1, r->uri.n - path.n - 1};
	}
	r->path = path; /* as sent, should it turn out to be no good */
	if (r->uri.n > LIMIT_URL_BYTES)
		return FAIL(
		    e, TOO_BIG, "the address is longer than %d bytes", (int)LIMIT_URL_BYTES);
	if (r->content_length_text.n > 0) {
		if (!str_to_u64(&r->content_length, r->content_length_text))
			return FAIL(e, INPUT, "Content-Length is not a number");
		r->has_body = r->content_length > 0;
	}
	return url_decode_path(&r->path, path, a, e) &&
	       url_parse_query(&r->query, r->query_text, a, e);
}

bool
request_open_body(int *fd, const struct request *r, struct err *e)
{
	struct stat st;
	if (r->body_file.n == 0)
		return FAIL(e, INPUT, "the body of the request is missing");
	*fd = open(r->body_file.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0)
		return FAIL_ERRNO(e, "the body of the request cannot be read");
	if (fstat(*fd, &st) != 0 || (uint64_t)st.st_size != r->content_length) {
		close(*fd);
		return FAIL(
		    e, INPUT, "the body of the request is not as long as its Content-Length says");
	}
	return true;
}

bool
request_body(struct str *out, const struct request *r, size_t limit, struct arena *a, struct err *e)
{
	int fd;
	*out = STR("");
	if (!r->has_body)
		return true;
	if (r->content_length > limit)
		return FAIL(
		    e, TOO_BIG, "the body of this request may have at most %zu bytes", limit);
	if (!request_open_body(&fd, r, e))
		return false;
	char *p = arena_alloc(a, (size_t)r->content_length + 1);
	bool good = file_read_at(fd, p, (size_t)r->content_length, 0, e);
	close(fd);
	*out = (struct str){p, (size_t)r->content_length};
	return good;
}

bool
request_ends(struct str ends[2], const struct request *r, size_t n, struct arena *a, struct err *e)
{
	int fd;
	ends[0] = ends[1] = STR("");
	if (!r->has_body)
		return true;
	if (!request_open_body(&fd, r, e))
		return false;
	uint64_t length = r->content_length;
	size_t first = length < n ? (size_t)length : n;
	size_t last = length - first < n ? (size_t)(length - first) : n;
	char *p = arena_alloc(a, first + last);
	bool good =
	    file_read_at(fd, p, first, 0, e) && file_read_at(fd, p + first, last, length - last, e);
	close(fd);
	ends[0] = (struct str){p, first};
	ends[1] = (struct str){p + first, last};
	return good;
}

bool
request_json(json_t **out, const struct request *r, struct arena *a, struct err *e)
{
	struct str body;
	if (r->has_body && r->content_type.n > 0 && !request_is_type(r, "application/json") &&
	    !request_is_type(r, "text/plain") && !request_is_type(r, "text/json"))
		return FAIL(e, MEDIA_TYPE, "the body must be application/json");
	if (!request_body(&body, r, LIMIT_JSON_TREE_BYTES, a, e))
		return false;
	if (str_trim(body).n == 0)
		body = STR("{}");
	if (!tree_parse(out, body, a, e))
		return false;
	if (!json_is_object(*out))
		return FAIL(e, INPUT, "the body must be a JSON object");
	return true;
}

bool
request_keep_body(
    struct str *name, const struct request *r, const char *data, struct arena *a, struct err *e)
{
	char id[UUID_BYTES];
	int fd;
	if (!request_open_body(&fd, r, e))
		return false;
	close(fd);
	uuid_make(id);
	*name = arena_format(a, "%s.body", id);
	struct str path = arena_format(a, "%s/incoming/%.*s", data, STR_ARG(*name));
	if (link(r->body_file.p, path.p) != 0)
		return FAIL_ERRNO(e, "the upload cannot be kept");
	return true;
}

bool
request_number(uint64_t *out, const struct request *r, const char *name, uint64_t missing,
    uint64_t min, uint64_t max, struct err *e)
{
	struct str text = url_parameter(&r->query, name);
	*out = missing;
	if (!text.p)
		return true;
	if (!str_to_u64(out, text) || *out < min || *out > max)
		return FAIL_FIELD(e, INPUT, name,
		    "%s must be a whole number from %" PRIu64 " to %" PRIu64, name, min, max);
	return true;
}

struct str
request_cookie(const struct request *r, const char *name)
{
	struct str rest = r->cookie;
	size_t n = strlen(name);
	while (rest.n > 0) {
		const char *end = memchr(rest.p, ';', rest.n);
		struct str pair = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
		rest.p += pair.n + (end ? 1 : 0);
		rest.n -= pair.n + (end ? 1 : 0);
		pair = str_trim(pair);
		if (pair.n > n && pair.p[n] == '=' && memcmp(pair.p, name, n) == 0)
			return (struct str){pair.p + n + 1, pair.n - n - 1};
	}
	return STR("");
}

bool
request_is_type(const struct request *r, const char *media_type)
{
	struct str type = r->content_type;
	const char *end = type.n ? memchr(type.p, ';', type.n) : NULL;
	if (end)
		type.n = (size_t)(end - type.p);
	return str_equal_nocase(str_trim(type), str_of(media_type));
}

bool
request_wants_html(const struct request *r)
{
	return r->accept.n > 0 && memmem(r->accept.p, r->accept.n, "text/html", 9) != NULL;
}
