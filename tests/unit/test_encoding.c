/*
 * test_encoding.c: text of any encoding comes out as UTF-8.  The independent answer is iconv, for
 * every byte of every code page, and for real sentences in the encodings people use for them.
 */
#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "collect.h"
#include "folder.h"
#include "formats/codepages.h"
#include "formats/encoding.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct err e;
static struct arena a;

/* What the system's own tables make of the bytes; n is SIZE_MAX when they are wrong. */
static struct str
by_iconv(const char *to, const char *from, struct str s)
{
	iconv_t c = iconv_open(to, from);
	if (c == (iconv_t)-1)
		skip();
	char *out = arena_alloc(&a, 8 * s.n + 16), *end = out;
	char *in = arena_text(&a, s);
	size_t in_left = s.n, out_left = 8 * s.n + 16;
	size_t rc = iconv(c, &in, &in_left, &end, &out_left);
	iconv_close(c);
	return (struct str){out, rc == (size_t)-1 ? SIZE_MAX : (size_t)(end - out)};
}

static struct str
decoded(struct str bytes, const char *wanted, struct encoding *found)
{
	struct input in;
	struct buf all;
	FILE *f = collect_file(bytes);
	err_clear(&e);
	buf_init(&all, &a);
	input_init(&in, fileno(f), 0, bytes.n);
	bool good = encoding_open(&in, str_of(wanted), found, &a, &e);
	while (good && in.length > 0) {
		char piece[777];
		size_t got;
		good = input_read(&in, piece, sizeof piece, &got, &e);
		assert_true(!good || got > 0);
		buf_put(&all, piece, got);
	}
	assert_true(!good || in.done == bytes.n);
	fclose(f);
	return buf_str(&all);
}

static void
assert_same(struct str got, struct str want)
{
	if (!str_equal(got, want))
		fail_msg("got \"%.*s\", expected \"%.*s\"", STR_ARG(str_clip(got, 200)),
		    STR_ARG(str_clip(want, 200)));
}

static void
every_byte_of_every_code_page_is_what_iconv_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < CODEPAGES; i++)
		for (int c = 1; c < 256; c++) {
			struct encoding found;
			char byte = (char)c;
			const char *name = codepages[i].name;
			struct str got = decoded((struct str){&byte, 1}, name, &found);
			struct str want = by_iconv("UTF-8", name, (struct str){&byte, 1});
			/* Two signs of Apple's for which glibc has others: the increment, and the
			 * apple itself, which has a place for private use. */
			if (str_is(str_of(name), "macintosh") && (c == 0xc6 || c == 0xf0))
				continue;
			if (want.n == SIZE_MAX)
				want = STR("\xff");
			assert_same(got, want);
		}
}

/* Long enough that most characters lie across the end of a buffer in one of the encodings. */
static struct str
long_text(void)
{
	struct buf b;
	buf_init(&b, &a);
	for (int i = 0; i < 20000; i++)
		buf_format(&b, "%d,\xc3\xa4\xe2\x82\xac,\xf0\x9f\x98\x80\n", i);
	return buf_str(&b);
}

static void
utf_16_and_32_with_and_without_a_mark(void **state)
{
	(void)state;
	static const struct {
		const char *name, *mark;
		size_t mark_bytes;
	} cases[] = {{"utf-16le", "\xff\xfe", 2}, {"utf-16be", "\xfe\xff", 2},
	    {"utf-32le", "\xff\xfe\0\0", 4}, {"utf-32be", "\0\0\xfe\xff", 4}};
	struct str text = long_text();
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct encoding found;
		struct str bytes = by_iconv(cases[i].name, "UTF-8", text);
		assert_same(decoded(bytes, "", &found), text);
		assert_true(str_is(found.name, cases[i].name) && found.guessed);
		assert_same(decoded(bytes, cases[i].name, &found), text);
		char *both = arena_alloc(&a, bytes.n + cases[i].mark_bytes);
		memcpy(both, cases[i].mark, cases[i].mark_bytes);
		memcpy(both + cases[i].mark_bytes, bytes.p, bytes.n);
		assert_same(
		    decoded((struct str){both, bytes.n + cases[i].mark_bytes}, "", &found), text);
		assert_true(str_is(found.name, cases[i].name) && !found.guessed);
	}
}

