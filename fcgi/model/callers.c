/* callers.c: keys, sessions and the first key of all; see model.h and setup.h. */
#include "model/model.h"
#include "model/setup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

#include <limits.h>
#include <unistd.h>

/* rh_ and 43 characters of base 62: 256 bits. */
#define KEY_PREFIX "rh_"
#define KEY_RANDOM 43

bool
model_open(struct model *m, const char *data, const struct conf *conf, struct err *e)
{
	*m = (struct model){.data = data, .conf = conf, .rows = rows_cache_new()};
	if (!m->rows)
		return FAIL(e, UNAVAILABLE, "out of memory");
	return store_open(&m->store, data, e);
}

void
model_close(struct model *m)
{
	rows_cache_free(m->rows);
	store_close(m->store);
}

void
model_recover(struct model *m)
{
	store_recover(m->store);
	rows_cache_recover(m->rows);
}

static void
take_key(struct caller *c, const struct key *k, bool by_session)
{
	*c = (struct caller){.org_id = k->org_id, .role = k->role, .by_session = by_session};
	memcpy(c->key_id, k->key_id, sizeof c->key_id);
}

bool
model_caller_of_key(
    struct model *m, struct caller *c, bool *found, struct str key, struct arena *a, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	struct key k;
	sha256_of(hash, key);
	if (!store_key_find(m->store, &k, found, hash, a, e))
		return false;
	if (*found)
		take_key(c, &k, false);
	return true;
}

bool
model_caller_of_session(struct model *m, struct caller *c, bool *found, struct str token,
    struct arena *a, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	struct key k;
	sha256_of(hash, token);
	if (!store_session_find(m->store, &k, found, hash, a, e))
		return false;
	if (*found)
		take_key(c, &k, true);
	return true;
}

bool
model_session_open(
    struct model *m, const struct caller *c, char token[SESSION_TOKEN_BYTES], struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	random_base62(token, SESSION_TOKEN_BYTES - 1);
	sha256_of(hash, str_of(token));
	return store_session_insert(m->store, hash, c->key_id, e);
}

bool
model_session_close(struct model *m, struct str token, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	sha256_of(hash, token);
	return store_session_delete(m->store, hash, e);
}

/*
 * The file is written before the key exists, so a crash between the two leaves a file with a key
 * that does not work and is replaced at the next start; never a key that nobody knows.
 */
bool
model_admin_key(const char *data, bool *made, char key[80], struct err *e)
{
	struct store *s;
	char path[PATH_MAX], text[80];
	uint8_t hash[SHA256_BYTES];
	bool any;
	*made = false;
	if (!store_open(&s, data, e))
		return false;
	bool good = store_key_any(s, &any, e);
	if (good && !any) {
		struct key k = {.org_id = 1, .name = STR("admin"), .role = STR("admin")};
		size_t prefix = strlen(KEY_PREFIX);
		memcpy(key, KEY_PREFIX, prefix);
		random_base62(key + prefix, KEY_RANDOM);
		snprintf(path, sizeof path, "%s/admin.key", data);
		int n = snprintf(text, sizeof text, "%s\n", key);
		sha256_of(hash, str_of(key));
		good =
		    file_replace(path, 0600, (struct str){text, (size_t)n}, e) && store_begin(s, e);
		if (good && store_key_insert(s, &k, hash, e)) {
			good = store_commit(s, e);
			*made = good;
		} else if (good) {
			store_rollback(s);
			good = false;
		}
	}
	store_close(s);
	return good;
}
