/* export.c: see export.h. */
#include "model/export.h"
#include "base/file.h"
#include "base/limits.h"
#include "formats/pack.h"

#define WATCH_ROWS 16384

/* ---- the form ---- */

static const struct choice formats[] = {
    {"csv", "CSV"},
    {"tsv", "TSV: CSV with tabs"},
    {"jsonl", "JSON Lines"},
    {"json", "JSON: one array"},
    {"xlsx", "Excel (XLSX)"},
    {"avro", "Avro"},
    {"parquet", "Parquet"},
    {0},
};

static const struct field part_fields[] = {
    {"name", "Name", "Of the file: letters, digits, - and _.", FIELD_LINE, .required = true,
	.min = 1, .max = 32},
    {"share", "Share", "Beside the others': 8 and 2 are the same as 80 and 20.", FIELD_NUMBER,
	.required = true, .min = 1e-6, .max = 1e9},
    {0},
};

static const struct field split_fields[] = {
    [SPLIT_FIELD_COLUMN] = {"column", "Split by", "Rows with the same text here stay together.",
	FIELD_COLUMN},
    [SPLIT_FIELD_SEED] = {"seed", "Seed",
	"Any text. The same one always gives the same split; another one another.", FIELD_LINE,
	.max = 100},
    [SPLIT_FIELD_TEST] = {"test", "Test share", "Of all rows, about; the rest is for training.",
	FIELD_NUMBER, .preset = "0.2", .min = 0.0001, .max = 0.9999},
    [SPLIT_FIELD_PARTS] = {"parts", "Parts",
	"In place of test and train: files of these names with these shares.", FIELD_TABLE,
	.max = LIMIT_EXPORT_PARTS, .fields = part_fields},
    {0},
};

const struct field export_fields[] = {
    [EXPORT_FIELD_FORMAT] = {"format", "format", "What to write.", FIELD_CHOICE, .preset = "csv",
	.choices = formats},
    [EXPORT_FIELD_COLUMNS] = {"columns", "columns",
	"The columns to write, in this order, by id or name; all when none is given.", FIELD_TEXTS,
	.max = LIMIT_COLUMNS},
    [EXPORT_FIELD_SAFE] = {"safe", "Safe for spreadsheets",
	"CSV and TSV: texts that a spreadsheet would take for a formula get an apostrophe before "
	"them; with a byte order mark and line ends as Windows has them.",
	FIELD_SWITCH, .preset = "false"},
    [EXPORT_FIELD_HEADER] = {"header", "Column names in the first row", "CSV, TSV and XLSX.",
	FIELD_SWITCH, .preset = "true"},
    [EXPORT_FIELD_COMPRESS] = {"compress", "Compress", "Avro (deflate) and Parquet (zstd).",
	FIELD_SWITCH, .preset = "true"},
    [EXPORT_FIELD_SPLIT] = {"split", "Split",
	"Into several files, packed into one ZIP, by a hash of a column's text.", FIELD_GROUP,
	.fields = split_fields},
    QUERY_FIELDS(EXPORT_FIELD_QUERY),
    [EXPORT_FIELD_SORT] = QUERY_SORT_FIELD,
    {0},
};

/* ---- the plan ---- */

/* By id or name; *id is its public id. */
static const struct column *
find_column(
    struct str *id, const struct column *columns, size_t count, struct str wanted, struct arena *a)
{
	for (size_t i = 0; i < count; i++)
		if (wanted.n == columns[i].slug.n + 4 && str_starts(wanted, "col_") &&
		    memcmp(wanted.p + 4, columns[i].slug.p, columns[i].slug.n) == 0) {
			*id = wanted;
			return &columns[i];
		}
	for (size_t i = 0; i < count; i++)
		if (str_equal(wanted, columns[i].name)) {
			*id = arena_format(a, "col_%.*s", STR_ARG(columns[i].slug));
			return &columns[i];
		}
	return NULL;
}

static struct export_column
export_column_of(const struct column *c)
{
	return (struct export_column){c->column_id, c->name, c->type, c->required};
}

