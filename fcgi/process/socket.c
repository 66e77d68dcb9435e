/* socket.c: see socket.h. */
#define _GNU_SOURCE
#include "process/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 4096
#define GIVEN_FD 3 /* where sd_listen_fds(3) says the first one is */

/* A server that was killed leaves its nginx behind for a few milliseconds: an address in use is
 * tried again this often, this long apart. */
#define BIND_ATTEMPTS 20
#define BIND_PAUSE_MS 50

bool
run_folder_open(int *fd, const char *data, struct err *e)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/run", data) >= (int)sizeof path)
		return FAIL(e, INPUT, "the path of the data folder is too long");
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd >= 0 || FAIL_ERRNO(e, "the folder %s cannot be opened", path);
}

bool
unix_address(struct sockaddr_un *out, int folder, const char *name, struct err *e)
{
	memset(out, 0, sizeof *out);
	out->sun_family = AF_UNIX;
	int n = snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", folder, name);
	if (n >= (int)sizeof out->sun_path)
		return FAIL(e, INPUT, "the name of a socket is too long: %s", name);
	return true;
}

static bool
bind_and_listen(int fd, const struct sockaddr *address, socklen_t n)
{
	for (int attempt = 1; bind(fd, address, n) != 0; attempt++) {
		if (errno != EADDRINUSE || attempt == BIND_ATTEMPTS)
			return false;
		poll(NULL, 0, BIND_PAUSE_MS);
	}
	return listen(fd, BACKLOG) == 0;
}

bool
listen_tcp(struct listener *l, unsigned *port, struct err *e)
{
	l->folder = -1;
	/* nginx takes a handed-over socket as it is.  Were it blocking, a process of nginx that
	 * lost the race for a connection would hang in accept() with all it serves. */
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return FAIL_ERRNO(e, "no socket can be made");
	int on = 1;
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t n = sizeof address;
	if (!bind_and_listen(l->fd, (const struct sockaddr *)&address, n) ||
	    getsockname(l->fd, (struct sockaddr *)&address, &n) != 0) {
		const char *other = "choose another with --port N or PORT=N";
		if (errno == EADDRINUSE)
			FAIL(e, CONFLICT, "port %u is in use by another program: %s", *port, other);
		else if (errno == EACCES)
			FAIL(e, FORBIDDEN, "port %u needs root: %s", *port, other);
		else
			FAIL_ERRNO(e, "port %u cannot be used", *port);
		close(l->fd);
		return false;
	}
	*port = ntohs(address.sin_port);
	snprintf(l->text, sizeof l->text, "127.0.0.1:%u", *port);
	return true;
}

/* The number in the environment, 0 when there is none. */
static unsigned long
environment_number(const char *name)
{
	const char *text = getenv(name);
	return text ? strtoul(text, NULL, 10) : 0;
}

/* How nginx and users write the address a socket is bound to. */
static bool
write_address(struct listener *l, struct err *e)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un un;
	} at = {0};
	char host[INET6_ADDRSTRLEN];
	socklen_t n = sizeof at;
	if (getsockname(l->fd, &at.any, &n) != 0)
		return FAIL_ERRNO(e, "the address of the socket that was handed over");
	if (at.any.sa_family == AF_INET && inet_ntop(AF_INET, &at.v4.sin_addr, host, sizeof host))
		snprintf(l->text, sizeof l->text, "%s:%u", host, ntohs(at.v4.sin_port));
	else if (at.any.sa_family == AF_INET6 &&
		 inet_ntop(AF_INET6, &at.v6.sin6_addr, host, sizeof host))
		snprintf(l->text, sizeof l->text, "[%s]:%u", host, ntohs(at.v6.sin6_port));
	else if (at.any.sa_family == AF_UNIX && at.un.sun_path[0] == '/')
		snprintf(l->text, sizeof l->text, "unix:%.107s", at.un.sun_path);
	else
		return FAIL(e, INPUT,
		    "the socket that was handed over (LISTEN_FDS) must be a TCP one or have a "
		    "path");
	return true;
}

