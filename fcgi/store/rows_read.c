/* rows_read.c: reading a rows file; see rows.h. */
#include "store/rows_file.h"
#include "store/sql.h"
#include "base/limits.h"

#include <sys/stat.h>

#define CACHE_FILES 16

struct rank {
	int64_t first_row_id;
	uint64_t before; /* rows alive in the ranks before this one */
};

struct rows_file {
	struct database d;
	struct arena arena; /* what is kept until the file is closed or changes */
	bool loaded;
	bool looked;          /* since it was opened: what was loaded is what is in it */
	int64_t data_version; /* of the file when it was loaded */
	struct column *columns;
	size_t column_count;
	struct rank *ranks;
	size_t rank_count;
	uint64_t alive;
	int64_t edition;
};

bool
rows_open(struct rows_file **out, const char *path, struct err *e)
{
	struct rows_file *f = calloc(1, sizeof *f);
	if (!f)
		return FAIL(e, UNAVAILABLE, "out of memory");
	arena_init(&f->arena, MIB(256));
	if (!database_open(&f->d, path, DATABASE_READ, e)) {
		free(f);
		return false;
	}
	*out = f;
	return true;
}

void
rows_close(struct rows_file *f)
{
	if (!f)
		return;
	database_close(&f->d);
	arena_release(&f->arena);
	free(f);
}

void
rows_recover(struct rows_file *f)
{
	database_recover(&f->d);
}

static bool
load_columns(struct rows_file *f, struct err *e)
{
	struct sql_query q;
	int64_t count;
	int more;
	if (!sql_one_int(
		&f->d, &count, 0, "SELECT count(*) FROM columns WHERE dropped=0", NULL, 0, e) ||
	    !sql_start(&q, &f->d,
		"SELECT column_id, slug, name, type, vendor_type, s.stats, description, required,"
		" default_value FROM columns"
		" LEFT JOIN column_stats s USING(column_id) WHERE dropped=0 ORDER BY position "
		"LIMIT ?",
		SQL_VALUES(V_INT(count)), e))
		return false;
	f->columns = arena_array(&f->arena, (size_t)count, sizeof *f->columns);
	f->column_count = 0;
	while ((more = sql_step(&q, e)) == 1) {
		enum column_type type = column_type_from_name(sql_str(&q, 3));
		f->columns[f->column_count++] = (struct column){
		    .column_id = (size_t)sql_int(&q, 0),
		    .slug = arena_copy(&f->arena, sql_str(&q, 1)),
		    .name = arena_copy(&f->arena, sql_str(&q, 2)),
		    .type = type == COLUMN__MAX ? COLUMN_STRING : type,
		    .vendor_type = arena_copy(&f->arena, sql_str(&q, 4)),
		    .stats = arena_copy(&f->arena, sql_str(&q, 5)),
		    .description = arena_copy(&f->arena, sql_str(&q, 6)),
		    .required = sql_int(&q, 7) != 0,
		    .default_value = arena_copy(&f->arena, sql_str(&q, 8)),
		};
	}
	return more == 0;
}

static bool
load_ranks(struct rows_file *f, struct err *e)
{
	struct sql_query q;
	int64_t count;
	int more;
	if (!sql_one_int(&f->d, &count, 0, "SELECT count(*) FROM ranks", NULL, 0, e) ||
	    !sql_start(&q, &f->d,
		"SELECT first_row_id, alive FROM ranks ORDER BY first_row_id LIMIT ?",
		SQL_VALUES(V_INT(count)), e))
		return false;
	f->ranks = arena_array(&f->arena, (size_t)count, sizeof *f->ranks);
	f->rank_count = 0;
	f->alive = 0;
	while ((more = sql_step(&q, e)) == 1) {
		f->ranks[f->rank_count++] = (struct rank){sql_int(&q, 0), f->alive};
		f->alive += (uint64_t)sql_int(&q, 1);
	}
	return more == 0;
}

