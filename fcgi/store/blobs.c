/* blobs.c: see blobs.h. */
#define _GNU_SOURCE
#include "store/blobs.h"
#include "store/catalog.h"
#include "base/file.h"
#include "base/limits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW MIB(1)
#define WRITE_BACK MIB(16) /* so that the fsync at the end finds little left to do */

struct str
blob_path(const struct store *s, struct str sha256, struct arena *a)
{
	assert(sha256.n == SHA256_HEX_BYTES - 1);
	for (size_t i = 0; i < sha256.n; i++)
		assert((sha256.p[i] >= '0' && sha256.p[i] <= '9') ||
		       (sha256.p[i] >= 'a' && sha256.p[i] <= 'f'));
	return arena_format(a, "%s/blobs/%.2s/%.*s", store_data(s), sha256.p, STR_ARG(sha256));
}

static bool
copy(int from, uint64_t offset, uint64_t length, int to, struct sha256 *hash, char *window,
    blob_progress_fn *progress, void *context, struct err *e)
{
	uint64_t done = 0;
	while (done < length) {
		size_t n = length - done < WINDOW ? (size_t)(length - done) : (size_t)WINDOW;
		if (!file_read_at(from, window, n, offset + done, e))
			return false;
		sha256_add(hash, window, n);
		if (!file_write_all(to, window, n, e))
			return false;
		done += n;
		if (done % WRITE_BACK == 0)
			sync_file_range(to, (off_t)(done - WRITE_BACK), (off_t)WRITE_BACK,
			    SYNC_FILE_RANGE_WRITE);
		if (progress && !progress(context, done, e))
			return false;
	}
	return true;
}

/* Gives the finished file its name, durably, unless a blob of that content is there already. */
static bool
publish(struct store *s, int fd, const char *temporary, const char *sha256, uint64_t length,
    struct err *e)
{
	char folder[PATH_MAX], blobs[PATH_MAX], path[PATH_MAX];
	struct stat st;
	snprintf(blobs, sizeof blobs, "%s/blobs", store_data(s));
	if (snprintf(folder, sizeof folder, "%s/%.2s", blobs, sha256) >= (int)sizeof folder ||
	    snprintf(path, sizeof path, "%s/%s", folder, sha256) >= (int)sizeof path)
		return FAIL(e, SYSTEM, "the path of the data folder is too long");
	/* In use again: the sweep, which looks under this lock, must not take it for an old orphan.
	 */
	if (!database_begin(&s->catalog, e))
		return false;
	bool there = stat(path, &st) == 0 && (uint64_t)st.st_size == length &&
		     utimensat(AT_FDCWD, path, NULL, 0) == 0;
	database_rollback(&s->catalog);
	if (there) {
		unlink(temporary);
		return folder_sync(folder, e) && folder_sync(blobs, e);
	}
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return FAIL_ERRNO(e, "the folder %s cannot be made", folder);
	return file_publish(fd, temporary, path, e) && folder_sync(blobs, e);
}

/* The sweep knows by the name whose it is. */
static bool
temporary_path(char out[PATH_MAX], const struct store *s, struct err *e)
{
	char random[17];
	random_base36(random, sizeof random - 1);
	return snprintf(out, PATH_MAX, "%s/blobs/new-%d-%s", store_data(s), (int)getpid(), random) <
		   PATH_MAX ||
	       FAIL(e, SYSTEM, "the path of the data folder is too long");
}

bool
blob_adopt(struct store *s, int fd, const char *path, const char sha256[SHA256_HEX_BYTES],
    uint64_t length, struct err *e)
{
	char temporary[PATH_MAX];
	if (!temporary_path(temporary, s, e))
		return false;
	if (link(path, temporary) != 0)
		return FAIL_ERRNO(e, "the file of the upload cannot be kept");
	/* It may have been written long ago, and an old blob that nothing names yet is swept. */
	bool good =
	    futimens(fd, NULL) == 0 || FAIL_ERRNO(e, "the file of the upload cannot be kept");
	good = good && publish(s, fd, temporary, sha256, length, e);
	if (!good)
		unlink(temporary);
	return good;
}

bool
blob_store(struct store *s, int fd, uint64_t offset, uint64_t length, char sha256[SHA256_HEX_BYTES],
    blob_progress_fn *progress, void *context, struct err *e)
{
	char temporary[PATH_MAX];
	uint8_t digest[SHA256_BYTES];
	if (!temporary_path(temporary, s, e))
		return false;
	int to = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return FAIL_ERRNO(e, "a file cannot be made in %s/blobs", store_data(s));
	struct sha256 *hash = sha256_new();
	char *window = malloc(WINDOW);
	bool good = hash && window;
	if (!good)
		FAIL(e, UNAVAILABLE, "out of memory");
	good = good && copy(fd, offset, length, to, hash, window, progress, context, e);
	free(window);
	if (good) {
		sha256_end(hash, digest);
		hex_encode(sha256, digest, sizeof digest);
		good = publish(s, to, temporary, sha256, length, e);
	} else {
		sha256_free(hash);
	}
	if (!good)
		unlink(temporary);
	close(to);
	return good;
}
