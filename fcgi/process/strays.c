/* strays.c: see strays.h. */
#define _GNU_SOURCE
#include "process/strays.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void
strays_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static bool
is_ours(pid_t pid, const pid_t *ours, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ours[i] == pid)
			return true;
	return false;
}

bool
strays_end(const pid_t *ours, size_t count)
{
	char path[64];
	int pid;
	bool none = true;
	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	FILE *f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1) {
		if (is_ours(pid, ours, count))
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, WNOHANG);
		none = false;
	}
	if (f)
		fclose(f);
	return none;
}
