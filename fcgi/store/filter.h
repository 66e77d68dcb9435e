/*
 * filter.h: filter expressions, as price > 100 and not (name contains 'desk' or sku is empty).
 *
 *   expression  = conjunction *("or" conjunction)
 *   conjunction = negation *("and" negation)
 *   negation    = "not" negation / "(" expression ")" / test
 *   test        = column ("=" / "!=" / "<" / "<=" / ">" / ">=") value
 *               / column ["not"] ("contains" / "starts" "with" / "ends" "with") value
 *               / column ["not"] "in" "(" value *("," value) ")"
 *               / column ["not"] "between" value "and" value
 *               / column "is" ["not"] ("empty" / "null" / "missing" / "blank")
 *   column      = name / DQUOTE text DQUOTE / "`" text "`"
 *   value       = "'" text "'" / number / date / "true" / "false"
 *
 * A quote inside its own kind is doubled.  A name is letters, digits and _, not beginning with a
 * digit, every character outside ASCII is a letter; it is a column's name, or its id (col_price).
 * Words count in any case, and are no names: a column called in is written "in".
 *
 * What it means: a value is taken in the type of its column and compared as key.h says; one without
 * quotes, and one that says which is less, must be of that type.  < <= > >= and between are true
 * only of values of the column's type (for text: any text that is not empty).  != is exactly
 * not =, so it is true where nothing stands.  contains, starts with and ends with look at the
 * cell's text, each character in its lower case (fold.h).  empty is a text without characters, null
 * is JSON's null, missing is a key the record did not have, blank is any of the three.
 */
#ifndef ROWHOUSE_FILTER_H
#define ROWHOUSE_FILTER_H

#include "store/rows.h"

enum filter_kind {
	FILTER_OR,
	FILTER_AND,
	FILTER_NOT,
	FILTER_RANGE,    /* of keys: from values[0] to values[1], either may be without end */
	FILTER_IN,       /* one of the keys */
	FILTER_CONTAINS, /* of texts, folded */
	FILTER_STARTS,
	FILTER_ENDS,
	FILTER_CLASS, /* one of the classes of key.h: a bit each */
};

struct filter {
	enum filter_kind kind;
	const struct filter *left, *right; /* OR, AND; NOT: left */
	size_t column;                     /* place among the columns it was parsed with */
	const struct str *values;          /* keys, or folded texts; RANGE: n 0: no end */
	size_t count;
	bool open[2]; /* RANGE: the end itself does not count */
	unsigned classes;
};

/*
 * Reads an expression; empty: *out is NULL, all rows.  INPUT says about `field` at which character
 * (from 1) what was expected.  Values longer than LIMIT_FILTER_BYTES cannot be, for the expression
 * is not.
 */
bool filter_parse(const struct filter **out, struct str text, const char *field,
    const struct column *columns, size_t count, struct arena *a, struct err *e) MUST_CHECK;

/* The place of the column of this name or, when there is none, this id; `count`: there is none. */
size_t filter_column(const struct column *columns, size_t count, struct str name);

#endif