static void
units_that_mean_nothing_are_one_wrong_byte(void **state)
{
	(void)state;
	struct encoding found;
	/* A low half alone, a high half before a letter, a high half at the end, an odd byte. */
	struct str got =
	    decoded((struct str){"a\0\x00\xdc\x00\xd8z\0\x00\xd8", 10}, "utf-16le", &found);
	assert_same(got, STR("a\xff\xffz\xff"));
	assert_same(decoded((struct str){"a\0b", 3}, "utf-16le", &found), STR("a\xff"));
	got = decoded((struct str){"\0\0\0a\0\x11\0\0\0\0\xd8\0\0", 13}, "utf-32be", &found);
	assert_same(got, STR("a\xff\xff\xff"));
}

static void
utf_8_needs_no_filter_and_loses_its_mark(void **state)
{
	(void)state;
	struct input in;
	struct encoding found;
	FILE *f = collect_file(STR("\xef\xbb\xbfn\xc3\xa4me\n"));
	input_init(&in, fileno(f), 0, 9);
	assert_true(encoding_open(&in, STR(""), &found, &a, &e));
	assert_null(in.filter);
	assert_int_equal(in.done, 3);
	assert_true(str_is(found.name, "utf-8") && !found.guessed);
	fclose(f);
}

static void
a_wrong_byte_late_in_utf_8_does_not_change_the_encoding(void **state)
{
	(void)state;
	struct encoding found;
	struct str text = long_text();
	char *spoilt = arena_text(&a, text);
	spoilt[text.n - 1] = (char)0xe9;
	(void)decoded((struct str){spoilt, text.n}, "", &found);
	assert_true(str_is(found.name, "utf-8"));
	/* Also among the first bytes, where characters of UTF-8 are more. */
	spoilt[0] = (char)0xe9;
	(void)decoded((struct str){spoilt, text.n}, "", &found);
	assert_true(str_is(found.name, "utf-8"));
}

static void
the_first_accent_may_be_far_away(void **state)
{
	(void)state;
	struct encoding found;
	char *text = arena_alloc(&a, MIB(1) + 10);
	memset(text, 'a', MIB(1));
	memcpy(text + MIB(1), " caf\xe9 ok\n\n", 10);
	struct str got = decoded((struct str){text, MIB(1) + 10}, "", &found);
	assert_true(str_is(found.name, "windows-1252") && found.guessed);
	assert_int_equal(got.n, MIB(1) + 11);
}

/* The first articles of the Universal Declaration of Human Rights, and names as tables hold them.
 */
