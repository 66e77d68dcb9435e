/*
 * test_ring.c: messages arrive as they were sent, whatever their sizes and whoever is slower; and
 * whatever stands in the shared memory, the reader takes no harm.
 */
#define _GNU_SOURCE
#include "jobs/ring.h"
#include "base/clock.h"
#include "folder.h"
#include "must.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The layout of the shared memory, as a child could learn it. */
#define HEADER_BYTES 4096
#define TAIL_AT 64
#define FRAME_BYTES KIB(256)

struct frame {
	uint32_t length, type, more, zero;
};

static struct ring *ring;
static int ring_fd;
static struct err e;

static void
open_ring(void)
{
	MUST(ring_make(&ring, &ring_fd, &e));
}

static void
close_ring(void)
{
	ring_free(ring);
	close(ring_fd);
}

static char
byte_of(uint32_t message, size_t at)
{
	return (char)(message * 131 + at * 31 + (at >> 8));
}

/* The sizes of a run of messages; both sides know them. */
static size_t
size_of(uint32_t message)
{
	static const size_t edges[] = {0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1,
	    2 * FRAME_BYTES, RING_BYTES - 16, RING_BYTES, RING_BYTES + 1, 3 * RING_BYTES + 7, 0};
	uint32_t random = message * 2654435761u;
	if (message < ARRAY_LENGTH(edges))
		return edges[message];
	return (random >> 8) % ((random & 15) ? 3000 : 700000);
}

#define MESSAGES 400

/* Lets the other side go on for a while. */
static void
linger(void)
{
	for (int i = 0; i < 20; i++)
		sched_yield();
}

/* Sends them all, in two parts each; a slow one lingers at times. */
static void
send_all(struct ring *r, bool slow)
{
	char *bytes = malloc(4 * RING_BYTES);
	if (!bytes)
		_exit(9);
	for (uint32_t m = 0; m < MESSAGES; m++) {
		size_t n = size_of(m), cut = n * (m % 5) / 4;
		for (size_t i = 0; i < n; i++)
			bytes[i] = byte_of(m, i);
		struct str a = {cut ? bytes : NULL, cut};
		struct str b = {n > cut ? bytes + cut : NULL, n - cut};
		ring_send(r, m % 7, a, b);
		if (slow && m % 40 == 0)
			linger();
	}
	free(bytes);
}

static void
receive_all(bool slow, int wait_ms)
{
	for (uint32_t m = 0; m < MESSAGES; m++) {
		uint32_t type;
		struct str got;
		int result;
		while ((result = ring_receive(ring, &type, &got, wait_ms, &e)) == 0)
			continue;
		if (result < 0)
			fail_msg("%s", e.message);
		assert_int_equal(type, m % 7);
		assert_int_equal(got.n, size_of(m));
		for (size_t i = 0; i < got.n; i++)
			if (got.p[i] != byte_of(m, i))
				fail_msg("message %u, byte %zu", m, i);
		if (slow && m % 40 == 0)
			linger();
	}
}

static void
messages_of_all_sizes_arrive_as_sent(void **state)
{
	(void)state;
	static const struct {
		bool slow_sender, slow_reader;
		int wait_ms;
	} turns[] = {{false, false, 250}, {true, false, 0}, {false, true, 1}, {true, true, 30}};
	for (size_t i = 0; i < ARRAY_LENGTH(turns); i++) {
		int status;
		open_ring();
		pid_t pid = fork();
		if (pid == 0) {
			struct ring *r;
			struct err why = {0};
			if (!ring_attach(&r, ring_fd, &why))
				_exit(8);
			send_all(r, turns[i].slow_sender);
			_exit(0);
		}
		receive_all(turns[i].slow_reader, turns[i].wait_ms);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		uint32_t type;
		struct str none;
		assert_int_equal(ring_receive(ring, &type, &none, 0, &e), 0);
		close_ring();
	}
}

