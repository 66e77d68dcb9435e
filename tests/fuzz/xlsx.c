/*
 * xlsx.c: any bytes as the parts of a workbook: sheet, shared texts, styles and workbook, with a
 * NUL between two; or, behind a NUL, as the whole archive.  Property: every row passes cells_check
 * and the counts add up (collect.h).
 */
#include "../unit/collect.h"

#include <zip.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RELATION(id, kind, target)                                                                 \
	"<Relationship Id='" id "' Type='x/" kind "' Target='" target "'/>"
#define RELATIONS(list) "<Relationships>" list "</Relationships>"

static const struct {
	const char *name;
	const char *text; /* NULL: the next part of the input */
	const char *preset;
} parts[] = {
    {"[Content_Types].xml", "<Types/>", NULL},
    {"_rels/.rels", RELATIONS(RELATION("a", "officeDocument", "w.xml")), NULL},
    {"_rels/w.xml.rels",
	RELATIONS(RELATION("s", "worksheet", "s.xml") RELATION("t", "sharedStrings", "t.xml")
		RELATION("y", "styles", "y.xml")),
	NULL},
    {"s.xml", NULL, "<worksheet/>"},
    {"t.xml", NULL, "<sst/>"},
    {"y.xml", NULL, "<styleSheet/>"},
    {"w.xml", NULL, "<workbook><sheets><sheet name='S' id='s'/></sheets></workbook>"},
};

static void
require(bool condition)
{
	if (!condition)
		abort();
}

/* The next part up to a NUL; the preset when there is none. */
static struct str
next_part(struct str *rest, const char *preset)
{
	if (rest->n == 0)
		return str_of(preset);
	const char *end = memchr(rest->p, 0, rest->n);
	struct str part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
	size_t used = part.n + (end != NULL);
	*rest = (struct str){rest->p + used, rest->n - used};
	return part.n ? part : str_of(preset);
}

/* The archive as a buffer that libzip has made. */
static zip_source_t *
archive_of(struct str rest)
{
	zip_source_t *made = zip_source_buffer_create(NULL, 0, 0, NULL);
	zip_t *z = zip_open_from_source(made, ZIP_TRUNCATE, NULL);
	require(z != NULL);
	zip_source_keep(made);
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		struct str part =
		    parts[i].text ? str_of(parts[i].text) : next_part(&rest, parts[i].preset);
		zip_int64_t at = zip_file_add(
		    z, parts[i].name, zip_source_buffer(z, part.p, part.n, 0), ZIP_FL_ENC_UTF_8);
		require(
		    at >= 0 && zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_STORE, 0) == 0);
	}
	require(zip_close(z) == 0);
	return made;
}

static void
read_book(struct str bytes)
{
	struct collected t;
	const struct table_options options = {.format = TABLE_AUTO};
	collect(&t, bytes, &options, 64);
	arena_release(&t.arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = {(const char *)data, size};
	if (size > 0 && data[0] == 0) {
		read_book((struct str){input.p + 1, input.n - 1});
		return 0;
	}
	zip_stat_t stat;
	zip_source_t *made = archive_of(input);
	require(zip_source_stat(made, &stat) == 0 && zip_source_open(made) == 0);
	char *bytes = malloc((size_t)stat.size);
	require(bytes && zip_source_read(made, bytes, stat.size) == (zip_int64_t)stat.size);
	zip_source_close(made);
	zip_source_free(made);
	read_book((struct str){bytes, (size_t)stat.size});
	free(bytes);
	return 0;
}
