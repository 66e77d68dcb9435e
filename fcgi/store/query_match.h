/* query_match.h: one row after another held against a query; what query.c and query_facets.c share.
 */
#ifndef ROWHOUSE_QUERY_MATCH_H
#define ROWHOUSE_QUERY_MATCH_H

#include "store/fold.h"
#include "store/key.h"
#include "store/query.h"
#include "store/sql.h"

/* Memory that grows without leaving anything behind, gone with the arena it was opened in. */
struct room {
	char *p;
	size_t capacity;
};
struct room *room_open(struct arena *a);
/* Room for n bytes, what was in it kept. */
bool room_for(struct room *r, size_t n, struct err *e) MUST_CHECK;

/* An arena of LIMIT_QUERY_BYTES that goes with the request's, for what is kept of many rows. */
struct arena *query_arena(struct arena *a);
/* Whether n bytes more, and `besides` that are elsewhere, are within the limit: else TOO_BIG. */
bool query_fits(const struct arena *kept, size_t n, size_t besides, struct err *e) MUST_CHECK;

/* Until sql_stop() all that is read of the file is of one state of it: a statement that has not
 * ended keeps SQLite's snapshot, and is put to rest with the others when a request is cut short. */
bool query_hold(struct sql_query *held, struct rows_file *f, struct err *e) MUST_CHECK;

struct matcher;
bool matcher_open(
    struct matcher **out, const struct query *q, struct arena *a, struct err *e) MUST_CHECK;

/* How a row stands to the query. */
struct match {
	bool rest;      /* filter and search let it through */
	size_t failing; /* columns whose selections do not */
	size_t column;  /* the last of those */
};
/* The row's texts must be good until the next one.  Looks at the time. */
bool matcher_row(
    struct matcher *m, const struct row *r, struct match *out, struct err *e) MUST_CHECK;

/* Whether a folded text has what a filter of texts asks for. */
bool filter_has_part(const struct filter *f, struct str folded);

/* Rows between two looks at the time. */
#define ROWS_PER_GLANCE 1024
/* How long a look at all rows may go on, and whether it still may: TIMEOUT, or what the watch says.
 */
struct query_time {
	const struct query_watch *watch;
	int64_t end_ms;
};
struct query_time query_time_of(const struct query *q);
bool query_in_time(const struct query_time *t, struct err *e) MUST_CHECK;

/* Of the row that was looked at last: a column's cell, and its key, good until the next row. */
const struct cell *matcher_cell(const struct matcher *m, size_t column);
bool matcher_key(struct matcher *m, size_t column, struct str *out, struct err *e) MUST_CHECK;

#endif
