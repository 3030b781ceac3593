/* Registers of a device that no daemon has: a line or a connection of our own, for one question. */
#ifndef CORRIDORCTL_ALONE_H
#define CORRIDORCTL_ALONE_H

#include <stddef.h>

#include "bus/driver.h"

struct alone {
	const char *port; /* of a serial line; NULL: a connection to */
	const char *host; /* "name" or "name:port" */
	int baud, unit, base;
	char parity; /* 'N', 'E' or 'O' */
};

/* peek: what is asked, and the values or why there are none. Negative errno. */
int alone_read(const struct alone *alone, struct driver_peek *peek);

#endif
