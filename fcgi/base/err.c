/* err.c: see err.h. */
#include "base/err.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>

static const struct {
	int status;
	const char *word, *title;
} errors[ERR__MAX] = {
#define X(name, status, word, title) [ERR_##name] = {status, word, title},
    ERR_TABLE(X)
#undef X
};

static void PRINTF_LIKE(6, 0) set(struct err *e, const char *file, int line, enum err_code code,
    const char *field, const char *format, va_list list)
{
	if (e->code != ERR_OK)
		return;
	e->code = code;
	e->file = file;
	e->line = line;
	snprintf(e->field, sizeof e->field, "%s", field);
	vsnprintf(e->message, sizeof e->message, format, list);
	/* The message may quote a user's bytes, or have been cut inside a character. */
	size_t good, n = strlen(e->message);
	while ((good = utf8_valid(e->message, n)) < n) {
		if (n - good < 4 && n == sizeof e->message - 1)
			e->message[good] = 0;
		else
			e->message[good] = '?';
		n = strlen(e->message);
	}
	for (char *p = e->message; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
}

bool
err_set(struct err *e, const char *file, int line, enum err_code code, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	set(e, file, line, code, "", format, list);
	va_end(list);
	return false;
}

bool
err_set_field(struct err *e, const char *file, int line, enum err_code code, const char *field,
    const char *format, ...)
{
	va_list list;
	va_start(list, format);
	set(e, file, line, code, field, format, list);
	va_end(list);
	return false;
}

bool
err_set_errno(struct err *e, const char *file, int line, const char *format, ...)
{
	int why = errno;
	enum err_code code = ERR_SYSTEM;
	char what[ERR_MESSAGE_BYTES];
	if (why == ENOSPC || why == EDQUOT || why == EFBIG)
		code = ERR_DISK_FULL;
	else if (why == ENOMEM || why == EMFILE || why == ENFILE || why == EAGAIN)
		code = ERR_UNAVAILABLE;
	va_list list;
	va_start(list, format);
	vsnprintf(what, sizeof what, format, list);
	va_end(list);
	return err_set(e, file, line, code, "%.300s: %s", what, strerror(why));
}

void
err_clear(struct err *e)
{
	memset(e, 0, sizeof *e);
}

int
err_status(enum err_code code)
{
	return errors[code].status;
}

const char *
err_word(const struct err *e)
{
	return e->word[0] ? e->word : errors[e->code].word;
}

const char *
err_title(enum err_code code)
{
	return errors[code].title;
}

enum err_code
err_from_word(struct str word)
{
	for (int i = 0; i < ERR__MAX; i++)
		if (str_is(word, errors[i].word))
			return (enum err_code)i;
	return ERR_SYSTEM;
}
