/*
 * runner.c: takes queued jobs and starts a process for each (the command and role `jobs`).
 *
 * One per data folder: it holds DATA/run/jobs.lock, so a job that runs without a process of its own
 * is an orphan for sure.  It never touches a file of a user and has no state that matters: killed
 * and started again, it finds in the catalog what to do.
 */
#define _GNU_SOURCE
#include "jobs/jobs.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"
#include "process/bell.h"
#include "process/spawn.h"
#include "process/strays.h"
#include "store/accounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 1000          /* a ring that was lost costs no more than this */
#define SWEEP_MS (600 * 1000) /* between two sweeps */
#define KILL_MS 3000          /* from SIGTERM to SIGKILL */
#define DRAIN_MS 3000
#define DAY_US INT64_C(86400000000)

/* Which process does which kind, and how many at once. */
static const struct kind {
	const char *kind, *role;
	size_t at_once;
} kinds[] = {
    {"upload", "split", 4},
    {"ingest", "writer", 2},
    {"export", "export-worker", 2},
    {"task", "task", 2},
    {"call", "task", 4},
    {"undo", "undo", 1},
    {"preview", "preview", 4},
    {"append", "append", 2},
    {"project", "project", 2},
};

#define SLOTS 23 /* as many as there can be at once */

struct running {
	pid_t pid; /* 0: no process (any more); the slot is free unless it has an end to settle */
	int pidfd;
	size_t kind;
	char job_id[UUID_BYTES], dataset_id[UUID_BYTES];
	int64_t kill_at_ms; /* 0: it is not to stop */
	char end[160];      /* how the process ended, until the catalog could be told */
	bool died;          /* not by itself, so it left things lying about */
};

struct runner {
	const char *data;
	struct store *store;
	struct conf conf;
	struct arena arena;
	struct running slots[SLOTS];
	int signals, bell;
	int64_t next_sweep_ms, drain_until_ms;
	bool draining;
};

static struct running *
free_slot(struct runner *r, size_t kind)
{
	struct running *free_one = NULL;
	size_t busy = 0;
	for (size_t i = 0; i < SLOTS; i++) {
		if (r->slots[i].pid == 0 && !r->slots[i].end[0])
			free_one = &r->slots[i];
		else if (r->slots[i].kind == kind)
			busy++;
	}
	return busy < kinds[kind].at_once ? free_one : NULL;
}

static void
ring_waiters(const struct runner *r, const char *job_id)
{
	char text[BELL_BYTES];
	snprintf(text, sizeof text, "job %s", job_id);
	bell_ring(r->data, "web-", text);
	bell_ring(r->data, "cgi-", text);
}

/* A job without a process: queued again or ended, its half-made files removed.  When the catalog
 * cannot be written (a full disk) it is tried again with the next look. */
static void
orphaned(struct runner *r, struct running *slot)
{
	struct err e = {0};
	char folder[PATH_MAX], path[PATH_MAX];
	bool is_derived = strcmp(kinds[slot->kind].kind, "export") == 0 ||
			  strcmp(kinds[slot->kind].kind, "project") == 0;
	snprintf(folder, sizeof folder, "%s/datasets/%s%s", r->data, slot->dataset_id,
	    is_derived ? "/derived" : "");
	DIR *d = slot->dataset_id[0] ? opendir(folder) : NULL;
	struct dirent *entry;
	while (d && (entry = readdir(d))) {
		size_t n = strlen(entry->d_name);
		bool is_half = is_derived ? strstr(entry->d_name, slot->job_id) != NULL
					  : n > 4 && strcmp(entry->d_name + n - 4, ".new") == 0;
		if (is_half &&
		    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path)
			unlink(path);
	}
	if (d)
		closedir(d);
	if (!store_job_orphaned(r->store, slot->job_id, slot->end, &e)) {
		log_err("an orphaned job could not be settled", &e);
		return;
	}
	/* What a plugin left in its scratch folder. */
	snprintf(path, sizeof path, "%s/run/scratch-%s", r->data, slot->job_id);
	if (!folder_remove(path, &e)) {
		log_err("the scratch folder of a job", &e);
		err_clear(&e);
	}
	/* Half a blob may be large: it does not wait for its turn. */
	if (slot->died && strcmp(kinds[slot->kind].kind, "upload") == 0)
		r->next_sweep_ms = 0;
	ring_waiters(r, slot->job_id);
	*slot = (struct running){0};
}

