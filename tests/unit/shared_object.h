/*
 * shared_object.h: plugins made on the spot, for the tests of the loader: C text to NAME.so, with
 * the compiler the tests themselves were built by.
 */
#ifndef ROWHOUSE_TEST_SHARED_OBJECT_H
#define ROWHOUSE_TEST_SHARED_OBJECT_H

#include "folder.h"

#include <spawn.h>

/* Runs a program to its end; true: it worked. */
static inline bool
run_program(const char *const *arguments)
{
	extern char **environ;
	pid_t pid;
	int status;
	/* posix_spawn() does not write to them, its type only says so. */
	char *const *argv = (char *const *)(uintptr_t)arguments;
	return posix_spawnp(&pid, arguments[0], NULL, NULL, argv, environ) == 0 &&
	       waitpid(pid, &status, 0) == pid && status == 0;
}

/* The folder fcgi/ of the sources this was compiled from. */
static inline const char *
source_folder(void)
{
	static char path[PATH_MAX];
	const char *end = strstr(__FILE__, "tests/unit/");
	snprintf(path, sizeof path, "-I%.*sfcgi", end ? (int)(end - __FILE__) : 0, __FILE__);
	return path;
}

/* FOLDER/NAME.so of this text, with one more argument for the compiler or NULL. */
static inline void
make_shared_object(const char *folder, const char *name, const char *text, const char *more)
{
	char source[PATH_MAX], object[PATH_MAX];
	if (snprintf(source, sizeof source, "%s/%s.c", folder, name) >= PATH_MAX ||
	    snprintf(object, sizeof object, "%s/%s.so", folder, name) >= PATH_MAX)
		abort();
	file_put(source, str_of(text));
	const char *const arguments[] = {"cc", "-std=c11", "-D_DEFAULT_SOURCE", source_folder(),
	    "-shared", "-fPIC", "-fvisibility=hidden", "-o", object, source, more, NULL};
	unlink(object);
	if (!run_program(arguments) || chmod(object, 0644) != 0) {
		fprintf(stderr, "%s cannot be compiled\n", source);
		abort();
	}
	unlink(source);
}

/* What every plugin's text begins with: the words of its copy of base/, which none of these has. */
#define PLUGIN_TEXT                                                                                \
	"#include \"plugin.h\"\n"                                                                  \
	"static struct shared_words own; struct shared_words *shared_words = &own;\n"              \
	"#define HEAD ROWHOUSE_PLUGIN_HEAD, .title = \"T\"\n"
/* The constant itself, with members of its own behind the head. */
#define PLUGIN_CONSTANT(members)                                                                   \
	"ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {HEAD, " members "};\n"

#endif
