/*
 * export_xlsx.c: spreadsheets (ECMA-376, Office Open XML) of one sheet.
 *
 * A cell is a number, a boolean, a day or a moment where a spreadsheet shows all of its text, else
 * it is text, which is told:
 *   - numbers have at most 15 significant digits, which is what spreadsheets calculate with; their
 *     format has as many decimals as the text (1.10 is shown as 1.10), and no exponent up to there;
 *   - days and moments are from 1900-03-01 on (before it spreadsheets do not agree on the calendar)
 *     and have no zone, which spreadsheets do not know, and no digits behind the milliseconds.
 * Null, absent and empty text are empty cells.  Nothing is ever a formula: texts stand in the sheet
 * itself as such, and those that begin as a formula does are marked so that editing one leaves it
 * text (quotePrefix).  What a sheet cannot hold the survey has refused.
 *
 * The sheet is written to a temporary file and packed when it is whole.
 */
#include "formats/export_writer.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "formats/exact.h"
#include "formats/pack.h"
#include "formats/xlsx_limits.h"

_Static_assert(LIMIT_COLUMNS <= XLSX_COLUMNS, "every dataset fits the columns of a sheet");

/* What stands around a cell's text. */
#define AROUND_BYTES 128
#define SERIAL_1970 25569 /* the day 1970-01-01 as spreadsheets count days */
#define SERIAL_LEAST 61   /* 1900-03-01 */
#define DAY_MS 86400000.0

/* Styles, by their place in cellXfs. */
enum {
	STYLE_GENERAL,
	STYLE_QUOTED,
	STYLE_DAY,
	STYLE_MOMENT,
	STYLE_MOMENT_MS,
	STYLE_DECIMALS /* with 0 decimals, and 15 more with 1 to 15 */
};
#define MOST_DIGITS 15
#define GENERAL_DIGITS 10 /* of more, General shows an exponent, or less */
#define STYLES (STYLE_DECIMALS + MOST_DIGITS + 1)

/* The other parts of the package: name, content. */
static const char *const documents[] = {
    "[Content_Types].xml",
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
    "<Default Extension=\"rels\" "
    "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
    "<Override PartName=\"/xl/workbook.xml\" "
    "ContentType=\"application/"
    "vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>"
    "<Override PartName=\"/xl/styles.xml\" "
    "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/>"
    "<Override PartName=\"/xl/worksheets/sheet1.xml\" "
    "ContentType=\"application/"
    "vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>"
    "</Types>",
    "_rels/.rels",
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
    "<Relationship Id=\"rId1\" "
    "Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    "officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
    "xl/_rels/workbook.xml.rels",
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
    "<Relationship Id=\"rId1\" "
    "Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" "
    "Target=\"worksheets/sheet1.xml\"/>"
    "<Relationship Id=\"rId2\" "
    "Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" "
    "Target=\"styles.xml\"/></Relationships>",
    "xl/workbook.xml",
    "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" "
    "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">"
    "<sheets><sheet name=\"Data\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
};
#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"

struct xlsx {
	int target;          /* where the file goes; the writer's own fd is the sheet's */
	struct str *letters; /* A, B ... of each column */
	struct bytes plain;  /* a cell's text without its escapes */
	char line[24];       /* the row's number */
	size_t line_length;
};

