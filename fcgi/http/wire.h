/*
 * wire.h: one FastCGI request on one connection; the only place where libfcgi is known.
 *
 * The library's own accept, timeouts and keep-alive are not used (reference: what a C developer has
 * to know of it): we accept ourselves, with timeouts and a check of the peer, and hand the
 * connection over.  No body travels on it, so none can be left unread for the next request.
 */
#ifndef ROWHOUSE_WIRE_H
#define ROWHOUSE_WIRE_H

#include "base/err.h"

struct wire;

/* Once per process, before the first request. */
bool wire_setup(struct err *e) MUST_CHECK;

/* Accepts a connection from a non-blocking listening socket and reads the request's parameters.
 * *out NULL: nobody is there, or the peer was not worth talking to. */
bool wire_accept(struct wire **out, int listen_fd, struct err *e) MUST_CHECK;
/* "NAME=value" strings ended by NULL; good until wire_close(). */
char **wire_parameters(struct wire *w);
/* The connection, to see whether the client has left (POLLRDHUP). */
int wire_fd(const struct wire *w);
/* Sends head and body; false when the peer is gone. */
bool wire_send(struct wire *w, struct str head, struct str body);
void wire_close(struct wire *w);

#endif