/* What is kept of the file is read again when another connection has written to it. */
static bool
load(struct rows_file *f, struct err *e)
{
	int64_t version;
	if (f->looked)
		return true;
	if (!sql_one_int(&f->d, &version, 0, "PRAGMA data_version", NULL, 0, e))
		return false;
	f->looked = f->loaded && version == f->data_version;
	if (f->looked)
		return true;
	arena_release(&f->arena);
	f->loaded = false;
	if (!load_columns(f, e) || !load_ranks(f, e) ||
	    !sql_one_int(
		&f->d, &f->edition, 0, "SELECT value FROM info WHERE name='edition'", NULL, 0, e))
		return false;
	f->data_version = version;
	f->looked = f->loaded = true;
	return true;
}

bool
rows_options(struct rows_file *f, struct str *out, struct arena *a, struct err *e)
{
	struct sql_query q;
	*out = (struct str){0};
	if (!sql_start(&q, &f->d, "SELECT value FROM info WHERE name='options'", NULL, 0, e))
		return false;
	int more = sql_step(&q, e);
	if (more == 1) {
		*out = arena_copy(a, sql_str(&q, 0));
		sql_stop(&q);
	}
	return more >= 0;
}

bool
rows_columns(
    struct rows_file *f, const struct column **out, size_t *count, struct arena *a, struct err *e)
{
	if (!load(f, e))
		return false;
	struct column *list = arena_array(a, f->column_count, sizeof *list);
	for (size_t i = 0; i < f->column_count; i++) {
		list[i] = f->columns[i];
		struct str *texts[] = {&list[i].slug, &list[i].name, &list[i].vendor_type,
		    &list[i].description, &list[i].default_value, &list[i].stats};
		for (size_t k = 0; k < ARRAY_LENGTH(texts); k++)
			*texts[k] = arena_copy(a, *texts[k]);
	}
	*out = list;
	*count = f->column_count;
	return true;
}

bool
rows_count(struct rows_file *f, uint64_t *count, struct err *e)
{
	if (!load(f, e))
		return false;
	*count = f->alive;
	return true;
}

bool
rows_edition(struct rows_file *f, int64_t *edition, struct err *e)
{
	if (!load(f, e))
		return false;
	*edition = f->edition;
	return true;
}

bool
rows_last(struct rows_file *f, int64_t *row_id, struct err *e)
{
	return sql_one_int(&f->d, row_id, 0, "SELECT max(row_id) FROM rows", NULL, 0, e);
}

bool
rows_get(struct rows_file *f, int64_t row_id, struct row *out, bool *found, struct arena *a,
    struct err *e)
{
	struct sql_query q;
	if (!sql_start(&q, &f->d,
		"SELECT row_id, line, rev, cells, absent FROM rows WHERE row_id=?",
		SQL_VALUES(V_INT(row_id)), e))
		return false;
	int more = sql_step(&q, e);
	*found = more == 1;
	if (more == 1) {
		*out = (struct row){sql_int(&q, 0), (uint64_t)sql_int(&q, 1), sql_int(&q, 2),
		    arena_copy(a, sql_str(&q, 3)), arena_copy(a, sql_str(&q, 4))};
		sql_stop(&q);
	}
	return more >= 0;
}

struct database *
rows_database(struct rows_file *f)
{
	return &f->d;
}

bool
rows_hold(struct rows_file *f, struct err *e)
{
	int64_t ignored;
	/* What is seen is settled by the first look. */
	return sql_run(&f->d, NULL, "BEGIN", NULL, 0, e) &&
	       sql_one_int(&f->d, &ignored, 0, "SELECT value FROM info LIMIT 1", NULL, 0, e);
}

void
rows_let_go(struct rows_file *f)
{
	struct err ignored = {0};
	f->looked = false;
	(void)!sql_run(&f->d, NULL, "COMMIT", NULL, 0, &ignored);
}

/* The last rank that begins at or before the position. */
static const struct rank *
rank_of(const struct rows_file *f, uint64_t position)
{
	size_t low = 0, high = f->rank_count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (f->ranks[middle].before <= position)
			low = middle;
		else
			high = middle;
	}
	return &f->ranks[low];
}

