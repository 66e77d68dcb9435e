/*
 * writer.c: rows made of a source (jobs of kind ingest).
 *
 * The writer is core code.  It hands the file to a child that reads it, takes the child's messages
 * out of the ring, checks every one as if an enemy had sent it, and writes the rows into a new
 * file. Only when that file is whole, checked and durable does one catalog transaction make it the
 * dataset's; until then nobody sees any of it, and after a crash the next attempt begins anew.
 */
#define _GNU_SOURCE
#include "jobs/jobs.h"
#include "jobs/message.h"
#include "jobs/ring.h"
#include "base/cells.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "formats/table.h"
#include "model/types.h"
#include "process/spawn.h"
#include "store/blobs.h"
#include "store/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define SILENT_MS 60000 /* a child that says nothing for so long hangs */
#define LOOK_MS 250     /* how often a waiting writer looks whether the child still lives */

struct writer {
	struct job_context c;
	struct conf conf;
	struct dataset dataset;
	const struct source_file *file;
	int input;
	uint64_t offset;
	struct ring *ring;
	int ring_fd;
	pid_t child;
	int child_pidfd;
	struct rows_build *build;
	const char *path, *new_path;
	uint64_t rows, columns, row_quota, done;
	struct guess guesses[LIMIT_COLUMNS];
	struct table_counts counts;
	bool ended, has_guesses;
};

/* The one file of the source, from its blob or, while that is being stored, from the body. */
static bool
open_source(struct writer *w, bool again, struct err *e)
{
	struct arena *a = &w->c.arena;
	struct source source;
	if (!store_source_get(w->c.store, &source, 0, arena_text(a, w->dataset.source_id), a, e))
		return false;
	if (source.file_count != 1)
		return FAIL_FIELD(e, INPUT, "file",
		    "a dataset of this type is made of one file, the data source has %zu",
		    source.file_count);
	w->file = &source.files[0];
	struct str path = w->file->sha256.n ? blob_path(w->c.store, w->file->sha256, a)
					    : arena_format(a, "%s/incoming/%.*s", w->c.data,
						  STR_ARG(source.incoming));
	w->offset = w->file->sha256.n ? 0 : w->file->offset;
	w->input = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	/* The body may have become a blob between the look at the catalog and now. */
	if (w->input < 0 && errno == ENOENT && !again && !w->file->sha256.n)
		return open_source(w, true, e);
	if (w->input < 0)
		return FAIL_ERRNO(e, "the file of the data source cannot be opened");
	arena_defer_close(a, w->input);
	return true;
}

static bool
start_child(struct writer *w, struct err *e)
{
	char offset[24], length[24];
	snprintf(offset, sizeof offset, "%" PRIu64, w->offset);
	snprintf(length, sizeof length, "%" PRIu64, w->file->bytes);
	const char *arguments[] = {"child", offset, length, NULL};
	int fds[] = {w->input, w->ring_fd};
	struct spawn s = {arguments, fds, ARRAY_LENGTH(fds), SIGKILL};
	return ring_make(&w->ring, &w->ring_fd, e) &&
	       (fds[1] = w->ring_fd, spawn_role(&w->child, &w->child_pidfd, &s, e));
}

static bool
bad_message(struct err *e, const char *what)
{
	return FAIL(
	    e, SYSTEM, "the process that reads the file sent what cannot be right: %s", what);
}

static bool
take_column(struct writer *w, struct str name, struct err *e)
{
	if (name.n > LIMIT_COLUMN_NAME_BYTES || utf8_valid(name.p, name.n) != name.n)
		return bad_message(e, "a column's name");
	if (!rows_build_column(w->build, name, e))
		return false;
	w->columns++;
	return true;
}

static bool
over_quota(const struct writer *w, struct err *e)
{
	return FAIL(e, QUOTA,
	    "the file has more rows than the quota leaves (%" PRIu64
	    "); delete datasets that are not needed, or have quota_rows raised",
	    w->row_quota);
}

static bool
take_rows(struct writer *w, struct str m, struct err *e)
{
	struct rows_head head;
	if (m.n < sizeof head)
		return bad_message(e, "a short message");
	memcpy(&head, m.p, sizeof head);
	w->done = head.done < w->file->bytes ? head.done : w->file->bytes;
	size_t at = sizeof head;
	while (at < m.n) {
		struct row_head r;
		const char *reason;
		if (m.n - at < sizeof r)
			return bad_message(e, "a row that is cut off");
		memcpy(&r, m.p + at, sizeof r);
		at += sizeof r;
		if (r.cells > m.n - at || r.absent > m.n - at - r.cells)
			return bad_message(e, "a row longer than its message");
		struct str cells = {m.p + at, r.cells};
		struct str absent = {m.p + at + r.cells, r.absent};
		at += (size_t)r.cells + r.absent;
		if (!cells_check(cells.p, cells.n, w->columns, &reason))
			return bad_message(e, reason);
		if (absent.n && !cells_check_ids(absent.p, absent.n, w->columns))
			return bad_message(e, "a list of absent columns");
		if (++w->rows > w->row_quota)
			return over_quota(w, e);
		if (!rows_build_row(w->build, r.line, cells, absent, e))
			return false;
	}
	return true;
}