static bool
no_column(const char *field, struct str wanted, struct err *e)
{
	return FAIL_FIELD(
	    e, INPUT, field, "the dataset has no column %.*s", STR_ARG(str_clip(wanted, 100)));
}

static bool
choose_columns(struct export_plan *p, const struct value *chosen, const struct column *columns,
    size_t count, struct arena *a, struct err *e)
{
	bool *taken = arena_array(a, count, sizeof *taken);
	p->chosen = chosen->set && chosen->count > 0;
	p->count = p->chosen ? chosen->count : count;
	struct export_column *list = arena_array(a, p->count, sizeof *list);
	struct str *ids = arena_array(a, p->count, sizeof *ids);
	p->columns = list;
	p->ids = ids;
	for (size_t i = 0; i < p->count; i++) {
		const struct column *c = &columns[i];
		if (p->chosen)
			c = find_column(&ids[i], columns, count, chosen->items[i].text, a);
		if (!c)
			return no_column("columns", chosen->items[i].text, e);
		if (taken[c - columns])
			return FAIL_FIELD(e, INPUT, "columns", "the column %.*s is there twice",
			    STR_ARG(str_clip(c->name, 100)));
		taken[c - columns] = true;
		list[i] = export_column_of(c);
	}
	return true;
}

static bool
is_file_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_'))
			return false;
	}
	return true;
}

static bool
named_parts(struct export_plan *p, const struct value *table, struct arena *a, struct err *e)
{
	struct share_part *parts = arena_array(a, table->count, sizeof *parts);
	p->parts = parts;
	p->part_count = table->count;
	for (size_t i = 0; i < table->count; i++) {
		const struct value *part = table->items + 2 * i;
		parts[i] = (struct share_part){part[0].text, part[1].number};
		if (!is_file_name(parts[i].name))
			return FAIL_FIELD(e, INPUT, "split.parts",
			    "the name of a part may have letters, digits, - and _ only");
		for (size_t k = 0; k < i; k++)
			if (str_equal_nocase(parts[k].name, parts[i].name))
				return FAIL_FIELD(e, INPUT, "split.parts",
				    "two parts are called %.*s", STR_ARG(parts[i].name));
	}
	return table->count >= 2 ||
	       FAIL_FIELD(e, INPUT, "split.parts", "a split has two parts at least");
}

static bool
plan_split(struct export_plan *p, const struct value *split, const struct column *columns,
    size_t count, struct arena *a, struct err *e)
{
	static const struct share_part whole[] = {{{0}, 1}};
	const struct value *v = split->set ? split->items : NULL;
	p->parts = whole;
	p->part_count = 1;
	/* A form on a page sends an empty one. */
	if (!v || (!v[SPLIT_FIELD_COLUMN].set && v[SPLIT_FIELD_COLUMN].json))
		return true;
	if (!v[SPLIT_FIELD_COLUMN].set)
		return FAIL_FIELD(e, INPUT, "split.column", "Split by is required");
	const struct column *c =
	    find_column(&p->split_id, columns, count, v[SPLIT_FIELD_COLUMN].text, a);
	if (!c)
		return no_column("split.column", v[SPLIT_FIELD_COLUMN].text, e);
	p->splits = true;
	p->split_column = c->column_id;
	p->seed = v[SPLIT_FIELD_SEED].set ? v[SPLIT_FIELD_SEED].text : (struct str){0};
	if (v[SPLIT_FIELD_PARTS].set && v[SPLIT_FIELD_PARTS].count > 0)
		return named_parts(p, &v[SPLIT_FIELD_PARTS], a, e);
	struct share_part *parts = arena_array(a, 2, sizeof *parts);
	/* Test is the first: of a larger share it keeps what it had. */
	parts[0] = (struct share_part){STR("test"), v[SPLIT_FIELD_TEST].number};
	parts[1] = (struct share_part){STR("train"), 1 - v[SPLIT_FIELD_TEST].number};
	p->parts = parts;
	p->part_count = 2;
	return true;
}

