/*
 * upload.h: a form with files that becomes a dataset, for every API that takes one.
 *
 * The body goes to a job that takes it apart; the request waits.  As soon as the text fields are
 * known they are checked, and the dataset is made as a draft, so that its rows are read while the
 * files are still being stored.  The answer goes out when they are durable: from then on the
 * dataset is there for everybody.
 */
#ifndef ROWHOUSE_UPLOAD_H
#define ROWHOUSE_UPLOAD_H

#include "api/exchange.h"

struct upload_kind {
	/* The text fields of the form, as an object of our own field names (dataset_request_check);
	 * the name of the first file, for those who name a dataset after it.  NULL: no memory. */
	json_t *(*fields)(struct exchange *x, json_t *form, struct str file_name);
	unsigned style; /* of the request, besides REQUEST_FORM */
	/* Everything is stored: answers. */
	bool (*answer)(
	    struct exchange *x, const struct dataset *d, const struct job *ingest, struct err *e);
};

/* Starts; the caller's handler returns what this returns. */
bool upload_begin(struct exchange *x, const struct upload_kind *kind, struct err *e) MUST_CHECK;

/* The text fields that came, for who draws their form again after a failure: NULL as long as they
 * are not known.  The exchange must be one that upload_begin() was called for. */
bool upload_sent(json_t **out, struct exchange *x, struct err *e) MUST_CHECK;

/* The same for files that become a data source and nothing else; `put` writes it.  `fields`: the
 * text fields that may come with them; NULL: whatever there is does not matter. */
bool source_upload_begin(struct exchange *x, void (*put)(struct jsonout *, const struct source *),
    const struct field *fields, struct err *e) MUST_CHECK;

/* For tables that are read by two APIs: a copy of the tree in which object members called
 * names[i].theirs are called names[i].ours, at every depth.  Freed with the arena; NULL: no memory.
 */
struct field_name {
	const char *theirs, *ours;
};
json_t *fields_rename(
    const json_t *tree, const struct field_name *names, size_t count, struct arena *a);

#endif
