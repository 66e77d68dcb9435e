/*
 * example.c: the tutorial of plugins/README.md: a dataset type of lines of text, one row a line,
 * with a form, an ingest, a task that shows its progress, and a panel.
 *
 * Copy this folder, rename it, and change one thing after the other.
 */
#include "plugin.h"
#include "base/utf8.h"

/* ---- the form: what is asked when a dataset is made; an enum names its fields ---- */

enum { SKIP_BLANK, FORM_FIELDS };
static const struct field form[] = {
    [SKIP_BLANK] = {"skip_blank", "Leave blank lines out", NULL, FIELD_SWITCH},
    [FORM_FIELDS] = {0},
};

/* ---- ingest: a file becomes rows.  It runs in a cage, in a process of its own ---- */

enum { LINE, LENGTH, COLUMNS };

static bool
add_line(const struct host *h, uint64_t number, struct str text, bool skip_blank, struct err *e)
{
	struct str clean = utf8_clean(h->arena, text);
	if (skip_blank && str_trim(clean).n == 0)
		return true;
	/* Nothing is repaired in silence. */
	struct finding repaired = {
	    "encoding-error", number, LINE, STR("bytes that are not UTF-8 were replaced")};
	if (clean.p != text.p && !host_finding(h, &repaired, e))
		return false;
	struct str length = arena_format(h->arena, "%zu", utf8_count(clean));
	struct cell cells[COLUMNS] = {
	    [LINE] = cell_of_text(clean), [LENGTH] = {.kind = CELL_NUMBER, .bytes = length}};
	return host_add_row(h, number, cells, COLUMNS, e);
}

static bool
ingest(const struct host *h, const struct value *values, struct err *e)
{
	struct host_new_column columns[COLUMNS] = {
	    [LINE] = {.name = STR("line"), .type = COLUMN_TEXT},
	    [LENGTH] = {.name = STR("length"), .type = COLUMN_INTEGER}};
	struct host_input file;
	struct line_reader lines;
	struct str text;
	for (size_t i = 0; i < COLUMNS; i++)
		if (!host_add_column(h, &columns[i], NULL, e))
			return false;
	if (!host_input(h, 0, &file, e))
		return false;
	line_reader_init(&lines, &file.bytes, h->arena);
	while (line_reader_next(&lines, &text, e)) {
		/* What a row needs goes when it is done, so that memory stays flat. */
		struct arena_mark mark = arena_mark(h->arena);
		if (!add_line(h, lines.number, text, values[SKIP_BLANK].on, e))
			return false;
		arena_reset(h->arena, mark);
		if (!host_progress(h, file.bytes.done, file.bytes.total, e))
			return false;
	}
	return e->code == ERR_OK;
}

/* ---- a task: fills a column in, row by row; after a crash it goes on where it was ---- */

static bool
count_row(const struct host *h, void *context, const struct host_row *row, struct err *e)
{
	const size_t *words = context;
	struct str line = cell_text(h->row, &row->cells[LINE]);
	size_t n = 0;
	for (size_t i = 0; i < line.n; i++)
		n += !strchr(" \t", line.p[i]) && (i == 0 || strchr(" \t", line.p[i - 1]));
	struct cell cell = {.kind = CELL_NUMBER, .bytes = arena_format(h->row, "%zu", n)};
	return host_set_cell(h, row, *words, &cell, NULL, e);
}

static bool
count_words(const struct host *h, const struct value *values, struct err *e)
{
	struct host_new_column words = {.name = STR("words"), .type = COLUMN_INTEGER};
	size_t column_id;
	(void)values;
	return host_add_column(h, &words, &column_id, e) &&
	       host_each_row(h, count_row, &column_id, e);
}

static const struct plugin_work tasks[] = {
    {.name = "count_words",
	.title = "Count words",
	.help = "Adds a column with the number of words of each line.",
	.run = count_words},
    {0},
};

/* ---- a panel: drawn with longest.xhtml; it runs in the web worker and has two seconds ---- */

struct longest {
	struct str line;
	uint64_t length;
};

static bool
keep_longest(const struct host *h, void *context, const struct host_row *row, struct err *e)
{
	struct longest *l = context;
	uint64_t length;
	(void)e;
	if (str_to_u64(&length, row->cells[LENGTH].bytes) && length > l->length)
		*l = (struct longest){cell_text(h->arena, &row->cells[LINE]), length};
	return true;
}

static bool
longest(const struct host *h, const struct value *values, struct jsonout *out, struct err *e)
{
	struct longest l = {STR(""), 0};
	(void)values;
	if (!host_each_row(h, keep_longest, &l, e))
		return false;
	jsonout_member_str(out, "line", l.line);
	jsonout_member_int(out, "length", (int64_t)l.length);
	return true;
}

static const struct plugin_view views[] = {
    {.name = "longest", .title = "Longest line", .panel = true, .fill = longest}, {0}};

/* ---- what the plugin has ---- */

static const struct plugin_slot sources[] = {
    {.name = "data", .label = "Text file", .kind = SLOT_DOCUMENT, .required = true}, {0}};

static const struct plugin_type types[] = {
    {.name = "text_lines",
	.title = "Lines of text",
	.help = "One row for each line of a text file. The example of how to write a plugin.",
	.form = form,
	.sources = sources,
	.ingest = ingest,
	.tasks = tasks,
	.views = views},
    {0},
};

ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {
    ROWHOUSE_PLUGIN_HEAD, .name = "example", .title = "Lines of text", .types = types};
