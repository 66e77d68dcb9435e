/* bad_major.c: a plugin the loader must refuse; tests/http/plugins.test.mjs says why. */
#include "plugin.h"

ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {.abi_major = ROWHOUSE_ABI_MAJOR + 1,
    .size = sizeof(struct rowhouse_plugin),
    .words = &shared_words,
    .name = "bad_major",
    .title = "Of another time"};
