/*
 * request.h: a request, parsed once into a struct that nobody writes to afterwards.
 *
 * It is made of name=value parameters (CGI, RFC 3875, by whatever wire brought them).  Decisions
 * are made of these fields only: a header that is not listed here does not exist for the core.
 */
#ifndef ROWHOUSE_REQUEST_H
#define ROWHOUSE_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "http/url.h"

#include <jansson.h>

enum method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD__MAX
};

/* X(field, parameter): texts copied as they came; empty when not sent. */
#define REQUEST_FIELDS(X)                                                                          \
	X(method_text, "REQUEST_METHOD")                                                           \
	X(uri, "REQUEST_URI")                                                                      \
	X(content_type, "CONTENT_TYPE")                                                            \
	X(content_length_text, "CONTENT_LENGTH")                                                   \
	X(body_file, "BODY_FILE")                                                                  \
	X(remote, "REMOTE_ADDR")                                                                   \
	X(nginx_id, "REQUEST_ID")                                                                  \
	X(scheme, "SCHEME")                                                                        \
	X(host, "HOST")                                                                            \
	X(authorization, "HTTP_AUTHORIZATION")                                                     \
	X(cookie, "HTTP_COOKIE")                                                                   \
	X(accept, "HTTP_ACCEPT")                                                                   \
	X(user_agent, "HTTP_USER_AGENT")                                                           \
	X(origin, "HTTP_ORIGIN")                                                                   \
	X(sec_fetch_site, "HTTP_SEC_FETCH_SITE")                                                   \
	X(if_match, "HTTP_IF_MATCH")                                                               \
	X(if_none_match, "HTTP_IF_NONE_MATCH")                                                     \
	X(idempotency_key, "HTTP_IDEMPOTENCY_KEY")                                                 \
	X(client_request_id, "HTTP_X_REQUEST_ID")                                                  \
	X(fern_language, "HTTP_X_FERN_LANGUAGE")                                                   \
	X(fern_sdk_name, "HTTP_X_FERN_SDK_NAME")                                                   \
	X(stainless_lang, "HTTP_X_STAINLESS_LANG")                                                 \
	X(stainless_retry_count, "HTTP_X_STAINLESS_RETRY_COUNT")                                   \
	X(client_name, "HTTP_X_CLIENT_NAME")                                                       \
	X(request_source, "HTTP_REQUEST_SOURCE")                                                   \
	X(csrf_token, "HTTP_X_CSRF_TOKEN")                                                         \
	X(method_override, "HTTP_X_HTTP_METHOD_OVERRIDE")                                          \
	X(tus_resumable, "HTTP_TUS_RESUMABLE")                                                     \
	X(upload_offset, "HTTP_UPLOAD_OFFSET")                                                     \
	X(upload_length, "HTTP_UPLOAD_LENGTH")                                                     \
	X(upload_defer_length, "HTTP_UPLOAD_DEFER_LENGTH")                                         \
	X(upload_metadata, "HTTP_UPLOAD_METADATA")                                                 \
	X(upload_checksum, "HTTP_UPLOAD_CHECKSUM")                                                 \
	X(preflight_method, "HTTP_ACCESS_CONTROL_REQUEST_METHOD")

struct request {
#define X(field, parameter) struct str field;
	REQUEST_FIELDS(X)
#undef X
	enum method method; /* METHOD__MAX: one we do not know */
	struct str id;   /* for logs and answers: the client's if it is a plain word, else ours */
	struct str path; /* decoded once */
	struct str query_text;
	struct url_parameters query;
	bool has_body;
	uint64_t content_length;
};

/* `parameters` is an array of "NAME=value" ended by NULL; all that is kept is copied.  An INPUT or
 * TOO_BIG failure leaves what could be read, so that it can be answered and logged. */
bool request_parse(struct request *r, char **parameters, struct arena *a, struct err *e) MUST_CHECK;

/* The method of this name, METHOD__MAX: one we do not know. */
enum method request_method(struct str name);

/* The body as an open file of exactly content_length bytes, for the caller to close. */
bool request_open_body(int *fd, const struct request *r, struct err *e) MUST_CHECK;
/* The whole body, at most `limit` bytes.  Its length must be what the client declared. */
bool request_body(struct str *out, const struct request *r, size_t limit, struct arena *a,
    struct err *e) MUST_CHECK;
/* Its first and its last n bytes, or all of it and nothing. */
bool request_ends(struct str ends[2], const struct request *r, size_t n, struct arena *a,
    struct err *e) MUST_CHECK;
/* The body as JSON, an object (a missing body is an empty one). */
bool request_json(json_t **out, const struct request *r, struct arena *a, struct err *e) MUST_CHECK;
/* Gives the body file a name of its own, DATA/incoming/NAME, that outlives the request. */
bool request_keep_body(struct str *name, const struct request *r, const char *data, struct arena *a,
    struct err *e) MUST_CHECK;

/* A query parameter as a number; `missing` when it is not there; INPUT names it when it is none or
 * outside min..max. */
bool request_number(uint64_t *out, const struct request *r, const char *name, uint64_t missing,
    uint64_t min, uint64_t max, struct err *e) MUST_CHECK;
/* The value of a cookie, empty when there is none. */
struct str request_cookie(const struct request *r, const char *name);
/* The body has this media type, whatever its parameters. */
bool request_is_type(const struct request *r, const char *media_type);
/* A browser that wants a page. */
bool request_wants_html(const struct request *r);

#endif
