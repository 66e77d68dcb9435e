/*
 * test_accounts.c: organisations, users, what opens the door and for how long, and what is written
 * down of it, as the catalog keeps them.  Time passes by SQL.
 */
#include "catalog.h"
#include "store/accounts.h"
#include "base/conf.h"

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static void
hash_of(uint8_t out[SHA256_BYTES], const char *text)
{
	sha256_of(out, str_of(text));
}

static struct user
new_user(int64_t org_id, const char *email, const char *role)
{
	struct user u = {.org_id = org_id,
	    .email = str_of(email),
	    .name = STR("N\xc3\xa4me"),
	    .role = str_of(role)};
	WRITE(store_user_insert(store, &u, &e));
	return u;
}

/* How many keys that revokes. */
static size_t
revokes(const char *key_id)
{
	struct str *ids;
	size_t count;
	WRITE(store_key_revoke(store, key_id, &ids, &count, &arena, &e));
	return count;
}

/* Nobody is there. */
static int
empty(void **state)
{
	(void)state;
	MUST(sql_script(&store->catalog,
	    "DELETE FROM keys; DELETE FROM sessions; DELETE FROM links; DELETE FROM users;"
	    "DELETE FROM attempts; DELETE FROM audit; DELETE FROM organizations WHERE org_id > 2;"
	    "UPDATE organizations SET settings=NULL",
	    &e));
	return 0;
}

/* ---- users ---- */

static void
a_user_is_found_by_id_and_by_address(void **state)
{
	(void)state;
	struct user u = new_user(2, "a@b.c", "editor"), got;
	bool found;
	for (int64_t org = 0; org <= 2; org++) {
		MUST(store_user_get(store, &got, &found, org, u.user_id, &arena, &e));
		/* Not by another organisation. */
		assert_int_equal(found, org != 1);
	}
	assert_string_equal(got.user_id, u.user_id);
	assert_true(str_is(got.email, "a@b.c") && str_is(got.role, "editor"));
	assert_true(str_is(got.name, "N\xc3\xa4me"));
	assert_int_equal(got.created_at, u.created_at);
	assert_int_equal(got.signed_in_at + got.disabled_at, 0);
	assert_false(got.has_password);
	WRITE(store_user_password(store, u.user_id, STR("$hash"), &e));
	WRITE(store_user_signed_in(store, u.user_id, &e));
	/* Its hash is handed out only to who compares with it. */
	MUST(store_user_get(store, &got, &found, 0, u.user_id, &arena, &e));
	assert_true(got.has_password && got.password.n == 0);
	assert_true(got.signed_in_at >= u.created_at);
	MUST(store_user_by_email(store, &got, &found, STR("a@b.c"), &arena, &e));
	assert_true(found && str_is(got.password, "$hash"));
	MUST(store_user_by_email(store, &got, &found, STR("a@b."), &arena, &e));
	assert_false(found);
	/* One without an address is not found by none. */
	new_user(1, "", "viewer");
	MUST(store_user_by_email(store, &got, &found, STR(""), &arena, &e));
	assert_false(found);
	MUST(store_user_get(store, &got, &found, 0, NOBODY, &arena, &e));
	assert_false(found);
}

static void
an_address_belongs_to_one_user(void **state)
{
	(void)state;
	struct user first = new_user(1, "a@b.c", "owner"), second = new_user(1, "x@y.z", "owner");
	/* Also across organisations: whoever signs in says nothing else. */
	for (int64_t org = 1; org <= 2; org++) {
		struct user twice = {
		    .org_id = org, .email = STR("a@b.c"), .name = STR("n"), .role = STR("viewer")};
		MUST(store_begin(store, &e));
		MUST_NOT(store_user_insert(store, &twice, &e), CONFLICT);
		store_rollback(store);
	}
	second.email = STR("a@b.c");
	MUST(store_begin(store, &e));
	err_clear(&e);
	assert_false(store_user_update(store, &second, &e));
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_string_equal(e.field, "email");
	store_rollback(store);
	/* Its own it may keep; and users without one are as many as there are. */
	first.name = STR("other");
	WRITE(store_user_update(store, &first, &e));
	new_user(1, "", "owner");
	new_user(1, "", "owner");
	ASSERT_ASK("4", "SELECT count(*) FROM users");
}

