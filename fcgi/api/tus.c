/* tus.c: see tus.h.  Sections are those of the protocol's text. */
#include "api/tus.h"
#include "api/rowhouse.h"
#include "api/tus_headers.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "model/uploads.h"

#include <unistd.h>

#define MOUNT "/api/rowhouse/v1/uploads"
#define VERSION "1.0.0"
#define EXTENSIONS                                                                                 \
	"creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"

bool
tus_is_at(struct str path)
{
	size_t n = sizeof MOUNT - 1;
	return str_starts(path, MOUNT) && (path.n == n || path.p[n] == '/');
}

void
tus_override(struct request *r)
{
	if (r->method_override.n == 0 || !tus_is_at(r->path))
		return;
	r->method_text = r->method_override;
	r->method = request_method(r->method_override);
}

/* "Tus-Resumable": every request but OPTIONS says the version it speaks. */
static bool
check_version(struct exchange *x, struct err *e)
{
	struct str said = x->request.tus_resumable;
	if (str_is(said, VERSION))
		return true;
	respond_header_text(x, "Tus-Version", VERSION);
	if (said.n == 0)
		return FAIL(e, VERSION, "the header Tus-Resumable is missing; it must be " VERSION);
	return FAIL(e, VERSION, "this server speaks tus " VERSION ", not %.*s",
	    STR_ARG(str_clip(said, 20)));
}

/* ---- headers of the request ---- */

/* UPLOAD_LENGTH_UNKNOWN when it is not there. */
static bool
read_number(uint64_t *out, struct str text, const char *name, struct err *e)
{
	*out = UPLOAD_LENGTH_UNKNOWN;
	return text.n == 0 || (str_to_u64(out, text) && *out <= INT64_MAX) ||
	       FAIL_FIELD(e, INPUT, name, "the header %s must be a number of bytes", name);
}

static bool
read_length(uint64_t *out, const struct request *r, struct err *e)
{
	struct str deferred = r->upload_defer_length;
	if (!read_number(out, r->upload_length, "Upload-Length", e))
		return false;
	if (deferred.n > 0 && !str_is(deferred, "1"))
		return FAIL_FIELD(
		    e, INPUT, "Upload-Defer-Length", "the header Upload-Defer-Length must be 1");
	if ((r->upload_length.n > 0) == (deferred.n > 0))
		return FAIL_FIELD(e, INPUT, "Upload-Length",
		    "one of the headers Upload-Length and Upload-Defer-Length is needed");
	return true;
}

static bool
check_body_type(const struct request *r, struct err *e)
{
	return request_is_type(r, TUS_BODY_TYPE) ||
	       FAIL(e, MEDIA_TYPE, "the body must be " TUS_BODY_TYPE);
}

/* ---- answers ---- */

static void
put_number(struct exchange *x, const char *name, uint64_t n)
{
	respond_header(x, name, arena_format(&x->arena, "%" PRIu64, n));
}

static void
put_expiry(struct exchange *x, const struct upload *u)
{
	char text[CLOCK_TEXT_BYTES];
	clock_format_http(text, u->expires_at);
	respond_header_text(x, "Upload-Expires", text);
}

static void
put_progress(struct exchange *x, const struct upload *u)
{
	put_number(x, "Upload-Offset", u->offset);
	put_expiry(x, u);
}

static void
put_upload(struct jsonout *j, const struct upload *u)
{
	jsonout_object(j);
	jsonout_member_text(j, "id", u->upload_id);
	jsonout_member_str(j, "name", u->name);
	jsonout_member_str(j, "content_type", u->content_type);
	jsonout_key(j, "length");
	if (u->length == UPLOAD_LENGTH_UNKNOWN)
		jsonout_null(j);
	else
		jsonout_unsigned(j, u->length);
	jsonout_key(j, "offset");
	jsonout_unsigned(j, u->offset);
	jsonout_member_bool(j, "complete", upload_is_complete(u));
	put_time(j, "created_at", u->created_at);
	put_time(j, "expires_at", u->expires_at);
	jsonout_end(j);
}

