/*
 * survey.c: see survey.h.
 *
 * Each column has a set of what it may still be; a cell takes away what it does not fit.
 */
#include "formats/survey.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "formats/exact.h"
#include "formats/xlsx_limits.h"

#define BIT(as) (1u << (as))
#define ARRAYS (BIT(AS_TEXTS) | BIT(AS_INTEGERS) | BIT(AS_NUMBERS) | BIT(AS_BOOLEANS))
#define NOTES_EACH 4   /* of a column, at most */
#define SHOWN_BYTES 40 /* of a cell that did not fit */

struct survey_column {
	unsigned possible; /* of the types that would be better than text */
	unsigned promised; /* the same before the first cell */
	uint64_t nothing, empty, bare;
	/* Cells written otherwise, by what the column might be. */
	uint64_t notation[AS__MAX];
	uint64_t misfits, misfit_row; /* that took the last possibility away */
	struct str misfit;
};

struct export_survey {
	struct export_options options;
	const struct export_column *columns;
	size_t count;
	struct survey_column *found;
	struct cell *cells;
	size_t cells_max;
	uint64_t rows;
	struct arena *arena;
};

/* What a column of a type may be, best first is the order of export_as but for NUMBER. */
static unsigned
promised(enum export_format format, enum column_type type)
{
	bool avro = format == EXPORT_AVRO;
	switch (type) {
	case COLUMN_INTEGER:
	case COLUMN_NUMBER:
		return BIT(AS_INTEGER) | BIT(AS_NUMBER);
	case COLUMN_BOOLEAN:
		return BIT(AS_BOOLEAN);
	case COLUMN_DATE:
		return avro ? 0 : BIT(AS_DATE);
	case COLUMN_DATETIME:
		return avro ? 0 : BIT(AS_TIME) | BIT(AS_LOCAL_TIME);
	case COLUMN_JSON:
		return avro ? ARRAYS : 0;
	case COLUMN_STRING:
	case COLUMN_TEXT:
	case COLUMN__MAX:
		break;
	}
	return 0;
}

struct export_survey *
survey_open(const struct export_options *options, const struct export_column *columns, size_t count,
    struct arena *a)
{
	struct export_survey *s = arena_alloc(a, sizeof *s);
	s->options = *options;
	s->columns = columns;
	s->count = count;
	s->arena = a;
	s->found = arena_array(a, count, sizeof *s->found);
	for (size_t i = 0; i < count; i++) {
		s->found[i].promised = promised(options->format, columns[i].type);
		s->found[i].possible = s->found[i].promised;
		if (columns[i].column_id >= s->cells_max)
			s->cells_max = columns[i].column_id + 1;
	}
	s->cells = arena_array(a, s->cells_max, sizeof *s->cells);
	return s;
}

/* ---- what fits ---- */

static unsigned
number_fits(struct survey_column *f, struct str text)
{
	int64_t integer;
	double number;
	bool notation = false;
	unsigned fits = exact_integer(&integer, text) ? BIT(AS_INTEGER) : 0;
	if (f->possible & BIT(AS_NUMBER) && exact_double(&number, &notation, text)) {
		fits |= BIT(AS_NUMBER);
		f->notation[AS_NUMBER] += notation;
	}
	return fits;
}

static unsigned
item_fits(const struct cell *item)
{
	int64_t integer;
	double number;
	bool notation = false;
	switch (item->kind) {
	case CELL_TEXT:
		return BIT(AS_TEXTS);
	case CELL_TRUE:
	case CELL_FALSE:
		return BIT(AS_BOOLEANS);
	case CELL_NUMBER:
		return (exact_integer(&integer, item->bytes) ? BIT(AS_INTEGERS) : 0) |
		       (exact_double(&number, &notation, item->bytes) && !notation ? BIT(AS_NUMBERS)
										   : 0);
	case CELL_ABSENT:
	case CELL_NULL:
	case CELL_JSON:
		break;
	}
	return 0;
}

