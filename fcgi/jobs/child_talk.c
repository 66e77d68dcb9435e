/*
 * child_talk.c: what a job's child says to the writer and hears from it; see child_host.h.  Rows
 * and edits gather in a batch; whatever else is said sends that first, so that all arrives in its
 * order.
 */
#include "jobs/child_host.h"

#define REPLY_MS 600000 /* the writer's death is ours, so this is only a bound */

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

void
child_tell(struct child_host *c, enum message type, struct str a, struct str b)
{
	child_flush(c);
	ring_send(c->out, type, a, b);
}

bool
child_answer(struct child_host *c, struct str *body, struct err *e)
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

bool
child_stopped(struct child_host *c, struct err *e)
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

void
child_put_parts(struct child_host *c, enum message type, const struct str *parts, size_t count)
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
