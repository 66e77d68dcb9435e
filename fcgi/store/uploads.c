/*
 * uploads.c: the files of resumable uploads; see uploads.h.
 *
 * Who appends holds an OFD lock on the file from before it reads the row to after the row is
 * written, so that there is one writer, and a lock that outlives nobody.
 */
#define _GNU_SOURCE
#include "store/uploads.h"
#include "store/catalog.h"
#include "base/file.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW MIB(1)
#define WRITE_BACK MIB(16) /* so that the sync at the end finds little left to do */

static bool
path_of(char out[PATH_MAX], const struct store *s, const char *upload_id, struct err *e)
{
	return snprintf(out, PATH_MAX, "%s/uploads/%s", s->data, upload_id) < PATH_MAX ||
	       FAIL(e, SYSTEM, "the path of the data folder is too long");
}

void
store_upload_remove_file(const struct store *s, const char *upload_id)
{
	char path[PATH_MAX];
	struct err ignored = {0};
	if (path_of(path, s, upload_id, &ignored))
		unlink(path);
}

/* Before the first byte it is made; later one that is not there went with its row. */
static bool
open_file(int *fd, const struct store *s, const struct upload *u, struct err *e)
{
	char path[PATH_MAX];
	int make = u->offset == 0 ? O_CREAT : 0;
	if (!path_of(path, s, u->upload_id, e))
		return false;
	*fd = open(path, O_RDWR | make | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0 && errno == ENOENT)
		return FAIL_FIELD(e, NOT_FOUND, "upload_id", "there is no upload with this id");
	return *fd >= 0 || FAIL_ERRNO(e, "the file of the upload cannot be opened");
}

/* What was acknowledged is there, unless the disk lost what it had said to keep. */
static bool
size_of(uint64_t *size, int fd, uint64_t acknowledged, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return FAIL_ERRNO(e, "the file of the upload cannot be read");
	*size = (uint64_t)st.st_size;
	return *size >= acknowledged ||
	       FAIL(e, SYSTEM, "the file of the upload is too short: begin it anew");
}

static bool
lock_file(int fd, struct err *e)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	if (fcntl(fd, F_OFD_SETLK, &all) == 0)
		return true;
	if (errno != EAGAIN && errno != EACCES)
		return FAIL_ERRNO(e, "the file of the upload cannot be locked");
	FAIL(e, CONFLICT,
	    "another request appends to this upload at this moment; ask how far it is");
	e->retry_s = 1;
	return false;
}

/* ---- appending ---- */

struct copy {
	struct sha256 *hash, *sha256; /* of the whole upload, of this piece */
	struct sha1 *sha1;
	char *window;
};

static bool
copy_begin(struct copy *c, const struct upload *u, const struct upload_piece *p, struct err *e)
{
	*c = (struct copy){.hash = sha256_resume(u->hash), .window = malloc(WINDOW)};
	if (p->checksum == CHECKSUM_SHA256)
		c->sha256 = sha256_new();
	if (p->checksum == CHECKSUM_SHA1)
		c->sha1 = sha1_new();
	bool good = c->hash && c->window && (p->checksum != CHECKSUM_SHA256 || c->sha256) &&
		    (p->checksum != CHECKSUM_SHA1 || c->sha1);
	return good || FAIL(e, UNAVAILABLE, "out of memory");
}

/* *same: the piece is what its checksum says, or has none. */
static void
copy_end(
    struct copy *c, uint8_t state[SHA256_STATE_BYTES], const struct upload_piece *p, bool *same)
{
	uint8_t digest[SHA256_BYTES];
	*same = true;
	if (c->hash)
		sha256_save(c->hash, state);
	sha256_free(c->hash);
	if (c->sha256) {
		sha256_end(c->sha256, digest);
		*same = memcmp(digest, p->digest, SHA256_BYTES) == 0;
	}
	if (c->sha1) {
		sha1_end(c->sha1, digest);
		*same = memcmp(digest, p->digest, SHA1_BYTES) == 0;
	}
	free(c->window);
}

