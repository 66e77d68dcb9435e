/* supervisor.c: see supervisor.h. */
#define _GNU_SOURCE
#include "process/supervisor.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "process/children.h"
#include "process/nginx.h"
#include "process/notify.h"
#include "process/probe.h"
#include "process/spawn.h"
#include "process/strays.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define READY_MS 15000
#define LOOK_MS 1000      /* how often the board is looked at */
#define DEATHS_AT_START 3 /* this many of one child before the first answer: it cannot start */

struct state {
	const struct supervisor *options;
	char data[PATH_MAX];
	int lock, log, signals;
	int user_stderr; /* the caller's, while descriptor 2 is the log */
	struct listener web, core;
	struct listener probed; /* where the server asks itself, when it cannot reach `web` */
	bool web_open, core_open, probed_open;
	char url[LISTENER_TEXT_BYTES + 16]; /* for users */
	struct children children;
	struct probe probe;
	bool ready, failed;
	int64_t started_ms, drain_ms; /* drain_ms: when the end began, 0: not yet */
	size_t drain_step;
};

/*
 * How a server ends.  nginx stops taking requests and waits for those it has; the job runner puts
 * down its work; when nginx has nothing left, or after 2.5 s, the workers end too.
 */
static const struct {
	int64_t after_ms;
	const char *role; /* NULL: all */
	int signal;
} drain_steps[] = {
    {0, "nginx", SIGQUIT},
    {0, "jobs", SIGTERM},
    {0, "outbound", SIGTERM},
    {2500, "web", SIGTERM},
    {3500, "nginx", SIGTERM},
    {4500, NULL, SIGKILL},
};

static bool
make_folders(struct state *s, struct err *e)
{
	static const char *const names[] = {"run", "log", "incoming", "outbound"};
	char path[PATH_MAX];
	if (!folder_make(s->options->data, e))
		return false;
	if (!realpath(s->options->data, s->data))
		return FAIL_ERRNO(e, "the folder %s cannot be used", s->options->data);
	/* nginx takes every other byte in its prefix, but this one begins a variable. */
	if (strchr(s->data, '$'))
		return FAIL(e, INPUT, "the path of the data folder must not contain $");
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		if (snprintf(path, sizeof path, "%s/%s", s->data, names[i]) >= (int)sizeof path)
			return FAIL(e, INPUT, "the path of the data folder is too long");
		if (!folder_make(path, e))
			return false;
		/* The sockets and files in it are for this user alone. */
		if (chmod(path, 0700) != 0)
			return FAIL_ERRNO(e, "the folder %s cannot be closed to others", path);
	}
	return true;
}

/* One supervisor a data folder, for as long as it lives. */
static bool
take_lock(struct state *s, struct err *e)
{
	char path[PATH_MAX + 16], pid[16] = "";
	snprintf(path, sizeof path, "%s/run/lock", s->data);
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return FAIL_ERRNO(e, "%s cannot be opened", path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return FAIL_ERRNO(e, "%s cannot be locked", path);
		ssize_t n = pread(s->lock, pid, sizeof pid - 1, 0);
		pid[n > 0 ? n : 0] = 0;
		pid[strcspn(pid, "\n")] = 0;
		return FAIL(e, CONFLICT, "%.250s is already in use by process %s", s->data, pid);
	}
	int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	if (ftruncate(s->lock, 0) != 0)
		return FAIL_ERRNO(e, "%s cannot be written", path);
	return file_write_all(s->lock, pid, (size_t)n, e);
}

/* From here on what this process and its children say goes to DATA/log/rowhouse.log. */
static bool
open_log(struct state *s, struct err *e)
{
	char path[PATH_MAX + 32];
	if (s->options->log_to_stderr)
		return true;
	snprintf(path, sizeof path, "%s/log/rowhouse.log", s->data);
	s->log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (s->log < 0)
		return FAIL_ERRNO(e, "%s cannot be opened", path);
	s->user_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (dup2(s->log, STDERR_FILENO) < 0)
		return FAIL_ERRNO(e, "%s cannot be used", path);
	return true;
}