static void
users_are_listed_page_by_page(void **state)
{
	(void)state;
	struct user *list;
	size_t count, seen = 0;
	int64_t total, last = 0;
	for (int i = 0; i < 7; i++)
		new_user(1, "", "viewer");
	new_user(2, "", "viewer");
	for (uint64_t offset = 0; offset < 9; offset += 3) {
		MUST(store_user_list(store, &list, &count, &total, 1, offset, 3, &arena, &e));
		assert_int_equal(total, 7);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(list[i].org_id, 1);
			assert_true(list[i].created_at >= last);
			last = list[i].created_at;
		}
		seen += count;
	}
	assert_int_equal(seen, 7);
}

static void
owners_that_can_sign_in_are_counted(void **state)
{
	(void)state;
	int64_t count;
	bool found;
	struct user got;
	MUST(store_user_first(store, &got, &found, &arena, &e));
	assert_false(found);
	struct user editor = new_user(1, "", "editor"), a = new_user(1, "", "owner");
	struct user b = new_user(1, "", "owner");
	new_user(2, "", "owner");
	MUST(store_user_first(store, &got, &found, &arena, &e));
	assert_string_equal(got.user_id, a.user_id);
	/* Nobody has followed a link yet: all who could. */
	MUST(store_user_other_owners(store, &a, &count, &e));
	assert_int_equal(count, 1);
	MUST(store_user_other_owners(store, &editor, &count, &e));
	assert_int_equal(count, 2);
	/* For one who can sign in only such count. */
	a.has_password = true;
	MUST(store_user_other_owners(store, &a, &count, &e));
	assert_int_equal(count, 0);
	WRITE(store_user_password(store, b.user_id, STR("$hash"), &e));
	MUST(store_user_other_owners(store, &a, &count, &e));
	assert_int_equal(count, 1);
	b.disabled_at = 5;
	WRITE(store_user_update(store, &b, &e));
	MUST(store_user_other_owners(store, &a, &count, &e));
	assert_int_equal(count, 0);
	MUST(store_user_get(store, &got, &found, 1, b.user_id, &arena, &e));
	assert_true(got.disabled_at == 5 && got.has_password);
	b.disabled_at = 0;
	WRITE(store_user_update(store, &b, &e));
	WRITE(store_user_password(store, b.user_id, STR(""), &e));
	MUST(store_user_get(store, &got, &found, 1, b.user_id, &arena, &e));
	assert_false(got.has_password);
	/* The first is one who can come in. */
	a.disabled_at = 5;
	WRITE(store_user_update(store, &a, &e));
	MUST(store_user_first(store, &got, &found, &arena, &e));
	assert_string_equal(got.user_id, b.user_id);
}

/* ---- keys ---- */

