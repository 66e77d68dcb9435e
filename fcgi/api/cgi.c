/*
 * cgi.c: one request as plain CGI (RFC 3875): the environment and stdin in, stdout out.
 *
 * The same exchange as in a worker; what a worker does between requests (waiting for a job) is done
 * here in place.  Jobs need `rowhouse jobs` beside it.
 */
#define _GNU_SOURCE
#include "api/exchange.h"
#include "api/web.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "process/bell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

#define OWN_PARAMETERS 4
#define COPY_BYTES KIB(64)
#define LOOK_MS 1000

/* Copies the body to a file, as nginx does for a worker. */
static bool
take_body(struct str *path, const char *data, uint64_t length, struct arena *a, struct err *e)
{
	char name[UUID_BYTES];
	char *window = arena_alloc(a, COPY_BYTES);
	uuid_make(name);
	*path = arena_format(a, "%s/incoming/cgi-%s", data, name);
	int fd = open(path->p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return FAIL_ERRNO(e, "the body of the request cannot be kept");
	bool good = true;
	while (good && length > 0) {
		size_t want = length < COPY_BYTES ? (size_t)length : (size_t)COPY_BYTES;
		ssize_t got = read(STDIN_FILENO, window, want);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break; /* too short: request_body() finds that the length is wrong */
		good = file_write_all(fd, window, (size_t)got, e);
		length -= (uint64_t)got;
	}
	close(fd);
	return good;
}

/* Our parameters first, because the first of a name counts; then the environment. */
static char **
make_parameters(struct str body, struct arena *a)
{
	size_t n = 0, count = 0;
	while (environ[count])
		count++;
	char **list = arena_array(a, count + OWN_PARAMETERS + 1, sizeof *list);
	const char *path = getenv("PATH_INFO"), *query = getenv("QUERY_STRING");
	const char *https = getenv("HTTPS"), *host = getenv("HTTP_HOST");
	if (!getenv("REQUEST_URI"))
		list[n++] = arena_text(a, arena_format(a, "REQUEST_URI=%s%s%s", path ? path : "/",
					      query && *query ? "?" : "", query ? query : ""));
	list[n++] = arena_text(a, arena_format(a, "SCHEME=%s", https && *https ? "https" : "http"));
	list[n++] = arena_text(a, arena_format(a, "HOST=%s", host ? host : "localhost"));
	list[n++] = arena_text(a, arena_format(a, "BODY_FILE=%.*s", STR_ARG(body)));
	for (size_t i = 0; i < count; i++)
		list[n++] = environ[i];
	return list;
}

static void
wait_for_job(struct exchange *x, int bell)
{
	char text[BELL_BYTES];
	while (x->job_id[0]) {
		struct pollfd fd = {bell, POLLIN, 0};
		poll(&fd, 1, LOOK_MS);
		while (bell_next(bell, text))
			continue;
		if (!exchange_resume(x) && clock_monotonic_ms() >= x->deadline_ms)
			exchange_expire(x);
	}
}

static bool
send_file(struct exchange *x, struct err *e)
{
	struct stat st;
	off_t at = 0;
	struct str path =
	    arena_format(&x->arena, "%s/%.*s", x->app->model.data, STR_ARG(x->response.file));
	int fd = open(path.p, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return FAIL_ERRNO(e, "the file cannot be sent");
	arena_defer_close(&x->arena, fd);
	struct str length = arena_format(&x->arena, "%lld", (long long)st.st_size);
	respond_header(x, "Content-Length", length);
	struct str head = exchange_head(x);
	if (!file_write_all(STDOUT_FILENO, head.p, head.n, e))
		return false;
	char *window = arena_alloc(&x->arena, COPY_BYTES);
	while (x->request.method != METHOD_HEAD && at < st.st_size) {
		size_t left = (size_t)(st.st_size - at);
		size_t n = left < COPY_BYTES ? left : (size_t)COPY_BYTES;
		if (!file_read_at(fd, window, n, (uint64_t)at, e) ||
		    !file_write_all(STDOUT_FILENO, window, n, e))
			return false;
		at += (off_t)n;
	}
	return true;
}

bool
cgi_run(const char *data, struct err *e)
{
	static struct app app;
	struct exchange x = {.app = &app};
	struct str body = {0};
	uint64_t length = 0;
	int bell;
	char name[32];
	struct arena a;
	arena_init(&a, MIB(4));
	arena_init(&x.arena, LIMIT_REQUEST_BYTES);
	log_role("cgi");
	snprintf(name, sizeof name, "cgi-%d", (int)getpid());
	const char *declared = getenv("CONTENT_LENGTH");
	if (declared && *declared && !str_to_u64(&length, str_of(declared)))
		length = 0; /* request_parse() refuses it */
	if (!app_open(&app, data, &a, e) || !bell_open(&bell, data, name, e))
		return false;
	if (length > 0 && !take_body(&body, data, length, &a, e))
		return false;
	exchange_run(&x, make_parameters(body, &a));
	wait_for_job(&x, bell);
	bool good;
	if (x.response.file.n) {
		good = send_file(&x, e);
	} else {
		struct str head = exchange_head(&x), answer = buf_str(&x.response.body);
		if (x.request.method == METHOD_HEAD)
			answer.n = 0;
		good = file_write_all(STDOUT_FILENO, head.p, head.n, e) &&
		       file_write_all(STDOUT_FILENO, answer.p, answer.n, e);
	}
	exchange_log(&x);
	if (body.n)
		unlink(body.p);
	bell_close(bell, data, name);
	arena_release(&x.arena);
	app_close(&app);
	arena_release(&a);
	return good;
}
