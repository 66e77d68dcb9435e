/*
 * err.h: what went wrong, written once where it was found, for the person who must act.
 *
 * A function that fails fills the struct and returns false; those above it return false unchanged.
 * The first failure is kept: FAIL on a set err does nothing, because later ones are consequences.
 * Our own bugs are assert()s, never errs.
 *
 * The message is one line, impersonal, says what the user can change, and names no function.
 */
#ifndef ROWHOUSE_ERR_H
#define ROWHOUSE_ERR_H

#include "base/base.h"

/*
 * X(name, HTTP status, word, title): the word is what APIs and logs print, the title what RFC 9457
 * calls one.  A status is written nowhere else.
 */
#define ERR_TABLE(X)                                                                               \
	X(OK, 200, "ok", "OK")                                                                     \
	X(INPUT, 400, "bad_input", "The request cannot be carried out as sent")                    \
	X(UNAUTHORIZED, 401, "unauthorized", "A valid key is needed")                              \
	X(FORBIDDEN, 403, "forbidden", "The caller may not do that")                               \
	X(QUOTA, 403, "quota_exceeded", "A quota is used up")                                      \
	X(NOT_FOUND, 404, "not_found", "There is no such thing here")                              \
	X(METHOD, 405, "method_not_allowed", "This address does not take that method")             \
	X(CONFLICT, 409, "conflict", "Something else is in the way")                               \
	X(LOCKED, 409, "dataset_locked", "A task is working on it")                                \
	X(GONE, 410, "gone", "It has expired")                                                     \
	X(LENGTH, 411, "length_required", "The length of the body must be given")                  \
	X(PRECONDITION, 412, "precondition_failed", "It was changed meanwhile")                    \
	X(TOO_BIG, 413, "too_big", "Over a limit of size")                                         \
	X(MEDIA_TYPE, 415, "unsupported_media_type", "The body is of another type than expected")  \
	X(UNPROCESSABLE, 422, "unprocessable", "The request cannot be carried out as sent")        \
	X(PRECONDITION_MISSING, 428, "precondition_required", "The request must say what it read") \
	X(BUSY, 429, "too_many_requests", "Too many requests")                                     \
	X(CANCELLED, 499, "cancelled", "It was cancelled")                                         \
	X(SYSTEM, 500, "internal", "The server failed")                                            \
	X(UNAVAILABLE, 503, "unavailable", "The server cannot do that now")                        \
	X(TIMEOUT, 504, "timeout", "It took too long")                                             \
	X(DISK_FULL, 507, "disk_full", "The disk is full")                                         \
	X(VERSION, 412, "unsupported_version", "The protocol is spoken in another version")        \
	X(CHECKSUM, 460, "checksum_mismatch", "The bytes are not those that were meant")

enum err_code {
#define X(name, status, word, title) ERR_##name,
	ERR_TABLE(X)
#undef X
	    ERR__MAX
};

#define ERR_MESSAGE_BYTES 400
#define ERR_FIELD_BYTES 80

struct err {
	enum err_code code;          /* ERR_OK: nothing is wrong */
	const char *file;            /* where it was found, for the log only */
	int line;                    /* likewise */
	uint64_t at_line;            /* line in the user's file, from 1; 0: no line */
	int64_t retry_s;             /* trying again may help after so many seconds; 0: unknown */
	char word[32];               /* a more exact word than the table's, or "" */
	char field[ERR_FIELD_BYTES]; /* the request's field or the column, or "" */
	char message[ERR_MESSAGE_BYTES]; /* one line, valid UTF-8, clipped to fit */
	const void *spare[2];
};

/* Records a failure and is false, so that `return FAIL(e, ...)` reads well. */
#define FAIL(e, code, ...) err_set((e), __FILE__, __LINE__, ERR_##code, __VA_ARGS__)
/* The same about one field of the request (or one column of a file). */
#define FAIL_FIELD(e, code, field, ...)                                                            \
	err_set_field((e), __FILE__, __LINE__, ERR_##code, (field), __VA_ARGS__)
/* A failed system call: errno decides between DISK_FULL, UNAVAILABLE and SYSTEM. */
#define FAIL_ERRNO(e, ...) err_set_errno((e), __FILE__, __LINE__, __VA_ARGS__)

bool err_set(struct err *e, const char *file, int line, enum err_code code, const char *format, ...)
    PRINTF_LIKE(5, 6);
bool err_set_field(struct err *e, const char *file, int line, enum err_code code, const char *field,
    const char *format, ...) PRINTF_LIKE(6, 7);
bool err_set_errno(struct err *e, const char *file, int line, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Forgets the failure, for the rare caller that has another way. */
void err_clear(struct err *e);

int err_status(enum err_code code);
const char *err_word(const struct err *e);
const char *err_title(enum err_code code);
/* The code of a table word, ERR_SYSTEM for a word that is not in the table. */
enum err_code err_from_word(struct str word);

#endif
