/*
 * unpack.c: see unpack.h.  One loop feeds whichever library knows the packing.
 *
 * The filter always holds the next bytes already, so that the end is known with the last byte. What
 * goes wrong while they are fetched is kept and told once the bytes before it were handed out.
 */
#include "formats/unpack.h"
#include "base/limits.h"
#include "formats/archive.h"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define BUFFER_BYTES ((size_t)KIB(128))
#define MAGIC_BYTES 6
#define ZIP_PIECE_BYTES ((size_t)KIB(4))
#define ZSTD_WINDOW_LOG 27 /* 128 MiB, what the zstd program takes without being told */

enum step { STEP_ON, STEP_STREAM_END, STEP_BAD, STEP_NO_MEMORY, STEP_WINDOW, STEP_TOLD };

struct unpack;
struct codec {
	const char *name;
	struct str magic;
	enum step (*start)(struct unpack *u); /* of each stream */
	enum step (*step)(struct unpack *u);  /* moves the windows below on */
	void (*end)(struct unpack *u);        /* after any start */
};

struct unpack {
	struct input_filter filter; /* first: the input points at it */
	struct input packed;
	const struct codec *codec;
	union {
		z_stream gzip;
		bz_stream bzip2;
		lzma_stream xz;
		ZSTD_DStream *zstd;
		struct {
			struct archive *archive;
			struct member *member;
		} zip;
	} state;
	bool started, in_stream, finished;
	uint64_t unpacked, most;
	struct err failure;        /* met behind the bytes in `out` */
	size_t in_start, in_end;   /* of `in` */
	size_t out_start, out_end; /* of `out` */
	char in[BUFFER_BYTES], out[BUFFER_BYTES];
};

/* ---- the libraries ---- */

static enum step
gzip_start(struct unpack *u)
{
	u->state.gzip = (z_stream){0};
	return inflateInit2(&u->state.gzip, 16 + MAX_WBITS) == Z_OK ? STEP_ON : STEP_NO_MEMORY;
}

static enum step
gzip_step(struct unpack *u)
{
	z_stream *z = &u->state.gzip;
	z->next_in = (Bytef *)u->in + u->in_start;
	z->avail_in = (uInt)(u->in_end - u->in_start);
	z->next_out = (Bytef *)u->out + u->out_end;
	z->avail_out = (uInt)(BUFFER_BYTES - u->out_end);
	int rc = inflate(z, Z_NO_FLUSH);
	u->in_start = u->in_end - z->avail_in;
	u->out_end = BUFFER_BYTES - z->avail_out;
	return rc == Z_STREAM_END                ? STEP_STREAM_END
	       : rc == Z_OK || rc == Z_BUF_ERROR ? STEP_ON
	       : rc == Z_MEM_ERROR               ? STEP_NO_MEMORY
						 : STEP_BAD;
}

static void
gzip_end(struct unpack *u)
{
	(void)inflateEnd(&u->state.gzip);
}

static enum step
bzip2_start(struct unpack *u)
{
	u->state.bzip2 = (bz_stream){0};
	return BZ2_bzDecompressInit(&u->state.bzip2, 0, 0) == BZ_OK ? STEP_ON : STEP_NO_MEMORY;
}

static enum step
bzip2_step(struct unpack *u)
{
	bz_stream *b = &u->state.bzip2;
	b->next_in = u->in + u->in_start;
	b->avail_in = (unsigned)(u->in_end - u->in_start);
	b->next_out = u->out + u->out_end;
	b->avail_out = (unsigned)(BUFFER_BYTES - u->out_end);
	int rc = BZ2_bzDecompress(b);
	u->in_start = u->in_end - b->avail_in;
	u->out_end = BUFFER_BYTES - b->avail_out;
	return rc == BZ_STREAM_END  ? STEP_STREAM_END
	       : rc == BZ_OK        ? STEP_ON
	       : rc == BZ_MEM_ERROR ? STEP_NO_MEMORY
				    : STEP_BAD;
}

