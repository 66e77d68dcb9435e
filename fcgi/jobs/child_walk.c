/*
 * child_walk.c: a hook's way through the rows of a dataset, and how far a task is on it, so that an
 * attempt after an interruption goes on and does not begin again; see child_host.h.
 */
#include "jobs/child_host.h"
#include "base/limits.h"

#define READ_ROWS 256
#define UNSAVED_BYTES MIB(16) /* a walk stores what it wrote at the latest then */
#define UNSAVED_EACH 512      /* besides its bytes, so that there are not too many either */

/* All walks from the 64th on share the last bit. */
#define WALK_BIT(pass) (UINT64_C(1) << ((pass) < 63 ? (pass) : 63))

bool
child_written_before(struct child_host *c, size_t n)
{
	struct way *w = &c->way;
	if (!c->walking && w->loose++ < c->resume.loose)
		return true;
	if (c->walking)
		w->wrote |= WALK_BIT(w->pass);
	c->unsaved += n + UNSAVED_EACH;
	return false;
}

/* The core's own way first, then the plugin's cursor, for child_read_way(). */
static bool
checkpoint(struct child_host *c, struct err *e)
{
	char way[128];
	struct str body;
	const struct way *w = &c->way;
	/* A plugin with a cursor of its own does not come by what it has written. */
	int n = snprintf(way, sizeof way, "%u:%" PRId64 ":%" PRId64 ":%" PRIx64 ":%" PRIu64 "\n",
	    w->pass, w->after, w->last, w->wrote, c->cursor.n ? 0 : w->loose);
	child_tell(c, MESSAGE_CHECKPOINT, (struct str){way, (size_t)n}, c->cursor);
	c->unsaved = 0;
	return child_answer(c, &body, e) && !child_stopped(c, e);
}

void
child_read_way(struct child_host *c, struct str kept)
{
	struct way *w = &c->resume;
	const char *line = kept.n ? memchr(kept.p, '\n', kept.n) : NULL;
	if (!line || sscanf(kept.p, "%u:%" SCNd64 ":%" SCNd64 ":%" SCNx64 ":%" SCNu64, &w->pass,
			 &w->after, &w->last, &w->wrote, &w->loose) != 5)
		return;
	c->way.last = w->last;
	c->way.wrote = w->wrote;
	c->cursor = (struct str){line + 1, (size_t)(kept.p + kept.n - line - 1)};
}

bool
host_keep_cursor(const struct host *h, struct str cursor, struct err *e)
{
	struct child_host *c = child_of(h);
	if (c->walking)
		return FAIL(e, SYSTEM,
		    "the plugin called checkpoint inside each_row, which keeps its place itself");
	if (cursor.n > KIB(32))
		return FAIL(e, TOO_BIG, "the plugin's cursor is over %d bytes", (int)KIB(32));
	c->cursor = arena_copy(&c->arena, cursor);
	return checkpoint(c, e);
}

/* The cells of a stored row by place among the columns. */
static void
take_apart(struct child_host *c, struct cell *cells, struct cell *stored, size_t stored_count,
    struct str row, struct str absent)
{
	cells_split_row(stored, stored_count, row, absent);
	for (size_t k = 0; k < c->dataset.column_count; k++)
		cells[k] = stored[c->columns[k].column_id];
}

struct walk {
	struct cell *cells, *stored;
	size_t stored_count;
	int64_t after; /* the id of the last row that was done */
	uint64_t done;
	bool enough;
};

/* In a task: what was written so far is stored, and so is that this row is done. */
static bool
save(struct child_host *c, const struct walk *w, size_t most, struct err *e)
{
	c->way.after = w->after;
	return !c->is_task || c->unsaved <= most || checkpoint(c, e);
}

static bool
walk_page(const struct host *h, struct walk *w, host_row_fn *fn, void *context, struct str page,
    struct err *e)
{
	struct child_host *c = child_of(h);
	for (size_t at = 0; at < page.n && !w->enough;) {
		struct stored_head s;
		memcpy(&s, page.p + at, sizeof s);
		at += sizeof s;
		/* What comes behind was added by the task itself. */
		if (s.row_id > c->way.last) {
			w->enough = true;
			break;
		}
		take_apart(c, w->cells, w->stored, w->stored_count,
		    (struct str){page.p + at, s.cells},
		    (struct str){page.p + at + s.cells, s.absent});
		at += (size_t)s.cells + s.absent;
		struct host_row row = {s.row_id, s.rev, s.line, w->cells};
		struct arena_mark mark = arena_mark(&c->row);
		if (!fn(h, context, &row, e)) {
			if (e->code != ERR_OK)
				return false;
			w->enough = true;
		}
		arena_reset(&c->row, mark);
		w->after = s.row_id;
		w->done++;
		if (!save(c, w, UNSAVED_BYTES, e))
			return false;
	}
	return true;
}

/* A page at a time. */
static bool
walk(const struct host *h, struct walk *w, host_row_fn *fn, void *context, struct err *e)
{
	struct child_host *c = child_of(h);
	w->stored = arena_array(h->arena, w->stored_count, sizeof *w->stored);
	w->cells = arena_array(h->arena, c->dataset.column_count, sizeof *w->cells);
	/* How many there were before: ids begin at 1, so it is no more than the id. */
	w->done = (uint64_t)w->after;
	for (bool more = true; more && !w->enough;) {
		struct read_head head = {w->after, READ_ROWS};
		struct str body;
		child_tell(c, MESSAGE_READ, (struct str){(const char *)&head, sizeof head},
		    (struct str){0});
		if (!child_answer(c, &body, e))
			return false;
		more = body.n > 0;
		/* The callback may ask the writer for something, which would take the page away. */
		struct arena_mark mark = arena_mark(h->arena);
		struct str page = arena_copy(h->arena, body);
		bool good = walk_page(h, w, fn, context, page, e);
		arena_reset(h->arena, mark);
		if (!good ||
		    !host_say_progress(h, w->done < c->dataset.rows ? w->done : c->dataset.rows,
			c->dataset.rows, e) ||
		    (more && !save(c, w, 0, e)))
			return false;
	}
	return true;
}

/* After an interruption a walk that wrote is not done again, one that did not is: it was to learn
 * something. */
bool
host_walk(const struct host *h, host_row_fn *fn, void *context, struct err *e)
{
	struct child_host *c = child_of(h);
	struct walk w = {0};
	unsigned pass = c->way.pass;
	bool wrote = (c->resume.wrote & WALK_BIT(pass)) != 0;
	if (c->walking && c->is_task)
		return FAIL(e, SYSTEM, "the plugin called each_row inside each_row");
	bool done = wrote && pass < c->resume.pass;
	if (wrote && pass == c->resume.pass)
		w.after = c->resume.after;
	for (size_t k = 0; k < c->dataset.column_count; k++)
		if (c->columns[k].column_id >= w.stored_count)
			w.stored_count = c->columns[k].column_id + 1;
	c->walking = true;
	bool good = done || walk(h, &w, fn, context, e);
	c->walking = false;
	c->way.pass = pass + 1;
	c->way.after = 0;
	return good;
}
