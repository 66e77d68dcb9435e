/* ring.c: see ring.h.  One producer, one consumer; positions only grow and are masked when used. */
#define _GNU_SOURCE
#include "jobs/ring.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FRAME_BYTES KIB(256)
#define WAIT_MS 100 /* a wake-up that was missed costs no more than this */

struct shared {
	_Atomic uint64_t head; /* bytes ever put in */
	char gap1[56];         /* each side's words on a cache line of their own */
	_Atomic uint64_t tail; /* bytes ever taken out */
	char gap2[56];
	_Atomic uint32_t head_bell, tail_bell; /* futexes */
	_Atomic uint32_t consumer_waits, producer_waits;
	_Atomic uint32_t stop;
};

struct frame {
	uint32_t length, type;
	uint32_t more; /* the message goes on in the next frame */
	uint32_t zero;
};

struct ring {
	struct shared *shared;
	char *bytes;
	size_t mapped;
	char *message; /* the reader's copy of the message that is being taken */
	size_t capacity, n;
	uint32_t type;
};

#define HEADER_BYTES 4096

static bool
map(struct ring **out, int fd, struct err *e)
{
	struct ring *r = calloc(1, sizeof *r);
	if (!r)
		return FAIL(e, UNAVAILABLE, "out of memory");
	r->mapped = HEADER_BYTES + RING_BYTES;
	void *p = mmap(NULL, r->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		free(r);
		return FAIL_ERRNO(e, "the ring of a job cannot be mapped");
	}
	r->shared = p;
	r->bytes = (char *)p + HEADER_BYTES;
	*out = r;
	return true;
}

