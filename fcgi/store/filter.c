/* filter.c: see filter.h.  A parser by descent, a function for each rule of the grammar. */
#include "store/filter.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "store/fold.h"
#include "store/key.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NAME, TOKEN_TEXT, TOKEN_NUMBER, TOKEN_SIGN };

struct parser {
	struct str text;
	const char *field;
	const struct column *columns;
	size_t column_count;
	locale_t locale;
	struct arena *arena;
	struct err *e;
	size_t depth;
	/* The token that is looked at: where it begins and ends, and what it says. */
	enum token_kind kind;
	struct str token;
	size_t at, next;
};

/* ---- tokens ---- */

static bool
expected(struct parser *p, const char *what)
{
	struct str seen = str_clip((struct str){p->text.p + p->at, p->next - p->at}, 40);
	size_t character = utf8_count((struct str){p->text.p, p->at}) + 1;
	if (p->kind == TOKEN_END)
		return FAIL_FIELD(p->e, INPUT, p->field,
		    "%s, at character %zu: it ends where %s is expected", p->field, character,
		    what);
	return FAIL_FIELD(p->e, INPUT, p->field, "%s, at character %zu: %s is expected, not %.*s",
	    p->field, character, what, STR_ARG(seen));
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

static bool
advance(struct parser *p)
{
	size_t i = p->next;
	while (i < p->text.n && is_space(p->text.p[i]))
		i++;
	struct str rest = {p->text.p + i, p->text.n - i};
	p->at = i;
	if (rest.n == 0) {
		p->kind = TOKEN_END;
		p->next = i;
		return true;
	}
	size_t used;
	char c = rest.p[0];
	if (c == '\'' || c == '"' || c == '`') {
		p->kind = c == '\'' ? TOKEN_TEXT : TOKEN_NAME;
		p->token = quoted(&used, rest, p->arena);
		p->next = i + used;
		if (used == 0)
			return FAIL_FIELD(p->e, INPUT, p->field,
			    "%s, at character %zu: the quote %c is not closed", p->field,
			    utf8_count((struct str){p->text.p, i}) + 1, c);
		return true;
	}
	if (is_digit(c) || (rest.n > 1 && (c == '-' || c == '+' || c == '.') &&
			       (is_digit(rest.p[1]) || rest.p[1] == '.'))) {
		p->kind = TOKEN_NUMBER;
		used = number_run(rest);
	} else if (is_letter(c)) {
		p->kind = TOKEN_WORD;
		used = name_run(rest);
	} else {
		p->kind = TOKEN_SIGN;
		used = sign_run(rest);
	}
	p->token = (struct str){rest.p, used};
	p->next = i + used;
	return true;
}

static bool
is_word(const struct parser *p, const char *word)
{
	return p->kind == TOKEN_WORD && str_equal_nocase(p->token, str_of(word));
}

static bool
is_sign(const struct parser *p, const char *sign)
{
	return p->kind == TOKEN_SIGN && str_is(p->token, sign);
}

/* Passes over a word if it is there. */
static bool
take_word(struct parser *p, const char *word, bool *taken)
{
	*taken = is_word(p, word);
	return !*taken || advance(p);
}

static bool
need_word(struct parser *p, const char *word)
{
	return is_word(p, word) ? advance(p) : expected(p, word);
}

static bool
need_sign(struct parser *p, const char *sign)
{
	return is_sign(p, sign) ? advance(p) : expected(p, sign);
}

/* ---- columns and values ---- */

size_t
filter_column(const struct column *columns, size_t count, struct str name)
{
	for (size_t k = 0; k < count; k++)
		if (str_equal(columns[k].name, name))
			return k;
	for (size_t k = 0; k < count; k++)
		if (str_starts(name, "col_") &&
		    str_equal(columns[k].slug, (struct str){name.p + 4, name.n - 4}))
			return k;
	return count;
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

static const char *const reserved[] = {"and", "or", "not", "contains", "starts", "ends", "in",
    "between", "is", "true", "false", "null"};

static bool
column(struct parser *p, size_t *out)
{
	for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++)
		if (is_word(p, reserved[i]))
			return expected(p, "a column (a name like this one in double quotes)");
	if (p->kind != TOKEN_WORD && p->kind != TOKEN_NAME)
		return expected(p, "a column");
	*out = filter_column(p->columns, p->column_count, p->token);
	if (*out == p->column_count)
		return FAIL_FIELD(p->e, INPUT, p->field,
		    "%s, at character %zu: there is no column %.*s", p->field,
		    utf8_count((struct str){p->text.p, p->at}) + 1,
		    STR_ARG(str_clip(p->token, 100)));
	return advance(p);
}

static const char *
value_of_type(enum column_type type)
{
	static const char *const words[COLUMN__MAX] = {
	    [COLUMN_STRING] = "a text in single quotes",
	    [COLUMN_TEXT] = "a text in single quotes",
	    [COLUMN_JSON] = "a text in single quotes",
	    [COLUMN_INTEGER] = "a number",
	    [COLUMN_NUMBER] = "a number",
	    [COLUMN_BOOLEAN] = "true or false",
	    [COLUMN_DATE] = "a date as 2024-03-14",
	    [COLUMN_DATETIME] = "a date or time as 2024-03-14T15:30:00Z",
	};
	return words[type];
}

static bool
is_value(const struct parser *p)
{
	return p->kind == TOKEN_TEXT || p->kind == TOKEN_NUMBER || is_word(p, "true") ||
	       is_word(p, "false");
}

/* The key of a value; `typed`: it must be of the column's type, quotes or not. */
static bool
key_value(struct parser *p, size_t k, bool typed, struct str *out)
{
	enum column_type type = p->columns[k].type;
	if (!is_value(p))
		return expected(p, value_of_type(type));
	if (typed && p->kind == TOKEN_TEXT && p->token.n == 0)
		return expected(p, "a value that is not empty");
	char *room = arena_alloc(p->arena, KEY_ROOM(p->token.n));
	size_t n = key_of_text(room, p->token, type);
	if ((typed || p->kind != TOKEN_TEXT) && room[0] != KEY_VALUE)
		return expected(p, value_of_type(type));
	*out = (struct str){room, n};
	return advance(p);
}

static bool
folded_value(struct parser *p, struct str *out)
{
	if (!is_value(p))
		return expected(p, "a text in single quotes");
	char *room = arena_alloc(p->arena, FOLD_ROOM(p->token.n));
	*out = (struct str){room, fold(room, p->token, p->locale)};
	return advance(p);
}

/* ---- tests ---- */

static struct filter *
node(struct parser *p, enum filter_kind kind, size_t k, size_t values)
{
	struct filter *f = arena_alloc(p->arena, sizeof *f);
	*f = (struct filter){.kind = kind, .column = k, .count = values};
	return f;
}

static const struct filter *
negated(struct parser *p, const struct filter *f, bool negate)
{
	if (!negate)
		return f;
	struct filter *n = node(p, FILTER_NOT, 0, 0);
	n->left = f;
	return n;
}

/* A comparison as a set of keys, or a range of them. */
static const struct comparison {
	const char *sign;
	enum filter_kind kind;
	bool negate, upper, open;
} comparisons[] = {
    {"=", FILTER_IN, false, false, false},
    {"!=", FILTER_IN, true, false, false},
    {"<", FILTER_RANGE, false, true, true},
    {"<=", FILTER_RANGE, false, true, false},
    {">", FILTER_RANGE, false, false, true},
    {">=", FILTER_RANGE, false, false, false},
};

static bool
comparison(struct parser *p, size_t k, const struct comparison *c, const struct filter **out)
{
	bool range = c->kind == FILTER_RANGE;
	struct str *values = arena_array(p->arena, 2, sizeof *values);
	struct filter *f = node(p, c->kind, k, range ? 2 : 1);
	f->values = values;
	f->open[c->upper] = c->open;
	*out = negated(p, f, c->negate);
	return advance(p) && key_value(p, k, range, &values[range && c->upper]);
}

static bool
between(struct parser *p, size_t k, const struct filter **out)
{
	struct str *values = arena_array(p->arena, 2, sizeof *values);
	struct filter *f = node(p, FILTER_RANGE, k, 2);
	f->values = values;
	*out = f;
	return key_value(p, k, true, &values[0]) && need_word(p, "and") &&
	       key_value(p, k, true, &values[1]);
}

/* How many values the list that begins here may have at most: one more than commas. */
static size_t
commas(const struct parser *p)
{
	size_t n = 1;
	for (size_t i = p->at; i < p->text.n; i++)
		n += p->text.p[i] == ',';
	return n;
}

static bool
list(struct parser *p, size_t k, const struct filter **out)
{
	struct str *values = arena_array(p->arena, commas(p), sizeof *values);
	struct filter *f = node(p, FILTER_IN, k, 0);
	f->values = values;
	*out = f;
	if (!need_sign(p, "(") || !key_value(p, k, false, &values[f->count++]))
		return false;
	while (is_sign(p, ","))
		if (!advance(p) || !key_value(p, k, false, &values[f->count++]))
			return false;
	return is_sign(p, ")") ? advance(p) : expected(p, ", or )");
}

static bool
part(struct parser *p, size_t k, enum filter_kind kind, const struct filter **out)
{
	struct str *value = arena_alloc(p->arena, sizeof *value);
	struct filter *f = node(p, kind, k, 1);
	f->values = value;
	*out = f;
	return (kind == FILTER_CONTAINS || need_word(p, "with")) && folded_value(p, value);
}

static bool
state(struct parser *p, size_t k, const struct filter **out)
{
	static const struct {
		const char *word;
		unsigned classes;
	} states[] = {{"empty", 1u << KEY_EMPTY}, {"null", 1u << KEY_NULL},
	    {"missing", 1u << KEY_ABSENT},
	    {"blank", 1u << KEY_EMPTY | 1u << KEY_NULL | 1u << KEY_ABSENT}};
	bool negate;
	if (!take_word(p, "not", &negate))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
		if (!is_word(p, states[i].word))
			continue;
		struct filter *f = node(p, FILTER_CLASS, k, 0);
		f->classes = states[i].classes;
		*out = negated(p, f, negate);
		return advance(p);
	}
	return expected(p, "empty, null, missing or blank");
}

