/*
 * test_archive.c: one file of a ZIP archive is read as the bytes inside: the one that is meant, or
 * the one that is asked for; what cannot be read is told with the name and the reason.
 */
#include "base/buf.h"
#include "base/limits.h"
#include "formats/unpack.h"
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zip.h>

#include <cmocka.h>

#define TEXT_BYTES 300000

static const char *folder;
static struct err e;
static struct arena a;
static char text[TEXT_BYTES];
static int fd = -1;
static struct input in;
static struct unpacked found;

struct file {
	const char *name;
	struct str bytes;
	zip_int32_t packing; /* 0: Deflate */
	const char *password;
};

static struct str
archive_of(const struct file *files, size_t count)
{
	int why;
	struct str bytes;
	const char *path = folder_file(folder, "made.zip");
	zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &why);
	assert_non_null(z);
	for (size_t i = 0; i < count; i++) {
		zip_source_t *source = zip_source_buffer(z, files[i].bytes.p, files[i].bytes.n, 0);
		zip_int64_t at = zip_file_add(z, files[i].name, source, ZIP_FL_ENC_UTF_8);
		assert_true(at >= 0);
		if (files[i].packing)
			assert_int_equal(
			    zip_set_file_compression(z, (zip_uint64_t)at, files[i].packing, 0), 0);
		if (files[i].password)
			assert_int_equal(zip_file_set_encryption(z, (zip_uint64_t)at,
					     ZIP_EM_AES_256, files[i].password),
			    0);
	}
	assert_int_equal(zip_close(z), 0);
	assert_true(file_read(&bytes, path, MIB(64), &a, &e));
	return bytes;
}

static bool
open_bytes(struct str bytes, const char *packing, const char *member, uint64_t most)
{
	const char *path = folder_file(folder, "input");
	/* In the middle of another file, as a part of a form lies. */
	char *around = arena_alloc(&a, bytes.n + 20);
	memset(around, '#', bytes.n + 20);
	memcpy(around + 10, bytes.p, bytes.n);
	file_put(path, (struct str){around, bytes.n + 20});
	if (fd >= 0)
		close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	err_clear(&e);
	input_init(&in, fd, 10, bytes.n);
	return unpack_open(&in, str_of(packing), str_of(member), most, &found, &a, &e);
}

static struct str
read_all(void)
{
	struct buf all;
	bool good = true;
	buf_init(&all, &a);
	while (good && in.length > 0) {
		char piece[1000];
		size_t got;
		good = input_read(&in, piece, sizeof piece, &got, &e);
		if (good) {
			/* The end is told with the last byte, never after it. */
			assert_true(got > 0);
			buf_put(&all, piece, got);
		}
	}
	if (good)
		assert_int_equal(in.done, in.total);
	return buf_str(&all);
}

static void
the_only_file_of_a_person_is_meant(void **state)
{
	(void)state;
	const struct file files[] = {
	    {"folder/", STR("")},
	    {"__MACOSX/folder/._table.csv", STR("resource")},
	    {"folder/.DS_Store", STR("store")},
	    {"folder/t\xc3\xa4"
	     "ble.csv",
		{text, sizeof text}},
	};
	assert_true(open_bytes(archive_of(files, ARRAY_LENGTH(files)), "", "", GIB(1)));
	assert_string_equal(found.packing.p, "zip");
	assert_true(str_is(found.member, "folder/t\xc3\xa4"
					 "ble.csv"));
	struct str all = read_all();
	assert_int_equal(all.n, sizeof text);
	assert_memory_equal(all.p, text, sizeof text);
}

static void
of_several_files_one_is_chosen_by_its_name(void **state)
{
	(void)state;
	const struct file files[] = {{"one.csv", STR("1")}, {"two.csv", STR("2")}};
	struct str bytes = archive_of(files, 2);
	assert_false(open_bytes(bytes, "", "", GIB(1)));
	assert_int_equal(e.code, ERR_INPUT);
	assert_string_equal(e.field, "member");
	assert_non_null(strstr(e.message, "one.csv, two.csv"));
	assert_false(open_bytes(bytes, "", "three.csv", GIB(1)));
	assert_string_equal(e.field, "member");
	assert_true(open_bytes(bytes, "", "two.csv", GIB(1)));
	assert_true(str_is(read_all(), "2"));
	/* Turned off, it is what it is. */
	assert_true(open_bytes(bytes, "none", "", GIB(1)));
	assert_true(str_equal(read_all(), bytes));
	assert_false(open_bytes(bytes, "gzip", "", GIB(1)));
	assert_string_equal(e.field, "packing");
}

