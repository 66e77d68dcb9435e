/* table.c: see table.h.  Looks at the first bytes, then hands over to the reader of the format. */
#include "formats/table.h"
#include "base/utf8.h"
#include "formats/csv.h"
#include "formats/encoding.h"
#include "formats/json.h"
#include "formats/jsonl.h"
#include "formats/jsonplan.h"
#include "formats/reader.h"
#include "formats/unpack.h"
#include "formats/xlsx.h"

#define LOOK_BYTES 4096 /* where what is no text shows */
#define FORMAT_BYTES INPUT_HELD_BYTES
#define ROW_BYTES ((size_t)KIB(64))

const char *const table_format_names[TABLE__MAX] = {"auto", "csv", "jsonl", "json", "xlsx"};

static void
reader_release(void *p)
{
	struct reader *r = p;
	free(r->window.bytes);
	free(r->window.sample);
	free(r->row);
	r->window.bytes = r->window.sample = NULL;
	r->row = NULL;
}

static struct reader *
reader_new(struct input *in, size_t window_bytes, struct arena *a, struct err *e)
{
	struct reader *r = arena_alloc(a, sizeof *r);
	arena_defer(a, reader_release, r);
	r->arena = a;
	r->line = 1;
	r->row_capacity = ROW_BYTES;
	r->row = malloc(r->row_capacity);
	r->window = (struct window){.in = in, .capacity = window_bytes};
	r->window.bytes = malloc(window_bytes + WINDOW_PAD);
	r->window.at_end = in->length == 0;
	names_init(&r->names, a);
	if (!r->row || !r->window.bytes) {
		FAIL(e, UNAVAILABLE, "there is not enough memory to read a file");
		return NULL;
	}
	return r;
}

/* ---- what the file is ---- */

/* Files that are often sent and are no table that can be read, by how they begin. */
static const struct signature {
	struct str start;
	const char *what;
} signatures[] = {
#define BEGINS(text)                                                                               \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
    {BEGINS("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
	"an old Excel file (.xls), or one with a password: save it as .xlsx without a password, or "
	"as CSV"},
    {BEGINS("PK\3\4"), "a ZIP archive inside another file: send it by itself"},
    {BEGINS("PK\5\6"), "an empty ZIP archive: send the table itself"},
    {BEGINS("\x1f\x8b\x08"), "a gzip file inside another file: unpack it once and send that"},
    {BEGINS("\x28\xb5\x2f\xfd"), "a zstd file inside another file: unpack it once and send that"},
    {BEGINS("BZh91AY&SY"), "a bzip2 file inside another file: unpack it once and send that"},
    {BEGINS("\xfd"
	    "7zXZ"),
	"an xz file inside another file: unpack it once and send that"},
    {BEGINS("7z\xbc\xaf\x27\x1c"), "a 7z archive: send the table in it, or pack it as ZIP"},
    {BEGINS("Rar!\x1a\x07"), "a RAR archive: send the table in it, or pack it as ZIP"},
    {BEGINS("%PDF-"), "a PDF document: send the table it was made of"},
    {BEGINS("PAR1"), "a Parquet file: save it as CSV or JSONL"},
    {BEGINS("Obj\1"), "an Avro file: save it as CSV or JSONL"},
    {BEGINS("ARROW1"), "an Arrow file: save it as CSV or JSONL"},
    {BEGINS("SQLite format 3"), "an SQLite database: save the table as CSV"},
    {BEGINS("\x89PNG\r\n"), "an image: send the table it shows"},
    {BEGINS("\xff\xd8\xff"), "an image: send the table it shows"},
    {BEGINS("GIF8"), "an image: send the table it shows"},
    {BEGINS("II*\0"), "an image: send the table it shows"},
    {BEGINS("MM\0*"), "an image: send the table it shows"},
};

/* Bytes that no text has; some control bytes are delimiters (0x01, 0x1c to 0x1f) or ends of files.
 */
static size_t
count_controls(struct str s)
{
	size_t controls = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		controls += c == 0 || (c > 2 && c < '\t') || (c > '\r' && c < 0x1a);
	}
	return controls;
}

static bool
check_signature(struct str s, struct err *e)
{
	/* A table of text may begin with "GIF8" too. */
	bool binary = count_controls(s) > 0 || utf8_valid(s.p, s.n) + 4 <= s.n;
	for (size_t i = 0; i < ARRAY_LENGTH(signatures); i++) {
		struct str start = signatures[i].start;
		if (binary && s.n >= start.n && memcmp(s.p, start.p, start.n) == 0)
			return FAIL(e, INPUT, "this is %s", signatures[i].what);
	}
	return true;
}

/* A few NUL bytes are repaired by the reader; a file full of them is none of text. */
static bool
check_text(struct str s, struct err *e)
{
	size_t controls = count_controls(s);
	return controls < 4 || controls < s.n / 20 ||
	       FAIL_AT(e, 1, INPUT,
		   "this is no text: it is full of bytes that no text has, as a program's own "
		   "files are");
}

