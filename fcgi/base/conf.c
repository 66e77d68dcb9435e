/* conf.c: see conf.h. */
#include "base/conf.h"
#include "base/file.h"
#include "base/limits.h"

#include <limits.h>

#define VARIABLE_BYTES 64

enum conf_form { FORM_TEXT, FORM_SECRET, FORM_NUMBER, FORM_SWITCH };

static const struct setting {
	const char *name;
	enum conf_form form;
	size_t offset;
} settings[] = {
#define X(name, form, preset) {#name, FORM_##form, offsetof(struct conf, name)},
    CONF_TABLE(X)
#undef X
};

static bool
set(struct conf *c, const struct setting *s, struct str value, const char *where, struct arena *a,
    struct err *e)
{
	char *at = (char *)c + s->offset;
	uint64_t number;
	bool on = str_is(value, "on"), off = str_is(value, "off");
	switch (s->form) {
	case FORM_TEXT:
	case FORM_SECRET: {
		const char *text = arena_text(a, value);
		memcpy(at, &text, sizeof text);
		return true;
	}
	case FORM_NUMBER:
		if (!str_to_u64(&number, value))
			return FAIL(e, INPUT, "%s: %s must be a whole number, not '%.*s'", where,
			    s->name, STR_ARG(str_clip(value, 40)));
		memcpy(at, &number, sizeof number);
		return true;
	case FORM_SWITCH:
		if (!on && !off)
			return FAIL(e, INPUT, "%s: %s must be on or off, not '%.*s'", where,
			    s->name, STR_ARG(str_clip(value, 40)));
		memcpy(at, &on, sizeof on);
		return true;
	}
	return true;
}

static bool
read_line(struct conf *c, struct str line, const char *where, struct arena *a, struct err *e)
{
	const char *hash = line.n ? memchr(line.p, '#', line.n) : NULL;
	if (hash)
		line.n = (size_t)(hash - line.p);
	line = str_trim(line);
	if (line.n == 0)
		return true;
	const char *equals = memchr(line.p, '=', line.n);
	if (!equals)
		return FAIL(e, INPUT, "%s: a line must be 'name = value'", where);
	struct str name = str_trim((struct str){line.p, (size_t)(equals - line.p)});
	struct str value = {equals + 1, line.n - (size_t)(equals - line.p) - 1};
	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++)
		if (str_is(name, settings[i].name))
			return set(c, &settings[i], str_trim(value), where, a, e);
	return FAIL(e, INPUT, "%s: there is no setting '%.*s'", where, STR_ARG(str_clip(name, 40)));
}

static bool
read_file(struct conf *c, const char *path, struct arena *a, struct err *e)
{
	struct str text;
	if (!file_read(&text, path, KIB(256), a, e)) {
		if (e->code != ERR_NOT_FOUND)
			return false;
		err_clear(e);
		return true;
	}
	unsigned number = 0;
	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) : text.n;
		char where[PATH_MAX + 24];
		snprintf(where, sizeof where, "%s, line %u", path, ++number);
		if (!read_line(c, (struct str){text.p, n}, where, a, e))
			return false;
		n += end ? 1 : 0;
		text.p += n;
		text.n -= n;
	}
	return true;
}

/* quota_bytes is ROWHOUSE_QUOTA_BYTES in the environment. */
static void
variable_of(char out[VARIABLE_BYTES], const char *name)
{
	size_t n = (size_t)snprintf(out, VARIABLE_BYTES, "ROWHOUSE_%s", name);
	for (size_t i = 0; i < n && i < VARIABLE_BYTES; i++)
		if (out[i] >= 'a' && out[i] <= 'z')
			out[i] = (char)(out[i] - 32);
}

bool
conf_override(const char *name, const char *value)
{
	char variable[VARIABLE_BYTES];
	variable_of(variable, name);
	return setenv(variable, value, 1) == 0;
}

bool
conf_is_secret(const char *variable)
{
	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
		char name[VARIABLE_BYTES];
		variable_of(name, settings[i].name);
		size_t n = strlen(name);
		if (settings[i].form == FORM_SECRET && strncmp(variable, name, n) == 0 &&
		    variable[n] == '=')
			return true;
	}
	return false;
}

static bool
read_environment(struct conf *c, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
		char variable[VARIABLE_BYTES];
		variable_of(variable, settings[i].name);
		const char *value = getenv(variable);
		if (value && !set(c, &settings[i], str_of(value), variable, a, e))
			return false;
	}
	return true;
}

bool
conf_load(struct conf *c, const char *data, struct arena *a, struct err *e)
{
	*c = (struct conf){
#define X(name, form, preset) .name = (preset),
	    CONF_TABLE(X)
#undef X
	};
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/rowhouse.conf", data) >= (int)sizeof path)
		return FAIL(e, INPUT, "the path of the data folder is too long");
	return read_file(c, path, a, e) && read_environment(c, a, e);
}
