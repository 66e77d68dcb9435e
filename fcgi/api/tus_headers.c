/* tus_headers.c: see tus_headers.h. */
#include "api/tus_headers.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <sodium.h>

#define CONTENT_TYPE_BYTES 200

/* Strict: no space inside, padded to a multiple of four.  False: it is none. */
static bool
read_base64(struct str *out, struct str text, struct arena *a)
{
	size_t n, most = text.n / 4 * 3 + 1;
	char *bytes = arena_alloc(a, most);
	const char *end;
	if (sodium_base642bin((unsigned char *)bytes, most, text.n ? text.p : "", text.n, NULL, &n,
		&end, sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	*out = (struct str){bytes, n};
	return end == (text.n ? text.p + text.n : end);
}

/* The first of what stands between commas; then what stands before and behind its first space. */
static struct str
cut_at(struct str *rest, char mark)
{
	const char *at = rest->n ? memchr(rest->p, mark, rest->n) : NULL;
	struct str first = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
	rest->p += first.n + (at ? 1 : 0);
	rest->n -= first.n + (at ? 1 : 0);
	return first;
}

static bool
is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return s.n > 0;
}

static bool
bad_metadata(struct err *e, const char *why)
{
	return FAIL_FIELD(e, INPUT, "Upload-Metadata",
	    "the header Upload-Metadata is pairs of a name and its value in Base64, with a comma "
	    "between: %s",
	    why);
}

/* A name as it stands on the client's disk, without the folders before it. */
static bool
take_name(struct upload *u, struct str value, struct err *e)
{
	for (size_t i = value.n; i-- > 0;)
		if (value.p[i] == '/' || value.p[i] == '\\') {
			value = (struct str){value.p + i + 1, value.n - i - 1};
			break;
		}
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
			return bad_metadata(e, "the file's name has control bytes");
	if (utf8_valid(value.p, value.n) != value.n)
		return bad_metadata(e, "the file's name is not UTF-8");
	if (value.n > 0)
		u->name = str_clip(value, LIMIT_FILE_NAME_BYTES);
	return true;
}

/* One pair; of the names `filename` and `filetype` are known, as clients have them. */
static bool
take_pair(struct upload *u, struct str name, struct str value, struct arena *a, struct err *e)
{
	struct str bytes;
	if (!is_plain(name))
		return bad_metadata(e, "a name is empty or has other signs than ASCII");
	if (!read_base64(&bytes, value, a))
		return bad_metadata(e, "a value is not Base64");
	if (str_is(name, "filename"))
		return take_name(u, bytes, e);
	/* Anything else is only kept, and answered as it came. */
	if (str_is(name, "filetype") && is_plain(bytes) && bytes.n <= CONTENT_TYPE_BYTES)
		u->content_type = bytes;
	return true;
}

/* The name stands in one of the pairs before it. */
static bool
is_twice(struct str before, struct str name)
{
	while (before.n > 0) {
		struct str pair = str_trim(cut_at(&before, ','));
		if (str_equal(cut_at(&pair, ' '), name))
			return true;
	}
	return false;
}

bool
tus_metadata(struct upload *u, struct str text, struct arena *a, struct err *e)
{
	u->name = STR("upload");
	u->content_type = STR("");
	u->metadata = text;
	if (text.n > LIMIT_UPLOAD_METADATA_BYTES)
		return FAIL_FIELD(e, TOO_BIG, "Upload-Metadata",
		    "the header Upload-Metadata may have at most %d bytes",
		    (int)LIMIT_UPLOAD_METADATA_BYTES);
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ')
			return bad_metadata(e, "it has control bytes");
	struct str rest = text;
	for (bool more = text.n > 0; more;) {
		size_t left = rest.n;
		struct str before = {text.p, (size_t)(rest.p - text.p)}, pair = cut_at(&rest, ',');
		more = left > pair.n; /* there was a comma, so there must be another pair */
		struct str value = str_trim(pair), name = cut_at(&value, ' ');
		if (is_twice(before, name))
			return bad_metadata(e, "a name is there twice");
		if (!take_pair(u, name, value, a, e))
			return false;
	}
	return true;
}

bool
tus_checksum(struct upload_piece *p, struct str text, struct arena *a, struct err *e)
{
	struct str rest = text, digest;
	struct str algorithm = cut_at(&rest, ' ');
	size_t n = 0;
	p->checksum = CHECKSUM_NONE;
	if (text.n == 0)
		return true;
	if (str_is(algorithm, "sha1")) {
		p->checksum = CHECKSUM_SHA1;
		n = SHA1_BYTES;
	} else if (str_is(algorithm, "sha256")) {
		p->checksum = CHECKSUM_SHA256;
		n = SHA256_BYTES;
	} else {
		return FAIL_FIELD(e, INPUT, "Upload-Checksum",
		    "the algorithm of Upload-Checksum must be one of " TUS_CHECKSUMS);
	}
	if (!read_base64(&digest, rest, a) || digest.n != n)
		return FAIL_FIELD(e, INPUT, "Upload-Checksum",
		    "the checksum in Upload-Checksum is not %zu bytes in Base64", n);
	memcpy(p->digest, digest.p, n);
	return true;
}
