/*
 * export.c: rows of a dataset written as a file (jobs of kind export).
 *
 * The file lies in the dataset's derived/ folder under a name made of the version and of what was
 * asked for, so that the next one who asks for the same finds it.  It is written under another name
 * first; nobody is ever given half of one.  Whatever it leaves when it is killed has the job's id
 * in its name.
 *
 * params: an export_plan, and {"generation": G, "edition": E}
 * result: {"file": NAME, "bytes": N, "boot": ID, "rows": N, "parts": [{"name", "rows"} ...],
 *          "notes": [{"column", "count", "message"} ...], "more_notes": N}
 *
 * It is not synced: that would take as long as writing it.  After a power loss it may be less than
 * it was, so it is good only for the start of the machine it was made in, and is made anew after
 * that; LIMIT_EXPORT_HOURS later the sweep takes it away.
 */
#define _GNU_SOURCE
#include "jobs/jobs.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"
#include "model/query.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct exporter {
	struct job_context c;
	struct dataset dataset;
	struct export_plan plan;
	struct rows_file *rows;
	struct projection_cache *projections;
	struct query_watch watch;
	struct export_result result;
	struct job_count count;
};

static bool
look(void *context, uint64_t done, uint64_t total, uint64_t written, struct err *e)
{
	struct exporter *x = context;
	x->count = (struct job_count){.done = done, .total = total, .rows = written};
	return job_progress(&x->c, &x->count, e);
}

/* While rows are looked for; how many are done already stays. */
static bool
look_again(void *context, struct err *e)
{
	struct exporter *x = context;
	return job_progress(&x->c, &x->count, e);
}

/* What finds the rows, and what sorts them. */
static bool
prepare_query(struct exporter *x, const char *scratch, struct err *e)
{
	struct query *q = &x->plan.query;
	x->watch = (struct query_watch){x, look_again};
	q->watch = &x->watch;
	x->projections = projection_cache_new();
	if (!x->projections)
		return FAIL(e, UNAVAILABLE, "out of memory");
	return query_prepare_alone(
	    x->c.store, x->projections, &x->dataset, x->rows, q, scratch, &x->c.arena, e);
}

static bool
make_plan(struct exporter *x, const json_t *params, struct err *e)
{
	struct arena *a = &x->c.arena;
	const struct column *columns;
	const struct value *values;
	size_t count;
	return rows_columns(x->rows, &columns, &count, a, e) &&
	       form_check(&values, export_fields, params, FORM_STRICT | FORM_OPEN, NULL, a, e) &&
	       export_plan_make(&x->plan, values, columns, count, a, e);
}

/* All that it reads, it reads of one moment. */
static bool
write_rows(struct exporter *x, int fd, const char *scratch, struct err *e)
{
	struct export_rows rows;
	const struct export_watch watch = {x, look};
	if ((!query_request_is_plain(&x->plan.request) && !prepare_query(x, scratch, e)) ||
	    !rows_hold(x->rows, e))
		return false;
	bool good = export_rows_of(&rows, &x->plan, x->rows, &x->c.arena, e) &&
		    export_write(&x->result, &x->plan, &rows, fd, scratch, &watch, &x->c.arena, e);
	rows_let_go(x->rows);
	x->count =
	    (struct job_count){.done = rows.count, .total = rows.count, .rows = x->result.rows};
	return good;
}