static void
bzip2_end(struct unpack *u)
{
	BZ2_bzDecompressEnd(&u->state.bzip2);
}

static enum step
xz_start(struct unpack *u)
{
	u->state.xz = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_stream_decoder(&u->state.xz, LIMIT_UNPACK_WINDOW_BYTES, 0) == LZMA_OK
		   ? STEP_ON
		   : STEP_NO_MEMORY;
}

static enum step
xz_step(struct unpack *u)
{
	lzma_stream *x = &u->state.xz;
	x->next_in = (uint8_t *)u->in + u->in_start;
	x->avail_in = u->in_end - u->in_start;
	x->next_out = (uint8_t *)u->out + u->out_end;
	x->avail_out = BUFFER_BYTES - u->out_end;
	lzma_ret rc = lzma_code(x, LZMA_RUN);
	u->in_start = u->in_end - x->avail_in;
	u->out_end = BUFFER_BYTES - x->avail_out;
	return rc == LZMA_STREAM_END                   ? STEP_STREAM_END
	       : rc == LZMA_OK || rc == LZMA_BUF_ERROR ? STEP_ON
	       : rc == LZMA_MEM_ERROR                  ? STEP_NO_MEMORY
	       : rc == LZMA_MEMLIMIT_ERROR             ? STEP_WINDOW
						       : STEP_BAD;
}

static void
xz_end(struct unpack *u)
{
	lzma_end(&u->state.xz);
}

static enum step
zstd_start(struct unpack *u)
{
	u->state.zstd = ZSTD_createDStream();
	return u->state.zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(
				    u->state.zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG))
		   ? STEP_ON
		   : STEP_NO_MEMORY;
}

static enum step
zstd_step(struct unpack *u)
{
	ZSTD_inBuffer in = {u->in, u->in_end, u->in_start};
	ZSTD_outBuffer out = {u->out, BUFFER_BYTES, u->out_end};
	size_t rc = ZSTD_decompressStream(u->state.zstd, &out, &in);
	u->in_start = in.pos;
	u->out_end = out.pos;
	if (!ZSTD_isError(rc))
		return rc == 0 ? STEP_STREAM_END : STEP_ON;
	/* The library's numbers of errors are not among what it promises; its names are. */
	const char *why = ZSTD_getErrorName(rc);
	return strstr(why, "too much memory")     ? STEP_WINDOW
	       : strstr(why, "not enough memory") ? STEP_NO_MEMORY
						  : STEP_BAD;
}

static void
zstd_end(struct unpack *u)
{
	ZSTD_freeDStream(u->state.zstd);
}

#define MAGIC(text)                                                                                \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
static const struct codec codecs[] = {
    {"gzip", MAGIC("\x1f\x8b\x08"), gzip_start, gzip_step, gzip_end},
    {"zstd", MAGIC("\x28\xb5\x2f\xfd"), zstd_start, zstd_step, zstd_end},
    {"bzip2", MAGIC("BZh"), bzip2_start, bzip2_step, bzip2_end},
    {"xz",
	MAGIC("\xfd"
	      "7zXZ\0"),
	xz_start, xz_step, xz_end},
};

/* ---- a member of an archive, which reads the file by itself ---- */

static enum step
zip_step(struct unpack *u)
{
	size_t got, room = BUFFER_BYTES - u->out_end;
	/* Of a piece that has damage in it nothing comes, so pieces are small. */
	if (room > ZIP_PIECE_BYTES)
		room = ZIP_PIECE_BYTES;
	if (!member_read(u->state.zip.member, u->out + u->out_end, room, &got, &u->failure))
		return STEP_TOLD;
	u->out_end += got;
	u->packed.done = got ? archive_done(u->state.zip.archive) : u->packed.total;
	return got ? STEP_ON : STEP_STREAM_END;
}

static void
zip_end(struct unpack *u)
{
	member_close(u->state.zip.member);
}

static const struct codec zip_codec = {.name = "zip", .step = zip_step, .end = zip_end};

