/*
 * json.c: any bytes as a JSON document.  Properties: every row passes cells_check and the counts
 * add up (collect.h); the size of the window changes nothing: neither the end, nor, of what could
 * be read, rows and findings.
 */
#include "../unit/collect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

static void
compare(const struct collected *a, const struct collected *b)
{
	require(a->worked == b->worked && a->err.at_line == b->err.at_line, "the same end");
	/* How much was read before a failure depends on how much is read at once. */
	if (!a->worked)
		return;
	require(a->column_count == b->column_count, "the same columns");
	require(a->row_count == b->row_count, "the same number of rows");
	require(a->finding_count == b->finding_count, "the same findings");
	for (size_t i = 0; i < a->row_count; i++)
		require(a->rows[i].line == b->rows[i].line &&
			    str_equal(a->rows[i].cells, b->rows[i].cells) &&
			    str_equal(a->rows[i].absent, b->rows[i].absent),
		    "the same rows");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct table_options options = {.format = TABLE_JSON};
	struct str text = {(const char *)data, size};
	struct collected t, small;
	collect(&t, text, &options, WINDOW_BYTES);
	collect(&small, text, &options, 16);
	compare(&t, &small);
	arena_release(&small.arena);
	arena_release(&t.arena);
	return 0;
}
