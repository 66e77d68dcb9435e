/*
 * sweep.c: takes away what no row of the catalog names.  Everything here is safe to lose: a file is
 * made before the row that names it, and a row goes before its file.  So a young file may still be
 * waiting for its row, and only old ones are taken; a dataset's folder comes after its row, and
 * goes at once.
 */
#define _GNU_SOURCE
#include "store/blobs.h"
#include "store/catalog.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define YOUNG_SECONDS (24 * 3600)
#define PREVIEW_US (INT64_C(600) * 1000000)

/* What to do with one entry of a folder: its path, its name, how old it is in seconds. */
typedef bool entry_fn(
    struct store *s, const char *path, const char *name, const struct stat *st, struct err *e);

static bool
each_entry(struct store *s, const char *folder, entry_fn *fn, struct err *e)
{
	DIR *d = opendir(folder);
	if (!d)
		return true; /* nothing there, nothing to take away */
	struct dirent *entry;
	bool good = true;
	while (good && (entry = readdir(d))) {
		char path[PATH_MAX];
		struct stat st;
		if (entry->d_name[0] == '.' ||
		    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >=
			(int)sizeof path ||
		    lstat(path, &st) != 0)
			continue;
		good = fn(s, path, entry->d_name, &st, e);
	}
	closedir(d);
	return good;
}

static bool
is_younger(const struct stat *st, int64_t seconds)
{
	return clock_now_us() / 1000000 - (int64_t)st->st_mtime < seconds;
}

static bool
is_young(const struct stat *st)
{
	return is_younger(st, YOUNG_SECONDS);
}

static bool
sweep_blob(
    struct store *s, const char *path, const char *name, const struct stat *st, struct err *e)
{
	int64_t users;
	if (!S_ISREG(st->st_mode) || is_young(st))
		return true;
	/* Under the lock, so that no upload can come to need it meanwhile. */
	if (!database_begin(&s->catalog, e))
		return false;
	bool good = sql_one_int(&s->catalog, &users, 0,
	    "SELECT count(*) FROM source_files WHERE sha256=?", SQL_VALUES(V_TEXT(name)), e);
	struct stat again;
	if (good && users == 0 && lstat(path, &again) == 0 && is_young(&again))
		users = 1;
	if (good && users == 0)
		unlink(path);
	database_rollback(&s->catalog);
	return good;
}

static bool
sweep_blobs(
    struct store *s, const char *path, const char *name, const struct stat *st, struct err *e)
{
	if (S_ISDIR(st->st_mode))
		return each_entry(s, path, sweep_blob, e);
	/* new-PID-RANDOM: half a blob, which its process writes or has left behind. */
	int pid;
	bool is_new = sscanf(name, "new-%d-", &pid) == 1 && pid > 0;
	if (is_new && (!is_young(st) || (kill(pid, 0) != 0 && errno == ESRCH)))
		unlink(path);
	return true;
}

/* A resumable upload's file comes after its row. */
static bool
sweep_upload(
    struct store *s, const char *path, const char *name, const struct stat *st, struct err *e)
{
	int64_t known;
	(void)st;
	if (!sql_one_int(&s->catalog, &known, 0, "SELECT count(*) FROM uploads WHERE upload_id=?",
		SQL_VALUES(V_TEXT(name)), e))
		return false;
	if (known == 0)
		unlink(path);
	return true;
}

static bool
sweep_incoming(
    struct store *s, const char *path, const char *name, const struct stat *st, struct err *e)
{
	int64_t users = 0;
	if (S_ISDIR(st->st_mode))
		return each_entry(s, path, sweep_incoming, e);
	if (is_young(st))
		return true;
	if (!sql_one_int(&s->catalog, &users, 0, "SELECT count(*) FROM sources WHERE incoming=?",
		SQL_VALUES(V_TEXT(name)), e))
		return false;
	if (users == 0)
		unlink(path);
	return true;
}

/* One that cannot be removed keeps no other from being. */
static void
remove_folder(const char *path)
{
	struct err e = {0};
	if (!folder_remove(path, &e))
		log_err(path, &e);
}

/* The projections of a generation, by its number, go with its rows. */
static void
sweep_projections(const char *path, const char *name)
{
	char rows[PATH_MAX];
	size_t dataset = strlen(path) - strlen(name) - strlen("/derived/");
	if (snprintf(rows, sizeof rows, "%.*s/rows-%s.db", (int)dataset, path, name) <
		(int)sizeof rows &&
	    access(rows, F_OK) != 0 && errno == ENOENT)
		remove_folder(path);
}

