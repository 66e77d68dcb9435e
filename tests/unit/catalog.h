/*
 * catalog.h: a catalog in a folder of its own, with two organisations, for the tests of store/.
 * What the functions of store.h do not tell is asked of the database itself.
 */
#ifndef ROWHOUSE_TEST_CATALOG_H
#define ROWHOUSE_TEST_CATALOG_H

#include "store/blobs.h"
#include "store/catalog.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/tree.h"
#include "folder.h"
#include "must.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct store *store;
static const char *folder;
static struct arena arena;
static struct err e;

#define NOBODY "00000000-0000-4000-8000-000000000000"
/* One write as a transaction of its own. */
#define WRITE(worked)                                                                              \
	do {                                                                                       \
		MUST(store_begin(store, &e));                                                      \
		MUST(worked);                                                                      \
		MUST(store_commit(store, &e));                                                     \
	} while (0)

static inline int
catalog_begin(void **state)
{
	(void)state;
	tree_setup();
	folder = folder_begin();
	arena_init(&arena, MIB(64));
	MUST(store_open(&store, folder, &e));
	MUST(sql_script(&store->catalog,
	    "INSERT INTO organizations(org_id, name, created_at) VALUES(2, 'other', 0)", &e));
	return 0;
}

static inline int
catalog_end(void **state)
{
	(void)state;
	store_close(store);
	arena_release(&arena);
	folder_end(folder);
	return 0;
}

/* SQLite does not like to be taken through a fork: closed before it, opened behind it. */
static inline void
catalog_close(void)
{
	store_close(store);
	store = NULL;
}

static inline void
catalog_open(void)
{
	MUST(store_open(&store, folder, &e));
}

/* An answer of the database as text, "-" for NULL or no row; columns joined by a space. */
static inline struct str PRINTF_LIKE(1, 2) ask(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	struct str text = arena_format_list(&arena, format, list);
	va_end(list);
	sqlite3_stmt *s;
	struct str answer = STR("-");
	if (sqlite3_prepare_v2(store->catalog.handle, text.p, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text.p, sqlite3_errmsg(store->catalog.handle));
	if (sqlite3_step(s) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(s); i++) {
			const char *value = (const char *)sqlite3_column_text(s, i);
			answer = arena_format(&arena, "%s%s%s", i > 0 ? answer.p : "",
			    i > 0 ? " " : "", value ? value : "-");
		}
	sqlite3_finalize(s);
	return answer;
}

#define ASSERT_ASK(want, ...) assert_string_equal(ask(__VA_ARGS__).p, want)

/* A source of one file that is still being stored. */
static inline struct source
new_source(int64_t org_id, uint64_t bytes)
{
	static struct source_file file;
	file = (struct source_file){.field = STR("file"),
	    .name = STR("a.csv"),
	    .content_type = STR("text/csv"),
	    .bytes = bytes,
	    .offset = 7};
	struct source s = {.org_id = org_id,
	    .name = STR("a.csv"),
	    .incoming = STR("x.body"),
	    .bytes = bytes,
	    .files = &file,
	    .file_count = 1};
	uuid_make(s.source_id);
	WRITE(store_source_insert(store, &s, &e));
	return s;
}

/* The blob of a text. */
static inline const char *
new_blob(struct str content)
{
	static char sha256[SHA256_HEX_BYTES];
	const char *path = folder_file(folder, "blob-source");
	file_put(path, content);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	MUST(blob_store(store, fd, 0, content.n, sha256, NULL, NULL, &e));
	close(fd);
	unlink(path);
	return sha256;
}

static inline struct dataset
new_dataset(int64_t org_id, const char *source_id, const char *state)
{
	struct dataset d = {.org_id = org_id,
	    .name = STR("My List"),
	    .type = STR("data_enrichment"),
	    .state = str_of(state),
	    .source_id = str_of(source_id)};
	uuid_make(d.dataset_id);
	WRITE(store_dataset_insert(store, &d, &e));
	return d;
}

static inline struct job
new_job(const char *kind, const char *dataset_id, const char *source_id)
{
	struct job j = {.org_id = 1,
	    .kind = str_of(kind),
	    .dataset_id = str_of(dataset_id),
	    .source_id = str_of(source_id),
	    .total = 100};
	WRITE(store_job_insert(store, &j, &e));
	return j;
}

static inline struct job
job_now(const char *job_id)
{
	struct job j;
	MUST(store_job_get(store, &j, 0, job_id, &arena, &e));
	return j;
}

#endif
