/*
 * store.h: where data lives (DESIGN section 3), and all that the rest of Rowhouse knows of it.
 *
 *   DATA/catalog.db           what exists: organisations, users, keys (accounts.h), sources,
 *                             datasets, jobs
 *   DATA/datasets/ID/         rows-G.db, one file per generation G: what is in a dataset
 *                derived/     exports and the like: may be deleted at any time
 *   DATA/blobs/ab/SHA256      uploaded files, immutable, named by their content
 *   DATA/incoming/            bodies of uploads until they are stored
 *   DATA/uploads/ID           what has come of a resumable upload (uploads.h)
 *   DATA/run, DATA/log        sockets, locks; logs
 *
 * The catalog says what exists, a dataset's file what is in it.  No transaction spans two files:
 * a file is made whole and durable first, then one catalog transaction makes it visible.
 *
 * No SQL stands outside this folder.  Functions that take an `org_id` find only what that
 * organisation owns; who may ask is the business of model/.
 */
#ifndef ROWHOUSE_STORE_H
#define ROWHOUSE_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/ids.h"
#include "formats/guess.h"

struct store;

/* Opens the catalog for reading and writing; makes the folders, the file and its schema when they
 * are missing; refuses a file of a newer Rowhouse.  One per process. */
bool store_open(struct store **out, const char *data, struct err *e) MUST_CHECK;
void store_close(struct store *s);
/* Puts every connection to rest after a task was cut short. */
void store_recover(struct store *s);
/* The data folder, as given to store_open(). */
const char *store_data(const struct store *s);
/* The catalog answers a query: for /readyz. */
bool store_ready(struct store *s, struct err *e) MUST_CHECK;
/* Free bytes on the disk of the data folder. */
uint64_t store_free_bytes(const struct store *s);

/* Writes between begin and commit are one transaction of the catalog; commit is durable.  Functions
 * below that write say whether they need one open. */
bool store_begin(struct store *s, struct err *e) MUST_CHECK;
bool store_commit(struct store *s, struct err *e) MUST_CHECK;
void store_rollback(struct store *s);

/* A failure as it is kept in the catalog and shown later. */
struct kept_error {
	struct str code, message, field;
	uint64_t line; /* 0: none */
};

/* ---- sources -------------------------------------------------------------------------------- */

/* storing: the upload goes on, in no list; stored: all its files are blobs. */
struct source_file {
	struct str field, name, content_type;
	uint64_t bytes;
	uint64_t offset;   /* in the incoming body, until it is stored */
	struct str sha256; /* 64 hex digits; empty until it is stored */
};

struct source {
	char source_id[UUID_BYTES];
	int64_t org_id;
	struct str name, state, incoming; /* incoming: file name in DATA/incoming, or empty */
	uint64_t bytes;
	int64_t created_at, stored_at; /* stored_at 0: not yet */
	int64_t datasets;              /* made from it (lists only) */
	struct str options; /* how it was read last (formats/options.h), JSON, or empty */
	struct source_file *files;
	size_t file_count;
};

/* Needs a transaction. */
bool store_source_insert(struct store *s, const struct source *source, struct err *e) MUST_CHECK;
/* Files and all.  NOT_FOUND with the dataset words' `field` source_id. */
bool store_source_get(struct store *s, struct source *out, int64_t org_id, const char *source_id,
    struct arena *a, struct err *e) MUST_CHECK;
/* Stored ones, newest first. */
bool store_source_list(struct store *s, struct source **out, size_t *count, int64_t *total,
    int64_t org_id, uint64_t offset, size_t limit, struct arena *a, struct err *e) MUST_CHECK;
/* The blob of one file is durable.  Needs a transaction. */
bool store_source_file_stored(struct store *s, const char *source_id, size_t position,
    const char *sha256, struct err *e) MUST_CHECK;
/* All files are: the source is `stored`, and drafts made from it appear.  Needs a transaction. */
bool store_source_stored(struct store *s, const char *source_id, struct err *e) MUST_CHECK;
/* Remembers how it is read.  Needs a transaction. */
bool store_source_options(
    struct store *s, const char *source_id, struct str options, struct err *e) MUST_CHECK;
