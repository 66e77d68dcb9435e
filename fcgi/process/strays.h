/*
 * strays.h: processes that lost their parent below this one: a helper program's own children, which
 * outlive it when it is killed.  Who starts such things takes their orphans in and ends them.
 */
#ifndef ROWHOUSE_STRAYS_H
#define ROWHOUSE_STRAYS_H

#include "base/base.h"

#include <sys/types.h>

/* From here on orphans below this process become its children. */
void strays_adopt(void);
/* Kills every child of this process but the `count` in `ours`, and reaps those that are dead.  Does
 * not wait.  True when there was none: what one leaves behind comes only when it is dead, so who
 * must be sure calls until then. */
bool strays_end(const pid_t *ours, size_t count);

#endif
