/*
 * read_table.c: reads a file as a table and says what it found, for the tests beside it.
 *
 *   read_table FILE [OPTIONS]      options: JSON, as in requests (formats/options.h)
 *
 * One JSON value a line: {"found"}, {"column"}, {"row", "cells", "absent"}, {"finding"}, and last
 * {"counts", "types"} or {"error"}.
 */
#include "base/limits.h"
#include "base/tree.h"
#include "formats/options.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct out {
	struct arena arena;
	size_t columns;
};

static void
print(struct buf *b)
{
	fwrite(b->p, 1, b->n, stdout);
	putchar('\n');
}

static bool
put_found(void *context, const struct table_options *found, struct err *e)
{
	struct out *o = context;
	struct buf b;
	struct jsonout j;
	(void)e;
	buf_init(&b, &o->arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_key(&j, "found");
	jsonout_object(&j);
	options_write(&j, found);
	jsonout_end(&j);
	jsonout_end(&j);
	print(&b);
	return true;
}

static bool
put_column(void *context, struct str name, struct err *e)
{
	struct out *o = context;
	struct buf b;
	struct jsonout j;
	(void)e;
	o->columns++;
	buf_init(&b, &o->arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_str(&j, "column", name);
	jsonout_end(&j);
	print(&b);
	return true;
}

static bool
put_row(void *context, uint64_t line, struct str cells, struct str absent, struct err *e)
{
	(void)context;
	(void)e;
	printf("{\"row\":%llu,\"cells\":%.*s,\"absent\":%.*s}\n", (unsigned long long)line,
	    STR_ARG(cells), STR_ARG(absent.n ? absent : STR("[]")));
	return true;
}

static bool
put_finding(void *context, const struct finding *f, struct err *e)
{
	struct out *o = context;
	struct buf b;
	struct jsonout j;
	struct arena_mark mark = arena_mark(&o->arena);
	(void)e;
	buf_init(&b, &o->arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_text(&j, "finding", f->code);
	jsonout_member_int(&j, "line", (int64_t)f->line);
	jsonout_member_int(&j, "column", f->column == TABLE_NO_COLUMN ? -1 : (int64_t)f->column);
	jsonout_member_str(&j, "message", f->message);
	jsonout_end(&j);
	print(&b);
	arena_reset(&o->arena, mark);
	return true;
}

int
main(int argc, char **argv)
{
	static struct out o;
	static struct guess guesses[LIMIT_COLUMNS];
	struct table_counts counts;
	struct reading reading;
	struct input in;
	struct stat st;
	struct err e = {0};
	const struct table_sink sink = {&o, put_column, put_row, put_finding, put_found};
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	tree_setup();
	arena_init(&o.arena, (size_t)1 << 30);
	if (fd < 0 || fstat(fd, &st) != 0)
		return 2;
	input_init(&in, fd, 0, (uint64_t)st.st_size);
	if (!reading_parse(&reading, argc > 2 ? str_of(argv[2]) : STR(""), &o.arena, &e) ||
	    !table_read(&in, &reading.table, &sink, guesses, &counts, &o.arena, &e)) {
		struct buf b;
		struct jsonout j;
		buf_init(&b, &o.arena);
		jsonout_init(&j, &b);
		jsonout_object(&j);
		jsonout_member_text(&j, "error", e.message);
		jsonout_member_int(&j, "line", (int64_t)e.at_line);
		jsonout_member_text(&j, "field", e.field);
		jsonout_end(&j);
		print(&b);
		return 1;
	}
	printf("{\"counts\":[%llu,%llu,%llu],\"types\":[", (unsigned long long)counts.records,
	    (unsigned long long)counts.rows, (unsigned long long)counts.skipped);
	for (size_t i = 0; i < o.columns; i++)
		printf("%s\"%s\"", i ? "," : "", column_type_names[guess_type(&guesses[i])]);
	printf("]}\n");
	return 0;
}
