/* catalog_sources.c: data sources and their files. */
#include "store/catalog.h"
#include "base/clock.h"

#include <limits.h>
#include <unistd.h>

bool
store_source_insert(struct store *s, const struct source *source, struct err *e)
{
	if (!sql_run(&s->catalog, NULL,
		"INSERT INTO sources(source_id, org_id, name, state, incoming, bytes, created_at)"
		" VALUES(?,?,?,'storing',?,?,?)",
		SQL_VALUES(V_TEXT(source->source_id), V_INT(source->org_id), V_STR(source->name),
		    V_OPTIONAL(source->incoming), V_INT(source->bytes), V_INT(clock_now_us())),
		e))
		return false;
	for (size_t i = 0; i < source->file_count; i++) {
		const struct source_file *f = &source->files[i];
		if (!sql_run(&s->catalog, NULL, "INSERT INTO source_files VALUES(?,?,?,?,?,?,?,?)",
			SQL_VALUES(V_TEXT(source->source_id), V_INT(i), V_STR(f->field),
			    V_STR(f->name), V_STR(f->content_type), V_INT(f->bytes),
			    V_INT(f->offset), V_OPTIONAL(f->sha256)),
			e))
			return false;
	}
	return true;
}

/* Columns of every SELECT of a source, and the struct made of them. */
#define SOURCE_COLUMNS                                                                             \
	"source_id, org_id, name, state, incoming, bytes, created_at, stored_at,"                  \
	" (SELECT count(*) FROM datasets d WHERE d.source_id = sources.source_id"                  \
	"  AND d.state <> 'draft'), options"

static void
take_source(struct source *out, const struct sql_query *q, struct arena *a)
{
	*out = (struct source){0};
	catalog_id(out->source_id, q, 0);
	out->org_id = sql_int(q, 1);
	out->name = catalog_str(q, 2, a);
	out->state = catalog_str(q, 3, a);
	out->incoming = catalog_str(q, 4, a);
	out->bytes = (uint64_t)sql_int(q, 5);
	out->created_at = sql_int(q, 6);
	out->stored_at = sql_int(q, 7);
	out->datasets = sql_int(q, 8);
	out->options = catalog_str(q, 9, a);
}

static bool
take_files(struct store *s, struct source *source, struct arena *a, struct err *e)
{
	struct sql_query q;
	int64_t count;
	if (!sql_one_int(&s->catalog, &count, 0,
		"SELECT count(*) FROM source_files WHERE source_id=?",
		SQL_VALUES(V_TEXT(source->source_id)), e) ||
	    !sql_start(&q, &s->catalog,
		"SELECT field, name, content_type, bytes, offset, sha256 FROM source_files"
		" WHERE source_id=? ORDER BY position LIMIT ?",
		SQL_VALUES(V_TEXT(source->source_id), V_INT(count)), e))
		return false;
	source->files = arena_array(a, (size_t)count, sizeof *source->files);
	int more;
	while ((more = sql_step(&q, e)) == 1)
		source->files[source->file_count++] = (struct source_file){
		    .field = catalog_str(&q, 0, a),
		    .name = catalog_str(&q, 1, a),
		    .content_type = catalog_str(&q, 2, a),
		    .bytes = (uint64_t)sql_int(&q, 3),
		    .offset = (uint64_t)sql_int(&q, 4),
		    .sha256 = catalog_str(&q, 5, a),
		};
	return more == 0;
}

bool
store_source_get(struct store *s, struct source *out, int64_t org_id, const char *source_id,
    struct arena *a, struct err *e)
{
	struct sql_query q;
	if (!sql_start(&q, &s->catalog,
		"SELECT " SOURCE_COLUMNS " FROM sources WHERE source_id=?1 AND (org_id=?2 OR ?2=0)",
		SQL_VALUES(V_TEXT(source_id), V_INT(org_id)), e))
		return false;
	int more = sql_step(&q, e);
	if (more == 0)
		return FAIL_FIELD(
		    e, NOT_FOUND, "source_id", "there is no data source with this id");
	if (more < 0)
		return false;
	take_source(out, &q, a);
	sql_stop(&q);
	if (!take_files(s, out, a, e))
		return false;
	/* Every source has a file: this one went between the two looks. */
	return out->file_count > 0 ||
	       FAIL_FIELD(e, NOT_FOUND, "source_id", "there is no data source with this id");
}

bool
store_source_options(struct store *s, const char *source_id, struct str options, struct err *e)
{
	return sql_run(&s->catalog, NULL, "UPDATE sources SET options=? WHERE source_id=?",
	    SQL_VALUES(V_OPTIONAL(options), V_TEXT(source_id)), e);
}

