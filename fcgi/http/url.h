/*
 * url.h: the path and the parameters of a request, taken apart once; and text made safe to stand
 * in an address.
 *
 * Everything that comes out is valid UTF-8 without NUL.  What a proxy before us and we could read
 * differently (an encoded slash, "..", an empty segment) is refused, not repaired.
 */
#ifndef ROWHOUSE_URL_H
#define ROWHOUSE_URL_H

#include "base/buf.h"
#include "base/err.h"

struct url_parameter {
	struct str name, value;
};

/* In the order sent; a name may come more than once. */
struct url_parameters {
	struct url_parameter *list;
	size_t count;
};

/*
 * Percent-decodes a path (what stands before the ?), once.  INPUT when it does not begin with /,
 * has a bad escape, %2F, a control byte, bytes that are not UTF-8, an empty segment (one slash at
 * the end is good), or a segment "." or "..".  TOO_BIG over LIMIT_URL_BYTES.
 */
bool url_decode_path(struct str *out, struct str path, struct arena *a, struct err *e) MUST_CHECK;

/*
 * name=value pairs joined by &, with + as space; a pair without = has the value "".  INPUT for a
 * bad escape, NUL, or bytes that are not UTF-8; the err names the parameter.  TOO_BIG over the
 * limits: LIMIT_URL_BYTES and LIMIT_PARAMETERS of a query, LIMIT_FORM_FIELD_BYTES and
 * LIMIT_FORM_FIELDS of an application/x-www-form-urlencoded body.
 */
bool url_parse_query(
    struct url_parameters *out, struct str query, struct arena *a, struct err *e) MUST_CHECK;
bool url_parse_form(
    struct url_parameters *out, struct str body, struct arena *a, struct err *e) MUST_CHECK;

/* The value of the first parameter of that name, {NULL, 0} when there is none. */
struct str url_parameter(const struct url_parameters *parameters, const char *name);

/* Percent-decodes once, into any bytes; false: a % without two hex digits behind it. */
bool url_decode(struct str *out, struct str s, bool plus_is_space, struct arena *a) MUST_CHECK;

/* Percent-encodes all but the unreserved characters of RFC 3986 (letters, digits, - . _ ~): right
 * for one segment of a path, and for a name or a value in a query. */
void url_encode(struct buf *out, struct str s);

#endif
