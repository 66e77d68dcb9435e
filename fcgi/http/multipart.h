/*
 * multipart.h: a multipart/form-data body (RFC 7578) taken apart where it lies: nothing is copied,
 * the answer is where each part begins and how long it is.
 *
 * It works on a file of any size at memory speed: the body is mapped and searched for the boundary.
 * Lenient where real clients differ (a preamble, LF alone between header lines, space after the
 * boundary, a missing filename, filename*= of RFC 5987, an epilogue), strict where a lie would cut
 * a file short: a part without its closing boundary is an error.
 */
#ifndef ROWHOUSE_MULTIPART_H
#define ROWHOUSE_MULTIPART_H

#include "base/arena.h"
#include "base/err.h"

struct multipart_part {
	struct str name;         /* of the form field; "" when the part says none */
	struct str file_name;    /* the last component only, of either kind of slash */
	bool is_file;            /* it has a filename parameter, or a type that is not text/plain */
	struct str content_type; /* as sent, "" when not sent */
	uint64_t offset, length; /* of the content, from the start of the body */
};

struct multipart {
	struct multipart_part *parts;
	size_t count;
};

/* The boundary of a Content-Type header.  INPUT when it is another type, has no boundary, or one
 * over LIMIT_BOUNDARY_BYTES or with characters outside RFC 2046. */
bool multipart_boundary(
    struct str *out, struct str content_type, struct arena *a, struct err *e) MUST_CHECK;

/*
 * Takes the n bytes apart; the parts' texts are in the arena.  Limits: LIMIT_FORM_FIELDS,
 * LIMIT_FORM_FILES, LIMIT_PART_HEADER_BYTES.  Errors are INPUT (truncated, no part, bad header;
 * the message says which part) or TOO_BIG.
 */
bool multipart_split(struct multipart *out, const char *body, size_t n, struct str boundary,
    struct arena *a, struct err *e) MUST_CHECK;

/* The same for a mapped file: `passed` is told of every stretch of some MiB that was searched and
 * may be let go of (it can be looked at again). */
typedef void multipart_passed_fn(const char *p, size_t n);
bool multipart_split_mapped(struct multipart *out, const char *body, size_t n, struct str boundary,
    multipart_passed_fn *passed, struct arena *a, struct err *e) MUST_CHECK;

#endif
