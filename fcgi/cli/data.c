/*
 * data.c: commands that work on a data folder, whether a server runs on it or not: import.
 *
 * They are the model's callers like any API, with the rights of the folder's owner, and take the
 * same locks.  Results go to stdout; progress to stderr when that is a terminal.
 */
#define _GNU_SOURCE
#include "api/rowhouse.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/tree.h"
#include "cli/command.h"
#include "cli/session.h"
#include "model/model.h"
#include "process/bell.h"
#include "process/spawn.h"
#include "store/blobs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 200 /* progress is shown this often; the end rings a bell */

/* ---- import ---- */

enum { DATA, NAME, DESCRIPTION, TYPE, WAIT, JSON };

static const struct option import_table[] = {
    [DATA] = {"data", "DIR", "data", "The data folder"},
    [NAME] = {"name", "TEXT", NULL, "Name of the dataset; the file's when not given"},
    [DESCRIPTION] = {"description", "TEXT", "", "What it holds and what it is for"},
    [TYPE] = {"type", "TYPE", "data_enrichment", "Type of the dataset"},
    [WAIT] = {"wait", NULL, NULL, "Return when the rows are read, with 1 if that failed"},
    [JSON] = {"json", NULL, NULL, "Print the dataset as JSON"},
    {0},
};

static const struct options import_options = {
    .usage = "import [options] FILE",
    .about = "Makes a dataset of a file (CSV or JSONL) and prints its id.  Works whether or not a\n"
	     "server runs on the data folder; without one and without --wait the rows are read\n"
	     "when the next one is started.",
    .table = import_table,
    .arguments_min = 1,
    .arguments_max = 1,
};

/* The file becomes a data source of its own. */
static bool
store_source(struct session *s, const char *path, struct source *source, struct err *e)
{
	struct stat st;
	char sha256[SHA256_HEX_BYTES];
	struct store *store = s->model.store;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return FAIL_ERRNO(e, "%s cannot be read", path);
	arena_defer_close(&s->arena, fd);
	if (!S_ISREG(st.st_mode))
		return FAIL(e, INPUT, "%s is not a file", path);
	if (!model_bytes_check(&s->model, &s->owner, (uint64_t)st.st_size, e))
		return false;
	if (!blob_store(store, fd, 0, (uint64_t)st.st_size, sha256, NULL, NULL, e))
		return false;
	const char *slash = strrchr(path, '/');
	struct source_file *file = arena_alloc(&s->arena, sizeof *file);
	*file = (struct source_file){
	    .field = STR("file"),
	    .name = str_clip(str_of(slash ? slash + 1 : path), LIMIT_FILE_NAME_BYTES),
	    .content_type = STR(""),
	    .bytes = (uint64_t)st.st_size,
	    .sha256 = arena_copy(&s->arena, str_of(sha256)),
	};
	*source = (struct source){
	    .name = file->name, .bytes = file->bytes, .files = file, .file_count = 1};
	return model_source_new(&s->model, &s->owner, source, e);
}