static unsigned
array_fits(const struct survey_column *f, const struct cell *c)
{
	unsigned fits = f->possible;
	struct cell item;
	size_t at = 0;
	if (c->kind != CELL_JSON || c->bytes.p[0] != '[')
		return 0;
	while (fits && exact_next(&item, c->bytes, &at))
		fits &= item_fits(&item);
	return fits;
}

/* What the cell may be of what its column may be; nothing for text with escapes, which no value
 * has. */
static unsigned
fits(struct survey_column *f, const struct cell *c)
{
	bool on, zoned, notation = false;
	int32_t days;
	int64_t us;
	bool is_text = c->kind == CELL_TEXT;
	if (f->possible & ARRAYS)
		return array_fits(f, c);
	if (c->escaped)
		return 0;
	if (f->possible & (BIT(AS_INTEGER) | BIT(AS_NUMBER)))
		return is_text || c->kind == CELL_NUMBER ? number_fits(f, c->bytes) : 0;
	if (f->possible & BIT(AS_BOOLEAN)) {
		if (!is_text)
			return c->kind == CELL_TRUE || c->kind == CELL_FALSE ? BIT(AS_BOOLEAN) : 0;
		return guess_is_boolean(&on, c->bytes) ? BIT(AS_BOOLEAN) : 0;
	}
	if (f->possible & BIT(AS_DATE))
		return is_text && exact_date(&days, c->bytes) ? BIT(AS_DATE) : 0;
	if (!is_text || !exact_time(&us, &zoned, &notation, c->bytes))
		return 0;
	f->notation[AS_TIME] += notation;
	return BIT(zoned ? AS_TIME : AS_LOCAL_TIME);
}

static void
keep_misfit(struct export_survey *s, struct survey_column *f, const struct cell *c)
{
	char plain[SHOWN_BYTES];
	struct str shown = c->bytes;
	f->misfit_row = s->rows;
	if (c->escaped)
		shown = (struct str){plain, cells_unescape_some(plain, sizeof plain, shown)};
	f->misfit = arena_copy(s->arena, str_clip(shown, SHOWN_BYTES));
}

static void
look(struct export_survey *s, size_t i, const struct cell *c)
{
	struct survey_column *f = &s->found[i];
	enum column_type type = s->columns[i].type;
	if (c->kind == CELL_ABSENT || c->kind == CELL_NULL) {
		f->nothing++;
		return;
	}
	if (f->promised == 0) {
		/* JSON is written as it is. */
		f->bare += c->kind != CELL_TEXT && type != COLUMN_JSON;
		return;
	}
	if (c->kind == CELL_TEXT && c->bytes.n == 0 && !(f->promised & ARRAYS)) {
		f->empty++;
		return;
	}
	if (f->possible == 0)
		return;
	f->possible &= fits(f, c);
	if (f->possible == 0)
		keep_misfit(s, f, c);
}

/* ---- spreadsheets ---- */

/* In UTF-16, in which spreadsheets count. */
static bool
fits_sheet_cell(struct export_survey *s, const struct cell *c)
{
	if (c->bytes.n <= XLSX_CELL_CHARACTERS)
		return true;
	size_t n = 0;
	struct arena_mark mark = arena_mark(s->arena);
	struct str text = c->bytes;
	if (c->escaped) {
		char *plain = arena_alloc(s->arena, text.n);
		text = (struct str){plain, cells_unescape(plain, text)};
	}
	for (size_t i = 0; i < text.n; i++)
		n += ((text.p[i] & 0xc0) != 0x80) + ((text.p[i] & 0xf8) == 0xf0);
	arena_reset(s->arena, mark);
	return n <= XLSX_CELL_CHARACTERS;
}

static bool
look_for_sheet(struct export_survey *s, struct err *e)
{
	uint64_t most = XLSX_ROWS - !s->options.no_header;
	if (s->rows > most)
		return FAIL(e, INPUT,
		    "a sheet of XLSX holds %" PRIu64
		    " rows and there are more: choose another format, or fewer rows",
		    most);
	for (size_t i = 0; i < s->count; i++)
		if (!fits_sheet_cell(s, &s->cells[s->columns[i].column_id]))
			return FAIL_FIELD(e, INPUT, arena_text(s->arena, s->columns[i].name),
			    "row %" PRIu64 " of those that were chosen has a cell of over %d "
			    "characters in the column %.*s, more than a cell of XLSX holds: "
			    "choose another format, or leave the column out",
			    s->rows, XLSX_CELL_CHARACTERS,
			    STR_ARG(str_clip(s->columns[i].name, 60)));
	return true;
}

