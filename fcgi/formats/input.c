/* input.c: see input.h. */
#include "formats/input.h"

#include <errno.h>
#include <unistd.h>

void
input_init(struct input *in, int fd, uint64_t offset, uint64_t length)
{
	*in = (struct input){.fd = fd, .offset = offset, .length = length, .total = length};
}

bool
input_read(struct input *in, void *p, size_t n, size_t *got, struct err *e)
{
	*got = 0;
	if (in->filter)
		return n == 0 || in->length == 0 || in->filter->read(in, p, n, got, e);
	if (n > in->length)
		n = (size_t)in->length;
	if (n == 0)
		return true;
	ssize_t r;
	do
		r = pread(in->fd, p, n, (off_t)in->offset);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return FAIL_ERRNO(e, "reading the uploaded file");
	/* Somebody cut the file short: half a table must not look like a whole one. */
	if (r == 0)
		return FAIL(
		    e, SYSTEM, "the uploaded file ends %" PRIu64 " bytes early", in->length);
	*got = (size_t)r;
	in->offset += (uint64_t)r;
	in->length -= (uint64_t)r;
	in->done += (uint64_t)r;
	return true;
}

bool
input_peek(struct input *in, uint64_t at, void *p, size_t n, size_t *got, struct err *e)
{
	*got = 0;
	if (in->filter) {
		struct str held = in->filter->held(in);
		if (at < held.n) {
			*got = held.n - (size_t)at < n ? held.n - (size_t)at : n;
			memcpy(p, held.p + at, *got);
		}
		return true;
	}
	if (at >= in->length)
		return true;
	struct input look = *in;
	look.offset += at;
	look.length -= at;
	return input_read(&look, p, n, got, e);
}
