/* nginx.c: see nginx.h. */
#define _GNU_SOURCE
#include "process/nginx.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "process/share.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

bool
nginx_find(char out[PATH_MAX], struct err *e)
{
	/* An ordinary user's PATH has no sbin, where Debian puts it. */
	static const char *const folders[] = {
	    "/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin", "/usr/bin", "/usr/local/bin"};
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
		snprintf(out, PATH_MAX, "%s/nginx", folders[i]);
		if (access(out, X_OK) == 0)
			return true;
	}
	return FAIL(e, NOT_FOUND, "nginx is not installed: apt-get install nginx");
}

/* The directive that keeps nginx's workers the same user as the core; only root may give it. */
static struct str
user_directive(struct arena *a)
{
	const struct passwd *user = getpwuid(geteuid());
	const struct group *group = getgrgid(getegid());
	if (geteuid() != 0 || !user || !group)
		return STR("");
	return arena_format(a, "user %s %s;", user->pw_name, group->gr_name);
}

/* An address, a network, or "unix:". */
static bool
is_proxy(struct str word)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char address[16];
	uint64_t bits = 0;
	const char *slash = memchr(word.p, '/', word.n);
	struct str host = {word.p, slash ? (size_t)(slash - word.p) : word.n};
	if (str_is(word, "unix:"))
		return true;
	if (host.n >= sizeof text ||
	    (slash && !str_to_u64(&bits, (struct str){slash + 1, word.n - host.n - 1})))
		return false;
	snprintf(text, sizeof text, "%.*s", STR_ARG(host));
	return (inet_pton(AF_INET, text, address) == 1 && bits <= 32) ||
	       (inet_pton(AF_INET6, text, address) == 1 && bits <= 128);
}

/* The directives that let proxies say whom they speak for. */
static bool
real_ip(struct str *out, const char *proxies, struct arena *a, struct err *e)
{
	struct buf b;
	buf_init(&b, a);
	for (const char *p = proxies; *(p += strspn(p, " \t"));) {
		struct str word = {p, strcspn(p, " \t")};
		if (!is_proxy(word))
			return FAIL(e, INPUT,
			    "trusted_proxies must be addresses or networks (10.0.0.0/8), separated "
			    "by spaces, not '%.*s'",
			    STR_ARG(str_clip(word, 60)));
		buf_format(&b, "set_real_ip_from %.*s;\n\t", STR_ARG(word));
		p += word.n;
	}
	if (b.n > 0)
		buf_put_text(&b, "real_ip_header X-Forwarded-For;\n\treal_ip_recursive on;");
	*out = buf_str(&b);
	return true;
}

/* Replaces the @NAMES@ of the template; one that is not known is a fault of the template. */
static bool
fill(struct buf *out, struct str template, const struct nginx *n, struct err *e)
{
	struct str proxies;
	if (!real_ip(&proxies, n->trusted_proxies, out->arena, e))
		return false;
	struct {
		const char *name;
		struct str value;
	} names[] = {
	    {"USER", user_directive(out->arena)},
	    {"LISTEN", str_of(n->listen)},
	    {"LISTEN_READY", n->listen_ready
				 ? arena_format(out->arena, "listen %s;", n->listen_ready)
				 : STR("")},
	    {"REAL_IP", proxies},
	    {"ERROR_LOG", n->log_to_stderr ? STR("stderr") : STR("log/nginx.log")},
	    {"UPLOAD_BYTES", arena_format(out->arena, "%" PRIu64, LIMIT_UPLOAD_BYTES)},
	};
	for (size_t i = 0; i < template.n;) {
		const char *from = template.p + i;
		const char *at = memchr(from, '@', template.n - i);
		size_t before = at ? (size_t)(at - from) : template.n - i;
		buf_put(out, from, before);
		i += before;
		if (!at)
			return true;
		size_t k = 0, length = strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
		struct str name = {at + 1, length};
		if (length == 0 || at[1 + length] != '@') {
			buf_put_char(out, '@');
			i++;
			continue;
		}
		while (k < ARRAY_LENGTH(names) && !str_is(name, names[k].name))
			k++;
		if (k == ARRAY_LENGTH(names))
			return FAIL(e, SYSTEM, "conf/nginx.conf has an unknown name: @%.*s@",
			    STR_ARG(name));
		buf_put_str(out, names[k].value);
		i += length + 2;
	}
	return true;
}

/* Makes DATA/run/static name the folder of static files, whatever it named before. */
static bool
link_static(const char *data, struct err *e)
{
	char found[PATH_MAX], target[PATH_MAX], name[PATH_MAX];
	if (!share_path(found, "static", e))
		return false;
	if (!realpath(found, target))
		return FAIL_ERRNO(e, "the folder %s cannot be found", found);
	if (snprintf(name, sizeof name, "%s/run/static", data) >= (int)sizeof name)
		return FAIL(e, INPUT, "the path of the data folder is too long");
	if (unlink(name) != 0 && errno != ENOENT)
		return FAIL_ERRNO(e, "the link %s cannot be removed", name);
	return symlink(target, name) == 0 || FAIL_ERRNO(e, "the link %s cannot be made", name);
}

static bool
write_configuration(const struct nginx *n, struct arena *a, struct err *e)
{
	char from[PATH_MAX], to[PATH_MAX];
	struct str template;
	struct buf text;
	if (!share_path(from, "conf/nginx.conf", e) || !file_read(&template, from, KIB(64), a, e))
		return false;
	if (snprintf(to, sizeof to, "%s/run/nginx.conf", n->data) >= (int)sizeof to)
		return FAIL(e, INPUT, "the path of the data folder is too long");
	buf_init(&text, a);
	return fill(&text, template, n, e) && file_replace(to, 0600, buf_str(&text), e);
}

bool
nginx_configure(const struct nginx *n, struct err *e)
{
	struct arena a;
	arena_init(&a, MIB(1));
	bool good = link_static(n->data, e) && write_configuration(n, &a, e);
	arena_release(&a);
	return good;
}

bool
nginx_become(const char *data, struct err *e)
{
	char program[PATH_MAX], prefix[PATH_MAX], run[PATH_MAX];
	if (!nginx_find(program, e))
		return false;
	if (snprintf(prefix, sizeof prefix, "%s/", data) >= (int)sizeof prefix ||
	    snprintf(run, sizeof run, "%s/run", data) >= (int)sizeof run)
		return FAIL(e, INPUT, "the path of the data folder is too long");
	if (chdir(run) != 0)
		return FAIL_ERRNO(e, "the folder %s cannot be entered", run);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* This is how nginx hands its sockets to its own successor; we are the predecessor. */
	struct stat st;
	bool two = fstat(4, &st) == 0 && S_ISSOCK(st.st_mode);
	char inherited[32], path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	snprintf(inherited, sizeof inherited, "NGINX=3;%s", two ? "4;" : "");
	char *environment[] = {inherited, path, NULL};
	char name[] = "nginx", p[] = "-p", c[] = "-c", conf[] = "run/nginx.conf", e_option[] = "-e",
	     e_value[] = "stderr";
	char *arguments[] = {name, p, prefix, c, conf, e_option, e_value, NULL};
	execve(program, arguments, environment);
	return FAIL_ERRNO(e, "%s cannot be started", program);
}