static struct str
styles(struct arena *a)
{
	static const char *const formats[] = {
	    [STYLE_DAY] = "yyyy\\-mm\\-dd",
	    [STYLE_MOMENT] = "yyyy\\-mm\\-dd\\ hh:mm:ss",
	    [STYLE_MOMENT_MS] = "yyyy\\-mm\\-dd\\ hh:mm:ss.000",
	};
	struct buf b;
	buf_init(&b, a);
	buf_put_text(&b, XML "<styleSheet xmlns=\"http://schemas.openxmlformats.org/"
			     "spreadsheetml/2006/main\"><numFmts count=\"18\">");
	for (int i = STYLE_DAY; i < STYLE_DECIMALS; i++)
		buf_format(&b, "<numFmt numFmtId=\"%d\" formatCode=\"%s\"/>", 164 + i, formats[i]);
	for (int i = 1; i <= MOST_DIGITS; i++)
		buf_format(&b, "<numFmt numFmtId=\"%d\" formatCode=\"0.%.*s\"/>",
		    164 + STYLE_DECIMALS + i, i, "000000000000000");
	buf_put_text(&b, "</numFmts><fonts count=\"1\"><font/></fonts><fills count=\"2\"><fill/>"
			 "<fill><patternFill patternType=\"gray125\"/></fill></fills>"
			 "<borders count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf/>"
			 "</cellStyleXfs>");
	buf_format(&b, "<cellXfs count=\"%d\">", STYLES);
	for (int i = 0; i < STYLES; i++) {
		int format = i <= STYLE_QUOTED ? 0 : i == STYLE_DECIMALS ? 1 : 164 + i;
		buf_format(&b, "<xf numFmtId=\"%d\"%s%s xfId=\"0\"/>", format,
		    format ? " applyNumberFormat=\"1\"" : "",
		    i == STYLE_QUOTED ? " quotePrefix=\"1\"" : "");
	}
	buf_put_text(&b, "</cellXfs></styleSheet>");
	return buf_str(&b);
}

/* 0 is A, 25 Z, 26 AA. */
static struct str
letters_of(size_t column, struct arena *a)
{
	char text[4];
	size_t at = sizeof text;
	for (column++; column > 0; column = (column - 1) / 26)
		text[--at] = (char)('A' + (column - 1) % 26);
	return arena_copy(a, (struct str){text + at, sizeof text - at});
}

/* ---- text ---- */

/* "_x000D_": what a spreadsheet reads as the character of that code. */
static bool
is_escape(const char *p, size_t n)
{
	if (n < 7 || p[1] != 'x' || p[6] != '_')
		return false;
	for (int i = 2; i < 6; i++)
		if (!((p[i] >= '0' && p[i] <= '9') || ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'f')))
			return false;
	return true;
}

/* Text as XML; `out` has room for 7 times its bytes.  What XML cannot hold is written as _xHHHH_
 * (ECMA-376, ST_Xstring). */
static size_t
put_xml(char *out, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t o = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		const char *as = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
		bool control = c < ' ' && c != '\t' && c != '\n';
		bool last = c == 0xef && s.n - i >= 3 && (unsigned char)s.p[i + 1] == 0xbf &&
			    (unsigned char)s.p[i + 2] >= 0xbe; /* U+FFFE, U+FFFF */
		if (control || last || (c == '_' && is_escape(s.p + i, s.n - i))) {
			unsigned code = last ? 0xffc0u | ((unsigned char)s.p[i + 2] & 0x3f) : c;
			memcpy(out + o, "_x0000_", 7);
			for (int k = 0; k < 4; k++)
				out[o + 5 - (size_t)k] = hex[code >> (4 * k) & 15];
			o += 7;
			i += last ? 2 : 0;
		} else if (as) {
			size_t n = strlen(as);
			memcpy(out + o, as, n);
			o += n;
		} else {
			out[o++] = (char)c;
		}
	}
	return o;
}

static void
put_words(struct export_writer *w, const char *text)
{
	bytes_put(&w->out, text, strlen(text));
}

/* <c r="B7" s="3" t="b"> */
static void
open_cell(struct export_writer *w, size_t column, unsigned style, const char *type)
{
	const struct xlsx *v = w->state;
	bytes_put(&w->out, "<c r=\"", 6);
	bytes_put(&w->out, v->letters[column].p, v->letters[column].n);
	bytes_put(&w->out, v->line, v->line_length);
	bytes_put(&w->out, "\"", 1);
	if (style != STYLE_GENERAL) {
		char text[AROUND_BYTES];
		int n = snprintf(text, sizeof text, " s=\"%u\"", style);
		bytes_put(&w->out, text, (size_t)n);
	}
	put_words(w, type);
}

