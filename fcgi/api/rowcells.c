/* rowcells.c: see rowcells.h. */
#include "api/rowcells.h"
#include "formats/export.h"

void
rowcells_init(struct rowcells *c, const struct column *columns, size_t count, struct arena *a)
{
	*c = (struct rowcells){.columns = columns, .count = count};
	for (size_t k = 0; k < count; k++)
		if (columns[k].column_id >= c->stored_count)
			c->stored_count = columns[k].column_id + 1;
	c->stored = arena_array(a, c->stored_count, sizeof *c->stored);
	c->cells = arena_array(a, count, sizeof(const struct cell *));
	for (size_t k = 0; k < count; k++)
		c->cells[k] = &c->stored[columns[k].column_id];
}

void
rowcells_read(struct rowcells *c, const struct row *r)
{
	cells_split_row(c->stored, c->stored_count, r->cells, r->absent);
}

bool
rowcells_put(struct jsonout *j, const struct rowcells *c, size_t k, size_t clip)
{
	const struct cell *cell = c->cells[k];
	if (cell->kind == CELL_ABSENT) {
		jsonout_null(j);
		return false;
	}
	if (cell->bytes.n <= clip) {
		char *room = jsonout_room(j, EXPORT_TOKEN_ROOM(cell->bytes.n));
		jsonout_took(j, export_cell_token(room, cell, c->columns[k].type));
		return false;
	}
	struct str text = cell->bytes;
	if (cell->kind == CELL_TEXT) {
		char *plain = arena_alloc(j->out->arena, clip);
		text = (struct str){plain, cells_unescape_some(plain, clip, text)};
	}
	jsonout_str(j, str_clip(text, clip));
	return true;
}
