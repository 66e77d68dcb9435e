/* jsonrow.c: see jsonrow.h. */
#include "formats/jsonrow.h"
#include "base/cells.h"
#include "base/utf8.h"

/* One column's value in the record being read. */
struct value {
	struct str token;
	uint64_t record; /* the record it was set in, so that nothing must be cleared */
};

struct key {
	struct name *name; /* in the table of keys; NULL: the column is no key */
	struct str label;  /* what the column is to be called; p is NULL: by its number */
	struct str raw;    /* between the quotes, as it was written first; empty: it was too long */
};

/* Enough for LIMIT_COLUMNS keys, twice; for a record with every byte repaired. */
#define KEYS_BYTES MIB(128)
#define RECORD_BYTES (4 * LIMIT_RECORD_BYTES)

struct jsonrow {
	struct reader *r;
	struct arena keys_memory, record_memory;
	struct names keys; /* unescaped and clipped as a name is; the value is the column's id */
	struct key *known; /* by column id */
	struct value *values;
	size_t count;     /* of known columns; those over r->columns are new in this record */
	size_t *order;    /* column id of the n-th member of the record before */
	uint64_t record;  /* number of the record */
	size_t duplicate; /* column id of a key that came twice, or TABLE_NO_COLUMN */
	bool too_many;    /* the record has a key that has no room */
	size_t bad_at;    /* where the record stops being JSON */
	bool too_deep;    /* or where its nesting is over the limit */
	bool escaped;     /* there is a backslash in it */
};

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
column_of(struct jsonrow *j, struct str raw)
{
	struct str key = raw;
	if (raw.n > 0 && memchr(raw.p, '\\', raw.n)) {
		char *text = arena_alloc(&j->record_memory, raw.n);
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
	name = names_add(&j->keys, key, j->count);
	j->known[j->count] = (struct key){.name = name, .label = name->text};
	if (raw.n <= LIMIT_COLUMN_NAME_BYTES)
		j->known[j->count].raw = arena_copy(&j->keys_memory, raw);
	return j->count++;
}

/* Where the value of the member's key begins; 0 when there is no key. */
static size_t
read_key(struct jsonrow *j, struct str s, size_t i, size_t member, size_t *column)
{
	size_t guess = j->order[member < LIMIT_COLUMNS ? member : 0];
	if (guess < j->count) {
		struct str raw = j->known[guess].raw;
		if (raw.n > 0 && s.n - i > raw.n + 3 && s.p[i] == '"' &&
		    s.p[i + 1 + raw.n] == '"' && s.p[i + 2 + raw.n] == ':' &&
		    memcmp(s.p + i + 1, raw.p, raw.n) == 0) {
			*column = guess;
			return json_space(s, i + 3 + raw.n);
		}
	}
	if (i >= s.n || s.p[i] != '"')
		return 0;
	size_t n = cells_value(s.p + i, s.n - i);
	size_t colon = json_space(s, i + n);
	if (n == 0 || colon >= s.n || s.p[colon] != ':')
		return 0;
	*column = column_of(j, (struct str){s.p + i + 1, n - 2});
	if (member < LIMIT_COLUMNS && *column != TABLE_NO_COLUMN)
		j->order[member] = *column;
	return json_space(s, colon + 1);
}

/* Reads the members of an object into j->values. */
static enum jsonrow_shape
read_members(struct jsonrow *j, struct str s)
{
	size_t i = json_space(s, 1);
	if (i < s.n && s.p[i] == '}')
		return json_space(s, i + 1) == s.n ? JSONROW_GOOD : JSONROW_INVALID;
	for (size_t member = 0;; member++) {
		size_t column = 0, at;
		j->bad_at = i;
		if (!(at = read_key(j, s, i, member, &column)))
			return JSONROW_INVALID;
		j->bad_at = i = at;
		struct str token = {s.p + i, cells_value(s.p + i, s.n - i)};
		j->too_deep = is_too_deep(token);
		if (token.n == 0 || j->too_deep)
			return JSONROW_INVALID;
		if (column != TABLE_NO_COLUMN) {
			if (j->values[column].record == j->record)
				j->duplicate = column;
			j->values[column] = (struct value){token, j->record};
		}
		i = json_space(s, i + token.n);
		j->bad_at = i;
		if (i < s.n && s.p[i] == ',') {
			i = json_space(s, i + 1);
			continue;
		}
		if (i >= s.n || s.p[i] != '}')
			return JSONROW_INVALID;
		j->bad_at = json_space(s, i + 1);
		if (j->bad_at != s.n)
			return JSONROW_INVALID;
		return j->too_many ? JSONROW_TOO_MANY : JSONROW_GOOD;
	}
}

void
jsonrow_begin(struct jsonrow *j)
{
	j->record++;
	j->duplicate = TABLE_NO_COLUMN;
	j->too_many = j->too_deep = j->escaped = false;
	j->bad_at = 0;
}

enum jsonrow_shape
jsonrow_object(struct jsonrow *j, struct str s)
{
	struct arena_mark keys = arena_mark(&j->keys_memory);
	size_t count = j->count;
	j->escaped = memchr(s.p, '\\', s.n) != NULL;
	enum jsonrow_shape shape = read_members(j, s);
	if (shape != JSONROW_GOOD) {
		/* A bad record adds no keys. */
		while (j->count > count)
			names_undo(j->known[--j->count].name);
		arena_reset(&j->keys_memory, keys);
	}
	return shape;
}

size_t
jsonrow_bad_at(const struct jsonrow *j, bool *too_deep)
{
	*too_deep = j->too_deep;
	return j->bad_at;
}

size_t
jsonrow_columns(const struct jsonrow *j)
{
	return j->count;
}

void
jsonrow_add_column(struct jsonrow *j, struct str label)
{
	j->known[j->count++] = (struct key){.label = label};
}

enum jsonrow_shape
jsonrow_put(struct jsonrow *j, size_t column, struct str token)
{
	if (is_too_deep(token)) {
		j->too_deep = true;
		return JSONROW_INVALID;
	}
	j->escaped = j->escaped || memchr(token.p, '\\', token.n);
	j->values[column] = (struct value){token, j->record};
	return JSONROW_GOOD;
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
measure_row(struct jsonrow *j, size_t *reach, size_t *bytes, struct err *e)
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

/* A cell stands on one line wherever it is written. */
static size_t
put_token(char *out, struct str token)
{
	bool group = token.p[0] == '{' || token.p[0] == '[';
	if (!group || !(memchr(token.p, '\n', token.n) || memchr(token.p, '\r', token.n))) {
		memcpy(out, token.p, token.n);
		return token.n;
	}
	size_t n = 0;
	for (size_t i = 0; i < token.n; i++) {
		char c = token.p[i];
		if (c == '"') {
			size_t length = cells_value(token.p + i, token.n - i);
			memcpy(out + n, token.p + i, length);
			n += length;
			i += length - 1;
		} else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
			out[n++] = c;
		}
	}
	return n;
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
give_row(struct jsonrow *j, struct err *e)
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
			p += put_token(p, v->token);
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
	return reader_row(
	    r, (struct str){r->row, (size_t)(p - r->row)}, (struct str){absent, absent_n}, e);
}

/* Half a surrogate pair, written as an escape: it is no character. */
static bool
has_lone_surrogate(struct str token)
{
	bool high = false;
	const char *p = memchr(token.p, '\\', token.n), *end = token.p + token.n;
	while (p) {
		const char *next = p + 2;
		unsigned unit = 0;
		char digits[5] = {0};
		if (p[1] == 'u' && end - p >= 6) {
			memcpy(digits, p + 2, 4);
			unit = (unsigned)strtoul(digits, NULL, 16);
			next = p + 6;
		}
		bool low = unit >= 0xdc00 && unit < 0xe000;
		if (low != high)
			return true;
		high = unit >= 0xd800 && unit < 0xdc00;
		p = next < end ? memchr(next, '\\', (size_t)(end - next)) : NULL;
		if (high && p != next)
			return true;
	}
	return high;
}

static bool
tell_surrogates(struct jsonrow *j, struct err *e)
{
	for (size_t id = 0; id < j->count && j->escaped; id++)
		if (j->values[id].record == j->record && has_lone_surrogate(j->values[id].token) &&
		    !reader_finding(j->r, e, "lone-surrogate", id,
			"the value holds half of a surrogate pair, which is no character; it is "
			"shown as U+FFFD"))
			return false;
	return true;
}

bool
jsonrow_tell_columns(struct jsonrow *j, struct err *e)
{
	struct reader *r = j->r;
	while (r->columns < j->count) {
		struct str label = j->known[r->columns].label;
		if (!(label.p ? reader_column(r, label, e) : reader_unnamed_column(r, e)))
			return false;
	}
	return true;
}

bool
jsonrow_give(struct jsonrow *j, struct err *e)
{
	struct reader *r = j->r;
	if (!jsonrow_tell_columns(j, e))
		return false;
	if (j->duplicate != TABLE_NO_COLUMN) {
		struct str key = str_clip(j->known[j->duplicate].label, 80);
		if (!reader_finding(r, e, "duplicate-key", j->duplicate,
			"the key \"%.*s\" stands twice in the object; the last value was kept",
			STR_ARG(key)))
			return false;
	}
	return tell_surrogates(j, e) && give_row(j, e);
}

bool
jsonrow_too_many(struct jsonrow *j, struct err *e)
{
	return FAIL_AT(e, j->r->line, TOO_BIG,
	    "this row has a value that would be column %s of the table, the limit is %s",
	    thousands(LIMIT_COLUMNS + 1).text, thousands(LIMIT_COLUMNS).text);
}

struct str
jsonrow_repair(struct jsonrow *j, struct str s)
{
	char *p = arena_array(&j->record_memory, s.n, 3);
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

void
jsonrow_end(struct jsonrow *j)
{
	arena_release(&j->record_memory);
}

static void
release(void *p)
{
	struct jsonrow *j = p;
	arena_release(&j->keys_memory);
	arena_release(&j->record_memory);
}

struct jsonrow *
jsonrow_new(struct reader *r)
{
	struct jsonrow *j = arena_alloc(r->arena, sizeof *j);
	j->r = r;
	arena_init(&j->keys_memory, KEYS_BYTES);
	arena_init(&j->record_memory, RECORD_BYTES);
	arena_defer(r->arena, release, j);
	names_init(&j->keys, &j->keys_memory);
	j->known = arena_array(r->arena, LIMIT_COLUMNS, sizeof *j->known);
	j->values = arena_array(r->arena, LIMIT_COLUMNS, sizeof *j->values);
	j->order = arena_array(r->arena, LIMIT_COLUMNS, sizeof *j->order);
	return j;
}
