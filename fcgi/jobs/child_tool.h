/* child_tool.h: host_tool() in a job's child; see child_tool.c. */
#ifndef ROWHOUSE_CHILD_TOOL_H
#define ROWHOUSE_CHILD_TOOL_H

#include "plugin.h"

/* Whether the job is to stop; then with the err. */
typedef bool child_stopped_fn(const struct host *h, struct err *e);

/* How long it may run. */
uint32_t child_tool_seconds(const struct host_tool *t);
bool child_tool(const struct host *h, struct host_tool *t, const struct rowhouse_plugin *plugin,
    child_stopped_fn *stopped, struct err *e) MUST_CHECK;

#endif
