/* bad_form.c: a plugin the loader must refuse; tests/http/plugins.test.mjs says why. */
#include "plugin.h"

static const struct field form[] = {{"flavour", "Flavour", .kind = FIELD_CHOICE}, {0}};
static bool
ingest(const struct host *h, const struct value *v, struct err *e)
{
	(void)h;
	(void)v;
	return FAIL(e, SYSTEM, "never called");
}
static const struct plugin_type types[] = {
    {.name = "bad_form", .title = "A choice without choices", .form = form, .ingest = ingest}, {0}};
ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {
    ROWHOUSE_PLUGIN_HEAD, .name = "bad_form", .title = "A choice without choices", .types = types};
