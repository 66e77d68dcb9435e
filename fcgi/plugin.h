/*
 * plugin.h: everything a plugin and the core agree on.  plugins/README.md shows how to write one.
 *
 * A plugin is one shared object, plugins/NAME/ built to NAME.so, that exports one constant,
 * `rowhouse_plugin`.  It says what the plugin has: dataset types and, for each, what can be done
 * with its datasets.  The core reads the head of it before it runs any code of the plugin.  A hook
 * that is NULL is a thing that cannot be done.
 *
 * Where a hook runs decides what it may do:
 *
 * - check, estimate, columns: in the web worker, for PLUGIN_CHECK_MS at most; pure, they see only
 *   what they are given.
 * - views: in the web worker, for PLUGIN_VIEW_MS at most; they read rows, state and the folder.
 * - ingest, tasks, calls: in a process of their own in a cage, without a network, with no file but
 *   their inputs, an empty scratch folder and the plugin's folder, no program but its tools.
 * - verbs: in the process of `rowhouse PLUGIN VERB`, with the rights of who typed it.
 *
 * The plugin's folder is one for all organisations.  So only tasks of the site and verbs may write
 * it; ingest and the tasks and calls of a dataset, which see what one organisation sent, can read
 * it.
 *
 * Each hook gets a `struct host`: what it works on, and the only way to the core.  A function of
 * the host that makes no sense where the hook runs fails and says so.  Functions that can fail
 * return false and fill the err; a hook returns false with the err as it is, or with one of its own
 * (FAIL), whose message is for the user.
 *
 * Lifetimes.  What a hook is given is good until it returns; the core copies what it keeps.
 * host->arena lasts until the hook returns, host->row (in a callback for a row) until that row is
 * done.  Nothing is freed by hand.  A plugin has no variables that outlive a hook.
 *
 * A cell is a kind and the bytes it came with (base/cells.h), never a double.  Text without its
 * escapes is `escaped` false; the core escapes what needs it.
 *
 * A plugin is linked with base/ and formats/ (libbase.a) and the libraries it names in
 * plugins/NAME/libraries (pkg-config's words), nothing else.
 *
 * Versions.  A member that takes the place of a `spare` one raises MINOR, and so does one that
 * comes last in struct rowhouse_plugin or in a struct that only the core allocates and hands over
 * by pointer (host, host_dataset, host_row, shared_words), and a value at the end of an enum: older
 * plugins still load, and miss it.  They must bear kinds and types that they do not know.  Every
 * other change, also of the structs of base/ and formats/ named here, raises MAJOR: other plugins
 * are refused.  A plugin that is newer than the core is refused.  Spare members must be zero, as
 * they are in an initializer that names the others.
 *
 * - 1.0: the first version.
 * - 1.1: ERR_VERSION, ERR_CHECKSUM.
 */
#ifndef ROWHOUSE_PLUGIN_H
#define ROWHOUSE_PLUGIN_H

#include "base/cells.h"
#include "base/form.h"
#include "base/limits.h"
#include "base/shared.h"
#include "formats/guess.h"
#include "formats/lines.h"
#include "formats/table.h"

#define ROWHOUSE_ABI_MAJOR 1
#define ROWHOUSE_ABI_MINOR 1

#define PLUGIN_CHECK_MS 1000
#define PLUGIN_VIEW_MS 2000

/* ---- what a hook works on ------------------------------------------------------------------- */

struct host_column {
	size_t column_id;
	struct str id; /* col_name, as APIs print it */
	struct str name, vendor_type, description, default_value;
	enum column_type type;
	bool required;
	const void *spare[4];
};

struct host_dataset {
	struct str id, name, description, type;
	uint64_t rows;
	const struct host_column *columns; /* in their order; none in an ingest */
	size_t column_count;
};

/* A row as it is stored: cells[k] belongs to dataset->columns[k]. */
struct host_row {
	int64_t row_id;
	int64_t rev;   /* the change that wrote it last; 0: the ingest */
	uint64_t line; /* in the file, 0: it came later */
	const struct cell *cells;
};

/* One file of a source. */
struct host_input {
	struct str slot, name, content_type;
	struct input bytes; /* formats/input.h */
	const void *spare[2];
};

/* Of a column to be made: found out from its values.  Not one of the enum, which may grow. */
#define COLUMN_GUESSED ((enum column_type)255)

struct host_new_column {
	struct str name;
	enum column_type type;
	struct str vendor_type, description, default_value;
	bool required;
	const void *spare[4];
};

