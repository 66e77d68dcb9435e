/* test_file.c: a name a reader may find is a whole file; folders go away with all in them. */
#define _GNU_SOURCE
#include "base/file.h"
#include "folder.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *folder;
static struct arena arena;
static struct err e;

static struct str
read_file(const char *path)
{
	struct str text;
	err_clear(&e);
	if (!file_read(&text, path, 1 << 24, &arena, &e))
		fail_msg("%s", e.message);
	return text;
}

static void
a_replaced_file_is_the_new_one_with_its_mode(void **state)
{
	(void)state;
	const char *path = folder_file(folder, "replaced");
	err_clear(&e);
	assert_true(file_replace(path, 0600, STR("one"), &e));
	assert_true(file_replace(path, 0600, (struct str){"t\0o", 3}, &e));
	struct str text = read_file(path);
	assert_int_equal(text.n, 3);
	assert_memory_equal(text.p, "t\0o\0", 4);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(file_replace(path, 0600, (struct str){NULL, 0}, &e));
	assert_int_equal(read_file(path).n, 0);
	assert_false(file_is_there(folder_file(folder, "replaced.new")));
}

/* Writes more than it may, in a process of its own. */
static void
replace_beyond_the_limit(void *path)
{
	static char large[100000];
	struct err why = {0};
	struct rlimit limit = {65536, 65536};
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(9);
	if (file_replace(path, 0600, (struct str){large, sizeof large}, &why))
		_exit(8);
	_exit(why.code == ERR_DISK_FULL ? 7 : 6);
}

static void
a_replacement_that_fails_leaves_the_old_file(void **state)
{
	(void)state;
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", folder_file(folder, "kept"));
	err_clear(&e);
	assert_true(file_replace(path, 0600, STR("old"), &e));
	int status = in_child(replace_beyond_the_limit, path);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_true(str_is(read_file(path), "old"));
	assert_false(file_is_there(folder_file(folder, "kept.new")));

	assert_false(file_replace(folder_file(folder, "no/such"), 0600, STR("x"), &e));
	err_clear(&e);
	/* A link in the way is not followed. */
	file_put(folder_file(folder, "target"), STR("mine"));
	assert_int_equal(symlink("target", folder_file(folder, "linked.new")), 0);
	assert_false(file_replace(folder_file(folder, "linked"), 0600, STR("x"), &e));
	assert_true(str_is(read_file(folder_file(folder, "target")), "mine"));
}