static bool
take_finding(struct writer *w, struct str m, struct err *e)
{
	struct finding_head h;
	if (m.n < sizeof h)
		return bad_message(e, "a short finding");
	memcpy(&h, m.p, sizeof h);
	m.p += sizeof h;
	m.n -= sizeof h;
	if ((uint64_t)h.code + h.message != m.n || h.code == 0 || utf8_valid(m.p, m.n) != m.n ||
	    (h.column != SIZE_MAX && h.column >= w->columns))
		return bad_message(e, "a finding");
	return rows_build_finding(w->build, h.line, h.column, (struct str){m.p, h.code},
	    (struct str){m.p + h.code, h.message}, e);
}

/* What the child failed with, made safe to show. */
static bool
take_failure(struct str m, struct err *e)
{
	struct err said;
	if (m.n != sizeof said)
		return bad_message(e, "a short failure");
	memcpy(&said, m.p, sizeof said);
	said.message[sizeof said.message - 1] = 0;
	said.field[sizeof said.field - 1] = 0;
	said.word[0] = 0;
	if (said.code <= ERR_OK || said.code >= ERR__MAX)
		said.code = ERR_SYSTEM;
	if (said.field[0])
		err_set_field(e, __FILE__, __LINE__, said.code, said.field, "%s", said.message);
	else
		err_set(e, __FILE__, __LINE__, said.code, "%s", said.message);
	e->at_line = said.at_line <= INT64_MAX ? said.at_line : 0;
	return false;
}

/* More values than rows there cannot be; and a bool that is neither 0 nor 1 may be read as any. */
static bool
is_guess(const struct guess *g, uint64_t rows)
{
	uint8_t json, has_number;
	memcpy(&json, &g->json, 1);
	memcpy(&has_number, &g->has_number, 1);
	return g->values <= rows && json <= 1 && has_number <= 1;
}

static bool
take_message(struct writer *w, uint32_t type, struct str m, struct err *e)
{
	switch (type) {
	case MESSAGE_COLUMN:
		return take_column(w, m, e);
	case MESSAGE_ROWS:
		return take_rows(w, m, e);
	case MESSAGE_FINDING:
		return take_finding(w, m, e);
	case MESSAGE_GUESSES:
		if (m.n != sizeof w->guesses)
			return bad_message(e, "the statistics");
		memcpy(w->guesses, m.p, sizeof w->guesses);
		w->has_guesses = true;
		return true;
	case MESSAGE_END:
		if (m.n != sizeof w->counts || !w->has_guesses)
			return bad_message(e, "the end");
		memcpy(&w->counts, m.p, sizeof w->counts);
		if (w->counts.rows != w->rows || w->counts.records < w->rows ||
		    w->counts.records - w->rows != w->counts.skipped)
			return bad_message(e, "counts that do not add up");
		for (size_t i = 0; i < w->columns; i++)
			if (!is_guess(&w->guesses[i], w->rows))
				return bad_message(e, "statistics that do not add up");
		w->ended = true;
		return true;
	case MESSAGE_FAIL:
		return take_failure(m, e);
	default:
		return bad_message(e, "an unknown message");
	}
}

static bool
no_progress(struct err *e)
{
	return FAIL(
	    e, TIMEOUT, "reading the file made no progress for %d seconds", SILENT_MS / 1000);
}

/* The child is gone or hangs: why, for the user.  True while it only takes its time. */
static bool
child_lives(struct writer *w, int64_t silent_since, bool *gone, struct err *e)
{
	int status;
	char how[80];
	if (waitpid(w->child, &status, WNOHANG) == w->child) {
		w->child = 0;
		/* It may have said its last words before it went: they are read first. */
		*gone = true;
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_MEMORY)
			return FAIL(e, UNAVAILABLE, "there was no memory to read the file");
		struct str text = exit_text(how, status);
		return FAIL(e, SYSTEM, "the process that reads the file %.*s", STR_ARG(text));
	}
	return clock_monotonic_ms() - silent_since <= SILENT_MS || no_progress(e);
}

