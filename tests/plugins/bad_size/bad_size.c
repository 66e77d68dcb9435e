/* bad_size.c: a plugin the loader must refuse; tests/http/plugins.test.mjs says why. */
#include "plugin.h"

ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {.abi_major = ROWHOUSE_ABI_MAJOR,
    .size = sizeof(struct rowhouse_plugin) + 4096,
    .words = &shared_words,
    .name = "bad_size",
    .title = "Lies about its size"};
