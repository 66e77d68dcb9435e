/*
 * test_xlsx.c: limits of the reader of workbooks, and which formats show a date.  What workbooks
 * mean is tested in tests/formats/xlsx.test.mjs.
 */
#include "base/buf.h"
#include "collect.h"
#include "folder.h"
#include "formats/xlsx_date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zip.h>

#include <cmocka.h>

static const char *folder;
static struct arena a;

static void
put(zip_t *z, const char *name, struct str text)
{
	zip_int64_t at =
	    zip_file_add(z, name, zip_source_buffer(z, text.p, text.n, 0), ZIP_FL_ENC_UTF_8);
	assert_true(at >= 0);
	assert_int_equal(zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_DEFLATE, 1), 0);
}

/* Reads a workbook of these parts. */
static void
read_book(struct collected *t, struct str sheets, struct str texts)
{
	static const struct table_options options = {.format = TABLE_XLSX};
	const char *path = folder_file(folder, "book.xlsx");
	zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
	assert_non_null(z);
	put(z, "[Content_Types].xml", STR("<Types/>"));
	put(z, "_rels/.rels",
	    STR("<Relationships><Relationship Id='a' Type='x/officeDocument' "
		"Target='w.xml'/></Relationships>"));
	put(z, "_rels/w.xml.rels",
	    STR("<Relationships><Relationship Id='s' Type='x/worksheet' Target='s.xml'/>"
		"<Relationship Id='t' Type='x/sharedStrings' Target='t.xml'/></Relationships>"));
	put(z, "w.xml", sheets);
	put(z, "t.xml", texts);
	put(z, "s.xml",
	    STR("<worksheet><sheetData><row><c t='s'><v>0</v></c></row><row><c><v>1</v></c></row>"
		"</sheetData></worksheet>"));
	assert_int_equal(zip_close(z), 0);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	collect_from(t, fd, (uint64_t)lseek(fd, 0, SEEK_END), &options, 64);
	close(fd);
}

static struct str
sheets_of(size_t count)
{
	struct buf b;
	buf_init(&b, &a);
	buf_put_text(&b, "<workbook><sheets>");
	for (size_t i = 0; i < count; i++)
		buf_format(&b, "<sheet name='S%zu' id='s'/>", i);
	buf_put_text(&b, "</sheets></workbook>");
	return buf_str(&b);
}

static void
a_thousand_sheets_and_one_more(void **state)
{
	(void)state;
	struct collected t;
	const struct str texts = STR("<sst><si><t>a</t></si></sst>");
	read_book(&t, sheets_of(LIMIT_SHEETS), texts);
	assert_true(t.worked);
	assert_int_equal(t.row_count, 1);
	arena_release(&t.arena);
	read_book(&t, sheets_of(LIMIT_SHEETS + 1), texts);
	assert_int_equal(t.err.code, ERR_TOO_BIG);
	arena_release(&t.arena);
}

/* Texts of a mebibyte: of so many, and the last longer or shorter, all are as large as wanted. */
static struct str
texts_of(size_t bytes)
{
	struct buf b;
	size_t each = (size_t)MIB(1);
	buf_init(&b, &a);
	buf_put_text(&b, "<sst>");
	/* Four bytes go with each text. */
	for (size_t left = bytes; left > 4;) {
		size_t n = left < each ? left - 4 : each - 4;
		buf_put_text(&b, "<si><t>");
		memset(buf_room(&b, n), 'x', n);
		b.n += n;
		buf_put_text(&b, "</t></si>");
		left -= n + 4;
	}
	buf_put_text(&b, "</sst>");
	return buf_str(&b);
}

