/* table.c: see table.h.  Looks at the first bytes, then hands over to the reader of the format. */
#include "formats/table.h"
#include "formats/csv.h"
#include "formats/jsonl.h"
#include "formats/reader.h"

/* How far a NUL means that the file is no text at all. */
#define LOOK_BYTES 4096
#define ROW_BYTES ((size_t)KIB(64))

static void
reader_release(void *p)
{
	struct reader *r = p;
	free(r->window.bytes);
	free(r->row);
	r->window.bytes = NULL;
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

/* Steps over a UTF-8 byte order mark; refuses what is no text. */
static bool
check_text(struct window *w, struct err *e)
{
	struct str s = {w->bytes, w->end};
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
	struct reader *r = reader_new(in, window_bytes, a, e);
	if (!r)
		return false;
	r->options = options;
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
