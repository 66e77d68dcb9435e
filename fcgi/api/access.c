/* access.c: see access.h. */
#define _GNU_SOURCE
#include "api/access.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "http/multipart.h"
#include "model/accounts.h"

#define KEY_BYTES_MOST 255
#define SAMPLE_BYTES KIB(64)
#define FORM_BEGINS_BYTES KIB(2) /* its first field is in them */
#define RATE_OFF 1000000         /* what the headers say when there is no limit */

struct str
access_bearer(const struct request *r)
{
	struct str a = r->authorization;
	if (a.n < 8 || !str_equal_nocase((struct str){a.p, 7}, STR("bearer ")))
		return STR("");
	return str_trim((struct str){a.p + 7, a.n - 7});
}

static bool
is_change(const struct request *r)
{
	return r->method != METHOD_GET && r->method != METHOD_HEAD && r->method != METHOD_OPTIONS;
}

/*
 * A cookie goes along with requests that other sites' pages send, so a change that rests on one
 * must come from a page of ours: browsers say so in Sec-Fetch-Site; older ones send an Origin,
 * which must then be this host.
 */
bool
access_is_our_page(const struct request *r)
{
	if (r->sec_fetch_site.n > 0)
		return str_is(r->sec_fetch_site, "same-origin") ||
		       str_is(r->sec_fetch_site, "none");
	if (r->origin.n == 0)
		return false;
	struct str origin = r->origin;
	const char *scheme = str_starts(origin, "https://") ? "https://" : "http://";
	size_t n = strlen(scheme);
	return str_starts(origin, scheme) &&
	       str_equal_nocase((struct str){origin.p + n, origin.n - n}, r->host);
}

bool
access_is_https(const struct exchange *x)
{
	return str_is(x->request.scheme, "https") ||
	       str_starts(str_of(x->app->conf.base_url), "https://");
}

/* TLS, or this machine itself: where browsers keep a Secure cookie. */
static bool
is_trusted_transport(const struct exchange *x)
{
	static const char *const here[] = {"localhost", "127.0.0.1", "[::1]"};
	if (access_is_https(x))
		return true;
	struct str host = x->request.host;
	for (size_t i = host.n; i-- > 0 && host.p[i] != ']';)
		if (host.p[i] == ':') {
			host.n = i;
			break;
		}
	for (size_t i = 0; i < ARRAY_LENGTH(here); i++)
		if (str_equal_nocase(host, str_of(here[i])))
			return true;
	return false;
}

struct str
access_cookie(struct exchange *x, const char *token)
{
	bool trusted = is_trusted_transport(x);
	return arena_format(&x->arena, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s",
	    trusted ? SESSION_COOKIE_HOST : SESSION_COOKIE, token,
	    *token ? LIMIT_SESSION_DAYS * 86400 : 0, trusted ? "; Secure" : "");
}

struct str
access_session(const struct exchange *x)
{
	const struct request *r = &x->request;
	/* Where the strong one can be had the weak one, which a neighbour may set, does not count.
	 */
	return request_cookie(r, is_trusted_transport(x) ? SESSION_COOKIE_HOST : SESSION_COOKIE);
}

bool
access_csrf(const struct exchange *x, struct str token, struct err *e)
{
	size_t n = strlen(x->caller.csrf);
	return (n > 0 && token.n == n && equal_constant_time(token.p, x->caller.csrf, n)) ||
	       FAIL(e, FORBIDDEN,
		   "this form is of another session or of another site: load the page again and "
		   "send it once more");
}

static bool
find_caller(struct exchange *x, struct err *e)
{
	const struct request *r = &x->request;
	struct model *m = &x->app->model;
	struct str key = access_bearer(r), token = access_session(x);
	bool found = false;
	x->caller = (struct caller){0};
	if (key.n > 0 && key.n <= KEY_BYTES_MOST)
		return model_caller_of_key(m, &x->caller, &found, key, &x->arena, e);
	bool by_cookie = x->dialect == DIALECT_PAGE || x->dialect == DIALECT_ROWHOUSE;
	if (by_cookie && r->authorization.n == 0 && token.n == SESSION_TOKEN_BYTES - 1)
		return model_caller_of_session(m, &x->caller, &found, token, &x->arena, e);
	return true;
}

bool
access_look(struct exchange *x, struct err *e)
{
	if (!find_caller(x, e))
		return false;
	x->caller.remote = x->request.remote;
	x->caller.request_id = x->request.id;
	return true;
}

/* The token of a form with files, which is its first field (http/template.h): only the beginning is
 * looked at, whatever comes behind it.  Empty when that is anything else. */
