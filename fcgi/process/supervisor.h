/*
 * supervisor.h: the parent of all processes of one server: nginx, the web workers, the job runner.
 *
 * It owns the listening sockets, so that a child that dies drops no connection; it starts again
 * what dies, kills a worker that is past LIMIT_REQUEST_MS, and on SIGTERM, SIGINT or SIGHUP lets
 * everybody finish and ends within 5 seconds.  It parses nothing, opens no database and runs no
 * thread.
 *
 * Under systemd (conf/rowhouse.service) the socket is handed over, so that this process needs no
 * network at all, and the manager is told how it goes (process/notify.h).
 */
#ifndef ROWHOUSE_SUPERVISOR_H
#define ROWHOUSE_SUPERVISOR_H

#include "base/err.h"

struct wishes {
	bool outbound;               /* there is an engine outside to be asked */
	const char *trusted_proxies; /* see struct nginx */
};

struct supervisor {
	const char *data;   /* the data folder, made when missing */
	unsigned port;      /* on 127.0.0.1; 0: any free one */
	const char *socket; /* the path of a unix socket to listen on instead, or NULL */
			    /* one that a service manager hands over goes over both */
	bool log_to_stderr; /* instead of DATA/log */

	/* Runs once the data folder is ours alone and before any process is started; gets its
	 * absolute path and says what the settings ask for. */
	bool (*prepare)(
	    void *context, const char *data, const char *url, struct wishes *out, struct err *e);
	void *context;
};

/* Returns true after an orderly end, false when it could not start.  Prints the address on stdout
 * once the server answers there. */
bool supervisor_run(const struct supervisor *options, struct err *e) MUST_CHECK;

#endif
