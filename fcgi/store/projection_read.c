/* projection_read.c: mapping projections; see projection.h. */
#include "store/projection.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Mappings that nobody uses are kept up to this. */
#define CACHE_MAPPINGS 128

/* ---- the form of the file ---- */

bool
projection_layout(struct projection_layout *out, const struct projection_head *h)
{
	uint64_t at = sizeof *h;
	bool placed = h->type < COLUMN__MAX && key_has_place((enum column_type)h->type);
	*out = (struct projection_layout){.id_bytes = h->values <= UINT8_MAX    ? 1
						      : h->values <= UINT16_MAX ? 2
										: 4};
	if (h->unfit) {
		out->bytes = at;
		return true;
	}
	if (h->span > UINT32_MAX || h->rows > h->span || h->key_bytes > UINT32_MAX)
		return false;
	const struct part {
		uint64_t *at, count, size;
	} parts[] = {
	    {&out->places, placed ? h->class_end[KEY_VALUE] : 0, sizeof(double)},
	    {&out->starts, (uint64_t)h->values + 1, sizeof(uint32_t)},
	    {&out->offsets, (uint64_t)h->values + 1, sizeof(uint32_t)},
	    {&out->order, h->rows, sizeof(uint32_t)},
	    {&out->ids, h->span, out->id_bytes},
	    {&out->keys, h->key_bytes, 1},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		*parts[i].at = at;
		at = (at + parts[i].count * parts[i].size + 7) / 8 * 8;
	}
	out->bytes = at;
	return true;
}

void
projection_at(struct projection *out, const char *map, const struct projection_layout *l)
{
	memcpy(&out->head, map, sizeof out->head);
	out->places = l->starts > l->places ? (const void *)(map + l->places) : NULL;
	out->starts = (const void *)(map + l->starts);
	out->offsets = (const void *)(map + l->offsets);
	out->order = (const void *)(map + l->order);
	out->ids = map + l->ids;
	out->id_bytes = l->id_bytes;
	out->keys = map + l->keys;
}

uint32_t
projection_checksum(const char *map, uint64_t bytes)
{
	struct projection_head h;
	memcpy(&h, map, sizeof h);
	h.checksum = 0;
	uLong sum = crc32_z(0, (const unsigned char *)&h, sizeof h);
	return (uint32_t)crc32_z(
	    sum, (const unsigned char *)map + sizeof h, (size_t)bytes - sizeof h);
}

uint32_t
projection_find(const struct projection *p, struct str key, bool *same)
{
	uint32_t low = 0, high = p->head.values;
	*same = false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = key_compare(projection_key(p, middle), key);
		if (order == 0) {
			*same = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- mapping ---- */

struct mapping {
	struct projection projection;
	char *path; /* NULL: the name has another file now */
	char *map;
	uint64_t bytes;
	struct stat st; /* of the file when its checksum was looked at */
	size_t users;
	uint64_t used;
	struct mapping *next;
};

struct projection_cache {
	struct mapping *first;
	size_t count;
	uint64_t clock;
};

struct projection_cache *
projection_cache_new(void)
{
	return calloc(1, sizeof(struct projection_cache));
}

static void
mapping_free(struct mapping *m)
{
	munmap(m->map, m->bytes);
	free(m->path);
	free(m);
}

void
projection_cache_free(struct projection_cache *c)
{
	while (c && c->first) {
		struct mapping *m = c->first;
		c->first = m->next;
		mapping_free(m);
	}
	free(c);
}

/* Lets go of those whose name has another file, and of the one unused longest when there are too
 * many. */
static void
prune(struct projection_cache *c)
{
	struct mapping **oldest = NULL;
	for (struct mapping **at = &c->first; *at;) {
		struct mapping *m = *at;
		if (m->users == 0 && !m->path) {
			*at = m->next;
			c->count--;
			mapping_free(m);
			/* What pointed into it may be gone: look at all of them again. */
			oldest = NULL;
			at = &c->first;
			continue;
		}
		if (m->users == 0 && (!oldest || m->used < (*oldest)->used))
			oldest = at;
		at = &m->next;
	}
	if (c->count > CACHE_MAPPINGS && oldest) {
		struct mapping *m = *oldest;
		*oldest = m->next;
		c->count--;
		mapping_free(m);
	}
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Every number in it is believed after this. */
static bool
is_whole(const char *map, uint64_t bytes, struct projection_layout *l)
{
	struct projection_head h;
	if (bytes < sizeof h)
		return false;
	memcpy(&h, map, sizeof h);
	return h.magic == PROJECTION_MAGIC && h.version == PROJECTION_VERSION && h.bytes == bytes &&
	       projection_layout(l, &h) && l->bytes == bytes &&
	       projection_checksum(map, bytes) == h.checksum;
}

/* *out NULL: there is none that is whole. */
static bool
map_file(struct mapping **out, const char *path, struct err *e)
{
	struct stat st;
	struct projection_layout l;
	*out = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT || FAIL_ERRNO(e, "a projection cannot be opened");
	bool good = fstat(fd, &st) == 0;
	char *map = good && st.st_size > 0
			? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0)
			: MAP_FAILED;
	close(fd);
	if (good && st.st_size == 0)
		return true;
	if (map == MAP_FAILED)
		return FAIL_ERRNO(e, "a projection cannot be read");
	struct mapping *m = calloc(1, sizeof *m);
	char *copy = strdup(path);
	if (!m || !copy || !is_whole(map, (uint64_t)st.st_size, &l)) {
		bool memory = m && copy;
		munmap(map, (size_t)st.st_size);
		free(m);
		free(copy);
		if (memory)
			log_info("%s is damaged and will be made anew", path);
		return memory || FAIL(e, UNAVAILABLE, "out of memory");
	}
	*m = (struct mapping){.path = copy, .map = map, .bytes = (uint64_t)st.st_size, .st = st};
	projection_at(&m->projection, map, &l);
	*out = m;
	return true;
}

void
projection_cache_prune(struct projection_cache *c)
{
	struct stat st;
	for (struct mapping *m = c->first; m; m = m->next)
		if (m->path && (stat(m->path, &st) != 0 || !is_same_file(&st, &m->st))) {
			free(m->path);
			m->path = NULL;
		}
	prune(c);
}

static void
let_go(void *p)
{
	struct mapping *m = p;
	m->users--;
}

bool
projection_use(const struct projection **out, struct projection_cache *c, const char *path,
    int64_t generation, const struct column *column, struct arena *a, struct err *e)
{
	struct stat st;
	*out = NULL;
	struct mapping *m = c->first;
	while (m && !(m->path && strcmp(m->path, path) == 0))
		m = m->next;
	bool there = stat(path, &st) == 0;
	if (m && (!there || !is_same_file(&st, &m->st))) {
		free(m->path);
		m->path = NULL;
		m = NULL;
	}
	if (!there)
		return true;
	if (!m) {
		if (!map_file(&m, path, e))
			return false;
		if (!m)
			return true;
		m->next = c->first;
		c->first = m;
		c->count++;
	}
	const struct projection_head *h = &m->projection.head;
	if (h->generation != generation || h->column_id != column->column_id ||
	    h->type != (uint32_t)column->type)
		return true;
	m->users++;
	m->used = ++c->clock;
	arena_defer(a, let_go, m);
	prune(c);
	*out = &m->projection;
	return true;
}
