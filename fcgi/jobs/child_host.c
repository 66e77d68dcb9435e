/* child_host.c: see child_host.h. */
#define _GNU_SOURCE
#include "jobs/child_host.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/tree.h"
#include "base/utf8.h"
#include "jobs/child_tool.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_ROWS 256
#define UNSAVED_BYTES MIB(16) /* a walk stores what it wrote at the latest then */
#define UNSAVED_EACH 512      /* besides its bytes, so that there are not too many either */
#define KEPT_BYTES MIB(16)
#define PROGRESS_MS 100 /* between two messages of how far it is */
#define REPLY_MS 600000 /* the writer's death is ours, so this is only a bound */

/* All walks from the 64th on share the last bit. */
#define WALK_BIT(pass) (UINT64_C(1) << ((pass) < 63 ? (pass) : 63))

static struct child_host *
self(const struct host *h)
{
	return h->self;
}

/* ---- the talk ---- */

void
child_flush(struct child_host *c)
{
	struct rows_head head = {c->progress_of ? c->progress_of->done : 0};
	if (c->n == 0)
		return;
	if (c->batch_type == MESSAGE_ROWS)
		ring_send(c->out, MESSAGE_ROWS, (struct str){(const char *)&head, sizeof head},
		    (struct str){c->batch, c->n});
	else
		ring_send(c->out, c->batch_type, (struct str){c->batch, c->n}, (struct str){0});
	c->n = 0;
}

static void
tell(struct child_host *c, enum message type, struct str a, struct str b)
{
	child_flush(c);
	ring_send(c->out, type, a, b);
}

/* Waits for the answer to the message just sent; its body is good until the next one. */
static bool
answer_of(struct child_host *c, struct str *body, struct err *e)
{
	uint32_t type;
	struct str m;
	struct reply_head head;
	int got = ring_receive(c->in, &type, &m, REPLY_MS, e);
	if (got < 0)
		return false;
	if (got == 0 || type != MESSAGE_REPLY || m.n < sizeof head)
		return FAIL(e, SYSTEM, "the writer does not answer");
	memcpy(&head, m.p, sizeof head);
	*body = (struct str){m.p + sizeof head, m.n - sizeof head};
	if (head.good)
		return true;
	if (body->n == sizeof *e && e->code == ERR_OK)
		memcpy(e, body->p, sizeof *e);
	return e->code != ERR_OK ? false : FAIL(e, SYSTEM, "the writer refused");
}

static bool
stopped(struct child_host *c, struct err *e)
{
	return ring_stopped(c->out) && !FAIL(e, CANCELLED, "the job was cancelled");
}

/* Room for n bytes of a batch of this type; NULL: it is too large for one and goes by itself. */
static char *
batch_room(struct child_host *c, enum message type, size_t n)
{
	if (c->batch_type != type || n > sizeof c->batch - c->n)
		child_flush(c);
	c->batch_type = type;
	if (n > sizeof c->batch)
		return NULL;
	char *p = c->batch + c->n;
	c->n += n;
	return p;
}

/* The parts one after the other, in the batch or as a message of its own; at most 4. */
static void
put_parts(struct child_host *c, enum message type, const struct str *parts, size_t count)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		n += parts[i].n;
	char *p = batch_room(c, type, n), *alone = NULL;
	if (!p && !(p = alone = malloc(n)))
		exit(EXIT_MEMORY);
	char *at = p;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].n)
			memcpy(at, parts[i].p, parts[i].n);
		at += parts[i].n;
	}
	if (!alone)
		return;
	struct rows_head head = {c->progress_of ? c->progress_of->done : 0};
	struct str first =
	    type == MESSAGE_ROWS ? (struct str){(const char *)&head, sizeof head} : (struct str){0};
	ring_send(c->out, type, first, (struct str){alone, n});
	free(alone);
}

/* A task is about to write n bytes.  True: it did that before it was interrupted. */
static bool
written_before(struct child_host *c, size_t n)
{
	struct way *w = &c->way;
	if (!c->walking && w->loose++ < c->resume.loose)
		return true;
	if (c->walking)
		w->wrote |= WALK_BIT(w->pass);
	c->unsaved += n + UNSAVED_EACH;
	return false;
}

