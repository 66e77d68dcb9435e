/* catalog_keys.c: keys; only hashes of them are stored.  See accounts.h. */
#include "store/accounts.h"
#include "store/catalog.h"
#include "base/clock.h"

bool
store_key_any(struct store *s, bool *any, struct err *e)
{
	int64_t count;
	if (!sql_one_int(&s->catalog, &count, 0, "SELECT count(*) FROM keys", NULL, 0, e))
		return false;
	*any = count > 0;
	return true;
}

bool
store_key_insert(struct store *s, struct key *k, const uint8_t hash[SHA256_BYTES], struct err *e)
{
	uuid_make(k->key_id);
	k->created_at = clock_now_us();
	return sql_run(&s->catalog, NULL,
	    "INSERT INTO keys(key_id, org_id, name, role, begins, scope, user_id, secret_hash, "
	    "created_at,"
	    " expires_at, parent_id) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
	    SQL_VALUES(V_TEXT(k->key_id), V_INT(k->org_id), V_STR(k->name), V_STR(k->role),
		V_STR(k->begins), V_OPTIONAL(k->scope), V_OPTIONAL(k->user_id),
		V_BLOB(hash, SHA256_BYTES), V_INT(k->created_at),
		k->expires_at ? V_INT(k->expires_at) : V_NULL, V_OPTIONAL(k->parent_id)),
	    e);
}

#define KEY_COLUMNS                                                                                \
	"k.key_id, k.org_id, k.name, k.role, k.begins, k.scope, k.user_id, u.email, k.created_at," \
	" k.expires_at, k.revoked_at, k.used_at, u.role, k.parent_id FROM keys k LEFT JOIN users " \
	"u"                                                                                        \
	" USING(user_id)"

static void
take_key(struct key *k, const struct sql_query *q, struct arena *a)
{
	*k = (struct key){
	    .org_id = sql_int(q, 1),
	    .name = catalog_str(q, 2, a),
	    .role = catalog_str(q, 3, a),
	    .begins = catalog_str(q, 4, a),
	    .scope = catalog_str(q, 5, a),
	    .user_id = catalog_str(q, 6, a),
	    .email = catalog_str(q, 7, a),
	    .created_at = sql_int(q, 8),
	    .expires_at = sql_int(q, 9),
	    .revoked_at = sql_int(q, 10),
	    .used_at = sql_int(q, 11),
	    .user_role = catalog_str(q, 12, a),
	    .parent_id = catalog_str(q, 13, a),
	};
	catalog_id(k->key_id, q, 0);
}

static bool
take_one(struct sql_query *q, struct key *k, bool *found, struct arena *a, struct err *e)
{
	int more = sql_step(q, e);
	*found = more == 1;
	if (more == 1) {
		take_key(k, q, a);
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
		   "SELECT " KEY_COLUMNS " WHERE k.secret_hash=? AND k.revoked_at IS NULL"
		   " AND (k.expires_at IS NULL OR k.expires_at > ?) AND u.disabled_at IS NULL",
		   SQL_VALUES(V_BLOB(hash, SHA256_BYTES), V_INT(clock_now_us())), e) &&
	       take_one(&q, k, found, a, e);
}

bool
store_key_get(struct store *s, struct key *out, bool *found, int64_t org_id, const char *key_id,
    struct arena *a, struct err *e)
{
	struct sql_query q;
	return sql_start(&q, &s->catalog, "SELECT " KEY_COLUMNS " WHERE k.key_id=? AND k.org_id=?",
		   SQL_VALUES(V_TEXT(key_id), V_INT(org_id)), e) &&
	       take_one(&q, out, found, a, e);
}

bool
store_key_list(struct store *s, struct key **out, size_t *count, int64_t *total, int64_t org_id,
    const char *user_id, uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	struct sql_query q;
	int more;
	*count = 0;
	*out = arena_array(a, limit, sizeof **out);
	if (!sql_one_int(&s->catalog, total, 0,
		"SELECT count(*) FROM keys WHERE org_id=?1 AND (?2='' OR user_id=?2)",
		SQL_VALUES(V_INT(org_id), V_TEXT(user_id)), e) ||
	    !sql_start(&q, &s->catalog,
		"SELECT " KEY_COLUMNS " WHERE k.org_id=?1 AND (?2='' OR k.user_id=?2)"
		" ORDER BY k.created_at DESC, k.key_id LIMIT ?3 OFFSET ?4",
		SQL_VALUES(V_INT(org_id), V_TEXT(user_id), V_INT(limit), V_INT(offset)), e))
		return false;
	while ((more = sql_step(&q, e)) == 1)
		take_key(&(*out)[(*count)++], &q, a);
	return more == 0;
}

bool
store_key_count(struct store *s, int64_t org_id, int64_t *count, struct err *e)
{
	return sql_one_int(&s->catalog, count, 0,
	    "SELECT count(*) FROM keys WHERE org_id=? AND revoked_at IS NULL",
	    SQL_VALUES(V_INT(org_id)), e);
}

/* The key ?1 and all that were made with it. */
#define LINE                                                                                       \
	"WITH RECURSIVE line(key_id, far) AS (VALUES(?1, 0) UNION SELECT k.key_id, far+1"          \
	" FROM keys k JOIN line l ON k.parent_id=l.key_id)"

bool
store_key_revoke(struct store *s, const char *key_id, struct str **ids, size_t *count,
    struct arena *a, struct err *e)
{
	struct sql_query q;
	int64_t all;
	int more;
	*count = 0;
	if (!sql_one_int(&s->catalog, &all, 0,
		LINE " SELECT count(*) FROM line JOIN keys USING(key_id) WHERE revoked_at IS NULL",
		SQL_VALUES(V_TEXT(key_id)), e))
		return false;
	*ids = arena_array(a, (size_t)all, sizeof **ids);
	if (!sql_start(&q, &s->catalog,
		LINE " SELECT key_id FROM line JOIN keys USING(key_id) WHERE revoked_at IS NULL"
		     " ORDER BY far LIMIT ?2",
		SQL_VALUES(V_TEXT(key_id), V_INT(all)), e))
		return false;
	while ((more = sql_step(&q, e)) == 1)
		(*ids)[(*count)++] = catalog_str(&q, 0, a);
	for (size_t i = 0; more == 0 && i < *count; i++)
		if (!sql_run(&s->catalog, NULL, "UPDATE keys SET revoked_at=? WHERE key_id=?",
			SQL_VALUES(V_INT(clock_now_us()), V_STR((*ids)[i])), e))
			return false;
	return more == 0;
}

bool
store_key_used(struct store *s, const char *key_id, struct err *e)
{
	if (!database_begin(&s->catalog, e))
		return false;
	if (sql_run(&s->catalog, NULL, "UPDATE keys SET used_at=? WHERE key_id=?",
		SQL_VALUES(V_INT(clock_now_us()), V_TEXT(key_id)), e))
		return database_commit(&s->catalog, e);
	database_rollback(&s->catalog);
	return false;
}
