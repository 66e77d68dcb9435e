/* children.c: see children.h. */
#include "process/children.h"
#include "base/clock.h"
#include "base/log.h"
#include "process/spawn.h"
#include "process/strays.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_FIRST_MS 100
#define PAUSE_LAST_MS 5000
#define LIVED_MS 2000

static void
add(struct children *c, const char *role, int slot)
{
	c->list[c->count++] = (struct child){.role = role, .slot = slot};
}

void
children_init(struct children *c, bool outbound)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int workers = cores < 2 ? 2 : cores > BOARD_SLOTS ? BOARD_SLOTS : (int)cores;
	/* libfcgi's own waits for peers that neither write nor close, cut from 2 s. */
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "50", 1);
	setenv("LIBFCGI_IS_AF_UNIX_KEEPER_POLL_TIMEOUT", "50", 1);
	c->count = 0;
	c->keep = true;
	add(c, "nginx", -1);
	add(c, "jobs", -1);
	if (outbound)
		add(c, "outbound", -1);
	for (int i = 0; i < workers; i++)
		add(c, "web", i);
	atomic_store(&c->board->workers, (uint32_t)workers);
}

/* Decides when a child that ended is started again. */
static void
ended(struct child *child, const char *how)
{
	int64_t now = clock_monotonic_ms();
	if (now - child->started_ms >= LIVED_MS || child->deaths == 0)
		child->pause_ms = 0;
	else if (child->pause_ms == 0)
		child->pause_ms = PAUSE_FIRST_MS;
	else if (child->pause_ms < PAUSE_LAST_MS / 2)
		child->pause_ms *= 2;
	else
		child->pause_ms = PAUSE_LAST_MS;
	child->due_ms = now + child->pause_ms;
	child->deaths++;
	child->pid = 0;
	snprintf(child->last_end, sizeof child->last_end, "%s", how);
}

static void
start_one(struct children *c, struct child *child)
{
	char slot[12];
	struct err e = {0};
	bool web = child->slot >= 0, nginx = strcmp(child->role, "nginx") == 0,
	     outbound = strcmp(child->role, "outbound") == 0;
	snprintf(slot, sizeof slot, "%d", child->slot);
	const char *arguments[] = {
	    child->role, "--data", c->data, web ? "--slot" : NULL, slot, NULL};
	const int web_fds[] = {c->core, c->board_fd};
	struct spawn s = {.arguments = arguments,
	    .fds = web ? web_fds : c->listening,
	    .fd_count = web     ? 2
			: nginx ? c->listening_count
				: 0,
	    /* nginx's master must take its workers along; nothing of ours needs a last word. */
	    .death_signal = nginx ? SIGTERM : SIGKILL,
	    .knows = outbound ? SPAWN_SECRETS : SPAWN_SETTINGS};
	child->started_ms = clock_monotonic_ms();
	if (web) {
		struct board_slot *b = &c->board->slots[child->slot];
		atomic_store(&b->deadline_ms, 0);
		atomic_store(&b->parked, 0);
		if (child->deaths > 0)
			atomic_fetch_add(&b->restarts, 1);
	}
	if (spawn_role(&child->pid, NULL, &s, &e))
		return;
	log_err("start", &e);
	ended(child, e.message);
}

void
children_start(struct children *c)
{
	int64_t now = clock_monotonic_ms();
	for (size_t i = 0; c->keep && i < c->count; i++)
		if (c->list[i].pid == 0 && c->list[i].due_ms <= now)
			start_one(c, &c->list[i]);
}

int64_t
children_due(const struct children *c)
{
	int64_t due = INT64_MAX;
	for (size_t i = 0; c->keep && i < c->count; i++)
		if (c->list[i].pid == 0 && c->list[i].due_ms < due)
			due = c->list[i].due_ms;
	return due;
}

/* What the processes of a killed child started, as the helper programs of a job. */
static void
end_strays(const struct children *c)
{
	pid_t ours[ARRAY_LENGTH(c->list)];
	for (size_t i = 0; i < c->count; i++)
		ours[i] = c->list[i].pid;
	strays_end(ours, c->count);
}

bool
children_reap(struct children *c)
{
	end_strays(c);
	for (;;) {
		siginfo_t info = {0};
		int status;
		char how[80];
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
			return errno != ECHILD;
		if (info.si_pid == 0)
			return true;
		/* Until it is waited for its number is its own, and that of its group too: what
		 * it left there (nginx's workers, when their master was killed) goes with it. */
		kill(-info.si_pid, SIGKILL);
		if (waitpid(info.si_pid, &status, 0) != info.si_pid)
			continue;
		for (size_t i = 0; i < c->count; i++) {
			struct child *child = &c->list[i];
			if (child->pid != info.si_pid)
				continue;
			exit_text(how, status);
			ended(child, how);
			if (c->keep)
				log_warning("%s %d: %s; starting again in %" PRId64 " ms",
				    child->role, (int)info.si_pid, how, child->pause_ms);
		}
	}
}

void
children_signal(const struct children *c, const char *role, int signal)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->list[i].pid > 0 && (!role || strcmp(c->list[i].role, role) == 0))
			kill(c->list[i].pid, signal);
}

bool
children_run(const struct children *c, const char *role)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->list[i].pid > 0 && strcmp(c->list[i].role, role) == 0)
			return true;
	return false;
}

void
children_kill_stuck(struct children *c)
{
	int64_t now = clock_monotonic_ms();
	for (size_t i = 0; i < c->count; i++) {
		const struct child *child = &c->list[i];
		if (child->pid == 0 || child->slot < 0)
			continue;
		int64_t deadline = atomic_load(&c->board->slots[child->slot].deadline_ms);
		if (deadline == 0 || now <= deadline)
			continue;
		log_warning("web %d: killed %" PRId64 " ms after the time for one request",
		    (int)child->pid, now - deadline);
		kill(child->pid, SIGKILL);
	}
}
