/* shared.c: see shared.h. */
#include "base/shared.h"

static struct shared_words own = {.log_role = "rowhouse"};
struct shared_words *shared_words = &own;