static void
a_sender_that_stops_in_a_message_can_be_waited_for(void **state)
{
	(void)state;
	int status;
	uint32_t type = 0;
	struct str got;
	open_ring();
	/* More than the ring holds: it cannot end before we read. */
	pid_t pid = fork();
	if (pid == 0) {
		struct ring *r;
		struct err why = {0};
		static char bytes[2 * RING_BYTES];
		if (!ring_attach(&r, ring_fd, &why))
			_exit(8);
		ring_send(r, 3, (struct str){bytes, sizeof bytes}, (struct str){0});
		_exit(0);
	}
	kill(pid, SIGSTOP);
	while (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		continue;
	/* However far it came: not an error, only not whole yet. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(ring_receive(ring, &type, &got, 1, &e), 0);
	kill(pid, SIGCONT);
	int result;
	while ((result = ring_receive(ring, &type, &got, 50, &e)) == 0)
		continue;
	assert_int_equal(result, 1);
	assert_int_equal(type, 3);
	assert_int_equal(got.n, 2 * RING_BYTES);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* One that died in a message has sent none. */
	pid = fork();
	if (pid == 0) {
		struct ring *r;
		struct err why = {0};
		static char bytes[2 * RING_BYTES];
		if (!ring_attach(&r, ring_fd, &why))
			_exit(8);
		ring_send(r, 3, (struct str){bytes, sizeof bytes}, (struct str){0});
		_exit(0);
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ring_receive(ring, &type, &got, 0, &e), 0);
	close_ring();
}

static void
send_large(void *context)
{
	struct ring *r;
	struct err why = {0};
	size_t n = *(size_t *)context;
	char *bytes = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED || !ring_attach(&r, ring_fd, &why))
		_exit(8);
	ring_send(r, 1, (struct str){bytes, n}, (struct str){0});
}

static void
a_message_over_the_limit_is_refused(void **state)
{
	(void)state;
	for (int over = 0; over < 2; over++) {
		size_t n = RING_MESSAGE_BYTES + (size_t)over;
		uint32_t type;
		struct str got;
		int result;
		open_ring();
		pid_t pid = fork();
		if (pid == 0) {
			send_large(&n);
			_exit(0);
		}
		while ((result = ring_receive(ring, &type, &got, 100, &e)) == 0)
			continue;
		assert_int_equal(result, over ? -1 : 1);
		if (over)
			assert_int_equal(e.code, ERR_SYSTEM);
		else
			assert_int_equal(got.n, n);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		err_clear(&e);
		close_ring();
	}
}

/* ---- lies: what an enemy in the child's place could write ---- */

static char *memory;

static uint64_t *
word(size_t at)
{
	return (uint64_t *)(void *)(memory + at);
}

static void
open_lying(void)
{
	open_ring();
	memory =
	    mmap(NULL, HEADER_BYTES + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, 0);
	assert_true(memory != MAP_FAILED);
	/* The layout is still the one this test knows. */
	ring_send(ring, 5, STR("hello"), (struct str){0});
	assert_int_equal(*word(0), sizeof(struct frame) + 5);
	uint32_t type;
	struct str got;
	assert_int_equal(ring_receive(ring, &type, &got, 0, &e), 1);
	assert_int_equal(*word(TAIL_AT), *word(0));
	assert_int_equal(type, 5);
	assert_true(str_is(got, "hello"));
}

static void
close_lying(void)
{
	munmap(memory, HEADER_BYTES + RING_BYTES);
	close_ring();
}

/* A frame at the head, which then says `there` bytes more than before. */
static void
lie(struct frame f, uint64_t there)
{
	for (size_t i = 0; i < sizeof f; i++)
		memory[HEADER_BYTES + (*word(0) + i) % RING_BYTES] = ((char *)&f)[i];
	__atomic_fetch_add(word(0), there, __ATOMIC_SEQ_CST);
}

static void
a_frame_that_lies_is_refused(void **state)
{
	(void)state;
	static const struct {
		struct frame first, second;
		uint64_t there; /* of the last one */
	} cases[] = {
	    {{FRAME_BYTES + 1, 0, 0, 0}, {0}, RING_BYTES},     /* over the length */
	    {{UINT32_MAX, 0, 0, 0}, {0}, RING_BYTES},          /* far over it */
	    {{100, 0, 0, 0}, {0}, sizeof(struct frame) + 99},  /* torn */
	    {{100, 0, 0, 0}, {0}, sizeof(struct frame)},       /* without its bytes */
	    {{1, 0, 2, 0}, {0}, sizeof(struct frame) + 1},     /* more of what */
	    {{1, 0, 0, 1}, {0}, sizeof(struct frame) + 1},     /* not zero */
	    {{0, 0, 1, 0}, {0}, sizeof(struct frame)},         /* for ever more of nothing */
	    {{FRAME_BYTES - 1, 0, 1, 0}, {0}, RING_BYTES / 2}, /* or of little */
	    {{FRAME_BYTES, 1, 1, 0}, {1, 2, 0, 0}, sizeof(struct frame) + 1}, /* another type */
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint32_t type;
		struct str got;
		open_lying();
		if (cases[i].second.length) {
			lie(cases[i].first, sizeof(struct frame) + FRAME_BYTES);
			assert_int_equal(ring_receive(ring, &type, &got, 0, &e), 0);
			lie(cases[i].second, cases[i].there);
		} else {
			lie(cases[i].first, cases[i].there);
		}
		if (ring_receive(ring, &type, &got, 10, &e) != -1)
			fail_msg("case %zu was taken", i);
		assert_int_equal(e.code, ERR_SYSTEM);
		err_clear(&e);
		close_lying();
	}
}

