/*
 * preview.c: what a dataset made of a source would look like (jobs of kind preview).
 *
 * Its child reads the beginning of the file (child_table.h) and what it says is the job's result.
 * Nothing else is written, so it can be cut off anywhere.
 *
 * params: as those of an ingest, hook "preview"
 */
#include "jobs/service.h"
#include "base/log.h"

struct preview_job {
	struct job_context c;
	struct service service;
};

static bool
take_message(void *context, uint32_t type, struct str m, bool *end, struct err *e)
{
	struct preview_job *p = context;
	bool taken;
	if (!service_take(&p->service, type, m, &taken, e))
		return false;
	*end = type == MESSAGE_END;
	return taken || *end || channel_lie(e, "an unknown message");
}

static bool
finish(struct preview_job *p, struct err *e)
{
	struct store *s = p->c.store;
	if (!store_begin(s, e))
		return false;
	if (store_job_done(s, p->c.job.job_id, &p->service.ch.count, p->service.answer, e))
		return store_commit(s, e);
	store_rollback(s);
	return false;
}

static bool
run(struct preview_job *p, struct err *e)
{
	const struct service_dataset none = {0};
	return service_open(&p->service, &p->c, p->c.job.source_id, e) &&
	       service_start(&p->service, &none, e) &&
	       channel_run(&p->service.ch, take_message, p, e) && finish(p, e);
}

int
command_preview(int argc, char **argv)
{
	static struct preview_job p;
	struct err e = {0};
	if (!job_begin(&p.c, "preview", argc, argv, &e)) {
		log_err("a preview cannot begin", &e);
		return 2;
	}
	bool good = run(&p, &e);
	channel_close(&p.service.ch);
	if (good)
		job_ring(&p.c);
	else
		job_fail(&p.c, &e);
	job_end(&p.c);
	return good ? 0 : 1;
}