bool
survey_row(struct export_survey *s, struct str cells, struct str absent, struct err *e)
{
	s->rows++;
	cells_split_row(s->cells, s->cells_max, cells, absent);
	if (s->options.format == EXPORT_XLSX)
		return look_for_sheet(s, e);
	for (size_t i = 0; i < s->count; i++)
		look(s, i, &s->cells[s->columns[i].column_id]);
	return true;
}

bool
survey_close(struct export_survey *s, struct err *e)
{
	if (s->count == 0 && s->options.format == EXPORT_PARQUET)
		return FAIL(
		    e, INPUT, "Parquet has no tables without columns: choose another format");
	return true;
}

/* ---- what was found ---- */

enum export_as
survey_as(const struct export_survey *s, size_t column)
{
	const struct survey_column *f = &s->found[column];
	enum column_type type = s->columns[column].type;
	if (f->possible & BIT(AS_NUMBER) && type == COLUMN_NUMBER)
		return AS_NUMBER;
	for (int as = AS_BOOLEAN; as < AS__MAX; as++)
		if (f->possible & BIT(as))
			return (enum export_as)as;
	return type == COLUMN_JSON ? AS_JSON : AS_TEXT;
}

bool
survey_has_null(const struct export_survey *s, size_t column)
{
	const struct survey_column *f = &s->found[column];
	enum export_as as = survey_as(s, column);
	return f->nothing > 0 || (f->empty > 0 && as != AS_TEXT && as != AS_JSON);
}

struct export_note
export_note_of(const struct export_column *columns, size_t column, const char *what, uint64_t count,
    struct arena *a)
{
	return (struct export_note){column, count,
	    arena_format(a, "%.*s: %s, in %" PRIu64 " of its cells.", STR_ARG(columns[column].name),
		what, count)};
}

static void
note_cells(struct export_note **at, const struct export_survey *s, size_t column, const char *what,
    uint64_t count, struct arena *a)
{
	if (count > 0)
		*(*at)++ = export_note_of(s->columns, column, what, count, a);
}

static void
note_column(const struct export_survey *s, size_t i, struct export_note **at, struct arena *a)
{
	const struct survey_column *f = &s->found[i];
	enum export_as as = survey_as(s, i);
	struct str name = s->columns[i].name;
	const char *type = column_type_names[s->columns[i].type];
	if (f->promised && f->possible == 0 && !(f->promised & ARRAYS))
		*(*at)++ = (struct export_note){i, s->rows,
		    arena_format(a,
			"%.*s: all of it is text, each cell as it stands, because %.*s in row "
			"%" PRIu64 " cannot be kept as %s.",
			STR_ARG(name), STR_ARG(f->misfit), f->misfit_row, type)};
	else if (s->columns[i].type == COLUMN_INTEGER && as == AS_NUMBER)
		*(*at)++ = (struct export_note){i, s->rows,
		    arena_format(a,
			"%.*s: all of it is numbers with a fraction, because not all are whole.",
			STR_ARG(name))};
	if (as != AS_TEXT && as != AS_JSON)
		note_cells(at, s, i, "empty text is null", f->empty, a);
	note_cells(at, s, i,
	    as == AS_TIME ? "the moment is written in UTC, without its zone"
			  : "the number is written as its value, 1.10 as 1.1 and 1e3 as 1000",
	    f->notation[as], a);
	note_cells(at, s, i, "what is no text is written as the text of its JSON", f->bare, a);
}

size_t
survey_notes(const struct export_survey *s, struct export_note **out, struct arena *a)
{
	struct export_note *at = *out = arena_array(a, NOTES_EACH * s->count, sizeof **out);
	for (size_t i = 0; i < s->count; i++)
		if (s->options.format != EXPORT_XLSX)
			note_column(s, i, &at, a);
	return (size_t)(at - *out);
}
