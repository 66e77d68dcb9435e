/* catalog_users.c: organisations, users, and how users come in; see accounts.h. */
#include "store/accounts.h"
#include "store/catalog.h"
#include "base/clock.h"
#include "base/limits.h"

#define SECOND_US INT64_C(1000000)

/* ---- organisations ---- */

bool
store_org_insert(struct store *s, struct organization *o, struct err *e)
{
	o->created_at = clock_now_us();
	if (!sql_run(&s->catalog, NULL,
		"INSERT INTO organizations(name, created_at, settings) VALUES(?,?,?)",
		SQL_VALUES(V_STR(o->name), V_INT(o->created_at), V_OPTIONAL(o->settings)), e))
		return false;
	o->org_id = sqlite3_last_insert_rowid(s->catalog.handle);
	return true;
}

bool
store_org_list(
    struct store *s, struct organization **out, size_t *count, struct arena *a, struct err *e)
{
	struct sql_query q;
	int64_t all;
	int more;
	*count = 0;
	if (!sql_one_int(&s->catalog, &all, 0, "SELECT count(*) FROM organizations", NULL, 0, e))
		return false;
	*out = arena_array(a, (size_t)all, sizeof **out);
	if (!sql_start(&q, &s->catalog,
		"SELECT org_id, name, settings, created_at, (SELECT count(*) FROM users u WHERE "
		"u.org_id=o.org_id),"
		" (SELECT count(*) FROM keys k WHERE k.org_id=o.org_id AND k.revoked_at IS NULL),"
		" (SELECT count(*) FROM datasets d WHERE d.org_id=o.org_id) FROM organizations o "
		"ORDER BY org_id LIMIT ?",
		SQL_VALUES(V_INT(all)), e))
		return false;
	while ((more = sql_step(&q, e)) == 1)
		(*out)[(*count)++] = (struct organization){sql_int(&q, 0), catalog_str(&q, 1, a),
		    catalog_str(&q, 2, a), sql_int(&q, 3), sql_int(&q, 4), sql_int(&q, 5),
		    sql_int(&q, 6)};
	return more == 0;
}

bool
store_org_settings(struct store *s, int64_t org_id, struct str settings, bool *found, struct err *e)
{
	int changes;
	if (!sql_run(&s->catalog, &changes, "UPDATE organizations SET settings=? WHERE org_id=?",
		SQL_VALUES(V_OPTIONAL(settings), V_INT(org_id)), e))
		return false;
	*found = changes > 0;
	return true;
}

/* ---- users ---- */

/* An e-mail address that is taken is the user's matter, not the server's. */
static bool
taken(struct err *why, struct err *e)
{
	if (strstr(why->message, "users.email"))
		return FAIL_FIELD(e, CONFLICT, "email", "another user has this e-mail address");
	*e = *why;
	return false;
}

bool
store_user_insert(struct store *s, struct user *u, struct err *e)
{
	struct err why = {0};
	if (u->user_id[0] == 0)
		uuid_make(u->user_id);
	u->created_at = clock_now_us();
	return sql_run(&s->catalog, NULL,
		   "INSERT INTO users(user_id, org_id, email, name, role, password, created_at) "
		   "VALUES(?,?,?,?,?,?,?)",
		   SQL_VALUES(V_TEXT(u->user_id), V_INT(u->org_id), V_OPTIONAL(u->email),
		       V_STR(u->name), V_STR(u->role), V_OPTIONAL(u->password),
		       V_INT(u->created_at)),
		   &why) ||
	       taken(&why, e);
}

#define USER_COLUMNS                                                                               \
	"u.user_id, u.org_id, u.email, u.name, u.role, u.password IS NOT NULL, u.created_at,"      \
	" u.signed_in_at, u.disabled_at"

