/* filter.c: see filter.h.  A parser by descent, a function for each rule of the grammar, over
 * tokens (filter_tokens.h). */
#include "store/filter.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "store/filter_tokens.h"
#include "store/fold.h"
#include "store/key.h"

struct parser {
	struct tokens tokens;
	const struct column *columns;
	size_t column_count;
	locale_t locale;
	size_t depth;
};

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

static const char *const reserved[] = {"and", "or", "not", "contains", "starts", "ends", "in",
    "between", "is", "true", "false", "null"};

static bool
column(struct parser *p, size_t *out)
{
	for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++)
		if (token_is_word(&p->tokens, reserved[i]))
			return token_expected(
			    &p->tokens, "a column (a name like this one in double quotes)");
	if (p->tokens.kind != TOKEN_WORD && p->tokens.kind != TOKEN_NAME)
		return token_expected(&p->tokens, "a column");
	*out = filter_column(p->columns, p->column_count, p->tokens.token);
	if (*out == p->column_count)
		return FAIL_FIELD(p->tokens.e, INPUT, p->tokens.field,
		    "%s, at character %zu: there is no column %.*s", p->tokens.field,
		    token_character(&p->tokens), STR_ARG(str_clip(p->tokens.token, 100)));
	return token_next(&p->tokens);
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
	return p->tokens.kind == TOKEN_TEXT || p->tokens.kind == TOKEN_NUMBER ||
	       token_is_word(&p->tokens, "true") || token_is_word(&p->tokens, "false");
}

/* The key of a value; `typed`: it must be of the column's type, quotes or not. */
static bool
key_value(struct parser *p, size_t k, bool typed, struct str *out)
{
	enum column_type type = p->columns[k].type;
	if (!is_value(p))
		return token_expected(&p->tokens, value_of_type(type));
	if (typed && p->tokens.kind == TOKEN_TEXT && p->tokens.token.n == 0)
		return token_expected(&p->tokens, "a value that is not empty");
	char *room = arena_alloc(p->tokens.arena, KEY_ROOM(p->tokens.token.n));
	size_t n = key_of_text(room, p->tokens.token, type);
	if ((typed || p->tokens.kind != TOKEN_TEXT) && room[0] != KEY_VALUE)
		return token_expected(&p->tokens, value_of_type(type));
	*out = (struct str){room, n};
	return token_next(&p->tokens);
}

static bool
folded_value(struct parser *p, struct str *out)
{
	if (!is_value(p))
		return token_expected(&p->tokens, "a text in single quotes");
	char *room = arena_alloc(p->tokens.arena, FOLD_ROOM(p->tokens.token.n));
	*out = (struct str){room, fold(room, p->tokens.token, p->locale)};
	return token_next(&p->tokens);
}

/* ---- tests ---- */

static struct filter *
node(struct parser *p, enum filter_kind kind, size_t k, size_t values)
{
	struct filter *f = arena_alloc(p->tokens.arena, sizeof *f);
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
	struct str *values = arena_array(p->tokens.arena, 2, sizeof *values);
	struct filter *f = node(p, c->kind, k, range ? 2 : 1);
	f->values = values;
	f->open[c->upper] = c->open;
	*out = negated(p, f, c->negate);
	return token_next(&p->tokens) && key_value(p, k, range, &values[range && c->upper]);
}

static bool
between(struct parser *p, size_t k, const struct filter **out)
{
	struct str *values = arena_array(p->tokens.arena, 2, sizeof *values);
	struct filter *f = node(p, FILTER_RANGE, k, 2);
	f->values = values;
	*out = f;
	return key_value(p, k, true, &values[0]) && token_need_word(&p->tokens, "and") &&
	       key_value(p, k, true, &values[1]);
}

/* How many values the list that begins here may have at most: one more than commas. */
static size_t
commas(const struct parser *p)
{
	size_t n = 1;
	for (size_t i = p->tokens.at; i < p->tokens.text.n; i++)
		n += p->tokens.text.p[i] == ',';
	return n;
}

