/*
 * child_host.h: struct host for a hook in a job's child: its calls become messages to the writer.
 * Talking is child_talk.c, writing child_write.c, going through rows child_walk.c.
 */
#ifndef ROWHOUSE_CHILD_HOST_H
#define ROWHOUSE_CHILD_HOST_H

#include "jobs/message.h"
#include "jobs/ring.h"
#include "plugin.h"

#include <jansson.h>

#define CHILD_BATCH_BYTES KIB(192)

struct child_host {
	struct host host; /* what the hook gets; self points here */
	struct ring *out, *in;
	int control;
	struct arena arena, row;
	struct host_dataset dataset;
	struct host_column *columns;
	const struct plugin_slot *slots;
	const json_t *inputs;
	const struct rowhouse_plugin *plugin;
	bool is_ingest, is_task;
	struct input *progress_of; /* the core's reader: how far it is */

	/* Rows and edits on their way. */
	char batch[CHILD_BATCH_BYTES];
	size_t n;
	enum message batch_type;

	/* An ingest's columns and what their values are like. */
	size_t column_count;
	struct guess guesses[LIMIT_COLUMNS];
	struct str names[LIMIT_COLUMNS]; /* by id, as far as they are known */
	struct arena kept;               /* theirs */
	struct table_counts counts;

	/* A task's way through the rows: as far as it is, and as far as an attempt before it was.
	 */
	struct way {
		unsigned pass;  /* how many walks there were before this one */
		int64_t after;  /* the last row of this walk that was done */
		int64_t last;   /* the last row of the dataset when the task began */
		uint64_t wrote; /* a bit for each walk that wrote something */
		uint64_t loose; /* things written between walks */
	} way, resume;
	struct str cursor; /* the plugin's own */
	bool walking;
	size_t unsaved; /* bytes said since the last checkpoint */
};

/* Everything from the writer's MESSAGE_BEGIN; the tree must stay. */
void child_host_init(struct child_host *c, const json_t *begin);
/* Sends what waits. */
void child_flush(struct child_host *c);
/* The end of a hook that worked. */
void child_end(struct child_host *c);

/* Rows from the core's reader of tables, ready as they are stored. */
bool child_put_row(
    struct child_host *c, uint64_t line, struct str cells, struct str absent, struct err *e);
bool child_put_column(struct child_host *c, const struct host_new_column *column, struct err *e);
bool child_put_finding(struct child_host *c, const struct finding *f, struct err *e);
/* How the reader reads the file, as JSON. */
void child_put_found(struct child_host *c, struct str options);

/* ---- what its files share ---- */

static inline struct child_host *
child_of(const struct host *h)
{
	return h->self;
}

/* child_talk.c.  Two strings that are one message, behind all that was said before. */
void child_tell(struct child_host *c, enum message type, struct str a, struct str b);
/* Parts one after the other in the batch, or as a message of their own when that has no room. */
void child_put_parts(
    struct child_host *c, enum message type, const struct str *parts, size_t count);
/* Waits for the answer to the message just sent; its body is good until the next one. */
bool child_answer(struct child_host *c, struct str *body, struct err *e) MUST_CHECK;
/* CANCELLED, and true: the hook is to end. */
bool child_stopped(struct child_host *c, struct err *e) MUST_CHECK;

/* child_write.c. */
bool host_make_column(const struct host *h, const struct host_new_column *n, size_t *column_id,
    struct err *e) MUST_CHECK;
bool host_put_row(const struct host *h, uint64_t line, const struct cell *cells, size_t count,
    struct err *e) MUST_CHECK;
bool host_put_finding(const struct host *h, const struct finding *f, struct err *e) MUST_CHECK;
bool host_set(const struct host *h, const struct host_row *row, size_t column_id,
    const struct cell *cell, const struct host_mark *mark, struct err *e) MUST_CHECK;
bool host_remove(const struct host *h, const struct host_row *row, struct err *e) MUST_CHECK;
/* The name of a column for errors.  Not in an arena that the hook may take back. */
void child_keep_name(struct child_host *c, size_t column, struct str name);

/* child_walk.c. */
bool host_walk(const struct host *h, host_row_fn *fn, void *context, struct err *e) MUST_CHECK;
bool host_keep_cursor(const struct host *h, struct str cursor, struct err *e) MUST_CHECK;
/* Where the attempt before this one was, as the writer kept it. */
void child_read_way(struct child_host *c, struct str kept);
/* A task is about to write n bytes.  True: it did that before it was interrupted. */
bool child_written_before(struct child_host *c, size_t n);

/* child_host.c. */
bool host_say_progress(
    const struct host *h, uint64_t done, uint64_t total, struct err *e) MUST_CHECK;

#endif
