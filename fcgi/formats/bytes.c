/* bytes.c: see bytes.h. */
#include "formats/bytes.h"

static void
release(void *b)
{
	bytes_free(b);
}

void
bytes_init(struct bytes *b, struct arena *a)
{
	*b = (struct bytes){0};
	arena_defer(a, release, b);
}

void
bytes_free(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){0};
}

bool
bytes_grow(struct bytes *b, size_t n, struct err *e)
{
	size_t need, capacity = b->capacity < 1024 ? 1024 : b->capacity;
	if (__builtin_add_overflow(b->n, n, &need) || need > SIZE_MAX / 4)
		return FAIL(e, TOO_BIG, "a value is too large to be written");
	while (capacity < need)
		capacity += capacity / 2;
	char *p = realloc(b->p, capacity + BYTES_SLACK);
	if (!p)
		return FAIL(e, UNAVAILABLE, "there is not enough memory to write the file");
	b->p = p;
	b->capacity = capacity;
	return true;
}