/* What a killed nginx left of uploads that were on their way. */
static bool
remove_unfinished(const struct state *s, struct err *e)
{
	char path[PATH_MAX + 32];
	snprintf(path, sizeof path, "%s/incoming/nginx", s->data);
	return folder_remove(path, e);
}

/* Where the server listens, and what users are told. */
static bool
open_web(struct state *s, struct err *e)
{
	const char *socket = s->options->socket;
	bool given;
	unsigned port = s->options->port;
	if (!listen_given(&s->web, &given, e))
		return false;
	s->web_open =
	    given || (socket ? listen_path(&s->web, socket, e) : listen_tcp(&s->web, &port, e));
	if (!s->web_open)
		return false;
	if (given)
		s->probed_open = listen_run(&s->probed, s->data, "ready.sock", e);
	bool is_path = strncmp(s->web.text, "unix:", 5) == 0;
	if (socket && !given)
		snprintf(s->url, sizeof s->url, "unix:%.120s", socket);
	else
		snprintf(s->url, sizeof s->url, "%s%s", is_path ? "" : "http://", s->web.text);
	return !given || s->probed_open;
}

static bool
prepare(struct state *s, struct err *e)
{
	char nginx[PATH_MAX];
	struct children *c = &s->children;
	if (!nginx_find(nginx, e) || !make_folders(s, e) || !take_lock(s, e))
		return false;
	if (!open_web(s, e) ||
	    !probe_init(&s->probe, s->probed_open ? s->probed.fd : s->web.fd, e) ||
	    !remove_unfinished(s, e))
		return false;
	struct wishes wishes = {0};
	/* Signals first: whoever reads what is printed may end the server at once. */
	if (!signals_open(&s->signals, e) ||
	    !s->options->prepare(s->options->context, s->data, s->url, &wishes, e))
		return false;
	struct nginx configuration = {s->data, s->web.text, s->probed_open ? s->probed.text : NULL,
	    wishes.trusted_proxies, s->options->log_to_stderr};
	if (!nginx_configure(&configuration, e))
		return false;
	s->core_open = listen_run(&s->core, s->data, "core.sock", e);
	if (!s->core_open || !board_make(&c->board, &c->board_fd, e) || !open_log(s, e))
		return false;
	/* Grandchildren that lose their parent come to us, so "all have ended" is known. */
	strays_adopt();
	c->data = s->data;
	c->listening[c->listening_count++] = s->web.fd;
	if (s->probed_open)
		c->listening[c->listening_count++] = s->probed.fd;
	c->core = s->core.fd;
	/* Where the socket is handed over, so is the network: to a service of its own. */
	children_init(c, wishes.outbound && !s->probed_open);
	return true;
}

/* Where somebody reads why it does not work. */
static const char *
log_place(const struct state *s, char out[PATH_MAX + 64])
{
	snprintf(out, PATH_MAX + 64, "%.250s/log has the reason", s->data);
	return s->options->log_to_stderr ? "the reason stands above" : out;
}

static void
close_web(struct state *s)
{
	if (s->web_open)
		listener_close(&s->web);
	if (s->probed_open)
		listener_close(&s->probed);
	s->web_open = s->probed_open = false;
}

/* Nobody new is let in; those inside may finish. */
static void
drain(struct state *s)
{
	if (s->drain_ms) {
		/* Asked twice: whoever asks is in a hurry. */
		s->drain_step = ARRAY_LENGTH(drain_steps) - 1;
		s->drain_ms = clock_monotonic_ms() - drain_steps[s->drain_step].after_ms;
		return;
	}
	s->drain_ms = clock_monotonic_ms();
	notify("STOPPING=1");
	s->children.keep = false;
	atomic_store(&s->children.board->draining, 1);
	probe_close(&s->probe);
	close_web(s);
}

