/* types.c: see types.h. */
#include "model/types.h"

const struct dataset_type dataset_types[] = {
    {"data_enrichment", "Enrichment", "enrichment", TYPE_NEEDS_SOURCE, TYPE_INGEST_TABLE},
    {"data_extraction", "Extraction from documents", "extraction", TYPE_NEEDS_SOURCE,
	TYPE_INGEST_NONE},
    {"map_extraction", "Places on a map", "map", TYPE_NEEDS_MAP, TYPE_INGEST_NONE},
    {"custom_dataset", "Blank table", "custom", TYPE_NEEDS_COLUMNS, TYPE_INGEST_NONE},
};
const size_t dataset_type_count = ARRAY_LENGTH(dataset_types);

const struct dataset_type *
dataset_type_find(struct str name)
{
	for (size_t i = 0; i < dataset_type_count; i++)
		if (str_is(name, dataset_types[i].name))
			return &dataset_types[i];
	return NULL;
}

struct str
dataset_type_names(char *out, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < dataset_type_count; i++) {
		int wrote =
		    snprintf(out + n, size - n, "%s%s", i > 0 ? ", " : "", dataset_types[i].name);
		n = (size_t)wrote < size - n ? n + (size_t)wrote : size - 1;
	}
	return (struct str){out, n};
}
