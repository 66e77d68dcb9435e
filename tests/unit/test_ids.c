/* test_ids.c: ids have their form, do not repeat, and no sign is likelier than another. */
#include "base/ids.h"

#include <regex.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
uuids_have_the_form_of_version_4_and_differ(void **state)
{
	(void)state;
	static char all[20000][UUID_BYTES];
	regex_t form;
	assert_int_equal(regcomp(&form,
			     "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
			     "[0-9a-f]{12}$",
			     REG_EXTENDED | REG_NOSUB),
	    0);
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		uuid_make(all[i]);
		assert_int_equal(regexec(&form, all[i], 0, NULL, 0), 0);
		char again[UUID_BYTES];
		assert_true(uuid_parse(again, str_of(all[i])));
		assert_string_equal(again, all[i]);
	}
	regfree(&form);
	qsort(all, ARRAY_LENGTH(all), sizeof all[0], compare);
	for (size_t i = 1; i < ARRAY_LENGTH(all); i++)
		assert_string_not_equal(all[i], all[i - 1]);
}

static void
only_a_whole_uuid_is_read_as_one(void **state)
{
	(void)state;
	static const char good[] = "0123ABCD-ef01-4678-9abc-DEF012345678";
	char out[UUID_BYTES] = "";
	assert_true(uuid_parse(out, STR("0123ABCD-ef01-4678-9abc-DEF012345678")));
	assert_string_equal(out, "0123abcd-ef01-4678-9abc-def012345678");
	assert_true(uuid_parse(NULL, str_of(good)));
	assert_false(uuid_parse(NULL, (struct str){good, 35}));
	assert_false(uuid_parse(NULL, (struct str){good, 37}));
	assert_false(uuid_parse(NULL, STR("")));
	/* Any other byte at any place. */
	for (size_t at = 0; at < 36; at++)
		for (int c = 0; c < 256; c++) {
			char text[37];
			memcpy(text, good, sizeof text);
			text[at] = (char)c;
			bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
				   (c >= 'A' && c <= 'F');
			bool expect = good[at] == '-' ? c == '-' : hex;
			if (uuid_parse(NULL, (struct str){text, 36}) != expect)
				fail_msg("byte %d at %zu", c, at);
		}
}

/* Chi square over the signs: with k - 1 degrees of freedom it stays under k + 8 * sqrt(2k) but for
 * once in billions of runs; a modulo bias of 256 % 62 would give some 3,000. */
static void
check_signs(void (*make)(char *, size_t), const char *signs)
{
	static char text[200001];
	size_t n = sizeof text - 1, count = strlen(signs), seen[256] = {0};
	make(text, n);
	assert_int_equal(strlen(text), n);
	assert_int_equal(strspn(text, signs), n);
	for (size_t i = 0; i < n; i++)
		seen[(unsigned char)text[i]]++;
	double expect = (double)n / (double)count, sum = 0;
	for (size_t i = 0; i < count; i++) {
		double d = (double)seen[(unsigned char)signs[i]] - expect;
		sum += d * d / expect;
	}
	assert_true(sum < (double)count + 8 * 11.2);
	for (size_t length = 0; length < 200; length++) {
		memset(text, '!', 201);
		make(text, length);
		assert_int_equal(strlen(text), length);
		assert_int_equal(text[length + 1], '!');
	}
}

static void
random_signs_are_equally_likely(void **state)
{
	(void)state;
	check_signs(random_base36, "0123456789abcdefghijklmnopqrstuvwxyz");
	check_signs(
	    random_base62, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

static void
slugs_are_words_that_fit_an_address(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t limit;
		const char *slug;
	} cases[] = {
	    {"My Product List", 40, "my-product-list"},
	    {"  --a__B  ", 40, "a-b"},
	    {"", 40, "x"},
	    {"\xe4\xb8\xad\xe6\x96\x87", 40, "x"},
	    {"Gr\xc3\xb6\xc3\x9f"
	     "e 10",
		40, "gr-e-10"},
	    {"abcdef", 3, "abc"},
	    {"ab cdef", 3, "ab"},
	    {"ab cdef", 4, "ab-c"},
	    {"a b c", 2, "a"},
	    {"!", 1, "x"},
	    {"Q&A: 100% <b>", 40, "q-a-100-b"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char out[64];
		memset(out, '!', sizeof out);
		slug_make(out, cases[i].limit, '-', str_of(cases[i].text));
		assert_string_equal(out, cases[i].slug);
		assert_int_equal(out[cases[i].limit + 1], '!');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(uuids_have_the_form_of_version_4_and_differ),
	    cmocka_unit_test(only_a_whole_uuid_is_read_as_one),
	    cmocka_unit_test(random_signs_are_equally_likely),
	    cmocka_unit_test(slugs_are_words_that_fit_an_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
