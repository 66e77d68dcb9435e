/* xlsx_book.c: see xlsx_book.h. */
#include "formats/xlsx_book.h"
#include "base/buf.h"
#include "base/cells.h"
#include "base/limits.h"
#include "base/utf8.h"

#define TEXT_ROOM ((size_t)KIB(64))

/* ---- parts and how they refer to each other ---- */

/* "xl/worksheets/" of "xl/worksheets/sheet1.xml"; "xl/" of that. */
static struct str
folder_of(struct str path)
{
	if (path.n > 0)
		path.n--;
	while (path.n > 0 && path.p[path.n - 1] != '/')
		path.n--;
	return path;
}

/* The member a relation of a part points at: relative to the part's folder, or from the top. */
static size_t
resolve(const struct archive *z, struct str part, struct str target, struct arena *a)
{
	struct str folder = folder_of(part);
	struct buf path;
	buf_init(&path, a);
	if (!str_starts(target, "/"))
		buf_put_str(&path, folder);
	for (size_t i = 0; i < target.n;) {
		const char *slash = memchr(target.p + i, '/', target.n - i);
		size_t end = slash ? (size_t)(slash - target.p) + 1 : target.n;
		struct str step = {target.p + i, end - i};
		if (str_is(step, "../"))
			path.n = folder_of(buf_str(&path)).n;
		else if (!str_is(step, "./") && !str_is(step, "/"))
			buf_put_str(&path, step);
		i = end;
	}
	return archive_find(z, buf_str(&path));
}

struct relation {
	struct str id, kind; /* kind: the last word of its type, "worksheet" */
	size_t member;
};

struct relations {
	struct relation *list;
	size_t count;
};

/* Of a part that lies at `part`; "" is the package itself.  A part without any has none. */
static bool
read_relations(
    struct relations *out, struct archive *z, struct str part, struct arena *a, struct err *e)
{
	struct str folder = folder_of(part);
	struct str name = {part.p + folder.n, part.n - folder.n};
	struct xml x;
	*out = (struct relations){0};
	size_t member =
	    archive_find(z, arena_format(a, "%.*s_rels/%.*s.rels", STR_ARG(folder), STR_ARG(name)));
	if (member == ARCHIVE_NONE)
		return true;
	if (!xml_open(&x, z, member, a, e))
		return false;
	out->list = arena_array(a, LIMIT_ARCHIVE_MEMBERS, sizeof *out->list);
	do {
		if (!xml_next(&x, e))
			return false;
		if (!xml_begins(&x, "Relationship") || out->count == LIMIT_ARCHIVE_MEMBERS)
			continue;
		struct str type = xml_attribute(&x, "Type", a);
		while (type.n > 0 && memchr(type.p, '/', type.n))
			type = (struct str){type.p + 1, type.n - 1};
		out->list[out->count++] = (struct relation){xml_attribute(&x, "Id", a), type,
		    resolve(z, part, xml_attribute(&x, "Target", a), a)};
	} while (x.kind != XML_OVER);
	xml_close(&x);
	return true;
}

static size_t
member_of_kind(const struct relations *r, const char *kind)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_is(r->list[i].kind, kind))
			return r->list[i].member;
	return ARCHIVE_NONE;
}

/* ---- the workbook ---- */

static bool
is_true(struct str s)
{
	return str_is(s, "1") || str_is(s, "true");
}

static bool
take_sheet(struct xlsx_book *b, const struct xml *x, const struct relations *r, struct arena *a,
    struct err *e)
{
	struct str id = xml_attribute(x, "id", a), state = xml_attribute(x, "state", a);
	struct xlsx_sheet sheet = {.name = xml_attribute(x, "name", a),
	    .hidden = str_is(state, "hidden") || str_is(state, "veryHidden"),
	    .member = ARCHIVE_NONE};
	if (b->sheet_count == LIMIT_SHEETS)
		return FAIL(e, TOO_BIG, "the workbook has more than %d sheets, which is the limit",
		    LIMIT_SHEETS);
	for (size_t i = 0; i < r->count; i++)
		if (str_equal(r->list[i].id, id) && str_is(r->list[i].kind, "worksheet"))
			sheet.member = r->list[i].member;
	b->sheets[b->sheet_count++] = sheet;
	return true;
}

