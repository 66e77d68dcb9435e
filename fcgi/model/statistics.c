/*
 * statistics.c: facets as JSON, and those that are stored; see model/query.h.
 *
 * The file is a line, "EDITION CHECKSUM", and the array.  It lies beside the projections and may be
 * deleted as they may.
 */
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

struct str
model_statistics_stored(struct model *m, const struct dataset *d, struct arena *a)
{
	struct err ignored = {0};
	struct str text, path = store_statistics_path(m->store, d->dataset_id, d->generation, a);
	if (!file_read(&text, path.p, LIMIT_REQUEST_BYTES / 4, a, &ignored))
		return (struct str){0};
	const char *line_end = memchr(text.p, '\n', text.n);
	if (!line_end)
		return (struct str){0};
	struct str line = {text.p, (size_t)(line_end - text.p)},
		   body = {line_end + 1, text.n - line.n - 1};
	struct str good = arena_format(a, "%" PRId64 " %08" PRIx32, d->edition, checksum(body));
	return str_equal(line, good) ? body : (struct str){0};
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
	query_facet_list_put(&j, &found, columns);
	struct str text = buf_str(&body);
	text = arena_format(
	    a, "%" PRId64 " %08" PRIx32 "\n%.*s", edition, checksum(text), STR_ARG(text));
	return file_replace(path, 0600, text, e);
}
