/*
 * child_host.c: the table of struct host, and the calls that every hook has: progress, files,
 * state, answers, tools.  What writes is child_write.c, what reads rows child_walk.c; see
 * child_host.h.
 */
#define _GNU_SOURCE
#include "jobs/child_host.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/tree.h"
#include "jobs/child_tool.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEPT_BYTES MIB(16)

/* ---- what every hook can do ---- */

bool
host_say_progress(const struct host *h, uint64_t done, uint64_t total, struct err *e)
{
	struct progress_head head = {done, total};
	child_tell(child_of(h), MESSAGE_PROGRESS, (struct str){(const char *)&head, sizeof head},
	    (struct str){0});
	return !child_stopped(child_of(h), e);
}

static size_t
host_count_inputs(const struct host *h)
{
	return json_array_size(child_of(h)->inputs);
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
	struct child_host *c = child_of(h);
	struct input_head head;
	struct str body;
	int fd = -1;
	uint64_t number = i;
	const json_t *about = json_array_get(c->inputs, i);
	if (!about)
		return FAIL(e, SYSTEM, "the plugin asked for file %zu, there are %zu", i,
		    json_array_size(c->inputs));
	child_tell(
	    c, MESSAGE_INPUT, (struct str){(const char *)&number, sizeof number}, (struct str){0});
	if (!child_answer(c, &body, e) || !receive_fd(c->control, &fd, e))
		return false;
	if (body.n != sizeof head)
		return FAIL(e, SYSTEM, "the file was not handed over");
	memcpy(&head, body.p, sizeof head);
	arena_defer_close(h->arena, fd);
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
	child_tell(child_of(h), MESSAGE_GET_STATE, str_of(name), (struct str){0});
	if (!child_answer(child_of(h), &body, e))
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
	child_tell(child_of(h), MESSAGE_PUT_STATE, buf_str(&b), value);
	return true;
}

static bool
host_say_answer(const struct host *h, struct str json, struct err *e)
{
	if (json.n > LIMIT_ANSWER_BYTES)
		return FAIL(
		    e, TOO_BIG, "the plugin's answer is over %d bytes", (int)LIMIT_ANSWER_BYTES);
	child_tell(child_of(h), MESSAGE_ANSWER, json, (struct str){0});
	return true;
}

static bool
host_stopped(const struct host *h, struct err *e)
{
	return child_stopped(child_of(h), e);
}

static bool
host_say_quiet(const struct host *h, uint32_t seconds, struct err *e)
{
	uint64_t told = seconds < LIMIT_HOOK_SECONDS ? seconds : LIMIT_HOOK_SECONDS;
	child_tell(child_of(h), MESSAGE_QUIET, (struct str){(const char *)&told, sizeof told},
	    (struct str){0});
	return !child_stopped(child_of(h), e);
}

static bool
host_run_tool(const struct host *h, struct host_tool *tool, struct err *e)
{
	return host_say_quiet(h, child_tool_seconds(tool), e) &&
	       child_tool(h, tool, child_of(h)->plugin, host_stopped, e) && host_say_quiet(h, 0, e);
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
		child_keep_name(c, c->columns[i].column_id, c->columns[i].name);
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
	child_read_way(c, tree_str(begin, "cursor"));
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
