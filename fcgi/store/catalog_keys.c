/* catalog_keys.c: keys and browser sessions; only hashes of secrets are stored. */
#include "store/catalog.h"
#include "base/clock.h"
#include "base/limits.h"

bool
store_key_any(struct store *s, bool *any, struct err *e)
{
	int64_t count;
	if (!sql_one_int(&s->catalog, &count, 0,
		"SELECT count(*) FROM keys WHERE revoked_at IS NULL"
		" AND (expires_at IS NULL OR expires_at > ?)",
		SQL_VALUES(V_INT(clock_now_us())), e))
		return false;
	*any = count > 0;
	return true;
}

bool
store_key_insert(struct store *s, struct key *k, const uint8_t hash[SHA256_BYTES], struct err *e)
{
	uuid_make(k->key_id);
	return sql_run(&s->catalog, NULL,
	    "INSERT INTO keys(key_id, org_id, name, role, secret_hash, created_at)"
	    " VALUES(?,?,?,?,?,?)",
	    SQL_VALUES(V_TEXT(k->key_id), V_INT(k->org_id), V_STR(k->name), V_STR(k->role),
		V_BLOB(hash, SHA256_BYTES), V_INT(clock_now_us())),
	    e);
}

static bool
take_key(struct sql_query *q, struct key *k, bool *found, struct arena *a, struct err *e)
{
	int more = sql_step(q, e);
	*found = more == 1;
	if (more == 1) {
		catalog_id(k->key_id, q, 0);
		k->org_id = sql_int(q, 1);
		k->name = catalog_str(q, 2, a);
		k->role = catalog_str(q, 3, a);
		sql_stop(q);
	}
	return more >= 0;
}

bool
store_key_find(struct store *s, struct key *k, bool *found, const uint8_t hash[SHA256_BYTES],
    struct arena *a, struct err *e)
{
	struct sql_query q;
	return sql_start(&q, &s->catalog,
		   "SELECT key_id, org_id, name, role FROM keys WHERE secret_hash=?"
		   " AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
		   SQL_VALUES(V_BLOB(hash, SHA256_BYTES), V_INT(clock_now_us())), e) &&
	       take_key(&q, k, found, a, e);
}

bool
store_session_insert(
    struct store *s, const uint8_t hash[SHA256_BYTES], const char *key_id, struct err *e)
{
	int64_t now = clock_now_us();
	if (!database_begin(&s->catalog, e))
		return false;
	if (sql_run(&s->catalog, NULL, "DELETE FROM sessions WHERE used_at < ?",
		SQL_VALUES(V_INT(now - (int64_t)LIMIT_SESSION_SECONDS * 1000000)), e) &&
	    sql_run(&s->catalog, NULL, "INSERT INTO sessions VALUES(?,?,?,?)",
		SQL_VALUES(V_BLOB(hash, SHA256_BYTES), V_TEXT(key_id), V_INT(now), V_INT(now)), e))
		return database_commit(&s->catalog, e);
	database_rollback(&s->catalog);
	return false;
}

bool
store_session_find(struct store *s, struct key *k, bool *found, const uint8_t hash[SHA256_BYTES],
    struct arena *a, struct err *e)
{
	int64_t now = clock_now_us(), used = 0;
	struct sql_query q;
	if (!sql_start(&q, &s->catalog,
		"SELECT k.key_id, k.org_id, k.name, k.role FROM sessions s JOIN keys k "
		"USING(key_id)"
		" WHERE s.session_hash=? AND s.used_at > ? AND k.revoked_at IS NULL"
		" AND (k.expires_at IS NULL OR k.expires_at > ?)",
		SQL_VALUES(V_BLOB(hash, SHA256_BYTES),
		    V_INT(now - (int64_t)LIMIT_SESSION_SECONDS * 1000000), V_INT(now)),
		e) ||
	    !take_key(&q, k, found, a, e))
		return false;
	if (!*found)
		return true;
	/* Its use is noted once in ten minutes, not at every request. */
	if (!sql_one_int(&s->catalog, &used, 0, "SELECT used_at FROM sessions WHERE session_hash=?",
		SQL_VALUES(V_BLOB(hash, SHA256_BYTES)), e))
		return false;
	if (now - used < INT64_C(600000000))
		return true;
	if (!database_begin(&s->catalog, e))
		return false;
	if (sql_run(&s->catalog, NULL, "UPDATE sessions SET used_at=? WHERE session_hash=?",
		SQL_VALUES(V_INT(now), V_BLOB(hash, SHA256_BYTES)), e))
		return database_commit(&s->catalog, e);
	database_rollback(&s->catalog);
	return false;
}

bool
store_session_delete(struct store *s, const uint8_t hash[SHA256_BYTES], struct err *e)
{
	if (!database_begin(&s->catalog, e))
		return false;
	if (sql_run(&s->catalog, NULL, "DELETE FROM sessions WHERE session_hash=?",
		SQL_VALUES(V_BLOB(hash, SHA256_BYTES)), e))
		return database_commit(&s->catalog, e);
	database_rollback(&s->catalog);
	return false;
}