bool
listen_given(struct listener *l, bool *given, struct err *e)
{
	int listens = 0;
	socklen_t n = sizeof listens;
	unsigned long count = environment_number("LISTEN_FDS");
	*given = environment_number("LISTEN_PID") == (unsigned long)getpid() && count > 0;
	if (!*given)
		return true;
	/* They are ours, not our children's. */
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (count > 1)
		return FAIL(
		    e, CONFLICT, "one socket can be handed over (LISTEN_FDS), not %lu", count);
	*l = (struct listener){.fd = fcntl(GIVEN_FD, F_DUPFD_CLOEXEC, GIVEN_FD + 1), .folder = -1};
	close(GIVEN_FD);
	if (l->fd < 0 || fcntl(l->fd, F_SETFL, O_NONBLOCK) != 0)
		return FAIL_ERRNO(e, "the socket that was handed over (LISTEN_FDS) cannot be used");
	if (getsockopt(l->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) != 0 || !listens)
		return FAIL(
		    e, INPUT, "the socket that was handed over (LISTEN_FDS) does not listen");
	return write_address(l, e);
}

/* A unix socket bound as `name` in l->folder, with the given mode whatever the umask. */
static bool
listen_unix(struct listener *l, const char *name, mode_t mode, struct err *e)
{
	struct sockaddr_un address;
	if (!unix_address(&address, l->folder, name, e))
		return false;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return FAIL_ERRNO(e, "no socket can be made");
	if (bind(l->fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    chmod(address.sun_path, mode) != 0 || listen(l->fd, BACKLOG) != 0) {
		FAIL_ERRNO(e, "the socket %s cannot be made", name);
		close(l->fd);
		return false;
	}
	snprintf(l->name, sizeof l->name, "%s", name);
	snprintf(l->text, sizeof l->text, "unix:%s", address.sun_path);
	return true;
}

/* Removes the socket of a server that is gone; refuses what somebody answers at or is none. */
static bool
remove_dead_socket(int folder, const char *name, const char *path, struct err *e)
{
	struct sockaddr_un address;
	struct stat st;
	if (!unix_address(&address, folder, name, e))
		return false;
	for (int attempt = 1; fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0; attempt++) {
		if (!S_ISSOCK(st.st_mode))
			return FAIL(e, CONFLICT, "%s is there already and is not a socket", path);
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return FAIL_ERRNO(e, "no socket can be made");
		bool dead = connect(fd, (struct sockaddr *)&address, sizeof address) != 0 &&
			    errno == ECONNREFUSED;
		close(fd);
		if (dead && unlinkat(folder, name, 0) != 0)
			return FAIL_ERRNO(e, "%s cannot be removed", path);
		if (!dead && attempt == BIND_ATTEMPTS)
			return FAIL(e, CONFLICT, "%s is in use by another program", path);
		if (!dead)
			poll(NULL, 0, BIND_PAUSE_MS);
	}
	return true;
}

bool
listen_path(struct listener *l, const char *path, struct err *e)
{
	char folder[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	if (strlen(path) >= sizeof folder || !*name || strpbrk(name, " \t\r\n\"'\\;{}$"))
		return FAIL(e, INPUT, "%.80s cannot be the path of a socket", path);
	if (slash)
		snprintf(
		    folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	l->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->folder < 0)
		return FAIL_ERRNO(e, "the folder %s cannot be opened", folder);
	if (remove_dead_socket(l->folder, name, path, e) && listen_unix(l, name, 0666, e))
		return true;
	close(l->folder);
	return false;
}

bool
listen_run(struct listener *l, const char *data, const char *name, struct err *e)
{
	if (!run_folder_open(&l->folder, data, e))
		return false;
	bool good = (unlinkat(l->folder, name, 0) == 0 || errno == ENOENT)
			? listen_unix(l, name, 0600, e)
			: FAIL_ERRNO(e, "the old socket %s cannot be removed", name);
	if (!good)
		close(l->folder);
	return good;
}

void
listener_close(struct listener *l)
{
	close(l->fd);
	if (l->folder < 0)
		return;
	unlinkat(l->folder, l->name, 0);
	close(l->folder);
}
