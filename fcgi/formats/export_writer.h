/* export_writer.h: what the writers of export.h share: export.c and a file per format, nobody else.
 */
#ifndef ROWHOUSE_EXPORT_WRITER_H
#define ROWHOUSE_EXPORT_WRITER_H

#include "formats/bytes.h"
#include "formats/export.h"
#include "formats/survey.h"

#define EXPORT_BUFFER_BYTES ((size_t)1 << 20)

struct export_writer {
	int fd;
	struct export_options options;
	const struct export_column *columns;
	size_t count;
	const struct export_survey *survey;
	struct arena *arena;
	struct cell *cells;
	size_t cells_max;  /* the largest column id + 1 */
	const char *limit; /* of the row: no byte at or behind it may be read */
	struct bytes out;  /* goes to fd whenever it is full */
	uint64_t written;  /* bytes that went there */
	uint64_t rows;     /* before this one */
	uint64_t *told;
	void *state; /* the format's own, made by its `begin` */
};

/* A format's functions; `begin` and `end` may be NULL. */
struct export_functions {
	bool (*begin)(struct export_writer *w, struct err *e);
	bool (*row)(struct export_writer *w, struct err *e);
	bool (*end)(struct export_writer *w, struct err *e);
	const char *told; /* see export_told_sentence */
};
extern const struct export_functions export_csv, export_jsonl, export_json, export_xlsx,
    export_avro, export_parquet;

/* Writes out what is buffered and makes room for n bytes. */
bool export_make_room(struct export_writer *w, size_t n, struct err *e) MUST_CHECK;
bool export_flush(struct export_writer *w, struct err *e) MUST_CHECK;

/* Room for n bytes at w->out.p + w->out.n. */
static inline bool MUST_CHECK
export_room(struct export_writer *w, size_t n, struct err *e)
{
	return w->out.capacity - w->out.n >= n || export_make_room(w, n, e);
}

static inline bool MUST_CHECK
export_put(struct export_writer *w, const void *p, size_t n, struct err *e)
{
	if (!export_room(w, n, e))
		return false;
	bytes_put(&w->out, p, n);
	return true;
}

/* The cell of the row at a place in `columns`. */
static inline const struct cell *
export_cell(const struct export_writer *w, size_t i)
{
	return &w->cells[w->columns[i].column_id];
}

/* Null and absent; of a column that is no text also the empty text. */
static inline bool
export_is_null(const struct cell *c, enum export_as as)
{
	return c->kind <= CELL_NULL ||
	       (c->kind == CELL_TEXT && c->bytes.n == 0 && as != AS_TEXT && as != AS_JSON);
}

/* A cell's text without its escapes, or any cell as JSON.  `out` has room for 2 bytes more than the
 * cell's. */
size_t export_put_text(char *out, const struct cell *c, bool as_json);
size_t export_text_length(const struct cell *c, bool as_json);

#endif
