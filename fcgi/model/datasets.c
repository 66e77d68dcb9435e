/* datasets.c: making, finding and deleting datasets; see model.h. */
#include "model/model.h"
#include "base/file.h"
#include "base/log.h"
#include "base/tree.h"

#include <sys/stat.h>

static const struct plugin_slot *
first_slot(const struct dataset_type *t)
{
	return t->sources && t->sources[0].name ? &t->sources[0] : NULL;
}

/* A create must bring a source along. */
static bool
needs_source(const struct dataset_type *t)
{
	const struct plugin_slot *slot = first_slot(t);
	return slot && slot->required;
}

/* Files this type can be made of; checked before anything is promised. */
static bool
check_source(const struct dataset_request *r, const struct source *source, struct err *e)
{
	const struct plugin_slot *slot = first_slot(r->type);
	if (!slot || !r->type->has)
		return true;
	if (!slot->many && source->file_count != 1 && !r->type->sources[1].name)
		return FAIL_FIELD(e, UNPROCESSABLE, "file",
		    "a dataset of type %s is made of one file, %zu were sent", r->type->name,
		    source->file_count);
	for (size_t i = 0; i < source->file_count; i++)
		if (source->files[i].bytes == 0)
			return FAIL_FIELD(e, UNPROCESSABLE, "file", "the file %.*s is empty",
			    STR_ARG(str_clip(source->files[i].name, 100)));
	return true;
}

static bool
check_quota(struct model *m, const struct caller *c, struct err *e)
{
	struct usage usage;
	struct quotas quotas;
	if (!store_quotas(m->store, &quotas, c->org_id, m->conf, e))
		return false;
	if (quotas.datasets == 0)
		return true;
	if (!store_usage(m->store, &usage, c->org_id, e))
		return false;
	if (usage.datasets >= quotas.datasets)
		return FAIL(e, QUOTA,
		    "the quota of %" PRIu64 " datasets is used up; delete one that is not needed",
		    quotas.datasets);
	return true;
}

/* What an attempt made that died before it could answer; *found false: it is gone again. */
static bool
find_made(struct model *m, const struct caller *c, struct dataset *out, struct job *job,
    bool *found, struct arena *a, struct err *e)
{
	struct err why = {0};
	if (!store_dataset_get(m->store, out, c->org_id, c->made_dataset, a, &why)) {
		*found = false;
		if (why.code == ERR_NOT_FOUND)
			return true;
		*e = why;
		return false;
	}
	return store_job_of_dataset(m->store, job, found, out->dataset_id, "ingest", a, e);
}

/* With the transaction open, so that nobody can change the source or take the rest of the quota. */
static bool
insert(struct model *m, const struct caller *c, const struct dataset_request *r,
    struct dataset *out, struct job *job, struct arena *a, struct err *e)
{
	struct source source = {0};
	if (!check_quota(m, c, e))
		return false;
	if (r->source_id[0]) {
		if (!store_source_get(m->store, &source, c->org_id, r->source_id, a, e))
			return false;
		if (!str_is(source.state, "stored"))
			out->state = STR("draft");
	}
	return store_dataset_insert(m->store, out, e) && store_job_insert(m->store, job, e) &&
	       (r->options.n == 0 || !r->source_id[0] ||
		   store_source_options(m->store, r->source_id, r->options, e)) &&
	       model_audit(m, c, "dataset.new", str_of(out->dataset_id), (struct str){0}, e) &&
	       (c->idempotency_key.n == 0 ||
		   store_answer_made(m->store, c->org_id, c->idempotency_key, out->dataset_id, e));
}

