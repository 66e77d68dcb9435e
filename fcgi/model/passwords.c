/* passwords.c: see passwords.h. */
#define _GNU_SOURCE
#include "model/passwords.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <unistd.h>

_Static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "room for libsodium's text");

bool
password_check(struct str password, struct str email, struct err *e)
{
	size_t n = utf8_count(password);
	if (n < LIMIT_PASSWORD_LEAST)
		return FAIL_FIELD(e, INPUT, "password", "a password has at least %d characters",
		    LIMIT_PASSWORD_LEAST);
	if (n > LIMIT_PASSWORD_MOST)
		return FAIL_FIELD(e, INPUT, "password", "a password has at most %d characters",
		    LIMIT_PASSWORD_MOST);
	bool same = true;
	for (size_t i = 1; i < password.n; i++)
		same = same && password.p[i] == password.p[0];
	if (same || str_equal_nocase(password, email))
		return FAIL_FIELD(e, INPUT, "password",
		    "this password would be guessed: it is the e-mail address, or one character "
		    "again and again");
	return true;
}

/* The place, locked until its descriptor is closed, also by the death of the process.  Nobody waits
 * for it: a worker that does serves nobody else. */
static bool
take_place(int *fd, const char *data, struct err *e)
{
	char path[PATH_MAX];
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	snprintf(path, sizeof path, "%s/run/password.lock", data);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return FAIL_ERRNO(e, "%s cannot be opened", path);
	if (fcntl(*fd, F_OFD_SETLK, &range) == 0)
		return true;
	close(*fd);
	FAIL(e, UNAVAILABLE, "somebody else is signing in at this moment; try again");
	e->retry_s = 1;
	return false;
}

bool
password_hash(char out[PASSWORD_HASH_BYTES], const char *data, struct str password, struct err *e)
{
	int place;
	if (sodium_init() < 0)
		return FAIL(e, SYSTEM, "libsodium cannot be used");
	if (!take_place(&place, data, e))
		return false;
	int rc = crypto_pwhash_str(
	    out, password.p, password.n, PASSWORD_PASSES, (size_t)MIB(PASSWORD_MIB));
	close(place);
	return rc == 0 || FAIL(e, UNAVAILABLE, "there is no memory to hash a password");
}

/* Something to compare with when there is no user: made once, with a password nobody has. */
static const char nobody[] = "$argon2id$v=19$m=47104,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
			     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

bool
password_verify(bool *good, const char *data, struct str hash, struct str password, struct err *e)
{
	char text[PASSWORD_HASH_BYTES];
	int place;
	*good = false;
	if (sodium_init() < 0)
		return FAIL(e, SYSTEM, "libsodium cannot be used");
	if (!take_place(&place, data, e))
		return false;
	snprintf(text, sizeof text, "%.*s", STR_ARG(hash.n ? hash : str_of(nobody)));
	int rc = crypto_pwhash_str_verify(text, password.n ? password.p : "", password.n);
	close(place);
	*good = rc == 0 && hash.n > 0;
	return true;
}
