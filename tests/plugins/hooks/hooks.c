/*
 * hooks.c: a plugin that uses every hook there is, for tests/http/plugins.test.mjs and the browser
 * tests. It stands in for the plugins to come: checks with two inputs, calls with rounds that
 * remember, tasks that lease columns and can be interrupted, documents with a helper program, a
 * site with an index of its own, a page and a command.
 */
#define _GNU_SOURCE
#include "plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the form ---- */

enum { TITLE, COPIES, SHARE, LOUD, FLAVOUR, SINCE, BOX, TAGS, NOTES, FORM_FIELDS };
enum { BOX_WIDTH, BOX_FIELDS };
enum { TAG_NAME, TAG_WEIGHT, TAG_FIELDS };

static const struct choice flavours[] = {{"sweet", "Sweet"}, {"salty", "Salty"}, {0}};
static const struct field box[] = {
    [BOX_WIDTH] = {"width", "Width", NULL, FIELD_NUMBER, .required = true, .min = 0.5, .max = 9.5},
    [BOX_FIELDS] = {0},
};
static const struct field tag[] = {
    [TAG_NAME] = {"name", "Tag name", NULL, FIELD_LINE, .required = true, .min = 1, .max = 20},
    [TAG_WEIGHT] = {"weight", "Weight", NULL, FIELD_INTEGER, .preset = "1", .min = 0, .max = 100},
    [TAG_FIELDS] = {0},
};
static const struct field form[] = {
    [TITLE] = {"title", "Title", "Comes back in the first row.", FIELD_LINE, .required = true,
	.min = 1, .max = 40},
    [COPIES] = {"copies", "Copies", "How many rows.", FIELD_INTEGER, .preset = "3", .min = 0,
	.max = 2000000},
    [SHARE] = {"share", "Share", NULL, FIELD_NUMBER, .min = 0, .max = 1},
    [LOUD] = {"loud", "Loud", NULL, FIELD_SWITCH},
    [FLAVOUR] = {"flavour", "Flavour", NULL, FIELD_CHOICE, .preset = "sweet", .choices = flavours},
    [SINCE] = {"since", "Since", NULL, FIELD_TIME},
    [BOX] = {"box", "Box", NULL, FIELD_GROUP, .required = true, .fields = box},
    [TAGS] = {"tags", "Tags", NULL, FIELD_TABLE, .min = 0, .max = 5, .fields = tag},
    [NOTES] = {"notes", "Notes", NULL, FIELD_AREA, .max = 1000},
    [FORM_FIELDS] = {0},
};

static bool
check(const struct host *h, const struct value *v, struct err *e)
{
	(void)h;
	if (str_is(v[TITLE].text, "hang"))
		for (;;)
			continue;
	if (str_is(v[TITLE].text, "crash"))
		abort();
	return !str_is(v[TITLE].text, "forbidden") ||
	       FAIL_FIELD(e, INPUT, "title", "Title must not be 'forbidden'");
}

/* ---- the folder of its own ---- */

static const char *
can_open(const struct host *h, const char *name, int flags)
{
	const char *path = arena_format(h->arena, "%.*s/%s", STR_ARG(h->folder), name).p;
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return strerrorname_np(errno);
	close(fd);
	return "yes";
}

static struct str
folder_words(const struct host *h)
{
	return arena_format(h->arena, "list: %s, read: %s, write: %s, make: %s",
	    can_open(h, ".", O_RDONLY | O_DIRECTORY), can_open(h, "index.txt", O_RDONLY),
	    can_open(h, "index.txt", O_WRONLY), can_open(h, "new", O_WRONLY | O_CREAT));
}

/* ---- ingest: its values, its files, its state, its scratch folder ---- */

enum { NUMBER, TEXT, FROM, INGEST_COLUMNS };

static bool
put(const struct host *h, uint64_t line, struct str text, struct str from, struct err *e)
{
	struct arena_mark mark = arena_mark(h->arena);
	struct cell cells[INGEST_COLUMNS] = {
	    [NUMBER] = {.kind = CELL_NUMBER, .bytes = arena_format(h->arena, "%" PRIu64, line)},
	    [TEXT] = cell_of_text(text),
	    [FROM] = from.n ? cell_of_text(from) : (struct cell){.kind = CELL_ABSENT},
	};
	bool good = host_add_row(h, line, cells, INGEST_COLUMNS, e);
	arena_reset(h->arena, mark);
	return good;
}

