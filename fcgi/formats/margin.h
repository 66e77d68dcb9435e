/*
 * margin.h: lines of a CSV file that are no records: those above the table, comments, and the notes
 * below it.  The inner part of csv.c.
 */
#ifndef ROWHOUSE_MARGIN_H
#define ROWHOUSE_MARGIN_H

#include "formats/shape.h"

/* Steps over one line, however long. */
bool margin_skip_line(struct csv *c, struct err *e) MUST_CHECK;
/* Steps over so many, with a finding. */
bool margin_skip_preamble(struct csv *c, uint64_t lines, struct err *e) MUST_CHECK;
/* Whether the line at the window's start is a comment. */
bool margin_comment(struct csv *c, bool *comment, struct err *e) MUST_CHECK;
/* Whether the record at the window's start is one of the last lines. */
bool margin_footer(struct csv *c, bool *footer, struct err *e) MUST_CHECK;

#endif
