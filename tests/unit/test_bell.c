/* test_bell.c: a ring is heard by every process of the name it was meant for, and by no other. */
#include "base/file.h"
#include "process/bell.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char data[PATH_MAX];

/* A data folder whose path is longer than any unix socket's address. */
static int
make_folder(void **state)
{
	(void)state;
	char top[] = "/tmp/rowhouse-bell-XXXXXX", run[PATH_MAX + 8], deep[161];
	struct err e = {0};
	if (!mkdtemp(top))
		return -1;
	memset(deep, 'd', sizeof deep - 1);
	deep[sizeof deep - 1] = 0;
	snprintf(data, sizeof data, "%s/%s", top, deep);
	snprintf(run, sizeof run, "%s/run", data);
	return folder_make(run, &e) ? 0 : -1;
}

static int
remove_folder(void **state)
{
	(void)state;
	struct err e = {0};
	*strrchr(data, '/') = 0;
	return folder_remove(data, &e) ? 0 : -1;
}

static int
open_bell(const char *name)
{
	struct err e = {0};
	int fd = -1;
	if (!bell_open(&fd, data, name, &e))
		fail_msg("%s", e.message);
	return fd;
}

static void
all_of_a_prefix_hear_it(void **state)
{
	(void)state;
	char text[BELL_BYTES];
	int web0 = open_bell("web-0"), web1 = open_bell("web-1"), jobs = open_bell("jobs");
	bell_ring(data, "web-", "job 17 done");
	assert_true(bell_next(web0, text));
	assert_string_equal(text, "job 17 done");
	assert_true(bell_next(web1, text));
	assert_false(bell_next(web1, text));
	assert_false(bell_next(jobs, text));
	bell_close(web0, data, "web-0");
	bell_close(web1, data, "web-1");
	bell_close(jobs, data, "jobs");
}

static void
a_successor_is_found_by_the_same_name(void **state)
{
	(void)state;
	char text[BELL_BYTES];
	/* The first is killed: it closes nothing and its file stays. */
	close(open_bell("jobs"));
	bell_ring(data, "jobs", "nobody hears this");
	int fd = open_bell("jobs");
	bell_ring(data, "jobs", "wake");
	assert_true(bell_next(fd, text));
	assert_string_equal(text, "wake");
	bell_close(fd, data, "jobs");
}

static void
a_full_bell_does_not_stop_who_rings(void **state)
{
	(void)state;
	char text[BELL_BYTES];
	int fd = open_bell("jobs"), heard = 0;
	for (int i = 0; i < 10000; i++)
		bell_ring(data, "jobs", "again");
	while (bell_next(fd, text))
		heard++;
	assert_in_range(heard, 1, 9999);
	bell_close(fd, data, "jobs");
}

static void
only_this_user_can_ring(void **state)
{
	(void)state;
	char path[PATH_MAX + 40];
	struct stat st;
	int fd = open_bell("jobs");
	snprintf(path, sizeof path, "%s/run/jobs.bell", data);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	bell_close(fd, data, "jobs");
	assert_int_not_equal(stat(path, &st), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_of_a_prefix_hear_it),
	    cmocka_unit_test(a_successor_is_found_by_the_same_name),
	    cmocka_unit_test(a_full_bell_does_not_stop_who_rings),
	    cmocka_unit_test(only_this_user_can_ring),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
