/*
 * enrichment.c: a table whose columns are added to (data_enrichment of seeds/000).
 *
 * Its rows are read by the core's own reader of tables, the fast path, so there is no ingest here.
 * What fills columns in comes with its tasks.
 */
#include "plugin.h"

static const char *const endings[] = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx",
    ".gz", ".zst", ".bz2", ".xz", ".zip", NULL};

static const struct plugin_slot sources[] = {
    {.name = "data",
	.label = "File",
	.help = "A table: CSV, JSON, JSON Lines or a workbook.",
	.kind = SLOT_TABLE,
	.required = true,
	.endings = endings},
    {0},
};

static const struct plugin_type types[] = {
    {.name = "data_enrichment",
	.title = "Enrichment",
	.help = "A table from a file, ready to have columns added to it.",
	.sources = sources},
    {0},
};

ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {
    ROWHOUSE_PLUGIN_HEAD,
    .name = "enrichment",
    .title = "Enrichment",
    .types = types,
};
