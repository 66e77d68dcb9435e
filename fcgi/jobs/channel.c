/* channel.c: see channel.h. */
#define _GNU_SOURCE
#include "jobs/channel.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"
#include "process/spawn.h"
#include "process/strays.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 250  /* how often a waiting writer looks whether the child still lives */
#define GLANCE_MS 5  /* and one that is told one thing after the other */
#define STOP_MS 2000 /* from asking a child to stop to killing it */
#define HEAR_MS 20
#define SCRATCH_MS 1000    /* between two measures of the scratch folder, at least */
#define SCRATCH_SHARE 20   /* and as many times as long as the last one took */
#define SAID_BYTES KIB(16) /* of its standard error, the rest is not kept */
#define MEMORY_MIB 1024

static bool
make_scratch(struct channel *ch, struct err *e)
{
	char path[PATH_MAX];
	snprintf(ch->scratch, sizeof ch->scratch, "scratch-%s", ch->c->job.job_id);
	snprintf(path, sizeof path, "%s/run/%s", ch->c->data, ch->scratch);
	return folder_remove(path, e) && folder_make(path, e);
}

static bool
make_plugin_folder(struct channel *ch, const char *plugin, struct err *e)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/plugins", ch->c->data);
	if (!folder_make(path, e))
		return false;
	snprintf(path, sizeof path, "%s/plugins/%s", ch->c->data, plugin);
	return folder_make(path, e);
}

/* The pipe's reading end is ours, the other the child's standard error.  Neither waits: what a
 * child says that nobody has read yet gets lost, it is not held up. */
static bool
make_pipes(struct channel *ch, int *control, int *said, struct err *e)
{
	int pair[2], pipes[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return FAIL_ERRNO(e, "the child of a job cannot be spoken to");
	ch->control = pair[0];
	*control = pair[1];
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) != 0)
		return FAIL_ERRNO(e, "the child of a job cannot be heard");
	ch->said = pipes[0];
	*said = pipes[1];
	return true;
}

static bool
start(struct channel *ch, const struct channel_spec *s, struct err *e)
{
	int out_fd = -1, in_fd = -1, control = -1, said = -1;
	char memory[16], scratch[PATH_MAX], folder[PATH_MAX];
	bool is_on = true;
	snprintf(memory, sizeof memory, "%u", s->memory_mib ? s->memory_mib : MEMORY_MIB);
	snprintf(scratch, sizeof scratch, "%s/run/%s", ch->c->data, ch->scratch);
	snprintf(folder, sizeof folder, "%s/plugins/%s", ch->c->data, s->plugin ? s->plugin : "");
	is_on = ch->c->conf.sandbox;
	const char *arguments[] = {"child", s->plugin ? s->plugin : "-", scratch,
	    s->folder ? folder : "-", s->folder == CHANNEL_WRITES_FOLDER ? "writes" : "reads",
	    memory, is_on ? "on" : "off", NULL};
	bool good = ring_make(&ch->out, &out_fd, e) && ring_make(&ch->in, &in_fd, e) &&
		    make_pipes(ch, &control, &said, e);
	if (good) {
		int fds[] = {out_fd, in_fd, control, said};
		struct spawn spawn = {arguments, fds, ARRAY_LENGTH(fds), SIGKILL, SPAWN_PLUGINS};
		good = spawn_role(&ch->pid, &ch->pidfd, &spawn, e);
	}
	int ours[] = {out_fd, in_fd, control, said};
	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++)
		if (ours[i] >= 0)
			close(ours[i]);
	return good;
}

bool
channel_open(struct channel *ch, struct job_context *c, const struct channel_spec *s, struct err *e)
{
	int64_t now = clock_monotonic_ms();
	uint32_t seconds =
	    s->seconds && s->seconds < LIMIT_HOOK_SECONDS ? s->seconds : LIMIT_HOOK_SECONDS;
	*ch = (struct channel){.c = c, .control = -1, .said = -1, .signals = -1, .pidfd = -1};
	ch->silent_since_ms = now;
	ch->deadline_ms = now + (int64_t)seconds * 1000;
	strays_adopt();
	/* From here on SIGTERM is a wish, which the child is told of first. */
	return signals_open(&ch->signals, e) && make_scratch(ch, e) &&
	       (!s->folder || make_plugin_folder(ch, s->plugin, e)) && start(ch, s, e);
}

/* ---- what it says on its standard error ---- */

/* Into the log, as one line for each read, up to a bound; what is behind it is dropped.  Who never
 * stops is listened to for a moment only. */
