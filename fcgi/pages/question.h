/*
 * question.h: which rows the page of a dataset shows and how: the address is the state, and every
 * link and form of the page is the same address with one thing changed.
 *
 * What can be asked is what GET /rows takes (model/query.h); besides: `facet` (a column whose
 * values are shown beside the table, may be repeated), `values` (how many of them) and `limit`
 * (rows of a page).  Which page, `row`, is not part of the question.
 */
#ifndef ROWHOUSE_PAGES_QUESTION_H
#define ROWHOUSE_PAGES_QUESTION_H

#include "http/url.h"
#include "model/query.h"

struct question {
	struct url_parameters parts; /* those above that say something, in the order they came */
};

/* Of an address; what it does not know is left out. */
void question_of(struct question *q, const struct url_parameters *address, struct arena *a);
/* Of one that was written (question_write) and handed to a form; what cannot be read asks for
 * nothing. */
void question_of_text(struct question *q, struct str text, struct arena *a);

/* Its words for the model; they live as long as the question. */
void question_request(struct query_request *out, const struct question *q, struct arena *a);
/* It asks for anything but all rows in their own order. */
bool question_asks(const struct question *q);

/* One thing to change in a question. */
struct question_change {
	const char *without;      /* the name of what goes, or NULL */
	struct str without_value; /* NULL: whatever its value */
	const char *with;         /* the name of what comes, or NULL */
	struct str with_value;
};

/* name=value pairs joined by &, encoded, each part but those left out; for {x:query} in templates.
 */
struct str question_write(
    const struct question *q, const struct question_change *change, struct arena *a);

/* "key": [{name, value}], for a form that sends other values for the names in `but` (NULL ends). */
void question_put_hidden(
    struct jsonout *j, const char *key, const struct question *q, const char *const *but);

/* A column's name as include, exclude, sort and facet take it: in quotes where it needs them. */
struct str question_column(const struct column *c, struct arena *a);

#endif