/* The id to begin at for a position, and how many rows to pass over from there: none where no row
 * of the rank is missing, which is nearly everywhere. */
static int64_t
seek(const struct rows_file *f, uint64_t position, uint64_t *pass)
{
	const struct rank *rank = rank_of(f, position), *next = rank + 1;
	uint64_t into = position - rank->before;
	bool whole = next < f->ranks + f->rank_count && next->first_row_id - rank->first_row_id ==
							    (int64_t)(next->before - rank->before);
	*pass = whole ? 0 : into;
	return rank->first_row_id + (whole ? (int64_t)into : 0);
}

/* All in one statement, so that it is of one moment. */
bool
rows_position(struct rows_file *f, int64_t row_id, uint64_t *position, bool *found, struct err *e)
{
	int64_t before;
	int64_t rank = (row_id - 1) / RANK_ROWS * RANK_ROWS + 1;
	if (!sql_one_int(&f->d, &before, -1,
		"SELECT (SELECT coalesce(sum(alive), 0) FROM ranks WHERE first_row_id<?2)"
		" + (SELECT count(*) FROM rows WHERE row_id>=?2 AND row_id<?1)"
		" FROM rows WHERE row_id=?1",
		SQL_VALUES(V_INT(row_id), V_INT(rank)), e))
		return false;
	*found = before >= 0;
	*position = *found ? (uint64_t)before : 0;
	return true;
}

/* Hands out what a query of rows finds. */
static bool
hand_out(struct sql_query *q, rows_each_fn *fn, void *context, struct err *e)
{
	int more;
	while ((more = sql_step(q, e)) == 1) {
		struct row r = {sql_int(q, 0), (uint64_t)sql_int(q, 1), sql_int(q, 2),
		    sql_str(q, 3), sql_str(q, 4)};
		if (!fn(context, &r, e)) {
			sql_stop(q);
			return e->code == ERR_OK;
		}
	}
	return more == 0;
}

bool
rows_page(struct rows_file *f, uint64_t position, size_t limit, rows_each_fn *fn, void *context,
    struct err *e)
{
	struct sql_query q;
	if (!load(f, e))
		return false;
	if (position >= f->alive)
		return true;
	uint64_t pass;
	int64_t first = seek(f, position, &pass);
	return sql_start(&q, &f->d,
		   "SELECT row_id, line, rev, cells, absent FROM rows WHERE row_id >= ?"
		   " ORDER BY row_id LIMIT ? OFFSET ?",
		   SQL_VALUES(V_INT(first), V_INT(limit), V_INT(pass)), e) &&
	       hand_out(&q, fn, context, e);
}

bool
rows_each(
    struct rows_file *f, int64_t first, int64_t end, rows_each_fn *fn, void *context, struct err *e)
{
	struct sql_query q;
	return sql_start(&q, &f->d,
		   "SELECT row_id, line, rev, cells, absent FROM rows WHERE row_id >= ?"
		   " AND row_id < ? ORDER BY row_id",
		   SQL_VALUES(V_INT(first), V_INT(end ? end : INT64_MAX)), e) &&
	       hand_out(&q, fn, context, e);
}

bool
rows_each_cells(struct rows_file *f, rows_each_fn *fn, void *context, struct err *e)
{
	struct sql_query q;
	int more;
	if (!sql_start(&q, &f->d, "SELECT cells, absent FROM rows ORDER BY row_id", NULL, 0, e))
		return false;
	while ((more = sql_step(&q, e)) == 1) {
		struct row r = {.cells = sql_str(&q, 0), .absent = sql_str(&q, 1)};
		if (!fn(context, &r, e)) {
			sql_stop(&q);
			return e->code == ERR_OK;
		}
	}
	return more == 0;
}