static void
a_file_with_a_password_is_refused_with_the_reason(void **state)
{
	(void)state;
	const struct file files[] = {{"secret.csv", STR("a,b"), 0, "pass"}};
	assert_false(open_bytes(archive_of(files, 1), "", "", GIB(1)));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.message, "secret.csv"));
	assert_non_null(strstr(e.message, "password"));
}

static void
an_archive_that_is_cut_short_or_damaged_says_so(void **state)
{
	(void)state;
	const struct file files[] = {{"table.csv", {text, sizeof text}}};
	struct str bytes = archive_of(files, 1);
	assert_false(open_bytes((struct str){bytes.p, bytes.n / 2}, "", "", GIB(1)));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.message, "cut short"));
	char *damaged = arena_alloc(&a, bytes.n);
	memcpy(damaged, bytes.p, bytes.n);
	memset(damaged + bytes.n / 2, 0x55, 64);
	struct str all = {0};
	if (open_bytes((struct str){damaged, bytes.n}, "", "", GIB(1)))
		all = read_all();
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.message, "table.csv"));
	assert_non_null(strstr(e.message, "damaged"));
	assert_true(all.n >= 1000);
	assert_memory_equal(all.p, text, 1000);
	/* Stored bytes that were changed are noticed by their checksum. */
	const struct file stored[] = {{"table.csv", {text, 1000}, ZIP_CM_STORE}};
	bytes = archive_of(stored, 1);
	memcpy(damaged, bytes.p, bytes.n);
	damaged[500] ^= 1;
	if (open_bytes((struct str){damaged, bytes.n}, "", "", GIB(1)))
		(void)read_all();
	assert_int_equal(e.code, ERR_INPUT);
}

static void
a_bomb_stops_at_the_limit(void **state)
{
	(void)state;
	const struct file files[] = {{"table.csv", {text, sizeof text}}};
	struct str bytes = archive_of(files, 1);
	assert_true(open_bytes(bytes, "", "", sizeof text));
	assert_int_equal(read_all().n, sizeof text);
	assert_int_equal(e.code, ERR_OK);
	assert_true(open_bytes(bytes, "", "", sizeof text - 1));
	assert_int_equal(read_all().n, sizeof text - 1);
	assert_int_equal(e.code, ERR_TOO_BIG);
}

static void
an_archive_of_too_many_files_is_refused(void **state)
{
	(void)state;
	struct file *files = arena_array(&a, LIMIT_ARCHIVE_MEMBERS + 1, sizeof *files);
	for (size_t i = 0; i <= LIMIT_ARCHIVE_MEMBERS; i++)
		files[i] = (struct file){arena_format(&a, "%zu/", i).p, STR(""), ZIP_CM_STORE};
	files[0] = (struct file){"table.csv", STR("a\n1\n")};
	assert_true(open_bytes(archive_of(files, LIMIT_ARCHIVE_MEMBERS), "", "", GIB(1)));
	assert_false(open_bytes(archive_of(files, LIMIT_ARCHIVE_MEMBERS + 1), "", "", GIB(1)));
	assert_int_equal(e.code, ERR_TOO_BIG);
}

static void
an_archive_without_a_file_says_so(void **state)
{
	(void)state;
	const struct file files[] = {{"folder/", STR("")}};
	assert_false(open_bytes(archive_of(files, 1), "", "", GIB(1)));
	assert_int_equal(e.code, ERR_INPUT);
	/* An archive of nothing at all. */
	assert_false(open_bytes(
	    (struct str){"PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22}, "", "", GIB(1)));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.message, "no file"));
}

static int
begin(void **state)
{
	uint32_t x = 1;
	(void)state;
	folder = folder_begin();
	for (size_t i = 0; i < sizeof text; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = i % 50 == 49 ? '\n' : "0123,abc"[x >> 29];
	}
	arena_init(&a, GIB(1));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_release(&a);
	close(fd);
	folder_end(folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_only_file_of_a_person_is_meant),
	    cmocka_unit_test(of_several_files_one_is_chosen_by_its_name),
	    cmocka_unit_test(a_file_with_a_password_is_refused_with_the_reason),
	    cmocka_unit_test(an_archive_that_is_cut_short_or_damaged_says_so),
	    cmocka_unit_test(a_bomb_stops_at_the_limit),
	    cmocka_unit_test(an_archive_of_too_many_files_is_refused),
	    cmocka_unit_test(an_archive_without_a_file_says_so),
	};
	return cmocka_run_group_tests_name("archive", tests, begin, end);
}