static bool
copy_bytes(struct copy *c, int to, uint64_t offset, const struct upload_piece *p,
    blob_progress_fn *progress, void *context, struct err *e)
{
	uint64_t done = 0;
	if (lseek(to, (off_t)offset, SEEK_SET) < 0)
		return FAIL_ERRNO(e, "the file of the upload cannot be written");
	while (done < p->bytes) {
		size_t n = p->bytes - done < WINDOW ? (size_t)(p->bytes - done) : (size_t)WINDOW;
		if (!file_read_at(p->fd, c->window, n, done, e) ||
		    !file_write_all(to, c->window, n, e))
			return false;
		sha256_add(c->hash, c->window, n);
		if (c->sha256)
			sha256_add(c->sha256, c->window, n);
		if (c->sha1)
			sha1_add(c->sha1, c->window, n);
		done += n;
		if (done % WRITE_BACK == 0)
			sync_file_range(to, (off_t)(offset + done - WRITE_BACK), (off_t)WRITE_BACK,
			    SYNC_FILE_RANGE_WRITE);
		if (progress && !progress(context, done, e))
			return false;
	}
	return true;
}

static bool
copy_piece(struct store *s, int to, struct upload *u, const struct upload_piece *p,
    blob_progress_fn *progress, void *context, struct err *e)
{
	struct copy c;
	char folder[PATH_MAX];
	uint8_t state[SHA256_STATE_BYTES];
	bool same;
	bool good =
	    copy_begin(&c, u, p, e) && copy_bytes(&c, to, u->offset, p, progress, context, e);
	copy_end(&c, state, p, &same);
	if (!good)
		return false;
	if (!same)
		return FAIL(e, CHECKSUM,
		    "the bytes do not have the checksum in Upload-Checksum; send them again");
	if (fdatasync(to) != 0)
		return FAIL_ERRNO(e, "the file of the upload cannot be synced");
	snprintf(folder, sizeof folder, "%s/uploads", s->data);
	if (u->offset == 0 && !folder_sync(folder, e))
		return false;
	memcpy(u->hash, state, sizeof u->hash);
	u->offset += p->bytes;
	return true;
}

static bool
advance(struct store *s, struct upload *u, uint64_t from, struct err *e)
{
	if (!store_begin(s, e))
		return false;
	if (catalog_upload_advance(s, u, from, e) && store_commit(s, e))
		return true;
	store_rollback(s);
	return false;
}

static bool
append(struct store *s, int to, struct upload *u, const struct upload_piece *p,
    blob_progress_fn *progress, void *context, struct arena *a, struct err *e)
{
	uint64_t from = u->offset, size;
	if (!lock_file(to, e) || !store_upload_get(s, u, u->org_id, u->upload_id, a, e))
		return false;
	if (u->offset != from)
		return FAIL(e, CONFLICT,
		    "the upload is at %" PRIu64 " bytes, not at %" PRIu64 "; go on from there",
		    u->offset, from);
	if (u->length != UPLOAD_LENGTH_UNKNOWN && p->bytes > u->length - u->offset)
		return FAIL(e, INPUT,
		    "these are %" PRIu64 " bytes, and only %" PRIu64 " are missing", p->bytes,
		    u->length - u->offset);
	if (!size_of(&size, to, from, e) || !copy_piece(s, to, u, p, progress, context, e))
		return false;
	if (advance(s, u, from, e))
		return true;
	u->offset = from;
	return false;
}

bool
store_upload_append(struct store *s, struct upload *u, const struct upload_piece *piece,
    blob_progress_fn *progress, void *context, struct arena *a, struct err *e)
{
	int to;
	if (!open_file(&to, s, u, e))
		return false;
	bool good = append(s, to, u, piece, progress, context, a, e);
	close(to);
	return good;
}

/* ---- the end ---- */

/* Bytes behind the end were never acknowledged: a length may be declared after they came. */
static bool
cut(int fd, uint64_t length, struct err *e)
{
	uint64_t size;
	return size_of(&size, fd, length, e) &&
	       (size == length || ftruncate(fd, (off_t)length) == 0 ||
		   FAIL_ERRNO(e, "the file of the upload cannot be cut"));
}

bool
store_upload_publish(
    struct store *s, const struct upload *u, char sha256[SHA256_HEX_BYTES], struct err *e)
{
	char path[PATH_MAX];
	uint8_t digest[SHA256_BYTES];
	int fd;
	struct sha256 *hash = sha256_resume(u->hash);
	if (!hash)
		return FAIL(e, UNAVAILABLE, "out of memory");
	sha256_end(hash, digest);
	hex_encode(sha256, digest, sizeof digest);
	if (!path_of(path, s, u->upload_id, e) || !open_file(&fd, s, u, e))
		return false;
	bool good = cut(fd, u->length, e) && blob_adopt(s, fd, path, sha256, u->length, e);
	close(fd);
	return good;
}
