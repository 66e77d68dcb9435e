/* reader.c: see reader.h. */
#include "formats/reader.h"
#include "base/utf8.h"

#include <assert.h>
#include <stdarg.h>

/* Twice the columns there can be, so that a search is short. */
#define NAME_SLOTS 4096
_Static_assert(NAME_SLOTS >= 2 * (LIMIT_COLUMNS + 1), "room for every column");

/* Bytes that were read ahead, then those of the input. */
static bool
read_on(struct window *w, void *p, size_t n, size_t *got, struct err *e)
{
	size_t ahead = w->sample_end - w->sample_start;
	if (ahead == 0) {
		bool worked = input_read(w->in, p, n, got, e);
		w->at_end = w->in->length == 0 || *got == 0;
		return worked;
	}
	*got = n < ahead ? n : ahead;
	memcpy(p, w->sample + w->sample_start, *got);
	w->sample_start += *got;
	w->at_end = ahead == *got && w->in->length == 0;
	return true;
}

bool
window_sample(struct reader *r, size_t n, struct str *sample, bool *whole, struct err *e)
{
	struct window *w = &r->window;
	size_t held = w->end - w->start;
	w->sample = malloc(n > held ? n : held + 1);
	if (!w->sample)
		return FAIL(e, UNAVAILABLE, "there is not enough memory to read a file");
	memcpy(w->sample, w->bytes + w->start, held);
	w->sample_start = w->sample_end = held;
	bool ended = w->at_end;
	while (!ended && w->sample_end < n) {
		size_t got;
		if (!input_read(w->in, w->sample + w->sample_end, n - w->sample_end, &got, e))
			return false;
		w->sample_end += got;
		ended = w->in->length == 0 || got == 0;
	}
	*sample = (struct str){w->sample, w->sample_end < n ? w->sample_end : n};
	*whole = ended && w->sample_end <= n;
	w->at_end = ended && w->sample_start == w->sample_end;
	return true;
}

bool
window_more(struct reader *r, struct err *e)
{
	struct window *w = &r->window;
	size_t kept = w->end - w->start;
	if (kept > LIMIT_RECORD_BYTES)
		return FAIL_AT(e, r->line, TOO_BIG,
		    "the row is longer than 64 MiB, which is the limit for one row");
	if (kept > w->capacity / 2) {
		size_t capacity = w->capacity * 2;
		if (capacity > LIMIT_RECORD_BYTES + WINDOW_BYTES)
			capacity = LIMIT_RECORD_BYTES + WINDOW_BYTES;
		char *p = realloc(w->bytes, capacity + WINDOW_PAD);
		if (!p)
			return FAIL(e, UNAVAILABLE, "there is not enough memory for a long row");
		w->bytes = p;
		w->capacity = capacity;
	}
	memmove(w->bytes, w->bytes + w->start, kept);
	w->start = 0;
	w->end = kept;
	w->moves++;
	while (!w->at_end && w->end < w->capacity) {
		size_t got;
		if (!read_on(w, w->bytes + w->end, w->capacity - w->end, &got, e))
			return false;
		w->end += got;
	}
	memset(w->bytes + w->end, 0, WINDOW_PAD);
	return true;
}

bool
row_room(struct reader *r, size_t n, struct err *e)
{
	if (n <= r->row_capacity)
		return true;
	size_t capacity = r->row_capacity;
	while (capacity < n)
		if (__builtin_mul_overflow(capacity, 2, &capacity))
			capacity = n;
	char *p = realloc(r->row, capacity);
	if (!p)
		return FAIL(e, UNAVAILABLE, "there is not enough memory for a long row");
	r->row = p;
	r->row_capacity = capacity;
	return true;
}

struct thousands
thousands(uint64_t n)
{
	char digits[24];
	size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n);
	struct thousands t = {""};
	char *p = t.text;
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	return t;
}

bool
reader_found(struct reader *r, enum table_format format, struct err *e)
{
	struct table_options found = *r->options;
	found.format = format;
	return !r->sink->found || r->sink->found(r->sink->context, &found, e);
}

/* Findings of a row in which something is otherwise than in the file.  The others are about what
 * was left as it is, skipped, or about the file. */
static const char *const repairs[] = {
    "duplicate-key",
    "encoding-error",
    "error-value",
    "extra-cell",
    "missing-cell",
    "mixed-delimiter",
    "nul-byte",
    "stray-quote",
    "unquoted-delimiter",
    "unterminated-quote",
};