/* ---- OPTIONS, HEAD, DELETE ---- */

bool
tus_options(struct exchange *x, struct err *e)
{
	(void)e;
	respond_nothing(x);
	respond_header_text(x, "Tus-Version", VERSION);
	respond_header_text(x, "Tus-Extension", EXTENSIONS);
	respond_header_text(x, "Tus-Checksum-Algorithm", TUS_CHECKSUMS);
	put_number(x, "Tus-Max-Size", LIMIT_UPLOAD_BYTES);
	return true;
}

/* HEAD is the protocol's; a GET says the same in JSON. */
bool
tus_get(struct exchange *x, struct err *e)
{
	struct upload u;
	struct jsonout j;
	if ((x->request.method == METHOD_HEAD && !check_version(x, e)) ||
	    !model_upload_get(&x->app->model, &x->caller, x->value[0], &u, &x->arena, e))
		return false;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_key(&j, "upload");
	put_upload(&j, &u);
	jsonout_end(&j);
	put_progress(x, &u);
	if (u.length == UPLOAD_LENGTH_UNKNOWN)
		respond_header_text(x, "Upload-Defer-Length", "1");
	else
		put_number(x, "Upload-Length", u.length);
	if (u.metadata.n > 0)
		respond_header(x, "Upload-Metadata", u.metadata);
	return true;
}

bool
tus_remove(struct exchange *x, struct err *e)
{
	if (!check_version(x, e) ||
	    !model_upload_remove(&x->app->model, &x->caller, x->value[0], &x->arena, e))
		return false;
	respond_nothing(x);
	return true;
}

/* ---- appending, for PATCH and for POST ---- */

struct pending {
	struct upload upload;
	char job_id[UUID_BYTES];
	/* How it is answered; `why` NULL: all of the body was appended. */
	bool (*answer)(struct exchange *x, const struct upload *u, struct err *why, struct err *e);
};

static bool
go_on(struct exchange *x, struct err *e)
{
	struct pending *p = x->state;
	struct job job;
	struct err why = {0};
	struct arena_mark mark = arena_mark(&x->arena);
	if (!model_job_get(&x->app->model, &x->caller, str_of(p->job_id), &job, &x->arena, e))
		return false;
	if (str_is(job.state, "failed") || str_is(job.state, "cancelled")) {
		(void)!model_job_failure(&job, &why);
		return p->answer(x, &p->upload, &why, e);
	}
	if (!str_is(job.state, "done")) {
		exchange_wait(x, job.job_id, false, go_on);
		arena_reset(&x->arena, mark);
		return true;
	}
	return model_upload_get(&x->app->model, &x->caller, str_of(p->upload.upload_id), &p->upload,
		   &x->arena, e) &&
	       p->answer(x, &p->upload, NULL, e);
}

/* A client that leaves does not stop the job: what arrived is kept. */
static bool
append_later(struct exchange *x, struct pending *p, const struct upload_piece *piece, struct err *e)
{
	struct job job;
	struct str incoming;
	struct arena *a = &x->arena;
	if (!request_keep_body(&incoming, &x->request, x->app->model.data, a, e))
		return false;
	if (!model_upload_append_later(
		&x->app->model, &x->caller, &p->upload, piece, incoming, &job, a, e)) {
		unlink(
		    arena_format(a, "%s/incoming/%.*s", x->app->model.data, STR_ARG(incoming)).p);
		return false;
	}
	memcpy(p->job_id, job.job_id, sizeof p->job_id);
	x->state = p;
	exchange_wait(x, job.job_id, false, go_on);
	return true;
}