static const struct {
	const char *encodings; /* that people write it in, with a space behind each */
	const char *text;
} texts[] = {
    {"windows-1252 iso-8859-15 macintosh ",
	"Tous les \xc3\xaatres humains naissent libres et \xc3\xa9gaux en dignit\xc3\xa9 et en "
	"droits. Ils sont dou\xc3\xa9s de raison et "
	"de conscience et doivent agir les uns envers les autres dans un esprit de "
	"fraternit\xc3\xa9. Chacun peut se pr\xc3\xa9valoir de tous "
	"les droits et de toutes les libert\xc3\xa9s proclam\xc3\xa9s dans la pr\xc3\xa9sente "
	"D\xc3\xa9"
	"claration; c\xc5\x93ur, \xc5\x93uvre, s\xc5\x93ur."},
    {"windows-1252 iso-8859-15 macintosh ",
	"Alle Menschen sind frei und gleich an W\xc3\xbcrde und Rechten geboren. Jeder hat "
	"Anspruch auf die in dieser Erkl\xc3\xa4rung "
	"verk\xc3\xbcndeten Rechte und Freiheiten ohne irgendeinen Unterschied, etwa nach Rasse, "
	"\xc3\x9c"
	"berzeugung, Verm\xc3\xb6gen, Gr\xc3\xb6\xc3\x9f"
	"e. M\xc3\xbcller; Gr\xc3\xb6\xc3\x9f"
	"er; J\xc3\xa4ger; K\xc3\xb6nig; 5,00 \xe2\x82\xac"},
    {"windows-1252 iso-8859-15 macintosh ",
	"Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como "
	"est\xc3\xa1n de raz\xc3\xb3n y conciencia, "
	"deben comportarse fraternalmente los unos con los otros. A\xc3\xb1o, Espa\xc3\xb1"
	"a, M\xc3\xa1laga, C\xc3\xb3rdoba, Le\xc3\xb3n, C\xc3\xa1"
	"diz"},
    {"windows-1252 iso-8859-15 ",
	"Alle mennesker er f\xc3\xb8"
	"dt frie og lige i v\xc3\xa6rdighed og rettigheder. De er udstyret med fornuft og "
	"samvittighed, og de b\xc3\xb8r "
	"handle mod hverandre i en broderskabets \xc3\xa5nd. S\xc3\xb8ren, J\xc3\xb8rgen, "
	"\xc3\x85rhus, Br\xc3\xb8nsh\xc3\xb8j"},
    {"windows-1250 iso-8859-2 ",
	"Wszyscy ludzie rodz\xc4\x85 si\xc4\x99 wolni i r\xc3\xb3wni pod wzgl\xc4\x99"
	"dem swej godno\xc5\x9b"
	"ci i swych praw. S\xc4\x85 oni obdarzeni "
	"rozumem i sumieniem i powinni post\xc4\x99powa\xc4\x87 wobec innych w duchu braterstwa. "
	"\xc5\x81\xc3\xb3"
	"d\xc5\xba, Pozna\xc5\x84, Krak\xc3\xb3w"},
    {"windows-1250 iso-8859-2 ",
	"V\xc5\xa1ichni lid\xc3\xa9 se rod\xc3\xad svobodn\xc3\xad a sob\xc4\x9b rovn\xc3\xad co "
	"do d\xc5\xafstojnosti a pr\xc3\xa1v. Jsou nad\xc3\xa1ni rozumem "
	"a sv\xc4\x9b"
	"dom\xc3\xadm a maj\xc3\xad spolu jednat v duchu bratrstv\xc3\xad. P\xc5\x99\xc3\xad"
	"bram, \xc5\xbdi\xc5\xbekov, \xc4\x8c"
	"esk\xc3\xbd Krumlov"},
    {"windows-1250 iso-8859-2 ",
	"Minden emberi l\xc3\xa9ny szabadon sz\xc3\xbcletik \xc3\xa9s egyenl\xc5\x91 "
	"m\xc3\xa9lt\xc3\xb3s\xc3\xa1ga \xc3\xa9s joga van. Az emberek, \xc3\xa9sszel \xc3\xa9s "
	"lelkiismerettel b\xc3\xadrv\xc3\xa1n, egym\xc3\xa1ssal szemben testv\xc3\xa9ri szellemben "
	"kell hogy viseltessenek. Gy\xc5\x91r, F\xc5\xb1zfa"},
    {"windows-1251 koi8-r iso-8859-5 ",
	"\xd0\x92\xd1\x81\xd0\xb5 \xd0\xbb\xd1\x8e\xd0\xb4\xd0\xb8 "
	"\xd1\x80\xd0\xbe\xd0\xb6\xd0\xb4\xd0\xb0\xd1\x8e\xd1\x82\xd1\x81\xd1\x8f "
	"\xd1\x81\xd0\xb2\xd0\xbe\xd0\xb1\xd0\xbe\xd0\xb4\xd0\xbd\xd1\x8b\xd0\xbc\xd0\xb8 \xd0\xb8 "
	"\xd1\x80\xd0\xb0\xd0\xb2\xd0\xbd\xd1\x8b\xd0\xbc\xd0\xb8 "
	"\xd0\xb2 \xd1\x81\xd0\xb2\xd0\xbe\xd0\xb5\xd0\xbc "
	"\xd0\xb4\xd0\xbe\xd1\x81\xd1\x82\xd0\xbe\xd0\xb8\xd0\xbd\xd1\x81\xd1\x82\xd0\xb2\xd0\xb5 "
	"\xd0\xb8 "
	"\xd0\xbf\xd1\x80\xd0\xb0\xd0\xb2\xd0\xb0\xd1\x85"},
    {"windows-1253 iso-8859-7 ",
	"\xce\x8c\xce\xbb\xce\xbf\xce\xb9 \xce\xbf\xce\xb9 "
	"\xce\xac\xce\xbd\xce\xb8\xcf\x81\xcf\x89\xcf\x80\xce\xbf\xce\xb9 "
	"\xce\xb3\xce\xb5\xce\xbd\xce\xbd\xce\xb9\xce\xbf\xcf\x8d\xce\xbd\xcf\x84\xce\xb1\xce\xb9 "
	"\xce\xb5\xce\xbb\xce\xb5\xcf\x8d\xce\xb8\xce\xb5\xcf\x81\xce\xbf\xce\xb9 "
	"\xce\xba\xce\xb1\xce\xb9 \xce\xaf\xcf\x83\xce\xbf\xce\xb9 "
	"\xcf\x83\xcf\x84\xce\xb7\xce\xbd "
	"\xce\xb1\xce\xbe\xce\xb9\xce\xbf\xcf\x80\xcf\x81\xce\xad\xcf\x80\xce\xb5\xce\xb9\xce\xb1"},
    {"windows-1254 iso-8859-9 ",
	"B\xc3\xbct\xc3\xbcn insanlar h\xc3\xbcr, haysiyet ve haklar bak\xc4\xb1m\xc4\xb1ndan "
	"e\xc5\x9fit do\xc4\x9f"
	"arlar. Ak\xc4\xb1l ve vicdana "
	"sahiptirler ve birbirlerine kar\xc5\x9f\xc4\xb1 karde\xc5\x9flik zihniyeti ile hareket "
	"etmelidirler. \xc4\xb0stanbul, Mu\xc4\x9fla, I\xc4\x9f"
	"d\xc4\xb1r"},
    {"windows-1257 ",
	"Visi \xc5\xbemon\xc4\x97s gimsta laisvi ir lyg\xc5\xabs savo orumu ir teis\xc4\x97mis. "
	"Jiems suteiktas protas ir s\xc4\x85\xc5\xbein\xc4\x97 ir jie "
	"turi elgtis vienas kito at\xc5\xbevilgiu kaip broliai. \xc5\xa0iauliai, "
	"Panev\xc4\x97\xc5\xbeys, Klaip\xc4\x97"
	"da"},
};