static void
a_key_is_found_by_its_secret_until_it_ends(void **state)
{
	(void)state;
	uint8_t hash[SHA256_BYTES], other[SHA256_BYTES];
	struct key k = {.org_id = 1,
		       .name = STR("first"),
		       .role = STR("owner"),
		       .begins = STR("rh_abc")},
		   got;
	bool any, found;
	hash_of(hash, "secret");
	hash_of(other, "secreu");
	MUST(store_key_any(store, &any, &e));
	assert_false(any);
	WRITE(store_key_insert(store, &k, hash, &e));
	MUST(store_key_any(store, &any, &e));
	assert_true(any);
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	assert_string_equal(got.key_id, k.key_id);
	assert_int_equal(got.org_id, 1);
	assert_true(str_is(got.name, "first") && str_is(got.role, "owner"));
	assert_true(str_is(got.begins, "rh_abc"));
	assert_int_equal(got.user_id.n + got.email.n + got.scope.n, 0);
	assert_int_equal(got.expires_at + got.revoked_at + got.used_at, 0);
	MUST(store_key_find(store, &got, &found, other, &arena, &e));
	assert_false(found);
	/* Nothing in the catalog tells the secret. */
	ASSERT_ASK("0", "SELECT count(*) FROM keys WHERE instr(hex(secret_hash), hex('secret'))");

	ask("UPDATE keys SET expires_at=%" PRId64, clock_now_us() + 3600 * SECOND);
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	ask("UPDATE keys SET expires_at=%" PRId64, clock_now_us());
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	ask("UPDATE keys SET expires_at=NULL");
	assert_int_equal(revokes(k.key_id), 1);
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	/* There was one. */
	MUST(store_key_any(store, &any, &e));
	assert_true(any);
	/* It is revoked once; when, is not changed by who does it again. */
	ask("UPDATE keys SET revoked_at=7");
	assert_int_equal(revokes(k.key_id), 0);
	ASSERT_ASK("7", "SELECT revoked_at FROM keys");
	MUST(store_begin(store, &e));
	assert_false(store_key_insert(store, &k, hash, &e)); /* the same secret twice */
	store_rollback(store);
}

