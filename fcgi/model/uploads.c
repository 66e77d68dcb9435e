/* uploads.c: see uploads.h. */
#include "model/uploads.h"
#include "base/jsonout.h"
#include "base/limits.h"

static bool
check_length(uint64_t length, struct err *e)
{
	return length == UPLOAD_LENGTH_UNKNOWN || length <= LIMIT_UPLOAD_BYTES ||
	       FAIL_FIELD(e, TOO_BIG, "upload_length",
		   "an upload may have at most %" PRIu64 " bytes", LIMIT_UPLOAD_BYTES);
}

/* With the transaction open, so that two cannot both take the last of what there is. */
static bool
insert(struct model *m, const struct caller *c, struct upload *u, struct err *e)
{
	int64_t count;
	if (!store_upload_count(m->store, &count, c->org_id, e))
		return false;
	if (count >= LIMIT_UPLOADS_OPEN)
		return FAIL(e, CONFLICT,
		    "there are %d uploads already that are not finished or used; end some of them",
		    LIMIT_UPLOADS_OPEN);
	return model_bytes_check(m, c, u->reserved, e) && store_upload_insert(m->store, u, e);
}

bool
model_upload_new(struct model *m, const struct caller *c, struct upload *u, struct err *e)
{
	u->org_id = c->org_id;
	u->reserved = u->length == UPLOAD_LENGTH_UNKNOWN ? 0 : u->length;
	return model_upload_check(c, e) && check_length(u->length, e) && store_begin(m->store, e) &&
	       model_end(m, insert(m, c, u, e), e);
}

bool
model_upload_get(struct model *m, const struct caller *c, struct str id, struct upload *out,
    struct arena *a, struct err *e)
{
	char upload_id[UUID_BYTES];
	return model_upload_check(c, e) && model_id(upload_id, id, "upload_id", "upload", e) &&
	       store_upload_get(m->store, out, c->org_id, upload_id, a, e);
}

/* What the upload comes to with this piece; with the transaction open. */
static bool
reserve(struct model *m, const struct caller *c, struct upload *u, uint64_t bytes, uint64_t length,
    struct err *e)
{
	uint64_t end, was = u->reserved;
	if (__builtin_add_overflow(u->offset, bytes, &end))
		return check_length(LIMIT_UPLOAD_BYTES + 1, e);
	if (u->length != UPLOAD_LENGTH_UNKNOWN && length != UPLOAD_LENGTH_UNKNOWN &&
	    length != u->length)
		return FAIL_FIELD(e, INPUT, "upload_length",
		    "the length of the upload is %" PRIu64 " bytes and cannot be changed",
		    u->length);
	if (u->length == UPLOAD_LENGTH_UNKNOWN)
		u->length = length;
	if (!check_length(u->length == UPLOAD_LENGTH_UNKNOWN ? end : u->length, e))
		return false;
	if (end > u->length)
		return FAIL(e, TOO_BIG,
		    "the upload would be %" PRIu64 " bytes long, and its length is %" PRIu64, end,
		    u->length);
	u->reserved = u->length == UPLOAD_LENGTH_UNKNOWN ? end : u->length;
	return u->reserved == was ||
	       ((u->reserved < was || model_bytes_check(m, c, u->reserved - was, e)) &&
		   store_upload_declare(m->store, u, e));
}

bool
model_upload_reserve(struct model *m, const struct caller *c, struct str id, struct upload *out,
    uint64_t offset, uint64_t bytes, uint64_t length, struct arena *a, struct err *e)
{
	if (!model_upload_get(m, c, id, out, a, e))
		return false;
	bool is_known = out->length != UPLOAD_LENGTH_UNKNOWN;
	/* Looked at once more under the lock where something is to change. */
	if (!is_known && !store_begin(m->store, e))
		return false;
	bool good =
	    (is_known || store_upload_get(m->store, out, c->org_id, out->upload_id, a, e)) &&
	    (out->offset == offset ||
		FAIL_FIELD(e, CONFLICT, "upload_offset",
		    "the upload is at %" PRIu64 " bytes, not at %" PRIu64 "; go on from there",
		    out->offset, offset)) &&
	    reserve(m, c, out, bytes, length, e);
	return is_known ? good : model_end(m, good, e);
}

bool
model_upload_append(struct model *m, const struct caller *c, struct upload *u,
    const struct upload_piece *piece, struct arena *a, struct err *e)
{
	return model_upload_check(c, e) &&
	       store_upload_append(m->store, u, piece, NULL, NULL, a, e);
}

