/*
 * query.h: looking at the rows of a dataset, as requests ask for it in words.
 *
 *   filter    an expression; its grammar stands in store/filter.h
 *   include   column:value, several times: in one column any of them, in several columns all
 *   exclude   likewise: none of them.  Nothing behind the colon: blank (empty, null, missing)
 *   sort      columns with commas between, - before one: descending; - belongs to a name only in
 *             quotes
 *   search    text in any cell, upper and lower case alike
 *   columns   columns with commas between
 *
 * A column is its name or id, in double quotes or backticks where a name has the byte that ends it.
 */
#ifndef ROWHOUSE_MODEL_QUERY_H
#define ROWHOUSE_MODEL_QUERY_H

#include "model/model.h"
#include "store/query.h"

struct query_request {
	struct str filter, sort, search;
	const struct str *include, *exclude;
	size_t include_count, exclude_count;
};

/* It asks for all rows in their own order. */
bool query_request_is_plain(const struct query_request *r);

/* The rows of a dataset that was got (model_dataset_get) and opened (model_rows_open), whose
 * columns these are.  INPUT names the field. */
bool model_query_check(struct query *out, const struct query_request *r,
    const struct column *columns, size_t count, struct arena *a, struct err *e) MUST_CHECK;

/* Places of the columns a text names; empty: all of them.  INPUT about `field`. */
bool model_query_columns(const size_t **out, size_t *out_count, struct str text, const char *field,
    const struct column *columns, size_t count, struct arena *a, struct err *e) MUST_CHECK;

#endif
