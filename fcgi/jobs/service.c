/* service.c: see service.h. */
#define _GNU_SOURCE
#include "jobs/service.h"
#include "base/cells.h"
#include "base/jsonout.h"
#include "base/limits.h"
#include "base/tree.h"
#include "base/utf8.h"
#include "store/blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define STATE_NAME_BYTES 200
#define STATE_PUTS_MAX 1000
#define STATE_BYTES_LEAST 64 /* room that is made for a value */

static struct str
member_json(const json_t *object, const char *key, struct arena *a)
{
	const json_t *member = json_object_get(object, key);
	size_t n = member ? json_dumpb(member, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) : 0;
	char *text = arena_alloc(a, n + 1);
	json_dumpb(member, text, n, JSON_COMPACT | JSON_ENCODE_ANY);
	return (struct str){text, n};
}

static uint32_t
member_number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));
	return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static bool
read_params(struct service *s, struct err *e)
{
	json_t *tree;
	struct arena *a = &s->c->arena;
	if (s->c->job.params.n == 0)
		return FAIL(e, SYSTEM, "the job does not say what it is to do");
	if (!tree_parse_own(&tree, s->c->job.params, a, e))
		return false;
	struct str plugin = tree_str(tree, "plugin");
	s->params = (struct job_params){
	    .plugin = plugin.n ? arena_text(a, plugin) : NULL,
	    .missing = json_is_true(json_object_get(tree, "missing")),
	    .folder = json_is_true(json_object_get(tree, "folder")),
	    .seconds = member_number(tree, "seconds"),
	    .memory_mib = member_number(tree, "memory_mib"),
	    .hook = tree_str(tree, "hook"),
	    .type = tree_str(tree, "type"),
	    .work = tree_str(tree, "work"),
	    .values = member_json(tree, "values", a),
	    .options = member_json(tree, "options", a),
	};
	return true;
}

bool
service_open(struct service *s, struct job_context *c, struct str source_id, struct err *e)
{
	*s = (struct service){.c = c};
	if (!read_params(s, e))
		return false;
	return source_id.n == 0 || store_source_get(c->store, &s->source, c->job.org_id,
				       arena_text(&c->arena, source_id), &c->arena, e);
}

uint64_t
service_bytes(const struct service *s)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < s->source.file_count; i++)
		bytes += s->source.files[i].bytes;
	return bytes;
}

/* ---- what it is told ---- */