static bool
read_workbook(
    struct xlsx_book *b, size_t member, const struct relations *r, struct arena *a, struct err *e)
{
	struct xml x;
	bool workbook = false;
	b->sheets = arena_array(a, LIMIT_SHEETS, sizeof *b->sheets);
	if (!xml_open(&x, b->archive, member, a, e))
		return false;
	do {
		if (!xml_next(&x, e))
			return false;
		workbook = workbook || xml_begins(&x, "workbook");
		if (xml_begins(&x, "workbookPr"))
			b->from_1904 = is_true(xml_attribute(&x, "date1904", a));
		if (xml_begins(&x, "sheet") && workbook && !take_sheet(b, &x, r, a, e))
			return false;
	} while (x.kind != XML_OVER);
	xml_close(&x);
	return workbook || FAIL(e, INPUT,
			       "this is a document of an office program, but no workbook: send the "
			       "table in it as .xlsx or CSV");
}

/* What is an archive too, but not to be read. */
static bool
check_document(const struct archive *z, size_t workbook, struct err *e)
{
	if (archive_find(z, STR("content.xml")) != ARCHIVE_NONE)
		return FAIL(
		    e, INPUT, "this is an OpenDocument file (.ods): save it as .xlsx or as CSV");
	if (workbook == ARCHIVE_NONE)
		return FAIL(e, INPUT,
		    "this is a ZIP archive that says it is a document, but its workbook is "
		    "missing: save it once more as .xlsx, or as CSV");
	struct str name = archive_name(z, workbook);
	if (name.n > 4 && str_is((struct str){name.p + name.n - 4, 4}, ".bin"))
		return FAIL(
		    e, INPUT, "this is a binary workbook (.xlsb): save it as .xlsx or as CSV");
	return true;
}

/* ---- styles ---- */

struct number_format {
	uint64_t id;
	enum xlsx_style style;
	struct number_format *next;
};

static enum xlsx_style
style_of(const struct number_format *formats, struct str id_text)
{
	uint64_t id;
	if (!str_to_u64(&id, id_text))
		return XLSX_NUMBER;
	for (; formats; formats = formats->next)
		if (formats->id == id)
			return formats->style;
	return xlsx_style_builtin(id);
}

static bool
read_styles(struct xlsx_book *b, size_t member, struct arena *a, struct err *e)
{
	struct xml x;
	struct buf styles;
	struct number_format *formats = NULL;
	bool in_cells = false;
	buf_init(&styles, a);
	if (!xml_open(&x, b->archive, member, a, e))
		return false;
	do {
		if (!xml_next(&x, e))
			return false;
		in_cells = xml_begins(&x, "cellXfs") || (in_cells && !xml_ends(&x, "cellXfs"));
		if (xml_begins(&x, "numFmt")) {
			struct number_format *f = arena_alloc(a, sizeof *f);
			if (!str_to_u64(&f->id, xml_attribute(&x, "numFmtId", a)))
				continue;
			f->style = xlsx_style_of(xml_attribute(&x, "formatCode", a));
			f->next = formats;
			formats = f;
		} else if (in_cells && xml_begins(&x, "xf")) {
			struct arena_mark mark = arena_mark(a);
			enum xlsx_style style = style_of(formats, xml_attribute(&x, "numFmtId", a));
			arena_reset(a, mark);
			buf_put_char(&styles, (char)style);
		}
	} while (x.kind != XML_OVER);
	xml_close(&x);
	b->styles = (uint8_t *)styles.p;
	b->style_count = styles.n;
	return true;
}

/* ---- texts ---- */

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* _xHHHH_ at i: what XML cannot hold, or an underscore that would look like it. */
static bool
escape_at(struct str s, size_t i, uint32_t *code)
{
	if (s.n - i < 7 || s.p[i] != '_' || s.p[i + 1] != 'x' || s.p[i + 6] != '_')
		return false;
	*code = 0;
	for (size_t k = 2; k < 6; k++) {
		int digit = hex_digit(s.p[i + k]);
		if (digit < 0)
			return false;
		*code = *code * 16 + (uint32_t)digit;
	}
	/* Halves of pairs stay as they stand. */
	return *code != 0 && (*code < 0xd800 || *code >= 0xe000);
}

/* `out` has room for 6 * n + 2 bytes. */
static size_t
put_json_text(char *out, struct str s)
{
	size_t n = 0, from = 0;
	uint32_t code;
	out[n++] = '"';
	for (size_t i = 0; i < s.n; i++) {
		char character[4];
		if (s.p[i] != '_' || !escape_at(s, i, &code))
			continue;
		n += cells_escape(out + n, s.p + from, i - from);
		n += cells_escape(out + n, character, utf8_put(character, code));
		i += 6;
		from = i + 1;
	}
	n += cells_escape(out + n, s.p + from, s.n - from);
	out[n++] = '"';
	return n;
}

