/* setup.h: what the first start of a data folder makes. */
#ifndef ROWHOUSE_SETUP_H
#define ROWHOUSE_SETUP_H

#include "base/err.h"

/* Makes the admin key when there is none yet: it is then in `key`, and in DATA/admin.key. */
bool model_admin_key(const char *data, bool *made, char key[80], struct err *e) MUST_CHECK;

#endif
