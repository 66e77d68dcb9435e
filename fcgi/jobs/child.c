/*
 * child.c: the process that reads an untrusted file: descriptor 3 is the file, 4 the ring.  It
 * opens nothing, stores nothing, and whatever happens to it fails one job.
 */
#define _GNU_SOURCE
#include "jobs/jobs.h"
#include "jobs/message.h"
#include "jobs/ring.h"
#include "base/log.h"
#include "formats/table.h"

#include <sys/resource.h>

#define INPUT_FD 3
#define RING_FD 4
#define BATCH_BYTES KIB(192)
#define CHILD_MEMORY GIB(1)

struct sender {
	struct ring *ring;
	struct input input;
	char batch[BATCH_BYTES];
	size_t n;
};

static void
flush(struct sender *s)
{
	if (s->n == 0)
		return;
	struct rows_head head = {s->input.done};
	ring_send(s->ring, MESSAGE_ROWS, (struct str){(const char *)&head, sizeof head},
	    (struct str){s->batch, s->n});
	s->n = 0;
}

static bool
send_column(void *context, struct str name, struct err *e)
{
	struct sender *s = context;
	(void)e;
	flush(s);
	ring_send(s->ring, MESSAGE_COLUMN, name, (struct str){0});
	return true;
}

/* A row too large for a batch goes as a message of its own. */
static void
send_large(struct sender *s, const struct row_head *row, struct str cells, struct str absent)
{
	struct rows_head head = {s->input.done};
	size_t n = sizeof head + sizeof *row + cells.n + absent.n;
	char *p = malloc(n);
	if (!p)
		exit(EXIT_MEMORY);
	memcpy(p, &head, sizeof head);
	memcpy(p + sizeof head, row, sizeof *row);
	memcpy(p + sizeof head + sizeof *row, cells.p, cells.n);
	if (absent.n)
		memcpy(p + sizeof head + sizeof *row + cells.n, absent.p, absent.n);
	ring_send(s->ring, MESSAGE_ROWS, (struct str){p, n}, (struct str){0});
	free(p);
}

static bool
send_row(void *context, uint64_t line, struct str cells, struct str absent, struct err *e)
{
	struct sender *s = context;
	struct row_head head = {line, (uint32_t)cells.n, (uint32_t)absent.n};
	if (cells.n > RING_MESSAGE_BYTES / 2) {
		e->at_line = line;
		return FAIL(
		    e, TOO_BIG, "line %" PRIu64 " is too large to be stored as one row", line);
	}
	size_t n = sizeof head + cells.n + absent.n;
	if (n > sizeof s->batch - s->n)
		flush(s);
	if (n > sizeof s->batch) {
		send_large(s, &head, cells, absent);
		return true;
	}
	char *p = s->batch + s->n;
	memcpy(p, &head, sizeof head);
	memcpy(p + sizeof head, cells.p, cells.n);
	if (absent.n)
		memcpy(p + sizeof head + cells.n, absent.p, absent.n);
	s->n += n;
	return true;
}

static bool
send_finding(void *context, const struct finding *f, struct err *e)
{
	struct sender *s = context;
	struct str code = str_of(f->code), text = str_clip(f->message, KIB(4));
	char message[sizeof(struct finding_head) + 64 + KIB(4)];
	(void)e;
	code = str_clip(code, 40);
	struct finding_head head = {f->line, f->column, (uint32_t)code.n, (uint32_t)text.n};
	memcpy(message, &head, sizeof head);
	memcpy(message + sizeof head, code.p, code.n);
	if (text.n)
		memcpy(message + sizeof head + code.n, text.p, text.n);
	flush(s);
	ring_send(s->ring, MESSAGE_FINDING, (struct str){message, sizeof head + code.n + text.n},
	    (struct str){0});
	return true;
}

static void
limit_self(void)
{
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
#ifndef ARENA_DEBUG /* the sanitizers map terabytes of address space */
	struct rlimit memory = {CHILD_MEMORY, CHILD_MEMORY};
	setrlimit(RLIMIT_AS, &memory);
#endif
}

/* rowhouse child OFFSET LENGTH */
int
command_child(int argc, char **argv)
{
	static struct sender s;
	static struct guess guesses[LIMIT_COLUMNS];
	struct err e = {0};
	uint64_t offset, length;
	log_role("child");
	limit_self();
	if (argc != 3 || !str_to_u64(&offset, str_of(argv[1])) ||
	    !str_to_u64(&length, str_of(argv[2])) || !ring_attach(&s.ring, RING_FD, &e))
		return 2;
	struct arena a;
	arena_init(&a, MIB(256));
	input_init(&s.input, INPUT_FD, offset, length);
	struct table_options options = {0};
	struct table_sink sink = {&s, send_column, send_row, send_finding};
	struct table_counts counts = {0};
	if (table_read(&s.input, &options, &sink, guesses, &counts, &a, &e)) {
		flush(&s);
		ring_send(s.ring, MESSAGE_GUESSES,
		    (struct str){(const char *)guesses, sizeof guesses}, (struct str){0});
		ring_send(s.ring, MESSAGE_END, (struct str){(const char *)&counts, sizeof counts},
		    (struct str){0});
	} else {
		e.file = NULL; /* an address means nothing to the other side */
		ring_send(s.ring, MESSAGE_FAIL, (struct str){(const char *)&e, sizeof e},
		    (struct str){0});
	}
	arena_release(&a);
	return 0;
}