static bool
append_now(struct exchange *x, struct pending *p, struct upload_piece *piece, struct err *e)
{
	struct err why = {0};
	if (!request_open_body(&piece->fd, &x->request, e))
		return false;
	bool good =
	    model_upload_append(&x->app->model, &x->caller, &p->upload, piece, &x->arena, &why);
	close(piece->fd);
	return p->answer(x, &p->upload, good ? NULL : &why, e);
}

static bool
append(struct exchange *x, struct pending *p, struct upload_piece *piece, struct err *e)
{
	piece->bytes = x->request.content_length;
	if (!x->request.has_body)
		return p->answer(x, &p->upload, NULL, e);
	return piece->bytes > UPLOAD_WORKER_BYTES ? append_later(x, p, piece, e)
						  : append_now(x, p, piece, e);
}

/* ---- PATCH ---- */

static bool
answer_append(struct exchange *x, const struct upload *u, struct err *why, struct err *e)
{
	if (why) {
		*e = *why;
		return false;
	}
	respond_nothing(x);
	put_progress(x, u);
	return true;
}

bool
tus_append(struct exchange *x, struct err *e)
{
	const struct request *r = &x->request;
	struct pending *p = arena_alloc(&x->arena, sizeof *p);
	struct upload_piece piece = {0};
	uint64_t offset, length;
	p->answer = answer_append;
	if (!check_version(x, e) || !check_body_type(r, e) ||
	    !read_number(&offset, r->upload_offset, "Upload-Offset", e) ||
	    !read_number(&length, r->upload_length, "Upload-Length", e) ||
	    !tus_checksum(&piece, r->upload_checksum, &x->arena, e))
		return false;
	if (r->upload_offset.n == 0)
		return FAIL_FIELD(e, INPUT, "Upload-Offset", "the header Upload-Offset is needed");
	return model_upload_reserve(&x->app->model, &x->caller, x->value[0], &p->upload, offset,
		   r->content_length, length, &x->arena, e) &&
	       append(x, p, &piece, e);
}

/* ---- POST ---- */

/* Made it is, whatever became of the bytes that came along: the offset says what was accepted. */
static bool
answer_create(struct exchange *x, const struct upload *u, struct err *why, struct err *e)
{
	struct jsonout j;
	(void)e;
	if (why)
		log_err("the first bytes of an upload were not kept", why);
	respond_json(x, 201, &j);
	jsonout_object(&j);
	jsonout_key(&j, "upload");
	put_upload(&j, u);
	jsonout_end(&j);
	respond_header(x, "Location", arena_format(&x->arena, MOUNT "/%s", u->upload_id));
	put_progress(x, u);
	return true;
}

bool
tus_create(struct exchange *x, struct err *e)
{
	const struct request *r = &x->request;
	struct pending *p = arena_alloc(&x->arena, sizeof *p);
	struct upload *u = &p->upload;
	struct upload_piece piece = {0};
	*p = (struct pending){.answer = answer_create};
	if (!check_version(x, e) || (r->has_body && !check_body_type(r, e)) ||
	    !read_length(&u->length, r, e) || !tus_metadata(u, r->upload_metadata, &x->arena, e) ||
	    !tus_checksum(&piece, r->upload_checksum, &x->arena, e))
		return false;
	if (r->content_length > u->length)
		return FAIL(e, TOO_BIG,
		    "the body has %" PRIu64 " bytes, and the upload is to have %" PRIu64,
		    r->content_length, u->length);
	if (!model_upload_new(&x->app->model, &x->caller, u, e))
		return false;
	/* Of an unknown length room is made as the bytes come. */
	struct err why = {0};
	if (u->length == UPLOAD_LENGTH_UNKNOWN && r->has_body &&
	    !model_upload_reserve(&x->app->model, &x->caller, str_of(u->upload_id), u, 0,
		r->content_length, UPLOAD_LENGTH_UNKNOWN, &x->arena, &why))
		return answer_create(x, u, &why, e);
	return append(x, p, &piece, e);
}