/* ---- what every hook can do ---- */

static bool
host_say_progress(const struct host *h, uint64_t done, uint64_t total, struct err *e)
{
	struct progress_head head = {done, total};
	tell(self(h), MESSAGE_PROGRESS, (struct str){(const char *)&head, sizeof head},
	    (struct str){0});
	return !stopped(self(h), e);
}

static size_t
host_count_inputs(const struct host *h)
{
	return json_array_size(self(h)->inputs);
}

static bool
receive_fd(int control, int *fd, struct err *e)
{
	char byte;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} room;
	struct iovec one = {&byte, 1};
	struct msghdr m = {.msg_iov = &one,
	    .msg_iovlen = 1,
	    .msg_control = room.bytes,
	    .msg_controllen = sizeof room.bytes};
	ssize_t n;
	do
		n = recvmsg(control, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	struct cmsghdr *head = n == 1 ? CMSG_FIRSTHDR(&m) : NULL;
	if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
		return FAIL(e, SYSTEM, "the file was not handed over");
	memcpy(fd, CMSG_DATA(head), sizeof *fd);
	return true;
}

/* The place a file was sent for: named by its field, or the first. */
static struct str
slot_of(const struct child_host *c, struct str field)
{
	if (field.n > 2 && memcmp(field.p + field.n - 2, "[]", 2) == 0)
		field.n -= 2;
	for (const struct plugin_slot *s = c->slots; s && s->name; s++)
		if (str_is(field, s->name))
			return str_of(s->name);
	return str_of(c->slots && c->slots[0].name ? c->slots[0].name : "data");
}

static bool
host_open_input(const struct host *h, size_t i, struct host_input *out, struct err *e)
{
	struct child_host *c = self(h);
	struct input_head head;
	struct str body;
	int fd = -1;
	uint64_t number = i;
	const json_t *about = json_array_get(c->inputs, i);
	if (!about)
		return FAIL(e, SYSTEM, "the plugin asked for file %zu, there are %zu", i,
		    json_array_size(c->inputs));
	tell(c, MESSAGE_INPUT, (struct str){(const char *)&number, sizeof number}, (struct str){0});
	if (!answer_of(c, &body, e) || !receive_fd(c->control, &fd, e))
		return false;
	if (body.n != sizeof head)
		return FAIL(e, SYSTEM, "the file was not handed over");
	memcpy(&head, body.p, sizeof head);
	arena_defer(h->arena, fd_close_deferred, (void *)(intptr_t)fd);
	out->slot = slot_of(c, tree_str(about, "field"));
	out->name = tree_str(about, "name");
	out->content_type = tree_str(about, "content_type");
	input_init(&out->bytes, fd, head.offset, head.bytes);
	return true;
}

static bool
host_read_state(const struct host *h, const char *name, struct str *out, struct err *e)
{
	struct str body;
	tell(self(h), MESSAGE_GET_STATE, str_of(name), (struct str){0});
	if (!answer_of(self(h), &body, e))
		return false;
	*out = arena_copy(h->arena, body);
	return true;
}

static bool
host_write_state(const struct host *h, const char *name, struct str value, struct err *e)
{
	struct str s = str_of(name);
	struct state_head head = {(uint32_t)s.n, (uint32_t)value.n};
	if (value.n > LIMIT_STATE_BYTES)
		return FAIL(e, TOO_BIG,
		    "the plugin keeps a value of %zu bytes, at most %d are taken", value.n,
		    (int)LIMIT_STATE_BYTES);
	struct buf b;
	buf_init(&b, h->arena);
	buf_put(&b, &head, sizeof head);
	buf_put_str(&b, s);
	tell(self(h), MESSAGE_PUT_STATE, buf_str(&b), value);
	return true;
}

static bool
host_say_answer(const struct host *h, struct str json, struct err *e)
{
	if (json.n > LIMIT_ANSWER_BYTES)
		return FAIL(
		    e, TOO_BIG, "the plugin's answer is over %d bytes", (int)LIMIT_ANSWER_BYTES);
	tell(self(h), MESSAGE_ANSWER, json, (struct str){0});
	return true;
}