static void
put_text_body(struct export_writer *w, struct str s)
{
	/* Space within it stays anyway. */
	bool ends_in_space =
	    s.n > 0 && ((unsigned char)s.p[0] <= ' ' || (unsigned char)s.p[s.n - 1] <= ' ');
	put_words(w, ends_in_space ? "<is><t xml:space=\"preserve\">" : "<is><t>");
	w->out.n += put_xml(w->out.p + w->out.n, s);
	put_words(w, "</t></is></c>");
}

static void
put_text(struct export_writer *w, size_t column, struct str s)
{
	bool quoted = s.n > 0 && memchr("=+-@", s.p[0], 4);
	open_cell(w, column, quoted ? STYLE_QUOTED : STYLE_GENERAL, " t=\"inlineStr\">");
	put_text_body(w, s);
}

/* ---- values ---- */

/* The digits of a number as they stand: spreadsheets read decimals themselves. */
static bool
put_number(struct export_writer *w, size_t column, struct str text)
{
	struct exact_shape shape;
	double value;
	bool ignored = false;
	exact_shape(&shape, text);
	size_t decimals = shape.exponent ? 0 : shape.decimals;
	/* -0 would be shown as 0. */
	if (shape.digits > MOST_DIGITS || decimals > MOST_DIGITS ||
	    (shape.digits == 0 && text.p[0] == '-') || !exact_double(&value, &ignored, text))
		return false;
	bool general = shape.exponent || (!shape.trailing_zero && text.n <= GENERAL_DIGITS);
	open_cell(
	    w, column, general ? STYLE_GENERAL : (unsigned)(STYLE_DECIMALS + decimals), "><v>");
	bytes_put(&w->out, text.p, text.n);
	put_words(w, "</v></c>");
	return true;
}

static void
put_serial(struct export_writer *w, size_t column, unsigned style, double serial)
{
	char text[AROUND_BYTES];
	int n = snprintf(text, sizeof text, "%.17g</v></c>", serial);
	open_cell(w, column, style, "><v>");
	bytes_put(&w->out, text, (size_t)n);
}

static bool
put_day(struct export_writer *w, size_t column, struct str text)
{
	int32_t days;
	if (!exact_date(&days, text) || days + SERIAL_1970 < SERIAL_LEAST)
		return false;
	put_serial(w, column, STYLE_DAY, days + SERIAL_1970);
	return true;
}

static bool
put_moment(struct export_writer *w, size_t column, struct str text)
{
	int64_t us;
	bool zoned, ignored = false;
	if (!exact_time(&us, &zoned, &ignored, text) || zoned || us % 1000 != 0)
		return false;
	double serial = (double)(us / 1000) / DAY_MS + SERIAL_1970;
	if (serial < SERIAL_LEAST)
		return false;
	put_serial(w, column, us % 1000000 ? STYLE_MOMENT_MS : STYLE_MOMENT, serial);
	return true;
}

static void
put_boolean(struct export_writer *w, size_t column, bool on)
{
	open_cell(w, column, STYLE_GENERAL, on ? " t=\"b\"><v>1</v></c>" : " t=\"b\"><v>0</v></c>");
}

/* As what its column is; false: it must be text. */
static bool
put_typed(struct export_writer *w, size_t column, const struct cell *c)
{
	bool on;
	if (c->kind == CELL_TRUE || c->kind == CELL_FALSE) {
		put_boolean(w, column, c->kind == CELL_TRUE);
		return true;
	}
	if (c->kind == CELL_NUMBER)
		return put_number(w, column, c->bytes);
	if (c->kind != CELL_TEXT || c->escaped)
		return false;
	switch (w->columns[column].type) {
	case COLUMN_INTEGER:
	case COLUMN_NUMBER:
		return cells_is_number(c->bytes) && put_number(w, column, c->bytes);
	case COLUMN_BOOLEAN:
		if (!guess_is_boolean(&on, c->bytes))
			return false;
		put_boolean(w, column, on);
		return true;
	case COLUMN_DATE:
		return put_day(w, column, c->bytes);
	case COLUMN_DATETIME:
		return put_moment(w, column, c->bytes);
	case COLUMN_STRING:
	case COLUMN_TEXT:
	case COLUMN_JSON:
	case COLUMN__MAX:
		break;
	}
	return false;
}

