/*
 * query_words.h: which rows of a dataset, and in which order, as requests ask for it in words.
 *
 *   filter    an expression; its grammar stands in store/filter.h
 *   include   column:value, several times: in one column any of them, in several columns all.
 *             Of numbers and dates also 10..20, from 10 on and less than 20; one end may be missing
 *   exclude   likewise: none of them.  Nothing behind the colon: blank (empty, null, missing)
 *   search    text in any cell, upper and lower case alike
 *   sort      columns with commas between, - before one: descending; - belongs to a name only in
 *             quotes
 *   columns   columns with commas between
 *
 * A column is its name or id, in double quotes or backticks where a name has the byte that ends it.
 */
#ifndef ROWHOUSE_MODEL_QUERY_WORDS_H
#define ROWHOUSE_MODEL_QUERY_WORDS_H

#include "base/form.h"
#include "store/query.h"

struct query_request {
	struct str filter, sort, search;
	const struct str *include, *exclude;
	size_t include_count, exclude_count;
};

/* The fields that say which rows, in this order wherever they are asked for; and the one that says
 * in which order. */
enum { QUERY_FILTER, QUERY_INCLUDE, QUERY_EXCLUDE, QUERY_SEARCH, QUERY__MAX };
/* clang-format off */
#define QUERY_FIELDS(first)                                                                        \
	[(first) + QUERY_FILTER] = {"filter", "filter",                                            \
	    "Which rows, as: price > 100 and not (name contains 'desk' or sku is empty).",         \
	    FIELD_AREA},                                                                           \
	[(first) + QUERY_INCLUDE] = {"include", "include",                                         \
	    "column:value, may be repeated: rows with one of the values; without a value: blank; " \
	    "of numbers and dates also 10..20: from 10 on and less than 20.",                      \
	    FIELD_TEXTS},                                                                          \
	[(first) + QUERY_EXCLUDE] = {"exclude", "exclude",                                         \
	    "column:value, may be repeated: rows with none of the values.", FIELD_TEXTS},          \
	[(first) + QUERY_SEARCH] = {"search", "search",                                            \
	    "Text in any cell, upper and lower case alike.", FIELD_LINE}
#define QUERY_SORT_FIELD                                                                           \
	{"sort", "sort", "Columns with commas between, - before one: descending.", FIELD_LINE}
/* clang-format on */

/* What those fields say; `sort` NULL: nothing. */
void query_request_read(struct query_request *out, const struct value *which,
    const struct value *sort, struct arena *a);
/* As members of the open object, those that say something. */
void query_request_write(struct jsonout *j, const struct query_request *r);

/* It asks for all rows in their own order. */
bool query_request_is_plain(const struct query_request *r);

/* Of the rows with these columns.  INPUT names the field. */
bool model_query_check(struct query *out, const struct query_request *r,
    const struct column *columns, size_t count, struct arena *a, struct err *e) MUST_CHECK;

/* Places of the columns a text names; empty: all of them.  INPUT about `field`. */
bool model_query_columns(const size_t **out, size_t *out_count, struct str text, const char *field,
    const struct column *columns, size_t count, struct arena *a, struct err *e) MUST_CHECK;

#endif