bool
export_plan_make(struct export_plan *out, const struct value *values, const struct column *columns,
    size_t count, struct arena *a, struct err *e)
{
	*out = (struct export_plan){
	    .options =
		{
		    .format = export_format_from_name(values[EXPORT_FIELD_FORMAT].text),
		    .no_header = !values[EXPORT_FIELD_HEADER].on,
		    .no_compression = !values[EXPORT_FIELD_COMPRESS].on,
		},
	};
	enum export_format format = out->options.format;
	out->options.safe =
	    values[EXPORT_FIELD_SAFE].on && (format == EXPORT_CSV || format == EXPORT_TSV);
	query_request_read(
	    &out->request, &values[EXPORT_FIELD_QUERY], &values[EXPORT_FIELD_SORT], a);
	return choose_columns(out, &values[EXPORT_FIELD_COLUMNS], columns, count, a, e) &&
	       plan_split(out, &values[EXPORT_FIELD_SPLIT], columns, count, a, e) &&
	       model_query_check(&out->query, &out->request, columns, count, a, e);
}

const char *
export_plan_ending(const struct export_plan *p)
{
	return p->splits ? "zip" : export_kinds[p->options.format].name;
}

const char *
export_media_type(struct str ending)
{
	enum export_format format = export_format_from_name(ending);
	return format == EXPORT__MAX ? "application/zip" : export_kinds[format].media_type;
}