/* ---- columns, rows, findings ---- */

bool
child_put_column(struct child_host *c, const struct host_new_column *n, struct err *e)
{
	uint32_t type = n->type == COLUMN_GUESSED ? COLUMN__MAX : (uint32_t)n->type;
	struct column_head head = {type, n->required, (uint32_t)n->name.n,
	    (uint32_t)n->vendor_type.n, (uint32_t)n->description.n, (uint32_t)n->default_value.n};
	struct buf b;
	buf_init(&b, &c->arena);
	if (n->name.n > LIMIT_COLUMN_NAME_BYTES || n->vendor_type.n > LIMIT_COLUMN_NAME_BYTES)
		return FAIL(e, TOO_BIG, "the name or type of a column is over %d bytes",
		    LIMIT_COLUMN_NAME_BYTES);
	if (n->description.n > LIMIT_DESCRIPTION_BYTES ||
	    n->default_value.n > LIMIT_DESCRIPTION_BYTES)
		return FAIL(e, TOO_BIG,
		    "the description or default value of the column %.*s is over %d bytes",
		    STR_ARG(str_clip(n->name, 100)), (int)LIMIT_DESCRIPTION_BYTES);
	buf_put(&b, &head, sizeof head);
	buf_put_str(&b, n->name);
	buf_put_str(&b, n->vendor_type);
	buf_put_str(&b, n->description);
	buf_put_str(&b, n->default_value);
	tell(c, MESSAGE_COLUMN, buf_str(&b), (struct str){0});
	return true;
}

void
child_put_found(struct child_host *c, struct str options)
{
	tell(c, MESSAGE_FOUND, options, (struct str){0});
}

/* For errors.  Not in an arena that the hook may take back. */
static void
keep_name(struct child_host *c, size_t column, struct str name)
{
	if (column < LIMIT_COLUMNS)
		c->names[column] = arena_copy(&c->kept, name);
}

static bool
host_make_column(
    const struct host *h, const struct host_new_column *n, size_t *column_id, struct err *e)
{
	struct child_host *c = self(h);
	struct str body;
	uint64_t id;
	if (c->is_ingest && c->column_count == LIMIT_COLUMNS)
		return FAIL(e, TOO_BIG, "a dataset has at most %d columns", LIMIT_COLUMNS);
	if (!child_put_column(c, n, e))
		return false;
	if (c->is_ingest) {
		keep_name(c, c->column_count, n->name);
		if (column_id)
			*column_id = c->column_count;
		c->column_count++;
		return true;
	}
	if (!answer_of(c, &body, e))
		return false;
	if (body.n != sizeof id)
		return FAIL(e, SYSTEM, "the writer does not say which column it made");
	memcpy(&id, body.p, sizeof id);
	keep_name(c, (size_t)id, n->name);
	if (column_id)
		*column_id = (size_t)id;
	return true;
}

bool
child_put_row(
    struct child_host *c, uint64_t line, struct str cells, struct str absent, struct err *e)
{
	struct row_head head = {line, (uint32_t)cells.n, (uint32_t)absent.n};
	struct str parts[] = {{(const char *)&head, sizeof head}, cells, absent};
	if (cells.n > RING_MESSAGE_BYTES / 2) {
		e->at_line = line;
		return FAIL(
		    e, TOO_BIG, "line %" PRIu64 " is too large to be stored as one row", line);
	}
	put_parts(c, MESSAGE_ROWS, parts, ARRAY_LENGTH(parts));
	return !stopped(c, e);
}

#define SHOWN_BYTES 60 /* of a cell that is wrong */

/* What is wrong with a cell, so that who reads it finds it: the writer would only call it a lie. */
static bool
bad_cell(struct child_host *c, const struct cell *cell, size_t column, int64_t row,
    const char *what, struct err *e)
{
	struct str name = column < LIMIT_COLUMNS ? c->names[column] : (struct str){0};
	char number[40];
	if (name.n == 0)
		name = (struct str){
		    number, (size_t)snprintf(number, sizeof number, "column %zu", column)};
	size_t shown = utf8_valid(cell->bytes.p, cell->bytes.n);
	return FAIL(e, INPUT, "row %" PRId64 ": %s of %.*s %s: %.*s", row, what,
	    STR_ARG(str_clip(name, 100)),
	    shown < cell->bytes.n ? "is not UTF-8 (utf8_clean() repairs it)" : "is not one",
	    STR_ARG(str_clip((struct str){cell->bytes.p, shown}, SHOWN_BYTES)));
}

