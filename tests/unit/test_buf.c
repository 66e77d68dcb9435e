/* test_buf.c: a buf holds exactly what was put into it; and the functions of `struct str`. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;

static void
it_holds_what_was_put_in_whatever_the_sizes(void **state)
{
	(void)state;
	static char plain[MIB(1)];
	size_t n = 0;
	struct buf b;
	uint32_t random = 1;
	buf_init(&b, &arena);
	assert_int_equal(buf_str(&b).n, 0);
	assert_non_null(buf_str(&b).p);
	while (n < sizeof plain - 9000) {
		random = random * 1664525 + 1013904223;
		size_t length = (random >> 8) % ((random & 7) ? 40 : 9000);
		char *at = plain + n;
		memset(at, (char)random, length);
		switch (random >> 28 & 3) {
		case 0:
			buf_put(&b, length ? at : NULL, length);
			break;
		case 1:
			buf_put_str(&b, (struct str){at, length});
			break;
		case 2:
			for (size_t i = 0; i < length; i++)
				buf_put_char(&b, at[i]);
			break;
		default:
			memcpy(buf_room(&b, length + 10), at, length);
			b.n += length;
		}
		n += length;
		assert_int_equal(b.n, n);
	}
	assert_memory_equal(buf_str(&b).p, plain, n);
}

static void
formats_of_every_length_fit(void **state)
{
	(void)state;
	for (int width = 1; width < 1200; width++) {
		struct arena_mark mark = arena_mark(&arena);
		struct buf b;
		buf_init(&b, &arena);
		buf_put_text(&b, "<");
		buf_format(&b, "%*d", width, 7);
		buf_put_text(&b, ">");
		assert_int_equal(b.n, width + 2);
		assert_int_equal(b.p[0], '<');
		assert_int_equal(b.p[width], '7');
		assert_int_equal(b.p[width + 1], '>');
		arena_reset(&arena, mark);
	}
}

static void
numbers_are_written_to_the_last_digit(void **state)
{
	(void)state;
	for (uint64_t v = 1, last = 0; v > last; last = v, v *= 10)
		for (uint64_t k = v - 1; k <= v + 1; k++) {
			char want[24];
			struct buf b;
			buf_init(&b, &arena);
			buf_put_unsigned(&b, k);
			snprintf(want, sizeof want, "%" PRIu64, k);
			assert_true(str_is(buf_str(&b), want));
			if (v > UINT64_MAX / 10 && k == v + 1)
				return;
		}
}

/* The sum of all sizes a growing buf had stays a small multiple of the last. */
static void
growing_costs_no_more_than_a_few_times_its_size(void **state)
{
	(void)state;
	struct arena own;
	struct buf b;
	arena_init(&own, MIB(5));
	buf_init(&b, &own);
	for (size_t i = 0; i < MIB(1); i++)
		buf_put_char(&b, 'x');
	assert_int_equal(b.n, MIB(1));
	arena_release(&own);
}

static void
numbers_are_read_to_the_last_digit(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {{"0", true, 0}, {"18446744073709551615", true, UINT64_MAX},
	    {"18446744073709551616", false, 0}, {"99999999999999999999", false, 0}, {"", false, 0},
	    {"-1", false, 0}, {"+1", false, 0}, {" 1", false, 0}, {"1 ", false, 0},
	    {"1.0", false, 0}, {"0x1", false, 0}, {"007", true, 7}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t v = 42;
		if (str_to_u64(&v, str_of(cases[i].text)) != cases[i].good)
			fail_msg("'%s'", cases[i].text);
		assert_int_equal(v, cases[i].good ? cases[i].value : 42);
	}
}

static void
text_is_trimmed_clipped_and_compared(void **state)
{
	(void)state;
	assert_true(str_is(str_trim(STR(" \t\r\n a b \n")), "a b"));
	assert_int_equal(str_trim(STR(" \t ")).n, 0);
	assert_true(str_equal_nocase(STR("Content-TYPE"), STR("content-type")));
	assert_false(str_equal_nocase(STR("["), STR("{")));
	assert_false(str_equal_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
	assert_true(str_equal((struct str){NULL, 0}, STR("")));
	assert_false(str_starts(STR("ab"), "abc"));
	struct str text = STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
	for (size_t limit = 0; limit <= text.n + 1; limit++) {
		struct str clipped = str_clip(text, limit);
		assert_true(clipped.n <= limit);
		assert_int_equal(utf8_valid(clipped.p, clipped.n), clipped.n);
		assert_true(limit - clipped.n < 4 || clipped.n == text.n);
	}
}

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, MIB(64));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_holds_what_was_put_in_whatever_the_sizes),
	    cmocka_unit_test(formats_of_every_length_fit),
	    cmocka_unit_test(growing_costs_no_more_than_a_few_times_its_size),
	    cmocka_unit_test(numbers_are_written_to_the_last_digit),
	    cmocka_unit_test(numbers_are_read_to_the_last_digit),
	    cmocka_unit_test(text_is_trimmed_clipped_and_compared),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
