/* feed.c: the table of feed.h as SQLite wants it: a virtual table that is only read through. */
#include "store/feed.h"

struct feed_table {
	sqlite3_vtab base; /* first: SQLite knows no more of it */
	const struct feed *feed;
};

struct feed_cursor {
	sqlite3_vtab_cursor base;
	const struct feed_row *row, *end;
};

enum { FEED_LINE, FEED_CELLS, FEED_ABSENT };

static int
feed_connect(sqlite3 *handle, void *feed, int argc, const char *const *argv, sqlite3_vtab **out,
    char **message)
{
	(void)argc;
	(void)argv;
	(void)message;
	int rc = sqlite3_declare_vtab(
	    handle, "CREATE TABLE feed(line INTEGER, cells TEXT, absent TEXT)");
	struct feed_table *t = rc == SQLITE_OK ? calloc(1, sizeof *t) : NULL;
	if (!t)
		return rc == SQLITE_OK ? SQLITE_NOMEM : rc;
	t->feed = feed;
	*out = &t->base;
	return SQLITE_OK;
}

static int
feed_disconnect(sqlite3_vtab *t)
{
	free(t);
	return SQLITE_OK;
}

/* There is one way to read it. */
static int
feed_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
	(void)t;
	info->estimatedCost = 1;
	return SQLITE_OK;
}

static int
feed_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	(void)t;
	struct feed_cursor *c = calloc(1, sizeof *c);
	if (!c)
		return SQLITE_NOMEM;
	*out = &c->base;
	return SQLITE_OK;
}

static int
feed_close(sqlite3_vtab_cursor *c)
{
	free(c);
	return SQLITE_OK;
}

static int
feed_filter(
    sqlite3_vtab_cursor *cursor, int number, const char *text, int argc, sqlite3_value **argv)
{
	struct feed_cursor *c = (struct feed_cursor *)cursor;
	const struct feed *f = ((struct feed_table *)cursor->pVtab)->feed;
	(void)number;
	(void)text;
	(void)argc;
	(void)argv;
	c->row = f->rows;
	c->end = f->rows + f->count;
	return SQLITE_OK;
}

static int
feed_next(sqlite3_vtab_cursor *c)
{
	((struct feed_cursor *)c)->row++;
	return SQLITE_OK;
}

static int
feed_eof(sqlite3_vtab_cursor *cursor)
{
	const struct feed_cursor *c = (struct feed_cursor *)cursor;
	return c->row == c->end;
}

static int
feed_column(sqlite3_vtab_cursor *cursor, sqlite3_context *out, int column)
{
	const struct feed_row *r = ((struct feed_cursor *)cursor)->row;
	if (column == FEED_LINE)
		sqlite3_result_int64(out, (int64_t)r->line);
	else if (column == FEED_CELLS)
		sqlite3_result_text64(out, r->cells.p, r->cells.n, SQLITE_STATIC, SQLITE_UTF8);
	else if (r->absent.n > 0)
		sqlite3_result_text64(out, r->absent.p, r->absent.n, SQLITE_STATIC, SQLITE_UTF8);
	return SQLITE_OK;
}

static int
feed_row_id(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
	const struct feed_cursor *c = (struct feed_cursor *)cursor;
	*out = c->end - c->row;
	return SQLITE_OK;
}

/* Without xCreate: it is there for who registered it, and in no schema. */
static const sqlite3_module module = {
    .xConnect = feed_connect,
    .xBestIndex = feed_best_index,
    .xDisconnect = feed_disconnect,
    .xOpen = feed_open,
    .xClose = feed_close,
    .xFilter = feed_filter,
    .xNext = feed_next,
    .xEof = feed_eof,
    .xColumn = feed_column,
    .xRowid = feed_row_id,
};

bool
feed_register(struct database *d, struct feed *f, struct err *e)
{
	if (sqlite3_create_module_v2(d->handle, "feed", &module, f, NULL) != SQLITE_OK)
		return FAIL(
		    e, SYSTEM, "rows cannot be fed to SQLite: %s", sqlite3_errmsg(d->handle));
	return true;
}
