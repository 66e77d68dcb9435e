/*
 * undo.c: takes back what a job did to the rows of a dataset (jobs of kind undo).
 *
 * Its transactions are taken back one by one from the last, each in a transaction of its own, so
 * that no lock is held long and a crash costs nothing: what was taken back is known by the changes
 * that did it.  What somebody changed since stays as it is and is counted as failed.
 *
 * params: {"cause": the job}
 */
#include "jobs/jobs.h"
#include "base/log.h"
#include "base/tree.h"
#include "store/rows.h"

struct undo_job {
	struct job_context c;
	struct dataset dataset;
	struct rows_editor *editor;
	struct str cause;
	struct change change;
	struct rows_edited edited;
	struct job_count count;
};

static bool
open_editor(struct undo_job *u, struct err *e)
{
	struct arena *a = &u->c.arena;
	json_t *params;
	if (!tree_parse(&params, u->c.job.params, a, e) ||
	    !store_dataset_get(
		u->c.store, &u->dataset, u->c.job.org_id, arena_text(a, u->c.job.dataset_id), a, e))
		return false;
	u->cause = tree_str(params, "cause");
	struct str path =
	    store_rows_path(u->c.store, u->dataset.dataset_id, u->dataset.generation, a);
	return rows_editor_open(&u->editor, path.p, e) &&
	       rows_edit_count_of(u->editor, u->cause, &u->count.total, e);
}

/* Rows that come back are in the quota again. */
static bool
take_back(struct undo_job *u, int64_t change_id, struct err *e)
{
	uint64_t rows;
	u->change = (struct change){
	    .who = u->c.job.who, .kind = STR("undo"), .cause = str_of(u->c.job.job_id)};
	if (!rows_edit_returning(u->editor, change_id, &rows, e) || !job_reserve(&u->c, rows, e) ||
	    !rows_edit_begin(u->editor, &u->change, e))
		return false;
	if (!rows_edit_undo(u->editor, change_id, &u->count.failed, e)) {
		rows_edit_rollback(u->editor);
		return false;
	}
	if (!rows_edit_commit(u->editor, &u->edited, e))
		return false;
	u->count.rows += u->edited.touched;
	return rows == 0 || job_settle(&u->c, &u->dataset, &u->edited, e);
}

static bool
finish(struct undo_job *u, struct err *e)
{
	struct store *s = u->c.store;
	if (!store_begin(s, e))
		return false;
	if (store_job_done(s, u->c.job.job_id, &u->count, (struct str){0}, e) &&
	    (u->edited.edition == 0 ||
		store_dataset_edited(s, u->dataset.dataset_id, u->dataset.generation,
		    u->edited.edition, u->edited.rows, u->edited.columns, e)))
		return store_commit(s, e);
	store_rollback(s);
	return false;
}

static bool
run(struct undo_job *u, struct err *e)
{
	int64_t change_id = 0;
	if (!open_editor(u, e))
		return false;
	for (;;) {
		if (!rows_edit_next_of(u->editor, u->cause, change_id, &change_id, e))
			return false;
		if (change_id == 0)
			return finish(u, e);
		if (!take_back(u, change_id, e))
			return false;
		u->count.done++;
		if (!job_progress(&u->c, &u->count, e))
			return false;
	}
}

int
command_undo(int argc, char **argv)
{
	static struct undo_job u;
	struct err e = {0}, later = {0};
	if (!job_begin(&u.c, "undo", argc, argv, &e)) {
		log_err("an undo cannot begin", &e);
		return 2;
	}
	bool good = run(&u, &e);
	/* What was taken back before it failed stays so: the catalog is told. */
	if (!good && u.edited.edition && !job_settle(&u.c, &u.dataset, &u.edited, &later))
		log_err("what a failed undo stored", &later);
	rows_editor_close(u.editor);
	if (good)
		job_ring(&u.c);
	else
		job_fail(&u.c, &e);
	job_end(&u.c);
	return good ? 0 : 1;
}