#define CONSUMER_WAITS_AT 136

static uint64_t
read_word(size_t at)
{
	return __atomic_load_n(word(at), __ATOMIC_SEQ_CST);
}

/* A frame of a message that never ends, whenever the reader waits for one. */
static NO_RETURN void
feed(void)
{
	const struct frame f = {FRAME_BYTES, 6, 1, 0};
	for (;;) {
		uint64_t tail = read_word(TAIL_AT);
		while (!__atomic_load_n(
		    (uint32_t *)(void *)(memory + CONSUMER_WAITS_AT), __ATOMIC_SEQ_CST))
			sched_yield();
		lie(f, sizeof f + FRAME_BYTES);
		while (read_word(TAIL_AT) == tail)
			sched_yield();
	}
}

static void
a_message_in_drops_does_not_hold_the_reader(void **state)
{
	(void)state;
	uint32_t type;
	struct str got;
	open_lying();
	uint64_t before = read_word(TAIL_AT);
	pid_t pid = fork();
	if (pid == 0)
		feed();
	int64_t began = clock_monotonic_ms();
	assert_int_equal(ring_receive(ring, &type, &got, 250, &e), 0);
	assert_true(clock_monotonic_ms() - began >= 250);
	/* Each wait for a frame takes up to 100 ms. */
	assert_in_range((read_word(TAIL_AT) - before) / FRAME_BYTES, 1, 10);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close_lying();
}

static void
positions_that_lie_lead_nowhere(void **state)
{
	(void)state;
	static const uint64_t values[] = {0, 1, 7, RING_BYTES - 1, RING_BYTES, RING_BYTES + 5,
	    UINT64_MAX, UINT64_MAX - 20, UINT64_MAX - RING_BYTES, INT64_MAX};
	for (size_t head = 0; head < ARRAY_LENGTH(values); head++)
		for (size_t tail = 0; tail < ARRAY_LENGTH(values); tail++) {
			uint32_t type;
			struct str got;
			open_lying();
			memset(memory + HEADER_BYTES, (int)(head + tail), RING_BYTES);
			*word(0) = values[head];
			*word(TAIL_AT) = values[tail];
			/* Behind the tail, far before it, in the middle of frames: an answer comes.
			 */
			for (int i = 0; i < 20; i++)
				if (ring_receive(ring, &type, &got, 0, &e) < 0)
					break;
			err_clear(&e);
			close_lying();
		}
}

static volatile char sink;

static void
noise_in_the_memory_does_no_harm(void **state)
{
	(void)state;
	uint32_t random = 99;
	open_lying();
	for (int turn = 0; turn < 3000; turn++) {
		uint32_t type;
		struct str got;
		random = random * 1664525 + 1013904223;
		struct frame f = {(random >> 4) % 300, (random >> 20) % 4, 0, 0};
		if (turn % 7 == 0)
			f = (struct frame){random, random >> 3, random >> 8 & 1, random >> 9 & 1};
		if (turn % 11 == 0)
			*word(0) = *word(TAIL_AT);
		lie(f, (random >> 12) % (2 * sizeof f + 300));
		int result = ring_receive(ring, &type, &got, 0, &e);
		/* Every byte of it is ours to read. */
		for (size_t i = 0; result == 1 && i < got.n; i++)
			sink = got.p[i];
		err_clear(&e);
	}
	close_lying();
}

static void
the_memory_cannot_be_taken_away_from_the_reader(void **state)
{
	(void)state;
	uint32_t type;
	struct str got;
	open_ring();
	assert_int_equal(ftruncate(ring_fd, 0), -1);
	assert_int_equal(ftruncate(ring_fd, 1 << 30), -1);
	ring_send(ring, 1, STR("x"), STR("y"));
	assert_int_equal(ring_receive(ring, &type, &got, 0, &e), 1);
	assert_true(str_is(got, "xy"));
	close_ring();
	/* And what is no ring is not taken for one. */
	struct ring *r;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	err_clear(&e);
	assert_false(ring_attach(&r, fd, &e));
	err_clear(&e);
	assert_false(ring_attach(&r, -1, &e));
	err_clear(&e);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_of_all_sizes_arrive_as_sent),
	    cmocka_unit_test(a_sender_that_stops_in_a_message_can_be_waited_for),
	    cmocka_unit_test(a_message_over_the_limit_is_refused),
	    cmocka_unit_test(a_frame_that_lies_is_refused),
	    cmocka_unit_test(a_message_in_drops_does_not_hold_the_reader),
	    cmocka_unit_test(positions_that_lie_lead_nowhere),
	    cmocka_unit_test(noise_in_the_memory_does_no_harm),
	    cmocka_unit_test(the_memory_cannot_be_taken_away_from_the_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
