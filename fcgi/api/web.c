/*
 * web.c: a worker: one thread, one request at a time, and up to LIMIT_PARKED_REQUESTS that wait for
 * a job beside it.
 */
#define _GNU_SOURCE
#include "api/web.h"
#include "api/exchange.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "http/wire.h"
#include "process/bell.h"
#include "process/spawn.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define LISTEN_FD 3
#define BOARD_FD 4
#define LOOK_MS 1000 /* a ring that was lost costs a waiting request no more than this */
#define DRAIN_MS 700 /* the supervisor leaves a little more (supervisor.c, drain_steps) */
#define DRAIN_LOOK_MS 50
#define IDLE_MS 5000 /* how often a worker with nothing to do tidies up */
#define AT_ONCE 8    /* requests served between two looks at signals, bell and parked ones */

struct connection {
	struct wire *wire;
	struct exchange x;
};

struct worker {
	struct app app;
	struct arena arena;
	int signals, bell;
	bool draining;
	int64_t drain_until_ms, next_look_ms, next_tidy_ms;
	struct connection *parked[LIMIT_PARKED_REQUESTS];
	size_t parked_count;
};

/* Whoever watches knows until when this may take. */
static void
begin_work(struct worker *w)
{
	atomic_store(&w->app.slot->deadline_ms, clock_monotonic_ms() + LIMIT_REQUEST_MS);
}

static void
end_work(struct worker *w)
{
	atomic_store(&w->app.slot->deadline_ms, 0);
}

static void
finish(struct worker *w, struct connection *c, bool send)
{
	struct board_slot *slot = w->app.slot;
	if (send) {
		jmp_buf env;
		if (arena_guard(env) == 0) {
			if (!wire_send(c->wire, exchange_head(&c->x), buf_str(&c->x.response.body)))
				c->x.response.status = 499;
		} else {
			/* No memory even for the head: nginx answers 502 for us. */
			c->x.response.status = 503;
		}
		arena_unguard();
	}
	exchange_log(&c->x);
	atomic_fetch_add(&slot->requests, 1);
	atomic_fetch_add(&slot->microseconds, (uint64_t)(clock_now_us() - c->x.started_us));
	if (c->x.response.status >= 500)
		atomic_fetch_add(&slot->errors, 1);
	wire_close(c->wire);
	arena_release(&c->x.arena);
	free(c);
}

static void
park(struct worker *w, struct connection *c)
{
	if (w->parked_count == LIMIT_PARKED_REQUESTS) {
		exchange_refuse(&c->x);
		finish(w, c, true);
		return;
	}
	w->parked[w->parked_count++] = c;
	atomic_store(&w->app.slot->parked, (uint32_t)w->parked_count);
}

static void
unpark(struct worker *w, size_t i)
{
	w->parked[i] = w->parked[--w->parked_count];
	atomic_store(&w->app.slot->parked, (uint32_t)w->parked_count);
}

/* Accepts and answers one request; false when there was none. */
static bool
serve_one(struct worker *w)
{
	struct err e = {0};
	struct wire *wire;
	if (!wire_accept(&wire, LISTEN_FD, &e)) {
		log_err("accept", &e);
		return false;
	}
	if (!wire)
		return false;
	struct connection *c = calloc(1, sizeof *c);
	if (!c) {
		wire_close(wire);
		return false;
	}
	c->wire = wire;
	c->x.app = &w->app;
	arena_init(&c->x.arena, LIMIT_REQUEST_BYTES);
	begin_work(w);
	exchange_run(&c->x, wire_parameters(wire));
	if (c->x.job_id[0])
		park(w, c);
	else
		finish(w, c, true);
	end_work(w);
	return true;
}

/* Goes on with those that wait for this job; NULL: looks after all. */
static void
resume(struct worker *w, const char *job_id)
{
	for (size_t i = w->parked_count; i-- > 0;) {
		struct connection *c = w->parked[i];
		if (job_id && strcmp(job_id, c->x.job_id) != 0)
			continue;
		begin_work(w);
		bool done = exchange_resume(&c->x);
		if (!done && clock_monotonic_ms() >= c->x.deadline_ms) {
			exchange_expire(&c->x);
			done = true;
		}
		if (done) {
			unpark(w, i);
			finish(w, c, true);
		}
		end_work(w);
	}
}

