/*
 * split.c: an upload taken apart and stored (jobs of kind upload).
 *
 * First the body is searched for its parts; the text fields are noted in the job at once, so that
 * the request that waits can be checked while the files are still being stored.  Then each file
 * becomes a blob.  The last transaction ends the job, makes the source visible and with it the
 * dataset that was made from it meanwhile: the upload is there whole, or not at all.
 *
 * params: {"incoming": NAME, "boundary": TEXT, "by": who sent it (caller_write)}, or "name" and
 * "content_type" in the place of "boundary" for a body that is one file.
 * result: {"fields": [{"name": TEXT, "value": TEXT}]}
 */
#define _GNU_SOURCE
#include "jobs/jobs.h"
#include "base/file.h"
#include "base/jsonout.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/tree.h"
#include "base/utf8.h"
#include "http/multipart.h"
#include "model/model.h"
#include "store/blobs.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct split {
	struct job_context c;
	struct str incoming, boundary, name, content_type;
	int fd;
	uint64_t length;
	struct source source;
	uint64_t stored; /* bytes of the files before the one being stored */
};

static bool
open_body(struct split *s, struct err *e)
{
	json_t *params;
	struct stat st;
	if (!tree_parse(&params, s->c.job.params, &s->c.arena, e))
		return false;
	s->incoming = tree_str(params, "incoming");
	s->boundary = tree_str(params, "boundary");
	s->name = tree_str(params, "name");
	s->content_type = tree_str(params, "content_type");
	struct str path =
	    arena_format(&s->c.arena, "%s/incoming/%.*s", s->c.data, STR_ARG(s->incoming));
	s->fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (s->fd < 0 || fstat(s->fd, &st) != 0)
		return FAIL(
		    e, INPUT, "the upload was interrupted before it was stored; send it again");
	arena_defer_close(&s->c.arena, s->fd);
	s->length = (uint64_t)st.st_size;
	return true;
}

struct mapped {
	void *p;
	size_t n;
};

static void
unmap(void *p)
{
	struct mapped *m = p;
	munmap(m->p, m->n);
}

/* Gives searched pages back, so that a body of any size takes the memory of a window. */
static void
give_back(const char *p, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)p;
	uintptr_t first = (at + page - 1) / page * page, end = (at + n) / page * page;
	if (end > first)
		madvise((void *)first, end - first, MADV_DONTNEED);
}

/* The text fields, as the job's result. */
static bool
write_fields(
    struct split *s, const struct multipart *m, const char *body, struct str *out, struct err *e)
{
	struct buf b;
	struct jsonout j;
	uint64_t total = 0;
	buf_init(&b, &s->c.arena);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_key(&j, "fields");
	jsonout_array(&j);
	for (size_t i = 0; i < m->count; i++) {
		const struct multipart_part *p = &m->parts[i];
		if (p->is_file)
			continue;
		total += p->length + p->name.n;
		if (total > LIMIT_FORM_FIELD_BYTES)
			return FAIL_FIELD(e, TOO_BIG, arena_text(&s->c.arena, p->name),
			    "the text fields of the form are over %d bytes together; send large "
			    "content as a file",
			    (int)LIMIT_FORM_FIELD_BYTES);
		const char *text = body + p->offset;
		if (memchr(text, 0, (size_t)p->length) ||
		    utf8_valid(text, (size_t)p->length) != p->length)
			return FAIL_FIELD(e, INPUT, arena_text(&s->c.arena, p->name),
			    "the field %.*s is not text in UTF-8", STR_ARG(str_clip(p->name, 60)));
		jsonout_object(&j);
		jsonout_member_str(&j, "name", p->name);
		jsonout_member_str(&j, "value", (struct str){body + p->offset, (size_t)p->length});
		jsonout_end(&j);
	}
	jsonout_end(&j);
	jsonout_end(&j);
	*out = buf_str(&b);
	return true;
}

/* What a browser sends for a file input nobody chose a file in. */
static bool
is_no_file(const struct multipart_part *p)
{
	return !p->is_file || (p->length == 0 && p->file_name.n == 0);
}

static void
add_file(struct split *s, const struct multipart_part *p)
{
	struct str name = str_clip(p->file_name, LIMIT_FILE_NAME_BYTES);
	if (name.n == 0)
		name = STR("upload");
	s->source.files[s->source.file_count++] = (struct source_file){
	    .field = p->name,
	    .name = name,
	    .content_type = str_clip(p->content_type, 200),
	    .bytes = p->length,
	    .offset = p->offset,
	};
	s->source.bytes += p->length;
	if (s->source.file_count == 1)
		s->source.name = name;
}