static bool
list(struct parser *p, size_t k, const struct filter **out)
{
	struct str *values = arena_array(p->tokens.arena, commas(p), sizeof *values);
	struct filter *f = node(p, FILTER_IN, k, 0);
	f->values = values;
	*out = f;
	if (!token_need_sign(&p->tokens, "(") || !key_value(p, k, false, &values[f->count++]))
		return false;
	while (token_is_sign(&p->tokens, ","))
		if (!token_next(&p->tokens) || !key_value(p, k, false, &values[f->count++]))
			return false;
	return token_is_sign(&p->tokens, ")") ? token_next(&p->tokens)
					      : token_expected(&p->tokens, ", or )");
}

static bool
part(struct parser *p, size_t k, enum filter_kind kind, const struct filter **out)
{
	struct str *value = arena_alloc(p->tokens.arena, sizeof *value);
	struct filter *f = node(p, kind, k, 1);
	f->values = value;
	*out = f;
	return (kind == FILTER_CONTAINS || token_need_word(&p->tokens, "with")) &&
	       folded_value(p, value);
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
	if (!token_take_word(&p->tokens, "not", &negate))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
		if (!token_is_word(&p->tokens, states[i].word))
			continue;
		struct filter *f = node(p, FILTER_CLASS, k, 0);
		f->classes = states[i].classes;
		*out = negated(p, f, negate);
		return token_next(&p->tokens);
	}
	return token_expected(&p->tokens, "empty, null, missing or blank");
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
		if (!token_is_word(&p->tokens, words[i].word))
			continue;
		if (!token_next(&p->tokens))
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
		if (token_is_sign(&p->tokens, comparisons[i].sign))
			return comparison(p, k, &comparisons[i], out);
	if (!token_take_word(&p->tokens, "is", &taken))
		return false;
	if (taken)
		return state(p, k, out);
	if (!token_take_word(&p->tokens, "not", &negate) || !worded(p, k, out, &known))
		return false;
	if (!known)
		return token_expected(
		    &p->tokens, negate ? "contains, starts with, ends with, in or between"
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
	bool worked, group = token_is_sign(&p->tokens, "(");
	if (!group && !token_is_word(&p->tokens, "not"))
		return test(p, out);
	if (++p->depth > LIMIT_FILTER_DEPTH)
		return FAIL_FIELD(p->tokens.e, INPUT, p->tokens.field,
		    "%s has more than %d levels of parentheses and not", p->tokens.field,
		    LIMIT_FILTER_DEPTH);
	if (!token_next(&p->tokens))
		return false;
	if (group) {
		worked = disjunction(p, out) && token_need_sign(&p->tokens, ")");
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
	while (token_is_word(&p->tokens, word)) {
		struct filter *f = node(p, kind, 0, 0);
		f->left = *out;
		if (!token_next(&p->tokens) || !rule(p, &f->right))
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
	struct parser p = {
	    .tokens = {.text = text, .field = field, .arena = a, .e = e},
	    .columns = columns,
	    .column_count = count,
	};
	*out = NULL;
	if (text.n > LIMIT_FILTER_BYTES)
		return FAIL_FIELD(
		    e, INPUT, field, "%s must be at most %d bytes", field, (int)LIMIT_FILTER_BYTES);
	if (utf8_valid(text.p, text.n) != text.n)
		return FAIL_FIELD(e, INPUT, field, "%s must be UTF-8", field);
	if (!token_next(&p.tokens))
		return false;
	/* Opening a locale costs more than a page of rows that asks for nothing. */
	if (p.tokens.kind == TOKEN_END)
		return true;
	return fold_open(&p.locale, a, e) && disjunction(&p, out) &&
	       (p.tokens.kind == TOKEN_END || token_expected(&p.tokens, "and, or, or its end"));
}
