/*
 * json.c: see json.h.  Here is what stands where in a document; jsonwalk.c moves through it, and
 * jsontable.c makes rows of what is met.
 */
#include "formats/json.h"
#include "formats/jsonwalk.h"

#define PLAN_BYTES ((size_t)MIB(1))
#define MEMBER_NAMES_BYTES 160 /* of those that are told */

struct json {
	struct json_walk walk;
	struct json_path path;
	char members[MEMBER_NAMES_BYTES + 8]; /* that were not read */
};

/* ---- arrays of rows ---- */

static bool
read_record(struct json *j, bool *broken, struct err *e)
{
	struct json_found found;
	*broken = false;
	if (!json_find_value(&j->walk, true, &found, e))
		return false;
	if (found.step == JSON_MORE)
		return json_cut_short(&j->walk, true, e);
	if (found.step == JSON_BAD) {
		*broken = true;
		return json_skip_broken(&j->walk, &found, e);
	}
	struct str s = {json_window(&j->walk).p, found.n};
	if (!json_table_take(j->walk.table, s, e))
		return false;
	json_advance(&j->walk, found.n);
	return true;
}

static bool
tell_comma(struct json *j, const char *what, struct err *e)
{
	return reader_finding(j->walk.r, e, "invalid-json", TABLE_NO_COLUMN, "%s", what);
}

/* What stands between two elements.  *more: another element begins. */
static bool
read_between(struct json *j, bool first, bool after_broken, bool *more, struct err *e)
{
	int c;
	*more = false;
	if (!json_next_byte(&j->walk, &c, e))
		return false;
	if (c == ',' && !first) {
		json_advance(&j->walk, 1);
		if (!json_next_byte(&j->walk, &c, e))
			return false;
		if (c == ']' && !tell_comma(j, "a comma stands behind the last element", e))
			return false;
	} else if (!first && !after_broken && c != ']' && c != JSON_END_OF_FILE) {
		if (c != '{' && c != '[')
			return json_give_up(&j->walk, 0, "a comma or the end of the array", e);
		if (!tell_comma(j, "a comma is missing before this element", e))
			return false;
	}
	while (c == ',') {
		if (!tell_comma(j, "an element is missing before a comma", e))
			return false;
		json_advance(&j->walk, 1);
		if (!json_next_byte(&j->walk, &c, e))
			return false;
	}
	if (c == JSON_END_OF_FILE)
		return json_cut_short(&j->walk, false, e);
	*more = c != ']';
	if (c == ']')
		json_advance(&j->walk, 1);
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
		if (!more || j->walk.stopped)
			return true;
		if (!read_record(j, &broken, e) || j->walk.stopped)
			return j->walk.stopped && e->code == ERR_OK;
	}
}

/* ---- values one behind the other ---- */

/* Whether only space stands behind the n bytes at the window's start, which stay there. */
static bool
nothing_follows(struct json *j, size_t n, bool *nothing, struct err *e)
{
	const struct window *w = &j->walk.r->window;
	for (;;) {
		struct str s = json_window(&j->walk);
		n = json_space(s, n);
		*nothing = n == s.n;
		if (n < s.n || w->at_end)
			return true;
		if (!window_more(j->walk.r, e))
			return false;
	}
}

