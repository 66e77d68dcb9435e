/*
 * said.c: any bytes as what a job's child says of findings, columns and rows (jobs/message.h). What
 * is let through is inside the message, is text where it must be one, and fits the columns there
 * are.
 */
#include "jobs/service.h"
#include "base/cells.h"
#include "base/limits.h"
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
require_text(struct str s, struct str m)
{
	require(s.n == 0 || (s.p >= m.p && s.p + s.n <= m.p + m.n), "a text is in its message");
	require(utf8_valid(s.p, s.n) == s.n, "a text is UTF-8");
}

static void
check_finding(struct str m, uint64_t columns, struct err *e)
{
	struct said_finding f;
	if (!said_finding(&f, m, columns, e))
		return;
	require_text(f.code, m);
	require_text(f.message, m);
	require(f.code.n > 0, "a finding has a code");
	require(f.column == SIZE_MAX || f.column < columns, "a finding is about a column there is");
	require(f.line <= INT64_MAX && f.row_id <= INT64_MAX, "numbers that can be stored");
}

static void
check_column(struct str m, struct err *e)
{
	struct new_column c;
	if (!said_column(&c, m, e))
		return;
	require_text(c.name, m);
	require_text(c.vendor_type, m);
	require_text(c.description, m);
	require_text(c.default_value, m);
	require(c.name.n <= LIMIT_COLUMN_NAME_BYTES, "the name of a column has a length");
}

static void
check_rows(struct str m, uint64_t columns, struct err *e)
{
	struct said_row r;
	for (size_t at = 0; at < m.n;) {
		size_t before = at;
		if (!said_row(&r, &at, m, columns, e))
			return;
		const char *reason;
		require(at > before && at <= m.n, "every row goes on, and not too far");
		require_text(r.cells, m);
		require_text(r.absent, m);
		require(cells_check(r.cells.p, r.cells.n, columns, &reason), "cells are cells");
		require(r.line <= INT64_MAX, "a line that can be stored");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = {0};
	if (size < 2)
		return 0;
	uint64_t columns = data[1];
	struct str m = {(const char *)data + 2, size - 2};
	if (data[0] % 3 == 0)
		check_finding(m, columns, &e);
	else if (data[0] % 3 == 1)
		check_column(m, &e);
	else
		check_rows(m, columns, &e);
	require(e.code == ERR_OK || e.message[0], "a refusal has a reason");
	return 0;
}
