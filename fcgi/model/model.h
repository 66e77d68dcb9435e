/*
 * model.h: what the product is: datasets, sources, jobs, and who may do what with them.
 *
 * Every function takes the caller, and authorization is here and nowhere else: what belongs to
 * another organisation is not found, exactly like what does not exist.  Writes are whole: each
 * function that changes something is one transaction.
 *
 * Errors carry the field of our own API they are about (source_id, map_details.latitude ...); the
 * vendors' names for it are the business of api/.
 */
#ifndef ROWHOUSE_MODEL_H
#define ROWHOUSE_MODEL_H

#include "base/conf.h"
#include "base/jsonout.h"
#include "model/export.h"
#include "plugin/registry.h"
#include "store/accounts.h"
#include "store/projection.h"
#include "store/rows.h"
#include "store/store.h"

#include <jansson.h>
#include <stdatomic.h>

#define SECRET_BYTES 32

struct model {
	const char *data;
	const struct conf *conf;
	struct store *store;
	struct rows_cache *rows;
	struct projection_cache *projections;
	struct registry *registry;
	uint8_t secret[SECRET_BYTES]; /* DATA/secret: what this server signs with */
	/* Until when the process may work on what it does, for whoever watches it; NULL: nobody
	 * does. */
	_Atomic int64_t *deadline_ms;
};

/* `plugins` false: without them, for commands that make no datasets. */
bool model_open(struct model *m, const char *data, const struct conf *conf, bool plugins,
    struct err *e) MUST_CHECK;
void model_close(struct model *m);
void model_recover(struct model *m);
/* Closes files that were deleted meanwhile; called now and then. */
void model_let_go(struct model *m);

/* ---- who asks, and what they may do (model/callers.c) ---- */

/* X(NAME, word): each may do what those before it may. */
#define ROLE_TABLE(X)                                                                              \
	X(NONE, "")                                                                                \
	X(VIEWER, "viewer")                                                                        \
	X(REVIEWER, "reviewer")                                                                    \
	X(EDITOR, "editor")                                                                        \
	X(OWNER, "owner")
enum role {
#define X(name, word) ROLE_##name,
	ROLE_TABLE(X)
#undef X
	    ROLE__MAX
};
extern const char *const role_names[ROLE__MAX];
/* The roles a user or a key can have, for forms. */
extern const struct choice role_choices[];
/* ROLE_NONE when there is no such role. */
enum role role_from_name(struct str name);

enum right {
	RIGHT_READ,   /* viewer: datasets, rows, sources, jobs, exports */
	RIGHT_REVIEW, /* reviewer: also cells of rows that are there, and undo */
	RIGHT_EDIT,   /* editor: also datasets, sources and rows that come and go; tasks */
	RIGHT_MANAGE, /* owner: also users, everybody's keys, the audit */
};

/* org_id 0: nobody. */
struct caller {
	int64_t org_id;
	enum role role;
	char user_id[UUID_BYTES], key_id[UUID_BYTES]; /* either may be empty */
	struct str who;   /* for people: an e-mail address, or: key "NAME" of one */
	struct str scope; /* JSON array of the ids of datasets it is good for; empty: everything */
	bool by_session;
	char csrf[65];                 /* what a form of this session must carry; else empty */
	struct str remote, request_id; /* for the audit */
	struct str idempotency_key;    /* what it makes is noted under this key; or empty */
	char made_dataset[UUID_BYTES]; /* an earlier attempt under the key made this; or empty */
};

/* FORBIDDEN when the caller's role is too small, or its key is for some datasets only and the right
 * is not about one.  It is asked before anything is looked up, so that the answer tells nothing. */
bool caller_may(const struct caller *c, enum right right, struct err *e) MUST_CHECK;
/* Likewise for what is about no dataset in particular: a key with a scope may not. */
bool caller_may_all(const struct caller *c, enum right right, struct err *e) MUST_CHECK;
/* Whether a dataset is in the scope of the caller's key. */
bool caller_sees(const struct caller *c, const char *dataset_id);

/* Who holds this key or this session; *found false: nobody. */
bool model_caller_of_key(struct model *m, struct caller *c, bool *found, struct str key,
    struct arena *a, struct err *e) MUST_CHECK;
bool model_caller_of_session(struct model *m, struct caller *c, bool *found, struct str token,
    struct arena *a, struct err *e) MUST_CHECK;
/* The owner of a data folder, for the command line. */
void caller_of_folder(struct caller *c, int64_t org_id);

/* Notes what was done; needs the transaction it was done in.  target and detail may be empty;
 * detail is JSON. */