static struct str
first_field(struct exchange *x)
{
	struct arena *a = &x->arena;
	struct str boundary, ends[2];
	struct multipart form;
	struct buf first;
	struct err ignored = {0};
	if (!multipart_boundary(&boundary, x->request.content_type, a, &ignored) ||
	    !request_ends(ends, &x->request, FORM_BEGINS_BYTES, a, &ignored))
		return STR("");
	struct str mark = arena_format(a, "--%.*s", STR_ARG(boundary)), rest = ends[0];
	for (int i = 0; i < 2; i++) {
		const char *at = rest.n ? memmem(rest.p, rest.n, mark.p, mark.n) : NULL;
		if (!at)
			return STR("");
		size_t n = (size_t)(at - rest.p) + mark.n;
		rest = (struct str){rest.p + n, rest.n - n};
	}
	/* The form as it would be with this field alone. */
	buf_init(&first, a);
	buf_put(&first, ends[0].p, ends[0].n - rest.n);
	buf_put_text(&first, "--\r\n");
	struct str whole = buf_str(&first);
	if (!multipart_split(&form, whole.p, whole.n, boundary, a, &ignored) || form.count != 1 ||
	    !str_is(form.parts[0].name, "csrf"))
		return STR("");
	return (struct str){whole.p + form.parts[0].offset, (size_t)form.parts[0].length};
}

/* A change with a browser's session: from a page of ours, and with the token that only such a page
 * knows, in a header or in the form. */
static bool
check_change(struct exchange *x, struct err *e)
{
	const struct request *r = &x->request;
	struct url_parameters form;
	struct str body;
	if (!access_is_our_page(r))
		return FAIL(e, FORBIDDEN,
		    "changes with a browser's session are taken from pages of this server only");
	if (r->csrf_token.n > 0)
		return access_csrf(x, r->csrf_token, e);
	if (request_is_type(r, "multipart/form-data"))
		return access_csrf(x, first_field(x), e);
	if (!request_is_type(r, "application/x-www-form-urlencoded"))
		return FAIL(e, FORBIDDEN,
		    "with a browser's session the header X-CSRF-Token is needed (it stands in the "
		    "page's meta csrf)");
	return request_body(&body, r, LIMIT_FORM_FIELD_BYTES, &x->arena, e) &&
	       url_parse_form(&form, body, &x->arena, e) &&
	       access_csrf(x, url_parameter(&form, "csrf"), e);
}

bool
access_check(struct exchange *x, struct err *e)
{
	if (!access_look(x, e))
		return false;
	if (x->caller.org_id == 0)
		return FAIL(e, UNAUTHORIZED,
		    access_bearer(&x->request).n
			? "this key is not known here; the admin key is in admin.key in the data "
			  "folder"
			: "a key is needed: send it as 'Authorization: Bearer KEY'");
	return !x->caller.by_session || !is_change(&x->request) || check_change(x, e);
}

/* ---- answers kept ---- */

/* Keyed, so that whoever reads the catalog cannot try out what was sent. */
static void
request_hash(uint8_t out[SHA256_BYTES], struct exchange *x, struct str body)
{
	const struct request *r = &x->request;
	struct str text =
	    arena_format(&x->arena, "%.*s %.*s %" PRIu64 " %.*s\n%.*s", STR_ARG(r->method_text),
		STR_ARG(r->uri), r->content_length, STR_ARG(r->if_match), STR_ARG(body));
	hmac_sha256(out, (struct str){(const char *)x->app->model.secret, SECRET_BYTES}, text);
}

/* What the first answer's Content-Type was. */
static const char *
content_type_of(enum dialect dialect, int status)
{
	if (dialect == DIALECT_PAGE)
		return "text/html; charset=utf-8";
	return dialect == DIALECT_ROWHOUSE && status >= 400 ? "application/problem+json"
							    : "application/json";
}

/*
 * What is compared of a form: its beginning and its end without the boundary, which is another at
 * every attempt.  Reading all of a large upload twice would cost more than it is worth; the length
 * is compared as well.
 */
static bool
sample_form(struct str *out, struct exchange *x, struct err *e)
{
	const struct request *r = &x->request;
	struct str boundary, ends[2];
	struct buf b;
	buf_init(&b, &x->arena);
	if (!multipart_boundary(&boundary, r->content_type, &x->arena, e) ||
	    !request_ends(ends, r, SAMPLE_BYTES, &x->arena, e))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		struct str rest = ends[i];
		const char *at;
		while (rest.n > 0 && (at = memmem(rest.p, rest.n, boundary.p, boundary.n))) {
			size_t n = (size_t)(at - rest.p);
			buf_put(&b, rest.p, n);
			rest = (struct str){at + boundary.n, rest.n - n - boundary.n};
		}
		buf_put_str(&b, rest);
	}
	*out = buf_str(&b);
	return true;
}

