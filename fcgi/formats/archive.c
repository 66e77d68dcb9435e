/* archive.c: see archive.h.  libzip reads the format; here are its bytes, and what is told. */
#include "formats/archive.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <errno.h>
#include <unistd.h>
#include <zip.h>

#define SHOWN_NAME_BYTES 60

struct archive {
	int fd;
	uint64_t offset, length; /* the range of the descriptor */
	uint64_t at;             /* where libzip reads next, in the range */
	uint64_t read;           /* bytes it has read */
	zip_error_t error;       /* of the range, for libzip to ask for */
	zip_t *zip;
	size_t count;
	struct str *names;
};

struct member {
	struct archive *archive;
	zip_file_t *file;
	struct str name;
	uint64_t unpacked;
};

bool
archive_begins(struct str first)
{
	return str_starts(first, "PK\3\4") || str_starts(first, "PK\5\6");
}

/* ---- the range, as libzip asks for it ---- */

static zip_int64_t
range_read(struct archive *z, void *p, uint64_t n)
{
	ssize_t got;
	if (n > z->length - z->at)
		n = z->length - z->at;
	do
		got = pread(z->fd, p, (size_t)n, (off_t)(z->offset + z->at));
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		zip_error_set(&z->error, ZIP_ER_READ, errno);
		return -1;
	}
	z->at += (uint64_t)got;
	z->read += (uint64_t)got;
	return got;
}

static zip_int64_t
range_seek(struct archive *z, void *p, uint64_t n)
{
	zip_int64_t to = zip_source_seek_compute_offset(z->at, z->length, p, n, &z->error);
	if (to < 0)
		return -1;
	z->at = (uint64_t)to;
	return 0;
}

static zip_int64_t
range_stat(const struct archive *z, void *p, uint64_t n)
{
	zip_stat_t *s = p;
	if (n < sizeof *s)
		return -1;
	zip_stat_init(s);
	s->size = z->length;
	s->valid = ZIP_STAT_SIZE;
	return (zip_int64_t)sizeof *s;
}

static zip_int64_t
range_call(void *context, void *p, zip_uint64_t n, zip_source_cmd_t command)
{
	struct archive *z = context;
	if (command == ZIP_SOURCE_READ)
		return range_read(z, p, n);
	if (command == ZIP_SOURCE_SEEK)
		return range_seek(z, p, n);
	if (command == ZIP_SOURCE_TELL)
		return (zip_int64_t)z->at;
	if (command == ZIP_SOURCE_STAT)
		return range_stat(z, p, n);
	if (command == ZIP_SOURCE_ERROR)
		return zip_error_to_data(&z->error, p, n);
	if (command == ZIP_SOURCE_SUPPORTS)
		return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ,
		    ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
		    ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
	if (command == ZIP_SOURCE_OPEN)
		z->at = 0;
	return command == ZIP_SOURCE_OPEN || command == ZIP_SOURCE_CLOSE ||
		       command == ZIP_SOURCE_FREE
		   ? 0
		   : -1;
}

/* ---- opening ---- */

/* libzip does not always say that it was memory, but malloc does.  errno was 0 before the call. */
static bool
is_memory(zip_error_t *error)
{
	return errno == ENOMEM || zip_error_code_zip(error) == ZIP_ER_MEMORY;
}

static bool
not_opened(zip_error_t *error, struct err *e)
{
	int why = zip_error_code_zip(error);
	if (is_memory(error))
		return FAIL(e, UNAVAILABLE, "there is not enough memory to open the ZIP archive");
	if (why == ZIP_ER_READ || why == ZIP_ER_SEEK)
		return FAIL(
		    e, SYSTEM, "the uploaded file cannot be read: %s", zip_error_strerror(error));
	return FAIL(e, INPUT,
	    "the ZIP archive is cut short or damaged: the list of its files, which stands at its "
	    "end, cannot be read");
}

static void
archive_release(void *p)
{
	struct archive *z = p;
	if (z->zip)
		zip_discard(z->zip);
	zip_error_fini(&z->error);
}

static bool
take_names(struct archive *z, struct arena *a, struct err *e)
{
	zip_int64_t count = zip_get_num_entries(z->zip, 0);
	if (count > LIMIT_ARCHIVE_MEMBERS)
		return FAIL(e, TOO_BIG, "the ZIP archive holds %lld files, the limit is %d",
		    (long long)count, LIMIT_ARCHIVE_MEMBERS);
	z->count = (size_t)count;
	z->names = arena_array(a, z->count, sizeof *z->names);
	for (size_t i = 0; i < z->count; i++) {
		const char *name = zip_get_name(z->zip, i, ZIP_FL_ENC_GUESS);
		z->names[i] = utf8_clean(a, arena_copy(a, str_of(name)));
	}
	return true;
}

bool
archive_open(struct archive **out, const struct input *in, struct arena *a, struct err *e)
{
	struct archive *z = arena_alloc(a, sizeof *z);
	zip_error_t error;
	*z = (struct archive){.fd = in->fd, .offset = in->offset, .length = in->length};
	zip_error_init(&z->error);
	zip_error_init(&error);
	arena_defer(a, archive_release, z);
	errno = 0;
	zip_source_t *source = zip_source_function_create(range_call, z, &error);
	z->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
	if (source && !z->zip)
		zip_source_free(source);
	bool good = z->zip || not_opened(&error, e);
	zip_error_fini(&error);
	*out = z;
	return good && take_names(z, a, e);
}