/* The first line of each file, and a note of how long it is. */
static bool
read_files(const struct host *h, uint64_t *line, struct err *e)
{
	for (size_t i = 0; i < host_input_count(h); i++) {
		struct host_input in;
		struct line_reader r;
		struct str first;
		if (!host_input(h, i, &in, e))
			return false;
		line_reader_init(&r, &in.bytes, h->arena);
		if (!line_reader_next(&r, &first, e))
			first = STR("");
		if (e->code != ERR_OK)
			return false;
		struct str from =
		    arena_format(h->arena, "%.*s:%.*s", STR_ARG(in.slot), STR_ARG(in.name));
		struct finding f = {"read", *line + 1, TEXT, from};
		if (!host_finding(h, &f, e) || !put(h, ++*line, first, from, e))
			return false;
	}
	return true;
}

static bool
use_scratch(const struct host *h, struct err *e)
{
	FILE *f = fopen("scratch.txt", "w+");
	char back[8] = "";
	bool good = f && fputs("hello", f) >= 0 && fseek(f, 0, SEEK_SET) == 0 &&
		    fgets(back, sizeof back, f) && strcmp(back, "hello") == 0;
	if (f)
		fclose(f);
	(void)h;
	return good || FAIL(e, SYSTEM, "the scratch folder cannot be used");
}

static bool
ingest(const struct host *h, const struct value *v, struct err *e)
{
	struct host_new_column columns[INGEST_COLUMNS] = {
	    [NUMBER] = {.name = STR("number"), .type = COLUMN_INTEGER},
	    [TEXT] = {.name = STR("text"),
		.type = COLUMN_GUESSED,
		.description = STR("what it says")},
	    [FROM] = {.name = STR("from"), .type = COLUMN_STRING, .vendor_type = STR("string")},
	};
	uint64_t line = 0;
	for (size_t i = 0; i < INGEST_COLUMNS; i++)
		if (!host_add_column(h, &columns[i], NULL, e))
			return false;
	if (!use_scratch(h, e) || !host_put_state(h, "title", v[TITLE].text, e))
		return false;
	for (int64_t i = 0; i < v[COPIES].integer; i++) {
		if (!put(h, ++line, v[TITLE].text, (struct str){0}, e))
			return false;
		if (line % 1000 == 0 && !host_progress(h, line, (uint64_t)v[COPIES].integer, e))
			return false;
	}
	if (str_is(v[TITLE].text, "folder") && !put(h, ++line, folder_words(h), STR(""), e))
		return false;
	for (size_t i = 0; i < v[TAGS].count; i++)
		if (!put(h, ++line, v[TAGS].items[i * TAG_FIELDS + TAG_NAME].text, STR("tag"), e))
			return false;
	return read_files(h, &line, e);
}

/* ---- tasks ---- */

enum { FILL_COLUMN, FILL_WITH, FILL_SLOWLY, FILL_FIELDS };
static const struct field fill_form[] = {
    [FILL_COLUMN] = {"column", "Column", "The column to write.", FIELD_COLUMN, .required = true},
    [FILL_WITH] = {"with", "With", "What to write.", FIELD_LINE, .preset = "filled"},
    [FILL_SLOWLY] = {"slowly", "Slowly", "A millisecond a row.", FIELD_SWITCH},
    [FILL_FIELDS] = {0},
};

static bool
fill_row(const struct host *h, void *context, const struct host_row *row, struct err *e)
{
	const struct value *v = context;
	struct host_mark mark = {"generated", 0.5, STR("{\"by\":\"hooks\"}")};
	struct str text =
	    arena_format(h->row, "%.*s %" PRId64, STR_ARG(v[FILL_WITH].text), row->row_id);
	struct cell cell = cell_of_text(text);
	if (v[FILL_SLOWLY].on)
		usleep(1000);
	struct finding noted = {.code = "noted",
	    .column = TABLE_NO_COLUMN,
	    .message = STR("it was seen"),
	    .row_id = row->row_id};
	if (str_is(v[FILL_WITH].text, "noted") && !host_finding(h, &noted, e))
		return false;
	return host_set_cell(h, row, (size_t)v[FILL_COLUMN].integer, &cell, &mark, e);
}

