/* bad_name.c: a plugin the loader must refuse; tests/http/plugins.test.mjs says why. */
#include "plugin.h"

ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {
    ROWHOUSE_PLUGIN_HEAD, .name = "custom", .title = "Takes another's name"};