size_t
archive_count(const struct archive *z)
{
	return z->count;
}

struct str
archive_name(const struct archive *z, size_t index)
{
	return z->names[index];
}

size_t
archive_find(const struct archive *z, struct str name)
{
	for (size_t i = 0; i < z->count; i++)
		if (str_equal_nocase(z->names[i], name))
			return i;
	return ARCHIVE_NONE;
}

uint64_t
archive_done(const struct archive *z)
{
	return z->read < z->length ? z->read : z->length;
}

/* ---- choosing ---- */

static bool
is_users(struct str name)
{
	size_t base = 0;
	if (name.n == 0 || name.p[name.n - 1] == '/' || str_starts(name, "__MACOSX/"))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/')
			base = i + 1;
	return name.p[base] != '.';
}

/* The names that could be meant, as many as a message holds. */
static void
list_names(const struct archive *z, char *out, size_t room)
{
	size_t n = 0;
	out[0] = 0;
	for (size_t i = 0; i < z->count; i++) {
		struct str name = str_clip(z->names[i], SHOWN_NAME_BYTES);
		if (!is_users(z->names[i]))
			continue;
		if (n + name.n + 16 > room) {
			snprintf(out + n, room - n, ", ...");
			return;
		}
		n += (size_t)snprintf(out + n, room - n, "%s%.*s%s", n ? ", " : "", STR_ARG(name),
		    name.n < z->names[i].n ? "..." : "");
	}
}

bool
archive_choose(const struct archive *z, struct str name, size_t *index, struct err *e)
{
	char names[ERR_MESSAGE_BYTES - 100];
	size_t users = 0;
	for (size_t i = 0; i < z->count && !name.n; i++)
		if (is_users(z->names[i])) {
			*index = i;
			users++;
		}
	if (users == 1)
		return true;
	list_names(z, names, sizeof names);
	if (!name.n && users == 0)
		return FAIL(e, INPUT, "the ZIP archive holds no file");
	if (!name.n)
		return FAIL_FIELD(e, INPUT, "member",
		    "The ZIP archive holds %zu files, choose one by its name: %s", users, names);
	for (*index = 0; *index < z->count; ++*index)
		if (str_equal(z->names[*index], name))
			return true;
	return FAIL_FIELD(
	    e, INPUT, "member", "The ZIP archive holds no file of that name; it holds: %s", names);
}

/* ---- reading ---- */

static bool
cannot_read(struct member *m, zip_error_t *error, struct err *e)
{
	struct str name = str_clip(m->name, SHOWN_NAME_BYTES);
	int why = zip_error_code_zip(error);
	if (is_memory(error))
		return FAIL(e, UNAVAILABLE, "there is not enough memory to unpack the file");
	if (why == ZIP_ER_READ)
		return FAIL(
		    e, SYSTEM, "the uploaded file cannot be read: %s", zip_error_strerror(error));
	if (why == ZIP_ER_NOPASSWD || why == ZIP_ER_ENCRNOTSUPP)
		return FAIL(e, INPUT,
		    "%.*s in the ZIP archive is encrypted: send it without a password",
		    STR_ARG(name));
	if (why == ZIP_ER_COMPNOTSUPP)
		return FAIL(e, INPUT,
		    "%.*s in the ZIP archive is packed by a method that is not known: pack it with "
		    "Deflate, as ZIP programs do by themselves",
		    STR_ARG(name));
	return FAIL(e, INPUT,
	    "%.*s in the ZIP archive is damaged: %" PRIu64 " bytes of it could be unpacked",
	    STR_ARG(name), m->unpacked);
}

void
member_close(struct member *m)
{
	if (m->file)
		(void)zip_fclose(m->file);
	m->file = NULL;
}

static void
member_release(void *m)
{
	member_close(m);
}

bool
member_open(struct member **out, struct archive *z, size_t index, struct arena *a, struct err *e)
{
	struct member *m = arena_alloc(a, sizeof *m);
	zip_stat_t s;
	*out = m;
	m->archive = z;
	m->name = z->names[index];
	arena_defer(a, member_release, m);
	errno = 0;
	/* Without a password libzip would ask for one only after it looked at the packing. */
	if (zip_stat_index(z->zip, index, 0, &s) == 0 && s.valid & ZIP_STAT_ENCRYPTION_METHOD &&
	    s.encryption_method != ZIP_EM_NONE) {
		zip_error_t encrypted = {.zip_err = ZIP_ER_ENCRNOTSUPP};
		return cannot_read(m, &encrypted, e);
	}
	m->file = zip_fopen_index(z->zip, index, 0);
	return m->file || cannot_read(m, zip_get_error(z->zip), e);
}

bool
member_read(struct member *m, void *p, size_t n, size_t *got, struct err *e)
{
	errno = 0;
	zip_int64_t r = zip_fread(m->file, p, n);
	*got = r > 0 ? (size_t)r : 0;
	m->unpacked += *got;
	return r >= 0 || cannot_read(m, zip_file_get_error(m->file), e);
}
