/* bad_minor.c: a plugin the loader must refuse; tests/http/plugins.test.mjs says why. */
#include "plugin.h"

ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {.abi_major = ROWHOUSE_ABI_MAJOR,
    .abi_minor = ROWHOUSE_ABI_MINOR + 1,
    .size = sizeof(struct rowhouse_plugin),
    .words = &shared_words,
    .name = "bad_minor",
    .title = "Of the future"};
