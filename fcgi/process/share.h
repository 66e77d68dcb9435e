/*
 * share.h: where the files are that come with the program: templates/, static/, conf/.
 *
 * ROWHOUSE_SHARE when that is set; else beside the build folder of a checkout; else the
 * share/rowhouse next to the bin/ the program was installed in.
 */
#ifndef ROWHOUSE_SHARE_H
#define ROWHOUSE_SHARE_H

#include "base/err.h"

#include <limits.h>

/* The path of "templates", "conf/nginx.conf" ...; NOT_FOUND says where it was looked for. */
bool share_path(char out[PATH_MAX], const char *name, struct err *e) MUST_CHECK;

/* What was built with the program, "plugins" or "rowhouse-outbound": in the build folder of a
 * checkout, else in the lib/rowhouse next to its bin/.  NOT_FOUND: there is none. */
bool share_built(char out[PATH_MAX], const char *name, struct err *e) MUST_CHECK;

#endif
