/* catalog_uploads.c: the rows of resumable uploads; see uploads.h. */
#include "store/catalog.h"
#include "store/uploads.h"
#include "base/clock.h"
#include "base/limits.h"

#define LIFE_US (INT64_C(3600000000) * LIMIT_UPLOAD_HOURS)

#define V_LENGTH(u) ((u)->length == UPLOAD_LENGTH_UNKNOWN ? V_NULL : V_INT((u)->length))

bool
upload_is_complete(const struct upload *u)
{
	return u->offset == u->length;
}

bool
store_upload_insert(struct store *s, struct upload *u, struct err *e)
{
	struct sha256 *hash = sha256_new();
	if (!hash)
		return FAIL(e, UNAVAILABLE, "out of memory");
	sha256_save(hash, u->hash);
	sha256_free(hash);
	uuid_make(u->upload_id);
	u->offset = 0;
	u->created_at = clock_now_us();
	u->expires_at = u->created_at + LIFE_US;
	return sql_run(&s->catalog, NULL,
	    "INSERT INTO uploads(upload_id, org_id, name, content_type, metadata, length, reserved,"
	    " hash, created_at, expires_at) VALUES(?,?,?,?,?,?,?,?,?,?)",
	    SQL_VALUES(V_TEXT(u->upload_id), V_INT(u->org_id), V_STR(u->name),
		V_STR(u->content_type), V_STR(u->metadata), V_LENGTH(u), V_INT(u->reserved),
		V_BLOB(u->hash, sizeof u->hash), V_INT(u->created_at), V_INT(u->expires_at)),
	    e);
}

static bool
take_upload(struct upload *out, const struct sql_query *q, struct arena *a)
{
	struct str hash = sql_str(q, 7);
	*out = (struct upload){
	    .org_id = sql_int(q, 1),
	    .name = catalog_str(q, 2, a),
	    .content_type = catalog_str(q, 3, a),
	    .metadata = catalog_str(q, 4, a),
	    .length = sql_is_null(q, 5) ? UPLOAD_LENGTH_UNKNOWN : (uint64_t)sql_int(q, 5),
	    .offset = (uint64_t)sql_int(q, 6),
	    .reserved = (uint64_t)sql_int(q, 8),
	    .created_at = sql_int(q, 9),
	    .expires_at = sql_int(q, 10),
	};
	catalog_id(out->upload_id, q, 0);
	if (hash.n == sizeof out->hash)
		memcpy(out->hash, hash.p, sizeof out->hash);
	return hash.n == sizeof out->hash;
}

bool
store_upload_get(struct store *s, struct upload *out, int64_t org_id, const char *upload_id,
    struct arena *a, struct err *e)
{
	struct sql_query q;
	if (!sql_start(&q, &s->catalog,
		"SELECT upload_id, org_id, name, content_type, metadata, length, offset, hash,"
		" reserved, created_at, expires_at FROM uploads"
		" WHERE upload_id=?1 AND (org_id=?2 OR ?2=0)",
		SQL_VALUES(V_TEXT(upload_id), V_INT(org_id)), e))
		return false;
	int more = sql_step(&q, e);
	if (more == 0)
		return FAIL_FIELD(e, NOT_FOUND, "upload_id", "there is no upload with this id");
	if (more < 0)
		return false;
	bool whole = take_upload(out, &q, a);
	sql_stop(&q);
	if (!whole)
		return FAIL(e, SYSTEM, "an upload in the catalog is damaged: begin it anew");
	if (out->expires_at <= clock_now_us())
		return FAIL_FIELD(e, GONE, "upload_id",
		    "the upload has expired: no byte of it came for %d hours; begin it anew",
		    LIMIT_UPLOAD_HOURS);
	return true;
}

bool
store_upload_count(struct store *s, int64_t *out, int64_t org_id, struct err *e)
{
	return sql_one_int(&s->catalog, out, 0, "SELECT count(*) FROM uploads WHERE org_id=?",
	    SQL_VALUES(V_INT(org_id)), e);
}

bool
store_upload_declare(struct store *s, const struct upload *u, struct err *e)
{
	return sql_run(&s->catalog, NULL,
	    "UPDATE uploads SET length=?, reserved=? WHERE upload_id=?",
	    SQL_VALUES(V_LENGTH(u), V_INT(u->reserved), V_TEXT(u->upload_id)), e);
}

bool
catalog_upload_advance(struct store *s, struct upload *u, uint64_t from, struct err *e)
{
	int changes;
	u->expires_at = clock_now_us() + LIFE_US;
	if (!sql_run(&s->catalog, &changes,
		"UPDATE uploads SET offset=?, hash=?, expires_at=? WHERE upload_id=? AND offset=?",
		SQL_VALUES(V_INT(u->offset), V_BLOB(u->hash, sizeof u->hash), V_INT(u->expires_at),
		    V_TEXT(u->upload_id), V_INT(from)),
		e))
		return false;
	/* The file's lock keeps others from moving it: it can only be gone. */
	return changes == 1 ||
	       FAIL_FIELD(e, NOT_FOUND, "upload_id", "there is no upload with this id");
}

bool
store_upload_delete(
    struct store *s, int64_t org_id, const char *upload_id, bool *found, struct err *e)
{
	int changes;
	if (!sql_run(&s->catalog, &changes, "DELETE FROM uploads WHERE upload_id=? AND org_id=?",
		SQL_VALUES(V_TEXT(upload_id), V_INT(org_id)), e))
		return false;
	*found = changes > 0;
	return true;
}
