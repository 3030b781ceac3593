/* The addresses of a broker's name, one at a time.
 *
 * The MQTT library looks a name up by itself, tries the first address that does not fail on the
 * spot and no other; and it wants the name, to hold the certificate against. So this program's
 * getaddrinfo() stands before the C library's: while the library connects, it finds the one
 * address whose turn it is. */
#ifndef CORRIDORD_NET_ADDRESSES_H
#define CORRIDORD_NET_ADDRESSES_H

#include <stddef.h>

#define ADDRESSES_MAX 8
#define ADDRESS_BYTES 72 /* "fe80::1%interface" */

struct addresses {
	char text[ADDRESSES_MAX][ADDRESS_BYTES]; /* in the order of RFC 6724 */
	size_t count, next;
};

/* Blocks as long as the name service takes. 0, or what gai_strerror() has words for. */
int addresses_find(struct addresses *addresses, const char *name);

/* Looking up any name now gives this address; "": none; NULL: the name's own again. */
void addresses_offer(const char *address);

#endif
