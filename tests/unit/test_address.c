/*
 * test_address.c: no address of a special block is public, in whatever dress, and its neighbours
 * are.  The blocks are those of IANA's registries (RFC 6890), each with its first and last address,
 * and the address before and behind it.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include <cmocka.h>

static bool
is_public(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	const void *at = &v4;
	if (inet_pton(AF_INET, text, &v4.sin_addr) != 1) {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		at = &v6;
	}
	return address_is_public(at);
}

static const char *const special[] = {"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255",
    "100.64.0.0", "100.127.255.255", "127.0.0.0", "127.0.0.1", "127.255.255.255", "169.254.0.0",
    "169.254.169.254", "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0",
    "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.0", "192.88.99.255", "192.168.0.0",
    "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.0", "198.51.100.255",
    "203.0.113.0", "203.0.113.255", "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255",

    "::", "::1", "::2", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254",
    "::ffff:192.168.0.1", "::ffff:0:0", "::127.0.0.1", "::8.8.8.8", "64:ff9b::10.0.0.1",
    "64:ff9b::127.0.0.1", "64:ff9b:1::1", "100::", "100::ffff", "2001::", "2001::1",
    "2001:1ff:ffff::", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "2002::", "2002:7f00:1::", "2002:ffff::", "3fff::", "3fff:fff::1", "4000::", "5f00::1",
    "fc00::", "fd00::1", "fdff:ffff::", "fe80::", "fe80::1", "febf::1", "fec0::1",
    "ff00::", "ff02::1", "ffff::"};

static const char *const ordinary[] = {"1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0",
    "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
    "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.1.255",
    "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0",
    "223.255.255.255",

    "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
    "2000::", "2001:200::", "2001:db7:ffff::", "2001:db9::", "2001:4860:4860::8888",
    "2003::", "2a00:1450::1", "3ffe:ffff::", "3fff:1000::"};

static void
special_blocks_are_not_public(void **state)
{
	(void)state;
	assert_true(ARRAY_LENGTH(special) >= 60);
	for (size_t i = 0; i < ARRAY_LENGTH(special); i++)
		if (is_public(special[i]))
			fail_msg("%s counts as public", special[i]);
}

static void
their_neighbours_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ordinary); i++)
		if (!is_public(ordinary[i]))
			fail_msg("%s counts as special", ordinary[i]);
}

static void
nothing_else_is(void **state)
{
	(void)state;
	struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
	char text[ADDRESS_TEXT_BYTES];
	const void *at = &local;
	assert_false(address_is_public(at));
	assert_true(str_is(address_text(text, at), "an address of another kind"));
}

static void
an_address_is_written_as_everybody_does(void **state)
{
	(void)state;
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	char text[ADDRESS_TEXT_BYTES];
	const void *at = &v6;
	inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
	assert_true(str_is(address_text(text, at), "2001:db8::1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(special_blocks_are_not_public),
	    cmocka_unit_test(their_neighbours_are),
	    cmocka_unit_test(nothing_else_is),
	    cmocka_unit_test(an_address_is_written_as_everybody_does),
	};
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
