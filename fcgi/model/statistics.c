/*
 * statistics.c: facets as JSON, and those that are stored; see model/query.h.
 *
 * The file is a line, "EDITION CHECKSUM", and an array of facets, each an array of its counts, the
 * least and the most, the values and the bins, in the order of write_facet(): it is read without a
 * tree, so that numbers keep their digits.  It lies beside the projections and may be deleted as
 * they may.
 */
#include "base/cells.h"
#include "base/file.h"
#include "base/limits.h"
#include "model/query.h"

#include <zlib.h>

/* ---- as JSON ---- */

static void
put_place(struct jsonout *j, const char *key, double v)
{
	jsonout_key(j, key);
	jsonout_double(j, v);
}

static void
put_values(struct jsonout *j, const struct facet *f)
{
	jsonout_key(j, "values");
	jsonout_array(j);
	for (size_t i = 0; i < f->value_count; i++) {
		jsonout_object(j);
		jsonout_key(j, "value");
		jsonout_raw(j, f->values[i].token);
		jsonout_member_int(j, "count", (int64_t)f->values[i].count);
		jsonout_member_bool(j, "clipped", f->values[i].clipped);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
put_bins(struct jsonout *j, const struct facet *f)
{
	jsonout_key(j, "bins");
	jsonout_array(j);
	for (size_t i = 0; i < f->bin_count; i++) {
		jsonout_object(j);
		put_place(j, "from", f->bins[i].from);
		put_place(j, "to", f->bins[i].to);
		jsonout_member_int(j, "count", (int64_t)f->bins[i].count);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
put_value(struct jsonout *j, const char *key, const struct facet_value *v)
{
	jsonout_key(j, key);
	if (v->count)
		jsonout_raw(j, v->token);
	else
		jsonout_null(j);
}

void
query_facet_put(struct jsonout *j, const struct facet *f, const struct column *columns)
{
	const struct column *c = &columns[f->column];
	const struct {
		const char *key;
		uint64_t count;
	} counts[] = {
	    {"rows", f->rows},
	    {"empty", f->empty},
	    {"null", f->null},
	    {"missing", f->missing},
	    {"other", f->other},
	    {"distinct", f->distinct},
	    {"shortest", f->shortest},
	    {"longest", f->longest},
	    {"beyond", f->beyond},
	};
	jsonout_object(j);
	jsonout_member_str(j, "column", arena_format(j->out->arena, "col_%.*s", STR_ARG(c->slug)));
	jsonout_member_str(j, "name", c->name);
	jsonout_member_text(j, "type", column_type_names[c->type]);
	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
		jsonout_member_int(j, counts[i].key, (int64_t)counts[i].count);
	put_value(j, "least", &f->least);
	put_value(j, "most", &f->most);
	put_values(j, f);
	put_bins(j, f);
	jsonout_end(j);
}

void
query_facet_list_put(
    struct jsonout *j, const struct query_facets *facets, const struct column *columns)
{
	jsonout_array(j);
	for (size_t i = 0; i < facets->count; i++)
		query_facet_put(j, &facets->list[i], columns);
	jsonout_end(j);
}

/* ---- stored ---- */

bool
model_statistics_columns(const size_t **out, size_t *out_count, struct str text,
    const struct column *columns, size_t count, struct arena *a, struct err *e)
{
	if (text.n == 0 && count > LIMIT_FACET_COLUMNS)
		count = LIMIT_FACET_COLUMNS;
	return model_query_columns(out, out_count, text, "columns", columns, count, a, e);
}

static uint32_t
checksum(struct str body)
{
	return (uint32_t)crc32_z(0, (const unsigned char *)body.p, body.n);
}

/* The counts of a facet that stand at the beginning of its array. */
#define COUNTS 10
#define FACET_CELLS (COUNTS + 4)
#define LIST_CELLS (3 * (STATISTICS_VALUES > STATISTICS_BINS ? STATISTICS_VALUES : STATISTICS_BINS))

static void
write_value(struct jsonout *j, const struct facet_value *v)
{
	if (v->count)
		jsonout_raw(j, v->token);
	else
		jsonout_null(j);
}

static void
write_facet(struct jsonout *j, const struct facet *f)
{
	const uint64_t counts[COUNTS] = {f->column, f->rows, f->empty, f->null, f->missing,
	    f->other, f->distinct, f->shortest, f->longest, f->beyond};
	jsonout_array(j);
	for (size_t i = 0; i < COUNTS; i++)
		jsonout_unsigned(j, counts[i]);
	write_value(j, &f->least);
	write_value(j, &f->most);
	jsonout_array(j);
	for (size_t i = 0; i < f->value_count; i++) {
		jsonout_raw(j, f->values[i].token);
		jsonout_unsigned(j, f->values[i].count);
		jsonout_bool(j, f->values[i].clipped);
	}
	jsonout_end(j);
	jsonout_array(j);
	for (size_t i = 0; i < f->bin_count; i++) {
		jsonout_double(j, f->bins[i].from);
		jsonout_double(j, f->bins[i].to);
		jsonout_unsigned(j, f->bins[i].count);
	}
	jsonout_end(j);
	jsonout_end(j);
}

/* A cell as the token it was. */
static struct str
token_of(const struct cell *c)
{
	bool quoted = c->kind == CELL_TEXT;
	return (struct str){c->bytes.p - quoted, c->bytes.n + 2 * (size_t)quoted};
}

static struct facet_value
read_value(const struct cell *c)
{
	return (struct facet_value){.token = token_of(c), .count = c->kind != CELL_NULL};
}

/* A list of three cells an item; false: it is none. */
static bool
read_list(struct cell *cells, size_t *count, const struct cell *list)
{
	size_t n = list->kind == CELL_JSON
		       ? cells_split(cells, LIST_CELLS, list->bytes.p, list->bytes.n)
		       : 1;
	*count = n / 3;
	return n % 3 == 0 && n <= LIST_CELLS;
}

static double
number_of(const struct cell *c, struct arena *a)
{
	return strtod(arena_text(a, c->bytes), NULL);
}

static bool
read_facet(struct facet *f, struct str text, size_t columns, struct arena *a)
{
	struct cell cells[FACET_CELLS], list[LIST_CELLS];
	uint64_t column;
	uint64_t *const counts[COUNTS] = {&column, &f->rows, &f->empty, &f->null, &f->missing,
	    &f->other, &f->distinct, &f->shortest, &f->longest, &f->beyond};
	if (cells_split(cells, FACET_CELLS, text.p, text.n) != FACET_CELLS)
		return false;
	for (size_t i = 0; i < COUNTS; i++)
		if (!str_to_u64(counts[i], cells[i].bytes))
			return false;
	f->column = (size_t)column;
	f->least = read_value(&cells[COUNTS]);
	f->most = read_value(&cells[COUNTS + 1]);
	if (column >= columns || !read_list(list, &f->value_count, &cells[COUNTS + 2]))
		return false;
	struct facet_value *values = arena_array(a, f->value_count, sizeof *values);
	for (size_t i = 0; i < f->value_count; i++) {
		values[i] = (struct facet_value){
		    .token = token_of(&list[3 * i]), .clipped = list[3 * i + 2].kind == CELL_TRUE};
		if (!str_to_u64(&values[i].count, list[3 * i + 1].bytes))
			return false;
	}
	f->values = values;
	if (!read_list(list, &f->bin_count, &cells[COUNTS + 3]))
		return false;
	struct facet_bin *bins = arena_array(a, f->bin_count, sizeof *bins);
	for (size_t i = 0; i < f->bin_count; i++) {
		bins[i].from = number_of(&list[3 * i], a);
		bins[i].to = number_of(&list[3 * i + 1], a);
		if (!str_to_u64(&bins[i].count, list[3 * i + 2].bytes))
			return false;
	}
	f->bins = bins;
	return true;
}

/* What the file holds, when it is whole and of this edition. */
static bool
read_stored(struct str *body, struct model *m, const struct dataset *d, struct arena *a)
{
	struct err ignored = {0};
	struct str text, path = store_statistics_path(m->store, d->dataset_id, d->generation, a);
	if (!file_read(&text, path.p, LIMIT_REQUEST_BYTES / 4, a, &ignored))
		return false;
	const char *line_end = memchr(text.p, '\n', text.n);
	if (!line_end)
		return false;
	struct str line = {text.p, (size_t)(line_end - text.p)};
	*body = (struct str){line_end + 1, text.n - line.n - 1};
	struct str good = arena_format(a, "%" PRId64 " %08" PRIx32, d->edition, checksum(*body));
	return str_equal(line, good);
}

bool
model_statistics_stored(struct query_facets *out, struct model *m, const struct dataset *d,
    size_t columns, struct arena *a)
{
	struct cell *cells = arena_array(a, LIMIT_FACET_COLUMNS, sizeof *cells);
	struct str body;
	*out = (struct query_facets){0};
	if (!read_stored(&body, m, d, a))
		return false;
	out->count = cells_split(cells, LIMIT_FACET_COLUMNS, body.p, body.n);
	if (out->count > LIMIT_FACET_COLUMNS)
		return false;
	out->list = arena_array(a, out->count, sizeof *out->list);
	for (size_t i = 0; i < out->count; i++)
		if (!read_facet(&out->list[i], cells[i].bytes, columns, a))
			return false;
	out->total = out->matching = out->count ? out->list[0].rows : 0;
	return true;
}

bool
statistics_store(const char *path, struct rows_file *rows, const struct column *columns,
    size_t count, const struct projection *const *projections, int64_t edition, struct arena *a,
    struct err *e)
{
	struct query query = {
	    .columns = columns, .column_count = count, .projections = projections};
	struct query_facets found;
	const size_t *asked;
	size_t asked_count;
	struct buf body;
	struct jsonout j;
	if (!model_statistics_columns(
		&asked, &asked_count, (struct str){0}, columns, count, a, e) ||
	    !query_facets(
		rows, &query, asked, asked_count, STATISTICS_VALUES, STATISTICS_BINS, &found, a, e))
		return false;
	buf_init(&body, a);
	jsonout_init(&j, &body);
	jsonout_array(&j);
	for (size_t i = 0; i < found.count; i++)
		write_facet(&j, &found.list[i]);
	jsonout_end(&j);
	struct str text = buf_str(&body);
	text = arena_format(
	    a, "%" PRId64 " %08" PRIx32 "\n%.*s", edition, checksum(text), STR_ARG(text));
	return file_replace(path, 0600, text, e);
}
