/* file.c: see file.h. */
#define _GNU_SOURCE
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

bool
folder_make(const char *path, struct err *e)
{
	char part[PATH_MAX];
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof part)
		return FAIL(e, INPUT, "the path of a folder must have 1 to %d bytes", PATH_MAX - 1);
	memcpy(part, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (part[i] != '/' && part[i] != 0)
			continue;
		char kept = part[i];
		part[i] = 0;
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return FAIL_ERRNO(e, "the folder %s cannot be made", part);
		part[i] = kept;
	}
	struct stat st;
	if (stat(path, &st) != 0)
		return FAIL_ERRNO(e, "the folder %s cannot be used", path);
	if (!S_ISDIR(st.st_mode))
		return FAIL(e, INPUT, "%s is not a folder", path);
	return true;
}

bool
folder_sync(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return FAIL_ERRNO(e, "the folder %s cannot be opened", path);
	bool good = fsync(fd) == 0;
	if (!good)
		FAIL_ERRNO(e, "the folder %s cannot be synced", path);
	close(fd);
	return good;
}

/* Empties and removes one level of a tree; `depth` bounds the recursion. */
static bool
remove_at(int parent, const char *name, int depth, struct err *e)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || FAIL_ERRNO(e, "the folder %s cannot be opened", name);
	DIR *d = fdopendir(fd);
	if (!d) {
		FAIL_ERRNO(e, "the folder %s cannot be read", name);
		close(fd);
		return false;
	}
	bool good = true;
	struct dirent *entry;
	while (good && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0 || errno == ENOENT)
			continue;
		good = (errno == EISDIR || errno == EPERM) && depth > 0
			   ? remove_at(fd, entry->d_name, depth - 1, e)
			   : FAIL_ERRNO(e, "%s cannot be removed", entry->d_name);
	}
	closedir(d);
	if (good && unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		good = FAIL_ERRNO(e, "the folder %s cannot be removed", name);
	return good;
}

bool
folder_remove(const char *path, struct err *e)
{
	return remove_at(AT_FDCWD, path, 8, e);
}

bool
file_write_all(int fd, const void *p, size_t n, struct err *e)
{
	const char *at = p;
	while (n > 0) {
		ssize_t wrote = write(fd, at, n);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return FAIL_ERRNO(e, "a file cannot be written");
		at += wrote;
		n -= (size_t)wrote;
	}
	return true;
}

bool
file_read_at(int fd, void *p, size_t n, uint64_t offset, struct err *e)
{
	char *at = p;
	while (n > 0) {
		ssize_t got = pread(fd, at, n, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return FAIL_ERRNO(e, "a file cannot be read");
		if (got == 0)
			return FAIL(e, INPUT, "a file ends too early");
		at += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return true;
}

bool
file_read(struct str *out, const char *path, size_t limit, struct arena *a, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT)
			return FAIL(e, NOT_FOUND, "there is no file %s", path);
		return FAIL_ERRNO(e, "%s cannot be opened", path);
	}
	struct stat st;
	bool good = fstat(fd, &st) == 0;
	if (!good) {
		FAIL_ERRNO(e, "%s cannot be read", path);
	} else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > limit) {
		good = FAIL(e, TOO_BIG, "%s is not a file of at most %zu bytes", path, limit);
	} else {
		char *p = arena_alloc(a, (size_t)st.st_size + 1);
		good = file_read_at(fd, p, (size_t)st.st_size, 0, e);
		*out = (struct str){p, (size_t)st.st_size};
	}
	close(fd);
	return good;
}

/* The folder part of a path, "." when it has none. */
static bool
folder_of(char out[PATH_MAX], const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	if (strlen(path) >= PATH_MAX)
		return FAIL(e, SYSTEM, "a path is too long: %.80s", path);
	if (!slash)
		snprintf(out, PATH_MAX, ".");
	else
		snprintf(out, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return true;
}

bool
file_publish(int fd, const char *from, const char *to, struct err *e)
{
	char folder[PATH_MAX];
	if (!folder_of(folder, to, e))
		return false;
	if (fsync(fd) != 0)
		return FAIL_ERRNO(e, "%s cannot be synced", from);
	if (rename(from, to) != 0)
		return FAIL_ERRNO(e, "%s cannot be renamed", from);
	return folder_sync(folder, e);
}

bool
file_replace(const char *path, unsigned mode, struct str content, struct err *e)
{
	char new_path[PATH_MAX];
	if (snprintf(new_path, sizeof new_path, "%s.new", path) >= (int)sizeof new_path)
		return FAIL(e, SYSTEM, "a path is too long: %.80s", path);
	int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return FAIL_ERRNO(e, "%s cannot be made", new_path);
	bool good =
	    file_write_all(fd, content.p, content.n, e) && file_publish(fd, new_path, path, e);
	if (!good)
		unlink(new_path);
	close(fd);
	return good;
}

void
boot_id(char out[BOOT_BYTES])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, BOOT_BYTES - 1);
	out[n > 0 ? n : 0] = 0;
	out[strcspn(out, "\n")] = 0;
	if (fd >= 0)
		close(fd);
}

void
fd_close_deferred(void *fd)
{
	close((int)(intptr_t)fd);
}