/* Encodings that hold the same text in the same bytes cannot be told from each other. */
static void
the_encoding_of_real_text_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		char names[64];
		snprintf(names, sizeof names, "%s", texts[i].encodings);
		char *rest = names;
		for (char *name; (name = strtok_r(rest, " ", &rest));) {
			struct encoding found;
			struct str bytes = by_iconv(name, "UTF-8", str_of(texts[i].text));
			if (bytes.n == SIZE_MAX)
				continue;
			struct str got = decoded(bytes, "", &found);
			assert_same(got, str_of(texts[i].text));
			assert_true(found.guessed);
		}
	}
}

static void
a_few_letters_are_read_as_western(void **state)
{
	(void)state;
	static const char *const words[] = {"name\nJos\xe9\n", "caf\xe9", "M\xfcller",
	    "Stra\xdf"
	    "e",
	    "\xc5ngstr\xf6m",
	    "Espa\xf1"
	    "a",
	    "5 \x80", "\x93quoted\x94",
	    "20 \xb0"
	    "C",
	    "x\xff"};
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		struct encoding found;
		(void)decoded(str_of(words[i]), "", &found);
		if (!str_is(found.name, "windows-1252"))
			fail_msg("%s: %.*s", words[i], STR_ARG(found.name));
	}
}