static bool
read_sequence(struct json *j, struct err *e)
{
	struct reader *r = j->walk.r;
	int c;
	for (uint64_t n = 0;; n++) {
		struct json_found found;
		if (!json_next_byte(&j->walk, &c, e))
			return false;
		if (c == JSON_END_OF_FILE)
			return true;
		if (n == 1 && !reader_finding(r, e, "several-documents", TABLE_NO_COLUMN,
				  "a second JSON value begins here; each one was read as a row"))
			return false;
		if (!json_find_value(&j->walk, true, &found, e))
			return false;
		if (found.step == JSON_MORE)
			return json_cut_short(&j->walk, true, e);
		if (found.step == JSON_BAD)
			return json_give_up(&j->walk, found.n, found.expected, e);
		bool last;
		if (!nothing_follows(j, found.n, &last, e))
			return false;
		struct str s = {json_window(&j->walk).p, found.n};
		/* Whether it is the only one decides what it is. */
		bool only = n == 0 && last;
		if (!(only ? json_table_take_only(j->walk.table, s, e)
			   : json_table_take(j->walk.table, s, e)))
			return false;
		json_advance(&j->walk, found.n);
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
	struct json_found key;
	int c;
	*found = false;
	if (!json_next_byte(&j->walk, &c, e))
		return false;
	if (c == JSON_END_OF_FILE)
		return json_cut_short(&j->walk, false, e);
	if (c != '"')
		return json_give_up(&j->walk, 0, "a key in double quotes", e);
	if (!json_find_value(&j->walk, true, &key, e))
		return false;
	if (key.step == JSON_MORE)
		return json_cut_short(&j->walk, false, e);
	if (key.step == JSON_BAD)
		return json_give_up(&j->walk, key.n, key.expected, e);
	struct str raw = {json_window(&j->walk).p + 1, key.n - 2};
	*found = wanted && json_table_key_is(j->walk.table, raw, *wanted);
	if (!*found)
		note_member(j, raw);
	json_advance(&j->walk, key.n);
	if (!json_next_byte(&j->walk, &c, e))
		return false;
	if (c != ':')
		return c == JSON_END_OF_FILE ? json_cut_short(&j->walk, false, e)
					     : json_give_up(&j->walk, 0, "a colon", e);
	json_advance(&j->walk, 1);
	return true;
}

static bool
skip_value(struct json *j, struct err *e)
{
	struct json_found found;
	int c;
	if (!json_next_byte(&j->walk, &c, e) || !json_find_value(&j->walk, false, &found, e))
		return false;
	if (found.step == JSON_MORE)
		return json_cut_short(&j->walk, false, e);
	return found.step == JSON_DONE || json_give_up(&j->walk, 0, found.expected, e);
}

/* The members of an object up to the wanted one, or all of them.  `open`: none was read yet. */
static bool
walk_object(struct json *j, const struct str *wanted, bool open, bool *found, struct err *e)
{
	int c;
	for (*found = false; !*found && !j->walk.stopped; open = false) {
		if (!json_next_byte(&j->walk, &c, e))
			return false;
		if (c == '}') {
			json_advance(&j->walk, 1);
			return true;
		}
		if (c == JSON_END_OF_FILE)
			return json_cut_short(&j->walk, false, e);
		if (!open && c != ',')
			return json_give_up(&j->walk, 0, "a comma or the end of the object", e);
		if (!open)
			json_advance(&j->walk, 1);
		if (!read_key(j, wanted, found, e))
			return false;
		if (!*found && !j->walk.stopped && !skip_value(j, e))
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
		if (!json_next_byte(&j->walk, &c, e))
			return false;
		if (c != '{')
			return no_such_place(j, i, e);
		json_advance(&j->walk, 1);
		if (!walk_object(j, &j->path.keys[i], true, &found, e))
			return false;
		if (j->walk.stopped)
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
	for (size_t i = 0; i < j->path.count && !j->walk.stopped; i++)
		if (!walk_object(j, NULL, false, &found, e))
			return false;
	if (j->walk.stopped || !json_next_byte(&j->walk, &c, e))
		return j->walk.stopped;
	if (c != JSON_END_OF_FILE)
		return reader_finding(j->walk.r, e, "invalid-json", TABLE_NO_COLUMN,
			   "more stands behind the end of the JSON; it was not read") &&
		       json_drain(&j->walk, e);
	return true;
}

static bool
read_target(struct json *j, struct err *e)
{
	struct json_found found;
	int c;
	if (!json_next_byte(&j->walk, &c, e))
		return false;
	if (c == '[') {
		json_advance(&j->walk, 1);
		return read_elements(j, e);
	}
	if (c != '{')
		return c == JSON_END_OF_FILE ? json_cut_short(&j->walk, false, e)
					     : no_such_place(j, j->path.count, e);
	if (!json_find_value(&j->walk, true, &found, e))
		return false;
	if (found.step != JSON_DONE)
		return found.step == JSON_MORE ? json_cut_short(&j->walk, true, e)
					       : json_give_up(&j->walk, found.n, found.expected, e);
	if (!json_table_take_only(j->walk.table, (struct str){json_window(&j->walk).p, found.n}, e))
		return false;
	json_advance(&j->walk, found.n);
	return true;
}

/* ---- the whole ---- */

static bool
find_rows(struct json *j, struct json_plan *plan, struct err *e)
{
	struct reader *r = j->walk.r;
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
	uint64_t line = j->walk.r->line;
	j->walk.r->line = 1;
	bool told = !j->members[0] ||
		    reader_finding(j->walk.r, e, "other-members", TABLE_NO_COLUMN,
			"beside the rows the file holds more, which was not read: %s", j->members);
	j->walk.r->line = line;
	return told;
}

bool
json_read(struct reader *r, struct err *e)
{
	struct json *j = arena_alloc(r->arena, sizeof *j);
	struct json_plan plan;
	int c;
	*j = (struct json){.walk = {.r = r, .indented = true}};
	if (!find_rows(j, &plan, e))
		return false;
	j->walk.table = json_table_new(r, json_path_text(&j->path, r->arena));
	if (!json_next_byte(&j->walk, &c, e))
		return false;
	if (c == JSON_END_OF_FILE)
		return FAIL(e, INPUT, "the file is empty");
	bool sequence = j->path.count == 0 && (plan.sequence || c != '[');
	bool good = sequence
			? read_sequence(j, e)
			: enter(j, e) && (j->walk.stopped || (read_target(j, e) && leave(j, e)));
	return good && json_table_flush(j->walk.table, e) && tell_members(j, e);
}
