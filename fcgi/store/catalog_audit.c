/* catalog_audit.c: who did what and when; see accounts.h. */
#include "store/accounts.h"
#include "store/catalog.h"
#include "base/clock.h"

bool
store_audit_add(struct store *s, const struct audit *x, struct err *e)
{
	return sql_run(&s->catalog, NULL,
	    "INSERT INTO audit(at, org_id, who, user_id, key_id, action, target, detail, remote, "
	    "request_id)"
	    " VALUES(?,?,?,?,?,?,?,?,?,?)",
	    SQL_VALUES(V_INT(clock_now_us()), V_INT(x->org_id), V_STR(x->who),
		V_OPTIONAL(x->user_id), V_OPTIONAL(x->key_id), V_STR(x->action),
		V_OPTIONAL(x->target), V_OPTIONAL(x->detail), V_OPTIONAL(x->remote),
		V_OPTIONAL(x->request_id)),
	    e);
}

bool
store_audit_list(struct store *s, struct audit **out, size_t *count, int64_t org_id,
    const struct audit_filter *f, int64_t before, size_t limit, struct arena *a, struct err *e)
{
	struct sql_query q;
	int more;
	*count = 0;
	*out = arena_array(a, limit, sizeof **out);
	if (!sql_start(&q, &s->catalog,
		"SELECT audit_id, at, who, user_id, key_id, action, target, detail, remote, "
		"request_id FROM audit"
		" WHERE org_id=?1 AND (?2=0 OR audit_id<?2) AND (?3 IS NULL OR action=?3 OR"
		" (substr(?3, -1)='.' AND substr(action, 1, length(?3))=?3)) AND (?4 IS NULL OR "
		"who=?4)"
		" AND (?5 IS NULL OR target=?5) AND (?6=0 OR at>=?6) AND (?7=0 OR at<?7)"
		" ORDER BY audit_id DESC LIMIT ?8",
		SQL_VALUES(V_INT(org_id), V_INT(before), V_OPTIONAL(f->action), V_OPTIONAL(f->who),
		    V_OPTIONAL(f->target), V_INT(f->from), V_INT(f->until), V_INT(limit)),
		e))
		return false;
	while ((more = sql_step(&q, e)) == 1)
		(*out)[(*count)++] = (struct audit){
		    .audit_id = sql_int(&q, 0),
		    .at = sql_int(&q, 1),
		    .org_id = org_id,
		    .who = catalog_str(&q, 2, a),
		    .user_id = catalog_str(&q, 3, a),
		    .key_id = catalog_str(&q, 4, a),
		    .action = catalog_str(&q, 5, a),
		    .target = catalog_str(&q, 6, a),
		    .detail = catalog_str(&q, 7, a),
		    .remote = catalog_str(&q, 8, a),
		    .request_id = catalog_str(&q, 9, a),
		};
	return more == 0;
}

/* A part at a time, so that nobody waits long for the lock.  Entries come in the order of time: the
 * oldest thousand are looked at, not all there are. */
#define SWEPT_AT_ONCE 1000

bool
store_audit_sweep(struct store *s, int64_t before_us, struct err *e)
{
	int gone = SWEPT_AT_ONCE;
	while (gone == SWEPT_AT_ONCE) {
		if (!database_begin(&s->catalog, e))
			return false;
		if (!sql_run(&s->catalog, &gone,
			"DELETE FROM audit WHERE audit_id IN (SELECT audit_id FROM"
			" (SELECT audit_id, at FROM audit ORDER BY audit_id LIMIT ?2) WHERE at < "
			"?1)",
			SQL_VALUES(V_INT(before_us), V_INT(SWEPT_AT_ONCE)), e)) {
			database_rollback(&s->catalog);
			return false;
		}
		if (!database_commit(&s->catalog, e))
			return false;
	}
	return true;
}