struct str
xlsx_json_text(struct str text, struct arena *a)
{
	char *out = arena_array(a, text.n + 1, 6);
	return (struct str){out, put_json_text(out, text)};
}

static bool
grow(void **p, size_t *room, size_t needed, size_t size, struct err *e)
{
	if (needed <= *room)
		return true;
	size_t more = *room + *room / 2 + TEXT_ROOM;
	if (more < needed)
		more = needed;
	void *grown = realloc(*p, more * size);
	if (!grown)
		return FAIL(e, UNAVAILABLE, "there is not enough memory to read the workbook");
	*p = grown;
	*room = more;
	return true;
}

static bool
add_text(struct xlsx_book *b, struct str text, struct err *e)
{
	void *texts = b->texts, *ends = b->ends;
	size_t most = 6 * text.n + 2, all = b->text_bytes + (b->text_count + 1) * sizeof *b->ends;
	if (text.n > LIMIT_SHARED_STRINGS_BYTES || all + text.n > LIMIT_SHARED_STRINGS_BYTES)
		return FAIL(e, TOO_BIG,
		    "the texts of the workbook are over %d MiB, which is the limit: save the sheet "
		    "as CSV",
		    (int)(LIMIT_SHARED_STRINGS_BYTES >> 20));
	bool good = grow(&texts, &b->text_room, b->text_bytes + most, 1, e);
	b->texts = texts;
	good = good && grow(&ends, &b->end_room, b->text_count + 1, sizeof *b->ends, e);
	b->ends = ends;
	if (!good)
		return false;
	b->text_bytes += put_json_text(b->texts + b->text_bytes, text);
	b->ends[b->text_count++] = (uint32_t)b->text_bytes;
	return true;
}

/* One <si>: the runs of its text, without how some of them are pronounced. */
static bool
read_texts(struct xlsx_book *b, size_t member, struct arena *a, struct err *e)
{
	struct xml x;
	struct buf text = {0};
	bool in_item = false, in_text = false, in_sound = false;
	struct arena_mark mark = arena_mark(a);
	if (!xml_open(&x, b->archive, member, a, e))
		return false;
	do {
		if (!xml_next(&x, e))
			return false;
		if (xml_begins(&x, "si")) {
			mark = arena_mark(a);
			buf_init(&text, a);
			in_item = true;
			in_sound = false;
		} else if (!in_item) {
			continue;
		}
		in_sound = xml_begins(&x, "rPh") || (in_sound && !xml_ends(&x, "rPh"));
		in_text = xml_begins(&x, "t") || (in_text && x.kind == XML_TEXT);
		if (x.kind == XML_TEXT && in_text && !in_sound)
			buf_put_str(&text, x.text);
		if (xml_ends(&x, "si")) {
			bool good = add_text(b, buf_str(&text), e);
			arena_reset(a, mark);
			in_item = false;
			if (!good)
				return false;
		}
	} while (x.kind != XML_OVER);
	xml_close(&x);
	return true;
}

struct str
xlsx_shared_text(const struct xlsx_book *b, uint64_t number)
{
	if (number >= b->text_count)
		return (struct str){0};
	size_t start = number > 0 ? b->ends[number - 1] : 0;
	return (struct str){b->texts + start, b->ends[number] - start};
}

/* ---- all of it ---- */

static void
release(void *p)
{
	struct xlsx_book *b = p;
	free(b->texts);
	free(b->ends);
	b->texts = NULL;
	b->ends = NULL;
}

bool
xlsx_book_open(struct xlsx_book *b, struct archive *z, struct arena *a, struct err *e)
{
	struct relations package, parts;
	*b = (struct xlsx_book){.archive = z};
	arena_defer(a, release, b);
	if (!read_relations(&package, z, STR(""), a, e))
		return false;
	size_t workbook = member_of_kind(&package, "officeDocument");
	if (!check_document(z, workbook, e) ||
	    !read_relations(&parts, z, archive_name(z, workbook), a, e) ||
	    !read_workbook(b, workbook, &parts, a, e))
		return false;
	size_t styles = member_of_kind(&parts, "styles");
	size_t texts = member_of_kind(&parts, "sharedStrings");
	return (styles == ARCHIVE_NONE || read_styles(b, styles, a, e)) &&
	       (texts == ARCHIVE_NONE || read_texts(b, texts, a, e));
}