static void
hear(struct channel *ch)
{
	char text[2048];
	ssize_t n;
	int64_t until = clock_monotonic_ms() + HEAR_MS;
	while (clock_monotonic_ms() < until && (n = read(ch->said, text, sizeof text)) > 0) {
		if (ch->heard >= SAID_BYTES)
			continue;
		ch->heard += (size_t)n;
		for (ssize_t i = 0; i < n; i++)
			if ((unsigned char)text[i] < ' ')
				text[i] = ' ';
		log_info(
		    "job %s says: %.*s", ch->c->job.job_id, (int)utf8_valid(text, (size_t)n), text);
	}
}

/* ---- its end ---- */

void
channel_close(struct channel *ch)
{
	struct err ignored = {0};
	char path[PATH_MAX];
	if (!ch->c)
		return; /* it was never opened */
	if (ch->pid > 0) {
		/* It leads a group of its own, in which its tools are too. */
		kill(-ch->pid, SIGKILL);
		kill(ch->pid, SIGKILL);
		waitpid(ch->pid, NULL, 0);
	}
	/* Its last words, which may have come together with its end. */
	if (ch->said >= 0)
		hear(ch);
	/* Without a cage they may have left the group.  The writer has no other children. */
	while (!strays_end(NULL, 0))
		waitpid(-1, NULL, 0);
	int fds[] = {ch->control, ch->said, ch->signals, ch->pidfd};
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	ring_free(ch->out);
	ring_free(ch->in);
	if (ch->scratch[0]) {
		snprintf(path, sizeof path, "%s/run/%s", ch->c->data, ch->scratch);
		if (!folder_remove(path, &ignored))
			log_err("the scratch folder of a job", &ignored);
	}
	*ch = (struct channel){.control = -1, .said = -1, .signals = -1, .pidfd = -1};
}

/* ---- its life ---- */

/* Why it is gone, for the user.  It may have said its last words before: those are read first. */
static void
notice_death(struct channel *ch, int status)
{
	char how[80];
	ch->gone = true;
	ch->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_MEMORY) {
		FAIL(&ch->death, UNAVAILABLE, "there was no memory to work on it");
		return;
	}
	struct str text = exit_text(how, status);
	FAIL(&ch->death, SYSTEM, "the process of the job broke off: %.*s", STR_ARG(text));
}

/* What is removed and still open is not seen; each such file is at most LIMIT_SCRATCH_BYTES. */
static bool
measure_scratch(struct channel *ch, int64_t now, struct err *e)
{
	static const struct folder_size most = {LIMIT_SCRATCH_TOTAL_BYTES, LIMIT_SCRATCH_FILES};
	struct folder_size size;
	char path[PATH_MAX];
	if (now < ch->next_scratch_ms)
		return true;
	snprintf(path, sizeof path, "%s/run/%s", ch->c->data, ch->scratch);
	bool within = folder_within(path, &most, &size);
	int64_t took = clock_monotonic_ms() - now;
	ch->next_scratch_ms = now + SCRATCH_MS + SCRATCH_SHARE * took;
	if (within)
		return true;
	if (size.bytes > most.bytes)
		return FAIL(e, TOO_BIG, "the job keeps over %d MiB in its scratch folder",
		    (int)(most.bytes >> 20));
	if (size.entries > most.entries)
		return FAIL(e, TOO_BIG, "the job keeps over %d files in its scratch folder",
		    LIMIT_SCRATCH_FILES);
	return FAIL(
	    e, TOO_BIG, "the job nests folders over %d deep in its scratch folder", FOLDER_DEPTH);
}

