/* wire.c: see wire.h. */
#define _GNU_SOURCE
#include "http/wire.h"

#include <errno.h>
#include <fcgiapp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PEER_SECONDS 5 /* to send its parameters, and to take its reply */

struct wire {
	FCGX_Request fcgi;
};

bool
wire_setup(struct err *e)
{
	return FCGX_Init() == 0 || FAIL(e, SYSTEM, "the FastCGI library cannot be set up");
}

/* Only our own user's processes and root may speak to the core. */
static bool
peer_is_good(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof peer;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

bool
wire_accept(struct wire **out, int listen_fd, struct err *e)
{
	*out = NULL;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0) {
		/* Another worker was quicker, or the client is gone again. */
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ||
		    errno == ECONNABORTED)
			return true;
		return FAIL_ERRNO(e, "a connection cannot be accepted");
	}
	struct timeval timeout = {.tv_sec = PEER_SECONDS};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	struct wire *w = peer_is_good(fd) ? calloc(1, sizeof *w) : NULL;
	if (!w) {
		close(fd);
		return true;
	}
	/*
	 * With a connection already in place FCGX_Accept_r does not accept; keepConnection keeps it
	 * from closing ours when it first tidies up, and listen_sock -1 keeps it from ever waiting.
	 */
	FCGX_InitRequest(&w->fcgi, -1, 0);
	w->fcgi.ipcFd = fd;
	w->fcgi.keepConnection = 1;
	if (FCGX_Accept_r(&w->fcgi) != 0) {
		/* The library has closed the connection already. */
		if (w->fcgi.ipcFd >= 0)
			close(w->fcgi.ipcFd);
		free(w);
		return true;
	}
	w->fcgi.keepConnection = 0;
	*out = w;
	return true;
}

char **
wire_parameters(struct wire *w)
{
	return w->fcgi.envp;
}

int
wire_fd(const struct wire *w)
{
	return w->fcgi.ipcFd;
}

static bool
put(struct wire *w, struct str s)
{
	while (s.n > 0) {
		int n = s.n > 1 << 20 ? 1 << 20 : (int)s.n;
		if (FCGX_PutStr(s.p, n, w->fcgi.out) != n)
			return false;
		s.p += n;
		s.n -= (size_t)n;
	}
	return true;
}

bool
wire_send(struct wire *w, struct str head, struct str body)
{
	return put(w, head) && put(w, body) && FCGX_FClose(w->fcgi.out) == 0;
}

void
wire_close(struct wire *w)
{
	FCGX_Finish_r(&w->fcgi);
	FCGX_Free(&w->fcgi, 1);
	free(w);
}
