/* sources.c: data sources and the uploads they come from; see model.h. */
#include "model/model.h"
#include "base/jsonout.h"
#include "base/limits.h"

/* A key for some datasets has no business with files. */
static bool
in_scope(const struct caller *c, struct err *e)
{
	return c->scope.n == 0 ||
	       FAIL_FIELD(e, NOT_FOUND, "source_id", "there is no data source with this id");
}

bool
model_source_get(struct model *m, const struct caller *c, struct str id, struct source *out,
    struct arena *a, struct err *e)
{
	char source_id[UUID_BYTES];
	return caller_may(c, RIGHT_READ, e) &&
	       model_id(source_id, id, "source_id", "data source", e) && in_scope(c, e) &&
	       store_source_get(m->store, out, c->org_id, source_id, a, e);
}

bool
model_source_list(struct model *m, const struct caller *c, struct source **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	*count = 0;
	*total = 0;
	if (c->scope.n > 0)
		return caller_may(c, RIGHT_READ, e);
	return caller_may(c, RIGHT_READ, e) &&
	       store_source_list(m->store, out, count, total, c->org_id, offset, limit, a, e);
}

/* A dataset that is still being read from it would fail, and so would a task. */
static bool
refuse_busy(struct model *m, const char *source_id, struct err *e)
{
	bool busy;
	if (!store_source_busy(m->store, source_id, &busy, e))
		return false;
	return !busy ||
	       FAIL(e, CONFLICT, "a job works with this data source; wait for it or cancel it");
}

bool
model_source_delete(
    struct model *m, const struct caller *c, struct str id, struct arena *a, struct err *e)
{
	char source_id[UUID_BYTES];
	struct source source;
	bool found;
	if (!caller_may(c, RIGHT_EDIT, e) ||
	    !model_id(source_id, id, "source_id", "data source", e) || !in_scope(c, e) ||
	    !store_source_get(m->store, &source, c->org_id, source_id, a, e) ||
	    !store_begin(m->store, e))
		return false;
	return model_end(m,
	    refuse_busy(m, source_id, e) &&
		store_source_delete(m->store, c->org_id, source_id, &found, e) &&
		(!found ||
		    model_audit(m, c, "source.delete", str_of(source_id), (struct str){0}, e)),
	    e);
}

bool
model_bytes_check(struct model *m, const struct caller *c, uint64_t bytes, struct err *e)
{
	struct usage usage;
	struct quotas quotas;
	if (bytes > LIMIT_UPLOAD_BYTES)
		return FAIL_FIELD(e, TOO_BIG, "file",
		    "an upload may have at most %" PRIu64 " bytes", LIMIT_UPLOAD_BYTES);
	if (!store_quotas(m->store, &quotas, c->org_id, m->conf, e))
		return false;
	if (quotas.bytes == 0)
		return true;
	if (!store_usage(m->store, &usage, c->org_id, e))
		return false;
	if (usage.bytes + bytes > quotas.bytes)
		return FAIL(e, QUOTA,
		    "the upload of %" PRIu64 " bytes does not fit the quota: %" PRIu64
		    " of %" PRIu64 " are used; delete data sources that are not needed",
		    bytes, usage.bytes, quotas.bytes);
	return true;
}

bool
model_upload_check(const struct caller *c, struct err *e)
{
	return caller_may_all(c, RIGHT_EDIT, e);
}

bool
model_source_new(struct model *m, const struct caller *c, struct source *source, struct err *e)
{
	if (!model_upload_check(c, e) || !store_begin(m->store, e))
		return false;
	source->org_id = c->org_id;
	uuid_make(source->source_id);
	/* In the transaction, so that two cannot both take the rest of the quota. */
	return model_end(m,
	    model_bytes_check(m, c, source->bytes, e) && store_source_insert(m->store, source, e) &&
		store_source_stored(m->store, source->source_id, e) &&
		model_audit(m, c, "source.new", str_of(source->source_id), (struct str){0}, e),
	    e);
}

bool
model_upload_begin(struct model *m, const struct caller *c, struct str incoming,
    struct str boundary, uint64_t bytes, struct job *job, struct arena *a, struct err *e)
{
	struct buf b;
	struct jsonout j;
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_str(&j, "incoming", incoming);
	jsonout_member_str(&j, "boundary", boundary);
	caller_write(&j, c);
	jsonout_end(&j);
	*job = (struct job){
	    .org_id = c->org_id,
	    .kind = STR("upload"),
	    .params = buf_str(&b),
	    .total = bytes,
	    .who = c->who,
	};
	/* Checked and reserved in one transaction, so that two uploads cannot both take the rest.
	 */
	if (!model_upload_check(c, e) || !store_begin(m->store, e))
		return false;
	bool good = model_bytes_check(m, c, bytes, e) && store_job_insert(m->store, job, e);
	if (!model_end(m, good, e))
		return false;
	model_wake(m);
	return true;
}
