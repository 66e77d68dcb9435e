/* encoding.c: see encoding.h. */
#include "formats/encoding.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "formats/encoding_guess.h"

#define BUFFER_BYTES ((size_t)KIB(64))
#define CHARACTER_BYTES 4 /* of UTF-8, at most */
/* How far a text without anything but ASCII is looked at. */
#define LOOK_BYTES MIB(8)

enum form { FORM_UTF8, FORM_UTF16, FORM_UTF32, FORM_CODEPAGE };

struct kind {
	const char *name;
	enum form form;
	bool little;
	const char *mark; /* the byte order mark */
	size_t mark_bytes;
	const struct codepage *codepage;
};

/* A mark that begins another one stands behind it. */
static const struct kind kinds[] = {
    {"utf-8", FORM_UTF8, false, "\xef\xbb\xbf", 3},
    {"utf-32le", FORM_UTF32, true, "\xff\xfe\0\0", 4},
    {"utf-32be", FORM_UTF32, false, "\0\0\xfe\xff", 4},
    {"utf-16le", FORM_UTF16, true, "\xff\xfe", 2},
    {"utf-16be", FORM_UTF16, false, "\xfe\xff", 2},
};

static const struct alias {
	const char *alias, *name;
} aliases[] = {
    {"utf8", "utf-8"},
    {"utf-8-sig", "utf-8"},
    {"ascii", "utf-8"},
    {"us-ascii", "utf-8"},
    {"utf16le", "utf-16le"},
    {"utf16be", "utf-16be"},
    {"utf-16-le", "utf-16le"},
    {"utf-16-be", "utf-16be"},
    {"utf32le", "utf-32le"},
    {"utf32be", "utf-32be"},
    {"latin1", "iso-8859-1"},
    {"latin-1", "iso-8859-1"},
    {"latin2", "iso-8859-2"},
    {"latin-2", "iso-8859-2"},
    {"latin5", "iso-8859-9"},
    {"latin9", "iso-8859-15"},
    {"latin-9", "iso-8859-15"},
    {"ansi", "windows-1252"},
    {"koi8r", "koi8-r"},
    {"mac-roman", "macintosh"},
    {"macroman", "macintosh"},
};

struct decoder {
	struct input_filter filter; /* first: the input points at it */
	struct input source;
	struct kind kind;
	uint8_t pieces[128][CHARACTER_BYTES]; /* code page: length, then UTF-8 */
	struct err failure;                   /* met behind the bytes in `out` */
	size_t in_start, in_end, out_start, out_end;
	unsigned char in[BUFFER_BYTES];
	char out[BUFFER_BYTES];
};

/* ---- names ---- */

static bool
kind_of_name(struct kind *kind, struct str name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (str_equal_nocase(name, str_of(kinds[i].name))) {
			*kind = kinds[i];
			return true;
		}
	for (size_t i = 0; i < CODEPAGES; i++)
		if (str_equal_nocase(name, str_of(codepages[i].name))) {
			*kind = (struct kind){.name = codepages[i].name,
			    .form = FORM_CODEPAGE,
			    .codepage = &codepages[i]};
			return true;
		}
	for (size_t i = 0; i < ARRAY_LENGTH(aliases); i++)
		if (str_equal_nocase(name, str_of(aliases[i].alias)))
			return kind_of_name(kind, str_of(aliases[i].name));
	/* cp1252, cp-1252, iso8859-1, latin1 and so on differ in their first letters only. */
	static const char *const starts[][2] = {
	    {"cp", "windows-"}, {"windows", "windows-"}, {"iso8859-", "iso-8859-"}};
	for (size_t i = 0; i < ARRAY_LENGTH(starts); i++) {
		size_t n = strlen(starts[i][0]);
		char longer[32];
		if (name.n <= n || name.n > 16 || name.p[n] == '-' ||
		    !str_equal_nocase((struct str){name.p, n}, str_of(starts[i][0])))
			continue;
		snprintf(
		    longer, sizeof longer, "%s%.*s", starts[i][1], (int)(name.n - n), name.p + n);
		return kind_of_name(kind, str_of(longer));
	}
	return false;
}

