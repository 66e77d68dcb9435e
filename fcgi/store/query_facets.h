/* query_facets.h: what counting by scan (query_facets.c) and from projections (projected_facets.c)
 * say of values in the same way. */
#ifndef ROWHOUSE_QUERY_FACETS_H
#define ROWHOUSE_QUERY_FACETS_H

#include "store/query.h"

/* So many rows more whose cells are of this class. */
void facet_count(struct facet *f, enum key_class class, uint64_t rows);

/* A cell as answers print it; empty: too long for that. */
struct str facet_token(struct arena *a, const struct cell *cell, enum column_type type);
/* `token` as above; where it is empty the beginning of the key says what the value is. */
struct facet_value facet_value(struct str token, struct str key, uint64_t count, struct arena *a);

/* One of the type's values is there: how long it is, if it is text. */
void facet_length(struct facet *f, enum column_type type, struct str key);

/* So many bins (one, when least is most), none counted yet; and the one where a value belongs. */
struct facet_bin *facet_bins(double least, double most, size_t *count, struct arena *a);
size_t facet_bin(const struct facet_bin *bins, size_t count, double place);

#endif