/* ---- the loop ---- */

static void
stream_end(struct unpack *u)
{
	if (u->started)
		u->codec->end(u);
	u->started = u->in_stream = false;
}

static bool
refused(const struct unpack *u, enum step step, struct err *e)
{
	if (step == STEP_TOLD)
		return false;
	if (step == STEP_NO_MEMORY)
		return FAIL(e, UNAVAILABLE, "there is not enough memory to unpack the file");
	if (step == STEP_WINDOW)
		return FAIL(e, TOO_BIG,
		    "the %s file needs more than %d MiB of memory to be unpacked: compress it "
		    "with a smaller window",
		    u->codec->name, (int)(LIMIT_UNPACK_WINDOW_BYTES >> 20));
	return FAIL(e, INPUT,
	    "the %s file is damaged before byte %" PRIu64 " of %" PRIu64
	    ": what is before unpacks to %" PRIu64 " bytes",
	    u->codec->name, u->packed.done - (u->in_end - u->in_start), u->packed.total,
	    u->unpacked);
}

static bool
more_packed(struct unpack *u, struct err *e)
{
	size_t got;
	u->in_start = u->in_end = 0;
	if (!input_read(&u->packed, u->in, BUFFER_BYTES, &got, e))
		return false;
	u->in_end = got;
	return true;
}

/* Between two streams: over the zero bytes, then into the next one or to the end. */
static bool
next_stream(struct unpack *u, struct err *e)
{
	while (u->in_start < u->in_end && u->in[u->in_start] == 0)
		u->in_start++;
	if (u->in_start == u->in_end) {
		u->finished = u->packed.length == 0;
		return true;
	}
	enum step step = u->codec->start(u);
	u->started = u->in_stream = true;
	return step == STEP_ON || refused(u, step, e);
}

static bool
one_step(struct unpack *u, struct err *e)
{
	if (u->in_start == u->in_end && u->packed.length > 0 && !more_packed(u, e))
		return false;
	if (!u->in_stream)
		return next_stream(u, e);
	size_t in_before = u->in_start, out_before = u->out_end;
	enum step step = u->codec->step(u);
	u->unpacked += u->out_end - out_before;
	if (u->unpacked > u->most) {
		u->out_end -= (size_t)(u->unpacked - u->most);
		u->unpacked = u->most;
		return FAIL(e, TOO_BIG,
		    "the file unpacks to more than %" PRIu64 " bytes, which is the limit", u->most);
	}
	if (step == STEP_STREAM_END)
		stream_end(u);
	else if (step != STEP_ON)
		return refused(u, step, e);
	else if (u->in_start == in_before && u->out_end == out_before)
		return u->in_start < u->in_end
			   ? refused(u, STEP_BAD, e)
			   : FAIL(e, INPUT,
				 "the %s file is cut short: all of its %" PRIu64
				 " bytes unpack to %" PRIu64 " bytes, and more should follow",
				 u->codec->name, u->packed.total, u->unpacked);
	return true;
}

/* Fills `out`, as far as the file goes. */
static void
fetch(struct unpack *u)
{
	u->out_start = u->out_end = 0;
	while (u->out_end < BUFFER_BYTES && !u->finished && u->failure.code == ERR_OK)
		if (!one_step(u, &u->failure))
			stream_end(u);
}

static bool
unpack_read(struct input *in, void *p, size_t n, size_t *got, struct err *e)
{
	struct unpack *u = (struct unpack *)(void *)in->filter;
	size_t held = u->out_end - u->out_start;
	if (held == 0 && u->failure.code != ERR_OK) {
		if (e->code == ERR_OK)
			*e = u->failure;
		return false;
	}
	*got = n < held ? n : held;
	memcpy(p, u->out + u->out_start, *got);
	u->out_start += *got;
	if (u->out_start == u->out_end)
		fetch(u);
	in->done = u->packed.done;
	if (u->out_start == u->out_end && u->finished)
		in->length = 0;
	return true;
}

static void
unpack_release(void *p)
{
	stream_end(p);
	free(p);
}

