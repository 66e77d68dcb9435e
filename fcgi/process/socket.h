/*
 * socket.h: unix and TCP sockets that listen, whatever the length of their folder's path.
 *
 * The address of a unix socket holds 107 bytes.  It is therefore written as /proc/self/fd/N/NAME,
 * where N is a descriptor of the folder: short, and the same file for bind(2) and sendto(2).
 */
#ifndef ROWHOUSE_SOCKET_H
#define ROWHOUSE_SOCKET_H

#include "base/err.h"

#include <sys/un.h>

/* A descriptor of DATA/run, good for addresses in it and for listing it. */
bool run_folder_open(int *fd, const char *data, struct err *e) MUST_CHECK;

/* The address of `name` in the folder; INPUT when the name is too long for it. */
bool unix_address(struct sockaddr_un *out, int folder, const char *name, struct err *e) MUST_CHECK;

/*
 * A socket that listens, and what nginx must be told to find it among those it was handed: nginx
 * compares addresses as text.  A unix socket keeps its folder open, as its address names it; nginx
 * itself can do nothing with that address, which also keeps it from unlinking a successor's socket.
 */
#define LISTENER_TEXT_BYTES 128

struct listener {
	int fd;                         /* close-on-exec */
	int folder;                     /* of a unix socket, else -1 */
	char name[LISTENER_TEXT_BYTES]; /* of its file in the folder */
	char text[LISTENER_TEXT_BYTES]; /* 127.0.0.1:8080 or unix:/proc/self/fd/7/web.sock */
};

/*
 * The socket a service manager made and handed over (LISTEN_FDS, sd_listen_fds(3)): a TCP one or a
 * unix one with a path.  *given false: there is none.  CONFLICT when there are several, INPUT when
 * it is of another kind.
 */
bool listen_given(struct listener *l, bool *given, struct err *e) MUST_CHECK;

/* On 127.0.0.1; port 0: any free one, then *port becomes the one in use. */
bool listen_tcp(struct listener *l, unsigned *port, struct err *e) MUST_CHECK;
/* A path that users name: what is there and not a dead socket is left alone and refused. */
bool listen_path(struct listener *l, const char *path, struct err *e) MUST_CHECK;
/* DATA/run/NAME, non-blocking, for processes of this server; an old one is replaced. */
bool listen_run(struct listener *l, const char *data, const char *name, struct err *e) MUST_CHECK;
/* Closes it and removes its file. */
void listener_close(struct listener *l);

#endif
