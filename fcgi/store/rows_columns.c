/* rows_columns.c: columns as they are written: their slugs and the view over them; see rows_file.h.
 */
#include "store/rows_file.h"
#include "base/buf.h"
#include "base/ids.h"

#define SLUG_BYTES 60
#define VIEW_COLUMNS 1900 /* SQLite takes 2,000 in a result; a few are kept for tools */

/* The slug of a name that no column has yet. */
static bool
make_slug(struct database *d, char slug[SLUG_BYTES + 24], struct str name, struct err *e)
{
	slug_make(slug, SLUG_BYTES, '_', name);
	size_t stem = strlen(slug);
	for (unsigned i = 2;; i++) {
		int64_t taken;
		if (!sql_one_int(d, &taken, 0, "SELECT count(*) FROM columns WHERE slug=?",
			SQL_VALUES(V_TEXT(slug)), e))
			return false;
		if (!taken)
			return true;
		snprintf(slug + stem, SLUG_BYTES + 24 - stem, "_%u", i);
	}
}

bool
rows_insert_column(struct database *d, size_t column_id, const struct new_column *c, struct err *e)
{
	char slug[SLUG_BYTES + 24];
	const char *type = c->type ? c->type : column_type_names[COLUMN_STRING];
	return make_slug(d, slug, c->name, e) &&
	       sql_run(d, NULL,
		   "INSERT INTO columns(column_id, slug, position, name, type, vendor_type,"
		   " description, required, default_value)"
		   " VALUES(?1,?2,(SELECT coalesce(max(position), -1) + 1 FROM "
		   "columns),?3,?4,?5,?6,?7,?8)",
		   SQL_VALUES(V_INT(column_id), V_TEXT(slug), V_STR(c->name), V_TEXT(type),
		       V_OPTIONAL(c->vendor_type), V_OPTIONAL(c->description), V_INT(c->required),
		       V_OPTIONAL(c->default_value)),
		   e);
}

/* Names are quoted by doubling ", the one place where a name becomes SQL. */
bool
rows_write_view(struct database *d, struct arena *a, struct err *e)
{
	struct buf text;
	struct sql_query q;
	int more;
	buf_init(&text, a);
	buf_put_text(&text, "DROP VIEW IF EXISTS data; CREATE VIEW data AS SELECT row_id");
	if (!sql_start(&q, d,
		"SELECT column_id, name FROM columns WHERE dropped=0 ORDER BY position LIMIT ?",
		SQL_VALUES(V_INT(VIEW_COLUMNS)), e))
		return false;
	while ((more = sql_step(&q, e)) == 1) {
		struct str name = sql_str(&q, 1);
		buf_format(&text, ", cells->>'$[%" PRId64 "]' AS \"", sql_int(&q, 0));
		for (size_t i = 0; i < name.n && name.p[i]; i++) {
			if (name.p[i] == '"')
				buf_put_char(&text, '"');
			buf_put_char(&text, name.p[i]);
		}
		buf_put_char(&text, '"');
	}
	buf_put_text(&text, " FROM rows");
	buf_put_char(&text, 0);
	return more == 0 && sql_script(d, text.p, e);
}
