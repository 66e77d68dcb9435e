/*
 * test_silence.c: how long a writer waits for a child that says nothing.  The child is a process of
 * this program that talks through the ring; the time that has passed already is set, not waited
 * for.
 */
#define _GNU_SOURCE
#include "jobs/channel.h"
#include "jobs/child_host.h"
#include "base/clock.h"
#include "process/spawn.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SILENCE_MS (LIMIT_SILENCE_SECONDS * 1000)
#define LONG_MS INT64_C(3600000)

static struct job_context context;
static struct channel ch;
static struct err e;

/* A child that says these seconds of quiet, one after the other, and no more; after the last, the
 * end when `ends`. */
static void
talk(const uint64_t *quiet, size_t count, bool ends)
{
	int fd, said[2], told[2];
	char byte = 0;
	context = (struct job_context){.next_progress_ms = INT64_MAX};
	ch = (struct channel){.c = &context, .control = -1};
	e = (struct err){0};
	assert_true(ring_make(&ch.out, &fd, &e) && signals_open(&ch.signals, &e));
	assert_int_equal(pipe2(said, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	ch.said = said[0];
	ch.pid = fork();
	if (ch.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (size_t i = 0; i < count; i++)
			ring_send(ch.out, MESSAGE_QUIET,
			    (struct str){(const char *)&quiet[i], sizeof quiet[i]},
			    (struct str){0});
		if (ends)
			ring_send(ch.out, MESSAGE_END, (struct str){0}, (struct str){0});
		if (write(told[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(ch.pid > 0);
	/* All of it lies in the ring before the writer's first look. */
	assert_int_equal(read(told[0], &byte, 1), 1);
	int done[] = {fd, said[1], told[0], told[1]};
	for (size_t i = 0; i < ARRAY_LENGTH(done); i++)
		close(done[i]);
	ch.deadline_ms = clock_monotonic_ms() + LONG_MS;
	ch.silent_since_ms = clock_monotonic_ms() - SILENCE_MS - 1;
}

static bool
take(void *unused, uint32_t type, struct str m, bool *end, struct err *err)
{
	(void)unused;
	*end = type == MESSAGE_END;
	return *end || channel_quiet(&ch, m, err);
}

static bool
run(void)
{
	bool good = channel_run(&ch, take, NULL, &e);
	kill(ch.pid, SIGKILL);
	waitpid(ch.pid, NULL, 0);
	ring_free(ch.out);
	close(ch.said);
	close(ch.signals);
	return good;
}

static void
silence_ends_a_job(void **state)
{
	(void)state;
	talk(NULL, 0, false);
	assert_false(run());
	assert_int_equal(e.code, ERR_TIMEOUT);
	assert_non_null(strstr(e.message, "no progress for 60 seconds"));
}

static void
who_said_that_it_will_be_quiet_has_that_time_and_the_usual_one(void **state)
{
	(void)state;
	const uint64_t quiet[] = {100};
	talk(quiet, 1, true);
	int64_t before = clock_monotonic_ms();
	assert_true(run());
	assert_in_range(ch.silent_since_ms, before + 100000, clock_monotonic_ms() + 100000);
}

static void
the_last_word_counts(void **state)
{
	(void)state;
	const uint64_t quiet[] = {1000, 0};
	talk(quiet, 2, true);
	assert_true(run());
	assert_true(ch.silent_since_ms <= clock_monotonic_ms());
}

static void
nobody_is_quiet_beyond_the_jobs_own_time(void **state)
{
	(void)state;
	const uint64_t quiet[] = {LIMIT_HOOK_SECONDS};
	talk(quiet, 1, false);
	ch.deadline_ms = clock_monotonic_ms() + 1;
	assert_false(run());
	assert_int_equal(e.code, ERR_TIMEOUT);
	assert_non_null(strstr(e.message, "longer than its time"));
}

static void
a_time_that_cannot_be_is_a_lie(void **state)
{
	(void)state;
	const uint64_t quiet[] = {LIMIT_HOOK_SECONDS + 1};
	talk(quiet, 1, true);
	assert_false(run());
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.message, "cannot be right"));
}

/* The next message of a child's is QUIET with these seconds. */
static void
assert_quiet(struct ring *r, uint64_t expected)
{
	uint32_t type;
	struct str m;
	uint64_t seconds;
	assert_int_equal(ring_receive(r, &type, &m, 0, &e), 1);
	assert_int_equal(type, MESSAGE_QUIET);
	assert_int_equal(m.n, sizeof seconds);
	memcpy(&seconds, m.p, sizeof seconds);
	assert_int_equal(seconds, expected);
}

static void
a_helper_program_may_be_quiet_as_long_as_it_runs(void **state)
{
	(void)state;
	static struct child_host c;
	static const char *const tools[] = {"true", NULL};
	static const struct rowhouse_plugin plugin = {.tools = tools};
	struct host_tool usual = {.name = "true", .input = -1},
			 slow = {.name = "true", .input = -1, .seconds = 500};
	json_t *begin = json_object();
	int fd;
	e = (struct err){0};
	assert_true(ring_make(&c.out, &fd, &e));
	arena_init(&c.arena, MIB(1));
	child_host_init(&c, begin);
	c.plugin = &plugin;
	assert_true(host_tool(&c.host, &slow, &e) && host_tool(&c.host, &usual, &e));
	assert_true(host_quiet(&c.host, 7, &e));
	assert_quiet(c.out, 500);
	assert_quiet(c.out, 0);
	assert_quiet(c.out, 60);
	assert_quiet(c.out, 0);
	assert_quiet(c.out, 7);
	arena_release(&c.arena);
	ring_free(c.out);
	close(fd);
	json_decref(begin);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(silence_ends_a_job),
	    cmocka_unit_test(who_said_that_it_will_be_quiet_has_that_time_and_the_usual_one),
	    cmocka_unit_test(the_last_word_counts),
	    cmocka_unit_test(nobody_is_quiet_beyond_the_jobs_own_time),
	    cmocka_unit_test(a_time_that_cannot_be_is_a_lie),
	    cmocka_unit_test(a_helper_program_may_be_quiet_as_long_as_it_runs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
