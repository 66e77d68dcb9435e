/* arena.c: blocks of malloc, newest first; see arena.h. */
#include "base/arena.h"
#include "base/log.h"
#include "base/shared.h"

#include <assert.h>

#define BLOCK_BYTES ((size_t)16384)
#define ALIGNMENT 16

/* Its bytes follow it, aligned as malloc aligns the block. */
struct arena_block {
	struct arena_block *older;
	size_t used, size; /* size: the block itself included */
	size_t gap;
};
_Static_assert(sizeof(struct arena_block) % ALIGNMENT == 0, "the bytes behind it are aligned");

struct arena_deferred {
	struct arena_deferred *older;
	void (*fn)(void *);
	void *p;
};

void
arena_init(struct arena *a, size_t limit)
{
	assert(limit >= 4096);
	*a = (struct arena){.limit = limit};
}

/* A process does one task at a time, so one boundary serves all its arenas. */
void
arena_set_boundary(jmp_buf *env)
{
	shared_words->boundary = env;
}

bool
arena_over_limit(void)
{
	return shared_words->over_limit;
}

/* The task cannot go on: back to its boundary. */
NO_RETURN static void
exhausted(const struct arena *a, bool limit)
{
	shared_words->over_limit = limit;
	if (!shared_words->boundary) {
		log_error("out of memory (%zu bytes in use)", a->used);
		exit(EXIT_MEMORY);
	}
	longjmp(*shared_words->boundary, 1);
}

static void
run_deferred(struct arena *a, struct arena_deferred *until)
{
	while (a->deferred != until) {
		struct arena_deferred *d = a->deferred;
		a->deferred = d->older;
		d->fn(d->p);
	}
}

static void
free_blocks(struct arena *a, struct arena_block *until)
{
	while (a->block != until) {
		struct arena_block *b = a->block;
		a->block = b->older;
		a->used -= b->size;
		free(b);
	}
}

void
arena_release(struct arena *a)
{
	run_deferred(a, NULL);
	free_blocks(a, NULL);
}

static void
add_block(struct arena *a, size_t n)
{
#ifdef ARENA_DEBUG
	/* Every allocation its own malloc of its own size, so that the sanitizer sees overruns. */
	size_t size = n;
#else
	size_t size = n > BLOCK_BYTES / 4 ? n : BLOCK_BYTES;
#endif
	size_t total;
	if (__builtin_add_overflow(size, sizeof(struct arena_block), &total) ||
	    total > a->limit - a->used) {
		exhausted(a, true);
	}
	struct arena_block *b = malloc(total);
	if (!b)
		exhausted(a, false);
	*b = (struct arena_block){.older = a->block, .size = total};
	a->block = b;
	a->used += total;
}

#ifndef ARENA_DEBUG
static size_t
block_room(const struct arena_block *b)
{
	return b->size - sizeof *b - b->used;
}
#endif

void *
arena_alloc(struct arena *a, size_t n)
{
	size_t rounded;
	if (__builtin_add_overflow(n, ALIGNMENT - 1, &rounded)) {
		exhausted(a, true);
	}
	rounded &= ~(size_t)(ALIGNMENT - 1);
#ifdef ARENA_DEBUG
	add_block(a, rounded = n);
#else
	if (!a->block || block_room(a->block) < rounded)
		add_block(a, rounded);
#endif
	char *p = (char *)(a->block + 1) + a->block->used;
	a->block->used += rounded;
	memset(p, 0, n);
	return p;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	size_t n;
	if (__builtin_mul_overflow(count, size, &n)) {
		exhausted(a, true);
	}
	return arena_alloc(a, n);
}

char *
arena_text(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

struct str
arena_copy(struct arena *a, struct str s)
{
	return (struct str){arena_text(a, s), s.n};
}

struct str
arena_format_list(struct arena *a, const char *format, va_list list)
{
	char text[256];
	va_list again;
	va_copy(again, list);
	int n = vsnprintf(text, sizeof text, format, again);
	va_end(again);
	assert(n >= 0);
	char *p = arena_alloc(a, (size_t)n + 1);
	if ((size_t)n < sizeof text)
		memcpy(p, text, (size_t)n);
	else
		vsnprintf(p, (size_t)n + 1, format, list);
	return (struct str){p, (size_t)n};
}

struct str
arena_format(struct arena *a, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	struct str s = arena_format_list(a, format, list);
	va_end(list);
	return s;
}

void
arena_defer(struct arena *a, void (*fn)(void *), void *p)
{
	struct arena_deferred *d = arena_alloc(a, sizeof *d);
	*d = (struct arena_deferred){.older = a->deferred, .fn = fn, .p = p};
	a->deferred = d;
}

struct arena_mark
arena_mark(struct arena *a)
{
	return (struct arena_mark){a->block, a->block ? a->block->used : 0, a->deferred};
}

void
arena_reset(struct arena *a, struct arena_mark mark)
{
	run_deferred(a, mark.deferred);
	free_blocks(a, mark.block);
	if (a->block)
		a->block->used = mark.block_used;
}
