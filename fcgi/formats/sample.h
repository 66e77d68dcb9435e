/*
 * sample.h: the beginning of a CSV file split into rows and cells under some dialect, to see what
 * it would be: part of dialect.c.
 *
 * It is more forgiving than the reader and keeps only slices: a quote that is not closed soon is
 * text, whatever the row's width.
 */
#ifndef ROWHOUSE_SAMPLE_H
#define ROWHOUSE_SAMPLE_H

#include "formats/table.h"

struct sample_row {
	size_t first, count; /* its cells; count 0: blank or a comment */
	uint64_t line;       /* from 0 */
	uint32_t filled;     /* cells that are not empty */
	bool comment;
	bool stray;       /* a quote in it is wrong */
	struct str bytes; /* its first line */
};

struct sample {
	struct str text;
	bool whole; /* nothing follows behind it */
	struct str *cells;
	struct sample_row *rows;
	size_t cell_count, row_count, cell_room;
	uint64_t lines;
	size_t protected;     /* quoted cells that hold the delimiter or a line end */
	size_t quoted, stray; /* cells whose quotes are well, and those whose are not */
};

/* Memory for the parts of any text of that size. */
void sample_init(struct sample *s, struct str text, bool whole, struct arena *a);
void sample_split(struct sample *s, const struct csv_options *o);
/* The number of cells that most rows have (of the first table, where there are several as large),
 * how many rows there are and how many have so many; 0: more than a table may have. */
size_t sample_width(const struct sample *s, size_t *rows, size_t *alike, struct arena *a);
/* All its cells only draw a line. */
bool sample_is_ruler(const struct sample *s, const struct sample_row *row);
/* How many rows belong to tables of another width. */
size_t sample_blocks(const struct sample *s, size_t width);
/* Where rows have one cell each, a first line of several labels still says what was meant. */
size_t sample_labels(const struct sample *s, const struct csv_options *o);

#endif
