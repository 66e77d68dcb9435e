/* test_log.c: an event is one line of JSON, whatever bytes are in it. */
#define _GNU_SOURCE
#include "base/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char worst[9000], text[16384];

/* Runs fn with its stderr caught, and reads what it wrote as one line. */
static json_t *
line_of(void (*fn)(void))
{
	int ends[2], kept = dup(STDERR_FILENO);
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	fn();
	dup2(kept, STDERR_FILENO);
	close(kept);
	ssize_t n = read(ends[0], text, sizeof text - 1);
	close(ends[0]);
	close(ends[1]);
	assert_true(n > 0);
	assert_ptr_equal(memchr(text, '\n', (size_t)n), text + n - 1);
	json_error_t why;
	json_t *line = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &why);
	if (!line)
		fail_msg("%s: %.*s", why.text, (int)n, text);
	assert_int_equal(json_integer_value(json_object_get(line, "pid")), getpid());
	assert_string_equal(json_string_value(json_object_get(line, "role")), "unit");
	return line;
}

static void
info(void)
{
	log_info("%s", worst);
}

static void
error(void)
{
	struct err e = {.at_line = 3};
	FAIL(&e, DISK_FULL, "%s", worst);
	log_err(worst, &e);
}

static void
answer(void)
{
	struct str all = str_of(worst);
	struct log_request r = {.id = STR("an-id"),
	    .method = STR("GET"),
	    .path = all,
	    .remote = STR("::1"),
	    .status = 404,
	    .bytes = INT64_MAX,
	    .microseconds = INT64_MIN,
	    .route = NULL};
	log_answer(&r);
}

static void
every_event_is_one_line_of_json(void **state)
{
	(void)state;
	void (*const events[])(void) = {info, error, answer};
	static const char *const fillings[] = {
	    "\x01", "\"", "\\", "\n", "\xff", "a", "\xf0\x9f\x98\x80", "\xc3", "\xe2\x82\xac\x80"};
	for (size_t k = 0; k < ARRAY_LENGTH(fillings); k++)
		for (size_t i = 0; i < ARRAY_LENGTH(events); i++)
			for (size_t shift = 0; shift < 4; shift++) {
				size_t n = strlen(fillings[k]);
				memset(worst, 'x', shift);
				for (size_t at = shift; at + n < sizeof worst; at += n)
					memcpy(worst + at, fillings[k], n);
				worst[sizeof worst - 1] = 0;
				json_decref(line_of(events[i]));
			}
}

static void
plain(void)
{
	log_warning("%s %d", "caf\xc3\xa9 \"x\"", 7);
}

static void
what_was_said_stands_there(void **state)
{
	(void)state;
	json_t *line = line_of(plain);
	assert_string_equal(
	    json_string_value(json_object_get(line, "text")), "caf\xc3\xa9 \"x\" 7");
	assert_string_equal(json_string_value(json_object_get(line, "level")), "warning");
	assert_int_equal(strlen(json_string_value(json_object_get(line, "time"))), 27);
	json_decref(line);
	memset(worst, 0, sizeof worst);
	memcpy(worst, "/a/b", 4);
	line = line_of(answer);
	assert_int_equal(json_integer_value(json_object_get(line, "status")), 404);
	assert_string_equal(json_string_value(json_object_get(line, "request")), "an-id");
	json_decref(line);
}

static int
set_up(void **state)
{
	(void)state;
	log_role("unit");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_event_is_one_line_of_json),
	    cmocka_unit_test(what_was_said_stands_there),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