/* The encoding of the option.  UTF-16 without more is what its mark says. */
static bool
kind_wanted(struct kind *kind, struct str wanted, struct str first, struct err *e)
{
	bool big = str_starts(first, "\xfe\xff");
	if (str_equal_nocase(wanted, STR("utf-16")) || str_equal_nocase(wanted, STR("utf16")))
		wanted = big ? STR("utf-16be") : STR("utf-16le");
	if (str_equal_nocase(wanted, STR("utf-32")) || str_equal_nocase(wanted, STR("utf32")))
		wanted = first.n && !first.p[0] ? STR("utf-32be") : STR("utf-32le");
	return kind_of_name(kind, wanted) ||
	       FAIL_FIELD(e, INPUT, "encoding",
		   "The encoding must be utf-8, utf-16le, utf-16be, utf-32le, utf-32be, koi8-r, "
		   "macintosh, windows- with 1250, 1251, 1252, 1253, 1254 or 1257, or iso-8859- "
		   "with 1, 2, 5, 7, 9 or 15");
}

/* ---- finding out ---- */

static bool
has_mark(const struct kind *kind, struct str s)
{
	return kind->mark && s.n >= kind->mark_bytes &&
	       memcmp(s.p, kind->mark, kind->mark_bytes) == 0;
}

/* From the first bytes that are not ASCII, however far away they are. */
static bool
guess_text(struct kind *kind, struct input *in, char *sample, struct err *e)
{
	uint64_t at = 0;
	enum utf8_look look = UTF8_ASCII;
	*kind = kinds[0];
	while (look == UTF8_ASCII && at < LOOK_BYTES) {
		size_t n;
		if (!input_peek(in, at, sample, INPUT_PEEK_BYTES, &n, e))
			return false;
		if (n == 0)
			break;
		look = encoding_guess_utf8((struct str){sample, n}, n == INPUT_PEEK_BYTES);
		if (look == UTF8_NO &&
		    !kind_of_name(
			kind, str_of(encoding_guess_codepage((struct str){sample, n})->name)))
			return FAIL(e, SYSTEM, "a code page has no name");
		/* A character between two looks is in the next one. */
		at += n > CHARACTER_BYTES ? n - CHARACTER_BYTES : n;
	}
	return true;
}

static bool
kind_found(struct kind *kind, bool *guessed, struct input *in, struct err *e)
{
	char *sample = malloc(INPUT_PEEK_BYTES);
	size_t n;
	*guessed = false;
	if (!sample)
		return FAIL(e, UNAVAILABLE, "there is not enough memory to read a file");
	bool good = input_peek(in, 0, sample, INPUT_PEEK_BYTES, &n, e);
	const char *wide = NULL;
	*kind = (struct kind){0};
	for (size_t i = 0; i < ARRAY_LENGTH(kinds) && good && !kind->name; i++)
		if (has_mark(&kinds[i], (struct str){sample, n}))
			*kind = kinds[i];
	if (good && !kind->name) {
		wide = encoding_guess_wide((struct str){sample, n});
		good = wide ? kind_of_name(kind, str_of(wide)) : guess_text(kind, in, sample, e);
		*guessed = good && kind->form != FORM_UTF8;
	}
	free(sample);
	return good;
}

/* ---- decoding ---- */

#define NO_UNIT 0xff

/* One code point, or what stands for none. */
static void
put(struct decoder *d, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		d->out[d->out_end++] = (char)NO_UNIT;
	else
		d->out_end += utf8_put(d->out + d->out_end, c);
}

static void
decode_codepage(struct decoder *d)
{
	while (d->in_start < d->in_end && d->out_end + CHARACTER_BYTES <= BUFFER_BYTES) {
		unsigned char c = d->in[d->in_start++];
		if (c < 0x80) {
			d->out[d->out_end++] = (char)c;
			continue;
		}
		const uint8_t *piece = d->pieces[c - 0x80];
		memcpy(d->out + d->out_end, piece + 1, CHARACTER_BYTES - 1);
		d->out_end += piece[0];
	}
}

static uint32_t
unit16(const struct decoder *d, size_t at)
{
	const unsigned char *p = d->in + at;
	return d->kind.little ? (uint32_t)p[1] << 8 | p[0] : (uint32_t)p[0] << 8 | p[1];
}

/* Units that are whole; what is left waits for more bytes, unless there are none. */
static void
decode_utf16(struct decoder *d, bool last)
{
	while (d->in_end - d->in_start >= 2 && d->out_end + CHARACTER_BYTES <= BUFFER_BYTES) {
		uint32_t c = unit16(d, d->in_start);
		size_t used = 2;
		if (c >= 0xd800 && c < 0xdc00) {
			if (d->in_end - d->in_start < 4 && !last)
				return;
			uint32_t low = d->in_end - d->in_start < 4 ? 0 : unit16(d, d->in_start + 2);
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				used = 4;
			}
		}
		put(d, c);
		d->in_start += used;
	}
}

