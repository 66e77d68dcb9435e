/* site.h: addresses about the server itself. */
#ifndef ROWHOUSE_SITE_H
#define ROWHOUSE_SITE_H

#include "api/exchange.h"

handler_fn site_health, site_ready, site_version, site_limits, site_metrics;

#endif
