/*
 * pages.h: what people see.  A page is a template (templates/NAME.xhtml) drawn over JSON: the same
 * objects that our own API answers with, and `page`, which every page has.
 */
#ifndef ROWHOUSE_PAGES_H
#define ROWHOUSE_PAGES_H

#include "api/exchange.h"
#include "base/form.h"

/* account.c, keys.c, users.c, audit.c */
handler_fn page_account, page_password_post, page_keys, page_key_new, page_key_new_post,
    page_key_revoke_post, page_users, page_user, page_user_new, page_user_new_post, page_user_post,
    page_user_disable_post, page_user_enable_post, page_user_link_post, page_audit;
handler_fn page_home, page_sign_in, page_sign_in_post, page_sign_out, page_welcome,
    page_welcome_post, page_datasets, page_dataset, page_dataset_delete, page_dataset_delete_post,
    page_sources, page_source_delete_post, page_jobs, page_job, page_job_cancel_post, page_types,
    page_docs;
/* export.c */
handler_fn page_export, page_export_post, page_job_file;
/* reading.c */
handler_fn page_reading, page_reading_post;
/* new.c */
handler_fn page_new, page_new_type, page_new_type_post;
/* rows.c, changes.c */
handler_fn page_row, page_row_new, page_row_new_post, page_row_edit, page_row_edit_post,
    page_row_delete, page_row_delete_post, page_changes, page_change_undo_post;
/* tasks.c, views.c */
handler_fn page_task, page_task_post, page_site_task, page_site_task_post, page_view,
    page_site_view;

/* The page of an err; a page that needs a key leads to the sign-in instead. */
void page_error(struct exchange *x, const struct err *e);

/* The form of a new dataset once more, with what it sent and what was wrong with that; false: not
 * something the form can put right. */
bool page_new_again(struct exchange *x, const struct err *wrong) MUST_CHECK;
/* What the page of an empty server needs to take the first file, as the form of a new dataset does:
 * `type`, `slots`, `limits`. */
void page_put_first(struct jsonout *j, const struct registry *r);
/* `again`: {type, takes_file}, where one that failed is made once more; null: a dataset of this
 * type cannot be made here, or not by whoever asks. */
void page_put_again(struct exchange *x, struct jsonout *j, struct str type);

/* A form that was posted, as the tree its names mean (form_tree). */
bool page_form(
    json_t **out, struct exchange *x, const struct url_parameters *form, struct err *e) MUST_CHECK;
/* The form of the request's body. */
bool page_posted(json_t **out, struct exchange *x, struct err *e) MUST_CHECK;

/* What names one sending of a form with a field `once`, which was made when the form was drawn;
 * what was filled in counts as well, because who comes back to the form sends another.  Empty:
 * without `once`. */
bool page_once(struct str *out, struct exchange *x, const json_t *sent, struct err *e) MUST_CHECK;
/* For what has no such names of its own: of a form that is sent twice, by an impatient click, the
 * second is answered as the first was, or (*answered) led to `meanwhile` while that still runs.
 * Only what sets keep_nothing to false again is kept. */
bool page_begin_once(struct exchange *x, json_t *sent, bool *answered, const char *meanwhile,
    struct err *e) MUST_CHECK;
/* `once`, for the form that is drawn. */
void page_put_once(struct jsonout *j);

/* The failure is one that the person at the form can mend: the form is drawn again with it. */
bool page_can_mend(const struct err *e);
/* `form`: the fields, filled in with what was sent; `error`: what is wrong, or null, when it is
 * about none of them.  sent and wrong may be NULL. */
void page_put_form(
    struct jsonout *j, const struct field *table, const json_t *sent, const struct err *wrong);

/* Begins the JSON of a page: an open object with `page` in it. */
void page_begin(
    struct exchange *x, struct buf *b, struct jsonout *j, const char *title, const char *nav);
/* Ends the object and draws the template. */
bool page_draw(struct exchange *x, int status, struct buf *b, struct jsonout *j,
    const char *template, struct err *e) MUST_CHECK;

#endif
