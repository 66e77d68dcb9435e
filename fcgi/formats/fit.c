/* fit.c: see fit.h. */
#include "formats/fit.h"
#include "base/clock.h"

/* A text in which every byte means itself. */
static bool
fit_text(struct str text, enum column_type type)
{
	int64_t us;
	bool on;
	switch (type) {
	case COLUMN_INTEGER:
		return cells_is_number(text) && !memchr(text.p, '.', text.n) &&
		       !memchr(text.p, 'e', text.n) && !memchr(text.p, 'E', text.n);
	case COLUMN_NUMBER:
		return cells_is_number(text);
	case COLUMN_BOOLEAN:
		return guess_is_boolean(&on, text);
	case COLUMN_DATE:
	case COLUMN_DATETIME:
		return clock_parse(&us, text);
	case COLUMN_STRING:
	case COLUMN_TEXT:
	case COLUMN_JSON:
	case COLUMN__MAX:
		break;
	}
	return true;
}

static const char *
words_of(enum column_type type)
{
	switch (type) {
	case COLUMN_INTEGER:
		return "a whole number";
	case COLUMN_NUMBER:
		return "a number";
	case COLUMN_BOOLEAN:
		return "true or false";
	case COLUMN_DATE:
	case COLUMN_DATETIME:
		return "a date, as 2024-03-14 or 2024-03-14T15:30:00Z";
	case COLUMN_STRING:
	case COLUMN_TEXT:
	case COLUMN_JSON:
	case COLUMN__MAX:
		break;
	}
	return "text";
}

const char *
fit_cell(const struct cell *c, enum column_type type)
{
	bool good = true;
	switch (c->kind) {
	case CELL_ABSENT:
	case CELL_NULL:
		return NULL;
	case CELL_TEXT:
		/* No number, boolean or date needs an escape. */
		good = c->bytes.n == 0 || type == COLUMN_STRING || type == COLUMN_TEXT ||
		       type == COLUMN_JSON || (!c->escaped && fit_text(c->bytes, type));
		break;
	case CELL_NUMBER:
		good = type != COLUMN_BOOLEAN && type != COLUMN_DATE && type != COLUMN_DATETIME &&
		       (type != COLUMN_INTEGER || fit_text(c->bytes, type));
		break;
	case CELL_TRUE:
	case CELL_FALSE:
		good = type == COLUMN_BOOLEAN || type == COLUMN_STRING || type == COLUMN_TEXT ||
		       type == COLUMN_JSON;
		break;
	case CELL_JSON:
		good = type == COLUMN_JSON;
		break;
	}
	return good ? NULL : words_of(type);
}
