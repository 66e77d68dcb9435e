/* jsonwalk.c: see jsonwalk.h. */
#include "formats/jsonwalk.h"

/* ---- moving on ---- */

struct str
json_window(const struct json_walk *j)
{
	const struct window *w = &j->r->window;
	return (struct str){w->bytes + w->start, w->end - w->start};
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void
json_advance(struct json_walk *j, size_t n)
{
	const char *p = json_window(j).p;
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

bool
json_next_byte(struct json_walk *j, int *c, struct err *e)
{
	for (;;) {
		struct str s = json_window(j);
		size_t n = 0;
		while (n < s.n && is_space(s.p[n]))
			n++;
		json_advance(j, n);
		if (n < s.n) {
			*c = (unsigned char)s.p[n];
			return true;
		}
		if (j->r->window.at_end) {
			*c = JSON_END_OF_FILE;
			return true;
		}
		if (!window_more(j->r, e))
			return false;
	}
}

bool
json_find_value(struct json_walk *j, bool keep, struct json_found *found, struct err *e)
{
	struct json_scan scan;
	json_scan_init(&scan);
	found->n = 0;
	for (;;) {
		struct str s = json_window(j);
		size_t used;
		bool last = j->r->window.at_end;
		found->step = json_scan(&scan, s.p + found->n, s.n - found->n, last, &used);
		found->expected = scan.expected;
		if (keep)
			found->n += used;
		else
			json_advance(j, used);
		if (found->step != JSON_MORE || last)
			return true;
		if (!window_more(j->r, e))
			return false;
	}
}

bool
json_drain(struct json_walk *j, struct err *e)
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
place_of(const struct json_walk *j, size_t ahead)
{
	struct place at = {j->r->line, j->column + 1};
	const char *p = json_window(j).p;
	for (size_t i = 0; i < ahead; i++) {
		at.column++;
		if (p[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return at;
}

bool
json_give_up(struct json_walk *j, size_t ahead, const char *expected, struct err *e)
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
	       json_drain(j, e);
}

bool
json_cut_short(struct json_walk *j, bool inside, struct err *e)
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
	       json_drain(j, e);
}

/* ---- after a broken element ---- */

/* The next line that begins as the broken element did, as deep, or with the end of its array. */
static bool
find_by_layout(struct json_walk *j, size_t from, size_t *to, struct err *e)
{
	const char opener = json_window(j).p[0];
	size_t line = from;
	for (;;) {
		struct str s = json_window(j);
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
find_by_brackets(struct json_walk *j, size_t *to, struct err *e)
{
	size_t i = 0, depth = 0;
	bool text = false, escaped = false;
	for (;;) {
		struct str s = json_window(j);
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

bool
json_skip_broken(struct json_walk *j, const struct json_found *found, struct err *e)
{
	struct reader *r = j->r;
	struct place at = place_of(j, found->n);
	size_t to;
	char opener = json_window(j).p[0];
	to = 0;
	if (j->indented && (opener == '{' || opener == '[') && !find_by_layout(j, found->n, &to, e))
		return false;
	if (to == 0 && !find_by_brackets(j, &to, e))
		return false;
	if (to == 0)
		return json_give_up(j, found->n, found->expected, e);
	r->counts->records++;
	r->counts->skipped++;
	if (!reader_finding(r, e, "invalid-json", TABLE_NO_COLUMN,
		"the row is not valid JSON: on line %" PRIu64
		" at byte %zu %s should stand; it was skipped",
		at.line, at.column, found->expected))
		return false;
	json_table_skipped(j->table);
	json_advance(j, to);
	return true;
}
