/* export.c: the formats there are, and what all writers have in common; see export.h. */
#include "formats/export_writer.h"
#include "base/file.h"

const struct export_kind export_kinds[EXPORT__MAX] = {
    [EXPORT_CSV] = {"csv", "CSV", "text/csv; charset=utf-8", false},
    [EXPORT_TSV] = {"tsv", "TSV", "text/tab-separated-values; charset=utf-8", false},
    [EXPORT_JSONL] = {"jsonl", "JSON Lines", "application/jsonl", false},
    [EXPORT_JSON] = {"json", "JSON", "application/json", false},
    [EXPORT_XLSX] = {"xlsx", "Excel (XLSX)",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", true},
    [EXPORT_AVRO] = {"avro", "Avro", "application/avro", true},
    [EXPORT_PARQUET] = {"parquet", "Parquet", "application/vnd.apache.parquet", true},
};

static const struct export_functions *const functions[EXPORT__MAX] = {
    [EXPORT_CSV] = &export_csv,
    [EXPORT_TSV] = &export_csv,
    [EXPORT_JSONL] = &export_jsonl,
    [EXPORT_JSON] = &export_json,
    [EXPORT_XLSX] = &export_xlsx,
    [EXPORT_AVRO] = &export_avro,
    [EXPORT_PARQUET] = &export_parquet,
};

enum export_format
export_format_from_name(struct str name)
{
	int format = 0;
	while (format < EXPORT__MAX && !str_is(name, export_kinds[format].name))
		format++;
	return (enum export_format)format;
}

struct export_writer *
export_open(int fd, const struct export_options *options, const struct export_column *columns,
    size_t count, const struct export_survey *survey, struct arena *a)
{
	struct export_writer *w = arena_alloc(a, sizeof *w);
	w->fd = fd;
	w->options = *options;
	w->columns = columns;
	w->count = count;
	w->survey = survey;
	w->arena = a;
	bytes_init(&w->out, a);
	w->told = arena_array(a, count, sizeof *w->told);
	for (size_t i = 0; i < count; i++)
		if (columns[i].column_id >= w->cells_max)
			w->cells_max = columns[i].column_id + 1;
	w->cells = arena_array(a, w->cells_max, sizeof *w->cells);
	return w;
}

bool
export_flush(struct export_writer *w, struct err *e)
{
	size_t n = w->out.n;
	w->out.n = 0;
	w->written += n;
	return n == 0 || file_write_all(w->fd, w->out.p, n, e);
}

bool
export_make_room(struct export_writer *w, size_t n, struct err *e)
{
	return export_flush(w, e) &&
	       bytes_room(&w->out, n > EXPORT_BUFFER_BYTES ? n : EXPORT_BUFFER_BYTES, e);
}

bool
export_begin(struct export_writer *w, struct err *e)
{
	const struct export_functions *f = functions[w->options.format];
	return !f->begin || f->begin(w, e);
}

bool
export_row(struct export_writer *w, struct str cells, struct str absent, struct err *e)
{
	cells_split_row(w->cells, w->cells_max, cells, absent);
	w->limit = cells.p + cells.n;
	bool good = functions[w->options.format]->row(w, e);
	w->rows++;
	return good;
}

bool
export_close(struct export_writer *w, struct err *e)
{
	const struct export_functions *f = functions[w->options.format];
	return (!f->end || f->end(w, e)) && export_flush(w, e);
}

uint64_t
export_told(const struct export_writer *w, size_t column)
{
	return w->told[column];
}

const char *
export_told_sentence(const struct export_options *options)
{
	return functions[options->format]->told;
}

size_t
export_put_text(char *out, const struct cell *c, bool as_json)
{
	if (c->kind == CELL_TEXT && !as_json && c->escaped)
		return cells_unescape(out, c->bytes);
	size_t quote = c->kind == CELL_TEXT && as_json;
	if (quote)
		out[0] = out[c->bytes.n + 1] = '"';
	if (c->bytes.n > 0)
		memcpy(out + quote, c->bytes.p, c->bytes.n);
	return c->bytes.n + 2 * quote;
}

size_t
export_text_length(const struct cell *c, bool as_json)
{
	if (c->kind == CELL_TEXT && !as_json && c->escaped)
		return cells_text_length(c->bytes);
	return c->bytes.n + (c->kind == CELL_TEXT && as_json ? 2 : 0);
}