/* Where a cell that a task writes comes from. */
struct host_mark {
	const char *state; /* one word: generated, failed ... */
	double confidence; /* 0 to 1; NAN: none */
	struct str source; /* JSON that says how it was found, or empty */
	const void *spare[2];
};

/* A helper program, run to its end inside the cage. */
struct host_tool {
	const char *name;             /* one of the plugin's tools */
	const char *const *arguments; /* after the name; NULL ends */
	int input;                    /* its standard input, -1: none */
	uint32_t seconds;             /* it is killed after that; 0: 60 */
	size_t output_limit;          /* bytes of standard output that are kept */
	struct str output;            /* what it wrote, in host->arena */
	int status;                   /* its exit status; -1: it was killed */
	const void *spare[4];
};

struct host;

/* Called with each row; false stops: with the err set it failed, without it has seen enough. */
typedef bool host_row_fn(
    const struct host *h, void *context, const struct host_row *row, struct err *e);

/*
 * Calls into the core.  Plugins use the host_... functions below, which say so when something
 * cannot be done here.
 */
struct host {
	uint32_t size; /* of the struct in the core */
	struct arena *arena, *row;
	const struct host_dataset *dataset; /* NULL: the hook is for the site */
	struct str org;                     /* whose data it is */
	struct str folder;                  /* the plugin's own files; empty: it declared none */
	struct str scratch;                 /* an empty folder for this run; empty: none */
	struct str cursor;                  /* where a task left off; empty: it begins */
	void *self;                         /* the core's own */

	bool (*progress)(const struct host *h, uint64_t done, uint64_t total, struct err *e);
	size_t (*input_count)(const struct host *h);
	bool (*input)(const struct host *h, size_t i, struct host_input *out, struct err *e);
	bool (*add_column)(const struct host *h, const struct host_new_column *column,
	    size_t *column_id, struct err *e);
	bool (*add_row)(const struct host *h, uint64_t line, const struct cell *cells, size_t count,
	    struct err *e);
	bool (*finding)(const struct host *h, const struct finding *f, struct err *e);
	bool (*each_row)(const struct host *h, host_row_fn *fn, void *context, struct err *e);
	bool (*page)(const struct host *h, uint64_t position, size_t limit, host_row_fn *fn,
	    void *context, struct err *e);
	bool (*set_cell)(const struct host *h, const struct host_row *row, size_t column_id,
	    const struct cell *cell, const struct host_mark *mark, struct err *e);
	bool (*remove_row)(const struct host *h, const struct host_row *row, struct err *e);
	bool (*checkpoint)(const struct host *h, struct str cursor, struct err *e);
	bool (*answer)(const struct host *h, struct str json, struct err *e);
	bool (*get_state)(const struct host *h, const char *name, struct str *out, struct err *e);
	bool (*put_state)(const struct host *h, const char *name, struct str value, struct err *e);
	bool (*tool)(const struct host *h, struct host_tool *tool, struct err *e);
	bool (*quiet)(const struct host *h, uint32_t seconds, struct err *e);
};

/* ---- what a plugin has ---------------------------------------------------------------------- */

/* What a type or a task is made of: named places for files. */
enum slot_kind {
	SLOT_TABLE,    /* one file that is a table */
	SLOT_DOCUMENT, /* files of any kind */
};
struct plugin_slot {
	const char *name; /* "data": the form's field with the file; NULL ends */
	const char *label, *help;
	enum slot_kind kind;
	bool required, many;
	const char *const *endings; /* of the files' names, as ".csv"; NULL ends; NULL: any */
	const void *spare[2];
};

/* How much a hook in a cage may use; 0: the usual. */
struct plugin_bounds {
	uint32_t seconds;    /* by the clock */
	uint32_t memory_mib; /* of address space */
	uint32_t spare[2];
};

/* Work: a task goes on in the background; a call answers the request that waits for it. */
struct plugin_work {
	const char *name; /* NULL ends */
	const char *title, *help;
	const struct field *form;
	const struct plugin_slot *sources;
	struct plugin_bounds bounds;
	/* Checks what the form's table cannot say.  NULL: nothing. */
	bool (*check)(const struct host *h, const struct value *values, struct err *e);
	/* What it would take, as members of the open object: rows, seconds, and what the plugin
	 * likes. */
	bool (*estimate)(
	    const struct host *h, const struct value *values, struct jsonout *out, struct err *e);
	/* The ids of the columns it will write, by which they are leased while it runs; NULL: none.
	 */
	bool (*columns)(const struct host *h, const struct value *values, size_t *ids, size_t max,
	    size_t *count, struct err *e);
	bool (*run)(const struct host *h, const struct value *values, struct err *e);
	const void *spare[4];
};