static void
decode_utf32(struct decoder *d)
{
	while (d->in_end - d->in_start >= 4 && d->out_end + CHARACTER_BYTES <= BUFFER_BYTES) {
		const unsigned char *p = d->in + d->in_start;
		uint32_t a = p[0], b = p[1], c = p[2], f = p[3];
		put(d, d->kind.little ? f << 24 | c << 16 | b << 8 | a
				      : a << 24 | b << 16 | c << 8 | f);
		d->in_start += 4;
	}
}

static bool
more_source(struct decoder *d)
{
	size_t kept = d->in_end - d->in_start, got;
	memmove(d->in, d->in + d->in_start, kept);
	d->in_start = 0;
	d->in_end = kept;
	bool good = input_read(&d->source, d->in + kept, BUFFER_BYTES - kept, &got, &d->failure);
	d->in_end += good ? got : 0;
	return good;
}

static bool
is_over(const struct decoder *d)
{
	return d->in_start == d->in_end && d->source.length == 0;
}

static void
fetch(struct decoder *d)
{
	d->out_start = d->out_end = 0;
	while (d->out_end + CHARACTER_BYTES <= BUFFER_BYTES && !is_over(d)) {
		size_t before = d->out_end;
		bool last = d->source.length == 0;
		if (d->kind.form == FORM_CODEPAGE)
			decode_codepage(d);
		else if (d->kind.form == FORM_UTF16)
			decode_utf16(d, last);
		else
			decode_utf32(d);
		if (d->out_end > before)
			continue;
		if (last) {
			/* The rest is less than one unit. */
			d->out[d->out_end++] = (char)NO_UNIT;
			d->in_start = d->in_end;
		} else if (!more_source(d)) {
			return;
		}
	}
}

static bool
decoder_read(struct input *in, void *p, size_t n, size_t *got, struct err *e)
{
	struct decoder *d = (struct decoder *)(void *)in->filter;
	size_t held = d->out_end - d->out_start;
	if (held == 0 && d->failure.code != ERR_OK) {
		if (e->code == ERR_OK)
			*e = d->failure;
		return false;
	}
	*got = n < held ? n : held;
	memcpy(p, d->out + d->out_start, *got);
	d->out_start += *got;
	if (d->out_start == d->out_end && d->failure.code == ERR_OK)
		fetch(d);
	in->done = d->source.done;
	if (d->out_start == d->out_end && is_over(d) && d->failure.code == ERR_OK)
		in->length = 0;
	return true;
}

static struct str
decoder_held(const struct input *in)
{
	const struct decoder *d = (const struct decoder *)(const void *)in->filter;
	return (struct str){d->out + d->out_start, d->out_end - d->out_start};
}

static void
make_pieces(struct decoder *d)
{
	for (size_t i = 0; i < ARRAY_LENGTH(d->pieces); i++) {
		uint16_t c = d->kind.codepage->above[i];
		char text[CHARACTER_BYTES] = {(char)NO_UNIT};
		d->pieces[i][0] = (uint8_t)(c ? utf8_put(text, c) : 1);
		memcpy(d->pieces[i] + 1, text, CHARACTER_BYTES - 1);
	}
}

static bool
decode(struct input *in, const struct kind *kind, struct arena *a, struct err *e)
{
	struct decoder *d = malloc(sizeof *d);
	if (!d)
		return FAIL(e, UNAVAILABLE, "there is not enough memory to read a file");
	memset(d, 0, offsetof(struct decoder, in));
	d->filter = (struct input_filter){decoder_read, decoder_held};
	d->source = *in;
	d->kind = *kind;
	if (kind->codepage)
		make_pieces(d);
	arena_defer(a, free, d);
	fetch(d);
	in->filter = &d->filter;
	in->length = d->out_end == 0 && d->failure.code == ERR_OK ? 0 : 1;
	in->done = d->source.done;
	return true;
}

bool
encoding_open(
    struct input *in, struct str wanted, struct encoding *found, struct arena *a, struct err *e)
{
	struct kind kind;
	char first[CHARACTER_BYTES];
	size_t n, got = 0;
	found->guessed = false;
	if (!input_peek(in, 0, first, sizeof first, &n, e) ||
	    !(wanted.n ? kind_wanted(&kind, wanted, (struct str){first, n}, e)
		       : kind_found(&kind, &found->guessed, in, e)))
		return false;
	found->name = str_of(kind.name);
	for (size_t left = has_mark(&kind, (struct str){first, n}) ? kind.mark_bytes : 0; left > 0;
	     left -= got)
		if (!input_read(in, first, left, &got, e))
			return false;
	return kind.form == FORM_UTF8 || decode(in, &kind, a, e);
}
