/* table.c: see table.h.  Looks at the first bytes, then hands over to the reader of the format. */
#include "formats/table.h"
#include "base/utf8.h"
#include "formats/csv.h"
#include "formats/jsonl.h"
#include "formats/reader.h"
#include "formats/unpack.h"

/* How far a NUL means that the file is no text at all. */
#define LOOK_BYTES 4096
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

/* The line of a byte, by any kind of line end. */
static uint64_t
line_of(const char *p, size_t at)
{
	uint64_t line = 1;
	for (size_t i = 0; i < at; i++)
		line += p[i] == '\r' || (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'));
	return line;
}

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
	"an old Excel file (.xls) or one with a password: save it as CSV"},
    {BEGINS("PK\3\4"), "a ZIP archive or a workbook (.xlsx, .ods): send the table in it as CSV"},
    {BEGINS("PK\5\6"), "an empty ZIP archive: send the table itself"},
    {BEGINS("%PDF-"), "a PDF document: send the table it was made of"},
    {BEGINS("PAR1"), "a Parquet file: save it as CSV or JSONL"},
    {BEGINS("Obj\1"), "an Avro file: save it as CSV or JSONL"},
    {BEGINS("\x89PNG\r\n"), "an image: send the table it shows"},
    {BEGINS("\xff\xd8\xff"), "an image: send the table it shows"},
    {BEGINS("GIF8"), "an image: send the table it shows"},
};

static bool
check_signature(struct str s, struct err *e)
{
	/* A table of text may begin with "GIF8" too. */
	size_t n = s.n < LOOK_BYTES ? s.n : LOOK_BYTES;
	bool binary = n > 0 && (memchr(s.p, 0, n) || utf8_valid(s.p, n) + 4 <= n);
	for (size_t i = 0; i < ARRAY_LENGTH(signatures); i++) {
		struct str start = signatures[i].start;
		if (binary && s.n >= start.n && memcmp(s.p, start.p, start.n) == 0)
			return FAIL(e, INPUT, "this is %s", signatures[i].what);
	}
	return true;
}

/* Steps over a UTF-8 byte order mark; refuses what is no text. */
static bool
check_text(struct window *w, struct err *e)
{
	struct str s = {w->bytes, w->end};
	if (!check_signature(s, e))
		return false;
	if (str_starts(s, "\xff\xfe") || str_starts(s, "\xfe\xff") ||
	    (s.n >= 4 && memcmp(s.p, "\0\0\xfe\xff", 4) == 0))
		return FAIL_AT(e, 1, INPUT,
		    "this is not text in UTF-8 but in UTF-16 or UTF-32: save the file as UTF-8");
	const char *nul = memchr(s.p, 0, s.n < LOOK_BYTES ? s.n : LOOK_BYTES);
	if (nul)
		return FAIL_AT(e, line_of(s.p, (size_t)(nul - s.p)), INPUT,
		    "this is not text in UTF-8: it holds NUL bytes, as a binary file does");
	if (str_starts(s, "\xef\xbb\xbf"))
		w->start = 3;
	return true;
}

/* What follows the bracket can only be JSON; a CSV may well begin with "[id],[name]". */
static bool
is_json_array(struct str s)
{
	struct str rest = str_trim((struct str){s.p + 1, s.n - 1});
	return rest.n > 0 &&
	       (memchr("{[]\"-0123456789", rest.p[0], 15) || str_starts(rest, "true") ||
		   str_starts(rest, "false") || str_starts(rest, "null"));
}

static bool
find_format(struct reader *r, enum table_format *format, struct err *e)
{
	struct window *w = &r->window;
	struct str s = str_trim((struct str){w->bytes + w->start, w->end - w->start});
	if (s.n == 0 && w->at_end)
		return FAIL(e, INPUT, "the file is empty");
	*format = r->options->format;
	if (*format != TABLE_AUTO)
		return true;
	*format = str_starts(s, "{") ? TABLE_JSONL : TABLE_CSV;
	if (str_starts(s, "[") && is_json_array(s))
		return FAIL_AT(e, line_of(w->bytes, (size_t)(s.p - w->bytes)), INPUT,
		    "a JSON array is not read yet by this version; one object per line (JSONL) or "
		    "CSV is");
	return true;
}

bool
table_read_through(struct input *in, const struct table_options *options,
    const struct table_sink *sink, struct guess *guesses, struct table_counts *counts,
    size_t window_bytes, struct arena *a, struct err *e)
{
	struct table_options *as_found = arena_alloc(a, sizeof *as_found);
	*as_found = *options;
	if (!unpack_open(in, options->packing, LIMIT_UNPACKED_BYTES, &as_found->packing, a, e))
		return false;
	struct reader *r = reader_new(in, window_bytes, a, e);
	if (!r)
		return false;
	r->options = as_found;
	r->sink = sink;
	r->guesses = guesses;
	r->counts = counts;
	*counts = (struct table_counts){0};
	enum table_format format = TABLE_AUTO;
	bool worked = window_more(r, e) && check_text(&r->window, e) &&
		      find_format(r, &format, e) &&
		      (format == TABLE_JSONL ? jsonl_read(r, e) : csv_read(r, e));
	if (worked && counts->records == 0) {
		struct finding none = {"no-rows", 1, TABLE_NO_COLUMN,
		    STR("the file has a header and no rows: an empty table was made of it")};
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
	char first[3];
	size_t got = 0;
	struct str packing;
	struct input look = *in;
	struct arena look_arena;
	arena_init(&look_arena, KIB(64));
	bool good =
	    unpack_open(&look, options->packing, LIMIT_UNPACKED_BYTES, &packing, &look_arena, e) &&
	    input_read(&look, first, sizeof first, &got, e);
	arena_release(&look_arena);
	if (!good || !unpack_open(in, options->packing, LIMIT_UNPACKED_BYTES, &packing, a, e))
		return false;
	bool marked = got == sizeof first && memcmp(first, "\xef\xbb\xbf", sizeof first) == 0;
	return !marked || input_read(in, first, sizeof first, &got, e);
}
