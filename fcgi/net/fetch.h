/*
 * fetch.h: HTTP requests to the world, many at once: the one place that connects to anything
 * outside this machine.
 *
 * What may be connected to (reference: reliability, E1 to E3; DESIGN section 8, promise 5): https
 * to public addresses at port 443, and what the operator listed in outbound_allow, which may also
 * be private, http, and at any port.  The address is checked where the socket is made.  No redirect
 * is followed, no proxy, cookie or .netrc used; time and size have an end.
 *
 * Only rowhouse-outbound is linked with this (it needs libcurl, whose loading costs each process
 * more than all of Rowhouse).
 */
#ifndef ROWHOUSE_FETCH_H
#define ROWHOUSE_FETCH_H

#include "base/buf.h"
#include "base/err.h"

#include <poll.h>

struct fetch {
	const char *url;
	const char *bearer; /* the key for `Authorization: Bearer`, or NULL */
	struct str body;    /* JSON that is posted; empty: a GET */
	uint32_t milliseconds;
	size_t limit;        /* bytes of the answer's body; more fails */
	struct arena *arena; /* for the answer */
	/* Called once, from fetcher_step(). */
	void (*done)(struct fetch *f);
	void *context;

	/* The answer. */
	int status;        /* 0: there was none, and err says why */
	struct buf answer; /* its body */
	struct err err;

	struct fetcher *fetcher; /* the fetcher's own from here on */
	void *handle, *headers;
	bool allowed; /* its host is in outbound_allow */
};

struct fetcher;
/* `allow`: outbound_allow, which must outlive it. */
bool fetcher_open(struct fetcher **out, const char *allow, struct err *e) MUST_CHECK;

/* Begins; *f must stay until done() was called.  INPUT or FORBIDDEN when the URL may not be asked
 * at all. */
bool fetch_start(struct fetcher *fetcher, struct fetch *f, struct err *e) MUST_CHECK;

/* Waits until something can go on, one of `more` is ready, or the time is over; then goes on. */
bool fetcher_step(struct fetcher *fetcher, struct pollfd *more, size_t count, int milliseconds,
    struct err *e) MUST_CHECK;

#endif