static bool
fill_run(const struct host *h, const struct value *v, struct err *e)
{
	struct value copy[FILL_FIELDS];
	memcpy(copy, v, sizeof copy);
	return host_each_row(h, fill_row, copy, e) && host_answer(h, STR("{\"done\":true}"), e);
}

static bool
fill_estimate(const struct host *h, const struct value *v, struct jsonout *out, struct err *e)
{
	(void)e;
	jsonout_member_int(out, "rows", (int64_t)h->dataset->rows);
	jsonout_member_int(
	    out, "seconds", v[FILL_SLOWLY].on ? (int64_t)h->dataset->rows / 1000 : 0);
	return true;
}

static bool
fill_columns(const struct host *h, const struct value *v, size_t *ids, size_t max, size_t *count,
    struct err *e)
{
	(void)h;
	(void)max;
	(void)e;
	ids[0] = (size_t)v[FILL_COLUMN].integer;
	*count = 1;
	return true;
}

/* Every second row doubled, every third removed: rows that come and go while they are read. */
static bool
thin_row(const struct host *h, void *context, const struct host_row *row, struct err *e)
{
	(void)context;
	if (row->row_id % 3 == 0)
		return host_remove_row(h, row, e);
	if (row->row_id % 2 == 0)
		return host_add_row(h, 0, row->cells, h->dataset->column_count, e);
	return true;
}

static bool
thin_run(const struct host *h, const struct value *v, struct err *e)
{
	(void)v;
	return host_each_row(h, thin_row, NULL, e);
}

/* Three steps: counts the rows, writes a row of its own, then "1 of 600" into each of those
 * counted; a last row ends it.  After a crash all of it is as if there had been none. */
struct numbering {
	const struct value *v;
	int64_t count;
};

static bool
count_row(const struct host *h, void *context, const struct host_row *row, struct err *e)
{
	struct numbering *n = context;
	(void)h;
	(void)row;
	(void)e;
	n->count++;
	return true;
}

static bool
number_row(const struct host *h, void *context, const struct host_row *row, struct err *e)
{
	const struct numbering *n = context;
	struct cell cell =
	    cell_of_text(arena_format(h->row, "%" PRId64 " of %" PRId64, row->row_id, n->count));
	if (n->v[FILL_SLOWLY].on)
		usleep(1000);
	return host_set_cell(h, row, (size_t)n->v[FILL_COLUMN].integer, &cell, NULL, e);
}

static bool
number_run(const struct host *h, const struct value *v, struct err *e)
{
	struct value copy[FILL_FIELDS];
	struct numbering n = {.v = copy};
	memcpy(copy, v, sizeof copy);
	if (!host_each_row(h, count_row, &n, e))
		return false;
	struct str counted = arena_format(h->arena, "%" PRId64, n.count);
	struct cell first = {.kind = CELL_NUMBER, .bytes = counted};
	struct cell last = {.kind = CELL_NUMBER, .bytes = STR("-1")};
	return host_put_state(h, "title", counted, e) && host_add_row(h, 0, &first, 1, e) &&
	       host_each_row(h, number_row, &n, e) && host_add_row(h, 0, &last, 1, e) &&
	       host_answer(h, counted, e);
}

/* One row after the other by a cursor of its own. */
static bool
count_up_run(const struct host *h, const struct value *v, struct err *e)
{
	(void)v;
	uint64_t begin = 0;
	if (h->cursor.n && !str_to_u64(&begin, h->cursor))
		return FAIL(e, SYSTEM, "a cursor that is none of mine");
	for (uint64_t i = begin; i < 300; i++) {
		char text[24];
		int n = snprintf(text, sizeof text, "%" PRIu64, i + 1);
		struct str number = {text, (size_t)n};
		struct cell cell = {.kind = CELL_NUMBER, .bytes = number};
		usleep(2000);
		if (!host_add_row(h, 0, &cell, 1, e) ||
		    (i % 10 == 9 && !host_checkpoint(h, number, e)))
			return false;
	}
	return true;
}

/* What may not be: a checkpoint inside a walk. */
static bool
misplace_row(const struct host *h, void *context, const struct host_row *row, struct err *e)
{
	(void)context;
	(void)row;
	return host_checkpoint(h, STR("here"), e);
}

