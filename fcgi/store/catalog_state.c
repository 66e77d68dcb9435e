/* catalog_state.c: small values that plugins keep, per organisation or dataset; see store.h. */
#include "store/catalog.h"

bool
store_state_get(struct store *s, const char *plugin, int64_t org_id, const char *dataset_id,
    const char *name, struct str *out, struct arena *a, struct err *e)
{
	struct sql_query q;
	*out = (struct str){0};
	if (!sql_start(&q, &s->catalog,
		"SELECT value FROM plugin_state WHERE plugin=? AND org_id=? AND dataset_id=? AND "
		"name=?",
		SQL_VALUES(V_TEXT(plugin), V_INT(org_id), V_TEXT(dataset_id), V_TEXT(name)), e))
		return false;
	int more = sql_step(&q, e);
	if (more == 1) {
		*out = catalog_str(&q, 0, a);
		sql_stop(&q);
	}
	return more >= 0;
}

bool
store_state_put(struct store *s, const char *plugin, int64_t org_id, const char *dataset_id,
    const char *name, struct str value, struct err *e)
{
	if (value.n == 0)
		return sql_run(&s->catalog, NULL,
		    "DELETE FROM plugin_state WHERE plugin=? AND org_id=? AND dataset_id=? AND "
		    "name=?",
		    SQL_VALUES(V_TEXT(plugin), V_INT(org_id), V_TEXT(dataset_id), V_TEXT(name)), e);
	return sql_run(&s->catalog, NULL,
	    "INSERT OR REPLACE INTO plugin_state(plugin, org_id, dataset_id, name, value) "
	    "VALUES(?,?,?,?,?)",
	    SQL_VALUES(V_TEXT(plugin), V_INT(org_id), V_TEXT(dataset_id), V_TEXT(name),
		V_BLOB(value.p, value.n)),
	    e);
}
