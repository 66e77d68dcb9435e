/* access.h: who sent a request, and whether it was sent before. */
#ifndef ROWHOUSE_ACCESS_H
#define ROWHOUSE_ACCESS_H

#include "api/exchange.h"

/* The cookie of a session.  The first name, which only this host can set and only over TLS or to
 * this machine itself, wherever the browser takes it (RFC 6265bis, "The __Host- Prefix"). */
#define SESSION_COOKIE_HOST "__Host-rowhouse"
#define SESSION_COOKIE "rowhouse_session"
/* Its Set-Cookie line; an empty token takes it away. */
struct str access_cookie(struct exchange *x, const char *token);
/* The session's token that came with the request, or empty. */
struct str access_session(const struct exchange *x);
/* FORBIDDEN unless the text is what forms of this session carry. */
bool access_csrf(const struct exchange *x, struct str token, struct err *e) MUST_CHECK;

/* Fills x->caller from the bearer key, or on pages and our own API from the session's cookie.
 * UNAUTHORIZED: neither; FORBIDDEN: a change that another site's page sent. */
bool access_check(struct exchange *x, struct err *e) MUST_CHECK;
/* The same without insisting: for pages that are shown to anybody. */
bool access_look(struct exchange *x, struct err *e) MUST_CHECK;
/* The bearer key of the request, empty when there is none. */
struct str access_bearer(const struct request *r);

/* For a change with an Idempotency-Key: answers as the first time (*answered), refuses another body
 * (UNPROCESSABLE) or a twin that still runs (CONFLICT), or notes that it runs now. */
bool access_replay(struct exchange *x, bool *answered, struct err *e) MUST_CHECK;
/* Keeps the answer under its key when it was done, or is wrong whenever it is sent; any other
 * failure is forgotten, so that it can be tried again. */
void access_keep(struct exchange *x);

/* The request was sent by a page of this server, as far as the browser says. */
bool access_is_our_page(const struct request *r);

/* Counts the request against rate_per_minute.  BUSY: too many. */
bool rate_check(struct exchange *x, struct err *e) MUST_CHECK;
/* Whether browsers reach this server over TLS, which a proxy in front may speak for it. */
bool access_is_https(const struct exchange *x);
/* The X-RateLimit headers, which every answer has. */
void rate_headers(struct exchange *x);

#endif