/* The upload came to nothing: it goes, and the drafts made from it.  Needs a transaction. */
bool store_source_abandon(struct store *s, const char *source_id, struct err *e) MUST_CHECK;
/* *busy: an ingest from it waits or runs. */
bool store_source_busy(
    struct store *s, const char *source_id, bool *busy, struct err *e) MUST_CHECK;
/* Needs a transaction.  Its blobs go with the next sweep when nothing else names them. */
bool store_source_delete(
    struct store *s, int64_t org_id, const char *source_id, bool *found, struct err *e) MUST_CHECK;

/* ---- datasets ------------------------------------------------------------------------------- */

struct dataset {
	char dataset_id[UUID_BYTES];
	int64_t org_id;
	struct str slug, name, description, type, state, source_id, params;
	/* Its version: how often its rows were made (0: there are none yet), and changed since. */
	int64_t generation, edition;
	uint64_t rows, columns, bytes;
	/* Of the file: read = rows + skipped; repaired are among the rows. */
	uint64_t records_read, records_skipped, records_repaired, findings;
	struct kept_error error; /* of the last job that failed; code empty: none */
	int64_t created_at, updated_at;
};

/* Needs a transaction.  `slug` is made when empty. */
bool store_dataset_insert(struct store *s, struct dataset *d, struct err *e) MUST_CHECK;
bool store_dataset_get(struct store *s, struct dataset *out, int64_t org_id, const char *dataset_id,
    struct arena *a, struct err *e) MUST_CHECK;
/* Newest first, without drafts; their params are left out.  `scope` is a JSON array of the ids that
 * may be seen; empty: all. */
bool store_dataset_list(struct store *s, struct dataset **out, size_t *count, int64_t *total,
    int64_t org_id, struct str scope, uint64_t offset, size_t limit, struct arena *a,
    struct err *e) MUST_CHECK;
/* The sums a quota is measured by: drafts, and rows a running job has reserved, included. */
struct usage {
	uint64_t datasets, bytes, rows;
};
bool store_usage(struct store *s, struct usage *out, int64_t org_id, struct err *e) MUST_CHECK;
/* The quotas of an organisation: its own settings, else those of the server.  0: none. */
struct quotas {
	uint64_t datasets, bytes, rows;
};
struct conf;
bool store_quotas(struct store *s, struct quotas *out, int64_t org_id, const struct conf *conf,
    struct err *e) MUST_CHECK;
/* How many rows more an organisation may have; UINT64_MAX: as many as it likes.  What is made of
 * the answer must be in the same transaction. */
bool store_rows_left(struct store *s, uint64_t *left, int64_t org_id, const struct conf *conf,
    struct err *e) MUST_CHECK;
/* QUOTA when `more` rows are more than are left. */
bool store_rows_fit(uint64_t more, uint64_t left, struct err *e) MUST_CHECK;
/* A running job is about to add rows; reserved until it reserves anew, or ends.  Needs a
 * transaction. */
bool store_job_reserve(
    struct store *s, const char *job_id, uint64_t rows, struct err *e) MUST_CHECK;
/* What an ingest made; the dataset is ready (a draft stays one until its source is stored).  Needs
 * a transaction. */
struct ingested {
	int64_t generation;
	uint64_t rows, columns, bytes, records_read, records_skipped, records_repaired, findings;
};
bool store_dataset_ingested(
    struct store *s, const char *dataset_id, const struct ingested *i, struct err *e) MUST_CHECK;
/* Rows were changed: the catalog's copies of what its file says.  Needs a transaction.  Nothing
 * happens when the dataset is gone or has another generation by now, or a later edition is known
 * already. */
bool store_dataset_edited(struct store *s, const char *dataset_id, int64_t generation,
    int64_t edition, uint64_t rows, uint64_t columns, struct err *e) MUST_CHECK;
/* A task ended: `ready` again unless another one runs.  Needs a transaction. */
bool store_dataset_rested(struct store *s, const char *dataset_id, struct err *e) MUST_CHECK;
bool store_dataset_state(
    struct store *s, const char *dataset_id, const char *state, struct err *e) MUST_CHECK;
/* Fails a dataset that has no rows yet.  Needs a transaction. */
bool store_dataset_failed(
    struct store *s, const char *dataset_id, const struct err *why, struct err *e) MUST_CHECK;
