/*
 * service.h: what a writer does for every child alike: tells it what to run, hands it the files of
 * its source, keeps what its plugin wants kept, takes its answer.
 */
#ifndef ROWHOUSE_SERVICE_H
#define ROWHOUSE_SERVICE_H

#include "jobs/channel.h"
#include "store/rows.h"

struct state_put {
	struct state_put *older;
	const char *name;
	struct str value; /* lies in `room` */
	char *room;
	size_t capacity; /* bytes of it */
};

/* What a job of a plugin is asked to run: jobs.params (model/plugin_jobs.c writes it). */
struct job_params {
	const char *plugin; /* NULL: the core's own reader of tables */
	bool missing;       /* that plugin is not loaded */
	bool folder;
	uint32_t seconds, memory_mib;
	struct str hook, type, work, values;
	struct str options; /* how a file is to be read; empty: found out */
};

struct service {
	struct channel ch;
	struct job_context *c;
	struct job_params params;
	struct source source;
	struct state_put *puts; /* newest first */
	bool puts_changed;      /* since service_states_kept() */
	struct str answer;      /* JSON, or empty */
};

/* Reads the job's params; the source is looked up when the job or the dataset has one. */
bool service_open(
    struct service *s, struct job_context *c, struct str source_id, struct err *e) MUST_CHECK;
/* Starts the child and tells it what to run.  dataset NULL: the site. */
struct service_dataset {
	const struct dataset *dataset;
	const struct column *columns;
	size_t column_count;
	int64_t last_row; /* the highest id of a row */
	struct str cursor;
};
bool service_start(struct service *s, const struct service_dataset *d, struct err *e) MUST_CHECK;
/* A message every hook may send; *taken false: it is none of those. */
bool service_take(
    struct service *s, uint32_t type, struct str m, bool *taken, struct err *e) MUST_CHECK;
/* Keeps the states that were put; needs the catalog's transaction that ends the job. */
bool service_keep(struct service *s, struct err *e) MUST_CHECK;
/* The states as one text, for a job that may be interrupted; empty: as they were kept last. */
struct str service_states(const struct service *s, struct arena *a);
void service_states_kept(struct service *s);
/* After service_open(): what an earlier attempt had answered and put. */
bool service_resume(
    struct service *s, struct str answer, struct str states, struct err *e) MUST_CHECK;
/* The bytes of all files of the source. */
uint64_t service_bytes(const struct service *s);

/* The head and texts of MESSAGE_FINDING, checked. */
struct said_finding {
	uint64_t line, column, row_id;
	struct str code, message;
};
bool said_finding(
    struct said_finding *out, struct str m, uint64_t columns, struct err *e) MUST_CHECK;
/* True: not a row but a finding stands at *at of MESSAGE_ROWS, which moves behind it. */
bool said_finding_between(struct str *out, size_t *at, struct str rows);
/* Of MESSAGE_COLUMN; the texts point into the message. */
bool said_column(struct new_column *out, struct str m, struct err *e) MUST_CHECK;
/* The next row of MESSAGE_ROWS behind *at (which starts at 0); cells are checked for `columns`. */
struct said_row {
	uint64_t line;
	struct str cells, absent;
};
bool said_row(
    struct said_row *out, size_t *at, struct str rows, uint64_t columns, struct err *e) MUST_CHECK;

#endif
