/* catalog_answers.c: answers kept by Idempotency-Key, so that a retry makes nothing twice. */
#include "store/catalog.h"
#include "base/clock.h"

/* A request that never ended (its worker died) does not hold its key longer than this. */
#define RUNNING_US INT64_C(180000000)

/* What is known of the key, with the transaction open.  A request that never ended counts as none,
 * but what it made is remembered. */
static bool
look(struct store *s, struct kept_answer *out, int64_t org_id, struct str key, bool *stale,
    struct arena *a, struct err *e)
{
	struct sql_query q;
	*stale = false;
	if (!sql_start(&q, &s->catalog,
		"SELECT body_hash, status, body, location, dataset_id, created_at FROM answers"
		" WHERE org_id=? AND key=?",
		SQL_VALUES(V_INT(org_id), V_STR(key)), e))
		return false;
	int more = sql_step(&q, e);
	if (more <= 0)
		return more == 0;
	struct str hash = sql_str(&q, 0);
	out->running = sql_is_null(&q, 1);
	*stale = out->running && clock_now_us() - sql_int(&q, 5) > RUNNING_US;
	out->found = !*stale;
	if (hash.n == SHA256_BYTES)
		memcpy(out->body_hash, hash.p, SHA256_BYTES);
	out->status = (int)sql_int(&q, 1);
	out->body = catalog_str(&q, 2, a);
	out->location = catalog_str(&q, 3, a);
	if (*stale)
		catalog_id(out->dataset_id, &q, 4);
	sql_stop(&q);
	return true;
}

bool
store_answer_begin(struct store *s, struct kept_answer *out, int64_t org_id, struct str key,
    const uint8_t body_hash[SHA256_BYTES], struct arena *a, struct err *e)
{
	bool stale, good;
	*out = (struct kept_answer){0};
	if (!database_begin(&s->catalog, e))
		return false;
	good = look(s, out, org_id, key, &stale, a, e);
	if (good && stale)
		good = sql_run(&s->catalog, NULL,
		    "UPDATE answers SET body_hash=?, created_at=? WHERE org_id=? AND key=?",
		    SQL_VALUES(V_BLOB(body_hash, SHA256_BYTES), V_INT(clock_now_us()),
			V_INT(org_id), V_STR(key)),
		    e);
	else if (good && !out->found)
		good = sql_run(&s->catalog, NULL,
		    "INSERT INTO answers(org_id, key, body_hash, created_at) VALUES(?,?,?,?)",
		    SQL_VALUES(V_INT(org_id), V_STR(key), V_BLOB(body_hash, SHA256_BYTES),
			V_INT(clock_now_us())),
		    e);
	if (good)
		return database_commit(&s->catalog, e);
	database_rollback(&s->catalog);
	return false;
}

bool
store_answer_made(
    struct store *s, int64_t org_id, struct str key, const char *dataset_id, struct err *e)
{
	return sql_run(&s->catalog, NULL,
	    "UPDATE answers SET dataset_id=? WHERE org_id=? AND key=? AND status IS NULL",
	    SQL_VALUES(V_TEXT(dataset_id), V_INT(org_id), V_STR(key)), e);
}

bool
store_answer_end(struct store *s, int64_t org_id, struct str key, int status, struct str body,
    struct str location, struct err *e)
{
	if (!database_begin(&s->catalog, e))
		return false;
	bool good =
	    status == 0
		? sql_run(&s->catalog, NULL,
		      "DELETE FROM answers WHERE org_id=? AND key=? AND status IS NULL",
		      SQL_VALUES(V_INT(org_id), V_STR(key)), e)
		: sql_run(&s->catalog, NULL,
		      "UPDATE answers SET status=?, body=?, location=? WHERE org_id=? AND key=?",
		      SQL_VALUES(V_INT(status), V_STR(body), V_OPTIONAL(location), V_INT(org_id),
			  V_STR(key)),
		      e);
	if (good)
		return database_commit(&s->catalog, e);
	database_rollback(&s->catalog);
	return false;
}