static const char *const checksums[] = {
    [CHECKSUM_NONE] = "", [CHECKSUM_SHA1] = "sha1", [CHECKSUM_SHA256] = "sha256"};

bool
model_upload_append_later(struct model *m, const struct caller *c, const struct upload *u,
    const struct upload_piece *piece, struct str incoming, struct job *job, struct arena *a,
    struct err *e)
{
	struct buf b;
	struct jsonout j;
	char digest[SHA256_HEX_BYTES];
	hex_encode(digest, piece->digest, sizeof piece->digest);
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_text(&j, "upload_id", u->upload_id);
	jsonout_member_int(&j, "offset", (int64_t)u->offset);
	jsonout_member_str(&j, "incoming", incoming);
	jsonout_member_text(&j, "checksum", checksums[piece->checksum]);
	jsonout_member_text(&j, "digest", digest);
	jsonout_end(&j);
	*job = (struct job){
	    .org_id = c->org_id,
	    .kind = STR("append"),
	    .params = buf_str(&b),
	    .total = piece->bytes,
	    .who = c->who,
	};
	return model_upload_check(c, e) && model_job_queue(m, job, e);
}

bool
model_upload_remove(
    struct model *m, const struct caller *c, struct str id, struct arena *a, struct err *e)
{
	struct upload u;
	bool found;
	if (!model_upload_get(m, c, id, &u, a, e) || !store_begin(m->store, e) ||
	    !model_end(m, store_upload_delete(m->store, c->org_id, u.upload_id, &found, e), e))
		return false;
	store_upload_remove_file(m->store, u.upload_id);
	return true;
}

/* ---- as a data source ---- */

/* Its file is a blob afterwards, which nothing names yet. */
static bool
take_file(struct model *m, const struct caller *c, const struct upload_use *use, struct upload *u,
    struct source_file *file, struct arena *a, struct err *e)
{
	char sha256[SHA256_HEX_BYTES];
	if (!model_upload_get(m, c, use->id, u, a, e))
		return false;
	if (!upload_is_complete(u))
		return FAIL_FIELD(e, CONFLICT, "uploads",
		    "the upload %s is not complete: %" PRIu64 " bytes of it are here", u->upload_id,
		    u->offset);
	if (!store_upload_publish(m->store, u, sha256, e))
		return false;
	*file = (struct source_file){
	    .field = use->field.n ? use->field : STR("file"),
	    .name = u->name,
	    .content_type = u->content_type,
	    .bytes = u->length,
	    .sha256 = arena_copy(a, str_of(sha256)),
	};
	return true;
}

/* With the transaction open: of two requests that use an upload one does.  What was reserved for
 * the uploads is what the source takes. */
static bool
use_uploads(struct model *m, const struct caller *c, const struct source *source,
    const struct upload *uploads, struct err *e)
{
	bool found;
	if (!store_source_insert(m->store, source, e))
		return false;
	for (size_t i = 0; i < source->file_count; i++) {
		if (!store_source_file_stored(
			m->store, source->source_id, i, source->files[i].sha256.p, e) ||
		    !store_upload_delete(m->store, c->org_id, uploads[i].upload_id, &found, e))
			return false;
		if (!found)
			return FAIL_FIELD(
			    e, NOT_FOUND, "upload_id", "there is no upload with this id");
	}
	return store_source_stored(m->store, source->source_id, e) &&
	       model_audit(m, c, "source.new", str_of(source->source_id), (struct str){0}, e);
}

bool
model_source_of_uploads(struct model *m, const struct caller *c, const struct upload_use *uses,
    size_t count, struct str name, struct source *out, struct arena *a, struct err *e)
{
	struct upload *uploads = arena_array(a, count, sizeof *uploads);
	*out = (struct source){
	    .org_id = c->org_id,
	    .files = arena_array(a, count, sizeof *out->files),
	};
	uuid_make(out->source_id);
	for (; out->file_count < count; out->file_count++) {
		size_t i = out->file_count;
		if (!take_file(m, c, &uses[i], &uploads[i], &out->files[i], a, e))
			return false;
		out->bytes += out->files[i].bytes;
	}
	out->name = name.n ? name : out->files[0].name;
	if (!store_begin(m->store, e) || !model_end(m, use_uploads(m, c, out, uploads, e), e))
		return false;
	for (size_t i = 0; i < count; i++)
		store_upload_remove_file(m->store, uploads[i].upload_id);
	return store_source_get(m->store, out, c->org_id, out->source_id, a, e);
}