static bool
misplace_run(const struct host *h, const struct value *v, struct err *e)
{
	(void)v;
	return host_each_row(h, misplace_row, NULL, e);
}

/* A row whose cells are large: more than may wait together. */
static bool
swell_row(const struct host *h, void *context, const struct host_row *row, struct err *e)
{
	(void)row;
	struct cell cell = cell_of_text((struct str){context, MIB(1)});
	return host_add_row(h, 0, &cell, 1, e);
}

static bool
swell_run(const struct host *h, const struct value *v, struct err *e)
{
	(void)v;
	char *text = arena_alloc(h->arena, MIB(1));
	memset(text, 'x', MIB(1));
	return host_each_row(h, swell_row, text, e);
}

/* The same column twice. */
static bool
widen_run(const struct host *h, const struct value *v, struct err *e)
{
	struct host_new_column column = {.name = STR("again"), .type = COLUMN_STRING};
	size_t first, second;
	(void)v;
	if (!host_add_column(h, &column, &first, e) || !host_add_column(h, &column, &second, e))
		return false;
	return first == second || FAIL(e, SYSTEM, "it was made twice");
}

static const struct plugin_work tasks[] = {
    {.name = "fill",
	.title = "Fill a column",
	.help = "Writes a text into every row.",
	.form = fill_form,
	.estimate = fill_estimate,
	.columns = fill_columns,
	.run = fill_run},
    {.name = "thin", .title = "Thin out", .run = thin_run},
    {.name = "number",
	.title = "Number the rows",
	.form = fill_form,
	.columns = fill_columns,
	.run = number_run},
    {.name = "count_up", .title = "Count up", .run = count_up_run},
    {.name = "misplace", .title = "Misplace a checkpoint", .run = misplace_run},
    {.name = "swell", .title = "Add large rows", .run = swell_run},
    {.name = "widen", .title = "Add a column twice", .run = widen_run},
    {0},
};

/* ---- calls: a round that remembers the ones before, and a helper program ---- */

enum { ASK_WORD, ASK_FIELDS };
static const struct field ask_form[] = {
    [ASK_WORD] = {"word", "Word", NULL, FIELD_LINE, .required = true, .min = 1, .max = 100},
    [ASK_FIELDS] = {0},
};

static bool
say(const struct host *h, const char *key, struct str text, struct err *e)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, h->arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_str(&j, key, text);
	jsonout_end(&j);
	return host_answer(h, buf_str(&b), e);
}

static bool
remember_run(const struct host *h, const struct value *v, struct err *e)
{
	struct str before;
	if (!host_get_state(h, "words", &before, e))
		return false;
	struct str now = arena_format(h->arena, "%.*s%s%.*s", STR_ARG(before), before.n ? " " : "",
	    STR_ARG(v[ASK_WORD].text));
	if (!host_put_state(h, "words", now, e))
		return false;
	if (str_is(v[ASK_WORD].text, "fail"))
		return FAIL(e, UNPROCESSABLE, "asked to fail, so nothing of it is kept");
	return say(h, "words", now, e);
}

static bool
count_run(const struct host *h, const struct value *v, struct err *e)
{
	const char *const arguments[] = {"-c", NULL};
	struct host_tool wc = {
	    .name = "wc", .arguments = arguments, .input = -1, .seconds = 5, .output_limit = 100};
	FILE *f = fopen("input", "w+");
	if (!f || fwrite(v[ASK_WORD].text.p, 1, v[ASK_WORD].text.n, f) != v[ASK_WORD].text.n ||
	    fflush(f) != 0 || fseek(f, 0, SEEK_SET) != 0)
		return FAIL(e, SYSTEM, "the scratch folder cannot be written");
	lseek(fileno(f), 0, SEEK_SET);
	wc.input = fileno(f);
	bool good = host_tool(h, &wc, e);
	fclose(f);
	return good && say(h, "bytes", str_trim(wc.output), e);
}

