/*
 * cells.c: any bytes as a stored row, which is what a plugin's child may send.  Properties: what
 * passes cells_check is split into values that cover the row, and each text survives being undone
 * and escaped again; what passes cells_check_ids is ascending.
 */
#include "base/cells.h"
#include "base/utf8.h"

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
check_text(struct str text)
{
	char *plain = malloc(text.n + 1), *escaped = malloc(6 * text.n + 1),
	     *again = malloc(6 * text.n + 1);
	require(plain && escaped && again, "memory");
	size_t n = cells_unescape(plain, text);
	require(n <= text.n, "a text does not grow when its escapes are undone");
	require(utf8_valid(plain, n) == n, "a text is UTF-8 without its escapes");
	size_t length = cells_escape(escaped, plain, n);
	require(length <= 6 * n, "escapes have the room that was promised");
	size_t back = cells_unescape(again, (struct str){escaped, length});
	require(back == n && memcmp(again, plain, n) == 0, "escaped and undone is the same");
	free(plain);
	free(escaped);
	free(again);
}

static void
check_row(const char *p, size_t size)
{
	static struct cell cells[1000];
	size_t n = cells_split(cells, 1000, p, size), bytes = 1;
	require(n <= 1000, "as many cells as were checked");
	for (size_t i = 0; i < n; i++) {
		struct str s = cells[i].bytes;
		size_t around = cells[i].kind == CELL_TEXT ? 2 : 0;
		require(s.p >= p && s.p + s.n <= p + size, "a cell is inside its row");
		bytes += s.n + around + 1;
		require(cells[i].kind != CELL_ABSENT, "a cell has a kind");
		if (cells[i].kind == CELL_TEXT)
			check_text(s);
		else
			require(cells_value(s.p, s.n) == s.n, "a cell is one value");
		if (cells[i].kind == CELL_NUMBER)
			require(cells_is_number(s), "a number is one");
	}
	require(n == 0 || bytes == size, "the cells cover the row");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *reason = "";
	if (cells_check(p, size, 1000, &reason))
		check_row(p, size);
	else
		require(reason[0] != 0, "a refusal has a reason");
	if (cells_check_ids(p, size, 1000)) {
		size_t least = 0, at = 0;
		for (size_t id; (id = cells_next_id((struct str){p, size}, &at)) != SIZE_MAX;) {
			require(id >= least && id < 1000, "ids ascend");
			least = id + 1;
		}
	}
	require(cells_value(p, size) <= size, "a value is inside its bytes");
	return 0;
}
