/* filter.c: any text as a filter expression over columns of all types: it is read or refused with a
 * sentence, and what was read is held against a row. */
#include "base/limits.h"
#include "store/query_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct column columns[] = {
    {.column_id = 0, .slug = {"text", 4}, .name = {"text", 4}, .type = COLUMN_STRING},
    {.column_id = 1, .slug = {"number", 6}, .name = {"number", 6}, .type = COLUMN_NUMBER},
    {.column_id = 2, .slug = {"day", 3}, .name = {"day", 3}, .type = COLUMN_DATE},
    {.column_id = 3, .slug = {"yes", 3}, .name = {"yes", 3}, .type = COLUMN_BOOLEAN},
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char cells[] = "[\"Desk \\u00e4\",\"-1.50\",\"2024-03-14\",true]";
	struct arena a;
	struct err e = {0};
	struct matcher *m;
	struct match match;
	struct query q = {.columns = columns, .column_count = ARRAY_LENGTH(columns)};
	struct row row = {.row_id = 1, .cells = STR(cells)};
	arena_init(&a, MIB(64));
	if (!filter_parse(&q.filter, (struct str){(const char *)data, size}, "filter", columns,
		ARRAY_LENGTH(columns), &a, &e)) {
		if (!e.message[0])
			abort();
	} else if (!matcher_open(&m, &q, &a, &e) || !matcher_row(m, &row, &match, &e)) {
		abort();
	}
	arena_release(&a);
	return 0;
}
