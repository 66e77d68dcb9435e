/* jsonscan.c: see jsonscan.h.  A state per place in the grammar, and a bit per open bracket. */
#include "formats/jsonscan.h"
#include "base/limits.h"

_Static_assert(LIMIT_JSON_DEPTH <= 64, "a bit for each level");

enum {
	AT_VALUE,
	AT_FIRST_ELEMENT, /* or the end of the array */
	AT_FIRST_KEY,     /* or the end of the object */
	AT_KEY,
	AT_COLON,
	AT_COMMA, /* or the end of the group */
	IN_TEXT,
	IN_ESCAPE,
	IN_HEX, /* four states, one a digit */
	IN_HEX_LAST = IN_HEX + 3,
	IN_WORD,
	AFTER_MINUS,
	AFTER_ZERO,
	IN_INTEGER,
	AFTER_POINT,
	IN_FRACTION,
	AFTER_E,
	AFTER_E_SIGN,
	IN_EXPONENT,
	AT_END
};

void
json_scan_init(struct json_scan *s)
{
	*s = (struct json_scan){.state = AT_VALUE};
}

static bool
is_space(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool
in_object(const struct json_scan *s)
{
	return s->depth > 0 && (s->objects >> (s->depth - 1) & 1);
}

static void
value_ends(struct json_scan *s)
{
	s->state = s->depth > 0 ? AT_COMMA : AT_END;
}

static bool
bad(struct json_scan *s, const char *expected)
{
	s->expected = expected;
	return false;
}

static bool
group_begins(struct json_scan *s, bool object)
{
	if (s->depth >= LIMIT_JSON_DEPTH)
		return bad(s, "no more than 64 levels of arrays and objects");
	uint64_t bit = (uint64_t)1 << s->depth;
	s->objects = object ? s->objects | bit : s->objects & ~bit;
	s->depth++;
	s->state = object ? AT_FIRST_KEY : AT_FIRST_ELEMENT;
	return true;
}

static bool
group_ends(struct json_scan *s)
{
	s->depth--;
	value_ends(s);
	return true;
}

static bool
text_begins(struct json_scan *s, uint8_t after)
{
	s->state = IN_TEXT;
	s->after = after;
	return true;
}

static bool
word_begins(struct json_scan *s, const char *rest)
{
	s->state = IN_WORD;
	s->word = rest;
	return true;
}

static bool
value_begins(struct json_scan *s, unsigned char c)
{
	switch (c) {
	case '{':
	case '[':
		return group_begins(s, c == '{');
	case '"':
		return text_begins(s, AT_COMMA);
	case 't':
		return word_begins(s, "rue");
	case 'f':
		return word_begins(s, "alse");
	case 'n':
		return word_begins(s, "ull");
	case '-':
		s->state = AFTER_MINUS;
		return true;
	case '0':
		s->state = AFTER_ZERO;
		return true;
	default:
		if (!is_digit(c))
			return bad(s, "a value");
		s->state = IN_INTEGER;
		return true;
	}
}

/* A byte outside of texts, words and numbers, no space. */
static bool
take_structure(struct json_scan *s, unsigned char c)
{
	switch (s->state) {
	case AT_FIRST_ELEMENT:
		return c == ']' ? group_ends(s) : value_begins(s, c);
	case AT_FIRST_KEY:
		if (c == '}')
			return group_ends(s);
		return c == '"' ? text_begins(s, AT_COLON)
				: bad(s, "a key in double quotes or the end of the object");
	case AT_KEY:
		return c == '"' ? text_begins(s, AT_COLON) : bad(s, "a key in double quotes");
	case AT_COLON:
		s->state = AT_VALUE;
		return c == ':' || bad(s, "a colon");
	case AT_COMMA:
		if (c == (in_object(s) ? '}' : ']'))
			return group_ends(s);
		s->state = in_object(s) ? AT_KEY : AT_VALUE;
		return c == ',' || bad(s, in_object(s) ? "a comma or the end of the object"
						       : "a comma or the end of the array");
	default:
		return value_begins(s, c);
	}
}

static bool
take_text(struct json_scan *s, unsigned char c)
{
	if (s->state == IN_ESCAPE) {
		s->state = c == 'u' ? IN_HEX : IN_TEXT;
		return (c != 0 && strchr("\"\\/bfnrtu", c)) || bad(s, "an escape like \\n");
	}
	if (s->state >= IN_HEX) {
		bool last = s->state == IN_HEX_LAST;
		unsigned char small = c | 0x20;
		s->state = last ? IN_TEXT : (uint8_t)(s->state + 1);
		return is_digit(c) || (small >= 'a' && small <= 'f') ||
		       bad(s, "four hexadecimal digits");
	}
	if (c == '\\')
		s->state = IN_ESCAPE;
	else if (c == '"' && s->after == AT_COLON)
		s->state = AT_COLON;
	else if (c == '"')
		value_ends(s);
	return c >= ' ' || bad(s, "no control character inside a text, but an escape for it");
}

static bool
take_word(struct json_scan *s, unsigned char c)
{
	if (c != (unsigned char)*s->word)
		return bad(s, "true, false or null");
	if (!*++s->word)
		value_ends(s);
	return true;
}

/* The number may end before this byte. */
static bool
is_whole_number(const struct json_scan *s)
{
	return s->state == AFTER_ZERO || s->state == IN_INTEGER || s->state == IN_FRACTION ||
	       s->state == IN_EXPONENT;
}

/* Whether the byte goes on with the number. */
static bool
take_number(struct json_scan *s, unsigned char c)
{
	bool digit = is_digit(c), e = c == 'e' || c == 'E';
	uint8_t next = AT_END;
	switch (s->state) {
	case AFTER_MINUS:
		next = c == '0' ? AFTER_ZERO : digit ? IN_INTEGER : AT_END;
		break;
	case AFTER_ZERO:
	case IN_INTEGER:
		next = c == '.' ? AFTER_POINT : e ? AFTER_E : AT_END;
		if (digit && s->state == IN_INTEGER)
			next = IN_INTEGER;
		break;
	case AFTER_POINT:
	case IN_FRACTION:
		next = digit ? IN_FRACTION : AT_END;
		if (e && s->state == IN_FRACTION)
			next = AFTER_E;
		break;
	case AFTER_E:
		next = c == '+' || c == '-' ? AFTER_E_SIGN : digit ? IN_EXPONENT : AT_END;
		break;
	default:
		next = digit ? IN_EXPONENT : AT_END;
	}
	if (next == AT_END)
		return false;
	s->state = next;
	return true;
}

/* False: the byte is wrong.  *back: it belongs to what follows. */
static bool
take(struct json_scan *s, unsigned char c, bool *back)
{
	*back = false;
	if (s->state >= AFTER_MINUS && s->state <= IN_EXPONENT) {
		if (take_number(s, c))
			return true;
		if (!is_whole_number(s))
			return bad(s, "a digit");
		value_ends(s);
		*back = true;
		return true;
	}
	if (s->state == IN_WORD)
		return take_word(s, c);
	if (s->state >= IN_TEXT && s->state <= IN_HEX_LAST)
		return take_text(s, c);
	return is_space(c) || take_structure(s, c);
}

enum json_step
json_scan(struct json_scan *s, const char *text, size_t n, bool last, size_t *used)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0;
	bool back;
	while (i < n && s->state != AT_END) {
		if (s->state == IN_TEXT)
			while (i < n && p[i] != '"' && p[i] != '\\' && p[i] >= ' ')
				i++;
		if (i == n)
			break;
		if (!take(s, p[i], &back)) {
			*used = i;
			return JSON_BAD;
		}
		i += !back;
	}
	*used = i;
	if (s->state != AT_END && last && s->depth == 0 && is_whole_number(s))
		s->state = AT_END;
	return s->state == AT_END ? JSON_DONE : JSON_MORE;
}