static void
reading_refuses_what_is_no_file_or_too_large(void **state)
{
	(void)state;
	struct str text;
	const char *path = folder_file(folder, "ten");
	file_put(path, STR("0123456789"));
	err_clear(&e);
	assert_true(file_read(&text, path, 10, &arena, &e));
	assert_true(str_is(text, "0123456789"));
	assert_false(file_read(&text, path, 9, &arena, &e));
	assert_int_equal(e.code, ERR_TOO_BIG);
	err_clear(&e);
	assert_false(file_read(&text, folder, 10, &arena, &e));
	err_clear(&e);
	assert_false(file_read(&text, folder_file(folder, "none"), 10, &arena, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);

	char part[4];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	err_clear(&e);
	assert_true(file_read_at(fd, part, 4, 6, &e));
	assert_memory_equal(part, "6789", 4);
	assert_true(file_read_at(fd, part, 0, 99, &e));
	assert_false(file_read_at(fd, part, 4, 7, &e));
	assert_int_equal(e.code, ERR_INPUT);
	close(fd);
}

static void
wake_up(int number)
{
	(void)number;
}

/* Takes what comes out of a pipe in small bits, and interrupts the writer again and again. */
static void
drain(int fd, pid_t writer, const char *want, size_t n)
{
	char part[777];
	size_t at = 0;
	while (at < n) {
		ssize_t got = read(fd, part, sizeof part);
		if (got <= 0 || at + (size_t)got > n || memcmp(part, want + at, (size_t)got) != 0)
			_exit(5);
		at += (size_t)got;
		kill(writer, SIGUSR1);
	}
	_exit(read(fd, part, 1) == 0 ? 0 : 4);
}

static void
short_writes_and_interruptions_lose_nothing(void **state)
{
	(void)state;
	static char bytes[1 << 20];
	int ends[2], status;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 31 >> 3);
	struct sigaction quick = {.sa_handler = wake_up}; /* no SA_RESTART: EINTR */
	assert_int_equal(sigaction(SIGUSR1, &quick, NULL), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t self = getpid(), pid = fork();
	if (pid == 0) {
		close(ends[1]);
		drain(ends[0], self, bytes, sizeof bytes);
	}
	close(ends[0]);
	err_clear(&e);
	assert_true(file_write_all(ends[1], bytes, sizeof bytes, &e));
	close(ends[1]);
	while (waitpid(pid, &status, 0) != pid)
		continue;
	assert_int_equal(status, 0);
	signal(SIGUSR1, SIG_DFL);
}

static void
folders_are_made_with_those_above_and_are_private(void **state)
{
	(void)state;
	struct stat st;
	const char *deep = folder_file(folder, "a/b//c");
	err_clear(&e);
	assert_true(folder_make(deep, &e));
	assert_true(folder_make(deep, &e));
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_true(folder_sync(deep, &e));
	file_put(folder_file(folder, "plain"), STR("x"));
	assert_false(folder_make(folder_file(folder, "plain"), &e));
	err_clear(&e);
	assert_false(folder_make(folder_file(folder, "plain/below"), &e));
	err_clear(&e);
	assert_false(folder_make("", &e));
	assert_false(folder_sync(folder_file(folder, "none"), &e));
}

static void
a_removed_folder_goes_with_all_in_it_and_nothing_beside(void **state)
{
	(void)state;
	char path[PATH_MAX];
	file_put(folder_file(folder, "outside"), STR("stays"));
	err_clear(&e);
	/* Eight levels below it, each with a file, an empty folder and links to what is outside. */
	snprintf(path, sizeof path, "%s/gone", folder);
	for (int level = 0; level <= 8; level++) {
		assert_true(folder_make(path, &e));
		file_put(folder_file(path, "file"), STR("x"));
		assert_int_equal(symlink(folder, folder_file(path, "link")), 0);
		assert_int_equal(
		    symlink(folder_file(folder, "outside"), folder_file(path, "link2")), 0);
		if (level < 8)
			assert_true(folder_make(folder_file(path, "empty"), &e));
		strcat(path, "/d");
	}
	assert_true(folder_remove(folder_file(folder, "gone"), &e));
	assert_false(file_is_there(folder_file(folder, "gone")));
	assert_true(str_is(read_file(folder_file(folder, "outside")), "stays"));
	assert_true(folder_remove(folder_file(folder, "gone"), &e));

	assert_false(folder_remove(folder_file(folder, "outside"), &e));
	err_clear(&e);
	assert_int_equal(symlink("a", folder_file(folder, "to-a")), 0);
	assert_false(folder_remove(folder_file(folder, "to-a"), &e));
	assert_true(file_is_there(folder_file(folder, "a/b/c")));
}

#define HOSTILE_LEVELS 3000

/* Folders in folders, each beside others and of a mode that lets nobody in; deeper than a path can
 * say or descriptors can be open. */
static bool
make_hostile(const char *path)
{
	static const mode_t modes[] = {0, 0100, 0300, 0400, 0500, 0700};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned level = 0; level < HOSTILE_LEVELS && fd >= 0; level++) {
		int file = openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0);
		if (file < 0 || mkdirat(fd, "below", 0700) != 0 || mkdirat(fd, "beside", 0) != 0)
			return false;
		int below = openat(fd, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* What was opened stays usable. */
		if (level > 0 && fchmod(fd, modes[level % ARRAY_LENGTH(modes)]) != 0)
			return false;
		close(file);
		close(fd);
		fd = below;
	}
	close(fd);
	return fd >= 0;
}

static void
become_somebody(void)
{
	/* Modes mean nothing to root. */
	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		_exit(9);
}

