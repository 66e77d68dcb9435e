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

/* ---- whole trees, as somebody else may have made them: any depth, any mode ---- */

/* A folder in another, made usable for us, who own it, when it is not; never through a link.  -1:
 * it cannot be, errno says why. */
static int
folder_open_at(int parent, const char *name)
{
	char itself[40];
	struct stat st;
	int place = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place < 0)
		return -1;
	/* By the descriptor, so that it is this one whatever has its name by now. */
	snprintf(itself, sizeof itself, "/proc/self/fd/%d", place);
	int fd = -1;
	if (fstat(place, &st) == 0 &&
	    ((st.st_mode & 0700) == 0700 || chmod(itself, (st.st_mode & 07777) | 0700) == 0))
		fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int why = errno;
	close(place);
	errno = why;
	return fd;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

struct place {
	dev_t device;
	ino_t inode;
};

/* The way from the root of a tree to where a removal is; the names do not matter. */
struct trail {
	struct place *places;
	size_t n, capacity;
	struct place left; /* where the last step up came from */
};

static bool
place_of(struct place *out, int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return false;
	*out = (struct place){st.st_dev, st.st_ino};
	return true;
}

static bool
trail_add(struct trail *t, int fd, struct err *e)
{
	if (t->n == t->capacity) {
		size_t want = t->capacity ? 2 * t->capacity : 64;
		struct place *p = realloc(t->places, want * sizeof *p);
		if (!p)
			return FAIL(e, UNAVAILABLE, "out of memory");
		t->places = p;
		t->capacity = want;
	}
	return place_of(&t->places[t->n++], fd) || FAIL_ERRNO(e, "a folder cannot be looked at");
}

/* Removes what is not a folder with something in it.  1: nothing is left; 0: `name` is such a
 * folder; -1: something cannot be removed. */
static int
empty_folder(int fd, char name[NAME_MAX + 1], struct err *e)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 1;
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;
	if (!d) {
		FAIL_ERRNO(e, "a folder cannot be read");
		if (copy >= 0)
			close(copy);
		return -1;
	}
	while (result == 1 && (entry = readdir(d))) {
		const char *one = entry->d_name;
		if (is_dots(one) || unlinkat(fd, one, 0) == 0 || errno == ENOENT)
			continue;
		/* POSIX lets it be EPERM for a folder too. */
		int why = errno;
		if ((why == EISDIR || why == EPERM) && unlinkat(fd, one, AT_REMOVEDIR) == 0)
			continue;
		snprintf(name, NAME_MAX + 1, "%s", one);
		result = errno == ENOTEMPTY || errno == EEXIST ? 0 : -1;
		if (result < 0) {
			errno = errno == ENOTDIR ? why : errno;
			FAIL_ERRNO(e, "%s cannot be removed", one);
		}
	}
	closedir(d);
	return result;
}

static bool
is_same(const struct place *a, const struct place *b)
{
	return a->device == b->device && a->inode == b->inode;
}

/* Down into `name`; the new descriptor, or -1. */
static int
step_down(struct trail *t, int fd, const char *name, struct err *e)
{
	int next = folder_open_at(fd, name);
	if (next < 0) {
		FAIL_ERRNO(e, "the folder %s cannot be opened", name);
		return -1;
	}
	bool good = trail_add(t, next, e);
	/* Something is in it that is not seen. */
	if (good && is_same(&t->places[t->n - 1], &t->left))
		good = FAIL(e, SYSTEM, "the folder %s does not get empty", name);
	if (good)
		return next;
	close(next);
	return -1;
}

/* Up again. */
static int
step_up(struct trail *t, int fd, struct err *e)
{
	struct place above;
	int next = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (next < 0) {
		FAIL_ERRNO(e, "a folder cannot be left");
		return -1;
	}
	t->left = t->places[--t->n];
	if (place_of(&above, next) && is_same(&above, &t->places[t->n - 1]))
		return next;
	/* Above it is not where we came from: what is there is not ours to remove. */
	FAIL(e, CONFLICT, "a folder was moved while it was removed");
	close(next);
	return -1;
}

/* Empties the folder, without a descriptor for each level: up by "..", down again to what is left.
 */
static bool
empty_tree(int fd, struct err *e)
{
	struct trail t = {0};
	char name[NAME_MAX + 1];
	int left = -1;
	bool good = trail_add(&t, fd, e);
	while (good && ((left = empty_folder(fd, name, e)) == 0 || (left == 1 && t.n > 1))) {
		int next = left == 0 ? step_down(&t, fd, name, e) : step_up(&t, fd, e);
		close(fd);
		fd = next;
		good = fd >= 0;
	}
	if (fd >= 0)
		close(fd);
	free(t.places);
	return good && left == 1;
}

bool
folder_remove(const char *path, struct err *e)
{
	int fd = folder_open_at(AT_FDCWD, path);
	if (fd < 0)
		return errno == ENOENT || FAIL_ERRNO(e, "the folder %s cannot be opened", path);
	return empty_tree(fd, e) && (rmdir(path) == 0 || errno == ENOENT ||
					FAIL_ERRNO(e, "the folder %s cannot be removed", path));
}

/* Adds up what is in the folder, which is closed. */
static bool
measure_at(int fd, int depth, struct folder_size *size, const struct folder_size *most)
{
	DIR *d = fdopendir(fd);
	struct dirent *entry;
	bool within = depth <= FOLDER_DEPTH;
	if (!d) {
		close(fd);
		return within;
	}
	while (within && (entry = readdir(d))) {
		struct stat st;
		if (is_dots(entry->d_name) ||
		    fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		size->entries++;
		size->bytes += (uint64_t)st.st_blocks * 512;
		within = size->entries <= most->entries && size->bytes <= most->bytes;
		int below = S_ISDIR(st.st_mode) ? folder_open_at(dirfd(d), entry->d_name) : -1;
		if (below >= 0)
			within = measure_at(below, depth + 1, size, most) && within;
	}
	closedir(d);
	return within;
}

bool
folder_within(const char *path, const struct folder_size *most, struct folder_size *size)
{
	*size = (struct folder_size){0};
	int fd = folder_open_at(AT_FDCWD, path);
	return fd < 0 || measure_at(fd, 0, size, most);
}

/* ---- files ---- */

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

bool
file_scratch(int *fd, const char *prefix, struct arena *a, struct err *e)
{
	char *path = arena_text(a, arena_format(a, "%s.XXXXXX", prefix));
	*fd = mkostemp(path, O_CLOEXEC);
	if (*fd < 0)
		return FAIL_ERRNO(e, "a temporary file cannot be made");
	unlink(path);
	arena_defer_close(a, *fd);
	return true;
}
