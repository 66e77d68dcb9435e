/*
 * test_fold.c: text in which upper and lower case are alike is each character's lower case,
 * wherever it stands; against a table of its own for ASCII, and what Unicode says of some others.
 */
#include "store/fold.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;
static locale_t locale;

static void
check(struct str text, struct str want)
{
	char out[512];
	assert_true(FOLD_ROOM(text.n) <= sizeof out);
	size_t n = fold(out, text, locale);
	if (!str_equal((struct str){out, n}, want))
		fail_msg("%.*s became %.*s, not %.*s", STR_ARG(text), (int)n, out, STR_ARG(want));
}

/* Every byte of ASCII at every place of texts of every length around the word that is folded at
 * once, alone among others that do not change. */
static void
ascii_letters_become_small_and_nothing_else_changes(void **state)
{
	static const char small[] = "abcdefghijklmnopqrstuvwxyz",
			  large[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	(void)state;
	for (int c = 0; c < 128; c++)
		for (size_t n = 1; n <= 20; n++)
			for (size_t at = 0; at < n; at++) {
				char text[20], want[20];
				memset(text, '@', sizeof text);
				memset(want, '@', sizeof want);
				text[at] = (char)c;
				const char *letter = c ? strchr(large, c) : NULL;
				want[at] = letter ? small[letter - large] : (char)c;
				check((struct str){text, n}, (struct str){want, n});
			}
}

static void
other_letters_too_wherever_they_stand(void **state)
{
	static const char *const pairs[][2] = {
	    {"\u00c4", "\u00e4"},         /* Ä ä */
	    {"\u03a3", "\u03c3"},         /* Σ σ */
	    {"\u0416", "\u0436"},         /* Ж ж */
	    {"\u00df", "\u00df"},         /* ß stays */
	    {"\u6570", "\u6570"},         /* no letter with cases */
	    {"\U0001F3E0", "\U0001F3E0"}, /* four bytes */
	    {"\u023a", "\u2c65"},         /* two bytes become three */
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++)
		for (size_t before = 0; before < 20; before++)
			for (size_t after = 0; after < 20; after += 3) {
				char text[64], want[64];
				int n = snprintf(text, sizeof text, "%.*s%s%.*s", (int)before,
				    "ABCDEFGHIJKLMNOPQRST", pairs[i][0], (int)after,
				    "ABCDEFGHIJKLMNOPQRST");
				int m = snprintf(want, sizeof want, "%.*s%s%.*s", (int)before,
				    "abcdefghijklmnopqrst", pairs[i][1], (int)after,
				    "abcdefghijklmnopqrst");
				check((struct str){text, (size_t)n}, (struct str){want, (size_t)m});
			}
	check(STR(""), STR(""));
}

static int
set_up(void **state)
{
	struct err e = {0};
	(void)state;
	arena_init(&arena, KIB(64));
	return fold_open(&locale, &arena, &e) ? 0 : -1;
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
	const struct CMUnitTest all[] = {
	    cmocka_unit_test(ascii_letters_become_small_and_nothing_else_changes),
	    cmocka_unit_test(other_letters_too_wherever_they_stand),
	};
	return cmocka_run_group_tests(all, set_up, tear_down);
}
