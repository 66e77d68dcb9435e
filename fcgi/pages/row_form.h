/*
 * row_form.h: one row as a form: an input for each column, and what was posted read back.
 *
 * Beside each cell the form carries a digest of what the person saw (`was`), so that only what they
 * changed is written, and so that, when somebody else was quicker, it is known who changed what.
 * Cells that an input cannot hold without changing them are left out and said (`held`).
 */
#ifndef ROWHOUSE_ROW_FORM_H
#define ROWHOUSE_ROW_FORM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "store/rows.h"

#include <jansson.h>

struct row_form {
	const struct column *columns;
	size_t count;
	const struct row *row;   /* as it is stored now; NULL: one that is to be made */
	const json_t *sent;      /* what was posted, or NULL */
	const struct err *wrong; /* or NULL; PRECONDITION: somebody else was quicker */
};

/* `form`, for r:form; `was`: [{id, digest}]; `held`: [{name, bytes}] and `held_more`: how many
 * columns are not in the form. */
void row_form_put(struct jsonout *j, const struct row_form *f);

/* The cells that the model is to write, as model_rows_add() and model_row_set() take them as text;
 * an empty object: nothing was changed.  UNPROCESSABLE with the input's field. */
bool row_form_read(
    json_t **cells, const struct row_form *f, struct arena *a, struct err *e) MUST_CHECK;

#endif
