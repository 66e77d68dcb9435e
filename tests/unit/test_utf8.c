/* test_utf8.c: what is UTF-8 and what is not, with iconv(3) as the second opinion. */
#include "base/utf8.h"
#include "base/arena.h"
#include "base/limits.h"

#include <errno.h>
#include <iconv.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static iconv_t to_code_points;

/* The longest good prefix, by the C library; *count: its characters. */
static size_t
reference(const char *p, size_t n, size_t *count)
{
	char in[64], out[4 * sizeof in], *from = in, *to = out;
	size_t left = n, room = sizeof out;
	memcpy(in, p, n);
	iconv(to_code_points, NULL, NULL, NULL, NULL);
	if (iconv(to_code_points, &from, &left, &to, &room) == (size_t)-1)
		assert_true(errno == EILSEQ || errno == EINVAL);
	*count = (sizeof out - room) / 4;
	return n - left;
}

static void
check(const char *p, size_t n)
{
	size_t count, want = reference(p, n, &count), got = utf8_valid(p, n);
	if (got != want)
		fail_msg("%zu of %zu bytes, not %zu (%02x %02x %02x %02x)", got, n, want,
		    (unsigned char)p[0], n > 1 ? (unsigned char)p[1] : 0,
		    n > 2 ? (unsigned char)p[2] : 0, n > 3 ? (unsigned char)p[3] : 0);
	assert_int_equal(utf8_count((struct str){p, got}), count);
}

static void
every_pair_of_bytes_is_judged_like_the_c_library_does(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 0x10000; i++) {
		char p[5] = {(char)(i >> 8), (char)i, (char)0x80, (char)0xbf, 'x'};
		for (size_t n = 1; n <= sizeof p; n++)
			check(p, n);
	}
}

/* At every distance from the words of eight bytes that are looked at together. */
static void
a_fault_is_found_wherever_it_stands(void **state)
{
	(void)state;
	static const char *const pieces[] = {"\xff", "\xc3\xa4", "\xe2\x82", "\xe2\x82\xac",
	    "\xed\xa0\x80", "\xf0\x9f\x98\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\x80"};
	for (size_t k = 0; k < ARRAY_LENGTH(pieces); k++)
		for (size_t at = 0; at < 24; at++)
			for (size_t behind = 0; behind < 12; behind++) {
				char p[64];
				size_t length = strlen(pieces[k]);
				memset(p, 'a', sizeof p);
				memcpy(p + at, pieces[k], length);
				check(p, at + length + behind);
			}
	assert_int_equal(utf8_valid(NULL, 0), 0);
}

static void
every_code_point_is_written_as_it_is_read(void **state)
{
	(void)state;
	for (uint32_t c = 1; c < 0x110000; c++) {
		char p[4];
		size_t n = utf8_put(p, c);
		assert_true(n >= 1 && n <= 4);
		bool surrogate = c >= 0xd800 && c < 0xe000;
		assert_int_equal(utf8_valid(p, n), surrogate ? 0 : n);
		assert_int_equal(utf8_count((struct str){p, n}), 1);
		uint32_t back = (unsigned char)p[0];
		if (n > 1)
			back &= 0x7fu >> n;
		for (size_t i = 1; i < n; i++)
			back = back << 6 | ((unsigned char)p[i] & 0x3f);
		assert_int_equal(back, c);
	}
}

/* As the C library finds the faults: each byte it will not take is one U+FFFD. */
static size_t
repaired(char *out, const char *p, size_t n)
{
	size_t used = 0, count;
	while (n > 0) {
		size_t good = reference(p, n, &count);
		memcpy(out + used, p, good);
		used += good;
		p += good;
		n -= good;
		if (n == 0)
			break;
		memcpy(out + used, "\xef\xbf\xbd", 3);
		used += 3;
		p++;
		n--;
	}
	return used;
}

static void
what_is_not_utf8_is_repaired_and_the_rest_left(void **state)
{
	(void)state;
	static const char *const pieces[] = {"a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
	    "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xed\xa0\x80", "\xc0\x80", "\x80",
	    "\xf4\x90\x80\x80", "zzzzzzzz"};
	struct arena a;
	arena_init(&a, MIB(64));
	for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(pieces); j++)
			for (size_t k = 0; k < ARRAY_LENGTH(pieces); k++) {
				char text[64], want[3 * sizeof text];
				size_t n = (size_t)snprintf(
				    text, sizeof text, "%s%s%s", pieces[i], pieces[j], pieces[k]);
				struct arena_mark mark = arena_mark(&a);
				struct str clean = utf8_clean(&a, (struct str){text, n});
				assert_true(
				    str_equal(clean, (struct str){want, repaired(want, text, n)}));
				assert_int_equal(utf8_valid(clean.p, clean.n), clean.n);
				/* Good text is not copied. */
				if (utf8_valid(text, n) == n)
					assert_ptr_equal(clean.p, text);
				arena_reset(&a, mark);
			}
	assert_int_equal(utf8_clean(&a, (struct str){NULL, 0}).n, 0);
	assert_true(str_is(utf8_clean(&a, STR("\xff")), "\xef\xbf\xbd"));
	arena_release(&a);
}

static int
set_up(void **state)
{
	(void)state;
	to_code_points = iconv_open("UTF-32LE", "UTF-8");
	return to_code_points == (iconv_t)-1;
}

static int
tear_down(void **state)
{
	(void)state;
	return iconv_close(to_code_points);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_pair_of_bytes_is_judged_like_the_c_library_does),
	    cmocka_unit_test(a_fault_is_found_wherever_it_stands),
	    cmocka_unit_test(every_code_point_is_written_as_it_is_read),
	    cmocka_unit_test(what_is_not_utf8_is_repaired_and_the_rest_left),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
