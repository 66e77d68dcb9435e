/* margin.c: see margin.h. */
#include "formats/margin.h"
#include "formats/notes.h"

/* Notes take no more of a file than this. */
#define NOTES_BYTES ((size_t)KIB(8))

bool
margin_skip_line(struct csv *c, struct err *e)
{
	struct window *w = &c->r->window;
	for (;;) {
		char *p = w->bytes + w->start, *end = w->bytes + w->end;
		while (p < end && *p != '\n' && *p != '\r')
			p++;
		w->start = (size_t)(p - w->bytes);
		if (p < end && (*p == '\n' || p + 1 < end || w->at_end)) {
			w->start += *p == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1;
			c->r->line++;
			return true;
		}
		if (w->at_end)
			return true;
		if (!window_more(c->r, e))
			return false;
	}
}

bool
margin_skip_preamble(struct csv *c, uint64_t lines, struct err *e)
{
	struct window *w = &c->r->window;
	struct reader *r = c->r;
	for (uint64_t i = 0; i < lines && (w->start < w->end || !w->at_end); i++)
		if (!margin_skip_line(c, e))
			return false;
	uint64_t line = r->line;
	r->line = 1;
	bool told =
	    line == 1 || reader_finding(r, e, "preamble", TABLE_NO_COLUMN,
			     "%s line%s above the table %s not read", thousands(line - 1).text,
			     line == 2 ? "" : "s", line == 2 ? "was" : "were");
	r->line = line;
	return told;
}

bool
margin_comment(struct csv *c, bool *comment, struct err *e)
{
	struct window *w = &c->r->window;
	struct str mark = c->dialect.options.comment;
	*comment = false;
	while (w->end - w->start < mark.n && !w->at_end)
		if (!window_more(c->r, e))
			return false;
	*comment = mark.n > 0 && w->end - w->start >= mark.n &&
		   memcmp(w->bytes + w->start, mark.p, mark.n) == 0;
	return true;
}

/* Where in the window the last lines of the file begin at the earliest. */
static size_t
footer_start(const struct window *w, uint64_t lines)
{
	const char *start = w->bytes + w->start, *p = w->bytes + w->end;
	for (uint64_t i = 0; i < lines && p > start; i++) {
		p -= p[-1] == '\n' ? 1 : 0;
		p -= p > start && p[-1] == '\r' ? 1 : 0;
		while (p > start && p[-1] != '\n' && p[-1] != '\r')
			p--;
	}
	return (size_t)(p - w->bytes);
}

/* In a file longer than the sample the notes are looked for when its end is near.  What is found
 * must not depend on how much of the file is in the window. */
static bool
look_for_notes(struct csv *c, struct err *e)
{
	struct window *w = &c->r->window;
	while (w->end - w->start <= NOTES_BYTES && !w->at_end)
		if (!window_more(c->r, e))
			return false;
	if (w->end - w->start <= NOTES_BYTES)
		c->dialect.options.footer = (struct option_count){true,
		    notes_find(&c->dialect, (struct str){w->bytes + w->start, w->end - w->start})};
	return true;
}

bool
margin_footer(struct csv *c, bool *footer, struct err *e)
{
	struct window *w = &c->r->window;
	*footer = false;
	if (!c->dialect.options.footer.set && !look_for_notes(c, e))
		return false;
	uint64_t lines = c->dialect.options.footer.count;
	if (lines == 0)
		return true;
	if (c->footer_moves != w->moves || w->start >= c->footer_at) {
		while ((c->footer_at = footer_start(w, lines)) <= w->start && !w->at_end)
			if (!window_more(c->r, e))
				return false;
		c->footer_moves = w->moves;
	}
	*footer = w->at_end && w->start >= c->footer_at;
	return true;
}