bool
store_source_list(struct store *s, struct source **out, size_t *count, int64_t *total,
    int64_t org_id, uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	struct sql_query q;
	*count = 0;
	if (!sql_one_int(&s->catalog, total, 0,
		"SELECT count(*) FROM sources WHERE org_id=? AND state='stored'",
		SQL_VALUES(V_INT(org_id)), e) ||
	    !sql_start(&q, &s->catalog,
		"SELECT " SOURCE_COLUMNS " FROM sources WHERE org_id=? AND state='stored'"
		" ORDER BY created_at DESC, source_id DESC LIMIT ? OFFSET ?",
		SQL_VALUES(V_INT(org_id), V_INT(limit), V_INT(offset)), e))
		return false;
	*out = arena_array(a, limit, sizeof **out);
	int more;
	while ((more = sql_step(&q, e)) == 1)
		take_source(&(*out)[(*count)++], &q, a);
	if (more < 0)
		return false;
	for (size_t i = 0; i < *count; i++)
		if (!take_files(s, &(*out)[i], a, e))
			return false;
	return true;
}

bool
store_source_file_stored(
    struct store *s, const char *source_id, size_t position, const char *sha256, struct err *e)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/blobs/%.2s/%s", s->data, sha256, sha256);
	/* An old blob of that content, kept instead of ours, may have been swept just then.  From
	 * here on, under the lock, the sweep sees that it is used. */
	if (n >= (int)sizeof path || access(path, F_OK) != 0)
		return FAIL(e, UNAVAILABLE, "the file could not be kept; send it again");
	return sql_run(&s->catalog, NULL,
	    "UPDATE source_files SET sha256=? WHERE source_id=? AND position=?",
	    SQL_VALUES(V_TEXT(sha256), V_TEXT(source_id), V_INT(position)), e);
}

bool
store_source_stored(struct store *s, const char *source_id, struct err *e)
{
	int64_t now = clock_now_us();
	return sql_run(&s->catalog, NULL,
		   "UPDATE sources SET state='stored', incoming=NULL, stored_at=? WHERE "
		   "source_id=?",
		   SQL_VALUES(V_INT(now), V_TEXT(source_id)), e) &&
	       sql_run(&s->catalog, NULL,
		   "UPDATE datasets SET updated_at=?, state=CASE WHEN error IS NOT NULL THEN "
		   "'failed'"
		   " WHEN generation>0 THEN 'ready' ELSE coalesce((SELECT CASE j.state"
		   " WHEN 'running' THEN 'ingesting' ELSE 'queued' END FROM jobs j"
		   " WHERE j.dataset_id=datasets.dataset_id AND j.kind='ingest'), 'queued') END"
		   " WHERE source_id=? AND state='draft'",
		   SQL_VALUES(V_INT(now), V_TEXT(source_id)), e);
}

bool
store_source_abandon(struct store *s, const char *source_id, struct err *e)
{
	return sql_run(&s->catalog, NULL,
		   "UPDATE jobs SET cancel=1, ended_at=CASE state WHEN 'queued' THEN ? END,"
		   " state=CASE state WHEN 'queued' THEN 'cancelled' ELSE state END"
		   " WHERE state IN ('queued','running') AND dataset_id IN"
		   " (SELECT dataset_id FROM datasets WHERE source_id=? AND state='draft')",
		   SQL_VALUES(V_INT(clock_now_us()), V_TEXT(source_id)), e) &&
	       sql_run(&s->catalog, NULL,
		   "DELETE FROM datasets WHERE source_id=? AND state='draft'",
		   SQL_VALUES(V_TEXT(source_id)), e) &&
	       sql_run(&s->catalog, NULL,
		   "DELETE FROM sources WHERE source_id=? AND state='storing'",
		   SQL_VALUES(V_TEXT(source_id)), e);
}

bool
store_source_busy(struct store *s, const char *source_id, bool *busy, struct err *e)
{
	int64_t count;
	if (!sql_one_int(&s->catalog, &count, 0,
		"SELECT (SELECT count(*) FROM jobs j JOIN datasets d USING(dataset_id)"
		" WHERE d.source_id=?1 AND j.kind='ingest' AND j.state IN ('queued', 'running')) +"
		" (SELECT count(*) FROM jobs WHERE source_id=?1 AND kind<>'upload'"
		" AND state IN ('queued', 'running'))",
		SQL_VALUES(V_TEXT(source_id)), e))
		return false;
	*busy = count > 0;
	return true;
}

bool
store_source_delete(
    struct store *s, int64_t org_id, const char *source_id, bool *found, struct err *e)
{
	int changes;
	if (!sql_run(&s->catalog, &changes, "DELETE FROM sources WHERE source_id=? AND org_id=?",
		SQL_VALUES(V_TEXT(source_id), V_INT(org_id)), e))
		return false;
	*found = changes > 0;
	return true;
}
