/* roles.c: the commands that answer requests, run jobs and ask the world: web, cgi, jobs, outbound.
 */
#include "api/web.h"
#include "base/limits.h"
#include "cli/command.h"
#include "jobs/jobs.h"
#include "process/board.h"
#include "process/share.h"

#include <unistd.h>

static int
end(const char *name, bool good, const struct err *e)
{
	if (!good)
		fprintf(stderr, "rowhouse %s: %s\n", name, e->message);
	return good ? EXIT_GOOD : EXIT_FAILED;
}

enum { DATA, SLOT };

static const struct option web_table[] = {
    [DATA] = {"data", "DIR", NULL, "The data folder"},
    [SLOT] = {"slot", "N", "0", "Its place on the supervisor's board"},
    {0},
};

static const struct options web_options = {
    .usage = "web --data DIR --slot N",
    .about = "Answers FastCGI requests on descriptor 3; started by rowhouse up.",
    .table = web_table,
};

int
command_web(int argc, char **argv)
{
	struct command_line line;
	struct err e = {0};
	uint64_t slot;
	int status;
	if (!options_read(&line, &status, &web_options, argc, argv))
		return status;
	if (!line.value[DATA] ||
	    !options_number(&slot, "slot", line.value[SLOT], 0, BOARD_SLOTS - 1))
		return EXIT_USAGE;
	return end("web", web_run(line.value[DATA], (unsigned)slot, &e), &e);
}

static const struct option data_table[] = {
    [DATA] = {"data", "DIR", "data", "The data folder"},
    {0},
};

static const struct options jobs_options = {
    .usage = "jobs [--data DIR]",
    .about = "Runs the jobs of a data folder until it is stopped.  `rowhouse up` does it itself;\n"
	     "this is for plain CGI behind another web server.",
    .table = data_table,
};

int
command_jobs(int argc, char **argv)
{
	struct command_line line;
	struct err e = {0};
	int status;
	if (!options_read(&line, &status, &jobs_options, argc, argv))
		return status;
	return end("jobs", runner_run(line.value[DATA], &e), &e);
}

static const struct options outbound_options = {
    .usage = "outbound [--data DIR]",
    .about =
	"The only process with a network: it asks the model that is configured.  `rowhouse up`\n"
	"starts it itself when there is one; this is for a unit of its own.",
    .table = data_table,
};

int
command_outbound(int argc, char **argv)
{
	struct command_line line;
	struct err e = {0};
	int status;
	char program[PATH_MAX];
	if (!options_read(&line, &status, &outbound_options, argc, argv))
		return status;
	if (share_built(program, "rowhouse-outbound", &e)) {
		execl(program, program, line.value[DATA], (char *)NULL);
		FAIL_ERRNO(&e, "%s cannot be started", program);
	}
	return end("outbound", false, &e);
}

static const struct options cgi_options = {
    .usage = "cgi [--data DIR]",
    .about = "Answers the one request in the environment and on standard input (RFC 3875).",
    .table = data_table,
};

int
command_cgi(int argc, char **argv)
{
	struct command_line line;
	struct err e = {0};
	int status;
	if (!options_read(&line, &status, &cgi_options, argc, argv))
		return status;
	return end("cgi", cgi_run(line.value[DATA], &e), &e);
}