static bool
is_repair(const char *code)
{
	for (size_t i = 0; i < ARRAY_LENGTH(repairs); i++)
		if (strcmp(repairs[i], code) == 0)
			return true;
	return false;
}

bool
reader_row(struct reader *r, struct str cells, struct str absent, struct err *e)
{
	r->counts->repaired += r->repaired;
	r->counts->rows++;
	r->repaired = false;
	return r->sink->row(r->sink->context, r->line, cells, absent, e);
}

bool
reader_finding(
    struct reader *r, struct err *e, const char *code, size_t column, const char *format, ...)
{
	char text[320];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	struct finding f = {.code = code, .line = r->line, .column = column};
	f.message = (struct str){text, utf8_valid(text, strlen(text))};
	r->repaired |= is_repair(code);
	return r->sink->finding(r->sink->context, &f, e);
}

/* The label as far as it can be a name: no NUL (a name passes through libraries that end there),
 * not over the limit. */
static struct str
usable_name(struct reader *r, struct str label)
{
	label = str_clip(label, LIMIT_COLUMN_NAME_BYTES);
	if (label.n == 0 || !memchr(label.p, 0, label.n))
		return label;
	char *p = arena_alloc(r->arena, 3 * label.n);
	size_t n = 0;
	for (size_t i = 0; i < label.n; i++) {
		if (label.p[i])
			p[n++] = label.p[i];
		else
			n += utf8_put(p + n, 0xfffd);
	}
	return str_clip((struct str){p, n}, LIMIT_COLUMN_NAME_BYTES);
}

/* The name itself, or with the first number behind it that makes it a new one. */
static struct str
unique_name(struct reader *r, struct str name)
{
	struct name *same = names_find(&r->names, name);
	while (same) {
		char suffix[24];
		snprintf(suffix, sizeof suffix, "_%zu", same->value++);
		struct str start = str_clip(name, LIMIT_COLUMN_NAME_BYTES - strlen(suffix));
		struct str other = arena_format(r->arena, "%.*s%s", STR_ARG(start), suffix);
		if (!names_find(&r->names, other))
			return names_add(&r->names, other, 2)->text;
	}
	return names_add(&r->names, name, 2)->text;
}

bool
reader_unnamed_column(struct reader *r, struct err *e)
{
	assert(r->columns < LIMIT_COLUMNS);
	struct str name = unique_name(r, arena_format(r->arena, "column%zu", r->columns + 1));
	r->columns++;
	return r->sink->column(r->sink->context, name, e);
}

bool
reader_column(struct reader *r, struct str label, struct err *e)
{
	assert(r->columns < LIMIT_COLUMNS);
	size_t id = r->columns;
	struct str usable = usable_name(r, label);
	if (str_trim(usable).n == 0)
		return reader_unnamed_column(r, e) &&
		       reader_finding(r, e, "blank-label", id,
			   "column %zu has no name; it was given one by its number", id + 1);
	struct str name = unique_name(r, usable);
	r->columns++;
	if (!r->sink->column(r->sink->context, name, e))
		return false;
	if (str_equal(name, usable))
		return true;
	struct str shown = str_clip(usable, 80), given = str_clip(name, 80);
	return reader_finding(r, e, "duplicate-label", id,
	    "column %zu has the name \"%.*s\" of an earlier one; it was named \"%.*s\"", id + 1,
	    STR_ARG(shown), STR_ARG(given));
}

void
names_init(struct names *names, struct arena *a)
{
	names->arena = a;
	names->slots = arena_array(a, NAME_SLOTS, sizeof *names->slots);
}

/* FNV-1a. */
static uint64_t
hash_of(struct str text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* The slot that holds the text, or the free one where it belongs. */
static struct name *
slot_of(const struct names *names, struct str text, uint64_t hash)
{
	for (size_t i = hash % NAME_SLOTS;; i = (i + 1) % NAME_SLOTS) {
		struct name *slot = &names->slots[i];
		if (!slot->used || (slot->hash == hash && str_equal(slot->text, text)))
			return slot;
	}
}

struct name *
names_find(const struct names *names, struct str text)
{
	struct name *slot = slot_of(names, text, hash_of(text));
	return slot->used ? slot : NULL;
}

struct name *
names_add(struct names *names, struct str text, size_t value)
{
	uint64_t hash = hash_of(text);
	struct name *slot = slot_of(names, text, hash);
	assert(!slot->used);
	*slot = (struct name){arena_copy(names->arena, text), hash, value, true};
	return slot;
}

void
names_undo(struct name *name)
{
	name->used = false;
}
