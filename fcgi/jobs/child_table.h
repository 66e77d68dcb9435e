/*
 * child_table.h: the core's own reader of tables at work in a job's child: an ingest reads a file
 * whole, a preview its beginning.  Both as the options say that came with MESSAGE_BEGIN.
 */
#ifndef ROWHOUSE_CHILD_TABLE_H
#define ROWHOUSE_CHILD_TABLE_H

#include "jobs/child_host.h"

/* All rows of the one file there is, to the writer; how it was read is MESSAGE_FOUND. */
bool child_read_table(struct child_host *c, const json_t *begin, struct err *e) MUST_CHECK;

/*
 * What the file would be, as the child's answer: an object with
 *   found     how it is read (formats/options.h)
 *   columns   [{from, name, type, chosen, keep}]
 *   rows      [{line, cells, absent}] of the first LIMIT_PREVIEW_ROWS
 *   lines     [{line, text}] as they stand in the file: the first, and those of findings
 *   findings  [{line, column, code, message}], finding_counts [{code, count}]
 *   records, repaired, skipped, whole (all of the file was looked at), bytes (of it that were)
 *   error     {message, line}, when it cannot be read like this, else null
 */
bool child_preview_table(struct child_host *c, const json_t *begin, struct err *e) MUST_CHECK;

#endif