static bool
start(struct runner *r, struct running *slot, size_t kind, const struct job *j, struct err *e)
{
	const char *arguments[] = {kinds[kind].role, r->data, j->job_id, NULL};
	struct spawn s = {arguments, NULL, 0, SIGKILL};
	*slot = (struct running){.kind = kind, .pidfd = -1};
	memcpy(slot->job_id, j->job_id, sizeof slot->job_id);
	snprintf(slot->dataset_id, sizeof slot->dataset_id, "%.*s", STR_ARG(j->dataset_id));
	if (spawn_role(&slot->pid, &slot->pidfd, &s, e))
		return true;
	slot->pid = 0; /* one that could not be watched has been killed */
	snprintf(slot->end, sizeof slot->end, "%.150s", e->message);
	return false;
}

static void
claim(struct runner *r)
{
	for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++) {
		bool found = true;
		struct running *slot;
		while (found && !r->draining && (slot = free_slot(r, kind))) {
			struct err e = {0};
			struct job j;
			if (!store_job_claim(
				r->store, &j, &found, kinds[kind].kind, &r->arena, &e) ||
			    (found && !start(r, slot, kind, &j, &e))) {
				log_err("a job cannot be started", &e);
				return;
			}
			if (found)
				log_info("job %s: %s", j.job_id, kinds[kind].kind);
		}
	}
}

/* What the child of a job started comes here when the job's writer was killed. */
static void
end_strays(const struct runner *r)
{
	pid_t ours[SLOTS];
	for (size_t i = 0; i < SLOTS; i++)
		ours[i] = r->slots[i].pid;
	strays_end(ours, SLOTS);
}

static void
reap(struct runner *r)
{
	int status;
	end_strays(r);
	for (size_t i = 0; i < SLOTS; i++) {
		struct running *slot = &r->slots[i];
		if (slot->pid != 0 && waitpid(slot->pid, &status, WNOHANG) == slot->pid) {
			char how[80];
			struct str text = exit_text(how, status);
			snprintf(slot->end, sizeof slot->end,
			    "the process of the job broke off: %.*s", STR_ARG(text));
			slot->died = !WIFEXITED(status) || WEXITSTATUS(status) > 1;
			close(slot->pidfd);
			slot->pid = 0;
		}
		if (slot->pid != 0 || !slot->end[0])
			continue;
		/* A job that ended as it should is not running any more, and these find nothing. */
		struct err e = {0};
		if (!r->draining)
			orphaned(r, slot);
		else if (!store_job_put_back(r->store, slot->job_id, &e))
			log_err("an interrupted job could not be put back", &e);
		else
			*slot = (struct running){0};
	}
}

static void
stop_cancelled(struct runner *r)
{
	char ids[SLOTS * 2][UUID_BYTES];
	size_t count;
	struct err e = {0};
	int64_t now = clock_monotonic_ms();
	if (!store_job_cancelled(r->store, ids, ARRAY_LENGTH(ids), &count, &e)) {
		log_err("cancelled jobs cannot be found", &e);
		return;
	}
	for (size_t i = 0; i < SLOTS; i++) {
		struct running *slot = &r->slots[i];
		if (slot->pid == 0)
			continue;
		for (size_t k = 0; k < count && slot->kill_at_ms == 0; k++)
			if (strcmp(ids[k], slot->job_id) == 0) {
				kill(slot->pid, SIGTERM);
				slot->kill_at_ms = now + KILL_MS;
			}
		if (slot->kill_at_ms && now >= slot->kill_at_ms)
			kill(slot->pid, SIGKILL);
	}
}

/* So many days ago; a number of days no calendar has is the beginning of time. */
static int64_t
days_ago(uint64_t days)
{
	int64_t now = clock_now_us();
	return days > (uint64_t)(now / DAY_US) ? 0 : now - (int64_t)days * DAY_US;
}

