/* session.c: see session.h. */
#include "cli/session.h"
#include "base/limits.h"
#include "base/tree.h"
#include "cli/command.h"

bool
session_begin(struct session *s, const char *data, bool plugins, struct err *e)
{
	*s = (struct session){.data = data};
	caller_of_folder(&s->owner, 1);
	arena_init(&s->arena, MIB(256));
	tree_setup();
	return conf_load(&s->conf, data, &s->arena, e) &&
	       model_open(&s->model, data, &s->conf, plugins, e);
}

int
session_end(struct session *s, const char *name, bool good, const struct err *e)
{
	if (!good && e->at_line)
		fprintf(
		    stderr, "rowhouse %s: line %" PRIu64 ": %s\n", name, e->at_line, e->message);
	else if (!good)
		fprintf(stderr, "rowhouse %s: %s\n", name, e->message);
	/* First whatever still looks at files that the model has open. */
	arena_release(&s->arena);
	model_close(&s->model);
	return good ? EXIT_GOOD : EXIT_FAILED;
}