/* A tool that is not declared, one that hangs, one that talks too much. */
static bool
tool_run(const struct host *h, const struct value *v, struct err *e)
{
	const char *const sleep[] = {"100", NULL}, *const yes[] = {"x", NULL};
	struct host_tool t = {.name = arena_text(h->arena, v[ASK_WORD].text),
	    .input = -1,
	    .seconds = 1,
	    .output_limit = 1000};
	t.arguments = strcmp(t.name, "sleep") == 0 ? sleep : yes;
	if (!host_tool(h, &t, e))
		return false;
	return say(h, "status", arena_format(h->arena, "%d %zu", t.status, t.output.n), e);
}

static bool
folder_run(const struct host *h, const struct value *v, struct err *e)
{
	(void)v;
	return say(h, "folder", folder_words(h), e);
}

/* Leaves a process behind whose parent is gone, outside the group where it can; answers its number.
 */
static bool
leave_run(const struct host *h, const struct value *v, struct err *e)
{
	int ends[2];
	pid_t pid, left = 0;
	if (pipe(ends) != 0 || (pid = fork()) < 0)
		return FAIL_ERRNO(e, "nothing can be started");
	if (pid == 0) {
		setsid();
		left = fork();
		if (left == 0)
			for (;;)
				pause();
		(void)!write(ends[1], &left, sizeof left);
		_exit(0);
	}
	close(ends[1]);
	if (read(ends[0], &left, sizeof left) != sizeof left)
		return FAIL(e, SYSTEM, "what was started does not say so");
	waitpid(pid, NULL, 0);
	/* Told as progress to who does not wait for the answer. */
	if (str_is(v[ASK_WORD].text, "wait") && !host_progress(h, (uint64_t)left, INT64_MAX, e))
		return false;
	while (str_is(v[ASK_WORD].text, "wait"))
		pause();
	return say(h, "pid", arena_format(h->arena, "%d", (int)left), e);
}

static const struct plugin_work calls[] = {
    {.name = "remember", .title = "Remember a word", .form = ask_form, .run = remember_run},
    {.name = "count", .title = "Count bytes with wc", .form = ask_form, .run = count_run},
    {.name = "tool",
	.title = "Run a tool",
	.form = ask_form,
	.bounds = {.seconds = 20},
	.run = tool_run},
    {.name = "folder", .title = "What it can do with the folder", .run = folder_run},
    {.name = "leave", .title = "Leave a process behind", .form = ask_form, .run = leave_run},
    {0},
};

/* ---- views ---- */

enum { PEEK_FROM, PEEK_FIELDS };
static const struct field peek_form[] = {
    [PEEK_FROM] = {"from", "From", NULL, FIELD_INTEGER, .preset = "0", .min = 0, .max = 1000000},
    [PEEK_FIELDS] = {0},
};

static bool
peek_row(const struct host *h, void *context, const struct host_row *row, struct err *e)
{
	struct jsonout *out = context;
	(void)h;
	(void)e;
	jsonout_int(out, row->row_id);
	return true;
}

static bool
peek(const struct host *h, const struct value *v, struct jsonout *out, struct err *e)
{
	struct str words, title;
	if (!host_get_state(h, "words", &words, e) || !host_get_state(h, "title", &title, e))
		return false;
	jsonout_member_str(out, "words", words);
	jsonout_member_str(out, "title", title);
	jsonout_key(out, "rows");
	jsonout_array(out);
	if (!host_page(h, (uint64_t)v[PEEK_FROM].integer, 5, peek_row, out, e))
		return false;
	jsonout_end(out);
	return true;
}

/* Views that do what a view may not. */
static bool
misfill(const struct host *h, const struct value *v, struct jsonout *out, struct err *e)
{
	struct host_row row = {0};
	struct cell cell = {0};
	(void)v;
	(void)out;
	return host_set_cell(h, &row, 0, &cell, NULL, e);
}

static bool
spin(const struct host *h, const struct value *v, struct jsonout *out, struct err *e)
{
	(void)v;
	(void)out;
	(void)e;
	while (h)
		continue;
	return true;
}

static bool
large(const struct host *h, const struct value *v, struct jsonout *out, struct err *e)
{
	(void)v;
	(void)e;
	size_t n = (size_t)LIMIT_ANSWER_BYTES;
	char *p = arena_alloc(h->arena, n);
	memset(p, 'x', n);
	jsonout_member_str(out, "text", (struct str){p, n});
	return true;
}

