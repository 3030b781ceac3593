/* A TCP connection to a host, which may have several addresses. */
#ifndef CORRIDORD_TRANSPORT_CONNECT_H
#define CORRIDORD_TRANSPORT_CONNECT_H

#include <stddef.h>
#include <stdint.h>

/* Asks each of its addresses in the resolver's order, each with a fair part of the time, until one answers. Takes
 * at most timeout_ns, beside what the resolver takes. A descriptor that does not block, the caller's to close;
 * negative errno with the cause in why: -EHOSTUNREACH no such name, -ETIMEDOUT no answer, … */
int connect_host(const char *host, const char *port, int64_t timeout_ns, char *why,
		 size_t why_bytes);

/* Sends what is written at once; a peer that is gone is noticed without traffic within thrice silence_s, and once
 * something is sent that is not taken for unsent_ns. */
void connect_tune(int fd, int silence_s, int64_t unsent_ns);

#endif
