/*
 * file.h: files, durably.  A name that a reader may find is always a whole file: written under
 * another name, fsynced, renamed, and its folder fsynced (reference: section 8 promise 1).
 */
#ifndef ROWHOUSE_FILE_H
#define ROWHOUSE_FILE_H

#include "base/arena.h"
#include "base/err.h"

/* Makes the folder and those above it, mode 0700; an existing folder is good. */
bool folder_make(const char *path, struct err *e) MUST_CHECK;
/* Makes what happened to names in the folder survive a power loss. */
bool folder_sync(const char *path, struct err *e) MUST_CHECK;
/* Removes the folder and all in it, however deep and with whatever modes it was made by this user,
 * following no links; what is not there is good. */
bool folder_remove(const char *path, struct err *e) MUST_CHECK;

/* Whether there is no more in the folder than `most`, in bytes on the disk, and nothing deeper than
 * FOLDER_DEPTH; *size is what was counted until that was known.  Others may change it meanwhile;
 * what cannot be looked at counts as nothing. */
#define FOLDER_DEPTH 32
struct folder_size {
	uint64_t bytes, entries;
};
bool folder_within(const char *path, const struct folder_size *most, struct folder_size *size);

/* Writes all n bytes, going on after short writes and EINTR. */
bool file_write_all(int fd, const void *p, size_t n, struct err *e) MUST_CHECK;
/* Reads exactly n bytes at an offset. */
bool file_read_at(int fd, void *p, size_t n, uint64_t offset, struct err *e) MUST_CHECK;
/* The whole file, at most `limit` bytes, NUL-ended, in the arena. */
bool file_read(
    struct str *out, const char *path, size_t limit, struct arena *a, struct err *e) MUST_CHECK;
/* Replaces a file durably by the given bytes. */
bool file_replace(const char *path, unsigned mode, struct str content, struct err *e) MUST_CHECK;
/* fsync, rename, fsync of the folder that holds `to`. */
bool file_publish(int fd, const char *from, const char *to, struct err *e) MUST_CHECK;

/* Which start of the machine this is, from the kernel; empty when it does not say.  What was
 * written without fsync is whole as long as this stays the same. */
#define BOOT_BYTES 40
void boot_id(char out[BOOT_BYTES]);

/* Closes *fd for arena_defer(): the descriptor is kept as a pointer-sized number. */
void fd_close_deferred(void *fd);
#define arena_defer_close(a, fd) arena_defer((a), fd_close_deferred, (void *)(intptr_t)(fd))

/* A new file for reading and writing that has no name any more; where one is made, it begins with
 * the prefix.  Closed with the arena. */
bool file_scratch(int *fd, const char *prefix, struct arena *a, struct err *e) MUST_CHECK;

#endif
