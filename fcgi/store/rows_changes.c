/*
 * rows_changes.c: what was done to a rows file, looked at; see rows.h.
 *
 * The transactions of a job have its id as their cause and are one line of the list, called by the
 * last of them.  It is undone when its first one is: a job is undone from its end.
 */
#include "store/rows_file.h"

bool
changes_undone(struct database *d, int64_t change_id, int64_t *by, struct err *e)
{
	int64_t next = change_id;
	*by = 0;
	/* An undo of its undo, and it stands again. */
	for (unsigned depth = 0;; depth++) {
		if (!sql_one_int(d, &next, 0, "SELECT max(change_id) FROM changes WHERE undoes=?",
			SQL_VALUES(V_INT(next)), e))
			return false;
		if (depth == 0)
			*by = next;
		if (next == 0) {
			*by = depth % 2 ? *by : 0;
			return true;
		}
	}
}

/* What the job of a change is called by; a change without a job by itself. */
static bool
called(struct database *d, int64_t *change_id, struct err *e)
{
	return *change_id == 0 || sql_one_int(d, change_id, *change_id,
				      "SELECT max(change_id) FROM changes WHERE cause="
				      "(SELECT cause FROM changes WHERE change_id=?)",
				      SQL_VALUES(V_INT(*change_id)), e);
}

static bool
finish_change(struct database *d, struct change *c, struct err *e)
{
	int64_t first;
	return sql_one_int(d, &first, c->change_id,
		   "SELECT min(change_id) FROM changes WHERE cause=?", SQL_VALUES(V_STR(c->cause)),
		   e) &&
	       changes_undone(d, first, &c->undone_by, e) && called(d, &c->undone_by, e) &&
	       called(d, &c->undoes, e);
}

/* The columns without max() and sum() are those of the row with the max(). */
#define LISTED                                                                                     \
	"SELECT max(change_id), at, who, kind, coalesce(cause, ''), coalesce(undoes, 0),"          \
	" sum(touched) FROM changes"
#define AS_ONE " GROUP BY coalesce(cause, change_id)"

static bool
take_changes(struct database *d, struct sql_query *q, struct change *list, size_t *count,
    struct arena *a, struct err *e)
{
	int more;
	*count = 0;
	while ((more = sql_step(q, e)) == 1)
		list[(*count)++] = (struct change){
		    .change_id = sql_int(q, 0),
		    .at = sql_int(q, 1),
		    .who = arena_copy(a, sql_str(q, 2)),
		    .kind = arena_copy(a, sql_str(q, 3)),
		    .cause = arena_copy(a, sql_str(q, 4)),
		    .undoes = sql_int(q, 5),
		    .rows = (uint64_t)sql_int(q, 6),
		};
	for (size_t i = 0; more == 0 && i < *count; i++)
		if (!finish_change(d, &list[i], e))
			return false;
	return more == 0;
}

/* A file of an earlier Rowhouse, in which nothing was changed yet, has not all columns. */
static bool
is_current(struct database *d, bool *current, struct err *e)
{
	int64_t version;
	if (!sql_one_int(d, &version, 0, "PRAGMA user_version", NULL, 0, e))
		return false;
	*current = version >= ROWS_VERSION;
	return true;
}

bool
rows_changes(struct rows_file *f, uint64_t offset, size_t limit, struct change **out, size_t *count,
    int64_t *total, struct arena *a, struct err *e)
{
	struct database *d = rows_database(f);
	struct sql_query q;
	bool current;
	*count = 0;
	*total = 0;
	*out = arena_array(a, limit, sizeof **out);
	if (!is_current(d, &current, e))
		return false;
	return !current ||
	       (sql_one_int(d, total, 0,
		    "SELECT count(DISTINCT coalesce(cause, change_id)) FROM changes", NULL, 0, e) &&
		   sql_start(&q, d, LISTED AS_ONE " ORDER BY max(change_id) DESC LIMIT ? OFFSET ?",
		       SQL_VALUES(V_INT(limit), V_INT(offset)), e) &&
		   take_changes(d, &q, *out, count, a, e));
}

bool
rows_change_get(struct rows_file *f, int64_t change_id, struct change *out, bool *found,
    struct arena *a, struct err *e)
{
	struct database *d = rows_database(f);
	struct sql_query q;
	size_t count = 0;
	bool current;
	*found = false;
	if (!is_current(d, &current, e))
		return false;
	if (!current)
		return true;
	if (!sql_start(&q, d,
		LISTED " WHERE change_id=?1 OR cause=(SELECT cause FROM changes WHERE "
		       "change_id=?1)" AS_ONE,
		SQL_VALUES(V_INT(change_id)), e) ||
	    !take_changes(d, &q, out, &count, a, e))
		return false;
	*found = count == 1;
	return true;
}

bool
rows_kept(struct rows_file *f, const char *job_id, struct task_kept *out, bool *found,
    struct arena *a, struct err *e)
{
	struct database *d = rows_database(f);
	struct sql_query q;
	bool current;
	*found = false;
	*out = (struct task_kept){0};
	if (!is_current(d, &current, e))
		return false;
	if (!current)
		return true;
	if (!sql_start(&q, d,
		"SELECT cursor, answer, states, ended, rows, failed FROM tasks WHERE job_id=?",
		SQL_VALUES(V_TEXT(job_id)), e))
		return false;
	int more = sql_step(&q, e);
	*found = more == 1;
	if (more == 1) {
		*out = (struct task_kept){arena_copy(a, sql_str(&q, 0)),
		    arena_copy(a, sql_str(&q, 1)), arena_copy(a, sql_str(&q, 2)),
		    sql_int(&q, 3) != 0, (uint64_t)sql_int(&q, 4), (uint64_t)sql_int(&q, 5)};
		sql_stop(&q);
	}
	return more >= 0;
}

bool
rows_moment(struct rows_file *f, int64_t *edition, int64_t *change_id, struct err *e)
{
	struct database *d = rows_database(f);
	return sql_one_int(
		   d, edition, 0, "SELECT value FROM info WHERE name='edition'", NULL, 0, e) &&
	       sql_one_int(d, change_id, 0, "SELECT max(change_id) FROM changes", NULL, 0, e);
}

bool
rows_touched_since(struct rows_file *f, int64_t change_id, size_t max, int64_t **row_ids,
    size_t *count, struct arena *a, struct err *e)
{
	struct database *d = rows_database(f);
	struct sql_query q;
	int64_t there;
	int more;
	*count = 0;
	if (!sql_one_int(d, &there, 0,
		"SELECT count(*) FROM (SELECT DISTINCT row_id FROM history WHERE change_id > ?"
		" LIMIT ?)",
		SQL_VALUES(V_INT(change_id), V_INT(max)), e) ||
	    !sql_start(&q, d,
		"SELECT DISTINCT row_id FROM history WHERE change_id > ? ORDER BY row_id LIMIT ?",
		SQL_VALUES(V_INT(change_id), V_INT(there)), e))
		return false;
	*row_ids = arena_array(a, (size_t)there, sizeof **row_ids);
	while ((more = sql_step(&q, e)) == 1)
		(*row_ids)[(*count)++] = sql_int(&q, 0);
	return more == 0;
}
