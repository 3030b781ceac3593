/* A broker's address as the configuration writes it. Pure. */
#ifndef CORRIDORD_UPLINK_HOST_H
#define CORRIDORD_UPLINK_HOST_H

#include <stdbool.h>
#include <stddef.h>

#define HOST_NAME_BYTES 256

struct uplink_host {
	const char *text; /* as configured, borrowed */
	char name[HOST_NAME_BYTES]; /* without brackets and port */
	int port;
	bool is_address; /* not a name to be looked up */
};

/* "name", "name:port", "[ipv6]:port", "ipv6". -EINVAL. */
int uplink_host_parse(const char *text, int default_port, struct uplink_host *ret_host);

/* "localhost", 127.0.0.0/8 or ::1: nobody else hears what is sent there. */
bool uplink_host_is_loopback(const struct uplink_host *host);

#endif