/* Datasets over their time (retention_days). */
static bool
sweep_datasets(struct runner *r, struct err *e)
{
	struct dataset *old;
	size_t count = 0;
	bool found;
	if (r->conf.retention_days == 0)
		return true;
	if (!store_dataset_old(
		r->store, &old, &count, days_ago(r->conf.retention_days), &r->arena, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct audit note = {.org_id = old[i].org_id,
		    .who = STR("retention_days"),
		    .action = STR("dataset.delete"),
		    .target = str_of(old[i].dataset_id)};
		if (!store_begin(r->store, e))
			return false;
		if (!store_dataset_delete(r->store, old[i].org_id, old[i].dataset_id, &found, e) ||
		    (found && !store_audit_add(r->store, &note, e))) {
			store_rollback(r->store);
			return false;
		}
		if (!store_commit(r->store, e))
			return false;
	}
	if (count > 0)
		log_info(
		    "%zu datasets were older than %" PRIu64 " days", count, r->conf.retention_days);
	return true;
}

/* Datasets and entries of the audit over their time go, then whatever nothing names any more. */
static void
sweep(struct runner *r)
{
	struct err e = {0};
	int64_t now = clock_monotonic_ms();
	if (now < r->next_sweep_ms)
		return;
	r->next_sweep_ms = now + SWEEP_MS;
	bool swept = sweep_datasets(r, &e) &&
		     (r->conf.audit_days == 0 ||
			 store_audit_sweep(r->store, days_ago(r->conf.audit_days), &e));
	if (!swept || !store_sweep(r->store, &e))
		log_err("the sweep did not finish", &e);
}

static void
wait_for_something(struct runner *r)
{
	struct pollfd fds[SLOTS + 2] = {{r->signals, POLLIN, 0}, {r->bell, POLLIN, 0}};
	size_t n = 2;
	char text[BELL_BYTES];
	int signal;
	for (size_t i = 0; i < SLOTS; i++)
		if (r->slots[i].pid)
			fds[n++] = (struct pollfd){r->slots[i].pidfd, POLLIN, 0};
	poll(fds, n, r->draining ? 100 : LOOK_MS);
	while (r->bell >= 0 && bell_next(r->bell, text))
		continue;
	while ((signal = signals_next(r->signals)) != 0)
		if (signal != SIGCHLD && !r->draining) {
			r->draining = true;
			r->drain_until_ms = clock_monotonic_ms() + DRAIN_MS;
			for (size_t i = 0; i < SLOTS; i++)
				if (r->slots[i].pid)
					kill(r->slots[i].pid, SIGTERM);
		}
}

static bool
is_idle(const struct runner *r)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (r->slots[i].pid)
			return false;
	return true;
}

static bool
take_lock(struct runner *r, struct err *e)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/run/jobs.lock", r->data);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL_ERRNO(e, "%s cannot be opened", path);
	/* Kept open, and so locked, until the process ends.  Another runner (`rowhouse import
	 * --wait` starts one) is waited for: its jobs are done by then. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	log_info("another job runner works on this folder; waiting for it to end");
	while (!r->draining && flock(fd, LOCK_EX | LOCK_NB) != 0)
		wait_for_something(r);
	return true;
}

static bool
run(struct runner *r, struct err *e)
{
	arena_init(&r->arena, MIB(16));
	tree_setup();
	r->bell = -1;
	if (!store_open(&r->store, r->data, e) || !conf_load(&r->conf, r->data, &r->arena, e) ||
	    !signals_open(&r->signals, e) || !take_lock(r, e) ||
	    !bell_open(&r->bell, r->data, "jobs", e) ||
	    (!r->draining &&
		!store_job_orphaned(r->store, NULL, "the server stopped while the job ran", e)))
		return false;
	while (!r->draining || (!is_idle(r) && clock_monotonic_ms() < r->drain_until_ms)) {
		struct arena_mark mark = arena_mark(&r->arena);
		reap(r);
		claim(r);
		stop_cancelled(r);
		if (!r->draining)
			sweep(r);
		arena_reset(&r->arena, mark);
		wait_for_something(r);
	}
	for (size_t i = 0; i < SLOTS; i++)
		if (r->slots[i].pid)
			kill(r->slots[i].pid, SIGKILL);
	bell_close(r->bell, r->data, "jobs");
	store_close(r->store);
	return true;
}

bool
runner_run(const char *data, struct err *e)
{
	static struct runner r;
	r.data = data;
	log_role("jobs");
	return run(&r, e);
}
