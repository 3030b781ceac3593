/* Devices that no daemon has: a line or a connection of our own, for a few questions. */
#ifndef CORRIDORCTL_ALONE_H
#define CORRIDORCTL_ALONE_H

#include <stddef.h>
#include <stdint.h>

#include "bus/driver.h"

#define ALONE_UNIT_MOST 247
#define ALONE_PORT	502 /* of Modbus TCP */

struct alone {
	const char *port; /* of a serial line; NULL: a connection to */
	const char *host; /* "name" or "name:port" */
	int baud, unit, base;
	char parity; /* 'N', 'E' or 'O' */
};

struct alone_bus;

/* answer_ns: how long an answer is waited for. why: what is wrong, of the size of a peek's. 0 or
 * negative errno. The caller closes. */
int alone_open(const struct alone *alone, int64_t answer_ns, struct alone_bus **ret_bus,
	       char why[sizeof(((struct driver_peek *)0)->why)]);
void alone_close(struct alone_bus *bus);

/* peek: what is asked of a unit (1 to 247, or the one that alone names), and the values or why there
 * are none. Negative errno. A connection that was closed meanwhile is opened again. */
int alone_ask(struct alone_bus *bus, int unit, struct driver_peek *peek);

/* One question. */
int alone_read(const struct alone *alone, struct driver_peek *peek);

#endif