bool
rows_findings(struct rows_file *f, uint64_t offset, size_t limit, struct finding_row **out,
    size_t *count, struct arena *a, struct err *e)
{
	struct sql_query q;
	int more;
	*count = 0;
	if (!sql_start(&q, &f->d,
		/* While a file is read a finding has the id of the row that comes next, which is
		 * not its own when it is of what was skipped: that one begins further down, or was
		 * added by hand later and has no line.  A task says which row it means. */
		"SELECT f.line, coalesce(f.column_id, -1), f.code, f.message,"
		" coalesce(r.row_id, 0) FROM findings f LEFT JOIN rows r ON r.row_id=f.row_id"
		" AND (f.line=0 OR r.line BETWEEN 1 AND f.line)"
		" ORDER BY finding_id LIMIT ? OFFSET ?",
		SQL_VALUES(V_INT(limit), V_INT(offset)), e))
		return false;
	*out = arena_array(a, limit, sizeof **out);
	while ((more = sql_step(&q, e)) == 1)
		(*out)[(*count)++] = (struct finding_row){
		    .line = (uint64_t)sql_int(&q, 0),
		    .column = sql_int(&q, 1),
		    .code = arena_copy(a, sql_str(&q, 2)),
		    .message = arena_copy(a, sql_str(&q, 3)),
		    .row_id = sql_int(&q, 4),
		};
	return more == 0;
}

bool
rows_finding_counts(
    struct rows_file *f, struct finding_count **out, size_t *count, struct arena *a, struct err *e)
{
	struct sql_query q;
	int64_t codes;
	int more;
	*count = 0;
	if (!sql_one_int(&f->d, &codes, 0, "SELECT count(*) FROM finding_counts", NULL, 0, e) ||
	    !sql_start(&q, &f->d,
		"SELECT code, count FROM finding_counts ORDER BY count DESC, code LIMIT ?",
		SQL_VALUES(V_INT(codes)), e))
		return false;
	*out = arena_array(a, (size_t)codes, sizeof **out);
	while ((more = sql_step(&q, e)) == 1)
		(*out)[(*count)++] = (struct finding_count){
		    .code = arena_copy(a, sql_str(&q, 0)), .count = (uint64_t)sql_int(&q, 1)};
	return more == 0;
}

/* ---- the cache ---- */

struct rows_cache {
	struct {
		struct rows_file *file;
		uint64_t used;
	} slots[CACHE_FILES];
	uint64_t clock;
};

struct rows_cache *
rows_cache_new(void)
{
	return calloc(1, sizeof(struct rows_cache));
}

void
rows_cache_free(struct rows_cache *c)
{
	for (size_t i = 0; c && i < CACHE_FILES; i++)
		rows_close(c->slots[i].file);
	free(c);
}

void
rows_cache_recover(struct rows_cache *c)
{
	for (size_t i = 0; i < CACHE_FILES; i++)
		if (c->slots[i].file)
			rows_recover(c->slots[i].file);
}

void
rows_cache_prune(struct rows_cache *c)
{
	struct stat st;
	for (size_t i = 0; i < CACHE_FILES; i++)
		if (c->slots[i].file && stat(c->slots[i].file->d.path, &st) != 0) {
			rows_close(c->slots[i].file);
			c->slots[i].file = NULL;
			c->slots[i].used = 0;
		}
}

bool
rows_cache_open(struct rows_cache *c, const char *path, struct rows_file **out, struct err *e)
{
	size_t oldest = 0;
	for (size_t i = 0; i < CACHE_FILES; i++) {
		if (c->slots[i].file && strcmp(c->slots[i].file->d.path, path) == 0) {
			c->slots[i].used = ++c->clock;
			*out = c->slots[i].file;
			(*out)->looked = false;
			return true;
		}
		if (c->slots[i].used < c->slots[oldest].used)
			oldest = i;
	}
	struct rows_file *f;
	if (!rows_open(&f, path, e))
		return false;
	rows_close(c->slots[oldest].file);
	c->slots[oldest].file = f;
	c->slots[oldest].used = ++c->clock;
	*out = f;
	return true;
}
