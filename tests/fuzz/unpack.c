/*
 * unpack.c: any bytes as an upload, through every filter before the readers.  Properties: however
 * small the pieces are that are asked for, the same bytes come out, and the same end; no more than
 * the limit comes out; what is said to be UTF-8 without more has the file's own bytes.
 */
#include "../unit/collect.h"
#include "formats/encoding.h"
#include "formats/unpack.h"

#define MOST KIB(256)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	struct arena arena;
	char *bytes;
	size_t n;
	enum err_code end;
	bool filtered;
};

static void
require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

static void
read_all(struct outcome *o, int fd, size_t size, size_t piece)
{
	struct err e = {0};
	struct input in;
	struct unpacked unpacked;
	struct encoding encoding;
	arena_init(&o->arena, MIB(512));
	/* Of a code page a byte becomes three. */
	size_t room = 3 * (size_t)MOST + size + 16;
	o->bytes = arena_alloc(&o->arena, room);
	o->n = 0;
	input_init(&in, fd, 0, size);
	bool good =
	    unpack_open(&in, (struct str){0}, (struct str){0}, MOST, &unpacked, &o->arena, &e);
	good = good &&
	       (unpacked.document || encoding_open(&in, (struct str){0}, &encoding, &o->arena, &e));
	o->filtered = in.filter != NULL;
	while (good && in.length > 0 && o->n < room) {
		size_t got, most = room - o->n < piece ? room - o->n : piece;
		good = input_read(&in, o->bytes + o->n, most, &got, &e);
		require(!good || got > 0, "the end is told with the last byte");
		o->n += good ? got : 0;
		require(in.done <= in.total, "progress has an end");
	}
	require(o->n < room || !o->filtered || in.length == 0 || e.code != ERR_OK, "a limit");
	o->end = e.code;
	require(good == (e.code == ERR_OK), "a failure has a reason");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome large, small;
	FILE *f = collect_file((struct str){(const char *)data, size});
	read_all(&large, fileno(f), size, KIB(64));
	read_all(&small, fileno(f), size, 7);
	require(large.n == small.n && large.end == small.end &&
		    (large.n == 0 || memcmp(large.bytes, small.bytes, large.n) == 0),
	    "the same bytes in any pieces");
	arena_release(&large.arena);
	arena_release(&small.arena);
	fclose(f);
	return 0;
}