bool model_audit(struct model *m, const struct caller *c, const char *action, struct str target,
    struct str detail, struct err *e) MUST_CHECK;

/* Ends the catalog's transaction that was begun: commits when `good`, else rolls back and is false.
 */
bool model_end(struct model *m, bool good, struct err *e) MUST_CHECK;

/* An id as it came with the request; a text that is none is NOT_FOUND like one nobody knows: `what`
 * is the thing's name for people. */
bool model_id(char out[UUID_BYTES], struct str text, const char *field, const char *what,
    struct err *e) MUST_CHECK;

/* Who asked for a job, as a member `by` of its params, and what it then does in their name, noted
 * in the job's transaction. */
void caller_write(struct jsonout *j, const struct caller *c);
bool caller_audit(struct store *s, int64_t org_id, struct str params, const char *action,
    struct str target, struct arena *a, struct err *e) MUST_CHECK;

/* ---- datasets (model/datasets.c) ---- */

struct dataset_request {
	const struct dataset_type *type;
	struct str name, description;
	char source_id[UUID_BYTES]; /* empty: none */
	struct str params;          /* JSON: the fields of the type's form, as checked; or empty */
	struct str options;         /* JSON: how its file is to be read (formats/options.h); empty:
				       as its source was read last */
};

/* What every dataset has, whatever its type. */
extern const struct field dataset_fields[];

/*
 * Checks what a create asks for (seeds/000, "Request Parameters"): an object with type, name,
 * description, source_id and the fields of the type's form, which its plugin then checks too.
 * Whether a source is needed is for model_dataset_create().
 */
enum request_style {
	REQUEST_PLAIN = 0, /* fields nobody knows are ignored */
	REQUEST_FORM =
	    1, /* every value is text; objects and arrays are JSON text, or set one by one */
	REQUEST_DESCRIBED = 2, /* a description must be given */
	REQUEST_STRICT = 4,    /* fields nobody knows are refused */
};
bool dataset_request_check(struct model *m, const struct caller *c, struct dataset_request *out,
    const json_t *fields, unsigned style, struct arena *a, struct err *e) MUST_CHECK;

/* What a dataset is called when nobody said: its file's name without the ending. */
struct str dataset_name_of_file(struct str file_name);

/* Makes the dataset and queues its job; what an earlier attempt of the same request made is found
 * instead.  A source that is still being stored makes a draft. */
bool model_dataset_create(struct model *m, const struct caller *c,
    const struct dataset_request *request, struct dataset *out, struct job *job, struct arena *a,
    struct err *e) MUST_CHECK;
bool model_dataset_get(struct model *m, const struct caller *c, struct str id, struct dataset *out,
    struct arena *a, struct err *e) MUST_CHECK;
bool model_dataset_list(struct model *m, const struct caller *c, struct dataset **out,
    size_t *count, int64_t *total, uint64_t offset, size_t limit, struct arena *a,
    struct err *e) MUST_CHECK;
bool model_dataset_delete(struct model *m, const struct caller *c, struct str id, struct arena *a,
    struct err *e) MUST_CHECK;
/* 32 hex digits that change whenever the dataset does. */
#define VERSION_BYTES 33
void dataset_version(char out[VERSION_BYTES], const struct dataset *d);
/* The rows of a dataset that was got; CONFLICT while it has none.  The dataset's change and counts
 * become those of its file, which knows best. */
bool model_rows_open(struct model *m, struct dataset *d, struct rows_file **out, struct arena *a,
    struct err *e) MUST_CHECK;

/* ---- exports (model/export_job.c) ---- */

/* What a request says of an export (export_fields), checked against the dataset's columns. */
bool model_export_plan(struct model *m, struct dataset *d, const json_t *sent, unsigned style,
    struct export_plan *out, struct arena *a, struct err *e) MUST_CHECK;
/* The job that writes, or has written, exactly this of exactly this version: one that is there, or
 * a new one.  What it made is model_export_take()'s when it is done. */
bool model_export_start(struct model *m, const struct caller *c, struct dataset *d,
    const struct export_plan *plan, struct job *job, struct arena *a, struct err *e) MUST_CHECK;
struct export_file {
	struct str path; /* below DATA */
	struct str name; /* for whoever takes it */
	const char *media_type;
};
/* The file of an export's job; that the caller took it away is noted.  CONFLICT: it is not done,
 * or makes none; GONE: the file is kept no longer. */
bool model_export_take(struct model *m, const struct caller *c, const struct job *job,
    struct export_file *out, struct arena *a, struct err *e) MUST_CHECK;
bool model_export_is_there(struct model *m, const struct job *job, struct arena *a);
/* Until when the file is kept, microseconds since 1970. */
int64_t model_export_until(const struct job *job);

