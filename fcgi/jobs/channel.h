/*
 * channel.h: a writer's end of the talk with its child (child.c): it starts the child, takes its
 * messages one by one, and ends it when it dies, hangs, takes too long, is cancelled or lies.
 *
 * The child may be anyone's code by now.  Nothing it says or does keeps the writer waiting for
 * longer than its time, makes it allocate more than a message may have, or reaches anybody else.
 */
#ifndef ROWHOUSE_CHANNEL_H
#define ROWHOUSE_CHANNEL_H

#include "jobs/jobs.h"
#include "jobs/message.h"
#include "jobs/ring.h"

#include <sys/types.h>

/* What it may do with DATA/plugins/PLUGIN, which all organisations share. */
enum channel_folder { CHANNEL_NO_FOLDER, CHANNEL_READS_FOLDER, CHANNEL_WRITES_FOLDER };

struct channel_spec {
	const char *plugin; /* whose hook it runs; NULL: the core's own reader of tables */
	enum channel_folder folder;
	uint32_t seconds;    /* by the clock; 0: LIMIT_HOOK_SECONDS */
	uint32_t memory_mib; /* 0: the usual */
};

struct channel {
	struct job_context *c;
	struct ring *out, *in; /* from the child, to it */
	int control;           /* for descriptors */
	int said;              /* its standard error */
	int signals;
	pid_t pid;
	int pidfd;
	char scratch[64]; /* name of its folder in DATA/run */
	int64_t deadline_ms, stop_at_ms;
	int64_t silent_since_ms; /* later than now: until then it need not say anything */
	int64_t next_scratch_ms; /* when its folder is measured again */
	struct err death;        /* how it ended, once it has */
	bool gone;
	size_t heard;           /* bytes of its standard error that were logged */
	struct job_count count; /* how far the job is */
	uint64_t moved;         /* grows with whatever counts as progress */
};

/* Starts the child; channel_close() must follow, whatever comes of it. */
bool channel_open(struct channel *ch, struct job_context *c, const struct channel_spec *spec,
    struct err *e) MUST_CHECK;

/* Takes messages until `fn` says that it was the last (*end), or something ends the child.  `fn`
 * raises ch->moved when the message brought something. */
typedef bool channel_fn(void *context, uint32_t type, struct str message, bool *end, struct err *e);
bool channel_run(struct channel *ch, channel_fn *fn, void *context, struct err *e) MUST_CHECK;

/* To the child; false: it does not take what it asked for. */
bool channel_send(
    struct channel *ch, uint32_t type, struct str a, struct str b, struct err *e) MUST_CHECK;
/* An answer: good, with `body`; or the err. */
bool channel_reply(struct channel *ch, struct str body, struct err *e) MUST_CHECK;
bool channel_reply_err(struct channel *ch, const struct err *why, struct err *e) MUST_CHECK;
bool channel_send_fd(struct channel *ch, int fd, struct err *e) MUST_CHECK;

/* MESSAGE_QUIET: silence counts from the end of that time on; the job's own time goes on. */
bool channel_quiet(struct channel *ch, struct str message, struct err *e) MUST_CHECK;
/* What a child said that cannot be right. */
bool channel_lie(struct err *e, const char *what);
/* What it failed with, made safe to show. */
bool channel_failure(const struct channel *ch, struct str message, struct err *e);

/* The child is dead after this, with all it started; its scratch folder is gone. */
void channel_close(struct channel *ch);

#endif
