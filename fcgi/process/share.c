/* share.c: see share.h. */
#include "process/share.h"

#include <unistd.h>

/* The folder of the running program, without a slash at its end. */
static bool
program_folder(char out[PATH_MAX], struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
	if (n <= 0)
		return FAIL_ERRNO(e, "/proc/self/exe cannot be read");
	out[n] = 0;
	char *slash = strrchr(out, '/');
	if (!slash || slash == out)
		return FAIL(e, SYSTEM, "the program is in no folder");
	*slash = 0;
	return true;
}

/* The program lies in the build folder of a checkout. */
static bool
is_checkout(const char *program)
{
	const char *folder = strrchr(program, '/');
	return folder && strncmp(folder, "/build", 6) == 0;
}

bool
share_path(char out[PATH_MAX], const char *name, struct err *e)
{
	char program[PATH_MAX];
	const char *share = getenv("ROWHOUSE_SHARE");
	if (share && *share) {
		if (snprintf(out, PATH_MAX, "%s/%s", share, name) < PATH_MAX &&
		    access(out, R_OK) == 0)
			return true;
		return FAIL(e, NOT_FOUND, "ROWHOUSE_SHARE is %.200s, but there is no %s in it",
		    share, name);
	}
	if (!program_folder(program, e))
		return false;
	const char *from = is_checkout(program) ? ".." : "../share/rowhouse";
	if (snprintf(out, PATH_MAX, "%s/%s/%s", program, from, name) < PATH_MAX &&
	    access(out, R_OK) == 0)
		return true;
	return FAIL(e, NOT_FOUND,
	    "%s is not in %.200s/%s, where it is looked for: set ROWHOUSE_SHARE to its folder",
	    name, program, from);
}

bool
share_built(char out[PATH_MAX], const char *name, struct err *e)
{
	char program[PATH_MAX];
	if (!program_folder(program, e))
		return false;
	const char *from = is_checkout(program) ? "." : "../lib/rowhouse";
	if (snprintf(out, PATH_MAX, "%s/%s/%s", program, from, name) < PATH_MAX &&
	    access(out, R_OK) == 0)
		return true;
	return FAIL(e, NOT_FOUND, "there is no %s in %.200s/%s", name, program, from);
}
