/*
 * append.c: a large piece of a resumable upload, appended and made durable (jobs of kind append). A
 * small one the worker appends itself; this is for clients that send a file in one request.
 *
 * params: {"upload_id": UUID, "offset": BYTES, "incoming": NAME, "checksum": ALGORITHM or "",
 * "digest": HEX}
 */
#include "jobs/jobs.h"
#include "base/file.h"
#include "base/log.h"
#include "base/tree.h"
#include "store/uploads.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct append {
	struct job_context c;
	struct upload upload; /* as it was when the piece came */
	struct str incoming;
	struct upload_piece piece;
};

static bool
read_digest(uint8_t out[SHA256_BYTES], struct str hex)
{
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		unsigned byte;
		if (hex.n != 2 * SHA256_BYTES || sscanf(hex.p + 2 * i, "%2x", &byte) != 1)
			return false;
		out[i] = (uint8_t)byte;
	}
	return true;
}

static bool
read_params(struct append *p, struct err *e)
{
	json_t *params;
	struct stat st;
	if (!tree_parse_own(&params, p->c.job.params, &p->c.arena, e))
		return false;
	p->incoming = tree_str(params, "incoming");
	struct str id = tree_str(params, "upload_id"), checksum = tree_str(params, "checksum");
	if (!uuid_parse(p->upload.upload_id, id) ||
	    !read_digest(p->piece.digest, tree_str(params, "digest")))
		return FAIL(e, SYSTEM, "what this job was told is damaged");
	p->upload.org_id = p->c.job.org_id;
	p->upload.offset = (uint64_t)json_integer_value(json_object_get(params, "offset"));
	p->piece.checksum = str_is(checksum, "sha1")     ? CHECKSUM_SHA1
			    : str_is(checksum, "sha256") ? CHECKSUM_SHA256
							 : CHECKSUM_NONE;
	struct str path =
	    arena_format(&p->c.arena, "%s/incoming/%.*s", p->c.data, STR_ARG(p->incoming));
	p->piece.fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (p->piece.fd < 0 || fstat(p->piece.fd, &st) != 0)
		return FAIL(e, INPUT, "the piece was lost before it was stored; send it again");
	arena_defer_close(&p->c.arena, p->piece.fd);
	p->piece.bytes = (uint64_t)st.st_size;
	return true;
}

static bool
note_bytes(void *context, uint64_t bytes, struct err *e)
{
	struct append *p = context;
	struct job_count count = {.done = bytes, .total = p->piece.bytes};
	return job_progress(&p->c, &count, e);
}

/* An attempt that died after its last write has done it all. */
static bool
is_appended(struct append *p, bool *done, struct err *e)
{
	struct upload now;
	if (!store_upload_get(
		p->c.store, &now, p->upload.org_id, p->upload.upload_id, &p->c.arena, e))
		return false;
	*done = p->c.job.attempt > 1 && now.offset == p->upload.offset + p->piece.bytes;
	return true;
}

static bool
append(struct append *p, struct err *e)
{
	struct job_count count = {.done = p->piece.bytes, .total = p->piece.bytes};
	bool done;
	if (!is_appended(p, &done, e) ||
	    (!done && !store_upload_append(
			  p->c.store, &p->upload, &p->piece, note_bytes, p, &p->c.arena, e)) ||
	    !store_begin(p->c.store, e))
		return false;
	if (store_job_done(p->c.store, p->c.job.job_id, &count, (struct str){0}, e) &&
	    store_commit(p->c.store, e))
		return true;
	store_rollback(p->c.store);
	return false;
}

int
command_append(int argc, char **argv)
{
	static struct append p;
	struct err e = {0};
	if (!job_begin(&p.c, "append", argc, argv, &e)) {
		log_err("a piece of an upload cannot be appended", &e);
		return 2;
	}
	bool good = read_params(&p, &e) && append(&p, &e);
	bool ended = good || job_fail(&p.c, &e);
	/* Kept while it may be tried again. */
	if (ended && p.incoming.n)
		unlink(
		    arena_format(&p.c.arena, "%s/incoming/%.*s", p.c.data, STR_ARG(p.incoming)).p);
	if (good)
		job_ring(&p.c);
	job_end(&p.c);
	return good ? 0 : 1;
}
