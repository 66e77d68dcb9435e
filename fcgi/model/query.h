/*
 * query.h: questions to the rows of a dataset that was got (model_dataset_get) and opened
 * (model_rows_open): what answers them, and what is known of columns without asking.
 */
#ifndef ROWHOUSE_MODEL_QUERY_H
#define ROWHOUSE_MODEL_QUERY_H

#include "model/model.h"
#include "model/query_words.h"

/*
 * What answers a query that was checked, with facets of these columns (by place): the rows, when
 * they are few, or projections, which the query then has, until `a` is released.  Some may have to
 * be made first: then `job` is the one that does (its id is empty when none is needed): wait for
 * it, open the rows again, and ask again.  `waited`: that was done already, and what is still not
 * there is done without.
 */
bool model_query_prepare(struct model *m, const struct caller *c, const struct dataset *d,
    struct rows_file *rows, struct query *q, const size_t *facets, size_t facet_count, bool waited,
    struct job *job, struct arena *a, struct err *e) MUST_CHECK;
/*
 * The same for who may take their time, a job or a command: projections that sorting needs are made
 * here and now, under names that begin with `scratch` until they are whole; without sorting reading
 * is as good as making them.  The query's watch, which it must have, is asked meanwhile; the query
 * keeps `scratch`.
 */
bool query_prepare_alone(struct store *s, struct projection_cache *cache, const struct dataset *d,
    struct rows_file *rows, struct query *q, const char *scratch, struct arena *a,
    struct err *e) MUST_CHECK;

/* A facet, and all of a list as an array, as JSON. */
void query_facet_put(struct jsonout *j, const struct facet *f, const struct column *columns);
void query_facet_list_put(
    struct jsonout *j, const struct query_facets *facets, const struct column *columns);

/*
 * Statistics are the facets of a dataset's columns without any question, with so many values and
 * bins.  Those of the columns that are meant when none is named are stored when projections are
 * made after an ingest; false: they are not there, or rows were changed since, and have to be
 * counted (query_facets() after model_query_prepare()).
 */
#define STATISTICS_VALUES 20
#define STATISTICS_BINS 20
bool model_statistics_stored(struct query_facets *out, struct model *m, const struct dataset *d,
    size_t columns, struct arena *a) MUST_CHECK;
/* Which columns a text names (by place); empty: the first LIMIT_FACET_COLUMNS. */
bool model_statistics_columns(const size_t **out, size_t *out_count, struct str text,
    const struct column *columns, size_t count, struct arena *a, struct err *e) MUST_CHECK;
/* Counts and stores them, from projections that are there. */
bool statistics_store(const char *path, struct rows_file *rows, const struct column *columns,
    size_t count, const struct projection *const *projections, int64_t edition, struct arena *a,
    struct err *e) MUST_CHECK;

/* Params of a job that makes projections, `count` 0: of all columns. */
struct str projections_params(
    int64_t generation, int64_t edition, const size_t *column_ids, size_t count, struct arena *a);

#endif
