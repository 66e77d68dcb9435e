/*
 * test_unpack.c: a compressed file is the bytes inside it, as the programs gzip, zstd, bzip2 and xz
 * pack them; a damaged one is told as such after what could be read, and a bomb stops at the limit.
 */
#include "base/buf.h"
#include "base/limits.h"
#include "formats/unpack.h"
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEXT_BYTES 700000 /* several buffers */

static const char *const programs[] = {"gzip", "zstd", "bzip2", "xz"};
static const char *folder;
static struct err e;
static char text[TEXT_BYTES];

/* A text that packs to about a third. */
static void
make_text(void)
{
	uint32_t x = 1;
	for (size_t i = 0; i < sizeof text; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = i % 50 == 49 ? '\n' : "0123,abc"[x >> 29];
	}
}

/* The text twice, each as a stream of its own; skips where the program is not installed. */
static struct str
packed_by(const char *program, struct arena *a)
{
	char command[400];
	struct str packed;
	const char *plain = folder_file(folder, "plain"), *out = folder_file(folder, "packed");
	file_put(plain, (struct str){text, sizeof text});
	snprintf(command, sizeof command, "%s -q -c %s > %s && %s -q -c %s >> %s", program, plain,
	    out, program, plain, out);
	if (system(command) != 0)
		skip();
	assert_true(file_read(&packed, out, MIB(4), a, &e));
	return packed;
}

/* What comes out of these bytes; the err says how it ended. */
static struct str
unpacked(struct str packed, const char *packing, uint64_t most, struct str *found, struct arena *a)
{
	struct buf all;
	struct input in;
	const char *path = folder_file(folder, "input");
	file_put(path, packed);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	buf_init(&all, a);
	err_clear(&e);
	input_init(&in, fd, 0, packed.n);
	struct unpacked unpacked = {0};
	bool good = unpack_open(&in, str_of(packing), (struct str){0}, most, &unpacked, a, &e);
	*found = unpacked.packing;
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
	close(fd);
	return buf_str(&all);
}

static void
assert_text_twice(struct str s)
{
	assert_int_equal(s.n, 2 * sizeof text);
	assert_memory_equal(s.p, text, sizeof text);
	assert_memory_equal(s.p + sizeof text, text, sizeof text);
}

static void
streams_one_behind_the_other_are_one_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(programs); i++) {
		struct arena a;
		struct str found;
		arena_init(&a, MIB(64));
		struct str packed = packed_by(programs[i], &a);
		assert_text_twice(unpacked(packed, "", GIB(1), &found, &a));
		assert_int_equal(e.code, ERR_OK);
		assert_true(str_is(found, programs[i]));
		assert_text_twice(unpacked(packed, programs[i], GIB(1), &found, &a));
		/* Turned off, it is what it is. */
		struct str same = unpacked(packed, "none", GIB(1), &found, &a);
		assert_true(str_equal(same, packed));
		arena_release(&a);
	}
}

static void
a_file_cut_short_gives_what_it_has_and_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(programs); i++) {
		struct arena a;
		struct str found;
		arena_init(&a, MIB(64));
		struct str packed = packed_by(programs[i], &a);
		packed.n -= 9;
		struct str got = unpacked(packed, "", GIB(1), &found, &a);
		assert_int_equal(e.code, ERR_INPUT);
		assert_non_null(strstr(e.message, "cut short"));
		assert_true(got.n >= sizeof text && got.n <= 2 * sizeof text);
		assert_memory_equal(got.p, text, sizeof text);
		arena_release(&a);
	}
}

static void
damage_is_told_and_never_handed_out_as_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(programs); i++) {
		struct arena a;
		struct str found;
		arena_init(&a, MIB(64));
		struct str packed = packed_by(programs[i], &a);
		char *both = arena_alloc(&a, packed.n + 1);
		memcpy(both, packed.p, packed.n);
		both[packed.n] = 'x'; /* behind the last stream */
		(void)unpacked((struct str){both, packed.n + 1}, "", GIB(1), &found, &a);
		assert_int_equal(e.code, ERR_INPUT);
		/* Zero bytes are no damage. */
		both[packed.n] = 0;
		assert_text_twice(
		    unpacked((struct str){both, packed.n + 1}, "", GIB(1), &found, &a));
		assert_int_equal(e.code, ERR_OK);
		memset(both + packed.n / 4, 0x55, 64);
		(void)unpacked((struct str){both, packed.n}, "", GIB(1), &found, &a);
		assert_int_equal(e.code, ERR_INPUT);
		assert_non_null(strstr(e.message, "damaged"));
		arena_release(&a);
	}
}

static void
a_bomb_stops_at_the_limit(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(programs); i++) {
		struct arena a;
		struct str found;
		arena_init(&a, MIB(64));
		struct str packed = packed_by(programs[i], &a);
		assert_text_twice(unpacked(packed, "", 2 * sizeof text, &found, &a));
		assert_int_equal(e.code, ERR_OK);
		struct str got = unpacked(packed, "", 2 * sizeof text - 1, &found, &a);
		assert_int_equal(e.code, ERR_TOO_BIG);
		assert_int_equal(got.n, 2 * sizeof text - 1);
		arena_release(&a);
	}
}

static void
an_option_that_does_not_fit_names_its_field(void **state)
{
	(void)state;
	struct arena a;
	struct str found;
	arena_init(&a, MIB(64));
	(void)unpacked(STR("id,name\n"), "gzip", GIB(1), &found, &a);
	assert_int_equal(e.code, ERR_INPUT);
	assert_string_equal(e.field, "packing");
	struct str same = unpacked(STR("id,name\n"), "", GIB(1), &found, &a);
	assert_true(str_is(same, "id,name\n") && str_is(found, "none"));
	(void)unpacked((struct str){0}, "", GIB(1), &found, &a);
	assert_int_equal(e.code, ERR_OK);
	arena_release(&a);
}

static int
begin(void **state)
{
	(void)state;
	folder = folder_begin();
	make_text();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	folder_end(folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(streams_one_behind_the_other_are_one_file),
	    cmocka_unit_test(a_file_cut_short_gives_what_it_has_and_fails),
	    cmocka_unit_test(damage_is_told_and_never_handed_out_as_the_end),
	    cmocka_unit_test(a_bomb_stops_at_the_limit),
	    cmocka_unit_test(an_option_that_does_not_fit_names_its_field),
	};
	return cmocka_run_group_tests_name("unpack", tests, begin, end);
}
