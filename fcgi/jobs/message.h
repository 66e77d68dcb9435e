/*
 * message.h: what a job's child and its writer say to each other (the bytes inside ring.h's
 * messages).  Numbers are in the machine's order: both ends are the same binary.
 *
 * The child asks and the writer answers, one MESSAGE_REPLY for each message marked so, in order;
 * the rest goes one way.  The writer trusts no byte of what the child says.
 */
#ifndef ROWHOUSE_MESSAGE_H
#define ROWHOUSE_MESSAGE_H

#include "base/err.h"

enum message {
	/* writer -> child */
	MESSAGE_BEGIN, /* JSON: what to run, on what (service.c) */
	MESSAGE_REPLY, /* reply_head, then what was asked for or a struct err */

	/* child -> writer, any hook */
	MESSAGE_PROGRESS, /* progress_head */
	MESSAGE_INPUT,    /* uint64_t: which file.  Reply: input_head; the descriptor follows on the
			     socket */
	MESSAGE_GET_STATE, /* the name.  Reply: the value, empty when there is none */
	MESSAGE_PUT_STATE, /* state_head, the name, the value */
	MESSAGE_ANSWER,    /* JSON */
	MESSAGE_FINDING,   /* finding_head, the code, the text */
	MESSAGE_COLUMN,    /* column_head, its texts.  Reply in a task: uint64_t, its id */
	MESSAGE_ROWS,    /* rows_head, then rows: row_head, its cells, its absent; in an ingest also
			    findings between them: row_head, then as MESSAGE_FINDING */
	MESSAGE_FOUND,   /* JSON: how the core's reader reads the file (formats/options.h) */
	MESSAGE_GUESSES, /* struct guess, one per column */
	MESSAGE_END,     /* struct table_counts */
	MESSAGE_FAIL,    /* struct err */
	MESSAGE_QUIET,   /* uint64_t: seconds from now in which it may say nothing */

	/* child -> writer, tasks and calls on a dataset */
	MESSAGE_READ,       /* read_head.  Reply: rows: stored_head, its cells, its absent */
	MESSAGE_EDITS,      /* edits: edit_head and its texts */
	MESSAGE_CHECKPOINT, /* the cursor.  Reply: nothing */
};

struct reply_head {
	uint32_t good; /* 0: a struct err follows */
	uint32_t zero;
};

struct progress_head {
	uint64_t done, total;
};

struct input_head {
	uint64_t offset, bytes;
};

struct state_head {
	uint32_t name, value; /* bytes of each */
};

struct column_head {
	uint32_t type; /* enum column_type, COLUMN__MAX: to be found out */
	uint32_t required;
	uint32_t name, vendor_type, description, default_value; /* bytes of each */
};

struct rows_head {
	uint64_t done; /* bytes of the input read so far */
};

struct row_head {
	uint64_t line;
	uint32_t cells, absent; /* bytes of each */
};
/* In the place of `absent`: no row, but a finding of `cells` bytes. */
#define ROW_IS_FINDING UINT32_MAX

struct finding_head {
	uint64_t line, column, row_id;
	uint32_t code, message; /* bytes of each */
};

struct read_head {
	int64_t after; /* row id */
	uint64_t limit;
};

struct stored_head {
	int64_t row_id, rev;
	uint64_t line;
	uint32_t cells, absent; /* bytes of each */
};

enum edit { EDIT_SET, EDIT_REMOVE, EDIT__MAX };

struct edit_head {
	uint32_t edit;
	uint32_t token, state, source; /* bytes of each; a token of 0 bytes: absent */
	int64_t row_id, rev;
	uint64_t column;
	double confidence;
};

#endif
