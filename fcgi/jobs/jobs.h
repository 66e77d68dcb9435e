/*
 * jobs.h: the processes that do what takes longer than a request.
 *
 *   runner   takes queued jobs and starts a process for each (role `jobs`)
 *   append   appends a large piece to a resumable upload (kind append)
 *   split    takes an upload apart and stores its files (kind upload)
 *   writer   makes rows of a source, together with its child (kind ingest; ingest.c)
 *   task     does what a plugin's task or call says, together with its child (kinds task, call)
 *   preview  looks at the beginning of a source's file, together with its child (kind preview)
 *   export   writes a dataset as a file (kind export)
 *   project  makes projections of columns (kind project)
 *
 * Each opens the store itself and does one job.  What it has done becomes visible in one catalog
 * transaction together with the end of the job, so a process can be killed at any moment.
 */
#ifndef ROWHOUSE_JOBS_H
#define ROWHOUSE_JOBS_H

#include "base/conf.h"
#include "store/rows.h"
#include "store/store.h"

/* What a job process works with. */
struct job_context {
	struct store *store;
	struct arena arena;
	struct job job;
	struct conf conf;
	const char *data;
	int64_t next_progress_ms;
};

/* Opens the store, loads the job; exit status 2 on false. */
bool job_begin(
    struct job_context *c, const char *role, int argc, char **argv, struct err *e) MUST_CHECK;
/* Notes progress now and then; false (CANCELLED) when the job is to stop. */
bool job_progress(struct job_context *c, const struct job_count *count, struct err *e) MUST_CHECK;
/*
 * Rows to be added are reserved first, so that no two that add rows both take the last of a quota,
 * and the catalog is not held while they are written; then settled, by which the catalog's copies
 * are what the file says.  Should the process die in between, what it reserved is free with the end
 * of its job. 0 reserves nothing.
 */
bool job_reserve(struct job_context *c, uint64_t rows, struct err *e) MUST_CHECK;
bool job_settle(struct job_context *c, const struct dataset *d, const struct rows_edited *edited,
    struct err *e) MUST_CHECK;
/* Tells everyone who waits for it. */
void job_ring(const struct job_context *c);
/* The job ends as failed or cancelled: its own rows in the catalog and what hangs on them.  False:
 * that could not be noted, and the job will be tried again or ended by the runner. */
bool job_fail(struct job_context *c, const struct err *why);
void job_end(struct job_context *c);

/* Runs until SIGTERM, after any other one on this data folder has ended. */
bool runner_run(const char *data, struct err *e) MUST_CHECK;

/* The internal commands (process roles). */
int command_split(int argc, char **argv);
int command_writer(int argc, char **argv);
int command_child(int argc, char **argv);
int command_task(int argc, char **argv);
int command_undo(int argc, char **argv);
int command_preview(int argc, char **argv);
int command_append(int argc, char **argv);
int command_export_worker(int argc, char **argv);
int command_project(int argc, char **argv);

/* The form of an upload job's result, for who answers the upload: see split.c. */
struct upload_field {
	struct str name, value;
};
struct upload_form {
	struct upload_field *fields;
	size_t count;
};
bool upload_form_parse(
    struct upload_form *out, struct str result, struct arena *a, struct err *e) MUST_CHECK;

#endif
