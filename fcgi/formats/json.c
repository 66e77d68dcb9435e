/*
 * json.c: see json.h.  Here is the way through the document, from its first byte to its last;
 * jsontable.c makes rows of what is met.
 */
#include "formats/json.h"
#include "formats/jsontable.h"

#define PLAN_BYTES ((size_t)MIB(1))
#define MEMBER_NAMES_BYTES 160 /* of those that are told */

struct json {
	struct reader *r;
	struct json_table *table;
	struct json_path path;
	/* Of the line that the window's start is on. */
	size_t column; /* bytes before it */
	bool indented; /* all of which are spaces */
	bool stopped;  /* the rest cannot be read, which was told */
	char members[MEMBER_NAMES_BYTES + 8];
};

enum { END_OF_FILE = -1 };

/* ---- moving on ---- */

static struct str
in_window(const struct json *j)
{
	const struct window *w = &j->r->window;
	return (struct str){w->bytes + w->start, w->end - w->start};
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Over n bytes of the window. */
static void
advance(struct json *j, size_t n)
{
	const char *p = in_window(j).p;
	for (size_t i = 0; i < n; i++) {
		const char *end = memchr(p + i, '\n', n - i);
		size_t line = end ? (size_t)(end - p) : n;
		for (size_t k = i; k < line && j->indented; k++)
			j->indented = is_space(p[k]);
		j->column += line - i;
		if (end) {
			j->r->line++;
			j->column = 0;
			j->indented = true;
		}
		i = line;
	}
	j->r->window.start += n;
}

/* The next byte that is no space, at which the window then starts. */
static bool
next_byte(struct json *j, int *c, struct err *e)
{
	for (;;) {
		struct str s = in_window(j);
		size_t n = 0;
		while (n < s.n && is_space(s.p[n]))
			n++;
		advance(j, n);
		if (n < s.n) {
			*c = (unsigned char)s.p[n];
			return true;
		}
		if (j->r->window.at_end) {
			*c = END_OF_FILE;
			return true;
		}
		if (!window_more(j->r, e))
			return false;
	}
}

/* A value that begins at the window's start.  `keep`: the window holds all of it then, and starts
 * where it did; else it starts behind it. */
struct found_value {
	enum json_step step; /* JSON_MORE: the file ends in it */
	size_t n;            /* with `keep`: its length, or how far it is good */
	const char *expected;
};
static bool
find_value(struct json *j, bool keep, struct found_value *found, struct err *e)
{
	struct json_scan scan;
	json_scan_init(&scan);
	found->n = 0;
	for (;;) {
		struct str s = in_window(j);
		size_t used;
		bool last = j->r->window.at_end;
		found->step = json_scan(&scan, s.p + found->n, s.n - found->n, last, &used);
		found->expected = scan.expected;
		if (keep)
			found->n += used;
		else
			advance(j, used);
		if (found->step != JSON_MORE || last)
			return true;
		if (!window_more(j->r, e))
			return false;
	}
}

/* The rest is read, but not looked at. */
static bool
drain(struct json *j, struct err *e)
{
	struct window *w = &j->r->window;
	j->stopped = true;
	w->start = w->end;
	while (!w->at_end) {
		if (!window_more(j->r, e))
			return false;
		w->start = w->end;
	}
	return true;
}

/* ---- what is wrong ---- */

struct place {
	uint64_t line;
	size_t column; /* bytes from 1 */
};

static struct place
place_of(const struct json *j, size_t ahead)
{
	struct place at = {j->r->line, j->column + 1};
	const char *p = in_window(j).p;
	for (size_t i = 0; i < ahead; i++) {
		at.column++;
		if (p[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return at;
}

/* From here on nothing can be read: the rows before are kept, if there are any. */
static bool
give_up(struct json *j, size_t ahead, const char *expected, struct err *e)
{
	struct reader *r = j->r;
	struct place at = place_of(j, ahead);
	if (!json_table_flush(j->table, e))
		return false;
	if (r->counts->rows == 0)
		return FAIL_AT(e, at.line, INPUT,
		    "this is not valid JSON: at byte %zu of the line %s should stand", at.column,
		    expected);
	r->line = at.line;
	return reader_finding(r, e, "invalid-json", TABLE_NO_COLUMN,
		   "at byte %zu of the line %s should stand; the rest of the file was not read",
		   at.column, expected) &&
	       drain(j, e);
}

/* The file ends too early.  `inside`: in a record, which is lost. */
static bool
cut_short(struct json *j, bool inside, struct err *e)
{
	struct reader *r = j->r;
	if (!json_table_flush(j->table, e))
		return false;
	if (r->counts->rows == 0)
		return FAIL_AT(
		    e, r->line, INPUT, "the file is cut short: it ends before its first row does");
	r->counts->records += inside;
	r->counts->skipped += inside;
	return reader_finding(r, e, "truncated", TABLE_NO_COLUMN,
		   inside ? "the file ends in the middle of this row, which was left out; the rows "
			    "before it were kept"
			  : "the file is cut short: what closes the JSON is missing; all rows that "
			    "are there were kept") &&
	       drain(j, e);
}

/* ---- after a broken element ---- */

/* The next line that begins as the broken element did, as deep, or with the end of its array. */
static bool
find_by_layout(struct json *j, size_t from, size_t *to, struct err *e)
{
	const char opener = in_window(j).p[0];
	size_t line = from;
	for (;;) {
		struct str s = in_window(j);
		const char *end = line < s.n ? memchr(s.p + line, '\n', s.n - line) : NULL;
		size_t i = end ? (size_t)(end - s.p) + 1 : s.n, spaces = 0;
		while (i + spaces < s.n && (s.p[i + spaces] == ' ' || s.p[i + spaces] == '\t'))
			spaces++;
		if (!end || i + spaces == s.n) {
			*to = 0;
			if (j->r->window.at_end)
				return true;
			if (!window_more(j->r, e))
				return false;
			continue;
		}
		char c = s.p[i + spaces];
		*to = i + spaces;
		if ((spaces == j->column && c == opener) || (spaces < j->column && c == ']'))
			return true;
		line = i;
	}
}

/* Where the element ends when only brackets and quotes count, if what follows goes with an array.
 */
static bool
find_by_brackets(struct json *j, size_t *to, struct err *e)
{
	size_t i = 0, depth = 0;
	bool text = false, escaped = false;
	for (;;) {
		struct str s = in_window(j);
		for (; i < s.n; i++) {
			char c = s.p[i];
			bool ends = !text && depth == 0 && (c == ',' || c == ']');
			if (ends) {
				*to = i;
				return true;
			}
			if (text) {
				text = escaped || c != '"';
				escaped = !escaped && c == '\\';
				continue;
			}
			text = c == '"';
			depth += c == '{' || c == '[';
			if ((c == '}' || c == ']') && depth-- == 0)
				break;
		}
		*to = 0;
		if (i < s.n || j->r->window.at_end)
			return true;
		if (!window_more(j->r, e))
			return false;
	}
}

/* Steps over an element that is no JSON from its byte `bad` on. */
static bool
skip_broken(struct json *j, const struct found_value *found, struct err *e)
{
	struct reader *r = j->r;
	struct place at = place_of(j, found->n);
	size_t to;
	char opener = in_window(j).p[0];
	to = 0;
	if (j->indented && (opener == '{' || opener == '[') && !find_by_layout(j, found->n, &to, e))
		return false;
	if (to == 0 && !find_by_brackets(j, &to, e))
		return false;
	if (to == 0)
		return give_up(j, found->n, found->expected, e);
	r->counts->records++;
	r->counts->skipped++;
	if (!reader_finding(r, e, "invalid-json", TABLE_NO_COLUMN,
		"the row is not valid JSON: on line %" PRIu64
		" at byte %zu %s should stand; it was skipped",
		at.line, at.column, found->expected))
		return false;
	json_table_skipped(j->table);
	advance(j, to);
	return true;
}

/* ---- arrays of rows ---- */

static bool
read_record(struct json *j, bool *broken, struct err *e)
{
	struct found_value found;
	*broken = false;
	if (!find_value(j, true, &found, e))
		return false;
	if (found.step == JSON_MORE)
		return cut_short(j, true, e);
	if (found.step == JSON_BAD) {
		*broken = true;
		return skip_broken(j, &found, e);
	}
	struct str s = {in_window(j).p, found.n};
	if (!json_table_take(j->table, s, e))
		return false;
	advance(j, found.n);
	return true;
}

static bool
tell_comma(struct json *j, const char *what, struct err *e)
{
	return reader_finding(j->r, e, "invalid-json", TABLE_NO_COLUMN, "%s", what);
}

/* What stands between two elements.  *more: another element begins. */
static bool
read_between(struct json *j, bool first, bool after_broken, bool *more, struct err *e)
{
	int c;
	*more = false;
	if (!next_byte(j, &c, e))
		return false;
	if (c == ',' && !first) {
		advance(j, 1);
		if (!next_byte(j, &c, e))
			return false;
		if (c == ']' && !tell_comma(j, "a comma stands behind the last element", e))
			return false;
	} else if (!first && !after_broken && c != ']' && c != END_OF_FILE) {
		if (c != '{' && c != '[')
			return give_up(j, 0, "a comma or the end of the array", e);
		if (!tell_comma(j, "a comma is missing before this element", e))
			return false;
	}
	while (c == ',') {
		if (!tell_comma(j, "an element is missing before a comma", e))
			return false;
		advance(j, 1);
		if (!next_byte(j, &c, e))
			return false;
	}
	if (c == END_OF_FILE)
		return cut_short(j, false, e);
	*more = c != ']';
	if (c == ']')
		advance(j, 1);
	return true;
}

/* From behind the opening bracket to behind the closing one. */
static bool
read_elements(struct json *j, struct err *e)
{
	bool more, broken = false;
	for (bool first = true;; first = false) {
		if (!read_between(j, first, broken, &more, e))
			return false;
		if (!more || j->stopped)
			return true;
		if (!read_record(j, &broken, e) || j->stopped)
			return j->stopped && e->code == ERR_OK;
	}
}

/* ---- values one behind the other ---- */

static bool
read_sequence(struct json *j, struct err *e)
{
	struct reader *r = j->r;
	int c;
	for (uint64_t n = 0;; n++) {
		struct found_value found;
		if (!next_byte(j, &c, e))
			return false;
		if (c == END_OF_FILE)
			return true;
		if (n == 1 && !reader_finding(r, e, "several-documents", TABLE_NO_COLUMN,
				  "a second JSON value begins here; each one was read as a row"))
			return false;
		if (!find_value(j, true, &found, e))
			return false;
		if (found.step == JSON_MORE)
			return cut_short(j, true, e);
		if (found.step == JSON_BAD)
			return give_up(j, found.n, found.expected, e);
		/* Whether it is the only one decides what it is. */
		const struct window *w = &r->window;
		size_t behind = found.n;
		for (;;) {
			struct str s = in_window(j);
			while (behind < s.n && is_space(s.p[behind]))
				behind++;
			if (behind < s.n || w->at_end)
				break;
			if (!window_more(r, e))
				return false;
		}
		struct str s = {in_window(j).p, found.n};
		bool only = n == 0 && behind == w->end - w->start;
		if (!(only ? json_table_take_only(j->table, s, e)
			   : json_table_take(j->table, s, e)))
			return false;
		advance(j, found.n);
	}
}

/* ---- the way to the rows, and from them ---- */

static void
note_member(struct json *j, struct str raw)
{
	size_t n = strlen(j->members);
	struct str name = str_clip(raw, 40);
	if (n + name.n + 2 < MEMBER_NAMES_BYTES)
		snprintf(
		    j->members + n, sizeof j->members - n, "%s%.*s", n ? ", " : "", STR_ARG(name));
	else if (n > 0 && j->members[n - 1] != '.')
		snprintf(j->members + n, sizeof j->members - n, ", ...");
}

/* A key and its colon.  *found: it is the wanted one; `wanted` is NULL when none is. */
static bool
read_key(struct json *j, const struct str *wanted, bool *found, struct err *e)
{
	struct found_value key;
	int c;
	*found = false;
	if (!next_byte(j, &c, e))
		return false;
	if (c == END_OF_FILE)
		return cut_short(j, false, e);
	if (c != '"')
		return give_up(j, 0, "a key in double quotes", e);
	if (!find_value(j, true, &key, e))
		return false;
	if (key.step == JSON_MORE)
		return cut_short(j, false, e);
	if (key.step == JSON_BAD)
		return give_up(j, key.n, key.expected, e);
	struct str raw = {in_window(j).p + 1, key.n - 2};
	*found = wanted && json_table_key_is(j->table, raw, *wanted);
	if (!*found)
		note_member(j, raw);
	advance(j, key.n);
	if (!next_byte(j, &c, e))
		return false;
	if (c != ':')
		return c == END_OF_FILE ? cut_short(j, false, e) : give_up(j, 0, "a colon", e);
	advance(j, 1);
	return true;
}

static bool
skip_value(struct json *j, struct err *e)
{
	struct found_value found;
	int c;
	if (!next_byte(j, &c, e) || !find_value(j, false, &found, e))
		return false;
	if (found.step == JSON_MORE)
		return cut_short(j, false, e);
	return found.step == JSON_DONE || give_up(j, 0, found.expected, e);
}

/* The members of an object up to the wanted one, or all of them.  `open`: none was read yet. */
static bool
walk_object(struct json *j, const struct str *wanted, bool open, bool *found, struct err *e)
{
	int c;
	for (*found = false; !*found && !j->stopped; open = false) {
		if (!next_byte(j, &c, e))
			return false;
		if (c == '}') {
			advance(j, 1);
			return true;
		}
		if (c == END_OF_FILE)
			return cut_short(j, false, e);
		if (!open && c != ',')
			return give_up(j, 0, "a comma or the end of the object", e);
		if (!open)
			advance(j, 1);
		if (!read_key(j, wanted, found, e))
			return false;
		if (!*found && !j->stopped && !skip_value(j, e))
			return false;
	}
	return true;
}

static bool
no_such_place(struct json *j, size_t depth, struct err *e)
{
	struct str key =
	    depth < j->path.count ? str_clip(j->path.keys[depth], 100) : STR("an array or object");
	return FAIL_FIELD(e, INPUT, "records",
	    "There are no rows at that place in the file: %.*s is not there", STR_ARG(key));
}

static bool
enter(struct json *j, struct err *e)
{
	int c;
	for (size_t i = 0; i < j->path.count; i++) {
		bool found;
		if (!next_byte(j, &c, e))
			return false;
		if (c != '{')
			return no_such_place(j, i, e);
		advance(j, 1);
		if (!walk_object(j, &j->path.keys[i], true, &found, e))
			return false;
		if (j->stopped)
			return true;
		if (!found)
			return no_such_place(j, i, e);
	}
	return true;
}

static bool
leave(struct json *j, struct err *e)
{
	int c;
	bool found;
	for (size_t i = 0; i < j->path.count && !j->stopped; i++)
		if (!walk_object(j, NULL, false, &found, e))
			return false;
	if (j->stopped || !next_byte(j, &c, e))
		return j->stopped;
	if (c != END_OF_FILE)
		return reader_finding(j->r, e, "invalid-json", TABLE_NO_COLUMN,
			   "more stands behind the end of the JSON; it was not read") &&
		       drain(j, e);
	return true;
}

static bool
read_target(struct json *j, struct err *e)
{
	struct found_value found;
	int c;
	if (!next_byte(j, &c, e))
		return false;
	if (c == '[') {
		advance(j, 1);
		return read_elements(j, e);
	}
	if (c != '{')
		return c == END_OF_FILE ? cut_short(j, false, e)
					: no_such_place(j, j->path.count, e);
	if (!find_value(j, true, &found, e))
		return false;
	if (found.step != JSON_DONE)
		return found.step == JSON_MORE ? cut_short(j, true, e)
					       : give_up(j, found.n, found.expected, e);
	if (!json_table_take_only(j->table, (struct str){in_window(j).p, found.n}, e))
		return false;
	advance(j, found.n);
	return true;
}

/* ---- the whole ---- */

static bool
find_rows(struct json *j, struct json_plan *plan, struct err *e)
{
	struct reader *r = j->r;
	struct str sample;
	bool whole;
	if (!window_sample(r, PLAN_BYTES, &sample, &whole, e))
		return false;
	size_t space = json_space(sample, 0);
	json_plan(plan, (struct str){sample.p + space, sample.n - space}, r->arena);
	if (r->options->records.n && !json_path_parse(&plan->path, r->options->records, r->arena))
		return FAIL_FIELD(e, INPUT, "records",
		    "The place of the rows must be at most %d keys long", JSON_PATH_KEYS);
	j->path = plan->path;
	return true;
}

static bool
tell_members(struct json *j, struct err *e)
{
	uint64_t line = j->r->line;
	j->r->line = 1;
	bool told = !j->members[0] ||
		    reader_finding(j->r, e, "other-members", TABLE_NO_COLUMN,
			"beside the rows the file holds more, which was not read: %s", j->members);
	j->r->line = line;
	return told;
}

bool
json_read(struct reader *r, struct err *e)
{
	struct json *j = arena_alloc(r->arena, sizeof *j);
	struct json_plan plan;
	int c;
	*j = (struct json){.r = r, .indented = true};
	if (!find_rows(j, &plan, e))
		return false;
	j->table = json_table_new(r, json_path_text(&j->path, r->arena));
	if (!next_byte(j, &c, e))
		return false;
	if (c == END_OF_FILE)
		return FAIL(e, INPUT, "the file is empty");
	bool sequence = j->path.count == 0 && (plan.sequence || c != '[');
	bool good = sequence ? read_sequence(j, e)
			     : enter(j, e) && (j->stopped || (read_target(j, e) && leave(j, e)));
	return good && json_table_flush(j->table, e) && tell_members(j, e);
}