static void
shared_texts_at_their_limit_and_past_it(void **state)
{
	(void)state;
	struct collected t;
	struct arena_mark mark = arena_mark(&a);
	/* Two bytes of quotes are around each text; the first is too long for a label. */
	size_t most = LIMIT_SHARED_STRINGS_BYTES - 2 * LIMIT_SHARED_STRINGS_BYTES / MIB(1);
	read_book(&t, sheets_of(1), texts_of(most));
	assert_int_equal(t.err.code, ERR_OK);
	arena_release(&t.arena);
	arena_reset(&a, mark);
	read_book(&t, sheets_of(1), texts_of(most + MIB(1)));
	assert_int_equal(t.err.code, ERR_TOO_BIG);
	assert_non_null(strstr(t.err.message, "texts of the workbook"));
	arena_release(&t.arena);
	arena_reset(&a, mark);
}

static void
formats_show_dates_or_do_not(void **state)
{
	(void)state;
	static const struct {
		const char *code;
		enum xlsx_style style;
	} cases[] = {
	    {"General", XLSX_NUMBER},
	    {"0.00", XLSX_NUMBER},
	    {"#,##0;[Red]-#,##0", XLSX_NUMBER},
	    {"0.00E+00", XLSX_NUMBER},
	    {"_-* #,##0.00\\ \"Tage und Monate\"_-", XLSX_NUMBER},
	    {"\"dmy\"0", XLSX_NUMBER},
	    {"0\\d", XLSX_NUMBER},
	    {"@", XLSX_NUMBER},
	    {"yyyy-mm-dd", XLSX_DATE},
	    {"DD.MM.YYYY", XLSX_DATE},
	    {"mmm", XLSX_DATE},
	    {"[$-407]d. mmmm yyyy;@", XLSX_DATE},
	    {"[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", XLSX_DATE},
	    {"h:mm", XLSX_TIME},
	    {"hh:mm:ss.000", XLSX_TIME},
	    {"h:mm AM/PM", XLSX_TIME},
	    {"m/d/yy h:mm", XLSX_DATETIME},
	    {"yyyy\\-mm\\-dd\\Thh:mm", XLSX_DATETIME},
	    {"[h]:mm:ss", XLSX_ELAPSED},
	    {"[mm]:ss", XLSX_ELAPSED},
	    {"[Blue]h:mm", XLSX_TIME},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (xlsx_style_of(str_of(cases[i].code)) != cases[i].style)
			fail_msg("%s is %d", cases[i].code, xlsx_style_of(str_of(cases[i].code)));
}

static void
moments_are_rounded_to_milliseconds(void **state)
{
	(void)state;
	static const struct {
		const char *number;
		enum xlsx_style style;
		const char *text;
	} cases[] = {
	    {"45365.999999999", XLSX_DATETIME, "2024-03-15T00:00:00"},
	    {"45365.0000115741", XLSX_DATETIME, "2024-03-14T00:00:01"},
	    {"0.5000000058", XLSX_TIME, "12:00:00.001"},
	    {"1e5", XLSX_DATE, "2173-10-14"},
	    {"2958465.999", XLSX_DATETIME, "9999-12-31T23:58:33.600"},
	    {"1.25", XLSX_ELAPSED, "30:00:00"},
	    {"2958466", XLSX_DATE, ""},
	    {"-1", XLSX_DATE, ""},
	    {"60", XLSX_DATE, ""},
	    {"0", XLSX_DATE, ""},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char out[XLSX_MOMENT_BYTES];
		size_t n = xlsx_moment(out, str_of(cases[i].number), cases[i].style, false);
		if (!str_is((struct str){out, n}, cases[i].text))
			fail_msg("%s: %.*s", cases[i].number, (int)n, out);
	}
}

static int
begin(void **state)
{
	(void)state;
	folder = folder_begin();
	arena_init(&a, GIB(2));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_release(&a);
	folder_end(folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thousand_sheets_and_one_more),
	    cmocka_unit_test(shared_texts_at_their_limit_and_past_it),
	    cmocka_unit_test(formats_show_dates_or_do_not),
	    cmocka_unit_test(moments_are_rounded_to_milliseconds),
	};
	return cmocka_run_group_tests_name("xlsx", tests, begin, end);
}