static void
take_user(struct user *u, const struct sql_query *q, struct arena *a)
{
	*u = (struct user){
	    .org_id = sql_int(q, 1),
	    .email = catalog_str(q, 2, a),
	    .name = catalog_str(q, 3, a),
	    .role = catalog_str(q, 4, a),
	    .has_password = sql_int(q, 5) != 0,
	    .created_at = sql_int(q, 6),
	    .signed_in_at = sql_int(q, 7),
	    .disabled_at = sql_int(q, 8),
	};
	catalog_id(u->user_id, q, 0);
}

static bool
take_one(struct sql_query *q, struct user *u, bool *found, struct arena *a, struct err *e)
{
	int more = sql_step(q, e);
	*found = more == 1;
	if (more == 1) {
		take_user(u, q, a);
		sql_stop(q);
	}
	return more >= 0;
}

bool
store_user_get(struct store *s, struct user *out, bool *found, int64_t org_id, const char *user_id,
    struct arena *a, struct err *e)
{
	struct sql_query q;
	return sql_start(&q, &s->catalog,
		   "SELECT " USER_COLUMNS " FROM users u WHERE user_id=?1 AND (org_id=?2 OR ?2=0)",
		   SQL_VALUES(V_TEXT(user_id), V_INT(org_id)), e) &&
	       take_one(&q, out, found, a, e);
}

bool
store_user_by_email(struct store *s, struct user *out, bool *found, struct str email,
    struct arena *a, struct err *e)
{
	struct sql_query q;
	if (!sql_start(&q, &s->catalog,
		"SELECT " USER_COLUMNS ", u.password FROM users u WHERE email=?",
		SQL_VALUES(V_STR(email)), e))
		return false;
	int more = sql_step(&q, e);
	*found = more == 1;
	if (more == 1) {
		take_user(out, &q, a);
		out->password = catalog_str(&q, 9, a);
		sql_stop(&q);
	}
	return more >= 0;
}

bool
store_user_list(struct store *s, struct user **out, size_t *count, int64_t *total, int64_t org_id,
    uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	struct sql_query q;
	int more;
	*count = 0;
	*out = arena_array(a, limit, sizeof **out);
	if (!sql_one_int(&s->catalog, total, 0, "SELECT count(*) FROM users WHERE org_id=?",
		SQL_VALUES(V_INT(org_id)), e) ||
	    !sql_start(&q, &s->catalog,
		"SELECT " USER_COLUMNS
		" FROM users u WHERE org_id=? ORDER BY created_at, user_id LIMIT ? OFFSET ?",
		SQL_VALUES(V_INT(org_id), V_INT(limit), V_INT(offset)), e))
		return false;
	while ((more = sql_step(&q, e)) == 1)
		take_user(&(*out)[(*count)++], &q, a);
	return more == 0;
}

bool
store_user_first(struct store *s, struct user *out, bool *found, struct arena *a, struct err *e)
{
	struct sql_query q;
	return sql_start(&q, &s->catalog,
		   "SELECT " USER_COLUMNS
		   " FROM users u WHERE role='owner' AND disabled_at IS NULL ORDER BY created_at"
		   " LIMIT 1",
		   NULL, 0, e) &&
	       take_one(&q, out, found, a, e);
}

bool
store_user_update(struct store *s, const struct user *u, struct err *e)
{
	struct err why = {0};
	return sql_run(&s->catalog, NULL,
		   "UPDATE users SET email=?, name=?, role=?, disabled_at=? WHERE user_id=?",
		   SQL_VALUES(V_OPTIONAL(u->email), V_STR(u->name), V_STR(u->role),
		       u->disabled_at ? V_INT(u->disabled_at) : V_NULL, V_TEXT(u->user_id)),
		   &why) ||
	       taken(&why, e);
}

bool
store_user_password(struct store *s, const char *user_id, struct str password, struct err *e)
{
	return sql_run(&s->catalog, NULL, "UPDATE users SET password=? WHERE user_id=?",
	    SQL_VALUES(V_OPTIONAL(password), V_TEXT(user_id)), e);
}