static void
a_key_stops_with_its_user(void **state)
{
	(void)state;
	uint8_t hash[SHA256_BYTES];
	struct user u = new_user(1, "a@b.c", "editor");
	struct key k = {.org_id = 1,
		       .name = STR("k"),
		       .role = STR("editor"),
		       .scope = STR("[\"x\"]"),
		       .user_id = str_of(u.user_id)},
		   got;
	bool found;
	hash_of(hash, "of a user");
	WRITE(store_key_insert(store, &k, hash, &e));
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	assert_true(str_is(got.user_id, u.user_id) && str_is(got.email, "a@b.c"));
	assert_true(str_is(got.user_role, "editor") && str_is(got.scope, "[\"x\"]"));
	u.disabled_at = clock_now_us();
	WRITE(store_user_update(store, &u, &e));
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	u.disabled_at = 0;
	WRITE(store_user_update(store, &u, &e));
	MUST(store_key_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
}

static void
a_key_ends_with_the_one_it_was_made_with(void **state)
{
	(void)state;
	/* 0 made 1 and 2, 1 made 3; 4 is nobody's. */
	static const int parents[] = {-1, 0, 0, 1, -1};
	struct key keys[ARRAY_LENGTH(parents)], got;
	struct str *ids;
	size_t count;
	bool found;
	for (size_t i = 0; i < ARRAY_LENGTH(parents); i++) {
		uint8_t hash[SHA256_BYTES];
		keys[i] = (struct key){.org_id = 1, .name = STR("k"), .role = STR("viewer")};
		if (parents[i] >= 0)
			keys[i].parent_id = str_of(keys[parents[i]].key_id);
		random_bytes(hash, sizeof hash);
		WRITE(store_key_insert(store, &keys[i], hash, &e));
	}
	MUST(store_key_get(store, &got, &found, 1, keys[3].key_id, &arena, &e));
	assert_true(str_is(got.parent_id, keys[1].key_id));
	assert_int_equal(revokes(keys[2].key_id), 1);
	WRITE(store_key_revoke(store, keys[0].key_id, &ids, &count, &arena, &e));
	assert_int_equal(count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(str_is(ids[i], keys[i < 2 ? i : 3].key_id));
	ASSERT_ASK("1", "SELECT count(*) FROM keys WHERE revoked_at IS NULL");
	MUST(store_key_get(store, &got, &found, 1, keys[4].key_id, &arena, &e));
	assert_int_equal(got.revoked_at, 0);
}

static void
keys_are_listed_newest_first_with_those_that_ended(void **state)
{
	(void)state;
	struct user u = new_user(1, "", "editor");
	struct key *list, got;
	char ids[4][UUID_BYTES];
	size_t count;
	int64_t total, live;
	bool found;
	for (int i = 0; i < 4; i++) {
		uint8_t hash[SHA256_BYTES];
		struct key k = {.org_id = i == 3 ? 2 : 1,
		    .name = STR("k"),
		    .role = STR("viewer"),
		    .user_id = i == 1 ? str_of(u.user_id) : STR("")};
		random_bytes(hash, sizeof hash);
		WRITE(store_key_insert(store, &k, hash, &e));
		memcpy(ids[i], k.key_id, UUID_BYTES);
		ask("UPDATE keys SET created_at=%d WHERE key_id='%s'", i + 1, k.key_id);
	}
	assert_int_equal(revokes(ids[0]), 1);
	MUST(store_key_used(store, ids[1], &e));
	MUST(store_key_list(store, &list, &count, &total, 1, "", 0, 9, &arena, &e));
	assert_int_equal(total, 3);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(list[i].key_id, ids[2 - i]);
	assert_true(list[2].revoked_at > 0 && list[1].used_at > 0 && list[0].used_at == 0);
	MUST(store_key_list(store, &list, &count, &total, 1, "", 2, 9, &arena, &e));
	assert_int_equal(count, 1);
	/* Of one user; of nobody. */
	MUST(store_key_list(store, &list, &count, &total, 1, u.user_id, 0, 9, &arena, &e));
	assert_int_equal(total, 1);
	assert_string_equal(list[0].key_id, ids[1]);
	MUST(store_key_list(store, &list, &count, &total, 1, "-", 0, 9, &arena, &e));
	assert_int_equal(count + (size_t)total, 0);
	MUST(store_key_count(store, 1, &live, &e));
	assert_int_equal(live, 2);
	MUST(store_key_get(store, &got, &found, 1, ids[0], &arena, &e));
	assert_true(found);
	MUST(store_key_get(store, &got, &found, 2, ids[0], &arena, &e));
	assert_false(found);
}

/* ---- sessions ---- */

static void
a_session_lives_as_long_as_it_is_used_and_its_user_may_come_in(void **state)
{
	(void)state;
	const int64_t idle = LIMIT_SESSION_SECONDS * SECOND, most = LIMIT_SESSION_DAYS * DAY;
	uint8_t hash[SHA256_BYTES], second_hash[SHA256_BYTES];
	struct user u = new_user(2, "a@b.c", "viewer"), got;
	bool found;
	hash_of(hash, "token");
	hash_of(second_hash, "token 2");
	WRITE(store_session_insert(store, hash, u.user_id, &e));
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	assert_int_equal(got.org_id, 2);
	assert_string_equal(got.user_id, u.user_id);
	MUST(store_session_find(store, &got, &found, second_hash, &arena, &e));
	assert_false(found);

	/* Used eleven hours ago: it goes on, and is noted. */
	ask("UPDATE sessions SET used_at=%" PRId64, clock_now_us() - idle + 60 * SECOND);
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	ASSERT_ASK("1", "SELECT used_at > %" PRId64 " FROM sessions", clock_now_us() - 60 * SECOND);
	/* Used a minute ago: not worth a write. */
	ask("UPDATE sessions SET used_at=%" PRId64, clock_now_us() - 60 * SECOND);
	struct str before = ask("SELECT used_at FROM sessions");
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_string_equal(ask("SELECT used_at FROM sessions").p, before.p);
	/* However much it is used, it ends. */
	ask("UPDATE sessions SET created_at=%" PRId64, clock_now_us() - most + 60 * SECOND);
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	ask("UPDATE sessions SET created_at=%" PRId64, clock_now_us() - most - SECOND);
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	/* Cleared away by the next one, like one that was not used for too long. */
	WRITE(store_session_insert(store, second_hash, u.user_id, &e));
	ASSERT_ASK("1", "SELECT count(*) FROM sessions");
	ask("UPDATE sessions SET used_at=%" PRId64, clock_now_us() - idle - SECOND);
	MUST(store_session_find(store, &got, &found, second_hash, &arena, &e));
	assert_false(found);
	WRITE(store_session_insert(store, hash, u.user_id, &e));
	ASSERT_ASK("1", "SELECT count(*) FROM sessions");

	ask("UPDATE users SET disabled_at=1");
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	ask("UPDATE users SET disabled_at=NULL");
	WRITE(store_session_delete(store, hash, &e));
	WRITE(store_session_delete(store, hash, &e));
	MUST(store_session_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	MUST(store_begin(store, &e));
	assert_false(store_session_insert(store, hash, NOBODY, &e));
	store_rollback(store);
}

static void
signing_a_user_out_ends_all_but_their_keys(void **state)
{
	(void)state;
	struct user a = new_user(1, "", "viewer"), b = new_user(1, "", "viewer");
	const char *const ids[] = {a.user_id, b.user_id};
	for (size_t i = 0; i < 2; i++) {
		uint8_t hash[SHA256_BYTES];
		struct key k = {.org_id = 1,
		    .name = STR("k"),
		    .role = STR("viewer"),
		    .user_id = str_of(ids[i])};
		random_bytes(hash, sizeof hash);
		WRITE(store_session_insert(store, hash, ids[i], &e));
		random_bytes(hash, sizeof hash);
		WRITE(store_session_insert(store, hash, ids[i], &e));
		WRITE(store_link_insert(store, hash, ids[i], &e));
		WRITE(store_key_insert(store, &k, hash, &e));
	}
	WRITE(store_user_sign_out(store, a.user_id, &e));
	ASSERT_ASK("2 1", "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM links)");
	ASSERT_ASK("0", "SELECT count(*) FROM sessions WHERE user_id='%s'", a.user_id);
	ASSERT_ASK("2", "SELECT count(*) FROM keys WHERE revoked_at IS NULL");
}

/* ---- links ---- */

static void
a_link_opens_the_door_until_it_is_used_or_old(void **state)
{
	(void)state;
	const int64_t life = LIMIT_LINK_HOURS * 3600 * SECOND;
	uint8_t hash[SHA256_BYTES], next[SHA256_BYTES], others[SHA256_BYTES];
	struct user u = new_user(1, "", "owner"), other = new_user(1, "", "owner"), got;
	bool found;
	hash_of(hash, "link");
	hash_of(next, "link 2");
	hash_of(others, "link 3");
	WRITE(store_link_insert(store, hash, u.user_id, &e));
	WRITE(store_link_insert(store, others, other.user_id, &e));
	MUST(store_link_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	assert_string_equal(got.user_id, u.user_id);
	ASSERT_ASK("0", "SELECT count(*) FROM links WHERE expires_at-created_at <> %" PRId64, life);
	/* Looking does not use it up. */
	MUST(store_link_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	ask("UPDATE users SET disabled_at=1 WHERE user_id='%s'", u.user_id);
	MUST(store_link_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	ask("UPDATE users SET disabled_at=NULL");
	ask("UPDATE links SET expires_at=%" PRId64, clock_now_us() + 60 * SECOND);
	MUST(store_link_find(store, &got, &found, hash, &arena, &e));
	assert_true(found);
	ask("UPDATE links SET expires_at=%" PRId64, clock_now_us());
	MUST(store_link_find(store, &got, &found, hash, &arena, &e));
	assert_false(found);
	/* A new one takes the place of the old, and of all that are over. */
	WRITE(store_link_insert(store, next, u.user_id, &e));
	ASSERT_ASK("1", "SELECT count(*) FROM links");
	WRITE(store_link_insert(store, others, other.user_id, &e));
	WRITE(store_link_insert(store, hash, u.user_id, &e));
	MUST(store_link_find(store, &got, &found, next, &arena, &e));
	assert_false(found);
	MUST(store_link_find(store, &got, &found, others, &arena, &e));
	assert_true(found);
}

/* ---- attempts ---- */

static int64_t
wait_of(const char *what, int64_t most)
{
	int64_t seconds;
	MUST(store_attempts_wait(store, what, most, &seconds, &e));
	return seconds;
}

static void
attempts_are_counted_for_a_quarter_of_an_hour(void **state)
{
	(void)state;
	const int64_t whole = LIMIT_SIGN_IN_WINDOW_SECONDS;
	assert_int_equal(wait_of("account:a", 1), 0);
	for (int i = 0; i < 3; i++)
		WRITE(store_attempt_add(store, "account:a", 1, &e));
	WRITE(store_attempt_add(store, "account:b", 1, &e));
	WRITE(store_attempt_add(store, "account:c", 0, &e));
	assert_int_equal(wait_of("account:a", 4), 0);
	assert_true(wait_of("account:a", 3) > whole - 120 && wait_of("account:a", 3) <= whole);
	assert_int_equal(wait_of("account:c", 1), 0);
	/* Taken back is the newest that was counted, also when the minute went by meanwhile. */
	ask("UPDATE attempts SET minute=minute-1");
	WRITE(store_attempt_add(store, "account:a", 0, &e));
	WRITE(store_attempt_take_back(store, "account:a", &e));
	assert_int_equal(wait_of("account:a", 3), 0);
	assert_true(wait_of("account:a", 2) > 0);
	/* Nothing to take back. */
	WRITE(store_attempt_take_back(store, "account:c", &e));
	ASSERT_ASK("0", "SELECT count(*) FROM attempts WHERE count<0");

	/* Those of several minutes count together, and it is the oldest that are forgotten first.
	 */
	ask("DELETE FROM attempts");
	int64_t now = clock_now_us() / (60 * SECOND);
	for (int i = 0; i < 5; i++)
		ask("INSERT INTO attempts VALUES('x', %" PRId64 ", 2)", now - 1 - 2 * i);
	assert_int_equal(wait_of("x", 11), 0);
	for (int i = 0; i < 5; i++) {
		/* Until those of minute `gone` are forgotten there are 2 * i + 2, and then 2 * i.
		 */
		int64_t gone = now - 1 - 2 * i, until = (gone + whole / 60) * 60;
		for (int64_t most = 2 * i + 1; most <= 2 * i + 2; most++) {
			int64_t wait = wait_of("x", most), here = clock_now_us() / SECOND;
			assert_true(wait >= until - here - 1 && wait <= until - here + 2);
		}
	}
	ask("UPDATE attempts SET minute=minute-%" PRId64, whole / 60);
	assert_int_equal(wait_of("x", 1), 0);
	/* And cleared away with the next one. */
	WRITE(store_attempt_add(store, "account:b", 1, &e));
	ASSERT_ASK("1", "SELECT count(*) FROM attempts");
}

/* ---- organisations ---- */

static void
an_organisation_has_its_own_quotas_or_the_servers(void **state)
{
	(void)state;
	struct organization made = {.name = STR("Third"), .settings = STR("{\"quota_rows\":0}")};
	struct organization *list;
	struct conf conf = {.quota_datasets = 5, .quota_bytes = 0, .quota_rows = 7};
	struct quotas q;
	size_t count;
	bool found;
	WRITE(store_org_insert(store, &made, &e));
	assert_true(made.org_id > 2);
	new_user(made.org_id, "", "owner");
	struct key k = {.org_id = made.org_id, .name = STR("k"), .role = STR("owner")};
	uint8_t hash[SHA256_BYTES];
	hash_of(hash, "of the third");
	WRITE(store_key_insert(store, &k, hash, &e));
	struct dataset d = new_dataset(made.org_id, "", "ready");
	MUST(store_org_list(store, &list, &count, &arena, &e));
	assert_int_equal(count, 3);
	assert_true(str_is(list[2].name, "Third"));
	assert_int_equal(list[2].users, 1);
	assert_int_equal(list[2].keys, 1);
	assert_int_equal(list[2].datasets, 1);
	assert_int_equal(list[0].users, 0);
	assert_int_equal(revokes(k.key_id), 1);
	MUST(store_org_list(store, &list, &count, &arena, &e));
	assert_int_equal(list[2].keys, 0);

	MUST(store_quotas(store, &q, 1, &conf, &e));
	assert_true(q.datasets == 5 && q.bytes == 0 && q.rows == 7);
	/* 0 of its own is none, not the server's. */
	MUST(store_quotas(store, &q, made.org_id, &conf, &e));
	assert_true(q.datasets == 5 && q.bytes == 0 && q.rows == 0);
	WRITE(store_org_settings(
	    store, made.org_id, STR("{\"quota_datasets\":1,\"quota_bytes\":2}"), &found, &e));
	assert_true(found);
	MUST(store_quotas(store, &q, made.org_id, &conf, &e));
	assert_true(q.datasets == 1 && q.bytes == 2 && q.rows == 7);
	WRITE(store_org_settings(store, 99, STR("{}"), &found, &e));
	assert_false(found);
	ask("DELETE FROM datasets WHERE dataset_id='%s'", d.dataset_id);
}

/* ---- the audit ---- */

static void
note(int64_t org_id, const char *who, const char *action, const char *target)
{
	struct audit x = {.org_id = org_id,
	    .who = str_of(who),
	    .user_id = STR(NOBODY),
	    .action = str_of(action),
	    .target = str_of(target),
	    .detail = STR("{\"n\":1}"),
	    .remote = STR("192.0.2.1"),
	    .request_id = STR("r-1")};
	WRITE(store_audit_add(store, &x, &e));
}

/* The actions an audit's list has, newest first. */
static const char *
audit_of(int64_t org_id, struct audit_filter f, int64_t before, size_t limit)
{
	struct audit *list;
	size_t count;
	struct str all = STR("");
	int64_t last = INT64_MAX;
	MUST(store_audit_list(store, &list, &count, org_id, &f, before, limit, &arena, &e));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list[i].org_id, org_id);
		assert_true(list[i].audit_id < last);
		last = list[i].audit_id;
		all =
		    arena_format(&arena, "%s%s%.*s", all.p, i ? " " : "", STR_ARG(list[i].action));
	}
	return all.p;
}

static void
the_audit_is_found_by_what_is_looked_for(void **state)
{
	(void)state;
	struct audit *list;
	size_t count;
	note(1, "a@b.c", "key.new", "k1");
	note(1, "x@y.z", "key.revoke", "k1");
	note(1, "a@b.c", "keys", "k2");
	note(1, "a@b.c", "user.new", "");
	note(2, "a@b.c", "key.new", "k1");
	static const struct audit_filter all = {{0}, {0}, {0}, 0, 0};
	assert_string_equal(audit_of(1, all, 0, 9), "user.new keys key.revoke key.new");
	assert_string_equal(audit_of(2, all, 0, 9), "key.new");
	assert_string_equal(audit_of(3, all, 0, 9), "");
	assert_string_equal(audit_of(1, all, 0, 2), "user.new keys");
	const struct audit_filter exact = {.action = STR("key.new")},
				  prefix = {.action = STR("key.")};
	const struct audit_filter word = {.action = STR("key")}, wild = {.action = STR("%.")};
	assert_string_equal(audit_of(1, exact, 0, 9), "key.new");
	assert_string_equal(audit_of(1, prefix, 0, 9), "key.revoke key.new");
	assert_string_equal(audit_of(1, word, 0, 9), "");
	assert_string_equal(audit_of(1, wild, 0, 9), "");
	const struct audit_filter who = {.who = STR("x@y.z")}, target = {.target = STR("k1")};
	const struct audit_filter both = {.who = STR("a@b.c"), .target = STR("k1")};
	assert_string_equal(audit_of(1, who, 0, 9), "key.revoke");
	assert_string_equal(audit_of(1, target, 0, 9), "key.revoke key.new");
	assert_string_equal(audit_of(1, both, 0, 9), "key.new");
	/* Page by page, by the last id seen. */
	MUST(store_audit_list(store, &list, &count, 1, &all, 0, 2, &arena, &e));
	assert_string_equal(audit_of(1, all, list[1].audit_id, 2), "key.revoke key.new");
	/* From a moment on, and up to another. */
	ask("UPDATE audit SET at=audit_id-(SELECT min(audit_id) FROM audit)");
	const struct audit_filter from = {.from = 2}, until = {.until = 2};
	const struct audit_filter between = {.from = 1, .until = 3};
	assert_string_equal(audit_of(1, from, 0, 9), "user.new keys");
	assert_string_equal(audit_of(1, until, 0, 9), "key.revoke key.new");
	assert_string_equal(audit_of(1, between, 0, 9), "keys key.revoke");
	/* Everything that was written comes back. */
	MUST(store_audit_list(store, &list, &count, 1, &exact, 0, 1, &arena, &e));
	assert_true(str_is(list[0].who, "a@b.c") && str_is(list[0].user_id, NOBODY));
	assert_true(str_is(list[0].target, "k1") && str_is(list[0].detail, "{\"n\":1}"));
	assert_true(str_is(list[0].remote, "192.0.2.1") && str_is(list[0].request_id, "r-1"));
	assert_int_equal(list[0].key_id.n, 0);
}

static void
what_is_old_leaves_the_audit(void **state)
{
	(void)state;
	MUST(sql_script(&store->catalog,
	    "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<2503)"
	    " INSERT INTO audit(at, org_id, who, action) SELECT i, 1, 'w', 'a' FROM n",
	    &e));
	MUST(store_audit_sweep(store, 2501, &e));
	ASSERT_ASK("3 2501", "SELECT count(*), min(at) FROM audit");
	MUST(store_audit_sweep(store, 2501, &e));
	ASSERT_ASK("3", "SELECT count(*) FROM audit");
	MUST(store_audit_sweep(store, INT64_MAX, &e));
	ASSERT_ASK("0", "SELECT count(*) FROM audit");
	/* What it tells of and the entry are one. */
	struct audit x = {.org_id = 1, .who = STR("w"), .action = STR("a")};
	MUST(store_begin(store, &e));
	MUST(store_audit_add(store, &x, &e));
	store_rollback(store);
	ASSERT_ASK("0", "SELECT count(*) FROM audit");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, empty)
	const struct CMUnitTest tests[] = {
	    TEST(a_user_is_found_by_id_and_by_address),
	    TEST(an_address_belongs_to_one_user),
	    TEST(users_are_listed_page_by_page),
	    TEST(owners_that_can_sign_in_are_counted),
	    TEST(a_key_is_found_by_its_secret_until_it_ends),
	    TEST(a_key_stops_with_its_user),
	    TEST(a_key_ends_with_the_one_it_was_made_with),
	    TEST(keys_are_listed_newest_first_with_those_that_ended),
	    TEST(a_session_lives_as_long_as_it_is_used_and_its_user_may_come_in),
	    TEST(signing_a_user_out_ends_all_but_their_keys),
	    TEST(a_link_opens_the_door_until_it_is_used_or_old),
	    TEST(attempts_are_counted_for_a_quarter_of_an_hour),
	    TEST(an_organisation_has_its_own_quotas_or_the_servers),
	    TEST(the_audit_is_found_by_what_is_looked_for),
	    TEST(what_is_old_leaves_the_audit),
	};
	return cmocka_run_group_tests(tests, catalog_begin, catalog_end);
}
