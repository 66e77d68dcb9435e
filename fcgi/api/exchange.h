/*
 * exchange.h: one request and its reply, from the wire to the handler and back.
 *
 * A handler reads x->request and fills x->response, or returns false with an err, which becomes an
 * error in the words of the API that was called.  Nothing is sent before the handler is through.
 *
 * A handler may answer later: it names a job and a function to go on with (exchange_wait).  The
 * worker parks the request, serves others, and calls the function whenever the job may have
 * changed; that fills the response, or leaves the request waiting.  If the client leaves meanwhile,
 * a job that was made for this request alone is cancelled.
 */
#ifndef ROWHOUSE_EXCHANGE_H
#define ROWHOUSE_EXCHANGE_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/jsonout.h"
#include "http/request.h"
#include "http/template.h"
#include "model/model.h"
#include "process/board.h"

/* In whose words a route speaks. */
enum dialect {
	DIALECT_ROWHOUSE,
	DIALECT_CLARO,
	DIALECT_PAGE,
};

/* What a process that answers requests holds for all its life. */
struct app {
	struct model model;
	struct conf conf;
	struct template_set *templates;
	struct board *board;     /* NULL when there is no supervisor (plain CGI) */
	struct board_slot *slot; /* this worker's, or NULL */
};

struct response {
	int status;
	struct buf headers;       /* complete "Name: value\r\n" lines */
	const char *content_type; /* the last one set counts: an error may take an answer's place */
	struct buf body;
	struct str file; /* instead of the body: a path below DATA, sent by nginx */
};

struct exchange;
typedef bool handler_fn(struct exchange *x, struct err *e);

#define PATH_VALUES 4

struct exchange {
	struct app *app;
	struct arena arena;
	struct request request;
	struct response response;
	struct caller caller;
	enum dialect dialect;
	const struct route *route;
	struct str value[PATH_VALUES]; /* what stood in the place of {...} in the route's pattern */
	void *state;                   /* a handler's own, between its calls */
	int64_t started_us;
	/* What was asked for is durable: an error from here on is one of the answer, and says so.
	 */
	bool done;
	bool keep_nothing;  /* this answer is not kept for a retry */
	uint64_t rate_used; /* requests of this key in this minute, this one included */

	/* Waiting for a job. */
	char job_id[UUID_BYTES]; /* empty: it does not wait */
	handler_fn *resume;
	bool owns_job; /* the job was made for this request alone */
	int64_t deadline_ms;
	struct str kept_key; /* the Idempotency-Key its answer is kept under, or empty */
};

/* ---- for handlers ---- */

/* Adds a header.  Control bytes cannot get into one: the line would be left out (and is logged). */
void respond_header(struct exchange *x, const char *name, struct str value);
void respond_header_text(struct exchange *x, const char *name, const char *value);
/* Sets status and type; the body is then written to x->response.body. */
void respond(struct exchange *x, int status, const char *content_type);
/* The same with a JSON writer on the body. */
void respond_json(struct exchange *x, int status, struct jsonout *j);
/* 204. */
void respond_nothing(struct exchange *x);
/* Retry-After of a failure that may be over by then; for answers that tell of an err in their own
 * way. */
void respond_retry(struct exchange *x, const struct err *e);
/* 303 to a path of our own. */
void respond_see_other(struct exchange *x, struct str path);
/* Whoever follows a link to the answer keeps it as a file of that name. */
void respond_attachment(struct exchange *x, struct str name);
/* A file below DATA, as an attachment of that name. */
void respond_file(struct exchange *x, struct str path, const char *content_type, struct str name);

/* Leaves the request waiting for a job; the handler then returns true. */
void exchange_wait(struct exchange *x, const char *job_id, bool owns_job, handler_fn *resume);

/* Where the world reaches us: base_url of the settings, or scheme and host of the request. */
struct str exchange_base_url(struct exchange *x);

/* ---- for the wires ---- */

/* Everything from raw parameters to a response or a wait.  Memory that runs out becomes a 503 or
 * 413.  Must be called with an initialised arena. */
void exchange_run(struct exchange *x, char **parameters);
/* The job may have changed: goes on.  True when there is a response now. */
bool exchange_resume(struct exchange *x);
/* It would have to wait and there is no room for one more: makes a response. */
void exchange_refuse(struct exchange *x);
/* It waited too long, or the client left: the first makes a response, both let go of the job. */
void exchange_expire(struct exchange *x);
void exchange_abandon(struct exchange *x);
/* The head of the reply: status line of CGI, headers, blank line. */
struct str exchange_head(struct exchange *x);
void exchange_log(const struct exchange *x);

/* Opens what an app holds. */
bool app_open(struct app *app, const char *data, struct arena *a, struct err *e) MUST_CHECK;
void app_close(struct app *app);
/* After a task was cut short. */
void app_recover(struct app *app);

#endif