/* The codec of a file that begins so; NULL: it is not compressed. */
static const struct codec *
codec_of(struct str first)
{
	for (size_t i = 0; i < ARRAY_LENGTH(codecs); i++)
		if (first.n >= codecs[i].magic.n &&
		    memcmp(first.p, codecs[i].magic.p, codecs[i].magic.n) == 0)
			return &codecs[i];
	return NULL;
}

static struct str
unpack_held(const struct input *in)
{
	const struct unpack *u = (const struct unpack *)(const void *)in->filter;
	return (struct str){u->out + u->out_start, u->out_end - u->out_start};
}

static struct unpack *
unpack_new(
    struct input *in, const struct codec *codec, uint64_t most, struct arena *a, struct err *e)
{
	struct unpack *u = malloc(sizeof *u);
	if (!u) {
		FAIL(e, UNAVAILABLE, "there is not enough memory to unpack the file");
		return NULL;
	}
	memset(u, 0, offsetof(struct unpack, in));
	u->filter = (struct input_filter){unpack_read, unpack_held};
	u->packed = *in;
	u->codec = codec;
	u->most = most;
	arena_defer(a, unpack_release, u);
	return u;
}

static void
begin(struct input *in, struct unpack *u)
{
	fetch(u);
	in->filter = &u->filter;
	in->length = u->out_end == 0 && u->finished ? 0 : 1;
	in->done = u->packed.done;
}

/* What office programs write is an archive too, with one of these among its members. */
static bool
is_document(const struct archive *z)
{
	return archive_find(z, STR("[Content_Types].xml")) != ARCHIVE_NONE ||
	       (archive_find(z, STR("mimetype")) != ARCHIVE_NONE &&
		   archive_find(z, STR("content.xml")) != ARCHIVE_NONE);
}

static bool
zip_open_one(struct input *in, struct str packing, struct str member, uint64_t most,
    struct unpacked *found, struct arena *a, struct err *e)
{
	struct archive *z;
	size_t index;
	if (!archive_open(&z, in, a, e))
		return false;
	if (!str_is(packing, "zip") && is_document(z)) {
		found->document = z;
		return true;
	}
	struct unpack *u = unpack_new(in, &zip_codec, most, a, e);
	if (!u || !archive_choose(z, member, &index, e))
		return false;
	u->state.zip.archive = z;
	if (!member_open(&u->state.zip.member, z, index, a, e))
		return false;
	u->packed.length = 0; /* the archive reads it */
	u->started = u->in_stream = true;
	found->packing = STR("zip");
	found->member = archive_name(z, index);
	begin(in, u);
	return true;
}

bool
unpack_open(struct input *in, struct str packing, struct str member, uint64_t most,
    struct unpacked *found, struct arena *a, struct err *e)
{
	char first[MAGIC_BYTES];
	size_t got = 0;
	*found = (struct unpacked){.packing = STR("none")};
	if (!input_peek(in, 0, first, sizeof first, &got, e))
		return false;
	bool zip = archive_begins((struct str){first, got});
	if (str_is(packing, "none")) {
		struct err ignored = {0};
		struct archive *z;
		/* A workbook is one nevertheless. */
		if (zip && archive_open(&z, in, a, &ignored) && is_document(z))
			found->document = z;
		return true;
	}
	const struct codec *codec = zip ? &zip_codec : codec_of((struct str){first, got});
	if (packing.n && (!codec || !str_is(packing, codec->name)))
		return FAIL_FIELD(e, INPUT, "packing",
		    "The file is not compressed with %.*s: its first bytes are those of %s",
		    STR_ARG(str_clip(packing, 40)), codec ? codec->name : "something else");
	if (zip)
		return zip_open_one(in, packing, member, most, found, a, e);
	if (!codec)
		return true;
	struct unpack *u = unpack_new(in, codec, most, a, e);
	if (!u)
		return false;
	found->packing = str_of(codec->name);
	begin(in, u);
	return true;
}
