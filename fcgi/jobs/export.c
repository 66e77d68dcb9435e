/*
 * export.c: a dataset written as a file (jobs of kind export).
 *
 * The file lies in the dataset's derived/ folder under a name made of the version and the format,
 * so that the next one who asks for the same finds it.  It is written under another name first;
 * nobody is ever given half of one.
 *
 * params: {"format": "csv", "generation": G, "edition": E}
 * result: {"file": NAME, "bytes": N, "boot": ID}
 *
 * It is not synced: that would take as long as writing it.  After a power loss it may be less than
 * it was, so it is good only for the start of the machine it was made in, and is made anew after
 * that.
 */
#define _GNU_SOURCE
#include "jobs/jobs.h"
#include "base/file.h"
#include "base/log.h"
#include "base/tree.h"
#include "formats/export.h"
#include "store/rows.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRESS_ROWS 16384

struct exporter {
	struct job_context c;
	struct dataset dataset;
	enum export_format format;
	struct rows_file *rows;
	struct export_writer *writer;
	struct job_count count;
};

static bool
write_row(void *context, const struct row *r, struct err *e)
{
	struct exporter *x = context;
	x->count.done = ++x->count.rows;
	if (x->count.rows % PROGRESS_ROWS == 0 && !job_progress(&x->c, &x->count, e))
		return false;
	return export_row(x->writer, r->cells, r->absent, e);
}

static bool
write_rows(struct exporter *x, int fd, struct err *e)
{
	const struct column *columns;
	size_t count;
	if (!rows_columns(x->rows, &columns, &count, &x->c.arena, e) ||
	    !rows_count(x->rows, &x->count.total, e))
		return false;
	struct export_column *chosen = arena_array(&x->c.arena, count, sizeof *chosen);
	for (size_t i = 0; i < count; i++)
		chosen[i] =
		    (struct export_column){columns[i].column_id, columns[i].name, columns[i].type};
	x->writer = export_open(fd, x->format, chosen, count, &x->c.arena);
	return export_header(x->writer, e) && rows_each_cells(x->rows, write_row, x, e) &&
	       export_close(x->writer, e);
}

static bool
find_format(struct exporter *x, json_t *params, struct err *e)
{
	struct str name = tree_str(params, "format");
	for (int i = 0; i < EXPORT__MAX; i++)
		if (str_is(name, export_format_names[i])) {
			x->format = (enum export_format)i;
			return true;
		}
	return FAIL_FIELD(e, INPUT, "format", "format must be csv or jsonl");
}

static bool
finish(struct exporter *x, struct str name, uint64_t bytes, struct err *e)
{
	struct store *s = x->c.store;
	char boot[BOOT_BYTES];
	boot_id(boot);
	struct str result =
	    arena_format(&x->c.arena, "{\"file\":\"%.*s\",\"bytes\":%" PRIu64 ",\"boot\":\"%s\"}",
		STR_ARG(name), bytes, boot);
	if (!store_begin(s, e))
		return false;
	if (store_job_done(s, x->c.job.job_id, &x->count, result, e))
		return store_commit(s, e);
	store_rollback(s);
	return false;
}

static bool export(struct exporter *x, struct err *e)
{
	struct arena *a = &x->c.arena;
	json_t *params;
	if (!tree_parse(&params, x->c.job.params, a, e) || !find_format(x, params, e) ||
	    !store_dataset_get(
		x->c.store, &x->dataset, 0, arena_text(a, x->c.job.dataset_id), a, e))
		return false;
	int64_t generation = json_integer_value(json_object_get(params, "generation"));
	struct str rows = store_rows_path(x->c.store, x->dataset.dataset_id, generation, a);
	struct str name = arena_format(a, "export-%" PRId64 ".%" JSON_INTEGER_FORMAT ".%s",
	    generation, json_integer_value(json_object_get(params, "edition")),
	    export_format_names[x->format]);
	struct str path = store_derived_path(x->c.store, x->dataset.dataset_id, name.p, a);
	struct str folder = store_derived_path(x->c.store, x->dataset.dataset_id, "", a);
	struct str new_path = arena_format(a, "%s.%s.new", path.p, x->c.job.job_id);
	if (!rows_open(&x->rows, rows.p, e) || !folder_make(folder.p, e))
		return false;
	int fd = open(new_path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL_ERRNO(e, "the export cannot be written");
	struct stat st;
	bool good = write_rows(x, fd, e);
	if (good && (fstat(fd, &st) != 0 || rename(new_path.p, path.p) != 0))
		good = FAIL_ERRNO(e, "the export cannot be given its name");
	close(fd);
	if (!good)
		unlink(new_path.p);
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
	return good ? 0 : 1;
}