static void
names_are_known_as_people_write_them(void **state)
{
	(void)state;
	static const char *const names[][2] = {{"UTF-8", "utf-8"}, {"Latin1", "iso-8859-1"},
	    {"cp1252", "windows-1252"}, {"CP1251", "windows-1251"}, {"ISO8859-15", "iso-8859-15"},
	    {"KOI8-R", "koi8-r"}, {"mac-roman", "macintosh"}, {"utf16", "utf-16le"}};
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		struct encoding found;
		(void)decoded(STR("ab"), names[i][0], &found);
		assert_int_equal(e.code, ERR_OK);
		assert_true(str_is(found.name, names[i][1]));
	}
	struct encoding found;
	(void)decoded(STR("ab"), "ebcdic", &found);
	assert_int_equal(e.code, ERR_INPUT);
	assert_string_equal(e.field, "encoding");
	(void)decoded(STR("ab"), "cp-cp-cp", &found);
	assert_int_equal(e.code, ERR_INPUT);
}

static void
a_table_says_what_was_assumed(void **state)
{
	(void)state;
	struct collected t;
	const struct table_options automatic = {0}, chosen = {.encoding = STR("cp1251")};
	collect(&t,
	    STR("name;city\nJos\xe9;M\xe1laga\nAna;C\xe1"
		"diz\n"),
	    &automatic, 16);
	assert_true(t.worked);
	assert_same(collect_text(&t, 0, 1), STR("M\xc3\xa1laga"));
	assert_int_equal(collect_findings_of(&t, "encoding-guessed"), 1);
	assert_non_null(strstr(t.findings[0].message.p, "windows-1252"));
	arena_release(&t.arena);
	collect(&t, STR("name;city\nJos\xe9;x\n"), &chosen, 16);
	assert_true(t.worked);
	assert_same(collect_text(&t, 0, 0), STR("Jos\xd0\xb9"));
	assert_int_equal(collect_findings_of(&t, "encoding-guessed"), 0);
	arena_release(&t.arena);
	/* A byte that the encoding does not have is told on its line. */
	const struct table_options western = {.encoding = STR("windows-1252")};
	collect(&t, STR("name;city\nJos\xe9;x\ny;\x81\n"), &western, 16);
	assert_true(t.worked);
	assert_int_equal(collect_findings_of(&t, "encoding-error"), 1);
	assert_int_equal(t.findings[0].line, 3);
	arena_release(&t.arena);
}

static int
begin(void **state)
{
	(void)state;
	arena_init(&a, GIB(1));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_release(&a);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_of_every_code_page_is_what_iconv_says),
	    cmocka_unit_test(utf_16_and_32_with_and_without_a_mark),
	    cmocka_unit_test(units_that_mean_nothing_are_one_wrong_byte),
	    cmocka_unit_test(utf_8_needs_no_filter_and_loses_its_mark),
	    cmocka_unit_test(a_wrong_byte_late_in_utf_8_does_not_change_the_encoding),
	    cmocka_unit_test(the_first_accent_may_be_far_away),
	    cmocka_unit_test(the_encoding_of_real_text_is_found),
	    cmocka_unit_test(a_few_letters_are_read_as_western),
	    cmocka_unit_test(names_are_known_as_people_write_them),
	    cmocka_unit_test(a_table_says_what_was_assumed),
	};
	return cmocka_run_group_tests_name("encoding", tests, begin, end);
}