static bool
receive_all(struct writer *w, struct err *e)
{
	struct err death = {0};
	bool gone = false;
	int64_t silent_since = clock_monotonic_ms();
	while (!w->ended) {
		uint32_t type;
		struct str m;
		int got = ring_receive(w->ring, &type, &m, gone ? 0 : LOOK_MS, e);
		if (got < 0)
			return false;
		uint64_t before = w->rows + w->columns + w->done;
		if (got == 1) {
			if (!take_message(w, type, m, e))
				return false;
			/* Messages that bring nothing are silence too. */
			if (w->rows + w->columns + w->done != before)
				silent_since = clock_monotonic_ms();
			else if (clock_monotonic_ms() - silent_since > SILENT_MS)
				return no_progress(e);
		} else if (gone) {
			*e = death;
			return false;
		} else if (!child_lives(w, silent_since, &gone, &death) && !gone) {
			*e = death;
			return false;
		}
		if (!job_progress(&w->c, w->done, w->file->bytes, w->rows, e))
			return false;
	}
	return true;
}

static bool
make_paths(struct writer *w, struct err *e)
{
	struct arena *a = &w->c.arena;
	struct str folder = arena_format(a, "%s/datasets/%s", w->c.data, w->dataset.dataset_id);
	w->path =
	    store_rows_path(w->c.store, w->dataset.dataset_id, w->dataset.generation + 1, a).p;
	w->new_path = arena_format(a, "%s.new", w->path).p;
	struct str above = arena_format(a, "%s/datasets", w->c.data);
	return folder_make(folder.p, e) && folder_sync(above.p, e);
}

/* How many rows the organisation may still have, those of this dataset not counted. */
static bool
row_quota(struct writer *w, uint64_t *left, struct err *e)
{
	struct usage usage;
	*left = UINT64_MAX;
	if (w->conf.quota_rows == 0)
		return true;
	if (!store_usage(w->c.store, &usage, w->dataset.org_id, e))
		return false;
	uint64_t others = usage.rows - w->dataset.rows;
	*left = w->conf.quota_rows > others ? w->conf.quota_rows - others : 0;
	return true;
}

/* Again in the transaction that shows the rows: another dataset may have been quicker. */
static bool
check_quota(struct writer *w, uint64_t rows, struct err *e)
{
	return row_quota(w, &w->row_quota, e) && (rows <= w->row_quota || over_quota(w, e));
}

static bool
publish(struct writer *w, const struct rows_built *built, struct err *e)
{
	struct store *s = w->c.store;
	struct ingested i = {
	    .generation = w->dataset.generation + 1,
	    .rows = built->rows,
	    .columns = built->columns,
	    .bytes = built->bytes,
	    .records_read = w->counts.records,
	    .records_skipped = w->counts.skipped,
	    .findings = built->findings,
	};
	if (rename(w->new_path, w->path) != 0)
		return FAIL_ERRNO(e, "the rows cannot be given their name");
	char folder[4096];
	snprintf(folder, sizeof folder, "%s/datasets/%s", w->c.data, w->dataset.dataset_id);
	if (!folder_sync(folder, e) || !store_begin(s, e))
		return false;
	if (check_quota(w, built->rows, e) &&
	    store_job_done(s, w->c.job.job_id, built->rows, (struct str){0}, e) &&
	    store_dataset_ingested(s, w->dataset.dataset_id, &i, e))
		return store_commit(s, e);
	store_rollback(s);
	/* For certain nobody's.  After a commit that failed that is not so. */
	unlink(w->path);
	return false;
}

static bool
ingest(struct writer *w, struct err *e)
{
	struct arena *a = &w->c.arena;
	struct rows_built built;
	if (!conf_load(&w->conf, w->c.data, a, e) || !store_dataset_get(w->c.store, &w->dataset, 0,
							 arena_text(a, w->c.job.dataset_id), a, e))
		return false;
	const struct dataset_type *type = dataset_type_find(w->dataset.type);
	if (!type || type->ingest == TYPE_INGEST_NONE)
		return FAIL(e, UNAVAILABLE,
		    "no plugin for datasets of type %.*s is loaded in this server; what was sent "
		    "is "
		    "kept, so the dataset can be made again when there is one",
		    STR_ARG(w->dataset.type));
	if (!row_quota(w, &w->row_quota, e) || !open_source(w, false, e) || !make_paths(w, e) ||
	    !rows_build_open(&w->build, w->new_path, e))
		return false;
	if (!start_child(w, e) || !receive_all(w, e)) {
		rows_build_abandon(w->build);
		return false;
	}
	return rows_build_finish(
		   w->build, w->guesses, w->counts.records, w->counts.skipped, &built, e) &&
	       publish(w, &built, e);
}

int
command_writer(int argc, char **argv)
{
	static struct writer w;
	struct err e = {0};
	if (!job_begin(&w.c, "writer", argc, argv, &e)) {
		log_err("an ingest cannot begin", &e);
		return 2;
	}
	bool good = ingest(&w, &e);
	if (w.child > 0) {
		kill(w.child, SIGKILL);
		waitpid(w.child, NULL, 0);
	}
	if (!good) {
		if (w.new_path)
			unlink(w.new_path);
		job_fail(&w.c, &e);
	} else {
		job_ring(&w.c);
	}
	ring_free(w.ring);
	job_end(&w.c);
	return good ? 0 : 1;
}
