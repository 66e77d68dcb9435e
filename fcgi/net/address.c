/* address.c: see address.h. */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* The first `bits` bits of an address. */
struct block {
	uint8_t prefix[16];
	int bits;
};

static const struct block special_v4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* shared, behind carriers' NAT */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local, clouds' metadata */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* 6to4 relays */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved, broadcast */
};

/* Within 2000::/3, outside of which nothing is public. */
static const struct block special_v6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* protocol assignments, Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4 */
    {{0x3f, 0xff, 0x00}, 20},       /* documentation */
};
static const struct block global_v6 = {{0x20}, 3};
static const struct block mapped_v6 = {{[10] = 0xff, [11] = 0xff}, 96};
static const struct block nat64_v6 = {{0x00, 0x64, 0xff, 0x9b}, 96};

static bool
is_in(const uint8_t *address, const struct block *b)
{
	int whole = b->bits / 8, rest = b->bits % 8;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));
	return memcmp(address, b->prefix, (size_t)whole) == 0 &&
	       (rest == 0 || (address[whole] & mask) == (b->prefix[whole] & mask));
}

static bool
is_in_any(const uint8_t *address, const struct block *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_in(address, &list[i]))
			return true;
	return false;
}

static bool
is_public_v4(const uint8_t *address)
{
	return !is_in_any(address, special_v4, ARRAY_LENGTH(special_v4));
}

bool
address_is_public(const struct sockaddr *address)
{
	const void *at = address;
	if (address->sa_family == AF_INET)
		return is_public_v4((const uint8_t *)&((const struct sockaddr_in *)at)->sin_addr);
	if (address->sa_family != AF_INET6)
		return false;
	const uint8_t *v6 = ((const struct sockaddr_in6 *)at)->sin6_addr.s6_addr;
	if (is_in(v6, &mapped_v6) || is_in(v6, &nat64_v6))
		return is_public_v4(v6 + 12);
	return is_in(v6, &global_v6) && !is_in_any(v6, special_v6, ARRAY_LENGTH(special_v6));
}

struct str
address_text(char out[ADDRESS_TEXT_BYTES], const struct sockaddr *address)
{
	const void *at = address;
	const char *text = NULL;
	if (address->sa_family == AF_INET)
		text = inet_ntop(
		    AF_INET, &((const struct sockaddr_in *)at)->sin_addr, out, ADDRESS_TEXT_BYTES);
	else if (address->sa_family == AF_INET6)
		text = inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)at)->sin6_addr, out,
		    ADDRESS_TEXT_BYTES);
	return str_of(text ? text : "an address of another kind");
}