static void
put_columns(struct jsonout *j, const struct service_dataset *d)
{
	struct arena *a = j->out->arena;
	jsonout_key(j, "columns");
	jsonout_array(j);
	for (size_t i = 0; i < d->column_count; i++) {
		const struct column *c = &d->columns[i];
		jsonout_object(j);
		jsonout_member_int(j, "column_id", (int64_t)c->column_id);
		jsonout_member_str(j, "id", arena_format(a, "col_%.*s", STR_ARG(c->slug)));
		jsonout_member_str(j, "name", c->name);
		jsonout_member_text(j, "type", column_type_names[c->type]);
		jsonout_member_str(j, "vendor_type", c->vendor_type);
		jsonout_member_str(j, "description", c->description);
		jsonout_member_str(j, "default_value", c->default_value);
		jsonout_member_bool(j, "required", c->required);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
put_inputs(struct jsonout *j, const struct service *s)
{
	jsonout_key(j, "inputs");
	jsonout_array(j);
	for (size_t i = 0; i < s->source.file_count; i++) {
		jsonout_object(j);
		jsonout_member_str(j, "field", s->source.files[i].field);
		jsonout_member_str(j, "name", s->source.files[i].name);
		jsonout_member_str(j, "content_type", s->source.files[i].content_type);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static struct str
begin_text(struct service *s, const struct service_dataset *d)
{
	struct buf b;
	struct jsonout j;
	struct arena *a = &s->c->arena;
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_str(&j, "hook", s->params.hook);
	jsonout_member_str(&j, "type", s->params.type);
	jsonout_member_str(&j, "work", s->params.work);
	jsonout_key(&j, "values");
	jsonout_raw(&j, s->params.values.n ? s->params.values : STR("{}"));
	if (s->params.options.n) {
		jsonout_key(&j, "options");
		jsonout_raw(&j, s->params.options);
	}
	jsonout_member_str(&j, "org", arena_format(a, "%" PRId64, s->c->job.org_id));
	jsonout_member_str(&j, "cursor", d->cursor);
	put_inputs(&j, s);
	if (d->dataset) {
		jsonout_key(&j, "dataset");
		jsonout_object(&j);
		jsonout_member_text(&j, "id", d->dataset->dataset_id);
		jsonout_member_str(&j, "name", d->dataset->name);
		jsonout_member_str(&j, "description", d->dataset->description);
		jsonout_member_str(&j, "type", d->dataset->type);
		jsonout_member_int(&j, "rows", (int64_t)d->dataset->rows);
		jsonout_member_int(&j, "last_row", d->last_row);
		put_columns(&j, d);
		jsonout_end(&j);
	}
	jsonout_end(&j);
	return buf_str(&b);
}

bool
service_start(struct service *s, const struct service_dataset *d, struct err *e)
{
	/* Only a task of the site works for everybody. */
	enum channel_folder folder = !s->params.folder ? CHANNEL_NO_FOLDER
				     : d->dataset      ? CHANNEL_READS_FOLDER
						       : CHANNEL_WRITES_FOLDER;
	struct channel_spec spec = {
	    s->params.plugin, folder, s->params.seconds, s->params.memory_mib};
	return channel_open(&s->ch, s->c, &spec, e) &&
	       channel_send(&s->ch, MESSAGE_BEGIN, begin_text(s, d), (struct str){0}, e);
}

/* ---- what it asks for ---- */

static int
open_path(const struct service *s, const struct source_file *f, uint64_t *offset)
{
	struct arena *a = &s->c->arena;
	struct arena_mark mark = arena_mark(a);
	struct str path = f->sha256.n ? blob_path(s->c->store, f->sha256, a)
				      : arena_format(a, "%s/incoming/%.*s", s->c->data,
					    STR_ARG(s->source.incoming));
	*offset = f->sha256.n ? 0 : f->offset;
	int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int why = errno;
	arena_reset(a, mark);
	errno = why;
	return fd;
}

/* One file, from its blob or, while that is being stored, from the body. */
static int
open_file(struct service *s, size_t i, uint64_t *offset, struct err *e)
{
	int fd = open_path(s, &s->source.files[i], offset);
	/* The body may have become a blob between the look at the catalog and now. */
	if (fd < 0 && errno == ENOENT && !s->source.files[i].sha256.n) {
		if (!store_source_get(s->c->store, &s->source, s->c->job.org_id,
			s->source.source_id, &s->c->arena, e))
			return -1;
		errno = ENOENT;
		fd = i < s->source.file_count ? open_path(s, &s->source.files[i], offset) : -1;
	}
	if (fd < 0)
		FAIL_ERRNO(e, "the file of the data source cannot be opened");
	return fd;
}

static bool
give_input(struct service *s, struct str m, struct err *e)
{
	uint64_t i, offset;
	if (m.n != sizeof i)
		return channel_lie(e, "a request for a file");
	memcpy(&i, m.p, sizeof i);
	if (i >= s->source.file_count)
		return channel_lie(e, "the number of a file");
	int fd = open_file(s, (size_t)i, &offset, e);
	if (fd < 0)
		return false;
	struct input_head head = {offset, s->source.files[i].bytes};
	bool good = channel_send_fd(&s->ch, fd, e) &&
		    channel_reply(&s->ch, (struct str){(const char *)&head, sizeof head}, e);
	close(fd);
	s->ch.moved++;
	return good;
}

static bool
is_state_name(struct str name)
{
	return name.n > 0 && name.n <= STATE_NAME_BYTES && utf8_valid(name.p, name.n) == name.n &&
	       !memchr(name.p, 0, name.n);
}

static bool
give_state(struct service *s, struct str m, struct err *e)
{
	struct str value = {0};
	if (!is_state_name(m))
		return channel_lie(e, "the name of a state");
	for (const struct state_put *p = s->puts; p; p = p->older)
		if (str_is(m, p->name))
			return channel_reply(&s->ch, p->value, e);
	struct arena *a = &s->c->arena;
	struct arena_mark mark = arena_mark(a);
	bool good =
	    store_state_get(s->c->store, s->params.plugin ? s->params.plugin : "", s->c->job.org_id,
		arena_text(a, s->c->job.dataset_id), arena_text(a, m), &value, a, e) &&
	    channel_reply(&s->ch, value, e);
	arena_reset(a, mark);
	return good;
}

/* A value that is put again and again takes no more memory than its longest, twice. */
static void
keep_value(struct state_put *p, struct str value, struct arena *a)
{
	if (value.n > p->capacity) {
		for (p->capacity = STATE_BYTES_LEAST; p->capacity < value.n;)
			p->capacity *= 2;
		p->room = arena_alloc(a, p->capacity);
	}
	if (value.n)
		memcpy(p->room, value.p, value.n);
	p->value = (struct str){p->room, value.n};
}

static bool
take_state(struct service *s, struct str m, struct err *e)
{
	struct state_head h;
	struct arena *a = &s->c->arena;
	size_t count = 0;
	if (m.n < sizeof h)
		return channel_lie(e, "a short state");
	memcpy(&h, m.p, sizeof h);
	struct str name = {m.p + sizeof h, h.name}, value = {m.p + sizeof h + h.name, h.value};
	if ((uint64_t)h.name + h.value != m.n - sizeof h || !is_state_name(name) ||
	    h.value > LIMIT_STATE_BYTES)
		return channel_lie(e, "a state");
	for (struct state_put *p = s->puts; p; p = p->older, count++)
		if (str_is(name, p->name)) {
			keep_value(p, value, a);
			s->puts_changed = true;
			return true;
		}
	if (count >= STATE_PUTS_MAX)
		return FAIL(
		    e, TOO_BIG, "the plugin keeps over %d values in one job", STATE_PUTS_MAX);
	struct state_put *p = arena_alloc(a, sizeof *p);
	*p = (struct state_put){.older = s->puts, .name = arena_text(a, name)};
	keep_value(p, value, a);
	s->puts = p;
	s->puts_changed = true;
	return true;
}

/* As the messages that put them, one behind the other. */
struct str
service_states(const struct service *s, struct arena *a)
{
	struct buf b;
	buf_init(&b, a);
	for (const struct state_put *p = s->puts_changed ? s->puts : NULL; p; p = p->older) {
		struct state_head h = {(uint32_t)strlen(p->name), (uint32_t)p->value.n};
		buf_put(&b, &h, sizeof h);
		buf_put_text(&b, p->name);
		buf_put_str(&b, p->value);
	}
	return buf_str(&b);
}

void
service_states_kept(struct service *s)
{
	s->puts_changed = false;
}

bool
service_resume(struct service *s, struct str answer, struct str states, struct err *e)
{
	s->answer = answer;
	for (size_t at = 0; at < states.n;) {
		struct state_head h;
		if (states.n - at < sizeof h)
			return FAIL(e, SYSTEM, "what the job kept is damaged");
		memcpy(&h, states.p + at, sizeof h);
		size_t n = sizeof h + (size_t)h.name + h.value;
		if (n > states.n - at)
			return FAIL(e, SYSTEM, "what the job kept is damaged");
		if (!take_state(s, (struct str){states.p + at, n}, e))
			return false;
		at += n;
	}
	s->puts_changed = false;
	return true;
}

static bool
take_answer(struct service *s, struct str m, struct err *e)
{
	const char *reason;
	if (m.n > LIMIT_ANSWER_BYTES)
		return FAIL(
		    e, TOO_BIG, "the plugin's answer is over %d bytes", (int)LIMIT_ANSWER_BYTES);
	/* One JSON value and nothing else: checked as a row of one cell is. */
	struct str row = arena_format(&s->c->arena, "[%.*s]", STR_ARG(m));
	if (s->answer.n > 0 || memchr(m.p ? m.p : "", 0, m.n) ||
	    !cells_check(row.p, row.n, 1, &reason))
		return channel_lie(e, "an answer that is not one JSON value");
	s->answer = arena_copy(&s->c->arena, m);
	return true;
}

static bool
take_progress(struct service *s, struct str m, struct err *e)
{
	struct progress_head h;
	if (m.n != sizeof h)
		return channel_lie(e, "its progress");
	memcpy(&h, m.p, sizeof h);
	if (h.done > INT64_MAX || h.total > INT64_MAX)
		return channel_lie(e, "its progress");
	s->ch.moved += h.done != s->ch.count.done || h.total != s->ch.count.total;
	s->ch.count.done = h.done;
	s->ch.count.total = h.total;
	return true;
}

bool
service_take(struct service *s, uint32_t type, struct str m, bool *taken, struct err *e)
{
	*taken = true;
	switch (type) {
	case MESSAGE_PROGRESS:
		return take_progress(s, m, e);
	case MESSAGE_INPUT:
		return give_input(s, m, e);
	case MESSAGE_GET_STATE:
		return give_state(s, m, e);
	case MESSAGE_PUT_STATE:
		return take_state(s, m, e);
	case MESSAGE_ANSWER:
		return take_answer(s, m, e);
	case MESSAGE_QUIET:
		return channel_quiet(&s->ch, m, e);
	case MESSAGE_FAIL:
		return channel_failure(&s->ch, m, e);
	default:
		*taken = false;
		return true;
	}
}

bool
service_keep(struct service *s, struct err *e)
{
	const char *dataset_id = arena_text(&s->c->arena, s->c->job.dataset_id);
	for (const struct state_put *p = s->puts; p; p = p->older)
		if (!store_state_put(s->c->store, s->params.plugin ? s->params.plugin : "",
			s->c->job.org_id, dataset_id, p->name, p->value, e))
			return false;
	return true;
}

/* ---- what it says of rows ---- */

/* Each for itself: a letter cut in two by where one ends would make two texts that are none. */
static bool
is_text(struct str s)
{
	return utf8_valid(s.p, s.n) == s.n;
}

bool
said_finding(struct said_finding *out, struct str m, uint64_t columns, struct err *e)
{
	struct finding_head h;
	if (m.n < sizeof h)
		return channel_lie(e, "a short finding");
	memcpy(&h, m.p, sizeof h);
	m.p += sizeof h;
	m.n -= sizeof h;
	if ((uint64_t)h.code + h.message != m.n || h.code == 0 ||
	    h.code > LIMIT_FINDING_CODE_BYTES || h.message > LIMIT_FINDING_BYTES ||
	    h.line > INT64_MAX || h.row_id > INT64_MAX ||
	    (h.column != SIZE_MAX && h.column >= columns))
		return channel_lie(e, "a finding");
	*out = (struct said_finding){
	    h.line, h.column, h.row_id, {m.p, h.code}, {m.p + h.code, h.message}};
	return (is_text(out->code) && is_text(out->message)) || channel_lie(e, "a finding");
}

bool
said_finding_between(struct str *out, size_t *at, struct str m)
{
	struct row_head r;
	if (m.n - *at < sizeof r)
		return false;
	memcpy(&r, m.p + *at, sizeof r);
	if (r.absent != ROW_IS_FINDING || r.cells > m.n - *at - sizeof r)
		return false;
	*out = (struct str){m.p + *at + sizeof r, r.cells};
	*at += sizeof r + r.cells;
	return true;
}

bool
said_column(struct new_column *out, struct str m, struct err *e)
{
	struct column_head h;
	if (m.n < sizeof h)
		return channel_lie(e, "a short column");
	memcpy(&h, m.p, sizeof h);
	m.p += sizeof h;
	m.n -= sizeof h;
	if ((uint64_t)h.name + h.vendor_type + h.description + h.default_value != m.n ||
	    h.name > LIMIT_COLUMN_NAME_BYTES || h.vendor_type > LIMIT_COLUMN_NAME_BYTES ||
	    h.description > LIMIT_DESCRIPTION_BYTES || h.default_value > LIMIT_DESCRIPTION_BYTES ||
	    h.type > COLUMN__MAX || h.required > 1)
		return channel_lie(e, "a column");
	const char *p = m.p;
	*out = (struct new_column){.name = {p, h.name},
	    .type = h.type < COLUMN__MAX ? column_type_names[h.type] : NULL,
	    .required = h.required};
	out->vendor_type = (struct str){p += h.name, h.vendor_type};
	out->description = (struct str){p += h.vendor_type, h.description};
	out->default_value = (struct str){p + h.description, h.default_value};
	return (is_text(out->name) && is_text(out->vendor_type) && is_text(out->description) &&
		   is_text(out->default_value)) ||
	       channel_lie(e, "a column");
}

bool
said_row(struct said_row *out, size_t *at, struct str m, uint64_t columns, struct err *e)
{
	struct row_head r;
	const char *reason;
	if (m.n - *at < sizeof r)
		return channel_lie(e, "a row that is cut off");
	memcpy(&r, m.p + *at, sizeof r);
	*at += sizeof r;
	if (r.cells > m.n - *at || r.absent > m.n - *at - r.cells || r.line > INT64_MAX)
		return channel_lie(e, "a row longer than its message");
	*out = (struct said_row){r.line, {m.p + *at, r.cells}, {m.p + *at + r.cells, r.absent}};
	*at += (size_t)r.cells + r.absent;
	if (!cells_check(out->cells.p, out->cells.n, columns, &reason))
		return channel_lie(e, reason);
	return out->absent.n == 0 || cells_check_ids(out->absent.p, out->absent.n, columns) ||
	       channel_lie(e, "a list of absent columns");
}
