/*
 * read.c: any file as the program reads it, for the tests of formats: read FILE [OPTIONS], or
 * read, which then reads the file that each line of its input names, as FILE TAB OPTIONS.
 *
 * OPTIONS are those of a request (formats/options.h), as JSON.  JSON lines come out, in the order
 * of the calls of struct table_sink: {"found":{}}, {"column":"name"}, {"line":2,"row":[]},
 * {"finding":"code","line":2,"column":0,"message":""}, and at the end
 * {"records":1,"rows":1,"repaired":0,"skipped":0,"types":["integer"]} or
 * {"error":"message","line":1}. Behind each file that was named on the input stands a blank line.
 */
#include "base/jsonout.h"
#include "base/limits.h"
#include "formats/options.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct printer {
	struct arena arena;
	struct buf line;
	struct jsonout json;
	size_t columns;
};

static void
begin(struct printer *p)
{
	p->line.n = 0;
	jsonout_init(&p->json, &p->line);
	jsonout_object(&p->json);
}

static bool
finish(struct printer *p, struct err *e)
{
	jsonout_end(&p->json);
	buf_put_char(&p->line, '\n');
	return fwrite(p->line.p, 1, p->line.n, stdout) == p->line.n ||
	       FAIL_ERRNO(e, "printing what was read");
}

static bool
print_column(void *context, struct str name, struct err *e)
{
	struct printer *p = context;
	p->columns++;
	begin(p);
	jsonout_member_str(&p->json, "column", name);
	return finish(p, e);
}

static bool
print_row(void *context, uint64_t line, struct str cells, struct str absent, struct err *e)
{
	struct printer *p = context;
	begin(p);
	jsonout_member_int(&p->json, "line", (int64_t)line);
	jsonout_key(&p->json, "row");
	jsonout_raw(&p->json, cells);
	if (absent.n) {
		jsonout_key(&p->json, "absent");
		jsonout_raw(&p->json, absent);
	}
	return finish(p, e);
}

static bool
print_finding(void *context, const struct finding *f, struct err *e)
{
	struct printer *p = context;
	begin(p);
	jsonout_member_text(&p->json, "finding", f->code);
	jsonout_member_int(&p->json, "line", (int64_t)f->line);
	if (f->column != TABLE_NO_COLUMN)
		jsonout_member_int(&p->json, "column", (int64_t)f->column);
	jsonout_member_str(&p->json, "message", f->message);
	return finish(p, e);
}

static bool
print_found(void *context, const struct table_options *found, struct err *e)
{
	struct printer *p = context;
	begin(p);
	jsonout_key(&p->json, "found");
	jsonout_object(&p->json);
	options_write(&p->json, found);
	jsonout_end(&p->json);
	return finish(p, e);
}

static bool
print_end(struct printer *p, const struct table_counts *counts, const struct guess *guesses,
    struct err *e)
{
	begin(p);
	jsonout_member_int(&p->json, "records", (int64_t)counts->records);
	jsonout_member_int(&p->json, "rows", (int64_t)counts->rows);
	jsonout_member_int(&p->json, "repaired", (int64_t)counts->repaired);
	jsonout_member_int(&p->json, "skipped", (int64_t)counts->skipped);
	jsonout_key(&p->json, "types");
	jsonout_array(&p->json);
	for (size_t i = 0; i < p->columns; i++)
		jsonout_text(&p->json, column_type_names[guess_type(&guesses[i])]);
	jsonout_end(&p->json);
	return finish(p, e);
}

static bool
read_file(struct printer *p, const char *path, struct str options, struct err *e)
{
	const struct table_sink sink = {p, print_column, print_row, print_finding, print_found};
	struct guess *guesses = arena_array(&p->arena, LIMIT_COLUMNS, sizeof *guesses);
	struct reading reading;
	struct table_counts counts;
	struct input in;
	struct stat s;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &s) != 0)
		return FAIL_ERRNO(e, "opening the file");
	input_init(&in, fd, 0, (uint64_t)s.st_size);
	bool worked = reading_parse(&reading, options, &p->arena, e) &&
		      table_read(&in, &reading.table, &sink, guesses, &counts, &p->arena, e) &&
		      print_end(p, &counts, guesses, e);
	close(fd);
	return worked;
}

static bool
answer(struct printer *p, const char *path, const char *options)
{
	struct err e = {0}, ignored = {0};
	bool worked = true;
	p->columns = 0;
	arena_init(&p->arena, GIB(1));
	buf_init(&p->line, &p->arena);
	if (!read_file(p, path, str_of(options), &e)) {
		begin(p);
		jsonout_member_text(&p->json, "error", e.message);
		jsonout_member_int(&p->json, "line", (int64_t)e.at_line);
		worked = finish(p, &ignored);
	}
	arena_release(&p->arena);
	return worked;
}

static bool
serve(struct printer *p)
{
	char *line = NULL;
	size_t room = 0;
	bool worked = true;
	ssize_t n;
	while (worked && (n = getline(&line, &room, stdin)) > 0) {
		char *tab = strchr(line, '\t');
		line[n - 1] = 0;
		if (tab)
			*tab = 0;
		worked = answer(p, line, tab ? tab + 1 : "") && putchar('\n') != EOF &&
			 fflush(stdout) == 0;
	}
	free(line);
	return worked;
}

int
main(int count, char **arguments)
{
	struct printer p = {0};
	bool worked =
	    count > 1 ? answer(&p, arguments[1], count > 2 ? arguments[2] : "") : serve(&p);
	return worked && fflush(stdout) == 0 ? 0 : 1;
}
