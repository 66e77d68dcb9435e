/* web.h: the processes that answer requests: the FastCGI worker, and plain CGI. */
#ifndef ROWHOUSE_WEB_H
#define ROWHOUSE_WEB_H

#include "base/err.h"

/* Serves the listening socket 3 with the board 4 until SIGTERM; `slot` is its place on the board.
 */
bool web_run(const char *data, unsigned slot, struct err *e) MUST_CHECK;
/* Answers the one request in the environment and on stdin (RFC 3875). */
bool cgi_run(const char *data, struct err *e) MUST_CHECK;

#endif
