/*
 * conf.h: settings: DIR/rowhouse.conf, over it ROWHOUSE_* from the environment, over it the command
 * line (DESIGN section 2).  One table says their names, forms and defaults; conf/rowhouse.conf
 * explains them to the operator.
 */
#ifndef ROWHOUSE_CONF_H
#define ROWHOUSE_CONF_H

#include "base/arena.h"
#include "base/err.h"

/* X(name, form, default): TEXT, SECRET (a text for the outbound process alone), NUMBER (whole, at
 * least 0), SWITCH (on or off). */
#define CONF_TABLE(X)                                                                              \
	X(base_url, TEXT, "")        /* how the world reaches us; empty: as the request says */    \
	X(trusted_proxies, TEXT, "") /* whose X-Forwarded-For is believed, by spaces */            \
	X(quota_datasets, NUMBER, 0) /* per organisation; 0: no quota */                           \
	X(quota_bytes, NUMBER, 0)                                                                  \
	X(quota_rows, NUMBER, 0)                                                                   \
	X(sample_expires_s, NUMBER, 3600)                                                          \
	X(retention_days, NUMBER, 0) /* 0: datasets stay */                                        \
	X(audit_days, NUMBER, 365)   /* 0: the audit is kept for ever */                           \
	X(outbound_allow, TEXT, "")  /* private hosts the outbound process may reach */            \
	X(model_url, TEXT, "")                                                                     \
	X(model_key, SECRET, "")                                                                   \
	X(model_name, TEXT, "")                                                                    \
	X(rate_per_minute, NUMBER, 0) /* requests per key; 0: no limit */                          \
	X(cors_origins, TEXT, "")     /* separated by spaces; empty: none */                       \
	X(sandbox, SWITCH, true)

#define CONF_TYPE_TEXT const char *
#define CONF_TYPE_SECRET const char *
#define CONF_TYPE_NUMBER uint64_t
#define CONF_TYPE_SWITCH bool

struct conf {
#define X(name, form, preset) CONF_TYPE_##form name;
	CONF_TABLE(X)
#undef X
};

/* Reads DATA/rowhouse.conf (which may be missing) and the environment.  A fault names the file and
 * line, or the variable. */
bool conf_load(struct conf *c, const char *data, struct arena *a, struct err *e) MUST_CHECK;

/* What the command line says goes into the environment, which this process and all it starts read.
 * False: no memory. */
bool conf_override(const char *name, const char *value) MUST_CHECK;

/* Whether a variable of the environment ("NAME=value") is a SECRET setting. */
bool conf_is_secret(const char *variable);

#endif