/* Something to look at: JSON, and a page or a panel of the dataset's page when there is a template
 * plugins/NAME/VIEW.xhtml. */
struct plugin_view {
	const char *name; /* NULL ends */
	const char *title, *help;
	const struct field *form; /* its query parameters */
	bool panel;               /* drawn on the dataset's page; false: a page of its own */
	/* Fills members into the open object. */
	bool (*fill)(
	    const struct host *h, const struct value *values, struct jsonout *out, struct err *e);
	const void *spare[4];
};

/* A command: `rowhouse PLUGIN NAME ...`, and also `rowhouse ALIAS ...`.  arguments[0] is the name.
 * Returns the exit status: 0 it worked, 1 it failed and said why on stderr, 2 it was called
 * wrongly. */
struct plugin_verb {
	const char *name; /* NULL ends */
	const char *alias;
	const char *line; /* for `rowhouse help` */
	int (*run)(const struct host *h, int argc, char **argv);
	const void *spare[2];
};

struct plugin_type {
	const char *name; /* as APIs print it; NULL ends */
	const char *title, *help;
	const struct field *form; /* besides name and description, which every dataset has */
	const struct plugin_slot *sources;
	struct plugin_bounds bounds; /* of ingest */
	bool (*check)(const struct host *h, const struct value *values, struct err *e);
	/* Makes the columns and rows.  NULL: the core's own reader of tables does, out of the first
	 * slot. */
	bool (*ingest)(const struct host *h, const struct value *values, struct err *e);
	const struct plugin_work *tasks, *calls;
	const struct plugin_view *views;
	const void *spare[4];
};

struct rowhouse_plugin {
	/* First: the core reads them before it runs any code. */
	uint32_t abi_major, abi_minor, size;
	uint32_t zero;
	struct shared_words **words; /* &shared_words of the plugin's copy of base/ */

	const char *name; /* as its folder */
	const char *title;
	const struct plugin_type *types;
	/* Of the site, not of a dataset: an index to import, a page. */
	const struct plugin_work *tasks;
	const struct plugin_view *views;
	const struct plugin_verb *verbs;
	const char *const *tools; /* programs it may run, no scripts: "pdftotext"; NULL ends */
	bool folder;              /* it keeps files of its own */
};

#define ROWHOUSE_EXPORT __attribute__((visibility("default")))
#define ROWHOUSE_PLUGIN_HEAD                                                                       \
	.abi_major = ROWHOUSE_ABI_MAJOR, .abi_minor = ROWHOUSE_ABI_MINOR,                          \
	.size = sizeof(struct rowhouse_plugin), .words = &shared_words

extern ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin;

/* ---- calls into the core -------------------------------------------------------------------- */

/* A function an older core does not have, or this hook may not call. */
#define HOST_CAN(h, member)                                                                        \
	((h)->size >= offsetof(struct host, member) + sizeof((h)->member) && (h)->member)
