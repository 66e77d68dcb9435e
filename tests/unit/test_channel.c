/*
 * test_channel.c: a writer's end of the talk with its child: whatever the child does, the writer
 * knows within its time how it ended, and nothing of it stays: no process, no folder.
 *
 * This program is its own `rowhouse`: started with the role "child" it does as its
 * word for the plugin says.
 */
#define _GNU_SOURCE
#include "catalog.h"
#include "jobs/channel.h"
#include "process/spawn.h"

#include <errno.h>

#include <signal.h>

#define OUT_FD 3

/* ---- the child ---- */

static struct ring *out;

static int
child(const char *act)
{
	struct err why = {0};
	if (!ring_attach(&out, OUT_FD, &why))
		return 9;
	if (strcmp(act, "exit") == 0)
		return 3;
	if (strcmp(act, "memory") == 0)
		return EXIT_MEMORY;
	if (strcmp(act, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(act, "hang") == 0)
		for (;;)
			pause();
	if (strcmp(act, "chatter") == 0)
		for (;;)
			ring_send(out, MESSAGE_PROGRESS, STR("x"), (struct str){0});
	if (strcmp(act, "say") == 0)
		ring_send(out, MESSAGE_ANSWER, STR("first "), STR("and second"));
	if (strcmp(act, "obey") == 0) {
		while (!ring_stopped(out))
			usleep(1000);
		struct err e_ = {0};
		(void)!FAIL(&e_, CANCELLED, "as you wish");
		ring_send(
		    out, MESSAGE_FAIL, (struct str){(const char *)&e_, sizeof e_}, (struct str){0});
	}
	/* One more that goes on for ever, whose id the writer is told. */
	if (strcmp(act, "leave-another") == 0) {
		pid_t pid = fork();
		if (pid == 0)
			for (;;)
				pause();
		ring_send(out, MESSAGE_ANSWER, (struct str){(const char *)&pid, sizeof pid},
		    (struct str){0});
	}
	return 0;
}

/* ---- the writer's end ---- */

struct heard {
	uint32_t type;
	char text[100];
	size_t n, count;
	bool end;
};

static bool
hear(void *context, uint32_t type, struct str m, bool *end, struct err *why)
{
	struct heard *h = context;
	(void)why;
	h->type = type;
	h->n = m.n < sizeof h->text ? m.n : sizeof h->text;
	memcpy(h->text, m.p, h->n);
	h->count++;
	*end = h->end;
	return true;
}

static struct job_context context;

static void
open_channel(struct channel *ch, const char *act, uint32_t seconds)
{
	bool found;
	struct dataset d = new_dataset(1, "", "queued");
	new_job("ingest", d.dataset_id, "");
	arena_init(&context.arena, MIB(64));
	context.store = store;
	context.data = folder;
	context.conf.sandbox = true;
	context.next_progress_ms = 0;
	MUST(store_job_claim(store, &context.job, &found, "ingest", &arena, &e));
	assert_true(found);
	struct channel_spec spec = {.plugin = act, .seconds = seconds};
	MUST(channel_open(ch, &context, &spec, &e));
}

/* What stays of it: nothing. */
static void
close_channel(struct channel *ch)
{
	pid_t pid = ch->pid;
	const char *scratch =
	    arena_format(&arena, "%s/run/scratch-%s", folder, context.job.job_id).p;
	assert_true(file_is_there(scratch));
	channel_close(ch);
	assert_false(file_is_there(scratch));
	assert_true(pid == 0 || (kill(pid, 0) < 0 && errno == ESRCH));
	channel_close(ch); /* once more is no harm */
	arena_release(&context.arena);
}

static void
expect_end(const char *act, uint32_t seconds, enum err_code code, const char *part)
{
	struct channel ch;
	struct heard h = {0};
	open_channel(&ch, act, seconds);
	err_clear(&e);
	assert_false(channel_run(&ch, hear, &h, &e));
	if (e.code != code || !strstr(e.message, part))
		fail_msg("%s: %d %s", act, (int)e.code, e.message);
	close_channel(&ch);
}

static void
however_a_child_ends_the_writer_knows(void **state)
{
	(void)state;
	expect_end("exit", 0, ERR_SYSTEM, "broke off: ended with status 3");
	expect_end("nothing", 0, ERR_SYSTEM, "broke off: ended with status 0");
	expect_end("kill", 0, ERR_SYSTEM, "broke off: killed by signal 9");
	expect_end("memory", 0, ERR_UNAVAILABLE, "no memory");
	expect_end("hang", 1, ERR_TIMEOUT, "longer than its time");
	/* Talking keeps nobody alive. */
	expect_end("chatter", 1, ERR_TIMEOUT, "longer than its time");
}

static void
what_it_said_before_it_ended_is_heard(void **state)
{
	struct channel ch;
	struct heard h = {.end = true};
	(void)state;
	open_channel(&ch, "say", 0);
	MUST(channel_run(&ch, hear, &h, &e));
	assert_int_equal(h.type, MESSAGE_ANSWER);
	assert_int_equal(h.n, strlen("first and second"));
	assert_memory_equal(h.text, "first and second", h.n);
	close_channel(&ch);
	/* Read on, there is only its end. */
	h = (struct heard){0};
	open_channel(&ch, "say", 0);
	err_clear(&e);
	assert_false(channel_run(&ch, hear, &h, &e));
	assert_int_equal(h.count, 1);
	assert_int_equal(e.code, ERR_SYSTEM);
	close_channel(&ch);
}

static bool
is_alive(pid_t pid)
{
	char text[4096];
	FILE *f = fopen(arena_format(&arena, "/proc/%d/stat", (int)pid).p, "r");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	text[n] = 0;
	if (f)
		fclose(f);
	const char *at = strrchr(text, ')');
	return at && at[2] != 'Z' && at[2] != 'X';
}

static void
what_it_left_behind_ends_with_it(void **state)
{
	struct channel ch;
	struct heard h = {.end = true};
	pid_t other;
	(void)state;
	open_channel(&ch, "leave-another", 0);
	MUST(channel_run(&ch, hear, &h, &e));
	assert_int_equal(h.n, sizeof other);
	memcpy(&other, h.text, sizeof other);
	assert_int_equal(kill(other, 0), 0);
	close_channel(&ch);
	/* Killed, though nobody may have collected it yet. */
	int64_t until = clock_monotonic_ms() + 10000;
	while (is_alive(other) && clock_monotonic_ms() < until)
		usleep(1000);
	assert_false(is_alive(other));
}

static void
a_wish_to_stop_is_told_first(void **state)
{
	struct channel ch;
	struct heard h = {.end = true};
	(void)state;
	open_channel(&ch, "obey", 0);
	kill(getpid(), SIGTERM);
	MUST(channel_run(&ch, hear, &h, &e));
	assert_int_equal(h.type, MESSAGE_FAIL);
	close_channel(&ch);
	/* Who does not listen is ended. */
	open_channel(&ch, "hang", 0);
	kill(getpid(), SIGTERM);
	err_clear(&e);
	assert_false(channel_run(&ch, hear, &h, &e));
	assert_int_equal(e.code, ERR_CANCELLED);
	close_channel(&ch);
}

static void
who_takes_nothing_holds_nobody_up(void **state)
{
	struct channel ch;
	static char large[MIB(5)]; /* more than a ring holds */
	(void)state;
	open_channel(&ch, "hang", 1);
	err_clear(&e);
	assert_false(channel_send(
	    &ch, MESSAGE_REPLY, (struct str){large, sizeof large}, (struct str){0}, &e));
	assert_int_equal(e.code, ERR_SYSTEM);
	/* Nor does one who asks for files and never looks. */
	err_clear(&e);
	while (channel_send_fd(&ch, ch.control, &e))
		continue;
	assert_int_not_equal(e.code, ERR_OK);
	close_channel(&ch);
}

/* A failure as the child words it, through the writer's eyes. */
static struct err
failure(struct err said, bool stopped)
{
	struct channel ch = {.stop_at_ms = stopped};
	err_clear(&e);
	assert_false(channel_failure(&ch, (struct str){(const char *)&said, sizeof said}, &e));
	return e;
}

static void
what_it_failed_with_is_made_safe(void **state)
{
	struct err said = {.code = ERR_INPUT, .at_line = 7};
	(void)state;
	snprintf(said.message, sizeof said.message, "line 7 is no line");
	snprintf(said.field, sizeof said.field, "file");
	snprintf(said.word, sizeof said.word, "no_line");
	struct err seen = failure(said, false);
	assert_int_equal(seen.code, ERR_INPUT);
	assert_string_equal(seen.message, "line 7 is no line");
	assert_string_equal(seen.field, "file");
	assert_string_equal(seen.word, "no_line");
	assert_int_equal(seen.at_line, 7);
	snprintf(said.word, sizeof said.word, "No <b>");
	assert_string_equal(failure(said, false).word, "");
	said.at_line = UINT64_MAX;
	assert_int_equal(failure(said, false).at_line, 0);
	/* Only who was told to stop was cancelled; a code there is not is a fault of the system. */
	said.code = ERR_CANCELLED;
	assert_int_equal(failure(said, false).code, ERR_SYSTEM);
	assert_int_equal(failure(said, true).code, ERR_CANCELLED);
	static const int codes[] = {ERR_OK, -1, ERR__MAX, INT32_MAX, INT32_MIN};
	for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
		memcpy(&said.code, &codes[i], sizeof said.code);
		assert_int_equal(failure(said, false).code, ERR_SYSTEM);
	}
	/* Texts without an end. */
	memset(said.message, 'm', sizeof said.message);
	memset(said.field, 'f', sizeof said.field);
	memset(said.word, 'w', sizeof said.word);
	seen = failure(said, false);
	assert_true(strlen(seen.message) < sizeof seen.message);
	assert_true(strlen(seen.field) < sizeof seen.field);
	assert_true(strlen(seen.word) < sizeof seen.word);
	struct channel ch = {0};
	err_clear(&e);
	assert_false(channel_failure(&ch, STR("short"), &e));
	assert_int_equal(e.code, ERR_SYSTEM);
}

static int
begin(void **state)
{
	return catalog_begin(state) ||
	       (mkdir(folder_file(folder, "run"), 0700) != 0 && errno != EEXIST);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(however_a_child_ends_the_writer_knows),
	    cmocka_unit_test(what_it_said_before_it_ended_is_heard),
	    cmocka_unit_test(what_it_left_behind_ends_with_it),
	    cmocka_unit_test(a_wish_to_stop_is_told_first),
	    cmocka_unit_test(who_takes_nothing_holds_nobody_up),
	    cmocka_unit_test(what_it_failed_with_is_made_safe),
	};
	role_begin();
	if (argc > 2 && strcmp(argv[1], "child") == 0)
		return child(argv[2]);
	return cmocka_run_group_tests_name("channel", tests, begin, catalog_end);
}
