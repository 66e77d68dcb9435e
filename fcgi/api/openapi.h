/*
 * openapi.h: /openapi.json: every address as OpenAPI 3.1, made of the tables that the requests are
 * held against: routes.c, the forms of our own API, and those of the types that are loaded.
 */
#ifndef ROWHOUSE_OPENAPI_H
#define ROWHOUSE_OPENAPI_H

#include "api/exchange.h"

handler_fn openapi_document;

/* The document itself, also for the page that shows it. */
void openapi_write(struct jsonout *j, const struct app *app, const char *base_url);

#endif