/* Needs a transaction.  Its jobs are told to stop; its folder goes after the commit, by
 * store_dataset_remove_files(). */
bool store_dataset_delete(
    struct store *s, int64_t org_id, const char *dataset_id, bool *found, struct err *e) MUST_CHECK;
bool store_dataset_remove_files(struct store *s, const char *dataset_id, struct err *e) MUST_CHECK;
/* The datasets made before a time, for retention; their params are left out. */
bool store_dataset_old(struct store *s, struct dataset **out, size_t *count, int64_t before_us,
    struct arena *a, struct err *e) MUST_CHECK;

/* DATA/datasets/ID/rows-G.db, and names under it. */
struct str store_rows_path(
    const struct store *s, const char *dataset_id, int64_t generation, struct arena *a);
/* The folder of a generation's projections, and one of them (projection.h). */
struct str store_projections_path(
    const struct store *s, const char *dataset_id, int64_t generation, struct arena *a);
struct str store_projection_path(const struct store *s, const char *dataset_id, int64_t generation,
    size_t column_id, struct arena *a);
struct str store_statistics_path(
    const struct store *s, const char *dataset_id, int64_t generation, struct arena *a);
struct str store_derived_path(
    const struct store *s, const char *dataset_id, const char *name, struct arena *a);

/* ---- jobs ----------------------------------------------------------------------------------- */

/* X(word, title): what a job does. */
#define JOB_KIND_TABLE(X)                                                                          \
	X(upload, "Store an upload")                                                               \
	X(ingest, "Read the rows")                                                                 \
	X(export, "Write a file")                                                                  \
	X(task, "Run a task")                                                                      \
	X(call, "Answer a call")                                                                   \
	X(undo, "Take a change back")                                                              \
	X(append, "Keep a piece of an upload")                                                     \
	X(project, "Make ready for questions")

struct job {
	char job_id[UUID_BYTES];
	int64_t org_id;
	struct str kind, state; /* queued, running, done, failed, cancelled */
	struct str dataset_id, dataset_name, source_id, params, result;
	struct kept_error error;
	int attempt;
	bool cancel;
	uint64_t done, total; /* bytes */
	uint64_t rows;
	uint64_t failed; /* items that could not be done */
	int64_t created_at, started_at, ended_at;
	struct str who;    /* who asked for it */
	struct str title;  /* of a plugin's task or call, or empty */
	struct str leases; /* JSON array of the ids of columns it writes, or empty */
};

/* It has not ended. */
static inline bool
job_is_active(const struct job *j)
{
	return str_is(j->state, "queued") || str_is(j->state, "running");
}

/* Needs a transaction. */
bool store_job_insert(struct store *s, struct job *j, struct err *e) MUST_CHECK;
/* org_id 0: any organisation (for the processes of a job). */
bool store_job_get(struct store *s, struct job *out, int64_t org_id, const char *job_id,
    struct arena *a, struct err *e) MUST_CHECK;
/* Newest first; their results are left out.  `scope` as for datasets. */
bool store_job_list(struct store *s, struct job **out, size_t *count, int64_t *total,
    int64_t org_id, struct str scope, uint64_t offset, size_t limit, struct arena *a,
    struct err *e) MUST_CHECK;
/* The newest job of a dataset; *found false: none. */
bool store_job_of_dataset(struct store *s, struct job *out, bool *found, const char *dataset_id,
    const char *kind, struct arena *a, struct err *e) MUST_CHECK;
/* The newest job of a dataset that was asked for with exactly these params. */
bool store_job_with_params(struct store *s, struct job *out, bool *found, const char *dataset_id,
    const char *kind, struct str params, struct arena *a, struct err *e) MUST_CHECK;
/* Takes the oldest queued job of a kind and makes it `running`; own transaction.  Its result is
 * left out. */
bool store_job_claim(struct store *s, struct job *out, bool *found, const char *kind,
    struct arena *a, struct err *e) MUST_CHECK;
/* How far a job is: done of total, in bytes or whatever a plugin counts in; rows written; items
 * that could not be done. */
