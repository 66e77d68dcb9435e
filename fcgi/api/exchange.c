/* exchange.c: what happens to every request, whatever it asks for; see exchange.h. */
#include "api/exchange.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"
#include "api/access.h"
#include "api/rowhouse.h"
#include "api/route.h"
#include "api/tus.h"

#include <assert.h>

/* ---- replies ---- */

void
respond_header(struct exchange *x, const char *name, struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f) {
			log_warning("a header %s with control bytes was left out", name);
			return;
		}
	struct buf *headers = &x->response.headers;
	buf_put_text(headers, name);
	buf_put_text(headers, ": ");
	buf_put_str(headers, value);
	buf_put_text(headers, "\r\n");
}

void
respond_header_text(struct exchange *x, const char *name, const char *value)
{
	respond_header(x, name, str_of(value));
}

void
respond(struct exchange *x, int status, const char *content_type)
{
	x->response.status = status;
	x->response.body.n = 0;
	x->response.content_type = content_type;
}

void
respond_json(struct exchange *x, int status, struct jsonout *j)
{
	respond(x, status, "application/json");
	jsonout_init(j, &x->response.body);
}

void
respond_nothing(struct exchange *x)
{
	x->response.status = 204;
	x->response.body.n = 0;
}

#define RETRY_S 5 /* where nobody knows better */

void
respond_retry(struct exchange *x, const struct err *e)
{
	bool passes = e->code == ERR_UNAVAILABLE || e->code == ERR_DISK_FULL || e->code == ERR_BUSY;
	char text[24];
	if (!passes && e->retry_s == 0)
		return;
	snprintf(text, sizeof text, "%" PRId64, e->retry_s ? e->retry_s : RETRY_S);
	respond_header_text(x, "Retry-After", text);
}

void
respond_see_other(struct exchange *x, struct str path)
{
	x->response.status = 303;
	x->response.body.n = 0;
	respond_header(x, "Location", path);
}

void
respond_attachment(struct exchange *x, struct str name)
{
	struct buf disposition;
	buf_init(&disposition, &x->arena);
	buf_put_text(&disposition, "attachment; filename*=UTF-8''");
	url_encode(&disposition, name);
	respond_header(x, "Content-Disposition", buf_str(&disposition));
}

void
respond_file(struct exchange *x, struct str path, const char *content_type, struct str name)
{
	respond(x, 200, content_type);
	respond_attachment(x, name);
	x->response.file = path;
}

struct str
exchange_base_url(struct exchange *x)
{
	if (x->app->conf.base_url[0])
		return str_of(x->app->conf.base_url);
	return arena_format(
	    &x->arena, "%.*s://%.*s", STR_ARG(x->request.scheme), STR_ARG(x->request.host));
}

/* ---- waiting ---- */

void
exchange_wait(struct exchange *x, const char *job_id, bool owns_job, handler_fn *resume)
{
	snprintf(x->job_id, sizeof x->job_id, "%s", job_id);
	x->resume = resume;
	x->owns_job = owns_job;
	if (x->deadline_ms == 0)
		x->deadline_ms = clock_monotonic_ms() + LIMIT_PARKED_MS;
}

static void
let_go(struct exchange *x)
{
	struct err e = {0};
	char job_id[UUID_BYTES];
	/* Forgotten first: should memory run out below, it is not tried again and again. */
	memcpy(job_id, x->job_id, sizeof job_id);
	x->job_id[0] = 0;
	if (job_id[0] && x->owns_job && !model_job_drop(&x->app->model, job_id, &e))
		log_err("a job nobody waits for any more could not be cancelled", &e);
}

/* ---- the way of a request ---- */

