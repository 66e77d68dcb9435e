/*
 * test_lines.c: a text is the lines that are in it, wherever it is cut by reading: LF, CRLF and CR
 * end one, the last needs none, and one that no cell could hold is refused by its number.
 */
#include "formats/lines.h"
#include "base/buf.h"
#include "base/limits.h"
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define WINDOW KIB(64) /* what is read at first */

static const char *folder;
static struct err e;

/* The lines of these bytes, each in < >. */
static struct str
lines_of(const char *text, size_t n, struct arena *a)
{
	struct line_reader r;
	struct str line;
	struct buf all;
	const char *path = folder_file(folder, "text");
	file_put(path, (struct str){text, n});
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct input in;
	input_init(&in, fd, 0, n);
	line_reader_init(&r, &in, a);
	buf_init(&all, a);
	err_clear(&e);
	uint64_t number = 0;
	while (line_reader_next(&r, &line, &e)) {
		assert_int_equal(r.number, ++number);
		buf_put_char(&all, '<');
		buf_put_str(&all, line);
		buf_put_char(&all, '>');
	}
	/* At its end it stays. */
	if (e.code == ERR_OK)
		assert_false(line_reader_next(&r, &line, &e));
	close(fd);
	return buf_str(&all);
}

static void
every_end_of_a_line_is_one(void **state)
{
	static const struct {
		const char *text, *lines;
	} table[] = {{"", ""}, {"a", "<a>"}, {"a\n", "<a>"}, {"a\nb", "<a><b>"},
	    {"a\nb\n", "<a><b>"}, {"\n", "<>"}, {"\n\n", "<><>"}, {"\r\n", "<>"}, {"\r", "<>"},
	    {"\r\r", "<><>"}, {"a\rb", "<a><b>"}, {"a\r\nb", "<a><b>"}, {"a\n\rb", "<a><><b>"},
	    {"a\r\n\r\nb", "<a><><b>"}, {"a\r\r\nb\n", "<a><><b>"}, {"a\r", "<a>"},
	    {" a \t\n", "< a \t>"}, {"\xff\xfe\n", "<\xff\xfe>"}};
	struct arena a;
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
		arena_init(&a, MIB(64));
		struct str have = lines_of(table[i].text, strlen(table[i].text), &a);
		assert_int_equal(e.code, ERR_OK);
		assert_true(str_is(have, table[i].lines));
		arena_release(&a);
	}
}

static void
a_nul_is_a_byte_like_any(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a, MIB(64));
	assert_true(str_equal(lines_of("a\0b\n\0", 5, &a), (struct str){"<a\0b><\0>", 8}));
	arena_release(&a);
}

/* An end of two bytes across the end of what was read at once, and lines longer than that. */
static void
it_makes_no_difference_where_reading_cuts(void **state)
{
	static char text[3 * WINDOW];
	struct arena a;
	(void)state;
	for (size_t first = WINDOW - 3; first <= WINDOW + 3; first++)
		for (int kind = 0; kind < 3; kind++) {
			const char *end = kind == 0 ? "\n" : kind == 1 ? "\r\n" : "\r";
			size_t n = first, k = strlen(end);
			memset(text, 'x', sizeof text);
			memcpy(text + n, end, k);
			n += k + WINDOW + 1;
			memcpy(text + n, end, k);
			n += k;
			text[n++] = 'y';
			arena_init(&a, MIB(64));
			struct str have = lines_of(text, n, &a);
			assert_int_equal(have.n, first + 2 + WINDOW + 1 + 2 + 3);
			assert_memory_equal(have.p + first + 1, "><", 2);
			assert_memory_equal(have.p + have.n - 4, "><y>", 4);
			arena_release(&a);
		}
}

static void
a_line_that_no_cell_can_hold_is_refused_by_its_number(void **state)
{
	size_t n = LIMIT_CELL_BYTES + 3;
	char *text = malloc(n);
	struct arena a;
	(void)state;
	assert_non_null(text);
	memset(text, 'x', n);
	text[0] = '\n';
	arena_init(&a, MIB(128));
	text[LIMIT_CELL_BYTES + 1] = '\n';
	assert_int_equal(lines_of(text, n - 1, &a).n, 2 + LIMIT_CELL_BYTES + 2);
	assert_int_equal(e.code, ERR_OK);
	arena_release(&a);
	arena_init(&a, MIB(128));
	/* The one after the first, and much more than a byte over. */
	size_t much = 3 * LIMIT_CELL_BYTES;
	char *more = realloc(text, much);
	assert_non_null(more);
	memset(more + 1, 'x', much - 1);
	lines_of(more, much, &a);
	assert_int_equal(e.code, ERR_TOO_BIG);
	assert_int_equal(e.at_line, 2);
	arena_release(&a);
	free(more);
}

static void
a_file_that_ends_early_is_no_whole_one(void **state)
{
	struct line_reader r, part;
	struct input in;
	struct str line;
	struct arena a;
	(void)state;
	arena_init(&a, MIB(64));
	const char *path = folder_file(folder, "text");
	file_put(path, STR("a\nb\n"));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	input_init(&in, fd, 0, 10);
	line_reader_init(&r, &in, &a);
	err_clear(&e);
	while (line_reader_next(&r, &line, &e))
		continue;
	assert_int_equal(e.code, ERR_SYSTEM);
	/* A part of a file is only that. */
	input_init(&in, fd, 2, 2);
	line_reader_init(&part, &in, &a);
	err_clear(&e);
	assert_true(line_reader_next(&part, &line, &e));
	assert_true(str_is(line, "b"));
	assert_false(line_reader_next(&part, &line, &e));
	assert_int_equal(e.code, ERR_OK);
	close(fd);
	arena_release(&a);
}

static int
begin(void **state)
{
	(void)state;
	folder = folder_begin();
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
	    cmocka_unit_test(every_end_of_a_line_is_one),
	    cmocka_unit_test(a_nul_is_a_byte_like_any),
	    cmocka_unit_test(it_makes_no_difference_where_reading_cuts),
	    cmocka_unit_test(a_line_that_no_cell_can_hold_is_refused_by_its_number),
	    cmocka_unit_test(a_file_that_ends_early_is_no_whole_one),
	};
	return cmocka_run_group_tests_name("lines", tests, begin, end);
}