struct job_count {
	uint64_t done, total, rows, failed;
};
/* Progress; own transaction.  *cancelled: it is to stop. */
bool store_job_progress(struct store *s, const char *job_id, const struct job_count *count,
    bool *cancelled, struct err *e) MUST_CHECK;
/* What an upload found out while it is still running.  Needs a transaction. */
bool store_job_result(struct store *s, const char *job_id, const char *source_id, struct str result,
    struct err *e) MUST_CHECK;
/* Ends a running job; done stands only if it still runs and is not cancelled (CANCELLED else), and
 * then all of its total is.  Need a transaction. */
bool store_job_done(struct store *s, const char *job_id, const struct job_count *count,
    struct str result, struct err *e) MUST_CHECK;
bool store_job_failed(struct store *s, const char *job_id, const char *state, const struct err *why,
    struct err *e) MUST_CHECK;
/* Asks it to stop: a queued one is cancelled at once.  Needs a transaction. */
bool store_job_cancel(struct store *s, const char *job_id, struct err *e) MUST_CHECK;
/* Running jobs whose process is gone: queued again, or failed after LIMIT_JOB_ATTEMPTS.  One job,
 * or all of them with NULL (at the runner's start).  `why` is shown to the user.  Own transaction.
 */
bool store_job_orphaned(
    struct store *s, const char *job_id, const char *why, struct err *e) MUST_CHECK;
/* A job that was interrupted through no fault of its own: queued again, and this attempt does not
 * count.  Own transaction. */
bool store_job_put_back(struct store *s, const char *job_id, struct err *e) MUST_CHECK;
/* The body of an upload that came to nothing goes at once, it may be large. */
void store_job_remove_body(const struct store *s, const struct job *j, struct arena *a);
/* Jobs that run and shall stop, for the runner: at most `max` ids. */
bool store_job_cancelled(
    struct store *s, char (*ids)[UUID_BYTES], size_t max, size_t *count, struct err *e) MUST_CHECK;

/* A preview was answered: nobody asks for it again. */
bool store_job_forget(struct store *s, const char *job_id, struct err *e) MUST_CHECK;
/* The leases of the jobs that wait or run on a dataset. */
bool store_job_leases(struct store *s, const char *dataset_id, struct str **out, size_t *count,
    struct arena *a, struct err *e) MUST_CHECK;

/* ---- what plugins keep (catalog_state.c) ---------------------------------------------------- */

/* dataset_id "": of the organisation.  *out is empty when there is none. */
bool store_state_get(struct store *s, const char *plugin, int64_t org_id, const char *dataset_id,
    const char *name, struct str *out, struct arena *a, struct err *e) MUST_CHECK;
/* Needs a transaction; an empty value takes it away. */
bool store_state_put(struct store *s, const char *plugin, int64_t org_id, const char *dataset_id,
    const char *name, struct str value, struct err *e) MUST_CHECK;

/* ---- idempotency ---------------------------------------------------------------------------- */

struct kept_answer {
	bool found, running;
	/* Not found, but a request that died before it could answer made this; else empty. */
	char dataset_id[UUID_BYTES];
	uint8_t body_hash[SHA256_BYTES];
	int status;
	struct str body, location;
};
/* Looks the key up and, when it is new, notes that it runs.  Own transaction. */
bool store_answer_begin(struct store *s, struct kept_answer *out, int64_t org_id, struct str key,
    const uint8_t body_hash[SHA256_BYTES], struct arena *a, struct err *e) MUST_CHECK;
/* The request with this key makes this dataset.  Needs the transaction that makes it. */
bool store_answer_made(struct store *s, int64_t org_id, struct str key, const char *dataset_id,
    struct err *e) MUST_CHECK;
/* Keeps the answer for 24 hours; status 0 forgets that it ran.  Own transaction. */
bool store_answer_end(struct store *s, int64_t org_id, struct str key, int status, struct str body,
    struct str location, struct err *e) MUST_CHECK;

/* ---- housekeeping --------------------------------------------------------------------------- */

/* Removes what no row of the catalog names: blobs and incoming bodies older than a day, folders of
 * datasets that are gone, half-made files of jobs that are not running, resumable uploads that
 * expired, and files of exports over LIMIT_EXPORT_HOURS.  Run by the job runner. */
bool store_sweep(struct store *s, struct err *e) MUST_CHECK;

#endif
