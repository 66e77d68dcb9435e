/* test_err.c: a failure is kept once, as one line of valid text, with the right status. */
#include "base/err.h"
#include "base/utf8.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct err e;

static void
the_first_failure_is_kept(void **state)
{
	(void)state;
	err_clear(&e);
	assert_false(FAIL_FIELD(&e, NOT_FOUND, "source_id", "there is no %s", "source"));
	assert_false(FAIL(&e, SYSTEM, "a consequence"));
	assert_false(FAIL_ERRNO(&e, "another"));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_string_equal(e.field, "source_id");
	assert_string_equal(e.message, "there is no source");
	assert_non_null(strstr(e.file, "test_err.c"));
	err_clear(&e);
	assert_int_equal(e.code, ERR_OK);
	assert_string_equal(e.message, "");
}

static void
a_long_message_is_clipped_between_characters(void **state)
{
	(void)state;
	static const char *const characters[] = {
	    "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	for (size_t k = 0; k < ARRAY_LENGTH(characters); k++)
		for (size_t shift = 0; shift < 4; shift++) {
			char text[2000] = "";
			size_t n = shift, length = strlen(characters[k]);
			memset(text, 'x', shift);
			while (n + length < sizeof text) {
				memcpy(text + n, characters[k], length);
				n += length;
			}
			text[n] = 0;
			err_clear(&e);
			FAIL(&e, INPUT, "%s", text);
			size_t got = strlen(e.message);
			assert_int_equal(utf8_valid(e.message, got), got);
			assert_memory_equal(e.message, text, got);
			assert_true(got >= ERR_MESSAGE_BYTES - 4);
		}
}

static void
bytes_of_a_user_cannot_break_the_line(void **state)
{
	(void)state;
	err_clear(&e);
	FAIL(&e, INPUT, "the name 'a\nb\tc\x1b[1m \xff. \xe2\x82.' is bad");
	assert_string_equal(e.message, "the name 'a b c [1m ?. ??.' is bad");
	char every[256];
	for (int i = 1; i < 256; i++)
		every[i - 1] = (char)i;
	every[255] = 0;
	for (size_t from = 0; from < 255; from++) {
		err_clear(&e);
		FAIL(&e, INPUT, "%s%s", every + from, every);
		size_t n = strlen(e.message);
		assert_true(n > 0 && utf8_valid(e.message, n) == n);
		for (size_t i = 0; i < n; i++)
			assert_true((unsigned char)e.message[i] >= ' ');
	}
}

static void
a_long_field_is_cut(void **state)
{
	(void)state;
	char field[200];
	memset(field, 'f', sizeof field);
	field[sizeof field - 1] = 0;
	err_clear(&e);
	FAIL_FIELD(&e, INPUT, field, "x");
	assert_int_equal(strlen(e.field), ERR_FIELD_BYTES - 1);
}

static void
errno_decides_who_must_act(void **state)
{
	(void)state;
	static const struct {
		int number;
		enum err_code code;
		int status;
	} cases[] = {{ENOSPC, ERR_DISK_FULL, 507}, {EDQUOT, ERR_DISK_FULL, 507},
	    {EFBIG, ERR_DISK_FULL, 507}, {ENOMEM, ERR_UNAVAILABLE, 503},
	    {EMFILE, ERR_UNAVAILABLE, 503}, {ENFILE, ERR_UNAVAILABLE, 503}, {EIO, ERR_SYSTEM, 500},
	    {EACCES, ERR_SYSTEM, 500}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		err_clear(&e);
		errno = cases[i].number;
		FAIL_ERRNO(&e, "%s cannot be written", "it");
		assert_int_equal(e.code, cases[i].code);
		assert_int_equal(err_status(e.code), cases[i].status);
		assert_non_null(strstr(e.message, strerror(cases[i].number)));
	}
	/* The reason is still there behind a very long path. */
	char path[5000];
	memset(path, 'p', sizeof path);
	path[sizeof path - 1] = 0;
	err_clear(&e);
	errno = ENOSPC;
	FAIL_ERRNO(&e, "%s cannot be written", path);
	assert_non_null(strstr(e.message, strerror(ENOSPC)));
}

static void
words_and_codes_are_one_to_one(void **state)
{
	(void)state;
	for (int code = 0; code < ERR__MAX; code++) {
		struct err one = {.code = (enum err_code)code};
		const char *word = err_word(&one);
		assert_int_equal(err_from_word(str_of(word)), code);
		assert_true(err_status(one.code) == 200 ? code == 0 : err_status(one.code) >= 400);
		assert_true(strlen(word) < sizeof e.word);
		assert_true(strlen(err_title(one.code)) > 0);
	}
	assert_int_equal(err_from_word(STR("no such word")), ERR_SYSTEM);
	struct err exact = {.code = ERR_INPUT, .word = "invalid_map_bounds"};
	assert_string_equal(err_word(&exact), "invalid_map_bounds");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_failure_is_kept),
	    cmocka_unit_test(a_long_message_is_clipped_between_characters),
	    cmocka_unit_test(bytes_of_a_user_cannot_break_the_line),
	    cmocka_unit_test(a_long_field_is_cut),
	    cmocka_unit_test(errno_decides_who_must_act),
	    cmocka_unit_test(words_and_codes_are_one_to_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
