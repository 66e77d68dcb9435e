/*
 * accounts.h: what the pages about accounts share: a role in a sentence, the rows of a list of
 * keys.
 */
#ifndef ROWHOUSE_PAGES_ACCOUNTS_H
#define ROWHOUSE_PAGES_ACCOUNTS_H

#include "pages/pages.h"

/* "Viewer: sees everything, changes nothing"; account.c. */
const char *role_label(struct str role);

/* `keys`: [{key, datasets: [{id, name}], more}] for part-keys.xhtml; keys.c. */
bool put_key_rows(struct jsonout *j, struct exchange *x, const struct key *list, size_t count,
    struct err *e) MUST_CHECK;

#endif
