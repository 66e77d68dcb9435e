/* test_board.c: two processes see one board, and nothing that is not one is taken for it. */
#define _GNU_SOURCE
#include "process/board.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void
what_a_worker_writes_the_supervisor_sees(void **state)
{
	(void)state;
	struct board *mine;
	struct err e = {0};
	int fd, status;
	assert_true(board_make(&mine, &fd, &e));
	assert_true(atomic_load(&mine->started_us) > 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct board *theirs;
		if (!board_attach(&theirs, fd, &e) || theirs == mine)
			_exit(1);
		atomic_store(&theirs->slots[BOARD_SLOTS - 1].deadline_ms, 12345);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(atomic_load(&mine->slots[BOARD_SLOTS - 1].deadline_ms), 12345);
	close(fd);
}

static void
no_process_can_cut_it_off(void **state)
{
	(void)state;
	struct board *mine;
	struct err e = {0};
	int fd;
	assert_true(board_make(&mine, &fd, &e));
	assert_int_not_equal(ftruncate(fd, 0), 0);
	close(fd);
}

static void
another_file_is_refused(void **state)
{
	(void)state;
	struct board *board;
	struct err e = {0};
	int fd = open("/dev/null", O_RDWR);
	assert_false(board_attach(&board, fd, &e));
	assert_string_not_equal(e.message, "");
	close(fd);
	err_clear(&e);
	assert_false(board_attach(&board, fd, &e));
}

static void
each_key_has_its_own_count_however_many_there_were(void **state)
{
	(void)state;
	struct board *mine;
	struct err e = {0};
	char name[24];
	int fd;
	assert_true(board_make(&mine, &fd, &e));
	assert_int_not_equal(mine->seed, 0);
	/* As many as there are slots, minute after minute, each time others. */
	for (int64_t minute = 1; minute <= 5; minute++) {
		for (uint64_t times = 1; times <= 3; times++)
			for (int i = 0; i < BOARD_KEYS; i++) {
				snprintf(name, sizeof name, "%d of %d", i, (int)minute);
				assert_int_equal(board_count(mine, name, minute), times);
			}
		/* One more has to share: it is counted, perhaps too high. */
		assert_true(board_count(mine, "one too many", minute) > 1);
	}
	/* A key goes on in its slot, and anew in the next minute. */
	assert_int_equal(board_count(mine, "a", 6), 1);
	assert_int_equal(board_count(mine, "a", 6), 2);
	assert_int_equal(board_count(mine, "a", 7), 1);
	assert_int_equal(board_count(mine, "a", 7), 2);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_worker_writes_the_supervisor_sees),
	    cmocka_unit_test(no_process_can_cut_it_off),
	    cmocka_unit_test(another_file_is_refused),
	    cmocka_unit_test(each_key_has_its_own_count_however_many_there_were),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