bool
store_user_signed_in(struct store *s, const char *user_id, struct err *e)
{
	return sql_run(&s->catalog, NULL, "UPDATE users SET signed_in_at=? WHERE user_id=?",
	    SQL_VALUES(V_INT(clock_now_us()), V_TEXT(user_id)), e);
}

bool
store_user_other_owners(struct store *s, const struct user *u, int64_t *count, struct err *e)
{
	return sql_one_int(&s->catalog, count, 0,
	    "SELECT count(*) FROM users WHERE org_id=? AND user_id<>? AND role='owner' AND "
	    "disabled_at IS NULL AND (password IS NOT NULL OR ?=0)",
	    SQL_VALUES(V_INT(u->org_id), V_TEXT(u->user_id), V_INT(u->has_password)), e);
}

/* ---- sessions ---- */

bool
store_session_insert(
    struct store *s, const uint8_t hash[SHA256_BYTES], const char *user_id, struct err *e)
{
	int64_t now = clock_now_us();
	return sql_run(&s->catalog, NULL,
		   "DELETE FROM sessions WHERE used_at < ? OR created_at < ?",
		   SQL_VALUES(V_INT(now - LIMIT_SESSION_SECONDS * SECOND_US),
		       V_INT(now - LIMIT_SESSION_DAYS * 86400 * SECOND_US)),
		   e) &&
	       sql_run(&s->catalog, NULL,
		   "INSERT INTO sessions(session_hash, user_id, created_at, used_at) "
		   "VALUES(?,?,?,?)",
		   SQL_VALUES(V_BLOB(hash, SHA256_BYTES), V_TEXT(user_id), V_INT(now), V_INT(now)),
		   e);
}

/* Its use is noted once in ten minutes, not at every request; a full disk is no reason to send
 * anybody away. */
static void
note_use(struct store *s, const uint8_t hash[SHA256_BYTES], int64_t now)
{
	struct err ignored = {0};
	if (!database_begin(&s->catalog, &ignored))
		return;
	if (!sql_run(&s->catalog, NULL, "UPDATE sessions SET used_at=? WHERE session_hash=?",
		SQL_VALUES(V_INT(now), V_BLOB(hash, SHA256_BYTES)), &ignored) ||
	    !database_commit(&s->catalog, &ignored))
		database_rollback(&s->catalog);
}

bool
store_session_find(struct store *s, struct user *u, bool *found, const uint8_t hash[SHA256_BYTES],
    struct arena *a, struct err *e)
{
	int64_t now = clock_now_us(), used = 0;
	struct sql_query q;
	if (!sql_start(&q, &s->catalog,
		"SELECT " USER_COLUMNS
		" FROM sessions s JOIN users u USING(user_id) WHERE s.session_hash=?"
		" AND s.used_at > ? AND s.created_at > ? AND u.disabled_at IS NULL",
		SQL_VALUES(V_BLOB(hash, SHA256_BYTES),
		    V_INT(now - LIMIT_SESSION_SECONDS * SECOND_US),
		    V_INT(now - LIMIT_SESSION_DAYS * 86400 * SECOND_US)),
		e) ||
	    !take_one(&q, u, found, a, e))
		return false;
	if (!*found)
		return true;
	if (!sql_one_int(&s->catalog, &used, 0, "SELECT used_at FROM sessions WHERE session_hash=?",
		SQL_VALUES(V_BLOB(hash, SHA256_BYTES)), e))
		return false;
	if (now - used > 600 * SECOND_US)
		note_use(s, hash, now);
	return true;
}

bool
store_session_delete(struct store *s, const uint8_t hash[SHA256_BYTES], struct err *e)
{
	return sql_run(&s->catalog, NULL, "DELETE FROM sessions WHERE session_hash=?",
	    SQL_VALUES(V_BLOB(hash, SHA256_BYTES)), e);
}

