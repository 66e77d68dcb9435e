/* up.c: `rowhouse up`: nginx and the core in the foreground; and the role that becomes nginx. */
#include "base/conf.h"
#include "base/limits.h"
#include "cli/command.h"
#include "model/setup.h"
#include "process/nginx.h"
#include "process/supervisor.h"

enum { PORT, SOCKET, DATA, LOG, SETTINGS };

static const struct option up_table[] = {
    [PORT] = {"port", "N", "8080", "Port on 127.0.0.1; 0 takes any free one"},
    [SOCKET] = {"socket", "PATH", NULL, "Listen on a unix socket instead of a port"},
    [DATA] = {"data", "DIR", "data", "Folder of everything that is kept; made when missing"},
    [LOG] = {"log", "-", NULL, "Log to standard error instead of DIR/log"},
/* Every setting can be given here too; conf/rowhouse.conf says what each means. */
#define X(name, form, preset) {#name, #form, NULL, "Setting, as in rowhouse.conf"},
    CONF_TABLE(X)
#undef X
	{0},
};

static const struct options up_options = {
    .usage = "up [options]",
    .about =
	"Starts nginx and the core on a folder of data and stays in the foreground.  Prints the\n"
	"address when it answers there and, the first time, a link to sign in with and where the\n"
	"key for programs is.  Ctrl-C ends it.",
    .table = up_table,
};

/* What somebody needs to come in the first time; said as long as nobody has a password. */
static bool
say_first_start(const struct conf *conf, const char *data, const char *url, struct err *e)
{
	struct first_start made;
	if (!model_first_start(&made, data, e))
		return false;
	/* A browser cannot go to the path of a socket; whoever put a proxy there knows its name. */
	if (conf->base_url[0] || strncmp(url, "unix:", 5) == 0)
		url = conf->base_url;
	if (made.made_key)
		printf("A key for programs is in %s/admin.key: it may do everything.\n", data);
	if (made.token[0])
		printf("Sign in once with this link, good for %d hours: %s/welcome?token=%s\n",
		    LIMIT_LINK_HOURS, url, made.token);
	fflush(stdout);
	return true;
}

/* A slip in the settings is told here, where somebody reads it, not in every child's log.  The
 * context is the arena they are kept in. */
static bool
first_start(void *context, const char *data, const char *url, struct wishes *wishes, struct err *e)
{
	struct conf conf;
	if (!conf_load(&conf, data, context, e))
		return false;
	*wishes = (struct wishes){conf.model_url[0] != 0, conf.trusted_proxies};
	return say_first_start(&conf, data, url, e);
}

static int
failed(const char *name, const struct err *e)
{
	fprintf(stderr, "rowhouse %s: %s\n", name, e->message);
	return EXIT_FAILED;
}

int
command_up(int argc, char **argv)
{
	struct command_line line;
	struct err e = {0};
	struct arena settings;
	uint64_t port;
	int status;
	if (!options_read(&line, &status, &up_options, argc, argv))
		return status;
	if (!options_number(&port, "port", line.value[PORT], 0, 65535))
		return EXIT_USAGE;
	if (line.value[LOG] && strcmp(line.value[LOG], "-") != 0) {
		fprintf(stderr, "rowhouse up: --log takes only -, standard error\n");
		return EXIT_USAGE;
	}
	for (size_t i = SETTINGS; up_table[i].name; i++)
		if (line.value[i] && !conf_override(up_table[i].name, line.value[i]))
			return EXIT_FAILED;
	struct supervisor supervisor = {
	    .data = line.value[DATA],
	    .port = (unsigned)port,
	    .socket = line.value[SOCKET],
	    .log_to_stderr = line.value[LOG] != NULL,
	    .prepare = first_start,
	    .context = &settings,
	};
	arena_init(&settings, MIB(1));
	bool good = supervisor_run(&supervisor, &e);
	arena_release(&settings);
	return good ? EXIT_GOOD : failed("up", &e);
}

static const struct option nginx_table[] = {
    {"data", "DIR", NULL, "Absolute path of the data folder"},
    {0},
};

static const struct options nginx_options = {
    .usage = "nginx --data DIR",
    .about = "Becomes the nginx of a server; started by rowhouse up.",
    .table = nginx_table,
};

int
command_nginx(int argc, char **argv)
{
	struct command_line line;
	struct err e = {0};
	int status;
	if (!options_read(&line, &status, &nginx_options, argc, argv))
		return status;
	if (!line.value[0]) {
		fprintf(stderr, "rowhouse nginx: --data is missing\n");
		return EXIT_USAGE;
	}
	nginx_become(line.value[0], &e);
	return failed("nginx", &e);
}
