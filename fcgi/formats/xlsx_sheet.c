/* xlsx_sheet.c: see xlsx_sheet.h. */
#include "formats/xlsx_sheet.h"
#include "base/buf.h"
#include "base/cells.h"
#include "base/limits.h"

/* One <c> as it is read. */
struct raw_cell {
	struct str type;  /* attribute t */
	uint64_t style;   /* attribute s */
	size_t column;    /* from 0 */
	struct buf value; /* what stands in <v>, or in the <t> of <is> */
};

/* The column of "BC12"; SIZE_MAX when it says none. */
static size_t
column_of(struct str reference)
{
	size_t column = 0, i = 0;
	for (; i < reference.n && i < 4; i++) {
		char c = (char)(reference.p[i] | 0x20);
		if (c < 'a' || c > 'z')
			break;
		column = column * 26 + (size_t)(c - 'a') + 1;
	}
	return i > 0 && column <= XLSX_COLUMNS ? column - 1 : SIZE_MAX;
}

bool
xlsx_sheet_open(struct xlsx_sheet_reader *s, const struct xlsx_book *b, size_t member,
    struct arena *a, struct err *e)
{
	s->book = b;
	s->number = 0;
	s->count = 0;
	s->over = false;
	return xml_open(&s->xml, b->archive, member, a, e);
}

/* ---- one cell ---- */

static struct xlsx_cell
text_cell(struct str token)
{
	return (struct xlsx_cell){.kind = token.n > 2 ? XLSX_TEXT : XLSX_BLANK, .token = token};
}

static struct xlsx_cell
value_cell(struct str token)
{
	return (struct xlsx_cell){.kind = XLSX_VALUE, .token = token};
}

static struct xlsx_cell
problem_cell(struct str problem)
{
	return (struct xlsx_cell){.kind = XLSX_PROBLEM, .token = STR("null"), .problem = problem};
}

static struct xlsx_cell
number_cell(const struct xlsx_sheet_reader *s, uint64_t style, struct str text, struct arena *a)
{
	char moment[XLSX_MOMENT_BYTES];
	const struct xlsx_book *b = s->book;
	enum xlsx_style shown =
	    style < b->style_count ? (enum xlsx_style)b->styles[style] : XLSX_NUMBER;
	if (!cells_is_number(text))
		return text_cell(xlsx_json_text(text, a));
	size_t n = shown == XLSX_NUMBER ? 0 : xlsx_moment(moment, text, shown, b->from_1904);
	return value_cell(n ? xlsx_json_text((struct str){moment, n}, a) : arena_copy(a, text));
}

/* False: the cell is empty. */
static bool
make_cell(struct xlsx_cell *out, const struct xlsx_sheet_reader *s, const struct raw_cell *raw,
    struct arena *a)
{
	struct str text = buf_str(&raw->value), word = str_trim(text), type = raw->type;
	uint64_t number;
	bool is_text = str_is(type, "inlineStr") || str_is(type, "str");
	if (word.n == 0 && !is_text)
		return false;
	if (is_text) {
		*out = text_cell(xlsx_json_text(text, a));
	} else if (str_is(type, "s")) {
		struct str token = {0};
		if (str_to_u64(&number, word))
			token = xlsx_shared_text(s->book, number);
		*out = token.n ? text_cell(token) : problem_cell(STR("a text that is missing"));
	} else if (str_is(type, "b")) {
		bool on = str_is(word, "1") || str_is(word, "true");
		*out = value_cell(on ? STR("true") : STR("false"));
	} else if (str_is(type, "e")) {
		*out = problem_cell(arena_copy(a, word));
	} else if (str_is(type, "d")) {
		*out = value_cell(xlsx_json_text(word, a));
	} else {
		*out = number_cell(s, raw->style, word, a);
	}
	out->column = (uint32_t)raw->column;
	return true;
}

static bool
read_cell(struct xlsx_sheet_reader *s, struct raw_cell *raw, struct arena *a, struct err *e)
{
	struct xml *x = &s->xml;
	bool in_value = false, in_inline = false, in_sound = false;
	size_t column = column_of(xml_attribute(x, "r", a));
	raw->type = xml_attribute(x, "t", a);
	if (!str_to_u64(&raw->style, xml_attribute(x, "s", a)))
		raw->style = 0;
	if (column != SIZE_MAX)
		raw->column = column;
	buf_init(&raw->value, a);
	for (;;) {
		if (!xml_next(x, e))
			return false;
		if (xml_ends(x, "c") || x->kind == XML_OVER)
			return true;
		in_inline = xml_begins(x, "is") || (in_inline && !xml_ends(x, "is"));
		in_sound = xml_begins(x, "rPh") || (in_sound && !xml_ends(x, "rPh"));
		in_value = xml_begins(x, "v") || (in_inline && xml_begins(x, "t")) ||
			   (in_value && x->kind == XML_TEXT);
		if (x->kind == XML_TEXT && in_value && !in_sound)
			buf_put_str(&raw->value, x->text);
	}
}

/* ---- one row ---- */

/* Keeps the cells ascending; a place that comes twice holds what came last. */
static void
keep_cell(struct xlsx_sheet_reader *s, const struct xlsx_cell *cell)
{
	size_t i = s->count;
	while (i > 0 && s->cells[i - 1].column >= cell->column)
		i--;
	if (i < s->count && s->cells[i].column == cell->column) {
		s->cells[i] = *cell;
		return;
	}
	memmove(s->cells + i + 1, s->cells + i, (s->count - i) * sizeof *s->cells);
	s->cells[i] = *cell;
	s->count++;
}

static bool
read_row(struct xlsx_sheet_reader *s, struct xlsx_row *row, struct arena *a, struct err *e)
{
	struct xml *x = &s->xml;
	struct raw_cell raw = {.column = 0};
	struct xlsx_cell cell;
	uint64_t number;
	bool numbered = str_to_u64(&number, xml_attribute(x, "r", a));
	/* Rows stand in their order; a number that goes back is none. */
	s->number = numbered && number > s->number && number <= XLSX_ROWS ? number : s->number + 1;
	*row = (struct xlsx_row){.number = s->number};
	s->count = 0;
	for (;;) {
		if (!xml_next(x, e))
			return false;
		if (xml_ends(x, "row") || x->kind == XML_OVER)
			break;
		if (!xml_begins(x, "c"))
			continue;
		if (!read_cell(s, &raw, a, e))
			return false;
		if (raw.column >= XLSX_COLUMNS)
			return FAIL(e, INPUT,
			    "row %" PRIu64 " of the sheet has more cells than a sheet can have",
			    s->number);
		if (make_cell(&cell, s, &raw, a)) {
			row->filled += cell.kind != XLSX_BLANK;
			keep_cell(s, &cell);
		}
		raw.column++;
	}
	row->count = s->count;
	row->cells = arena_array(a, s->count, sizeof *row->cells);
	if (s->count)
		memcpy(row->cells, s->cells, s->count * sizeof *row->cells);
	return true;
}

bool
xlsx_sheet_next(struct xlsx_sheet_reader *s, struct xlsx_row *row, struct arena *a, struct err *e)
{
	*row = (struct xlsx_row){0};
	while (!s->over) {
		if (!xml_next(&s->xml, e))
			return false;
		s->over = s->xml.kind == XML_OVER;
		if (!xml_begins(&s->xml, "row"))
			continue;
		struct arena_mark mark = arena_mark(a);
		if (!read_row(s, row, a, e))
			return false;
		if (row->filled > 0)
			return true;
		arena_reset(a, mark);
		*row = (struct xlsx_row){0};
	}
	return true;
}