/* What may stand behind a column and `not`; *known false: none of it. */
static bool
worded(struct parser *p, size_t k, const struct filter **out, bool *known)
{
	static const struct {
		const char *word;
		enum filter_kind kind;
	} words[] = {{"contains", FILTER_CONTAINS}, {"starts", FILTER_STARTS},
	    {"ends", FILTER_ENDS}, {"in", FILTER_IN}, {"between", FILTER_RANGE}};
	*known = true;
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		if (!is_word(p, words[i].word))
			continue;
		if (!advance(p))
			return false;
		if (words[i].kind == FILTER_IN)
			return list(p, k, out);
		if (words[i].kind == FILTER_RANGE)
			return between(p, k, out);
		return part(p, k, words[i].kind, out);
	}
	*known = false;
	return true;
}

static bool
test(struct parser *p, const struct filter **out)
{
	size_t k = 0;
	bool negate, taken, known;
	if (!column(p, &k))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(comparisons); i++)
		if (is_sign(p, comparisons[i].sign))
			return comparison(p, k, &comparisons[i], out);
	if (!take_word(p, "is", &taken))
		return false;
	if (taken)
		return state(p, k, out);
	if (!take_word(p, "not", &negate) || !worded(p, k, out, &known))
		return false;
	if (!known)
		return expected(p, negate ? "contains, starts with, ends with, in or between"
					  : "a comparison (= != < <= > >= contains, starts with, "
					    "ends with, in, between, is)");
	*out = negated(p, *out, negate);
	return true;
}

