/* bell.c: see bell.h. */
#define _GNU_SOURCE
#include "process/bell.h"
#include "process/socket.h"

#include <dirent.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".bell"
#define NAME_BYTES 64

/* NAME.bell, false when that is too long. */
static bool
file_name(char out[NAME_BYTES], const char *name, struct err *e)
{
	if (snprintf(out, NAME_BYTES, "%s%s", name, SUFFIX) >= NAME_BYTES)
		return FAIL(e, SYSTEM, "the name of a bell is too long: %.80s", name);
	return true;
}

bool
bell_open(int *fd, const char *data, const char *name, struct err *e)
{
	char file[NAME_BYTES];
	struct sockaddr_un address;
	int folder;
	if (!file_name(file, name, e) || !run_folder_open(&folder, data, e))
		return false;
	bool good = unix_address(&address, folder, file, e);
	*fd = good ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
	int on = 1;
	if (good && *fd < 0)
		good = FAIL_ERRNO(e, "no socket can be made");
	if (good && unlinkat(folder, file, 0) != 0 && errno != ENOENT)
		good = FAIL_ERRNO(e, "the old socket %s cannot be removed", file);
	/* SO_PASSCRED before the name exists: no message can come without its sender's name. */
	if (good && (setsockopt(*fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
			bind(*fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
			chmod(address.sun_path, 0600) != 0))
		good = FAIL_ERRNO(e, "the socket %s cannot be made", file);
	if (!good && *fd >= 0)
		close(*fd);
	close(folder);
	return good;
}

void
bell_close(int fd, const char *data, const char *name)
{
	char file[NAME_BYTES];
	struct err ignored = {0};
	int folder;
	close(fd);
	if (!file_name(file, name, &ignored) || !run_folder_open(&folder, data, &ignored))
		return;
	unlinkat(folder, file, 0);
	close(folder);
}

/* The kernel's word for who sent it is this user's. */
static bool
sent_by_us(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
			continue;
		struct ucred sender;
		memcpy(&sender, CMSG_DATA(c), sizeof sender);
		return sender.uid == geteuid();
	}
	return false;
}

bool
bell_next(int fd, char out[BELL_BYTES])
{
	for (;;) {
		union {
			struct cmsghdr aligned;
			char bytes[CMSG_SPACE(sizeof(struct ucred))];
		} control;
		struct iovec room = {out, BELL_BYTES - 1};
		struct msghdr message = {.msg_iov = &room,
		    .msg_iovlen = 1,
		    .msg_control = &control,
		    .msg_controllen = sizeof control};
		ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || !sent_by_us(&message))
			continue;
		out[n] = 0;
		return true;
	}
}

void
bell_ring(const char *data, const char *prefix, const char *text)
{
	struct err ignored = {0};
	int folder, fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (!run_folder_open(&folder, data, &ignored)) {
		close(fd);
		return;
	}
	DIR *names = fdopendir(folder);
	struct dirent *entry;
	while (names && (entry = readdir(names))) {
		struct sockaddr_un address;
		struct str name = str_of(entry->d_name);
		size_t suffix = strlen(SUFFIX);
		if (!str_starts(name, prefix) || name.n < suffix ||
		    strcmp(name.p + name.n - suffix, SUFFIX) != 0 ||
		    !unix_address(&address, folder, entry->d_name, &ignored))
			continue;
		/* A full or dead bell is no matter: who waits looks for itself. */
		sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		    sizeof address);
	}
	if (names)
		closedir(names);
	else
		close(folder);
	close(fd);
}
