/* site.c: addresses about the server itself: is it alive, is it ready, how is it, what may I send.
 */
#include "api/site.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/limits.h"
#include "jobs/cage.h"

#include <sqlite3.h>

#define LOW_DISK_BYTES MIB(256)

bool
site_health(struct exchange *x, struct err *e)
{
	struct jsonout j;
	(void)e;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_member_text(&j, "status", "ok");
	jsonout_end(&j);
	return true;
}

/* Ready to take work: the catalog answers and there is room on the disk. */
bool
site_ready(struct exchange *x, struct err *e)
{
	struct jsonout j;
	uint64_t free_bytes = store_free_bytes(x->app->model.store);
	bool draining = x->app->board && atomic_load(&x->app->board->draining);
	if (!store_ready(x->app->model.store, e))
		return false;
	if (free_bytes < LOW_DISK_BYTES)
		return FAIL(e, UNAVAILABLE,
		    "only %" PRIu64 " bytes are free on the disk of the data "
		    "folder",
		    free_bytes);
	if (x->app->conf.sandbox && !cage_supported())
		return FAIL(e, UNAVAILABLE,
		    "this kernel cannot cage what reads users' files, so jobs are refused; see "
		    "sandbox in rowhouse.conf");
	if (draining)
		return FAIL(e, UNAVAILABLE, "the server is being stopped");
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_member_text(&j, "status", "ready");
	jsonout_key(&j, "free_bytes");
	jsonout_unsigned(&j, free_bytes);
	/* What holds the processes that read users' files. */
	char words[64];
	jsonout_member_text(&j, "sandbox", cage_words(x->app->conf.sandbox, words));
	jsonout_end(&j);
	return true;
}

bool
site_version(struct exchange *x, struct err *e)
{
	struct jsonout j;
	(void)e;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	jsonout_member_text(&j, "name", "rowhouse");
	jsonout_member_text(&j, "version", ROWHOUSE_VERSION);
	jsonout_member_text(&j, "sqlite", sqlite3_libversion());
	jsonout_end(&j);
	return true;
}

static const struct limit {
	const char *name, *unit, *what;
	uint64_t value;
} limits[] = {
#define X(name, unit, what) {#name, unit, what, (uint64_t)LIMIT_##name},
    LIMIT_TABLE(X)
#undef X
};

bool
site_limits(struct exchange *x, struct err *e)
{
	struct jsonout j;
	(void)e;
	respond_json(x, 200, &j);
	jsonout_object(&j);
	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
		char name[40];
		size_t n = 0;
		for (const char *p = limits[i].name; *p && n + 1 < sizeof name; p++)
			name[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
		name[n] = 0;
		jsonout_key(&j, name);
		jsonout_object(&j);
		jsonout_key(&j, "value");
		jsonout_unsigned(&j, limits[i].value);
		jsonout_member_text(&j, "unit", limits[i].unit);
		jsonout_member_text(&j, "what", limits[i].what);
		jsonout_end(&j);
	}
	jsonout_end(&j);
	return true;
}

struct sums {
	uint64_t requests, errors, microseconds, parked, restarts;
};

static void
metric(struct buf *b, const char *name, const char *type, const char *help, uint64_t value)
{
	buf_format(b, "# HELP rowhouse_%s %s\n# TYPE rowhouse_%s %s\nrowhouse_%s %" PRIu64 "\n",
	    name, help, name, type, name, value);
}

bool
site_metrics(struct exchange *x, struct err *e)
{
	struct sums s = {0};
	const struct board *board = x->app->board;
	uint32_t workers = board ? atomic_load(&board->workers) : 0;
	(void)e;
	for (uint32_t i = 0; i < workers && i < BOARD_SLOTS; i++) {
		const struct board_slot *slot = &board->slots[i];
		s.requests += atomic_load(&slot->requests);
		s.errors += atomic_load(&slot->errors);
		s.microseconds += atomic_load(&slot->microseconds);
		s.parked += atomic_load(&slot->parked);
		s.restarts += atomic_load(&slot->restarts);
	}
	respond(x, 200, "text/plain; version=0.0.4; charset=utf-8");
	struct buf *b = &x->response.body;
	metric(b, "requests_total", "counter", "Requests answered.", s.requests);
	metric(b, "errors_total", "counter", "Of them with a status of 500 or more.", s.errors);
	metric(b, "request_microseconds_total", "counter", "Time from accept to answer.",
	    s.microseconds);
	metric(b, "parked", "gauge", "Requests waiting for a job.", s.parked);
	metric(b, "restarts_total", "counter", "Workers that were started again.", s.restarts);
	metric(b, "workers", "gauge", "Web workers.", workers);
	metric(b, "disk_free_bytes", "gauge", "Free on the disk of the data folder.",
	    store_free_bytes(x->app->model.store));
	if (board)
		metric(b, "uptime_seconds", "gauge", "Since the server was started.",
		    (uint64_t)(clock_now_us() - atomic_load(&board->started_us)) / 1000000);
	return true;
}
