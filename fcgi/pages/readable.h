/*
 * readable.h: JSON that no template knows (a view without one, an estimate, a task's result), made
 * ready for templates/part-readable.xhtml: plain values as facts, arrays of objects as tables, the
 * rest as JSON text.  It is for people to read; programs ask the API.
 */
#ifndef ROWHOUSE_READABLE_H
#define ROWHOUSE_READABLE_H

#include "base/jsonout.h"

#include <jansson.h>

/* {"facts": [{name, text}], "tables": [{name, columns, rows: [{cells}], more}], "texts": [{name,
 * text}], "nothing": true when there is nothing to show} */
void put_readable(struct jsonout *j, const json_t *value);

#endif
