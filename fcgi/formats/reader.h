/*
 * reader.h: what the readers of table.h share: a window on the input, the names of the columns,
 * the record being built, and how findings and failures are told.  Nothing outside formats/
 * includes it, except tests.
 *
 * The window always holds whole records: a reader looks for the end of its record, and when the
 * window ends first it asks for more and starts the record again.  The window at least doubles what
 * it shows of the record each time, so no byte is looked at more than twice on average.
 */
#ifndef ROWHOUSE_READER_H
#define ROWHOUSE_READER_H

#include "base/limits.h"
#include "formats/table.h"

/* Zero bytes that stand behind the window's end, so that a reader may look at 16 bytes at a time,
 * and finds a byte that is no plain text at the end. */
#define WINDOW_PAD 64
#define WINDOW_BYTES ((size_t)KIB(256))

struct window {
	struct input *in;
	char *bytes;
	size_t capacity; /* without the pad */
	size_t start;    /* where the next record begins */
	size_t end;      /* bytes that were read */
	bool at_end;     /* nothing follows behind `end` */
	uint64_t moves;  /* how often places in it have changed */
	char *sample;    /* was read ahead: what of it is not in the window yet */
	size_t sample_start, sample_end;
};

/* Texts with a number each; used for the columns' names and for the keys of JSON objects. */
struct names {
	struct name *slots;
	struct arena *arena;
};
struct name {
	struct str text;
	uint64_t hash;
	size_t value;
	bool used;
};

struct reader {
	struct window window;
	const struct table_options *options; /* with what was found out so far */
	const struct table_sink *sink;
	struct guess *guesses;
	struct table_counts *counts;
	struct arena *arena;
	struct names names; /* of the columns; the value is the next number to try as a suffix */
	bool no_header;
	size_t columns; /* that the sink knows */
	uint64_t line;  /* where the record at the window's start begins, from 1 */
	char *row;      /* the cells array being built */
	size_t row_capacity;
	bool repaired; /* something of the record at r->line, so far */
};

/* The whole of table_read(), with a window of another size; tests use small ones. */
bool table_read_through(struct input *in, const struct table_options *options,
    const struct table_sink *sink, struct guess *guesses, struct table_counts *counts,
    size_t window_bytes, struct arena *a, struct err *e) MUST_CHECK;

/* Forgets what lies before the window's start and reads on, into a larger window when the record
 * fills more than half of it.  TOO_BIG when the record is over its limit. */
bool window_more(struct reader *r, struct err *e) MUST_CHECK;

/* The first bytes behind the window's start, at most n, without moving on: good until the reader is
 * released.  *whole: they are all there are.  Called once, before the window moves. */
bool window_sample(
    struct reader *r, size_t n, struct str *sample, bool *whole, struct err *e) MUST_CHECK;

/* Makes the row's buffer at least n bytes large; what it holds stays. */
bool row_room(struct reader *r, size_t n, struct err *e) MUST_CHECK;

/* Tells the sink how the file is read, for a reader that finds out nothing but the format. */
bool reader_found(struct reader *r, enum table_format format, struct err *e) MUST_CHECK;

/* Tells the sink of the next column.  The name is repaired and made unique; what had to be changed
 * is a finding.  A column without a label is named by its number. */
bool reader_column(struct reader *r, struct str label, struct err *e) MUST_CHECK;
bool reader_unnamed_column(struct reader *r, struct err *e) MUST_CHECK;

/* Hands the record at r->line on as a row, counted as repaired if r->repaired says so: whoever
 * begins a record begins with false, since the one before it may have become no row. */
bool reader_row(struct reader *r, struct str cells, struct str absent, struct err *e) MUST_CHECK;

/* A finding about the record at r->line; the message is made one clean line. */
bool reader_finding(struct reader *r, struct err *e, const char *code, size_t column,
    const char *format, ...) MUST_CHECK PRINTF_LIKE(5, 6);

/* A failure about a line of the file; false, as FAIL. */
#define FAIL_AT(e, where, code, ...) ((e)->at_line = (where), FAIL((e), code, __VA_ARGS__))

/* 2001 as "2,001", for messages. */
struct thousands {
	char text[32];
};
struct thousands thousands(uint64_t n);

void names_init(struct names *names, struct arena *a);
/* NULL: it is not there. */
struct name *names_find(const struct names *names, struct str text);
/* Adds a text that is not there (it is copied); there is room for LIMIT_COLUMNS + 1. */
struct name *names_add(struct names *names, struct str text, size_t value);
/* Takes back an addition; the latest must go first. */
void names_undo(struct name *name);

#endif
