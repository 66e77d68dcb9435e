/*
 * test_passwords.c: which passwords are taken, that only the right one is good, and that no more of
 * them are hashed at once than there is memory for, in however many processes.
 */
#define _GNU_SOURCE
#include "model/passwords.h"
#include "base/clock.h"
#include "base/limits.h"
#include "folder.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *folder;
static struct err e;

#define TEN "0123456789"

static bool
is_taken(const char *password)
{
	err_clear(&e);
	bool good = password_check(str_of(password), STR("vera@example.org"), &e);
	assert_int_equal(e.code, good ? ERR_OK : ERR_INPUT);
	if (!good)
		assert_string_equal(e.field, "password");
	return good;
}

static void
a_password_has_10_to_128_characters_of_any_kind(void **state)
{
	char most[130], accents[2 * 130];
	(void)state;
	memset(most, 'x', sizeof most);
	most[0] = 'a';
	most[128] = 0;
	assert_true(is_taken(TEN));
	assert_false(is_taken("012345678"));
	assert_false(is_taken(""));
	assert_true(is_taken(most));
	most[128] = 'x';
	most[129] = 0;
	assert_false(is_taken(most));
	/* Characters are counted, not bytes. */
	assert_true(is_taken("数数数数数数数数数字"));
	assert_false(is_taken("数数数数数数数数字"));
	accents[0] = 'a';
	for (size_t i = 0; i < 127; i++)
		memcpy(accents + 1 + 2 * i, "ü", 3);
	assert_true(is_taken(accents));
	assert_true(is_taken("          spaces too"));
}

static void
one_that_would_be_guessed_first_is_not_taken(void **state)
{
	(void)state;
	assert_false(is_taken("vera@example.org"));
	assert_false(is_taken("VERA@example.org"));
	assert_true(is_taken("vera@example.org1"));
	assert_false(is_taken("aaaaaaaaaaaaaaaa"));
	assert_true(is_taken("aaaaaaaaaaaaaaab"));
}

static bool
verify(const char *hash, const char *password)
{
	bool good = true;
	err_clear(&e);
	if (!password_verify(&good, folder, str_of(hash), str_of(password), &e))
		fail_msg("%s", e.message);
	return good;
}

static void
only_the_right_one_is_good(void **state)
{
	char hash[PASSWORD_HASH_BYTES], again[PASSWORD_HASH_BYTES];
	(void)state;
	assert_true(password_hash(hash, folder, STR(TEN), &e));
	assert_true(password_hash(again, folder, STR(TEN), &e));
	assert_string_not_equal(hash, again); /* each has a salt of its own */
	char head[60];
	snprintf(head, sizeof head, "$argon2id$v=19$m=%d,t=%d,p=1$", PASSWORD_MIB * 1024,
	    PASSWORD_PASSES);
	assert_memory_equal(hash, head, strlen(head));
	assert_null(strstr(hash, TEN));
	assert_true(verify(hash, TEN));
	assert_true(verify(again, TEN));
	static const char *const wrong[] = {"", "012345678", (TEN "0"), "0123456788", " " TEN};
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		assert_false(verify(hash, wrong[i]));
}

static void
no_hash_is_never_good(void **state)
{
	(void)state;
	assert_false(verify("", ""));
	assert_false(verify("", TEN));
	assert_false(verify("no hash", TEN));
	assert_false(verify("$argon2id$v=19$m=8,t=1,p=1$", TEN));
}

/* Takes the place as another process does, for as long as the descriptor is open; -1: it is taken.
 */
static int
hold_place(void)
{
	char path[PATH_MAX];
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	snprintf(path, sizeof path, "%s/run/password.lock", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && fcntl(fd, F_OFD_SETLK, &range) == 0 ? fd : -1;
}

/* A worker that waited would serve nobody else. */
static void
who_finds_no_room_is_told_at_once_when_to_come_again(void **state)
{
	char hash[PASSWORD_HASH_BYTES];
	bool good = true;
	(void)state;
	int held = hold_place();
	assert_true(held >= 0);
	err_clear(&e);
	assert_false(password_verify(&good, folder, STR(""), STR(TEN), &e));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	assert_true(e.retry_s > 0);
	assert_false(good);
	err_clear(&e);
	assert_false(password_hash(hash, folder, STR(TEN), &e));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	err_clear(&e);
	close(held);
	assert_true(password_hash(hash, folder, STR(TEN), &e));
	assert_true(verify(hash, TEN));
}

static void
a_process_that_dies_leaves_its_place(void **state)
{
	int ends[2];
	char byte;
	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (hold_place() < 0 || write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	ssize_t n = read(ends[0], &byte, 1);
	close(ends[0]);
	int taken = hold_place();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(n, 1);
	assert_int_equal(taken, -1);
	assert_false(verify("", TEN));
}

static int
begin(void **state)
{
	(void)state;
	folder = folder_begin();
	return mkdir(folder_file(folder, "run"), 0700);
}

static int
end(void **state)
{
	(void)state;
	folder_end(folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_password_has_10_to_128_characters_of_any_kind),
	    cmocka_unit_test(one_that_would_be_guessed_first_is_not_taken),
	    cmocka_unit_test(only_the_right_one_is_good),
	    cmocka_unit_test(no_hash_is_never_good),
	    cmocka_unit_test(who_finds_no_room_is_told_at_once_when_to_come_again),
	    cmocka_unit_test(a_process_that_dies_leaves_its_place),
	};
	return cmocka_run_group_tests_name("passwords", tests, begin, end);
}