/* Takes the steps whose time has come; returns when the next is due. */
static int64_t
drain_on(struct state *s)
{
	int64_t now = clock_monotonic_ms();
	for (; s->drain_step < ARRAY_LENGTH(drain_steps); s->drain_step++) {
		const char *role = drain_steps[s->drain_step].role;
		int64_t due = s->drain_ms + drain_steps[s->drain_step].after_ms;
		bool early =
		    role && strcmp(role, "web") == 0 && !children_run(&s->children, "nginx");
		if (due > now && !early)
			return due;
		children_signal(&s->children, role, drain_steps[s->drain_step].signal);
	}
	return INT64_MAX;
}

/* Until the first answer: says so when it comes, gives up when it cannot come. */
static void
become_ready(struct state *s, struct err *e)
{
	char place[PATH_MAX + 64];
	const struct children *c = &s->children;
	if (probe_step(&s->probe)) {
		s->ready = true;
		log_info("ready at %s after %" PRId64 " ms", s->web.text,
		    clock_monotonic_ms() - s->started_ms);
		printf("Rowhouse is ready at %s\n", s->url);
		fflush(stdout);
		notify("READY=1");
		return;
	}
	for (size_t i = 0; !s->failed && i < c->count; i++) {
		if (c->list[i].deaths < DEATHS_AT_START)
			continue;
		s->failed = true;
		FAIL(e, UNAVAILABLE, "the process \"%s\" does not start (%s): %s", c->list[i].role,
		    c->list[i].last_end, log_place(s, place));
	}
	if (!s->failed && clock_monotonic_ms() - s->started_ms > READY_MS) {
		s->failed = true;
		FAIL(e, TIMEOUT, "the server did not answer within %d s: %s", READY_MS / 1000,
		    log_place(s, place));
	}
	if (s->failed)
		drain(s);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Sleeps until something ends, somebody asks for the end, or something is due. */
static void
wait_for_events(struct state *s, int64_t due)
{
	bool probing = !s->ready && !s->drain_ms;
	struct pollfd fds[2] = {{.fd = s->signals, .events = POLLIN}, {.fd = -1}};
	int64_t now = clock_monotonic_ms();
	due = earlier(due, now + LOOK_MS);
	due = earlier(due, children_due(&s->children));
	if (probing) {
		fds[1] = probe_wants(&s->probe);
		due = earlier(due, s->probe.next_ms);
	}
	poll(fds, 2, due > now ? (int)(due - now) : 0);
	for (int signal; (signal = signals_next(s->signals)) != 0;) {
		if (signal == SIGCHLD)
			continue;
		log_info("ending: %s", strsignal(signal));
		drain(s);
	}
}

static void
run(struct state *s, struct err *e)
{
	s->started_ms = clock_monotonic_ms();
	for (;;) {
		if (!children_reap(&s->children) && s->drain_ms)
			return;
		children_start(&s->children);
		children_kill_stuck(&s->children);
		notify("WATCHDOG=1");
		if (!s->ready && !s->drain_ms)
			become_ready(s, e);
		wait_for_events(s, s->drain_ms ? drain_on(s) : INT64_MAX);
	}
}

static void
close_all(struct state *s)
{
	close_web(s);
	if (s->core_open)
		listener_close(&s->core);
	if (s->user_stderr >= 0)
		dup2(s->user_stderr, STDERR_FILENO);
	/* Everything else, the lock first of all, goes with the process: a second supervisor must
	 * not begin while this one still says goodbye. */
}

bool
supervisor_run(const struct supervisor *options, struct err *e)
{
	struct state s = {.options = options, .lock = -1, .log = -1, .user_stderr = -1};
	umask(077);
	log_role("supervisor");
	bool good = prepare(&s, e);
	if (good)
		run(&s, e);
	close_all(&s);
	return good && !s.failed;
}
