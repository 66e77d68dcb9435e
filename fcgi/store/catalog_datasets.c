/* catalog_datasets.c: datasets as the catalog knows them: names, states, counts. */
#include "store/catalog.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"

#include <limits.h>

#define SLUG_NAME_BYTES 40
#define SLUG_RANDOM 6

bool
store_dataset_insert(struct store *s, struct dataset *d, struct err *e)
{
	char slug[SLUG_NAME_BYTES + SLUG_RANDOM + 2];
	if (d->slug.n == 0) {
		char random[SLUG_RANDOM + 1];
		slug_make(slug, SLUG_NAME_BYTES, '-', d->name);
		random_base36(random, SLUG_RANDOM);
		size_t n = strlen(slug);
		snprintf(slug + n, sizeof slug - n, "-%s", random);
		d->slug = str_of(slug);
	}
	d->created_at = d->updated_at = clock_now_us();
	bool good = sql_run(&s->catalog, NULL,
	    "INSERT INTO datasets(dataset_id, org_id, slug, name, description, type, state,"
	    " source_id, params, created_at, updated_at) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
	    SQL_VALUES(V_TEXT(d->dataset_id), V_INT(d->org_id), V_STR(d->slug), V_STR(d->name),
		V_STR(d->description), V_STR(d->type), V_STR(d->state), V_OPTIONAL(d->source_id),
		V_OPTIONAL(d->params), V_INT(d->created_at), V_INT(d->updated_at)),
	    e);
	if (d->slug.p == slug)
		d->slug = (struct str){0};
	return good;
}

/* params may be large: a list leaves them out. */
#define DATASET_COLUMNS_WITH(params)                                                               \
	"dataset_id, org_id, slug, name, description, type, state, source_id, " params             \
	", generation, edition, rows, columns, bytes, records_read, records_skipped,"              \
	" records_repaired, findings, error, created_at, updated_at"
#define DATASET_COLUMNS DATASET_COLUMNS_WITH("params")
#define DATASET_LIST_COLUMNS DATASET_COLUMNS_WITH("NULL")

static void
take_dataset(struct dataset *out, const struct sql_query *q, struct arena *a)
{
	*out = (struct dataset){
	    .org_id = sql_int(q, 1),
	    .slug = catalog_str(q, 2, a),
	    .name = catalog_str(q, 3, a),
	    .description = catalog_str(q, 4, a),
	    .type = catalog_str(q, 5, a),
	    .state = catalog_str(q, 6, a),
	    .source_id = catalog_str(q, 7, a),
	    .params = catalog_str(q, 8, a),
	    .generation = sql_int(q, 9),
	    .edition = sql_int(q, 10),
	    .rows = (uint64_t)sql_int(q, 11),
	    .columns = (uint64_t)sql_int(q, 12),
	    .bytes = (uint64_t)sql_int(q, 13),
	    .records_read = (uint64_t)sql_int(q, 14),
	    .records_skipped = (uint64_t)sql_int(q, 15),
	    .records_repaired = (uint64_t)sql_int(q, 16),
	    .findings = (uint64_t)sql_int(q, 17),
	    .error = catalog_error(q, 18, a),
	    .created_at = sql_int(q, 19),
	    .updated_at = sql_int(q, 20),
	};
	catalog_id(out->dataset_id, q, 0);
}

bool
store_dataset_get(struct store *s, struct dataset *out, int64_t org_id, const char *dataset_id,
    struct arena *a, struct err *e)
{
	struct sql_query q;
	if (!sql_start(&q, &s->catalog,
		"SELECT " DATASET_COLUMNS " FROM datasets WHERE dataset_id=?1"
		" AND (org_id=?2 OR ?2=0)",
		SQL_VALUES(V_TEXT(dataset_id), V_INT(org_id)), e))
		return false;
	int more = sql_step(&q, e);
	if (more == 0)
		return FAIL_FIELD(e, NOT_FOUND, "dataset_id", "there is no dataset with this id");
	if (more < 0)
		return false;
	take_dataset(out, &q, a);
	sql_stop(&q);
	return true;
}

static bool
take_all(struct sql_query *q, struct dataset *out, size_t *count, struct arena *a, struct err *e)
{
	int more;
	while ((more = sql_step(q, e)) == 1)
		take_dataset(&out[(*count)++], q, a);
	return more == 0;
}

#define IN_SCOPE " AND (?2 IS NULL OR dataset_id IN (SELECT value FROM json_each(?2)))"

