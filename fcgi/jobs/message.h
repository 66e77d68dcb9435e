/*
 * message.h: what a job's child says to its writer (the bytes inside ring.h's messages).  Numbers
 * are in the machine's order: both ends are the same binary.
 */
#ifndef ROWHOUSE_MESSAGE_H
#define ROWHOUSE_MESSAGE_H

#include "base/err.h"

enum message {
	MESSAGE_COLUMN,  /* the name */
	MESSAGE_ROWS,    /* rows_head, then rows: row_head, its cells, its absent */
	MESSAGE_FINDING, /* finding_head, the code, the text */
	MESSAGE_GUESSES, /* struct guess, one per column */
	MESSAGE_END,     /* struct table_counts */
	MESSAGE_FAIL,    /* struct err */
};

struct rows_head {
	uint64_t done; /* bytes of the input read so far */
};

struct row_head {
	uint64_t line;
	uint32_t cells, absent; /* bytes of each */
};

struct finding_head {
	uint64_t line, column;
	uint32_t code, message; /* bytes of each */
};

#endif
