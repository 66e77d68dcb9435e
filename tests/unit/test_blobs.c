/* test_blobs.c: a stored file is there whole under its hash, once, or not at all. */
#include "catalog.h"

#include <signal.h>
#include <sys/resource.h>

static char sha256[SHA256_HEX_BYTES];

/* What lies in a folder of the blobs, without the folders in it. */
static size_t
files_in(const char *name)
{
	char command[PATH_MAX + 64];
	unsigned long n = 0;
	snprintf(command, sizeof command, "find '%s/%s' -type f | wc -l", folder, name);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &n), 1);
	pclose(f);
	return n;
}

static int
open_with(struct str content)
{
	file_put(folder_file(folder, "body"), content);
	int fd = open(folder_file(folder, "body"), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct str
content_of(const char *name)
{
	struct str text;
	MUST(file_read(&text, blob_path(store, str_of(name), &arena).p, MIB(8), &arena, &e));
	return text;
}

static void
a_range_of_the_body_becomes_a_blob(void **state)
{
	(void)state;
	struct stat st;
	int fd = open_with(STR("--head--abc--tail--"));
	MUST(blob_store(store, fd, 8, 3, sha256, NULL, NULL, &e));
	assert_string_equal(
	    sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(str_is(content_of(sha256), "abc"));
	struct str path = blob_path(store, str_of(sha256), &arena);
	assert_non_null(strstr(path.p, "/blobs/ba/ba78"));
	assert_int_equal(stat(path.p, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(fd);
}

static void
a_file_of_no_bytes_is_one_too(void **state)
{
	(void)state;
	int fd = open_with(STR(""));
	MUST(blob_store(store, fd, 0, 0, sha256, NULL, NULL, &e));
	assert_string_equal(
	    sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(content_of(sha256).n, 0);
	close(fd);
}

static void
the_same_content_is_kept_once_and_is_young_again(void **state)
{
	(void)state;
	char first[SHA256_HEX_BYTES];
	struct timespec old[2] = {{1000000000, 0}, {1000000000, 0}};
	struct stat st;
	int fd = open_with(STR("twice twice"));
	MUST(blob_store(store, fd, 0, 5, first, NULL, NULL, &e));
	struct str path = blob_path(store, str_of(first), &arena);
	assert_int_equal(utimensat(AT_FDCWD, path.p, old, 0), 0);
	assert_int_equal(stat(path.p, &st), 0);
	ino_t inode = st.st_ino;
	size_t before = files_in("blobs");
	MUST(blob_store(store, fd, 6, 5, sha256, NULL, NULL, &e));
	assert_string_equal(sha256, first);
	assert_int_equal(files_in("blobs"), before);
	assert_int_equal(stat(path.p, &st), 0);
	assert_int_equal(st.st_ino, inode);
	/* Or the sweep would take it for an orphan before its row is written. */
	assert_true(st.st_mtime > 1000000000);
	close(fd);

	/* One that a crash left cut short is replaced. */
	assert_int_equal(truncate(path.p, 2), 0);
	fd = open_with(STR("twice"));
	MUST(blob_store(store, fd, 0, 5, sha256, NULL, NULL, &e));
	assert_true(str_is(content_of(sha256), "twice"));
	close(fd);
}

static bool
note(void *context, uint64_t bytes, struct err *why)
{
	uint64_t *calls = context;
	calls[0]++;
	assert_true(bytes >= calls[1]);
	calls[1] = bytes;
	return bytes < calls[2] || FAIL(why, CANCELLED, "enough");
}

static void
a_large_file_is_told_about_and_can_be_stopped(void **state)
{
	(void)state;
	size_t n = MIB(5) + 12345;
	char *bytes = malloc(n);
	uint8_t digest[SHA256_BYTES];
	char want[SHA256_HEX_BYTES];
	assert_non_null(bytes);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 2654435761u >> 13);
	int fd = open_with((struct str){bytes, n});
	uint64_t told[3] = {0, 0, UINT64_MAX};
	MUST(blob_store(store, fd, 0, n, sha256, note, told, &e));
	assert_true(told[0] >= 5);
	assert_int_equal(told[1], n);
	sha256_of(digest, (struct str){bytes, n});
	hex_encode(want, digest, sizeof digest);
	assert_string_equal(sha256, want);
	assert_true(str_equal(content_of(sha256), (struct str){bytes, n}));
	free(bytes);

	size_t before = files_in("blobs");
	uint64_t stop[3] = {0, 0, MIB(2)};
	MUST_NOT(blob_store(store, fd, 1, n - 1, sha256, note, stop, &e), CANCELLED);
	assert_int_equal(files_in("blobs"), before);
	close(fd);
}

static void
a_body_that_is_cut_off_leaves_nothing(void **state)
{
	(void)state;
	size_t before = files_in("blobs");
	int fd = open_with(STR("short"));
	MUST_NOT(blob_store(store, fd, 0, 6, sha256, NULL, NULL, &e), INPUT);
	MUST_NOT(blob_store(store, fd, 9, 1, sha256, NULL, NULL, &e), INPUT);
	close(fd);
	err_clear(&e);
	assert_false(blob_store(store, fd, 0, 1, sha256, NULL, NULL, &e));
	assert_int_equal(files_in("blobs"), before);
}

/* The disk is full for this process: no file may become longer than 64 KiB. */
static void
store_without_room(void *context)
{
	struct rlimit limit = {65536, 65536};
	struct err why = {0};
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(9);
	if (blob_store(store, *(int *)context, 0, 100000, sha256, NULL, NULL, &why))
		_exit(8);
	_exit(why.code == ERR_DISK_FULL ? 7 : 6);
}

static void
a_full_disk_leaves_nothing(void **state)
{
	(void)state;
	static char bytes[100000];
	size_t before = files_in("blobs");
	int fd = open_with((struct str){bytes, sizeof bytes});
	int status = in_child(store_without_room, &fd);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(files_in("blobs"), before);
	MUST(blob_store(store, fd, 0, sizeof bytes, sha256, NULL, NULL, &e));
	assert_int_equal(files_in("blobs"), before + 1);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_range_of_the_body_becomes_a_blob),
	    cmocka_unit_test(a_file_of_no_bytes_is_one_too),
	    cmocka_unit_test(the_same_content_is_kept_once_and_is_young_again),
	    cmocka_unit_test(a_large_file_is_told_about_and_can_be_stopped),
	    cmocka_unit_test(a_body_that_is_cut_off_leaves_nothing),
	    cmocka_unit_test(a_full_disk_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, catalog_begin, catalog_end);
}
