/*
 * address.h: which addresses belong to the public internet.
 *
 * What is asked is the address a socket is about to be connected to, never a name or a spelling of
 * one: however it was written, and whatever a name server said a moment ago, this is where it goes
 * (reference: reliability, E1).
 */
#ifndef ROWHOUSE_ADDRESS_H
#define ROWHOUSE_ADDRESS_H

#include "base/base.h"

#include <sys/socket.h>

/* False for every block of IANA's registries of special purposes (RFC 6890): this host, private and
 * shared networks, link-local, multicast, documentation, and IPv4 addresses of these in the dress
 * of an IPv6 one (mapped, NAT64).  False for any other family too. */
bool address_is_public(const struct sockaddr *address);

/* As text, "10.0.0.5" or "fe80::1". */
#define ADDRESS_TEXT_BYTES 64
struct str address_text(char out[ADDRESS_TEXT_BYTES], const struct sockaddr *address);

#endif