/* One cell as the JSON it is stored as; `row` is its number, or its id when it is stored. */
static bool
put_token(struct child_host *c, struct buf *out, const struct cell *cell, size_t column,
    int64_t row, struct err *e)
{
	struct str bytes = cell->bytes;
	size_t begins = out->n;
	if (utf8_valid(bytes.p, bytes.n) != bytes.n)
		return bad_cell(c, cell, column, row, "the text", e);
	switch (cell->kind) {
	case CELL_ABSENT:
	case CELL_NULL:
		buf_put_text(out, "null");
		return true;
	case CELL_TRUE:
		buf_put_text(out, "true");
		return true;
	case CELL_FALSE:
		buf_put_text(out, "false");
		return true;
	case CELL_TEXT:
		if (!cell->escaped) {
			jsonout_quote(out, bytes);
			return true;
		}
		buf_put_char(out, '"');
		buf_put_str(out, bytes);
		buf_put_char(out, '"');
		return cells_value(out->p + begins, out->n - begins) == out->n - begins ||
		       bad_cell(c, cell, column, row, "the escaped text", e);
	case CELL_NUMBER:
		buf_put_str(out, bytes);
		return cells_is_number(bytes) || bad_cell(c, cell, column, row, "the number", e);
	case CELL_JSON:
		buf_put_str(out, bytes);
		return (bytes.n > 0 && cells_value(bytes.p, bytes.n) == bytes.n) ||
		       bad_cell(c, cell, column, row, "the JSON value", e);
	}
	return bad_cell(c, cell, column, row, "the kind", e);
}

static void
guess(struct child_host *c, const struct cell *cell, size_t id)
{
	/* Text of a plugin is text as a file's field is: its type is found out. */
	if (cell->kind == CELL_TEXT && !cell->escaped)
		guess_add_text(&c->guesses[id], cell->bytes.p, cell->bytes.n);
	else
		guess_add_cell(&c->guesses[id], cell);
}

static bool
host_put_row(
    const struct host *h, uint64_t line, const struct cell *cells, size_t count, struct err *e)
{
	struct child_host *c = self(h);
	struct buf row, absent;
	struct arena_mark mark = arena_mark(&c->row);
	buf_init(&row, &c->row);
	buf_init(&absent, &c->row);
	if (c->is_ingest && count > c->column_count)
		return FAIL(e, SYSTEM, "the plugin gave a row of %zu cells, there are %zu columns",
		    count, c->column_count);
	while (count > 0 && cells[count - 1].kind == CELL_ABSENT)
		count--;
	buf_put_char(&row, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_char(&row, ',');
		if (!put_token(c, &row, &cells[i], i, (int64_t)c->counts.rows + 1, e))
			return false;
		if (cells[i].kind == CELL_ABSENT)
			buf_format(&absent, "%s%zu", absent.n ? "," : "[", i);
		if (c->is_ingest && cells[i].kind != CELL_ABSENT)
			guess(c, &cells[i], i);
	}
	buf_put_char(&row, ']');
	if (absent.n)
		buf_put_char(&absent, ']');
	bool good = (c->is_task && written_before(c, row.n + absent.n)) ||
		    child_put_row(c, line, buf_str(&row), buf_str(&absent), e);
	arena_reset(&c->row, mark);
	c->counts.records++;
	c->counts.rows++;
	return good;
}

