/* test_uploads.c: a resumable upload is what was acknowledged of it, and becomes a blob as it lies.
 */
#define _GNU_SOURCE
#include "catalog.h"
#include "store/uploads.h"

#include <sys/stat.h>

static struct upload
begin(uint64_t length)
{
	struct upload u = {.org_id = 1,
	    .name = STR("a.csv"),
	    .content_type = STR("text/csv"),
	    .metadata = STR("filename YS5jc3Y="),
	    .length = length,
	    .reserved = length == UPLOAD_LENGTH_UNKNOWN ? 0 : length};
	WRITE(store_upload_insert(store, &u, &e));
	return u;
}

static struct upload_piece
piece_of(struct str content)
{
	file_put(folder_file(folder, "piece"), content);
	int fd = open(folder_file(folder, "piece"), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return (struct upload_piece){.fd = fd, .bytes = content.n};
}

static bool
append(struct upload *u, struct str content)
{
	struct upload_piece p = piece_of(content);
	bool good = store_upload_append(store, u, &p, NULL, NULL, &arena, &e);
	close(p.fd);
	return good;
}

static struct upload
now(const struct upload *u)
{
	struct upload out;
	MUST(store_upload_get(store, &out, 1, u->upload_id, &arena, &e));
	return out;
}

static const char *
path_of(const struct upload *u)
{
	return arena_format(&arena, "%s/uploads/%s", folder, u->upload_id).p;
}

static struct str
content_of(const char *path)
{
	struct str text;
	MUST(file_read(&text, path, MIB(8), &arena, &e));
	return text;
}

static void
pieces_become_the_blob_of_the_whole(void **state)
{
	(void)state;
	char sha256[SHA256_HEX_BYTES];
	struct stat file, blob;
	struct upload u = begin(3);
	assert_false(upload_is_complete(&u));
	MUST(append(&u, STR("a")));
	assert_int_equal(now(&u).offset, 1);
	/* Another process goes on with what the catalog has. */
	struct upload again = now(&u);
	MUST(append(&again, STR("bc")));
	assert_true(upload_is_complete(&again));
	MUST(store_upload_publish(store, &again, sha256, &e));
	/* FIPS 180-2's digest of abc. */
	assert_string_equal(
	    sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	const char *path = blob_path(store, str_of(sha256), &arena).p;
	assert_true(str_is(content_of(path), "abc"));
	/* The same file: nothing was copied. */
	assert_int_equal(stat(path, &blob), 0);
	assert_int_equal(stat(path_of(&u), &file), 0);
	assert_int_equal(blob.st_ino, file.st_ino);
	/* And once more, as after a crash. */
	MUST(store_upload_publish(store, &again, sha256, &e));
	assert_true(str_is(content_of(path), "abc"));
}

static void
an_old_file_is_a_young_blob(void **state)
{
	(void)state;
	char sha256[SHA256_HEX_BYTES];
	struct upload u = begin(9);
	MUST(append(&u, STR("long ago!")));
	struct timespec past[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	assert_int_equal(utimensat(AT_FDCWD, path_of(&u), past, 0), 0);
	MUST(store_upload_publish(store, &u, sha256, &e));
	MUST(store_sweep(store, &e));
	assert_true(file_is_there(blob_path(store, str_of(sha256), &arena).p));
}

static void
one_of_no_bytes_is_a_file_too(void **state)
{
	(void)state;
	char sha256[SHA256_HEX_BYTES];
	struct upload u = begin(0);
	assert_true(upload_is_complete(&u));
	MUST(store_upload_publish(store, &u, sha256, &e));
	assert_string_equal(
	    sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(content_of(blob_path(store, str_of(sha256), &arena).p).n, 0);
}

static void
what_was_not_acknowledged_is_written_over(void **state)
{
	(void)state;
	char sha256[SHA256_HEX_BYTES];
	struct upload u = begin(UPLOAD_LENGTH_UNKNOWN);
	MUST(append(&u, STR("ab")));
	/* A crash after the write and before the row. */
	file_put(path_of(&u), STR("abXXXXXXXX"));
	struct upload_piece p = piece_of(STR("nothing good"));
	p.checksum = CHECKSUM_SHA256;
	MUST_NOT(store_upload_append(store, &u, &p, NULL, NULL, &arena, &e), CHECKSUM);
	close(p.fd);
	assert_int_equal(now(&u).offset, 2);
	MUST(append(&u, STR("c")));
	u.length = u.reserved = 3;
	WRITE(store_upload_declare(store, &u, &e));
	MUST(store_upload_publish(store, &u, sha256, &e));
	assert_string_equal(
	    sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(str_is(content_of(blob_path(store, str_of(sha256), &arena).p), "abc"));
}

static void
a_wrong_offset_a_length_and_a_writer_are_respected(void **state)
{
	(void)state;
	struct upload u = begin(4), behind = u;
	MUST(append(&u, STR("ab")));
	MUST_NOT(append(&behind, STR("xy")), CONFLICT);
	assert_int_equal(behind.offset, 2);
	MUST_NOT(append(&u, STR("cde")), INPUT);
	/* Somebody else is at it. */
	int fd = open(path_of(&u), O_RDWR | O_CLOEXEC);
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &all), 0);
	MUST_NOT(append(&u, STR("cd")), CONFLICT);
	close(fd);
	MUST(append(&u, STR("cd")));
	assert_true(str_is(content_of(path_of(&u)), "abcd"));
}

static void
what_is_gone_or_expired_or_anothers_takes_nothing(void **state)
{
	(void)state;
	bool found;
	struct upload u = begin(4), other;
	MUST_NOT(store_upload_get(store, &other, 2, u.upload_id, &arena, &e), NOT_FOUND);
	WRITE(store_upload_delete(store, 2, u.upload_id, &found, &e));
	assert_false(found);
	WRITE(store_upload_delete(store, 1, u.upload_id, &found, &e));
	assert_true(found);
	MUST_NOT(append(&u, STR("ab")), NOT_FOUND);
	/* The file that this left goes with the sweep, at once. */
	MUST(store_sweep(store, &e));
	assert_false(file_is_there(path_of(&u)));

	struct upload late = begin(4);
	MUST(append(&late, STR("ab")));
	MUST(sql_script(&store->catalog, "UPDATE uploads SET expires_at=1 WHERE offset=2", &e));
	MUST_NOT(append(&late, STR("cd")), GONE);
	MUST(store_sweep(store, &e));
	MUST_NOT(store_upload_get(store, &other, 1, late.upload_id, &arena, &e), NOT_FOUND);
	assert_false(file_is_there(path_of(&late)));
}

static void
a_file_that_lost_bytes_is_no_upload(void **state)
{
	(void)state;
	char sha256[SHA256_HEX_BYTES];
	struct upload u = begin(4);
	MUST(append(&u, STR("abc")));
	file_put(path_of(&u), STR("ab"));
	MUST_NOT(append(&u, STR("d")), SYSTEM);
	file_put(path_of(&u), STR("abc"));
	MUST(append(&u, STR("d")));
	file_put(path_of(&u), STR("abc"));
	MUST_NOT(store_upload_publish(store, &u, sha256, &e), SYSTEM);
	/* It went, because somebody else has made a source of it. */
	store_upload_remove_file(store, u.upload_id);
	MUST_NOT(store_upload_publish(store, &u, sha256, &e), NOT_FOUND);
}

static void
what_is_reserved_counts(void **state)
{
	(void)state;
	struct usage before, after;
	bool found;
	MUST(store_usage(store, &before, 1, &e));
	struct upload u = begin(1000);
	MUST(store_usage(store, &after, 1, &e));
	assert_int_equal(after.bytes, before.bytes + 1000);
	u.reserved = 1500;
	WRITE(store_upload_declare(store, &u, &e));
	MUST(store_usage(store, &after, 1, &e));
	assert_int_equal(after.bytes, before.bytes + 1500);
	WRITE(store_upload_delete(store, 1, u.upload_id, &found, &e));
	MUST(store_usage(store, &after, 1, &e));
	assert_int_equal(after.bytes, before.bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pieces_become_the_blob_of_the_whole),
	    cmocka_unit_test(an_old_file_is_a_young_blob),
	    cmocka_unit_test(one_of_no_bytes_is_a_file_too),
	    cmocka_unit_test(what_was_not_acknowledged_is_written_over),
	    cmocka_unit_test(a_wrong_offset_a_length_and_a_writer_are_respected),
	    cmocka_unit_test(what_is_gone_or_expired_or_anothers_takes_nothing),
	    cmocka_unit_test(a_file_that_lost_bytes_is_no_upload),
	    cmocka_unit_test(what_is_reserved_counts),
	};
	return cmocka_run_group_tests(tests, catalog_begin, catalog_end);
}
