/* bad_template.c: a plugin the loader must refuse; tests/http/plugins.test.mjs says why. */
#include "plugin.h"

ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {
    ROWHOUSE_PLUGIN_HEAD, .name = "bad_template", .title = "A template that is no XML"};
