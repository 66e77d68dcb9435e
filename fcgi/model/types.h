/*
 * types.h: the dataset types this server knows, as one table.
 *
 * A type whose ingest is TYPE_INGEST_NONE can be asked for, because the vendors' documents name it,
 * but nothing here can make its rows: the dataset is created, its files are kept, and its job fails
 * saying so.
 */
#ifndef ROWHOUSE_TYPES_H
#define ROWHOUSE_TYPES_H

#include "base/base.h"

enum type_ingest { TYPE_INGEST_NONE, TYPE_INGEST_TABLE };
/* What a create must bring along (seeds/000, "Request Parameters"). */
enum type_needs { TYPE_NEEDS_SOURCE, TYPE_NEEDS_MAP, TYPE_NEEDS_COLUMNS };

struct dataset_type {
	const char *name;   /* as APIs print it */
	const char *title;  /* as pages print it */
	const char *plugin; /* the plugin that serves it */
	enum type_needs needs;
	enum type_ingest ingest;
};

extern const struct dataset_type dataset_types[];
extern const size_t dataset_type_count;

/* NULL when there is no such type. */
const struct dataset_type *dataset_type_find(struct str name);
/* "data_enrichment, data_extraction, ..." */
struct str dataset_type_names(char *out, size_t size);

#endif
