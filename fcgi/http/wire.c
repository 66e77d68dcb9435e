/* wire.c: see wire.h. */
#define _GNU_SOURCE
#include "http/wire.h"

#include <errno.h>
#include <fcgiapp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
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

/* One record of the FastCGI protocol begins like this. */
struct record {
	uint8_t version, type, id[2], length[2], padding, reserved;
};

#define RECORD_BYTES 65535
#define RECORD_STDOUT 6
#define RECORD_END 3

static struct record
record(const struct wire *w, uint8_t type, size_t n)
{
	unsigned id = (unsigned)w->fcgi.requestId;
	return (struct record){
	    1, type, {(uint8_t)(id >> 8), (uint8_t)id}, {(uint8_t)(n >> 8), (uint8_t)n}, 0, 0};
}

static bool
send_parts(int fd, struct iovec *parts, size_t count)
{
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = count};
	while (m.msg_iovlen > 0) {
		ssize_t sent = sendmsg(fd, &m, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return false;
		size_t n = (size_t)sent;
		for (; m.msg_iovlen > 0 && n >= m.msg_iov->iov_len; m.msg_iovlen--)
			n -= m.msg_iov++->iov_len;
		if (m.msg_iovlen > 0) {
			m.msg_iov->iov_base = (char *)m.msg_iov->iov_base + n;
			m.msg_iov->iov_len -= n;
		}
	}
	return true;
}

/*
 * Not through the library's stream: it writes 8 KiB at a time and the end of the request apart, and
 * each of these wakes nginx up.  Nearly every reply goes out whole with one call.
 */
bool
wire_send(struct wire *w, struct str head, struct str body)
{
	struct {
		struct record output_end, request_end;
		uint8_t status[8];
	} last = {record(w, RECORD_STDOUT, 0), record(w, RECORD_END, 8), {0}};
	bool more;
	do {
		size_t from_head = head.n < RECORD_BYTES ? head.n : RECORD_BYTES;
		size_t room = RECORD_BYTES - from_head;
		size_t from_body = body.n < room ? body.n : room;
		more = from_head < head.n || from_body < body.n;
		struct record next = record(w, RECORD_STDOUT, from_head + from_body);
		/* An iovec takes char * for history's sake; nothing is changed. */
		struct iovec parts[] = {{&next, sizeof next},
		    {(char *)(uintptr_t)head.p, from_head}, {(char *)(uintptr_t)body.p, from_body},
		    {&last, more ? 0 : sizeof last}};
		if (!send_parts(w->fcgi.ipcFd, parts, ARRAY_LENGTH(parts)))
			return false;
		head.p += from_head;
		head.n -= from_head;
		body.p += from_body;
		body.n -= from_body;
	} while (more);
	return true;
}

void
wire_close(struct wire *w)
{
	char rest[1024];
	int fd = w->fcgi.ipcFd;
	FCGX_Free(&w->fcgi, 0);
	/* What nginx sent and nobody read would turn the close into a reset.  The library's own
	 * close waits for nginx to close first. */
	while (recv(fd, rest, sizeof rest, MSG_DONTWAIT) > 0)
		continue;
	close(fd);
	free(w);
}
