/*
 * shared.h: the few words of base/ that belong to a process and not to a call: where arenas unwind
 * to, the role in the log, what jansson holds.  They are the only variables of base/.
 *
 * A plugin is linked with a copy of base/ of its own.  Before it runs, its loader points the copy's
 * `shared_words` at the core's, so that both halves of the process unwind to the same place and
 * count in the same numbers.
 */
#ifndef ROWHOUSE_SHARED_H
#define ROWHOUSE_SHARED_H

#include "base/base.h"

#include <setjmp.h>

struct shared_words {
	jmp_buf *boundary;    /* arena.c: where to when memory runs out, or NULL */
	bool over_limit;      /* arena.c: it was the task's limit, not the machine's memory */
	const char *log_role; /* log.c */
	size_t live_bytes;    /* tree.c: what jansson holds */
	bool is_limited;      /* tree.c: a user's text is being parsed */
	bool was_refused,
	    no_memory; /* tree.c: since the parse began: by the limit, by the machine */
};

extern struct shared_words *shared_words;

#endif
