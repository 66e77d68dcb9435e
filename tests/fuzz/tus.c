/*
 * tus.c: any text as Upload-Metadata and Upload-Checksum: what is taken from it can stand in a
 * catalog, on a page and in a header.
 */
#include "api/tus_headers.h"
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct upload u = {0};
	struct upload_piece p = {0};
	struct err e = {0};
	struct arena a;
	arena_init(&a, MIB(1));
	struct str text = arena_copy(&a, (struct str){(const char *)data, size});
	if (tus_metadata(&u, text, &a, &e)) {
		require(size <= LIMIT_UPLOAD_METADATA_BYTES, "it is within its limit");
		require(str_equal(u.metadata, text), "it is answered as it came");
		require(u.name.n > 0 && u.name.n <= LIMIT_FILE_NAME_BYTES, "a name of some bytes");
		require(utf8_valid(u.name.p, u.name.n) == u.name.n, "a name is UTF-8");
		for (size_t i = 0; i < u.name.n; i++)
			require(
			    (unsigned char)u.name.p[i] >= ' ' && !strchr("/\\\x7f", u.name.p[i]),
			    "a name without folders and control bytes");
		for (size_t i = 0; i < u.content_type.n; i++)
			require(u.content_type.p[i] > ' ' && u.content_type.p[i] < 0x7f,
			    "a type is ASCII");
		for (size_t i = 0; i < text.n; i++)
			require((unsigned char)text.p[i] >= ' ', "no control bytes");
	} else {
		require(e.code == ERR_INPUT || e.code == ERR_TOO_BIG, "a refusal is the client's");
	}
	err_clear(&e);
	if (tus_checksum(&p, text, &a, &e))
		require((p.checksum == CHECKSUM_NONE) == (size == 0), "none only where none is");
	else
		require(e.code == ERR_INPUT && e.message[0], "a refusal has a reason");
	arena_release(&a);
	return 0;
}
