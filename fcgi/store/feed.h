/*
 * feed.h: many rows for one INSERT statement.  The rows stand to SQLite as a table named feed, so
 *
 *   INSERT INTO rows(line, rev, cells, absent) SELECT line, 0, cells, absent FROM feed
 *
 * stores them all without beginning and ending a statement for each, which is half of the work.
 */
#ifndef ROWHOUSE_FEED_H
#define ROWHOUSE_FEED_H

#include "store/sql.h"

struct feed_row {
	uint64_t line;
	struct str cells, absent;
};

/* What is in the table now; the texts must stay until the statement has run. */
struct feed {
	const struct feed_row *rows;
	size_t count;
};

/* Makes the table feed of this connection; the feed must outlive it. */
bool feed_register(struct database *d, struct feed *f, struct err *e) MUST_CHECK;

#endif