/* Finds the parts: the files into s->source, the fields into *result. */
static bool
take_apart(struct split *s, struct str *result, struct err *e)
{
	*result = STR("{\"fields\":[]}");
	if (s->boundary.n == 0) {
		struct multipart_part whole = {.name = STR("file"),
		    .file_name = s->name,
		    .content_type = s->content_type,
		    .length = s->length};
		s->source.files = arena_array(&s->c.arena, 1, sizeof *s->source.files);
		add_file(s, &whole);
		return true;
	}
	if (s->length == 0)
		return FAIL(e, INPUT, "the body of the request is empty");
	struct mapped *map = arena_alloc(&s->c.arena, sizeof *map);
	map->n = (size_t)s->length;
	map->p = mmap(NULL, map->n, PROT_READ, MAP_PRIVATE, s->fd, 0);
	if (map->p == MAP_FAILED)
		return FAIL_ERRNO(e, "the upload cannot be read");
	arena_defer(&s->c.arena, unmap, map);
	madvise(map->p, map->n, MADV_SEQUENTIAL);
	struct multipart m;
	if (!multipart_split_mapped(&m, map->p, map->n, s->boundary, give_back, &s->c.arena, e) ||
	    !write_fields(s, &m, map->p, result, e))
		return false;
	give_back(map->p, map->n);
	s->source.files = arena_array(&s->c.arena, m.count, sizeof *s->source.files);
	for (size_t i = 0; i < m.count; i++)
		if (!is_no_file(&m.parts[i]))
			add_file(s, &m.parts[i]);
	return true;
}

/* Notes what the body holds, for the request that waits.  A second attempt finds its source. */
static bool
announce(struct split *s, struct str result, struct err *e)
{
	struct store *store = s->c.store;
	bool again = s->c.job.source_id.n > 0;
	if (again)
		snprintf(s->source.source_id, UUID_BYTES, "%.*s", STR_ARG(s->c.job.source_id));
	else
		uuid_make(s->source.source_id);
	s->source.org_id = s->c.job.org_id;
	s->source.incoming = s->incoming;
	bool has_source = s->source.file_count > 0;
	if (!store_begin(store, e))
		return false;
	if ((again || !has_source || store_source_insert(store, &s->source, e)) &&
	    store_job_result(
		store, s->c.job.job_id, has_source ? s->source.source_id : NULL, result, e) &&
	    store_commit(store, e)) {
		s->c.job.source_id = has_source ? str_of(s->source.source_id) : (struct str){0};
		job_ring(&s->c);
		return true;
	}
	store_rollback(store);
	return false;
}

static bool
note_bytes(void *context, uint64_t bytes, struct err *e)
{
	struct split *s = context;
	struct job_count count = {.done = s->stored + bytes, .total = s->source.bytes};
	return job_progress(&s->c, &count, e);
}

static bool
store_files(struct split *s, char (*names)[SHA256_HEX_BYTES], struct err *e)
{
	for (size_t i = 0; i < s->source.file_count; i++) {
		const struct source_file *f = &s->source.files[i];
		if (!blob_store(s->c.store, s->fd, f->offset, f->bytes, names[i], note_bytes, s, e))
			return false;
		s->stored += f->bytes;
	}
	return true;
}

static bool
finish(struct split *s, char (*names)[SHA256_HEX_BYTES], struct err *e)
{
	struct store *store = s->c.store;
	if (!store_begin(store, e))
		return false;
	struct job_count count = {.done = s->stored, .total = s->source.bytes};
	bool good = store_job_done(store, s->c.job.job_id, &count, (struct str){0}, e);
	for (size_t i = 0; good && i < s->source.file_count; i++)
		good = store_source_file_stored(store, s->source.source_id, i, names[i], e);
	good = good && (s->source.file_count == 0 ||
			   (store_source_stored(store, s->source.source_id, e) &&
			       caller_audit(store, s->c.job.org_id, s->c.job.params, "source.new",
				   str_of(s->source.source_id), &s->c.arena, e)));
	if (good)
		return store_commit(store, e);
	store_rollback(store);
	return false;
}

int
command_split(int argc, char **argv)
{
	static struct split s;
	struct err e = {0};
	struct str result;
	if (!job_begin(&s.c, "split", argc, argv, &e)) {
		log_err("an upload cannot be taken apart", &e);
		return 2;
	}
	bool good = open_body(&s, &e) && take_apart(&s, &result, &e) && announce(&s, result, &e);
	if (good) {
		char(*names)[SHA256_HEX_BYTES] =
		    arena_array(&s.c.arena, s.source.file_count, sizeof *names);
		good = store_files(&s, names, &e) && finish(&s, names, &e);
	}
	bool ended = good || job_fail(&s.c, &e);
	if (good)
		job_ring(&s.c);
	/* Stored, or good for nothing: the body has served. */
	if (ended && s.incoming.n) {
		struct str path =
		    arena_format(&s.c.arena, "%s/incoming/%.*s", s.c.data, STR_ARG(s.incoming));
		unlink(path.p);
	}
	job_end(&s.c);
	return good ? 0 : 1;
}

bool
upload_form_parse(struct upload_form *out, struct str result, struct arena *a, struct err *e)
{
	json_t *tree;
	*out = (struct upload_form){0};
	if (!tree_parse_own(&tree, result, a, e))
		return false;
	const json_t *fields = json_object_get(tree, "fields");
	out->fields = arena_array(a, json_array_size(fields), sizeof *out->fields);
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);
		out->fields[out->count++] =
		    (struct upload_field){tree_str(field, "name"), tree_str(field, "value")};
	}
	return true;
}
