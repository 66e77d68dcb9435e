/*
 * pack.h: files put into a ZIP archive, by libzip.
 */
#ifndef ROWHOUSE_PACK_H
#define ROWHOUSE_PACK_H

#include "base/arena.h"
#include "base/err.h"

struct pack_member {
	struct str name;
	struct str content; /* of a short one */
	int fd;             /* else, when it is over 2, of a file that is read from its start */
	bool stored;        /* without compressing it once more */
};

/*
 * Writes the archive to fd, a file or a pipe.  libzip wants a name: it writes PREFIX.zip first,
 * and, whoever is killed meanwhile, leaves files whose names begin so.
 */
bool pack_zip(int fd, const char *prefix, const struct pack_member *members, size_t count,
    struct arena *a, struct err *e) MUST_CHECK;

#endif