bool
store_dataset_list(struct store *s, struct dataset **out, size_t *count, int64_t *total,
    int64_t org_id, struct str scope, uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	struct sql_query q;
	*count = 0;
	*out = arena_array(a, limit, sizeof **out);
	return sql_one_int(&s->catalog, total, 0,
		   "SELECT count(*) FROM datasets WHERE org_id=?1 AND state<>'draft'" IN_SCOPE,
		   SQL_VALUES(V_INT(org_id), V_OPTIONAL(scope)), e) &&
	       sql_start(&q, &s->catalog,
		   "SELECT " DATASET_LIST_COLUMNS
		   " FROM datasets WHERE org_id=?1 AND state<>'draft'" IN_SCOPE
		   " ORDER BY created_at DESC, dataset_id DESC LIMIT ?3 OFFSET ?4",
		   SQL_VALUES(V_INT(org_id), V_OPTIONAL(scope), V_INT(limit), V_INT(offset)), e) &&
	       take_all(&q, *out, count, a, e);
}

#define OLD_AT_ONCE 100

bool
store_dataset_old(struct store *s, struct dataset **out, size_t *count, int64_t before_us,
    struct arena *a, struct err *e)
{
	struct sql_query q;
	*count = 0;
	*out = arena_array(a, OLD_AT_ONCE, sizeof **out);
	return sql_start(&q, &s->catalog,
		   "SELECT " DATASET_LIST_COLUMNS " FROM datasets WHERE created_at < ? LIMIT ?",
		   SQL_VALUES(V_INT(before_us), V_INT(OLD_AT_ONCE)), e) &&
	       take_all(&q, *out, count, a, e);
}

bool
store_usage(struct store *s, struct usage *out, int64_t org_id, struct err *e)
{
	int64_t datasets, rows, bytes;
	if (!sql_one_int(&s->catalog, &datasets, 0, "SELECT count(*) FROM datasets WHERE org_id=?",
		SQL_VALUES(V_INT(org_id)), e) ||
	    !sql_one_int(&s->catalog, &rows, 0,
		"SELECT (SELECT coalesce(sum(rows), 0) FROM datasets WHERE org_id=?1) +"
		" (SELECT coalesce(sum(reserved), 0) FROM jobs WHERE org_id=?1 AND"
		" state='running')",
		SQL_VALUES(V_INT(org_id)), e) ||
	    /* Uploads that are not taken apart yet count with what they may become. */
	    !sql_one_int(&s->catalog, &bytes, 0,
		"SELECT (SELECT coalesce(sum(bytes), 0) FROM sources WHERE org_id=?1) +"
		" (SELECT coalesce(sum(total), 0) FROM jobs WHERE org_id=?1 AND kind='upload'"
		"  AND state IN ('queued', 'running') AND source_id IS NULL) +"
		" (SELECT coalesce(sum(reserved), 0) FROM uploads WHERE org_id=?1)",
		SQL_VALUES(V_INT(org_id)), e))
		return false;
	*out = (struct usage){(uint64_t)datasets, (uint64_t)bytes, (uint64_t)rows};
	return true;
}

/* One number of an organisation's settings; -1: it has none of its own. */
static bool
setting(struct store *s, int64_t *out, int64_t org_id, const char *path, struct err *e)
{
	return sql_one_int(&s->catalog, out, -1,
	    "SELECT json_extract(settings, ?) FROM organizations WHERE org_id=?",
	    SQL_VALUES(V_TEXT(path), V_INT(org_id)), e);
}

bool
store_quotas(
    struct store *s, struct quotas *out, int64_t org_id, const struct conf *conf, struct err *e)
{
	int64_t datasets, bytes, rows;
	if (!setting(s, &datasets, org_id, "$.quota_datasets", e) ||
	    !setting(s, &bytes, org_id, "$.quota_bytes", e) ||
	    !setting(s, &rows, org_id, "$.quota_rows", e))
		return false;
	*out = (struct quotas){datasets >= 0 ? (uint64_t)datasets : conf->quota_datasets,
	    bytes >= 0 ? (uint64_t)bytes : conf->quota_bytes,
	    rows >= 0 ? (uint64_t)rows : conf->quota_rows};
	return true;
}

bool
store_rows_left(
    struct store *s, uint64_t *left, int64_t org_id, const struct conf *conf, struct err *e)
{
	struct usage usage;
	struct quotas quotas;
	*left = UINT64_MAX;
	if (!store_quotas(s, &quotas, org_id, conf, e))
		return false;
	if (quotas.rows == 0)
		return true;
	if (!store_usage(s, &usage, org_id, e))
		return false;
	*left = quotas.rows > usage.rows ? quotas.rows - usage.rows : 0;
	return true;
}

bool
store_rows_fit(uint64_t more, uint64_t left, struct err *e)
{
	return more <= left || FAIL(e, QUOTA,
				   "these are more rows than the quota leaves (%" PRIu64
				   "); delete what is not needed, or have quota_rows raised",
				   left);
}