static const struct plugin_view views[] = {
    {.name = "peek",
	.title = "Peek",
	.help = "Five rows.",
	.form = peek_form,
	.panel = true,
	.fill = peek},
    {.name = "whole", .title = "A page of its own", .form = peek_form, .fill = peek},
    {.name = "misfill", .title = "Writes where it may not", .fill = misfill},
    {.name = "spin", .title = "Never ends", .fill = spin},
    {.name = "large", .title = "Too much", .fill = large},
    {0},
};

/* ---- the site: an index of its own, and a command that reads it ---- */

static const char *
index_path(const struct host *h)
{
	return arena_format(h->arena, "%.*s/index.txt", STR_ARG(h->folder)).p;
}

static bool
import_run(const struct host *h, const struct value *v, struct err *e)
{
	struct host_input in;
	struct line_reader r;
	struct str line;
	(void)v;
	if (!host_input(h, 0, &in, e))
		return false;
	FILE *f = fopen(index_path(h), "w");
	if (!f)
		return FAIL_ERRNO(e, "the index cannot be written");
	line_reader_init(&r, &in.bytes, h->arena);
	while (line_reader_next(&r, &line, e))
		fprintf(f, "%.*s\n", STR_ARG(line));
	if (fclose(f) != 0)
		return FAIL_ERRNO(e, "the index cannot be written");
	return e->code == ERR_OK &&
	       host_put_state(h, "lines", arena_format(h->arena, "%" PRIu64, r.number), e) &&
	       host_answer(h, arena_format(h->arena, "{\"lines\":%" PRIu64 "}", r.number), e);
}

static const struct plugin_slot import_sources[] = {
    {.name = "data", .label = "Lines", .kind = SLOT_DOCUMENT, .required = true},
    {0},
};
static const struct plugin_work site_tasks[] = {
    {.name = "import", .title = "Import an index", .sources = import_sources, .run = import_run},
    {0},
};

static bool
status(const struct host *h, const struct value *v, struct jsonout *out, struct err *e)
{
	struct str lines;
	(void)v;
	if (!host_get_state(h, "lines", &lines, e))
		return false;
	jsonout_member_str(out, "lines", lines);
	jsonout_member_bool(out, "index", access(index_path(h), R_OK) == 0);
	return true;
}

static const struct plugin_view site_views[] = {
    {.name = "status", .title = "The index", .fill = status},
    {0},
};

static int
lookup(const struct host *h, int argc, char **argv)
{
	char line[1000];
	unsigned number = 0;
	if (argc != 2) {
		fprintf(stderr, "rowhouse hooks lookup: use: rowhouse hooks lookup WORD\n");
		return 2;
	}
	FILE *f = h->folder.n ? fopen(index_path(h), "r") : NULL;
	if (!f) {
		fprintf(stderr, "rowhouse hooks lookup: nothing was imported yet\n");
		return 1;
	}
	int found = 1;
	while (fgets(line, sizeof line, f)) {
		number++;
		if (strstr(line, argv[1])) {
			printf("%u: %s", number, line);
			found = 0;
		}
	}
	fclose(f);
	return found;
}

static const struct plugin_verb verbs[] = {
    {.name = "lookup",
	.alias = "lookup",
	.line = "Find a word in the index of the plugin hooks",
	.run = lookup},
    {0},
};

/* ---- what it has ---- */

static const struct plugin_slot sources[] = {
    {.name = "data", .label = "A file", .kind = SLOT_DOCUMENT},
    {.name = "eval_data", .label = "Another one", .kind = SLOT_DOCUMENT},
    {.name = "files", .label = "More", .kind = SLOT_DOCUMENT, .many = true},
    {0},
};
static const struct plugin_type types[] = {
    {.name = "hooks_all",
	.title = "Every hook",
	.help = "A type that uses all that a type can.",
	.form = form,
	.sources = sources,
	.check = check,
	.ingest = ingest,
	.tasks = tasks,
	.calls = calls,
	.views = views},
    {0},
};
static const char *const tools[] = {"wc", "sleep", "yes", "which", NULL};

ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {
    ROWHOUSE_PLUGIN_HEAD,
    .name = "hooks",
    .title = "Every hook",
    .types = types,
    .tasks = site_tasks,
    .views = site_views,
    .verbs = verbs,
    .tools = tools,
    .folder = true,
};
