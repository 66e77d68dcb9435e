/*
 * jsonl.c: see jsonl.h.
 *
 * A line is taken apart into its values first, which only points into the window; keys are expected
 * in the order of the line before, so most of them cost one memcmp.  Nothing is told to the sink
 * before the whole line has proved to be JSON: keys met for the first time are added to the table
 * of keys and taken back when the line turns out bad.
 *
 * What outlives a line (the keys) and what does not (a repaired copy of it) have arenas of their
 * own, because the sink may use the task's: bad lines must not add up.
 */
#include "formats/jsonl.h"
#include "base/cells.h"
#include "base/utf8.h"

/* One column's value in the line being read. */
struct value {
	struct str token;
	uint64_t record; /* the record it was set in, so that nothing must be cleared */
};

struct key {
	struct name *name; /* in the table of keys */
	struct str raw;    /* between the quotes, as it was written first; empty: it was too long */
};

/* Enough for LIMIT_COLUMNS keys, twice; for a line with every byte repaired. */
#define KEYS_BYTES MIB(128)
#define LINE_BYTES (4 * LIMIT_RECORD_BYTES)

struct jsonl {
	struct reader *r;
	struct arena keys_memory, line_memory;
	struct names keys; /* unescaped and clipped as a name is; the value is the column's id */
	struct key *known; /* by column id */
	struct value *values;
	size_t count;           /* of known keys; those over r->columns are new in this line */
	size_t *order;          /* column id of the n-th member of the line before */
	uint64_t record;        /* number of the line among those that are not blank */
	size_t duplicate;       /* column id of a key that came twice, or TABLE_NO_COLUMN */
	bool too_many;          /* the line has a key that has no room */
	size_t bad_at;          /* where the line stops being JSON */
	bool too_deep;          /* or where its nesting is over the limit */
	uint64_t first_bad;     /* line of the first record that was skipped, 0: none */
	const char *first_code; /* what was wrong with it */
};

enum shape { SHAPE_OBJECT, SHAPE_INVALID, SHAPE_OTHER, SHAPE_TOO_MANY };

static size_t
skip_space(struct str s, size_t i)
{
	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r'))
		i++;
	return i;
}

/* A cell stands one level deep in its row: the value itself may have one level less than the
 * limit.  A short one cannot be that deep. */
