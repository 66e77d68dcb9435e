/* probe.c: see probe.h. */
#define _GNU_SOURCE
#include "process/probe.h"
#include "base/clock.h"

#include <errno.h>
#include <unistd.h>

#define ATTEMPT_MS 3000
#define PAUSE_MS 50

bool
probe_init(struct probe *p, int listening, struct err *e)
{
	*p = (struct probe){.address_n = sizeof p->address, .fd = -1};
	if (getsockname(listening, (struct sockaddr *)&p->address, &p->address_n) != 0)
		return FAIL_ERRNO(e, "the address of the server cannot be read");
	return true;
}

struct pollfd
probe_wants(const struct probe *p)
{
	return (struct pollfd){.fd = p->fd, .events = p->asked ? POLLIN : POLLOUT};
}

void
probe_close(struct probe *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* Ends this attempt; the next begins in a moment. */
static bool
again(struct probe *p)
{
	probe_close(p);
	p->next_ms = clock_monotonic_ms() + PAUSE_MS;
	return false;
}

static bool
begin(struct probe *p)
{
	p->fd = socket(p->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	p->asked = false;
	p->answer_n = 0;
	p->next_ms = clock_monotonic_ms() + ATTEMPT_MS;
	return p->fd >= 0 &&
	       (connect(p->fd, (const struct sockaddr *)&p->address, p->address_n) == 0 ||
		   errno == EINPROGRESS);
}

bool
probe_step(struct probe *p)
{
	static const char request[] = "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n";
	if (p->fd < 0 && clock_monotonic_ms() < p->next_ms)
		return false;
	if (p->fd >= 0 && clock_monotonic_ms() >= p->next_ms)
		return again(p);
	if (p->fd < 0 && !begin(p))
		return again(p);
	if (!p->asked) {
		ssize_t n = send(p->fd, request, sizeof request - 1, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
			return false;
		if (n != (ssize_t)sizeof request - 1)
			return again(p);
		p->asked = true;
	}
	while (p->answer_n < 12) {
		ssize_t n = recv(p->fd, p->answer + p->answer_n, 12 - p->answer_n, 0);
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0)
			return again(p);
		p->answer_n += (size_t)n;
	}
	if (memcmp(p->answer, "HTTP/1.", 7) != 0 || memcmp(p->answer + 9, "200", 3) != 0)
		return again(p);
	probe_close(p);
	return true;
}
