/*
 * child_host.h: struct host for a hook in a job's child: its calls become messages to the writer.
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
	int64_t next_progress_ms;
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

#endif
