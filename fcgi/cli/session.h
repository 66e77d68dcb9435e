/*
 * session.h: what every command that works on a data folder begins and ends with, whether a server
 * runs on it or not.  Such commands are the model's callers like any API, with the rights of the
 * folder's owner, and take the same locks.
 */
#ifndef ROWHOUSE_SESSION_H
#define ROWHOUSE_SESSION_H

#include "model/model.h"

struct session {
	struct arena arena;
	struct conf conf;
	struct model model;
	struct caller owner; /* of the first organisation */
	const char *data;
};

/* `plugins`: datasets are made or worked on. */
bool session_begin(struct session *s, const char *data, bool plugins, struct err *e) MUST_CHECK;
/* Says what went wrong on stderr; the exit status. */
int session_end(struct session *s, const char *name, bool good, const struct err *e);

#endif