static void
make_as_user(void *path)
{
	become_somebody();
	_exit(make_hostile(path) ? 0 : 1);
}

static void
remove_it(void *path)
{
	struct err why = {0};
	become_somebody();
	_exit(folder_remove(path, &why) ? 0 : 1);
}

static void
whatever_tree_somebody_made_can_be_removed(void **state)
{
	(void)state;
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", folder_file(folder, "hostile"));
	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(mkdir(path, 0777), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(path, 65534, 65534), 0);
	int status = in_child(make_as_user, path);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	status = in_child(remove_it, path);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_false(file_is_there(path));
}

static void
a_folder_is_measured_up_to_what_it_may_have(void **state)
{
	(void)state;
	static char block[8192];
	struct folder_size size, most = {.bytes = 1 << 20, .entries = 4};
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", folder_file(folder, "measured"));
	assert_true(folder_within(path, &most, &size)); /* it is not there */
	assert_true(folder_make(folder_file(path, "a/b"), &e));
	file_put(folder_file(path, "a/b/one"), (struct str){block, sizeof block});
	file_put(folder_file(path, "two"), (struct str){block, sizeof block});
	assert_true(folder_within(path, &most, &size));
	assert_int_equal(size.entries, 4);
	assert_in_range(size.bytes, 16384, 1 << 18);
	most.bytes = size.bytes - 1;
	assert_false(folder_within(path, &most, &size));
	most = (struct folder_size){.bytes = 1 << 20, .entries = 3};
	assert_false(folder_within(path, &most, &size));
	assert_int_equal(size.entries, 4);
	/* A link is an entry, what it leads to is not looked at. */
	most.entries = 6;
	assert_int_equal(symlink("..", folder_file(path, "link")), 0);
	assert_true(folder_within(path, &most, &size));
	assert_int_equal(size.entries, 5);
	/* Hidden from who only looks. */
	assert_int_equal(chmod(folder_file(path, "a"), 0300), 0);
	assert_true(folder_within(path, &most, &size));
	assert_int_equal(size.entries, 5);
	for (int depth = 1; depth <= FOLDER_DEPTH + 1; depth++) {
		strcat(path, "/d");
		assert_true(folder_make(path, &e));
		most.entries = 1000;
		assert_int_equal(folder_within(folder_file(folder, "measured"), &most, &size),
		    depth <= FOLDER_DEPTH);
	}
}

static void
a_published_file_appears_under_its_name_only(void **state)
{
	(void)state;
	char from[PATH_MAX];
	snprintf(from, sizeof from, "%s", folder_file(folder, "from"));
	int fd = open(from, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	err_clear(&e);
	assert_true(file_write_all(fd, "whole", 5, &e));
	assert_true(file_publish(fd, from, folder_file(folder, "to"), &e));
	assert_false(file_is_there(from));
	assert_true(str_is(read_file(folder_file(folder, "to")), "whole"));
	assert_false(file_publish(fd, from, folder_file(folder, "to2"), &e));
	close(fd);
}

static void
a_deferred_descriptor_is_closed(void **state)
{
	(void)state;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	arena_defer_close(&arena, fd);
	arena_release(&arena);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
}

static int
set_up(void **state)
{
	(void)state;
	folder = folder_begin();
	arena_init(&arena, 1 << 26);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	folder_end(folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_replaced_file_is_the_new_one_with_its_mode),
	    cmocka_unit_test(a_replacement_that_fails_leaves_the_old_file),
	    cmocka_unit_test(reading_refuses_what_is_no_file_or_too_large),
	    cmocka_unit_test(short_writes_and_interruptions_lose_nothing),
	    cmocka_unit_test(folders_are_made_with_those_above_and_are_private),
	    cmocka_unit_test(a_removed_folder_goes_with_all_in_it_and_nothing_beside),
	    cmocka_unit_test(whatever_tree_somebody_made_can_be_removed),
	    cmocka_unit_test(a_folder_is_measured_up_to_what_it_may_have),
	    cmocka_unit_test(a_published_file_appears_under_its_name_only),
	    cmocka_unit_test(a_deferred_descriptor_is_closed),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
