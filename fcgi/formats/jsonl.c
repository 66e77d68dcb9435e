/* jsonl.c: see jsonl.h.  Here are the lines; jsonrow.c makes rows of them. */
#include "formats/jsonl.h"
#include "base/cells.h"
#include "base/utf8.h"
#include "formats/jsonrow.h"

struct jsonl {
	struct reader *r;
	struct jsonrow *row;
	uint64_t first_bad;     /* line of the first record that was skipped, 0: none */
	const char *first_code; /* what was wrong with it */
};

enum shape { SHAPE_OBJECT, SHAPE_INVALID, SHAPE_OTHER, SHAPE_TOO_MANY };

static enum shape
read_line(struct jsonl *j, struct str s)
{
	jsonrow_begin(j->row);
	if (s.p[0] == '{') {
		enum jsonrow_shape shape = jsonrow_object(j->row, s);
		return shape == JSONROW_GOOD      ? SHAPE_OBJECT
		       : shape == JSONROW_INVALID ? SHAPE_INVALID
						  : SHAPE_TOO_MANY;
	}
	size_t n = cells_value(s.p, s.n);
	return n > 0 && n == s.n ? SHAPE_OTHER : SHAPE_INVALID;
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
	bool too_deep;
	size_t bad_at = jsonrow_bad_at(j->row, &too_deep);
	return reader_finding(r, e, code, TABLE_NO_COLUMN,
	    too_deep ? "the value at byte %zu of the line is nested too deep; the line was skipped"
		     : "the line is not valid JSON from its byte %zu on; it was skipped",
	    bad_at + 1);
}

static bool
take_line(struct jsonl *j, struct str s, struct err *e)
{
	struct reader *r = j->r;
	r->repaired = false;
	if (s.n > LIMIT_RECORD_BYTES)
		return FAIL_AT(e, r->line, TOO_BIG,
		    "the line is longer than 64 MiB, which is the limit for one row");
	enum shape shape = read_line(j, s);
	if (shape == SHAPE_INVALID && utf8_valid(s.p, s.n) < s.n) {
		shape = read_line(j, jsonrow_repair(j->row, s));
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
		return jsonrow_give(j->row, e);
	case SHAPE_TOO_MANY:
		return jsonrow_too_many(j->row, e);
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

bool
jsonl_read(struct reader *r, struct err *e)
{
	struct jsonl *j = arena_alloc(r->arena, sizeof *j);
	j->r = r;
	j->row = jsonrow_new(r);
	if (!reader_found(r, TABLE_JSONL, e))
		return false;
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
		jsonrow_end(j->row);
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
