/*
 * guess.h: what type a column has, learned while its values pass by, without a second look.
 *
 * A column has a type when every value that is not empty fits it; the narrowest wins:
 * boolean, integer, number, date, datetime, else string (text when one value is over 255
 * characters).  "007", "+5" and " 5" are strings, because printing them as numbers would change
 * them; integers are those that fit 64 bits signed, longer ones are numbers.  true/false in any
 * case are booleans (0/1 are integers).  Dates are ISO 8601: 2024-03-14 with the day checked
 * against the month; date and time 2024-03-14T15:30[:00[.123]][Z|+01:00], also with a space for T.
 */
#ifndef ROWHOUSE_GUESS_H
#define ROWHOUSE_GUESS_H

#include "base/base.h"
#include "base/cells.h"

enum column_type {
	COLUMN_STRING,
	COLUMN_TEXT,
	COLUMN_INTEGER,
	COLUMN_NUMBER,
	COLUMN_BOOLEAN,
	COLUMN_DATE,
	COLUMN_DATETIME,
	COLUMN_JSON,
	COLUMN__MAX
};
/* "string", "text", "integer" ... as they stand in rows.db and our own API. */
extern const char *const column_type_names[COLUMN__MAX];
/* COLUMN__MAX when there is no such type. */
enum column_type column_type_from_name(struct str name);

#define GUESS_BIT(type) (1u << (type))
/* Only the lengths of values matter any more: no narrow type is left. */
#define GUESS_PLAIN                                                                                \
	(GUESS_BIT(COLUMN_BOOLEAN) | GUESS_BIT(COLUMN_INTEGER) | GUESS_BIT(COLUMN_NUMBER) |        \
	    GUESS_BIT(COLUMN_DATE) | GUESS_BIT(COLUMN_DATETIME))
#define GUESS_STRING_CHARACTERS 255

struct guess {
	uint8_t excluded;   /* a bit per column_type that some value did not fit */
	bool json;          /* an object or array was seen */
	bool has_number;    /* least and most are set */
	uint64_t values;    /* that are not empty */
	uint64_t empty;     /* empty text or null; absent cells are not counted here */
	uint64_t longest;   /* bytes of the longest value */
	double least, most; /* of the values, as long as all of them are numbers */
};

/* For guess_add_text: a value that is not empty and may still decide something. */
void guess_look(struct guess *g, const char *p, size_t n);

/* One CSV field (after quotes and escapes are gone).  Inline because most columns soon need no
 * more than this. */
static inline void
guess_add_text(struct guess *g, const char *p, size_t n)
{
	if (n == 0) {
		g->empty++;
		return;
	}
	g->values++;
	if (n > g->longest)
		g->longest = n;
	if ((g->excluded & GUESS_PLAIN) != GUESS_PLAIN || n > GUESS_STRING_CHARACTERS)
		guess_look(g, p, n);
}

/* The same for a field as it stands inside a JSON string, `extra` of its bytes being due to
 * escapes of bytes that no narrow type has (quotes, backslashes, control bytes). */
void guess_add_escaped(struct guess *g, const char *p, size_t n, size_t extra);
/* One JSON cell.  A text there is never a number or boolean: its author put quotes around it. */
void guess_add_cell(struct guess *g, const struct cell *c);
enum column_type guess_type(const struct guess *g);

/* The text is true or false in any case, which `*value` says then. */
bool guess_is_boolean(bool *value, struct str text);
/* The text is a date or datetime. */
bool guess_is_moment(struct str text);

#endif