bool
access_replay(struct exchange *x, bool *answered, struct err *e)
{
	const struct request *r = &x->request;
	struct kept_answer kept;
	uint8_t hash[SHA256_BYTES];
	struct str body = {0};
	if (!is_change(r) || r->idempotency_key.n == 0 || x->caller.org_id == 0 ||
	    x->route->keeps_nothing)
		return true;
	if (r->idempotency_key.n > KEY_BYTES_MOST)
		return FAIL(e, INPUT, "Idempotency-Key may have at most %d bytes", KEY_BYTES_MOST);
	if (request_is_type(r, "multipart/form-data")) {
		if (!sample_form(&body, x, e))
			return false;
	} else if (r->content_length <= LIMIT_JSON_TREE_BYTES &&
		   !request_body(&body, r, LIMIT_JSON_TREE_BYTES, &x->arena, e)) {
		return false;
	}
	request_hash(hash, x, body);
	/* Each caller has their own: nobody is answered what somebody else was. */
	struct str key = arena_format(&x->arena, "%s %.*s",
	    x->caller.key_id[0] ? x->caller.key_id : x->caller.user_id,
	    STR_ARG(r->idempotency_key));
	if (!store_answer_begin(
		x->app->model.store, &kept, x->caller.org_id, key, hash, &x->arena, e))
		return false;
	if (!kept.found) {
		x->kept_key = x->caller.idempotency_key = key;
		memcpy(x->caller.made_dataset, kept.dataset_id, sizeof kept.dataset_id);
		return true;
	}
	if (!equal_constant_time(hash, kept.body_hash, sizeof hash))
		return FAIL(e, UNPROCESSABLE,
		    "this Idempotency-Key was used before with another request; use a new one");
	if (kept.running) {
		FAIL(e, CONFLICT, "the request with this Idempotency-Key is still running");
		e->retry_s = 2;
		return false;
	}
	*answered = true;
	if (kept.body.n > 0)
		respond(x, kept.status, content_type_of(x->dialect, kept.status));
	else
		x->response.status = kept.status;
	buf_put_str(&x->response.body, kept.body);
	if (kept.location.n)
		respond_header(x, "Location", kept.location);
	respond_header_text(x, "Idempotency-Replayed", "true");
	return true;
}

/* The Location of a response, or nothing. */
static struct str
location_of(const struct response *r)
{
	static const char name[] = "\r\nLocation: ";
	struct str all = buf_str(&r->headers);
	const char *at = all.n ? memmem(all.p, all.n, name, sizeof name - 1) : NULL;
	if (!at)
		return (struct str){0};
	at += sizeof name - 1;
	const char *end = memchr(at, '\r', all.n - (size_t)(at - all.p));
	return (struct str){at, end ? (size_t)(end - at) : 0};
}

void
access_keep(struct exchange *x)
{
	struct err e = {0};
	const struct response *r = &x->response;
	if (x->kept_key.n == 0)
		return;
	/* What was refused because of how things stood may go another time. */
	bool lasts = r->status < 400 || r->status == err_status(ERR_INPUT) ||
		     r->status == err_status(ERR_UNPROCESSABLE);
	bool keep = lasts && !r->file.n && !x->keep_nothing;
	int status = keep ? r->status : 0;
	if (!store_answer_end(x->app->model.store, x->caller.org_id, x->kept_key, status,
		buf_str(&r->body), location_of(r), &e))
		log_err("an answer could not be kept", &e);
	x->kept_key = (struct str){0};
}

/* ---- the rate ---- */

bool
rate_check(struct exchange *x, struct err *e)
{
	uint64_t limit = x->app->conf.rate_per_minute;
	int64_t minute = clock_now_us() / 60000000;
	if (limit == 0 || !x->app->board || x->caller.org_id == 0)
		return true;
	x->rate_used = board_count(
	    x->app->board, x->caller.key_id[0] ? x->caller.key_id : x->caller.user_id, minute);
	if (x->rate_used <= limit)
		return true;
	int64_t wait = (minute + 1) * 60 - clock_now_us() / 1000000;
	FAIL(e, BUSY,
	    "over %" PRIu64 " requests a minute with this key; try again in %" PRId64 " s", limit,
	    wait);
	e->retry_s = wait > 0 ? wait : 1;
	return false;
}

void
rate_headers(struct exchange *x)
{
	uint64_t limit = x->app->conf.rate_per_minute, shown = limit > 0 ? limit : RATE_OFF;
	char text[24];
	snprintf(text, sizeof text, "%" PRIu64, shown);
	respond_header_text(x, "X-RateLimit-Limit", text);
	snprintf(text, sizeof text, "%" PRIu64, x->rate_used < shown ? shown - x->rate_used : 0);
	respond_header_text(x, "X-RateLimit-Remaining", text);
	snprintf(text, sizeof text, "%" PRId64, (clock_now_us() / 60000000 + 1) * 60);
	respond_header_text(x, "X-RateLimit-Reset", text);
}