static void
hear(struct worker *w)
{
	char text[BELL_BYTES];
	while (bell_next(w->bell, text))
		if (strncmp(text, "job ", 4) == 0)
			resume(w, text + 4);
}

static void
obey(struct worker *w)
{
	int signal;
	while ((signal = signals_next(w->signals)) != 0)
		if (signal != SIGCHLD && !w->draining) {
			w->draining = true;
			w->drain_until_ms = clock_monotonic_ms() + DRAIN_MS;
		}
}

/* Waits for whatever comes first and deals with it. */
static void
turn(struct worker *w)
{
	struct pollfd fds[LIMIT_PARKED_REQUESTS + 3];
	size_t parked = w->parked_count;
	fds[0] = (struct pollfd){w->signals, POLLIN, 0};
	fds[1] = (struct pollfd){w->bell, POLLIN, 0};
	fds[2] = (struct pollfd){w->draining ? -1 : LISTEN_FD, POLLIN, 0};
	for (size_t i = 0; i < parked; i++)
		fds[3 + i] = (struct pollfd){wire_fd(w->parked[i]->wire), POLLRDHUP, 0};
	int64_t wait = w->draining ? DRAIN_LOOK_MS : parked > 0 ? LOOK_MS : IDLE_MS;
	int ready = poll(fds, 3 + parked, (int)wait);
	if (clock_monotonic_ms() >= w->next_tidy_ms) {
		model_let_go(&w->app.model);
		w->next_tidy_ms = clock_monotonic_ms() + IDLE_MS;
	}
	if (ready < 0)
		return;
	/* Backwards, because unparking moves the last one into the gap. */
	for (size_t i = parked; i-- > 0;)
		if (fds[3 + i].revents) {
			struct connection *c = w->parked[i];
			unpark(w, i);
			begin_work(w);
			exchange_abandon(&c->x);
			finish(w, c, false);
			end_work(w);
		}
	if (fds[0].revents)
		obey(w);
	if (fds[1].revents)
		hear(w);
	if (w->parked_count > 0 && clock_monotonic_ms() >= w->next_look_ms) {
		resume(w, NULL);
		w->next_look_ms = clock_monotonic_ms() + LOOK_MS;
	}
	/* While more are waiting there is nothing to poll for. */
	for (int i = 0; i < AT_ONCE && fds[2].revents && !w->draining; i++)
		if (!serve_one(w))
			break;
}

bool
web_run(const char *data, unsigned slot, struct err *e)
{
	static struct worker w;
	char name[24];
	log_role("web");
	snprintf(name, sizeof name, "web-%u", slot);
	arena_init(&w.arena, MIB(1));
	if (slot >= BOARD_SLOTS)
		return FAIL(e, INPUT, "there is no slot %u on the board", slot);
	if (!signals_open(&w.signals, e) || !wire_setup(e) ||
	    !app_open(&w.app, data, &w.arena, e) || !board_attach(&w.app.board, BOARD_FD, e) ||
	    !bell_open(&w.bell, data, name, e))
		return false;
	w.app.slot = &w.app.board->slots[slot];
	atomic_store(&w.app.slot->deadline_ms, 0);
	w.app.model.deadline_ms = &w.app.slot->deadline_ms;
	atomic_store(&w.app.slot->parked, 0);
	while (!w.draining || (w.parked_count > 0 && clock_monotonic_ms() < w.drain_until_ms))
		turn(&w);
	for (size_t i = 0; i < w.parked_count; i++) {
		exchange_expire(&w.parked[i]->x);
		finish(&w, w.parked[i], true);
	}
	bell_close(w.bell, data, name);
	app_close(&w.app);
	arena_release(&w.arena);
	return true;
}
