/* repair.c: see repair.h. */
#include "formats/repair.h"
#include "base/cells.h"
#include "base/utf8.h"

static const struct at stopped = {NULL, NULL};

/* More lines than this are not looked at to find where a quoted cell might end. */
#define REPAIR_LINES 8
#define REPAIR_BYTES MIB(1)

static const char *
line_end(const struct record *c, const char *p)
{
	while (p < c->end && *p != '\n' && *p != '\r')
		p++;
	return p;
}

static const char *
behind_line_end(const struct record *c, const char *p)
{
	if (p < c->end)
		p += *p == '\r' && p + 1 < c->end && p[1] == '\n' ? 2 : 1;
	return p;
}

static char *
write_text(struct record *c, char *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t good = utf8_valid(p + i, n - i);
		const char *nul = good ? memchr(p + i, 0, good) : NULL;
		if (nul)
			good = (size_t)(nul - (p + i));
		out += cells_escape(out, p + i, good);
		i += good;
		if (i == n)
			break;
		*(nul ? &c->nul_byte : &c->invalid_utf8) = true;
		out += utf8_put(out, 0xfffd);
		i++;
	}
	return out;
}

bool
record_rewrite(struct record *c, struct at *at, const struct split_cell *cells, size_t count,
    const struct csv_options *o, struct err *e)
{
	struct reader *r = c->r;
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++)
		bytes += cells[i].text.n;
	if (!row_room(r, 6 * bytes + 3 * count + ROW_SLACK, e))
		return false;
	struct arena_mark mark = arena_mark(r->arena);
	char *plain = arena_alloc(r->arena, bytes + 1), *write = r->row;
	*write++ = '[';
	for (size_t i = 0; i < count; i++) {
		struct field *f = &c->fields[i < LIMIT_COLUMNS ? i : LIMIT_COLUMNS];
		*write++ = '"';
		f->start = (uint32_t)(write - r->row);
		size_t n = split_text(plain, &cells[i], o);
		write = write_text(c, write, plain, n);
		f->length = (uint32_t)((size_t)(write - r->row) - f->start);
		f->extra = f->length > n ? (uint32_t)(f->length - n) : 0;
		*write++ = '"';
		*write++ = i + 1 < count ? ',' : ']';
	}
	arena_reset(r->arena, mark);
	c->count = count;
	at->write = write;
	return true;
}

/* Takes the lines up to `end` as the record. */
static struct at
take_lines(
    struct record *c, const struct split_cell *cells, size_t count, const char *end, struct err *e)
{
	struct at at = {behind_line_end(c, end), NULL};
	const char *start = c->r->window.bytes + c->r->window.start;
	record_forget(c);
	for (const char *p = line_end(c, start); p < end; p = line_end(c, behind_line_end(c, p)))
		c->line++;
	c->line += at.read > end;
	for (size_t i = 0; i < count; i++) {
		struct str text = cells[i].text;
		c->open_quote |= !cells[i].quoted && text.n > 0 && text.p[0] == c->quote;
	}
	c->stray_quote = !c->open_quote;
	c->quoted = true;
	if (!record_rewrite(c, &at, cells, count, c->options, e))
		return stopped;
	return at;
}

struct at
record_repair(struct record *c, struct at at, struct err *e)
{
	struct reader *r = c->r;
	const char *start = r->window.bytes + r->window.start, *end = start;
	const char *last = at.read ? at.read : c->end;
	struct split_cell *cells = c->cells;
	for (int i = 0; i < REPAIR_LINES && c->width > 0 && end < last; i++) {
		end = line_end(c, i > 0 ? behind_line_end(c, end) : end);
		size_t n = (size_t)(end - start);
		if (n > REPAIR_BYTES)
			break;
		/* What is found must not depend on how much of the file is in the window. */
		if (end + 1 >= c->end && !r->window.at_end) {
			c->more = true;
			return stopped;
		}
		if (!split_exactly(cells, c->width, (struct str){start, n}, c->options))
			continue;
		return take_lines(c, cells, c->width, end, e);
	}
	end = line_end(c, start);
	bool one_line = at.read && at.read <= behind_line_end(c, end);
	if (at.read && (one_line || c->width == 0 || c->count == c->width))
		return at;
	struct str line = {start, (size_t)(end - start)};
	if (line.n <= LIMIT_CELL_BYTES / 6)
		return take_lines(
		    c, cells, split_loosely(cells, LIMIT_COLUMNS + 1, line, c->options), end, e);
	if (!at.read)
		(void)FAIL_AT(e, r->line, TOO_BIG,
		    "a cell is longer than 16 MiB, which is the limit for one cell; perhaps the "
		    "quote that opens on line %s is never closed",
		    thousands(c->quote_line).text);
	return at;
}

void
record_remove(struct record *c, struct at *at, size_t i)
{
	char *row = c->r->row;
	struct field *f = &c->fields[i];
	/* With its quotes and one comma. */
	size_t cut = f->length + (c->count > 1 ? 3 : 2);
	char *from = row + f->start - 1 - (i > 0 && i + 1 == c->count);
	memmove(from, from + cut, (size_t)(at->write - (from + cut)));
	at->write -= cut;
	for (size_t k = i; k + 1 < c->count; k++) {
		c->fields[k] = c->fields[k + 1];
		c->fields[k].start -= (uint32_t)cut;
	}
	c->count--;
}

struct str
record_bytes(const struct record *c, struct at at)
{
	const char *start = c->r->window.bytes + c->r->window.start, *end = at.read;
	while (end > start && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	return (struct str){start, (size_t)(end - start)};
}
