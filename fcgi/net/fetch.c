/* fetch.c: see fetch.h. */
#include "net/fetch.h"
#include "net/address.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MORE_MAX 8

struct fetcher {
	CURLM *multi;
	const char *allow;
};

bool
fetcher_open(struct fetcher **out, const char *allow, struct err *e)
{
	struct fetcher *f = calloc(1, sizeof *f);
	if (!f || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(f->multi = curl_multi_init())) {
		free(f);
		return FAIL(e, UNAVAILABLE, "out of memory");
	}
	f->allow = allow;
	*out = f;
	return true;
}

/* ---- what may be asked ---- */

/* host or host:port, separated by spaces. */
static bool
is_listed(const char *allow, const char *host, const char *port)
{
	char with_port[300];
	snprintf(with_port, sizeof with_port, "%.255s:%.10s", host, port);
	for (const char *at = allow; *at;) {
		size_t n = strcspn(at, " ");
		if ((n == strlen(host) && strncasecmp(at, host, n) == 0) ||
		    (n == strlen(with_port) && strncasecmp(at, with_port, n) == 0))
			return true;
		at += n;
		at += strspn(at, " ");
	}
	return false;
}

/* Takes the URL apart as libcurl will, so that both see the same host in it. */
static bool
check_url(struct fetch *f, struct err *e)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
	CURLU *u = curl_url();
	bool good = u && curl_url_set(u, CURLUPART_URL, f->url, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
	bool has_user = u && curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK;
	if (!good)
		FAIL(e, INPUT, "it is not a URL of the form https://host/path");
	else if (has_user)
		good = FAIL(e, INPUT, "a URL with a user or a password in it is not asked");
	else if (is_listed(f->fetcher->allow, host, port))
		f->allowed = true;
	else if (strcmp(scheme, "https") != 0 || strcmp(port, "443") != 0)
		good = FAIL(e, FORBIDDEN,
		    "only https at port 443 is asked; list %.100s:%s in outbound_allow for more",
		    host, port);
	if (good && strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		good = FAIL(e, FORBIDDEN, "only http and https are asked");
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(user);
	curl_url_cleanup(u);
	return good;
}

/* Every socket libcurl connects is made here, with the address it goes to. */
static curl_socket_t
make_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct fetch *f = context;
	char text[ADDRESS_TEXT_BYTES];
	(void)purpose;
	if (!f->allowed && !address_is_public(&to->addr)) {
		struct str address = address_text(text, &to->addr);
		err_clear(&f->err);
		FAIL(&f->err, FORBIDDEN,
		    "%.*s is not an address of the public internet; list the host in "
		    "outbound_allow if it is yours",
		    STR_ARG(address));
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* ---- one request ---- */

static size_t
take_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct fetch *f = context;
	size_t n = size * count;
	if (n > f->limit - f->answer.n) {
		err_clear(&f->err);
		FAIL(&f->err, TOO_BIG, "the answer is over %zu bytes", f->limit);
		return 0;
	}
	buf_put(&f->answer, bytes, n);
	return n;
}

#define SET(option, value) (good = good && curl_easy_setopt(c, option, value) == CURLE_OK)

static bool
set_options(struct fetch *f, CURL *c)
{
	bool good = true;
	SET(CURLOPT_URL, f->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_OPENSOCKETFUNCTION, make_socket);
	SET(CURLOPT_OPENSOCKETDATA, f);
	SET(CURLOPT_WRITEFUNCTION, take_bytes);
	SET(CURLOPT_WRITEDATA, f);
	SET(CURLOPT_TIMEOUT_MS, (long)f->milliseconds);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)f->milliseconds);
	SET(CURLOPT_PRIVATE, f);
	SET(CURLOPT_HTTPHEADER, (struct curl_slist *)f->headers);
	if (f->body.n) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body.n);
		SET(CURLOPT_POSTFIELDS, f->body.p);
	}
	return good;
}

static bool
add_header(struct fetch *f, const char *line)
{
	struct curl_slist *list = curl_slist_append(f->headers, line);
	if (list)
		f->headers = list;
	return list != NULL;
}

static void
release(struct fetch *f)
{
	curl_slist_free_all(f->headers);
	curl_easy_cleanup(f->handle);
	f->headers = NULL;
	f->handle = NULL;
}

bool
fetch_start(struct fetcher *fetcher, struct fetch *f, struct err *e)
{
	f->fetcher = fetcher;
	f->status = 0;
	f->allowed = false;
	f->headers = NULL;
	err_clear(&f->err);
	buf_init(&f->answer, f->arena);
	if (!check_url(f, e))
		return false;
	f->handle = curl_easy_init();
	bool good = f->handle && add_header(f, "Accept: application/json") &&
		    (f->body.n == 0 || add_header(f, "Content-Type: application/json"));
	if (good && f->bearer) {
		struct str line = arena_format(f->arena, "Authorization: Bearer %s", f->bearer);
		good = add_header(f, line.p);
	}
	if (good && set_options(f, f->handle) &&
	    curl_multi_add_handle(fetcher->multi, f->handle) == CURLM_OK)
		return true;
	release(f);
	return FAIL(e, UNAVAILABLE, "out of memory");
}

/* ---- all of them ---- */

static void
end(struct fetcher *fetcher, struct fetch *f, CURLcode result)
{
	long status = 0;
	curl_easy_getinfo(f->handle, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(fetcher->multi, f->handle);
	if (result == CURLE_OK) {
		/* Of several addresses one may have been refused. */
		err_clear(&f->err);
		f->status = (int)status;
	} else if (f->err.code == ERR_OK && result == CURLE_OPERATION_TIMEDOUT)
		FAIL(&f->err, TIMEOUT, "there was no answer within %u ms", f->milliseconds);
	else if (f->err.code == ERR_OK)
		FAIL(&f->err, UNAVAILABLE, "%s", curl_easy_strerror(result));
	release(f);
	f->done(f);
}

bool
fetcher_step(
    struct fetcher *fetcher, struct pollfd *more, size_t count, int milliseconds, struct err *e)
{
	struct curl_waitfd wait[MORE_MAX];
	int running, left;
	CURLMsg *m;
	if (count > MORE_MAX)
		return FAIL(e, SYSTEM, "at most %d descriptors can be waited for", MORE_MAX);
	for (size_t i = 0; i < count; i++)
		wait[i] = (struct curl_waitfd){.fd = more[i].fd, .events = CURL_WAIT_POLLIN};
	if (curl_multi_poll(fetcher->multi, wait, (unsigned)count, milliseconds, NULL) !=
		CURLM_OK ||
	    curl_multi_perform(fetcher->multi, &running) != CURLM_OK)
		return FAIL(e, UNAVAILABLE, "requests to the world cannot go on");
	for (size_t i = 0; i < count; i++)
		more[i].revents = wait[i].revents ? POLLIN : 0;
	while ((m = curl_multi_info_read(fetcher->multi, &left))) {
		char *f = NULL;
		if (m->msg == CURLMSG_DONE &&
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &f) == CURLE_OK)
			end(fetcher, (struct fetch *)(void *)f, m->data.result);
	}
	return true;
}