bool
ring_make(struct ring **out, int *fd, struct err *e)
{
	*fd = memfd_create("ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* Sealed: a child that cut it short would kill the writer at its next look. */
	if (*fd < 0 || ftruncate(*fd, (off_t)(HEADER_BYTES + RING_BYTES)) != 0 ||
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return FAIL_ERRNO(e, "the ring of a job cannot be made");
	return map(out, *fd, e);
}

bool
ring_attach(struct ring **out, int fd, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || (uint64_t)st.st_size != HEADER_BYTES + RING_BYTES)
		return FAIL(e, SYSTEM, "descriptor %d is not a ring", fd);
	return map(out, fd, e);
}

void
ring_free(struct ring *r)
{
	if (!r)
		return;
	munmap(r->shared, r->mapped);
	free(r->message);
	free(r);
}

static void
futex_wait(_Atomic uint32_t *word, uint32_t seen, int ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
	syscall(SYS_futex, word, FUTEX_WAIT, seen, &t, NULL, 0);
}

static void
wake(_Atomic uint32_t *word, _Atomic uint32_t *waits)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(waits, memory_order_relaxed))
		return;
	atomic_fetch_add(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void
put(struct ring *r, uint64_t at, const void *p, size_t n)
{
	size_t from = (size_t)(at & (RING_BYTES - 1));
	size_t first = RING_BYTES - from < n ? (size_t)RING_BYTES - from : n;
	if (n == 0)
		return;
	memcpy(r->bytes + from, p, first);
	memcpy(r->bytes, (const char *)p + first, n - first);
}

static void
take(struct ring *r, uint64_t at, void *p, size_t n)
{
	size_t from = (size_t)(at & (RING_BYTES - 1));
	size_t first = RING_BYTES - from < n ? (size_t)RING_BYTES - from : n;
	if (n == 0)
		return;
	memcpy(p, r->bytes + from, first);
	memcpy((char *)p + first, r->bytes, n - first);
}

static bool
wait_for_room(struct ring *r, uint64_t head, size_t need, ring_patience_fn *patience, void *context)
{
	struct shared *s = r->shared;
	while (RING_BYTES - (head - atomic_load(&s->tail)) < need) {
		uint32_t seen = atomic_load(&s->tail_bell);
		atomic_store(&s->producer_waits, 1);
		if (RING_BYTES - (head - atomic_load(&s->tail)) < need)
			futex_wait(&s->tail_bell, seen, WAIT_MS);
		atomic_store(&s->producer_waits, 0);
		if (patience && RING_BYTES - (head - atomic_load(&s->tail)) < need &&
		    !patience(context))
			return false;
	}
	return true;
}

/* What is left behind the first n bytes, also of no text at all. */
static struct str
str_behind(struct str s, size_t n)
{
	return n > 0 ? (struct str){s.p + n, s.n - n} : s;
}

bool
ring_send_patiently(struct ring *r, uint32_t type, struct str a, struct str b,
    ring_patience_fn *patience, void *context)
{
	struct shared *s = r->shared;
	size_t left = a.n + b.n;
	do {
		size_t n = left < FRAME_BYTES ? left : (size_t)FRAME_BYTES;
		struct frame f = {(uint32_t)n, type, left > n, 0};
		uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
		if (!wait_for_room(r, head, sizeof f + n, patience, context))
			return false;
		put(r, head, &f, sizeof f);
		head += sizeof f;
		size_t from_a = n < a.n ? n : a.n;
		put(r, head, a.p, from_a);
		put(r, head + from_a, b.p, n - from_a);
		a = str_behind(a, from_a);
		b = str_behind(b, n - from_a);
		left -= n;
		atomic_store_explicit(&s->head, head + n, memory_order_release);
		wake(&s->head_bell, &s->consumer_waits);
	} while (left > 0);
	return true;
}

void
ring_send(struct ring *r, uint32_t type, struct str a, struct str b)
{
	/* Without patience to lose it does not give up. */
	(void)!ring_send_patiently(r, type, a, b, NULL, NULL);
}

void
ring_stop(struct ring *r)
{
	atomic_store(&r->shared->stop, 1);
}

bool
ring_stopped(const struct ring *r)
{
	return atomic_load_explicit(&r->shared->stop, memory_order_relaxed) != 0;
}

/* True when `need` bytes are there, false when they are not at that moment (clock_monotonic_ms();
 * 0: now). */
static bool
wait_for_bytes(struct ring *r, uint64_t tail, size_t need, int64_t until_ms)
{
	struct shared *s = r->shared;
	for (;;) {
		/* A lying head cannot make us read outside: take() masks, and at most a frame. */
		if (atomic_load_explicit(&s->head, memory_order_acquire) - tail >= need)
			return true;
		int64_t left = until_ms ? until_ms - clock_monotonic_ms() : 0;
		if (left <= 0)
			return false;
		int ms = left < WAIT_MS ? (int)left : WAIT_MS;
		uint32_t seen = atomic_load(&s->head_bell);
		atomic_store(&s->consumer_waits, 1);
		atomic_thread_fence(memory_order_seq_cst);
		if (atomic_load(&s->head) - tail < need)
			futex_wait(&s->head_bell, seen, ms);
		atomic_store(&s->consumer_waits, 0);
	}
}

static bool
make_room(struct ring *r, size_t n, struct err *e)
{
	if (n > RING_MESSAGE_BYTES)
		return FAIL(e, SYSTEM, "a message of the job's child is over %d MiB",
		    (int)(RING_MESSAGE_BYTES >> 20));
	if (n <= r->capacity)
		return true;
	size_t want = r->capacity * 2 > n ? r->capacity * 2 : n + FRAME_BYTES;
	char *p = realloc(r->message, want);
	if (!p)
		return FAIL(e, UNAVAILABLE, "out of memory");
	r->message = p;
	r->capacity = want;
	return true;
}

/* One frame, which the child publishes whole: added to the message. */
static bool
take_frame(struct ring *r, uint64_t tail, bool *more, struct err *e)
{
	struct shared *s = r->shared;
	struct frame f;
	take(r, tail, &f, sizeof f);
	/* All but the last of a message are full, so that no message can go on for ever. */
	if (f.length > FRAME_BYTES || f.more > 1 || f.zero != 0 ||
	    (f.more && f.length < FRAME_BYTES) || (r->n > 0 && f.type != r->type))
		return FAIL(e, SYSTEM, "the process of the job sent a frame that is none");
	if (!wait_for_bytes(r, tail, sizeof f + f.length, 0))
		return FAIL(e, SYSTEM, "the process of the job sent a frame that is cut off");
	if (!make_room(r, r->n + f.length, e))
		return false;
	if (f.length > 0)
		take(r, tail + sizeof f, r->message + r->n, f.length);
	r->n += f.length;
	r->type = f.type;
	*more = f.more != 0;
	atomic_store_explicit(&s->tail, tail + sizeof f + f.length, memory_order_release);
	wake(&s->tail_bell, &s->producer_waits);
	return true;
}

int
ring_receive(struct ring *r, uint32_t *type, struct str *message, int wait_ms, struct err *e)
{
	bool more = true;
	int64_t until_ms = wait_ms > 0 ? clock_monotonic_ms() + wait_ms : 0;
	while (more) {
		uint64_t tail = atomic_load_explicit(&r->shared->tail, memory_order_relaxed);
		/* What has come of a message so far is kept for the next call. */
		if (!wait_for_bytes(r, tail, sizeof(struct frame), until_ms))
			return 0;
		if (!take_frame(r, tail, &more, e))
			return -1;
	}
	*type = r->type;
	*message = (struct str){r->message ? r->message : "", r->n};
	r->n = 0;
	return 1;
}
