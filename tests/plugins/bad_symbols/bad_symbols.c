/* bad_symbols.c: a plugin the loader must refuse; tests/http/plugins.test.mjs says why. */
#include "plugin.h"

ROWHOUSE_EXPORT extern int more_than_it_may;
ROWHOUSE_EXPORT int more_than_it_may = 1;
ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {
    ROWHOUSE_PLUGIN_HEAD, .name = "bad_symbols", .title = "Exports more than it may"};