/* Files that exports made, over their time, and what exports and makers of projections left that
 * were killed. */
static bool
sweep_derived(
    struct store *s, const char *path, const char *name, const struct stat *st, struct err *e)
{
	(void)s;
	(void)e;
	if (S_ISDIR(st->st_mode))
		sweep_projections(path, name);
	bool is_export = strncmp(name, "export-", 7) == 0,
	     is_half = strncmp(name, "project-", 8) == 0;
	if (S_ISREG(st->st_mode) && ((is_export && !is_younger(st, LIMIT_EXPORT_HOURS * 3600)) ||
					(is_half && !is_young(st))))
		unlink(path);
	return true;
}

static bool
sweep_dataset(
    struct store *s, const char *path, const char *name, const struct stat *st, struct err *e)
{
	int64_t known;
	if (!S_ISDIR(st->st_mode))
		return true;
	if (!sql_one_int(&s->catalog, &known, 0, "SELECT count(*) FROM datasets WHERE dataset_id=?",
		SQL_VALUES(V_TEXT(name)), e))
		return false;
	if (known == 0) {
		remove_folder(path);
		return true;
	}
	char derived[PATH_MAX];
	return snprintf(derived, sizeof derived, "%s/derived", path) >= (int)sizeof derived ||
	       each_entry(s, derived, sweep_derived, e);
}

/* What a plugin left in its scratch folder when its job's writer was killed together with the
 * runner. */
static bool
sweep_scratch(
    struct store *s, const char *path, const char *name, const struct stat *st, struct err *e)
{
	int64_t running;
	if (!S_ISDIR(st->st_mode) || strncmp(name, "scratch-", 8) != 0)
		return true;
	if (!sql_one_int(&s->catalog, &running, 0,
		"SELECT count(*) FROM jobs WHERE job_id=? AND state='running'",
		SQL_VALUES(V_TEXT(name + 8)), e))
		return false;
	if (running == 0)
		remove_folder(path);
	return true;
}

/* Sources whose upload ended badly, previews nobody fetched, answers older than a day, and
 * resumable uploads that expired. */
static bool
sweep_rows(struct store *s, struct err *e)
{
	int64_t day_ago = clock_now_us() - (int64_t)YOUNG_SECONDS * 1000000;
	if (!database_begin(&s->catalog, e))
		return false;
	if (sql_run(&s->catalog, NULL, "DELETE FROM answers WHERE created_at < ?",
		SQL_VALUES(V_INT(day_ago)), e) &&
	    sql_run(&s->catalog, NULL,
		"DELETE FROM jobs WHERE kind IN ('preview', 'project') AND ended_at < ?",
		SQL_VALUES(V_INT(clock_now_us() - PREVIEW_US)), e) &&
	    sql_run(&s->catalog, NULL, "DELETE FROM uploads WHERE expires_at <= ?",
		SQL_VALUES(V_INT(clock_now_us())), e) &&
	    sql_run(&s->catalog, NULL,
		"DELETE FROM datasets WHERE state='draft' AND created_at < ?"
		" AND NOT EXISTS(SELECT 1 FROM jobs j WHERE j.source_id=datasets.source_id"
		" AND j.state IN ('queued','running'))",
		SQL_VALUES(V_INT(day_ago)), e) &&
	    sql_run(&s->catalog, NULL,
		"DELETE FROM sources WHERE state='storing' AND created_at < ?"
		" AND NOT EXISTS(SELECT 1 FROM jobs j WHERE j.source_id=sources.source_id"
		" AND j.state IN ('queued','running'))",
		SQL_VALUES(V_INT(day_ago)), e))
		return database_commit(&s->catalog, e);
	database_rollback(&s->catalog);
	return false;
}

bool
store_sweep(struct store *s, struct err *e)
{
	char blobs[PATH_MAX], incoming[PATH_MAX], uploads[PATH_MAX], datasets[PATH_MAX],
	    run[PATH_MAX];
	snprintf(blobs, sizeof blobs, "%s/blobs", s->data);
	snprintf(incoming, sizeof incoming, "%s/incoming", s->data);
	snprintf(uploads, sizeof uploads, "%s/uploads", s->data);
	snprintf(datasets, sizeof datasets, "%s/datasets", s->data);
	snprintf(run, sizeof run, "%s/run", s->data);
	return sweep_rows(s, e) && each_entry(s, blobs, sweep_blobs, e) &&
	       each_entry(s, incoming, sweep_incoming, e) &&
	       each_entry(s, uploads, sweep_upload, e) &&
	       each_entry(s, datasets, sweep_dataset, e) && each_entry(s, run, sweep_scratch, e);
}
