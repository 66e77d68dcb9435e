/* test_hash.c: the published vectors of FIPS 180-2 and RFC 4231. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *
hex(const uint8_t digest[SHA256_BYTES])
{
	static char text[SHA256_HEX_BYTES];
	hex_encode(text, digest, SHA256_BYTES);
	return text;
}

static void
sha256_of_the_published_texts(void **state)
{
	(void)state;
	uint8_t digest[SHA256_BYTES];
	sha256_of(digest, (struct str){NULL, 0});
	assert_string_equal(
	    hex(digest), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_of(digest, STR("abc"));
	assert_string_equal(
	    hex(digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_of(digest, STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
	assert_string_equal(
	    hex(digest), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* A file is hashed as it passes, whatever the sizes of its pieces. */
static void
a_million_letters_in_pieces(void **state)
{
	(void)state;
	char a[1000];
	uint8_t digest[SHA256_BYTES];
	memset(a, 'a', sizeof a);
	for (size_t piece = 1; piece <= sizeof a; piece += 333) {
		struct sha256 *h = sha256_new();
		assert_non_null(h);
		for (size_t left = 1000000; left > 0;) {
			size_t n = left < piece ? left : piece;
			sha256_add(h, a, n);
			left -= n;
		}
		sha256_end(h, digest);
		assert_string_equal(hex(digest),
		    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	}
	struct sha256 *unused = sha256_new();
	assert_non_null(unused);
	sha256_free(unused);
	sha256_free(NULL);
}

static void
hmac_of_the_published_keys(void **state)
{
	(void)state;
	uint8_t digest[SHA256_BYTES];
	char key[131];
	memset(key, 0x0b, 20);
	hmac_sha256(digest, (struct str){key, 20}, STR("Hi There"));
	assert_string_equal(
	    hex(digest), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_sha256(digest, STR("Jefe"), STR("what do ya want for nothing?"));
	assert_string_equal(
	    hex(digest), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	hmac_sha256(digest, (struct str){key, sizeof key},
	    STR("Test Using Larger Than Block-Size Key - Hash Key First"));
	assert_string_equal(
	    hex(digest), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_sha256(digest, (struct str){NULL, 0}, (struct str){NULL, 0});
	assert_string_equal(
	    hex(digest), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* Wherever it is cut, the hash goes on from what was saved. */
static void
a_hash_goes_on_from_what_was_saved(void **state)
{
	(void)state;
	char text[200];
	uint8_t whole[SHA256_BYTES], pieces[SHA256_BYTES], kept[SHA256_STATE_BYTES];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)(i * 7);
	sha256_of(whole, (struct str){text, sizeof text});
	for (size_t at = 0; at <= sizeof text; at++) {
		struct sha256 *h = sha256_new();
		assert_non_null(h);
		sha256_add(h, text, at);
		sha256_save(h, kept);
		sha256_free(h);
		h = sha256_resume(kept);
		assert_non_null(h);
		sha256_add(h, text + at, sizeof text - at);
		sha256_end(h, pieces);
		assert_memory_equal(pieces, whole, sizeof whole);
	}
}

/* FIPS 180-2, A.1. */
static void
sha1_of_the_published_text(void **state)
{
	(void)state;
	char text[2 * SHA1_BYTES + 1];
	uint8_t digest[SHA1_BYTES];
	struct sha1 *h = sha1_new();
	assert_non_null(h);
	sha1_add(h, "ab", 2);
	sha1_add(h, "c", 1);
	sha1_end(h, digest);
	hex_encode(text, digest, sizeof digest);
	assert_string_equal(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

static void
comparing_finds_any_single_bit(void **state)
{
	(void)state;
	uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
	sha256_of(a, STR("abc"));
	memcpy(b, a, sizeof b);
	assert_true(equal_constant_time(a, b, sizeof a));
	for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(equal_constant_time(a, b, sizeof a));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(equal_constant_time(a, b, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha256_of_the_published_texts),
	    cmocka_unit_test(a_million_letters_in_pieces),
	    cmocka_unit_test(hmac_of_the_published_keys),
	    cmocka_unit_test(a_hash_goes_on_from_what_was_saved),
	    cmocka_unit_test(sha1_of_the_published_text),
	    cmocka_unit_test(comparing_finds_any_single_bit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
