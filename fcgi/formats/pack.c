/* pack.c: see pack.h. */
#define _GNU_SOURCE
#include "formats/pack.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zip.h>

#define LEVEL 1
#define COPY_BYTES ((size_t)256 << 10)

/* What libzip says, as an error of the system where it is one. */
static bool
fail(zip_error_t *why, struct err *e)
{
	int system = zip_error_code_system(why);
	if (system != 0) {
		errno = system;
		return FAIL_ERRNO(e, "the archive cannot be written");
	}
	return FAIL(e, SYSTEM, "the archive cannot be written: %s", zip_error_strerror(why));
}

static zip_source_t *
source_of(zip_t *zip, const struct pack_member *m)
{
	if (m->fd <= STDERR_FILENO)
		return zip_source_buffer(zip, m->content.p, m->content.n, 0);
	/* It reads from where the file stands. */
	int fd = lseek(m->fd, 0, SEEK_SET) == 0 ? fcntl(m->fd, F_DUPFD_CLOEXEC, 3) : -1;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "rb");
	if (!f) {
		if (fd >= 0)
			close(fd);
		zip_error_set(zip_get_error(zip), ZIP_ER_OPEN, errno);
		return NULL;
	}
	zip_source_t *source = zip_source_filep(zip, f, 0, -1);
	if (!source)
		fclose(f);
	return source;
}

static bool
add(zip_t *zip, const struct pack_member *m, struct arena *a, struct err *e)
{
	zip_source_t *source = source_of(zip, m);
	if (!source)
		return fail(zip_get_error(zip), e);
	zip_int64_t at = zip_file_add(zip, arena_text(a, m->name), source, ZIP_FL_ENC_UTF_8);
	if (at < 0) {
		zip_source_free(source);
		return fail(zip_get_error(zip), e);
	}
	return zip_set_file_compression(
		   zip, (zip_uint64_t)at, m->stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE, LEVEL) == 0 ||
	       fail(zip_get_error(zip), e);
}

static bool
write_archive(const char *path, const struct pack_member *members, size_t count, struct arena *a,
    struct err *e)
{
	int code;
	zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
	if (!zip) {
		zip_error_t why;
		zip_error_init_with_code(&why, code);
		bool good = fail(&why, e);
		zip_error_fini(&why);
		return good;
	}
	bool good = true;
	for (size_t i = 0; i < count && good; i++)
		good = add(zip, &members[i], a, e);
	if (good && zip_close(zip) == 0)
		return true;
	if (good)
		good = fail(zip_get_error(zip), e);
	zip_discard(zip);
	return good;
}

static bool
copy(int to, const char *path, struct arena *a, struct err *e)
{
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from < 0)
		return FAIL_ERRNO(e, "the archive cannot be read");
	unlink(path);
	char *block = arena_alloc(a, COPY_BYTES);
	ssize_t n;
	bool good = true;
	while (good && (n = read(from, block, COPY_BYTES)) > 0)
		good = file_write_all(to, block, (size_t)n, e);
	if (good && n < 0)
		good = FAIL_ERRNO(e, "the archive cannot be read");
	close(from);
	return good;
}

bool
pack_zip(int fd, const char *prefix, const struct pack_member *members, size_t count,
    struct arena *a, struct err *e)
{
	const char *path = arena_format(a, "%s.zip", prefix).p;
	return write_archive(path, members, count, a, e) && copy(fd, path, a, e);
}
