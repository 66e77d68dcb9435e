/*
 * pages.h: what people see.  A page is a template (templates/NAME.xhtml) drawn over JSON: the same
 * objects that our own API answers with, and `page`, which every page has.
 */
#ifndef ROWHOUSE_PAGES_H
#define ROWHOUSE_PAGES_H

#include "api/exchange.h"

handler_fn page_home, page_sign_in, page_sign_in_post, page_sign_out, page_welcome,
    page_welcome_post, page_datasets, page_upload, page_upload_post, page_dataset,
    page_dataset_export, page_dataset_delete, page_dataset_delete_post, page_sources,
    page_source_delete_post, page_jobs, page_job, page_job_cancel_post;

/* The page of an err; a page that needs a key leads to the sign-in instead. */
void page_error(struct exchange *x, const struct err *e);

/* The upload form once more, saying what was wrong with what it sent; false: not something the form
 * can put right. */
bool page_upload_again(struct exchange *x, const struct err *error) MUST_CHECK;

/* A form that was posted, as the tree its names mean (form_tree). */
bool page_form(
    json_t **out, struct exchange *x, const struct url_parameters *form, struct err *e) MUST_CHECK;
/* The form of the request's body. */
bool page_posted(json_t **out, struct exchange *x, struct err *e) MUST_CHECK;

/* Begins the JSON of a page: an open object with `page` in it. */
void page_begin(
    struct exchange *x, struct buf *b, struct jsonout *j, const char *title, const char *nav);
/* Ends the object and draws the template. */
bool page_draw(struct exchange *x, int status, struct buf *b, struct jsonout *j,
    const char *template, struct err *e) MUST_CHECK;

#endif