bool
child_put_finding(struct child_host *c, const struct finding *f, struct err *e)
{
	struct str code = str_clip(str_of(f->code), LIMIT_FINDING_CODE_BYTES),
		   text = str_clip(f->message, LIMIT_FINDING_BYTES);
	char message[sizeof(struct finding_head) + LIMIT_FINDING_CODE_BYTES + LIMIT_FINDING_BYTES];
	struct finding_head head = {
	    f->line, f->column, (uint64_t)f->row_id, (uint32_t)code.n, (uint32_t)text.n};
	size_t n = sizeof head + code.n + text.n;
	memcpy(message, &head, sizeof head);
	memcpy(message + sizeof head, code.p, code.n);
	if (text.n)
		memcpy(message + sizeof head + code.n, text.p, text.n);
	/* A message of its own for each would take longer than the row it is about. */
	struct row_head between = {0, (uint32_t)n, ROW_IS_FINDING};
	struct str parts[] = {{(const char *)&between, sizeof between}, {message, n}};
	if (c->is_ingest)
		put_parts(c, MESSAGE_ROWS, parts, ARRAY_LENGTH(parts));
	else
		tell(c, MESSAGE_FINDING, parts[1], (struct str){0});
	return !stopped(c, e);
}

static bool
host_put_finding(const struct host *h, const struct finding *f, struct err *e)
{
	struct child_host *c = self(h);
	return (c->is_task && written_before(c, f->message.n)) || child_put_finding(c, f, e);
}

static bool
host_stopped(const struct host *h, struct err *e)
{
	return stopped(self(h), e);
}

static bool
host_say_quiet(const struct host *h, uint32_t seconds, struct err *e)
{
	uint64_t told = seconds < LIMIT_HOOK_SECONDS ? seconds : LIMIT_HOOK_SECONDS;
	tell(self(h), MESSAGE_QUIET, (struct str){(const char *)&told, sizeof told},
	    (struct str){0});
	return !stopped(self(h), e);
}

static bool
host_run_tool(const struct host *h, struct host_tool *tool, struct err *e)
{
	return host_say_quiet(h, child_tool_seconds(tool), e) &&
	       child_tool(h, tool, self(h)->plugin, host_stopped, e) && host_say_quiet(h, 0, e);
}

/* ---- tasks and calls on a dataset ---- */

static bool
host_set(const struct host *h, const struct host_row *row, size_t column_id,
    const struct cell *cell, const struct host_mark *mark, struct err *e)
{
	struct child_host *c = self(h);
	struct arena_mark at = arena_mark(&c->row);
	struct buf token;
	struct str state = mark && mark->state ? str_of(mark->state) : (struct str){0};
	struct str source = mark ? mark->source : (struct str){0};
	buf_init(&token, &c->row);
	if (cell->kind != CELL_ABSENT && !put_token(c, &token, cell, column_id, row->row_id, e))
		return false;
	struct edit_head head = {EDIT_SET, (uint32_t)token.n, (uint32_t)state.n, (uint32_t)source.n,
	    row->row_id, row->rev, column_id, mark ? mark->confidence : __builtin_nan("")};
	struct str parts[] = {{(const char *)&head, sizeof head}, buf_str(&token), state, source};
	if (!written_before(c, sizeof head + token.n + state.n + source.n))
		put_parts(c, MESSAGE_EDITS, parts, ARRAY_LENGTH(parts));
	arena_reset(&c->row, at);
	return !stopped(c, e);
}

static bool
host_remove(const struct host *h, const struct host_row *row, struct err *e)
{
	struct edit_head head = {.edit = EDIT_REMOVE, .row_id = row->row_id, .rev = row->rev};
	struct str parts[] = {{(const char *)&head, sizeof head}};
	if (!written_before(self(h), sizeof head))
		put_parts(self(h), MESSAGE_EDITS, parts, ARRAY_LENGTH(parts));
	return !stopped(self(h), e);
}

/* The core's own way first, then the plugin's cursor, for read_way(). */
static bool
checkpoint(struct child_host *c, struct err *e)
{
	char way[128];
	struct str body;
	const struct way *w = &c->way;
	/* A plugin with a cursor of its own does not come by what it has written. */
	int n = snprintf(way, sizeof way, "%u:%" PRId64 ":%" PRId64 ":%" PRIx64 ":%" PRIu64 "\n",
	    w->pass, w->after, w->last, w->wrote, c->cursor.n ? 0 : w->loose);
	tell(c, MESSAGE_CHECKPOINT, (struct str){way, (size_t)n}, c->cursor);
	c->unsaved = 0;
	return answer_of(c, &body, e) && !stopped(c, e);
}