static void
write_split(struct jsonout *j, const struct export_plan *p)
{
	jsonout_key(j, "split");
	jsonout_object(j);
	jsonout_member_str(j, "column", p->split_id);
	jsonout_member_str(j, "seed", p->seed);
	jsonout_key(j, "parts");
	jsonout_array(j);
	for (size_t i = 0; i < p->part_count; i++) {
		jsonout_object(j);
		jsonout_member_str(j, "name", p->parts[i].name);
		jsonout_key(j, "share");
		jsonout_double(j, p->parts[i].share);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_end(j);
}

void
export_plan_write(struct jsonout *j, const struct export_plan *p)
{
	jsonout_member_text(j, "format", export_kinds[p->options.format].name);
	if (p->chosen) {
		jsonout_key(j, "columns");
		jsonout_array(j);
		for (size_t i = 0; i < p->count; i++)
			jsonout_str(j, p->ids[i]);
		jsonout_end(j);
	}
	jsonout_member_bool(j, "safe", p->options.safe);
	jsonout_member_bool(j, "header", !p->options.no_header);
	jsonout_member_bool(j, "compress", !p->options.no_compression);
	if (p->splits)
		write_split(j, p);
	query_request_write(j, &p->request);
}

/* ---- the rows ---- */

static bool
all_rows(void *context, rows_each_fn *fn, void *fn_context, struct err *e)
{
	return rows_each_cells(context, fn, fn_context, e);
}

static bool
found_rows(void *context, rows_each_fn *fn, void *fn_context, struct err *e)
{
	return query_each(context, fn, fn_context, e);
}

bool
export_rows_of(struct export_rows *out, const struct export_plan *plan, struct rows_file *rows,
    struct arena *a, struct err *e)
{
	if (query_request_is_plain(&plan->request)) {
		*out = (struct export_rows){.context = rows, .each = all_rows};
		return rows_count(rows, &out->count, e);
	}
	struct query_found *found = arena_alloc(a, sizeof *found);
	if (!query_find(found, rows, &plan->query, a, e))
		return false;
	*out = (struct export_rows){found, found_rows, found->matching};
	return true;
}

/* ---- writing ---- */

struct writing {
	const struct export_plan *plan;
	const struct export_watch *watch;
	struct export_survey *survey;
	struct shares shares;
	struct cell *cells; /* for the split */
	struct export_writer **writers;
	struct export_result *result;
	uint64_t done, total;
};

static inline bool
look(struct writing *x, struct err *e)
{
	const struct export_watch *w = x->watch;
	return ++x->done % WATCH_ROWS != 0 || !w || !w->look ||
	       w->look(w->context, x->done, x->total, x->result->rows, e);
}

static bool
look_at_row(void *context, const struct row *r, struct err *e)
{
	struct writing *x = context;
	return look(x, e) && survey_row(x->survey, r->cells, r->absent, e);
}

static bool
write_row(void *context, const struct row *r, struct err *e)
{
	struct writing *x = context;
	size_t part = 0;
	if (x->plan->splits) {
		cells_split_row(x->cells, x->plan->split_column + 1, r->cells, r->absent);
		if (!shares_of(&part, &x->shares, &x->cells[x->plan->split_column], e))
			return false;
	}
	x->result->rows++;
	x->result->part_rows[part]++;
	return look(x, e) && export_row(x->writers[part], r->cells, r->absent, e);
}

/* What was found out before and while the rows were written. */
static void
put_notes(struct writing *x, struct arena *a)
{
	const struct export_plan *p = x->plan;
	const char *sentence = export_told_sentence(&p->options);
	struct export_note *found = NULL, *all;
	size_t count = x->survey ? survey_notes(x->survey, &found, a) : 0;
	all = arena_array(a, count + p->count, sizeof *all);
	if (count > 0)
		memcpy(all, found, count * sizeof *all);
	for (size_t i = 0; i < p->count && sentence; i++) {
		uint64_t cells = 0;
		for (size_t k = 0; k < p->part_count; k++)
			cells += export_told(x->writers[k], i);
		if (cells > 0)
			all[count++] = export_note_of(p->columns, i, sentence, cells, a);
	}
	x->result->notes = all;
	x->result->note_count = count;
}

/* Each part into a file without a name, then all of them into the archive. */
static bool
pack_parts(
    struct writing *x, const int *fds, int fd, const char *scratch, struct arena *a, struct err *e)
{
	const struct export_plan *p = x->plan;
	struct pack_member *members = arena_array(a, p->part_count, sizeof *members);
	bool packed = p->options.format == EXPORT_XLSX ||
		      (export_kinds[p->options.format].has_types && !p->options.no_compression);
	for (size_t i = 0; i < p->part_count; i++)
		members[i] = (struct pack_member){
		    .name = arena_format(a, "%.*s.%s", STR_ARG(p->parts[i].name),
			export_kinds[p->options.format].name),
		    .fd = fds[i],
		    .stored = packed,
		};
	return pack_zip(fd, scratch, members, p->part_count, a, e);
}

static bool
open_writers(
    struct writing *x, int *fds, int fd, const char *scratch, struct arena *a, struct err *e)
{
	const struct export_plan *p = x->plan;
	struct export_options options = p->options;
	options.scratch = scratch;
	for (size_t i = 0; i < p->part_count; i++) {
		fds[i] = fd;
		if (p->splits && !file_scratch(&fds[i], scratch, a, e))
			return false;
		x->writers[i] = export_open(fds[i], &options, p->columns, p->count, x->survey, a);
		if (!export_begin(x->writers[i], e))
			return false;
	}
	return true;
}

bool
export_write(struct export_result *out, const struct export_plan *plan,
    const struct export_rows *rows, int fd, const char *scratch, const struct export_watch *watch,
    struct arena *a, struct err *e)
{
	bool has_types = export_kinds[plan->options.format].has_types;
	struct writing *x = arena_alloc(a, sizeof *x);
	int *fds = arena_array(a, plan->part_count, sizeof *fds);
	*out = (struct export_result){
	    .part_rows = arena_array(a, plan->part_count, sizeof *out->part_rows)};
	x->plan = plan;
	x->watch = watch;
	x->result = out;
	x->total = rows->count * (has_types ? 2 : 1);
	x->writers = arena_array(a, plan->part_count, sizeof(struct export_writer *));
	x->cells = arena_array(a, plan->split_column + 1, sizeof *x->cells);
	shares_init(&x->shares, plan->seed, plan->parts, plan->part_count, a);
	if (has_types) {
		x->survey = survey_open(&plan->options, plan->columns, plan->count, a);
		if (!rows->each(rows->context, look_at_row, x, e) || !survey_close(x->survey, e))
			return false;
	}
	if (!open_writers(x, fds, fd, scratch, a, e) || !rows->each(rows->context, write_row, x, e))
		return false;
	for (size_t i = 0; i < plan->part_count; i++)
		if (!export_close(x->writers[i], e))
			return false;
	put_notes(x, a);
	return !plan->splits || pack_parts(x, fds, fd, scratch, a, e);
}
