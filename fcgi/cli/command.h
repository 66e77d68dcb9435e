/*
 * command.h: what `rowhouse NAME ...` can be: commands for people, and roles, the processes that
 * the program starts of itself (process/spawn.h).  main.c has the one table of both.
 *
 * argv[0] is the name; each reads the rest with options.h and returns the exit status: 0 it worked,
 * 1 it failed and said why, 2 it was called wrongly.
 */
#ifndef ROWHOUSE_COMMAND_H
#define ROWHOUSE_COMMAND_H

#include "cli/options.h"

int command_up(int argc, char **argv);
int command_import(int argc, char **argv);
int command_export(int argc, char **argv);
int command_jobs(int argc, char **argv);
int command_outbound(int argc, char **argv);
int command_key(int argc, char **argv);
int command_user(int argc, char **argv);
int command_org(int argc, char **argv);
int command_plugins(int argc, char **argv);
int command_cgi(int argc, char **argv);

int command_web(int argc, char **argv);
int command_writer(int argc, char **argv);
int command_child(int argc, char **argv);
int command_task(int argc, char **argv);
int command_undo(int argc, char **argv);
int command_preview(int argc, char **argv);
int command_project(int argc, char **argv);
int command_split(int argc, char **argv);
int command_append(int argc, char **argv);
int command_export_worker(int argc, char **argv);
int command_nginx(int argc, char **argv);

/* verbs.c: `rowhouse PLUGIN VERB ...`, or the alias of a verb; argv[0] is the first word.  False:
 * there is nothing of that name. */
bool verb_run(int *status, int argc, char **argv);
/* Lines for the help, of all plugins ("") or one. */
void verb_list(const char *plugin);

#endif
