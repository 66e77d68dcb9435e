/*
 * engines.c: whether what is outside answers: the model of the settings, as the outbound process
 * saw it last (fcgi/outbound.c); see model.h.
 */
#include "model/model.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/tree.h"

#define SEEN_BYTES KIB(64)
#define OLD_SECONDS 180 /* it looks once a minute */

static struct engine
read_engine(const json_t *seen, struct arena *a)
{
	int64_t at = 0;
	struct engine engine = {.name = "model",
	    .model = arena_copy(a, tree_str(seen, "model")),
	    .state = arena_copy(a, tree_str(seen, "state")),
	    .reason = arena_copy(a, tree_str(seen, "reason"))};
	if (clock_parse(&at, tree_str(seen, "checked_at")))
		engine.checked_at = at;
	return engine;
}

bool
model_engines(
    struct model *m, const struct caller *c, struct engine *out, struct arena *a, struct err *e)
{
	struct err none = {0};
	struct str text;
	json_t *tree;
	if (!caller_may(c, RIGHT_READ, e))
		return false;
	*out = (struct engine){.name = "model", .model = str_of(m->conf->model_name)};
	if (!m->conf->model_url[0]) {
		out->state = STR("off");
		out->reason =
		    STR("no model is configured (model_url): only what needs none can be done");
		return true;
	}
	struct str path = arena_format(a, "%s/outbound/engines.json", m->data);
	if (file_read(&text, path.p, SEEN_BYTES, a, &none) && tree_parse(&tree, text, a, &none))
		*out = read_engine(json_array_get(json_object_get(tree, "engines"), 0), a);
	if (out->checked_at < clock_now_us() - (int64_t)OLD_SECONDS * 1000000) {
		out->state = STR("unknown");
		out->reason = STR("the outbound process does not run");
	}
	return true;
}
