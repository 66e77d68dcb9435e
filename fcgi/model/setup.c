/* setup.c: see setup.h. */
#define _GNU_SOURCE
#include "model/setup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "model/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

/* Several processes may be the first: the file is made whole under another name and linked, which
 * only one of them can. */
static bool
make_secret(const char *path, struct err *e)
{
	char other[PATH_MAX + 40], random[17];
	uint8_t secret[SECRET_BYTES];
	random_bytes(secret, sizeof secret);
	random_base36(random, 16);
	snprintf(other, sizeof other, "%s.%s", path, random);
	if (!file_replace(other, 0600, (struct str){(const char *)secret, sizeof secret}, e))
		return false;
	bool good =
	    link(other, path) == 0 || errno == EEXIST || FAIL_ERRNO(e, "%s cannot be made", path);
	unlink(other);
	return good;
}

bool
model_secret(uint8_t out[SECRET_BYTES], const char *data, struct err *e)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/secret", data) >= (int)sizeof path)
		return FAIL(e, INPUT, "the path of the data folder is too long");
	if (access(path, F_OK) != 0 && !make_secret(path, e))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return FAIL_ERRNO(e, "%s cannot be opened", path);
	bool good = file_read_at(fd, out, SECRET_BYTES, 0, e);
	close(fd);
	return good;
}

static bool
note(struct store *s, const char *action, const char *target, struct err *e)
{
	struct audit x = {.org_id = 1,
	    .who = STR("first start"),
	    .action = str_of(action),
	    .target = str_of(target)};
	return store_audit_add(s, &x, e);
}

/* The file is written before the key exists, so a crash between the two leaves a file with a key
 * that does not work and is replaced at the next start; never a key that nobody knows. */
static bool
make_key(struct store *s, const char *data, const char *user_id, struct err *e)
{
	struct key k = {
	    .org_id = 1, .name = STR("admin"), .role = STR("owner"), .user_id = str_of(user_id)};
	char path[PATH_MAX], key[KEY_BYTES], text[KEY_BYTES + 1], begins[KEY_SHOWN + 1];
	uint8_t hash[SHA256_BYTES];
	key_make(key, begins, hash);
	k.begins = str_of(begins);
	snprintf(path, sizeof path, "%s/admin.key", data);
	int n = snprintf(text, sizeof text, "%s\n", key);
	return file_replace(path, 0600, (struct str){text, (size_t)n}, e) &&
	       store_key_insert(s, &k, hash, e) && note(s, "key.new", k.key_id, e);
}

static bool
make_all(struct store *s, struct first_start *out, const char *data, struct arena *a, struct err *e)
{
	struct user owner;
	bool found, any;
	uint8_t hash[SHA256_BYTES];
	if (!store_user_first(s, &owner, &found, a, e) || !store_key_any(s, &any, e))
		return false;
	if (!found) {
		owner = (struct user){.org_id = 1, .name = STR("Owner"), .role = STR("owner")};
		if (!store_user_insert(s, &owner, e) || !note(s, "user.new", owner.user_id, e))
			return false;
	}
	out->made_key = !any;
	if (!any && !make_key(s, data, owner.user_id, e))
		return false;
	if (owner.has_password)
		return true;
	link_make(out->token, hash);
	return store_link_insert(s, hash, owner.user_id, e) &&
	       note(s, "user.link", owner.user_id, e);
}

bool
model_first_start(struct first_start *out, const char *data, struct err *e)
{
	struct store *s;
	struct arena a;
	*out = (struct first_start){0};
	if (!store_open(&s, data, e))
		return false;
	arena_init(&a, MIB(1));
	bool good = store_begin(s, e);
	if (good && make_all(s, out, data, &a, e)) {
		good = store_commit(s, e);
	} else if (good) {
		store_rollback(s);
		good = false;
	}
	arena_release(&a);
	store_close(s);
	return good;
}