bool
store_job_reserve(struct store *s, const char *job_id, uint64_t rows, struct err *e)
{
	return sql_run(&s->catalog, NULL, "UPDATE jobs SET reserved=? WHERE job_id=?",
	    SQL_VALUES(V_INT(rows), V_TEXT(job_id)), e);
}

bool
store_dataset_ingested(
    struct store *s, const char *dataset_id, const struct ingested *i, struct err *e)
{
	int changes;
	if (!sql_run(&s->catalog, &changes,
		"UPDATE datasets SET generation=?, edition=0, rows=?, columns=?, bytes=?,"
		" records_read=?, records_skipped=?, records_repaired=?, findings=?, error=NULL, "
		"updated_at=?,"
		" state=CASE state WHEN 'draft' THEN 'draft' ELSE 'ready' END WHERE dataset_id=?",
		SQL_VALUES(V_INT(i->generation), V_INT(i->rows), V_INT(i->columns), V_INT(i->bytes),
		    V_INT(i->records_read), V_INT(i->records_skipped), V_INT(i->records_repaired),
		    V_INT(i->findings), V_INT(clock_now_us()), V_TEXT(dataset_id)),
		e))
		return false;
	if (changes == 0)
		return FAIL(e, CANCELLED, "the dataset was deleted while its rows were read");
	return true;
}

bool
store_dataset_edited(struct store *s, const char *dataset_id, int64_t generation, int64_t edition,
    uint64_t rows, uint64_t columns, struct err *e)
{
	return sql_run(&s->catalog, NULL,
	    "UPDATE datasets SET edition=?1, rows=?2, columns=?3, updated_at=?4"
	    " WHERE dataset_id=?5 AND generation=?6 AND edition<=?1",
	    SQL_VALUES(V_INT(edition), V_INT(rows), V_INT(columns), V_INT(clock_now_us()),
		V_TEXT(dataset_id), V_INT(generation)),
	    e);
}

bool
store_dataset_rested(struct store *s, const char *dataset_id, struct err *e)
{
	return sql_run(&s->catalog, NULL,
	    "UPDATE datasets SET state='ready', updated_at=?1 WHERE dataset_id=?2 AND "
	    "state='running' AND NOT EXISTS"
	    "(SELECT 1 FROM jobs j WHERE j.dataset_id=?2 AND j.kind='task' AND j.state='running')",
	    SQL_VALUES(V_INT(clock_now_us()), V_TEXT(dataset_id)), e);
}

bool
store_dataset_state(struct store *s, const char *dataset_id, const char *state, struct err *e)
{
	return sql_run(&s->catalog, NULL,
	    "UPDATE datasets SET state=?, updated_at=? WHERE dataset_id=? AND state<>'draft'",
	    SQL_VALUES(V_TEXT(state), V_INT(clock_now_us()), V_TEXT(dataset_id)), e);
}

bool
store_dataset_failed(struct store *s, const char *dataset_id, const struct err *why, struct err *e)
{
	char text[CATALOG_ERROR_BYTES];
	return sql_run(&s->catalog, NULL,
	    "UPDATE datasets SET error=?, updated_at=?, state=CASE WHEN state='draft' THEN 'draft'"
	    " WHEN generation>0 THEN 'ready' ELSE 'failed' END WHERE dataset_id=?",
	    SQL_VALUES(
		V_STR(catalog_error_text(text, why)), V_INT(clock_now_us()), V_TEXT(dataset_id)),
	    e);
}

bool
store_dataset_delete(
    struct store *s, int64_t org_id, const char *dataset_id, bool *found, struct err *e)
{
	int changes;
	if (!sql_run(&s->catalog, &changes, "DELETE FROM datasets WHERE dataset_id=? AND org_id=?",
		SQL_VALUES(V_TEXT(dataset_id), V_INT(org_id)), e))
		return false;
	*found = changes > 0;
	if (changes > 0 &&
	    !sql_run(&s->catalog, NULL, "DELETE FROM plugin_state WHERE dataset_id=?",
		SQL_VALUES(V_TEXT(dataset_id)), e))
		return false;
	return changes == 0 ||
	       sql_run(&s->catalog, NULL,
		   "UPDATE jobs SET cancel=1, state=CASE state WHEN 'queued' THEN 'cancelled' ELSE "
		   "state"
		   " END, ended_at=CASE state WHEN 'queued' THEN ? ELSE ended_at END"
		   " WHERE dataset_id=? AND state IN ('queued','running')",
		   SQL_VALUES(V_INT(clock_now_us()), V_TEXT(dataset_id)), e);
}

bool
store_dataset_remove_files(struct store *s, const char *dataset_id, struct err *e)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/datasets/%s", s->data, dataset_id);
	return folder_remove(path, e);
}