static bool
is_told(const struct cell *c, enum column_type type)
{
	bool is_text = type == COLUMN_STRING || type == COLUMN_TEXT || type == COLUMN_JSON;
	return c->kind == CELL_NUMBER || (c->kind == CELL_TEXT && !is_text);
}

/* ---- the sheet ---- */

static bool
open_row(struct export_writer *w, uint64_t line, struct err *e)
{
	struct xlsx *v = w->state;
	v->line_length = (size_t)snprintf(v->line, sizeof v->line, "%" PRIu64, line);
	return export_put(w, "<row r=\"", 8, e) && export_put(w, v->line, v->line_length, e) &&
	       export_put(w, "\">", 2, e);
}

static bool
row(struct export_writer *w, struct err *e)
{
	struct xlsx *v = w->state;
	if (!open_row(w, w->rows + 1 + !w->options.no_header, e))
		return false;
	for (size_t i = 0; i < w->count; i++) {
		const struct cell *c = export_cell(w, i);
		if (c->kind <= CELL_NULL || c->bytes.n == 0)
			continue;
		if (!export_room(w, 7 * c->bytes.n + 2 * AROUND_BYTES, e))
			return false;
		if (put_typed(w, i, c))
			continue;
		v->plain.n = 0;
		if (!bytes_room(&v->plain, c->bytes.n + 2, e))
			return false;
		size_t n = export_put_text(v->plain.p, c, false);
		put_text(w, i, (struct str){v->plain.p, n});
		w->told[i] += is_told(c, w->columns[i].type);
	}
	return export_put(w, "</row>\n", 7, e);
}

static bool
put_header(struct export_writer *w, struct err *e)
{
	if (!open_row(w, 1, e))
		return false;
	for (size_t i = 0; i < w->count; i++) {
		struct str name = w->columns[i].name;
		if (!export_room(w, 7 * name.n + 2 * AROUND_BYTES, e))
			return false;
		open_cell(w, i, STYLE_GENERAL, " t=\"inlineStr\">");
		put_text_body(w, name);
	}
	return export_put(w, "</row>\n", 7, e);
}

static bool
begin(struct export_writer *w, struct err *e)
{
	struct xlsx *v = w->state = arena_alloc(w->arena, sizeof *v);
	v->target = w->fd;
	v->letters = arena_array(w->arena, w->count, sizeof *v->letters);
	for (size_t i = 0; i < w->count; i++)
		v->letters[i] = letters_of(i, w->arena);
	bytes_init(&v->plain, w->arena);
	if (!file_scratch(&w->fd, w->options.scratch, w->arena, e) ||
	    !export_room(w, EXPORT_BUFFER_BYTES, e))
		return false;
	put_words(w, XML "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/"
			 "main\">");
	if (!w->options.no_header)
		put_words(w, "<sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" "
			     "topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>"
			     "</sheetView></sheetViews>");
	put_words(w, "<sheetData>\n");
	return w->options.no_header || put_header(w, e);
}

static bool
end(struct export_writer *w, struct err *e)
{
	const struct xlsx *v = w->state;
	struct pack_member members[ARRAY_LENGTH(documents) / 2 + 2];
	size_t count = 0;
	if (!export_put(w, "</sheetData></worksheet>", 24, e) || !export_flush(w, e))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(documents); i += 2)
		members[count++] = (struct pack_member){.name = str_of(documents[i]),
		    .content = arena_format(w->arena, XML "%s", documents[i + 1])};
	members[count++] =
	    (struct pack_member){.name = STR("xl/styles.xml"), .content = styles(w->arena)};
	members[count++] =
	    (struct pack_member){.name = STR("xl/worksheets/sheet1.xml"), .fd = w->fd};
	return pack_zip(v->target, w->options.scratch, members, count, w->arena, e);
}

const struct export_functions export_xlsx = {
    .begin = begin,
    .row = row,
    .end = end,
    .told = "it is text, because a spreadsheet would show it otherwise",
};