bool
store_user_sign_out(struct store *s, const char *user_id, struct err *e)
{
	return sql_run(&s->catalog, NULL, "DELETE FROM sessions WHERE user_id=?",
		   SQL_VALUES(V_TEXT(user_id)), e) &&
	       sql_run(&s->catalog, NULL, "DELETE FROM links WHERE user_id=?",
		   SQL_VALUES(V_TEXT(user_id)), e);
}

/* ---- links ---- */

bool
store_link_insert(
    struct store *s, const uint8_t hash[SHA256_BYTES], const char *user_id, struct err *e)
{
	int64_t now = clock_now_us();
	return sql_run(&s->catalog, NULL, "DELETE FROM links WHERE user_id=? OR expires_at < ?",
		   SQL_VALUES(V_TEXT(user_id), V_INT(now)), e) &&
	       sql_run(&s->catalog, NULL, "INSERT INTO links VALUES(?,?,?,?)",
		   SQL_VALUES(V_BLOB(hash, SHA256_BYTES), V_TEXT(user_id), V_INT(now),
		       V_INT(now + LIMIT_LINK_HOURS * 3600 * SECOND_US)),
		   e);
}

bool
store_link_find(struct store *s, struct user *u, bool *found, const uint8_t hash[SHA256_BYTES],
    struct arena *a, struct err *e)
{
	struct sql_query q;
	return sql_start(&q, &s->catalog,
		   "SELECT " USER_COLUMNS " FROM links l JOIN users u USING(user_id) WHERE "
		   "l.link_hash=? AND l.expires_at > ?"
		   " AND u.disabled_at IS NULL",
		   SQL_VALUES(V_BLOB(hash, SHA256_BYTES), V_INT(clock_now_us())), e) &&
	       take_one(&q, u, found, a, e);
}

/* ---- attempts ---- */

#define WINDOW_MINUTES (LIMIT_SIGN_IN_WINDOW_SECONDS / 60)

/* Counted by the minute, and those of the last minutes together. */
static int64_t
minute_now(void)
{
	return clock_now_us() / (60 * SECOND_US);
}

bool
store_attempts_wait(
    struct store *s, const char *what, int64_t most, int64_t *seconds, struct err *e)
{
	int64_t now = clock_now_us(), first = minute_now() - WINDOW_MINUTES, total = 0;
	struct sql_query q;
	int more;
	*seconds = 0;
	/* Newest first: the minute with which they are too many must be over. */
	if (!sql_start(&q, &s->catalog,
		"SELECT minute, count FROM attempts WHERE what=? AND minute>? ORDER BY minute DESC",
		SQL_VALUES(V_TEXT(what), V_INT(first)), e))
		return false;
	while ((more = sql_step(&q, e)) == 1) {
		total += sql_int(&q, 1);
		if (total < most)
			continue;
		int64_t until = (sql_int(&q, 0) + WINDOW_MINUTES) * 60 * SECOND_US;
		*seconds = (until - now + SECOND_US - 1) / SECOND_US;
		sql_stop(&q);
		return true;
	}
	return more == 0;
}

bool
store_attempt_add(struct store *s, const char *what, int by, struct err *e)
{
	return sql_run(&s->catalog, NULL, "DELETE FROM attempts WHERE minute <= ?",
		   SQL_VALUES(V_INT(minute_now() - WINDOW_MINUTES)), e) &&
	       sql_run(&s->catalog, NULL,
		   "INSERT INTO attempts VALUES(?1,?2,?3) ON CONFLICT(what, minute) DO "
		   "UPDATE SET count=count+?3",
		   SQL_VALUES(V_TEXT(what), V_INT(minute_now()), V_INT(by)), e);
}

bool
store_attempt_take_back(struct store *s, const char *what, struct err *e)
{
	return sql_run(&s->catalog, NULL,
	    "UPDATE attempts SET count=count-1 WHERE what=?1 AND minute="
	    "(SELECT max(minute) FROM attempts WHERE what=?1 AND count>0)",
	    SQL_VALUES(V_TEXT(what)), e);
}