static bool
is_too_deep(struct str token)
{
	if (token.n < 2 * LIMIT_JSON_DEPTH || (token.p[0] != '{' && token.p[0] != '['))
		return false;
	size_t depth = 0;
	for (size_t i = 0; i < token.n; i++) {
		char c = token.p[i];
		if (c == '"') {
			i += cells_value(token.p + i, token.n - i) - 1;
		} else if (c == '{' || c == '[') {
			if (++depth >= LIMIT_JSON_DEPTH)
				return true;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return false;
}

/* The column of a key, which is added when it is new.  TABLE_NO_COLUMN: there is no room. */
static size_t
column_of(struct jsonl *j, struct str raw)
{
	struct str key = raw;
	if (raw.n > 0 && memchr(raw.p, '\\', raw.n)) {
		char *text = arena_alloc(&j->line_memory, raw.n);
		key = (struct str){text, cells_unescape(text, raw)};
	}
	key = str_clip(key, LIMIT_COLUMN_NAME_BYTES);
	struct name *name = names_find(&j->keys, key);
	if (name)
		return name->value;
	if (j->count >= LIMIT_COLUMNS) {
		j->too_many = true;
		return TABLE_NO_COLUMN;
	}
	j->known[j->count].name = names_add(&j->keys, key, j->count);
	j->known[j->count].raw = (struct str){0};
	if (raw.n <= LIMIT_COLUMN_NAME_BYTES)
		j->known[j->count].raw = arena_copy(&j->keys_memory, raw);
	return j->count++;
}

/* Where the value of the member's key begins; 0 when there is no key. */
static size_t
read_key(struct jsonl *j, struct str s, size_t i, size_t member, size_t *column)
{
	size_t guess = j->order[member < LIMIT_COLUMNS ? member : 0];
	if (guess < j->count) {
		struct str raw = j->known[guess].raw;
		if (raw.n > 0 && s.n - i > raw.n + 3 && s.p[i] == '"' &&
		    s.p[i + 1 + raw.n] == '"' && s.p[i + 2 + raw.n] == ':' &&
		    memcmp(s.p + i + 1, raw.p, raw.n) == 0) {
			*column = guess;
			return skip_space(s, i + 3 + raw.n);
		}
	}
	if (i >= s.n || s.p[i] != '"')
		return 0;
	size_t n = cells_value(s.p + i, s.n - i);
	size_t colon = skip_space(s, i + n);
	if (n == 0 || colon >= s.n || s.p[colon] != ':')
		return 0;
	*column = column_of(j, (struct str){s.p + i + 1, n - 2});
	if (member < LIMIT_COLUMNS && *column != TABLE_NO_COLUMN)
		j->order[member] = *column;
	return skip_space(s, colon + 1);
}

/* Reads the members of an object into j->values. */
static enum shape
read_object(struct jsonl *j, struct str s)
{
	size_t i = skip_space(s, 1);
	if (i < s.n && s.p[i] == '}')
		return skip_space(s, i + 1) == s.n ? SHAPE_OBJECT : SHAPE_INVALID;
	for (size_t member = 0;; member++) {
		size_t column = 0, at;
		j->bad_at = i;
		if (!(at = read_key(j, s, i, member, &column)))
			return SHAPE_INVALID;
		j->bad_at = i = at;
		struct str token = {s.p + i, cells_value(s.p + i, s.n - i)};
		j->too_deep = is_too_deep(token);
		if (token.n == 0 || j->too_deep)
			return SHAPE_INVALID;
		if (column != TABLE_NO_COLUMN) {
			if (j->values[column].record == j->record)
				j->duplicate = column;
			j->values[column] = (struct value){token, j->record};
		}
		i = skip_space(s, i + token.n);
		j->bad_at = i;
		if (i < s.n && s.p[i] == ',') {
			i = skip_space(s, i + 1);
			continue;
		}
		if (i >= s.n || s.p[i] != '}')
			return SHAPE_INVALID;
		j->bad_at = skip_space(s, i + 1);
		if (j->bad_at != s.n)
			return SHAPE_INVALID;
		return j->too_many ? SHAPE_TOO_MANY : SHAPE_OBJECT;
	}
}

static enum shape
read_line(struct jsonl *j, struct str s)
{
	j->record++;
	j->duplicate = TABLE_NO_COLUMN;
	j->too_many = j->too_deep = false;
	j->bad_at = 0;
	struct arena_mark keys = arena_mark(&j->keys_memory);
	enum shape shape;
	if (s.p[0] == '{') {
		shape = read_object(j, s);
	} else {
		j->bad_at = cells_value(s.p, s.n);
		shape =
		    j->bad_at > 0 && skip_space(s, j->bad_at) == s.n ? SHAPE_OTHER : SHAPE_INVALID;
	}
	if (shape != SHAPE_OBJECT) {
		/* A bad line adds no keys. */
		while (j->count > j->r->columns)
			names_undo(j->known[--j->count].name);
		arena_reset(&j->keys_memory, keys);
	}
	return shape;
}

static struct cell
cell_of(struct str token)
{
	struct cell c = {.bytes = token};
	switch (token.p[0]) {
	case '"':
		c.kind = CELL_TEXT;
		c.bytes = (struct str){token.p + 1, token.n - 2};
		c.escaped = c.bytes.n > 0 && memchr(c.bytes.p, '\\', c.bytes.n) != NULL;
		break;
	case 'n':
		c.kind = CELL_NULL;
		break;
	case 't':
		c.kind = CELL_TRUE;
		break;
	case 'f':
		c.kind = CELL_FALSE;
		break;
	case '{':
	case '[':
		c.kind = CELL_JSON;
		break;
	default:
		c.kind = CELL_NUMBER;
	}
	return c;
}

/* How many columns the row reaches to, and how many bytes its cells array takes at most. */
static bool
measure_row(struct jsonl *j, size_t *reach, size_t *bytes, struct err *e)
{
	*reach = 0;
	*bytes = 2;
	for (size_t id = 0; id < j->count; id++) {
		const struct value *v = &j->values[id];
		bool there = v->record == j->record;
		if (there && v->token.n > LIMIT_CELL_BYTES)
			return FAIL_AT(e, j->r->line, TOO_BIG,
			    "a value is longer than 16 MiB, which is the limit for one cell");
		*bytes += there ? v->token.n + 1 : sizeof "null,";
		if (there)
			*reach = id + 1;
	}
	if (*bytes > LIMIT_RECORD_BYTES)
		return FAIL_AT(e, j->r->line, TOO_BIG,
		    "the row is longer than 64 MiB, which is the limit for one row");
	return true;
}

/* An id below LIMIT_COLUMNS in decimal; returns its length. */
static size_t
put_number(char *out, size_t v)
{
	size_t digits = v < 10 ? 1 : v < 100 ? 2 : v < 1000 ? 3 : 4;
	for (size_t i = digits; i > 0; v /= 10)
		out[--i] = (char)('0' + v % 10);
	return digits;
}

static bool
give_row(struct jsonl *j, struct err *e)
{
	struct reader *r = j->r;
	size_t reach, bytes;
	char absent[LIMIT_COLUMNS * sizeof "1999,"];
	size_t absent_n = 0;
	if (!measure_row(j, &reach, &bytes, e) || !row_room(r, bytes, e))
		return false;
	char *p = r->row;
	*p++ = '[';
	for (size_t id = 0; id < reach; id++) {
		const struct value *v = &j->values[id];
		if (id > 0)
			*p++ = ',';
		if (v->record == j->record) {
			memcpy(p, v->token.p, v->token.n);
			p += v->token.n;
			struct cell c = cell_of(v->token);
			guess_add_cell(&r->guesses[id], &c);
		} else {
			memcpy(p, "null", 4);
			p += 4;
			absent[absent_n] = absent_n ? ',' : '[';
			absent_n += 1 + put_number(absent + absent_n + 1, id);
		}
	}
	*p++ = ']';
	if (absent_n > 0)
		absent[absent_n++] = ']';
	r->counts->rows++;
	return r->sink->row(r->sink->context, r->line, (struct str){r->row, (size_t)(p - r->row)},
	    (struct str){absent, absent_n}, e);
}

static bool
take_object(struct jsonl *j, struct err *e)
{
	struct reader *r = j->r;
	while (r->columns < j->count)
		if (!reader_column(r, j->known[r->columns].name->text, e))
			return false;
	if (j->duplicate != TABLE_NO_COLUMN) {
		struct str key = str_clip(j->known[j->duplicate].name->text, 80);
		if (!reader_finding(r, e, "duplicate-key", j->duplicate,
			"the key \"%.*s\" stands twice in the object; the last value was kept",
			STR_ARG(key)))
			return false;
	}
	return give_row(j, e);
}

static bool
skip_line(struct jsonl *j, enum shape shape, struct err *e)
{
	struct reader *r = j->r;
	const char *code = shape == SHAPE_OTHER ? "not-an-object" : "invalid-json";
	if (!j->first_bad) {
		j->first_bad = r->line;
		j->first_code = code;
	}
	r->counts->skipped++;
	if (shape == SHAPE_OTHER)
		return reader_finding(r, e, code, TABLE_NO_COLUMN,
		    "the line is JSON but no object like {\"name\": \"value\"}; it was skipped");
	return reader_finding(r, e, code, TABLE_NO_COLUMN,
	    j->too_deep
		? "the value at byte %zu of the line is nested too deep; the line was skipped"
		: "the line is not valid JSON from its byte %zu on; it was skipped",
	    j->bad_at + 1);
}

/* A copy of the line with every byte that is not UTF-8 replaced. */
static struct str
repair_line(struct jsonl *j, struct str s)
{
	char *p = arena_array(&j->line_memory, s.n, 3);
	size_t n = 0;
	while (s.n > 0) {
		size_t good = utf8_valid(s.p, s.n);
		memcpy(p + n, s.p, good);
		n += good;
		if (good < s.n) {
			n += utf8_put(p + n, 0xfffd);
			good++;
		}
		s.p += good;
		s.n -= good;
	}
	return (struct str){p, n};
}

static bool
take_line(struct jsonl *j, struct str s, struct err *e)
{
	struct reader *r = j->r;
	if (s.n > LIMIT_RECORD_BYTES)
		return FAIL_AT(e, r->line, TOO_BIG,
		    "the line is longer than 64 MiB, which is the limit for one row");
	enum shape shape = read_line(j, s);
	if (shape == SHAPE_INVALID && utf8_valid(s.p, s.n) < s.n) {
		shape = read_line(j, repair_line(j, s));
		if (shape == SHAPE_OBJECT &&
		    !reader_finding(r, e, "encoding-error", TABLE_NO_COLUMN,
			"bytes that are not UTF-8 were replaced by "
			"U+FFFD; save the file as UTF-8 to "
			"keep them"))
			return false;
	}
	r->counts->records++;
	switch (shape) {
	case SHAPE_OBJECT:
		return take_object(j, e);
	case SHAPE_TOO_MANY:
		return FAIL_AT(e, r->line, TOO_BIG,
		    "this line has a key that would be column %s of the table, the limit is %s",
		    thousands(LIMIT_COLUMNS + 1).text, thousands(LIMIT_COLUMNS).text);
	case SHAPE_INVALID:
	case SHAPE_OTHER:
		break;
	}
	return skip_line(j, shape, e);
}

/* The next line without its end, from the window's start; false in *found at the end. */
static bool
next_line(struct reader *r, struct str *line, bool *found, struct err *e)
{
	struct window *w = &r->window;
	size_t seen = 0;
	for (;;) {
		const char *start = w->bytes + w->start;
		size_t n = w->end - w->start;
		const char *end = n > seen ? memchr(start + seen, '\n', n - seen) : NULL;
		*found = n > 0;
		if (end || w->at_end) {
			*line = (struct str){start, end ? (size_t)(end - start) : n};
			return true;
		}
		seen = n;
		if (!window_more(r, e))
			return false;
	}
}

static void
jsonl_release(void *p)
{
	struct jsonl *j = p;
	arena_release(&j->keys_memory);
	arena_release(&j->line_memory);
}

static struct jsonl *
jsonl_new(struct reader *r)
{
	struct jsonl *j = arena_alloc(r->arena, sizeof *j);
	j->r = r;
	arena_init(&j->keys_memory, KEYS_BYTES);
	arena_init(&j->line_memory, LINE_BYTES);
	arena_defer(r->arena, jsonl_release, j);
	names_init(&j->keys, &j->keys_memory);
	j->known = arena_array(r->arena, LIMIT_COLUMNS, sizeof *j->known);
	j->values = arena_array(r->arena, LIMIT_COLUMNS, sizeof *j->values);
	j->order = arena_array(r->arena, LIMIT_COLUMNS, sizeof *j->order);
	return j;
}

bool
jsonl_read(struct reader *r, struct err *e)
{
	struct jsonl *j = jsonl_new(r);
	for (;;) {
		struct str line;
		bool found;
		if (!next_line(r, &line, &found, e))
			return false;
		if (!found)
			break;
		size_t used = line.n + (line.n < r->window.end - r->window.start);
		line = str_trim(line);
		if (line.n > 0 && !take_line(j, line, e))
			return false;
		arena_release(&j->line_memory);
		r->window.start += used;
		r->line++;
	}
	if (r->counts->rows > 0)
		return true;
	if (!j->first_bad)
		return FAIL(e, INPUT, "the file is empty");
	return FAIL_AT(e, j->first_bad, INPUT,
	    "no line of the file is one whole JSON object, as JSONL needs; the first is %s",
	    strcmp(j->first_code, "invalid-json") == 0 ? "not valid JSON" : "JSON of another kind");
}
