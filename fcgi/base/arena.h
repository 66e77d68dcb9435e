/*
 * arena.h: memory of one task: a request, a job, or (between mark and reset) a row.
 *
 * Nothing is freed by hand: everything goes at arena_release().  Things that are not memory
 * (statements, trees, descriptors, locks) join by arena_defer() and go in reverse order.
 *
 * Allocation never returns NULL.  When the task's limit is reached or the machine has no memory,
 * control unwinds to the task's boundary: the place that called arena_guard().  Without one the
 * process ends with a message; only start-up code and the processes of a job may do that.
 */
#ifndef ROWHOUSE_ARENA_H
#define ROWHOUSE_ARENA_H

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>

struct arena_block;
struct arena_deferred;

struct arena {
	struct arena_block *block;       /* newest first */
	struct arena_deferred *deferred; /* newest first */
	size_t used, limit;              /* bytes asked of malloc; the task's limit */
};

/* `limit` in bytes, at least 4096. */
void arena_init(struct arena *a, size_t limit);
/* Runs what was deferred, frees everything.  The arena can be used again. */
void arena_release(struct arena *a);

/*
 * Sets the process's boundary: 0 at first, 1 when memory ran out in any arena since.  Must be
 * called in a function that does not return before the task ends, like setjmp(3), which it is; the
 * next task sets it anew.  arena_unguard() takes it away.
 */
#define arena_guard(env) (arena_set_boundary(&(env)), setjmp(env))
#define arena_unguard() arena_set_boundary(NULL)
void arena_set_boundary(jmp_buf *env);
/* Why the boundary was reached: the task's own limit (true) or the machine's memory. */
bool arena_over_limit(void);

/* Zeroed, aligned for any type, until release or the reset of an older mark. */
void *arena_alloc(struct arena *a, size_t n);
/* Room for `count` things of `size` bytes; the product is checked. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* A NUL-ended copy. */
char *arena_text(struct arena *a, struct str s);
struct str arena_copy(struct arena *a, struct str s);
struct str arena_format(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);
struct str arena_format_list(struct arena *a, const char *format, va_list list) PRINTF_LIKE(2, 0);

void arena_defer(struct arena *a, void (*fn)(void *), void *p);

/* A point to go back to: what was allocated or deferred since is released by arena_reset(). */
struct arena_mark {
	struct arena_block *block;
	size_t block_used;
	struct arena_deferred *deferred;
};
struct arena_mark arena_mark(struct arena *a);
void arena_reset(struct arena *a, struct arena_mark mark);

#endif
