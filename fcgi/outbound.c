/*
 * outbound.c: the program rowhouse-outbound, the only one of Rowhouse with a network (DESIGN
 * section 2): it holds the keys of engines outside and asks them.
 *
 * Today it sees every minute whether the model that is configured answers, and writes what it saw
 * to DATA/outbound/engines.json, which GET /api/rowhouse/v1/engines shows (model/engines.c).  It is
 * a program of its own, so that no other process loads what it takes to speak TLS with the world,
 * and a unit of its own (conf/rowhouse-outbound.service), so that no other process needs a network,
 * and this one sees nothing of the data.
 */
#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/jsonout.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/fetch.h"
#include "process/notify.h"
#include "process/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_MS 60000
#define ANSWER_MS 10000
#define ANSWER_BYTES MIB(1) /* nothing of it is kept */

struct outbound {
	struct conf conf;
	struct arena arena; /* settings */
	struct arena asked; /* one question */
	const char *data;
	struct fetcher *fetcher;
	struct fetch fetch;
	bool asking;
	int64_t next_ms;
	int signals;
};

/* What is known of the model, for every member to see: never its key. */
static bool
write_state(struct outbound *o, const char *state, const char *reason, struct err *e)
{
	char path[PATH_MAX], at[CLOCK_TEXT_BYTES];
	struct buf b;
	struct jsonout j;
	buf_init(&b, &o->asked);
	jsonout_init(&j, &b);
	clock_format(at, clock_now_us());
	jsonout_object(&j);
	jsonout_key(&j, "engines");
	jsonout_array(&j);
	jsonout_object(&j);
	jsonout_member_text(&j, "name", "model");
	jsonout_member_text(&j, "model", o->conf.model_name[0] ? o->conf.model_name : NULL);
	jsonout_member_text(&j, "state", state);
	jsonout_member_text(&j, "reason", reason);
	jsonout_member_text(&j, "checked_at", at);
	jsonout_end(&j);
	jsonout_end(&j);
	jsonout_end(&j);
	snprintf(path, sizeof path, "%s/outbound/engines.json", o->data);
	return file_replace(path, 0600, buf_str(&b), e);
}

/* Any answer shows that it is there; only that it refuses the key, or is broken, is worth a word.
 */
static const char *
what_is_wrong(struct outbound *o)
{
	const struct fetch *f = &o->fetch;
	if (f->status == 0)
		return f->err.message;
	if (f->status == 401 || f->status == 403)
		return arena_format(
		    &o->asked, "it refuses the key (status %d): see model_key", f->status)
		    .p;
	if (f->status >= 500)
		return arena_format(&o->asked, "it answers with status %d", f->status).p;
	return NULL;
}

static void
answered(struct fetch *f)
{
	struct outbound *o = f->context;
	struct err e = {0};
	const char *wrong = what_is_wrong(o);
	if (wrong)
		log_warning("the model does not answer as it should: %s", wrong);
	if (!write_state(o, wrong ? "failed" : "ready", wrong, &e))
		log_err("the state of the engines", &e);
	o->asking = false;
	arena_release(&o->asked);
}

static bool
check(struct outbound *o, struct err *e)
{
	struct err why = {0};
	o->next_ms = clock_monotonic_ms() + CHECK_MS;
	if (!o->conf.model_url[0])
		return write_state(o, "off", "no model_url is set", e);
	struct str base = str_of(o->conf.model_url);
	while (base.n > 0 && base.p[base.n - 1] == '/')
		base.n--;
	o->fetch = (struct fetch){
	    .url = arena_format(&o->asked, "%.*s/models", STR_ARG(base)).p,
	    .bearer = o->conf.model_key[0] ? o->conf.model_key : NULL,
	    .milliseconds = ANSWER_MS,
	    .limit = ANSWER_BYTES,
	    .arena = &o->asked,
	    .done = answered,
	    .context = o,
	};
	o->asking = fetch_start(o->fetcher, &o->fetch, &why);
	if (o->asking)
		return true;
	bool good = write_state(o, "failed", why.message, e);
	arena_release(&o->asked);
	return good;
}

/* One outbound process a data folder, of which it uses its settings and a folder of its own. */
static bool
take_lock(const struct outbound *o, struct err *e)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/outbound", o->data);
	if (!folder_make(path, e))
		return false;
	snprintf(path, sizeof path, "%s/outbound/lock", o->data);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL_ERRNO(e, "%s cannot be opened", path);
	/* Kept open, and so locked, until the process ends. */
	return flock(fd, LOCK_EX | LOCK_NB) == 0 ||
	       FAIL(e, CONFLICT, "another outbound process works on %.200s", o->data);
}

static bool
prepare(struct outbound *o, struct err *e)
{
	umask(077);
	log_role("outbound");
	arena_init(&o->arena, MIB(16));
	arena_init(&o->asked, MIB(16));
	return conf_load(&o->conf, o->data, &o->arena, e) && take_lock(o, e) &&
	       signals_open(&o->signals, e) && fetcher_open(&o->fetcher, o->conf.outbound_allow, e);
}

static bool
run(struct outbound *o, struct err *e)
{
	if (!prepare(o, e))
		return false;
	notify("READY=1");
	for (;;) {
		int64_t now = clock_monotonic_ms();
		struct pollfd signals = {o->signals, POLLIN, 0};
		notify("WATCHDOG=1");
		if (!o->asking && now >= o->next_ms && !check(o, e))
			return false;
		int wait = o->next_ms > now && !o->asking ? (int)(o->next_ms - now) : 1000;
		if (!fetcher_step(o->fetcher, &signals, 1, wait < 5000 ? wait : 5000, e))
			return false;
		for (int signal; (signal = signals_next(o->signals)) != 0;)
			if (signal != SIGCHLD)
				return true;
	}
}

int
main(int argc, char **argv)
{
	static struct outbound o;
	struct err e = {0};
	role_begin();
	if (argc != 2) {
		fprintf(stderr, "rowhouse-outbound: it is started by rowhouse outbound\n");
		return 2;
	}
	o.data = argv[1];
	bool good = run(&o, &e);
	if (!good)
		log_err("the outbound process ends", &e);
	notify("STOPPING=1");
	return good ? 0 : 1;
}