bool
model_dataset_create(struct model *m, const struct caller *c, const struct dataset_request *r,
    struct dataset *out, struct job *job, struct arena *a, struct err *e)
{
	struct source source = {0};
	bool has_source = r->source_id[0] != 0, found = false;
	if (!caller_may_all(c, RIGHT_EDIT, e))
		return false;
	if (c->made_dataset[0] && !find_made(m, c, out, job, &found, a, e))
		return false;
	if (found)
		return true;
	if (needs_source(r->type) && !has_source)
		return FAIL_FIELD(
		    e, INPUT, "source_id", "A data source is required for type %s", r->type->name);
	if (has_source && (!store_source_get(m->store, &source, c->org_id, r->source_id, a, e) ||
			      !check_source(r, &source, e)))
		return false;
	*out = (struct dataset){
	    .org_id = c->org_id,
	    .name = r->name,
	    .description = r->description,
	    .type = str_of(r->type->name),
	    .state = STR("queued"),
	    .source_id = arena_copy(a, str_of(r->source_id)),
	    .params = r->params,
	};
	uuid_make(out->dataset_id);
	*job = (struct job){
	    .org_id = c->org_id,
	    .kind = STR("ingest"),
	    .dataset_id = arena_copy(a, str_of(out->dataset_id)),
	    .params = plugin_ingest_params(m, r->type, r->params,
		r->options.n || !type_reads_table(r->type) ? r->options : source.options, a),
	    .who = c->who,
	};
	for (size_t i = 0; i < source.file_count; i++)
		job->total += source.files[i].bytes;
	if (!store_begin(m->store, e) || !model_end(m, insert(m, c, r, out, job, a, e), e))
		return false;
	model_wake(m);
	return true;
}

bool
model_dataset_get(struct model *m, const struct caller *c, struct str id, struct dataset *out,
    struct arena *a, struct err *e)
{
	char dataset_id[UUID_BYTES];
	if (!caller_may(c, RIGHT_READ, e) ||
	    !model_id(dataset_id, id, "dataset_id", "dataset", e) ||
	    !store_dataset_get(m->store, out, c->org_id, dataset_id, a, e))
		return false;
	if (str_is(out->state, "draft") || !caller_sees(c, dataset_id))
		return FAIL_FIELD(e, NOT_FOUND, "dataset_id", "there is no dataset with this id");
	return true;
}

bool
model_dataset_list(struct model *m, const struct caller *c, struct dataset **out, size_t *count,
    int64_t *total, uint64_t offset, size_t limit, struct arena *a, struct err *e)
{
	return caller_may(c, RIGHT_READ, e) && store_dataset_list(m->store, out, count, total,
						   c->org_id, c->scope, offset, limit, a, e);
}

bool
model_dataset_delete(
    struct model *m, const struct caller *c, struct str id, struct arena *a, struct err *e)
{
	struct dataset d;
	bool found;
	if (!caller_may(c, RIGHT_EDIT, e) || !model_dataset_get(m, c, id, &d, a, e) ||
	    !store_begin(m->store, e))
		return false;
	/* Of two who delete it at once one did it. */
	bool good = store_dataset_delete(m->store, c->org_id, d.dataset_id, &found, e) &&
		    (!found || model_audit(m, c, "dataset.delete", str_of(d.dataset_id),
				   (struct str){0}, e));
	if (!model_end(m, good, e))
		return false;
	model_wake(m);
	/* Gone already for everyone; what cannot be removed now the sweep takes. */
	struct err later = {0};
	if (!store_dataset_remove_files(m->store, d.dataset_id, &later))
		log_err("the files of a deleted dataset", &later);
	model_let_go(m);
	return true;
}

void
model_let_go(struct model *m)
{
	rows_cache_prune(m->rows);
	projection_cache_prune(m->projections);
}

void
dataset_version(char out[VERSION_BYTES], const struct dataset *d)
{
	char text[UUID_BYTES + 48];
	uint8_t hash[SHA256_BYTES];
	int n = snprintf(
	    text, sizeof text, "%s %" PRId64 ".%" PRId64, d->dataset_id, d->generation, d->edition);
	sha256_of(hash, (struct str){text, (size_t)n});
	hex_encode(out, hash, VERSION_BYTES / 2);
}

bool
model_rows_open(
    struct model *m, struct dataset *d, struct rows_file **out, struct arena *a, struct err *e)
{
	size_t columns;
	const struct column *list;
	if (d->generation == 0)
		return FAIL(e, CONFLICT,
		    str_is(d->state, "failed")
			? "the dataset has no rows: reading its file failed"
			: "the dataset has no rows yet: its file is still being read");
	struct str path = store_rows_path(m->store, d->dataset_id, d->generation, a);
	int64_t edition;
	if (!rows_cache_open(m->rows, path.p, out, e) || !rows_edition(*out, &edition, e))
		return false;
	/* A change whose process died before it could tell the catalog, or one that is on its way
	 * there. */
	if (edition != d->edition) {
		d->edition = edition;
		if (!rows_count(*out, &d->rows, e) || !rows_columns(*out, &list, &columns, a, e))
			return false;
		d->columns = columns;
	}
	return true;
}