static bool
look(struct channel *ch, struct err *e)
{
	siginfo_t info = {0};
	int status, signal;
	int64_t now = clock_monotonic_ms();
	hear(ch);
	if (!ch->gone && waitid(P_PID, (id_t)ch->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == ch->pid) {
		/* Its tools, if it left any behind; before its number can be another's. */
		kill(-ch->pid, SIGKILL);
		waitpid(ch->pid, &status, 0);
		notice_death(ch, status);
	}
	while ((signal = signals_next(ch->signals)) != 0)
		if (signal != SIGCHLD && ch->stop_at_ms == 0) {
			ch->stop_at_ms = now + STOP_MS;
			ring_stop(ch->out);
		}
	if (ch->stop_at_ms && now >= ch->stop_at_ms)
		return FAIL(e, CANCELLED, "the job was cancelled");
	if (now >= ch->deadline_ms)
		return FAIL(e, TIMEOUT, "the job took longer than its time");
	if (now - ch->silent_since_ms > LIMIT_SILENCE_SECONDS * 1000)
		return FAIL(
		    e, TIMEOUT, "the job made no progress for %d seconds", LIMIT_SILENCE_SECONDS);
	return measure_scratch(ch, now, e);
}

bool
channel_run(struct channel *ch, channel_fn *fn, void *context, struct err *e)
{
	bool end = false;
	int64_t looked_ms = 0;
	while (!end) {
		uint32_t type;
		struct str m;
		uint64_t before = ch->moved;
		int got = ring_receive(ch->out, &type, &m, ch->gone ? 0 : LOOK_MS, e);
		if (got < 0)
			return false;
		if (got == 0 && ch->gone) {
			/* However it ended: what it said last was not listened to. */
			if (ch->stop_at_ms)
				return FAIL(e, CANCELLED, "the job was cancelled");
			*e = ch->death;
			return false;
		}
		/* One that was told to stop and says something else is told nothing any more. */
		if (got == 1 && (!ch->stop_at_ms || type == MESSAGE_FAIL) &&
		    !fn(context, type, m, &end, e))
			return false;
		/* Messages that bring nothing are silence too. */
		int64_t now = clock_monotonic_ms();
		if (ch->moved != before)
			ch->silent_since_ms = now;
		if (end || (got == 1 && now - looked_ms < GLANCE_MS))
			continue;
		looked_ms = now;
		if (!look(ch, e) || !job_progress(ch->c, &ch->count, e))
			return false;
	}
	return true;
}

/* ---- what it is told ---- */

static bool
patience(void *context)
{
	struct channel *ch = context;
	struct err lost = {0};
	return look(ch, &lost) && !ch->gone;
}

bool
channel_send(struct channel *ch, uint32_t type, struct str a, struct str b, struct err *e)
{
	return ring_send_patiently(ch->in, type, a, b, patience, ch) ||
	       FAIL(e, SYSTEM, "the process of the job does not take what it asked for");
}

bool
channel_reply(struct channel *ch, struct str body, struct err *e)
{
	struct reply_head head = {1, 0};
	return channel_send(
	    ch, MESSAGE_REPLY, (struct str){(const char *)&head, sizeof head}, body, e);
}

bool
channel_reply_err(struct channel *ch, const struct err *why, struct err *e)
{
	struct reply_head head = {0, 0};
	struct err told = *why;
	told.file = NULL; /* an address means nothing to the other side */
	return channel_send(ch, MESSAGE_REPLY, (struct str){(const char *)&head, sizeof head},
	    (struct str){(const char *)&told, sizeof told}, e);
}

bool
channel_send_fd(struct channel *ch, int fd, struct err *e)
{
	char byte = 0;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} room = {{0}};
	struct iovec one = {&byte, 1};
	struct msghdr m = {.msg_iov = &one,
	    .msg_iovlen = 1,
	    .msg_control = room.bytes,
	    .msg_controllen = sizeof room.bytes};
	struct cmsghdr *head = CMSG_FIRSTHDR(&m);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof fd);
	/* A child that asks and never looks fills the socket: that is its end. */
	return sendmsg(ch->control, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ||
	       FAIL_ERRNO(e, "a file cannot be handed to the process of the job");
}

/* ---- what it said ---- */

bool
channel_lie(struct err *e, const char *what)
{
	return FAIL(e, SYSTEM, "the process of the job sent what cannot be right: %s", what);
}

bool
channel_quiet(struct channel *ch, struct str m, struct err *e)
{
	uint64_t seconds;
	if (m.n != sizeof seconds)
		return channel_lie(e, "how long it is quiet");
	memcpy(&seconds, m.p, sizeof seconds);
	if (seconds > LIMIT_HOOK_SECONDS)
		return channel_lie(e, "how long it is quiet");
	ch->silent_since_ms = clock_monotonic_ms() + (int64_t)seconds * 1000;
	return true;
}

bool
channel_failure(const struct channel *ch, struct str m, struct err *e)
{
	struct err said;
	if (m.n != sizeof said)
		return channel_lie(e, "a short failure");
	memcpy(&said, m.p, sizeof said);
	said.message[sizeof said.message - 1] = 0;
	said.field[sizeof said.field - 1] = 0;
	said.word[sizeof said.word - 1] = 0;
	/* A word is one of ours or a plugin's, not a text. */
	for (const char *p = said.word; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || *p == '_'))
			said.word[0] = 0;
	/* Only who was told to stop was cancelled. */
	if (said.code <= ERR_OK || said.code >= ERR__MAX ||
	    (said.code == ERR_CANCELLED && !ch->stop_at_ms))
		said.code = ERR_SYSTEM;
	if (said.field[0])
		err_set_field(e, __FILE__, __LINE__, said.code, said.field, "%s", said.message);
	else
		err_set(e, __FILE__, __LINE__, said.code, "%s", said.message);
	memcpy(e->word, said.word, sizeof e->word);
	e->at_line = said.at_line <= INT64_MAX ? said.at_line : 0;
	return false;
}
