/*
 * dataset.h: what the pages of one dataset share: where they stand (its tabs), what was just done
 * to its rows, and what its type's panels show.
 */
#ifndef ROWHOUSE_PAGES_DATASET_H
#define ROWHOUSE_PAGES_DATASET_H

#include "base/cells.h"
#include "pages/pages.h"

/* Begins a page with `dataset` and `tabs`; `tab` is the tab it is on: "rows", "changes", the name
 * of a view, or "" for none. */
bool page_begin_dataset(struct exchange *x, struct buf *b, struct jsonout *j,
    const struct dataset *d, const char *title, const char *tab, struct err *e) MUST_CHECK;

/* `change`: the one the address names (?change=7), or null; `change_at` and
 * `change_question`: the row it is about, for the way back. */
bool page_put_change(
    struct exchange *x, struct jsonout *j, struct dataset *d, struct err *e) MUST_CHECK;

/* The row a form came from, as a number from 1: `at` in what was posted, or (sent NULL) in the
 * address; 0: none. */
uint64_t page_at(struct exchange *x, const json_t *sent);
/* The question (question.h) whose rows the form came from, likewise: `question`. */
struct str page_question(struct exchange *x, const json_t *sent);
/* Leads back to the rows, with the notice of a change; 0: without one. */
void page_see_rows(struct exchange *x, const struct dataset *d, uint64_t at, struct str question,
    int64_t change_id);

/* A cell as pages print it, of at most `clip` bytes. */
void page_put_cell(struct jsonout *j, const struct cell *c, enum column_type type, size_t clip);

/* `view`: what the view filled in, or null; `view_about`, `view_form`, `view_template` (null: it
 * has none, and `readable` is there) and `view_error`, so that a view that fails takes no page
 * down. */
bool page_put_panel(struct exchange *x, struct jsonout *j, struct dataset *d, struct str name,
    struct err *e) MUST_CHECK;

#endif
