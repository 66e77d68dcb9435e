/* catalog_answers.c: answers kept by Idempotency-Key, so that a retry makes nothing twice. */
#include "store/catalog.h"
#include "base/clock.h"

/* A request that never ended (its worker died) does not hold its key longer than this. */
#define RUNNING_US INT64_C(180000000)

bool
store_answer_begin(struct store *s, struct kept_answer *out, int64_t org_id, struct str key,
    const uint8_t body_hash[SHA256_BYTES], struct arena *a, struct err *e)
{
	struct sql_query q;
	int64_t now = clock_now_us();
	*out = (struct kept_answer){0};
	if (!database_begin(&s->catalog, e))
		return false;
	if (!sql_run(&s->catalog, NULL,
		"DELETE FROM answers WHERE org_id=? AND key=? AND status IS NULL AND created_at < "
		"?",
		SQL_VALUES(V_INT(org_id), V_STR(key), V_INT(now - RUNNING_US)), e) ||
	    !sql_start(&q, &s->catalog,
		"SELECT body_hash, status, body, location FROM answers WHERE org_id=? AND key=?",
		SQL_VALUES(V_INT(org_id), V_STR(key)), e))
		goto failed;
	int more = sql_step(&q, e);
	if (more < 0)
		goto failed;
	if (more == 1) {
		struct str hash = sql_str(&q, 0);
		out->found = true;
		out->running = sql_is_null(&q, 1);
		if (hash.n == SHA256_BYTES)
			memcpy(out->body_hash, hash.p, SHA256_BYTES);
		out->status = (int)sql_int(&q, 1);
		out->body = catalog_str(&q, 2, a);
		out->location = catalog_str(&q, 3, a);
		sql_stop(&q);
	} else if (!sql_run(&s->catalog, NULL,
		       "INSERT INTO answers(org_id, key, body_hash, created_at) VALUES(?,?,?,?)",
		       SQL_VALUES(
			   V_INT(org_id), V_STR(key), V_BLOB(body_hash, SHA256_BYTES), V_INT(now)),
		       e)) {
		goto failed;
	}
	return database_commit(&s->catalog, e);
failed:
	database_rollback(&s->catalog);
	return false;
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
