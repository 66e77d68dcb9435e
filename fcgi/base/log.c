/* log.c: see log.h. */
#include "base/log.h"
#include "base/cells.h"
#include "base/clock.h"
#include "base/shared.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <unistd.h>

#define LINE_BYTES 4096

/* A process plays one role for all its life. */
void
log_role(const char *name)
{
	shared_words->log_role = name;
}

/* One line, built on the stack so that it works when memory is gone. */
struct line {
	char p[LINE_BYTES];
	size_t n;
};

static void PRINTF_LIKE(2, 3) add(struct line *l, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	size_t room = sizeof l->p - l->n;
	int n = vsnprintf(l->p + l->n, room, format, list);
	if (n > 0)
		l->n += (size_t)n < room ? (size_t)n : room - 1;
	va_end(list);
}

/* ,"key":"text" with what does not fit cut off. */
static void
add_text(struct line *l, const char *key, struct str s)
{
	add(l, ",\"%s\":\"", key);
	for (size_t i = 0; i < s.n && sizeof l->p - l->n > 64;) {
		size_t take = s.n - i < 256 ? s.n - i : 256;
		size_t good = utf8_valid(s.p + i, take);
		char escaped[6 * 256 + 1];
		if (good == 0 || 6 * good > sizeof l->p - l->n - 32) {
			if (good > 0)
				break;
			add(l, "?");
			i++;
			continue;
		}
		size_t n = cells_escape(escaped, s.p + i, good);
		memcpy(l->p + l->n, escaped, n);
		l->n += n;
		i += good;
	}
	add(l, "\"");
}

static void
start(struct line *l, const char *level)
{
	char now[CLOCK_TEXT_BYTES];
	clock_format_us(now, clock_now_us());
	l->n = 0;
	add(l, "{\"time\":\"%s\",\"level\":\"%s\",\"role\":\"%s\",\"pid\":%d", now, level,
	    shared_words->log_role, (int)getpid());
}

static void
end(struct line *l)
{
	if (l->n > sizeof l->p - 3)
		l->n = sizeof l->p - 3;
	memcpy(l->p + l->n, "}\n", 2);
	/* A log that cannot be written must not stop the work. */
	ssize_t ignored = write(STDERR_FILENO, l->p, l->n + 2);
	(void)ignored;
}

static void PRINTF_LIKE(2, 0) event(const char *level, const char *format, va_list list)
{
	struct line l;
	char text[2000];
	vsnprintf(text, sizeof text, format, list);
	start(&l, level);
	add_text(&l, "text", str_of(text));
	end(&l);
}

#define EVENT(level)                                                                               \
	do {                                                                                       \
		va_list list;                                                                      \
		va_start(list, format);                                                            \
		event(level, format, list);                                                        \
		va_end(list);                                                                      \
	} while (0)

void
log_info(const char *format, ...)
{
	EVENT("info");
}

void
log_warning(const char *format, ...)
{
	EVENT("warning");
}

void
log_error(const char *format, ...)
{
	EVENT("error");
}

void
log_err(const char *what, const struct err *e)
{
	struct line l;
	start(&l, "error");
	add_text(&l, "text", str_of(what));
	add_text(&l, "error", str_of(err_word(e)));
	add_text(&l, "message", str_of(e->message));
	add(&l, ",\"at\":\"%s:%d\"", e->file ? e->file : "", e->line);
	end(&l);
}

void
log_answer(const struct log_request *r)
{
	struct line l;
	start(&l, "info");
	add_text(&l, "request", r->id);
	add_text(&l, "method", r->method);
	add_text(&l, "path", str_clip(r->path, 500));
	add_text(&l, "remote", r->remote);
	add(&l, ",\"route\":\"%s\",\"status\":%d,\"bytes\":%zu,\"us\":%" PRId64,
	    r->route ? r->route : "", r->status, r->bytes, r->microseconds);
	end(&l);
}
