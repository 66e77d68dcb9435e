/* rowcells.c: see rowcells.h. */
#include "api/rowcells.h"
#include "formats/export.h"

void
rowcells_read(struct rowcells *out, const struct row *r, const struct column *columns, size_t count,
    struct arena *a)
{
	size_t most = 0, at = 0, id;
	for (size_t k = 0; k < count; k++)
		if (columns[k].column_id >= most)
			most = columns[k].column_id + 1;
	struct cell *all = arena_array(a, most, sizeof *all);
	size_t stored = cells_split(all, most, r->cells.p, r->cells.n);
	for (size_t i = stored; i < most; i++)
		all[i].kind = CELL_ABSENT;
	while ((id = cells_next_id(r->absent, &at)) != SIZE_MAX)
		if (id < most)
			all[id].kind = CELL_ABSENT;
	out->columns = columns;
	out->cells = arena_array(a, count, sizeof *out->cells);
	for (size_t k = 0; k < count; k++)
		out->cells[k] = all[columns[k].column_id];
}

bool
rowcells_put(struct jsonout *j, const struct rowcells *c, size_t k, size_t clip)
{
	const struct cell *cell = &c->cells[k];
	struct arena *a = j->out->arena;
	if (cell->kind == CELL_ABSENT) {
		jsonout_null(j);
		return false;
	}
	if (cell->bytes.n <= clip) {
		char *token = arena_alloc(a, 2 + 6 * cell->bytes.n);
		size_t n = export_cell_token(token, cell, c->columns[k].type);
		jsonout_raw(j, (struct str){token, n});
		return false;
	}
	struct str text = cell->bytes;
	if (cell->kind == CELL_TEXT) {
		char *plain = arena_alloc(a, text.n + 1);
		text = (struct str){plain, cells_unescape(plain, text)};
	}
	jsonout_str(j, str_clip(text, clip));
	return true;
}
