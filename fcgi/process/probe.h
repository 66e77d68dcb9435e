/*
 * probe.h: asks the server that was just started for /healthz, through nginx, without waiting:
 * the supervisor polls it beside everything else.  A refused or wrong answer is tried again.
 */
#ifndef ROWHOUSE_PROBE_H
#define ROWHOUSE_PROBE_H

#include "base/err.h"

#include <poll.h>
#include <sys/socket.h>

struct probe {
	struct sockaddr_storage address;
	socklen_t address_n;
	int fd;          /* -1 between two attempts */
	int64_t next_ms; /* when this attempt ends or the next begins, clock_monotonic_ms() */
	bool asked;      /* the request was sent */
	char answer[16]; /* its first bytes */
	size_t answer_n;
};

/* Towards the address a listening socket is bound to. */
bool probe_init(struct probe *p, int listening, struct err *e) MUST_CHECK;
/* What to poll for now; fd -1: nothing before next_ms. */
struct pollfd probe_wants(const struct probe *p);
/* Goes on as far as it can; true when the answer was 200. */
bool probe_step(struct probe *p);
void probe_close(struct probe *p);

#endif