#define HOST_CALL(h, e, member, ...)                                                               \
	(HOST_CAN(h, member)                                                                       \
		? (h)->member(__VA_ARGS__)                                                         \
		: FAIL(e, SYSTEM, "the plugin called %s where it cannot be called", #member))

/* How far it is; also asks whether to go on: CANCELLED when it was cancelled. */
MUST_CHECK static inline bool
host_progress(const struct host *h, uint64_t done, uint64_t total, struct err *e)
{
	return HOST_CALL(h, e, progress, h, done, total, e);
}

/* The files of the source, in their order. */
static inline size_t
host_input_count(const struct host *h)
{
	return HOST_CAN(h, input_count) ? h->input_count(h) : 0;
}

/* Opens one; it stays open until the hook returns. */
MUST_CHECK static inline bool
host_input(const struct host *h, size_t i, struct host_input *out, struct err *e)
{
	return HOST_CALL(h, e, input, h, i, out, e);
}

/* Ingest: ids count from 0 in the order of the calls, and every column comes before the first row
 * that has it.  Task: a new column, absent in every row. */
MUST_CHECK static inline bool
host_add_column(
    const struct host *h, const struct host_new_column *column, size_t *column_id, struct err *e)
{
	return HOST_CALL(h, e, add_column, h, column, column_id, e);
}

/* cells[id] by column id; those behind `count` are absent.  Ingest: the next row.  Task: one at the
 * end. */
MUST_CHECK static inline bool
host_add_row(
    const struct host *h, uint64_t line, const struct cell *cells, size_t count, struct err *e)
{
	return HOST_CALL(h, e, add_row, h, line, cells, count, e);
}

/* Something the user should know of one row (its line; in a task its id) or of all (both 0). */
MUST_CHECK static inline bool
host_finding(const struct host *h, const struct finding *f, struct err *e)
{
	return HOST_CALL(h, e, finding, h, f, e);
}

/*
 * Every row in order.  In a task what the callback writes is stored every few hundred rows,
 * together with how far it is.  After a crash the hook runs again from its start: a walk that wrote
 * goes on where it was, or is left out when it was done; one that wrote nothing is done again, so
 * that what it learned is known; what is written between walks is left out when it was stored.  So
 * a hook has to do the same things in the same order each time, and a walk that writes and learns
 * keeps what it learned with host_put_state().
 */
MUST_CHECK static inline bool
host_each_row(const struct host *h, host_row_fn *fn, void *context, struct err *e)
{
	return HOST_CALL(h, e, each_row, h, fn, context, e);
}

/* At most `limit` rows from a position (from 0) on.  Views only. */
MUST_CHECK static inline bool
host_page(const struct host *h, uint64_t position, size_t limit, host_row_fn *fn, void *context,
    struct err *e)
{
	return HOST_CALL(h, e, page, h, position, limit, fn, context, e);
}

/* Tasks and calls.  Left undone when the row was changed since it was read. */
MUST_CHECK static inline bool
host_set_cell(const struct host *h, const struct host_row *row, size_t column_id,
    const struct cell *cell, const struct host_mark *mark, struct err *e)
{
	return HOST_CALL(h, e, set_cell, h, row, column_id, cell, mark, e);
}

/* Likewise. */
MUST_CHECK static inline bool
host_remove_row(const struct host *h, const struct host_row *row, struct err *e)
{
	return HOST_CALL(h, e, remove_row, h, row, e);
}

/* A task that finds its way by itself, outside of host_each_row(): what was written so far is
 * stored together with the cursor, and after a crash the hook begins with it as host->cursor. */
MUST_CHECK static inline bool
host_checkpoint(const struct host *h, struct str cursor, struct err *e)
{
	return HOST_CALL(h, e, checkpoint, h, cursor, e);
}

/* What a call answers: a JSON value, once.  A task: its result. */
MUST_CHECK static inline bool
host_answer(const struct host *h, struct str json, struct err *e)
{
	return HOST_CALL(h, e, answer, h, json, e);
}

/* Small values (LIMIT_STATE_BYTES) of the dataset, or of the organisation where there is none. What
 * ingest, tasks and calls put is kept when and if they succeed, and what a task has put is there
 * for it after a crash; *out is empty when there is none.
 */
MUST_CHECK static inline bool
host_get_state(const struct host *h, const char *name, struct str *out, struct err *e)
{
	return HOST_CALL(h, e, get_state, h, name, out, e);
}
MUST_CHECK static inline bool
host_put_state(const struct host *h, const char *name, struct str value, struct err *e)
{
	return HOST_CALL(h, e, put_state, h, name, value, e);
}

/* Runs a helper program to its end; fails only when it cannot be run. */
MUST_CHECK static inline bool
host_tool(const struct host *h, struct host_tool *tool, struct err *e)
{
	return HOST_CALL(h, e, tool, h, tool, e);
}

/* Before one long call of a library: for so many seconds from now the hook may say nothing at all,
 * which otherwise ends it after LIMIT_SILENCE_SECONDS.  Its own time (plugin_bounds) goes on.  What
 * it says next ends it; helper programs need none. */
MUST_CHECK static inline bool
host_quiet(const struct host *h, uint32_t seconds, struct err *e)
{
	return HOST_CALL(h, e, quiet, h, seconds, e);
}

/* The plain text of a cell of text, of any other its bytes. */
static inline struct str
cell_text(struct arena *a, const struct cell *c)
{
	if (c->kind != CELL_TEXT || !c->escaped)
		return arena_copy(a, c->bytes);
	char *plain = arena_alloc(a, c->bytes.n);
	return (struct str){plain, cells_unescape(plain, c->bytes)};
}

/* A cell of text. */
static inline struct cell
cell_of_text(struct str text)
{
	return (struct cell){.kind = CELL_TEXT, .bytes = text};
}

#endif
