/* access.c: see access.h. */
#define _GNU_SOURCE
#include "api/access.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/log.h"

#define KEY_BYTES 255
#define RATE_OFF 1000000 /* what the headers say when there is no limit */

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
static bool
is_our_page(const struct request *r)
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
access_look(struct exchange *x, struct err *e)
{
	const struct request *r = &x->request;
	struct model *m = &x->app->model;
	struct str key = access_bearer(r), token = request_cookie(r, SESSION_COOKIE);
	bool found = false;
	x->caller = (struct caller){0};
	if (key.n > 0 && key.n <= KEY_BYTES)
		return model_caller_of_key(m, &x->caller, &found, key, &x->arena, e);
	bool by_cookie = x->dialect == DIALECT_PAGE || x->dialect == DIALECT_ROWHOUSE;
	if (by_cookie && token.n == SESSION_TOKEN_BYTES - 1)
		return model_caller_of_session(m, &x->caller, &found, token, &x->arena, e);
	return true;
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
	if (x->caller.by_session && is_change(&x->request) && !is_our_page(&x->request))
		return FAIL(e, FORBIDDEN,
		    "changes with a browser's session are taken from pages of this server only");
	return true;
}

/* ---- answers kept ---- */

static void
request_hash(uint8_t out[SHA256_BYTES], struct exchange *x, struct str body)
{
	const struct request *r = &x->request;
	struct str text = arena_format(&x->arena, "%.*s %.*s %" PRIu64 "\n%.*s",
	    STR_ARG(r->method_text), STR_ARG(r->uri), r->content_length, STR_ARG(body));
	sha256_of(out, text);
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

bool
access_replay(struct exchange *x, bool *answered, struct err *e)
{
	const struct request *r = &x->request;
	struct kept_answer kept;
	uint8_t hash[SHA256_BYTES];
	struct str body = {0};
	if (!is_change(r) || r->idempotency_key.n == 0 || x->caller.org_id == 0)
		return true;
	if (r->idempotency_key.n > KEY_BYTES)
		return FAIL(e, INPUT, "Idempotency-Key may have at most %d bytes", KEY_BYTES);
	/* A form's boundary is another at every attempt, so of uploads only the length counts. */
	if (!request_is_type(r, "multipart/form-data") && r->content_length <= (1 << 20) &&
	    !request_body(&body, r, 1 << 20, &x->arena, e))
		return false;
	request_hash(hash, x, body);
	struct str key = arena_format(&x->arena, "%.*s", STR_ARG(r->idempotency_key));
	if (!store_answer_begin(
		x->app->model.store, &kept, x->caller.org_id, key, hash, &x->arena, e))
		return false;
	if (!kept.found) {
		x->kept_key = key;
		return true;
	}
	if (!equal_constant_time(hash, kept.body_hash, sizeof hash))
		return FAIL(e, UNPROCESSABLE,
		    "this Idempotency-Key was used before with another request; use a new one");
	if (kept.running) {
		respond_header_text(x, "Retry-After", "2");
		return FAIL(e, CONFLICT, "the request with this Idempotency-Key is still running");
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
	int status = r->status >= 500 || r->status == 499 || r->file.n ? 0 : r->status;
	if (!store_answer_end(x->app->model.store, x->caller.org_id, x->kept_key, status,
		buf_str(&r->body), location_of(r), &e))
		log_err("an answer could not be kept", &e);
	x->kept_key = (struct str){0};
}

/* ---- the rate ---- */

bool
rate_check(struct exchange *x, struct err *e)
{
	uint64_t limit = x->app->conf.rate_per_minute, used = 0;
	int64_t minute = clock_now_us() / 60000000;
	char text[24];
	if (limit > 0 && x->app->board && x->caller.org_id != 0)
		used = board_count(x->app->board, x->caller.key_id, minute);
	uint64_t shown = limit > 0 ? limit : RATE_OFF;
	snprintf(text, sizeof text, "%" PRIu64, shown);
	respond_header_text(x, "X-RateLimit-Limit", text);
	snprintf(text, sizeof text, "%" PRIu64, used < shown ? shown - used : 0);
	respond_header_text(x, "X-RateLimit-Remaining", text);
	snprintf(text, sizeof text, "%" PRId64, (minute + 1) * 60);
	respond_header_text(x, "X-RateLimit-Reset", text);
	if (limit == 0 || used <= limit)
		return true;
	snprintf(text, sizeof text, "%" PRId64, (minute + 1) * 60 - clock_now_us() / 1000000);
	respond_header_text(x, "Retry-After", text);
	return FAIL(e, BUSY, "over %" PRIu64 " requests a minute with this key; try again in %s s",
	    limit, text);
}
