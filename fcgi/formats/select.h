/*
 * select.h: a sink (table.h) between a reader and who takes its rows, for what somebody wants
 * otherwise than it was found: columns left out, renamed, of another type.
 *
 * A type that was chosen forbids nothing: a value that does not fit stays as it is and is a
 * finding (type-error), so that no choice loses anything.
 */
#ifndef ROWHOUSE_SELECT_H
#define ROWHOUSE_SELECT_H

#include "formats/table.h"

struct column_choice {
	struct str from;       /* the column's name as the reader tells it */
	struct str name;       /* what it is to be called; empty: as it is */
	enum column_type type; /* COLUMN__MAX: as it is found out */
	bool left_out;
};

struct table_select;

/* Who takes the rows; `column` gets the choice too, NULL when there is none. */
struct select_sink {
	void *context;
	bool (*column)(
	    void *context, struct str name, const struct column_choice *choice, struct err *e);
	bool (*row)(
	    void *context, uint64_t line, struct str cells, struct str absent, struct err *e);
	bool (*finding)(void *context, const struct finding *f, struct err *e);
	bool (*found)(void *context, const struct table_options *found, struct err *e);
};

/* All three arguments must stay; it lives in the arena, and so does what a row needs. */
struct table_select *select_new(const struct select_sink *to, const struct column_choice *choices,
    size_t count, struct arena *a);
/* What the reader is given. */
const struct table_sink *select_table_sink(struct table_select *s);
/* What the reader learned of its columns, as those that were handed on are numbered. */
void select_guesses(
    const struct table_select *s, struct guess *out, const struct guess *found, size_t max);
/* After reading: INPUT for a choice about a column that is not there or two columns of one name. */
bool select_check(const struct table_select *s, struct err *e) MUST_CHECK;

#endif