/* ---- rows (model/rows.c) ---- */

/* The id in "row_7"; NOT_FOUND when the text is none. */
bool row_id_parse(int64_t *out, struct str text, struct err *e) MUST_CHECK;

/* One row; NOT_FOUND. */
bool model_row_get(struct model *m, struct dataset *d, struct str row_id, struct row *out,
    struct arena *a, struct err *e) MUST_CHECK;
/* The same without a copy of it, which may have LIMIT_RECORD_BYTES: it is handed to fn. */
bool model_row_show(struct model *m, struct dataset *d, struct str row_id, rows_each_fn *fn,
    void *context, struct arena *a, struct err *e) MUST_CHECK;

/* What a change did. */
struct row_change {
	int64_t change_id;
	int64_t *row_ids; /* that were added */
	size_t row_count;
};

/*
 * Cells are given as an object by the columns' names or ids.  In a column whose type was declared a
 * value must fit it (formats/fit.h), in a required one there must be a value; a new row takes the
 * default values of what it does not name.  Errors name rows[3].price.  UNPROCESSABLE over
 * LIMIT_CHANGE_ROWS; LOCKED while a task writes one of the columns.  `text`: every value is text,
 * as forms send it.
 */
bool model_rows_add(struct model *m, const struct caller *c, struct dataset *d, const json_t *rows,
    bool text, struct row_change *out, struct arena *a, struct err *e) MUST_CHECK;
/* `rev` of the row as it was read: PRECONDITION when it was changed since. */
bool model_row_set(struct model *m, const struct caller *c, struct dataset *d, struct str row_id,
    int64_t rev, const json_t *cells, bool text, struct row_change *out, struct arena *a,
    struct err *e) MUST_CHECK;
/* rev -1: whatever it is. */
struct row_named {
	int64_t row_id, rev;
};
bool model_rows_remove(struct model *m, const struct caller *c, struct dataset *d,
    const struct row_named *rows, size_t count, struct row_change *out, struct arena *a,
    struct err *e) MUST_CHECK;
/* An edit is taken back at once; what a job did by a job, which is then in `job` (its id empty: it
 * is done).  CONFLICT when it was taken back already or an edit's rows were changed since, LOCKED
 * while a task writes. */
bool model_change_undo(struct model *m, const struct caller *c, struct dataset *d,
    struct str change_id, struct row_change *out, struct job *job, struct arena *a,
    struct err *e) MUST_CHECK;
bool model_change_list(struct model *m, struct dataset *d, uint64_t offset, size_t limit,
    struct change **out, size_t *count, int64_t *total, struct arena *a, struct err *e) MUST_CHECK;

/* ---- plugins (model/plugins.c) ---- */

/* What of a plugin is meant: a work or a view of a dataset's type, or of the site. */
struct work_ref {
	const char *plugin;
	const struct dataset_type *type; /* NULL: of the site */
	const struct plugin_work *work;
	bool is_call;
};
/* NOT_FOUND.  `d` NULL: of the site, then `plugin` says whose. */
bool model_work_find(struct model *m, const struct caller *c, struct work_ref *out,
    const struct dataset *d, struct str plugin, struct str name, bool is_call,
    struct err *e) MUST_CHECK;

struct work_request {
	const json_t *fields;
	unsigned style;       /* of form_check() */
	struct str source_id; /* for works with sources; or empty */
	bool estimate;        /* check and estimate, do nothing */
};
/* Checks and queues it.  With `estimate` *answer is what it would take (JSON), and there is no job.
 * LOCKED when a column it writes is leased. */
bool model_work_start(struct model *m, const struct caller *c, const struct work_ref *w,
    struct dataset *d, const struct work_request *request, struct job *job, struct str *answer,
    struct arena *a, struct err *e) MUST_CHECK;

/* Fills a view: *out is the JSON object.  `d` NULL: of the site.  style: of form_check(), besides
 * FORM_TEXT. */
bool model_view(struct model *m, const struct caller *c, struct dataset *d, struct str plugin,
    struct str name, const json_t *query, unsigned style, struct str *out,
    const struct plugin_view **view, struct arena *a, struct err *e) MUST_CHECK;

/* Which types and plugins there are. */
bool model_registry(
    struct model *m, const struct caller *c, const struct registry **out, struct err *e) MUST_CHECK;

/* The params of an ingest job of this type. */
struct str plugin_ingest_params(struct model *m, const struct dataset_type *type, struct str values,
    struct str options, struct arena *a);
/* The plugin's own check of values that its form's table let through. */
bool plugin_type_check(struct model *m, const struct dataset_type *type, const struct value *values,
    struct arena *a, struct err *e) MUST_CHECK;