static struct str
result_of(struct exporter *x, struct str name, uint64_t bytes)
{
	const struct export_result *r = &x->result;
	struct buf b;
	struct jsonout j;
	char boot[BOOT_BYTES];
	size_t kept = r->note_count < LIMIT_EXPORT_NOTES ? r->note_count : LIMIT_EXPORT_NOTES;
	boot_id(boot);
	buf_init(&b, &x->c.arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_str(&j, "file", name);
	jsonout_member_int(&j, "bytes", (int64_t)bytes);
	jsonout_member_text(&j, "boot", boot);
	jsonout_member_int(&j, "rows", (int64_t)r->rows);
	jsonout_key(&j, "parts");
	jsonout_array(&j);
	for (size_t i = 0; i < x->plan.part_count && x->plan.splits; i++) {
		jsonout_object(&j);
		jsonout_member_str(&j, "name", x->plan.parts[i].name);
		jsonout_member_int(&j, "rows", (int64_t)r->part_rows[i]);
		jsonout_end(&j);
	}
	jsonout_end(&j);
	jsonout_key(&j, "notes");
	jsonout_array(&j);
	for (size_t i = 0; i < kept; i++) {
		jsonout_object(&j);
		jsonout_member_str(&j, "column", x->plan.columns[r->notes[i].column].name);
		jsonout_member_int(&j, "count", (int64_t)r->notes[i].count);
		jsonout_member_str(&j, "message", r->notes[i].message);
		jsonout_end(&j);
	}
	jsonout_end(&j);
	jsonout_member_int(&j, "more_notes", (int64_t)(r->note_count - kept));
	jsonout_end(&j);
	return buf_str(&b);
}

static bool
finish(struct exporter *x, struct str name, uint64_t bytes, struct err *e)
{
	struct store *s = x->c.store;
	struct str result = result_of(x, name, bytes);
	if (!store_begin(s, e))
		return false;
	if (store_job_done(s, x->c.job.job_id, &x->count, result, e))
		return store_commit(s, e);
	store_rollback(s);
	return false;
}

/* export-1.7-0123456789abcdef.csv */
static struct str
file_name(struct exporter *x, const json_t *params)
{
	uint8_t digest[SHA256_BYTES];
	char hex[17];
	sha256_of(digest, x->c.job.params);
	hex_encode(hex, digest, 8);
	return arena_format(&x->c.arena,
	    "export-%" JSON_INTEGER_FORMAT ".%" JSON_INTEGER_FORMAT "-%s.%s",
	    json_integer_value(json_object_get(params, "generation")),
	    json_integer_value(json_object_get(params, "edition")), hex,
	    export_plan_ending(&x->plan));
}

static bool export(struct exporter *x, struct err *e)
{
	struct arena *a = &x->c.arena;
	json_t *params;
	if (!tree_parse_own(&params, x->c.job.params, a, e) ||
	    !store_dataset_get(
		x->c.store, &x->dataset, 0, arena_text(a, x->c.job.dataset_id), a, e))
		return false;
	const char *dataset_id = x->dataset.dataset_id;
	/* There may be another by now. */
	x->dataset.generation = json_integer_value(json_object_get(params, "generation"));
	struct str rows = store_rows_path(x->c.store, dataset_id, x->dataset.generation, a);
	struct str folder = store_derived_path(x->c.store, dataset_id, "", a);
	if (!rows_open(&x->rows, rows.p, e) || !make_plan(x, params, e) ||
	    !folder_make(folder.p, e))
		return false;
	struct str name = file_name(x, params);
	struct str path = store_derived_path(x->c.store, dataset_id, name.p, a);
	struct str scratch = arena_format(a, "%s.%s", path.p, x->c.job.job_id);
	struct str new_path = arena_format(a, "%s.new", scratch.p);
	int fd = open(new_path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL_ERRNO(e, "the export cannot be written");
	struct stat st;
	struct arena_mark mark = arena_mark(a);
	bool good = write_rows(x, fd, scratch.p, e);
	if (good && (fstat(fd, &st) != 0 || rename(new_path.p, path.p) != 0))
		good = FAIL_ERRNO(e, "the export cannot be given its name");
	close(fd);
	/* With its temporary files: on a full disk there is room again to say so. */
	if (!good) {
		unlink(new_path.p);
		arena_reset(a, mark);
	}
	return good && finish(x, name, (uint64_t)st.st_size, e);
}

int
command_export_worker(int argc, char **argv)
{
	static struct exporter x;
	struct err e = {0};
	if (!job_begin(&x.c, "export", argc, argv, &e)) {
		log_err("an export cannot begin", &e);
		return 2;
	}
	bool good = export(&x, &e);
	if (!good)
		job_fail(&x.c, &e);
	else
		job_ring(&x.c);
	rows_close(x.rows);
	job_end(&x.c);
	projection_cache_free(x.projections);
	return good ? 0 : 1;
}