/* ---- from the bytes of the file to those that a reader gets ---- */

struct opened {
	struct unpacked unpacked;
	struct encoding encoding;
	enum table_format format;
};

static bool
find_format(struct input *in, enum table_format *format, struct err *e)
{
	size_t n = 0;
	char *sample = malloc(FORMAT_BYTES);
	if (!sample)
		return FAIL(e, UNAVAILABLE, "there is not enough memory to read a file");
	bool good = input_peek(in, 0, sample, FORMAT_BYTES, &n, e);
	struct str s = {sample, n};
	if (good && *format == TABLE_AUTO) {
		good = check_text((struct str){s.p, n < LOOK_BYTES ? n : LOOK_BYTES}, e);
		enum json_format json = json_format_of(s, n < FORMAT_BYTES);
		*format = json == JSON_IS_LINES      ? TABLE_JSONL
			  : json == JSON_IS_DOCUMENT ? TABLE_JSON
						     : TABLE_CSV;
	}
	free(sample);
	return good;
}

/* Text, as the reader of its format gets it; or a document that its reader opens. */
static bool
open_input(struct input *in, const struct table_options *o, struct opened *out, struct arena *a,
    struct err *e)
{
	char first[LOOK_BYTES];
	size_t n;
	*out = (struct opened){.format = o->format};
	if (!unpack_open(in, o->packing, o->member, LIMIT_UNPACKED_BYTES, &out->unpacked, a, e))
		return false;
	if (out->unpacked.document && (o->format == TABLE_AUTO || o->format == TABLE_XLSX)) {
		out->format = TABLE_XLSX;
		return true;
	}
	if (out->unpacked.document || o->format == TABLE_XLSX)
		return FAIL_FIELD(e, INPUT, "format", "The file is %s",
		    out->unpacked.document ? "a workbook or another office document, no text"
					   : "no workbook (.xlsx)");
	/* Who says that it is text knows better than its first bytes do. */
	return input_peek(in, 0, first, sizeof first, &n, e) &&
	       (o->format != TABLE_AUTO || check_signature((struct str){first, n}, e)) &&
	       encoding_open(in, o->encoding, &out->encoding, a, e) &&
	       find_format(in, &out->format, e);
}

static bool
tell_encoding(struct reader *r, const struct encoding *encoding, struct err *e)
{
	return !encoding->guessed ||
	       reader_finding(r, e, "encoding-guessed", TABLE_NO_COLUMN,
		   "the file is not in UTF-8; it was read as %.*s, which fits best: choose another "
		   "encoding if letters are wrong",
		   STR_ARG(encoding->name));
}

static bool
read_text(struct reader *r, const struct opened *o, struct err *e)
{
	const struct window *w = &r->window;
	if (!window_more(r, e))
		return false;
	if (w->at_end && str_trim((struct str){w->bytes, w->end}).n == 0)
		return FAIL(e, INPUT, "the file is empty");
	if (!tell_encoding(r, &o->encoding, e))
		return false;
	return o->format == TABLE_JSONL  ? jsonl_read(r, e)
	       : o->format == TABLE_JSON ? json_read(r, e)
					 : csv_read(r, e);
}

bool
table_read_through(struct input *in, const struct table_options *options,
    const struct table_sink *sink, struct guess *guesses, struct table_counts *counts,
    size_t window_bytes, struct arena *a, struct err *e)
{
	struct table_options *as_found = arena_alloc(a, sizeof *as_found);
	struct opened o;
	*counts = (struct table_counts){0};
	if (!open_input(in, options, &o, a, e))
		return false;
	struct reader *r = reader_new(in, window_bytes, a, e);
	if (!r)
		return false;
	*as_found = *options;
	as_found->packing = o.unpacked.packing;
	as_found->member = o.unpacked.member;
	as_found->encoding = o.encoding.name;
	r->options = as_found;
	r->sink = sink;
	r->guesses = guesses;
	r->counts = counts;
	bool worked =
	    o.format == TABLE_XLSX ? xlsx_read(r, o.unpacked.document, e) : read_text(r, &o, e);
	if (worked && counts->records == 0) {
		struct finding none = {"no-rows", 1, TABLE_NO_COLUMN,
		    STR("the file has no rows: an empty table was made of it")};
		worked = sink->finding(sink->context, &none, e);
	}
	/* The arena may live much longer than the file is read. */
	reader_release(r);
	return worked;
}

bool
table_read(struct input *in, const struct table_options *options, const struct table_sink *sink,
    struct guess *guesses, struct table_counts *counts, struct arena *a, struct err *e)
{
	return table_read_through(in, options, sink, guesses, counts, WINDOW_BYTES, a, e);
}

bool
table_open_text(
    struct input *in, const struct table_options *options, struct arena *a, struct err *e)
{
	struct opened o;
	return open_input(in, options, &o, a, e) &&
	       (o.format != TABLE_XLSX || FAIL(e, INPUT, "a workbook has no lines of text"));
}
