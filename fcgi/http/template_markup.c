/* template_markup.c: see template_markup.h. */
#include "http/template_markup.h"

static bool
is_one_of(struct str name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_equal_nocase(name, str_of(list[i])))
			return true;
	return false;
}

#define IS_ONE_OF(name, list) is_one_of((name), (list), ARRAY_LENGTH(list))

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
markup_is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!is_letter(name.p[i]) && (i == 0 || (!is_digit(name.p[i]) && name.p[i] != '-')))
			return false;
	return name.n > 0;
}

bool
markup_is_void(struct str element)
{
	static const char *const list[] = {"area", "base", "br", "col", "embed", "hr", "img",
	    "input", "link", "meta", "param", "source", "track", "wbr"};
	return IS_ONE_OF(element, list);
}

bool
markup_is_code(struct str element)
{
	static const char *const list[] = {"script", "style"};
	return IS_ONE_OF(element, list);
}

bool
markup_drops_line_end(struct str element)
{
	static const char *const list[] = {"pre", "textarea", "listing"};
	return IS_ONE_OF(element, list);
}

bool
markup_is_refused(struct str element)
{
	static const char *const list[] = {"animate", "animatemotion", "animatetransform", "set",
	    "plaintext", "xmp", "noembed", "noframes"};
	return IS_ONE_OF(element, list);
}

bool
markup_is_boolean(struct str attribute)
{
	static const char *const list[] = {"allowfullscreen", "async", "autofocus", "autoplay",
	    "checked", "controls", "default", "defer", "disabled", "formnovalidate", "hidden",
	    "inert", "ismap", "itemscope", "loop", "multiple", "muted", "nomodule", "novalidate",
	    "open", "playsinline", "readonly", "required", "reversed", "selected"};
	return IS_ONE_OF(attribute, list);
}

bool
markup_is_address(struct str attribute)
{
	static const char *const list[] = {"action", "background", "cite", "data", "formaction",
	    "href", "longdesc", "manifest", "poster", "src"};
	return IS_ONE_OF(attribute, list);
}

bool
markup_is_refused_attribute(struct str attribute)
{
	static const char *const list[] = {"style", "srcdoc"};
	bool is_event =
	    attribute.n > 2 && str_equal_nocase((struct str){attribute.p, 2}, STR("on"));
	return is_event || IS_ONE_OF(attribute, list);
}

bool
markup_is_fixed_attribute(struct str attribute)
{
	static const char *const list[] = {"http-equiv", "srcset", "imagesrcset", "ping", "archive",
	    "codebase", "classid", "xmlns", "is"};
	return IS_ONE_OF(attribute, list);
}

bool
markup_is_safe_address(struct str address)
{
	static const char *const list[] = {"http", "https", "mailto"};
	size_t n = 0;
	while (n < address.n && !strchr(":/?#", address.p[n]))
		n++;
	if (n == address.n || address.p[n] != ':')
		return true;
	return IS_ONE_OF(((struct str){address.p, n}), list);
}

static bool
parse_format(enum template_format *out, struct str word)
{
	static const char *const words[] = {
	    [TEMPLATE_COUNT] = "count",
	    [TEMPLATE_BYTES] = "bytes",
	    [TEMPLATE_TIME] = "time",
	    [TEMPLATE_QUERY] = "query",
	};
	for (size_t i = TEMPLATE_COUNT; i < ARRAY_LENGTH(words); i++) {
		if (str_is(word, words[i])) {
			*out = (enum template_format)i;
			return true;
		}
	}
	return false;
}

/* Letters, digits, _ and -, not beginning with a digit or hyphen. */
static size_t
name_length(struct str s)
{
	size_t n = 0;
	while (n < s.n && (is_letter(s.p[n]) || s.p[n] == '_' ||
			      (n > 0 && (is_digit(s.p[n]) || s.p[n] == '-'))))
		n++;
	return n;
}

bool
markup_parse_path(struct template_path *out, struct str text, struct arena *a)
{
	*out = (struct template_path){.level = -1};
	const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
	if (colon) {
		size_t n = (size_t)(colon - text.p);
		if (!parse_format(&out->format, (struct str){colon + 1, text.n - n - 1}))
			return false;
		text.n = n;
	}
	if (str_is(text, "."))
		return true;
	size_t dots = 0;
	for (size_t i = 0; i < text.n; i++)
		dots += text.p[i] == '.';
	out->names = arena_array(a, dots + 1, sizeof *out->names);
	for (;;) {
		size_t n = name_length(text);
		if (n == 0)
			return false;
		out->names[out->count++] = arena_text(a, (struct str){text.p, n});
		text = (struct str){text.p + n, text.n - n};
		if (text.n == 0)
			return true;
		if (text.p[0] != '.')
			return false;
		text = (struct str){text.p + 1, text.n - 1};
	}
}
