/*
 * multipart.c: fuzzes multipart_boundary() and multipart_split().  The input is a Content-Type, a
 * line end, and a body.  Beside not crashing, a form that is taken must hold what was sent: parts
 * in order, inside the body, each ending at a boundary, with texts that are UTF-8.
 */
#include "base/limits.h"
#include "base/utf8.h"
#include "http/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool fact)
{
	if (!fact)
		abort();
}

static void
check(const struct multipart *form, const char *body, size_t n, struct str boundary)
{
	uint64_t at = 0;
	require(form->count > 0);
	for (size_t i = 0; i < form->count; i++) {
		const struct multipart_part *part = &form->parts[i];
		require(part->offset >= at && part->offset <= n);
		require(part->length <= n - part->offset);
		at = part->offset + part->length;
		const char *p = body + at, *end = body + n;
		if (p < end && *p == '\r')
			p++;
		if (p < end && *p == '\n')
			p++;
		require((size_t)(end - p) >= boundary.n + 2 && p[0] == '-' && p[1] == '-');
		require(memcmp(p + 2, boundary.p, boundary.n) == 0);
		require(utf8_valid(part->name.p, part->name.n) == part->name.n);
		require(utf8_valid(part->file_name.p, part->file_name.n) == part->file_name.n);
		require(!memchr(part->file_name.p, '/', part->file_name.n));
		require(!memchr(part->file_name.p, 0, part->file_name.n));
		require(
		    utf8_valid(part->content_type.p, part->content_type.n) == part->content_type.n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *lf = size ? memchr(text, '\n', size) : NULL;
	struct arena a;
	struct err e = {0};
	struct str boundary;
	struct multipart form;
	if (!lf)
		return 0;
	arena_init(&a, MIB(64));
	size_t type = (size_t)(lf - text);
	if (multipart_boundary(&boundary, (struct str){text, type}, &a, &e)) {
		const char *body = lf + 1;
		size_t n = size - type - 1;
		if (multipart_split(&form, body, n, boundary, &a, &e))
			check(&form, body, n, boundary);
		else
			require(e.code == ERR_INPUT || e.code == ERR_TOO_BIG);
	}
	arena_release(&a);
	return 0;
}
