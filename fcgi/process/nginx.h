/*
 * nginx.h: the nginx in front of the core: its configuration, made of conf/nginx.conf, and the
 * process, which is ours: nothing of the system's own nginx is read, written or started.
 *
 * nginx runs with the data folder as its prefix, so every path in its configuration is relative
 * and none of the user's is quoted in it (only a $ would be read as a variable), and with DATA/run
 * as its working folder, so that core.sock is found however long the path of the data folder is.
 */
#ifndef ROWHOUSE_NGINX_H
#define ROWHOUSE_NGINX_H

#include "base/err.h"

#include <limits.h>

/* The nginx program; NOT_FOUND says how to install it. */
bool nginx_find(char out[PATH_MAX], struct err *e) MUST_CHECK;

struct nginx {
	const char *data;         /* absolute */
	const char *listen;       /* listener.text */
	const char *listen_ready; /* of a second socket, or NULL */
	/* Whose X-Forwarded-For is believed: addresses, networks as 10.0.0.0/8, or unix: for a
	 * socket's, separated by spaces; or empty. */
	const char *trusted_proxies;
	bool log_to_stderr;
};

/* Writes DATA/run/nginx.conf and the link DATA/run/static.  INPUT when a trusted proxy is none. */
bool nginx_configure(const struct nginx *n, struct err *e) MUST_CHECK;

/* Becomes nginx: descriptors 3 and on are the sockets it listens on.  Returns only when that
 * failed. */
bool nginx_become(const char *data, struct err *e);

#endif
