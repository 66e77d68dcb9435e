/*
 * route.h: the table of all addresses (its rows are in api/routes.c, the only file to touch besides
 * a handler when one is added).
 */
#ifndef ROWHOUSE_ROUTE_H
#define ROWHOUSE_ROUTE_H

#include "api/exchange.h"

enum access {
	ACCESS_ANYONE, /* no key is needed */
	ACCESS_KEY,    /* a key, or on pages and our own API a signed-in browser */
};

struct route {
	enum method method;  /* GET serves HEAD too */
	const char *pattern; /* "/datasets/{id}": a {name} is one segment, never empty */
	enum dialect dialect;
	enum access access;
	handler_fn *handler;
	const char *name;    /* stands in the log */
	const char *summary; /* one line of documentation */
	const struct field *query,
	    *body; /* what it takes; NULL: nothing of the kind, which our own API then refuses */
	/* A secret is sent or shown: nothing is kept of it for a retry, which does it again. */
	bool keeps_nothing;
};

/* In the place of a table: a form of the handler's own, that of a plugin or of an upload. */
extern const struct field own_form[];

extern const struct route routes[];
extern const size_t route_count;

/* The route of a request and the values of its pattern.  NOT_FOUND, or METHOD when the path exists
 * for other methods (then *allow lists them, for the Allow header). */
bool route_find(const struct route **out, struct str values[PATH_VALUES], enum method method,
    struct str path, struct str *allow, struct arena *a, struct err *e) MUST_CHECK;
/* In whose words an unknown path is answered: by its mount. */
enum dialect route_dialect(struct str path);

/* The error body of a dialect (api/errors.c). */
void respond_error(struct exchange *x, const struct err *e);

#endif
