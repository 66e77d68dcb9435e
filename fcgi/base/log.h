/*
 * log.h: one JSON line per event on stderr, written by one write(2), so lines of several processes
 * never mix.  Values are escaped; cells, keys and bodies are never logged.
 */
#ifndef ROWHOUSE_LOG_H
#define ROWHOUSE_LOG_H

#include "base/err.h"

/* Which role this process plays ("web", "jobs" ...): stands in every line.  Text must stay. */
void log_role(const char *role);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);
void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
/* A failure with the place in the source where it was found. */
void log_err(const char *what, const struct err *e);

/* One line per answered request. */
struct log_request {
	struct str id, method, path, remote;
	int status;
	size_t bytes;
	int64_t microseconds;
	const char *route; /* the table's name of it, or NULL */
};
void log_answer(const struct log_request *r);

#endif