/* The columns of a dataset as a form may name them. */
void form_columns_of(
    struct form_columns *out, const struct column *columns, size_t count, struct arena *a);

/* ---- sources and uploads (model/sources.c) ---- */

bool model_source_get(struct model *m, const struct caller *c, struct str id, struct source *out,
    struct arena *a, struct err *e) MUST_CHECK;
bool model_source_list(struct model *m, const struct caller *c, struct source **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e) MUST_CHECK;
bool model_source_delete(struct model *m, const struct caller *c, struct str id, struct arena *a,
    struct err *e) MUST_CHECK;
/* QUOTA when so many bytes more are too many, TOO_BIG when they are for one upload. */
bool model_bytes_check(
    struct model *m, const struct caller *c, uint64_t bytes, struct err *e) MUST_CHECK;
/* May this caller upload at all: asked before a body is worked on. */
bool model_upload_check(const struct caller *c, struct err *e) MUST_CHECK;
/* An uploaded file that is a blob already becomes a data source. */
bool model_source_new(
    struct model *m, const struct caller *c, struct source *source, struct err *e) MUST_CHECK;
/* Queues the job that takes a body in DATA/incoming apart.  QUOTA when its bytes are too many. */
bool model_upload_begin(struct model *m, const struct caller *c, struct str incoming,
    struct str boundary, uint64_t bytes, struct job *job, struct arena *a,
    struct err *e) MUST_CHECK;
/* What was uploaded is not wanted: the job stops, the source and its drafts go. */
bool model_upload_discard(
    struct model *m, const char *job_id, struct arena *a, struct err *e) MUST_CHECK;

/* ---- how a file is read (model/reading.c) ---- */

/* Options as they came with a request, checked: *out is what is kept of them.  style: of
 * form_check(). */
bool model_options_check(struct str *out, const json_t *options, unsigned style, struct arena *a,
    struct err *e) MUST_CHECK;
/* The same of what form_check() has let through. */
bool model_options_take(
    struct str *out, const struct value *values, struct arena *a, struct err *e) MUST_CHECK;
/* Queues a look at the beginning of a source's one file (jobs/child_table.h says what comes of it);
 * `options` as model_options_check() gave them. */
bool model_source_preview(struct model *m, const struct caller *c, struct str id,
    struct str options, struct source *source, struct job *job, struct arena *a,
    struct err *e) MUST_CHECK;
/* The result of one that is done; the job is forgotten with it. */
bool model_preview_take(struct model *m, const struct caller *c, const char *job_id,
    struct job *job, struct arena *a, struct err *e) MUST_CHECK;
/* Datasets of this type are made by the core's own reader of tables, which options are for. */
bool type_reads_table(const struct dataset_type *t);

/* ---- jobs (model/jobs.c) ---- */

bool model_job_get(struct model *m, const struct caller *c, struct str id, struct job *out,
    struct arena *a, struct err *e) MUST_CHECK;
bool model_job_list(struct model *m, const struct caller *c, struct job **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e) MUST_CHECK;
/* Puts one in the queue and wakes the runner. */
bool model_job_queue(struct model *m, struct job *j, struct err *e) MUST_CHECK;
/* The newest reading of a dataset. */
bool model_job_latest(struct model *m, const struct dataset *d, struct job *out, bool *found,
    struct arena *a, struct err *e) MUST_CHECK;
/* The newest task on a dataset. */
bool model_task_latest(struct model *m, const struct dataset *d, struct job *out, bool *found,
    struct arena *a, struct err *e) MUST_CHECK;
/* CONFLICT when it has ended already. */
bool model_job_cancel(struct model *m, const struct caller *c, struct str id, struct job *out,
    struct arena *a, struct err *e) MUST_CHECK;
/* The request it was made for is gone: it stops and what hangs on it goes. */
bool model_job_drop(struct model *m, const char *job_id, struct err *e) MUST_CHECK;
/* Wakes the job runner. */
void model_wake(const struct model *m);
/* The failure of a job as an err, for who waited for it. */
bool model_job_failure(const struct job *j, struct err *e);

/* ---- engines -------------------------------------------------------------------------------- */

/* Something outside that is asked by name; its key is nobody's business. */
struct engine {
	const char *name;
	struct str model; /* as its operator calls it, or empty */
	struct str state; /* off, unknown, ready, failed */
	struct str reason;
	int64_t checked_at; /* 0: never */
};
/* The one there is: "model". */
bool model_engines(struct model *m, const struct caller *c, struct engine *out, struct arena *a,
    struct err *e) MUST_CHECK;

#endif