/* ---- expressions ---- */

static bool disjunction(struct parser *p, const struct filter **out);

static bool
negation(struct parser *p, const struct filter **out)
{
	bool worked, group = is_sign(p, "(");
	if (!group && !is_word(p, "not"))
		return test(p, out);
	if (++p->depth > LIMIT_FILTER_DEPTH)
		return FAIL_FIELD(p->e, INPUT, p->field,
		    "%s has more than %d levels of parentheses and not", p->field,
		    LIMIT_FILTER_DEPTH);
	if (!advance(p))
		return false;
	if (group) {
		worked = disjunction(p, out) && need_sign(p, ")");
	} else {
		worked = negation(p, out);
		if (worked)
			*out = negated(p, *out, true);
	}
	p->depth--;
	return worked;
}

static bool
joined(struct parser *p, const char *word, enum filter_kind kind,
    bool (*rule)(struct parser *, const struct filter **), const struct filter **out)
{
	if (!rule(p, out))
		return false;
	while (is_word(p, word)) {
		struct filter *f = node(p, kind, 0, 0);
		f->left = *out;
		if (!advance(p) || !rule(p, &f->right))
			return false;
		*out = f;
	}
	return true;
}

static bool
conjunction(struct parser *p, const struct filter **out)
{
	return joined(p, "and", FILTER_AND, negation, out);
}

static bool
disjunction(struct parser *p, const struct filter **out)
{
	return joined(p, "or", FILTER_OR, conjunction, out);
}

bool
filter_parse(const struct filter **out, struct str text, const char *field,
    const struct column *columns, size_t count, struct arena *a, struct err *e)
{
	struct parser p = {.text = text,
	    .field = field,
	    .columns = columns,
	    .column_count = count,
	    .arena = a,
	    .e = e};
	*out = NULL;
	if (text.n > LIMIT_FILTER_BYTES)
		return FAIL_FIELD(
		    e, INPUT, field, "%s must be at most %d bytes", field, (int)LIMIT_FILTER_BYTES);
	if (utf8_valid(text.p, text.n) != text.n)
		return FAIL_FIELD(e, INPUT, field, "%s must be UTF-8", field);
	if (!fold_open(&p.locale, a, e) || !advance(&p))
		return false;
	if (p.kind == TOKEN_END)
		return true;
	return disjunction(&p, out) && (p.kind == TOKEN_END || expected(&p, "and, or, or its end"));
}