/* Headers every reply has. */
static void
common_headers(struct exchange *x)
{
	respond_header(x, "X-Request-Id", x->request.id);
	respond_header_text(x, "X-Content-Type-Options", "nosniff");
	respond_header_text(x, "Referrer-Policy", "no-referrer");
	respond_header_text(x, "Cross-Origin-Resource-Policy", "same-origin");
	if (x->dialect == DIALECT_PAGE) {
		respond_header_text(x, "Content-Security-Policy",
		    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
		    "data:; "
		    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
		    "'none'");
		respond_header_text(x, "Cross-Origin-Opener-Policy", "same-origin");
	} else {
		respond_header_text(
		    x, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	}
	respond_header_text(x, "Cache-Control", "no-store");
	if (tus_is_at(x->request.path))
		respond_header_text(x, "Tus-Resumable", "1.0.0");
	if (access_is_https(x))
		respond_header_text(x, "Strict-Transport-Security", "max-age=31536000");
}

/* A listed origin may read the answers (cors_origins); nobody else's browser may. */
static bool
cors(struct exchange *x)
{
	struct str list = str_of(x->app->conf.cors_origins), origin = x->request.origin;
	bool listed = false;
	while (list.n > 0 && origin.n > 0 && !listed) {
		const char *space = memchr(list.p, ' ', list.n);
		struct str one = {list.p, space ? (size_t)(space - list.p) : list.n};
		listed = str_equal(one, origin);
		list.p += one.n + (space ? 1 : 0);
		list.n -= one.n + (space ? 1 : 0);
	}
	if (!listed)
		return false;
	respond_header(x, "Access-Control-Allow-Origin", origin);
	respond_header_text(x, "Vary", "Origin");
	respond_header_text(x, "Access-Control-Expose-Headers",
	    "ETag, Location, Retry-After, X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, "
	    "X-RateLimit-Reset, " TUS_RESPONSE_HEADERS);
	if (x->request.method != METHOD_OPTIONS || x->request.preflight_method.n == 0)
		return false;
	respond_header_text(x, "Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
	respond_header_text(x, "Access-Control-Allow-Headers",
	    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Client-Name, "
	    "X-Request-Id, Request-Source, " TUS_REQUEST_HEADERS);
	respond_header_text(x, "Access-Control-Max-Age", "600");
	respond_nothing(x);
	return true;
}

static bool
handle(struct exchange *x, char **parameters, struct err *e)
{
	struct str allow = {0};
	bool parsed = request_parse(&x->request, parameters, &x->arena, e);
	tus_override(&x->request);
	x->dialect = route_dialect(x->request.path);
	x->caller = (struct caller){.remote = x->request.remote, .request_id = x->request.id};
	common_headers(x);
	if (!parsed || cors(x))
		return parsed;
	if (!route_find(
		&x->route, x->value, x->request.method, x->request.path, &allow, &x->arena, e)) {
		if (allow.n)
			respond_header(x, "Allow", allow);
		return false;
	}
	x->dialect = x->route->dialect;
	if (x->route->access == ACCESS_KEY && !access_check(x, e))
		return false;
	if (!rate_check(x, e))
		return false;
	bool is_ours = x->dialect == DIALECT_ROWHOUSE && x->route->access == ACCESS_KEY;
	if (is_ours && !nothing_more(x, e))
		return false;
	bool answered = false;
	if (!access_replay(x, &answered, e))
		return false;
	return answered || x->route->handler(x, e);
}

/* Who reads of a failure would do again what is done. */
static void
say_done(const struct exchange *x, struct err *e)
{
	struct err why = *e;
	if (!x->done)
		return;
	err_clear(e);
	FAIL(e, UNAVAILABLE, "it is done, but could not be answered (%s); read it again",
	    why.message);
}

/* What is left of an exchange that failed or was cut short: an error, and no job. */
static void
answer_error(struct exchange *x, struct err *e)
{
	let_go(x);
	x->response.file = (struct str){0};
	if (e->code == ERR_SYSTEM || e->code == ERR_DISK_FULL || e->code == ERR_UNAVAILABLE)
		log_err(x->route ? x->route->name : "request", e);
	say_done(x, e);
	respond_error(x, e);
}

static void
settle(struct exchange *x, bool good, struct err *e)
{
	if (!good)
		answer_error(x, e);
	if (x->job_id[0])
		return;
	rate_headers(x);
	access_keep(x);
}

static void
begin_response(struct exchange *x)
{
	x->response = (struct response){.status = 500};
	buf_init(&x->response.headers, &x->arena);
	buf_init(&x->response.body, &x->arena);
}

/* A text that outlives the arena it was in. */
static struct str
keep(char *out, size_t size, struct str s)
{
	s = str_clip(s, size);
	if (s.n > 0)
		memcpy(out, s.p, s.n);
	return (struct str){out, s.n};
}

/* Memory ran out: everything of the request is dropped but what names it, and a small answer made
 * anew. */
static void
answer_exhausted(struct exchange *x)
{
	struct err e = {0};
	jmp_buf last;
	char id[64], method[16], path[500], accept[200];
	bool limit = arena_over_limit();
	struct request named = {
	    .method = x->request.method,
	    .id = keep(id, sizeof id, x->request.id),
	    .method_text = keep(method, sizeof method, x->request.method_text),
	    .path = keep(path, sizeof path, x->request.path),
	    .accept = keep(accept, sizeof accept, x->request.accept),
	};
	app_recover(x->app);
	x->response.status = 503;
	if (arena_guard(last) == 0) {
		let_go(x);
		access_keep(x);
	}
	x->job_id[0] = 0;
	app_recover(x->app);
	arena_release(&x->arena);
	x->request = named;
	x->state = NULL;
	x->kept_key = (struct str){0};
	if (arena_guard(last) != 0) {
		x->request = (struct request){.method = METHOD__MAX};
		x->response = (struct response){.status = 503};
		return;
	}
	x->request.id = arena_copy(&x->arena, named.id);
	x->request.method_text = arena_copy(&x->arena, named.method_text);
	x->request.path = arena_copy(&x->arena, named.path);
	x->request.accept = arena_copy(&x->arena, named.accept);
	begin_response(x);
	common_headers(x);
	if (limit)
		FAIL(&e, TOO_BIG,
		    "the answer needs more memory than one request may have (%d MiB); ask for less "
		    "at once",
		    (int)(LIMIT_REQUEST_BYTES >> 20));
	else
		FAIL(&e, UNAVAILABLE, "the server is out of memory; try again in a moment");
	say_done(x, &e);
	respond_error(x, &e);
}

void
exchange_run(struct exchange *x, char **parameters)
{
	jmp_buf env;
	x->started_us = clock_now_us();
	if (arena_guard(env) == 0) {
		struct err e = {0};
		begin_response(x);
		bool good = handle(x, parameters, &e);
		settle(x, good, &e);
	} else {
		answer_exhausted(x);
	}
	arena_unguard();
}

bool
exchange_resume(struct exchange *x)
{
	jmp_buf env;
	if (arena_guard(env) == 0) {
		struct err e = {0};
		char job_id[UUID_BYTES];
		memcpy(job_id, x->job_id, sizeof job_id);
		x->job_id[0] = 0;
		bool good = x->resume(x, &e);
		if (!good)
			memcpy(x->job_id, job_id, sizeof job_id);
		settle(x, good, &e);
	} else {
		answer_exhausted(x);
	}
	arena_unguard();
	return x->job_id[0] == 0;
}

/* Ends a wait with an error. */
static void
end_wait(struct exchange *x, struct err *e)
{
	jmp_buf env;
	if (arena_guard(env) == 0)
		settle(x, false, e);
	else
		answer_exhausted(x);
	arena_unguard();
}

void
exchange_expire(struct exchange *x)
{
	struct err e = {0};
	FAIL(&e, TIMEOUT, "the work behind this request took over %d seconds",
	    LIMIT_PARKED_MS / 1000);
	end_wait(x, &e);
}

void
exchange_refuse(struct exchange *x)
{
	struct err e = {0};
	FAIL(&e, UNAVAILABLE, "too many requests are waiting for work; try again in a moment");
	end_wait(x, &e);
}

void
exchange_abandon(struct exchange *x)
{
	jmp_buf env;
	x->response.status = 499;
	if (arena_guard(env) == 0) {
		let_go(x);
		access_keep(x);
	} else {
		app_recover(x->app);
	}
	arena_unguard();
}

/* nginx hands on the reason phrase as it gets it, and some clients print nothing else. */
static const char *
reason(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} reasons[] = {
	    {200, "OK"},
	    {201, "Created"},
	    {202, "Accepted"},
	    {204, "No Content"},
	    {303, "See Other"},
	    {304, "Not Modified"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {409, "Conflict"},
	    {410, "Gone"},
	    {412, "Precondition Failed"},
	    {413, "Content Too Large"},
	    {415, "Unsupported Media Type"},
	    {460, "Checksum Mismatch"},
	    {422, "Unprocessable Content"},
	    {428, "Precondition Required"},
	    {429, "Too Many Requests"},
	    {503, "Service Unavailable"},
	    {504, "Gateway Timeout"},
	    {507, "Insufficient Storage"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].phrase;
	return status < 500 ? "Error" : "Internal Server Error";
}

struct str
exchange_head(struct exchange *x)
{
	struct buf b;
	struct response *r = &x->response;
	buf_init(&b, &x->arena);
	buf_format(&b, "Status: %d %s\r\n", r->status, reason(r->status));
	buf_put_str(&b, buf_str(&r->headers));
	if (r->content_type && r->status != 204 && r->status != 304)
		buf_format(&b, "Content-Type: %s\r\n", r->content_type);
	/* nginx sends the file; without one (plain CGI) cgi.c does. */
	if (r->file.n && x->app->board)
		buf_format(&b, "X-Accel-Redirect: /-/data/%.*s\r\n", STR_ARG(r->file));
	else if (r->status != 204 && r->status != 304 && !r->file.n)
		buf_format(&b, "Content-Length: %zu\r\n", r->body.n);
	buf_put_text(&b, "\r\n");
	return buf_str(&b);
}

void
exchange_log(const struct exchange *x)
{
	struct log_request r = {
	    .id = x->request.id,
	    .method = x->request.method_text,
	    .path = x->request.path,
	    .remote = x->request.remote,
	    .status = x->response.status,
	    .bytes = x->response.body.n,
	    .microseconds = clock_now_us() - x->started_us,
	    .route = x->route ? x->route->name : NULL,
	};
	log_answer(&r);
}

/* ---- what a process holds ---- */

static void
log_refused(const struct registry *r)
{
	for (size_t i = 0; i < r->plugin_count; i++)
		if (!r->plugins[i].plugin)
			log_warning("the plugin %s is refused: %s", r->plugins[i].name,
			    r->plugins[i].reason);
}

bool
app_open(struct app *app, const char *data, struct arena *a, struct err *e)
{
	*app = (struct app){0};
	tree_setup();
	if (!conf_load(&app->conf, data, a, e) ||
	    !model_open(&app->model, data, &app->conf, true, e) ||
	    !registry_templates(app->model.registry, &app->templates, e))
		return false;
	log_refused(app->model.registry);
	return true;
}

void
app_close(struct app *app)
{
	templates_free(app->templates);
	model_close(&app->model);
}

void
app_recover(struct app *app)
{
	model_recover(&app->model);
}
