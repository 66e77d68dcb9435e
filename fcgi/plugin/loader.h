/*
 * loader.h: one plugin from its file, or the reason why not.
 *
 * Before any of its code runs: the folder and the file belong to root or to the user the server
 * runs as, nobody else may write them, it exports one symbol, and its ABI is one the core knows.
 * Then it is mapped (RTLD_NOW, RTLD_LOCAL), and its tables are read.  A plugin is never unloaded.
 */
#ifndef ROWHOUSE_LOADER_H
#define ROWHOUSE_LOADER_H

#include "base/arena.h"
#include "plugin.h"

/* FOLDER/NAME.so.  The plugin is a copy in the arena as long as the core's struct, what an older
 * one lacks is zero.  Errors say what whoever installs it must do. */
bool plugin_load(const struct rowhouse_plugin **out, const char *folder, const char *name,
    struct arena *a, struct err *e) MUST_CHECK;

/* [a-z][a-z0-9_]*, at most 40 bytes: names of plugins, types, tasks, views ... */
bool plugin_is_name(const char *name);

/* Its tables have what every table must have; used by plugin_load() and tests. */
bool plugin_check(const struct rowhouse_plugin *p, const char *name, struct err *e) MUST_CHECK;

#endif