static bool
make_dataset(struct session *s, const struct command_line *line, const struct source *source,
    struct dataset *d, struct job *job, struct err *e)
{
	struct dataset_request request;
	struct buf b;
	struct jsonout j;
	json_t *fields;
	buf_init(&b, &s->arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_text(&j, "type", line->value[TYPE]);
	jsonout_member_str(&j, "name",
	    line->value[NAME] ? str_of(line->value[NAME]) : dataset_name_of_file(source->name));
	jsonout_member_text(&j, "description", line->value[DESCRIPTION]);
	jsonout_member_text(&j, "source_id", source->source_id);
	jsonout_end(&j);
	return tree_parse(&fields, buf_str(&b), &s->arena, e) &&
	       dataset_request_check(
		   &s->model, &s->owner, &request, fields, REQUEST_STRICT, &s->arena, e) &&
	       model_dataset_create(&s->model, &s->owner, &request, d, job, &s->arena, e);
}

/* No runner works on the folder: one is started for as long as we wait. */
static bool
ensure_runner(struct session *s, pid_t *runner, struct err *e)
{
	struct str path = arena_format(&s->arena, "%s/run/jobs.lock", s->data);
	int fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	*runner = 0;
	if (fd < 0)
		return FAIL_ERRNO(e, "%s cannot be opened", path.p);
	bool is_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
	close(fd);
	if (!is_free)
		return true;
	/* What it has to say goes where it always goes. */
	struct str log = arena_format(&s->arena, "%s/log/rowhouse.log", s->data);
	int log_fd = open(log.p, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	int own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (log_fd < 0 || own < 0 || dup2(log_fd, STDERR_FILENO) < 0)
		return FAIL_ERRNO(e, "%s cannot be opened", log.p);
	const char *arguments[] = {"jobs", "--data", s->data, NULL};
	struct spawn spawn = {arguments, NULL, 0, SIGTERM};
	bool good = spawn_role(runner, NULL, &spawn, e);
	dup2(own, STDERR_FILENO);
	close(own);
	close(log_fd);
	return good;
}

static void
show_progress(const struct job *job)
{
	if (!isatty(STDERR_FILENO))
		return;
	unsigned percent = job->total ? (unsigned)(job->done * 100 / job->total) : 0;
	fprintf(stderr, "\r%3u %%  %" PRIu64 " rows ", percent > 100 ? 100 : percent, job->rows);
	if (str_is(job->state, "done"))
		fprintf(stderr, "\n");
}

static bool
wait_for_rows(struct session *s, struct job *job, struct err *e)
{
	pid_t runner = 0;
	int bell;
	char name[24];
	snprintf(name, sizeof name, "cgi-%d", (int)getpid());
	if (!bell_open(&bell, s->data, name, e))
		return false;
	bool good = true;
	while (good) {
		struct arena_mark mark = arena_mark(&s->arena);
		struct job now;
		/* Whoever ran the jobs so far (a server, another import) may have ended meanwhile.
		 */
		if (runner > 0 && waitpid(runner, NULL, WNOHANG) == runner)
			runner = 0;
		good = (runner > 0 || ensure_runner(s, &runner, e)) &&
		       model_job_get(&s->model, &s->owner, str_of(job->job_id), &now, &s->arena, e);
		if (!good)
			break;
		show_progress(&now);
		if (!str_is(now.state, "queued") && !str_is(now.state, "running")) {
			*job = now;
			good = str_is(now.state, "done") || model_job_failure(&now, e);
			break;
		}
		arena_reset(&s->arena, mark);
		char text[BELL_BYTES];
		struct pollfd wait = {bell, POLLIN, 0};
		poll(&wait, 1, LOOK_MS);
		while (bell_next(bell, text))
			continue;
	}
	bell_close(bell, s->data, name);
	if (runner > 0) {
		kill(runner, SIGTERM);
		waitpid(runner, NULL, 0);
	}
	return good;
}

static void
print_dataset(struct session *s, const struct dataset *d, const struct job *job, bool as_json)
{
	struct buf b;
	struct jsonout j;
	if (!as_json) {
		printf("%s\n", d->dataset_id);
		return;
	}
	buf_init(&b, &s->arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_key(&j, "dataset");
	put_dataset(&j, s->model.registry, d, NULL);
	jsonout_key(&j, "job");
	put_job(&j, job);
	jsonout_end(&j);
	printf("%.*s\n", STR_ARG(buf_str(&b)));
}

int
command_import(int argc, char **argv)
{
	struct command_line line;
	struct session s;
	struct err e = {0};
	struct source source;
	struct dataset d, now;
	struct job job;
	int status;
	if (!options_read(&line, &status, &import_options, argc, argv))
		return status;
	bool good = session_begin(&s, line.value[DATA], true, &e) &&
		    store_source(&s, line.argument[0], &source, &e) &&
		    make_dataset(&s, &line, &source, &d, &job, &e);
	bool made = good;
	if (good && line.value[WAIT])
		good = wait_for_rows(&s, &job, &e);
	struct err later = {0};
	if (made &&
	    model_dataset_get(&s.model, &s.owner, str_of(d.dataset_id), &now, &s.arena, &later))
		print_dataset(&s, &now, &job, line.value[JSON] != NULL);
	return session_end(&s, "import", good, &e);
}