static void
read_way(struct child_host *c, struct str kept)
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

static bool
host_keep_cursor(const struct host *h, struct str cursor, struct err *e)
{
	struct child_host *c = self(h);
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
	struct child_host *c = self(h);
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
	struct child_host *c = self(h);
	w->stored = arena_array(h->arena, w->stored_count, sizeof *w->stored);
	w->cells = arena_array(h->arena, c->dataset.column_count, sizeof *w->cells);
	/* How many there were before: ids begin at 1, so it is no more than the id. */
	w->done = (uint64_t)w->after;
	for (bool more = true; more && !w->enough;) {
		struct read_head head = {w->after, READ_ROWS};
		struct str body;
		tell(c, MESSAGE_READ, (struct str){(const char *)&head, sizeof head},
		    (struct str){0});
		if (!answer_of(c, &body, e))
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
static bool
host_walk(const struct host *h, host_row_fn *fn, void *context, struct err *e)
{
	struct child_host *c = self(h);
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

/* ---- making it ---- */

static enum column_type
type_of(const json_t *column)
{
	enum column_type type = column_type_from_name(tree_str(column, "type"));
	return type == COLUMN__MAX ? COLUMN_STRING : type;
}

static void
read_dataset(struct child_host *c, const json_t *d)
{
	const json_t *columns = json_object_get(d, "columns");
	size_t count = json_array_size(columns);
	c->columns = arena_array(&c->arena, count, sizeof *c->columns);
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(columns, i);
		c->columns[i] = (struct host_column){
		    .column_id = (size_t)json_integer_value(json_object_get(one, "column_id")),
		    .id = tree_str(one, "id"),
		    .name = tree_str(one, "name"),
		    .vendor_type = tree_str(one, "vendor_type"),
		    .description = tree_str(one, "description"),
		    .default_value = tree_str(one, "default_value"),
		    .type = type_of(one),
		    .required = json_is_true(json_object_get(one, "required")),
		};
		keep_name(c, c->columns[i].column_id, c->columns[i].name);
	}
	c->dataset = (struct host_dataset){
	    .id = tree_str(d, "id"),
	    .name = tree_str(d, "name"),
	    .description = tree_str(d, "description"),
	    .type = tree_str(d, "type"),
	    .rows = (uint64_t)json_integer_value(json_object_get(d, "rows")),
	    .columns = c->columns,
	    .column_count = count,
	};
	c->host.dataset = &c->dataset;
}

void
child_host_init(struct child_host *c, const json_t *begin)
{
	struct host *h = &c->host;
	const json_t *d = json_object_get(begin, "dataset");
	c->way.last = json_integer_value(json_object_get(d, "last_row"));
	read_way(c, tree_str(begin, "cursor"));
	arena_init(&c->kept, KEPT_BYTES);
	h->size = sizeof *h;
	h->arena = &c->arena;
	h->row = &c->row;
	h->self = c;
	h->org = tree_str(begin, "org");
	h->cursor = c->cursor;
	c->inputs = json_object_get(begin, "inputs");
	if (d)
		read_dataset(c, d);
	h->progress = host_say_progress;
	h->input_count = host_count_inputs;
	h->input = host_open_input;
	h->finding = host_put_finding;
	h->answer = host_say_answer;
	h->get_state = host_read_state;
	h->put_state = host_write_state;
	h->tool = host_run_tool;
	h->quiet = host_say_quiet;
	if (d) {
		h->add_column = host_make_column;
		h->add_row = host_put_row;
	}
	if (d && !c->is_ingest) {
		h->each_row = host_walk;
		h->set_cell = host_set;
		h->remove_row = host_remove;
		h->checkpoint = c->is_task ? host_keep_cursor : NULL;
	}
}

void
child_end(struct child_host *c)
{
	child_flush(c);
	if (c->is_ingest)
		ring_send(c->out, MESSAGE_GUESSES,
		    (struct str){(const char *)c->guesses, sizeof c->guesses}, (struct str){0});
	ring_send(c->out, MESSAGE_END, (struct str){(const char *)&c->counts, sizeof c->counts},
	    (struct str){0});
}
