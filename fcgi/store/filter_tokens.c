/* filter_tokens.c: see filter_tokens.h. */
#include "store/filter_tokens.h"
#include "base/utf8.h"

size_t
token_character(const struct tokens *t)
{
	return utf8_count((struct str){t->text.p, t->at}) + 1;
}

bool
token_expected(struct tokens *t, const char *what)
{
	struct str seen = str_clip((struct str){t->text.p + t->at, t->next - t->at}, 40);
	size_t character = token_character(t);
	if (t->kind == TOKEN_END)
		return FAIL_FIELD(t->e, INPUT, t->field,
		    "%s, at character %zu: it ends where %s is expected", t->field, character,
		    what);
	return FAIL_FIELD(t->e, INPUT, t->field, "%s, at character %zu: %s is expected, not %.*s",
	    t->field, character, what, STR_ARG(seen));
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

/* What stands in quotes at the start of `text`; *used: bytes with the quotes, 0: no end. */
static struct str
quoted(size_t *used, struct str text, struct arena *a)
{
	char quote = text.p[0], *out = arena_alloc(a, text.n);
	size_t n = 0;
	for (size_t i = 1; i < text.n; i++) {
		if (text.p[i] != quote) {
			out[n++] = text.p[i];
		} else if (i + 1 < text.n && text.p[i + 1] == quote) {
			out[n++] = text.p[i++];
		} else {
			*used = i + 1;
			return (struct str){out, n};
		}
	}
	*used = 0;
	return (struct str){0};
}

/* Numbers and dates are one run, whose meaning depends on the column. */
static size_t
number_run(struct str s)
{
	size_t i = 1;
	while (i < s.n &&
	       (is_digit(s.p[i]) || is_letter(s.p[i]) || (s.p[i] && strchr(".:+-", s.p[i]))))
		i++;
	return i;
}

static size_t
name_run(struct str s)
{
	size_t i = 1;
	while (i < s.n && (is_letter(s.p[i]) || is_digit(s.p[i])))
		i++;
	return i;
}

static size_t
sign_run(struct str s)
{
	return s.n > 1 && s.p[1] == '=' && s.p[0] && strchr("!<>", s.p[0]) ? 2 : 1;
}

bool
token_next(struct tokens *t)
{
	size_t i = t->next;
	while (i < t->text.n && is_space(t->text.p[i]))
		i++;
	struct str rest = {t->text.p + i, t->text.n - i};
	t->at = i;
	if (rest.n == 0) {
		t->kind = TOKEN_END;
		t->next = i;
		return true;
	}
	size_t used;
	char c = rest.p[0];
	if (c == '\'' || c == '"' || c == '`') {
		t->kind = c == '\'' ? TOKEN_TEXT : TOKEN_NAME;
		t->token = quoted(&used, rest, t->arena);
		t->next = i + used;
		if (used == 0)
			return FAIL_FIELD(t->e, INPUT, t->field,
			    "%s, at character %zu: the quote %c is not closed", t->field,
			    token_character(t), c);
		return true;
	}
	if (is_digit(c) || (rest.n > 1 && (c == '-' || c == '+' || c == '.') &&
			       (is_digit(rest.p[1]) || rest.p[1] == '.'))) {
		t->kind = TOKEN_NUMBER;
		used = number_run(rest);
	} else if (is_letter(c)) {
		t->kind = TOKEN_WORD;
		used = name_run(rest);
	} else {
		t->kind = TOKEN_SIGN;
		used = sign_run(rest);
	}
	t->token = (struct str){rest.p, used};
	t->next = i + used;
	return true;
}

bool
token_is_word(const struct tokens *t, const char *word)
{
	return t->kind == TOKEN_WORD && str_equal_nocase(t->token, str_of(word));
}

bool
token_is_sign(const struct tokens *t, const char *sign)
{
	return t->kind == TOKEN_SIGN && str_is(t->token, sign);
}

bool
token_take_word(struct tokens *t, const char *word, bool *taken)
{
	*taken = token_is_word(t, word);
	return !*taken || token_next(t);
}

bool
token_need_word(struct tokens *t, const char *word)
{
	return token_is_word(t, word) ? token_next(t) : token_expected(t, word);
}

bool
token_need_sign(struct tokens *t, const char *sign)
{
	return token_is_sign(t, sign) ? token_next(t) : token_expected(t, sign);
}

bool
filter_name(struct str *out, struct str *text, const char *ends, struct arena *a)
{
	size_t used = 0;
	if (text->n > 0 && (text->p[0] == '"' || text->p[0] == '`')) {
		*out = quoted(&used, *text, a);
		if (used == 0)
			return false;
	} else {
		while (used < text->n && !(text->p[used] && strchr(ends, text->p[used])))
			used++;
		*out = (struct str){text->p, used};
	}
	*text = (struct str){text->p + used, text->n - used};
	return true;
}
